//! The Kōdo runtime. Today: the C ABI that compiled programs and the runtime share, and what threads
//! synchronize with: channels, `select`, futures and `parallel`.

pub mod abi;
pub mod deadlock;
pub mod entry;
pub mod mem;
pub mod panic;
pub mod sched;
#[cfg(all(test, not(loom)))]
mod seam_tests;
pub mod sync;
pub mod time;
