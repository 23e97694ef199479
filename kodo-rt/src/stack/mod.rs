//! Stacks of green threads: one slab of address space, cut into slots of the maximum size.
//!
//! ```text
//!   slot i-1          │ slot i                                                        │ slot i+1
//!  ────────── top i-1 │ hard guard │ … not used yet … │ soft guard │ initial size  top │ hard guard …
//!                     └ low                                        ◀── grows downwards
//! ```
//!
//! Pages are committed by touching them, so a slot costs what its thread used. The hard guard at the slot's low end
//! stays for ever; the soft guard stands below the initial size, and hitting it doubles the usable part
//! (`grow`, called from the signal handler in `fault.rs`). It also tells which stacks to trim before they are
//! pooled. A guard lies right above the neighbour's top, in the same 2 MB region, so that both share one page-table page.
//!
//! Two kinds of guards. Linux 6.13 and later have *guard markers* (`MADV_GUARD_INSTALL`): page-table entries that
//! fault and split no mapping, so a million guarded stacks exist under the default `vm.max_map_count`. Elsewhere the whole
//! slab is inaccessible and `mprotect` opens the usable part of each slot: two mappings per slot, and at most
//! `MPROTECT_SLOTS` slots. Which one is probed once at start.
//!
//! **Private slots and homes.** The first threads (`KODO_PRIVATE_STACKS`) have a slot each until they end. All others share
//! some slots, their *homes*: such a thread runs at its home, and while it waits it lives in as much heap as its frames take
//! (`home`, `task/away.rs`). A million parked threads so cost some hundred bytes each, and no thread is ever refused a stack.
//!
//! The price is a rule: **nothing outside may point into the stack of a parked thread.** Wait nodes, values handed over and
//! futures live on the heap, and a thread that was woken fetches what it was given itself. `debug_assert_elsewhere` checks
//! it where threads publish something. On a thread's own stack anything may point anywhere: it comes back to the same
//! addresses.

pub mod config;
pub mod home;
pub mod pool;
pub mod rota;

use crate::task::Task;
use config::Config;
use home::Home;
use std::num::NonZeroUsize;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Covers frames of functions whose prologue does not probe; larger frames carry `probe-stack`.
pub const GUARD: usize = 16 << 10;
/// Address space for that many threads under the default sizes (8 TB of 128).
const MAX_SLOTS: usize = 1 << 20;
/// Two mappings per slot under the default `vm.max_map_count` of 65 530, with room for the rest of the process.
const MPROTECT_SLOTS: usize = 20_000;
/// The most address space asked for at first; halved while the system refuses.
const MAX_SLAB: usize = 1 << 43;
const REGION: usize = 2 << 20;
/// What stays committed of a stack that is trimmed.
const KEEP: usize = 64 << 10;

const MADV_GUARD_INSTALL: i32 = 102;
const MADV_GUARD_REMOVE: i32 = 103;

/// Index of a slot. `NONE` until a thread first runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot(pub u32);
impl Slot {
    pub const NONE: Slot = Slot(u32::MAX);
}

/// What is known of each slot; read by the signal handler.
#[repr(align(64))]
struct Meta {
    /// Usable bytes below the top; 0 while the slot was never used.
    usable: AtomicUsize,
    /// The thread that is on the slot, for the overflow report.
    task: AtomicPtr<Task>,
    /// Who may be, if the slot is shared.
    home: Home<Task>,
    /// How the thread on the slot leaves it: at the bottom of its stack.
    door: AtomicPtr<()>,
}

struct Slab {
    base: usize,
    slots: usize,
    stride: usize,
    initial: usize,
    /// Guard markers, or `mprotect`.
    markers: bool,
    meta: *const Meta,
    /// First slot that was never used.
    next: AtomicU32,
    /// So many slots may be private; so many are.
    private: u32,
    private_made: AtomicU32,
    /// The shared slots; `Slot::NONE` until made.
    homes: Box<[AtomicU32]>,
    workers: usize,
}

// A pointer, not a `OnceLock`: the signal handler reads it.
static SLAB: AtomicPtr<Slab> = AtomicPtr::new(ptr::null_mut());

fn slab() -> Option<&'static Slab> {
    // SAFETY: null, or a leaked `Slab` that `init` published with Release.
    unsafe { SLAB.load(Ordering::Acquire).as_ref() }
}

/// What an access to an address did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The stack grew; try again.
    Grown,
    /// The stack of this thread (null: unknown) is used up.
    Overflow(*const Task),
    /// Not one of our stacks, or not a guard.
    Elsewhere,
}

/// Homes per worker: the more there are, the rarer two threads that want to run meet at one, and the more stacks are warm.
const HOMES: usize = 64;

/// Reserves the slab. Once per process.
///
/// # Errors
/// The system refused even a small slab; the text says why.
pub fn init(config: &Config, workers: usize) -> Result<(), String> {
    let stride = config.max.next_multiple_of(4096).max(config::MIN + GUARD);
    let mut slots = (MAX_SLAB / stride).clamp(1, MAX_SLOTS);
    let (base, map, len) = loop {
        let len = slots * stride + 2 * REGION;
        // SAFETY: asks for fresh address space.
        let map = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK,
                -1,
                0,
            )
        };
        if map != libc::MAP_FAILED {
            break ((map as usize + GUARD).next_multiple_of(REGION), map, len);
        }
        slots /= 2;
        if slots < 16 {
            return Err(format!("cannot reserve stacks: {}", std::io::Error::last_os_error()));
        }
    };
    // Transparent huge pages would commit 2 MB per stack. Failure (a kernel without them) is fine.
    // SAFETY: our own fresh mapping.
    unsafe { libc::madvise(map, len, libc::MADV_NOHUGEPAGE) };
    // The probe is slot 0's hard guard.
    // SAFETY: inside our own mapping, which starts at least `GUARD` below `base`.
    let markers =
        !config.mprotect && unsafe { libc::madvise((base - GUARD) as *mut _, GUARD, MADV_GUARD_INSTALL) } == 0;
    if !markers {
        slots = slots.min(MPROTECT_SLOTS);
        // SAFETY: our own mapping, in which nothing lives yet.
        if unsafe { libc::mprotect(map, len, libc::PROT_NONE) } != 0 {
            return Err(format!("cannot guard stacks: {}", std::io::Error::last_os_error()));
        }
    }
    let bytes = slots * size_of::<Meta>();
    // Zero pages are a valid `[Meta]`, committed as slots are used.
    // SAFETY: asks for fresh memory.
    let meta = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if meta == libc::MAP_FAILED {
        return Err(format!("cannot reserve stacks: {}", std::io::Error::last_os_error()));
    }
    let usable_max = stride - GUARD;
    let initial = if config.initial + GUARD > usable_max { usable_max } else { config.initial };
    // Homes there must be.
    let private = config.private.min(slots / 2);
    let homes = config.homes.unwrap_or(HOMES * workers).min(slots - private);
    let slab = Slab {
        base,
        slots,
        stride,
        initial,
        markers,
        meta: meta.cast_const().cast(),
        next: AtomicU32::new(0),
        private: private as u32,
        private_made: AtomicU32::new(0),
        homes: (0..homes).map(|_| AtomicU32::new(Slot::NONE.0)).collect(),
        workers,
    };
    SLAB.store(Box::into_raw(Box::new(slab)), Ordering::Release);
    Ok(())
}

impl Slab {
    fn meta(&self, slot: Slot) -> &Meta {
        debug_assert!((slot.0 as usize) < self.slots);
        // SAFETY: `meta` has `slots` entries and lives for ever.
        unsafe { &*self.meta.add(slot.0 as usize) }
    }

    fn top(&self, slot: Slot) -> usize {
        self.base + (slot.0 as usize + 1) * self.stride - GUARD
    }

    fn usable_max(&self) -> usize {
        self.stride - GUARD
    }

    /// The next size after `usable`.
    fn grown(&self, usable: usize) -> usize {
        if 2 * usable + GUARD > self.usable_max() { self.usable_max() } else { 2 * usable }
    }

    /// Makes `usable` bytes below the top of the slot accessible and puts a guard below; `was` are accessible now.
    fn open(&self, slot: Slot, was: usize, usable: usize) -> bool {
        let top = self.top(slot);
        if !self.markers {
            return protect(top - usable, usable - was, libc::PROT_READ | libc::PROT_WRITE);
        }
        // The new guard first: there is no moment without one.
        (usable == self.usable_max() || mark(top - usable - GUARD, MADV_GUARD_INSTALL))
            && (was == 0 || was == self.usable_max() || mark(top - was - GUARD, MADV_GUARD_REMOVE))
    }
}

// Both are system calls on plain numbers, and so safe in a signal handler.
fn mark(at: usize, advice: i32) -> bool {
    // SAFETY: the callers pass guard places inside the slab; no live frame is there.
    unsafe { libc::madvise(at as *mut _, GUARD, advice) == 0 }
}
fn protect(at: usize, len: usize, access: i32) -> bool {
    // SAFETY: the callers pass parts of a slot; closed parts hold no live frame.
    unsafe { libc::mprotect(at as *mut _, len, access) == 0 }
}

/// A slot that was never used. None: there is none left, or the system refused a guard.
fn fresh() -> Option<Slot> {
    let slab = slab()?;
    let index =
        slab.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| ((n as usize) < slab.slots).then_some(n + 1));
    let slot = Slot(index.ok()?);
    let low = slab.top(slot) - slab.usable_max() - GUARD;
    let guarded = (!slab.markers || mark(low, MADV_GUARD_INSTALL)) && slab.open(slot, 0, slab.initial);
    if !guarded {
        return None;
    }
    slab.meta(slot).usable.store(slab.initial, Ordering::Relaxed);
    Some(slot)
}

/// The lock of a shared slot.
pub fn home(slot: Slot) -> &'static Home<Task> {
    &slab().expect("a thread has a slot of the slab").meta(slot).home
}

/// Makes so many bytes below the top accessible, for frames that come back.
pub fn reach(slot: Slot, bytes: usize) -> bool {
    let Some(slab) = slab() else { return false };
    let usable = &slab.meta(slot).usable;
    loop {
        let was = usable.load(Ordering::Relaxed);
        if was >= bytes {
            return true;
        }
        let grown = slab.grown(was);
        if was == grown || !slab.open(slot, was, grown) {
            return false;
        }
        usable.store(grown, Ordering::Relaxed);
    }
}

/// Whether an address is in the slab: on the stack of some green thread.
pub fn contains(address: usize) -> bool {
    slab().is_some_and(|slab| (slab.base - GUARD..slab.base - GUARD + slab.slots * slab.stride).contains(&address))
}

/// What a thread publishes before it parks must not be on its stack.
#[inline]
pub fn debug_assert_elsewhere<T: ?Sized>(published: *const T) {
    debug_assert!(!contains(published.addr()), "something outside points into a stack that may be away");
}

/// Says how a thread on the slot leaves it. For the thread itself.
pub fn set_door(slot: Slot, door: *const ()) {
    if let Some(slab) = slab() {
        slab.meta(slot).door.store(door.cast_mut(), Ordering::Relaxed);
    }
}

/// How a thread on the slot leaves it.
#[inline]
pub fn door(slot: Slot) -> *const () {
    slab().expect("a thread has a slot of the slab").meta(slot).door.load(Ordering::Relaxed)
}

/// Says which thread is on the slot; null: none.
pub fn set_owner(slot: Slot, task: *mut Task) {
    if let Some(slab) = slab() {
        slab.meta(slot).task.store(task, Ordering::Relaxed);
    }
}

/// Whether half of the largest stack is left to the calling thread, whose slot this is.
pub fn has_half(slot: Slot) -> bool {
    let Some(slab) = slab() else { return false };
    let here = 0u8;
    slab.top(slot).saturating_sub(ptr::from_ref(&here).addr()) <= slab.usable_max() / 2
}

/// Gives back what a grown stack committed, and puts its soft guard back.
pub fn trim(slot: Slot) {
    let Some(slab) = slab() else { return };
    let usable = slab.meta(slot).usable.load(Ordering::Relaxed);
    if usable == slab.initial {
        return;
    }
    let top = slab.top(slot);
    let keep = KEEP.min(slab.initial);
    // SAFETY: the slot is free: nothing lives on it.
    unsafe { libc::madvise((top - usable) as *mut _, usable - keep, libc::MADV_DONTNEED) };
    let closed = if slab.markers {
        mark(top - slab.initial - GUARD, MADV_GUARD_INSTALL)
            && (usable == slab.usable_max() || mark(top - usable - GUARD, MADV_GUARD_REMOVE))
    } else {
        protect(top - usable, usable - slab.initial, libc::PROT_NONE)
    };
    // A refusal leaves the stack large, which is only a waste.
    if closed {
        slab.meta(slot).usable.store(slab.initial, Ordering::Relaxed);
    }
}

/// Called from the signal handler: only atomics and system calls.
pub fn fault(address: usize) -> Fault {
    let Some(slab) = slab() else { return Fault::Elsewhere };
    let low = slab.base - GUARD;
    if address < low || address >= low + slab.slots * slab.stride {
        return Fault::Elsewhere;
    }
    let slot = Slot(((address - low) / slab.stride) as u32);
    let meta = slab.meta(slot);
    let task = meta.task.load(Ordering::Relaxed).cast_const();
    let usable = meta.usable.load(Ordering::Relaxed);
    let top = slab.top(slot);
    if usable == 0 || address >= top - usable {
        return Fault::Elsewhere;
    }
    let grown = slab.grown(usable);
    // The guard is hit page by page from above, so an address far below it is a wild pointer, not growth.
    if usable < slab.usable_max() && address >= top - usable - GUARD && slab.open(slot, usable, grown) {
        meta.usable.store(grown, Ordering::Relaxed);
        return Fault::Grown;
    }
    Fault::Overflow(task)
}

/// The end of the stack that an address of the slab belongs to.
pub fn top_of(address: usize) -> Option<usize> {
    let slab = slab()?;
    let low = slab.base - GUARD;
    (address >= low && address < low + slab.slots * slab.stride)
        .then(|| slab.top(Slot(((address - low) / slab.stride) as u32)))
}

/// A slot as corosensei wants it. It does not own the slot: the pool does, and takes it back when the thread ends.
#[derive(Clone, Copy)]
pub struct SlotStack {
    /// One word, so that a coroutine is small.
    base: NonZeroUsize,
}

impl SlotStack {
    /// The stack of a slot. Tops are *coloured*: threads that sit at the same depth would else compete for the same
    /// cache sets, and their page-table entries for the same lines.
    #[must_use]
    pub fn new(slot: Slot) -> SlotStack {
        let slab = slab().expect("stacks are reserved before threads run");
        let colour = (slot.0 as usize & 15) * if slab.initial >= 1 << 20 { 128 + (32 << 10) } else { 128 };
        SlotStack { base: NonZeroUsize::new(slab.top(slot) - colour).expect("not at address zero") }
    }

    /// The lowest address of the slot, and the end of the stack's first frame.
    #[must_use]
    pub fn bounds(self) -> (usize, usize) {
        (corosensei::stack::Stack::limit(&self).get(), self.base.get())
    }

    /// Bytes between this stack's first frame and the slot's top.
    #[must_use]
    pub fn colour(self, slot: Slot) -> usize {
        slab().map_or(0, |slab| slab.top(slot) - self.base.get())
    }
}

// SAFETY: `fresh` put guards below the slot, and the smallest configuration leaves `config::MIN` bytes above them.
unsafe impl corosensei::stack::Stack for SlotStack {
    fn base(&self) -> NonZeroUsize {
        self.base
    }
    fn limit(&self) -> NonZeroUsize {
        let slab = slab().expect("the stack is of the slab");
        let low = slab.base - GUARD;
        // A base may be the very end of its slot.
        NonZeroUsize::new(low + (self.base.get() - 1 - low) / slab.stride * slab.stride).expect("not at address zero")
    }
}

/// Whether guards are markers, which are not limited in number.
#[must_use]
pub fn has_markers() -> bool {
    slab().is_some_and(|slab| slab.markers)
}
