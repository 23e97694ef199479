//! Function values: closures, whose bodies become bodies of their own, named functions, and calls of either. And `dyn`
//! values, which are made in the same way.

use super::Lower;
use super::builder::Frame;
use super::call::Arg;
use crate::hir::{Capture, Closure, ExprId, FnId};
use crate::mir::{Callee, Local, Passing, SpawnBody};
use crate::types::traits::TraitId;
use crate::types::ty::Ty;

impl Lower<'_> {
    /// The captures are copied here; inside they are the first parameters, which the body only reads.
    pub(super) fn closure(&mut self, id: ExprId, closure: &Closure, dest: Option<Local>) {
        let span = self.span(id);
        let captures = closure.captures.iter().map(|c| self.captured(c, true)).collect();
        let index = self.spawned.len();
        self.spawned.push(None);
        let name = format!("{}.closure{}", self.name, index + 1);
        let outer = std::mem::replace(&mut self.frame, Frame::new(name, span, closure.result));
        for &Capture { inner, .. } in &closure.captures {
            let ty = self.body.local(inner).ty;
            self.declare_param(inner, ty, Passing::Borrowed);
        }
        for &param in &closure.params {
            let ty = self.body.local(param).ty;
            self.declare_param(param, ty, Passing::Owned);
        }
        self.eval_result(closure.body);
        self.spawned[index] = Some(self.frame.finish(self.generics));
        self.frame = outer;
        self.emit_call(Callee::Closure(SpawnBody::Local(index as u32)), captures, dest, self.ty(id), span);
    }

    pub(super) fn function_value(&mut self, id: ExprId, function: FnId, type_args: &[Ty], dest: Option<Local>) {
        let body = SpawnBody::Function(function, type_args.to_vec());
        self.emit_call(Callee::Closure(body), Vec::new(), dest, self.ty(id), self.span(id));
    }

    /// Which methods go into the table is known when the type is.
    pub(super) fn make_dyn(&mut self, id: ExprId, value: ExprId, of: TraitId, dest: Option<Local>) {
        let ty = self.ty(value);
        let operand = self.operand(value);
        let callee = Callee::Dyn { of, ty, methods: Vec::new() };
        self.emit_call(callee, vec![operand], dest, self.ty(id), self.span(id));
    }

    /// The callee is lent for the call, the arguments are given away.
    pub(super) fn call_value(&mut self, id: ExprId, callee: ExprId, args: &[ExprId], dest: Option<Local>) {
        let all: Vec<ExprId> = std::iter::once(callee).chain(args.iter().copied()).collect();
        let mut passing = vec![Passing::Owned; all.len()];
        passing[0] = Passing::Borrowed;
        let args = self.arguments(&all, &passing, None, true).into_iter();
        let args = args
            .map(|arg| match arg {
                Arg::Value(operand) => operand,
                Arg::Target(_) => unreachable!("nothing is passed by reference"),
            })
            .collect();
        self.emit_call(Callee::Value, args, dest, self.ty(id), self.span(id));
    }
}
