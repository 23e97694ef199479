//! Records what happens to variables, for the check of moves.

use super::Lower;
use crate::hir::{Capture, ExprId, ExprKind, FnId, LocalId};
use crate::mir::uses::{Action, Reason, Use};
use crate::mir::{Operand, Place};
use crate::own;
use crate::source::Span;

impl Lower<'_> {
    pub(super) fn note(&mut self, variable: LocalId, span: Span, action: Action) {
        let ty = self.body.local(variable).ty;
        let movable = span.file != self.library
            && !own::is_copy(self.types, self.adts, [self.option, self.result], ty)
            && Some(self.body.local(variable).name) != self.unnamed;
        if movable {
            let local = self.var(variable);
            if self.frame.is_owned(local) {
                self.frame.note(Use { variable, span, action });
            }
        }
    }

    /// The value of an expression goes elsewhere. Only a whole variable loses it: everything else makes a value of its
    /// own, or copies a part.
    pub(super) fn give(&mut self, mut value: ExprId, reason: Reason) {
        while let ExprKind::Dyn { value: inner, .. } = self.body.expr(value).kind {
            value = inner;
        }
        if let ExprKind::Local(variable) = self.body.expr(value).kind {
            self.note(variable, self.span(value), Action::Give(reason));
        }
    }

    /// An argument for an `own` parameter.
    pub(super) fn give_argument(&mut self, value: ExprId, callee: FnId, index: usize) {
        if own::suspects::takes(&self.functions[callee.0 as usize], index, self.library, self.receiver) {
            self.give(value, Reason::Argument(callee, index as u32));
        }
    }

    /// A spawned block copies what it captures, a closure takes it.
    pub(super) fn captured(&mut self, capture: &Capture, closure: bool) -> Operand {
        if closure {
            self.note(capture.outer, capture.at, Action::Capture);
            self.note(capture.outer, capture.at, Action::Give(Reason::Closure));
        } else {
            self.note(capture.outer, capture.at, Action::Read);
        }
        Operand::Copy(Place::local(self.var(capture.outer)))
    }
}
