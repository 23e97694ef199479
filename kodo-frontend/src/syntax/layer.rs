//! The layer between lexer and grammar: one pass with a stack of open brackets, at most two tokens of lookahead.
//!
//! * It inserts [`T::Sep`] where a line break or a `;` ends a complete statement. A line goes on with the statement
//!   before it if it starts with a binary operator other than `-`, with `.`, `?`, `else`, `is`, `requires` or `ensures`.
//! * It marks the brace of a struct literal as [`T::LitBrace`]: in `if x == P { x: 1 } { … }` only a name and `:` after the
//!   brace make a literal.
//! * It turns contextual words into identifiers outside their construct.
//! * It balances brackets: a keyword that cannot stand inside the open bracket closes it, a closer without an opener is
//!   dropped, and each repair is a diagnostic that names the opener. The grammar sees balanced tokens only.
//!
//! * It takes a misspelled keyword before a declaration for what was meant (`strcut P {`, `func f(`, `var x =`).
//!
//! Repairs beyond [`MAX_REPORTED`] are made but not reported. More than [`MAX_DEPTH`] brackets open at once are an error
//! that ends the file's tokens.

use super::token::{T, Token};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

/// A reader fixes the first few; thousands of them come from one mistake.
const MAX_REPORTED: usize = 20;

/// Later stages walk trees with room for this depth; programs, even generated ones, stay far below it. It also bounds
/// what a file of nothing but openers can cost.
pub const MAX_DEPTH: usize = 250_000;

/// What a bracket holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `( )`, `[ ]` or a hole: line breaks mean nothing.
    Paren,
    /// Statements.
    Block,
    /// Arms of `match` or `select`.
    Arms,
    /// Items of a file, module or `describe`.
    Items,
    /// Members of a trait, impl or actor.
    Members,
    /// Fields or variants of a declaration, entries of `meta` or an intent.
    Fields,
    /// Fields of a struct literal.
    Literal,
}

/// A construct whose `{` is still to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Head {
    Condition,
    /// Between `for` and `in`.
    ForPattern,
    Match,
    Function,
    Module,
    Members,
    Fields,
    Alias,
    /// A selection in braces may follow.
    Import,
}

impl Head {
    /// Is there a brace to come for certain?
    fn needs_brace(self) -> bool {
        !matches!(self, Head::Alias | Head::Import)
    }
}

struct Frame {
    kind: Kind,
    /// How many heads were pending when it opened.
    heads: usize,
    opener: Token,
    closer: T,
    /// Which closers a closer token may reach from here: through parentheses, but not out of a brace or hole.
    reach: u8,
}

/// What the grammar and recovery need.
pub struct Arranged {
    pub tokens: Vec<Token>,
    /// What each brace token (`LBrace`, `LitBrace`) holds, in order.
    pub braces: Vec<Kind>,
    pub diagnostics: Diagnostics,
    /// Closers that close nothing. Such a `}` may be the consequence of a missing `{`, which only the grammar sees.
    pub extra: Vec<Diagnostic>,
}

/// The tokens as the grammar wants them. `tokens` is what [`lex`](super::lexer::lex) gave.
pub fn arrange(file: FileId, text: &str, tokens: &[Token]) -> Arranged {
    let start = Token { lo: 0, hi: 0, kind: T::Sep, after_break: true };
    let mut layer = Layer {
        file,
        text,
        tokens,
        next: 0,
        previous: T::Sep,
        frames: vec![Frame { kind: Kind::Items, heads: 0, opener: start, closer: T::Eof, reach: 0 }],
        braces: Vec::new(),
        open_holes: 0,
        heads: Vec::new(),
        out: Vec::with_capacity(tokens.len() + tokens.len() / 4),
        diagnostics: Diagnostics::default(),
        extra: Vec::new(),
        reported: 0,
        turbofish: Vec::new(),
        turbofish_ended: false,
        next_closed: None,
    };
    while layer.step() {}
    Arranged { tokens: layer.out, braces: layer.braces, diagnostics: layer.diagnostics, extra: layer.extra }
}

/// May a complete statement end with this token?
fn ends_statement(t: T) -> bool {
    use T::*;
    matches!(
        t,
        Ident
            | Underscore
            | Int
            | Float
            | Str
            | FEnd
            | True
            | False
            | SelfValue
            | RParen
            | RBracket
            | RBrace
            | Question
            | Return
            | Break
            | Continue
            | Await
            | Error
    )
}

pub fn starts_item(t: T) -> bool {
    use T::*;
    matches!(
        t,
        Fn | Struct
            | Enum
            | Trait
            | Impl
            | Actor
            | Pub
            | Async
            | Type
            | Import
            | Module
            | Meta
            | Intent
            | Invariant
            | Test
            | Describe
            | Setup
            | Teardown
            | At
    )
}

/// Starts an operand or statement and can never continue an expression: separates statements even on one line.
fn only_starts(t: T) -> bool {
    use T::*;
    matches!(
        t,
        Ident
            | Underscore
            | Int
            | Float
            | Str
            | FStart
            | True
            | False
            | SelfValue
            | Let
            | Return
            | While
            | For
            | If
            | Match
            | Break
            | Continue
            | Spawn
            | Parallel
            | Select
            | Forall
    ) || (starts_item(t) && !matches!(t, Import | At))
}

/// A line that starts with one of these goes on with the statement before it.
pub fn continues(t: T) -> bool {
    use T::*;
    matches!(
        t,
        Requires
            | Ensures
            | Else
            | Dot
            | QuestionDot
            | QuestionQuestion
            | Question
            | Plus
            | Star
            | Slash
            | Percent
            | EqEq
            | Ne
            | Lt
            | Gt
            | GtJoint
            | Le
            | Ge
            | Shl
            | AndAnd
            | OrOr
            | And
            | Or
            | Caret
            | Is
            | DotDot
            | DotDotEq
            | Assign
            | PlusAssign
            | MinusAssign
            | StarAssign
            | SlashAssign
            | PercentAssign
            | AndAssign
            | OrAssign
            | CaretAssign
            | ShlAssign
            | ShrAssign
            | Arrow
            | FatArrow
            | PathSep
            | Colon
            | Comma
            | RParen
            | RBracket
            | RBrace
            | HoleClose
            | Eof
            | In
            | Semi
    )
}

/// At the start of a line these cannot stand in `( )` or `[ ]`: a bracket before them was never closed.
fn impossible_in_parens(t: T) -> bool {
    use T::*;
    matches!(
        t,
        Let | Return
            | While
            | For
            | Struct
            | Enum
            | Trait
            | Impl
            | Import
            | From
            | Pub
            | Break
            | Continue
            | Module
            | Actor
            | Type
            | Parallel
    )
}

/// At the start of a line these cannot start an arm, field or entry: the brace before them was never closed.
fn impossible_as_entry(t: T) -> bool {
    use T::*;
    matches!(t, Let | Return | While | For | Break | Continue | Match | Spawn | Parallel | Select)
}

fn closing_text(opener: &str) -> &'static str {
    match opener {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn closer_bit(t: T) -> u8 {
    match t {
        T::RParen => 1,
        T::RBracket => 2,
        T::RBrace => 4,
        T::HoleClose => 8,
        _ => 0,
    }
}

fn is_closer(t: T) -> bool {
    matches!(t, T::RParen | T::RBracket | T::RBrace | T::HoleClose)
}

/// Identifiers and the words that are identifiers outside their construct.
fn is_name(t: T) -> bool {
    use T::*;
    matches!(t, Ident | Underscore) || is_contextual(t)
}

fn is_contextual(t: T) -> bool {
    use T::*;
    matches!(t, In | Dyn | Test | Describe | Setup | Teardown | Forall)
}

struct Layer<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a [Token],
    next: usize,
    /// Kind of the last token given out.
    previous: T,
    frames: Vec<Frame>,
    braces: Vec<Kind>,
    open_holes: usize,
    heads: Vec<Head>,
    out: Vec<Token>,
    diagnostics: Diagnostics,
    extra: Vec<Diagnostic>,
    reported: usize,
    /// Open `<` of `name::<…>`, and how many brackets were open at the first.
    turbofish: Vec<usize>,
    /// The last token closed them: such a `>` may end a statement.
    turbofish_ended: bool,
    /// The token before which [`close_missing`](Layer::close_missing) closed a bracket last.
    next_closed: Option<usize>,
}

impl Layer<'_> {
    fn kind_at(&self, n: usize) -> T {
        self.tokens.get(self.next + n).map_or(T::Eof, |t| t.kind)
    }

    fn top(&self) -> &Frame {
        self.frames.last().expect("the file's own frame is never closed")
    }

    /// The innermost construct of this frame whose brace is still to come.
    fn head(&self) -> Option<Head> {
        if self.heads.len() > self.top().heads { self.heads.last().copied() } else { None }
    }

    fn emit(&mut self, token: Token, kind: T) {
        self.follow_turbofish(kind);
        self.previous = kind;
        self.out.push(Token { kind, ..token });
    }

    /// Type arguments in an expression: everything up to the `>` of its `<` is a type.
    fn follow_turbofish(&mut self, kind: T) {
        self.turbofish_ended = false;
        let depth = self.frames.len();
        if kind == T::Lt && (self.previous == T::PathSep || !self.turbofish.is_empty()) {
            self.turbofish.push(depth);
        } else if let Some(&open) = self.turbofish.last() {
            if depth < open || kind == T::Sep {
                self.turbofish.clear();
            } else if matches!(kind, T::Gt | T::GtJoint) && depth == open {
                self.turbofish.pop();
                self.turbofish_ended = self.turbofish.is_empty();
            }
        }
    }

    fn open(&mut self, kind: Kind, opener: Token, closer: T) {
        let outside = if kind == Kind::Paren && closer != T::HoleClose { self.top().reach } else { 0 };
        self.open_holes += usize::from(closer == T::HoleClose);
        let heads = self.heads.len();
        self.frames.push(Frame { kind, heads, opener, closer, reach: closer_bit(closer) | outside });
    }

    fn close(&mut self) {
        let frame = self.frames.pop().expect("a frame is open");
        self.open_holes -= usize::from(frame.closer == T::HoleClose);
        self.heads.truncate(frame.heads);
    }

    fn separate(&mut self, at: u32) {
        self.heads.truncate(self.top().heads);
        self.emit(Token { lo: at, hi: at, kind: T::Sep, after_break: false }, T::Sep);
    }

    /// Handles one token, or inserts one; false at the end.
    fn step(&mut self) -> bool {
        let token = self.tokens.get(self.next).copied().unwrap_or(Token {
            lo: self.text.len() as u32,
            hi: self.text.len() as u32,
            kind: T::Eof,
            after_break: true,
        });
        if token.kind == T::Ident && (self.drop_word(token) || (self.kind_at(1) == T::Ident && self.respell(token))) {
            return true;
        }
        let kind = self.in_context(token.kind);
        if kind == T::Semi {
            self.next += 1;
            let needless = matches!(self.previous, T::Sep | T::LBrace) || matches!(self.kind_at(0), T::RBrace | T::Eof);
            if !needless {
                self.separate(token.lo);
            }
            return true;
        }
        if kind == T::Eof {
            self.close_all(token);
            return false;
        }
        if self.repairs(token, kind) {
            return true;
        }
        if self.separates(token, kind) {
            self.separate(token.lo);
            return true;
        }
        self.next += 1;
        if self.frames.len() > MAX_DEPTH && matches!(kind, T::LParen | T::LBracket | T::LBrace | T::HoleOpen) {
            self.too_deep(token);
            return true;
        }
        self.place(token, kind);
        true
    }

    /// A name before a name and an opener, at the start of a declaration, is a keyword spelled wrong: reports it and goes
    /// on as if it were spelled right.
    fn respell(&mut self, token: Token) -> bool {
        let starts = matches!(self.previous, T::Sep | T::LBrace | T::Pub);
        if !starts || self.tokens[self.next + 1].after_break {
            return false;
        }
        let text = self.text;
        let word = &text[token.lo as usize..token.hi as usize];
        let items = matches!(self.top().kind, Kind::Items | Kind::Members);
        let near = |keyword: &str| strsim::osa_distance(word, keyword) <= if keyword.len() > 4 { 2 } else { 1 };
        let (kind, right, message) = match (self.kind_at(2), word) {
            (T::LParen | T::Lt, "func" | "fun" | "function" | "def") if items => {
                (T::Fn, "fn", format!("there is no `{word}`: a function starts with `fn`"))
            }
            (T::Assign | T::Colon, "var") => (T::Let, "let mut", format!("there is no `{word}`")),
            (T::Assign | T::Colon, "const" | "val") => (T::Let, "let", format!("there is no `{word}`")),
            (T::Assign, _) if matches!(self.top().kind, Kind::Items | Kind::Block) => {
                (T::Let, "let mut", format!("a declaration starts with `let`, not with `{word}`"))
            }
            (T::LBrace | T::Lt, _) if items => {
                let keywords = [
                    (T::Struct, "struct"),
                    (T::Enum, "enum"),
                    (T::Trait, "trait"),
                    (T::Impl, "impl"),
                    (T::Actor, "actor"),
                    (T::Module, "module"),
                ];
                let meant = match word {
                    "class" | "record" => "struct",
                    "interface" => "trait",
                    _ => word,
                };
                let near = |keyword: &str| meant == keyword || near(keyword);
                let Some((kind, right)) = keywords.into_iter().find(|(_, keyword)| near(keyword)) else { return false };
                (kind, right, format!("`{word}` is no keyword: did you mean `{right}`?"))
            }
            _ => return false,
        };
        self.reported += 1;
        if self.reported <= MAX_REPORTED {
            let span = self.span(token);
            let d = Diagnostic::error("E0100", span, message).help(format!("write `{right}`"));
            self.diagnostics.push(d.fix(format!("write `{right}`"), span, right));
        }
        self.next += 1;
        self.place(token, kind);
        if right == "let mut" {
            self.emit(Token { lo: token.hi, hi: token.hi, kind: T::Mut, after_break: false }, T::Mut);
        }
        true
    }

    /// A word of another language that may be left out, or that stands for a few of this one's tokens.
    fn drop_word(&mut self, token: Token) -> bool {
        let starts = matches!(self.previous, T::Sep | T::LBrace);
        let after = self.kind_at(1);
        let same_line = self.tokens.get(self.next + 1).is_some_and(|t| !t.after_break);
        if !same_line {
            return false;
        }
        let word = &self.text[token.lo as usize..token.hi as usize];
        let (instead, help): (&[T], &str) = match word {
            "public" | "private" | "protected" | "export" | "static" | "extern" | "unsafe" | "inline" | "final"
                if starts && starts_item(after) && after != T::At =>
            {
                (&[], "leave it out, or write `pub`")
            }
            "elif" | "elsif" | "elseif" if self.previous == T::RBrace && after != T::Assign => {
                (&[T::Else, T::If], "write `else if`")
            }
            "loop" if starts && after == T::LBrace => (&[T::While, T::True], "write `while true`"),
            "foreach" if starts && is_name(after) && self.kind_at(2) == T::In => (&[T::For], "write `for`"),
            _ => return false,
        };
        self.reported += 1;
        if self.reported <= MAX_REPORTED {
            let d = Diagnostic::error("E0100", self.span(token), format!("there is no `{word}`")).help(help);
            self.diagnostics.push(d);
        }
        self.next += 1;
        for &kind in instead {
            self.place(token, kind);
        }
        true
    }

    /// A contextual word is a keyword only where its construct can stand.
    fn in_context(&self, kind: T) -> T {
        if !is_contextual(kind) {
            return kind;
        }
        let after = self.kind_at(1);
        let keyword = !matches!(self.previous, T::Dot | T::PathSep | T::Fn)
            && match kind {
                T::In => self.head() == Some(Head::ForPattern) && self.previous != T::For,
                T::Dyn => is_name(after),
                T::Test | T::Describe => after == T::Str,
                T::Setup | T::Teardown => after == T::LBrace && self.top().kind == Kind::Items,
                _ => is_name(after) && self.kind_at(2) == T::Colon,
            };
        if keyword { kind } else { T::Ident }
    }

    /// Closes or drops a bracket if this token shows that one is missing or too many.
    fn repairs(&mut self, token: Token, kind: T) -> bool {
        if is_closer(kind) && self.top().closer != kind {
            // A closer may close parentheses on its way out, the end of a hole anything.
            let fits = match kind {
                T::HoleClose => self.open_holes > 0,
                _ => self.top().reach & closer_bit(kind) != 0,
            };
            if fits {
                self.close_missing(token);
            } else {
                self.report_extra(token);
                self.next += 1;
            }
            return true;
        }
        if self.frames.len() == 1 {
            return false;
        }
        let lost = token.after_break
            && match self.top().kind {
                Kind::Paren => impossible_in_parens(kind) || self.unclosed_before_item(kind),
                Kind::Items => false,
                Kind::Arms | Kind::Fields | Kind::Literal if impossible_as_entry(kind) => {
                    ends_statement(self.previous)
                        || matches!(self.previous, T::Sep | T::Comma | T::LBrace | T::LitBrace)
                }
                _ => self.unclosed_before_item(kind),
            };
        if lost {
            self.close_missing(token);
        }
        lost
    }

    /// Does a line that starts with an item show that the open bracket was never closed?
    fn unclosed_before_item(&self, kind: T) -> bool {
        let really_item = starts_item(kind)
            && (kind != T::Fn || is_name(self.kind_at(1)))
            && (kind != T::At || self.previous == T::Sep || ends_statement(self.previous));
        really_item
            && match self.top().kind {
                Kind::Members => !matches!(kind, T::Fn | T::Type | T::Pub | T::Async | T::At),
                _ => true,
            }
    }

    fn close_missing(&mut self, before: Token) {
        let opener = self.top().opener;
        // Several brackets that one token closes are one mistake; the lexer's own closers are reported by the lexer.
        let again = self.next_closed == Some(self.next) || before.lo == before.hi || self.after_bad_text();
        self.next_closed = Some(self.next);
        self.reported += usize::from(!again);
        if !again && self.reported <= MAX_REPORTED {
            let text = &self.text[opener.lo as usize..opener.hi as usize];
            let message = format!("a `{text}` is not closed before this");
            let mut d = Diagnostic::error("E0100", self.span(before), message)
                .label(format!("`{}` should come before this", closing_text(text)))
                .secondary(self.span(opener), "opened here")
                .help(format!("add the missing `{}`", closing_text(text)));
            if self.top().kind == Kind::Block && starts_item(before.kind) {
                d = d.help("functions and types cannot stand inside a function");
            }
            self.diagnostics.push(d);
        }
        self.close_before(before);
    }

    /// A string without its closing quote has swallowed the rest of its line, closers too.
    fn after_bad_text(&self) -> bool {
        self.out.last().is_some_and(|t| {
            let cut_short = t.kind == T::FEnd && t.lo == t.hi;
            cut_short || (t.kind == T::Error && self.text[t.lo as usize..].starts_with('"'))
        })
    }

    fn close_before(&mut self, before: Token) {
        let closer = self.top().closer;
        self.close();
        self.emit(Token { lo: before.lo, hi: before.lo, kind: closer, after_break: false }, closer);
    }

    /// At the end of the file: one report for all brackets that are still open.
    fn close_all(&mut self, end: Token) {
        let open = self.frames.len() - 1;
        if open > 0 {
            let opener = self.top().opener;
            let text = &self.text[opener.lo as usize..opener.hi as usize];
            let message = format!("the file ends before this `{text}` is closed");
            let mut d = Diagnostic::error("E0101", self.span(end), message)
                .label(format!("`{}` is missing", closing_text(text)))
                .secondary(self.span(opener), "opened here")
                .help(format!("add the `{}` where this should end", closing_text(text)));
            for frame in self.frames[1..open].iter().rev().take(2) {
                d = d.secondary(self.span(frame.opener), "this is not closed either");
            }
            if open > 3 {
                d = d.note(format!("{open} brackets are open at the end of the file"));
            }
            self.diagnostics.push(d);
        }
        while self.frames.len() > 1 {
            self.close_before(end);
        }
    }

    fn too_deep(&mut self, token: Token) {
        let first = self.frames[1].opener;
        let message = format!("more than {MAX_DEPTH} brackets are open here");
        let d = Diagnostic::error("E0100", self.span(token), message)
            .secondary(self.span(first), "the outermost one")
            .help("close brackets, or split the code into functions");
        self.diagnostics.push(d);
        self.out.clear();
        self.braces.clear();
        self.frames.truncate(1);
        self.next = self.tokens.len();
    }

    fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.lo, token.hi)
    }

    fn report_extra(&mut self, token: Token) {
        if token.lo == token.hi {
            return; // the lexer's closer of a hole, reported by the lexer
        }
        self.reported += 1;
        if self.reported <= MAX_REPORTED {
            let hole_end = || self.tokens[self.next..].iter().find(|t| t.kind == T::HoleClose);
            if self.open_holes > 0 && hole_end().is_some_and(|t| t.lo == t.hi) {
                return; // the hole's own end is missing, and the lexer has reported that
            }
            let text = &self.text[token.lo as usize..token.hi as usize];
            let d = Diagnostic::error("E0100", self.span(token), format!("this `{text}` closes nothing"))
                .help("remove it, or add the bracket that it should close");
            self.extra.push(d);
        }
    }

    /// Does a statement end before this token?
    fn separates(&self, token: Token, kind: T) -> bool {
        let (top, head) = (self.top().kind, self.head());
        // A type may end with `>`, an expression only with type arguments.
        let complete = ends_statement(self.previous)
            || self.turbofish_ended
            || (self.previous == T::Gt && (matches!(top, Kind::Members | Kind::Fields) || head == Some(Head::Alias)));
        if top == Kind::Paren || !complete {
            return false;
        }
        if token.after_break {
            let closure = kind == T::Or && is_name(self.kind_at(1)) && self.kind_at(2) == T::Colon;
            let body_follows = kind == T::LBrace && head.is_some_and(Head::needs_brace);
            let impl_for = kind == T::For && head == Some(Head::Members);
            return (!continues(kind) || closure) && !body_follows && !impl_for;
        }
        // On one line: only after something that no brace is pending for.
        let free = match head {
            None | Some(Head::Alias | Head::Import) => true,
            Some(Head::Function) => top == Kind::Members && matches!(kind, T::Fn | T::Type),
            Some(_) => false,
        };
        self.previous != T::Return && free && only_starts(kind) && !(kind == T::If && top == Kind::Arms)
    }

    /// Gives the token out and follows the brackets and headers.
    fn place(&mut self, token: Token, kind: T) {
        match kind {
            T::LParen => self.open(Kind::Paren, token, T::RParen),
            T::LBracket => self.open(Kind::Paren, token, T::RBracket),
            T::HoleOpen => self.open(Kind::Paren, token, T::HoleClose),
            T::LBrace => return self.place_brace(token),
            _ if is_closer(kind) => self.close(),
            T::If if self.is_guard() => {}
            T::If | T::While => self.heads.push(Head::Condition),
            T::For if self.head() != Some(Head::Members) => self.heads.push(Head::ForPattern),
            T::In => {
                self.heads.pop();
                self.heads.push(Head::Condition);
            }
            T::Match => self.heads.push(Head::Match),
            T::Fn | T::Test | T::Forall => self.heads.push(Head::Function),
            T::Struct | T::Enum | T::Intent => self.heads.push(Head::Fields),
            T::Trait | T::Impl | T::Actor => self.heads.push(Head::Members),
            T::Module | T::Describe => self.heads.push(Head::Module),
            T::Type => self.heads.push(Head::Alias),
            T::Import => self.heads.push(Head::Import),
            // The result type of a closure: its brace is the body, not a literal's.
            T::Arrow if matches!(self.previous, T::Or | T::OrOr) => self.heads.push(Head::Function),
            _ => {}
        }
        self.emit(token, kind);
    }

    fn is_guard(&self) -> bool {
        self.top().kind == Kind::Arms
            && self.head().is_none()
            && !matches!(self.previous, T::FatArrow | T::Sep | T::Else)
            && ends_statement(self.previous)
    }

    /// What comes is the brace in `if let P { x } = …`: a condition ends before its block, but a pattern has none.
    fn is_after_let(&self) -> bool {
        let before = self.out.iter().rev().find(|token| !matches!(token.kind, T::Ident | T::PathSep));
        before.is_some_and(|token| token.kind == T::Let)
    }

    fn place_brace(&mut self, token: Token) {
        let (first, second) = (self.kind_at(0), self.kind_at(1));
        let head = self.head();
        let named = is_name(first) && second == T::Colon;
        let shorthand = is_name(first) && matches!(second, T::Comma | T::RBrace);
        // `P { .. }`, a pattern.
        let rest = first == T::DotDot && second == T::RBrace;
        let literal = self.previous == T::Ident
            && !token.after_break
            && match head {
                None => named || shorthand || rest || first == T::RBrace,
                Some(Head::Condition | Head::Match) => named || rest || shorthand && self.is_after_let(),
                _ => false,
            };
        if literal {
            self.open(Kind::Literal, token, T::RBrace);
            self.braces.push(Kind::Literal);
            return self.emit(token, T::LitBrace);
        }
        let mut kind = match self.previous {
            T::Select => Kind::Arms,
            T::Meta => Kind::Fields,
            _ => Kind::Block,
        };
        // A block in a header (a condition's `{ x }.ok`, a contract) is not yet the body.
        let body = match head {
            None | Some(Head::Alias) => false,
            Some(Head::Function | Head::Module | Head::Members | Head::Fields | Head::Import) => {
                !matches!(self.previous, T::Requires | T::Ensures)
            }
            Some(_) => ends_statement(self.previous),
        };
        if body {
            kind = match self.heads.pop() {
                Some(Head::Match) => Kind::Arms,
                Some(Head::Module) => Kind::Items,
                Some(Head::Members) => Kind::Members,
                Some(Head::Fields | Head::Import) => Kind::Fields,
                _ => Kind::Block,
            };
        }
        self.open(kind, token, T::RBrace);
        self.braces.push(kind);
        self.emit(token, T::LBrace);
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    /// The text with `⏎` where a statement ends and `{{` for a literal's brace; repairs are counted.
    fn arranged(text: &str) -> (String, usize) {
        let (tokens, _) = lex(FileId(0), text);
        let Arranged { tokens, diagnostics, extra, .. } = arrange(FileId(0), text, &tokens);
        let words: Vec<&str> = tokens
            .iter()
            .map(|t| match t.kind {
                T::Sep => "⏎",
                T::LitBrace => "{{",
                T::RParen if t.lo == t.hi => "+)",
                T::RBrace if t.lo == t.hi => "+}",
                _ => &text[t.lo as usize..t.hi as usize],
            })
            .collect();
        (words.join(" "), diagnostics.into_sorted().len() + extra.len())
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(arranged(text), (expected.to_owned(), 0), "{text}");
    }

    #[test]
    fn a_line_break_ends_what_is_complete() {
        check("let a = 1\nlet b = a\n  + 2\n- 3", "let a = 1 ⏎ let b = a + 2 ⏎ - 3");
        check("a\n.b()\n(c)", "a . b ( ) ⏎ ( c )");
        check("if a\n{\n}\nelse\n{\n}\nx", "if a { } else { } ⏎ x");
        check("fn f() -> Int\nrequires { a }\n{ a }", "fn f ( ) -> Int requires { a } { a }");
        check("f(\na\n,\nb\n)", "f ( a , b )");
    }

    #[test]
    fn statements_may_share_a_line() {
        check("let a = 1 let b = 2; c", "let a = 1 ⏎ let b = 2 ⏎ c");
        check("{ return x };", "{ return x }");
        check("let f = g::<Int>\nlet h = i", "let f = g :: < Int > ⏎ let h = i");
        check("let f = g::<List<Int>>\n(h)", "let f = g :: < List < Int > > ⏎ ( h )");
        check("let f = g::<(A) -> B>\n[h]", "let f = g :: < ( A ) -> B > ⏎ [ h ]");
        check("a >\nb", "a > b");
    }

    #[test]
    fn struct_literals_are_marked() {
        check("let p = P { x: 1 }", "let p = P {{ x : 1 }");
        check("let p = P { x, y }", "let p = P {{ x , y }");
        check("if p == P { x: 1 } { }", "if p == P {{ x : 1 } { }");
        check("if flag { x }", "if flag { x }");
        check("for x in xs { y }", "for x in xs { y }");
        check("import a { b, c }", "import a { b , c }");
        check("let f = |x| -> P { x }", "let f = | x | -> P { x }");
        check("let f = fn(x: P) -> P { x }", "let f = fn ( x : P ) -> P { x }");
    }

    #[test]
    fn contextual_words_are_names_elsewhere() {
        let (tokens, _) = lex(FileId(0), "let test = in\ntest \"t\" { }");
        let Arranged { tokens, .. } = arrange(FileId(0), "let test = in\ntest \"t\" { }", &tokens);
        let kinds: Vec<T> = tokens.iter().map(|t| t.kind).collect();
        use T::*;
        assert_eq!(kinds, [Let, Ident, Assign, Ident, Sep, Test, Str, LBrace, RBrace]);
    }

    #[test]
    fn brackets_are_balanced() {
        assert_eq!(arranged("f(a\nlet b = 1"), ("f ( a +) ⏎ let b = 1".into(), 1));
        assert_eq!(arranged("fn f() {\n x(\n}\nfn g() { }").1, 1);
        assert_eq!(arranged("fn f() {\n x\nfn g() { }"), ("fn f ( ) { x +} ⏎ fn g ( ) { }".into(), 1));
        assert_eq!(arranged("a ) ]"), ("a".into(), 2));
        assert_eq!(arranged("match a {\n b => c\nlet d = 1"), ("match a { b => c +} ⏎ let d = 1".into(), 1));
        assert_eq!(arranged("P { x: 1\nreturn").1, 1);
        assert_eq!(arranged("{ ("), ("{ ( +) +}".into(), 1), "one report for the end of the file");
    }

    #[test]
    fn misspelled_keywords_are_taken_for_what_was_meant() {
        let kinds = |text: &str| {
            let (tokens, _) = lex(FileId(0), text);
            let Arranged { tokens, diagnostics, .. } = arrange(FileId(0), text, &tokens);
            (tokens.iter().map(|t| t.kind).take(3).collect::<Vec<_>>(), diagnostics.into_sorted().len())
        };
        assert_eq!(kinds("strcut P { x: Int }"), (vec![T::Struct, T::Ident, T::LBrace], 1));
        assert_eq!(kinds("func f() { }"), (vec![T::Fn, T::Ident, T::LParen], 1));
        assert_eq!(kinds("var x = 1"), (vec![T::Let, T::Mut, T::Ident], 1));
        assert_eq!(kinds("const x: Int = 1"), (vec![T::Let, T::Ident, T::Colon], 1));
        assert_eq!(kinds("var.x()").1, 0);
        assert_eq!(kinds("point P { x: 1 }").1, 0);
        assert_eq!(kinds("func(f)").1, 0);
    }

    #[test]
    fn a_flood_of_open_brackets_is_a_few_reports() {
        let (text, reports) = arranged(&"(".repeat(10_000));
        assert_eq!(reports, 1);
        assert_eq!(text.matches("+)").count(), 10_000, "all are repaired");
        assert_eq!(arranged(&")".repeat(10_000)).1, MAX_REPORTED);
    }

    #[test]
    fn too_many_open_brackets_end_the_tokens() {
        let text = "(".repeat(MAX_DEPTH + 10);
        let (tokens, _) = lex(FileId(0), &text);
        let Arranged { tokens, diagnostics, .. } = arrange(FileId(0), &text, &tokens);
        assert!(tokens.is_empty());
        let list = diagnostics.into_sorted();
        assert_eq!((list.len(), list[0].span.lo as usize), (1, MAX_DEPTH));
    }

    /// Every closer looks for its opener without walking the open brackets.
    #[test]
    fn wrong_closers_cost_the_same_at_any_depth() {
        let text = format!("{}{}", "(".repeat(100_000), "]".repeat(500_000));
        assert_eq!(arranged(&text).1, MAX_REPORTED + 1);
    }
}
