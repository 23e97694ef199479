//! The words for a token that fits nowhere (E0100) and for a file that ends too early (E0101).
//!
//! The grammar knows every token that could have stood there, often forty. They are summed up: all that start an
//! expression are "an expression", what merely continues a finished expression goes unmentioned, and at most three
//! things are named. Before that come the mistakes that have an obvious remedy.

use super::ast::{Ast, Id, Node};
use super::layer::{Kind, starts_item};
use super::token::{T, Token};
use crate::diag::Diagnostic;
use crate::source::{FileId, Span};

/// What the broken entry is part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    File,
    Block,
    Module,
    /// Arms, fields, members.
    Entries(Kind),
    Paren,
    Hole,
}

/// Errors that come in rows where a brace is missing or too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Symptom {
    StatementInModule,
    ArmInBlock,
    KeywordAsEntry,
}

/// A token that does not fit, and its surroundings.
pub struct Found<'a> {
    pub file: FileId,
    pub text: &'a str,
    pub tokens: &'a [Token],
    /// Index of the token; their number at the end of the file.
    pub at: usize,
    /// Names of the grammar's terminals.
    pub expected: &'a [String],
    pub place: Place,
    /// The first token of the entry around it.
    pub entry: Option<usize>,
    /// The bracket around it.
    pub opener: Option<usize>,
    /// Between `if`, `while`, `match` or `in` and the body.
    pub in_condition: bool,
}

/// Message, help, and a replacement for the token if that is certain.
struct Remedy {
    message: String,
    help: String,
    fix: Option<(Span, String)>,
}

fn remedy(message: impl Into<String>, help: impl Into<String>) -> Option<Remedy> {
    Some(Remedy { message: message.into(), help: help.into(), fix: None })
}

pub fn explain(found: &Found<'_>) -> Diagnostic {
    let span = found.span();
    if let Some(remedy) = found.remedy() {
        let mut d = Diagnostic::error(found.code(), span, remedy.message).help(remedy.help);
        if let Some((span, text)) = remedy.fix {
            d = d.fix(format!("write `{text}`"), span, text);
        }
        return d;
    }
    let expected = found.expectation();
    if found.at_end() {
        let mut message = "the file ends too early".to_owned();
        let mut opener = None;
        if let Some(entry) = found.entry {
            message = format!("the file ends inside this `{}`", found.word(entry));
            opener = Some(entry);
        }
        let mut d = Diagnostic::error("E0101", span, message);
        if let Some(entry) = opener {
            d = d.secondary(found.span_of(entry), "it starts here");
        }
        d = d.help("write the rest of it, or remove it");
        return if expected.is_empty() { d } else { d.label(format!("expected {expected}")) };
    }
    let what = found.describe();
    let d = Diagnostic::error(
        "E0100",
        span,
        if expected.is_empty() {
            format!("{what} cannot stand here")
        } else {
            format!("expected {expected}, found {what}")
        },
    );
    let d = d.help(found.advice());
    if expected.is_empty() { d.label("this fits nowhere") } else { d.label(format!("expected {expected}")) }
}

/// A unit that parses by itself but is of the wrong sort for its place.
pub fn misplaced(ast: &Ast, root: Id, place: Place) -> Option<Diagnostic> {
    use Node::*;
    let item = match ast.node(root) {
        Error => return None,
        Module(..) | Meta(..) | Import(..) | Fn(..) | Sig(..) | Async(..) | Struct(..) | Enum(..) | Trait(..)
        | Impl(..) | Alias(..) | Actor(..) | Intent(..) | Invariant(..) | Test(..) | Describe(..) | Generics(..)
        | Attrs(..) | Pub(..) => true,
        _ => false,
    };
    let span = ast.span(root);
    match place {
        Place::Block if item => Some(item_in_block(span)),
        Place::Module if !item => Some(statement_in_module(span)),
        Place::Module if matches!(ast.node(root), Module(..)) => {
            let message = "a module cannot stand inside a module";
            Some(Diagnostic::error("E0100", span, message).help("a file holds one module"))
        }
        _ => None,
    }
}

fn item_in_block(span: Span) -> Diagnostic {
    Diagnostic::error("E0100", span, "a declaration cannot stand inside a function")
        .help("declare functions, types and imports outside of functions")
}

fn statement_in_module(span: Span) -> Diagnostic {
    Diagnostic::error("E0100", span, "a statement cannot stand in a module")
        .help("put it into a function; a file without `module` may hold statements")
}

impl Found<'_> {
    pub fn symptom(&self) -> Option<Symptom> {
        let kind = self.kind(self.at);
        match self.place {
            Place::Module if self.is_misplaced_statement() => Some(Symptom::StatementInModule),
            Place::File | Place::Block if kind == T::FatArrow => Some(Symptom::ArmInBlock),
            Place::Entries(_) if self.entry == Some(self.at) && self.is_keyword(self.at) => {
                Some(Symptom::KeywordAsEntry)
            }
            _ => None,
        }
    }

    /// Is a `{` missing here, and nothing else?
    pub fn lacks_brace(&self) -> bool {
        self.has("{") && !self.has("int") && !self.has("+") && self.kind(self.real()) != T::LBrace
    }

    fn is_misplaced_statement(&self) -> bool {
        self.entry == Some(self.real())
            && self.has("struct")
            && !self.has("let")
            && !starts_item(self.kind(self.real()))
    }

    fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn code(&self) -> &'static str {
        if self.at_end() { "E0101" } else { "E0100" }
    }

    fn has(&self, terminal: &str) -> bool {
        // lalrpop writes them with quotes.
        self.expected.iter().any(|e| e.trim_matches('"') == terminal)
    }

    fn kind(&self, at: usize) -> T {
        self.tokens.get(at).map_or(T::Eof, |t| t.kind)
    }

    /// Kind of the token `back` tokens before the found one.
    fn before(&self, back: usize) -> T {
        self.at.checked_sub(back).map_or(T::Sep, |at| self.kind(at))
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |t| &self.text[t.lo as usize..t.hi as usize])
    }

    fn span_of(&self, at: usize) -> Span {
        let end = self.text.len() as u32;
        self.tokens.get(at).map_or(Span::new(self.file, end, end), |t| Span::new(self.file, t.lo, t.hi))
    }

    /// A separator that the layer made from a line break stands at the next line's start: point at the end of the line
    /// before. One that it put between two tokens of a line stands for the second one.
    fn real(&self) -> usize {
        let at = self.at;
        let same_line = self.kind(at) == T::Sep
            && !self.is_semicolon(at)
            && self.tokens.get(at + 1).is_some_and(|next| !next.after_break);
        if same_line { at + 1 } else { at }
    }

    fn is_semicolon(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == T::Sep && self.text.as_bytes().get(t.lo as usize) == Some(&b';'))
    }

    /// Does a line end where something is still missing? Then the next line's first token is not to blame.
    fn line_ends(&self) -> bool {
        let at = self.at;
        let closes = matches!(self.kind(at), T::RBrace | T::RParen | T::RBracket);
        at > 0
            && self.place != Place::Paren
            && self.tokens.get(at).is_some_and(|t| t.after_break)
            && (closes || self.is_keyword(at))
            && !ends_operand(self.before(1))
            && !matches!(self.before(1), T::Sep | T::LBrace | T::LitBrace | T::Comma)
    }

    fn span(&self) -> Span {
        let at = self.real();
        if self.line_ends() {
            let end = self.tokens[at - 1].hi;
            return Span::new(self.file, end, end);
        }
        let span = self.span_of(at);
        if self.is_semicolon(at) {
            return Span { hi: span.lo + 1, ..span };
        }
        match self.kind(at) {
            T::Sep if at > 0 => Span { lo: self.tokens[at - 1].hi, hi: self.tokens[at - 1].hi, ..span },
            _ => span,
        }
    }

    fn describe(&self) -> String {
        let at = self.real();
        let word = self.word(at);
        match self.kind(at) {
            T::Eof => "the end of the file".into(),
            _ if self.line_ends() => "the end of the line".into(),
            _ if self.is_semicolon(at) => "`;`".into(),
            T::Sep => "the end of the line".into(),
            T::Ident => format!("the name `{word}`"),
            T::Int | T::Float => format!("the number `{word}`"),
            T::Str | T::FStart | T::FText => "a string".into(),
            T::HoleOpen => "a hole".into(),
            _ if word.starts_with(|c: char| c.is_alphabetic()) => format!("the keyword `{word}`"),
            _ => format!("`{word}`"),
        }
    }

    fn is_keyword(&self, at: usize) -> bool {
        !matches!(self.kind(at), T::Ident | T::FStart | T::FText | T::Sep)
            && self.word(at).starts_with(|c: char| c.is_alphabetic())
    }

    /// Do the found token and the one before it touch?
    fn touches(&self, at: usize) -> bool {
        at > 0 && at < self.tokens.len() && self.tokens[at - 1].hi == self.tokens[at].lo
    }

    /// What could have stood there, in a few words; empty if there is nothing sensible to say.
    fn expectation(&self) -> String {
        let has = |t: &str| self.has(t);
        let expression = has("int") && has("[");
        let statement = has("let") && has("while");
        let item = has("struct") && has("enum");
        let pattern = has("_") && has("true") && !expression;
        let type_ = has("dyn");
        let operand_done = has("+") && has("*");
        let mut parts: Vec<&str> = Vec::new();
        match (item, statement) {
            (true, true) => parts.push("a declaration or statement"),
            (true, false) => parts.push("a declaration"),
            (false, true) => parts.push("a statement"),
            _ if expression => parts.push("an expression"),
            _ if pattern => parts.push("a pattern"),
            _ if type_ => parts.push("a type"),
            _ if has("fn") && self.place == Place::Entries(Kind::Members) => parts.push("a method"),
            _ if has("id") && has("self") => parts.push("a parameter"),
            _ if has("id") => parts.push("a name"),
            _ => {}
        }
        let names = !parts.is_empty();
        let open = names && !operand_done;
        // After an operand nearly everything is possible: name what ends or goes on with the construct around it.
        let body = has("{") && !(open && (expression || statement));
        for (terminal, words, when) in [
            ("str", "a string", !expression && !pattern),
            ("{", if item { "" } else { "`{` to open the body" }, body),
            (",", "`,`", true),
            (")", "`)`", true),
            ("]", "`]`", true),
            ("}hole", "`}` to close the hole", true),
            (">", "`>`", !operand_done && !open),
            ("=>", "`=>`", true),
            ("in", "`in`", true),
            (":", "`:` and a type", !has(">") && self.place != Place::Entries(Kind::Literal) && !operand_done),
            (":", "`:` and a value", self.place == Place::Entries(Kind::Literal)),
            ("=", "`=` and a value", !operand_done && !has("+=")),
            ("(", "`(`", !open && !operand_done && !has("=") && !has("=>") && !has("in")),
            ("}", "`}`", !has("sep") || !statement),
            ("sep", "the end of the statement", !open),
            ("fn", "`fn`", !item && !expression && !names),
        ] {
            if when && !words.is_empty() && has(terminal) && !parts.contains(&words) {
                parts.push(words);
            }
        }
        parts.truncate(3);
        match parts.as_slice() {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} or {two}"),
            [one, two, three, ..] => format!("{one}, {two} or {three}"),
        }
    }

    /// One thing to try, where no mistake with a name of its own is seen.
    fn advice(&self) -> String {
        let kind = self.kind(self.real());
        let expression = self.has("int") && self.has("[");
        let previous = self.at.checked_sub(1).map_or("", |n| self.word(n));
        if expression {
            return "write a value here, or remove what comes before".into();
        }
        if self.before(2) == T::Fn || (self.has("{") && !self.has("+") && self.has("->")) {
            return "a function is `fn name(parameter: Type) -> Result { … }`".into();
        }
        if self.has("dyn") {
            return match kind {
                T::And | T::Star => "leave it out: values are copied, there are no references",
                T::LBracket => "a list type is `List<…>`",
                _ => "write a type: `Int`, `String`, `List<Int>`, …",
            }
            .into();
        }
        if self.place == Place::Entries(Kind::Arms) {
            return "an arm is `pattern => value`".into();
        }
        if self.has("self") && kind == T::And {
            return "write `self`, or `mut self` in a method that changes the value".into();
        }
        if self.place == Place::Entries(Kind::Fields) && self.has("(") {
            return "a variant is a name, or a name with the types it carries: `Circle(Float64)`".into();
        }
        if kind == T::Not && self.before(1) == T::Ident {
            return format!("there are no macros: write `{previous}(…)`");
        }
        if self.has("in") && !self.has("+") {
            return "write `for name in …`, with a range `a..b`, a list or a channel".into();
        }
        if self.has("{") {
            return "the body stands between `{` and `}`".into();
        }
        if self.has("=") && !self.has("+") && !self.has("sep") {
            return match kind {
                T::Comma => "for several names write `let (a, b) = …`",
                _ => "give it a value: `let name = value`",
            }
            .into();
        }
        if kind == T::LBrace && self.before(1) == T::Ident {
            return format!("a value of a struct is `{previous} {{ field: value }}`; otherwise begin a new line");
        }
        if self.place == Place::Paren && self.has(",") {
            return match kind {
                T::Colon | T::Assign => "write the values alone, separated by `,`",
                _ => "separate with `,`, or close the bracket",
            }
            .into();
        }
        if self.has("sep") || self.has("}") {
            return "begin a new line for the next statement, or remove this".into();
        }
        "remove it, or complete what comes before".into()
    }

    /// Mistakes with an obvious remedy.
    fn remedy(&self) -> Option<Remedy> {
        let at = self.real();
        let kind = self.kind(at);
        let word = self.word(at);
        let (previous, earlier) = (self.before(1), self.before(2));
        let operand = self.at.checked_sub(3).map_or("x", |n| self.word(n));
        let operand = if self.before(3) == T::Ident { operand } else { "x" };
        let expression = self.has("int") && self.has("[");

        // Operators of other languages.
        if kind == T::Plus && previous == T::Plus && self.touches(at) {
            let operand = self.at.checked_sub(2).filter(|&n| self.kind(n) == T::Ident).map_or("x", |n| self.word(n));
            return remedy("there is no `++`", format!("write `{operand} += 1`"));
        }
        if expression && previous == T::Minus && earlier == T::Minus && self.touches(self.at - 1) {
            return remedy("there is no `--`", format!("write `{operand} -= 1`"));
        }
        if kind == T::Assign && matches!(previous, T::EqEq | T::Ne) && self.touches(at) {
            let operator = if previous == T::EqEq { "==" } else { "!=" };
            return remedy(format!("there is no `{operator}=`"), format!("write `{operator}`"));
        }
        if kind == T::Assign && previous == T::Colon && self.touches(at) {
            return remedy("there is no `:=`", "declare a variable with `let x = …`");
        }
        let comment = |slash: usize| self.kind(slash) == T::Slash && self.kind(slash + 1) == T::Star;
        if comment(at) || at.checked_sub(1).is_some_and(comment) {
            return remedy("there is no `/* … */`", "comments start with `//` and end with their line");
        }
        if kind == T::Await {
            return remedy("`await` stands after the value", "write `value.await`");
        }
        if previous == T::Spawn && kind != T::LBrace && self.has("{") && !self.line_ends() && !self.at_end() {
            return remedy("expected `{` after `spawn`", "write `spawn { … }`");
        }
        let parameters = self.opener.is_some_and(|o| o >= 2 && self.kind(o - 2) == T::Fn);
        if kind == T::Assign && parameters && self.place == Place::Paren {
            return remedy(
                "a parameter has no default value",
                "pass the value in each call, or write a second function",
            );
        }
        if kind == T::Star && previous == T::Star && self.touches(at) {
            return remedy("there is no `**`", "multiply, or call a function of the `math` module");
        }
        if kind == T::Ident && matches!(word, "and" | "or") && ends_operand(previous) {
            let operator = if word == "and" { "&&" } else { "||" };
            let fix = Some((self.span_of(at), operator.to_owned()));
            return Some(Remedy { fix, ..remedy(format!("there is no `{word}`"), format!("write `{operator}`"))? });
        }
        if kind == T::Assign && self.in_condition {
            return Some(Remedy {
                fix: Some((self.span_of(at), "==".into())),
                ..remedy("an assignment cannot stand in a condition", "compare with `==`")?
            });
        }
        if kind == T::And && expression {
            return remedy(
                "there is no `&` before a value",
                "values are passed by name; a parameter may be `ref` or `mut`",
            );
        }
        let after_for = self.opener.is_some_and(|o| o > 0 && self.kind(o - 1) == T::For);
        if self.place == Place::Paren && after_for && (kind == T::Assign || self.is_semicolon(at)) {
            return remedy("a `for` loop has no header of three parts", "write `for i in 0..n { … }`");
        }
        if self.place == Place::Paren && self.is_semicolon(at) {
            return remedy("a `;` cannot stand inside brackets", "separate with `,`, or remove it");
        }
        if kind == T::HoleClose && previous == T::HoleOpen {
            return remedy("this hole is empty", "put an expression into it, or write `{{` and `}}` for braces");
        }
        if kind == T::EqEq && self.has("=") {
            let fix = Some((self.span_of(at), "=".to_owned()));
            return Some(Remedy { fix, ..remedy("expected `=` and a value, found `==`", "write `=`")? });
        }

        if kind == T::Ident && previous == T::Fn && self.place == Place::Block {
            return remedy(
                "a function cannot stand inside a function",
                "declare functions, types and imports outside of functions",
            );
        }
        if kind == T::Ident && previous == T::Ident && self.has(":") && !expression {
            let (before, entry) = (self.word(self.at - 1), self.place);
            let what = if entry == Place::Paren { "parameter" } else { "field" };
            if parameters || entry == Place::Entries(Kind::Fields) {
                let message = format!("expected `:` after the {what} `{before}`, found the name `{word}`");
                let type_first = before.starts_with(|c: char| c.is_ascii_uppercase())
                    || matches!(before, "int" | "string" | "float" | "bool" | "double" | "char");
                let (name, ty) = if type_first { (word, before) } else { (before, word) };
                return remedy(message, format!("write `{name}: {ty}`"));
            }
        }

        // Names and declarations.
        let after_let = previous == T::Let || (previous == T::Mut && earlier == T::Let);
        if after_let && self.has("id") {
            return if self.is_keyword(at) && !self.line_ends() {
                remedy(format!("`{word}` is a keyword and cannot be a name"), "choose another name")
            } else {
                remedy(format!("expected a name after `let`, found {}", self.describe()), "write `let name = value`")
            };
        }
        if self.has("id")
            && !expression
            && self.is_keyword(at)
            && !self.line_ends()
            && !self.has("self")
            && !self.has("fn")
        {
            return remedy(format!("`{word}` is a keyword and cannot be a name"), "choose another name");
        }
        let declares = |t: T| matches!(t, T::Fn | T::Struct | T::Enum | T::Trait | T::Module | T::Actor | T::Type);
        if declares(previous) && self.has("id") && !expression {
            let what = self.word(self.at - 1);
            return if self.is_keyword(at) && !self.line_ends() {
                remedy(format!("`{word}` is a keyword and cannot be a name"), "choose another name")
            } else {
                let found = self.describe();
                remedy(format!("expected a name after `{what}`, found {found}"), format!("write `{what} name`"))
            };
        }
        if self.has(":") && previous == T::Ident && self.place == Place::Paren && matches!(kind, T::Comma | T::RParen) {
            let name = self.word(self.at - 1);
            return remedy(format!("the parameter `{name}` has no type"), format!("write `{name}: Int`, say"));
        }
        if self.place == Place::Entries(Kind::Fields) && self.has(":") && previous == T::Ident {
            let name = self.word(self.at - 1);
            let meta = self.opener.is_some_and(|o| o > 0 && self.kind(o - 1) == T::Meta);
            let intent = self.opener.is_some_and(|o| o > 1 && self.kind(o - 2) == T::Intent);
            let help = match (meta, intent) {
                (true, _) => format!("write `{name}: \"…\"`"),
                (_, true) => format!("write `{name}: value`"),
                _ => format!("write `{name}: Int`, say"),
            };
            return remedy(format!("expected `:` after `{name}`, found {}", self.describe()), help);
        }
        if kind == T::Colon && previous == T::Ident && matches!(self.place, Place::File | Place::Block) {
            let question = self.at >= 3 && self.before(2) == T::Sep && self.before(3) == T::Question;
            if question {
                return remedy("there is no `… ? … : …`", "write `if condition { a } else { b }`");
            }
            if self.entry == Some(self.at - 1) {
                let name = self.word(self.at - 1);
                return remedy("a declaration starts with `let`", format!("write `let {name}: … = …`"));
            }
        }
        if self.has("->") && previous == T::RParen && !expression {
            match kind {
                T::Ident => {
                    return remedy(
                        format!("expected `->` before the result type `{word}`"),
                        format!("write `-> {word}`"),
                    );
                }
                T::Colon | T::FatArrow => {
                    let fix = Some((self.span_of(at), "->".to_owned()));
                    let message = format!("expected `->` before the result type, found `{word}`");
                    return Some(Remedy { fix, ..remedy(message, "write `->`")? });
                }
                _ => {}
            }
        }
        if self.place == Place::Entries(Kind::Arms) && self.has("=>") && matches!(kind, T::Arrow | T::Colon | T::Assign)
        {
            let fix = (kind != T::Assign).then(|| (self.span_of(at), "=>".to_owned()));
            let message = format!("expected `=>` in this arm, found `{word}`");
            return Some(Remedy { fix, ..remedy(message, "an arm is `pattern => value`")? });
        }

        // Something in the wrong place.
        if kind == T::Else && !self.has("else") {
            return remedy("this `else` belongs to no `if`", "write `if condition { … } else { … }`");
        }
        if self.place == Place::Block && self.has("let") && starts_item(kind) {
            return remedy(
                "a declaration cannot stand inside a function",
                "declare functions, types and imports outside of functions",
            );
        }
        if self.place == Place::Module && self.is_misplaced_statement() {
            return remedy(
                "a statement cannot stand in a module",
                "put it into a function; a file without `module` may hold statements",
            );
        }
        None
    }
}

/// May an operand end with this token?
fn ends_operand(t: T) -> bool {
    use T::*;
    matches!(
        t,
        Ident
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
            | Await
            | Error
    )
}
