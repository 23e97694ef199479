//! A queue with one owner, who pushes and pops at its tail without any atomic read-modify-write, and thieves, who take
//! several of the oldest at a time.
//!
//! ```text
//!              head (thieves)          tail (owner)
//!                v                       v
//!   [ . . . . . | a | b | c | d | e | f | . . . ]      a ring that doubles when it is full
//! ```
//!
//! After the THE protocol of Cilk-5 (Frigo et al., PLDI 1998), with a lock bit instead of a lock and asymmetric fences
//! (`barrier`). `head` is twice an index, plus 1 while a thief is at work:
//!
//! ```text
//!   owner, pop:    tail = t - 1;  light fence;  head's index <= t - 1 ?  ⇒ the entry t - 1 is the owner's
//!   thief, steal:  head = h + n, with the bit;  heavy fence;  m = min(n, tail - h);  read m entries;  head = h + m, no bit
//! ```
//!
//! Of the two fences one comes first: either the owner sees that the thief reaches for its entry, or the thief sees that
//! the tail has come down and leaves the entry. An owner that finds an index above its entry while the bit is set cannot tell,
//! and waits for the thief (it happens only when the queue is nearly empty); without the bit the entry is gone. The bit also
//! keeps thieves from each other: who finds it goes elsewhere.
//!
//! The ring belongs to the owner and to whoever has the bit: the owner takes the bit to replace it, so no thief reads a ring
//! that is gone. `floor` is an index below which no thief reads any more, so a push need not look at `head`.
//!
//! A queue that looks empty while a thief is at work *is* empty but for what owner and thief are taking out right now: a
//! thief reaches for more than half only if there is one entry.

use super::barrier;
use crate::shim::{AtomicUsize, Ordering};
use crossbeam_utils::CachePadded;
use std::cell::{Cell, UnsafeCell};
use std::sync::Arc;

/// Room of the first ring. Grows quickly to a spawner's burst.
const FIRST_ROOM: usize = if cfg!(loom) { 2 } else { 256 };
/// The most that is stolen at a time: half of a spawner's burst.
pub const MOST: usize = if cfg!(loom) { 2 } else { 512 };
/// The lowest bit of `head`.
const STEALING: usize = 1;
/// Looks at a thief at work before the processor is given up.
const SPINS: u32 = 200;

struct Ring(Box<[AtomicUsize]>);

impl Ring {
    fn new(room: usize) -> Ring {
        Ring((0..room).map(|_| AtomicUsize::new(0)).collect())
    }

    #[inline]
    fn slot(&self, index: usize) -> &AtomicUsize {
        let mask = self.0.len() - 1;
        // SAFETY: the length is a power of two.
        unsafe { self.0.get_unchecked(index & mask) }
    }
}

struct Shared {
    head: CachePadded<AtomicUsize>,
    tail: CachePadded<AtomicUsize>,
    ring: UnsafeCell<Ring>,
}

// SAFETY: the ring is replaced by the owner only, with the bit, and thieves read it with the bit only.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// The owner's end.
pub struct Owner {
    shared: Arc<Shared>,
    /// Everything below was taken, and read, long ago.
    floor: Cell<usize>,
}

/// The others' end.
pub struct Thief(Arc<Shared>);

/// An empty queue. Indices begin at 1, so that none is ever below zero, and never wrap around.
#[must_use]
pub fn new() -> (Owner, Thief) {
    let shared = Arc::new(Shared {
        head: CachePadded::new(AtomicUsize::new(2)),
        tail: CachePadded::new(AtomicUsize::new(1)),
        ring: UnsafeCell::new(Ring::new(FIRST_ROOM)),
    });
    (Owner { shared: shared.clone(), floor: Cell::new(1) }, Thief(shared))
}

impl Owner {
    fn ring(&self) -> &Ring {
        // SAFETY: only the owner replaces it (`make_room`), and uses no reference to the old one then.
        unsafe { &*self.shared.ring.get() }
    }

    /// Relaxed: only the owner writes it.
    fn tail(&self) -> usize {
        self.shared.tail.load(Ordering::Relaxed)
    }

    #[inline]
    pub fn push(&self, entry: usize) {
        let tail = self.tail();
        if tail - self.floor.get() >= self.ring().0.len() {
            self.make_room(tail);
        }
        // Relaxed: published by the tail.
        self.ring().slot(tail).store(entry, Ordering::Relaxed);
        // Release: a thief that sees the tail (Acquire) sees the entry and what it points to.
        self.shared.tail.store(tail + 1, Ordering::Release);
    }

    #[cold]
    #[inline(never)]
    fn make_room(&self, tail: usize) {
        let head = loop {
            let head = self.settled();
            // Acquire: what the last thief read it has read. Its partner is the store that ends a theft.
            if self.shared.head.compare_exchange(head, head | STEALING, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                break head;
            }
        };
        let oldest = head / 2;
        self.floor.set(oldest);
        let room = self.ring().0.len();
        if tail - oldest >= room {
            let new = Ring::new(2 * room);
            for i in oldest..tail {
                new.slot(i).store(self.ring().slot(i).load(Ordering::Relaxed), Ordering::Relaxed);
            }
            // SAFETY: with the bit no thief reads it.
            unsafe { *self.shared.ring.get() = new };
        }
        // Release: the next thief sees the new ring.
        self.shared.head.store(head, Ordering::Release);
    }

    /// The head while no thief is at work.
    fn settled(&self) -> usize {
        let mut looks = 0;
        loop {
            let head = self.shared.head.load(Ordering::Acquire);
            if head & STEALING == 0 {
                return head;
            }
            looks += 1;
            give_way(looks);
        }
    }

    /// Takes the newest entry.
    #[inline]
    pub fn pop(&self) -> Option<usize> {
        let tail = self.tail();
        // A look first: many picks end here. With the bit the index may be too high.
        let head = self.shared.head.load(Ordering::Relaxed);
        if head / 2 >= tail && head & STEALING == 0 {
            return None;
        }
        let last = tail - 1;
        // Release, here and below, as in `push`: this is the tail that the next thief sees.
        self.shared.tail.store(last, Ordering::Release);
        barrier::light();
        if self.shared.head.load(Ordering::Relaxed) / 2 > last && self.settled() / 2 > last {
            self.shared.tail.store(tail, Ordering::Release);
            return None;
        }
        Some(self.ring().slot(last).load(Ordering::Relaxed))
    }

    /// The newest entry (a hint: a thief may be taking it).
    #[inline]
    pub fn newest(&self) -> Option<usize> {
        let tail = self.tail();
        (self.shared.head.load(Ordering::Relaxed) / 2 < tail)
            .then(|| self.ring().slot(tail - 1).load(Ordering::Relaxed))
    }

    /// Takes the oldest entry, as a thief would.
    pub fn take_oldest(&self) -> Option<usize> {
        loop {
            let head = self.settled();
            let oldest = head / 2;
            if oldest >= self.tail() {
                return None;
            }
            // Only the owner overwrites entries, so it may read this one afterwards. Thieves are kept out by the index.
            if self.shared.head.compare_exchange(head, head + 2, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return Some(self.ring().slot(oldest).load(Ordering::Relaxed));
            }
        }
    }

    /// Entries, while no thief is at work; else perhaps fewer.
    #[inline]
    pub fn count(&self) -> usize {
        self.tail().saturating_sub(self.shared.head.load(Ordering::Relaxed) / 2)
    }
}

impl Thief {
    /// Entries (a hint, but see the module comment for empty ones).
    #[inline]
    pub fn count(&self) -> usize {
        let head = self.0.head.load(Ordering::Acquire) / 2;
        self.0.tail.load(Ordering::Acquire).saturating_sub(head)
    }

    /// Takes the older half, of one entry that one, and gives them to `take`, the oldest first. False: there was nothing,
    /// or somebody else was at it.
    pub fn steal(&self, mut take: impl FnMut(usize)) -> bool {
        let mut entries = [0; MOST];
        let head = self.0.head.load(Ordering::Acquire);
        let oldest = head / 2;
        let seen = self.0.tail.load(Ordering::Acquire).saturating_sub(oldest);
        if head & STEALING != 0 || seen == 0 {
            return false;
        }
        let reach = seen.div_ceil(2).min(MOST);
        let reached = (2 * (oldest + reach)) | STEALING;
        // Acquire: the ring is as the last one with the bit left it.
        if self.0.head.compare_exchange(head, reached, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        barrier::heavy();
        let found = self.0.tail.load(Ordering::Acquire).saturating_sub(oldest).min(reach);
        // SAFETY: with the bit the ring stays.
        let ring = unsafe { &*self.0.ring.get() };
        for (i, entry) in entries[..found].iter_mut().enumerate() {
            *entry = ring.slot(oldest + i).load(Ordering::Relaxed);
        }
        // Release: the owner, who may overwrite the entries from now on, comes after they were read.
        self.0.head.store(2 * (oldest + found), Ordering::Release);
        entries[..found].iter().for_each(|&entry| take(entry));
        found > 0
    }
}

/// Waits a moment for a thief at work, which has a hundred instructions and a `membarrier` to go, unless it lost its
/// processor.
fn give_way(looks: u32) {
    #[cfg(not(loom))]
    if looks < SPINS {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
    #[cfg(loom)]
    {
        let _ = (looks, SPINS);
        crate::shim::yield_now();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    fn steal(thief: &Thief) -> Vec<usize> {
        let mut stolen = Vec::new();
        thief.steal(|entry| stolen.push(entry));
        stolen
    }

    #[test]
    fn the_owner_takes_the_newest_and_thieves_the_older_half() {
        let (owner, thief) = new();
        (0..10).for_each(|n| owner.push(n));
        assert_eq!(owner.pop(), Some(9));
        assert_eq!(steal(&thief), [0, 1, 2, 3, 4]);
        assert_eq!(owner.take_oldest(), Some(5));
        assert_eq!(steal(&thief), [6, 7]);
        assert_eq!((owner.pop(), owner.pop()), (Some(8), None));
        assert_eq!((owner.take_oldest(), steal(&thief)), (None, vec![]));
    }

    #[test]
    fn the_ring_grows_and_keeps_the_order() {
        let (owner, thief) = new();
        for round in 0..3 {
            (0..5 * FIRST_ROOM).for_each(|n| owner.push(n));
            assert_eq!(owner.count(), 5 * FIRST_ROOM);
            let mut oldest = 0;
            while owner.count() > 1 {
                for entry in steal(&thief) {
                    assert_eq!(entry, oldest, "round {round}");
                    oldest += 1;
                }
            }
            assert_eq!(owner.pop(), Some(5 * FIRST_ROOM - 1));
        }
    }

    #[test]
    fn every_entry_is_taken_once() {
        const ENTRIES: usize = 300_000;
        let (owner, thief) = new();
        let (done, thief) = (AtomicBool::new(false), &thief);
        let mut taken = vec![0u8; ENTRIES];
        std::thread::scope(|scope| {
            let thieves: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut stolen = Vec::new();
                        while !done.load(Ordering::Acquire) {
                            thief.steal(|entry| stolen.push(entry));
                        }
                        stolen
                    })
                })
                .collect();
            let mut mine = Vec::new();
            for n in 0..ENTRIES {
                owner.push(n);
                // Mostly near empty, where owner and thieves meet.
                if n % 3 != 0 || n % 1000 > 500 {
                    mine.extend(if n % 7 == 0 { owner.take_oldest() } else { owner.pop() });
                }
            }
            mine.extend(std::iter::from_fn(|| owner.pop()));
            done.store(true, Ordering::Release);
            let stolen = thieves.into_iter().flat_map(|thief| thief.join().unwrap());
            mine.into_iter().chain(stolen).for_each(|n| taken[n] += 1);
        });
        assert!(taken.iter().all(|&n| n == 1));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;

    /// Takes apart what an owner with some pushes and pops and `thieves` thieves got: every entry once.
    fn check(thieves: usize, work: fn(&Owner) -> (usize, Vec<usize>)) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(move || {
            let (owner, thief) = new();
            let thief = Arc::new(thief);
            let thieves: Vec<_> = (0..thieves)
                .map(|_| {
                    let thief = thief.clone();
                    loom::thread::spawn(move || {
                        let mut stolen = Vec::new();
                        thief.steal(|entry| stolen.push(entry));
                        stolen
                    })
                })
                .collect();
            let (pushed, mut taken) = work(&owner);
            for thief in thieves {
                taken.extend(thief.join().unwrap());
            }
            taken.extend(std::iter::from_fn(|| owner.pop()));
            taken.sort_unstable();
            assert!(taken.iter().copied().eq(0..pushed), "{taken:?}");
        });
    }

    #[test]
    fn loom_owner_and_thief_share_the_last_entries() {
        check(1, |owner| {
            (0..2).for_each(|n| owner.push(n));
            (2, [owner.pop(), owner.pop()].into_iter().flatten().collect())
        });
    }

    #[test]
    fn loom_a_ring_is_replaced_beside_a_thief() {
        check(1, |owner| {
            (0..3).for_each(|n| owner.push(n));
            let mut taken: Vec<_> = owner.pop().into_iter().collect();
            owner.push(3);
            taken.extend(owner.take_oldest());
            (4, taken)
        });
    }

    #[test]
    fn loom_two_thieves_and_the_owner() {
        check(2, |owner| {
            (0..2).for_each(|n| owner.push(n));
            (2, owner.pop().into_iter().collect())
        });
    }
}
