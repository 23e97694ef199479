//! `select`: waiting for several channels at once, of which exactly one is served.
//!
//! ```text
//!   1. look     arms in random order, each under its own lock: the first that is ready runs
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

use super::channel::{Channel, Given, State, Taken, borrow, wake};
use super::value::{drop_value, move_bytes, share, size};
use super::waitq::{End, Node, Owned, decode};
use crate::abi::{SELECT_SEND, SelectArm, Site};
use crate::sched::park::{self, Reason, Waiter, Why};
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

/// Arms up to this number need no allocation for their order.
const FEW: usize = 8;

/// Runs a `select`. Whatever is chosen, all send values have moved out or were dropped afterwards.
///
/// # Safety
/// Every arm has a handle that the calling thread keeps until this returns, and a value to send or room for one.
pub unsafe fn select(arms: &[SelectArm], otherwise: Otherwise, site: *const Site) -> Chosen {
    // SAFETY: as promised. Values are shared before anybody can see them.
    unsafe {
        for arm in arms.iter().filter(|arm| arm.kind == SELECT_SEND) {
            share(channel_of(arm).ty(), arm.value, 0);
        }
        let chosen = choose(arms, otherwise, site);
        for (index, arm) in arms.iter().enumerate() {
            if arm.kind == SELECT_SEND && chosen != Chosen::Arm(index) {
                drop_value(channel_of(arm).ty(), arm.value);
            }
        }
        chosen
    }
}

/// # Safety
/// The arm has a handle that lives as long as the result is used.
unsafe fn channel_of<'a>(arm: &SelectArm) -> &'a Channel {
    // SAFETY: as promised.
    unsafe { borrow(arm.channel) }
}

/// What a look at the arms found.
enum Look {
    Chosen(Chosen, Option<Waiter>),
    /// No arm is ready; if `all_closed`, none can ever be.
    None {
        all_closed: bool,
    },
}

/// # Safety
/// As for `select`.
unsafe fn choose(arms: &[SelectArm], otherwise: Otherwise, site: *const Site) -> Chosen {
    let mut few = [0u32; FEW];
    let mut many = Vec::new();
    let order = if arms.len() <= FEW {
        &mut few[..arms.len()]
    } else {
        many.resize(arms.len(), 0);
        &mut many[..]
    };
    shuffle(order);
    // SAFETY: as promised; each state is locked while it is used.
    unsafe {
        // With one channel the second look would be the same; and where one mostly finds nothing, it comes first.
        if arms.len() > 1 && otherwise != Otherwise::Default {
            let look = look(arms, order, |arm, attempt| attempt(&mut channel_of(arm).lock()));
            if let Look::Chosen(chosen, waiter) = look {
                wake(waiter);
                return chosen;
            }
        }
        let deadline = match otherwise {
            Otherwise::Timeout(ms) => Some(Instant::now().checked_add(Duration::from_millis(ms.max(0) as u64))),
            _ => None,
        };
        loop {
            let locked = lock_all(arms);
            let look = look(arms, order, |arm, attempt| attempt(state_of(arm)));
            let all_closed = match look {
                Look::Chosen(chosen, waiter) => {
                    unlock_all(&locked);
                    wake(waiter);
                    return chosen;
                }
                Look::None { all_closed } => all_closed,
            };
            let instead = match otherwise {
                Otherwise::Default => Some(Chosen::Default),
                Otherwise::Timeout(ms) if ms <= 0 => Some(Chosen::Timeout),
                Otherwise::Wait if all_closed => Some(Chosen::AllClosed),
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

/// Tries the arms in the given order.
///
/// # Safety
/// As for `select`; `with_state` passes on the locked state of the arm's channel.
unsafe fn look(
    arms: &[SelectArm],
    order: &[u32],
    mut with_state: impl FnMut(&SelectArm, &mut dyn FnMut(&mut State)),
) -> Look {
    let mut closed = 0;
    for &index in order {
        let index = index as usize;
        let arm = &arms[index];
        let mut found = None;
        with_state(arm, &mut |state| {
            // SAFETY: as promised.
            let channel = unsafe { channel_of(arm) };
            if arm.kind == SELECT_SEND {
                // SAFETY: the arm's value moves out if the answer is a value.
                match unsafe { channel.give(state, arm.value) } {
                    Given::Value(receiver) => found = Some(Look::Chosen(Chosen::Arm(index), receiver)),
                    Given::Closed => found = Some(Look::Chosen(Chosen::SendOnClosed(index), None)),
                    Given::Full => {}
                }
            } else {
                // SAFETY: the arm has room for a value.
                match unsafe { channel.take(state, arm.value) } {
                    Taken::Value(sender) => found = Some(Look::Chosen(Chosen::Arm(index), sender)),
                    Taken::Closed => closed += 1,
                    Taken::Empty => {}
                }
            }
        });
        if let Some(found) = found {
            return found;
        }
    }
    Look::None { all_closed: closed == arms.len() }
}

/// Links a node into the queue of every arm that is not closed.
///
/// # Safety
/// As for `select`; all channels are locked, and a send arm's channel is open.
unsafe fn link(arms: &[SelectArm], wait: &Arc<Wait>) -> Vec<Option<Owned>> {
    let mut nodes = Vec::with_capacity(arms.len());
    for (index, arm) in arms.iter().enumerate() {
        // SAFETY: as promised; the node has room for a value of the channel's type, and lives until `leave`.
        unsafe {
            let channel = channel_of(arm);
            let state = state_of(arm);
            if state.is_closed() {
                nodes.push(None);
                continue;
            }
            let node = Node::shared(channel.ty(), wait, index);
            if arm.kind == SELECT_SEND {
                move_bytes(arm.value, node.value.address(), size(channel.ty()));
                state.senders.push(&node);
            } else {
                state.receivers.push(&node);
            }
            nodes.push(Some(node));
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
            // SAFETY: as promised.
            let mut state = unsafe { channel_of(arm) }.lock();
            if arm.kind == SELECT_SEND { state.senders.unlink(node) } else { state.receivers.unlink(node) }
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
        unsafe { borrow(ch) }.raw_lock().acquire();
    }
    channels
}

/// # Safety
/// `channels` are locked by `lock_all`; no state of them is used any more.
unsafe fn unlock_all(channels: &[*mut u8]) {
    for &ch in channels {
        // SAFETY: as promised.
        unsafe { borrow(ch).raw_lock().release() };
    }
}

/// The state of an arm's channel.
///
/// # Safety
/// As for `select`; the channel is locked by `lock_all`, and no other reference to its state is in use.
unsafe fn state_of<'a>(arm: &SelectArm) -> &'a mut State {
    // SAFETY: as promised.
    unsafe { &mut *channel_of(arm).raw_lock().data() }
}

/// Fills `order` with a random permutation of its indices.
fn shuffle(order: &mut [u32]) {
    let mut random = if order.len() > 1 { random() } else { 0 };
    for index in 0..order.len() {
        // A number below `index + 1`, by multiplication (Lemire: Fast random integer generation, 2019).
        let other = (((random & 0xffff_ffff) * (index as u64 + 1)) >> 32) as usize;
        order[index] = order[other];
        order[other] = index as u32;
        random = random.rotate_left(21).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ random >> 32;
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
