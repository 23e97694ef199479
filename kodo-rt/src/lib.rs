//! The Kōdo runtime: what a compiled program links to.
//!
//! `abi` is what both sides agree on. `entry` starts a program; `sched` runs its green threads (`task`) on stacks
//! (`stack`) that grow in a signal handler (`fault`); `sequential` runs programs that were built without them. Threads
//! synchronize through `sync`: channels, `select`, futures and `parallel` blocks. `mem`, `string` and `list` hold values, `hash` hashes them,
//! `io` prints them, `panic` and `process` end the program. `trace` records what the scheduler does, `signals` and
//! `dump` answer from outside.

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!(
    "the Kōdo runtime needs Linux on x86-64 or aarch64: its stacks, its futexes and the entry of its time slices are written \
     for these"
);

pub mod abi;
mod chars;
pub mod clock;
pub mod closure;
pub mod deadlock;
mod dump;
pub mod entry;
pub mod fault;
mod format;
mod frames;
pub mod hash;
pub mod input;
pub mod io;
pub mod list;
pub mod mem;
mod numbers;
pub mod panic;
pub mod process;
mod sanitizer;
pub mod sched;
pub mod sequential;
mod shim;
mod signals;
pub mod stack;
pub mod string;
pub mod sync;
pub mod task;
#[cfg(test)]
mod testing;
mod text;
pub mod time;
pub mod trace;
