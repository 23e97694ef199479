//! Private slots that threads gave back. Each worker keeps some, warm, and takes from and gives to the common pool in batches.

use super::{Slot, fresh, set_owner, slab, trim};
use parking_lot::Mutex;
use std::ptr;
use std::sync::atomic::Ordering;

/// A worker that has more than twice as many gives half of them to the others.
const BATCH: usize = 256;
/// Taken at a time from the common pool.
const REFILL: usize = 64;

static COMMON: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// A worker's own slots.
#[derive(Default)]
pub struct Pool(Vec<Slot>);

impl Pool {
    /// A private slot for a thread that starts. None: all are taken.
    pub fn take(&mut self) -> Option<Slot> {
        if let Some(slot) = self.0.pop() {
            return Some(slot);
        }
        let mut common = COMMON.lock();
        let from = common.len().saturating_sub(REFILL);
        self.0.extend(common.drain(from..));
        drop(common);
        self.0.pop().or_else(fresh_private)
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

/// A private slot that was never used.
fn fresh_private() -> Option<Slot> {
    let slab = slab()?;
    // The count is off by the threads that look at the same time, for that moment.
    if slab.private_made.load(Ordering::Relaxed) >= slab.private
        || slab.private_made.fetch_add(1, Ordering::Relaxed) >= slab.private
    {
        return None;
    }
    fresh()
}
