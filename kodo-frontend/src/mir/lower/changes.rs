//! Which expressions may change a variable of the function they stand in: assignments and calls with `mut` arguments,
//! and everything that contains one. A spawned block changes only copies, a closure nothing of
//! what it captured.
//!
//! Computed once per body, for all expressions: asking again for every operand of a deep tree would be quadratic.

use crate::hir::{Body, ExprId, ExprKind, Function};
use crate::syntax::ast::Mode;

pub(super) fn compute(body: &Body, functions: &[Function]) -> Vec<bool> {
    let mut changes = vec![false; body.exprs.len()];
    // Parents come before their children in `order`.
    let mut order = Vec::new();
    let mut stack: Vec<ExprId> = body.root.into_iter().collect();
    while let Some(id) = stack.pop() {
        order.push(id);
        body.expr(id).kind.for_each_child(&mut |child| stack.push(child));
    }
    for &id in order.iter().rev() {
        let kind = &body.expr(id).kind;
        let mut answer = match kind {
            ExprKind::Assign { .. } | ExprKind::AssignOp { .. } => true,
            ExprKind::Call { function, .. } => {
                let function = &functions[function.0 as usize];
                match function.intrinsic {
                    Some(intrinsic) => intrinsic.args().contains('m'),
                    None => function.params.iter().any(|param| param.mode == Mode::Mut),
                }
            }
            _ => false,
        };
        if !matches!(kind, ExprKind::Spawn(_) | ExprKind::Closure(_)) {
            kind.for_each_child(&mut |child| answer |= changes[child.0 as usize]);
        }
        changes[id.0 as usize] = answer;
    }
    changes
}
