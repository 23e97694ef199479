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
//! The claimer owes the node's waiter one unpark ([`Wake`]), to be paid after the lock is released. Links and queues are
//! touched only under the lock that guards the queue; the end and the value are written by the claimer
//! under that lock, and read by the waiting thread after its park, which orders the two.
//!
//! A green thread in a wait of its own has left its stack when its node can be claimed: it parks *holding* the lock, which
//! its worker releases for it (`park_holding`). So the claimer has the thread, and wakes it without any atomic
//! read-modify-write.
//!
//! **Life.** No counts are needed. A node is touched by others only while it is linked, under the lock, which
//! includes being claimed; after that they know no more than its waiter. Its owner frees it after it was unparked
//! by the claimer, or has unlinked it under the lock itself. A thread keeps the node of its own waits for the next one.

use super::value::Slot;
use crate::abi::TypeInfo;
use crate::sched::park::{self, Waiter};
use crate::sched::wait::Wait;
use std::cell::Cell;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

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

/// One cache line, for waits of one's own: they use the same node again and again (see [`own_node`]).
#[repr(C, align(64))]
pub struct Node {
    /// The value to be sent, or room for the one to be received.
    pub value: Slot,
    waiter: Cell<Option<Waiter>>,
    /// Null for a wait of its own.
    wait: Option<Arc<Wait>>,
    // Guarded by the lock of the queue.
    previous: Cell<*const Node>,
    next: Cell<*const Node>,
    arm: u32,
    /// How a wait of its own ended; written by the claimer before the unpark, which orders it before the look.
    end: Cell<End>,
    kind: Cell<Kind>,
    linked: Cell<bool>,
    /// Whether it belongs to a thread for good, instead of to one wait.
    kept: bool,
}

/// The owner's hold of a node. Not a `Box`, which would claim that nobody else looks at it.
pub struct Owned(NonNull<Node>);

impl Deref for Owned {
    type Target = Node;
    fn deref(&self) -> &Node {
        // SAFETY: allocated by `Node::make`, and freed by `drop` at the earliest.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        debug_assert!(!self.linked.get(), "a node is freed while it is linked");
        if self.kept {
            // SAFETY: the owner's, and nobody else has it any more: see "Life" above.
            return unsafe { self.0.as_mut() }.value.clear();
        }
        // SAFETY: it came out of a box; as above.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Node {
    /// A wait of its own of the calling thread.
    pub fn alone(ty: &'static TypeInfo, kind: Kind) -> Owned {
        let (waiter, home) = park::current_and_node();
        let Some(home) = home else { return Node::make(ty, waiter, None, 0, kind, false) };
        let node = match NonNull::new(home.get()) {
            Some(mut node) => {
                // SAFETY: the calling thread's own, and it is not waiting.
                let node = unsafe { node.as_mut() };
                node.value.prepare(ty);
                node.waiter.set(Some(waiter));
                node.kind.set(kind);
                NonNull::from(node)
            }
            None => {
                let node = Node::make(ty, waiter, None, 0, kind, true);
                let pointer = node.0;
                std::mem::forget(node);
                home.set(pointer.as_ptr());
                pointer
            }
        };
        Owned(node)
    }

    /// One of the ways in which `wait` may be decided.
    pub fn shared(ty: &'static TypeInfo, wait: &Arc<Wait>, arm: usize) -> Owned {
        Node::make(ty, wait.waiter(), Some(wait.clone()), arm, Kind::Other, false)
    }

    fn make(
        ty: &'static TypeInfo,
        waiter: Waiter,
        wait: Option<Arc<Wait>>,
        arm: usize,
        kind: Kind,
        kept: bool,
    ) -> Owned {
        let mut node = Box::new(Node {
            value: Slot::empty(),
            waiter: Cell::new(Some(waiter)),
            wait,
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            arm: u32::try_from(arm).expect("a select has fewer arms"),
            end: Cell::new(End::Done),
            kind: Cell::new(kind),
            linked: Cell::new(false),
            kept,
        });
        node.value.prepare(ty);
        Owned(Box::leak(node).into())
    }

    pub fn waiter(&self) -> Waiter {
        self.waiter.get().expect("set while the node is in use")
    }

    pub fn kind(&self) -> Kind {
        self.kind.get()
    }

    /// Ends this wait, if nobody did before. True: the caller owes the waiter an unpark.
    #[inline]
    fn claim(&self, end: End) -> bool {
        match &self.wait {
            None => {
                self.end.set(end);
                true
            }
            Some(wait) => wait.decide(outcome(self.arm as usize, end)),
        }
    }

    /// How a wait of its own ended, after the park.
    pub fn end(&self) -> End {
        self.end.get()
    }
}

/// An unpark that is owed, to be paid when no lock is held any more.
#[must_use]
#[derive(Clone, Copy)]
pub struct Wake {
    waiter: Waiter,
    /// A wait of its own: published by `park_holding`, after the thread had left its stack.
    alone: bool,
}

impl Wake {
    #[inline]
    pub fn pay(self) {
        // SAFETY: the waiter comes from a node that was claimed, which happens once per park.
        unsafe { if self.alone { self.waiter.unpark_parked() } else { self.waiter.unpark() } }
    }
}

/// What is left of a node that was claimed: enough to serve it under the lock, and to wake its owner afterwards.
pub struct Claimed {
    pub wake: Wake,
    /// The node's value; valid until the unpark.
    pub value: *mut u8,
    pub kind: Kind,
}

/// A doubly linked list of nodes, so that a `select` leaves the queues of its losing arms at once.
pub struct WaitQueue {
    /// Atomic for the look of those who do not hold the lock.
    head: AtomicPtr<Node>,
    tail: Cell<*const Node>,
}

impl WaitQueue {
    pub fn new() -> WaitQueue {
        WaitQueue { head: AtomicPtr::new(ptr::null_mut()), tail: Cell::new(ptr::null()) }
    }

    /// Whether nobody is linked. Without the lock, a guess.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head().is_null()
    }

    #[inline]
    fn head(&self) -> *const Node {
        // Relaxed: written under the lock only.
        self.head.load(Ordering::Relaxed)
    }

    fn set_head(&self, node: *const Node) {
        self.head.store(node.cast_mut(), Ordering::Relaxed);
    }

    /// Links a node at the end.
    ///
    /// # Safety
    /// The caller holds the lock. The node's owner keeps it alive, at its place, until it is unlinked.
    pub unsafe fn push(&self, node: &Node) {
        debug_assert!(!node.linked.get());
        node.linked.set(true);
        node.previous.set(self.tail.get());
        node.next.set(ptr::null());
        // SAFETY: linked nodes are alive.
        match unsafe { self.tail.get().as_ref() } {
            Some(tail) => tail.next.set(node),
            None => self.set_head(node),
        }
        self.tail.set(node);
    }

    /// Takes a node out, if it is still in. The node must belong to this queue or to none.
    ///
    /// # Safety
    /// The caller holds the lock.
    pub unsafe fn unlink(&self, node: &Node) {
        if !node.linked.replace(false) {
            return;
        }
        let (previous, next) = (node.previous.get(), node.next.get());
        // SAFETY: neighbours of a linked node are linked, so alive.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.set_head(next),
            }
            match next.as_ref() {
                Some(next) => next.previous.set(previous),
                None => self.tail.set(previous),
            }
        }
    }

    /// Unlinks a node and claims it with `end`, if that is still possible.
    ///
    /// # Safety
    /// The caller holds the lock.
    #[inline]
    unsafe fn take(&self, node: &Node, end: End) -> Option<Claimed> {
        // SAFETY: as promised.
        unsafe { self.unlink(node) };
        let wake = Wake { waiter: node.waiter(), alone: node.wait.is_none() };
        let (value, kind) = (node.value.address(), node.kind());
        node.claim(end).then_some(Claimed { wake, value, kind })
    }

    /// Takes out the first node that can still be claimed, and claims it with `end`.
    ///
    /// # Safety
    /// The caller holds the lock.
    #[inline]
    pub unsafe fn claim(&self, end: End) -> Option<Claimed> {
        // SAFETY: linked nodes are alive.
        while let Some(node) = unsafe { self.head().as_ref() } {
            // SAFETY: as promised.
            let claimed = unsafe { self.take(node, end) };
            if claimed.is_some() {
                return claimed;
            }
        }
        None
    }

    /// The linked nodes in order, stale ones among them.
    ///
    /// # Safety
    /// The caller holds the lock while it uses the nodes.
    pub unsafe fn nodes(&self) -> impl Iterator<Item = &Node> {
        // SAFETY: linked nodes are alive, and stay linked while the lock is held.
        std::iter::successors(unsafe { self.head().as_ref() }, |node| unsafe { node.next.get().as_ref() })
    }

    /// Claims all nodes of one kind with `end`; the rest stay in order.
    ///
    /// # Safety
    /// The caller holds the lock.
    pub unsafe fn claim_kind(&self, kind: Kind, end: End) -> Vec<Wake> {
        let (mut claimed, mut at) = (Vec::new(), self.head());
        // SAFETY: linked nodes are alive; `next` is read before the node is unlinked.
        while let Some(node) = unsafe { at.as_ref() } {
            at = node.next.get();
            if node.kind() == kind {
                // SAFETY: as promised.
                claimed.extend(unsafe { self.take(node, end) }.map(|node| node.wake));
            }
        }
        claimed
    }
}
