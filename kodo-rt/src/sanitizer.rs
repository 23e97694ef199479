//! What the sanitizers must be told about stacks: which one the thread is on. Without them (features `tsan`, `asan`) a `Fiber`
//! is empty and its functions do nothing.
//!
//! ```text
//!   worker                          green thread
//!   enter ──────── switch ────────▶ arrive            the first time, and after every suspension
//!   back  ◀─────── switch ───────── leave             at every suspension; `leave_for_ever` the last time
//! ```
//!
//! ThreadSanitizer keeps one history for each fiber; a switch orders what the worker did before what the thread does, as it
//! should: both are on one OS thread. AddressSanitizer must know the bounds of the stack, or takes every frame for an
//! overflow of the worker's.
//!
//! Nothing that the sanitizers see may stand between a hook and its switch.

#[cfg(not(any(feature = "tsan", feature = "asan")))]
mod hooks {
    pub struct Fiber;
    pub struct Passage;

    #[allow(clippy::unused_self, reason = "twins of functions that use it")]
    impl Fiber {
        pub fn new() -> Fiber {
            Fiber
        }
        #[inline(always)]
        pub fn begin(&self, _low: usize, _base: usize) {}
        #[inline(always)]
        pub fn end(&self) {}
        #[inline(always)]
        pub fn enter(&self) -> Passage {
            Passage
        }
        #[inline(always)]
        pub fn back(&self, _passage: Passage) {}
        #[inline(always)]
        pub fn arrive(&self) {}
        #[inline(always)]
        pub fn leave(&self) {}
        #[inline(always)]
        pub fn leave_for_ever(&self) {}
    }

    #[inline(always)]
    pub fn forget_frames(_from: usize, _bytes: usize) {}
}

#[cfg(feature = "tsan")]
mod hooks {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;

    unsafe extern "C" {
        fn __tsan_get_current_fiber() -> *mut c_void;
        fn __tsan_create_fiber(flags: u32) -> *mut c_void;
        fn __tsan_destroy_fiber(fiber: *mut c_void);
        fn __tsan_switch_to_fiber(fiber: *mut c_void, flags: u32);
    }

    pub struct Fiber {
        own: Cell<*mut c_void>,
        /// The worker that resumed it.
        worker: Cell<*mut c_void>,
    }
    pub struct Passage;

    impl Fiber {
        pub fn new() -> Fiber {
            Fiber { own: Cell::new(ptr::null_mut()), worker: Cell::new(ptr::null_mut()) }
        }
        /// The thread gets a stack, `low..base`.
        pub fn begin(&self, _low: usize, _base: usize) {
            // SAFETY: takes no memory of ours.
            self.own.set(unsafe { __tsan_create_fiber(0) });
        }
        /// The thread has ended.
        pub fn end(&self) {
            let own = self.own.replace(ptr::null_mut());
            if !own.is_null() {
                // SAFETY: `begin` made it, and nobody is on it.
                unsafe { __tsan_destroy_fiber(own) };
            }
        }
        #[inline(always)]
        pub fn enter(&self) -> Passage {
            // SAFETY: the caller switches to the fiber's stack next.
            unsafe {
                self.worker.set(__tsan_get_current_fiber());
                __tsan_switch_to_fiber(self.own.get(), 0);
            }
            Passage
        }
        #[inline(always)]
        pub fn back(&self, _passage: Passage) {}
        #[inline(always)]
        pub fn arrive(&self) {}
        #[inline(always)]
        pub fn leave(&self) {
            // SAFETY: the caller switches to the worker's stack next.
            unsafe { __tsan_switch_to_fiber(self.worker.get(), 0) };
        }
        #[inline(always)]
        pub fn leave_for_ever(&self) {
            self.leave();
        }
    }

    #[inline(always)]
    pub fn forget_frames(_from: usize, _bytes: usize) {}
}

#[cfg(feature = "asan")]
mod hooks {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;

    unsafe extern "C" {
        fn __sanitizer_start_switch_fiber(fake: *mut *mut c_void, bottom: *const c_void, size: usize);
        fn __sanitizer_finish_switch_fiber(fake: *mut c_void, bottom: *mut *const c_void, size: *mut usize);
        fn __asan_unpoison_memory_region(at: *const c_void, size: usize);
    }

    /// Lowest address and size.
    type Bounds = (*const c_void, usize);

    pub struct Fiber {
        own: Cell<Bounds>,
        /// The stack of the worker that resumed it.
        worker: Cell<Bounds>,
        fake: Cell<*mut c_void>,
    }
    /// The worker's fake stack while the thread runs.
    pub struct Passage(*mut c_void);

    impl Fiber {
        pub fn new() -> Fiber {
            let none = (ptr::null(), 0);
            Fiber { own: Cell::new(none), worker: Cell::new(none), fake: Cell::new(ptr::null_mut()) }
        }
        /// The thread gets a stack, `low..base`.
        pub fn begin(&self, low: usize, base: usize) {
            self.own.set((ptr::with_exposed_provenance(low), base - low));
            self.fake.set(ptr::null_mut());
        }
        /// The thread has ended: what its frames left behind does not concern the next one.
        pub fn end(&self) {
            let (low, size) = self.own.get();
            // The frames of a thread that ended are at most this deep in practice, and the rest was never marked.
            const DEEP: usize = 1 << 16;
            let part = size.min(DEEP);
            if part > 0 {
                forget_frames(low.addr() + size - part, part);
            }
        }
        #[inline(always)]
        pub fn enter(&self) -> Passage {
            let mut fake = ptr::null_mut();
            let (low, size) = self.own.get();
            // SAFETY: the bounds of the stack that the caller switches to next.
            unsafe { __sanitizer_start_switch_fiber(&raw mut fake, low, size) };
            Passage(fake)
        }
        #[inline(always)]
        pub fn back(&self, passage: Passage) {
            // SAFETY: `enter` gave it, on this stack.
            unsafe { __sanitizer_finish_switch_fiber(passage.0, ptr::null_mut(), ptr::null_mut()) };
        }
        #[inline(always)]
        pub fn arrive(&self) {
            let (mut low, mut size) = (ptr::null(), 0);
            // SAFETY: `leave` gave it (null the first time); asks for the bounds of the worker's stack.
            unsafe { __sanitizer_finish_switch_fiber(self.fake.get(), &raw mut low, &raw mut size) };
            self.worker.set((low, size));
        }
        #[inline(always)]
        pub fn leave(&self) {
            let mut fake = ptr::null_mut();
            let (low, size) = self.worker.get();
            // SAFETY: the bounds of the stack that the caller switches to next.
            unsafe { __sanitizer_start_switch_fiber(&raw mut fake, low, size) };
            self.fake.set(fake);
        }
        #[inline(always)]
        pub fn leave_for_ever(&self) {
            let (low, size) = self.worker.get();
            // SAFETY: as above; no place for a fake stack means that it is not needed any more.
            unsafe { __sanitizer_start_switch_fiber(ptr::null_mut(), low, size) };
        }
    }

    /// Of these bytes of a stack nothing is forbidden any more: frames are copied as a whole, with what lies between
    /// their variables.
    pub fn forget_frames(from: usize, bytes: usize) {
        // SAFETY: marks memory as accessible, no more.
        unsafe { __asan_unpoison_memory_region(ptr::with_exposed_provenance(from), bytes) };
    }
}

pub use hooks::{Fiber, forget_frames};
