//! Queues of threads that wait for a channel, first in first out.
//!
//! A [`Node`] is one wait at one side of one channel. It lives on the heap and belongs to the thread that waits.
//! Whoever takes a node out of a queue to serve it must *claim* it:
//!
//! ```text
//!   a wait of its own (plain send, receive)    claim always succeeds: only the holder of the lock takes it
//!   a shared wait (timed receive, select)      claim decides the `Wait`; it fails if the timer or another
//!                                              arm was first, and the stale node is unlinked and forgotten
//! ```
//!
//! The claimer owes the node's waiter one unpark, to be paid after the lock is released. Links and queues are
//! touched only under the lock of the channel they belong to; `outcome` and the value are written by the claimer
//! under that lock, and read by the waiting thread after its park, which orders the two.
//!
//! **Life.** No counts are needed. A node is touched by others only while it is linked, under the lock, which
//! includes being claimed; after that they know no more than its waiter. Its owner frees it after it was unparked
//! by the claimer, or has unlinked it under the lock itself.

use super::value::Slot;
use crate::abi::TypeInfo;
use crate::sched::park::Waiter;
use crate::sched::wait::Wait;
use std::cell::Cell;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a wait ended. Together with the arm it makes the outcome that a `Wait` is decided with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The value changed hands.
    Done,
    /// The channel was closed, or nobody can send on it any more.
    Closed,
}

/// The outcome word: arm and end. Never `TIMED_OUT`.
pub fn outcome(arm: usize, end: End) -> u64 {
    (arm as u64) << 1 | u64::from(end == End::Closed)
}

pub fn decode(outcome: u64) -> (usize, End) {
    ((outcome >> 1) as usize, if outcome & 1 == 0 { End::Done } else { End::Closed })
}

/// What a node waits for, as far as those who serve it must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Untimed plain receive. Counts as "parked receiving".
    Recv,
    /// Untimed plain receive that ends with nothing when no value can come. Counts as "parked receiving".
    Next,
    /// Sends, receives with a limit, arms of a `select`.
    Other,
}

impl Kind {
    pub fn is_plain_receive(self) -> bool {
        self != Kind::Other
    }
}

pub struct Node {
    /// The value to be sent, or room for the one to be received.
    pub value: Slot,
    waiter: Waiter,
    /// Null for a wait of its own.
    wait: Option<Arc<Wait>>,
    outcome: AtomicU64,
    arm: usize,
    pub kind: Kind,
    // Guarded by the lock of the channel.
    previous: Cell<*const Node>,
    next: Cell<*const Node>,
    linked: Cell<bool>,
}

/// The owner's hold of a node. Not a `Box`, which would claim that nobody else looks at it.
pub struct Owned(NonNull<Node>);

impl Deref for Owned {
    type Target = Node;
    fn deref(&self) -> &Node {
        // SAFETY: allocated by `Node::make`, and freed only by `drop`.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        debug_assert!(!self.linked.get(), "a node is freed while it is linked");
        // SAFETY: it came out of a box, and nobody else has it any more: see "Life" above.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Node {
    /// A wait of its own.
    pub fn alone(ty: &'static TypeInfo, waiter: Waiter, kind: Kind) -> Owned {
        Node::make(ty, waiter, None, 0, kind)
    }

    /// One of the ways in which `wait` may be decided.
    pub fn shared(ty: &'static TypeInfo, wait: &Arc<Wait>, arm: usize) -> Owned {
        Node::make(ty, wait.waiter(), Some(wait.clone()), arm, Kind::Other)
    }

    fn make(ty: &'static TypeInfo, waiter: Waiter, wait: Option<Arc<Wait>>, arm: usize, kind: Kind) -> Owned {
        let node = Box::new(Node {
            value: Slot::new(ty),
            waiter,
            wait,
            outcome: AtomicU64::new(0),
            arm,
            kind,
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            linked: Cell::new(false),
        });
        Owned(Box::leak(node).into())
    }

    pub fn waiter(&self) -> Waiter {
        self.waiter
    }

    /// Ends this wait, if nobody did before. True: the caller owes the waiter an unpark.
    fn claim(&self, end: End) -> bool {
        match &self.wait {
            Some(wait) => wait.decide(outcome(self.arm, end)),
            None => {
                // Release: partner of the load in `end`; the unpark orders them as well.
                self.outcome.store(outcome(self.arm, end), Ordering::Release);
                true
            }
        }
    }

    /// How a wait of its own ended, after the park.
    pub fn end(&self) -> End {
        decode(self.outcome.load(Ordering::Acquire)).1
    }
}

/// What is left of a node that was claimed: enough to serve it under the lock, and to wake its owner afterwards.
pub struct Claimed {
    pub waiter: Waiter,
    /// The node's value; valid until the unpark.
    pub value: *mut u8,
    pub kind: Kind,
}

/// A doubly linked list of nodes, so that a `select` leaves the queues of its losing arms at once.
pub struct WaitQueue {
    head: *const Node,
    tail: *const Node,
}

// SAFETY: what the pointers lead to is touched under the channel's lock only.
unsafe impl Send for WaitQueue {}

impl WaitQueue {
    pub const fn new() -> WaitQueue {
        WaitQueue { head: ptr::null(), tail: ptr::null() }
    }

    /// Links a node at the end.
    ///
    /// # Safety
    /// Its owner keeps the node alive, at its place, until it is unlinked.
    pub unsafe fn push(&mut self, node: &Node) {
        debug_assert!(!node.linked.get());
        crate::stack::debug_assert_elsewhere(node);
        crate::stack::debug_assert_elsewhere(node.value.address());
        node.linked.set(true);
        node.previous.set(self.tail);
        node.next.set(ptr::null());
        // SAFETY: linked nodes are alive.
        match unsafe { self.tail.as_ref() } {
            Some(tail) => tail.next.set(node),
            None => self.head = node,
        }
        self.tail = node;
    }

    /// Takes a node out, if it is still in. The node must belong to this queue or to none.
    pub fn unlink(&mut self, node: &Node) {
        if !node.linked.replace(false) {
            return;
        }
        let (previous, next) = (node.previous.get(), node.next.get());
        // SAFETY: neighbours of a linked node are linked, so alive.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.head = next,
            }
            match next.as_ref() {
                Some(next) => next.previous.set(previous),
                None => self.tail = previous,
            }
        }
    }

    /// Unlinks a node and claims it with `end`, if that is still possible.
    fn take(&mut self, node: &Node, end: End) -> Option<Claimed> {
        self.unlink(node);
        node.claim(end).then(|| Claimed { waiter: node.waiter, value: node.value.address(), kind: node.kind })
    }

    /// Takes out the first node that can still be claimed, and claims it with `end`.
    pub fn claim(&mut self, end: End) -> Option<Claimed> {
        // SAFETY: linked nodes are alive.
        while let Some(node) = unsafe { self.head.as_ref() } {
            let claimed = self.take(node, end);
            if claimed.is_some() {
                return claimed;
            }
        }
        None
    }

    /// The linked nodes in order, stale ones among them.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        // SAFETY: linked nodes are alive, and stay linked while the queue is borrowed.
        std::iter::successors(unsafe { self.head.as_ref() }, |node| unsafe { node.next.get().as_ref() })
    }

    /// Claims all nodes of one kind with `end`; the rest stay in order.
    pub fn claim_kind(&mut self, kind: Kind, end: End) -> Vec<Waiter> {
        let (mut claimed, mut at) = (Vec::new(), self.head);
        // SAFETY: linked nodes are alive; `next` is read before the node is unlinked.
        while let Some(node) = unsafe { at.as_ref() } {
            at = node.next.get();
            if node.kind == kind {
                claimed.extend(self.take(node, end).map(|node| node.waiter));
            }
        }
        claimed
    }
}
