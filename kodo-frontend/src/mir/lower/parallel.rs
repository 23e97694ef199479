//! `parallel`: a scope that every way out of the block joins.

use super::Lower;
use super::builder::Scope;
use crate::hir::ExprId;
use crate::mir::{Callee, Intrinsic, Local, Operand, Place};
use crate::source::Span;
use crate::types::ty::Ty;

impl Lower<'_> {
    pub(super) fn parallel(&mut self, block: ExprId, dest: Option<Local>, span: Span) {
        let scope = self.frame.temp(Ty::INT, span);
        let callee = Callee::Intrinsic(Intrinsic::ParallelBegin, Vec::new());
        self.emit_call(callee, Vec::new(), Some(scope), Ty::INT, span);
        self.frame.scopes.push(Scope::Parallel(scope));
        self.eval(block, dest);
        self.frame.scopes.pop();
        self.join(scope, span);
    }

    /// Waits for the threads of a scope.
    pub(super) fn join(&mut self, scope: Local, span: Span) {
        let callee = Callee::Intrinsic(Intrinsic::ParallelJoin, Vec::new());
        self.emit_call(callee, vec![Operand::Copy(Place::local(scope))], None, Ty::UNIT, span);
    }
}
