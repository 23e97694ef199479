//! Channels: unbounded, bounded and rendezvous, for values of any type.
//!
//! A channel is one counted object: a ring of values, a queue of parked receivers, a queue of parked senders,
//! and a byte lock around the three. The kinds differ only in how many values the ring may hold: any number,
//! `n`, or none. While the lock is free:
//!
//! * a live receiver is linked only if the ring is empty, a live sender only if it is full;
//! * a live receiver and a live sender are linked together only if one `select` owns both nodes.
//!
//! So a sender that finds a receiver hands its value over directly, a receiver that empties a slot refills it
//! from the oldest sender, and nobody overtakes: values and waiters are first in, first out.
//!
//! **Values** are shared (`share` glue, which makes counts below them atomic where needed) before they are
//! published, then move by copying bytes. Glue runs outside the lock. Values still queued when the last handle
//! goes are dropped, one channel after the other, so that a long chain of channels in channels does not nest.
//!
//! **Ends.** Closing wakes everybody: receivers that wait find the channel closed and drained, senders panic.
//! A channel whose handles are all held by threads parked in plain receives on it can get no value any more: its
//! `next` waiters end with nothing; other receivers stay parked, and if main is one of them the program is
//! deadlocked ([`handles`] tells who has to look). Waiters that ended release their handles, so this looks again.
//!
//! Not here: waiting for several channels (`select.rs`), the inlined word-size path of compiled code.

mod handles;
mod receive;
mod send;

pub use receive::{Received, Until, receive, try_receive};
pub use send::{Sent, send, try_send};

use super::lock::{Guard, Lock};
use super::value::{self, Ring, Slot};
use super::waitq::{End, Kind, WaitQueue};
use crate::abi::{Site, TypeInfo};
use crate::sched::park::{self, Waiter};
use handles::{Handles, Left};
use parking_lot::{Mutex, MutexGuard};

pub struct Channel {
    handles: Handles,
    /// Most values that may be queued.
    limit: usize,
    ty: &'static TypeInfo,
    /// Where it was made.
    site: *const Site,
    state: Lock<State>,
}

pub struct State {
    ring: Ring,
    closed: bool,
    pub(super) receivers: WaitQueue,
    pub(super) senders: WaitQueue,
}

impl State {
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}

/// What an attempt to receive found. `Value` names the sender that could go on, to be unparked.
pub(super) enum Taken {
    Value(Option<Waiter>),
    Closed,
    Empty,
}

/// What an attempt to send found. `Value` names the receiver that was served, to be unparked.
pub(super) enum Given {
    Value(Option<Waiter>),
    Closed,
    Full,
}

/// Pays the unpark that a claim owes.
pub(super) fn wake(waiter: Option<Waiter>) {
    if let Some(waiter) = waiter {
        // SAFETY: the waiter comes from a node that was claimed, which happens once per park.
        unsafe { waiter.unpark() };
    }
}

fn wake_all(waiters: &[Waiter]) {
    for &waiter in waiters {
        wake(Some(waiter));
    }
}

/// Makes a channel with one handle.
fn new(limit: usize, ty: &'static TypeInfo, site: *const Site) -> *mut u8 {
    let channel = crate::mem::alloc(size_of::<Channel>()).cast::<Channel>();
    let state = State { ring: Ring::new(ty), closed: false, receivers: WaitQueue::new(), senders: WaitQueue::new() };
    // SAFETY: fresh memory of the right size; objects are aligned for any field.
    unsafe { channel.write(Channel { handles: Handles::new(), limit, ty, site, state: Lock::new(state) }) };
    channel.cast()
}

pub fn unbounded(ty: &'static TypeInfo, site: *const Site) -> *mut u8 {
    new(usize::MAX, ty, site)
}

/// A channel for at most `capacity` queued values; 0 is a rendezvous.
pub fn bounded(capacity: i64, ty: &'static TypeInfo, site: *const Site) -> *mut u8 {
    match usize::try_from(capacity) {
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
        Left::Others => {}
        Left::Nobody => bury(ch.cast()),
        // SAFETY: only parked threads have handles, so the channel stays alive until one of them is woken.
        Left::OnlyParked => unsafe { borrow(ch) }.end_stuck_receivers(),
    }
}

/// # Safety
/// `ch` is a handle that lives at least as long as the result is used.
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
    let dead = unsafe { &mut *channel };
    if dead.ty.drop.is_none() || dead.state.get_mut().ring.len() == 0 {
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
            let slot = Slot::new((*channel).ty);
            while (*channel).state.get_mut().ring.pop(slot.address()) {
                value::drop_value((*channel).ty, slot.address());
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
    // SAFETY: `new` wrote it there.
    unsafe {
        std::ptr::drop_in_place(channel);
        crate::mem::free(channel.cast());
    }
}

impl Channel {
    pub(super) fn ty(&self) -> &'static TypeInfo {
        self.ty
    }

    pub(super) fn site(&self) -> *const Site {
        self.site
    }

    pub(super) fn lock(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// The lock itself, for those who hold several.
    pub(super) fn raw_lock(&self) -> &Lock<State> {
        &self.state
    }

    /// Receives if that is possible at once.
    ///
    /// # Safety
    /// `state` is this channel's; `out` has room for a value.
    pub(super) unsafe fn take(&self, state: &mut State, out: *mut u8) -> Taken {
        // SAFETY: `out` is as promised; nodes in `senders` carry a value of this channel's type.
        unsafe {
            if state.ring.pop(out) {
                let sender = state.senders.claim(End::Done);
                if let Some(sender) = &sender {
                    state.ring.push(sender.value);
                }
                return Taken::Value(sender.map(|sender| sender.waiter));
            }
            if let Some(sender) = state.senders.claim(End::Done) {
                value::move_bytes(sender.value, out, value::size(self.ty));
                return Taken::Value(Some(sender.waiter));
            }
        }
        if state.closed { Taken::Closed } else { Taken::Empty }
    }

    /// Sends if that is possible at once.
    ///
    /// # Safety
    /// `state` is this channel's; `value` holds a value, which moves out if the answer is `Given::Value`.
    pub(super) unsafe fn give(&self, state: &mut State, value: *const u8) -> Given {
        if state.closed {
            return Given::Closed;
        }
        if let Some(receiver) = state.receivers.claim(End::Done) {
            if receiver.kind.is_plain_receive() {
                self.handles.unpark(1);
            }
            // SAFETY: the node has room for a value of this channel's type; its owner looks after the unpark.
            unsafe { value::move_bytes(value, receiver.value, value::size(self.ty)) };
            return Given::Value(Some(receiver.waiter));
        }
        if state.ring.len() >= self.limit {
            return Given::Full;
        }
        // SAFETY: the value moves in.
        unsafe { state.ring.push(value) };
        Given::Value(None)
    }

    /// Called by whoever learned that only parked receivers have handles. Its `next` waiters end; if there are
    /// none and main is a receiver, the program is deadlocked.
    fn end_stuck_receivers(&self) {
        let mut state = self.lock();
        let ended = self.end_nexts(&mut state);
        let main = ended.is_empty() && main_is_stuck(&state);
        drop(state);
        // From the first unpark on, the channel may end.
        wake_all(&ended);
        if main {
            crate::deadlock::report_and_exit();
        }
    }

    /// Takes the `next` waiters of a stuck channel out, to be unparked after the lock is released.
    fn end_nexts(&self, state: &mut State) -> Vec<Waiter> {
        if !self.handles.is_stuck() {
            return Vec::new();
        }
        let ended = state.receivers.claim_kind(Kind::Next, End::Closed);
        self.handles.unpark(ended.len());
        ended
    }

    /// A plain receiver was linked: whether that leaves nobody who could send. The same as
    /// `end_stuck_receivers`, for a caller that holds the lock and a handle.
    fn parked_receiver(&self, state: &mut State) -> (Vec<Waiter>, bool) {
        if !self.handles.park() {
            return (Vec::new(), false);
        }
        let ended = self.end_nexts(state);
        let main = ended.is_empty() && main_is_stuck(state);
        (ended, main)
    }
}

fn main_is_stuck(state: &State) -> bool {
    state.receivers.nodes().any(|node| node.kind == Kind::Recv && node.waiter().is_main())
}

/// Closes the channel: no value comes in any more; those in it can still be received. Closing twice is allowed.
///
/// # Safety
/// `ch` is a handle.
pub unsafe fn close(ch: *mut u8) {
    // SAFETY: as promised.
    let channel = unsafe { borrow(ch) };
    let mut state = channel.lock();
    if std::mem::replace(&mut state.closed, true) {
        return;
    }
    let mut woken = Vec::new();
    let mut plain = 0;
    // A receiver waits only while the ring is empty, so what it finds is closed and drained.
    while let Some(node) = state.receivers.claim(End::Closed) {
        plain += usize::from(node.kind.is_plain_receive());
        woken.push(node.waiter);
    }
    channel.handles.unpark(plain);
    while let Some(node) = state.senders.claim(End::Closed) {
        woken.push(node.waiter);
    }
    drop(state);
    wake_all(&woken);
}

/// Number of queued values; those in the hands of parked senders do not count.
///
/// # Safety
/// `ch` is a handle.
pub unsafe fn len(ch: *mut u8) -> usize {
    // SAFETY: as promised.
    unsafe { borrow(ch) }.lock().ring.len()
}

/// Parked receivers and senders, for tests that wait until somebody is parked.
///
/// # Safety
/// `ch` is a handle.
#[cfg(all(test, not(loom)))]
pub(crate) unsafe fn waiting(ch: *mut u8) -> (usize, usize) {
    // SAFETY: as promised.
    let state = unsafe { borrow(ch) }.lock();
    (state.receivers.nodes().count(), state.senders.nodes().count())
}
