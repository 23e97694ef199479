//! Calls: how each argument is passed, and the calls that lowering itself needs.

use super::Lower;
use super::builder::never_returns;
use super::expr::{borrowed, mentions, reads_part};
use super::place::{Target, is_place, is_scalar};
use crate::hir::{ExprId, FnId};
use crate::mir::{Callee, Local, Operand, Passing, Place, Rvalue, TerminatorKind};
use crate::source::Span;
use crate::syntax::ast::Mode;
use crate::types::ty::Ty;

/// An evaluated argument; the place of a `mut` one is checked only when all are evaluated.
pub(super) enum Arg {
    Value(Operand),
    Target(Target),
}

impl Lower<'_> {
    pub(super) fn call(&mut self, id: ExprId, function: FnId, type_args: &[Ty], args: &[ExprId], dest: Option<Local>) {
        let functions = self.functions;
        let callee = &functions[function.0 as usize];
        if callee.is_async && callee.intrinsic.is_none() {
            self.spawn_call(id, function, type_args, args, dest);
            return;
        }
        let passing: Vec<Passing> = match callee.intrinsic {
            Some(intrinsic) => (0..args.len())
                .map(|index| match intrinsic.args().as_bytes().get(index) {
                    Some(b'b') => Passing::Borrowed,
                    Some(b'm') => Passing::ByRef,
                    _ => Passing::Owned,
                })
                .collect(),
            None => (callee.params.iter())
                .map(|param| match param.mode {
                    Mode::Default | Mode::Own => Passing::Owned,
                    Mode::Ref => Passing::Borrowed,
                    Mode::Mut => Passing::ByRef,
                })
                .collect(),
        };
        let span = self.span(id);
        let lend_places = callee.intrinsic.is_none();
        let mut args = self.arguments(args, &passing, Some(function), lend_places);
        let roots: Vec<Local> = args
            .iter()
            .filter_map(|arg| match arg {
                Arg::Target(target) => Some(target.root),
                Arg::Value(_) => None,
            })
            .collect();
        // Other arguments keep the value that they have before the callee, or making a list unique, changes it.
        for arg in &mut args {
            if let Arg::Value(operand) = arg {
                for &root in &roots {
                    *operand = self.apart_from(root, operand.clone(), span);
                }
            }
        }
        let args = args
            .into_iter()
            .map(|arg| match arg {
                Arg::Value(operand) => operand,
                Arg::Target(target) => {
                    let place = self.check_target(&target);
                    self.make_unique(&target);
                    Operand::Mut(place)
                }
            })
            .collect();
        let lowered = match callee.intrinsic {
            Some(intrinsic) => Callee::Intrinsic(intrinsic, type_args.to_vec()),
            None => Callee::Function(function, type_args.to_vec()),
        };
        self.emit_call(lowered, args, dest, self.ty(id), span);
    }

    /// Evaluates the arguments. A constant that is lent to a function is put in a temporary to lend; operations of the
    /// language take constants as they are.
    pub(super) fn arguments(
        &mut self,
        ids: &[ExprId],
        passing: &[Passing],
        callee: Option<FnId>,
        lend_places: bool,
    ) -> Vec<Arg> {
        let last_change = ids.iter().rposition(|&id| self.changes(id)).unwrap_or(0);
        let mut args = Vec::with_capacity(ids.len());
        for (index, (&id, &passing)) in ids.iter().zip(passing).enumerate() {
            let changes_later = index < last_change;
            let span = self.span(id);
            if passing == Passing::ByRef {
                args.push(if is_place(&self.body.expr(id).kind) {
                    Arg::Target(self.target(id, changes_later))
                } else {
                    Arg::Value(Operand::Mut(Place::local(self.eval_temp(id))))
                });
                continue;
            }
            let mut operand = self.operand(id);
            if let (Passing::Owned, Some(callee)) = (passing, callee) {
                self.give_argument(id, callee, index);
            }
            if changes_later {
                operand = self.fixed(operand, span);
            }
            if passing == Passing::Borrowed {
                if lend_places && matches!(operand, Operand::Const(_)) {
                    let temp = self.frame.temp(self.ty(id), span);
                    self.frame.assign(Place::local(temp), Rvalue::Use(operand), span);
                    operand = Operand::Copy(Place::local(temp));
                }
                operand = borrowed(operand);
            }
            args.push(Arg::Value(operand));
        }
        args
    }

    /// Ends the block with a call and goes on after it.
    pub(super) fn emit_call(
        &mut self,
        callee: Callee,
        mut args: Vec<Operand>,
        dest: Option<Local>,
        result: Ty,
        span: Span,
    ) {
        if self.frame.is_dead() {
            return;
        }
        self.separate_arguments(&mut args, span);
        let never = result == Ty::NEVER || matches!(callee, Callee::Intrinsic(i, _) if never_returns(i));
        let direct = dest.filter(|&dest| {
            self.frame.is_owned(dest) && self.frame.ty(dest) == result && !args.iter().any(|arg| reads_part(arg, dest))
        });
        let into = direct.unwrap_or_else(|| self.frame.temp(result, span));
        let dest_place = Place::local(into);
        if never {
            let kind = TerminatorKind::Call { callee, args, dest: dest_place, target: None, unwind: None };
            self.frame.terminate(kind, span);
            return;
        }
        self.frame.terminate_and_continue(
            |target| TerminatorKind::Call { callee, args, dest: dest_place, target: Some(target), unwind: None },
            span,
        );
        if let Some(dest) = dest.filter(|&dest| dest != into) {
            self.frame.assign(Place::local(dest), Rvalue::Use(Operand::Copy(Place::local(into))), span);
        }
    }

    /// No argument is taken from a variable that another one borrows.
    fn separate_arguments(&mut self, args: &mut [Operand], span: Span) {
        let roots: Vec<Local> = args
            .iter()
            .filter_map(|arg| match arg {
                Operand::Borrow(place) | Operand::Mut(place) => Some(place.local),
                _ => None,
            })
            .collect();
        for arg in args {
            match arg {
                Operand::Copy(place) if roots.iter().any(|&root| mentions(place, root)) => {
                    let ty = self.place_ty(place);
                    if !is_scalar(ty) {
                        *arg = Operand::Copy(Place::local(self.copy_to_temp(place.clone(), span)));
                    }
                }
                _ => {}
            }
        }
    }
}
