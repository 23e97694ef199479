//! Counted buffers: the memory behind `String` and `List<T>`.
//!
//! ```text
//!     handle ──▶ ┌───────┬─────┬──────────┬──────────────────┐
//!                │ count │ len │ capacity │ bytes / elements │
//!                └───────┴─────┴──────────┴──────────────────┘
//! ```
//!
//! The count's sign says who may touch it: above zero one thread, with plain loads and stores; below zero several,
//! atomically; zero nobody, it is a static. A buffer changes its sign twice at most: [`mark_shared`] when it crosses to
//! another thread while having more handles than one, and [`is_unique`] back when only one handle is left. The
//! latter is safe because whoever holds the only handle is the only one who can make more.
//!
//! Reads and writes of the count are atomic operations everywhere, though mostly relaxed ones, which are the plain
//! instructions: another thread may hold a handle of the same buffer, and then both look at the sign.
//!
//! These functions know nothing of what a buffer holds: whoever gets `true` from [`release`] drops the elements.

use super::{alloc, free, out_of_memory, realloc};
use crate::abi::{BUFFER_DATA_OFFSET, BufferHeader};
use std::sync::atomic::{AtomicI64, Ordering};

/// A handle: the address of a header. Never null.
pub type Buffer = *mut BufferHeader;

/// Room that a buffer gets at least when it first grows: smaller ones would grow again at once.
const LEAST_GROWTH_BYTES: usize = 40;

/// The buffer of every empty string and list.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static kodo_empty_buffer: BufferHeader = BufferHeader { count: 0, len: 0, capacity: 0 };

/// A handle of the empty buffer. Nobody writes through it: static buffers are never counted nor changed.
#[must_use]
pub fn empty() -> Buffer {
    (&raw const kodo_empty_buffer).cast_mut()
}

/// # Safety
/// `buffer` is a live handle.
unsafe fn count<'a>(buffer: Buffer) -> &'a AtomicI64 {
    // SAFETY: the handle is live, so the header is there, aligned, and its count is touched atomically only.
    unsafe { AtomicI64::from_ptr(&raw mut (*buffer).count) }
}

/// One more handle.
///
/// # Safety
/// `buffer` is a live handle.
#[inline]
pub unsafe fn retain(buffer: Buffer) {
    // SAFETY: by this function's contract.
    let count = unsafe { count(buffer) };
    // Relaxed: only the sign matters, and it cannot change under a handle that is not the only one (module docs).
    let n = count.load(Ordering::Relaxed);
    if n > 0 {
        count.store(n + 1, Ordering::Relaxed);
    } else if n < 0 {
        // Relaxed: a new handle is made from one that is held, which orders nothing (as in `Arc::clone`).
        count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One handle less. True: it was the last one, and the caller must drop the contents and [`dispose`] of the buffer.
///
/// # Safety
/// `buffer` is a live handle, which the caller gives away.
#[inline]
#[must_use]
pub unsafe fn release(buffer: Buffer) -> bool {
    // SAFETY: by this function's contract.
    let count = unsafe { count(buffer) };
    let n = count.load(Ordering::Relaxed);
    if n > 0 {
        count.store(n - 1, Ordering::Relaxed);
        n == 1
    } else if n < 0 {
        // Release: what this thread did with the contents happens before the last handle's owner frees them, whose
        // Acquire is the partner. (A fence for the last one alone would be enough, but ThreadSanitizer knows no fences.)
        count.fetch_add(1, Ordering::AcqRel) == -1
    } else {
        false
    }
}

/// Whether this is the only handle, so that the buffer may be changed in place. A shared buffer that turns out to
/// have one handle belongs to this thread again. False for static buffers.
///
/// # Safety
/// `buffer` is a live handle.
#[inline]
#[must_use]
pub unsafe fn is_unique(buffer: Buffer) -> bool {
    // SAFETY: by this function's contract.
    let count = unsafe { count(buffer) };
    // Acquire: pairs with the Release of the handles that went away; their reads of the contents are over.
    match count.load(Ordering::Acquire) {
        1 => true,
        -1 => {
            count.store(1, Ordering::Relaxed);
            true
        }
        _ => false,
    }
}

/// Lets other threads hold handles of the buffer. What is inside must be marked by whoever knows its type.
///
/// # Safety
/// `buffer` is a live handle; a count above zero belongs to this thread.
#[inline]
pub unsafe fn mark_shared(buffer: Buffer) {
    // SAFETY: by this function's contract.
    let count = unsafe { count(buffer) };
    let n = count.load(Ordering::Relaxed);
    if n > 0 {
        // Relaxed: whatever hands the buffer to another thread publishes this store with it.
        count.store(-n, Ordering::Relaxed);
    }
}

/// The first byte or element.
///
/// # Safety
/// `buffer` is a live handle.
#[inline]
#[must_use]
pub unsafe fn data(buffer: Buffer) -> *mut u8 {
    // SAFETY: header and contents are one allocation.
    unsafe { buffer.byte_add(BUFFER_DATA_OFFSET).cast() }
}

/// Bytes or elements.
///
/// # Safety
/// `buffer` is a live handle.
#[inline]
#[must_use]
pub unsafe fn len(buffer: Buffer) -> usize {
    // SAFETY: a live handle; lengths are never negative.
    unsafe { (*buffer).len as usize }
}

/// A buffer of one handle and no contents with room for `capacity` elements of `size` bytes.
#[must_use]
pub fn with_capacity(capacity: usize, size: usize) -> Buffer {
    let buffer: Buffer = alloc(bytes(capacity, size)).cast();
    // SAFETY: fresh memory of at least a header's size, and 8-aligned as every object is.
    unsafe { buffer.write(BufferHeader { count: 1, len: 0, capacity: capacity as i64 }) };
    buffer
}

/// Frees the memory. The contents were dropped or moved out.
///
/// # Safety
/// `buffer` is not static and has no handle left.
pub unsafe fn dispose(buffer: Buffer) {
    // SAFETY: by this function's contract.
    unsafe { free(buffer.cast()) }
}

/// Makes room for `least` elements in a unique buffer, doubling it so that appending costs amortized constant time.
/// The handle may change.
///
/// # Safety
/// `buffer` is a live and the only handle of a buffer that is not static.
#[must_use]
pub unsafe fn grow(buffer: Buffer, least: usize, size: usize) -> Buffer {
    // SAFETY: a live handle.
    let old = unsafe { (*buffer).capacity } as usize;
    if least <= old {
        return buffer;
    }
    let capacity = grown(old, least, size);
    // SAFETY: the only handle of a buffer made by `with_capacity` or here; nobody else sees it move.
    unsafe {
        let buffer: Buffer = realloc(buffer.cast(), bytes(capacity, size)).cast();
        (*buffer).capacity = capacity as i64;
        buffer
    }
}

/// The capacity after growing one of `old` so that `least` fit.
#[must_use]
pub fn grown(old: usize, least: usize, size: usize) -> usize {
    let first = LEAST_GROWTH_BYTES.checked_div(size).unwrap_or(usize::MAX >> 1);
    old.saturating_mul(2).max(least).max(first).min(i64::MAX as usize)
}

/// Size of the allocation for so many elements. Impossible sizes are out of memory.
fn bytes(capacity: usize, size: usize) -> usize {
    match capacity.checked_mul(size).and_then(|n| n.checked_add(BUFFER_DATA_OFFSET)) {
        Some(bytes) if bytes <= isize::MAX as usize => bytes,
        _ => out_of_memory(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::live_here;

    fn count_of(buffer: Buffer) -> i64 {
        // SAFETY: tests pass live handles.
        unsafe { (*buffer).count }
    }

    #[test]
    fn the_last_release_says_so_local_and_shared() {
        let before = live_here();
        for shared in [false, true] {
            let buffer = with_capacity(8, 1);
            // SAFETY: one handle, then two, then none; disposed of once.
            unsafe {
                retain(buffer);
                if shared {
                    mark_shared(buffer);
                }
                assert_eq!(count_of(buffer), if shared { -2 } else { 2 });
                retain(buffer);
                assert_eq!(count_of(buffer), if shared { -3 } else { 3 });
                assert!(!release(buffer));
                assert!(!is_unique(buffer));
                assert!(!release(buffer));
                assert!(release(buffer));
                dispose(buffer);
            }
        }
        assert_eq!(live_here(), before);
    }

    #[test]
    fn a_shared_buffer_with_one_handle_is_local_again() {
        let buffer = with_capacity(8, 1);
        // SAFETY: one live handle.
        unsafe {
            retain(buffer);
            mark_shared(buffer);
            mark_shared(buffer);
            assert_eq!(count_of(buffer), -2);
            assert!(!release(buffer));
            assert_eq!(count_of(buffer), -1);
            assert!(is_unique(buffer));
            assert_eq!(count_of(buffer), 1);
            assert!(release(buffer));
            dispose(buffer);
        }
    }

    #[test]
    fn static_buffers_are_never_counted_nor_unique() {
        // SAFETY: the empty buffer is always live.
        unsafe {
            retain(empty());
            mark_shared(empty());
            assert!(!is_unique(empty()));
            assert!(!release(empty()));
            assert_eq!((count_of(empty()), len(empty())), (0, 0));
        }
    }

    #[test]
    fn shared_counts_survive_threads() {
        struct Handle(Buffer);
        // SAFETY: the buffer is marked shared and its contents are not touched.
        unsafe impl Send for Handle {}
        let buffer = with_capacity(8, 1);
        let rounds = if cfg!(miri) { 20 } else { 10_000 };
        // SAFETY: each thread owns one handle and gives it away at its end.
        unsafe {
            retain(buffer);
            mark_shared(buffer);
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    retain(buffer);
                    let handle = Handle(buffer);
                    std::thread::spawn(move || {
                        let handle = handle;
                        for _ in 0..rounds {
                            retain(handle.0);
                            assert!(!release(handle.0));
                        }
                        assert!(!release(handle.0));
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(count_of(buffer), -2);
            assert!(!release(buffer));
            assert!(release(buffer));
            dispose(buffer);
        }
    }

    #[test]
    fn growth_doubles_and_keeps_the_contents() {
        assert_eq!(grown(0, 1, 1), 40);
        assert_eq!(grown(0, 1, 8), 5);
        assert_eq!(grown(0, 1, 64), 1);
        assert_eq!(grown(100, 101, 8), 200);
        assert_eq!(grown(100, 1000, 8), 1000);
        let buffer = with_capacity(1, 8);
        // SAFETY: the only handle; five elements fit after growing.
        unsafe {
            data(buffer).cast::<i64>().write(77);
            (*buffer).len = 1;
            let buffer = grow(buffer, 2, 8);
            assert_eq!((*buffer).capacity, 5);
            assert_eq!(data(buffer).cast::<i64>().read(), 77);
            assert_eq!(grow(buffer, 5, 8), buffer);
            assert!(release(buffer));
            dispose(buffer);
        }
    }
}
