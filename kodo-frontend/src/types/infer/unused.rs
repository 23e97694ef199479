//! Warnings: what a body does for nothing. Given only for bodies without errors, and never for the standard library.
//!
//! A value that a statement throws away is worth a word if it says that something failed (a `Result`), or if making it
//! was all that happened: operators, constructors, variables, and operations of the standard library that change
//! nothing. The results of the program's own functions may be thrown away, and so may futures: a call of an `async` function
//! as a statement runs in the background.

use super::{Infer, LocalKind};
use crate::diag::Diagnostic;
use crate::hir::{BinaryOp, ExprId, ExprKind, Function};
use crate::mir::Intrinsic;
use crate::source::Span;
use crate::syntax::ast::Mode;
use crate::types::codes;
use crate::types::context::PRELUDE_FILE;
use crate::types::ty::{TyCon, TyKind};

impl Infer<'_, '_> {
    pub fn warn(&mut self) {
        if self.file == PRELUDE_FILE || self.errors > 0 {
            return;
        }
        self.warn_unreachable();
        self.warn_variables();
        self.warn_values();
    }

    fn warn_unreachable(&mut self) {
        for (at, before) in std::mem::take(&mut self.unreachable) {
            self.cx.report(
                Diagnostic::warning(codes::DEAD, at, "this is never reached")
                    .label("never runs")
                    .secondary(before, "nothing after this runs")
                    .help("remove it, or move it up"),
            );
        }
    }

    fn warn_variables(&mut self) {
        for index in 0..self.body.locals.len() {
            let info = &self.locals[index];
            let (kind, changed) = (info.kind, info.changed);
            if info.reads > 0 {
                continue;
            }
            let (name, span) = (self.body.locals[index].name, self.body.locals[index].span);
            let text = self.cx.text(name).to_owned();
            if text.starts_with('_') {
                continue;
            }
            let warning = match (kind, changed) {
                (LocalKind::Capture, Some(at)) => Diagnostic::warning(
                    codes::OWN_COPY,
                    at,
                    format!("this changes only the block's own copy of `{text}`"),
                )
                .label("nothing reads the copy afterwards")
                .secondary(span, "the variable outside keeps its value")
                .help("give the new value back, `let f = spawn { … }` and `f.await`, or send it over a channel"),
                (LocalKind::Let | LocalKind::Binding, Some(at)) => Diagnostic::warning(
                    codes::UNUSED,
                    span,
                    format!("the variable `{text}` is assigned but never read"),
                )
                .label("never read")
                .secondary(at, "assigned here")
                .help(format!("remove it, or name it `_{text}` if that is meant")),
                (LocalKind::Let | LocalKind::Binding, None) => {
                    Diagnostic::warning(codes::UNUSED, span, format!("the variable `{text}` is never used"))
                        .label("unused")
                        .help(format!("name it `_{text}` if that is meant"))
                }
                _ => continue,
            };
            self.cx.report(warning);
        }
    }

    fn warn_values(&mut self) {
        for value in std::mem::take(&mut self.dropped) {
            let value = self.last_value(value);
            let (ty, span) = (self.body.expr(value).ty, self.body.expr(value).span);
            let result = self.cx.result;
            let is_result = matches!(self.cx.types.kind(ty), TyKind::App(TyCon::Adt(id), _) if *id == result);
            let is_call = matches!(
                self.body.expr(value).kind,
                ExprKind::Call { .. } | ExprKind::CallValue { .. } | ExprKind::Await(_)
            );
            if is_result && is_call {
                self.report_dropped(
                    span,
                    "the `Result` of this is not used: a failure would go unnoticed",
                    "handle it with `match`, `?` or `.unwrap()`; `let _ = …` says that nobody cares",
                );
            } else if self.is_made_for_nothing(value) {
                let help = match self.body.expr(value).kind {
                    ExprKind::Binary(BinaryOp::Eq, ..) => "to assign, write `=`",
                    _ => "use it, or remove it; `let _ = …` says that it is meant",
                };
                self.report_dropped(span, "the value of this is not used", help);
            }
        }
    }

    fn report_dropped(&mut self, span: Span, message: &str, help: &str) {
        self.cx.report(Diagnostic::warning(codes::DROPPED, span, message).label("not used").help(help));
    }

    /// The expression that gives a block its value.
    fn last_value(&self, mut value: ExprId) -> ExprId {
        while let ExprKind::Block { tail: Some(tail), .. } = self.body.expr(value).kind {
            value = tail;
        }
        value
    }

    fn is_made_for_nothing(&self, value: ExprId) -> bool {
        match &self.body.expr(value).kind {
            ExprKind::Lit(_)
            | ExprKind::Function { .. }
            | ExprKind::Closure(_)
            | ExprKind::Construct { .. }
            | ExprKind::Tuple(_)
            | ExprKind::List(_)
            | ExprKind::Field(..)
            | ExprKind::Binary(..)
            | ExprKind::Unary(..)
            | ExprKind::FString(_) => true,
            // The checker's own variables hold what it has written out.
            ExprKind::Local(local) => self.locals[local.0 as usize].kind != LocalKind::Temporary,
            ExprKind::Call { function, .. } => {
                !self.cx.is_user(*function) && self.only_looks(&self.cx.functions[function.0 as usize])
            }
            _ => false,
        }
    }

    /// Does a function of the standard library nothing but make its result?
    fn only_looks(&self, function: &Function) -> bool {
        if let Some(intrinsic) = function.intrinsic {
            let name = intrinsic.name();
            return ["string_", "char_", "float_", "int_", "convert"].iter().any(|start| name.starts_with(start))
                || matches!(intrinsic, Intrinsic::ListLength | Intrinsic::ToString);
        }
        let types = &self.cx.types;
        let receiver = function.params.first().filter(|first| self.cx.text(first.name) == "self");
        let on_value = receiver.is_some_and(|first| match types.kind(first.ty) {
            TyKind::String | TyKind::App(TyCon::List, _) => true,
            TyKind::App(TyCon::Adt(id), _) => [Some(*id) == self.cx.map, Some(*id) == self.cx.set].contains(&true),
            _ => false,
        });
        on_value && function.params.iter().all(|p| p.mode != Mode::Mut && !matches!(types.kind(p.ty), TyKind::Fn(..)))
    }
}
