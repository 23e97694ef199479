//! Receiving: at once, or parked until a value, the end of the channel or a deadline comes.

use super::{Channel, Taken, borrow, wake, wake_all};
use crate::abi::Site;
use crate::sched::park::{self, Reason, Why};
use crate::sched::wait::{TIMED_OUT, Wait};
use crate::sync::value::{move_bytes, size};
use crate::sync::waitq::{End, Kind, Node, decode};
use crate::time::timer;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Received {
    Value,
    /// Closed and drained, or nobody can send any more.
    Closed,
    /// No value at once, or none before the deadline.
    Nothing,
}

/// How long a receiver waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// For a value, or the end of the channel, which is an error for this receiver.
    Value,
    /// For a value or the end of the channel.
    End,
    /// At most so many milliseconds.
    Milliseconds(i64),
}

/// Receives a value if one is there.
///
/// # Safety
/// `ch` is a handle; `out` has room for a value and is filled exactly if the answer is `Value`.
pub unsafe fn try_receive(ch: *mut u8, out: *mut u8) -> Received {
    // SAFETY: as promised.
    let channel = unsafe { borrow(ch) };
    let mut state = channel.lock();
    // SAFETY: as promised; the lock is held.
    let taken = unsafe { channel.take(&mut state, out) };
    drop(state);
    match taken {
        Taken::Value(sender) => {
            wake(sender);
            Received::Value
        }
        Taken::Closed => Received::Closed,
        Taken::Empty => Received::Nothing,
    }
}

/// Receives a value, parking until there is one.
///
/// # Safety
/// `ch` is a handle of the calling thread's own that it keeps until this returns; `out` has room for a value and is filled
/// exactly if the answer is `Value`.
pub unsafe fn receive(ch: *mut u8, out: *mut u8, until: Until, site: *const Site) -> Received {
    // SAFETY: as promised.
    let channel = unsafe { borrow(ch) };
    let mut state = channel.lock();
    // SAFETY: as promised; the lock is held.
    match unsafe { channel.take(&mut state, out) } {
        Taken::Value(sender) => {
            drop(state);
            wake(sender);
            return Received::Value;
        }
        Taken::Closed => return Received::Closed,
        Taken::Empty => {}
    }
    let kind = match until {
        Until::Value => Kind::Recv,
        Until::End => Kind::Next,
        Until::Milliseconds(ms) if ms <= 0 => return Received::Nothing,
        Until::Milliseconds(ms) => {
            drop(state);
            // SAFETY: as promised.
            return unsafe { receive_until(channel, out, ms, site) };
        }
    };
    let node = Node::alone(channel.ty, park::current(), kind);
    // SAFETY: the node lives until this function returns, after it was claimed or unlinked.
    unsafe { state.receivers.push(&node) };
    let (ended, main_is_stuck) = channel.parked_receiver(&mut state);
    drop(state);
    // This thread may be among them; its unpark then comes before its park, which is allowed.
    wake_all(&ended);
    let reason = if kind == Kind::Next { Reason::Next } else { Reason::Recv };
    let why = Why { reason, site, object: channel.site };
    if main_is_stuck {
        crate::deadlock::report_and_exit_waiting(why);
    }
    park::park(why);
    match node.end() {
        End::Done => {
            // SAFETY: the claimer put a value into the node, which was unlinked then.
            unsafe { move_bytes(node.value.address(), out, size(channel.ty)) };
            Received::Value
        }
        End::Closed => Received::Closed,
    }
}

/// Receives with a deadline `ms` from now.
///
/// # Safety
/// As for `receive`.
#[cold]
unsafe fn receive_until(channel: &Channel, out: *mut u8, ms: i64, site: *const Site) -> Received {
    // A deadline that the clock cannot express never comes.
    let deadline = Instant::now().checked_add(Duration::from_millis(ms.max(0) as u64));
    let wait = Wait::new(park::current());
    let node = Node::shared(channel.ty, &wait, 0);
    let mut state = channel.lock();
    // SAFETY: as promised; the lock is held.
    match unsafe { channel.take(&mut state, out) } {
        Taken::Value(sender) => {
            drop(state);
            wake(sender);
            return Received::Value;
        }
        Taken::Closed => return Received::Closed,
        Taken::Empty => {}
    }
    // SAFETY: the node lives until this function returns, after it was claimed or unlinked.
    unsafe { state.receivers.push(&node) };
    drop(state);
    let timer = deadline.map(|deadline| timer::arm(deadline, wait.clone()));
    park::park(Why { reason: Reason::Recv, site, object: channel.site });
    if let Some(timer) = timer {
        timer.cancel();
    }
    let outcome = wait.outcome().expect("a woken receiver's wait was decided");
    if outcome == TIMED_OUT {
        channel.lock().receivers.unlink(&node);
        return Received::Nothing;
    }
    match decode(outcome).1 {
        End::Done => {
            // SAFETY: the claimer put a value into the node, which was unlinked then.
            unsafe { move_bytes(node.value.address(), out, size(channel.ty)) };
            Received::Value
        }
        End::Closed => Received::Closed,
    }
}
