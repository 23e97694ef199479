//! The typed tree. Every name is resolved, every type known, sugar (`?`, `??`, `is`, `?.`, compound
//! assignment) already expanded. Trees live in vectors owned by the body, so depth costs nothing to drop.
//!
//! A body whose program has errors is never lowered, so lowering sees no `Error` nodes.

mod visit;

use crate::mir::Intrinsic;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::Mode;
#[cfg(doc)]
use crate::types::format;
use crate::types::format::Format;
use crate::types::traits::TraitId;
use crate::types::ty::{Adt, AdtId, Ty, Types};
use rustc_hash::FxHashSet;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FnId(pub u32);
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExprId(pub u32);
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PatId(pub u32);

/// A whole checked program: the user's files and the standard library.
pub struct Program {
    pub types: Types,
    pub adts: Vec<Adt>,
    pub functions: Vec<Function>,
    /// `None` if there is none (reported already unless only checking a library).
    pub main: Option<FnId>,
    /// The prelude's `Option`; variant 0 is `Some`, 1 is `None`.
    pub option: AdtId,
    /// The prelude's `Result`; variant 0 is `Ok`, 1 is `Err`.
    pub result: AdtId,
    /// Fields (of a variant) through which a type contains itself: they hold a cell, which is a list of one element, and
    /// their type in `adts` says so. Expressions and patterns speak of what is in it.
    pub cells: FxHashSet<(AdtId, u32, u32)>,
    /// Parameters (by index) written without a mode that are `mut` because their function changes them.
    pub inferred_mut: FxHashSet<(FnId, usize)>,
}

pub struct Function {
    pub name: Name,
    /// As shown in messages and backtraces (`Point.length` for a method).
    pub display_name: String,
    pub span: Span,
    pub generics: Vec<Name>,
    pub params: Vec<Param>,
    /// What the body returns; for an `async fn` the call's type is `Future<result>`.
    pub result: Ty,
    pub is_async: bool,
    /// Calls become this operation; such a function has no body.
    pub intrinsic: Option<Intrinsic>,
    pub body: Option<Body>,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: Name,
    pub span: Span,
    pub ty: Ty,
    /// `Default` is `Own`. `Ref`: borrowed for the call. `Mut`: the caller's variable, by reference.
    pub mode: Mode,
}

/// A variable, parameter or capture. Spawned blocks keep their locals in the same table.
#[derive(Clone, Debug)]
pub struct Local {
    pub name: Name,
    pub span: Span,
    pub ty: Ty,
    pub mutable: bool,
}

#[derive(Default)]
pub struct Body {
    /// One local per parameter, in order.
    pub params: Vec<LocalId>,
    pub locals: Vec<Local>,
    pub exprs: Vec<Expr>,
    pub pats: Vec<Pat>,
    /// A block; its value is the function's result (already unified with it, or never).
    pub root: Option<ExprId>,
}

pub struct Expr {
    pub kind: ExprKind,
    pub ty: Ty,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Not,
    Neg,
    BitNot,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Lit {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(String),
}

pub enum ExprKind {
    Error,
    Unit,
    Lit(Lit),
    Local(LocalId),
    /// Arguments are in parameter order and evaluated left to right; `mut` arguments are places. The function may be a
    /// method declared in a trait: its first type argument says whose.
    Call {
        function: FnId,
        type_args: Vec<Ty>,
        args: Vec<ExprId>,
    },
    /// A named function as a value.
    Function {
        function: FnId,
        type_args: Vec<Ty>,
    },
    Closure(Box<Closure>),
    /// Calls a function value. The callee is evaluated before the arguments.
    CallValue {
        callee: ExprId,
        args: Vec<ExprId>,
    },
    /// Struct literal or enum constructor: field index and value, in source order; every field once.
    Construct {
        adt: AdtId,
        variant: u32,
        fields: Vec<(u32, ExprId)>,
    },
    /// A value of a type that implements the trait becomes one of `dyn` of it.
    Dyn {
        value: ExprId,
        of: TraitId,
    },
    Tuple(Vec<ExprId>),
    List(Vec<ExprId>),
    /// Field of a struct, or element of a tuple.
    Field(ExprId, u32),
    /// `list[index]`; panics out of range.
    Index(ExprId, ExprId),
    /// Strict operators. Operands have equal types: Int, Float, Bool (`==`, `!=`), String (`+` and comparisons).
    Binary(BinaryOp, ExprId, ExprId),
    /// `&&` and `||` evaluate the right side only when needed.
    And(ExprId, ExprId),
    Or(ExprId, ExprId),
    Unary(UnaryOp, ExprId),
    /// The condition may be (a chain of `&&` over) `Let`.
    If {
        cond: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
    },
    /// `let pattern = value` as a condition: true if it matched; its bindings are in scope of the guarded block.
    Let {
        pat: PatId,
        value: ExprId,
    },
    Match {
        value: ExprId,
        arms: Vec<Arm>,
    },
    Block {
        stmts: Vec<Stmt>,
        tail: Option<ExprId>,
    },
    While {
        cond: ExprId,
        body: ExprId,
    },
    ForRange {
        var: LocalId,
        from: ExprId,
        to: ExprId,
        inclusive: bool,
        body: ExprId,
    },
    /// Over a `List` (a snapshot of it) or a `Channel` (until closed and drained); told by the type of `iter`.
    ForEach {
        pat: PatId,
        iter: ExprId,
        body: ExprId,
    },
    Break,
    Continue,
    Return(Option<ExprId>),
    /// The target is a place: `Local`, or `Field`/`Index` of a place. Yields `()`.
    Assign {
        target: ExprId,
        value: ExprId,
    },
    /// `target op= value`; the target is evaluated once.
    AssignOp {
        op: BinaryOp,
        target: ExprId,
        value: ExprId,
    },
    Spawn(Box<Spawn>),
    /// Direct spawns in it (not inside other spawns) have `parallel: true`.
    Parallel(ExprId),
    Select(Box<Select>),
    Await(ExprId),
    /// Text and holes; plain holes are numbers, Bool or String.
    FString(Vec<FPart>),
}

pub enum FPart {
    Text(String),
    Hole(ExprId),
    /// A number, Bool or String in a format; anything if the format is [`Kind::Debug`](format::Kind).
    Formatted(ExprId, Format),
}

pub struct Arm {
    pub pat: PatId,
    pub guard: Option<ExprId>,
    pub body: ExprId,
}

pub enum Stmt {
    /// Irrefutable pattern.
    Let {
        pat: PatId,
        value: ExprId,
        span: Span,
    },
    Expr(ExprId),
}

pub struct Spawn {
    pub captures: Vec<Capture>,
    pub body: ExprId,
    /// Type of the block's value; the expression's own type is `Future<result>` (or `()` if detached).
    pub result: Ty,
    /// A statement: nobody will await it.
    pub detached: bool,
    /// Directly inside `parallel`: on an OS thread of its own.
    pub parallel: bool,
}

/// A variable that a spawned block or a closure copies when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Capture {
    pub outer: LocalId,
    /// Holds the copy inside.
    pub inner: LocalId,
    /// Where it is first named inside.
    pub at: Span,
}

/// A function with what it copied when it was made.
pub struct Closure {
    /// The copies are only read.
    pub captures: Vec<Capture>,
    pub params: Vec<LocalId>,
    pub body: ExprId,
    pub result: Ty,
}

pub struct Select {
    pub arms: Vec<SelectArm>,
    pub default: Option<ExprId>,
    /// Milliseconds and block.
    pub timeout: Option<(ExprId, ExprId)>,
}

pub enum SelectArm {
    Recv { channel: ExprId, pat: PatId, body: ExprId },
    Send { channel: ExprId, value: ExprId, body: ExprId },
}

pub struct Pat {
    pub kind: PatKind,
    pub ty: Ty,
    pub span: Span,
}

pub enum PatKind {
    Error,
    Wild,
    /// Binds a copy of the value; with a sub-pattern (`x @ p`) only if that matches.
    Bind(LocalId, Option<PatId>),
    Lit(Lit),
    /// Integers, inclusive.
    Range(i64, i64),
    /// Struct or enum variant: one pattern per field, in field order.
    Variant {
        adt: AdtId,
        variant: u32,
        fields: Vec<PatId>,
    },
    Tuple(Vec<PatId>),
    Or(Vec<PatId>),
}

impl Body {
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
    pub fn pat(&self, id: PatId) -> &Pat {
        &self.pats[id.0 as usize]
    }
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }
    pub fn add_expr(&mut self, kind: ExprKind, ty: Ty, span: Span) -> ExprId {
        self.exprs.push(Expr { kind, ty, span });
        ExprId(self.exprs.len() as u32 - 1)
    }
    pub fn add_pat(&mut self, kind: PatKind, ty: Ty, span: Span) -> PatId {
        self.pats.push(Pat { kind, ty, span });
        PatId(self.pats.len() as u32 - 1)
    }
    pub fn add_local(&mut self, local: Local) -> LocalId {
        self.locals.push(local);
        LocalId(self.locals.len() as u32 - 1)
    }
}
