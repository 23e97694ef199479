//! Walks over bodies.

use super::{Body, ExprId, ExprKind, FPart, LocalId, PatId, PatKind, SelectArm, Stmt};
use crate::types::ty::Ty;

impl ExprKind {
    /// The expressions directly in it, in the order in which they are written.
    pub fn for_each_child(&self, f: &mut impl FnMut(ExprId)) {
        match self {
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

    /// The patterns directly in it.
    pub fn for_each_pat(&self, f: &mut impl FnMut(PatId)) {
        match self {
            ExprKind::Let { pat, .. } | ExprKind::ForEach { pat, .. } => f(*pat),
            ExprKind::Match { arms, .. } => arms.iter().for_each(|arm| f(arm.pat)),
            ExprKind::Block { stmts, .. } => {
                for stmt in stmts {
                    if let Stmt::Let { pat, .. } = stmt {
                        f(*pat);
                    }
                }
            }
            ExprKind::Select(select) => {
                for arm in &select.arms {
                    if let SelectArm::Recv { pat, .. } = arm {
                        f(*pat);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Body {
    /// Replaces every type in the body.
    pub fn map_types(&mut self, f: impl Fn(Ty) -> Ty) {
        self.locals.iter_mut().for_each(|local| local.ty = f(local.ty));
        self.pats.iter_mut().for_each(|pat| pat.ty = f(pat.ty));
        for expr in &mut self.exprs {
            expr.ty = f(expr.ty);
            match &mut expr.kind {
                ExprKind::Call { type_args, .. } | ExprKind::Function { type_args, .. } => {
                    type_args.iter_mut().for_each(|ty| *ty = f(*ty));
                }
                ExprKind::Closure(closure) => closure.result = f(closure.result),
                ExprKind::Spawn(spawn) => spawn.result = f(spawn.result),
                _ => {}
            }
        }
    }

    /// The variables that a pattern binds.
    pub fn for_each_binding(&self, pat: PatId, f: &mut impl FnMut(LocalId)) {
        let mut work = vec![pat];
        while let Some(pat) = work.pop() {
            match &self.pat(pat).kind {
                PatKind::Bind(local, inner) => {
                    f(*local);
                    work.extend(inner);
                }
                PatKind::Variant { fields: parts, .. } | PatKind::Tuple(parts) | PatKind::Or(parts) => {
                    work.extend(parts);
                }
                PatKind::Error | PatKind::Wild | PatKind::Lit(_) | PatKind::Range(..) => {}
            }
        }
    }
}
