//! Threads that leave their stack's slot while they wait, and the places where a thread's frames can be.
//!
//! ```text
//!                 private slot left                           ends
//!   Nowhere ──────────────────────────▶ Private ─────────────────────────────▶ Nowhere
//!      │                                                                          ▲
//!      │ none left: takes a home   holds it         ends                          │
//!      └───────────────────────────────────▶ Home ────────────────────────────────┤
//!                      │                     │ ▲ bring_back                       │
//!                      │ has to wait  put_away ▼ │
//!                      └──────────────────▶ Away ──(home handed over)─▶ Granted
//! ```
//!
//! `put_away` copies what is live, from the stack pointer to the first frame, to the heap; `bring_back` copies it to the same
//! addresses. Both are the worker's: the thread is off its stack, and the worker has it. A thread that has a home but never ran
//! is Away with nothing saved.
//!
//! A deep stack is copied as a whole, each time. What it touched beyond the first size is given back to the system.

use super::{Switch, Task};
use crate::stack::home::Waits;
use crate::stack::{self, Slot, SlotStack};
use crate::{mem, sanitizer, shim};
use std::ptr;

/// Where a thread's frames are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// It did not start.
    Nowhere,
    /// On a slot of its own.
    Private,
    /// At its home, which it holds.
    Home,
    /// On the heap; its home may be anybody's.
    Away,
    /// On the heap; its home was handed over to it.
    Granted,
}

/// Stack pointers are rounded to it, for the copy's sake.
const UNIT: usize = 16;

// `live_from` looks at the words of a coroutine.
const WORDS: usize = 4;
const _: () = assert!(size_of::<Switch>() == WORDS * size_of::<usize>(), "this corosensei is laid out differently");

/// The stack pointer of a suspended coroutine, which corosensei keeps to itself. Of its four words (stack base, stack
/// pointer, where that was at first, drop glue) two are addresses below the base: frames grow downwards, so the lower one.
fn live_from(switch: &Switch, low: usize, base: usize) -> usize {
    // SAFETY: the size is checked above, and as every field is a word there is no padding.
    let words = unsafe { ptr::from_ref(switch).cast::<[usize; WORDS]>().read() };
    let sp = words.into_iter().filter(|word| (low..base).contains(word)).min();
    sp.expect("a suspended coroutine has a stack pointer")
}

impl Task {
    /// Where its frames are. For who has the thread.
    pub(crate) fn place(&self) -> Place {
        self.place.get()
    }

    pub(crate) fn set_place(&self, place: Place) {
        self.place.set(place);
    }

    /// Whether it did not run yet. For who has the thread.
    pub(crate) fn never_ran(&self) -> bool {
        match self.place() {
            Place::Nowhere => true,
            Place::Away | Place::Granted => self.saved.get().is_null(),
            Place::Private | Place::Home => false,
        }
    }

    /// Gives a thread that never ran its home.
    pub(crate) fn settle_at(&self, home: Slot) {
        self.slot.set(home);
        self.set_place(Place::Away);
    }

    /// The lowest live address of a suspended thread, rounded down, and the bytes from there to the end of its stack.
    ///
    /// # Safety
    /// The caller has the thread, which is suspended.
    unsafe fn live(&self) -> (usize, usize) {
        let (low, base) = SlotStack::new(self.slot.get()).bounds();
        // SAFETY: `bind` wrote it, and the caller has the thread.
        let from = live_from(unsafe { (*self.switch.get()).assume_init_ref() }, low, base) / UNIT * UNIT;
        (from, base - from)
    }

    /// Copies the thread's frames to the heap. Its home can be released then.
    ///
    /// # Safety
    /// The caller has the thread, which is suspended at its home.
    pub(crate) unsafe fn put_away(&self) {
        debug_assert_eq!(self.place(), Place::Home);
        let slot = self.slot.get();
        // SAFETY: the caller's.
        let (from, bytes) = unsafe { self.live() };
        let copy = mem::alloc_uncounted(bytes);
        sanitizer::forget_frames(from, bytes);
        // SAFETY: these bytes of the stack are live, but for some below the stack pointer on the same page; there is
        // room for them.
        unsafe { ptr::copy_nonoverlapping(ptr::with_exposed_provenance::<u8>(from), copy, bytes) };
        self.saved.set(copy);
        self.set_place(Place::Away);
        stack::trim(slot);
    }

    /// Brings the thread's frames back, or makes it ready for its first run.
    ///
    /// # Safety
    /// The caller has the thread, which is away and holds its home.
    pub(crate) unsafe fn bring_back(&self) {
        let slot = self.slot.get();
        let copy = self.saved.replace(ptr::null_mut());
        if copy.is_null() {
            // SAFETY: it never ran, and holds the slot.
            return unsafe { self.bind(slot, Place::Home) };
        }
        // SAFETY: the caller's; it was suspended when it went away.
        let (from, bytes) = unsafe { self.live() };
        if !stack::reach(slot, bytes + SlotStack::new(slot).colour(slot)) {
            mem::out_of_memory();
        }
        sanitizer::forget_frames(from, bytes);
        // SAFETY: the bytes lived there, nobody else is on the slot, and they are accessible now. The copy is ours, and not
        // needed any more.
        unsafe {
            ptr::copy_nonoverlapping(copy, ptr::with_exposed_provenance_mut(from), bytes);
            mem::free_uncounted(copy);
        }
        stack::set_owner(slot, ptr::from_ref(self).cast_mut());
        self.set_place(Place::Home);
    }
}

impl Waits for Task {
    fn link(&self) -> &shim::AtomicUsize {
        &self.home_link
    }
}
