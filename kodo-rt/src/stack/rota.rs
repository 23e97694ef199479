//! Which home a thread that starts gets.
//!
//! Every worker has homes of its own, made when they are first needed, and goes round them: it stays with one as long as threads
//! end on it (so that its stack is warm), and goes on when one that lives there parks. Threads run at the home they got, by
//! whichever worker; two meet there only if they want to run at the same time.

use super::{Slab, Slot, fresh, slab};
use parking_lot::Mutex;
use std::sync::atomic::Ordering;

/// Looks at that many homes for one that is free before a thread queues.
const LOOKS: usize = 4;

/// A worker's place on its round.
#[derive(Default)]
pub struct Rota {
    at: usize,
}

impl Rota {
    /// A home for a thread that starts on this worker: held by the caller now (true), or busy and to be waited for. None: there
    /// is no room for a single one.
    pub fn choose(&mut self, worker: usize) -> Option<(Slot, bool)> {
        let slab = slab()?;
        let mut busy = None;
        for _ in 0..LOOKS {
            let slot = slab.shared(self.index(slab, worker));
            if let Some(slot) = slot {
                if slab.meta(slot).home.try_hold() {
                    return Some((slot, true));
                }
                busy = Some(slot);
            }
            self.at += 1;
        }
        // No room for another: wait for one that there is. They are made in order, so if there is any, then the first.
        let made = || slab.homes.iter().find_map(|home| known(home.load(Ordering::Acquire)));
        busy.or_else(made).map(|slot| (slot, false))
    }

    /// A thread parked at this home: others had better start elsewhere.
    pub fn parked(&mut self, worker: usize, slot: Slot) {
        let Some(slab) = slab() else { return };
        if slab.homes[self.index(slab, worker)].load(Ordering::Relaxed) == slot.0 {
            self.at += 1;
        }
    }

    /// The worker's share of the homes: every `workers`th. If there are fewer homes than workers, several have the same.
    fn index(&mut self, slab: &Slab, worker: usize) -> usize {
        if slab.homes.len() <= slab.workers {
            return worker % slab.homes.len();
        }
        let own = (slab.homes.len() - worker).div_ceil(slab.workers);
        self.at %= own;
        worker + self.at * slab.workers
    }
}

fn known(slot: u32) -> Option<Slot> {
    (slot != Slot::NONE.0).then_some(Slot(slot))
}

impl Slab {
    /// The shared slot of this number, made if need be. None: no room.
    fn shared(&self, index: usize) -> Option<Slot> {
        static MAKING: Mutex<()> = Mutex::new(());
        let home = &self.homes[index];
        known(home.load(Ordering::Acquire)).or_else(|| {
            let _making = MAKING.lock();
            known(home.load(Ordering::Acquire)).or_else(|| {
                let slot = fresh()?;
                // Release: its guards stand.
                home.store(slot.0, Ordering::Release);
                Some(slot)
            })
        })
    }
}
