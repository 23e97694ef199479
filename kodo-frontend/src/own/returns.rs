//! Lent parameters that a function gives back as they are (E0241).
//!
//! `ref` and `mut` say that the caller keeps the variable; a function that returns it says that the caller gets it. What
//! is read out of a lent parameter may be returned, and so may a copy; a plain parameter that is `mut` only because the
//! function changes it may be too.

use crate::diag::{Diagnostic, Diagnostics};
use crate::hir::{Body, ExprId, ExprKind, FnId, LocalId, Program};
use crate::names::Names;
use crate::source::Span;
use crate::syntax::ast::Mode;
use crate::types::ty::Ty;

/// Checks a function.
pub fn check(program: &Program, names: &Names, id: FnId, body: &Body, out: &mut Diagnostics) {
    let function = &program.functions[id.0 as usize];
    if function.result == Ty::UNIT {
        return;
    }
    let lent = |local: &LocalId| {
        let index = body.params.iter().position(|p| p == local)?;
        let mode = function.params[index].mode;
        let written = !program.inferred_mut.contains(&(id, index));
        (written && matches!(mode, Mode::Ref | Mode::Mut)).then_some((index, mode))
    };
    for (local, span) in given_back(body) {
        let Some((index, mode)) = lent(&local) else { continue };
        let name = names.text(body.local(local).name);
        let word = if mode == Mode::Ref { "ref" } else { "mut" };
        let help = format!("return a copy, `{name}.clone()`, or take the parameter without `{word}`");
        out.push(
            Diagnostic::error("E0241", span, format!("the `{word}` parameter `{name}` is returned"))
                .label("the caller has it already")
                .secondary(function.params[index].span, format!("lent with `{word}` here"))
                .help(help.clone())
                .fix(help, span, format!("{name}.clone()")),
        );
    }
}

/// Is the variable what the function returns, on some path?
pub fn gives_back(body: &Body, local: LocalId) -> bool {
    given_back(body).iter().any(|found| found.0 == local)
}

pub fn is_captured(body: &Body, local: LocalId) -> bool {
    body.exprs.iter().any(|expr| match &expr.kind {
        ExprKind::Closure(closure) => closure.captures.iter().any(|c| c.outer == local),
        ExprKind::Spawn(spawn) => spawn.captures.iter().any(|c| c.outer == local),
        _ => false,
    })
}

/// The variables that are values of the function as a whole: after `return`, or at its end. Inside of closures and
/// spawned blocks there are only copies.
fn given_back(body: &Body) -> Vec<(LocalId, Span)> {
    let returns = body.exprs.iter().filter_map(|e| match e.kind {
        ExprKind::Return(value) => value,
        _ => None,
    });
    let mut work: Vec<ExprId> = returns.chain(body.root).collect();
    let mut found = Vec::new();
    while let Some(id) = work.pop() {
        let expr = body.expr(id);
        match &expr.kind {
            ExprKind::Local(local) => found.push((*local, expr.span)),
            ExprKind::Block { tail, .. } => work.extend(tail),
            ExprKind::If { then, otherwise, .. } => {
                work.push(*then);
                work.extend(otherwise);
            }
            ExprKind::Match { arms, .. } => work.extend(arms.iter().map(|arm| arm.body)),
            _ => {}
        }
    }
    found
}
