//! Numbers as text: what `to_string`, f-strings and `print_*` show. No allocation.

/// The longest integer text: the least `Int`.
pub const INT_TEXT: usize = 20;
/// The longest float text is that of the least negative subnormal: sign, `0.`, 323 zeros, then up to 17 digits.
pub const FLOAT_TEXT: usize = 352;

/// Decimal digits with a sign if negative.
pub fn int(v: i64, out: &mut [u8; INT_TEXT]) -> &str {
    let mut at = INT_TEXT;
    let mut rest = v.unsigned_abs();
    loop {
        at -= 1;
        out[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if v < 0 {
        at -= 1;
        out[at] = b'-';
    }
    ascii(&out[at..])
}

/// The shortest decimal that reads back as the same number (of several the nearest, then the even one), without an exponent and without a trailing `.0`; `inf`,
/// `-inf`, `NaN`.
pub fn float(v: f64, out: &mut [u8; FLOAT_TEXT]) -> &str {
    let mut line = Line { out, len: 0 };
    if v.is_nan() {
        line.push(b"NaN");
    } else if v.is_infinite() {
        line.push(if v > 0.0 { b"inf" } else { b"-inf" });
    } else {
        let mut shortest = ryu::Buffer::new();
        let text = shortest.format_finite(v);
        match text.split_once('e') {
            None => line.push(text.strip_suffix(".0").unwrap_or(text).as_bytes()),
            Some((mantissa, exponent)) => {
                let exponent: i32 = exponent.parse().expect("ryu writes a decimal exponent");
                let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
                let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
                line.push(sign.as_bytes());
                // Scientific form has one digit before the point; this is where the point goes among all digits.
                let point = exponent + whole.len() as i32;
                if point <= 0 {
                    line.push(b"0.");
                    line.zeros(-point as usize);
                    line.push(whole.as_bytes());
                    line.push(fraction.as_bytes());
                } else {
                    let point = point as usize - whole.len();
                    let (before, after) = fraction.split_at(point.min(fraction.len()));
                    line.push(whole.as_bytes());
                    line.push(before.as_bytes());
                    line.zeros(point - before.len());
                    if !after.is_empty() {
                        line.push(b".");
                        line.push(after.as_bytes());
                    }
                }
            }
        }
    }
    let len = line.len;
    ascii(&out[..len])
}

pub fn bool(v: bool) -> &'static str {
    if v { "true" } else { "false" }
}

struct Line<'a> {
    out: &'a mut [u8; FLOAT_TEXT],
    len: usize,
}

impl Line<'_> {
    fn push(&mut self, bytes: &[u8]) {
        self.out[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn zeros(&mut self, n: usize) {
        self.out[self.len..self.len + n].fill(b'0');
        self.len += n;
    }
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("digits and signs are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float_text(v: f64) -> String {
        float(v, &mut [0; FLOAT_TEXT]).to_string()
    }

    #[test]
    fn integers_at_the_ends() {
        for v in [0, 7, -7, 10, 99, 100, i64::MAX, i64::MIN, i64::MIN + 1] {
            assert_eq!(int(v, &mut [0; INT_TEXT]), v.to_string());
        }
    }

    #[test]
    fn floats_have_no_exponent_and_no_trailing_point_zero() {
        for (v, text) in [
            (1.0, "1"),
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "100000000000000000000"),
            (1.5e17, "150000000000000000"),
            (1e16, "10000000000000000"),
            (1.25e-7, "0.000000125"),
            (-2.5, "-2.5"),
            (123456.789, "123456.789"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "NaN"),
            (-f64::NAN, "NaN"),
        ] {
            assert_eq!(float_text(v), text);
        }
    }

    #[test]
    fn every_float_reads_back_and_is_no_longer_than_rusts_own_text() {
        let mut bits = 0x9E37_79B9_7F4A_7C15_u64;
        let edges = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -5e-324, f64::EPSILON, 9007199254740993.0, 1e21, 1e-5];
        let random = (0..if cfg!(miri) { 50 } else { 20_000 }).map(|_| {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            f64::from_bits(bits)
        });
        for v in edges.into_iter().chain(random).filter(|v| v.is_finite()) {
            let text = float_text(v);
            // Of two shortest texts at the same distance Rust takes the greater, we take the even one.
            assert_eq!(text.len(), v.to_string().len());
            assert!(!text.contains('e') && !text.ends_with(".0"));
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), v.to_bits());
        }
    }
}
