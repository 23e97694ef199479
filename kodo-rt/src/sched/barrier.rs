//! Fences that cost only one side something.
//!
//! Two threads that each write one word and then read the other's need a fence between the two on both sides, or both may read
//! old values. Where one side does that with every spawn and pick and the other rarely (a thief, a worker that falls
//! asleep), the rare one asks the kernel to run a fence on every processor that runs this process (`membarrier`, half a
//! microsecond), and the frequent one needs only keep the compiler from reordering. Where the kernel cannot, both
//! use ordinary fences. loom does not know of processors, so its twins are ordinary fences too.

use crate::shim::{Ordering, fence};

#[cfg(not(loom))]
mod kernel {
    use std::sync::atomic::{AtomicBool, Ordering};

    // From linux/membarrier.h.
    pub const PRIVATE_EXPEDITED: i32 = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

    /// Written before other threads exist.
    pub static AVAILABLE: AtomicBool = AtomicBool::new(false);

    pub fn membarrier(command: i32) -> bool {
        // SAFETY: orders memory accesses, touches nothing.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    pub fn register() {
        AVAILABLE.store(membarrier(REGISTER_PRIVATE_EXPEDITED), Ordering::Relaxed);
    }
}

/// Asks the kernel for its help. Once, before there are other threads; without it everything works, only more slowly.
pub fn init() {
    #[cfg(not(loom))]
    kernel::register();
}

/// The frequent side.
#[inline(always)]
pub fn light() {
    #[cfg(not(loom))]
    if kernel::AVAILABLE.load(Ordering::Relaxed) {
        return std::sync::atomic::compiler_fence(Ordering::SeqCst);
    }
    fence(Ordering::SeqCst);
}

/// The rare side.
#[cold]
pub fn heavy() {
    #[cfg(not(loom))]
    if kernel::AVAILABLE.load(Ordering::Relaxed) && kernel::membarrier(kernel::PRIVATE_EXPEDITED) {
        return;
    }
    fence(Ordering::SeqCst);
}
