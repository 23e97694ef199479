//! Which expressions may change a variable of the function they stand in: assignments and calls with `mut` arguments,
//! and everything that contains one. A spawned block changes only copies, a closure nothing of
//! what it captured.
//!
//! Computed once per body, for all expressions: asking again for every operand of a deep tree would be quadratic.

use crate::hir::{Body, ExprId, ExprKind, FPart, Function, SelectArm, Stmt};
use crate::syntax::ast::Mode;

pub(super) fn compute(body: &Body, functions: &[Function]) -> Vec<bool> {
    let mut changes = vec![false; body.exprs.len()];
    // Parents come before their children in `order`.
    let mut order = Vec::new();
    let mut stack: Vec<ExprId> = body.root.into_iter().collect();
    while let Some(id) = stack.pop() {
        order.push(id);
        for_each_child(&body.expr(id).kind, &mut |child| stack.push(child));
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
            for_each_child(kind, &mut |child| answer |= changes[child.0 as usize]);
        }
        changes[id.0 as usize] = answer;
    }
    changes
}

fn for_each_child(kind: &ExprKind, f: &mut impl FnMut(ExprId)) {
    match kind {
        ExprKind::Error
        | ExprKind::Unit
        | ExprKind::Lit(_)
        | ExprKind::Local(_)
        | ExprKind::Function { .. }
        | ExprKind::Break
        | ExprKind::Continue => {}
        ExprKind::Call { args: items, .. } | ExprKind::Tuple(items) | ExprKind::List(items) => {
            items.iter().copied().for_each(f);
        }
        ExprKind::Construct { fields, .. } => fields.iter().for_each(|field| f(field.1)),
        ExprKind::Field(a, _)
        | ExprKind::Unary(_, a)
        | ExprKind::Dyn { value: a, .. }
        | ExprKind::Let { value: a, .. }
        | ExprKind::Parallel(a)
        | ExprKind::Await(a) => f(*a),
        ExprKind::Index(a, b)
        | ExprKind::Binary(_, a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::While { cond: a, body: b }
        | ExprKind::ForEach { iter: a, body: b, .. }
        | ExprKind::Assign { target: a, value: b }
        | ExprKind::AssignOp { target: a, value: b, .. } => {
            f(*a);
            f(*b);
        }
        ExprKind::If { cond, then, otherwise } => {
            f(*cond);
            f(*then);
            otherwise.iter().copied().for_each(f);
        }
        ExprKind::Match { value, arms } => {
            f(*value);
            for arm in arms {
                arm.guard.iter().copied().for_each(&mut *f);
                f(arm.body);
            }
        }
        ExprKind::Block { stmts, tail } => {
            for stmt in stmts {
                match stmt {
                    Stmt::Let { value, .. } => f(*value),
                    Stmt::Expr(value) => f(*value),
                }
            }
            tail.iter().copied().for_each(f);
        }
        ExprKind::ForRange { from, to, body, .. } => {
            f(*from);
            f(*to);
            f(*body);
        }
        ExprKind::Return(value) => value.iter().copied().for_each(f),
        ExprKind::Spawn(spawn) => f(spawn.body),
        ExprKind::Closure(closure) => f(closure.body),
        ExprKind::CallValue { callee, args } => {
            f(*callee);
            args.iter().copied().for_each(f);
        }
        ExprKind::Select(select) => {
            for arm in &select.arms {
                match arm {
                    SelectArm::Recv { channel, body, .. } => {
                        f(*channel);
                        f(*body);
                    }
                    SelectArm::Send { channel, value, body } => {
                        f(*channel);
                        f(*value);
                        f(*body);
                    }
                }
            }
            select.default.iter().copied().for_each(&mut *f);
            if let Some((ms, body)) = select.timeout {
                f(ms);
                f(body);
            }
        }
        ExprKind::FString(parts) => {
            for part in parts {
                if let FPart::Hole(hole) | FPart::Formatted(hole, _) = part {
                    f(*hole);
                }
            }
        }
    }
}
