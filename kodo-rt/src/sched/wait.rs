//! One wait that is decided exactly once, however many things could end it (channels of a `select`, a timeout).

use super::park::Waiter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The outcome that timers give.
pub const TIMED_OUT: u64 = u64::MAX;
const UNDECIDED: u64 = u64::MAX - 1;

/// A wait. Each thing that could end it holds a reference; the first to `decide` owes the waiter its unpark.
#[derive(Debug)]
pub struct Wait {
    outcome: AtomicU64,
    waiter: Waiter,
}

impl Wait {
    #[must_use]
    pub fn new(waiter: Waiter) -> Arc<Wait> {
        Arc::new(Wait { outcome: AtomicU64::new(UNDECIDED), waiter })
    }

    /// True: the caller decided, and owes the unpark. `outcome` is any number but `u64::MAX - 1`.
    #[must_use = "the winner owes the unpark"]
    pub fn decide(&self, outcome: u64) -> bool {
        debug_assert_ne!(outcome, UNDECIDED);
        self.outcome.compare_exchange(UNDECIDED, outcome, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What was decided.
    #[must_use]
    pub fn outcome(&self) -> Option<u64> {
        match self.outcome.load(Ordering::Acquire) {
            UNDECIDED => None,
            outcome => Some(outcome),
        }
    }

    #[must_use]
    pub fn waiter(&self) -> Waiter {
        self.waiter
    }
}
