//! Running an awaited thread that has not started as a call on the awaiter's stack. The protocol is in `sync/start.rs`.
//!
//! The awaiter becomes the thread for that time: reports and `thread_id` speak of the inner thread; where it parks or
//! yields, the whole stack does, which is all the same to the awaiter.

use super::worker::worker;
use crate::stack;
use crate::sync::future::{self, Future};
use crate::task::Task;
use crate::trace::{self, Event};
use std::ptr;
use std::sync::atomic::Ordering;

/// Runs the thread of a future if it has not started and the calling green thread has room. Afterwards the future may be
/// complete.
///
/// # Safety
/// `f` is a handle that the calling thread keeps until this returns.
pub unsafe fn run(f: *mut Future) {
    let owner = worker().map_or(ptr::null_mut(), |w| w.current());
    // SAFETY: `owner` is the calling thread's task, if it is green; the handle keeps the future alive; who claims the
    // start has the task.
    unsafe {
        let task = future::task(f);
        if owner.is_null() || task.is_null() || !stack::has_half((*owner).slot()) || !(*f).start.claim() {
            return;
        }
        let outer = (*owner).inner.swap(task, Ordering::Relaxed);
        let (id, site) = ((*task).id(), (*task).site());
        trace::event(|| Event::InlineBegin { id, site });
        (*task).run_inline();
        trace::event(|| Event::InlineEnd { id });
        (*owner).inner.store(outer, Ordering::Relaxed);
        // The stack may have moved to another worker meanwhile.
        let worker = worker().expect("a green thread runs on a worker");
        if (*f).start.finish() {
            worker.vacate(task);
            return;
        }
        worker.drop_finished();
    }
}

/// The thread that a task is at the moment: the innermost one that it runs.
pub fn innermost(task: &Task) -> &Task {
    // SAFETY: null or a task; tasks are never freed.
    unsafe { task.inner.load(Ordering::Relaxed).as_ref() }.unwrap_or(task)
}
