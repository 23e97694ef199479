//! How often a loop runs, where the optimizer's canonical form shows it:
//!
//! ```text
//! header:  iv = phi [start, outside], [next, latch]
//! latch:   next = add iv, step                       ; a constant
//!          br (next == bound), exit, header          ; or != the other way round; bound does not change
//! ```

use super::cfg::Graph;
use super::ir::{Block, Opcode, Predicate, Value};

/// A loop of that form with one latch.
pub(super) struct Counted {
    pub iv: Value,
    pub next: Value,
    pub bound: Value,
    pub step: i64,
    pub exit: Block,
    /// The loop ends if the comparison is true.
    pub exit_if_equal: bool,
}

/// Recognizes a counted loop; `inside` tells whether a block belongs to it. The caller knows that no other edge
/// goes back to the header.
pub(super) fn counted(header: Block, latch: Block, inside: impl Fn(Block) -> bool) -> Option<Counted> {
    let (condition, yes, no) = latch.terminator().branch()?;
    let (predicate, a, b) = condition.comparison()?;
    let (exit, exit_if_equal) = match (yes == header, no == header) {
        (true, false) => (no, false),
        (false, true) => (yes, true),
        _ => return None,
    };
    if predicate != (if exit_if_equal { Predicate::LLVMIntEQ } else { Predicate::LLVMIntNE }) {
        return None;
    }
    let changes = |v: Value| v.is_instruction() && inside(v.parent());
    let find = |next: Value, bound: Value| {
        if !next.is(Opcode::LLVMAdd) || !changes(next) || changes(bound) {
            return None;
        }
        let (iv, step) = (next.operand(0), next.operand(1).constant()?);
        let counts = iv.is(Opcode::LLVMPHI) && iv.parent() == header && iv.incoming().contains(&(next, latch));
        (counts && step != 0).then_some(Counted { iv, next, bound, step, exit, exit_if_equal })
    };
    find(a, b).or_else(|| find(b, a))
}

/// At most how often the loop closed by the edge runs, if that can be seen: constant ends, a remainder (`n & 7`) that is
/// known not to be zero, or a strip made by `strip`.
pub(super) fn bound(graph: &Graph, latch: usize, header: usize, body: &[bool]) -> Option<u64> {
    let backs = graph.predecessors[header].iter().filter(|&&p| graph.is_back(p, header)).count();
    if backs != 1 {
        return None;
    }
    let (latch, header_block) = (graph.blocks[latch], graph.blocks[header]);
    let counted = counted(header_block, latch, |block| body[graph.index(block)])?;
    let starts = counted.iv.incoming().into_iter().filter(|&(_, block)| block != latch);
    // The worst of the ways in.
    starts.map(|(start, _)| from(graph, header, &counted, start)).try_fold(0, |most, n| Some(most.max(n?)))
}

fn from(graph: &Graph, header: usize, counted: &Counted, start: Value) -> Option<u64> {
    let step = counted.step;
    if let (Some(start), Some(end)) = (start.constant(), counted.bound.constant()) {
        let distance = i128::from(end) - i128::from(start);
        let n = distance / i128::from(step);
        return (distance % i128::from(step) == 0 && n > 0).then_some(u64::try_from(n).ok()?);
    }
    if start.constant() == Some(0) && step == 1 && counted.bound.is(Opcode::LLVMAnd) {
        let most = counted.bound.operand(1).unsigned_constant()?;
        return is_nonzero(graph, header, counted.bound).then_some(most);
    }
    strip(counted, start)
}

/// Whether the loop is only entered after a branch found `v` to be other than zero.
fn is_nonzero(graph: &Graph, header: usize, v: Value) -> bool {
    let mut at = header;
    // Guards stand close to their loops.
    for _ in 0..8 {
        let above = graph.idom(at);
        if above == at {
            return false;
        }
        at = above;
        let Some((condition, yes, no)) = graph.blocks[at].terminator().branch() else { continue };
        let Some((predicate, a, b)) = condition.comparison() else { continue };
        if a != v || b.constant() != Some(0) || yes == no {
            continue;
        }
        let nonzero = graph.index(match predicate {
            Predicate::LLVMIntEQ => no,
            Predicate::LLVMIntNE => yes,
            _ => continue,
        });
        // The edge itself must dominate the header, not only the block it starts in.
        let only_from = |x: usize| graph.predecessors[x].iter().all(|&p| p == at || graph.is_back(p, x));
        if graph.dominates(nonzero, header) && only_from(nonzero) {
            return true;
        }
    }
    false
}

/// The limit of a strip: `start ± ((umin(…, K) & -step) + step)`.
fn strip(counted: &Counted, start: Value) -> Option<u64> {
    let size = counted.step.unsigned_abs();
    let opcode = if counted.step > 0 { Opcode::LLVMAdd } else { Opcode::LLVMSub };
    let limit = counted.bound;
    if !limit.is(opcode) || limit.operand(0) != start || !size.is_power_of_two() {
        return None;
    }
    let distance = limit.operand(1);
    if !distance.is(Opcode::LLVMAdd) || distance.operand(1).unsigned_constant() != Some(size) {
        return None;
    }
    let mut rest = distance.operand(0);
    if size > 1 {
        if !rest.is(Opcode::LLVMAnd) || rest.operand(1).unsigned_constant()? & (size - 1) != 0 {
            return None;
        }
        rest = rest.operand(0);
    }
    if !rest.is(Opcode::LLVMSelect) {
        return None;
    }
    let (condition, small, most) = (rest.operand(0), rest.operand(1), rest.operand(2));
    if condition.comparison() != Some((Predicate::LLVMIntULT, small, most)) {
        return None;
    }
    Some(most.unsigned_constant()? / size + 1)
}
