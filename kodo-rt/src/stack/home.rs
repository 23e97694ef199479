//! Homes: slots that many threads share, one at a time.
//!
//! Threads beyond the private slots have a *home*: they may live anywhere while they wait (`task/away.rs` copies them to the
//! heap), but run only there, since frames hold addresses of frames. So a home is a lock, of which the holder is a thread that runs
//! or is queued to run, and a thread that finds it held queues *here* instead of spinning or being picked up in vain:
//!
//! ```text
//!                 hold (nobody has it)
//!   FREE ─────────────────────────────▶ HELD ──┐ hold: the newcomer's link is the old word
//!     ▲                                   ▲    ▼
//!     │ release, nobody waits             └── newest waiter ─▶ … ─▶ oldest waiter ─▶ HELD
//!     └──────────────────────────────────          │
//!                                                  └ release: the holder takes the whole chain (the word is HELD
//!                                                    again), turns it round into `oldest`, and hands the home over
//! ```
//!
//! * A failed `hold` has queued the thread: whoever releases may have scheduled it already, so hands off.
//! * `release` hands over: the home stays HELD for the oldest waiter, who is the caller's to queue and need not ask again. So no
//!   newcomer overtakes it, and no wake-up can be lost: either the newcomer's exchange comes before the holder's (which then
//!   finds it in the chain), or it finds FREE.
//! * `oldest` belongs to the holder. Who holds next sees it, and the stack's bytes: through the word (Release and Acquire), or
//!   through the queue that carries the thread to which the home was handed over.
//!
//! A thread that waits here is in no queue of the scheduler, but the one that holds its home is, or runs: so there is always
//! something active while anybody waits, and quiescence (`sched/idle.rs`) need not know of homes. Time slices must: the
//! monitor counts `anyone_waits` as queued work, or a holder that never parks would keep the others out for ever.

use crate::shim::{AtomicUsize, Ordering};
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic;

const FREE: usize = 0;
const HELD: usize = 1;

/// What can wait for a home. Aligned to two bytes at least.
pub trait Waits {
    /// Belongs to the home while the thread waits for it.
    fn link(&self) -> &AtomicUsize;
}

/// Who may run on a slot. See the module's picture. All zero: free.
pub struct Home<T> {
    word: AtomicUsize,
    /// Waiters in order, taken out of the word by a holder.
    oldest: AtomicUsize,
    waits: PhantomData<*const T>,
}

impl<T: Waits> Home<T> {
    /// A free home.
    #[must_use]
    #[cfg(any(test, loom))]
    pub fn free() -> Home<T> {
        Home { word: AtomicUsize::new(FREE), oldest: AtomicUsize::new(0), waits: PhantomData }
    }

    /// Takes the home if nobody holds it.
    #[must_use]
    pub fn try_hold(&self) -> bool {
        self.word.load(Ordering::Relaxed) == FREE
            && self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes the home for a thread, or queues the thread (false).
    ///
    /// # Safety
    /// The caller has the thread, which waits nowhere and lives until somebody is given it by `release`.
    #[must_use]
    pub unsafe fn hold(&self, thread: *const T) -> bool {
        let mut seen = self.word.load(Ordering::Relaxed);
        loop {
            let next = if seen == FREE { HELD } else { thread.expose_provenance() };
            // SAFETY: the thread is ours until the exchange has queued it.
            unsafe { (*thread).link() }.store(seen, Ordering::Relaxed);
            // Release: the holder sees the link, and the thread. Acquire: what the last holder did.
            match self.word.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return seen == FREE,
                Err(now) => seen = now,
            }
        }
    }

    /// Gives the home up. Some: to this thread, which holds it now and is the caller's to queue.
    ///
    /// # Safety
    /// The caller holds the home.
    #[must_use]
    pub unsafe fn release(&self) -> Option<*const T> {
        let mut oldest = self.oldest.load(Ordering::Relaxed);
        if oldest == 0 {
            if self.word.compare_exchange(HELD, FREE, Ordering::Release, Ordering::Relaxed).is_ok() {
                return None;
            }
            let mut at = self.word.swap(HELD, Ordering::Acquire);
            while at != HELD {
                // SAFETY: threads in the chain are alive and nobody else's.
                let link = unsafe { (*ptr::with_exposed_provenance::<T>(at)).link() };
                let older = link.load(Ordering::Relaxed);
                link.store(oldest, Ordering::Relaxed);
                (oldest, at) = (at, older);
            }
        }
        let thread = ptr::with_exposed_provenance::<T>(oldest);
        // SAFETY: as above.
        self.oldest.store(unsafe { (*thread).link() }.load(Ordering::Relaxed), Ordering::Relaxed);
        Some(thread)
    }
}

// Not the shim's: the model checker looks at homes alone.
static WAITING: atomic::AtomicUsize = atomic::AtomicUsize::new(0);

/// A thread is about to queue for a home (`begin`), or was given it or found it free after all.
pub fn count_waiting(begin: bool) {
    if begin {
        WAITING.fetch_add(1, atomic::Ordering::SeqCst);
    } else {
        WAITING.fetch_sub(1, atomic::Ordering::Relaxed);
    }
}

/// Whether some thread waits for its home.
pub fn anyone_waits() -> bool {
    WAITING.load(atomic::Ordering::Relaxed) > 0
}

#[cfg(test)]
struct Thread(usize, AtomicUsize);

#[cfg(test)]
impl Waits for Thread {
    fn link(&self) -> &AtomicUsize {
        &self.1
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_handed_on_in_the_order_of_asking() {
        let home = Home::free();
        let threads: Vec<_> = (0..5).map(|n| Thread(n, AtomicUsize::new(0))).collect();
        // SAFETY: the threads outlive the home's interest in them; who releases holds.
        unsafe {
            assert!(home.hold(&raw const threads[0]));
            assert!(!home.try_hold());
            assert!(!home.hold(&raw const threads[1]) && !home.hold(&raw const threads[2]));
            let next = || (*home.release().expect("somebody waits")).0;
            assert_eq!(next(), 1);
            assert!(!home.hold(&raw const threads[3]) && !home.hold(&raw const threads[4]));
            assert_eq!([next(), next(), next()], [2, 3, 4]);
            assert!(home.release().is_none());
            assert!(home.try_hold() && home.release().is_none());
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    struct Model {
        home: Home<Thread>,
        threads: [Thread; 3],
        stack: UnsafeCell<usize>,
        ran: [AtomicUsize; 3],
    }
    // SAFETY: the model checker looks for races on `stack`.
    unsafe impl Send for Model {}
    // SAFETY: as above.
    unsafe impl Sync for Model {}

    impl Model {
        /// What a worker does with a thread that it took from a queue.
        fn execute(&self, thread: usize) {
            // SAFETY: nobody else has this thread, and the model outlives it.
            if !unsafe { self.home.hold(&raw const self.threads[thread]) } {
                return;
            }
            let mut runs = thread;
            loop {
                self.stack.with_mut(|p| {
                    // SAFETY: the checker sees whether it is.
                    unsafe { *p += 1 }
                });
                self.ran[runs].fetch_add(1, Ordering::Relaxed);
                // SAFETY: this thread of the model holds the home.
                match unsafe { self.home.release() } {
                    // SAFETY: alive, and ours now.
                    Some(next) => runs = unsafe { (*next).0 },
                    None => return,
                }
            }
        }
    }

    /// Three threads have one home. Each runs there once, never two at a time, and each sees what the last one left.
    #[test]
    fn loom_a_home_has_one_thread_at_a_time_and_nobody_is_forgotten() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(4);
        builder.check(|| {
            let thread = |n| Thread(n, AtomicUsize::new(0));
            let model = Arc::new(Model {
                home: Home::free(),
                threads: [thread(0), thread(1), thread(2)],
                stack: UnsafeCell::new(0),
                ran: [AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)],
            });
            let others: Vec<_> = [1, 2]
                .map(|n| {
                    let model = model.clone();
                    loom::thread::spawn(move || model.execute(n))
                })
                .into();
            model.execute(0);
            for other in others {
                other.join().unwrap();
            }
            assert!(model.ran.iter().all(|ran| ran.load(Ordering::Relaxed) == 1));
            assert!(model.home.try_hold(), "nobody holds it any more");
            // SAFETY: all have ended.
            model.stack.with(|p| assert_eq!(unsafe { *p }, 3));
        });
    }
}
