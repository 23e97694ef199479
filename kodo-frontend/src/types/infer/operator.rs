//! Strict operators: both operands have one type, and that type has the operator.

use super::{Deferred, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{BinaryOp, ExprId, ExprKind, UnaryOp};
use crate::source::Span;
use crate::syntax::ast::{BinOp, Id, UnOp};
use crate::types::context::PRELUDE_FILE;
use crate::types::need::{self, Need, Params};
use crate::types::ty::{Ty, TyCon, TyKind};

pub fn hir_op(op: BinOp) -> BinaryOp {
    match op {
        BinOp::Add => BinaryOp::Add,
        BinOp::Sub => BinaryOp::Sub,
        BinOp::Mul => BinaryOp::Mul,
        BinOp::Div => BinaryOp::Div,
        BinOp::Rem => BinaryOp::Rem,
        BinOp::BitAnd => BinaryOp::BitAnd,
        BinOp::BitOr => BinaryOp::BitOr,
        BinOp::BitXor => BinaryOp::BitXor,
        BinOp::Shl => BinaryOp::Shl,
        BinOp::Shr => BinaryOp::Shr,
        BinOp::Ne => BinaryOp::Ne,
        BinOp::Lt => BinaryOp::Lt,
        BinOp::Le => BinaryOp::Le,
        BinOp::Gt => BinaryOp::Gt,
        BinOp::Ge => BinaryOp::Ge,
        // `&&`, `||` and `??` are no strict operators and never come here.
        BinOp::Eq | BinOp::And | BinOp::Or | BinOp::Coalesce => BinaryOp::Eq,
    }
}

fn symbol(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::Rem => "%",
        BinOp::BitAnd => "&",
        BinOp::BitOr => "|",
        BinOp::BitXor => "^",
        BinOp::Shl => "<<",
        BinOp::Shr => ">>",
        BinOp::Eq => "==",
        BinOp::Ne => "!=",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
        BinOp::And => "&&",
        BinOp::Or => "||",
        BinOp::Coalesce => "??",
    }
}

fn is_equality(op: BinOp) -> bool {
    matches!(op, BinOp::Eq | BinOp::Ne)
}

fn is_comparison(op: BinOp) -> bool {
    is_equality(op) || matches!(op, BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge)
}

impl Infer<'_, '_> {
    pub fn operator(&mut self, span: Span, op: BinOp, left: Id, right: Id, hint: Option<Ty>) -> ExprId {
        let left_at = self.span(left);
        let hint = if is_comparison(op) { None } else { hint };
        let (left, right, ty) = if self.is_number_literal(left) && !self.is_number_literal(right) {
            // A literal has the type of what it is combined with.
            let right = self.hinted(right, hint);
            let other = self.ty(right);
            let left = self.hinted(left, Some(other));
            let ty = self.value_ty(left);
            (left, self.fit(right, ty, Why::Operand(left_at)), ty)
        } else {
            let left = self.hinted(left, hint);
            let ty = self.value_ty(left);
            if !is_comparison(op) && !matches!(self.kind(ty), TyKind::Infer(_)) {
                // Without the operator there is nothing that the right operand should be.
                let before = self.errors;
                self.check_operator(op, ty, span);
                if self.errors > before {
                    self.expr(right, Want::Any);
                    return self.poison(span);
                }
            }
            (left, self.expr(right, Want::Is(ty, Why::Operand(left_at))), ty)
        };
        self.deferred.push(Deferred::Operator { op, ty, span });
        let result = if is_comparison(op) && ty != Ty::ERROR { Ty::BOOL } else { ty };
        self.add(ExprKind::Binary(hir_op(op), left, right), result, span)
    }

    pub fn unary_of(&mut self, span: Span, op: UnOp, inner: Id, hint: Option<Ty>) -> ExprId {
        let (op, e, ty) = match op {
            UnOp::Not => (UnaryOp::Not, self.expr(inner, Want::Is(Ty::BOOL, Why::Condition)), Ty::BOOL),
            UnOp::BitNot => {
                let e = self.hinted(inner, hint);
                let ty = self.ty(e);
                if ty.is_integer() {
                    (UnaryOp::BitNot, e, ty)
                } else {
                    (UnaryOp::BitNot, self.fit(e, Ty::INT, Why::Plain), Ty::INT)
                }
            }
            UnOp::Neg => {
                let e = self.hinted(inner, hint);
                let ty = self.value_ty(e);
                self.deferred.push(Deferred::Negation { ty, span });
                (UnaryOp::Neg, e, ty)
            }
        };
        self.add(ExprKind::Unary(op, e), ty, span)
    }

    /// Is there the operator for the type? Called when the type is known.
    pub fn check_operator(&mut self, op: BinOp, ty: Ty, span: Span) {
        let kind = self.kind(ty);
        let fine = match kind {
            TyKind::Error | TyKind::Infer(_) => true,
            TyKind::Int | TyKind::Fixed(_) => true,
            TyKind::Float | TyKind::Float32 => {
                !matches!(op, BinOp::BitAnd | BinOp::BitOr | BinOp::BitXor | BinOp::Shl | BinOp::Shr)
            }
            TyKind::String => is_comparison(op) || op == BinOp::Add,
            TyKind::Bool => is_comparison(op),
            TyKind::Unit => false,
            _ => {
                if is_comparison(op) {
                    let need = if is_equality(op) { Need::Equal } else { Need::Order };
                    return self.check_need(need, ty, span, &format!("`{}`", symbol(op)));
                }
                false
            }
        };
        if fine {
            return;
        }
        let (shown, symbol) = (self.show(ty), symbol(op));
        let help = match kind {
            TyKind::Param(_) | TyKind::Assoc(..) => {
                "a type parameter may be any type: declare what is needed as a method of a trait, and bound it by that"
            }
            TyKind::Dyn(_) => "declare a method for it in the trait",
            TyKind::Bool if matches!(op, BinOp::BitAnd | BinOp::BitOr) => "use `&&` and `||` on Bool",
            TyKind::Float | TyKind::Float32 => "bit operators work on integers",
            TyKind::Unit => "this expression has no value",
            _ => "convert the operands first",
        };
        self.report(
            Diagnostic::error("E0200", span, format!("there is no `{symbol}` for {shown}"))
                .label(format!("the operands are {shown}"))
                .help(help),
        );
    }

    /// Has every value of the type the operation? `what` names who asks.
    pub fn check_need(&mut self, need: Need, ty: Ty, span: Span, what: &str) {
        let ty = self.u.resolve(&mut self.cx.types, ty);
        let params = if self.file == PRELUDE_FILE { Params::All } else { Params::Bounded(&self.bounds) };
        let Some(culprit) = need::missing(need, &mut self.cx.types, &self.cx.adts, ty, params) else { return };
        let (shown, part) = (self.show(ty), self.show(culprit));
        let help = match self.kind(culprit) {
            _ if need == Need::Number => "make numbers of the elements first: `.map(…)`".to_owned(),
            _ if need == Need::Text => "make texts of the elements first: `.map(…)`".to_owned(),
            TyKind::Param(_) | TyKind::Assoc(..) => match need.trait_name() {
                Some(bound) => {
                    format!("a type parameter may be any type: bound it where it is declared, `{part}: {bound}`")
                }
                None => "make the parameter a type that has it".to_owned(),
            },
            TyKind::Dyn(_) => "a `dyn` value may have any type inside: compare what its methods return".to_owned(),
            TyKind::App(TyCon::Channel | TyCon::Future, _) | TyKind::Fn(..) => {
                "compare the parts that are plain values".to_owned()
            }
            TyKind::App(TyCon::Adt(_), _) => "compare a field, or put a tuple of fields in its place".to_owned(),
            _ => "compare the parts".to_owned(),
        };
        let verb = need.text();
        let message = if what.starts_with('`') && what.len() <= 4 {
            format!("there is no {what} for {shown}")
        } else {
            format!("{what} needs {verb}, and {shown} has none")
        };
        let mut error = Diagnostic::error("E0200", span, message).label(format!("this is {shown}"));
        if culprit != ty {
            error =
                error.note(format!("{part} in it has no {}", verb.trim_start_matches("an ").trim_start_matches("a ")));
        }
        self.report(error.note(need.rule()).help(help));
    }

    pub fn check_negation(&mut self, ty: Ty, span: Span) {
        let ty = self.shallow(ty);
        if ty.is_number() && ty.is_signed() || matches!(self.kind(ty), TyKind::Error | TyKind::Infer(_)) {
            return;
        }
        let shown = self.show(ty);
        let help = match ty {
            Ty::BOOL => "use `!` on Bool",
            _ if ty.is_integer() => "an unsigned integer has no sign: convert it first, with `.to_int()`",
            _ => "negate a number",
        };
        self.report(
            Diagnostic::error("E0200", span, format!("there is no negative of {shown}"))
                .label(format!("this is {shown}"))
                .help(help),
        );
    }

    pub fn check_text(&mut self, ty: Ty, span: Span, what: &str) {
        let kind = self.kind(ty);
        // The library's own generic functions are checked where they are called with real types.
        if self.file == PRELUDE_FILE && matches!(kind, TyKind::Param(_)) {
            return;
        }
        if matches!(
            kind,
            TyKind::Int
                | TyKind::Float
                | TyKind::Fixed(_)
                | TyKind::Float32
                | TyKind::Bool
                | TyKind::String
                | TyKind::Error
                | TyKind::Infer(_)
                | TyKind::Never
        ) {
            return;
        }
        // Where something is wrong already, that may be why the type is not known.
        let resolved = self.u.resolve(&mut self.cx.types, ty);
        if self.errors > 0 && self.cx.types.has_infer(resolved) {
            return;
        }
        let shown = self.show(ty);
        let help = match kind {
            TyKind::Param(_) | TyKind::Assoc(..) => {
                "a type parameter may be any type: take the text as a String, or bound it by a trait with a method for it"
                    .to_owned()
            }
            TyKind::Dyn(_) => "declare a method in the trait that gives the text".to_owned(),
            TyKind::App(TyCon::Adt(id), _) if id == self.cx.option || id == self.cx.result => {
                "take the value out first: `match`, `??` or `.unwrap()`".to_owned()
            }
            TyKind::App(TyCon::Future, _) => "wait for it: `.await`".to_owned(),
            TyKind::App(TyCon::List, _) => "print the debug text, `f\"{list:?}\"`, or its elements one by one".to_owned(),
            _ => "make a text of its parts".to_owned(),
        };
        self.report(
            Diagnostic::error("E0200", span, format!("{what} needs a text form, and {shown} has none"))
                .label(format!("this is {shown}"))
                .note("numbers, Bool and String have a text form; every type has a debug text: `{value:?}` or `.to_debug()`")
                .help(help),
        );
    }
}
