//! f-strings: a chain of appends to one owned string.

use super::Lower;
use super::expr::borrowed;
use crate::hir::{ExprId, FPart};
use crate::mir::{Callee, Const, Intrinsic, Local, Operand, Place, Rvalue};
use crate::source::Span;
use crate::types::format::{Format, Kind, PLAIN};
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
            Some(FPart::Hole(_) | FPart::Formatted(..)) | None => Operand::Const(Const::Str("".into())),
        };
        let mut started = string != Operand::Const(Const::Str("".into()));
        while let Some(part) = parts.next() {
            if let FPart::Formatted(hole, format) = part {
                let into = match dest {
                    Some(dest) if parts.peek().is_none() => dest,
                    _ => self.frame.temp(Ty::STRING, span),
                };
                self.formatted(string, *hole, *format, into);
                started = true;
                string = Operand::Copy(Place::local(into));
                continue;
            }
            let (text, ty, span) = match part {
                FPart::Text(text) => (Operand::Const(Const::Str(text.as_str().into())), Ty::STRING, span),
                FPart::Hole(hole) | FPart::Formatted(hole, _) => {
                    (borrowed(self.operand(*hole)), self.ty(*hole), body.expr(*hole).span)
                }
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

    /// Appends a formatted value. A debug text with padding is made first and padded then.
    fn formatted(&mut self, string: Operand, hole: ExprId, format: Format, into: Local) {
        let span = self.body.expr(hole).span;
        let (mut ty, mut value) = (self.ty(hole), borrowed(self.operand(hole)));
        let mut format = format;
        if format.kind == Kind::Debug {
            let callee = Callee::Intrinsic(Intrinsic::DebugAppend, vec![ty]);
            if (Format { kind: Kind::Text, ..format }) == PLAIN {
                self.emit_call(callee, vec![string, value], Some(into), Ty::STRING, span);
                return;
            }
            format.kind = Kind::Text;
            if !ty.is_number() {
                let text = self.frame.temp(Ty::STRING, span);
                let empty = Operand::Const(Const::Str("".into()));
                self.emit_call(callee, vec![empty, value], Some(text), Ty::STRING, span);
                (ty, value) = (Ty::STRING, Operand::Borrow(Place::local(text)));
            }
        }
        let word = Operand::Const(Const::Int(format.word()));
        let callee = Callee::Intrinsic(Intrinsic::StringFormat, vec![ty]);
        self.emit_call(callee, vec![string, value, word], Some(into), Ty::STRING, span);
    }
}
