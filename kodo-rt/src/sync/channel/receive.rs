//! Receiving: at once, or parked until a value, the end of the channel or a deadline comes.

use super::{Channel, Taken, borrow, wake, wake_all};
use crate::abi::Site;
use crate::sched::park::{self, Reason, Why};
use crate::sched::wait::{TIMED_OUT, Wait};
use crate::shim::Ordering;
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
    // Who asks again and again would keep the locks from those who have something to send. While this queue is empty no
    // sender waits: it has room for many values.
    if !channel.back.alone
        && !channel.back.closed.load(Ordering::Relaxed)
        && channel.middle.was_empty(&channel.front.end, &channel.back.end)
    {
        return Received::Nothing;
    }
    // SAFETY: as promised.
    match unsafe { channel.take::<false>(out) } {
        Taken::Value(sender) => {
            wake(sender);
            Received::Value
        }
        Taken::Closed => Received::Closed,
        Taken::Empty => Received::Nothing,
    }
}

/// Receives a value, parking until there is one. With `WORD`, values are one word.
///
/// # Safety
/// `ch` is a handle of the calling thread's own that it keeps until this returns; `out` has room for a value and is filled
/// exactly if the answer is `Value`.
#[inline]
pub unsafe fn receive<const WORD: bool>(ch: *mut u8, out: *mut u8, until: Until, site: *const Site) -> Received {
    // SAFETY: as promised; the locks are held as each step needs.
    unsafe {
        let channel = borrow(ch);
        if channel.back.alone {
            channel.back.lock.acquire();
        } else {
            channel.front.lock.acquire();
            if channel.front.senders.is_empty()
                && channel.middle.take::<WORD>(&channel.front.end, &channel.back.end, out)
            {
                channel.front.lock.release();
                return Received::Value;
            }
            channel.back.lock.acquire();
        }
        match channel.take_locked::<WORD>(out) {
            Taken::Value(sender) => {
                channel.unlock_both();
                wake(sender);
                Received::Value
            }
            Taken::Closed => {
                channel.unlock_both();
                Received::Closed
            }
            Taken::Empty => wait::<WORD>(channel, out, until, site),
        }
    }
}

/// The rest of a receive that found nothing.
///
/// # Safety
/// As for `receive`; both sides are held.
#[inline(never)]
unsafe fn wait<const WORD: bool>(channel: &Channel, out: *mut u8, until: Until, site: *const Site) -> Received {
    let kind = match until {
        Until::Value => Kind::Recv,
        Until::End => Kind::Next,
        Until::Milliseconds(ms) => {
            // SAFETY: as promised.
            return unsafe {
                channel.unlock_both();
                if ms <= 0 { Received::Nothing } else { receive_until(channel, out, ms, site) }
            };
        }
    };
    let reason = if kind == Kind::Next { Reason::Next } else { Reason::Recv };
    let why = Why { reason, site, object: channel.site };
    // SAFETY: as promised. The node lives until this function returns, after it was claimed.
    unsafe {
        if !channel.back.alone {
            // Those who look for receivers hold the back.
            channel.front.lock.release();
        }
        let stuck = channel.count_parked();
        if stuck && kind == Kind::Next {
            // The end of the others, and of this one.
            channel.back.parked.set(channel.back.parked.get() - 1);
            let ended = channel.end_nexts();
            channel.back.lock.release();
            wake_all(ended);
            return Received::Closed;
        }
        let node = Node::alone(channel.ty, kind);
        channel.back.receivers.push(&node);
        if stuck {
            let ended = channel.end_nexts();
            if ended.is_empty() && channel.main_is_stuck() {
                channel.back.lock.release();
                crate::deadlock::report_and_exit_waiting(why);
            }
            // Under the lock, since this thread will not come back before it is served. Rare, and waking takes no lock
            // of a channel.
            wake_all(ended);
        }
        park::park_holding(why, &channel.back.lock);
        match node.end() {
            End::Done => {
                // The claimer put a value into the node, which was unlinked then.
                move_bytes(node.value.address(), out, if WORD { 8 } else { size(channel.ty) });
                Received::Value
            }
            End::Closed => Received::Closed,
        }
    }
}

/// Receives with a deadline `ms` from now.
///
/// # Safety
/// As for `receive`, but for the locks, which are free.
#[cold]
unsafe fn receive_until(channel: &Channel, out: *mut u8, ms: i64, site: *const Site) -> Received {
    // A deadline that the clock cannot express never comes.
    let deadline = Instant::now().checked_add(Duration::from_millis(ms.max(0) as u64));
    let wait = Wait::new(park::current());
    let node = Node::shared(channel.ty, &wait, 0);
    channel.lock_both();
    // SAFETY: as promised; both sides are held. The node lives until this function returns, after it was claimed or unlinked.
    unsafe {
        let taken = channel.take_locked::<false>(out);
        if let Taken::Empty = taken {
            channel.back.receivers.push(&node);
        }
        channel.unlock_both();
        match taken {
            Taken::Value(sender) => {
                wake(sender);
                return Received::Value;
            }
            Taken::Closed => return Received::Closed,
            Taken::Empty => {}
        }
    }
    let timer = deadline.map(|deadline| timer::arm(deadline, wait.clone()));
    park::park(Why { reason: Reason::Recv, site, object: channel.site });
    if let Some(timer) = timer {
        timer.cancel();
    }
    let outcome = wait.outcome().expect("a woken receiver's wait was decided");
    if outcome == TIMED_OUT {
        channel.back.lock.acquire();
        // SAFETY: under the lock of the queue.
        unsafe {
            channel.back.receivers.unlink(&node);
            channel.back.lock.release();
        }
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
