//! Tokens of the text form of MIR.

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    Word(String),
    Local(u32),
    Block(u32),
    /// `.0`
    Field(u32),
    Int(i64),
    Float(f64),
    Str(String),
    Arrow,
    Path,
    Sign(char),
}

/// A token and the bytes it stands in.
pub(super) type Spanned = (Token, u32, u32);

/// The tokens, or where and what the first mistake is.
pub(super) fn lex(text: &str) -> Result<Vec<Spanned>, (usize, String)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    while at < bytes.len() {
        let start = at;
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        let token = match bytes[at] {
            b' ' | b'\n' | b'\t' | b'\r' | b';' => {
                at += 1;
                continue;
            }
            b'/' if next == b'/' => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'-' if next == b'>' => {
                at += 2;
                Token::Arrow
            }
            b':' if next == b':' => {
                at += 2;
                Token::Path
            }
            b'.' if next.is_ascii_digit() => {
                at = digits(at + 1);
                Token::Field(text[start + 1..at].parse().map_err(|_| (start, "field number too large".into()))?)
            }
            b'-' | b'0'..=b'9' => {
                at = digits(at + 1);
                let mut float = false;
                if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                    float = true;
                    at = digits(at + 1);
                }
                if bytes.get(at) == Some(&b'e') {
                    float = true;
                    at += if bytes.get(at + 1) == Some(&b'-') { 2 } else { 1 };
                    at = digits(at);
                }
                let digits = &text[start..at];
                if float {
                    Token::Float(digits.parse().map_err(|_| (start, format!("`{digits}` is no number")))?)
                } else {
                    Token::Int(digits.parse().map_err(|_| (start, format!("`{digits}` is no number")))?)
                }
            }
            b'"' => {
                let (value, end) = lex_string(text, at)?;
                at = end;
                Token::Str(value)
            }
            _ if text[at..].starts_with(|c: char| c == '_' || c.is_alphabetic()) => {
                let rest = text[at..].find(|c: char| c != '_' && !c.is_alphanumeric());
                at = rest.map_or(text.len(), |n| at + n);
                let word = &text[start..at];
                let number = |prefix: &str| word.strip_prefix(prefix).and_then(|n| n.parse().ok());
                match (number("_"), number("bb")) {
                    (Some(n), _) => Token::Local(n),
                    (_, Some(n)) => Token::Block(n),
                    _ => Token::Word(word.into()),
                }
            }
            _ => {
                let c = text[at..].chars().next().unwrap_or(' ');
                at += c.len_utf8();
                Token::Sign(c)
            }
        };
        tokens.push((token, start as u32, at as u32));
    }
    Ok(tokens)
}

fn lex_string(text: &str, start: usize) -> Result<(String, usize), (usize, String)> {
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '"' => return Ok((value, start + 1 + offset + 1)),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some('0') => value.push('\0'),
                Some('u') => {
                    let hex: String = chars.by_ref().map(|(_, c)| c).skip(1).take_while(|c| *c != '}').collect();
                    let c = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                    value.push(c.ok_or((start + 1 + offset, "bad escape".to_string()))?);
                }
                Some(c) => value.push(c),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err((start, "unterminated string".into()))
}
