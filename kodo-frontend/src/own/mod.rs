//! Ownership: what a program may do with a variable while something else holds it, or has taken its value.
//!
//! `conflicts` looks at one call at a time: a variable cannot be lent out twice if one of the borrowers may change it.
//! `returns` finds lent parameters that a function gives back as they are. `moves` follows values from statement to
//! statement, on the control-flow graph of MIR: a variable whose value went elsewhere has none.
//!
//! None of this is needed for memory safety: values are counted and copied on write, whatever the program does with
//! them. The rules say who has a value, so that readers know, and so that its last holder can change it in place.

pub mod conflicts;
pub mod moves;
pub mod returns;

use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::hir::{Function, Program};
use crate::mir::{self, Body};
use crate::names::Names;
use crate::source::FileId;
use crate::types::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};

/// Checks a program, of which `found` is known already. Functions of the file `library` are the standard library's.
/// The functions that were lowered for the check come along, by `FnId`.
pub fn check(
    program: &mut Program,
    names: &Names,
    library: FileId,
    found: &Diagnostics,
) -> (Diagnostics, Vec<Option<Body>>) {
    let mut out = conflicts::check(program, names, library);
    let mut bodies = mir::lower::lower_where(program, names, |_, function| {
        function.span.file != library && !found.iter().chain(out.iter()).any(|d| is_error_in(d, function))
    });
    out.extend(returns::check(program, names, library));
    out.extend(moves::check(program, names, &bodies));
    bodies.iter_mut().flatten().for_each(moves::forget);
    (out, bodies)
}

/// Is it an error in the function? Then more reports about it may be noise.
fn is_error_in(diagnostic: &Diagnostic, function: &Function) -> bool {
    let Some(body) = &function.body else { return true };
    let end = body.root.map_or(function.span, |root| body.expr(root).span);
    let span = diagnostic.span;
    let inside = span.file == function.span.file && function.span.lo <= span.hi && span.lo <= end.hi;
    diagnostic.severity == Severity::Error && inside
}

/// Types whose variables keep their value when it is given away: numbers, Bool, `()`, functions, channels, and the
/// collections of the standard library. Its `Option` and `Result` (`moved`) are moved as the program's own types are.
pub fn is_copy(types: &Types, adts: &[Adt], moved: [AdtId; 2], ty: Ty) -> bool {
    match types.kind(ty) {
        TyKind::App(TyCon::Adt(id), _) => {
            !moved.contains(id) && adts[id.0 as usize].span.file == adts[moved[0].0 as usize].span.file
        }
        TyKind::String
        | TyKind::Tuple(_)
        | TyKind::App(TyCon::Future, _)
        | TyKind::Param(_)
        | TyKind::Assoc(..)
        | TyKind::Dyn(_) => false,
        _ => true,
    }
}
