//! Function values, and `dyn` values, which are laid out alike: what compiled code does not do inline. It makes, copies and
//! calls them, and counts them down; here the last handle frees what was captured, and a value that goes to another thread
//! is marked. Any type may be inside, also one that holds another such value, so what is below is worked off step by step
//! (`mem/later.rs`), not recursively.

use crate::abi::{self, CLOSURE_CAPTURES_OFFSET, ClosureHeader};
use crate::mem::{self, later::kodo_mem_later};

/// Drops what the closure captured, and frees it.
///
/// # Safety
/// The object has no handle left and is not static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_closure_free(object: *mut ClosureHeader) {
    // SAFETY: by this function's contract the header is whole, the captures follow it and are nobody else's.
    unsafe {
        if (*object).captures.as_ref().is_some_and(|ty| ty.drop.is_some()) {
            kodo_mem_later(free_captures, object.cast(), 0);
        } else {
            mem::free(object.cast());
        }
    }
}

/// # Safety
/// As [`kodo_closure_free`].
unsafe extern "C" fn free_captures(object: *mut u8, _: i64) {
    // SAFETY: by this function's contract; see above.
    unsafe {
        if let Some(drop) = (*object.cast::<ClosureHeader>()).captures.as_ref().and_then(|ty| ty.drop) {
            drop(object.add(CLOSURE_CAPTURES_OFFSET));
        }
        mem::free(object);
    }
}

/// # Safety
/// The object is held by whoever asked for it to be shared, until the outermost such call returns.
unsafe extern "C" fn share_captures(object: *mut u8, all: i64) {
    // SAFETY: by this function's contract the header is whole, and the captures follow it.
    unsafe {
        if let Some(share) = (*object.cast::<ClosureHeader>()).captures.as_ref().and_then(|ty| ty.share) {
            share(object.add(CLOSURE_CAPTURES_OFFSET), all);
        }
    }
}

/// Prepares the function value for another thread; see `TypeInfo::share`.
///
/// # Safety
/// The caller holds a handle. A local object belongs to the caller's thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_closure_share(object: *mut ClosureHeader, all: i64) {
    // SAFETY: by this function's contract. A count that is not above zero is only looked at here, and its sign is stable
    // while a handle is held; the load is atomic because other threads may be counting.
    unsafe {
        let count = std::sync::atomic::AtomicI64::from_ptr(&raw mut (*object).count);
        let handles = count.load(std::sync::atomic::Ordering::Relaxed);
        // Static ones hold nothing, and everything below a marked one is marked.
        if handles <= 0 {
            return;
        }
        let mark = all != 0 || handles > 1;
        if mark {
            count.store(-handles, std::sync::atomic::Ordering::Relaxed);
        }
        if (*object).captures.as_ref().is_some_and(|ty| ty.share.is_some()) {
            kodo_mem_later(share_captures, object.cast(), i64::from(mark));
        }
    }
}

abi::check!(kodo_closure_free, kodo_closure_share);
