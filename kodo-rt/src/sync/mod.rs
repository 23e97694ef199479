//! What threads synchronize with: channels, `select`, futures and `parallel` blocks.
//!
//! A waiter is one word that names a green thread or an operating-system thread; nothing here cares which.
//! Two rules hold everywhere:
//!
//! * *Nothing outside points into the stack of a parked thread*, because the stack may be copied away
//!   meanwhile. Wait nodes and the values that change hands live on the heap; a woken thread copies its
//!   value out itself.
//! * *No lock is held across glue of the program or an unpark of another thread,* and across a park only the one lock that
//!   the worker releases as soon as the thread has left its stack. A critical section links nodes, moves bytes and at
//!   most takes a new segment for values.
//!
//! Not here: how a thread is parked, woken, or timed (`sched`, `time`), and what a deadlock report says.

pub mod channel;
pub mod entries;
pub mod future;
pub(crate) mod lock;
pub mod parallel;
mod queue;
pub mod select;
pub mod start;
mod value;
mod waitlist;
pub(crate) mod waitq;

#[cfg(all(test, not(loom)))]
mod tests;

use crate::abi::Site;

/// `FILE:LINE:COLUMN` of a place in the source.
pub(crate) fn place(site: *const Site) -> String {
    // SAFETY: a site is a static of the program, or null.
    let Some(site) = (unsafe { site.as_ref() }) else { return "an unknown place".to_string() };
    // SAFETY: `file` and `file_len` describe the static text of the file's name.
    let file = unsafe { std::slice::from_raw_parts(site.file, site.file_len as usize) };
    format!("{}:{}:{}", String::from_utf8_lossy(file), site.line, site.column)
}
