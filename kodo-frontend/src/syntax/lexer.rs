//! Text to tokens. The lexer never fails: what is no token becomes [`T::Error`] with a diagnostic, and lexing goes on
//! after it. Strings end at their line, so a forgotten quote damages one line only; `"""` strings span lines.
//!
//! An f-string is a run of tokens: `FStart`, then `FText` and holes, then `FEnd`. A hole is `HoleOpen`, the tokens of
//! an expression, optionally `HoleFormat FText`, and `HoleClose`. Strings and f-strings may nest in holes; a hole ends
//! with its line at the latest.
//!
//! The lexer does not process escapes and does not compute values: see `literal`. A byte order mark at the start is
//! skipped. Errors beyond [`MAX_REPORTED`] become tokens but are not reported.

use super::token::{T, Token};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use logos::Logos;

/// A reader fixes the first few; a file with more is not a program.
const MAX_REPORTED: usize = 50;

/// Characters in which the second quote of a wrong kind is looked for: a bound, so that a flood of them costs no more.
const MAX_QUOTED: usize = 100;

/// All tokens of a file, ended by one [`T::Eof`].
pub fn lex(file: FileId, text: &str) -> (Vec<Token>, Diagnostics) {
    let mut lexer = Lexer {
        file,
        text,
        tokens: Vec::with_capacity(text.len() / 4 + 4),
        diagnostics: Diagnostics::default(),
        reported: 0,
        after_break: false,
        holes: Vec::new(),
    };
    lexer.run();
    (lexer.tokens, lexer.diagnostics)
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    tokens: Vec<Token>,
    diagnostics: Diagnostics,
    reported: usize,
    after_break: bool,
    /// One entry per open hole: how many brackets are open inside it.
    holes: Vec<u32>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        let mut raw = T::lexer(self.text);
        if self.text.starts_with('\u{feff}') {
            raw.bump('\u{feff}'.len_utf8());
        }
        while let Some(found) = raw.next() {
            let (lo, hi) = (raw.span().start, raw.span().end);
            let resume = match found {
                Ok(T::Newline) => {
                    self.end_holes(lo);
                    self.after_break = true;
                    hi
                }
                Ok(T::Str) => self.string(lo),
                Ok(T::FStart) => {
                    self.push(T::FStart, lo, hi);
                    self.fstring_text(hi)
                }
                Ok(T::RBrace) if self.holes.last() == Some(&0) => {
                    self.holes.pop();
                    self.push(T::HoleClose, lo, hi);
                    self.fstring_text(hi)
                }
                Ok(T::Colon) if self.holes.last() == Some(&0) => self.format(lo, hi),
                Ok(T::Gt) if self.byte(hi) == Some(b'>') => {
                    self.push(T::GtJoint, lo, hi);
                    hi
                }
                Ok(T::Int | T::Float) if self.byte(hi).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                    self.bad_number(lo, hi)
                }
                Ok(kind) => {
                    if let Some(open) = self.holes.last_mut() {
                        match kind {
                            T::LBrace | T::LParen | T::LBracket => *open += 1,
                            T::RBrace | T::RParen | T::RBracket => *open = open.saturating_sub(1),
                            _ => {}
                        }
                    }
                    self.push(kind, lo, hi);
                    hi
                }
                Err(()) => self.unknown(lo, hi),
            };
            raw.bump(resume - hi);
        }
        let end = self.text.len();
        self.end_holes(end);
        self.push(T::Eof, end, end);
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn push(&mut self, kind: T, lo: usize, hi: usize) {
        self.tokens.push(Token { lo: lo as u32, hi: hi as u32, kind, after_break: self.after_break });
        self.after_break = false;
    }

    fn error(&self, lo: usize, hi: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error("E0001", Span::new(self.file, lo as u32, hi as u32), message)
    }

    fn report(&mut self, d: Diagnostic) {
        self.reported += 1;
        if self.reported <= MAX_REPORTED {
            self.diagnostics.push(d);
        }
    }

    /// One diagnostic for a run of characters that start no token; returns where lexing goes on.
    fn unknown(&mut self, lo: usize, hi: usize) -> usize {
        if let Some(last) = self.tokens.last_mut()
            && last.kind == T::Error
            && last.hi as usize == lo
        {
            last.hi = hi as u32;
            return hi;
        }
        let c = self.text[lo..].chars().next().unwrap_or('\0');
        let invisible =
            c.is_control() || c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
        let message = match c {
            '\0' => "this file contains a NUL byte: it is no text".into(),
            _ if invisible => format!("the invisible character U+{:04X} cannot stand in a program", u32::from(c)),
            _ => format!("the character `{c}` cannot stand here"),
        };
        let help = match c {
            '\'' | '‘' | '’' | '“' | '”' | '„' | '«' | '»' | '`' => {
                "strings stand between double quotes: `\"…\"`"
            }
            '#' => "comments start with `//`",
            '$' => "a value is put into text with an f-string: `f\"{value}\"`",
            '\0' => "save the file as UTF-8 text",
            _ if c.is_alphanumeric() => "names consist of the letters A to Z, digits and `_`",
            _ if invisible => "remove it, or put a space in its place",
            _ => "remove it; in text between double quotes it may stand",
        };
        self.report(self.error(lo, hi, message).help(help));
        // A comment or an attribute of another language goes to the end of its line.
        if c == '#' && self.holes.is_empty() {
            return self.line_end(lo);
        }
        // A name with a letter that names do not have: the name is what was meant.
        if c.is_alphanumeric() {
            let rest = &self.text[hi..];
            let end = hi + rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            match self.tokens.last_mut() {
                Some(last) if last.kind == T::Ident && last.hi as usize == lo => last.hi = end as u32,
                _ => self.push(T::Ident, lo, end),
            }
            return end;
        }
        // Text between quotes of another kind is one mistake.
        let closing = match c {
            '\'' | '`' => Some(c),
            '‘' => Some('’'),
            '“' | '„' => Some('”'),
            _ => None,
        };
        let end = closing.map_or(hi, |q| {
            let near = self.text[hi..].char_indices().take(MAX_QUOTED).take_while(|&(_, c)| c != '\n');
            near.filter(|&(_, c)| c == q).map(|(n, _)| hi + n + q.len_utf8()).next().unwrap_or(hi)
        });
        self.push(T::Error, lo, end);
        end
    }

    /// A number that runs into letters or digits that do not belong to it; returns where lexing goes on.
    fn bad_number(&mut self, lo: usize, hi: usize) -> usize {
        let rest = self.text.as_bytes()[hi..].iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
        let end = rest.map_or(self.text.len(), |n| hi + n);
        let text = &self.text[lo..end];
        let help = match text.get(..2) {
            Some("0x") => "after `0x` stand hexadecimal digits",
            Some("0b") => "after `0b` stand the digits 0 and 1",
            Some("0o") => "after `0o` stand the digits 0 to 7",
            _ => "a name starts with a letter; separate a number from what follows it",
        };
        let shown: String = text.chars().take(30).collect();
        self.report(self.error(lo, end, format!("`{shown}` is no number")).help(help));
        self.push(T::Error, lo, end);
        end
    }

    fn line_end(&self, from: usize) -> usize {
        self.text.as_bytes()[from..].iter().position(|&b| b == b'\n').map_or(self.text.len(), |n| from + n)
    }

    /// A string whose opening quote is at `lo`; returns where lexing goes on.
    fn string(&mut self, lo: usize) -> usize {
        let bytes = self.text.as_bytes();
        if bytes[lo..].starts_with(b"\"\"\"") {
            let Some(n) = self.text[lo + 3..].find("\"\"\"") else {
                let end = self.line_end(lo);
                let d = self.error(lo, lo + 3, "this `\"\"\"` text is never closed").help("close it with `\"\"\"`");
                self.report(d);
                self.push(T::Error, lo, end);
                return end;
            };
            let end = lo + 3 + n + 3;
            self.push(T::Str, lo, end);
            return end;
        }
        let mut at = lo + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.push(T::Str, lo, at + 1);
                    return at + 1;
                }
                Some(b'\\') if bytes.get(at + 1).is_some_and(|&b| b != b'\n') => at += 2,
                None | Some(b'\n') => {
                    // In a hole it is rather the hole that is not closed: the line's end reports it.
                    if self.holes.is_empty() {
                        self.unterminated(lo, at);
                    }
                    self.push(T::Error, lo, at);
                    return at;
                }
                Some(_) => at += 1,
            }
        }
    }

    fn unterminated(&mut self, lo: usize, hi: usize) {
        let d = self
            .error(lo, hi, "this string is not closed on its line")
            .help("close it with `\"`, or write text of several lines between `\"\"\"` and `\"\"\"`");
        self.report(d);
    }

    /// Text of an f-string from `from` up to a hole or the closing quote; returns where lexing goes on.
    fn fstring_text(&mut self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        loop {
            let b = bytes.get(at).copied();
            match b {
                Some(b'\\') if bytes.get(at + 1).is_some_and(|&b| b != b'\n') => at += 2,
                Some(b'{' | b'}') if bytes.get(at + 1).copied() == b => at += 2,
                Some(b'{' | b'"') | Some(b'\n') | None => {
                    if at > from {
                        self.push(T::FText, from, at);
                    }
                    match b {
                        Some(b'{') => {
                            self.push(T::HoleOpen, at, at + 1);
                            self.holes.push(0);
                            return at + 1;
                        }
                        Some(b'"') => {
                            self.push(T::FEnd, at, at + 1);
                            return at + 1;
                        }
                        _ => {
                            self.unterminated(from.saturating_sub(1), at);
                            self.push(T::Error, at, at);
                            self.push(T::FEnd, at, at);
                            return at;
                        }
                    }
                }
                Some(_) => at += 1,
            }
        }
    }

    /// The format of a hole, from its `:` up to the `}`.
    fn format(&mut self, lo: usize, hi: usize) -> usize {
        self.push(T::HoleFormat, lo, hi);
        let end = self.text.as_bytes()[hi..].iter().position(|b| matches!(b, b'}' | b'"' | b'\n'));
        let end = end.map_or(self.text.len(), |n| hi + n);
        self.push(T::FText, hi, end);
        end
    }

    /// Closes the holes, and their f-strings, that are still open where the line ends.
    fn end_holes(&mut self, at: usize) {
        if self.holes.is_empty() {
            return;
        }
        let start = self.tokens.iter().rev().find(|t| t.kind == T::FStart).map_or(at, |t| t.lo as usize);
        let d = self.error(start, at, "this f-string is not closed on its line").help("a hole ends with `}`");
        self.report(d);
        while self.holes.pop().is_some() {
            self.push(T::HoleClose, at, at);
            self.push(T::Error, at, at);
            self.push(T::FEnd, at, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<T> {
        let (tokens, diagnostics) = lex(FileId(0), text);
        assert!(!diagnostics.has_errors(), "{text}: {diagnostics:?}");
        tokens.into_iter().map(|t| t.kind).collect()
    }

    fn errors(text: &str) -> Vec<(u32, u32)> {
        let (tokens, diagnostics) = lex(FileId(0), text);
        assert_eq!(tokens.last().map(|t| t.kind), Some(T::Eof));
        diagnostics.into_sorted().iter().map(|d| (d.span.lo, d.span.hi)).collect()
    }

    #[test]
    fn numbers_and_operators() {
        use T::*;
        assert_eq!(kinds("0x_F 0b1 0o7 1_0 1.5e-3 1e9"), [Int, Int, Int, Int, Float, Float, Eof]);
        assert_eq!(kinds("1..2"), [Int, DotDot, Int, Eof]);
        assert_eq!(kinds("a<b<c>>"), [Ident, Lt, Ident, Lt, Ident, GtJoint, Gt, Eof]);
        assert_eq!(kinds("spawn spawned _ _x // gone"), [Spawn, Ident, Underscore, Ident, Eof]);
    }

    #[test]
    fn numbers_end_where_letters_do_not_follow() {
        assert_eq!(errors("1abc 0b12 0x 0xfg 1.5e 2"), [(0, 4), (5, 9), (10, 12), (13, 17), (18, 22)]);
        assert_eq!(kinds("1.abs 1_0"), [T::Int, T::Dot, T::Ident, T::Int, T::Eof]);
    }

    #[test]
    fn breaks_are_remembered_on_the_next_token() {
        let (tokens, _) = lex(FileId(0), "a b\n // note\n c");
        assert_eq!(tokens.iter().map(|t| t.after_break).collect::<Vec<_>>(), [false, false, true, false]);
    }

    #[test]
    fn fstrings_nest_and_take_formats() {
        use T::*;
        assert_eq!(
            kinds(r#"f"a {f"{x}"} {{b}} {y:>4}""#),
            [
                FStart, FText, HoleOpen, FStart, HoleOpen, Ident, HoleClose, FEnd, HoleClose, FText, HoleOpen, Ident,
                HoleFormat, FText, HoleClose, FEnd, Eof
            ]
        );
        assert_eq!(
            kinds(r#"f"{P { x: 1 }.x}""#),
            [FStart, HoleOpen, Ident, LBrace, Ident, Colon, Int, RBrace, Dot, Ident, HoleClose, FEnd, Eof]
        );
    }

    #[test]
    fn text_in_three_quotes_spans_lines() {
        assert_eq!(kinds("\"\"\"a\n\"b\"\n\"\"\" x"), [T::Str, T::Ident, T::Eof]);
    }

    #[test]
    fn a_forgotten_quote_damages_its_line_only() {
        assert_eq!(errors("let s = \"abc\nlet t = \"x\""), [(8, 12)]);
        assert_eq!(errors("\"abc\\"), [(0, 5)]);
        assert_eq!(errors("f\"").len(), 1);
        assert_eq!(errors("f\"{x").len(), 1);
        assert_eq!(errors("a f\"{x\"\nb"), [(2, 7)]);
        assert_eq!(errors("\"\"\"abc"), [(0, 3)]);
    }

    #[test]
    fn what_is_no_token_is_reported_once_per_run() {
        assert_eq!(errors("a \0\0\0 b § é"), [(2, 3), (8, 10), (11, 13)]);
        assert_eq!(errors("'a b' 'c\n`d` '"), [(0, 1), (6, 7), (9, 10), (13, 14)]);
    }

    /// Every prefix of a program lexes without a panic, and the tokens cover increasing places.
    #[test]
    fn every_prefix_lexes() {
        let text = "fn f(é) { f\"a {x + f\"{y:>4}\"} \\\" {{\" \"\\n\" } \"\"\"t\n\"\"\" 0x1F >>= 1.5e";
        for end in (0..=text.len()).filter(|&n| text.is_char_boundary(n)) {
            let (tokens, _) = lex(FileId(0), &text[..end]);
            assert!(tokens.windows(2).all(|w| w[0].hi <= w[1].lo), "{:?}", &text[..end]);
        }
    }
}
