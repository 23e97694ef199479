//! Which functions are worth the check of moves: only those where a variable that may be given away is named again, or
//! is given away in a loop that it does not belong to. Most functions do neither, and need not be lowered.
//!
//! This only sorts out: whatever may be a move counts as one, and every mention as a use.

use super::is_copy;
use crate::hir::{Body, ExprId, ExprKind, Function, LocalId, Program, Stmt};
use crate::names::Name;
use crate::source::FileId;
use crate::syntax::ast::Mode;

/// What a walk over a body found out about a variable.
#[derive(Clone, Copy, Default)]
struct Seen {
    mentions: u32,
    /// Loops around its declaration.
    declared: u32,
    /// Loops around it where it is given away, the most of all places.
    given: Option<u32>,
}

/// Does an argument for the parameter leave the caller, if it is a variable? The standard library and the receiver of a
/// method take copies.
pub fn takes(callee: &Function, index: usize, library: FileId, receiver: Option<Name>) -> bool {
    callee.span.file != library && !(index == 0 && Some(callee.params[0].name) == receiver)
}

/// May a variable of the function be used after it was given away?
pub fn has_some(program: &Program, function: &Function, body: &Body, receiver: Option<Name>) -> bool {
    let library = program.adts[program.option.0 as usize].span.file;
    let mut seen = vec![Seen::default(); body.locals.len()];
    let mut work: Vec<(ExprId, u32)> = body.root.iter().map(|&root| (root, 0)).collect();
    while let Some((id, depth)) = work.pop() {
        let kind = &body.expr(id).kind;
        let inside = depth
            + u32::from(matches!(kind, ExprKind::While { .. } | ExprKind::ForEach { .. } | ExprKind::ForRange { .. }));
        kind.for_each_pat(&mut |pat| body.for_each_binding(pat, &mut |local| seen[local.0 as usize].declared = inside));
        let mut give = |value: ExprId| {
            if let Some(local) = whole_variable(body, value) {
                let given = &mut seen[local.0 as usize].given;
                *given = (*given).max(Some(depth));
            }
        };
        match kind {
            ExprKind::Local(local) => seen[local.0 as usize].mentions += 1,
            ExprKind::Call { function, args, .. } => {
                let callee = &program.functions[function.0 as usize];
                for (index, (&arg, param)) in args.iter().zip(&callee.params).enumerate() {
                    if matches!(param.mode, Mode::Own | Mode::Default) && takes(callee, index, library, receiver) {
                        give(arg);
                    }
                }
            }
            ExprKind::Block { stmts, .. } => {
                stmts.iter().for_each(|stmt| {
                    if let Stmt::Let { value, .. } = stmt {
                        give(*value)
                    }
                });
            }
            ExprKind::ForRange { var, .. } => seen[var.0 as usize].declared = inside,
            ExprKind::Closure(closure) => {
                closure.params.iter().for_each(|param| seen[param.0 as usize].declared = depth);
                for capture in &closure.captures {
                    seen[capture.inner.0 as usize].declared = depth;
                    let outer = &mut seen[capture.outer.0 as usize];
                    outer.mentions += 1;
                    outer.given = outer.given.max(Some(depth));
                }
            }
            ExprKind::Spawn(spawn) => {
                for capture in &spawn.captures {
                    seen[capture.inner.0 as usize].declared = depth;
                    seen[capture.outer.0 as usize].mentions += 1;
                }
            }
            _ => {}
        }
        kind.for_each_child(&mut |child| work.push((child, inside)));
    }
    for (&param, declared) in body.params.iter().zip(&function.params) {
        if matches!(declared.mode, Mode::Ref | Mode::Mut) {
            seen[param.0 as usize].given = None;
        }
    }
    seen.iter().zip(&body.locals).any(|(seen, local)| {
        let again = seen.given.is_some_and(|depth| seen.mentions > 1 || depth > seen.declared);
        again && !is_copy(&program.types, &program.adts, [program.option, program.result], local.ty)
    })
}

/// The variable that an expression is, as a whole.
fn whole_variable(body: &Body, mut value: ExprId) -> Option<LocalId> {
    loop {
        match body.expr(value).kind {
            ExprKind::Dyn { value: inner, .. } => value = inner,
            ExprKind::Local(local) => return Some(local),
            _ => return None,
        }
    }
}
