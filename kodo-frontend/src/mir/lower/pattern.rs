//! Patterns against a place: tests that go to `fail` when they do not match, then bindings.
//!
//! Bindings come after all tests, so that nothing is copied out of a value that does not match in the end. The
//! alternatives of an or-pattern bind as soon as one has matched: only there it is known which one.

use super::Lower;
use super::expr::{RED_ZONE, STACK_STEP, constant};
use crate::hir::{BinaryOp, Lit, PatId, PatKind};
use crate::mir::uses::Action;
use crate::mir::{BlockId, Operand, Place, Projection, Rvalue, TerminatorKind};
use crate::source::Span;
use crate::types::ty::{AdtId, AdtKind, Ty};

impl Lower<'_> {
    /// Goes on if the value matches, else to `fail`.
    pub(super) fn test(&mut self, pat: PatId, place: &Place, fail: BlockId) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || {
            let body = self.body;
            let node = body.pat(pat);
            let span = node.span;
            match &node.kind {
                PatKind::Error => unreachable!("a program with errors is not lowered"),
                PatKind::Wild | PatKind::Bind(_, None) => {}
                PatKind::Bind(_, Some(sub)) => self.test(*sub, place, fail),
                PatKind::Lit(lit) => self.test_literal(lit, node.ty, place, fail, span),
                PatKind::Range(from, to) => {
                    let value = Operand::Copy(place.clone());
                    let from = Operand::Const(constant(&Lit::Int(*from), node.ty));
                    self.require(BinaryOp::Le, from, value.clone(), fail, span);
                    self.require(BinaryOp::Le, value, Operand::Const(constant(&Lit::Int(*to), node.ty)), fail, span);
                }
                PatKind::Variant { .. } => {
                    if let Some(key) = self.key(pat) {
                        self.switch_to(&[key], pat, place, fail, span);
                    }
                    self.test_parts(pat, place, fail);
                }
                PatKind::Tuple(_) => self.test_parts(pat, place, fail),
                PatKind::Or(alternatives) => self.test_or(pat, alternatives, place, fail, span),
            }
        });
    }

    fn test_literal(&mut self, lit: &Lit, ty: Ty, place: &Place, fail: BlockId, span: Span) {
        let value = Operand::Copy(place.clone());
        match lit {
            Lit::Int(_) | Lit::Bool(_) => {
                let matched = self.frame.new_block();
                let key = if let Lit::Int(key) = *lit { key } else { i64::from(*lit == Lit::Bool(true)) };
                let targets = vec![(key, matched)];
                self.frame.terminate(TerminatorKind::Switch { value, targets, otherwise: fail }, span);
                self.frame.start(matched);
            }
            Lit::Float(_) => self.require(BinaryOp::Eq, value, Operand::Const(constant(lit, ty)), fail, span),
            Lit::Str(_) => {
                let equal = self.frame.temp(Ty::BOOL, span);
                self.string_eq(value, Operand::Const(constant(lit, ty)), equal, span);
                let matched = self.frame.new_block();
                self.frame.branch(Operand::Copy(Place::local(equal)), matched, fail, span);
                self.frame.start(matched);
            }
        }
    }

    fn require(&mut self, op: BinaryOp, left: Operand, right: Operand, fail: BlockId, span: Span) {
        let answer = self.compare(op, left, right, span);
        let matched = self.frame.new_block();
        self.frame.branch(answer, matched, fail, span);
        self.frame.start(matched);
    }

    fn test_or(&mut self, pat: PatId, alternatives: &[PatId], place: &Place, fail: BlockId, span: Span) {
        // Alternatives that only differ in their key are one switch.
        let keys: Option<Vec<i64>> = alternatives
            .iter()
            .map(|&alternative| self.key(alternative).filter(|_| self.decides_by_key(alternative)))
            .collect();
        if let (Some(keys), Some(&first)) = (keys, alternatives.first()) {
            self.switch_to(&keys, first, place, fail, span);
            return;
        }
        let binds = self.binds(pat);
        let matched = self.frame.new_block();
        for (index, &alternative) in alternatives.iter().enumerate() {
            let last = index + 1 == alternatives.len();
            let next = if last { fail } else { self.frame.new_block() };
            self.test(alternative, place, next);
            if binds {
                self.bind(alternative, place);
            }
            self.frame.goto(matched, span);
            if !last {
                self.frame.start(next);
            }
        }
        self.frame.start(matched);
    }

    /// Goes on if the value's key is one of `keys`.
    fn switch_to(&mut self, keys: &[i64], sample: PatId, place: &Place, fail: BlockId, span: Span) {
        let value = self.key_of(sample, place, span);
        let matched = self.frame.new_block();
        let mut targets: Vec<(i64, BlockId)> = Vec::with_capacity(keys.len());
        for &key in keys {
            if targets.iter().all(|target| target.0 != key) {
                targets.push((key, matched));
            }
        }
        self.frame.terminate(TerminatorKind::Switch { value, targets, otherwise: fail }, span);
        self.frame.start(matched);
    }

    /// What a switch on the pattern's outermost level compares: the variant of an enum with several, or an Int or
    /// Bool literal.
    pub(super) fn key(&self, pat: PatId) -> Option<i64> {
        match self.body.pat(pat).kind {
            PatKind::Variant { adt, variant, .. } if self.adts[adt.0 as usize].variants.len() > 1 => {
                Some(i64::from(variant))
            }
            PatKind::Lit(Lit::Int(value)) => Some(value),
            PatKind::Lit(Lit::Bool(value)) => Some(i64::from(value)),
            PatKind::Bind(_, Some(sub)) => self.key(sub),
            _ => None,
        }
    }

    /// The value that [`Lower::key`] of such a pattern is compared with.
    pub(super) fn key_of(&mut self, sample: PatId, place: &Place, span: Span) -> Operand {
        match self.body.pat(sample).kind {
            PatKind::Bind(_, Some(sub)) => self.key_of(sub, place, span),
            PatKind::Variant { .. } => {
                let discriminant = self.frame.temp(Ty::INT, span);
                self.assign(discriminant, Rvalue::Discriminant(place.clone()), span);
                Operand::Copy(Place::local(discriminant))
            }
            _ => Operand::Copy(place.clone()),
        }
    }

    /// The key says everything: no payload is tested or bound.
    fn decides_by_key(&self, pat: PatId) -> bool {
        match &self.body.pat(pat).kind {
            PatKind::Lit(_) => true,
            PatKind::Variant { fields, .. } => {
                fields.iter().all(|&field| matches!(self.body.pat(field).kind, PatKind::Wild))
            }
            _ => false,
        }
    }

    /// Tests below the outermost level, whose key has matched.
    pub(super) fn test_parts(&mut self, pat: PatId, place: &Place, fail: BlockId) {
        let body = self.body;
        match &body.pat(pat).kind {
            PatKind::Bind(_, Some(sub)) => self.test_parts(*sub, place, fail),
            PatKind::Variant { adt, variant, fields } => {
                for (index, &field) in fields.iter().enumerate() {
                    let part = self.payload(place, *adt, *variant, index);
                    self.test(field, &part, fail);
                }
            }
            PatKind::Tuple(items) => {
                for (index, &item) in items.iter().enumerate() {
                    self.test(item, &field(place, index), fail);
                }
            }
            _ => {}
        }
    }

    /// Copies what the matched pattern binds, except inside or-patterns, which did so themselves.
    pub(super) fn bind(&mut self, pat: PatId, place: &Place) {
        stacker::maybe_grow(RED_ZONE, STACK_STEP, || {
            let body = self.body;
            let node = body.pat(pat);
            match &node.kind {
                PatKind::Error | PatKind::Wild | PatKind::Lit(_) | PatKind::Range(..) | PatKind::Or(_) => {}
                PatKind::Bind(variable, sub) => {
                    self.note(*variable, node.span, Action::Set);
                    let local = self.var(*variable);
                    self.assign(local, Rvalue::Use(Operand::Copy(place.clone())), node.span);
                    if let Some(sub) = sub {
                        self.bind(*sub, place);
                    }
                }
                PatKind::Variant { adt, variant, fields } => {
                    for (index, &sub) in fields.iter().enumerate() {
                        let part = self.payload(place, *adt, *variant, index);
                        self.bind(sub, &part);
                    }
                }
                PatKind::Tuple(items) => {
                    for (index, &item) in items.iter().enumerate() {
                        self.bind(item, &field(place, index));
                    }
                }
            }
        });
    }

    /// Binds a pattern that always matches.
    pub(super) fn bind_irrefutable(&mut self, pat: PatId, place: &Place, span: Span) {
        let [fail, go_on] = [self.frame.new_block(), self.frame.new_block()];
        self.test(pat, place, fail);
        self.bind(pat, place);
        self.frame.goto(go_on, span);
        self.frame.start(fail);
        self.frame.terminate(TerminatorKind::Unreachable, span);
        self.frame.start(go_on);
    }

    fn payload(&mut self, place: &Place, adt: AdtId, variant: u32, index: usize) -> Place {
        let mut part = place.clone();
        if self.adts[adt.0 as usize].kind == AdtKind::Enum {
            part.projection.push(Projection::Variant(variant));
        }
        part.projection.push(Projection::Field(index as u32));
        if self.cells.contains(&(adt, variant, index as u32)) {
            part.projection.push(Projection::Index(self.frame.zero()));
        }
        part
    }

    fn binds(&self, pat: PatId) -> bool {
        match &self.body.pat(pat).kind {
            PatKind::Error | PatKind::Wild | PatKind::Lit(_) | PatKind::Range(..) => false,
            PatKind::Bind(..) => true,
            PatKind::Variant { fields: parts, .. } | PatKind::Tuple(parts) | PatKind::Or(parts) => {
                parts.iter().any(|&part| self.binds(part))
            }
        }
    }

    /// Does the pattern match every value, by its form?
    pub(super) fn is_irrefutable(&self, pat: PatId) -> bool {
        matches!(self.body.pat(pat).kind, PatKind::Wild | PatKind::Bind(_, None))
    }
}

fn field(place: &Place, index: usize) -> Place {
    let mut part = place.clone();
    part.projection.push(Projection::Field(index as u32));
    part
}
