//! Random bodies, counted and then walked: an interpreter with explicit counts follows every path (up to a bound) of what
//! `insert` made, and finds leaks, double drops and uses after drop. `verify` must accept each of them and reject every
//! small damage to it.

use super::generate::{CALLEES, Generator, HEADER};
use super::insert;
use crate::mir::dataflow::{Cfg, liveness};
use crate::mir::parse::{Parsed, parse_program};
use crate::mir::text::print_program;
use crate::mir::typing::{call_may_panic, place_ty};
use crate::mir::verify::verify;
use crate::mir::visit::{self, operand_place};
use crate::mir::{
    BlockId, Body, Const, Local, Operand, Passing, Place, Projection, RESULT, Rvalue, SelectArm, Statement,
    StatementKind, TerminatorKind,
};
use crate::types::counted::Counted;
use crate::types::ty::{Adt, Ty, TyCon, TyKind, Types};

// ---- the interpreter

#[derive(Clone, PartialEq, Debug)]
enum Value {
    /// Nothing is counted; an Int may be known.
    Plain(Option<i64>),
    Handle(usize),
    Struct(Vec<Value>),
    Enum(u32, Vec<Value>),
}

#[derive(Clone)]
struct State {
    block: BlockId,
    locals: Vec<Option<Value>>,
    /// Per object; never reused.
    counts: Vec<u32>,
    visits: Vec<u8>,
    made: u32,
}

struct Walker<'a> {
    body: &'a Body,
    types: &'a mut Types,
    adts: &'a [Adt],
    paths: usize,
}

type Step<T> = Result<T, String>;

const MAX_PATHS: usize = 600;
const MAX_VISITS: u8 = 2;

impl Walker<'_> {
    fn walk(&mut self) -> Step<()> {
        let body = self.body;
        let mut start = State {
            block: BlockId(0),
            locals: vec![None; body.locals.len()],
            counts: Vec::new(),
            visits: vec![0; body.blocks.len()],
            made: 0,
        };
        for param in 1..=body.params as usize {
            start.locals[param] = Some(self.make(&mut start, body.locals[param].ty));
        }
        let mut todo = vec![start];
        while let Some(mut state) = todo.pop() {
            let at = state.block;
            state.visits[at.0 as usize] += 1;
            if state.visits[at.0 as usize] > MAX_VISITS || self.paths > MAX_PATHS {
                continue;
            }
            self.block(state, &mut todo).map_err(|e| format!("bb{}: {e}", at.0))?;
        }
        Ok(())
    }

    fn block(&mut self, mut state: State, todo: &mut Vec<State>) -> Step<()> {
        let body = self.body;
        let block = &body.blocks[state.block.0 as usize];
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Drop(place) => {
                    let value = self.get(&state, place)?;
                    self.drop_value(&mut state, &value)?;
                    if place.projection.is_empty() && body.locals[place.local.0 as usize].passing == Passing::Owned {
                        state.locals[place.local.0 as usize] = None;
                    } else {
                        *self.slot(&mut state, place)? = Value::Plain(None);
                    }
                }
                StatementKind::Assign(place, rvalue) => {
                    let value = self.rvalue(&mut state, rvalue)?;
                    self.put(&mut state, place, value)?;
                }
            }
        }
        let kind = &block.terminator.kind;
        let edges = visit::edges(kind);
        match kind {
            TerminatorKind::Goto(_) => {}
            TerminatorKind::Unreachable => return Ok(()),
            TerminatorKind::Return => return self.finish(state, true),
            TerminatorKind::Resume => return self.finish(state, false),
            TerminatorKind::Switch { value, targets, otherwise } => {
                if let Value::Plain(Some(n)) = self.operand(&mut state, value)? {
                    let target = targets.iter().find(|t| t.0 == n).map_or(*otherwise, |t| t.1);
                    todo.push(State { block: target, ..state });
                    return Ok(());
                }
            }
            TerminatorKind::Call { callee, args, target, unwind, .. } => {
                self.consume(&mut state, visit::terminator_operands(kind))?;
                for arg in args {
                    if let Operand::Mut(place) = arg {
                        let old = self.get(&state, place)?;
                        self.drop_value(&mut state, &old)?;
                        let ty = place_ty(body, place, self.types, self.adts).expect("a typed place");
                        let new = self.make(&mut state, ty);
                        *self.slot(&mut state, place)? = new;
                    }
                }
                let panics = call_may_panic(callee);
                if panics && unwind.is_none() {
                    self.finish(state.clone(), false)?;
                }
                if target.is_none() && unwind.is_none() {
                    return Ok(());
                }
            }
            TerminatorKind::Check { .. } | TerminatorKind::Spawn { .. } | TerminatorKind::Select { .. } => {
                self.consume(&mut state, visit::terminator_operands(kind))?;
            }
        }
        for edge in edges {
            let mut next = state.clone();
            next.block = edge.target;
            if !edge.unwind
                && let Some(dest) = visit::terminator_dest(kind)
            {
                let ty = place_ty(body, dest, self.types, self.adts).expect("a typed place");
                let value = self.make(&mut next, ty);
                self.put(&mut next, dest, value)?;
            } else if let Some(into) = edge.init {
                let value = self.make(&mut next, body.locals[into.0 as usize].ty);
                self.put(&mut next, &Place::local(into), value)?;
            }
            todo.push(next);
        }
        Ok(())
    }

    /// What the callee owns is gone when it comes back, in whichever way.
    fn consume(&mut self, state: &mut State, operands: Vec<&Operand>) -> Step<()> {
        let mut values = Vec::new();
        for operand in operands {
            let value = self.operand(state, operand)?;
            match operand {
                Operand::Copy(_) | Operand::Move(_) => values.push(value),
                // A constant handle is static; nobody counts it.
                Operand::Borrow(_) | Operand::Mut(_) | Operand::Const(_) => {}
            }
        }
        values.iter().try_for_each(|v| self.drop_value(state, v))
    }

    fn finish(&mut self, mut state: State, returned: bool) -> Step<()> {
        self.paths += 1;
        for (index, decl) in self.body.locals.iter().enumerate() {
            let Some(value) = state.locals[index].take() else { continue };
            let expected = decl.passing != Passing::Owned || (returned && Local(index as u32) == RESULT);
            if expected {
                self.drop_value(&mut state, &value)?;
            } else if !handles(&value).is_empty() {
                return Err(format!("_{index} still holds a value at the end"));
            }
        }
        match state.counts.iter().position(|c| *c != 0) {
            Some(object) => Err(format!("object {object} leaks")),
            None => Ok(()),
        }
    }

    /// A new value of a type, counted once.
    fn make(&mut self, state: &mut State, ty: Ty) -> Value {
        match self.types.kind(ty).clone() {
            TyKind::String | TyKind::App(TyCon::Channel | TyCon::Future | TyCon::List, _) => {
                state.counts.push(1);
                Value::Handle(state.counts.len() - 1)
            }
            TyKind::App(TyCon::Adt(id), args) => {
                let adts = self.adts;
                let variants = &adts[id.0 as usize].variants;
                state.made += 1;
                let variant = state.made as usize % variants.len();
                let fields = variants[variant].fields.iter().map(|f| {
                    let ty = self.types.subst(f.ty, &args);
                    self.make(state, ty)
                });
                let fields = fields.collect();
                if variants.len() == 1 { Value::Struct(fields) } else { Value::Enum(variant as u32, fields) }
            }
            _ => Value::Plain(None),
        }
    }

    fn get(&self, state: &State, place: &Place) -> Step<Value> {
        let mut value = state.locals[place.local.0 as usize]
            .as_ref()
            .ok_or_else(|| format!("_{} is read while uninitialized", place.local.0))?;
        for projection in &place.projection {
            value = match (projection, value) {
                (Projection::Field(n), Value::Struct(fields) | Value::Enum(_, fields)) => &fields[*n as usize],
                (Projection::Variant(v), Value::Enum(variant, _)) if v == variant => value,
                _ => return Err("a projection does not fit".into()),
            };
        }
        for object in handles(value) {
            if state.counts[object] == 0 {
                return Err(format!("object {object} is read after it was freed, through _{}", place.local.0));
            }
        }
        Ok(value.clone())
    }

    fn slot<'s>(&self, state: &'s mut State, place: &Place) -> Step<&'s mut Value> {
        let mut value = state.locals[place.local.0 as usize].as_mut().ok_or("a part of nothing is assigned")?;
        for projection in &place.projection {
            value = match (projection, value) {
                (Projection::Field(n), Value::Struct(fields) | Value::Enum(_, fields)) => &mut fields[*n as usize],
                (Projection::Variant(_), value) => value,
                _ => return Err("a projection does not fit".into()),
            };
        }
        Ok(value)
    }

    fn put(&self, state: &mut State, place: &Place, value: Value) -> Step<()> {
        let whole = place.projection.is_empty();
        let passing = self.body.locals[place.local.0 as usize].passing;
        if whole && passing == Passing::Owned {
            let old = state.locals[place.local.0 as usize].replace(value);
            if old.is_some_and(|old| !handles(&old).is_empty()) {
                return Err(format!("_{} is overwritten", place.local.0));
            }
            return Ok(());
        }
        let slot = self.slot(state, place)?;
        if !handles(slot).is_empty() {
            return Err(format!("a part of _{} is overwritten", place.local.0));
        }
        *slot = value;
        Ok(())
    }

    fn drop_value(&self, state: &mut State, value: &Value) -> Step<()> {
        for object in handles(value) {
            let count = &mut state.counts[object];
            *count = count.checked_sub(1).ok_or_else(|| format!("object {object} is dropped twice"))?;
        }
        Ok(())
    }

    fn operand(&mut self, state: &mut State, operand: &Operand) -> Step<Value> {
        match operand {
            Operand::Copy(place) => {
                let value = self.get(state, place)?;
                for object in handles(&value) {
                    state.counts[object] += 1;
                }
                Ok(value)
            }
            Operand::Move(place) => {
                let value = self.get(state, place)?;
                if place.projection.is_empty() {
                    state.locals[place.local.0 as usize] = None;
                } else {
                    *self.slot(state, place)? = Value::Plain(None);
                }
                Ok(value)
            }
            Operand::Borrow(place) | Operand::Mut(place) => self.get(state, place),
            Operand::Const(Const::Int(n)) => Ok(Value::Plain(Some(*n))),
            Operand::Const(_) => Ok(Value::Plain(None)),
        }
    }

    fn rvalue(&mut self, state: &mut State, rvalue: &Rvalue) -> Step<Value> {
        match rvalue {
            Rvalue::Use(Operand::Const(Const::Str(_))) => Ok(self.make(state, Ty::STRING)),
            Rvalue::Use(operand) => self.operand(state, operand),
            Rvalue::Construct { adt, variant, fields } => {
                let mut values = Vec::new();
                for field in fields {
                    values.push(self.operand(state, field)?);
                }
                let is_struct = self.adts[adt.0 as usize].variants.len() == 1;
                Ok(if is_struct { Value::Struct(values) } else { Value::Enum(*variant, values) })
            }
            Rvalue::Discriminant(place) => match self.get(state, place)? {
                Value::Enum(variant, _) => Ok(Value::Plain(Some(variant.into()))),
                _ => Err("a discriminant of no enum".into()),
            },
            Rvalue::Binary(..) | Rvalue::Unary(..) | Rvalue::Tuple(_) | Rvalue::ListLen(_) => Ok(Value::Plain(None)),
        }
    }
}

fn handles(value: &Value) -> Vec<usize> {
    match value {
        Value::Plain(_) => Vec::new(),
        Value::Handle(object) => vec![*object],
        Value::Struct(fields) | Value::Enum(_, fields) => fields.iter().flat_map(handles).collect(),
    }
}

// ---- the tests

const SEEDS: u64 = 400;

fn counted(seed: u64) -> (String, Parsed) {
    let text = format!("{HEADER}{}", Generator::body(seed));
    let mut parsed = parse_program(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
    insert(&mut parsed.program, &mut parsed.types, &parsed.adts);
    (text, parsed)
}

fn show(parsed: &mut Parsed) -> String {
    print_program(&parsed.program, &mut parsed.types, &parsed.adts, &parsed.names)
}

#[test]
fn random_bodies_neither_leak_nor_drop_twice_nor_use_after_drop() {
    let mut paths = 0;
    for seed in 0..SEEDS {
        let (before, mut parsed) = counted(seed);
        if let Err(errors) = verify(&parsed.program, &mut parsed.types, &parsed.adts) {
            panic!("seed {seed}: {}\n{before}\n{}", errors.join("\n"), show(&mut parsed));
        }
        let body = parsed.program.instances[CALLEES].clone();
        let mut walker = Walker { body: &body, types: &mut parsed.types, adts: &parsed.adts, paths: 0 };
        let result = walker.walk();
        paths += walker.paths;
        if let Err(error) = result {
            panic!("seed {seed}: {error}\n{before}\n{}", show(&mut parsed));
        }
    }
    assert!(paths > 5_000, "only {paths} paths were walked");
}

/// Every drop outside cleanup stands where the value dies: behind a statement or terminator that mentions the local, or at
/// the head of a block where another way out of the predecessor still needs it (or at entry).
#[test]
fn values_die_as_early_as_possible() {
    for seed in 0..SEEDS {
        let (_, mut parsed) = counted(seed);
        let text = show(&mut parsed);
        let body = &parsed.program.instances[CALLEES];
        // The old value of a `mut` parameter is replaced, which is another rule.
        let is_whole_drop = |s: &Statement| match &s.kind {
            StatementKind::Drop(p) => {
                p.projection.is_empty() && body.locals[p.local.0 as usize].passing == Passing::Owned
            }
            StatementKind::Assign(..) => false,
        };
        // Liveness of real uses: without drops and unwinding.
        let mut bare = body.clone();
        for block in &mut bare.blocks {
            block.statements.retain(|s| !is_whole_drop(s));
            match &mut block.terminator.kind {
                TerminatorKind::Call { unwind, .. }
                | TerminatorKind::Check { unwind, .. }
                | TerminatorKind::Select { unwind, .. } => *unwind = None,
                _ => {}
            }
        }
        let cfg = Cfg::new(body);
        let needed = liveness(&bare, &Cfg::new(&bare), &vec![true; body.locals.len()]);
        for (index, block) in body.blocks.iter().enumerate().filter(|(_, b)| !b.cleanup) {
            for (at, statement) in block.statements.iter().enumerate().filter(|(_, s)| is_whole_drop(s)) {
                let StatementKind::Drop(Place { local, .. }) = statement.kind else { continue };
                let before = block.statements[..at].iter().rev().find(|s| !matches!(s.kind, StatementKind::Drop(_)));
                let exact = match before {
                    Some(statement) => mentions(&statement.kind, local),
                    None if index == 0 => local.0 <= body.params,
                    None => cfg.preds[index].iter().all(|pred| {
                        let kind = &body.blocks[pred.0 as usize].terminator.kind;
                        let edges = visit::edges(kind);
                        visit::terminator_operands(kind)
                            .iter()
                            .any(|o| operand_place(o).is_some_and(|p| p.local == local))
                            || edges.iter().any(|e| e.target.0 as usize == index && e.init == Some(local))
                            || edges
                                .iter()
                                .any(|e| !e.unwind && needed[through(body, e.target).0 as usize].contains(local))
                    }),
                };
                assert!(exact, "seed {seed}: _{} dies late in bb{index}\n{text}", local.0);
            }
        }
    }
}

fn mentions(kind: &StatementKind, local: Local) -> bool {
    let is = |place: &Place| place.local == local;
    match kind {
        StatementKind::Drop(place) => is(place),
        StatementKind::Assign(place, rvalue) => {
            is(place)
                || visit::rvalue_place(rvalue).is_some_and(is)
                || visit::rvalue_operands(rvalue).iter().any(|o| operand_place(o).is_some_and(is))
        }
    }
}

/// Past a split edge's block.
fn through(body: &Body, block: BlockId) -> BlockId {
    match &body.blocks[block.0 as usize] {
        b if b.statements.is_empty() => match b.terminator.kind {
            TerminatorKind::Goto(target) if target != block => target,
            _ => block,
        },
        _ => block,
    }
}

#[test]
fn every_small_damage_is_noticed() {
    let mut damages = 0;
    for seed in 0..SEEDS / 4 {
        let (_, mut parsed) = counted(seed);
        let text = show(&mut parsed);
        let body = parsed.program.instances[CALLEES].clone();
        let mut counted = Counted::default();
        let tracked: Vec<bool> = body
            .locals
            .iter()
            .map(|d| d.passing == Passing::Owned && counted.is_counted(&mut parsed.types, &parsed.adts, d.ty))
            .collect();
        for (what, damaged) in damage(&body, &tracked) {
            parsed.program.instances[CALLEES] = damaged;
            let result = verify(&parsed.program, &mut parsed.types, &parsed.adts);
            assert!(result.is_err(), "seed {seed}: {what} went unnoticed\n{text}");
            damages += 1;
        }
    }
    assert!(damages > 1_000, "only {damages} damages");
}

/// Every body with one drop missing or doubled, one move turned into a copy or the reverse, one cleanup left out.
fn damage(body: &Body, tracked: &[bool]) -> Vec<(String, Body)> {
    let mut all = Vec::new();
    let mut flips = |block: usize, at: Option<usize>, operands: Vec<Operand>| {
        for (n, operand) in operands.iter().enumerate() {
            let flipped = match operand {
                Operand::Move(p) if tracked[p.local.0 as usize] => Operand::Copy(p.clone()),
                Operand::Copy(p) if tracked[p.local.0 as usize] && p.projection.is_empty() => Operand::Move(p.clone()),
                _ => continue,
            };
            let mut damaged = body.clone();
            let target = &mut damaged.blocks[block];
            let slots = match at {
                None => visit::terminator_operands_mut(&mut target.terminator.kind),
                Some(at) => match &mut target.statements[at].kind {
                    StatementKind::Assign(_, rvalue) => visit::rvalue_operands_mut(rvalue),
                    StatementKind::Drop(_) => Vec::new(),
                },
            };
            if let Some(slot) = slots.into_iter().nth(n) {
                *slot = flipped;
            }
            all.push((format!("bb{block}, {at:?}: operand {n} flipped"), damaged));
        }
    };
    for (index, block) in body.blocks.iter().enumerate() {
        for (at, statement) in block.statements.iter().enumerate() {
            if let StatementKind::Assign(_, rvalue) = &statement.kind {
                flips(index, Some(at), visit::rvalue_operands(rvalue).into_iter().cloned().collect());
            }
        }
        flips(index, None, visit::terminator_operands(&block.terminator.kind).into_iter().cloned().collect());
    }
    for (index, block) in body.blocks.iter().enumerate() {
        for (at, statement) in block.statements.iter().enumerate() {
            if let StatementKind::Drop(_) = &statement.kind {
                let mut missing = body.clone();
                missing.blocks[index].statements.remove(at);
                all.push((format!("bb{index}: drop {at} missing"), missing));
                let mut doubled = body.clone();
                doubled.blocks[index].statements.insert(at, statement.clone());
                all.push((format!("bb{index}: drop {at} doubled"), doubled));
            }
        }
        let mut loose = body.clone();
        match &mut loose.blocks[index].terminator.kind {
            TerminatorKind::Call { unwind, .. }
            | TerminatorKind::Check { unwind, .. }
            | TerminatorKind::Select { unwind, .. }
                if unwind.is_some() =>
            {
                *unwind = None;
                all.push((format!("bb{index}: cleanup missing"), loose));
            }
            _ => {}
        }
    }
    all
}

/// The interpreter is no rubber stamp: it finds most damages (others are on paths it does not take, or harmless to it).
#[test]
fn the_interpreter_finds_damages_too() {
    let (mut found, mut all) = (0, 0);
    for seed in 0..20 {
        let (_, mut parsed) = counted(seed);
        let body = parsed.program.instances[CALLEES].clone();
        let tracked = vec![false; body.locals.len()];
        for (_, damaged) in damage(&body, &tracked) {
            let mut walker = Walker { body: &damaged, types: &mut parsed.types, adts: &parsed.adts, paths: 0 };
            found += usize::from(walker.walk().is_err());
            all += 1;
        }
    }
    assert!(all > 100 && found * 4 > all * 3, "{found} of {all}");
}

#[test]
fn arms_of_a_select_are_walked_too() {
    let has_receive = (0..SEEDS).any(|seed| {
        let (_, parsed) = counted(seed);
        parsed.program.instances[CALLEES].blocks.iter().any(|b| match &b.terminator.kind {
            TerminatorKind::Select { arms, .. } => arms.iter().any(|a| matches!(a, SelectArm::Recv { .. })),
            _ => false,
        })
    });
    assert!(has_receive);
}
