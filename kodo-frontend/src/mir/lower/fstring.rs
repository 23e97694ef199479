//! f-strings: a chain of appends to one owned string.

use super::Lower;
use super::expr::borrowed;
use crate::hir::FPart;
use crate::mir::{Callee, Const, Intrinsic, Local, Operand, Place, Rvalue};
use crate::source::Span;
use crate::types::ty::Ty;

impl Lower<'_> {
    pub(super) fn fstring(&mut self, parts: &[FPart], dest: Option<Local>, span: Span) {
        let body = self.body;
        let mut parts = parts.iter().filter(|part| !matches!(part, FPart::Text(text) if text.is_empty())).peekable();
        let mut string = match parts.peek() {
            Some(FPart::Text(text)) => {
                parts.next();
                Operand::Const(Const::Str(text.as_str().into()))
            }
            Some(FPart::Hole(_)) | None => Operand::Const(Const::Str("".into())),
        };
        let mut started = string != Operand::Const(Const::Str("".into()));
        while let Some(part) = parts.next() {
            let (text, ty, span) = match part {
                FPart::Text(text) => (Operand::Const(Const::Str(text.as_str().into())), Ty::STRING, span),
                FPart::Hole(hole) => (borrowed(self.operand(*hole)), self.ty(*hole), body.expr(*hole).span),
            };
            let into = match dest {
                Some(dest) if parts.peek().is_none() => dest,
                _ => self.frame.temp(Ty::STRING, span),
            };
            let (intrinsic, args) =
                if started { (Intrinsic::StringAppend, vec![string, text]) } else { (Intrinsic::ToString, vec![text]) };
            self.emit_call(Callee::Intrinsic(intrinsic, vec![ty]), args, Some(into), Ty::STRING, span);
            started = true;
            string = Operand::Copy(Place::local(into));
        }
        if let (Operand::Const(_), Some(dest)) = (&string, dest) {
            self.assign(dest, Rvalue::Use(string), span);
        }
    }
}
