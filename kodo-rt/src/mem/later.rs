//! Work on values of any depth without a deep stack.
//!
//! Dropping a chain of a million cells drops one cell, which holds the handle of the next, and so on. Compiled code hands
//! each such step to [`kodo_mem_later`]: the first call on an OS thread works it off at once, and whatever is asked for
//! meanwhile waits in a list until the step before has returned. When the first call returns, everything is done. Steps
//! neither park nor poll, so the green thread stays on its OS thread all the while.

use crate::abi;
use std::cell::{Cell, RefCell};

/// What compiled code asks for: an object, and whether everything below it is wanted (see `TypeInfo::share`).
type Work = unsafe extern "C" fn(object: *mut u8, all: i64);

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
    static WAITING: RefCell<Vec<(Work, *mut u8, i64)>> = const { RefCell::new(Vec::new()) };
}

/// # Safety
/// `work` may be called with the two, once, now or before the outermost call on this OS thread returns; it neither parks
/// nor polls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_mem_later(work: Work, object: *mut u8, all: i64) {
    if BUSY.get() {
        WAITING.with_borrow_mut(|waiting| waiting.push((work, object, all)));
        return;
    }
    BUSY.set(true);
    let mut next = Some((work, object, all));
    while let Some((work, object, all)) = next {
        // SAFETY: by the contract of the call that brought it.
        unsafe { work(object, all) };
        next = WAITING.with_borrow_mut(Vec::pop);
    }
    BUSY.set(false);
}

abi::check!(kodo_mem_later);

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts down; asks for the next step before it returns, as a chain of cells does.
    unsafe extern "C" fn step(object: *mut u8, all: i64) {
        let deepest = &raw const all as usize;
        // SAFETY: the test's own array.
        let seen = unsafe { &mut *object.cast::<[usize; 3]>() };
        seen[0] += 1;
        seen[1] = seen[1].min(deepest);
        seen[2] = seen[2].max(deepest);
        if all > 0 {
            // SAFETY: the array outlives the outermost call.
            unsafe { kodo_mem_later(step, object, all - 1) };
        }
    }

    #[test]
    fn steps_that_ask_for_steps_stay_on_one_level_of_the_stack() {
        let mut seen = [0, usize::MAX, 0];
        // SAFETY: the array is here until the call has returned, and with it all steps.
        unsafe { kodo_mem_later(step, (&raw mut seen).cast(), 100_000) };
        assert_eq!(seen[0], 100_001);
        assert!(seen[2] - seen[1] < 4096, "{} bytes of stack", seen[2] - seen[1]);
    }
}
