//! The queues of runnable threads.
//!
//! Each worker has a LIFO deque (a thread that was just woken or spawned finds warm caches; thieves take from the other end)
//! and a FIFO queue of threads that yielded, which come after everything else, or a yield would not let anybody in. The
//! injector takes what comes from OS threads that are not workers (threads whose timer fired, say). Every `FAIR`th pick
//! takes the oldest instead, from the three in turn, so that a pair of threads that wake each other cannot keep the rest
//! out; and so does the pick after a time slice that ended, since 61 slices would be a long time.

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
    /// Picks until the next fair one.
    until_fair: Cell<u32>,
    /// Which queue that one begins with.
    turn: Cell<u8>,
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
    (Local { oldest: run.stealer(), run, yielded, until_fair: Cell::new(FAIR), turn: Cell::new(0) }, remote)
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

    /// The newest.
    pub fn pop(&self) -> Option<TaskRef> {
        self.run.pop()
    }

    pub fn push_yielded(&self, task: TaskRef) {
        self.yielded.push(task);
    }

    pub fn len(&self) -> usize {
        self.run.len()
    }

    /// All that wait here, those that yielded too.
    pub fn all(&self) -> usize {
        self.run.len() + self.yielded.len()
    }

    pub fn is_empty(&self) -> bool {
        self.run.is_empty() && self.yielded.is_empty()
    }

    /// The next pick takes the oldest.
    pub fn be_fair(&self) {
        self.until_fair.set(1);
    }

    /// The next thread to run, of this worker's own or from outside.
    pub fn next(&self, injector: &Injector<TaskRef>) -> Option<TaskRef> {
        self.until_fair.set(self.until_fair.get() - 1);
        let inject = || insist(|| injector.steal_batch_and_pop(&self.run));
        if self.until_fair.get() == 0 {
            self.until_fair.set(FAIR);
            let turn = self.turn.get();
            self.turn.set((turn + 1) % 3);
            for i in 0..3 {
                let task = match (turn + i) % 3 {
                    0 => inject(),
                    // Before those that yielded: they have not had their turn yet.
                    1 => insist(|| self.oldest.steal()),
                    _ => self.yielded.pop(),
                };
                if task.is_some() {
                    return task;
                }
            }
            return None;
        }
        self.run.pop().or_else(inject).or_else(|| self.yielded.pop())
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

    /// Whether a single thread waits here (a hint: it may be gone).
    pub fn has_one(&self) -> bool {
        self.run.len() + self.yielded.len() == 1
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::ptr;

    /// Not a task: queues do not look.
    fn task(n: usize) -> TaskRef {
        TaskRef(ptr::without_provenance_mut(n * 64))
    }

    #[test]
    fn the_newest_runs_first_and_what_yielded_last() {
        let (local, _) = new();
        let injector = Injector::new();
        local.push_yielded(task(1));
        local.push_yielded(task(2));
        injector.push(task(3));
        local.push(task(4));
        local.push(task(5));
        let order: Vec<_> = std::iter::from_fn(|| local.next(&injector)).collect();
        assert_eq!(order, [5, 4, 3, 1, 2].map(task));
    }

    #[test]
    fn the_fair_pick_takes_the_oldest_of_each_queue_in_turn() {
        let (local, _) = new();
        let injector = Injector::new();
        for n in 1..=3 {
            local.push(task(n));
            local.push_yielded(task(10 + n));
            injector.push(task(20 + n));
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            local.be_fair();
            order.push(local.next(&injector).expect("a task"));
        }
        assert!(order.contains(&task(1)) && order.contains(&task(11)) && order.contains(&task(21)), "{order:?}");
        local.be_fair();
        assert!(local.next(&injector).is_some());
    }

    #[test]
    fn a_fair_pick_comes_by_itself() {
        let (local, _) = new();
        let injector = Injector::new();
        local.push_yielded(task(1));
        let others = (0..4 * FAIR).take_while(|_| {
            local.push(task(2));
            local.next(&injector) != Some(task(1))
        });
        assert!(others.count() < 3 * FAIR as usize);
    }

    #[test]
    fn a_thief_takes_half() {
        let (victim, remote) = new();
        let (thief, _) = new();
        for n in 1..=10 {
            victim.push(task(n));
        }
        assert!(thief.steal_from(&remote).is_some());
        assert_eq!((thief.len(), victim.len()), (4, 5));
        // The newest stay.
        let left: Vec<_> = std::iter::from_fn(|| victim.next(&Injector::new())).collect();
        assert_eq!(left, [10, 9, 8, 7, 6].map(task));
    }
}
