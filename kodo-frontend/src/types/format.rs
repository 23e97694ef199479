//! Formats of f-string holes, as in Rust: `[[fill]align][sign]['#']['0'][width]['.' precision][kind]`.
//!
//! The parser knows nothing of types; [`Format::suits`] tells whether the value's type has the format. The runtime gets
//! it as one word ([`Format::word`], whose layout the runtime's `format` repeats).

use crate::types::ty::Ty;

/// What is shown between the padding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Text,
    Debug,
    LowerHex,
    UpperHex,
    Binary,
    Octal,
    LowerExp,
    UpperExp,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Center,
    Right,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    pub fill: char,
    /// Numbers go right, texts left if it is not said.
    pub align: Option<Align>,
    pub plus: bool,
    /// `0x`, `0b`, `0o` before the digits.
    pub prefix: bool,
    /// Zeros between the sign and the digits fill the width.
    pub zeros: bool,
    pub width: u32,
    pub precision: Option<u32>,
    pub kind: Kind,
}

pub const PLAIN: Format = Format {
    fill: ' ',
    align: None,
    plus: false,
    prefix: false,
    zeros: false,
    width: 0,
    precision: None,
    kind: Kind::Text,
};

/// More than anybody looks at, and few enough that a slip does not fill the memory.
const MAX_WIDTH: u32 = 10_000;
const MAX_PRECISION: u32 = 1_000;

impl Format {
    /// The format, or what is wrong with the text.
    pub fn parse(text: &str) -> Result<Format, String> {
        let mut format = PLAIN;
        let mut rest = text;
        let align = |c: char| match c {
            '<' => Some(Align::Left),
            '^' => Some(Align::Center),
            '>' => Some(Align::Right),
            _ => None,
        };
        let mut chars = rest.chars();
        if let (Some(fill), Some(how)) = (chars.next(), chars.next().and_then(align)) {
            (format.fill, format.align) = (fill, Some(how));
            rest = chars.as_str();
        } else if let Some(how) = rest.chars().next().and_then(align) {
            format.align = Some(how);
            rest = &rest[1..];
        }
        let mut flag = |c: char| {
            let found = rest.strip_prefix(c);
            rest = found.unwrap_or(rest);
            found.is_some()
        };
        format.plus = flag('+');
        format.prefix = flag('#');
        format.zeros = flag('0');
        let (width, mut rest) = number(rest, MAX_WIDTH, "width")?;
        format.width = width.unwrap_or(0);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after, MAX_PRECISION, "precision")?;
            if precision.is_none() {
                return Err("a number of digits must follow the `.`".into());
            }
            (format.precision, rest) = (precision, after);
        }
        format.kind = match rest {
            "" => Kind::Text,
            "?" => Kind::Debug,
            "x" => Kind::LowerHex,
            "X" => Kind::UpperHex,
            "b" => Kind::Binary,
            "o" => Kind::Octal,
            "e" => Kind::LowerExp,
            "E" => Kind::UpperExp,
            _ => return Err(format!("`{rest}` is no kind of format")),
        };
        Ok(format)
    }

    /// Why a value of the type cannot be shown so, if it cannot. `shown` is the type's name.
    pub fn suits(&self, ty: Ty, shown: &str) -> Result<(), String> {
        let number = ty.is_number();
        match self.kind {
            Kind::LowerHex | Kind::UpperHex | Kind::Binary | Kind::Octal if !ty.is_integer() => {
                return Err(format!("`x`, `X`, `b` and `o` show the digits of integers, and this is {shown}"));
            }
            Kind::LowerExp | Kind::UpperExp if !number => {
                return Err(format!("`e` and `E` show numbers, and this is {shown}"));
            }
            _ => {}
        }
        let digits = matches!(self.kind, Kind::LowerHex | Kind::UpperHex | Kind::Binary | Kind::Octal);
        let exponent = matches!(self.kind, Kind::LowerExp | Kind::UpperExp);
        if self.prefix && !digits {
            return Err("`#` puts a prefix before the digits of `x`, `X`, `b` and `o`".into());
        }
        if (self.plus || self.zeros) && !number {
            let what = if self.plus { "a sign" } else { "leading zeros" };
            return Err(format!("only numbers have {what}, and this is {shown}"));
        }
        let has_precision = ty.is_float() || exponent || (ty == Ty::STRING && self.kind == Kind::Text);
        if self.precision.is_some() && !has_precision {
            return Err(format!("{shown} has no digits after a point to count"));
        }
        Ok(())
    }

    /// Bits, from the lowest: 21 of the fill, 2 of the alignment (0 is none), `+`, `#`, `0`, is there a precision, 10 of the
    /// precision, 16 of the width, 3 of the kind.
    pub fn word(&self) -> i64 {
        let align = match self.align {
            None => 0,
            Some(Align::Left) => 1,
            Some(Align::Center) => 2,
            Some(Align::Right) => 3,
        };
        let mut at = 0;
        let mut word = 0;
        for (value, bits) in [
            (u32::from(self.fill), 21),
            (align, 2),
            (self.plus.into(), 1),
            (self.prefix.into(), 1),
            (self.zeros.into(), 1),
            (self.precision.is_some().into(), 1),
            (self.precision.unwrap_or(0), 10),
            (self.width, 16),
            (self.kind as u32, 3),
        ] {
            word |= i64::from(value) << at;
            at += bits;
        }
        word
    }
}

/// Decimal digits at the start, if any, and the rest.
fn number<'t>(text: &'t str, most: u32, what: &str) -> Result<(Option<u32>, &'t str), String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok((None, text));
    }
    match text[..end].parse() {
        Ok(value) if value <= most => Ok((Some(value), &text[end..])),
        _ => Err(format!("the {what} is more than {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_in_its_order() {
        let all = Format::parse("*^+#012.3e").unwrap();
        let expected = Format {
            fill: '*',
            align: Some(Align::Center),
            plus: true,
            prefix: true,
            zeros: true,
            width: 12,
            precision: Some(3),
            kind: Kind::LowerExp,
        };
        assert_eq!(all, expected);
        assert_eq!(Format::parse(""), Ok(PLAIN));
        assert_eq!(Format::parse(">>3").unwrap().fill, '>');
        assert_eq!(Format::parse("é<").unwrap().align, Some(Align::Left));
        assert_eq!(Format::parse("00").unwrap(), Format { zeros: true, ..PLAIN });
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["y", "5y", ".", "5.", "x5", "10001", ".1001", "99999999999", "++", "<5 ", "?5"] {
            assert!(Format::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn types_have_their_formats() {
        for (text, ty, fine) in [
            ("x", Ty::UINT8, true),
            ("x", Ty::FLOAT, false),
            ("e", Ty::INT, true),
            ("e", Ty::STRING, false),
            (".2", Ty::FLOAT32, true),
            (".2", Ty::INT, false),
            (".2", Ty::STRING, true),
            (".2", Ty::BOOL, false),
            ("05", Ty::INT, true),
            ("05", Ty::STRING, false),
            ("+", Ty::BOOL, false),
            ("#x", Ty::INT, true),
            ("#", Ty::INT, false),
            ("*>9", Ty::BOOL, true),
        ] {
            assert_eq!(Format::parse(text).unwrap().suits(ty, "T").is_ok(), fine, "{text} of {ty:?}");
        }
    }
}
