//! The state word of a thread that can park: the one place where parking and waking meet.
//!
//! ```text
//!             park: nobody called yet             unpark: the caller runs it
//!   RUNNING ─────────── settle ──────────▶ PARKED ──────── unpark ────────▶ RUNNING (queued)
//!      │  ▲
//! unpark  │ take_notification, or settle (which then does not park)
//!      ▼  │
//!   NOTIFIED
//! ```
//!
//! * RUNNING: the thread runs, is queued to run, or is on its way off its stack (*parking*). The thread's own worker has it.
//! * NOTIFIED: the same, and the wake-up for its next (or current) park has come already.
//! * PARKED: the thread is off its stack and in no queue. Whoever moves it to RUNNING owns it and must queue it.
//!
//! `settle` is called by the worker *after* the switch off the thread's stack, never by the thread: a waker that
//! finds RUNNING only leaves a note, so nobody resumes a thread that has not left its stack. One park is met by
//! exactly one unpark (the contract of `Waiter`), so two wakers never race for one word.
//!
//! A thread that waits for nothing but one channel parks while it holds that channel's lock, and its worker releases it after
//! the switch (`park_holding`). Nobody can call before that, so `park_held` and `wake_parked` are plain stores.
//!
//! Orderings: `settle`'s Release publishes the stack to the `unpark` that finds PARKED (its Acquire). `unpark`'s
//! Release publishes what the waker wrote (a value handed over) to `take_notification` and to a failing `settle`
//! (Acquire); after a PARKED → RUNNING the queue that carries the thread does it.

use crate::shim::{AtomicU32, Ordering};

const RUNNING: u32 = 0;
const NOTIFIED: u32 = 1;
const PARKED: u32 = 2;

/// The state word. See the module's picture.
#[derive(Debug)]
pub struct State(AtomicU32);

impl State {
    /// The word of a thread that runs.
    #[must_use]
    #[cfg(not(loom))]
    pub const fn new() -> State {
        State(AtomicU32::new(RUNNING))
    }

    /// The word of a thread that runs.
    #[must_use]
    #[cfg(loom)]
    pub fn new() -> State {
        State(AtomicU32::new(RUNNING))
    }

    /// The thread itself, about to park: true if its wake-up has come already, and it need not.
    #[must_use]
    pub fn take_notification(&self) -> bool {
        // Only the thread itself leaves NOTIFIED, so load and store cannot lose anything.
        if self.0.load(Ordering::Acquire) == NOTIFIED {
            self.0.store(RUNNING, Ordering::Relaxed);
            return true;
        }
        false
    }

    /// The worker, after the thread left its stack: whether `settle` will say that its wake-up has come. May change to yes.
    #[must_use]
    pub fn is_notified(&self) -> bool {
        self.0.load(Ordering::Relaxed) == NOTIFIED
    }

    /// The worker, after the thread left its stack: true if it is parked now (hands off!), false if its wake-up came
    /// in the meantime and it must be queued.
    #[must_use]
    pub fn settle(&self) -> bool {
        match self.0.compare_exchange(RUNNING, PARKED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(_) => {
                self.0.store(RUNNING, Ordering::Relaxed);
                false
            }
        }
    }

    /// The worker, after the thread left its stack holding a lock that nobody can wake it without.
    pub fn park_held(&self) {
        // Relaxed, as in `wake_parked`: the lock orders the two, and reports only look.
        self.0.store(PARKED, Ordering::Relaxed);
    }

    /// The waker of a thread that parked so.
    pub fn wake_parked(&self) {
        debug_assert!(self.0.load(Ordering::Relaxed) == PARKED);
        self.0.store(RUNNING, Ordering::Relaxed);
    }

    /// A waker: true if the thread was parked and is the caller's to queue now, false if a note was left.
    #[must_use]
    pub fn unpark(&self) -> bool {
        let mut seen = PARKED;
        loop {
            let next = if seen == PARKED { RUNNING } else { NOTIFIED };
            match self.0.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return seen == PARKED,
                Err(NOTIFIED) => panic!("a thread was unparked twice for one park"),
                Err(now) => seen = now,
            }
        }
    }

    /// Whether the thread is parked; for reports.
    pub fn is_parked(&self) -> bool {
        self.0.load(Ordering::Acquire) == PARKED
    }

    /// An OS thread that has settled: sleeps until it is woken.
    pub fn sleep(&self) {
        while self.is_parked() {
            #[cfg(not(loom))]
            crate::sched::futex::wait(&self.0, PARKED, None);
            #[cfg(loom)]
            crate::shim::yield_now();
        }
    }

    /// Wakes an OS thread after `unpark` found it parked. It may have gone on by itself already, and even have ended.
    pub fn wake(&self) {
        #[cfg(not(loom))]
        crate::sched::futex::wake(&raw const self.0);
    }
}

impl Default for State {
    fn default() -> State {
        State::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_unpark_before_the_park_counts() {
        let state = State::new();
        assert!(!state.unpark());
        assert!(state.take_notification());
        assert!(!state.take_notification());
    }

    #[test]
    fn an_unpark_while_the_thread_leaves_its_stack_keeps_it_runnable() {
        let state = State::new();
        assert!(!state.take_notification());
        assert!(!state.unpark());
        assert!(!state.settle());
        assert!(!state.is_parked());
    }

    #[test]
    fn an_unpark_of_a_parked_thread_owns_it() {
        let state = State::new();
        assert!(state.settle());
        assert!(state.is_parked());
        assert!(state.unpark());
        assert!(!state.is_parked());
    }

    /// In a process of its own: where the runtime runs, its panic hook ends the process.
    #[test]
    fn a_second_unpark_is_a_bug_that_is_noticed() {
        let Some(end) = crate::testing::child("task::state::tests::a_second_unpark_is_a_bug_that_is_noticed", || {
            let state = State::new();
            let _ = state.unpark();
            let _ = state.unpark();
        }) else {
            return;
        };
        assert!(end.status != Some(0) && end.stderr.contains("unparked twice"), "{}", end.stderr);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicU32 as Flag;

    /// What a thread leaves behind when it parks, and what its waker leaves for it.
    struct Thread {
        state: State,
        stack: UnsafeCell<u32>,
        handed: UnsafeCell<u32>,
        queued: Flag,
    }

    /// One thread parks (its worker settles for it) while another wakes it: it is resumed exactly once, by one side,
    /// never before it left its stack, and sees what the waker wrote.
    #[test]
    fn loom_one_park_meets_one_unpark() {
        loom::model(|| {
            let thread = Arc::new(Thread {
                state: State::new(),
                stack: UnsafeCell::new(0),
                handed: UnsafeCell::new(0),
                queued: Flag::new(0),
            });
            let waker = {
                let thread = thread.clone();
                loom::thread::spawn(move || {
                    // SAFETY: the thread reads it only after the wake-up below; loom checks that.
                    thread.handed.with_mut(|p| unsafe { *p = 7 });
                    if thread.state.unpark() {
                        // Parked: this side owns the stack now.
                        // SAFETY: that it does, and nobody else, is what loom checks.
                        thread.stack.with_mut(|p| unsafe {
                            assert_eq!(*p, 1);
                            *p = 2;
                        });
                        thread.queued.fetch_add(1, Ordering::Release);
                    }
                })
            };
            // The thread decides to park, then leaves its stack; its worker settles.
            let resumed_here = if thread.state.take_notification() {
                true
            } else {
                // SAFETY: the thread is on its stack until it has settled.
                thread.stack.with_mut(|p| unsafe { *p = 1 });
                !thread.state.settle()
            };
            if resumed_here {
                // SAFETY: woken, so the waker has written it; resumed here, so the stack is this side's. loom checks both.
                thread.handed.with(|p| assert_eq!(unsafe { *p }, 7));
                // SAFETY: as above.
                thread.stack.with_mut(|p| unsafe { *p = 3 });
            }
            waker.join().unwrap();
            let queued = thread.queued.load(Ordering::Acquire);
            assert_eq!(queued + u32::from(resumed_here), 1, "resumed exactly once");
        });
    }

    /// Two parks in a row, each with its own waker in turn: no wake-up leaks from one park to the next.
    #[test]
    fn loom_parks_in_a_row_do_not_share_wake_ups() {
        loom::model(|| {
            let state = Arc::new(State::new());
            for _ in 0..2 {
                let waker = {
                    let state = state.clone();
                    loom::thread::spawn(move || state.unpark())
                };
                let here = state.take_notification() || !state.settle();
                let there = waker.join().unwrap();
                assert!(here != there);
            }
            assert!(!state.is_parked());
        });
    }
}
