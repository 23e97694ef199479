//! Formats of f-string holes: read where they stand, checked against the type when that is known.

use super::{Deferred, Infer};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FPart};
use crate::source::Span;
use crate::syntax::ast::Id;
use crate::types::codes;
use crate::types::format::{Format, Kind, PLAIN};
use crate::types::ty::{Ty, TyKind};

impl Infer<'_, '_> {
    /// The format of a hole; none if it is wrong, which has been reported.
    pub fn format(&mut self, value: ExprId, inner: Id, format: Id) -> Option<Format> {
        let span = self.span(format);
        let text = self.cx.sources.text(span).to_owned();
        match Format::parse(&text) {
            Ok(PLAIN) => Some(PLAIN),
            Ok(format) => {
                let ty = self.ty(value);
                self.deferred.push(Deferred::Format { ty, value: self.span(inner), span, format });
                Some(format)
            }
            Err(why) => {
                self.report(
                    Diagnostic::error(codes::FORMAT, span, format!("`{text}` is no format: {why}"))
                        .label("not a format")
                        .help("a format is `[[fill]<^>][+][#][0][width][.precision][? x X b o e E]`, as in `{n:>8}` or `{x:.2}`"),
                );
                None
            }
        }
    }

    pub fn check_format(&mut self, ty: Ty, value: Span, span: Span, format: Format) {
        let ty = self.u.resolve(&mut self.cx.types, ty);
        if matches!(self.kind(ty), TyKind::Error | TyKind::Infer(_) | TyKind::Never) {
            return;
        }
        if format.kind != Kind::Debug {
            let before = self.errors;
            self.check_text(ty, value, "an f-string hole");
            if self.errors > before {
                return;
            }
        }
        let shown = self.show(ty);
        if let Err(why) = format.suits(ty, &shown) {
            let text = self.cx.sources.text(span).to_owned();
            self.report(
                Diagnostic::error(codes::FORMAT, span, format!("{shown} cannot be shown as `{text}`"))
                    .label("does not fit the value")
                    .secondary(value, format!("this is {shown}"))
                    .note(why)
                    .help("leave that part of the format out, or convert the value"),
            );
        }
    }

    /// `value.to_debug()`, which every type has.
    pub fn debug_text(&mut self, span: Span, at: Span, value: ExprId, args: &[Id]) -> ExprId {
        if !args.is_empty() {
            self.check_args_anyhow(args);
            self.report(
                Diagnostic::error("E0202", at, "`to_debug` takes no arguments")
                    .label(format!("{} given", args.len()))
                    .help("write `.to_debug()`"),
            );
        }
        let part = FPart::Formatted(value, Format { kind: Kind::Debug, ..PLAIN });
        self.add(ExprKind::FString(vec![part]), Ty::STRING, span)
    }
}
