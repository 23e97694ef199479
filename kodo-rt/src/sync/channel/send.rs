//! Sending: at once, or parked until a receiver or room for the value comes.

use super::{Channel, Given, borrow, wake};
use crate::abi::Site;
use crate::sched::park::{self, Reason, Why};
use crate::sync::value::{drop_value, move_bytes, share, size};
use crate::sync::waitq::{End, Kind, Node};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Sent {
    Value,
    /// The channel is closed, or was closed meanwhile. The value was dropped.
    Closed,
    /// There is neither room nor a receiver. The value was dropped.
    Full,
}

/// Sends if nobody has to wait for that.
///
/// # Safety
/// `ch` is a handle; `value` holds a value, which moves out.
pub unsafe fn try_send(ch: *mut u8, value: *mut u8) -> Sent {
    // SAFETY: as promised; the value is shared before anybody can see it, and dropped if nobody got it.
    unsafe {
        let channel = borrow(ch);
        share(channel.ty, value, 0);
        let sent = match channel.give::<false>(value) {
            Given::Value(receiver) => {
                wake(receiver);
                return Sent::Value;
            }
            Given::Closed => Sent::Closed,
            Given::Full => Sent::Full,
        };
        drop_value(channel.ty, value);
        sent
    }
}

/// Sends, parking until there is room or a receiver. Never answers `Full`. With `WORD`, values are one word without glue.
///
/// # Safety
/// `ch` is a handle that the calling thread keeps until this returns; `value` holds a value, which moves out.
#[inline]
pub unsafe fn send<const WORD: bool>(ch: *mut u8, value: *mut u8, site: *const Site) -> Sent {
    // SAFETY: as promised; the value is shared before anybody can see it.
    unsafe {
        let channel = borrow(ch);
        if !WORD {
            share(channel.ty, value, 0);
        }
        match channel.give::<WORD>(value) {
            Given::Value(receiver) => {
                wake(receiver);
                Sent::Value
            }
            _ => wait(channel, value, site),
        }
    }
}

/// The rest of a send that was not possible at once.
///
/// # Safety
/// As for `send`; the value is shared.
#[cold]
#[inline(never)]
unsafe fn wait(channel: &Channel, value: *mut u8, site: *const Site) -> Sent {
    // SAFETY: as promised; both sides are held from the second look to the park.
    unsafe {
        let node = Node::alone(channel.ty, Kind::Other);
        channel.lock_both();
        match channel.give_locked::<false>(value, true) {
            Given::Value(receiver) => {
                channel.unlock_both();
                wake(receiver);
                return Sent::Value;
            }
            Given::Closed => {
                channel.unlock_both();
                drop_value(channel.ty, value);
                return Sent::Closed;
            }
            Given::Full => {}
        }
        move_bytes(value, node.value.address(), size(channel.ty));
        channel.front.senders.push(&node);
        let lock = if channel.back.alone {
            &channel.back.lock
        } else {
            // Those who look for senders hold the front.
            channel.back.lock.release();
            &channel.front.lock
        };
        park::park_holding(Why { reason: Reason::Send, site, object: channel.site }, lock);
        match node.end() {
            End::Done => Sent::Value,
            End::Closed => {
                drop_value(channel.ty, node.value.address());
                Sent::Closed
            }
        }
    }
}
