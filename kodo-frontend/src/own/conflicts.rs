//! Arguments of one call that get in each other's way (E0242, E0245, E0246, E0247).
//!
//! A `mut` argument lends the caller's place for the duration of the call. Whoever else is given that place, a part of it
//! or what it is a part of, by `mut` or `ref`, would see it change under its hands; generated code relies on `mut`
//! parameters being the only way to their place. Places are compared, not names: `f(p.x, p.y)` is fine. Two elements of
//! one list may be the same one.
//!
//! Operations of the standard library take their `ref` arguments as copies where that matters (`list_push(l, l[0])`), so
//! only their `mut` arguments can meet.

use super::is_copy;
use crate::diag::{Diagnostic, Diagnostics};
use crate::hir::{Body, ExprId, ExprKind, FnId, LocalId, Program};
use crate::names::Names;
use crate::source::{FileId, Span};
use crate::syntax::ast::Mode;

/// One step from a variable to a place in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Field(u32),
    Element,
}

/// An argument that is a place.
struct Lent {
    local: LocalId,
    path: Vec<Step>,
    mode: Mode,
    span: Span,
}

impl Lent {
    fn is_borrow(&self) -> bool {
        matches!(self.mode, Mode::Ref | Mode::Mut)
    }
}

/// Checks every call in a body; functions of the file `library` are the standard library's.
pub fn check(program: &Program, names: &Names, library: FileId, body: &Body, out: &mut Diagnostics) {
    for expr in &body.exprs {
        if let ExprKind::Call { function, args, .. } = &expr.kind {
            let builtin = program.functions[function.0 as usize].span.file == library;
            call(program, names, body, *function, args, builtin, out);
        }
    }
}

fn call(
    program: &Program,
    names: &Names,
    body: &Body,
    function: FnId,
    args: &[ExprId],
    builtin: bool,
    out: &mut Diagnostics,
) {
    let callee = &program.functions[function.0 as usize];
    let mut lent: Vec<Lent> = Vec::new();
    for (param, &arg) in callee.params.iter().zip(args) {
        let moved = match param.mode {
            Mode::Ref if builtin => continue,
            Mode::Ref | Mode::Mut => false,
            // A move is of a whole variable; what is a copy anyway conflicts with nothing.
            Mode::Own | Mode::Default
                if builtin
                    || is_copy(&program.types, &program.adts, [program.option, program.result], body.expr(arg).ty) =>
            {
                continue;
            }
            Mode::Own | Mode::Default => true,
        };
        let Some(place) = place(body, arg, param.mode) else { continue };
        if moved && !place.path.is_empty() {
            continue;
        }
        if let Some(other) = lent.iter().find(|other| conflict(other, &place)) {
            out.push(report(names.text(body.local(place.local).name), &callee.display_name, other, &place));
        }
        lent.push(place);
    }
}

fn place(body: &Body, mut expr: ExprId, mode: Mode) -> Option<Lent> {
    let span = body.expr(expr).span;
    let mut path = Vec::new();
    loop {
        match &body.expr(expr).kind {
            ExprKind::Local(local) => {
                path.reverse();
                return Some(Lent { local: *local, path, mode, span });
            }
            ExprKind::Field(of, n) => {
                path.push(Step::Field(*n));
                expr = *of;
            }
            ExprKind::Index(of, _) => {
                path.push(Step::Element);
                expr = *of;
            }
            _ => return None,
        }
    }
}

fn conflict(a: &Lent, b: &Lent) -> bool {
    let overlap = a.local == b.local && a.path.iter().zip(&b.path).all(|(a, b)| a == b);
    // Two moves are the concern of whoever follows values from statement to statement.
    overlap && (a.is_borrow() || b.is_borrow()) && !(a.mode == Mode::Ref && b.mode == Mode::Ref)
}

fn report(variable: &str, callee: &str, first: &Lent, second: &Lent) -> Diagnostic {
    let held = match first.mode {
        Mode::Mut => "changed through here",
        Mode::Ref => "read through here",
        Mode::Own | Mode::Default => "given away here",
    };
    let (code, message, help) = match (first.mode, second.mode) {
        (Mode::Mut, Mode::Mut) => (
            "E0247",
            format!("`{variable}` is lent twice to `{callee}`, which may change it through both"),
            "pass two different variables, or a copy of one of them",
        ),
        (Mode::Ref, Mode::Mut) => (
            "E0245",
            format!("`{variable}` is lent to `{callee}` to be read, and again to be changed"),
            "copy what is only read into a variable of its own first",
        ),
        (Mode::Mut, Mode::Ref) => (
            "E0246",
            format!("`{variable}` is lent to `{callee}` to be changed, and again to be read"),
            "copy what is only read into a variable of its own first",
        ),
        _ => (
            "E0242",
            format!("`{variable}` is given away to `{callee}` and lent to it in the same call"),
            "lend it both times (`ref`), or give away a copy",
        ),
    };
    Diagnostic::error(code, second.span, message).label("and here").secondary(first.span, held).help(help)
}
