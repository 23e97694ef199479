//! Sending: at once, or parked until a receiver or room for the value comes.

use super::{Given, borrow, wake};
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
        let mut state = channel.lock();
        let given = channel.give(&mut state, value);
        drop(state);
        let sent = match given {
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

/// Sends, parking until there is room or a receiver. Never answers `Full`.
///
/// # Safety
/// `ch` is a handle that the calling thread keeps until this returns; `value` holds a value, which moves out.
pub unsafe fn send(ch: *mut u8, value: *mut u8, site: *const Site) -> Sent {
    // SAFETY: as promised; the value is shared before anybody can see it.
    unsafe {
        let channel = borrow(ch);
        share(channel.ty, value, 0);
        let mut state = channel.lock();
        match channel.give(&mut state, value) {
            Given::Value(receiver) => {
                drop(state);
                wake(receiver);
                return Sent::Value;
            }
            Given::Closed => {
                drop(state);
                drop_value(channel.ty, value);
                return Sent::Closed;
            }
            Given::Full => {}
        }
        let node = Node::alone(channel.ty, park::current(), Kind::Other);
        move_bytes(value, node.value.address(), size(channel.ty));
        state.senders.push(&node);
        drop(state);
        park::park(Why { reason: Reason::Send, site, object: channel.site });
        match node.end() {
            End::Done => Sent::Value,
            End::Closed => {
                drop_value(channel.ty, node.value.address());
                Sent::Closed
            }
        }
    }
}
