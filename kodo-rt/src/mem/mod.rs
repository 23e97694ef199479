//! Counted objects.

use std::alloc::Layout;
use std::sync::atomic::{AtomicI64, Ordering};

pub static LIVE: AtomicI64 = AtomicI64::new(0);

/// Memory for `size` bytes.
pub fn alloc(size: usize) -> *mut u8 {
    LIVE.fetch_add(1, Ordering::Relaxed);
    let layout = Layout::from_size_align(size + 16, 16).expect("a size that fits");
    // SAFETY: the layout has 16 bytes at least; the first word keeps the size.
    unsafe {
        let p = std::alloc::alloc(layout);
        assert!(!p.is_null());
        p.cast::<usize>().write(size);
        p.add(16)
    }
}

/// # Safety
/// `p` came from `alloc`.
pub unsafe fn free(p: *mut u8) {
    LIVE.fetch_sub(1, Ordering::Relaxed);
    // SAFETY: `alloc` made it and left the size below.
    unsafe {
        let p = p.sub(16);
        let size = p.cast::<usize>().read();
        std::alloc::dealloc(p, Layout::from_size_align(size + 16, 16).expect("a size that fits"));
    }
}
