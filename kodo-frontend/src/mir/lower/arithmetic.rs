//! Operators: arithmetic and comparison of scalars, strings through their operations, short circuits.

use super::Lower;
use super::expr::borrowed;
use crate::hir::{BinaryOp, ExprId, ExprKind};
use crate::mir::{Callee, Const, Intrinsic, Local, Operand, Place, Rvalue, UnaryOp};
use crate::source::Span;
use crate::types::ty::{Ty, TyKind};

impl Lower<'_> {
    /// A chain of operators that leans left (`a + b + c + …`) is folded in a loop.
    pub(super) fn binary(&mut self, id: ExprId, dest: Option<Local>) {
        let body = self.body;
        let mut spine = Vec::new();
        let mut at = id;
        while let ExprKind::Binary(op, left, right) = body.expr(at).kind {
            spine.push((at, op, right));
            at = left;
        }
        let mut ty = self.ty(at);
        let mut left = self.operand(at);
        while let Some((at, op, right)) = spine.pop() {
            let span = self.span(at);
            if self.changes(right) {
                left = self.fixed(left, span);
            }
            let right = self.operand(right);
            let into = match dest {
                Some(dest) if spine.is_empty() => dest,
                _ => self.frame.temp(self.ty(at), span),
            };
            self.operation(op, ty, left, right, into, span);
            left = Operand::Copy(Place::local(into));
            ty = self.ty(at);
        }
    }

    fn operation(&mut self, op: BinaryOp, ty: Ty, left: Operand, right: Operand, dest: Local, span: Span) {
        if self.is_structural(ty) {
            self.structural(op, ty, left, right, dest, span);
            return;
        }
        if ty != Ty::STRING {
            self.check_division(op, ty, &left, &right, span);
            self.assign(dest, Rvalue::Binary(op, left, right), span);
            return;
        }
        match op {
            BinaryOp::Add => {
                let callee = Callee::Intrinsic(Intrinsic::StringAppend, vec![Ty::STRING]);
                self.emit_call(callee, vec![left, borrowed(right)], Some(dest), Ty::STRING, span);
            }
            BinaryOp::Eq => self.string_eq(left, right, dest, span),
            BinaryOp::Ne => {
                let equal = self.frame.temp(Ty::BOOL, span);
                self.string_eq(left, right, equal, span);
                let equal = Operand::Copy(Place::local(equal));
                self.assign(dest, Rvalue::Unary(UnaryOp::Not, equal), span);
            }
            _ => {
                let order = self.frame.temp(Ty::INT, span);
                let callee = Callee::Intrinsic(Intrinsic::StringCmp, Vec::new());
                self.emit_call(callee, vec![borrowed(left), borrowed(right)], Some(order), Ty::INT, span);
                let order = Operand::Copy(Place::local(order));
                self.assign(dest, Rvalue::Binary(op, order, Operand::Const(Const::Int(0))), span);
            }
        }
    }

    /// Compared part by part, through an operation of its own.
    fn is_structural(&self, ty: Ty) -> bool {
        matches!(self.types.kind(ty), TyKind::Tuple(_) | TyKind::App(..) | TyKind::Param(_) | TyKind::Unit)
    }

    fn structural(&mut self, op: BinaryOp, ty: Ty, left: Operand, right: Operand, dest: Local, span: Span) {
        let call = |intrinsic| Callee::Intrinsic(intrinsic, vec![ty]);
        match op {
            BinaryOp::Eq => {
                self.emit_call(
                    call(Intrinsic::Equal),
                    vec![borrowed(left), borrowed(right)],
                    Some(dest),
                    Ty::BOOL,
                    span,
                );
            }
            BinaryOp::Ne => {
                let equal = self.frame.temp(Ty::BOOL, span);
                let args = vec![borrowed(left), borrowed(right)];
                self.emit_call(call(Intrinsic::Equal), args, Some(equal), Ty::BOOL, span);
                let equal = Operand::Copy(Place::local(equal));
                self.assign(dest, Rvalue::Unary(UnaryOp::Not, equal), span);
            }
            _ => {
                // Each is true of exactly the right answers among -1, 0, 1 and 2 (not comparable); `a >= b` asks `b <= a`.
                let (op, wanted, left, right) = match op {
                    BinaryOp::Lt => (BinaryOp::Eq, -1, left, right),
                    BinaryOp::Gt => (BinaryOp::Eq, 1, left, right),
                    BinaryOp::Ge => (BinaryOp::Le, 0, right, left),
                    _ => (BinaryOp::Le, 0, left, right),
                };
                let order = self.frame.temp(Ty::INT, span);
                let args = vec![borrowed(left), borrowed(right)];
                self.emit_call(call(Intrinsic::Compare), args, Some(order), Ty::INT, span);
                let order = Operand::Copy(Place::local(order));
                self.assign(dest, Rvalue::Binary(op, order, Operand::Const(Const::Int(wanted))), span);
            }
        }
    }

    pub(super) fn string_eq(&mut self, left: Operand, right: Operand, dest: Local, span: Span) {
        let callee = Callee::Intrinsic(Intrinsic::StringEq, Vec::new());
        self.emit_call(callee, vec![borrowed(left), borrowed(right)], Some(dest), Ty::BOOL, span);
    }

    /// `a && b` (`decided` false) or `a || b` (`decided` true) as a value: `a` is the answer if it equals `decided`.
    pub(super) fn short_circuit(&mut self, a: ExprId, b: ExprId, decided: bool, dest: Option<Local>, span: Span) {
        let [short, long, join] = [self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        let (yes, no) = if decided { (short, long) } else { (long, short) };
        self.condition(a, yes, no);
        self.frame.start(long);
        self.eval(b, dest);
        self.frame.goto(join, span);
        self.frame.start(short);
        if let Some(dest) = dest {
            self.assign(dest, Rvalue::Use(Operand::Const(Const::Bool(decided))), span);
        }
        self.frame.goto(join, span);
        self.frame.start(join);
    }
}
