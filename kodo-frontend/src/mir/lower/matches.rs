//! `match`: one switch where the outermost level of the patterns allows it, else tests in sequence.
//!
//! A match can be a switch if every arm is, on its outermost level, a variant, an Int or a Bool (or an or-pattern of
//! such), except a catch-all at the end. Arms of one variant are then tried in order below that variant's branch,
//! and the catch-all ends each chain. Bodies are lowered once, however many paths lead to them; so that guards are
//! too, an arm with a guard must not stand for several variants.

use super::Lower;
use super::place::is_place;
use crate::hir::{Arm, ExprId, PatId, PatKind};
use crate::mir::{BlockId, Local, Place, TerminatorKind};
use crate::source::Span;
use crate::types::ty::Ty;
use rustc_hash::FxHashMap;

/// A pattern of an arm (an alternative of its or-pattern) in a switched match.
#[derive(Clone, Copy)]
struct Row {
    pat: PatId,
    arm: usize,
}

/// The branches of a switched match, in order of appearance.
struct Table {
    branches: Vec<(i64, Vec<Row>)>,
    catch_all: Option<Row>,
}

impl Lower<'_> {
    pub(super) fn match_value(&mut self, value: ExprId, arms: &[Arm], dest: Option<Local>, span: Span) {
        if self.ty(value) == Ty::NEVER {
            self.eval(value, None);
            return;
        }
        let mut place = self.place(value);
        let guards_change = arms.iter().any(|arm| arm.guard.is_some_and(|guard| self.changes(guard)));
        if guards_change && is_place(&self.body.expr(value).kind) {
            place = Place::local(self.copy_to_temp(place, span));
        }
        let join = self.frame.new_block();
        match self.table(arms) {
            Some(table) => self.match_switch(&place, arms, &table, dest, join, span),
            None => self.match_in_sequence(&place, arms, dest, join, span),
        }
        self.frame.start(join);
    }

    fn match_in_sequence(&mut self, place: &Place, arms: &[Arm], dest: Option<Local>, join: BlockId, span: Span) {
        for arm in arms {
            let [body, next] = [self.frame.new_block(), self.frame.new_block()];
            self.test(arm.pat, place, next);
            self.bind(arm.pat, place);
            self.guard(arm, body, next);
            self.arm_body(arm, body, dest, join);
            self.frame.start(next);
        }
        self.frame.terminate(TerminatorKind::Unreachable, span);
    }

    fn guard(&mut self, arm: &Arm, body: BlockId, next: BlockId) {
        match arm.guard {
            Some(guard) => self.condition(guard, body, next),
            None => self.frame.goto(body, self.body.pat(arm.pat).span),
        }
    }

    fn arm_body(&mut self, arm: &Arm, block: BlockId, dest: Option<Local>, join: BlockId) {
        self.frame.start(block);
        self.eval(arm.body, dest);
        self.frame.goto(join, self.span(arm.body));
    }

    fn match_switch(
        &mut self,
        place: &Place,
        arms: &[Arm],
        table: &Table,
        dest: Option<Local>,
        join: BlockId,
        span: Span,
    ) {
        let bodies: Vec<BlockId> = arms.iter().map(|_| self.frame.new_block()).collect();
        let sample = table.branches[0].1[0].pat;
        let value = self.key_of(sample, place, span);
        let targets: Vec<(i64, BlockId)> =
            table.branches.iter().map(|(key, _)| (*key, self.frame.new_block())).collect();
        let otherwise = self.frame.new_block();
        self.frame.terminate(TerminatorKind::Switch { value, targets: targets.clone(), otherwise }, span);
        for ((_, rows), (_, block)) in table.branches.iter().zip(targets) {
            self.frame.start(block);
            for row in rows {
                let next = self.frame.new_block();
                self.test_parts(row.pat, place, next);
                self.bind(row.pat, place);
                self.guard(&arms[row.arm], bodies[row.arm], next);
                self.frame.start(next);
            }
            self.catch_all(table, place, &bodies, span);
        }
        self.frame.start(otherwise);
        self.catch_all(table, place, &bodies, span);
        for (arm, body) in arms.iter().zip(bodies) {
            self.arm_body(arm, body, dest, join);
        }
    }

    fn catch_all(&mut self, table: &Table, place: &Place, bodies: &[BlockId], span: Span) {
        match table.catch_all {
            Some(row) => {
                self.bind(row.pat, place);
                self.frame.goto(bodies[row.arm], span);
            }
            None => self.frame.terminate(TerminatorKind::Unreachable, span),
        }
    }

    /// The switch that the arms make, if they make one.
    fn table(&self, arms: &[Arm]) -> Option<Table> {
        let mut table = Table { branches: Vec::new(), catch_all: None };
        let mut branch_of: FxHashMap<i64, usize> = FxHashMap::default();
        for (index, arm) in arms.iter().enumerate() {
            if self.is_irrefutable(arm.pat) {
                if arm.guard.is_some() {
                    return None;
                }
                table.catch_all = Some(Row { pat: arm.pat, arm: index });
                break;
            }
            let mut alternatives = Vec::new();
            self.flatten(arm.pat, &mut alternatives);
            if alternatives.len() > 1 && arm.guard.is_some() {
                return None;
            }
            for pat in alternatives {
                let key = self.key(pat)?;
                let branch = *branch_of.entry(key).or_insert_with(|| {
                    table.branches.push((key, Vec::new()));
                    table.branches.len() - 1
                });
                table.branches[branch].1.push(Row { pat, arm: index });
            }
        }
        if table.branches.is_empty() { None } else { Some(table) }
    }

    fn flatten(&self, pat: PatId, into: &mut Vec<PatId>) {
        match &self.body.pat(pat).kind {
            PatKind::Or(alternatives) => alternatives.iter().for_each(|&pat| self.flatten(pat, into)),
            _ => into.push(pat),
        }
    }
}
