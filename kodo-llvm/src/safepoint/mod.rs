//! Safepoints: where a running green thread notices that it should let others run.
//!
//! The language promises that every loop and every recursion yields in bounded time. A poll is one load, one compare
//! and one branch that is never taken; put in before optimization it would stop loops from being vectorized (13.8
//! times slower on a plain sum), so polls go into the *optimized* module, where they cost nothing measurable:
//!
//! * before the terminator of every block that a cycle goes back from, unless
//!   * a call that every iteration makes goes to a function that polls when it is entered,
//!   * the loop is innermost, calls nothing, and runs at most [`MAX_UNPOLLED`] times, or
//!   * the loop is innermost, calls nothing and counts in big steps (vectorized or unrolled): an outer loop around it
//!     polls every few thousand instructions, and the loop itself stays as it was (`strip`);
//! * in functions that may call themselves, directly or through others, before their first call.
//!
//! Without optimization every backward edge and every function entry polls, as written.
//!
//! ```text
//! kodo.poll:  load atomic i8 kodo_preempt monotonic ── ≠ 0, cold ──▶ kodo_rt_yield()
//! ```
//!
//! `kodo.poll` is an internal function that the passes in [`CLEANUP`] inline. `kodo_rt_yield` keeps all registers
//! (`preserve_most`), so that a poll on the hot path spills nothing. The load is *monotonic*: a plain one would leave the
//! loop, an unordered one may.
//!
//! Functions with the attribute [`NO_POLL`] are left alone: the glue that the runtime calls while it holds a lock. So are
//! calls from the runtime back into the program: what recurses through the runtime must poll there.
//!
//! [`verify`] checks the promise on any module. The analyses are here because the C API has neither dominators nor
//! loops: `ir` reads the module, `cfg` finds cycles in functions, `callgraph` among them, `trip` counts iterations.

mod callgraph;
mod cfg;
mod insert;
mod ir;
mod scc;
mod strip;
#[cfg(test)]
mod tests;
mod trip;
mod verify;

pub use insert::{Stats, insert};
pub use verify::{Violation, verify};

/// What to run after [`insert`] when optimizing: inlines the polls, and moves out of the stripped loops what they do
/// not change.
pub const CLEANUP: &str = "always-inline,globaldce,function(simplifycfg,loop-mssa(licm))";

/// String attribute of functions that neither get polls nor are checked for them.
pub const NO_POLL: &str = "kodo-no-poll";

/// A cycle may run so often without a poll. A thousand iterations of a call-free loop take a few microseconds, far
/// below a time slice of ten milliseconds.
pub const MAX_UNPOLLED: u64 = 1024;

/// The inlined poll.
const POLL: &str = "kodo.poll";
/// The byte that asks for a yield.
const PREEMPT: &str = "kodo_preempt";
/// The runtime's side of a poll.
const YIELD: &str = "kodo_rt_yield";
