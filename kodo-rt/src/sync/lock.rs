//! The lock of a channel: one byte.
//!
//! Critical sections are some ten instructions long (one that ends in a park: until the thread has left its stack), so a
//! waiter spins, and looks ever less often, since each look takes the cache line away from whoever uses it; if the
//! holder lost its processor, the waiter gives up its own, and then sleeps, so that the holder gets to run whatever the
//! system's scheduler thinks of yielding. Releasing is a plain store: no waiter has to be looked for. That halves the cost
//! of an uncontended critical section against a lock that wakes its waiters.
//!
//! Not fair: a waiter may be overtaken. The queues behind it, where threads wait for long, are.

use crate::shim::{AtomicBool, Ordering};
#[cfg(not(loom))]
use std::time::Duration;

/// Pauses before the second look at a held lock; doubled for each further one. The first wait is about as long as a few
/// critical sections.
const FIRST_PAUSES: u32 = 4;
/// Most pauses between two looks, some microseconds: while one processor stays away, the other goes through the lock
/// a hundred times without losing its cache line.
const MOST_PAUSES: u32 = 64;
/// Looks before the processor is given up.
const LOOKS: u32 = 16;
/// Times the processor is given up before sleeping.
const YIELDS: u32 = 20;
/// Sleep between later looks: about what it takes to get back a lost processor.
#[cfg(not(loom))]
const SLEEP: Duration = Duration::from_micros(50);

/// Guards whatever lies beside it. See the module comment.
pub struct Lock(AtomicBool);

impl Lock {
    pub fn new() -> Lock {
        Lock(AtomicBool::new(false))
    }

    #[inline]
    pub fn acquire(&self) {
        if !self.try_acquire() {
            self.acquire_slowly();
        }
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        // Acquire: partner of the store in `release`.
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// # Safety
    /// The caller holds the lock (or has it from the thread that took it), and uses nothing that it guards any more.
    #[inline]
    pub unsafe fn release(&self) {
        self.0.store(false, Ordering::Release);
    }

    #[cold]
    fn acquire_slowly(&self) {
        let mut looks = 0u32;
        loop {
            give_way(looks);
            // Relaxed: only a hint.
            if !self.0.load(Ordering::Relaxed) && self.try_acquire() {
                return;
            }
            looks = looks.saturating_add(1);
        }
    }
}

#[cfg(not(loom))]
fn give_way(looks: u32) {
    if looks < LOOKS {
        for _ in 0..(FIRST_PAUSES << looks.min(8)).min(MOST_PAUSES) {
            std::hint::spin_loop();
        }
    } else if looks < LOOKS + YIELDS {
        std::thread::yield_now();
    } else {
        std::thread::sleep(SLEEP);
    }
}

#[cfg(loom)]
fn give_way(_looks: u32) {
    let _ = (FIRST_PAUSES, MOST_PAUSES, LOOKS, YIELDS);
    loom::thread::yield_now();
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::UnsafeCell;

    struct Number(Lock, UnsafeCell<u64>);
    // SAFETY: the number is touched under the lock only.
    unsafe impl Sync for Number {}

    #[test]
    fn one_thread_at_a_time() {
        let number = Number(Lock::new(), UnsafeCell::new(0));
        let add = |number: &Number| {
            number.0.acquire();
            // SAFETY: under the lock.
            unsafe {
                *number.1.get() += 1;
                number.0.release();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..20_000).for_each(|_| add(&number)));
            }
        });
        assert_eq!(number.1.into_inner(), 160_000);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    #[test]
    fn loom_one_thread_at_a_time_sees_what_the_other_wrote() {
        loom::model(|| {
            let number = Arc::new((Lock::new(), UnsafeCell::new(0)));
            let add = |number: &(Lock, UnsafeCell<u64>)| {
                number.0.acquire();
                // SAFETY: under the lock; that it keeps others out is what loom checks.
                number.1.with_mut(|n| unsafe { *n += 1 });
                // SAFETY: acquired above.
                unsafe { number.0.release() };
            };
            let other = number.clone();
            let thread = loom::thread::spawn(move || add(&other));
            add(&number);
            thread.join().unwrap();
            // SAFETY: the threads have ended.
            number.1.with(|n| assert_eq!(unsafe { *n }, 2));
        });
    }
}
