//! The lock of a channel: one byte.
//!
//! Critical sections are some ten instructions long, and never park, so a waiter spins; if the holder lost its
//! processor, the waiter gives up its own, and then sleeps, so that the holder gets to run whatever the system's
//! scheduler thinks of yielding. Releasing is a plain store: no waiter has to be looked for. That halves the cost
//! of an uncontended critical section against a lock that wakes its waiters.
//!
//! Not fair: a waiter may be overtaken. The queues behind it, where threads wait for long, are.

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Looks at a held lock before the processor is given up: a few critical sections' worth.
const SPINS: u32 = 100;
/// Times the processor is given up before sleeping.
const YIELDS: u32 = 20;
/// Sleep between later looks: about what it takes to get back a lost processor.
const SLEEP: Duration = Duration::from_micros(50);

pub struct Lock<T> {
    held: AtomicBool,
    data: UnsafeCell<T>,
}

// SAFETY: the data is reached by one thread at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

/// Holds the lock.
#[must_use]
pub struct Guard<'a, T>(&'a Lock<T>);

impl<T> Lock<T> {
    pub fn new(data: T) -> Lock<T> {
        Lock { held: AtomicBool::new(false), data: UnsafeCell::new(data) }
    }

    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        self.acquire();
        Guard(self)
    }

    /// Takes the lock without a guard; paired with `release`.
    #[inline]
    pub fn acquire(&self) {
        if !self.try_acquire() {
            self.acquire_slowly();
        }
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        // Acquire: partner of the store in `release`.
        self.held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// # Safety
    /// The calling thread holds the lock, and uses nothing of the data any more.
    #[inline]
    pub unsafe fn release(&self) {
        self.held.store(false, Ordering::Release);
    }

    #[cold]
    fn acquire_slowly(&self) {
        let mut looks = 0u32;
        loop {
            // Relaxed: only a hint.
            if !self.held.load(Ordering::Relaxed) && self.try_acquire() {
                return;
            }
            looks = looks.saturating_add(1);
            give_way(looks);
        }
    }

    /// What the lock guards, for a caller that holds it without a guard.
    pub fn data(&self) -> *mut T {
        self.data.get()
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

#[cfg(not(loom))]
fn give_way(looks: u32) {
    if looks < SPINS {
        std::hint::spin_loop();
    } else if looks < SPINS + YIELDS {
        std::thread::yield_now();
    } else {
        std::thread::sleep(SLEEP);
    }
}

#[cfg(loom)]
fn give_way(_looks: u32) {
    let _ = (SPINS, YIELDS, SLEEP);
    loom::thread::yield_now();
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock.
        unsafe { self.0.release() };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time() {
        let lock = Lock::new(0u64);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..20_000).for_each(|_| *lock.lock() += 1));
            }
        });
        assert_eq!(*lock.lock(), 160_000);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;

    #[test]
    fn one_thread_at_a_time_sees_what_the_other_wrote() {
        loom::model(|| {
            let lock = Arc::new(Lock::new(0));
            let other = lock.clone();
            let thread = loom::thread::spawn(move || *other.lock() += 1);
            *lock.lock() += 1;
            thread.join().unwrap();
            assert_eq!(*lock.lock(), 2);
        });
    }
}
