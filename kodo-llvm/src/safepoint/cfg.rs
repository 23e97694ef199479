//! The control-flow graph of one function: reverse postorder, dominators (Cooper, Harvey and Kennedy 2001), and the
//! edges that go back in that order. Every cycle has one of those, so polls on all of them are polls in every cycle;
//! if the edge's target dominates its source it closes a natural loop, otherwise the cycle is irreducible and only
//! known to contain the edge. Unreachable blocks are in the table but in no order, edge or loop.

use super::ir::{Block, Value};
use std::collections::HashMap;

const NONE: usize = usize::MAX;

pub(super) struct Graph {
    pub blocks: Vec<Block>,
    pub successors: Vec<Vec<usize>>,
    pub predecessors: Vec<Vec<usize>>,
    index: HashMap<Block, usize>,
    /// Place in reverse postorder.
    order: Vec<usize>,
    /// Immediate dominators; the entry is its own.
    idom: Vec<usize>,
}

/// An edge that goes back: from `latch` to `header`.
pub(super) struct Back {
    pub latch: usize,
    pub header: usize,
    /// Which blocks the natural loop consists of; `None` if the cycle is irreducible.
    pub body: Option<Vec<bool>>,
}

impl Graph {
    pub fn new(function: Value) -> Graph {
        let blocks = function.blocks();
        let index: HashMap<Block, usize> = blocks.iter().enumerate().map(|(i, &block)| (block, i)).collect();
        let successors = blocks
            .iter()
            .map(|block| {
                let mut targets: Vec<usize> = block.successors().iter().map(|target| index[target]).collect();
                targets.sort_unstable();
                targets.dedup();
                targets
            })
            .collect();
        Graph::from_edges(blocks, index, successors)
    }

    fn from_edges(blocks: Vec<Block>, index: HashMap<Block, usize>, successors: Vec<Vec<usize>>) -> Graph {
        let n = successors.len();
        let mut predecessors = vec![Vec::new(); n];
        for (x, targets) in successors.iter().enumerate() {
            for &target in targets {
                predecessors[target].push(x);
            }
        }
        let rpo = reverse_postorder(&successors);
        let mut order = vec![NONE; n];
        for (place, &x) in rpo.iter().enumerate() {
            order[x] = place;
        }
        let idom = dominators(&rpo, &order, &predecessors);
        Graph { blocks, successors, predecessors, index, order, idom }
    }

    pub fn is_reachable(&self, x: usize) -> bool {
        self.order[x] != NONE
    }

    pub fn index(&self, block: Block) -> usize {
        self.index[&block]
    }

    pub fn idom(&self, x: usize) -> usize {
        self.idom[x]
    }

    /// Whether every path to `b` goes through `a`.
    pub fn dominates(&self, a: usize, mut b: usize) -> bool {
        // Dominators come earlier in the order.
        while self.order[b] > self.order[a] {
            b = self.idom[b];
        }
        a == b
    }

    pub fn is_back(&self, from: usize, to: usize) -> bool {
        self.is_reachable(from) && self.order[to] <= self.order[from]
    }

    /// All edges that go back, in the order of the blocks.
    pub fn back_edges(&self) -> Vec<Back> {
        let mut edges = Vec::new();
        for latch in 0..self.successors.len() {
            for &header in &self.successors[latch] {
                if self.is_back(latch, header) {
                    let body = self.dominates(header, latch).then(|| self.natural_loop(latch, header));
                    edges.push(Back { latch, header, body });
                }
            }
        }
        edges
    }

    /// The header and everything that reaches the latch without passing it.
    fn natural_loop(&self, latch: usize, header: usize) -> Vec<bool> {
        let mut body = vec![false; self.successors.len()];
        body[header] = true;
        let mut work = vec![latch];
        while let Some(x) = work.pop() {
            if !body[x] {
                body[x] = true;
                work.extend(self.predecessors[x].iter().filter(|&&p| self.is_reachable(p)));
            }
        }
        body
    }

    /// The dominators of the latch from itself up to the header: the blocks that every iteration runs through.
    pub fn always_run(&self, latch: usize, header: usize) -> impl Iterator<Item = usize> {
        let mut at = Some(latch);
        std::iter::from_fn(move || {
            let x = at?;
            at = (x != header).then(|| self.idom[x]);
            Some(x)
        })
    }
}

fn reverse_postorder(successors: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; successors.len()];
    let mut post = Vec::new();
    let mut walk = vec![(0, 0)];
    seen[0] = true;
    while let Some(&mut (x, ref mut edge)) = walk.last_mut() {
        if let Some(&s) = successors[x].get(*edge) {
            *edge += 1;
            if !seen[s] {
                seen[s] = true;
                walk.push((s, 0));
            }
        } else {
            post.push(x);
            walk.pop();
        }
    }
    post.reverse();
    post
}

fn dominators(rpo: &[usize], order: &[usize], predecessors: &[Vec<usize>]) -> Vec<usize> {
    let mut idom = vec![NONE; order.len()];
    idom[rpo[0]] = rpo[0];
    let mut changed = true;
    while changed {
        changed = false;
        for &x in &rpo[1..] {
            let mut common = NONE;
            for &p in predecessors[x].iter().filter(|&&p| idom[p] != NONE) {
                let (mut a, mut b) = (p, if common == NONE { p } else { common });
                while a != b {
                    while order[a] > order[b] {
                        a = idom[a];
                    }
                    while order[b] > order[a] {
                        b = idom[b];
                    }
                }
                common = a;
            }
            changed |= idom[x] != common;
            idom[x] = common;
        }
    }
    idom
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[&[usize]]) -> Graph {
        Graph::from_edges(Vec::new(), HashMap::new(), edges.iter().map(|targets| targets.to_vec()).collect())
    }

    fn backs(g: &Graph) -> Vec<(usize, usize, Option<Vec<usize>>)> {
        let blocks = |body: Vec<bool>| (0..body.len()).filter(|&x| body[x]).collect();
        g.back_edges().into_iter().map(|e| (e.latch, e.header, e.body.map(blocks))).collect()
    }

    #[test]
    fn dominators_of_a_diamond_in_a_loop() {
        // 0 -> 1 -> {2, 3} -> 4 -> {1, 5}; 6 is unreachable and jumps in
        let g = graph(&[&[1], &[2, 3], &[4], &[4], &[1, 5], &[], &[4]]);
        assert_eq!((g.idom(4), g.idom(2), g.idom(5), g.idom(1)), (1, 1, 4, 0));
        assert!(g.dominates(1, 5) && g.dominates(4, 4) && !g.dominates(2, 4) && !g.dominates(4, 1));
        assert!(!g.is_reachable(6));
        assert_eq!(backs(&g), [(4, 1, Some(vec![1, 2, 3, 4]))]);
        assert_eq!(g.always_run(4, 1).collect::<Vec<_>>(), [4, 1]);
    }

    #[test]
    fn nested_loops_and_two_latches() {
        // 1: outer header, 2: inner loop of one block, 3 and 4: both latches of 1
        let g = graph(&[&[1], &[2], &[2, 3], &[1, 4], &[1, 5], &[]]);
        assert_eq!(backs(&g), [(2, 2, Some(vec![2])), (3, 1, Some(vec![1, 2, 3])), (4, 1, Some(vec![1, 2, 3, 4]))]);
    }

    #[test]
    fn irreducible_cycles_have_an_edge_but_no_loop() {
        let g = graph(&[&[1, 2], &[2], &[1, 3], &[]]);
        let edges = backs(&g);
        assert_eq!(edges.len(), 1);
        assert_eq!(edges[0].2, None);
        assert_eq!((g.idom(1), g.idom(2)), (0, 0));
    }
}
