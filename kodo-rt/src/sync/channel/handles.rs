//! The count of a channel's handles, and of the threads that are parked receiving from it, in one word.
//!
//! ```text
//!    63            32 31             0
//!   [ parked receivers |    handles   ]
//! ```
//!
//! One word, because the question "do all remaining handles belong to parked receivers?" must be answered at one
//! instant, by whoever made it true: the receiver that parks last or the handle that is released last but those.
//! After a release the channel may be gone, so the answer has to come out of the release itself. When it is
//! yes, nobody that runs has a handle: the channel stays as it is, and alive, until the one who was told acts.
//!
//! A plain receiver counts while its node is linked. It holds a handle *of its own* as long as it waits: a thread that
//! receives through a handle which others may use as well would have to count it up first.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering};

const PARKED: u64 = 1 << 32;

fn handles(word: u64) -> u64 {
    word & (PARKED - 1)
}

fn parked(word: u64) -> u64 {
    word / PARKED
}

fn is_stuck(word: u64) -> bool {
    handles(word) != 0 && parked(word) >= handles(word)
}

/// What a release left behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Left {
    /// Nothing: the caller frees the channel.
    Nobody,
    /// Only handles of parked receivers: the caller looks at them.
    OnlyParked,
    /// Somebody else; the channel must not be touched any more.
    Others,
}

pub struct Handles(AtomicU64);

impl Handles {
    /// One handle, nobody parked.
    pub fn new() -> Handles {
        Handles(AtomicU64::new(1))
    }

    pub fn retain(&self) {
        // Relaxed: a new handle is made from an existing one, which keeps the channel alive.
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(handles(before) < PARKED - 1, "too many handles of one channel");
    }

    pub fn release(&self) -> Left {
        // Release: what this handle's holder did comes before the end of the channel. Acquire: the one who ends
        // it, or looks at the parked receivers, sees all of that.
        let after = self.0.fetch_sub(1, Ordering::AcqRel) - 1;
        match handles(after) {
            0 => Left::Nobody,
            _ if is_stuck(after) => Left::OnlyParked,
            _ => Left::Others,
        }
    }

    /// A plain receiver is linked now. True: all remaining handles belong to parked receivers.
    pub fn park(&self) -> bool {
        is_stuck(self.0.fetch_add(PARKED, Ordering::AcqRel) + PARKED)
    }

    /// `count` plain receivers were taken out of the queue.
    pub fn unpark(&self, count: usize) {
        // AcqRel: before any release by those who were taken out.
        self.0.fetch_sub(PARKED * count as u64, Ordering::AcqRel);
    }

    /// Whether all handles belong to parked receivers now.
    pub fn is_stuck(&self) -> bool {
        is_stuck(self.0.load(Ordering::Acquire))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_last_release_is_told_so() {
        let handles = Handles::new();
        handles.retain();
        assert_eq!(handles.release(), Left::Others);
        assert_eq!(handles.release(), Left::Nobody);
    }

    #[test]
    fn a_release_that_leaves_only_parked_receivers_is_told_so() {
        let handles = Handles::new();
        handles.retain();
        handles.retain();
        assert!(!handles.park());
        assert_eq!(handles.release(), Left::Others);
        assert_eq!(handles.release(), Left::OnlyParked);
        handles.unpark(1);
        assert!(!handles.is_stuck());
        assert_eq!(handles.release(), Left::Nobody);
    }

    #[test]
    fn the_receiver_that_parks_last_is_told_so() {
        let handles = Handles::new();
        handles.retain();
        assert!(!handles.park());
        assert!(handles.park());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    /// Two handles; one thread parks receiving, the other releases its handle: exactly one of them notices.
    #[test]
    fn exactly_one_notices_that_nobody_can_send() {
        loom::model(|| {
            let handles = Arc::new(Handles::new());
            handles.retain();
            let noticed = Arc::new(AtomicUsize::new(0));
            let other = {
                let (handles, noticed) = (handles.clone(), noticed.clone());
                loom::thread::spawn(move || {
                    if handles.release() == Left::OnlyParked {
                        noticed.fetch_add(1, Ordering::Relaxed);
                    }
                })
            };
            if handles.park() {
                noticed.fetch_add(1, Ordering::Relaxed);
            }
            other.join().unwrap();
            assert_eq!(noticed.load(Ordering::Relaxed), 1);
        });
    }

    /// A sender takes the parked receiver out before it releases: nobody may believe that the receiver is stuck.
    #[test]
    fn a_served_receiver_is_not_stuck() {
        loom::model(|| {
            let handles = Arc::new(Handles::new());
            handles.retain();
            handles.retain();
            assert!(!handles.park());
            let other = {
                let handles = handles.clone();
                loom::thread::spawn(move || handles.release())
            };
            handles.unpark(1);
            let mine = handles.release();
            let theirs = other.join().unwrap();
            assert!(mine == Left::Others && theirs == Left::Others);
            assert_eq!(handles.release(), Left::Nobody);
        });
    }
}
