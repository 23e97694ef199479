//! Facts about the control-flow graph: predecessors, reverse postorder, and a bit-set solver over locals.
//!
//! Bodies may have 100 000 blocks and as many locals, most of which live only across an edge or two. A dense matrix
//! of blocks × locals would be gigabytes. So sets are sorted lists of 64-bit chunks ([`Sparse`]), and the solver takes the
//! locals 64 at a time, visiting only the blocks their facts reach: time and memory follow the answer's size. Nothing
//! here recurses.
//!
//! The solver knows "some path" problems (union at joins) in either direction, given by the edges it is handed. The
//! "every path" question that ownership asks is answered without it: there the sets must be *equal* at joins.

use super::visit::{self, operand_place};
use super::{BlockId, Body, Local, Operand, Place, StatementKind, TerminatorKind};

/// A set of small numbers: chunks `(n / 64, bits)` sorted by the first, no empty chunk.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Sparse {
    chunks: Vec<(u32, u64)>,
}

impl Sparse {
    pub fn contains(&self, local: Local) -> bool {
        let word = local.0 / 64;
        self.chunks.binary_search_by_key(&word, |c| c.0).is_ok_and(|i| self.chunks[i].1 >> (local.0 % 64) & 1 == 1)
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Local> + '_ {
        self.chunks
            .iter()
            .flat_map(|&(word, bits)| (0..64u32).filter(move |b| bits >> b & 1 == 1).map(move |b| Local(word * 64 + b)))
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// A set that changes: one bit per local, and which words may be non-zero, so that clearing and listing cost what is
/// in it.
pub struct WorkSet {
    words: Vec<u64>,
    dirty: Vec<u32>,
    is_dirty: Vec<bool>,
}

impl WorkSet {
    pub fn new(locals: usize) -> WorkSet {
        let words = locals.div_ceil(64);
        WorkSet { words: vec![0; words], dirty: Vec::new(), is_dirty: vec![false; words] }
    }

    fn touch(&mut self, word: usize) {
        if !self.is_dirty[word] {
            self.is_dirty[word] = true;
            self.dirty.push(word as u32);
        }
    }

    /// True if it was not there.
    pub fn insert(&mut self, local: Local) -> bool {
        let (word, bit) = (local.0 as usize / 64, 1 << (local.0 % 64));
        self.touch(word);
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    /// True if it was there.
    pub fn remove(&mut self, local: Local) -> bool {
        let (word, bit) = (local.0 as usize / 64, 1 << (local.0 % 64));
        let old = self.words[word] & bit != 0;
        self.words[word] &= !bit;
        old
    }

    pub fn contains(&self, local: Local) -> bool {
        self.words[local.0 as usize / 64] >> (local.0 % 64) & 1 == 1
    }

    pub fn clear(&mut self) {
        for word in self.dirty.drain(..) {
            self.words[word as usize] = 0;
            self.is_dirty[word as usize] = false;
        }
    }

    pub fn add_all(&mut self, set: &Sparse) {
        for &(word, bits) in &set.chunks {
            self.touch(word as usize);
            self.words[word as usize] |= bits;
        }
    }

    pub fn to_sparse(&mut self) -> Sparse {
        self.dirty.sort_unstable();
        let words = &self.words;
        Sparse { chunks: self.dirty.iter().map(|&w| (w, words[w as usize])).filter(|c| c.1 != 0).collect() }
    }

    /// What is in this set and not in `other`, in ascending order.
    pub fn without(&mut self, other: &Sparse) -> Vec<Local> {
        self.dirty.sort_unstable();
        let mut result = Vec::new();
        let mut rest = other.chunks.iter().peekable();
        for &word in &self.dirty {
            while rest.next_if(|c| c.0 < word).is_some() {}
            let bits = self.words[word as usize] & !rest.next_if(|c| c.0 == word).map_or(0, |c| c.1);
            result.extend((0..64).filter(|b| bits >> b & 1 == 1).map(|b| Local(word * 64 + b)));
        }
        result
    }
}

pub struct Cfg {
    /// Where each block comes from, one entry per edge.
    pub preds: Vec<Vec<BlockId>>,
    /// The blocks reachable from `bb0`, in reverse postorder.
    pub order: Vec<BlockId>,
}

impl Cfg {
    /// Targets that do not exist are left out (`verify` reports them).
    pub fn new(body: &Body) -> Cfg {
        let count = body.blocks.len();
        let succs: Vec<Vec<BlockId>> = body
            .blocks
            .iter()
            .map(|b| {
                let edges = visit::edges(&b.terminator.kind);
                edges.iter().map(|e| e.target).filter(|t| (t.0 as usize) < count).collect()
            })
            .collect();
        let mut preds = vec![Vec::new(); count];
        for (block, targets) in succs.iter().enumerate() {
            for target in targets {
                preds[target.0 as usize].push(BlockId(block as u32));
            }
        }
        let mut order = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        let mut stack = Vec::new();
        if count > 0 {
            seen[0] = true;
            stack.push((0usize, 0usize));
        }
        while let Some((block, next)) = stack.last_mut() {
            if let Some(target) = succs[*block].get(*next) {
                *next += 1;
                let target = target.0 as usize;
                if !std::mem::replace(&mut seen[target], true) {
                    stack.push((target, 0));
                }
            } else {
                order.push(BlockId(*block as u32));
                stack.pop();
            }
        }
        order.reverse();
        Cfg { preds, order }
    }
}

/// What each block contributes: `gen` starts a fact there, `kill` stops one from passing through.
#[derive(Default)]
pub struct Facts {
    pub gen_at: Vec<(Local, BlockId)>,
    pub kill_at: Vec<(Local, BlockId)>,
}

/// The least sets with `set[b] = gen[b] ∪ (set of each block that b is a neighbour of, minus kill[b])`, where
/// `neighbours[b]` are the blocks a fact at `b` flows to: predecessors for a backward problem, successors for a
/// forward one.
pub fn solve(neighbours: &[Vec<BlockId>], facts: &mut Facts) -> Vec<Sparse> {
    let count = neighbours.len();
    let key = |&(local, block): &(Local, BlockId)| (local.0 / 64, block, local);
    facts.gen_at.sort_unstable_by_key(key);
    facts.kill_at.sort_unstable_by_key(key);
    let mut result = vec![Sparse::default(); count];
    let mut bits = vec![0u64; count];
    let mut kill = vec![0u64; count];
    let mut work: Vec<BlockId> = Vec::new();
    let mut reached: Vec<BlockId> = Vec::new();
    let mut kills = facts.kill_at.as_slice();
    for group in facts.gen_at.chunk_by(|a, b| a.0.0 / 64 == b.0.0 / 64) {
        let word = group[0].0.0 / 64;
        kills = &kills[kills.partition_point(|k| k.0.0 / 64 < word)..];
        let killed = &kills[..kills.partition_point(|k| k.0.0 / 64 == word)];
        for (local, block) in killed {
            kill[block.0 as usize] |= 1 << (local.0 % 64);
        }
        for (local, block) in group {
            if bits[block.0 as usize] == 0 {
                reached.push(*block);
                work.push(*block);
            }
            bits[block.0 as usize] |= 1 << (local.0 % 64);
        }
        while let Some(block) = work.pop() {
            let here = bits[block.0 as usize];
            for next in &neighbours[block.0 as usize] {
                let n = next.0 as usize;
                let new = here & !kill[n] & !bits[n];
                if new != 0 {
                    if bits[n] == 0 {
                        reached.push(*next);
                    }
                    bits[n] |= new;
                    work.push(*next);
                }
            }
        }
        for block in reached.drain(..) {
            result[block.0 as usize].chunks.push((word, bits[block.0 as usize]));
            bits[block.0 as usize] = 0;
        }
        for (_, block) in killed {
            kill[block.0 as usize] = 0;
        }
    }
    result
}

/// Which of the `tracked` locals are live at the start of each block: read later before they are assigned as a whole.
/// Reads through projections, borrows and assignments through a projection are uses; a drop is one too.
pub fn liveness(body: &Body, cfg: &Cfg, tracked: &[bool]) -> Vec<Sparse> {
    let mut scan = Scan {
        tracked,
        used: vec![u32::MAX; tracked.len()],
        defined: vec![u32::MAX; tracked.len()],
        block: 0,
        facts: Facts::default(),
    };
    for (index, block) in body.blocks.iter().enumerate() {
        scan.block = index as u32;
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Assign(place, rvalue) => {
                    visit::rvalue_operands(rvalue).into_iter().for_each(|o| scan.operand(o));
                    if let Some(place) = visit::rvalue_place(rvalue) {
                        scan.read(place);
                    }
                    scan.write(place);
                }
                StatementKind::Drop(place) => scan.read(place),
            }
        }
        let kind = &block.terminator.kind;
        visit::terminator_operands(kind).into_iter().for_each(|o| scan.operand(o));
        if *kind == TerminatorKind::Return {
            scan.read(&Place::local(super::RESULT));
        }
        if let Some(dest) = visit::terminator_dest(kind) {
            scan.write(dest);
        }
        for edge in visit::edges(kind) {
            if let Some(local) = edge.init {
                scan.define(local);
            }
        }
    }
    solve(&cfg.preds, &mut scan.facts)
}

struct Scan<'a> {
    tracked: &'a [bool],
    /// The last block in which a local was used, or defined: only the first of a block counts.
    used: Vec<u32>,
    defined: Vec<u32>,
    block: u32,
    facts: Facts,
}

impl Scan<'_> {
    fn operand(&mut self, operand: &Operand) {
        if let Some(place) = operand_place(operand) {
            self.read(place);
        }
    }

    fn read(&mut self, place: &Place) {
        self.use_local(place.local);
        visit::index_locals(place).for_each(|l| self.use_local(l));
    }

    fn write(&mut self, place: &Place) {
        if place.projection.is_empty() { self.define(place.local) } else { self.read(place) }
    }

    fn use_local(&mut self, local: Local) {
        let l = local.0 as usize;
        if self.tracked[l] && self.defined[l] != self.block && self.used[l] != self.block {
            self.used[l] = self.block;
            self.facts.gen_at.push((local, BlockId(self.block)));
        }
    }

    fn define(&mut self, local: Local) {
        let l = local.0 as usize;
        if self.tracked[l] && self.defined[l] != self.block {
            self.defined[l] = self.block;
            self.facts.kill_at.push((local, BlockId(self.block)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::parse::parse_program;

    fn live(text: &str) -> Vec<Vec<u32>> {
        let parsed = parse_program(text).unwrap();
        let body = &parsed.program.instances[0];
        let tracked = vec![true; body.locals.len()];
        liveness(body, &Cfg::new(body), &tracked).iter().map(|s| s.iter().map(|l| l.0).collect()).collect()
    }

    #[test]
    fn liveness_goes_around_a_loop_and_stops_at_definitions() {
        let sets = live(
            "fn f(_1: Bool, _2: Int) -> Int {
                let _3: Int
                bb0: { _3 = 1  goto bb1 }
                bb1: { switch copy _1 [0: bb3, else bb2] }
                bb2: { _3 = add(copy _3, copy _2)  goto bb1 }
                bb3: { _0 = copy _3  return }
            }",
        );
        assert_eq!(sets, [vec![1, 2], vec![1, 2, 3], vec![1, 2, 3], vec![3]]);
    }

    #[test]
    fn a_use_before_a_definition_in_one_block_is_upward_exposed() {
        let sets = live("fn f(_1: Int) -> Int { bb0: { _0 = copy _1  _1 = 2  return } }");
        assert_eq!(sets, [vec![1]]);
        let sets = live("fn f(_1: Int) -> Int { bb0: { _1 = 2  _0 = copy _1  return } }");
        assert_eq!(sets, [Vec::<u32>::new()]);
    }

    #[test]
    fn reverse_postorder_leaves_out_what_is_unreachable() {
        let parsed = parse_program("fn f() -> () { bb0: { goto bb2 } bb1: { goto bb2 } bb2: { return } }").unwrap();
        let cfg = Cfg::new(&parsed.program.instances[0]);
        assert_eq!(cfg.order, [BlockId(0), BlockId(2)]);
        assert_eq!(cfg.preds[2].len(), 2);
    }

    #[test]
    fn difference_of_sets_walks_both_in_order() {
        let mut set = WorkSet::new(300);
        for n in [1, 63, 64, 200, 299] {
            assert!(set.insert(Local(n)));
        }
        let mut other = WorkSet::new(300);
        for n in [2, 63, 130, 299] {
            other.insert(Local(n));
        }
        let other = other.to_sparse();
        assert_eq!(set.without(&other), [Local(1), Local(64), Local(200)]);
        assert!(set.remove(Local(1)) && !set.remove(Local(1)) && !set.contains(Local(1)));
        assert!(other.contains(Local(130)) && !other.contains(Local(131)));
    }
}
