//! Green threads: `spawn` blocks, whose bodies become bodies of their own, and calls of `async` functions.

use super::Lower;
use super::builder::Frame;
use crate::hir::{Capture, ExprId, FnId, Spawn};
use crate::mir::{Local, Operand, Passing, Place, SpawnBody, SpawnKind, TerminatorKind};
use crate::source::Span;
use crate::types::ty::{Ty, TyCon};

impl Lower<'_> {
    /// The captures are copied here; inside they are parameters.
    pub(super) fn spawn(&mut self, id: ExprId, spawn: &Spawn, dest: Option<Local>) {
        let span = self.span(id);
        let captures = spawn.captures.iter().map(|c| self.captured(c, false)).collect();
        let index = self.spawned.len();
        self.spawned.push(None);
        let name = format!("{}.spawn{}", self.name, index + 1);
        let outer = std::mem::replace(&mut self.frame, Frame::new(name, span, spawn.result));
        for &Capture { inner, .. } in &spawn.captures {
            let ty = self.body.local(inner).ty;
            self.declare_param(inner, ty, Passing::Owned);
        }
        self.eval_result(spawn.body);
        self.spawned[index] = Some(self.frame.finish(self.generics));
        self.frame = outer;

        let scope = if spawn.parallel { self.frame.parallel_scope() } else { None };
        let kind = match scope {
            Some(scope) => SpawnKind::Parallel(Operand::Copy(Place::local(scope))),
            None if spawn.detached => SpawnKind::Detached,
            None => SpawnKind::Future,
        };
        self.emit_spawn(SpawnBody::Local(index as u32), captures, kind, spawn.result, dest, span);
    }

    /// A call of an `async` function starts it at once; one whose future nobody takes is detached.
    pub(super) fn spawn_call(
        &mut self,
        id: ExprId,
        function: FnId,
        type_args: &[Ty],
        args: &[ExprId],
        dest: Option<Local>,
    ) {
        let captures = self.operands(args);
        (args.iter().enumerate()).for_each(|(index, &arg)| self.give_argument(arg, function, index));
        let kind = if dest.is_some() { SpawnKind::Future } else { SpawnKind::Detached };
        let result = self.type_arg(self.ty(id));
        let body = SpawnBody::Function(function, type_args.to_vec());
        self.emit_spawn(body, captures, kind, result, dest, self.span(id));
    }

    fn emit_spawn(
        &mut self,
        body: SpawnBody,
        captures: Vec<Operand>,
        kind: SpawnKind,
        result: Ty,
        dest: Option<Local>,
        span: Span,
    ) {
        let ty = match kind {
            SpawnKind::Detached => Ty::UNIT,
            SpawnKind::Future | SpawnKind::Parallel(_) => self.types.app(TyCon::Future, &[result]),
        };
        let dest = dest.unwrap_or_else(|| self.frame.temp(ty, span));
        self.frame.terminate_and_continue(
            |target| TerminatorKind::Spawn { body, captures, kind, result, dest: Place::local(dest), target },
            span,
        );
    }
}
