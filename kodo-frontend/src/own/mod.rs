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
pub mod suspects;

use crate::diag::{Diagnostics, Severity};
use crate::hir::{Function, Program};
use crate::mir;
use crate::names::Names;
use crate::source::{FileId, Span};
use crate::types::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};

/// Checks a program, of which `found` is known already. Functions of the file `library` are the standard library's.
pub fn check(program: &mut Program, names: &Names, library: FileId, found: &Diagnostics) -> Diagnostics {
    let mut out = conflicts::check(program, names, library);
    let errors = Errors::new(found, &out);
    let receiver = names.get("self");
    let wanted: Vec<Worth> = (program.functions.iter())
        .map(|function| match &function.body {
            Some(body) if function.span.file != library && !errors.any_in(function) => {
                let suspect = suspects::has_some(program, function, body, receiver);
                if suspect { Worth::Checked } else { Worth::Known }
            }
            _ => Worth::Nothing,
        })
        .collect();
    let mut wrong = Vec::new();
    // Bodies are lowered only to be looked at: that is cheaper than to have all of them in memory at once. While the
    // compiler is being tested, those that need no check get one, too.
    mir::lower::lower_each(
        program,
        names,
        |id| match wanted[id.0 as usize] {
            Worth::Checked => true,
            Worth::Known => cfg!(debug_assertions),
            Worth::Nothing => false,
        },
        |id, body| {
            let before = wrong.len();
            wrong.extend(moves::find(&body).map(|found| (id, found)));
            assert!(wrong.len() == before || wanted[id.0 as usize] == Worth::Checked, "`suspects` sorts out too much");
        },
    );
    out.extend(returns::check(program, names, library));
    wrong.iter().for_each(|(id, found)| out.push(found.report(program, names, *id)));
    out
}

/// What the check of moves does with a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worth {
    Checked,
    /// It has no moves that could be wrong.
    Known,
    Nothing,
}

/// Where errors are: more reports about a function that has some may be noise.
struct Errors {
    /// Sorted by place.
    spans: Vec<Span>,
    /// The longest of them.
    longest: u32,
}

impl Errors {
    fn new(found: &Diagnostics, more: &Diagnostics) -> Errors {
        let errors = found.iter().chain(more.iter()).filter(|d| d.severity == Severity::Error);
        let mut spans: Vec<Span> = errors.map(|d| d.span).collect();
        spans.sort_unstable_by_key(|span| (span.file, span.lo));
        let longest = spans.iter().map(|span| span.hi - span.lo).max().unwrap_or(0);
        Errors { spans, longest }
    }

    fn any_in(&self, function: &Function) -> bool {
        let Some(body) = &function.body else { return true };
        let Span { file, lo, .. } = function.span;
        let end = body.root.map_or(function.span, |root| body.expr(root).span).hi;
        let first = self.spans.partition_point(|span| (span.file, span.lo) < (file, lo.saturating_sub(self.longest)));
        self.spans[first..].iter().take_while(|span| span.file == file && span.lo <= end).any(|span| span.hi >= lo)
    }
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
