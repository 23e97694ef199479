//! What the protocols are built from, under names that have twins:
//!
//! * with `--cfg loom` loom's: the model checker tries every interleaving of the tests named `loom_…`, one protocol at a time;
//! * with `--cfg loom --cfg shuttle` shuttle's: the tests named `shuttle_…` run protocols together, too much for every
//!   interleaving, under schedules drawn from a seed.

#[cfg(all(loom, not(shuttle)))]
pub use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(all(loom, not(shuttle)))]
pub use loom::thread::yield_now;
#[cfg(not(loom))]
pub use parking_lot::Mutex;
#[cfg(all(loom, shuttle))]
pub use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(all(loom, shuttle))]
pub use shuttle::thread::yield_now;
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

#[cfg(all(loom, not(shuttle)))]
use loom::sync as twin;
#[cfg(all(loom, shuttle))]
use shuttle::sync as twin;

/// The twins' lock in parking_lot's clothes.
#[cfg(loom)]
#[derive(Debug)]
pub struct Mutex<T>(twin::Mutex<T>);

#[cfg(loom)]
impl<T> Mutex<T> {
    pub fn new(value: T) -> Mutex<T> {
        Mutex(twin::Mutex::new(value))
    }

    pub fn lock(&self) -> twin::MutexGuard<'_, T> {
        self.0.lock().expect("a model does not panic")
    }
}
