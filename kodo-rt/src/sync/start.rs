//! Who runs a thread that nobody has started yet: the worker that takes it out of its queue, or the first green thread
//! that awaits it, as a call on its own stack. The latter costs no stack and no switch, and on fork-join programs it is
//! most of the speed.
//!
//! Mostly the awaiter's own worker has it as its newest; then the awaiter takes it out of the queue as the worker would
//! (`dequeue`). Else it claims the thread and leaves the queue's entry behind; so two parties part from the thread, and the
//! later one gives its reference to the future back:
//!
//! ```text
//!            dequeue            claim              finish
//!   STARTED <─────── WAITING ────────▶ CLAIMED ────────────▶ FINISHED     dequeue: give back
//!                                         │ dequeue
//!                                         ▼
//!                                      ORPHANED                           finish:  give back
//! ```

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const CLAIMED: u8 = 2;
const ORPHANED: u8 = 3;
const FINISHED: u8 = 4;

/// The word lives in the future: an awaiter's handle keeps it, while tasks are used again for other threads.
pub struct Start(AtomicU8);

/// What a worker does with a thread that it took out of a queue for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dequeued {
    Run,
    /// An awaiter runs it; hands off.
    Leave,
    /// An awaiter has run it: give the thread's reference back.
    Vacate,
}

impl Default for Start {
    fn default() -> Start {
        Start(AtomicU8::new(WAITING))
    }
}

impl Start {
    /// For another thread: nobody has it yet.
    pub fn begin(&self) {
        self.0.store(WAITING, Ordering::Relaxed);
    }

    /// An awaiter: whether it is worth trying.
    #[inline]
    pub fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WAITING
    }

    /// As `dequeue`, by one who took the entry out of the queue, if nobody else holds the future (so nobody claims).
    #[inline]
    pub fn dequeue_alone(&self) -> Dequeued {
        // What others did lies behind the look at the holders, which was an Acquire.
        match self.0.load(Ordering::Relaxed) {
            WAITING => {
                self.0.store(STARTED, Ordering::Relaxed);
                Dequeued::Run
            }
            _ => Dequeued::Vacate,
        }
    }

    /// An awaiter: true if the thread is the caller's to run.
    #[must_use]
    pub fn claim(&self) -> bool {
        // Acquire and Release here and below: whoever vacates the task comes after everything the other did with it.
        self.0.load(Ordering::Relaxed) == WAITING
            && self.0.compare_exchange(WAITING, CLAIMED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The awaiter has run the thread. True: its entry is out of the queue; the caller gives the thread's reference back.
    #[must_use]
    pub fn finish(&self) -> bool {
        self.0.compare_exchange(CLAIMED, FINISHED, Ordering::AcqRel, Ordering::Acquire).is_err()
    }

    /// A worker took the thread's first entry out of a queue.
    #[must_use]
    pub fn dequeue(&self) -> Dequeued {
        let mut seen = WAITING;
        loop {
            let next = match seen {
                WAITING => STARTED,
                CLAIMED => ORPHANED,
                _ => return Dequeued::Vacate,
            };
            match self.0.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if seen == WAITING => return Dequeued::Run,
                Ok(_) => return Dequeued::Leave,
                Err(now) => seen = now,
            }
        }
    }

    /// Whether an awaiter has run the thread, and its queue's entry is what is left of it.
    pub fn is_finished(&self) -> bool {
        self.0.load(Ordering::Acquire) == FINISHED
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_started_once() {
        let start = Start::default();
        assert_eq!(start.dequeue(), Dequeued::Run);
        assert!(!start.claim());
        let start = Start::default();
        assert!(start.claim());
        assert!(!start.claim());
        assert_eq!(start.dequeue(), Dequeued::Leave);
        assert!(start.finish());
    }

    #[test]
    fn an_entry_that_is_taken_late_vacates_the_task() {
        let start = Start::default();
        assert!(start.claim());
        assert!(!start.finish());
        assert!(start.is_finished());
        assert_eq!(start.dequeue(), Dequeued::Vacate);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    /// A worker and two awaiters: the thread runs once, and the task is vacated once, after that.
    #[test]
    fn loom_a_thread_runs_once_and_one_vacates() {
        loom::model(|| {
            let model = Arc::new((Start::default(), UnsafeCell::new((0, 0))));
            // SAFETY: whoever may start the thread is alone with it, and so is whoever vacates the task: loom checks both.
            let run = |m: &(Start, UnsafeCell<(u32, u32)>)| m.1.with_mut(|c| unsafe { (*c).0 += 1 });
            // SAFETY: as above.
            let vacate = |m: &(Start, UnsafeCell<(u32, u32)>)| m.1.with_mut(|c| unsafe { (*c).1 += 1 });
            let awaiters: Vec<_> = (0..2)
                .map(|_| {
                    let model = model.clone();
                    loom::thread::spawn(move || {
                        if model.0.claim() {
                            run(&model);
                            if model.0.finish() {
                                vacate(&model);
                            }
                        }
                    })
                })
                .collect();
            match model.0.dequeue() {
                Dequeued::Run => {
                    run(&model);
                    vacate(&model);
                }
                Dequeued::Leave => {}
                Dequeued::Vacate => vacate(&model),
            }
            for awaiter in awaiters {
                awaiter.join().unwrap();
            }
            // SAFETY: the awaiters have ended.
            model.1.with(|c| assert_eq!(unsafe { *c }, (1, 1)));
        });
    }
}
