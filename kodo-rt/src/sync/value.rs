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
    /// The type of a value that does not fit; else null.
    far: *const TypeInfo,
    /// The value, or the address of where it is.
    inline: UnsafeCell<[MaybeUninit<u64>; INLINE_WORDS]>,
}

impl Slot {
    pub fn empty() -> Slot {
        Slot { far: ptr::null(), inline: UnsafeCell::new([MaybeUninit::uninit(); INLINE_WORDS]) }
    }

    pub fn new(ty: &'static TypeInfo) -> Slot {
        let mut slot = Slot::empty();
        slot.prepare(ty);
        slot
    }

    /// Makes room for a value. The slot is empty.
    #[inline]
    pub fn prepare(&mut self, ty: &'static TypeInfo) {
        debug_assert!(self.far.is_null());
        if size(ty) > size_of::<[u64; INLINE_WORDS]>() || ty.align as usize > align_of::<u64>() {
            self.inline.get_mut()[0] = MaybeUninit::new(allocate(ty, 1).expose_provenance() as u64);
            self.far = ty;
        }
    }

    /// Where the value is. Valid as long as the slot does not move.
    #[inline]
    pub fn address(&self) -> *mut u8 {
        let inline = self.inline.get();
        if self.far.is_null() {
            return inline.cast();
        }
        // SAFETY: `prepare` wrote the address there, and it stays until `clear`.
        ptr::with_exposed_provenance_mut(unsafe { (*inline)[0].assume_init() } as usize)
    }

    /// Gives the room back, whatever is in it.
    #[inline]
    pub fn clear(&mut self) {
        // SAFETY: null, or the type that `prepare` was given, and the room that it allocated for it.
        if let Some(ty) = unsafe { self.far.as_ref() } {
            // SAFETY: as above.
            unsafe { free(ty, 1, self.address()) };
            self.far = ptr::null();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.clear();
    }
}
