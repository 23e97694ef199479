//! `select`: waiting for several channels at once, of which exactly one is served.
//!
//! ```text
//!   1. look     arms in random order, first without a lock, then under it if it seems ready: the first that is runs
//!   2. look     again, with all channels locked (in order of address); still none: link one node per arm
//!      and link into the channels' queues, unlock all
//!   3. park     whoever serves a node first decides the `Wait` that all of them share, and wakes this thread;
//!               so does the timer
//!   4. leave    the losing arms' queues; a channel that was closed meanwhile sends us back to 2
//! ```
//!
//! While all locks are held nobody can decide the wait, so a thread in step 2 only has to claim the *other*
//! side's node; two `select`s that offer each other something cannot miss each other, and one that occurs on
//! both sides of a channel cannot serve itself. The random order makes the choice among ready arms uniform.
//!
//! Values to be sent stay the caller's until their arm has won: the nodes carry copies of the bytes, of which
//! the winner's becomes the value. Losing values are dropped at the end.
//!
//! A receive arm whose channel is closed and drained is never chosen. A send arm whose channel is closed is
//! ready, and panics when it is chosen.

use super::channel::{Channel, Given, Taken, borrow, wake};
use super::value::{drop_value, move_bytes, share, size};
use super::waitq::{End, Node, Owned, Wake, decode};
use crate::abi::{SELECT_SEND, SelectArm, Site};
use crate::sched::park::{self, Reason, Why};
use crate::sched::wait::{TIMED_OUT, Wait};
use crate::time::timer;
use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a `select` does when no arm is ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Otherwise {
    Wait,
    Default,
    Timeout(i64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Chosen {
    Arm(usize),
    Default,
    Timeout,
    /// This send arm was chosen, but its channel is closed.
    SendOnClosed(usize),
    /// Every channel is closed and drained, and there is nothing else to choose.
    AllClosed,
}

/// Runs a `select`. Whatever is chosen, all send values have moved out or were dropped afterwards.
///
/// # Safety
/// Every arm has a handle that the calling thread keeps until this returns, and a value to send or room for one.
pub unsafe fn select(arms: &mut [SelectArm], otherwise: Otherwise, site: *const Site) -> Chosen {
    // SAFETY: as promised. Values are shared before anybody can see them.
    unsafe {
        let mut sends = false;
        for (index, arm) in arms.iter_mut().enumerate() {
            arm.order = index as u32;
            if arm.kind == SELECT_SEND {
                sends = true;
                share(channel_of(arm).ty(), arm.value, 0);
            }
        }
        let chosen = match look(arms) {
            Some(chosen) => chosen,
            None => choose(arms, otherwise, site),
        };
        if sends {
            for (index, arm) in arms.iter().enumerate() {
                if arm.kind == SELECT_SEND && chosen != Chosen::Arm(index) {
                    drop_value(channel_of(arm).ty(), arm.value);
                }
            }
        }
        chosen
    }
}

/// # Safety
/// The arm has a handle that lives as long as the result is used.
#[inline]
unsafe fn channel_of<'a>(arm: &SelectArm) -> &'a Channel {
    // SAFETY: as promised.
    unsafe { borrow(arm.channel) }
}

/// The first look: takes the locks of such arms only as seem ready. Draws a random order as far as it needs one, and leaves
/// it in the arms.
///
/// # Safety
/// As for `select`; `order` of the arms is their numbers, in any order.
#[inline]
unsafe fn look(arms: &mut [SelectArm]) -> Option<Chosen> {
    let count = arms.len();
    let mut random = if count > 1 { random() } else { 0 };
    for at in 0..count {
        // A number below what is left, by multiplication (Lemire: Fast random integer generation, 2019).
        let other = at + (((random & 0xffff_ffff) * (count - at) as u64) >> 32) as usize;
        random = random.rotate_left(21).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ random >> 32;
        let index = arms[other].order;
        arms[other].order = arms[at].order;
        arms[at].order = index;
        let arm = &arms[index as usize];
        // SAFETY: as promised.
        unsafe {
            let channel = channel_of(arm);
            let ready = if arm.kind == SELECT_SEND { channel.looks_sendable() } else { channel.looks_receivable() };
            if ready && let Some((chosen, partner)) = attempt(arm, index as usize, false) {
                wake(partner);
                return Some(chosen);
            }
        }
    }
    None
}

/// Runs an arm if it is ready. The second part of the answer is who is to be woken for it.
///
/// # Safety
/// As for `select`; `locked` tells whether the caller holds both sides of the arm's channel.
#[inline]
unsafe fn attempt(arm: &SelectArm, index: usize, locked: bool) -> Option<(Chosen, Option<Wake>)> {
    // SAFETY: as promised. The arm's value moves out, or is filled, if the answer is a value.
    unsafe {
        let channel = channel_of(arm);
        if arm.kind == SELECT_SEND {
            let given =
                if locked { channel.give_locked::<false>(arm.value, true) } else { channel.give::<false>(arm.value) };
            match given {
                Given::Value(receiver) => Some((Chosen::Arm(index), receiver)),
                Given::Closed => Some((Chosen::SendOnClosed(index), None)),
                Given::Full => None,
            }
        } else {
            let taken = if locked { channel.take_locked::<false>(arm.value) } else { channel.take::<false>(arm.value) };
            match taken {
                Taken::Value(sender) => Some((Chosen::Arm(index), sender)),
                Taken::Closed | Taken::Empty => None,
            }
        }
    }
}

/// What follows when no arm was ready at the first look.
///
/// # Safety
/// As for `select`.
#[cold]
unsafe fn choose(arms: &[SelectArm], otherwise: Otherwise, site: *const Site) -> Chosen {
    // SAFETY: as promised; channels are locked while they are used.
    unsafe {
        if let ([arm], Otherwise::Default) = (arms, otherwise)
            && !(arm.kind != SELECT_SEND && channel_of(arm).looks_receivable())
        {
            // Nothing was ready at one instant: there is but one channel.
            return Chosen::Default;
        }
        let deadline = match otherwise {
            Otherwise::Timeout(ms) => Some(Instant::now().checked_add(Duration::from_millis(ms.max(0) as u64))),
            _ => None,
        };
        loop {
            let locked = lock_all(arms);
            for at in 0..arms.len() {
                let index = arms[at].order as usize;
                if let Some((chosen, partner)) = attempt(&arms[index], index, true) {
                    unlock_all(&locked);
                    wake(partner);
                    return chosen;
                }
            }
            let instead = match otherwise {
                Otherwise::Default => Some(Chosen::Default),
                Otherwise::Timeout(ms) if ms <= 0 => Some(Chosen::Timeout),
                // A closed channel of a send arm would have been chosen.
                Otherwise::Wait if arms.iter().all(|arm| channel_of(arm).is_closed()) => Some(Chosen::AllClosed),
                _ => None,
            };
            if let Some(instead) = instead {
                unlock_all(&locked);
                return instead;
            }
            let wait = Wait::new(park::current());
            let nodes = link(arms, &wait);
            unlock_all(&locked);
            // A deadline that the clock cannot express never comes.
            let timer = deadline.flatten().map(|deadline| timer::arm(deadline, wait.clone()));
            let object = arms.first().map_or(ptr::null(), |arm| channel_of(arm).site());
            park::park(Why { reason: Reason::Select, site, object });
            if let Some(timer) = timer {
                timer.cancel();
            }
            let outcome = wait.outcome().expect("a woken select's wait was decided");
            let winner = (outcome != TIMED_OUT).then(|| decode(outcome));
            leave(arms, &nodes, winner.map(|(arm, _)| arm));
            match winner {
                None => return Chosen::Timeout,
                Some((index, End::Done)) => {
                    let (arm, node) = (&arms[index], &nodes[index]);
                    if arm.kind != SELECT_SEND
                        && let Some(node) = node
                    {
                        move_bytes(node.value.address(), arm.value, size(channel_of(arm).ty()));
                    }
                    return Chosen::Arm(index);
                }
                Some((index, End::Closed)) if arms[index].kind == SELECT_SEND => return Chosen::SendOnClosed(index),
                // One receive arm less: look again.
                Some((_, End::Closed)) => {}
            }
        }
    }
}

/// Links a node into the queue of every arm that is not closed, in the arms' random order: of several arms with the same
/// channel the first in its queue is served.
///
/// # Safety
/// As for `select`; all channels are locked, and a send arm's channel is open.
unsafe fn link(arms: &[SelectArm], wait: &Arc<Wait>) -> Vec<Option<Owned>> {
    let mut nodes: Vec<Option<Owned>> = arms.iter().map(|_| None).collect();
    for at in 0..arms.len() {
        let index = arms[at].order as usize;
        let arm = &arms[index];
        // SAFETY: as promised; the node has room for a value of the channel's type, and lives until `leave`.
        unsafe {
            let channel = channel_of(arm);
            if channel.is_closed() {
                continue;
            }
            let node = Node::shared(channel.ty(), wait, index);
            if arm.kind == SELECT_SEND {
                move_bytes(arm.value, node.value.address(), size(channel.ty()));
                channel.front.senders.push(&node);
            } else {
                channel.back.receivers.push(&node);
            }
            nodes[index] = Some(node);
        }
    }
    nodes
}

/// Takes the nodes out of the queues they are still in; the winner's was taken out by whoever served it.
///
/// # Safety
/// As for `select`; the wait is decided.
unsafe fn leave(arms: &[SelectArm], nodes: &[Option<Owned>], winner: Option<usize>) {
    for (index, (arm, node)) in arms.iter().zip(nodes).enumerate() {
        if let Some(node) = node
            && winner != Some(index)
        {
            // SAFETY: as promised; both sides are held.
            unsafe {
                let channel = channel_of(arm);
                channel.lock_both();
                if arm.kind == SELECT_SEND {
                    channel.front.senders.unlink(node);
                } else {
                    channel.back.receivers.unlink(node);
                }
                channel.unlock_both();
            }
        }
    }
}

/// Locks the channels of all arms, each once, lowest address first.
///
/// # Safety
/// As for `select`; paired with `unlock_all`.
unsafe fn lock_all(arms: &[SelectArm]) -> Vec<*mut u8> {
    let mut channels: Vec<*mut u8> = arms.iter().map(|arm| arm.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    for &ch in &channels {
        // SAFETY: as promised.
        unsafe { borrow(ch) }.lock_both();
    }
    channels
}

/// # Safety
/// `channels` are locked by `lock_all`; nothing of them is used any more.
unsafe fn unlock_all(channels: &[*mut u8]) {
    for &ch in channels {
        // SAFETY: as promised.
        unsafe { borrow(ch).unlock_both() };
    }
}

/// A random word from the generator of this operating-system thread. Never inlined, so that no address of a
/// thread-local is kept by code that may go on elsewhere after a park.
#[inline(never)]
fn random() -> u64 {
    static SEED: AtomicU64 = AtomicU64::new(0x51_7c_c1_b7_27_22_0a_95);
    thread_local!(static STATE: Cell<u64> = Cell::new(SEED.fetch_add(0xd1b5_4a32_d192_ed03, Ordering::Relaxed)));
    // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mut word = state;
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}
