//! Bounds of lists: every index is compared with the list's length before the element is touched.

use super::Lower;
use crate::mir::{Check, Local, Operand, Place, Rvalue};
use crate::source::Span;
use crate::types::ty::Ty;

impl Lower<'_> {
    pub(super) fn check_index(&mut self, list: &Place, index: Local, span: Span) {
        let len = self.list_len(list.clone(), span);
        let index = Operand::Copy(Place::local(index));
        self.frame.check(Check::Index { index, len: Operand::Copy(Place::local(len)) }, span);
    }

    pub(super) fn list_len(&mut self, list: Place, span: Span) -> Local {
        let len = self.frame.temp(Ty::INT, span);
        self.frame.assign(Place::local(len), Rvalue::ListLen(list), span);
        len
    }
}
