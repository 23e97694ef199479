//! `select`: channels and values first, in order, then one terminator that waits; each arm is a branch.

use super::Lower;
use super::expr::borrowed;
use crate::hir::{self, ExprId, PatKind, Select};
use crate::mir::uses::Action;
use crate::mir::{BlockId, Local, Operand, SelectArm, SelectOtherwise, TerminatorKind};
use crate::source::Span;

impl Lower<'_> {
    pub(super) fn select(&mut self, select: &Select, dest: Option<Local>, span: Span) {
        let operands = self.select_operands(select);
        let mut operands = operands.into_iter();
        let mut next = || operands.next().expect("one operand for each that was listed");
        let mut arms = Vec::new();
        // What is to be lowered at each target.
        let mut received = Vec::new();
        for arm in &select.arms {
            let target = self.frame.new_block();
            match arm {
                hir::SelectArm::Recv { pat, .. } => {
                    let pattern = self.body.pat(*pat);
                    let into = match pattern.kind {
                        PatKind::Bind(variable, None) => self.var(variable),
                        _ => self.frame.temp(pattern.ty, pattern.span),
                    };
                    received.push(Some(into));
                    arms.push(SelectArm::Recv { channel: borrowed(next()), into, target });
                }
                hir::SelectArm::Send { .. } => {
                    received.push(None);
                    let channel = borrowed(next());
                    arms.push(SelectArm::Send { channel, value: next(), target });
                }
            }
        }
        let targets: Vec<BlockId> = arms
            .iter()
            .map(|arm| match *arm {
                SelectArm::Recv { target, .. } | SelectArm::Send { target, .. } => target,
            })
            .collect();
        let other = self.frame.new_block();
        let (otherwise, other_body) = match (select.default, select.timeout) {
            (Some(body), _) => (SelectOtherwise::Default(other), Some(body)),
            (None, Some((_, body))) => (SelectOtherwise::Timeout(next(), other), Some(body)),
            (None, None) => (SelectOtherwise::Wait, None),
        };
        self.frame.terminate(TerminatorKind::Select { arms, otherwise, unwind: None }, span);

        let join = self.frame.new_block();
        for ((arm, target), into) in select.arms.iter().zip(targets).zip(received) {
            self.frame.start(target);
            let body = match arm {
                hir::SelectArm::Recv { pat, body, .. } => {
                    if let PatKind::Bind(variable, None) = self.body.pat(*pat).kind {
                        self.note(variable, span, Action::Set);
                    }
                    if let (Some(into), false) = (into, matches!(self.body.pat(*pat).kind, PatKind::Bind(_, None))) {
                        self.bind_irrefutable(*pat, &crate::mir::Place::local(into), span);
                    }
                    *body
                }
                hir::SelectArm::Send { body, .. } => *body,
            };
            self.select_body(body, dest, join, span);
        }
        if let Some(body) = other_body {
            self.frame.start(other);
            self.select_body(body, dest, join, span);
        }
        self.frame.start(join);
    }

    fn select_body(&mut self, body: ExprId, dest: Option<Local>, join: BlockId, span: Span) {
        self.eval(body, dest);
        self.frame.goto(join, span);
    }

    /// Channels, values to send and the time limit, as written.
    fn select_operands(&mut self, select: &Select) -> Vec<Operand> {
        let mut ids = Vec::new();
        for arm in &select.arms {
            match arm {
                hir::SelectArm::Recv { channel, .. } => ids.push(*channel),
                hir::SelectArm::Send { channel, value, .. } => ids.extend([*channel, *value]),
            }
        }
        ids.extend(select.timeout.map(|(ms, _)| ms));
        self.operands(&ids)
    }
}
