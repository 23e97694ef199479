//! Channels: unbounded, bounded and rendezvous, for values of any type.
//!
//! A channel is one counted object with two sides, on cache lines of their own:
//!
//! ```text
//!   senders' side (`back`)                      receivers' side (`front`)
//!   lock, closed                                lock
//!   the end where values are pushed             the end where values are taken
//!   parked *receivers*, how many plain ones     parked *senders*
//! ```
//!
//! Each side has what the common case on it looks at: a sender whether somebody waits for its value, a receiver whether
//! somebody waits for the room it makes. So a send that need not wait takes the back's lock alone, and a receive that
//! finds a value the front's. Whatever concerns both sides (parking, waking a sender, closing) takes both locks, the
//! front's first. Small channels (up to [`SMALL`] values; a rendezvous among them) have nothing to gain from that: the
//! back's lock guards all of them, and the front's is not used.
//!
//! The kinds differ only in how many values may be queued: any number, `n`, or none. While the locks are free:
//!
//! * a live receiver is linked only if no value is queued, a live sender only if the queue is full;
//! * a live receiver and a live sender are linked together only if one `select` owns both nodes.
//!
//! So a sender that finds a receiver hands its value over directly, a receiver that takes a value out refills the queue
//! from the oldest sender, and nobody overtakes: values and waiters are first in, first out.
//!
//! **Values** are shared (`share` glue, which makes counts below them atomic where needed) before they are
//! published, then move by copying bytes. Glue runs outside the locks. Values still queued when the last handle
//! goes are dropped, one channel after the other, so that a long chain of channels in channels does not nest.
//!
//! **Ends.** Closing wakes everybody: receivers that wait find the channel closed and drained, senders panic.
//! A channel whose handles are all held by threads parked in plain receives on it can get no value any more: its
//! `next` waiters end with nothing; other receivers stay parked, and if main is one of them the program is
//! deadlocked ([`handles`] tells who has to look). Waiters that ended release their handles, so this looks again.
//!
//! Not here: waiting for several channels (`select.rs`), where values lie (`queue.rs`).

mod handles;
mod receive;
mod send;

pub use receive::{Received, Until, receive, try_receive};
pub use send::{Sent, send, try_send};

use super::lock::Lock;
use super::queue::{Back, Front, Middle};
use super::value::{self, Slot};
use super::waitq::{End, Kind, WaitQueue, Wake};
use crate::abi::{Site, TypeInfo};
use crate::sched::park::{self, Waiter};
use crate::shim::{AtomicBool, Ordering};
use handles::{Handles, Released};
use parking_lot::{Mutex, MutexGuard};
use std::cell::Cell;

/// Channels with room for at most so many values have one lock.
const SMALL: usize = 8;

#[repr(C, align(64))]
pub struct Channel {
    pub(super) back: BackSide,
    middle: Middle,
    handles: Handles,
    ty: &'static TypeInfo,
    /// Where it was made.
    site: *const Site,
    pub(super) front: FrontSide,
}

/// The senders' side. With `closed` on both sides' behalf: written under both locks, read under either.
#[repr(C, align(64))]
pub(super) struct BackSide {
    lock: Lock,
    /// Whether this lock guards the other side as well.
    alone: bool,
    closed: AtomicBool,
    /// Plain receivers that are linked.
    parked: Cell<u32>,
    pub(super) receivers: WaitQueue,
    end: Back,
}

/// The receivers' side.
#[repr(C, align(64))]
pub(super) struct FrontSide {
    lock: Lock,
    pub(super) senders: WaitQueue,
    end: Front,
}

/// What an attempt to receive found. `Value` names the sender that could go on, to be woken.
pub(super) enum Taken {
    Value(Option<Wake>),
    Closed,
    Empty,
}

/// What an attempt to send found. `Value` names the receiver that was served, to be woken.
pub(super) enum Given {
    Value(Option<Wake>),
    Closed,
    Full,
}

/// Pays the unpark that a claim owes.
#[inline]
pub(super) fn wake(wake: Option<Wake>) {
    if let Some(wake) = wake {
        wake.pay();
    }
}

fn wake_all(wakes: Vec<Wake>) {
    for wake in wakes {
        wake.pay();
    }
}

/// Makes a channel with one handle.
fn new(limit: usize, ty: &'static TypeInfo, site: *const Site) -> *mut u8 {
    let limit_count = if limit == usize::MAX { u64::MAX } else { limit as u64 };
    let channel = Box::new(Channel {
        back: BackSide {
            lock: Lock::new(),
            alone: limit <= SMALL,
            closed: AtomicBool::new(false),
            parked: Cell::new(0),
            receivers: WaitQueue::new(),
            end: Back::new(limit_count),
        },
        middle: Middle::new(ty, limit_count),
        handles: Handles::new(),
        ty,
        site,
        front: FrontSide { lock: Lock::new(), senders: WaitQueue::new(), end: Front::new() },
    });
    crate::mem::object_made();
    Box::into_raw(channel).cast()
}

pub fn unbounded(ty: &'static TypeInfo, site: *const Site) -> *mut u8 {
    new(usize::MAX, ty, site)
}

/// A channel for at most `capacity` queued values; 0 is a rendezvous.
pub fn bounded(capacity: i64, ty: &'static TypeInfo, site: *const Site) -> *mut u8 {
    match usize::try_from(capacity) {
        // Nobody can tell the largest number from infinity.
        Ok(limit) => new(limit, ty, site),
        Err(_) => crate::panic::panic_at(&format!("the capacity of a channel cannot be negative ({capacity})"), site),
    }
}

/// # Safety
/// `ch` is a handle.
pub unsafe fn retain(ch: *mut u8) {
    // SAFETY: a handle keeps its channel alive.
    unsafe { borrow(ch) }.handles.retain();
}

/// # Safety
/// `ch` is a handle, and ends here.
pub unsafe fn release(ch: *mut u8) {
    // SAFETY: a handle keeps its channel alive; afterwards the answer says what may still be touched.
    match unsafe { borrow(ch) }.handles.release() {
        Released::Others => {}
        Released::Last => bury(ch.cast()),
        // SAFETY: as promised.
        Released::Watched => unsafe { release_watched(ch) },
    }
}

/// # Safety
/// As for `release`.
#[cold]
unsafe fn release_watched(ch: *mut u8) {
    // SAFETY: the handle keeps the channel alive until it is counted down; then it is the lock that does (the last one
    // to release needs it), or parked threads that only those can wake who are found here.
    unsafe {
        let channel = borrow(ch);
        channel.back.lock.acquire();
        let left = channel.handles.release_locked();
        if left == 0 {
            return bury(ch.cast());
        }
        let mut ended = Vec::new();
        let mut main = false;
        if u64::from(channel.back.parked.get()) >= left {
            ended = channel.end_nexts();
            main = ended.is_empty() && channel.main_is_stuck();
        }
        channel.back.lock.release();
        if main {
            crate::deadlock::report_and_exit();
        }
        // From the first of them on, the channel may end.
        wake_all(ended);
    }
}

/// # Safety
/// `ch` is a handle that lives at least as long as the result is used.
#[inline]
pub(super) unsafe fn borrow<'a>(ch: *mut u8) -> &'a Channel {
    // SAFETY: as promised.
    unsafe { &*ch.cast::<Channel>() }
}

/// Threads that empty dead channels. Dropping a value may be the end of another channel, which the thread finds
/// here that it is about to empty channels already, and leaves to itself for later.
static BURIALS: Mutex<Vec<Burial>> = Mutex::new(Vec::new());

struct Burial {
    thread: Waiter,
    dead: Vec<*mut Channel>,
}
// SAFETY: nobody else has a handle of a dead channel.
unsafe impl Send for Burial {}

/// Ends a channel without handles.
fn bury(channel: *mut Channel) {
    // SAFETY: the caller gave the last handle back.
    let dead = unsafe { &*channel };
    if dead.ty.drop.is_none() || dead.queued() == 0 {
        // SAFETY: as above; there is no value in it that needs its glue.
        unsafe { free(channel) };
        return;
    }
    let thread = park::current();
    let mut burials = BURIALS.lock();
    if let Some(mine) = burials.iter_mut().find(|burial| burial.thread == thread) {
        mine.dead.push(channel);
        return;
    }
    burials.push(Burial { thread, dead: Vec::new() });
    let mut next = Some(channel);
    while let Some(channel) = next {
        // SAFETY: nobody else has the channel. The glue runs without the lock, since it may come here again.
        MutexGuard::unlocked(&mut burials, || unsafe {
            let dead = &*channel;
            let slot = Slot::new(dead.ty);
            while dead.middle.take::<false>(&dead.front.end, &dead.back.end, slot.address()) {
                value::drop_value(dead.ty, slot.address());
            }
            free(channel);
        });
        let at = burials.iter().position(|burial| burial.thread == thread).expect("this thread's burial");
        next = burials[at].dead.pop();
        if next.is_none() {
            burials.swap_remove(at);
        }
    }
}

/// # Safety
/// Nobody has a handle.
unsafe fn free(channel: *mut Channel) {
    // SAFETY: `new` made it of a box; nobody uses it any more.
    unsafe {
        (*channel).middle.free(&(*channel).front.end);
        drop(Box::from_raw(channel));
    }
    crate::mem::object_gone();
}

impl Channel {
    pub(super) fn ty(&self) -> &'static TypeInfo {
        self.ty
    }

    pub(super) fn site(&self) -> *const Site {
        self.site
    }

    /// Number of queued values; exact under both locks.
    fn queued(&self) -> usize {
        self.middle.len(&self.front.end, &self.back.end)
    }

    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: read under a lock, or as a hint.
        self.back.closed.load(Ordering::Relaxed)
    }

    /// Takes both sides.
    #[inline]
    pub(super) fn lock_both(&self) {
        if !self.back.alone {
            self.front.lock.acquire();
        }
        self.back.lock.acquire();
    }

    /// # Safety
    /// The caller holds both sides, and uses nothing of them any more.
    #[inline]
    pub(super) unsafe fn unlock_both(&self) {
        // SAFETY: as promised. Not touched between the two: the channel may end with the second.
        unsafe {
            if !self.back.alone {
                self.front.lock.release();
            }
            self.back.lock.release();
        }
    }

    /// Whether a receive might find something; without a lock, so it may be wrong by the time it is used.
    #[inline]
    pub(super) fn looks_receivable(&self) -> bool {
        !self.middle.looks_empty(&self.front.end, &self.back.end) || !self.front.senders.is_empty() || self.is_closed()
    }

    /// Whether a send might be possible, likewise.
    #[inline]
    pub(super) fn looks_sendable(&self) -> bool {
        !self.back.receivers.is_empty() || !self.middle.looks_full(&self.front.end, &self.back.end) || self.is_closed()
    }

    /// Receives if that is possible at once. With `WORD`, values are one word.
    ///
    /// # Safety
    /// `out` has room for a value.
    #[inline]
    pub(super) unsafe fn take<const WORD: bool>(&self, out: *mut u8) -> Taken {
        // SAFETY: as promised; the locks are held as each step needs.
        unsafe {
            if self.back.alone {
                self.back.lock.acquire();
                let taken = self.take_locked::<WORD>(out);
                self.back.lock.release();
                return taken;
            }
            self.front.lock.acquire();
            if self.front.senders.is_empty() && self.middle.take::<WORD>(&self.front.end, &self.back.end, out) {
                self.front.lock.release();
                return Taken::Value(None);
            }
            self.back.lock.acquire();
            let taken = self.take_locked::<WORD>(out);
            self.unlock_both();
            taken
        }
    }

    /// The same for a caller that holds both sides.
    ///
    /// # Safety
    /// As for `take`; both sides are the caller's.
    #[inline]
    pub(super) unsafe fn take_locked<const WORD: bool>(&self, out: *mut u8) -> Taken {
        // SAFETY: `out` is as promised; linked senders carry a value of this channel's type.
        unsafe {
            if self.middle.take::<WORD>(&self.front.end, &self.back.end, out) {
                let sender = self.front.senders.claim(End::Done);
                if let Some(sender) = &sender {
                    self.middle.push::<WORD>(&self.front.end, &self.back.end, sender.value, true);
                }
                return Taken::Value(sender.map(|sender| sender.wake));
            }
            if let Some(sender) = self.front.senders.claim(End::Done) {
                value::move_bytes(sender.value, out, if WORD { 8 } else { self.middle.size() });
                return Taken::Value(Some(sender.wake));
            }
        }
        if self.is_closed() { Taken::Closed } else { Taken::Empty }
    }

    /// Sends if that is possible at once. With `WORD`, values are one word.
    ///
    /// # Safety
    /// `value` holds a value, which moves out if the answer is `Given::Value`.
    #[inline]
    pub(super) unsafe fn give<const WORD: bool>(&self, value: *const u8) -> Given {
        self.back.lock.acquire();
        // SAFETY: as promised; the back is the caller's.
        unsafe {
            let given = self.give_locked::<WORD>(value, self.back.alone);
            self.back.lock.release();
            given
        }
    }

    /// The same for a caller that holds the back, and the front as well if `both`.
    ///
    /// # Safety
    /// As for `give`; the side is the caller's, or both are.
    #[inline]
    pub(super) unsafe fn give_locked<const WORD: bool>(&self, value: *const u8, both: bool) -> Given {
        // SAFETY: linked nodes have room for a value of this channel's type; their owners look after the unpark.
        unsafe {
            if self.is_closed() {
                return Given::Closed;
            }
            if let Some(receiver) = self.back.receivers.claim(End::Done) {
                if receiver.kind.is_plain_receive() {
                    self.back.parked.set(self.back.parked.get() - 1);
                }
                value::move_bytes(value, receiver.value, if WORD { 8 } else { self.middle.size() });
                return Given::Value(Some(receiver.wake));
            }
            if self.middle.is_full(&self.front.end, &self.back.end) {
                return Given::Full;
            }
            self.middle.push::<WORD>(&self.front.end, &self.back.end, value, both);
        }
        Given::Value(None)
    }

    /// Takes the `next` waiters of a channel out whose handles are all held by parked receivers.
    ///
    /// # Safety
    /// The caller holds the back.
    unsafe fn end_nexts(&self) -> Vec<Wake> {
        // SAFETY: as promised.
        let ended = unsafe { self.back.receivers.claim_kind(Kind::Next, End::Closed) };
        self.back.parked.set(self.back.parked.get() - ended.len() as u32);
        ended
    }

    /// Whether main is among the plain receivers.
    ///
    /// # Safety
    /// The caller holds the back.
    unsafe fn main_is_stuck(&self) -> bool {
        // SAFETY: as promised.
        unsafe { self.back.receivers.nodes() }.any(|node| node.kind() == Kind::Recv && node.waiter().is_main())
    }

    /// A plain receiver is about to be linked: whether that leaves nobody who could send.
    ///
    /// # Safety
    /// The caller holds the back.
    #[inline]
    unsafe fn count_parked(&self) -> bool {
        let parked = self.back.parked.get() + 1;
        self.back.parked.set(parked);
        u64::from(parked) >= self.handles.watch()
    }
}

/// Closes the channel: no value comes in any more; those in it can still be received. Closing twice is allowed.
///
/// # Safety
/// `ch` is a handle.
pub unsafe fn close(ch: *mut u8) {
    let mut woken = Vec::new();
    // SAFETY: as promised; both sides are held.
    unsafe {
        let channel = borrow(ch);
        channel.lock_both();
        if !channel.is_closed() {
            channel.back.closed.store(true, Ordering::Relaxed);
            // A receiver waits only while nothing is queued, so what it finds is closed and drained.
            while let Some(node) = channel.back.receivers.claim(End::Closed) {
                woken.push(node.wake);
            }
            channel.back.parked.set(0);
            while let Some(node) = channel.front.senders.claim(End::Closed) {
                woken.push(node.wake);
            }
        }
        channel.unlock_both();
    }
    wake_all(woken);
}

/// Number of queued values; those in the hands of parked senders do not count.
///
/// # Safety
/// `ch` is a handle.
pub unsafe fn len(ch: *mut u8) -> usize {
    // SAFETY: as promised.
    unsafe {
        let channel = borrow(ch);
        channel.lock_both();
        let len = channel.queued();
        channel.unlock_both();
        len
    }
}

/// Parked receivers and senders, for tests that wait until somebody is parked.
///
/// # Safety
/// `ch` is a handle.
#[cfg(all(test, not(loom)))]
pub(crate) unsafe fn waiting(ch: *mut u8) -> (usize, usize) {
    // SAFETY: as promised; both sides are held.
    unsafe {
        let channel = borrow(ch);
        channel.lock_both();
        let waiting = (channel.back.receivers.nodes().count(), channel.front.senders.nodes().count());
        channel.unlock_both();
        waiting
    }
}
