//! Memory: the one place that allocates and frees what compiled programs hold.
//!
//! Everything comes from mimalloc, the runtime's own Rust objects too (it is the global allocator), because programs
//! allocate on one worker and free on another all the time. `buffer` has the counted buffers behind strings and lists;
//! `later` drops values of any depth without a deep stack.
//!
//! Objects can be counted to find leaks: `KODO_DEBUG=1` and tests switch the counter on, and a program that ended
//! normally has zero left. Off, it costs one predictable branch on a byte that is never written.
//!
//! Out of memory is a panic of the program like any other. That covers what is allocated here; the runtime's Rust
//! collections abort.

pub mod buffer;
pub mod later;

use crate::{abi, panic};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

#[cfg(not(any(miri, feature = "system-allocator")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// For tools that watch the system's allocator (valgrind, sanitizers; Miri knows these three and no foreign code).
#[cfg(any(miri, feature = "system-allocator"))]
use libc::{free as raw_free, malloc as raw_malloc, realloc as raw_realloc};
#[cfg(not(any(miri, feature = "system-allocator")))]
use libmimalloc_sys::{mi_free as raw_free, mi_malloc as raw_malloc, mi_realloc as raw_realloc};

/// Written once, before the program's first object; see [`count_objects`].
static COUNTING: AtomicBool = AtomicBool::new(cfg!(test));
static LIVE: AtomicI64 = AtomicI64::new(0);

#[cfg(test)]
thread_local! {
    /// What this thread made and did not free: tests run beside each other, so the process-wide number says little.
    static LIVE_HERE: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}

/// Switches counting of live objects on or off. Takes effect for objects made after it, so it belongs to the start.
pub fn count_objects(on: bool) {
    COUNTING.store(on, Ordering::Relaxed);
}

/// Objects made and not yet freed since counting began.
pub fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// The same for this OS thread alone; negative if it freed what others made.
#[cfg(test)]
pub(crate) fn live_here() -> i64 {
    LIVE_HERE.get()
}

/// Counts an object whose memory comes from elsewhere (an `Arc` or a `Box` of the runtime).
#[inline]
pub fn object_made() {
    // Relaxed: the flag is set before other threads exist, and the number is only read when they have ended.
    if COUNTING.load(Ordering::Relaxed) {
        count(1);
    }
}

/// The counterpart of [`object_made`].
#[inline]
pub fn object_gone() {
    if COUNTING.load(Ordering::Relaxed) {
        count(-1);
    }
}

#[cold]
fn count(change: i64) {
    LIVE.fetch_add(change, Ordering::Relaxed);
    #[cfg(test)]
    LIVE_HERE.set(LIVE_HERE.get() + change);
}

/// Memory for one object, aligned to 16 (8 for objects of up to 8 bytes). Never null.
#[must_use]
#[inline]
pub fn alloc(size: usize) -> *mut u8 {
    // Allocators may answer null to zero. SAFETY: any size may be asked for; the result is checked below.
    let object = unsafe { raw_malloc(size.max(1)) };
    if object.is_null() {
        out_of_memory();
    }
    object_made();
    object.cast()
}

/// Moves an object to memory of another size. It stays the same object for the counter.
///
/// # Safety
/// `object` came from [`alloc`] or from here and was not freed.
#[must_use]
pub unsafe fn realloc(object: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: by this function's contract.
    let object = unsafe { raw_realloc(object.cast(), size) };
    if object.is_null() {
        out_of_memory();
    }
    object.cast()
}

/// # Safety
/// `object` came from [`alloc`] or [`realloc`], and nobody uses it any more.
#[inline]
pub unsafe fn free(object: *mut u8) {
    object_gone();
    // SAFETY: by this function's contract.
    unsafe { raw_free(object.cast()) }
}

/// Memory that is no object of the program, aligned to 16 from 16 bytes on. Never null.
#[must_use]
pub(crate) fn alloc_uncounted(size: usize) -> *mut u8 {
    // SAFETY: any size may be asked for; the result is checked below.
    let memory = unsafe { raw_malloc(size.max(1)) };
    if memory.is_null() {
        out_of_memory();
    }
    memory.cast()
}

/// # Safety
/// `memory` came from [`alloc_uncounted`], and nobody uses it any more.
pub(crate) unsafe fn free_uncounted(memory: *mut u8) {
    // SAFETY: by this function's contract.
    unsafe { raw_free(memory.cast()) }
}

#[cold]
pub fn out_of_memory() -> ! {
    panic::panic_at("out of memory", std::ptr::null())
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_mem_alloc(size: i64) -> *mut u8 {
    match usize::try_from(size) {
        Ok(size) => alloc(size),
        Err(_) => out_of_memory(),
    }
}

/// # Safety
/// As [`free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_mem_free(object: *mut u8) {
    // SAFETY: by this function's contract.
    unsafe { free(object) }
}

abi::check!(kodo_mem_alloc, kodo_mem_free);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::child;

    #[test]
    fn objects_are_counted_from_alloc_to_free() {
        let before = live_here();
        let a = kodo_mem_alloc(40);
        let b = kodo_mem_alloc(0);
        assert_eq!(live_here(), before + 2);
        // SAFETY: both are fresh, and the first has forty bytes.
        unsafe {
            a.write_bytes(7, 40);
            let a = realloc(a, 4000);
            assert_eq!(a.add(39).read(), 7);
            assert_eq!(live_here(), before + 2);
            kodo_mem_free(a);
            kodo_mem_free(b);
        }
        assert_eq!(live_here(), before);
    }

    #[test]
    fn impossible_sizes_end_in_a_clean_panic() {
        let Some(end) = child("mem::tests::impossible_sizes_end_in_a_clean_panic", || {
            kodo_mem_alloc(i64::MAX - 4096);
        }) else {
            return;
        };
        assert_eq!(end.status, Some(101));
        assert!(end.stderr.contains("panic: out of memory\n"), "{}", end.stderr);
    }
}
