//! The waiters of something that happens once.
//!
//! ```text
//!   null (nobody waits)  ->  newest entry  ->  ...  ->  DONE
//! ```
//!
//! One word: a stack of heap entries, exchanged for `DONE` by the one who finishes. Whoever joins either got into
//! the stack before that, and will be in what the finisher finds, or is told that it is done. Entries belong to
//! the finisher from the moment they are in.

#[cfg(loom)]
use loom::sync::atomic::{AtomicPtr, Ordering};
use std::ptr;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicPtr, Ordering};

struct Entry<T> {
    waiter: T,
    older: *mut Entry<T>,
}

pub struct WaitList<T>(AtomicPtr<Entry<T>>);

fn done<T>() -> *mut Entry<T> {
    ptr::without_provenance_mut(1)
}

impl<T> WaitList<T> {
    pub fn new() -> WaitList<T> {
        WaitList(AtomicPtr::new(ptr::null_mut()))
    }

    /// Nobody waits for the next thing. By the only one who has the list.
    pub fn begin(&self) {
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// As `finish`, by the only one who has the list: so nobody waits.
    pub fn finish_alone(&self) {
        debug_assert!(self.0.load(Ordering::Relaxed).is_null());
        // Relaxed: others get the list from this thread, and with it what it did.
        self.0.store(done(), Ordering::Relaxed);
    }

    /// True: everything that the finisher did before is visible.
    #[inline]
    pub fn is_done(&self) -> bool {
        // Acquire: partner of the swap in `finish`.
        self.0.load(Ordering::Acquire) == done()
    }

    /// Joins the waiters. False: it is done, and nobody will look at this waiter.
    #[must_use]
    pub fn join(&self, waiter: T) -> bool {
        let mut seen = self.0.load(Ordering::Acquire);
        if seen == done() {
            return false;
        }
        let entry = Box::into_raw(Box::new(Entry { waiter, older: seen }));
        loop {
            // Release: the finisher sees the entry. Acquire on failure: it may be done.
            match self.0.compare_exchange_weak(seen, entry, Ordering::Release, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
            // SAFETY: the entry is still this thread's.
            unsafe {
                if seen == done() {
                    drop(Box::from_raw(entry));
                    return false;
                }
                (*entry).older = seen;
            }
        }
    }

    /// Looks at who waits so far, the newest first.
    ///
    /// # Safety
    /// Only for the one who will finish the list, before that: entries stay until then.
    pub unsafe fn each(&self, mut f: impl FnMut(&T)) {
        // Acquire: partner of the exchange in `join`.
        let mut entry = self.0.load(Ordering::Acquire);
        debug_assert!(entry != done());
        // SAFETY: entries in the stack do not change until the caller finishes it.
        while let Some(found) = unsafe { entry.as_ref() } {
            f(&found.waiter);
            entry = found.older;
        }
    }

    /// Ends the waiting, once. The waiters come out oldest first; the list is not touched for that any more.
    pub fn finish(&self) -> Waiters<T> {
        // AcqRel: publishes what the finisher did, and sees the entries.
        let mut entry = self.0.swap(done(), Ordering::AcqRel);
        assert!(entry != done(), "finished twice");
        let mut oldest = ptr::null_mut();
        while !entry.is_null() {
            // SAFETY: entries in the stack are the finisher's since the swap.
            let older = unsafe { std::mem::replace(&mut (*entry).older, oldest) };
            (oldest, entry) = (entry, older);
        }
        Waiters(oldest)
    }
}

/// Those who waited. To be used up: what is left is leaked.
#[must_use]
pub struct Waiters<T>(*mut Entry<T>);

impl<T> Iterator for Waiters<T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the entries belong to this iterator; `older` points to the next newer one now.
        let entry = unsafe { Box::from_raw(self.0) };
        self.0 = entry.older;
        Some(entry.waiter)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn waiters_come_out_oldest_first() {
        let list = WaitList::new();
        assert!((0..5).all(|waiter| list.join(waiter)));
        assert!(!list.is_done());
        assert!(list.finish().eq(0..5));
        assert!(list.is_done() && !list.join(9));
    }

    #[test]
    fn waiters_can_be_looked_at_before_the_end() {
        let list = WaitList::new();
        assert!((0..3).all(|waiter| list.join(waiter)));
        let mut seen = Vec::new();
        // SAFETY: nobody else finishes the list.
        unsafe { list.each(|&waiter| seen.push(waiter)) };
        assert_eq!(seen, [2, 1, 0]);
        assert!(list.finish().eq(0..3));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    /// Two threads join while one finishes: each is either found by the finisher or sees what it did.
    #[test]
    fn nobody_is_left_waiting() {
        loom::model(|| {
            let shared = Arc::new((WaitList::new(), AtomicUsize::new(0)));
            let joining: Vec<_> = (0..2)
                .map(|number| {
                    let shared = shared.clone();
                    loom::thread::spawn(move || {
                        let joined = shared.0.join(number);
                        // Relaxed: `join` is what makes the result visible.
                        assert!(joined || shared.1.load(Ordering::Relaxed) == 7);
                        joined
                    })
                })
                .collect();
            shared.1.store(7, Ordering::Relaxed);
            let found = shared.0.finish().count();
            let joined = joining.into_iter().map(|thread| thread.join().unwrap());
            assert_eq!(joined.filter(|&joined| joined).count(), found);
        });
    }
}
