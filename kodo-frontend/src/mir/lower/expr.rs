//! Evaluation of expressions: the dispatch by kind, operands, literals and constructors.

use super::Lower;
use crate::hir::{ExprId, ExprKind, Lit, UnaryOp};
use crate::mir::{Callee, Const, Intrinsic, Local, Operand, Place, Projection, Rvalue, TerminatorKind};
use crate::source::Span;
use crate::types::ty::{AdtId, Ty, TyCon, TyKind};

/// Stack that must be left before an expression is entered, and how much is added when it is not: expressions may
/// nest as deeply as memory allows.
pub(super) const RED_ZONE: usize = 128 * 1024;
pub(super) const STACK_STEP: usize = 4 * 1024 * 1024;

impl Lower<'_> {
    /// Evaluates an expression; its value goes to `dest` as the last thing that happens, or is discarded.
    pub(super) fn eval(&mut self, id: ExprId, dest: Option<Local>) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || {
            let expr = self.body.expr(id);
            if expr.ty == Ty::NEVER {
                self.dispatch(id, None);
                self.frame.terminate(TerminatorKind::Unreachable, expr.span);
            } else if expr.ty == Ty::UNIT {
                self.dispatch(id, None);
                if let Some(dest) = dest {
                    self.frame.assign_unit(dest, expr.span);
                }
            } else {
                self.dispatch(id, dest);
            }
        });
    }

    fn dispatch(&mut self, id: ExprId, dest: Option<Local>) {
        let body = self.body;
        let expr = body.expr(id);
        let span = expr.span;
        match &expr.kind {
            ExprKind::Error => unreachable!("a program with errors is not lowered"),
            ExprKind::Unit => {}
            ExprKind::Lit(_) | ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Index(..) => {
                let operand = self.operand(id);
                if let Some(dest) = dest {
                    self.assign(dest, Rvalue::Use(operand), span);
                }
            }
            ExprKind::Call { function, type_args, args } => self.call(id, *function, type_args, args, dest),
            ExprKind::Construct { adt, variant, fields } => self.construct(id, *adt, *variant, fields, dest),
            ExprKind::Tuple(items) => {
                let items = self.operands(items);
                self.value(id, Rvalue::Tuple(items), dest);
            }
            ExprKind::Dyn { value, of } => self.make_dyn(id, *value, *of, dest),
            ExprKind::List(items) => self.list(id, items, dest),
            ExprKind::Binary(..) => self.binary(id, dest),
            ExprKind::And(a, b) => self.short_circuit(*a, *b, false, dest, span),
            ExprKind::Or(a, b) => self.short_circuit(*a, *b, true, dest, span),
            ExprKind::Unary(op, value) => {
                let operand = self.operand(*value);
                self.value(id, Rvalue::Unary(*op, operand), dest);
            }
            ExprKind::If { cond, then, otherwise } => self.if_else(*cond, *then, *otherwise, dest, span),
            ExprKind::Let { .. } => self.condition_value(id, dest),
            ExprKind::Match { value, arms } => self.match_value(*value, arms, dest, span),
            ExprKind::Block { stmts, tail } => self.block(stmts, *tail, dest),
            ExprKind::While { cond, body } => self.while_loop(*cond, *body, span),
            ExprKind::ForRange { var, from, to, inclusive, body } => {
                self.for_range(*var, *from, *to, *inclusive, *body, span);
            }
            ExprKind::ForEach { pat, iter, body } => self.for_each(*pat, *iter, *body, span),
            ExprKind::Break => self.leave_loop(true, span),
            ExprKind::Continue => self.leave_loop(false, span),
            ExprKind::Return(value) => self.return_value(*value, span),
            ExprKind::Assign { target, value } => self.assign_to(*target, *value, span),
            ExprKind::AssignOp { op, target, value } => self.assign_op(*op, *target, *value, span),
            ExprKind::Spawn(spawn) => self.spawn(id, spawn, dest),
            ExprKind::Function { function, type_args } => self.function_value(id, *function, type_args, dest),
            ExprKind::Closure(closure) => self.closure(id, closure, dest),
            ExprKind::CallValue { callee, args } => self.call_value(id, *callee, args, dest),
            ExprKind::Parallel(block) => self.parallel(*block, dest, span),
            ExprKind::Select(select) => self.select(select, dest, span),
            ExprKind::Await(future) => self.await_future(id, *future, dest),
            ExprKind::FString(parts) => self.fstring(parts, dest, span),
        }
    }

    /// The value of an expression, to be used at once or before anything changes a variable.
    pub(super) fn operand(&mut self, id: ExprId) -> Operand {
        let body = self.body;
        let expr = body.expr(id);
        match &expr.kind {
            ExprKind::Unit => Operand::Const(Const::Unit),
            ExprKind::Lit(lit) => Operand::Const(constant(lit, expr.ty)),
            ExprKind::Unary(UnaryOp::Neg, value) if let Some(negated) = self.negated(*value) => Operand::Const(negated),
            ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Index(..) => Operand::Copy(self.place(id)),
            _ if expr.ty == Ty::UNIT || expr.ty == Ty::NEVER => {
                self.eval(id, None);
                Operand::Const(Const::Unit)
            }
            _ => Operand::Copy(Place::local(self.eval_temp(id))),
        }
    }

    fn negated(&self, value_id: ExprId) -> Option<Const> {
        match &self.body.expr(value_id).kind {
            ExprKind::Lit(Lit::Int(value)) if self.ty(value_id) == Ty::INT => Some(Const::Int(value.wrapping_neg())),
            ExprKind::Lit(Lit::Float(value)) => Some(constant(&Lit::Float(-value), self.ty(value_id))),
            _ => None,
        }
    }

    /// Evaluates into a new temporary.
    pub(super) fn eval_temp(&mut self, id: ExprId) -> Local {
        let temp = self.frame.temp(self.ty(id), self.span(id));
        self.eval(id, Some(temp));
        temp
    }

    /// The values of several expressions, evaluated left to right.
    pub(super) fn operands(&mut self, ids: &[ExprId]) -> Vec<Operand> {
        let last_change = ids.iter().rposition(|&id| self.changes(id)).unwrap_or(0);
        ids.iter()
            .enumerate()
            .map(|(index, &id)| {
                let operand = self.operand(id);
                if index < last_change { self.fixed(operand, self.span(id)) } else { operand }
            })
            .collect()
    }

    /// An operand that later changes of variables do not touch: a variable's value is copied now.
    pub(super) fn fixed(&mut self, operand: Operand, span: Span) -> Operand {
        match operand {
            Operand::Copy(place) if !self.is_stable(&place) => {
                Operand::Copy(Place::local(self.copy_to_temp(place, span)))
            }
            other => other,
        }
    }

    pub(super) fn copy_to_temp(&mut self, place: Place, span: Span) -> Local {
        let ty = self.place_ty(&place);
        let temp = self.frame.temp(ty, span);
        self.frame.assign(Place::local(temp), Rvalue::Use(Operand::Copy(place)), span);
        temp
    }

    fn is_stable(&self, place: &Place) -> bool {
        let stable = |local: Local| !self.frame.is_variable(local);
        stable(place.local)
            && place.projection.iter().all(|step| match step {
                Projection::Index(local) => stable(*local),
                Projection::Field(_) | Projection::Variant(_) => true,
            })
    }

    /// Stores the value of `id`, or computes it for nothing.
    pub(super) fn value(&mut self, id: ExprId, rvalue: Rvalue, dest: Option<Local>) {
        let dest = dest.unwrap_or_else(|| self.frame.temp(self.ty(id), self.span(id)));
        self.assign(dest, rvalue, self.span(id));
    }

    /// Assigns to a whole local. One that the value reads a part of is replaced only after the value is complete.
    pub(super) fn assign(&mut self, dest: Local, rvalue: Rvalue, span: Span) {
        let whole = Place::local(dest);
        if rvalue == Rvalue::Use(Operand::Copy(whole.clone())) {
            return;
        }
        let reads_part = match &rvalue {
            Rvalue::Use(operand) => reads_part(operand, dest),
            Rvalue::Construct { fields, .. } => fields.iter().any(|field| reads_part(field, dest)),
            Rvalue::Tuple(items) => items.iter().any(|item| reads_part(item, dest)),
            // These make scalars, which nobody drops.
            Rvalue::Binary(..) | Rvalue::Unary(..) | Rvalue::Discriminant(_) | Rvalue::ListLen(_) => false,
        };
        if reads_part || !self.frame.is_owned(dest) {
            let temp = self.frame.temp(self.frame.ty(dest), span);
            self.frame.assign(Place::local(temp), rvalue, span);
            self.frame.assign(whole, Rvalue::Use(Operand::Copy(Place::local(temp))), span);
        } else {
            self.frame.assign(whole, rvalue, span);
        }
    }

    fn construct(&mut self, id: ExprId, adt: AdtId, variant: u32, fields: &[(u32, ExprId)], dest: Option<Local>) {
        let values: Vec<ExprId> = fields.iter().map(|field| field.1).collect();
        let operands = self.operands(&values);
        let mut in_order: Vec<(u32, Operand)> = fields.iter().map(|field| field.0).zip(operands).collect();
        in_order.sort_by_key(|field| field.0);
        for (field, operand) in &mut in_order {
            if self.cells.contains(&(adt, variant, *field)) {
                let (value, span) = (fields.iter().find(|f| f.0 == *field).map_or(id, |f| f.1), self.span(id));
                let element = self.ty(value);
                let cell = self.types.app(TyCon::List, &[element]);
                let into = self.frame.temp(cell, span);
                let callee = Callee::Intrinsic(Intrinsic::ListFrom, vec![element]);
                self.emit_call(callee, vec![operand.clone()], Some(into), cell, span);
                *operand = Operand::Copy(Place::local(into));
            }
        }
        let fields = in_order.into_iter().map(|field| field.1).collect();
        self.value(id, Rvalue::Construct { adt, variant, fields }, dest);
    }

    fn list(&mut self, id: ExprId, items: &[ExprId], dest: Option<Local>) {
        let args = self.operands(items);
        let element = self.type_arg(self.ty(id));
        let intrinsic = if items.is_empty() { Intrinsic::ListNew } else { Intrinsic::ListFrom };
        self.emit_call(Callee::Intrinsic(intrinsic, vec![element]), args, dest, self.ty(id), self.span(id));
    }

    fn await_future(&mut self, id: ExprId, future: ExprId, dest: Option<Local>) {
        let result = self.type_arg(self.ty(future));
        let future = borrowed(self.operand(future));
        self.emit_call(Callee::Intrinsic(Intrinsic::Await, vec![result]), vec![future], dest, result, self.span(id));
    }

    /// The argument of a type with one: the element of a list or channel, the result of a future.
    pub(super) fn type_arg(&self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            TyKind::App(_, args) if args.len() == 1 => args[0],
            _ => Ty::ERROR,
        }
    }

    /// The type of what a place holds.
    pub(super) fn place_ty(&mut self, place: &Place) -> Ty {
        let mut ty = self.frame.ty(place.local);
        let mut variant = 0;
        for step in &place.projection {
            let field = match step {
                Projection::Variant(index) => {
                    variant = *index as usize;
                    continue;
                }
                Projection::Index(_) => {
                    ty = self.type_arg(ty);
                    continue;
                }
                Projection::Field(index) => *index as usize,
            };
            ty = match self.types.kind(ty) {
                TyKind::Tuple(items) => items[field],
                TyKind::App(TyCon::Adt(adt), args) => {
                    let args = args.clone();
                    let field = self.adts[adt.0 as usize].variants[variant].fields[field].ty;
                    self.types.subst(field, &args)
                }
                _ => return Ty::ERROR,
            };
            variant = 0;
        }
        ty
    }
}

/// A literal of the type.
pub(super) fn constant(lit: &Lit, ty: Ty) -> Const {
    match lit {
        Lit::Int(value) if let Some(width) = ty.width() => Const::Fixed(width, *value),
        Lit::Float(value) if ty == Ty::FLOAT32 => Const::Float32(*value as f32),
        Lit::Int(value) => Const::Int(*value),
        Lit::Float(value) => Const::Float(*value),
        Lit::Bool(value) => Const::Bool(*value),
        Lit::Str(text) => Const::Str(text.as_str().into()),
    }
}

/// The same value, only looked at.
pub(super) fn borrowed(operand: Operand) -> Operand {
    match operand {
        Operand::Copy(place) => Operand::Borrow(place),
        other => other,
    }
}

/// Does it read `local` other than as a whole copy?
pub(super) fn reads_part(operand: &Operand, local: Local) -> bool {
    match operand {
        Operand::Copy(place) => place.local == local && !place.projection.is_empty(),
        Operand::Move(_) | Operand::Const(_) => false,
        Operand::Borrow(place) | Operand::Mut(place) => mentions(place, local),
    }
}

pub(super) fn mentions(place: &Place, local: Local) -> bool {
    place.local == local || place.projection.contains(&Projection::Index(local))
}
