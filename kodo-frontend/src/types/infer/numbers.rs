//! Numbers: literals adopt the type that their surroundings want, and conversion methods.
//!
//! A wanted type travels down as a *hint* through signs, arithmetic, tuples, lists, and the constructors and generic
//! calls whose result it is. A hint never makes an error: a literal takes it if it is a type of its kind, and what
//! does not fit is reported by whoever wanted it. In `1 + x` the literal takes the type of `x`.

use super::{Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind};
use crate::mir::Intrinsic;
use crate::source::Span;
use crate::syntax::ast::{BinOp, Id, Node, UnOp};
use crate::syntax::literal::{float_value, int_value};
use crate::types::number::{Conversion, conversion};
use crate::types::ty::{Ty, TyCon, TyKind};

impl Infer<'_, '_> {
    /// An expression of any type, whose literals adopt the hint.
    pub fn hinted(&mut self, mut id: Id, hint: Option<Ty>) -> ExprId {
        if hint.is_none() {
            return self.expr(id, Want::Any);
        }
        while let Node::Paren(inner) = self.node(id) {
            id = inner;
        }
        match self.node(id) {
            Node::Block(_) | Node::If(..) | Node::Match(..) | Node::Spawn(_) => self.expr(id, Want::Any),
            _ => stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.leaf(id, hint)),
        }
    }

    pub fn integer_hint(&mut self, hint: Option<Ty>) -> Ty {
        hint.map(|ty| self.shallow(ty)).filter(|ty| ty.is_integer()).unwrap_or(Ty::INT)
    }

    pub fn float_hint(&mut self, hint: Option<Ty>) -> Ty {
        hint.map(|ty| self.shallow(ty)).filter(|ty| ty.is_float()).unwrap_or(Ty::FLOAT)
    }

    pub fn tuple_hints(&mut self, hint: Option<Ty>, count: usize) -> Vec<Option<Ty>> {
        match hint.map(|ty| self.kind(ty)) {
            Some(TyKind::Tuple(parts)) if parts.len() == count => parts.iter().copied().map(Some).collect(),
            _ => vec![None; count],
        }
    }

    pub fn element_hint(&mut self, hint: Option<Ty>) -> Option<Ty> {
        match self.kind(hint?) {
            TyKind::App(TyCon::List, args) => args.first().copied(),
            _ => None,
        }
    }

    /// Makes the type arguments of a call or constructor those that its wanted result has, if that matters to literals
    /// or to values that become `dyn`.
    pub fn take_hint(&mut self, hint: Option<Ty>, result: Ty) {
        let Some(hint) = hint else { return };
        if !self.cx.types.has_infer(result) {
            return;
        }
        let hint = self.u.resolve(&mut self.cx.types, hint);
        let same = match (self.kind(hint), self.kind(result)) {
            (TyKind::App(a, _), TyKind::App(b, _)) => a == b,
            (_, TyKind::Infer(_)) => true,
            _ => false,
        };
        if same && self.has_other_number(hint) {
            self.unify(result, hint);
        }
    }

    /// A number type stands in it that a literal does not have by itself, or a `dyn` type, which values are made into.
    fn has_other_number(&self, ty: Ty) -> bool {
        let mut stack = vec![ty];
        while let Some(ty) = stack.pop() {
            match self.cx.types.kind(ty) {
                TyKind::Fixed(_) | TyKind::Float32 | TyKind::Dyn(_) => return true,
                TyKind::Tuple(parts) | TyKind::App(_, parts) => stack.extend(parts.iter()),
                _ => {}
            }
        }
        false
    }

    /// A literal, with signs and arithmetic of literals.
    pub fn is_number_literal(&mut self, id: Id) -> bool {
        if let Node::Int | Node::Float = self.node(id) {
            return true;
        }
        // One answer for the whole chain of left operands: each of them will be asked for.
        let mut chain = Vec::new();
        let answer = self.leads_to_number_literal(id, &mut chain);
        self.literals.extend(chain.into_iter().map(|id| (id, answer)));
        answer
    }

    fn leads_to_number_literal(&self, mut id: Id, chain: &mut Vec<Id>) -> bool {
        loop {
            if let Some(&known) = self.literals.get(&id) {
                return known;
            }
            chain.push(id);
            match self.node(id) {
                Node::Int | Node::Float => return true,
                Node::Paren(inner) | Node::Un(UnOp::Neg | UnOp::BitNot, inner) => id = inner,
                Node::Bin(
                    BinOp::Add
                    | BinOp::Sub
                    | BinOp::Mul
                    | BinOp::Div
                    | BinOp::Rem
                    | BinOp::BitAnd
                    | BinOp::BitOr
                    | BinOp::BitXor
                    | BinOp::Shl
                    | BinOp::Shr,
                    left,
                    right,
                ) => {
                    if !matches!(self.node(right), Node::Int | Node::Float) {
                        return false;
                    }
                    id = left;
                }
                _ => return false,
            }
        }
    }

    /// The bits of an integer literal of the type; `negative` if a minus stands before it.
    pub fn int(&mut self, span: Span, negative: bool, ty: Ty) -> i64 {
        let (least, greatest) = ty.range();
        let value = int_value(self.cx.sources.text(span)).and_then(|value| i128::try_from(value).ok());
        match value.map(|value| if negative { -value } else { value }) {
            Some(value) if (least..=greatest).contains(&value) => value as i64,
            _ => {
                let shown = self.show(ty);
                let article = if shown.starts_with('I') { "an" } else { "a" };
                self.report(
                    Diagnostic::error("E0001", span, "the integer is out of range")
                        .label(format!("does not fit into {article} {shown}"))
                        .help(format!("{article} {shown} lies between {least} and {greatest}")),
                );
                0
            }
        }
    }

    /// The value of a float literal of the type.
    pub fn float(&mut self, span: Span, ty: Ty) -> f64 {
        let value = float_value(self.cx.sources.text(span)).unwrap_or(0.0);
        if ty == Ty::FLOAT32 && (value as f32).is_infinite() && value.is_finite() {
            self.report(
                Diagnostic::error("E0001", span, "the number is out of range")
                    .label("does not fit into a Float32")
                    .help(format!("the greatest Float32 is {:e}; use a Float64", f32::MAX)),
            );
            return 0.0;
        }
        value
    }

    /// `number.to_uint8()` and its kin, which every number type has. None if it is no such method.
    pub fn convert(&mut self, span: Span, at: Span, receiver: ExprId, method: &str, args: &[Id]) -> Option<ExprId> {
        let from = self.ty(receiver);
        if !from.is_number() {
            return None;
        }
        let (intrinsic, result, type_args) = if method == "to_string" {
            (Intrinsic::ToString, Ty::STRING, vec![from])
        } else {
            let (how, to) = conversion(method)?;
            if from.is_float() && how == Conversion::Wrapping {
                return None;
            }
            let (intrinsic, result) = match how {
                Conversion::Checked => (Intrinsic::Convert, to),
                Conversion::Wrapping => (Intrinsic::ConvertWrapping, to),
                Conversion::Trying => (Intrinsic::ConvertTry, self.option_of(to)),
            };
            (intrinsic, result, vec![from, to])
        };
        if !args.is_empty() {
            self.check_args_anyhow(args);
            self.report(
                Diagnostic::error("E0202", at, format!("`{method}` takes no arguments"))
                    .label(format!("{} given", args.len()))
                    .help(format!("write `.{method}()`")),
            );
            return Some(self.add(ExprKind::Error, result, span));
        }
        if from == result {
            return Some(receiver);
        }
        let function = *self.cx.intrinsics.get(&intrinsic)?;
        Some(self.add(ExprKind::Call { function, type_args, args: vec![receiver] }, result, span))
    }

    /// The bounds of a range: a literal one adopts the type of the other, whichever integer that is.
    pub fn range_bounds(&mut self, from: Id, to: Id) -> (ExprId, ExprId, Ty) {
        let (first, second);
        if self.is_number_literal(from) && !self.is_number_literal(to) {
            second = self.expr(to, Want::Any);
            let ty = self.bound_ty(second);
            first = self.expr(from, Want::Is(ty, Why::RangeBound));
            (first, self.fit(second, ty, Why::RangeBound), ty)
        } else {
            first = self.expr(from, Want::Any);
            let ty = self.bound_ty(first);
            let first = self.fit(first, ty, Why::RangeBound);
            second = self.expr(to, Want::Is(ty, Why::RangeBound));
            (first, second, ty)
        }
    }

    fn bound_ty(&mut self, bound: ExprId) -> Ty {
        let ty = self.ty(bound);
        if ty.is_integer() { ty } else { Ty::INT }
    }
}
