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
use crate::hir::{FnId, Function, Program};
use crate::mir;
use crate::names::Names;
use crate::source::{FileId, Span};
use crate::threads;
use crate::types::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};

/// Work that is worth a thread, in expressions. While the compiler is being tested, nearly every program is.
const LEAST_EXPRS: usize = if cfg!(debug_assertions) { 16 } else { 4096 };

/// Checks a program, of which `found` is known already, with as many as `threads` threads if it is large. Functions of the
/// file `library` are the standard library's.
pub fn check(
    program: &mut Program,
    names: &Names,
    library: FileId,
    found: &Diagnostics,
    threads: usize,
) -> Diagnostics {
    let sizes = program.functions.iter().map(|f| match &f.body {
        Some(body) if f.span.file != library => body.exprs.len(),
        _ => 0,
    });
    let ranges = threads::split(sizes, threads, LEAST_EXPRS);
    let receiver = names.get("self");
    let simple = threads::each(ranges.clone(), |range| {
        let mut found = Simple { lent: Diagnostics::default(), returned: Diagnostics::default(), suspects: Vec::new() };
        for index in range {
            let (id, function) = (FnId(index as u32), &program.functions[index]);
            let body = function.body.as_ref().filter(|_| function.span.file != library);
            if let Some(body) = body {
                conflicts::check(program, names, library, body, &mut found.lent);
                returns::check(program, names, id, body, &mut found.returned);
            }
            let suspect = body.is_some_and(|body| suspects::has_some(program, function, body, receiver));
            found.suspects.push(suspect);
        }
        found
    });
    let mut out = Diagnostics::default();
    let (mut returned, mut suspects) = (Vec::new(), Vec::new());
    for found in simple {
        out.extend(found.lent);
        returned.push(found.returned);
        suspects.extend(found.suspects);
    }
    let errors = Errors::new(found, &out);
    returned.into_iter().for_each(|found| out.extend(found));

    let types = std::mem::take(&mut program.types);
    let lowering = mir::lower::Lowering::new(program, names);
    let wrong = threads::each(ranges, |range| {
        // Bodies are lowered only to be looked at, and so are the types that this makes: to have all of them in memory at
        // once costs more.
        let mut types = types.clone();
        let mut wrong = Vec::new();
        for index in range {
            let (function, suspect) = (&program.functions[index], suspects[index]);
            // While the compiler is being tested, all functions are checked.
            let wanted = suspect || (cfg!(debug_assertions) && function.span.file != library);
            if !wanted || errors.any_in(function) {
                continue;
            }
            let Some(body) = lowering.function(&mut types, FnId(index as u32)) else { continue };
            let before = wrong.len();
            wrong.extend(moves::find(&body).map(|found| (FnId(index as u32), found)));
            assert!(suspect || wrong.len() == before, "`suspects` sorts out too much");
        }
        wrong
    });
    program.types = types;
    wrong.iter().flatten().for_each(|(id, found)| out.push(found.report(program, names, *id)));
    out
}

/// What is found out about a range of functions as they are, and whether moves may be wrong in each.
struct Simple {
    lent: Diagnostics,
    returned: Diagnostics,
    suspects: Vec<bool>,
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
