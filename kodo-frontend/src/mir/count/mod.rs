//! Precise reference counting: turns copies into moves and puts a drop where each value dies.
//!
//! In: monomorphic MIR in which every read of a variable is a `Copy` and nothing is dropped. Out: MIR that `verify`
//! accepts. The rule is that of Perceus (Reinking, Xie, de Moura, Leijen, PLDI 2021): an owned counted local is
//! initialized exactly where it is *live*, so that every value is released as early as possible, and no drop flags
//! exist.
//!
//! ```text
//!   normalize   one form for everything below: every block reachable, bb0 without predecessors, a call's result
//!               in a whole owned local, no statement that assigns a counted local and also borrows it
//!   liveness    per block, of the owned counted locals (`dataflow`)
//!   each block  backwards, with the set of live locals:
//!                 a Copy of a whole local that is not live afterwards        becomes a Move
//!                 a local read (borrowed, projected) and not live afterwards  is dropped right behind
//!                 a local assigned and not live afterwards                    is dropped right behind
//!                 a place assigned through a projection or a `mut` parameter  is dropped right before
//!                 copies of the parts of a local that is then dropped     become moves (`take`)
//!   each edge   what is initialized at its source and not live at its target is dropped at the head of the target, or
//!               in a block of its own if the target has other predecessors
//!   unwinding   what is initialized and not consumed when a call panics is dropped by a chain of cleanup blocks
//! ```
//!
//! Operands are evaluated left to right; of several reads of a local in one statement only the last may be the `Move`,
//! and none in a call that also borrows it. A callee consumes its owned arguments even if it panics; so does a
//! `select`, for the values of its send arms. Blocks that only say `unreachable` get no drops before them.
//!
//! What it does not do: reuse memory, or remove assignments whose value is never read.

#[cfg(test)]
mod generate;
#[cfg(test)]
mod large;
mod normalize;
mod take;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;

use super::dataflow::{Cfg, Sparse, WorkSet, liveness};
use super::typing::{call_may_panic, place_ty};
use super::visit::{self, operand_place};
use super::{
    Block, BlockId, Body, Local, Operand, Passing, Place, Program, RESULT, Statement, StatementKind, Terminator,
    TerminatorKind,
};
use crate::source::Span;
use crate::types::counted::Counted;
use crate::types::ty::{Adt, Ty, Types};
use rustc_hash::FxHashMap;

/// Makes ownership explicit in every body. To be called once.
pub fn insert(program: &mut Program, types: &mut Types, adts: &[Adt]) {
    let passing: Vec<Vec<Passing>> = program
        .instances
        .iter()
        .map(|body| body.locals.iter().skip(1).take(body.params as usize).map(|d| d.passing).collect())
        .collect();
    let mut tables = Tables { types, adts, counted: Counted::default(), passing };
    for body in &mut program.instances {
        normalize::normalize(body, &mut tables);
        count_body(body, &mut tables);
    }
}

/// What all bodies share.
struct Tables<'a> {
    types: &'a mut Types,
    adts: &'a [Adt],
    counted: Counted,
    /// How each instance takes its parameters.
    passing: Vec<Vec<Passing>>,
}

impl Tables<'_> {
    fn is_counted(&mut self, ty: Ty) -> bool {
        self.counted.is_counted(self.types, self.adts, ty)
    }

    fn is_counted_place(&mut self, body: &Body, place: &Place) -> bool {
        place_ty(body, place, self.types, self.adts).is_some_and(|ty| self.is_counted(ty))
    }
}

fn count_body(body: &mut Body, tables: &mut Tables<'_>) {
    let tracked: Vec<bool> =
        body.locals.iter().map(|d| d.passing == Passing::Owned && tables.is_counted(d.ty)).collect();
    let cfg = Cfg::new(body);
    let live_in = liveness(body, &cfg, &tracked);
    let mut counter = Counter {
        live: WorkSet::new(body.locals.len()),
        heads: vec![Vec::new(); body.blocks.len()],
        unreachable: body
            .blocks
            .iter()
            .map(|b| b.statements.is_empty() && b.terminator.kind == TerminatorKind::Unreachable)
            .collect(),
        original: body.blocks.len(),
        extra: Vec::new(),
        splits: FxHashMap::default(),
        resume: None,
        chain: FxHashMap::default(),
        last_chain: Vec::new(),
        last_held: 0,
        tracked,
        live_in,
        cfg,
    };
    let unused: Vec<Local> = (1..=body.params)
        .map(Local)
        .filter(|p| counter.tracked[p.0 as usize] && !counter.live_in[0].contains(*p))
        .collect();
    for param in unused {
        let span = body.locals[param.0 as usize].span;
        counter.heads[0].push(drop_of(Place::local(param), span));
    }
    for index in 0..body.blocks.len() {
        counter.block(body, BlockId(index as u32), tables);
    }
    for (block, mut head) in body.blocks.iter_mut().zip(counter.heads) {
        if !head.is_empty() {
            head.append(&mut block.statements);
            block.statements = head;
        }
    }
    body.blocks.append(&mut counter.extra);
}

fn drop_of(place: Place, span: Span) -> Statement {
    Statement { kind: StatementKind::Drop(place), span }
}

struct Counter {
    /// Owned and counted: the locals this is about.
    tracked: Vec<bool>,
    cfg: Cfg,
    live_in: Vec<Sparse>,
    live: WorkSet,
    /// Drops to put at the head of each block.
    heads: Vec<Vec<Statement>>,
    /// Blocks that only say so.
    unreachable: Vec<bool>,
    /// Number of blocks before; `extra` (split edges, cleanup) follow.
    original: usize,
    extra: Vec<Block>,
    /// Split edges by target and what they drop.
    splits: FxHashMap<(BlockId, Vec<Local>), BlockId>,
    /// The end of all cleanup, and the chains in front of it: (what to drop, where to go on) → block. Locals are
    /// dropped newest first, so that nested lifetimes share the tail of their chains, or oldest first if that needs
    /// fewer new blocks.
    resume: Option<BlockId>,
    chain: FxHashMap<(Local, BlockId), BlockId>,
    /// The last chain of the first kind, oldest local first; the next one usually has most of it in common.
    last_chain: Vec<(Local, BlockId)>,
    /// How many locals the last cleanup dropped.
    last_held: usize,
}

impl Counter {
    fn block(&mut self, body: &mut Body, id: BlockId, tables: &mut Tables<'_>) {
        let mut block = std::mem::replace(
            &mut body.blocks[id.0 as usize],
            Block {
                statements: Vec::new(),
                terminator: Terminator { kind: TerminatorKind::Unreachable, span: body.span },
                cleanup: false,
            },
        );
        self.live.clear();
        self.terminator(&mut block.terminator);
        let mut reversed = Vec::with_capacity(block.statements.len());
        for statement in block.statements.drain(..).rev() {
            self.statement(body, statement, tables, &mut reversed);
        }
        reversed.reverse();
        take::take(body, &self.tracked, &mut reversed, tables);
        block.statements = reversed;
        debug_assert!(self.live.to_sparse() == self.live_in[id.0 as usize], "{}: bb{}", body.name, id.0);
        body.blocks[id.0 as usize] = block;
    }

    fn statement(&mut self, body: &Body, mut statement: Statement, tables: &mut Tables<'_>, out: &mut Vec<Statement>) {
        let span = statement.span;
        let mut dying = Vec::new();
        let mut replaced = None;
        match &mut statement.kind {
            StatementKind::Assign(place, rvalue) => {
                let whole_owned =
                    place.projection.is_empty() && body.locals[place.local.0 as usize].passing == Passing::Owned;
                if whole_owned {
                    if self.tracked[place.local.0 as usize] && !self.live.remove(place.local) {
                        dying.push(place.local);
                    }
                } else {
                    self.read(place.local, &mut dying);
                    if tables.is_counted_place(body, place) {
                        replaced = Some(place.clone());
                    }
                }
                if let Some(place) = visit::rvalue_place(rvalue) {
                    self.read(place.local, &mut dying);
                }
                self.operands(visit::rvalue_operands_mut(rvalue), &mut dying);
            }
            StatementKind::Drop(place) => {
                self.live.insert(place.local);
            }
        }
        out.extend(dying.into_iter().map(|local| drop_of(Place::local(local), span)));
        out.push(statement);
        out.extend(replaced.map(|place| drop_of(place, span)));
    }

    fn terminator(&mut self, terminator: &mut Terminator) {
        let span = terminator.span;
        let edges = visit::edges(&terminator.kind);
        for edge in &edges {
            self.live.add_all(&self.live_in[edge.target.0 as usize]);
        }
        for edge in &edges {
            if let Some(local) = edge.init {
                self.live.remove(local);
            }
        }
        if terminator.kind == TerminatorKind::Return && self.tracked[RESULT.0 as usize] {
            self.live.insert(RESULT);
        }
        // With one way out, what is live on it is live at its target.
        let mut dead: Vec<Vec<Local>> = match edges.as_slice() {
            [_] => vec![Vec::new()],
            _ => edges.iter().map(|e| self.live.without(&self.live_in[e.target.0 as usize])).collect(),
        };
        let mut dying = Vec::new();
        let moved = self.operands(visit::terminator_operands_mut(&mut terminator.kind), &mut dying);
        for ((way, edge), dead) in edges.iter().enumerate().zip(&mut dead) {
            dead.extend(&dying);
            dead.extend(
                edge.init.filter(|l| self.tracked[l.0 as usize] && !self.live_in[edge.target.0 as usize].contains(*l)),
            );
            if dead.is_empty() || self.unreachable[edge.target.0 as usize] {
                continue;
            }
            dead.sort_unstable();
            if self.cfg.preds[edge.target.0 as usize].len() == 1 {
                let drops = dead.iter().map(|l| drop_of(Place::local(*l), span));
                self.heads[edge.target.0 as usize].extend(drops);
            } else {
                let block = self.split(edge.target, std::mem::take(dead), span);
                *visit::targets_mut(&mut terminator.kind)[way] = block;
            }
        }
        let unwind = match &mut terminator.kind {
            TerminatorKind::Call { callee, .. } if !call_may_panic(callee) => return,
            TerminatorKind::Call { unwind, .. }
            | TerminatorKind::Check { unwind, .. }
            | TerminatorKind::Select { unwind, .. } => unwind,
            _ => return,
        };
        let mut held: Vec<Local> = self.live.to_sparse().iter().collect();
        held.retain(|l| !moved.contains(l));
        *unwind = self.cleanup(&held, span);
    }

    /// A read that cannot consume: the local dies here if it is not live afterwards.
    fn read(&mut self, local: Local, dying: &mut Vec<Local>) {
        if self.tracked[local.0 as usize] && self.live.insert(local) {
            dying.push(local);
        }
    }

    /// The operands of one statement or terminator: last reads become moves. Returns what was moved.
    fn operands(&mut self, operands: Vec<&mut Operand>, dying: &mut Vec<Local>) -> Vec<Local> {
        let held: Vec<Local> = operands
            .iter()
            .filter_map(|o| match &**o {
                Operand::Borrow(p) | Operand::Mut(p) => Some(p.local),
                Operand::Copy(_) | Operand::Move(_) | Operand::Const(_) => None,
            })
            .collect();
        let mut moved = Vec::new();
        for operand in operands.into_iter().rev() {
            let Some(place) = operand_place(operand) else { continue };
            let local = place.local;
            let takes = matches!(operand, Operand::Copy(_) | Operand::Move(_));
            if !(takes && self.tracked[local.0 as usize]) {
                self.read(local, dying);
            } else if place.projection.is_empty() && !held.contains(&local) && self.live.insert(local) {
                *operand = Operand::Move(place.clone());
                moved.push(local);
            } else {
                *operand = Operand::Copy(place.clone());
                self.read(local, dying);
            }
        }
        moved
    }

    fn new_block(&mut self, statements: Vec<Statement>, kind: TerminatorKind, span: Span, cleanup: bool) -> BlockId {
        let id = BlockId((self.original + self.extra.len()) as u32);
        self.extra.push(Block { statements, terminator: Terminator { kind, span }, cleanup });
        id
    }

    /// A block that drops these locals and goes on to `target`.
    fn split(&mut self, target: BlockId, dead: Vec<Local>, span: Span) -> BlockId {
        let key = (target, dead);
        if let Some(&block) = self.splits.get(&key) {
            return block;
        }
        let drops = key.1.iter().map(|l| drop_of(Place::local(*l), span)).collect();
        let block = self.new_block(drops, TerminatorKind::Goto(target), span, false);
        self.splits.insert(key, block);
        block
    }

    /// The block that drops these locals (given in ascending order) and resumes unwinding.
    fn cleanup(&mut self, held: &[Local], span: Span) -> Option<BlockId> {
        if held.is_empty() {
            return None;
        }
        let resume = match self.resume {
            Some(block) => block,
            None => self.new_block(Vec::new(), TerminatorKind::Resume, span, true),
        };
        self.resume = Some(resume);
        let ending = held.len() < std::mem::replace(&mut self.last_held, held.len());
        let common = self.last_chain.iter().zip(held).take_while(|((l, _), held)| l == *held).count();
        self.last_chain.truncate(common);
        let mut next = self.last_chain.last().map_or(resume, |last| last.1);
        for local in &held[common..] {
            let Some(&block) = self.chain.get(&(*local, next)) else { break };
            next = block;
            self.last_chain.push((*local, block));
        }
        let missing = &held[self.last_chain.len()..];
        if missing.len() > 1 {
            // What was made first and dies first: the chain that drops the oldest first may exist already.
            let mut other = resume;
            let mut found = 0;
            for local in held.iter().rev() {
                let Some(&block) = self.chain.get(&(*local, other)) else { break };
                other = block;
                found += 1;
            }
            // Of two equally long ones, the kind that suits what comes: lifetimes are ending, or beginning.
            let other_missing = held.len() - found + usize::from(!ending);
            if other_missing <= missing.len() {
                return Some(held.iter().rev().skip(found).fold(other, |next, &l| self.link(l, next, span)));
            }
        }
        for &local in missing {
            next = self.link(local, next, span);
            self.last_chain.push((local, next));
        }
        Some(next)
    }

    /// A new cleanup block in front of `next`.
    fn link(&mut self, local: Local, next: BlockId, span: Span) -> BlockId {
        let drops = vec![drop_of(Place::local(local), span)];
        let block = self.new_block(drops, TerminatorKind::Goto(next), span, true);
        self.chain.insert((local, next), block);
        block
    }
}
