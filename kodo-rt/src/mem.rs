//! Stand-in: counted allocation on the system allocator. A header of 16 bytes remembers the size.

use std::alloc::{Layout, alloc as system_alloc, dealloc, handle_alloc_error};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

static LIVE: AtomicI64 = AtomicI64::new(0);
const HEADER: usize = 16;

pub fn alloc(size: usize) -> *mut u8 {
    let layout = Layout::from_size_align(size + HEADER, 16).expect("size of an object");
    // SAFETY: the layout is never empty; the header lies within the block.
    unsafe {
        let block = system_alloc(layout);
        if block.is_null() {
            handle_alloc_error(layout);
        }
        block.cast::<usize>().write(size);
        LIVE.fetch_add(1, Relaxed);
        block.add(HEADER)
    }
}

/// # Safety
/// `p` came from `alloc` and was not freed.
pub unsafe fn free(p: *mut u8) {
    // SAFETY: `alloc` wrote the size in front of the object.
    unsafe {
        let block = p.sub(HEADER);
        let size = block.cast::<usize>().read();
        LIVE.fetch_sub(1, Relaxed);
        dealloc(block, Layout::from_size_align_unchecked(size + HEADER, 16));
    }
}

#[cfg(all(test, not(loom)))]
pub(crate) fn live() -> i64 {
    LIVE.load(Relaxed)
}
