//! The queues of runnable threads.
//!
//! Each worker has a LIFO deque (a thread that was just woken or spawned finds warm caches; thieves take from the other end)
//! and a FIFO queue of threads that yielded, which come after everything else, or a yield would not let anybody in. The
//! injector takes what comes from OS threads that are not workers. Every `FAIR`th pick takes the oldest instead, from the
//! three in turn, so that a pair of threads that wake each other cannot keep the rest out.

use crate::task::TaskRef;
use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
use std::cell::Cell;

/// Go's number: prime, so that it does not beat with programs' own rhythms; larger is less fair, smaller less local.
const FAIR: u32 = 61;

/// A worker's own ends.
pub struct Local {
    run: Deque<TaskRef>,
    yielded: Deque<TaskRef>,
    /// The deque's other end, for the pick of the oldest.
    oldest: Stealer<TaskRef>,
    picks: Cell<u32>,
}

/// What others may take from a worker.
pub struct Remote {
    run: Stealer<TaskRef>,
    yielded: Stealer<TaskRef>,
}

/// The queues of one worker.
#[must_use]
pub fn new() -> (Local, Remote) {
    let (run, yielded) = (Deque::new_lifo(), Deque::new_fifo());
    let remote = Remote { run: run.stealer(), yielded: yielded.stealer() };
    (Local { oldest: run.stealer(), run, yielded, picks: Cell::new(0) }, remote)
}

/// Tries again while the answer is "somebody was quicker".
fn insist<T>(mut steal: impl FnMut() -> Steal<T>) -> Option<T> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}

impl Local {
    pub fn push(&self, task: TaskRef) {
        self.run.push(task);
    }

    pub fn push_yielded(&self, task: TaskRef) {
        self.yielded.push(task);
    }

    pub fn len(&self) -> usize {
        self.run.len()
    }

    pub fn is_empty(&self) -> bool {
        self.run.is_empty() && self.yielded.is_empty()
    }

    /// The next thread to run, of this worker's own or from outside.
    pub fn next(&self, injector: &Injector<TaskRef>) -> Option<TaskRef> {
        let pick = self.picks.get().wrapping_add(1);
        self.picks.set(pick);
        let inject = || insist(|| injector.steal_batch_and_pop(&self.run));
        if pick.is_multiple_of(FAIR) {
            let turn = pick / FAIR;
            for i in 0..3 {
                let task = match (turn + i) % 3 {
                    0 => inject(),
                    1 => self.yielded.pop(),
                    _ => insist(|| self.oldest.steal()),
                };
                if task.is_some() {
                    return task;
                }
            }
            return None;
        }
        self.run.pop().or_else(|| self.yielded.pop()).or_else(inject)
    }

    /// Takes half of what another worker has.
    pub fn steal_from(&self, victim: &Remote) -> Option<TaskRef> {
        insist(|| victim.run.steal_batch_and_pop(&self.run))
            .or_else(|| insist(|| victim.yielded.steal_batch_and_pop(&self.run)))
    }
}

impl Remote {
    pub fn is_empty(&self) -> bool {
        self.run.is_empty() && self.yielded.is_empty()
    }
}
