//! The count of a channel's handles.
//!
//! Who releases a handle must know whether the remaining ones all belong to threads that are parked receiving from the
//! channel: then no value can come any more. Parked receivers are counted under the lock of the queue they are in, so
//! the question is answered under that lock. Most channels' releases do without it:
//!
//! ```text
//!   release   not watched:  count down, whatever is left        watched:  lock, count down, compare, unlock
//!   receiver, about to park (under the lock):  watched from now on;  compare
//! ```
//!
//! Count and mark share one word: a release that counts down without the lock does so before the mark, so the receiver that
//! set it sees the result. From the mark on all releases take the lock, which also means that the one who frees the channel
//! comes after the others have let go of the lock. The mark stays.
//!
//! Handles are counted up without the lock: a new one is made from an existing one, whose holder is not parked and
//! counts as long as he has not released it or parked, which both take the lock.
//!
//! A plain receiver counts as parked while its node is linked. It holds a handle *of its own* as long as it waits: a thread
//! that receives through a handle which others may use as well would have to count it up first.

use crate::shim::{AtomicU64, Ordering};

const WATCHED: u64 = 1 << 63;

/// What a release without the lock left behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Released {
    /// The last handle: the caller frees the channel.
    Last,
    /// Somebody else has one; the channel must not be touched any more.
    Others,
    /// Nothing happened: release under the lock.
    Watched,
}

pub struct Handles(AtomicU64);

impl Handles {
    /// One handle, not watched.
    pub fn new() -> Handles {
        Handles(AtomicU64::new(1))
    }

    pub fn retain(&self) {
        // Relaxed: a new handle is made from an existing one, which keeps the channel alive.
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(before & !WATCHED < u64::from(u32::MAX), "too many handles of one channel");
    }

    /// Releases a handle, unless receivers have to be looked at.
    pub fn release(&self) -> Released {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            if seen & WATCHED != 0 {
                return Released::Watched;
            }
            // Release: what this handle's holder did comes before the end of the channel. Acquire: whoever ends it sees that.
            match self.0.compare_exchange_weak(seen, seen - 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if seen == 1 => return Released::Last,
                Ok(_) => return Released::Others,
                Err(now) => seen = now,
            }
        }
    }

    /// Releases a handle under the lock. The result is how many are left.
    pub fn release_locked(&self) -> u64 {
        // As above; of those who come here, the lock orders one before the other.
        (self.0.fetch_sub(1, Ordering::AcqRel) & !WATCHED) - 1
    }

    /// Under the lock: how many there are, and from now on releases take the lock.
    #[inline]
    pub fn watch(&self) -> u64 {
        let mut seen = self.0.load(Ordering::Relaxed);
        if seen & WATCHED == 0 {
            seen = self.0.fetch_or(WATCHED, Ordering::AcqRel);
        }
        seen & !WATCHED
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_last_release_is_told_so() {
        let handles = Handles::new();
        handles.retain();
        assert_eq!(handles.release(), Released::Others);
        assert_eq!(handles.release(), Released::Last);
    }

    #[test]
    fn watched_handles_are_released_under_the_lock() {
        let handles = Handles::new();
        handles.retain();
        assert_eq!(handles.watch(), 2);
        assert_eq!(handles.release(), Released::Watched);
        assert_eq!(handles.release_locked(), 1);
        assert_eq!(handles.release_locked(), 0);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::sync::lock::Lock;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    /// A channel, as far as its end is concerned: handles, the lock, parked receivers, and how often it was found to be
    /// stuck or freed.
    struct Model {
        handles: Handles,
        lock: Lock,
        parked: UnsafeCell<u64>,
        stuck: AtomicUsize,
        freed: AtomicUsize,
    }

    impl Model {
        fn new(handles: u64) -> Arc<Model> {
            let model = Model {
                handles: Handles::new(),
                lock: Lock::new(),
                parked: UnsafeCell::new(0),
                stuck: AtomicUsize::new(0),
                freed: AtomicUsize::new(0),
            };
            (1..handles).for_each(|_| model.handles.retain());
            Arc::new(model)
        }

        fn free(&self) {
            // As the one who frees does: writes what the lock guards, without it.
            // SAFETY: nobody else has a handle; that this is so is what loom checks.
            self.parked.with_mut(|parked| unsafe { *parked = 99 });
            self.freed.fetch_add(1, Ordering::Relaxed);
        }

        fn release(&self) {
            match self.handles.release() {
                Released::Last => self.free(),
                Released::Others => {}
                Released::Watched => {
                    self.lock.acquire();
                    let left = self.handles.release_locked();
                    if left == 0 {
                        return self.free();
                    }
                    // SAFETY: under the lock.
                    if self.parked.with(|parked| unsafe { *parked }) >= left {
                        self.stuck.fetch_add(1, Ordering::Relaxed);
                    }
                    // SAFETY: acquired above.
                    unsafe { self.lock.release() };
                }
            }
        }

        fn park(&self) {
            self.lock.acquire();
            // SAFETY: under the lock.
            let parked = self.parked.with_mut(|parked| unsafe {
                *parked += 1;
                *parked
            });
            if parked >= self.handles.watch() {
                self.stuck.fetch_add(1, Ordering::Relaxed);
            }
            // SAFETY: acquired above.
            unsafe { self.lock.release() };
        }

        fn unpark(&self) {
            self.lock.acquire();
            // SAFETY: under the lock.
            self.parked.with_mut(|parked| unsafe { *parked -= 1 });
            // SAFETY: acquired above.
            unsafe { self.lock.release() };
        }
    }

    /// Two handles; one thread parks receiving, the other releases its handle: exactly one of them notices.
    #[test]
    fn loom_exactly_one_notices_that_nobody_can_send() {
        loom::model(|| {
            let model = Model::new(2);
            let other = model.clone();
            let thread = loom::thread::spawn(move || other.release());
            model.park();
            thread.join().unwrap();
            assert_eq!(model.stuck.load(Ordering::Relaxed), 1);
        });
    }

    /// A handle is made while receivers park: nobody believes that they are stuck as long as it is there.
    #[test]
    fn loom_a_handle_in_the_making_counts() {
        loom::model(|| {
            let model = Model::new(2);
            let other = model.clone();
            let thread = loom::thread::spawn(move || {
                other.handles.retain();
                other.park();
            });
            model.park();
            thread.join().unwrap();
            assert_eq!(model.stuck.load(Ordering::Relaxed), 0);
        });
    }

    /// A sender takes the parked receiver out before it releases: nobody may believe that the receiver is stuck.
    #[test]
    fn loom_a_served_receiver_is_not_stuck() {
        loom::model(|| {
            let model = Model::new(3);
            model.park();
            let other = model.clone();
            let thread = loom::thread::spawn(move || other.release());
            model.unpark();
            model.release();
            thread.join().unwrap();
            assert_eq!(model.stuck.load(Ordering::Relaxed), 0);
            model.release();
            assert_eq!(model.freed.load(Ordering::Relaxed), 1);
        });
    }

    /// Releases with and without the lock, and a receiver that comes and goes: freed once, by the last, after the others.
    #[test]
    fn loom_the_last_frees_after_the_others_have_let_go() {
        // All interleavings with at most three preemptions, which suffice for almost any bug.
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(|| {
            let model = Model::new(2);
            let other = model.clone();
            let thread = loom::thread::spawn(move || {
                other.park();
                other.unpark();
                other.release();
            });
            model.release();
            thread.join().unwrap();
            assert_eq!(model.freed.load(Ordering::Relaxed), 1);
        });
    }
}
