//! What a body does with the variables of the program, beside its statements: lowering records it block by block, the
//! check of moves (`own::moves`) reads it.
//!
//! A statement names places, and one span for all of them; a report about a variable needs the place where the variable
//! is named, and why its value goes elsewhere. Only what can be moved is recorded: variables of the standard library's
//! functions, borrowed ones and those of types that are copied anyway are left out.

use crate::hir::{FnId, LocalId};
use crate::names::Name;
use crate::source::Span;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Use {
    pub variable: LocalId,
    /// Where the variable is named.
    pub span: Span,
    pub action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It must have a value.
    Read,
    /// It must have a value, which a closure takes: a `Give` follows.
    Capture,
    /// Its value is somewhere else from here on. What gave it away read it before.
    Give(Reason),
    /// It has a value from here on.
    Set,
}

/// Where a value went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// To this parameter.
    Argument(FnId, u32),
    /// To this variable.
    Let(Name),
    /// To the variables of a pattern.
    TakenApart,
    Closure,
}
