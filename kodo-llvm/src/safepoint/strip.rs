//! Strip-mining: a counted loop gets an outer loop that polls, and stays as it was but for the value it counts to.
//!
//! ```text
//!            before                          after
//!
//!        ┌▶ header                   ┌──▶ strip:  iv₀ = phi; limit = iv₀ ± distance(bound, iv₀)
//!        │    …                      │       ▼
//!        └─ latch: next ≠ bound      │   ┌▶ header … latch: next ≠ limit
//!             ▼                      │   └──────┘      ▼
//!           exit                     │              end: next = bound ──▶ exit
//!                                    └── poll ◀────────┘ ≠
//! ```
//!
//! The distance is a positive multiple of the step, at most `K` steps, and never leads past the bound:
//! `(umin(left - step, (K - 1)·step) & -step) + step` with `left = ±(bound - iv₀)`. For a step of one and a bound that is
//! reached this is `umin(left, K)`. The rest is for loops that count through the wrap, which this keeps exact: if
//! `left` is zero or no multiple of the step, `left - step` or what remains of it is huge and the strip is a whole one.

use super::MAX_UNPOLLED;
use super::ir::{Block, Builder, Opcode, Predicate, Value};
use super::trip::{self, Counted};
use std::collections::HashSet;

/// A loop to strip. Found again in the IR when its turn comes, since stripping one loop may replace values that
/// another one names.
pub(super) struct Strip {
    pub header: Block,
    pub latch: Block,
    pub body: HashSet<Block>,
}

/// About so many instructions run between two polls of a stripped loop.
const INSTRUCTIONS: u64 = 8192;
/// Fewer iterations than this would let the outer loop show.
const LEAST: u64 = 16;

impl Strip {
    /// Whether the loop has the form and the size for it. The caller knows that it is innermost, calls nothing and has
    /// one latch.
    pub fn is_possible(&self) -> bool {
        self.counted().is_some_and(|counted| {
            // Loops that count by one are left: they are neither vectorized nor unrolled, and a poll hides in them.
            let size = counted.step.unsigned_abs();
            let steps = size > 1 && size.is_power_of_two() && size <= 4096;
            steps && counted.iv.int_width().is_some_and(|width| width >= 32)
        })
    }

    fn counted(&self) -> Option<Counted> {
        trip::counted(self.header, self.latch, |block| self.body.contains(&block))
    }

    /// Iterations between polls: a power of two, so that vectorized counts stay aligned.
    fn iterations(&self) -> u64 {
        let instructions = self.body.iter().map(|block| block.instructions().count() as u64).sum::<u64>();
        let n = (INSTRUCTIONS / instructions.max(1)).clamp(LEAST, MAX_UNPOLLED);
        1 << n.ilog2()
    }

    pub fn apply(&self, builder: &Builder, poll: Value) -> Result<(), String> {
        let counted = self.counted().ok_or("a counted loop has lost its form")?;
        let Counted { iv, next, bound, step, exit, exit_if_equal } = counted;
        let term = self.latch.terminator();
        let ty = iv.ty();
        let size = step.unsigned_abs();

        let head = builder.block_before(self.header, "strip");
        let end = builder.block_after(self.latch, "strip.end");
        let again = builder.block_after(end, "strip.poll");

        // Everybody from outside goes to the strip's head.
        for jump in self.header.jumps() {
            if jump != term {
                jump.set_successor(self.header, head);
            }
        }

        // The header's values come from the strip's head or from the latch; the head merges the same from outside and
        // from the last strip.
        let mut first = None;
        for phi in self.header.phis() {
            builder.at_end(head);
            let outer = builder.phi(phi.ty());
            builder.before(self.header.first());
            let inner = builder.phi(phi.ty());
            inner.add_incoming(outer, head);
            for (value, block) in phi.incoming() {
                if block == self.latch {
                    inner.add_incoming(value, self.latch);
                    outer.add_incoming(value, again);
                } else {
                    outer.add_incoming(value, block);
                }
            }
            if phi == iv {
                first = Some(outer);
            }
            phi.replace_with(inner);
            phi.erase();
        }
        let first = first.ok_or("a counted loop has no counter")?;

        // How far this strip goes.
        builder.at_end(head);
        let one = builder.constant(ty, size);
        let most = builder.constant(ty, (self.iterations() - 1) * size);
        let left = if step > 0 { builder.sub(bound, first) } else { builder.sub(first, bound) };
        let rest = builder.sub(left, one);
        let rest = builder.select(builder.compare(Predicate::LLVMIntULT, rest, most), rest, most);
        let rest = if size > 1 { builder.and(rest, builder.constant(ty, size.wrapping_neg())) } else { rest };
        let distance = builder.add(rest, one);
        let limit = if step > 0 { builder.add(first, distance) } else { builder.sub(first, distance) };
        builder.jump(self.header);

        // The exit is reached from the end of a strip.
        for phi in exit.phis() {
            builder.before(phi);
            let new = builder.phi(phi.ty());
            for (value, block) in phi.incoming() {
                new.add_incoming(value, if block == self.latch { end } else { block });
            }
            phi.replace_with(new);
            phi.erase();
        }

        builder.before(term);
        let equal = if exit_if_equal { Predicate::LLVMIntEQ } else { Predicate::LLVMIntNE };
        let (old, ..) = term.branch().ok_or("a latch has lost its branch")?;
        let done = builder.compare(equal, next, limit);
        done.copy_location(term);
        term.set_condition(done);
        term.set_successor(exit, end);
        if old.is(Opcode::LLVMICmp) && old.users().is_empty() {
            old.erase();
        }

        builder.at_end(end);
        let finished = builder.compare(Predicate::LLVMIntEQ, next, bound);
        builder.branch(finished, exit, again);
        end.terminator().copy_location(term);

        builder.at_end(again);
        builder.call(poll).copy_location(term);
        builder.jump(head);
        Ok(())
    }
}
