//! Iterators: ranges as values, loops over iterators, and collections where an iterator is wanted.

use super::{Deferred, Infer};
use crate::hir::{ExprId, ExprKind, FnId, PatKind, Stmt};
use crate::mir::Intrinsic;
use crate::source::Span;
use crate::syntax::ast::Id;
use crate::types::context::PRELUDE_FILE;
use crate::types::ty::{Ty, TyCon, TyKind};

impl Infer<'_, '_> {
    fn library(&self, name: &str) -> Option<FnId> {
        let name = self.cx.names.get(name)?;
        self.cx.scopes[PRELUDE_FILE].functions.get(&name).copied()
    }

    fn call_library(&mut self, span: Span, function: FnId, type_args: &[Ty], args: Vec<ExprId>) -> ExprId {
        let result = self.cx.signature(function).result;
        let ty = self.cx.types.subst(result, type_args);
        self.add(ExprKind::Call { function, type_args: type_args.to_vec(), args }, ty, span)
    }

    /// `a..b` and `a..=b` outside the head of a loop.
    pub fn range(&mut self, span: Span, from: Id, to: Id, inclusive: bool) -> ExprId {
        let (from, to, ty) = self.range_bounds(from, to);
        match self.library(if inclusive { "__span" } else { "__range" }) {
            Some(function) => self.call_library(span, function, &[ty], vec![from, to]),
            None => self.poison(span),
        }
    }

    /// A collection is its iterator where one is wanted.
    pub fn as_iterator(&mut self, e: ExprId, expected: Ty) -> ExprId {
        let expected = self.shallow(expected);
        let TyKind::App(TyCon::Adt(id), _) = self.cx.types.kind(expected) else { return e };
        if self.cx.iterator != Some(*id) {
            return e;
        }
        let ty = self.ty(e);
        let Some(from) = self.cx.types.head(ty).filter(|_| self.adt_of(ty) != self.cx.iterator) else { return e };
        let method = self.cx.names.get("iter").and_then(|name| self.cx.methods.get(&(from, name)).copied());
        let Some(method) = method.filter(|&m| !self.cx.is_user(m)) else { return e };
        let type_args = match self.kind(ty) {
            TyKind::App(_, args) => args.to_vec(),
            _ => Vec::new(),
        };
        let span = self.body.expr(e).span;
        self.call_library(span, method, &type_args, vec![e])
    }

    /// `for pat in iter`: the iterator moves into a variable, and the loop goes on while that gives `Some(pat)`.
    pub fn for_iterator(&mut self, span: Span, pat: Id, iter: ExprId, of: (Ty, Ty), body: Id) -> ExprId {
        let (element, state_ty) = of;
        let at = self.body.expr(iter).span;
        let Some(&next) = self.cx.intrinsics.get(&Intrinsic::Next) else { return self.poison(span) };
        let ty = self.ty(iter);
        let local = self.temporary(at, ty);
        self.body.locals[local.0 as usize].mutable = true;
        let bind = self.body.add_pat(PatKind::Bind(local, None), ty, at);
        let first = Stmt::Let { pat: bind, value: iter, span: at };
        let iterator = self.add(ExprKind::Local(local), ty, at);
        let state = self.add(ExprKind::Field(iterator, 0), state_ty, at);
        let value = self.call_library(at, next, &[element, state_ty], vec![state]);

        let mark = self.enter();
        let pat = self.pattern(pat, element, at, |_, _| ());
        self.deferred.push(Deferred::Irrefutable { pat, what: "for" });
        let adt = self.cx.option;
        let option = self.ty(value);
        let some = self.body.add_pat(PatKind::Variant { adt, variant: 0, fields: vec![pat] }, option, at);
        let cond = self.add(ExprKind::Let { pat: some, value }, Ty::BOOL, at);
        let body = self.loop_body(body);
        self.leave(mark);
        let each = self.add(ExprKind::While { cond, body }, Ty::UNIT, span);
        self.add(ExprKind::Block { stmts: vec![first], tail: Some(each) }, Ty::UNIT, span)
    }
}
