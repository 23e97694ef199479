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
use crate::shim;
use crate::stack::home::Waits;
use crate::stack::{self, Slot, SlotStack};
use std::alloc::{Layout, alloc, dealloc};
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

/// Stack pointers are rounded to it.
const UNIT: usize = 16;
/// Room for copies comes in steps, so that a thread that parks again and again mostly finds room it has.
const STEP: usize = 4;

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

fn layout(units: u32) -> Layout {
    let bytes = (units as usize).next_multiple_of(STEP) * UNIT;
    Layout::from_size_align(bytes, UNIT).expect("a stack fits into memory")
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

    /// Makes room for a copy, if there is not as much already.
    fn room(&self, units: u32) -> *mut u8 {
        if self.saved.get().is_null() || layout(units) != layout(self.saved_units.get()) {
            self.free_saved();
            // SAFETY: not empty: a suspended thread has frames.
            let copy = unsafe { alloc(layout(units)) };
            if copy.is_null() {
                crate::mem::out_of_memory();
            }
            self.saved.set(copy);
        }
        self.saved_units.set(units);
        self.saved.get()
    }

    pub(super) fn free_saved(&self) {
        let copy = self.saved.replace(ptr::null_mut());
        if !copy.is_null() {
            // SAFETY: `room` allocated it for so many.
            unsafe { dealloc(copy, layout(self.saved_units.get())) };
        }
    }

    /// Copies the thread's frames to the heap. Its home can be released then.
    ///
    /// # Safety
    /// The caller has the thread, which is suspended at its home.
    pub(crate) unsafe fn put_away(&self) {
        debug_assert_eq!(self.place(), Place::Home);
        let slot = self.slot.get();
        let (low, base) = SlotStack::new(slot).bounds();
        // SAFETY: `bind` wrote it, and the caller has the thread.
        let from = live_from(unsafe { (*self.switch.get()).assume_init_ref() }, low, base) / UNIT * UNIT;
        let bytes = base - from;
        let units = u32::try_from(bytes / UNIT).expect("the largest stack is counted in 32 bits");
        let copy = self.room(units);
        // SAFETY: these bytes of the stack are live, but for some below the stack pointer on the same page; there is
        // room for them.
        unsafe { ptr::copy_nonoverlapping(ptr::with_exposed_provenance::<u8>(from), copy, bytes) };
        self.set_place(Place::Away);
        stack::trim(slot);
    }

    /// Brings the thread's frames back, or makes it ready for its first run.
    ///
    /// # Safety
    /// The caller has the thread, which is away and holds its home.
    pub(crate) unsafe fn bring_back(&self) {
        let slot = self.slot.get();
        let copy = self.saved.get();
        if copy.is_null() {
            // SAFETY: it never ran, and holds the slot.
            return unsafe { self.bind(slot, Place::Home) };
        }
        let stack = SlotStack::new(slot);
        let (_, base) = stack.bounds();
        let bytes = self.saved_units.get() as usize * UNIT;
        if !stack::reach(slot, bytes + stack.colour(slot)) {
            crate::mem::out_of_memory();
        }
        // SAFETY: the bytes lived there, nobody else is on the slot, and they are accessible now.
        unsafe { ptr::copy_nonoverlapping(copy, ptr::with_exposed_provenance_mut(base - bytes), bytes) };
        stack::set_owner(slot, ptr::from_ref(self).cast_mut());
        self.set_place(Place::Home);
    }

    /// The copy of the frames of a thread that is away, and the address of its first byte at home; for reports that walk stacks. None:
    /// the frames are where they belong.
    pub fn frames_away(&self) -> Option<(*const u8, usize, usize)> {
        let away = matches!(self.place(), Place::Away | Place::Granted) && !self.saved.get().is_null();
        let bytes = self.saved_units.get() as usize * UNIT;
        away.then(|| {
            let (_, base) = SlotStack::new(self.slot.get()).bounds();
            (self.saved.get().cast_const(), base - bytes, bytes)
        })
    }
}

impl Waits for Task {
    fn link(&self) -> &shim::AtomicUsize {
        &self.home_link
    }
}
