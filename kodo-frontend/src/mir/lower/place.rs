//! Places: reading through fields and indices, and assigning through them.
//!
//! A place to be written is evaluated in two steps: first its root and indices ([`Target`]), then the new value, and
//! only then are the indices checked and the lists on the way made unique: the value may have changed them.

use super::Lower;
use super::expr::{borrowed, mentions};
use crate::hir::{BinaryOp, ExprId, ExprKind};
use crate::mir::uses::Action;
use crate::mir::{Callee, Check, Const, Intrinsic, Local, Operand, Place, Projection, Rvalue};
use crate::source::Span;
use crate::types::ty::{Ty, TyCon, TyKind};

/// A place to be written, before its checks.
pub(super) struct Target {
    pub(super) root: Local,
    steps: Vec<Step>,
}

enum Step {
    Field(u32),
    /// Into the cell that the field before it is.
    Cell {
        element: Ty,
        span: Span,
    },
    Index {
        index: Local,
        element: Ty,
        span: Span,
    },
}

impl Target {
    fn has_index(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Index { .. }))
    }
}

/// Types without counts, whose copies are plain bits.
pub(super) fn is_scalar(ty: Ty) -> bool {
    ty.is_number() || matches!(ty, Ty::BOOL | Ty::UNIT)
}

pub(super) fn is_place(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Index(..))
}

impl Lower<'_> {
    /// A place that holds the value of an expression: the place it names, or a temporary.
    pub(super) fn place(&mut self, id: ExprId) -> Place {
        let (root, spine) = self.spine(id);
        let mut place = Place::local(self.root(root));
        for id in spine {
            let body = self.body;
            let expr = body.expr(id);
            match expr.kind {
                ExprKind::Field(base, field) => {
                    place.projection.push(Projection::Field(field));
                    if self.is_cell(self.ty(base), field) {
                        place.projection.push(Projection::Index(self.frame.zero()));
                    }
                }
                ExprKind::Index(_, index) => {
                    if self.changes(index) {
                        place = match self.fixed(Operand::Copy(place), expr.span) {
                            Operand::Copy(place) => place,
                            _ => unreachable!("a fixed copy is a copy"),
                        };
                    }
                    let index = self.index_local(index, false);
                    self.check_index(&place, index, expr.span);
                    place.projection.push(Projection::Index(index));
                }
                _ => unreachable!("a spine has fields and indices"),
            }
        }
        place
    }

    /// The innermost expression of a chain of fields and indices, and the chain, innermost first.
    fn spine(&self, id: ExprId) -> (ExprId, Vec<ExprId>) {
        let mut spine = Vec::new();
        let mut at = id;
        while let ExprKind::Field(base, _) | ExprKind::Index(base, _) = self.body.expr(at).kind {
            spine.push(at);
            at = base;
        }
        spine.reverse();
        (at, spine)
    }

    fn root(&mut self, id: ExprId) -> Local {
        match self.body.expr(id).kind {
            ExprKind::Local(local) => {
                self.note(local, self.span(id), Action::Read);
                self.var(local)
            }
            _ => self.eval_temp(id),
        }
    }

    /// An index as a local. A variable is used as it is unless it must be `fixed`.
    fn index_local(&mut self, id: ExprId, fixed: bool) -> Local {
        let span = self.span(id);
        match self.operand(id) {
            Operand::Copy(place)
                if place.projection.is_empty()
                    && self.frame.is_owned(place.local)
                    && !(fixed && self.frame.is_variable(place.local)) =>
            {
                place.local
            }
            operand => {
                let temp = self.frame.temp(Ty::INT, span);
                self.frame.assign(Place::local(temp), Rvalue::Use(operand), span);
                temp
            }
        }
    }

    /// Evaluates root and indices of a place that will be written. `fixed`: variables may change before that.
    pub(super) fn target(&mut self, id: ExprId, fixed: bool) -> Target {
        let (root, spine) = self.spine(id);
        let fixed = fixed || spine.iter().any(|&id| self.changes(id));
        let root = self.root(root);
        let mut steps = Vec::with_capacity(spine.len());
        for id in spine {
            let body = self.body;
            let expr = body.expr(id);
            if let ExprKind::Field(base, field) = expr.kind
                && self.is_cell(self.ty(base), field)
            {
                steps.push(Step::Field(field));
                steps.push(Step::Cell { element: expr.ty, span: expr.span });
                continue;
            }
            steps.push(match expr.kind {
                ExprKind::Field(_, field) => Step::Field(field),
                ExprKind::Index(list, index) => Step::Index {
                    index: self.index_local(index, fixed),
                    element: self.type_arg(self.ty(list)),
                    span: expr.span,
                },
                _ => unreachable!("a spine has fields and indices"),
            });
        }
        Target { root, steps }
    }

    /// Checks every index of the target.
    pub(super) fn check_target(&mut self, target: &Target) -> Place {
        let mut place = Place::local(target.root);
        for step in &target.steps {
            match *step {
                Step::Field(field) => place.projection.push(Projection::Field(field)),
                Step::Cell { .. } => place.projection.push(Projection::Index(self.frame.zero())),
                Step::Index { index, span, .. } => {
                    self.check_index(&place, index, span);
                    place.projection.push(Projection::Index(index));
                }
            }
        }
        place
    }

    /// Makes every list on the way to the target unique, outermost first. The indices must have been checked.
    pub(super) fn make_unique(&mut self, target: &Target) {
        let mut place = Place::local(target.root);
        for step in &target.steps {
            match *step {
                Step::Field(field) => place.projection.push(Projection::Field(field)),
                Step::Cell { element, span } => {
                    self.make_list_unique(&place, element, span);
                    place.projection.push(Projection::Index(self.frame.zero()));
                }
                Step::Index { index, element, span } => {
                    self.make_list_unique(&place, element, span);
                    place.projection.push(Projection::Index(index));
                }
            }
        }
    }

    fn make_list_unique(&mut self, list: &Place, element: Ty, span: Span) {
        let callee = Callee::Intrinsic(Intrinsic::ListMakeUnique, vec![element]);
        self.emit_call(callee, vec![Operand::Mut(list.clone())], None, Ty::UNIT, span);
    }

    /// Is the field of this struct a cell?
    fn is_cell(&self, base: Ty, field: u32) -> bool {
        match self.types.kind(base) {
            TyKind::App(TyCon::Adt(id), _) => self.cells.contains(&(*id, 0, field)),
            _ => false,
        }
    }

    /// A value that is no part of `root`, so that it survives a change of `root`. Scalars need no temporary: their copy
    /// is taken before the operation that they are an operand of changes anything.
    pub(super) fn apart_from(&mut self, root: Local, operand: Operand, span: Span) -> Operand {
        match operand {
            Operand::Copy(place) if mentions(&place, root) && !is_scalar(self.place_ty(&place)) => {
                Operand::Copy(Place::local(self.copy_to_temp(place, span)))
            }
            Operand::Borrow(place) if mentions(&place, root) => {
                Operand::Borrow(Place::local(self.copy_to_temp(place, span)))
            }
            other => other,
        }
    }

    /// `target = value`
    pub(super) fn assign_to(&mut self, target: ExprId, value: ExprId, span: Span) {
        if let ExprKind::Local(variable) = self.body.expr(target).kind {
            let local = self.var(variable);
            if self.frame.is_owned(local) {
                self.eval(value, Some(local));
                self.note(variable, span, Action::Set);
                return;
            }
        }
        let target = self.target(target, self.changes(value));
        let operand = self.operand(value);
        let operand = self.apart_from(target.root, operand, span);
        let place = self.check_target(&target);
        self.make_unique(&target);
        self.frame.assign(place, Rvalue::Use(operand), span);
    }

    /// `target op= value`: the target's old value is read before the value is evaluated.
    pub(super) fn assign_op(&mut self, op: BinaryOp, target: ExprId, value: ExprId, span: Span) {
        let ty = self.ty(target);
        let changes = self.changes(value);
        let target = self.target(target, changes);
        let mut place = self.check_target(&target);
        let old = if changes { Some(self.copy_to_temp(place.clone(), span)) } else { None };
        let operand = self.operand(value);
        if changes && target.has_index() {
            place = self.check_target(&target);
        }
        if ty == Ty::STRING {
            self.append_to(&target, place, old, operand, span);
            return;
        }
        let left = Operand::Copy(old.map_or_else(|| place.clone(), Place::local));
        self.check_division(op, ty, &left, &operand, span);
        self.make_unique(&target);
        self.frame.assign(place, Rvalue::Binary(op, left, operand), span);
    }

    /// `place += text`. A place that cannot be moved out of gives its string away and holds an empty one meanwhile:
    /// the string has one handle then, and is extended in its own buffer.
    fn append_to(&mut self, target: &Target, place: Place, old: Option<Local>, text: Operand, span: Span) {
        let callee = Callee::Intrinsic(Intrinsic::StringAppend, vec![Ty::STRING]);
        let text = self.apart_from(target.root, borrowed(text), span);
        if place.projection.is_empty() && self.frame.is_owned(place.local) {
            let left = old.unwrap_or(place.local);
            let args = vec![Operand::Copy(Place::local(left)), text];
            self.emit_call(callee, args, Some(place.local), Ty::STRING, span);
            return;
        }
        self.make_unique(target);
        let left = old.unwrap_or_else(|| self.copy_to_temp(place.clone(), span));
        self.frame.assign(place.clone(), Rvalue::Use(Operand::Const(Const::Str("".into()))), span);
        let result = self.frame.temp(Ty::STRING, span);
        self.emit_call(callee, vec![Operand::Copy(Place::local(left)), text], Some(result), Ty::STRING, span);
        self.frame.assign(place, Rvalue::Use(Operand::Copy(Place::local(result))), span);
    }

    /// Checks of an integer division come before it; other operations have none.
    pub(super) fn check_division(&mut self, op: BinaryOp, ty: Ty, dividend: &Operand, divisor: &Operand, span: Span) {
        if ty.is_integer() && matches!(op, BinaryOp::Div | BinaryOp::Rem) {
            let check = Check::Division { dividend: dividend.clone(), divisor: divisor.clone() };
            self.frame.check(check, span);
        }
    }
}
