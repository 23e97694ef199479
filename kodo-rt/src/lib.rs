//! The Kōdo runtime: green threads that run on a few operating-system threads, and what compiled programs call.
//!
//! `abi` is what both sides agree on. `entry` starts a program; `sched` runs its green threads (`task`) on stacks
//! (`stack`) that grow in a signal handler (`fault`); `sequential` runs programs that were built without them.

pub mod abi;
pub mod deadlock;
pub mod entry;
pub mod fault;
pub mod io;
pub mod mem;
pub mod panic;
pub mod process;
pub mod sched;
pub mod sequential;
mod shim;
pub mod stack;
pub mod sync;
pub mod task;
pub mod time;
