//! Token kinds. logos makes the scanner for everything but the inside of strings, which `lexer` scans by hand.

use logos::Logos;

#[derive(Logos, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[logos(skip r"[ \t\r]+")]
#[logos(skip(r"//[^\n]*", allow_greedy = true))]
pub enum T {
    /// Never leaves the lexer: it becomes `Token::after_break` of the next token.
    #[regex(r"\n[ \t\r\n]*")]
    Newline,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Ident,
    #[token("_", priority = 3)]
    Underscore,
    #[regex(r"[0-9][0-9_]*")]
    #[regex(r"0x[0-9A-Fa-f_]+")]
    #[regex(r"0b[01_]+")]
    #[regex(r"0o[0-7_]+")]
    Int,
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*([eE][+-]?[0-9][0-9_]*)?")]
    #[regex(r"[0-9][0-9_]*[eE][+-]?[0-9][0-9_]*")]
    Float,
    /// A whole string literal; logos sees the opening quote only, so that an unterminated one costs its line only.
    #[token("\"")]
    Str,
    /// `f"`
    #[token("f\"")]
    FStart,
    /// Text of an f-string between holes, and the format of a hole. Made by hand, like the four after it.
    FText,
    HoleOpen,
    /// The `:` before a hole's format.
    HoleFormat,
    HoleClose,
    FEnd,

    #[token("module")]
    Module,
    #[token("meta")]
    Meta,
    #[token("fn")]
    Fn,
    #[token("let")]
    Let,
    #[token("mut")]
    Mut,
    #[token("if")]
    If,
    #[token("else")]
    Else,
    #[token("return")]
    Return,
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[token("requires")]
    Requires,
    #[token("ensures")]
    Ensures,
    #[token("invariant")]
    Invariant,
    #[token("intent")]
    Intent,
    #[token("struct")]
    Struct,
    #[token("enum")]
    Enum,
    #[token("match")]
    Match,
    #[token("import")]
    Import,
    #[token("from")]
    From,
    #[token("while")]
    While,
    #[token("for")]
    For,
    #[token("trait")]
    Trait,
    #[token("impl")]
    Impl,
    #[token("self")]
    SelfValue,
    #[token("own")]
    Own,
    #[token("ref")]
    Ref,
    #[token("is")]
    Is,
    #[token("async")]
    Async,
    #[token("await")]
    Await,
    #[token("spawn")]
    Spawn,
    #[token("parallel")]
    Parallel,
    #[token("select")]
    Select,
    #[token("actor")]
    Actor,
    #[token("type")]
    Type,
    #[token("pub")]
    Pub,
    #[token("break")]
    Break,
    #[token("continue")]
    Continue,

    // Contextual words: identifiers outside their own construct.
    #[token("in")]
    In,
    #[token("dyn")]
    Dyn,
    #[token("test")]
    Test,
    #[token("describe")]
    Describe,
    #[token("setup")]
    Setup,
    #[token("teardown")]
    Teardown,
    #[token("forall")]
    Forall,

    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("=")]
    Assign,
    #[token("+=")]
    PlusAssign,
    #[token("-=")]
    MinusAssign,
    #[token("*=")]
    StarAssign,
    #[token("/=")]
    SlashAssign,
    #[token("%=")]
    PercentAssign,
    #[token("&=")]
    AndAssign,
    #[token("|=")]
    OrAssign,
    #[token("^=")]
    CaretAssign,
    #[token("<<=")]
    ShlAssign,
    #[token(">>=")]
    ShrAssign,
    #[token("==")]
    EqEq,
    #[token("!=")]
    Ne,
    #[token("<")]
    Lt,
    #[token(">")]
    Gt,
    /// A `>` that touches another one: closes a type list, or starts a shift. Made by the lexer.
    GtJoint,
    #[token("<=")]
    Le,
    #[token(">=")]
    Ge,
    #[token("<<")]
    Shl,
    #[token("&&")]
    AndAnd,
    #[token("||")]
    OrOr,
    #[token("&")]
    And,
    #[token("|")]
    Or,
    #[token("^")]
    Caret,
    #[token("~")]
    Tilde,
    #[token("!")]
    Not,
    #[token("?.")]
    QuestionDot,
    #[token("??")]
    QuestionQuestion,
    #[token("?")]
    Question,
    #[token("->")]
    Arrow,
    #[token("::")]
    PathSep,
    #[token("=>")]
    FatArrow,
    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token("[")]
    LBracket,
    #[token("]")]
    RBracket,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(";")]
    Semi,
    #[token("..")]
    DotDot,
    #[token("..=")]
    DotDotEq,
    #[token(".")]
    Dot,
    #[token("@")]
    At,

    /// Ends a statement or entry. Made by the layer, from a line break or a `;`.
    Sep,
    /// The `{` of a struct literal. Made by the layer.
    LitBrace,
    /// Something that is no token, reported by the lexer; or what recovery put in place of something broken.
    Error,
    /// Stands for a statement or item that recovery parses by itself.
    Cut,
    Eof,
}

/// A token with its bytes `lo..hi`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    pub lo: u32,
    pub hi: u32,
    pub kind: T,
    /// A line break stands before this token.
    pub after_break: bool,
}
