//! Formatted text of f-string holes, and text in quotes. The compiler has checked that the format suits the value.

use crate::abi;
use crate::mem::buffer::Buffer;
use crate::numbers::float32;
use crate::string::{append_text, text};
use crate::text::{self, FLOAT_TEXT};

/// A format word: see the table of entry points for its bits.
#[derive(Clone, Copy)]
struct Format(i64);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Center,
    Right,
}

// The kinds, in the compiler's order.
const LOWER_HEX: i64 = 2;
const UPPER_HEX: i64 = 3;
const BINARY: i64 = 4;
const OCTAL: i64 = 5;
const LOWER_EXP: i64 = 6;
const UPPER_EXP: i64 = 7;

impl Format {
    fn bits(self, at: u32, count: u32) -> i64 {
        (self.0 >> at) & ((1 << count) - 1)
    }
    fn fill(self) -> char {
        char::from_u32(self.bits(0, 21) as u32).unwrap_or(' ')
    }
    fn align(self, usual: Align) -> Align {
        match self.bits(21, 2) {
            0 => usual,
            1 => Align::Left,
            2 => Align::Center,
            _ => Align::Right,
        }
    }
    fn plus(self) -> bool {
        self.bits(23, 1) != 0
    }
    fn prefix(self) -> bool {
        self.bits(24, 1) != 0
    }
    fn zeros(self) -> bool {
        self.bits(25, 1) != 0
    }
    fn precision(self) -> Option<usize> {
        (self.bits(26, 1) != 0).then(|| self.bits(27, 10) as usize)
    }
    fn width(self) -> usize {
        self.bits(37, 16) as usize
    }
    fn kind(self) -> i64 {
        self.bits(53, 3)
    }

    fn padded(self, body: &str, usual: Align) -> String {
        let missing = self.width().saturating_sub(body.chars().count());
        let before = match self.align(usual) {
            Align::Left => 0,
            Align::Center => missing / 2,
            Align::Right => missing,
        };
        let mut out = String::with_capacity(body.len() + missing);
        out.extend(std::iter::repeat_n(self.fill(), before));
        out.push_str(body);
        out.extend(std::iter::repeat_n(self.fill(), missing - before));
        out
    }

    /// A number of its sign, prefix and digits; `zeros`: it may have leading ones.
    fn number(self, negative: bool, prefix: &str, digits: &str, zeros: bool) -> String {
        let sign = match (negative, self.plus()) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let missing = self.width().saturating_sub(sign.len() + prefix.len() + digits.len());
        if self.zeros() && zeros {
            return format!("{sign}{prefix}{}{digits}", "0".repeat(missing));
        }
        self.padded(&format!("{sign}{prefix}{digits}"), Align::Right)
    }

    /// An integer of `bits` bits (1 to 64), extended to 64 by its sign.
    fn int(self, v: i64, bits: i64, signed: bool) -> String {
        let pattern = if bits >= 64 { v as u64 } else { v as u64 & ((1 << bits) - 1) };
        let prefix = |text| if self.prefix() { text } else { "" };
        let magnitude = if signed { v.unsigned_abs() } else { v as u64 };
        let negative = signed && v < 0;
        match (self.kind(), self.precision()) {
            (LOWER_HEX, _) => self.number(false, prefix("0x"), &format!("{pattern:x}"), true),
            (UPPER_HEX, _) => self.number(false, prefix("0x"), &format!("{pattern:X}"), true),
            (BINARY, _) => self.number(false, prefix("0b"), &format!("{pattern:b}"), true),
            (OCTAL, _) => self.number(false, prefix("0o"), &format!("{pattern:o}"), true),
            (LOWER_EXP, None) => self.number(negative, "", &format!("{magnitude:e}"), true),
            (LOWER_EXP, Some(p)) => self.number(negative, "", &format!("{magnitude:.p$e}"), true),
            (UPPER_EXP, None) => self.number(negative, "", &format!("{magnitude:E}"), true),
            (UPPER_EXP, Some(p)) => self.number(negative, "", &format!("{magnitude:.p$E}"), true),
            _ => self.number(negative, "", &magnitude.to_string(), true),
        }
    }

    fn float(self, v: f64, single: bool) -> String {
        if !v.is_finite() {
            let text = if v.is_nan() { "NaN" } else { "inf" };
            return self.number(v < 0.0, "", text, !v.is_nan());
        }
        let (negative, v) = (v.is_sign_negative(), v.abs());
        let digits = match (self.kind(), self.precision()) {
            (LOWER_EXP, Some(p)) => format!("{v:.p$e}"),
            (UPPER_EXP, Some(p)) => format!("{v:.p$E}"),
            (LOWER_EXP, None) if single => format!("{:e}", v as f32),
            (UPPER_EXP, None) if single => format!("{:E}", v as f32),
            (LOWER_EXP, None) => format!("{v:e}"),
            (UPPER_EXP, None) => format!("{v:E}"),
            (_, Some(p)) => format!("{v:.p$}"),
            (_, None) if single => float32(v),
            (_, None) => text::float(v, &mut [0; FLOAT_TEXT]).to_owned(),
        };
        self.number(negative, "", &digits, true)
    }

    fn text(self, s: &str) -> String {
        let end = self.precision().and_then(|p| s.char_indices().nth(p)).map_or(s.len(), |(at, _)| at);
        self.padded(&s[..end], Align::Left)
    }
}

/// `bits` is the width of the type, negative if it has no sign.
///
/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_format_int(owned: Buffer, v: i64, bits: i64, format: i64) -> Buffer {
    // SAFETY: an owned string; the text lies elsewhere.
    unsafe { append_text(owned, &Format(format).int(v, bits.abs(), bits > 0)) }
}

/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_format_float(owned: Buffer, v: f64, single: bool, format: i64) -> Buffer {
    // SAFETY: an owned string; the text lies elsewhere.
    unsafe { append_text(owned, &Format(format).float(v, single)) }
}

/// # Safety
/// `owned` is given away, `s` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_format_text(owned: Buffer, s: Buffer, format: i64) -> Buffer {
    // SAFETY: an owned string; the formatted text lies elsewhere.
    unsafe { append_text(owned, &Format(format).text(text(s))) }
}

/// The text in quotes, with escapes as in a literal.
///
/// # Safety
/// `owned` is given away, `s` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append_quoted(owned: Buffer, s: Buffer) -> Buffer {
    // SAFETY: an owned string; the quoted text lies elsewhere.
    unsafe { append_text(owned, &quoted(text(s))) }
}

fn quoted(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

abi::check!(kodo_string_format_int, kodo_string_format_float, kodo_string_format_text, kodo_string_append_quoted);

#[cfg(test)]
mod tests {
    use super::*;

    /// The word of a format whose parts are given.
    fn word(fill: char, align: i64, flags: i64, precision: Option<i64>, width: i64, kind: i64) -> Format {
        let precision = precision.map_or(0, |p| 1 << 26 | p << 27);
        Format(i64::from(u32::from(fill)) | align << 21 | flags << 23 | precision | width << 37 | kind << 53)
    }

    const PLUS: i64 = 1;
    const PREFIX: i64 = 2;
    const ZEROS: i64 = 4;

    #[test]
    fn integers_as_rust_shows_them() {
        assert_eq!(word(' ', 0, 0, None, 6, 0).int(-42, 64, true), format!("{:6}", -42));
        assert_eq!(word('*', 2, PLUS, None, 7, 0).int(42, 64, true), format!("{:*^+7}", 42));
        assert_eq!(word(' ', 0, PREFIX | ZEROS, None, 10, LOWER_HEX).int(255, 64, true), format!("{:#010x}", 255));
        assert_eq!(word(' ', 0, 0, None, 0, UPPER_HEX).int(-1, 8, true), format!("{:X}", -1_i8));
        assert_eq!(word(' ', 0, ZEROS, None, 6, 0).int(-42, 32, true), format!("{:06}", -42));
        assert_eq!(word(' ', 0, 0, None, 0, BINARY).int(5, 8, false), "101");
        assert_eq!(word(' ', 0, PREFIX, None, 0, OCTAL).int(8, 64, true), "0o10");
        assert_eq!(word(' ', 0, 0, None, 0, 0).int(-1, 64, false), u64::MAX.to_string());
        assert_eq!(word(' ', 0, 0, None, 0, LOWER_EXP).int(1500, 64, true), format!("{:e}", 1500));
        assert_eq!(word(' ', 0, 0, Some(1), 0, UPPER_EXP).int(-1550, 64, true), format!("{:.1E}", -1550));
        assert_eq!(word(' ', 0, 0, None, 0, 0).int(i64::MIN, 64, true), i64::MIN.to_string());
    }

    #[test]
    fn floats_as_rust_shows_them() {
        assert_eq!(word(' ', 0, 0, Some(2), 8, 0).float(-3.1459, false), format!("{:8.2}", -3.1459));
        assert_eq!(word(' ', 0, ZEROS | PLUS, Some(1), 8, 0).float(2.25, false), format!("{:+08.1}", 2.25));
        assert_eq!(word(' ', 0, 0, None, 0, LOWER_EXP).float(0.1_f32.into(), true), format!("{:e}", 0.1_f32));
        assert_eq!(
            word(' ', 0, ZEROS, None, 6, 0).float(f64::NEG_INFINITY, false),
            format!("{:06}", f64::NEG_INFINITY)
        );
        assert_eq!(word('_', 1, 0, None, 5, 0).float(f64::NAN, false), "NaN__");
        assert_eq!(word(' ', 0, 0, Some(0), 0, 0).float(-0.0, false), format!("{:.0}", -0.0));
    }

    #[test]
    fn texts_are_cut_and_padded_by_code_points() {
        assert_eq!(word('-', 2, 0, Some(3), 6, 0).text("äöüß"), format!("{:-^6.3}", "äöüß"));
        assert_eq!(word(' ', 0, 0, None, 4, 0).text("ab"), "ab  ");
        assert_eq!(quoted("a\"\\\n\t\r\0é"), r#""a\"\\\n\t\r\0é""#);
    }
}
