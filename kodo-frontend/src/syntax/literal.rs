//! Values of literals, from their text.

/// The value of an integer literal (decimal, `0x`, `0b`, `0o`, `_` anywhere after the first digit), or `None` if it has
/// no digits or exceeds 128 bits.
pub fn int_value(text: &str) -> Option<u128> {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        _ => (&digits[..], 10),
    };
    u128::from_str_radix(digits, radix).ok()
}

/// The double nearest to a float literal.
pub fn float_value(text: &str) -> Option<f64> {
    text.chars().filter(|&c| c != '_').collect::<String>().parse().ok()
}

/// The text of a string literal with its quotes. `"…"` has escapes; `"""…"""` is taken as written, but for a line break
/// right after the opening quotes.
pub fn string_value(literal: &str) -> String {
    if let Some(raw) = literal.strip_prefix("\"\"\"").and_then(|t| t.strip_suffix("\"\"\"")) {
        return raw.strip_prefix("\r\n").or(raw.strip_prefix('\n')).unwrap_or(raw).to_owned();
    }
    unescape(literal.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(literal), false)
}

/// The text of an f-string between holes: escapes, and `{{` and `}}` as one brace.
pub fn fstring_text_value(text: &str) -> String {
    unescape(text, true)
}

/// `\" \\ \n \t \r \0`; any other escape keeps its backslash.
fn unescape(text: &str, braces: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('"' | '\\')) => out.push(c),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('0') => out.push('\0'),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '{' | '}' if braces => {
                out.push(c);
                // The lexer lets only doubled braces through: skip the second one.
                chars.next();
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_base() {
        assert_eq!(int_value("1_000"), Some(1000));
        assert_eq!(int_value("0x_fF"), Some(255));
        assert_eq!(int_value("0b101"), Some(5));
        assert_eq!(int_value("0o17"), Some(15));
        assert_eq!(int_value("9223372036854775808"), Some(1 << 63));
        assert_eq!(int_value("0x_"), None);
        assert_eq!(int_value(&"9".repeat(60)), None);
    }

    #[test]
    fn floats() {
        assert_eq!(float_value("1_0.5e-1"), Some(1.05));
    }

    #[test]
    fn escapes() {
        assert_eq!(string_value(r#""a\n\"\\\q""#), "a\n\"\\\\q");
        assert_eq!(string_value("\"\"\"\na\\n\n\"\"\""), "a\\n\n");
        assert_eq!(fstring_text_value(r"{{a}}\t"), "{a}\t");
    }
}
