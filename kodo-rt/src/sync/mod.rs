//! Futures, as the scheduler sees them.

/// One result that any number of threads may wait for.
pub mod future {
    use crate::abi::{Site, TypeInfo};
    use crate::sched::park::{self, Reason, Waiter, Why};
    use parking_lot::Mutex;

    pub struct Future {
        state: Mutex<(bool, Vec<Waiter>)>,
        slot: [u64; 8],
    }

    /// A future with room for one result.
    ///
    /// # Safety
    /// `_ty` describes the result.
    pub unsafe fn new(_ty: &'static TypeInfo, _site: *const Site) -> *mut Future {
        Box::into_raw(Box::new(Future { state: Mutex::new((false, Vec::new())), slot: [0; 8] }))
    }

    /// # Safety
    /// `f` is alive.
    pub unsafe fn result_slot(f: *mut Future) -> *mut u8 {
        // SAFETY: the caller's.
        unsafe { (&raw mut (*f).slot).cast() }
    }

    /// # Safety
    /// `f` is alive and its result was written.
    pub unsafe fn complete(f: *mut Future) {
        // SAFETY: the caller's.
        let waiters = unsafe {
            let mut state = (*f).state.lock();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        for waiter in waiters {
            // SAFETY: taken out of the list, so ours alone to wake.
            unsafe { waiter.unpark() }
        }
    }

    /// Waits for the result.
    ///
    /// # Safety
    /// `f` is alive.
    pub unsafe fn wait(f: *mut Future, site: *const Site) -> u64 {
        // SAFETY: the caller's.
        unsafe {
            let mut state = (*f).state.lock();
            if !state.0 {
                state.1.push(park::current());
                drop(state);
                park::park(Why { reason: Reason::Await, site, object: std::ptr::null() });
            }
            (&raw const (*f).slot).cast::<u64>().read()
        }
    }
}
