//! Blocks, conditions, loops and the ways out of them.

use super::Lower;
use super::builder::Scope;
use super::expr::{RED_ZONE, STACK_STEP, borrowed, constant};
use crate::hir::{BinaryOp, ExprId, ExprKind, Lit, LocalId, PatId, PatKind, Stmt};
use crate::mir::uses::{Action, Reason};
use crate::mir::{
    BlockId, Callee, Const, Intrinsic, Local, Operand, Place, Projection, RESULT, Rvalue, TerminatorKind, UnaryOp,
};
use crate::source::Span;
use crate::types::ty::{Ty, TyCon, TyKind};

impl Lower<'_> {
    pub(super) fn block(&mut self, stmts: &[Stmt], tail: Option<ExprId>, dest: Option<Local>) {
        for stmt in stmts {
            if self.frame.is_dead() {
                return;
            }
            match *stmt {
                Stmt::Let { pat, value, span } => self.let_stmt(pat, value, span),
                Stmt::Expr(value) => self.eval(value, None),
            }
        }
        if let Some(tail) = tail {
            self.eval(tail, dest);
        }
    }

    fn let_stmt(&mut self, pat: PatId, value: ExprId, span: Span) {
        match self.body.pat(pat).kind {
            PatKind::Bind(variable, None) => {
                let local = self.var(variable);
                self.eval(value, Some(local));
                // What the checker writes out reads its operands through variables without a name.
                if Some(self.body.local(variable).name) != self.unnamed {
                    self.give(value, Reason::Let(self.body.local(variable).name));
                }
                self.note(variable, span, Action::Set);
            }
            PatKind::Wild => self.eval(value, None),
            _ => {
                let place = self.place(value);
                self.give(value, Reason::TakenApart);
                self.bind_irrefutable(pat, &place, span);
            }
        }
    }

    pub(super) fn if_else(
        &mut self,
        cond: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
        dest: Option<Local>,
        span: Span,
    ) {
        let [yes, no, join] = [self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        self.condition(cond, yes, no);
        self.frame.start(yes);
        self.eval(then, dest);
        self.frame.goto(join, span);
        self.frame.start(no);
        if let Some(otherwise) = otherwise {
            self.eval(otherwise, dest);
        }
        self.frame.goto(join, span);
        self.frame.start(join);
    }

    /// Goes to `yes` or `no`; nothing is current afterwards. Variables bound by `let` are bound on the way to `yes`.
    pub(super) fn condition(&mut self, id: ExprId, yes: BlockId, no: BlockId) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || {
            let body = self.body;
            let expr = body.expr(id);
            match &expr.kind {
                ExprKind::And(a, b) => {
                    let right = self.frame.new_block();
                    self.condition(*a, right, no);
                    self.frame.start(right);
                    self.condition(*b, yes, no);
                }
                ExprKind::Or(a, b) => {
                    let right = self.frame.new_block();
                    self.condition(*a, yes, right);
                    self.frame.start(right);
                    self.condition(*b, yes, no);
                }
                ExprKind::Unary(UnaryOp::Not, value) => self.condition(*value, no, yes),
                ExprKind::Lit(Lit::Bool(value)) => self.frame.goto(if *value { yes } else { no }, expr.span),
                ExprKind::Let { pat, value } => {
                    let place = self.place(*value);
                    self.test(*pat, &place, no);
                    self.bind(*pat, &place);
                    self.frame.goto(yes, expr.span);
                }
                _ => {
                    let operand = self.operand(id);
                    self.frame.branch(operand, yes, no, expr.span);
                }
            }
        });
    }

    /// A condition that stands where a value is wanted.
    pub(super) fn condition_value(&mut self, id: ExprId, dest: Option<Local>) {
        let span = self.span(id);
        let [yes, no, join] = [self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        self.condition(id, yes, no);
        for (block, value) in [(yes, true), (no, false)] {
            self.frame.start(block);
            if let Some(dest) = dest {
                self.assign(dest, Rvalue::Use(Operand::Const(constant(&Lit::Bool(value), Ty::BOOL))), span);
            }
            self.frame.goto(join, span);
        }
        self.frame.start(join);
    }

    pub(super) fn while_loop(&mut self, cond: ExprId, body: ExprId, span: Span) {
        let [head, inside, exit] = [self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        self.frame.goto(head, span);
        self.frame.start(head);
        self.condition(cond, inside, exit);
        self.frame.start(inside);
        self.loop_body(body, exit, head, span);
        self.frame.start(exit);
    }

    /// The body of a loop, then on to `next`.
    fn loop_body(&mut self, body: ExprId, exit: BlockId, next: BlockId, span: Span) {
        self.frame.scopes.push(Scope::Loop { exit, next });
        self.eval(body, None);
        self.frame.scopes.pop();
        self.frame.goto(next, span);
    }

    /// Counts in a local of its own: assigning the loop's variable does not change the iteration. The inclusive
    /// form leaves after the last value instead of counting past it, which the largest Int could not.
    pub(super) fn for_range(
        &mut self,
        var: LocalId,
        from: ExprId,
        to: ExprId,
        inclusive: bool,
        body: ExprId,
        span: Span,
    ) {
        let counter = self.eval_temp(from);
        let end = match self.operand(to) {
            Operand::Const(end) => Operand::Const(end),
            end => self.fixed(end, span),
        };
        let count = Operand::Copy(Place::local(counter));
        let [head, inside, next, exit] =
            [self.frame.new_block(), self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        let (test, repeat) = if inclusive { (BinaryOp::Le, inside) } else { (BinaryOp::Lt, head) };
        self.frame.goto(head, span);
        self.frame.start(head);
        let go_on = self.compare(test, count.clone(), end.clone(), span);
        self.frame.branch(go_on, inside, exit, span);
        self.frame.start(inside);
        self.note(var, span, Action::Set);
        let var = self.var(var);
        self.assign(var, Rvalue::Use(count.clone()), span);
        self.loop_body(body, exit, next, span);
        self.frame.start(next);
        if inclusive {
            let last = self.compare(BinaryOp::Eq, count, end, span);
            let step = self.frame.new_block();
            self.frame.branch(last, exit, step, span);
            self.frame.start(step);
        }
        self.increment(counter, span);
        self.frame.goto(repeat, span);
        self.frame.start(exit);
    }

    pub(super) fn compare(&mut self, op: BinaryOp, left: Operand, right: Operand, span: Span) -> Operand {
        let answer = self.frame.temp(Ty::BOOL, span);
        self.assign(answer, Rvalue::Binary(op, left, right), span);
        Operand::Copy(Place::local(answer))
    }

    fn increment(&mut self, counter: Local, span: Span) {
        let count = Operand::Copy(Place::local(counter));
        let one = Operand::Const(constant(&Lit::Int(1), self.frame.ty(counter)));
        self.assign(counter, Rvalue::Binary(BinaryOp::Add, count, one), span);
    }

    pub(super) fn for_each(&mut self, pat: PatId, iter: ExprId, body: ExprId, span: Span) {
        match self.types.kind(self.ty(iter)) {
            TyKind::App(TyCon::Channel, args) => {
                let element = args[0];
                self.for_channel(pat, iter, element, body, span);
            }
            _ => self.for_list(pat, iter, body, span),
        }
    }

    /// Iterates a copy of the list, so that changes of the variable are not seen.
    fn for_list(&mut self, pat: PatId, iter: ExprId, body: ExprId, span: Span) {
        let list = Place::local(self.eval_temp(iter));
        let len = Operand::Copy(Place::local(self.list_len(list.clone(), span)));
        let counter = self.frame.temp(Ty::INT, span);
        self.assign(counter, Rvalue::Use(Operand::Const(Const::Int(0))), span);
        let [head, inside, next, exit] =
            [self.frame.new_block(), self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        self.frame.goto(head, span);
        self.frame.start(head);
        let go_on = self.compare(BinaryOp::Lt, Operand::Copy(Place::local(counter)), len, span);
        self.frame.branch(go_on, inside, exit, span);
        self.frame.start(inside);
        let element = Place { local: list.local, projection: vec![Projection::Index(counter)] };
        self.bind_irrefutable(pat, &element, span);
        self.loop_body(body, exit, next, span);
        self.frame.start(next);
        self.increment(counter, span);
        self.frame.goto(head, span);
        self.frame.start(exit);
    }

    /// Receives until the channel is closed and drained.
    fn for_channel(&mut self, pat: PatId, iter: ExprId, element: Ty, body: ExprId, span: Span) {
        let channel = self.operand(iter);
        let channel = if self.changes(body) { self.fixed(channel, span) } else { channel };
        let option = self.types.app(TyCon::Adt(self.option), &[element]);
        let [head, inside, exit] = [self.frame.new_block(), self.frame.new_block(), self.frame.new_block()];
        self.frame.goto(head, span);
        self.frame.start(head);
        let received = self.frame.temp(option, span);
        let callee = Callee::Intrinsic(Intrinsic::ChannelNext, vec![element]);
        self.emit_call(callee, vec![borrowed(channel)], Some(received), option, span);
        let received = Place::local(received);
        let discriminant = self.frame.temp(Ty::INT, span);
        self.assign(discriminant, Rvalue::Discriminant(received.clone()), span);
        let value = Operand::Copy(Place::local(discriminant));
        self.frame.terminate(TerminatorKind::Switch { value, targets: vec![(0, inside)], otherwise: exit }, span);
        self.frame.start(inside);
        let element = Place { local: received.local, projection: vec![Projection::Variant(0), Projection::Field(0)] };
        self.bind_irrefutable(pat, &element, span);
        self.loop_body(body, exit, head, span);
        self.frame.start(exit);
    }

    /// `break` (`exit`) or `continue`, joining the `parallel` blocks that it leaves.
    pub(super) fn leave_loop(&mut self, exit: bool, span: Span) {
        let mut joins = Vec::new();
        let mut to = None;
        for scope in self.frame.scopes.iter().rev() {
            match *scope {
                Scope::Parallel(handle) => joins.push(handle),
                Scope::Loop { exit: out, next } => {
                    to = Some(if exit { out } else { next });
                    break;
                }
            }
        }
        for handle in joins {
            self.join(handle, span);
        }
        match to {
            Some(to) => self.frame.goto(to, span),
            None => self.frame.terminate(TerminatorKind::Unreachable, span),
        }
    }

    pub(super) fn return_value(&mut self, value: Option<ExprId>, span: Span) {
        match value {
            Some(value) => self.eval_result(value),
            None => self.frame.assign_unit(RESULT, span),
        }
        let joins: Vec<Local> = (self.frame.scopes.iter().rev())
            .filter_map(|scope| match *scope {
                Scope::Parallel(handle) => Some(handle),
                Scope::Loop { .. } => None,
            })
            .collect();
        for handle in joins {
            self.join(handle, span);
        }
        let exit = self.frame.exit;
        self.frame.goto(exit, span);
    }
}
