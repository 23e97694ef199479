//! Slots that threads gave back. Each worker keeps some, warm, and takes from and gives to the common pool in batches.

use super::{Slot, fresh, set_owner, trim};
use parking_lot::Mutex;
use std::ptr;

/// A worker that has more than twice as many gives half of them to the others.
const BATCH: usize = 256;
/// Taken at a time from the common pool.
const REFILL: usize = 64;

static COMMON: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// A worker's own slots.
#[derive(Default)]
pub struct Pool(Vec<Slot>);

impl Pool {
    /// A slot for a thread that starts. None: all are taken.
    pub fn take(&mut self) -> Option<Slot> {
        if let Some(slot) = self.0.pop() {
            return Some(slot);
        }
        let mut common = COMMON.lock();
        let from = common.len().saturating_sub(REFILL);
        self.0.extend(common.drain(from..));
        drop(common);
        self.0.pop().or_else(fresh)
    }

    /// Takes back the slot of a thread that ended.
    pub fn give(&mut self, slot: Slot) {
        trim(slot);
        set_owner(slot, ptr::null_mut());
        self.0.push(slot);
        if self.0.len() >= 2 * BATCH {
            COMMON.lock().extend(self.0.drain(..BATCH));
        }
    }
}
