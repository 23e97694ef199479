//! Running an awaited thread that has not started as a call on the awaiter's stack. The protocol is in `sync/start.rs`.
//!
//! The awaiter becomes the thread for that time: reports and `thread_id` speak of the inner thread; where it parks or
//! yields, the whole stack does, which is all the same to the awaiter.

use super::worker::worker;
use crate::stack;
use crate::sync::future::{self, Future};
use crate::sync::start::Dequeued;
use crate::task::{Task, TaskRef};
use crate::trace::{self, Event};
use std::sync::atomic::Ordering;

/// Runs the thread of a future if it has not started and the calling green thread has room. Afterwards the future may be
/// complete.
///
/// # Safety
/// `f` is a handle that the calling thread keeps until this returns; `own`: which no other thread uses meanwhile.
pub unsafe fn run(f: *mut Future, own: bool) {
    let Some(worker) = worker() else { return };
    let owner = worker.current();
    // SAFETY: `owner` is the calling thread's task; the handle keeps the future alive; who took the thread out of its queue,
    // or claims its start, has the task.
    unsafe {
        let task = future::task(f);
        if owner.is_null() || task.is_null() || !(*f).start.is_waiting() || !stack::has_half((*owner).slot()) {
            return;
        }
        // With this handle and the thread as the only holders nobody else can claim or await it, now or later.
        let alone = own && (*f).is_alone(true);
        let dequeued = worker.local.pop_if(TaskRef(task));
        if dequeued {
            match if alone { (*f).start.dequeue_alone() } else { (*f).start.dequeue() } {
                Dequeued::Run => {}
                Dequeued::Leave => return,
                Dequeued::Vacate => return worker.end(task),
            }
        } else if !(*f).start.claim() {
            return;
        }
        let inner = &(*owner).inner;
        // Relaxed, and no exchange: this thread alone writes it.
        let outer = inner.load(Ordering::Relaxed);
        inner.store(task, Ordering::Relaxed);
        let (id, site) = ((*task).id(), (*task).site());
        trace::event(|| Event::InlineBegin { id, site });
        (*task).note_inline();
        (*task).run_inline(alone);
        trace::event(|| Event::InlineEnd { id });
        inner.store(outer, Ordering::Relaxed);
        // The stack may have moved to another worker meanwhile, so `worker` is stale.
        if !dequeued {
            let worker = self::worker().expect("a green thread runs on a worker");
            if (*f).start.finish() {
                worker.end(task);
            } else {
                worker.drop_finished();
            }
        } else {
            (*task).end();
            if alone { future::forget_thread(f) } else { future::release(f) }
        }
    }
}

/// The thread that a task is at the moment: the innermost one that it runs.
pub fn innermost(task: &Task) -> &Task {
    // SAFETY: null or a task; tasks are never freed.
    unsafe { task.inner.load(Ordering::Relaxed).as_ref() }.unwrap_or(task)
}
