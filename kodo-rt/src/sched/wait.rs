//! Stand-in: one wait that is decided exactly once.

use super::park::Waiter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub const TIMED_OUT: u64 = u64::MAX;
const UNDECIDED: u64 = u64::MAX - 1;

pub struct Wait {
    waiter: Waiter,
    outcome: AtomicU64,
}

impl Wait {
    pub fn new(waiter: Waiter) -> Arc<Wait> {
        Arc::new(Wait { waiter, outcome: AtomicU64::new(UNDECIDED) })
    }

    pub fn decide(&self, outcome: u64) -> bool {
        self.outcome.compare_exchange(UNDECIDED, outcome, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    pub fn outcome(&self) -> Option<u64> {
        match self.outcome.load(Ordering::Acquire) {
            UNDECIDED => None,
            outcome => Some(outcome),
        }
    }

    pub fn waiter(&self) -> Waiter {
        self.waiter
    }
}
