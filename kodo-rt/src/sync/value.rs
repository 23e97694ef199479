//! Values of a type that is known only at run time: glue calls, and storage on the heap.
//!
//! A value moves by copying its bytes; whoever holds the bytes last owns what they refer to. Nothing in this
//! file drops a value by itself: owners do, with [`drop_value`].

use crate::abi::TypeInfo;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr;

/// # Safety
/// `value` holds a value of `ty`.
#[inline]
pub unsafe fn share(ty: &TypeInfo, value: *mut u8, all: i64) {
    if let Some(share) = ty.share {
        // SAFETY: as promised.
        unsafe { share(value, all) };
    }
}

/// # Safety
/// `value` holds a value of `ty`; its bytes are dead afterwards.
#[inline]
pub unsafe fn drop_value(ty: &TypeInfo, value: *mut u8) {
    if let Some(drop) = ty.drop {
        // SAFETY: as promised.
        unsafe { drop(value) };
    }
}

/// Copies bytes of a value; most values are one word.
///
/// # Safety
/// Both sides are `size` bytes of different memory.
#[inline]
pub unsafe fn move_bytes(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: as promised.
    unsafe {
        if size == 8 {
            to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned());
        } else {
            ptr::copy_nonoverlapping(from, to, size);
        }
    }
}

pub fn size(ty: &TypeInfo) -> usize {
    ty.size as usize
}

fn layout(ty: &TypeInfo, count: usize) -> Layout {
    let bytes = size(ty).checked_mul(count).expect("bytes of a channel's values");
    Layout::from_size_align(bytes, (ty.align as usize).max(1)).expect("layout of a channel's values")
}

/// Memory for `count` values; dangling if they have no bytes.
fn allocate(ty: &TypeInfo, count: usize) -> *mut u8 {
    let layout = layout(ty, count);
    if layout.size() == 0 {
        return ptr::without_provenance_mut(layout.align());
    }
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(layout) };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    memory
}

/// # Safety
/// `memory` came from `allocate` with the same arguments.
unsafe fn free(ty: &TypeInfo, count: usize, memory: *mut u8) {
    let layout = layout(ty, count);
    if layout.size() != 0 {
        // SAFETY: as promised.
        unsafe { dealloc(memory, layout) };
    }
}

/// Words of a value that a slot holds without an allocation of its own: three, so that strings, handles,
/// `Option`s of them and small tuples fit.
const INLINE_WORDS: usize = 3;

/// Room for one value on its way from thread to thread.
pub struct Slot {
    ty: &'static TypeInfo,
    inline: UnsafeCell<[MaybeUninit<u64>; INLINE_WORDS]>,
    /// Used when the value does not fit; else null.
    heap: *mut u8,
}

impl Slot {
    pub fn new(ty: &'static TypeInfo) -> Slot {
        let fits = size(ty) <= size_of::<[u64; INLINE_WORDS]>() && ty.align as usize <= align_of::<u64>();
        Slot {
            ty,
            inline: UnsafeCell::new([MaybeUninit::uninit(); INLINE_WORDS]),
            heap: if fits { ptr::null_mut() } else { allocate(ty, 1) },
        }
    }

    /// Where the value is. Valid as long as the slot does not move.
    pub fn address(&self) -> *mut u8 {
        if self.heap.is_null() { self.inline.get().cast() } else { self.heap }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.heap.is_null() {
            // SAFETY: allocated in `new` with the same arguments.
            unsafe { free(self.ty, 1, self.heap) };
        }
    }
}

/// A queue of values in a ring that doubles when it is full.
///
/// ```text
///        head            head + len (mod room)
///          v              v
///   [ . . | 3 | 4 | 5 | 6 | . . ]
/// ```
pub struct Ring {
    ty: &'static TypeInfo,
    memory: *mut u8,
    /// Slots, 0 or a power of two.
    room: usize,
    head: usize,
    len: usize,
}

/// Slots of the first ring. Small, since many channels carry one value in their life.
const FIRST_ROOM: usize = 4;
/// A ring that is found empty with more room than this gives its memory back.
const KEEP_ROOM: usize = 4096;

impl Ring {
    pub fn new(ty: &'static TypeInfo) -> Ring {
        Ring { ty, memory: allocate(ty, 0), room: 0, head: 0, len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    fn slot(&self, index: usize) -> *mut u8 {
        // SAFETY: the index is masked to the room, all of which was allocated.
        unsafe { self.memory.add((index & (self.room - 1)) * size(self.ty)) }
    }

    /// # Safety
    /// `value` holds a value of the ring's type, which moves in.
    pub unsafe fn push(&mut self, value: *const u8) {
        if self.len == self.room {
            self.grow();
        }
        // SAFETY: `grow` made sure that this slot is free.
        unsafe { move_bytes(value, self.slot(self.head + self.len), size(self.ty)) };
        self.len += 1;
    }

    /// Moves the oldest value out; false if there is none.
    ///
    /// # Safety
    /// `out` has room for a value of the ring's type.
    pub unsafe fn pop(&mut self, out: *mut u8) -> bool {
        if self.len == 0 {
            return false;
        }
        // SAFETY: the slot at `head` holds a value.
        unsafe { move_bytes(self.slot(self.head), out, size(self.ty)) };
        self.head = (self.head + 1) & (self.room - 1);
        self.len -= 1;
        if self.len == 0 && self.room > KEEP_ROOM {
            *self = Ring::new(self.ty);
        }
        true
    }

    #[cold]
    fn grow(&mut self) {
        let room = (self.room * 2).max(FIRST_ROOM);
        let memory = allocate(self.ty, room);
        if self.len != 0 {
            // The values in order: from `head` to the end of the ring, then from its start.
            let first = self.len.min(self.room - self.head);
            // SAFETY: both runs lie within the old ring and together fill the start of the new one.
            unsafe {
                ptr::copy_nonoverlapping(self.slot(self.head), memory, first * size(self.ty));
                let rest = self.len - first;
                ptr::copy_nonoverlapping(self.memory, memory.add(first * size(self.ty)), rest * size(self.ty));
            }
        }
        // SAFETY: the old memory was allocated with this room.
        unsafe { free(self.ty, self.room, self.memory) };
        (self.memory, self.room, self.head) = (memory, room, 0);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: allocated with this room. Values still in it are their owner's business.
        unsafe { free(self.ty, self.room, self.memory) };
    }
}
