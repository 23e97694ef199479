//! The queues of runnable threads.
//!
//! Each worker has a LIFO deque (a thread that was just woken or spawned finds warm caches; thieves take from the other end)
//! and a FIFO queue of threads that yielded, which come after everything else, or a yield would not let anybody in. The
//! injector takes what comes from OS threads that are not workers. Every `LOOK`th pick lets the other two in, and now and then
//! the oldest of the deque, so that a pair of threads that wake each other cannot keep the rest out. The pick after a time
//! slice that ended, and one in every slice, is fair to all three.

use super::deque::{self, Owner, Thief};
use crate::task::TaskRef;
use crossbeam_deque::{Injector, Steal};
use std::cell::Cell;
use std::ptr;

/// Picks between two looks at the other queues while the deque has something. Go's number: prime, so that it does not beat
/// with programs' own rhythms.
const LOOK: u32 = 61;
/// Every so many of those looks takes the oldest of the own deque as well. Rarely: a tree of threads is walked depth first as
/// long as the newest is taken, and every oldest that is taken begins another branch, with stacks of its own.
const OLDEST: u32 = 16;

/// A worker's own ends.
pub struct Local {
    run: Owner,
    yielded: Owner,
    /// Picks until the next look.
    until_look: Cell<u32>,
    looks: Cell<u32>,
    /// Which queue the next full look begins with.
    turn: Cell<u32>,
    /// The next look is at everything.
    be_fair: Cell<bool>,
}

/// What others may take from a worker.
pub struct Remote {
    run: Thief,
    yielded: Thief,
}

/// The queues of one worker.
#[must_use]
pub fn new() -> (Local, Remote) {
    let ((run, run_thief), (yielded, yielded_thief)) = (deque::new(), deque::new());
    let local = Local {
        run,
        yielded,
        until_look: Cell::new(LOOK),
        looks: Cell::new(0),
        turn: Cell::new(0),
        be_fair: Cell::new(false),
    };
    (local, Remote { run: run_thief, yielded: yielded_thief })
}

fn entry(TaskRef(task): TaskRef) -> usize {
    task.expose_provenance()
}

fn task(entry: usize) -> TaskRef {
    TaskRef(ptr::with_exposed_provenance_mut(entry))
}

fn inject(injector: &Injector<TaskRef>) -> Option<TaskRef> {
    loop {
        match injector.steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            // Somebody was quicker.
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}

impl Local {
    #[inline]
    pub fn push(&self, task: TaskRef) {
        self.run.push(entry(task));
    }

    /// The newest.
    #[inline]
    pub fn pop(&self) -> Option<TaskRef> {
        self.run.pop().map(task)
    }

    /// Takes the newest if it is this one.
    #[inline]
    pub fn pop_if(&self, task: TaskRef) -> bool {
        // Thieves take from the other end, so what is popped is what was seen, or nothing.
        self.run.newest() == Some(entry(task)) && self.run.pop().is_some()
    }

    pub fn push_yielded(&self, task: TaskRef) {
        self.yielded.push(entry(task));
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.run.count()
    }

    /// All that wait here, those that yielded too.
    pub fn all(&self) -> usize {
        self.run.count() + self.yielded.count()
    }

    pub fn is_empty(&self) -> bool {
        self.run.count() == 0 && self.yielded.count() == 0
    }

    /// The next pick looks at everything.
    pub fn be_fair(&self) {
        self.until_look.set(1);
        self.be_fair.set(true);
    }

    /// The next thread to run, of this worker's own or from outside.
    #[inline]
    pub fn next(&self, injector: &Injector<TaskRef>) -> Option<TaskRef> {
        let until_look = self.until_look.get() - 1;
        self.until_look.set(until_look);
        if until_look == 0
            && let Some(task) = self.look(injector)
        {
            return Some(task);
        }
        self.pop().or_else(|| inject(injector)).or_else(|| self.yielded.take_oldest().map(task))
    }

    /// The pick that lets others in than the newest.
    #[cold]
    fn look(&self, injector: &Injector<TaskRef>) -> Option<TaskRef> {
        self.until_look.set(LOOK);
        let looks = self.looks.get().wrapping_add(1);
        self.looks.set(looks);
        let outside = || inject(injector);
        let yielded = || self.yielded.take_oldest().map(task);
        let oldest = || self.run.take_oldest().map(task);
        if self.be_fair.take() || looks.is_multiple_of(OLDEST) {
            let turn = self.turn.get();
            self.turn.set((turn + 1) % 3);
            match turn {
                0 => oldest().or_else(outside).or_else(yielded),
                1 => outside().or_else(yielded).or_else(oldest),
                _ => yielded().or_else(oldest).or_else(outside),
            }
        } else if looks.is_multiple_of(2) {
            outside().or_else(yielded)
        } else {
            yielded().or_else(outside)
        }
    }

    /// Takes half of what another worker has, and pushes all of it but the oldest.
    pub fn steal_from(&self, victim: &Remote) -> Option<TaskRef> {
        let mut first = None;
        let mut take = |stolen| match first {
            None => first = Some(task(stolen)),
            Some(_) => self.run.push(stolen),
        };
        if !victim.run.steal(&mut take) {
            victim.yielded.steal(&mut take);
        }
        first
    }
}

impl Remote {
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives all threads that wait here to whoever comes first. Whether there were any.
    pub fn hand_out(&self, injector: &Injector<TaskRef>) -> bool {
        let mut any = false;
        for queue in [&self.run, &self.yielded] {
            while queue.steal(|stolen| injector.push(task(stolen))) {
                any = true;
            }
        }
        any
    }

    /// Threads that wait here (a hint: they may be gone).
    pub fn len(&self) -> usize {
        self.run.count() + self.yielded.count()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

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
    fn a_fair_pick_takes_the_oldest_of_each_queue_in_turn() {
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

    /// How many picks of a thread that is queued again and again go by before another one's turn comes.
    fn picks_before_another(queue: impl FnOnce(&Local, &Injector<TaskRef>)) -> usize {
        let (local, _) = new();
        let injector = Injector::new();
        queue(&local, &injector);
        let again = (0..10_000).take_while(|_| {
            local.push(task(2));
            local.next(&injector) != Some(task(1))
        });
        again.count()
    }

    #[test]
    fn others_get_their_turn_by_themselves() {
        let look = LOOK as usize;
        assert!(picks_before_another(|local, _| local.push_yielded(task(1))) <= 2 * look);
        assert!(picks_before_another(|_, injector| injector.push(task(1))) <= 2 * look);
        assert!(picks_before_another(|local, _| local.push(task(1))) <= 3 * (OLDEST as usize) * look);
    }

    #[test]
    fn a_thief_takes_half() {
        let (victim, remote) = new();
        let (thief, _) = new();
        for n in 1..=10 {
            victim.push(task(n));
        }
        assert_eq!(thief.steal_from(&remote), Some(task(1)));
        assert_eq!((thief.len(), victim.len()), (4, 5));
        // The newest stay.
        let left: Vec<_> = std::iter::from_fn(|| victim.next(&Injector::new())).collect();
        assert_eq!(left, [10, 9, 8, 7, 6].map(task));
    }
}
