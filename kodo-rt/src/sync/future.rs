//! Futures: the place where a thread leaves its result.
//!
//! A future is one counted object: a header, then the result. Handles are counted atomically; the thread that
//! computes the result holds one more until it has. Awaiters join a [`WaitList`] and park; completion finishes it and
//! wakes everybody it found, the oldest first.
//!
//! The result is marked as shared once, before that; every await then takes a counted copy of it, at the same time as
//! others if need be. The last handle drops the result, awaited or not.

use super::start::Start;
use super::value::{drop_value, move_bytes, share, size};
use super::waitlist::WaitList;
use crate::abi::{Site, TypeInfo};
use crate::sched::inline;
use crate::sched::park::{self, Reason, Waiter, Why};
use crate::task::Task;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

pub struct Future {
    handles: AtomicUsize,
    /// Who runs the thread.
    pub(crate) start: Start,
    /// The thread's task, as long as it has not started; null: not a green thread.
    task: AtomicPtr<Task>,
    waiters: WaitList<Waiter>,
    ty: &'static TypeInfo,
    /// Where its thread was started.
    site: *const Site,
}

/// Where the result is within a future, for a type of this alignment.
fn result_offset(ty: &TypeInfo) -> usize {
    size_of::<Future>().next_multiple_of((ty.align as usize).max(1))
}

/// Makes a future with two references: the handle's, and that of the thread that completes it.
///
/// # Safety
/// `result_ty` describes what the thread will write to the result slot.
pub unsafe fn new(result_ty: &'static TypeInfo, site: *const Site) -> *mut Future {
    let future = crate::mem::alloc(result_offset(result_ty) + size(result_ty)).cast::<Future>();
    // SAFETY: fresh memory with room for a header; objects are aligned for any field.
    unsafe {
        future.write(Future {
            handles: AtomicUsize::new(2),
            start: Start::default(),
            task: AtomicPtr::new(ptr::null_mut()),
            waiters: WaitList::new(),
            ty: result_ty,
            site,
        });
    }
    future
}

/// Where the thread writes its result, before it calls `complete`.
///
/// # Safety
/// `f` is alive.
pub unsafe fn result_slot(f: *mut Future) -> *mut u8 {
    // SAFETY: `new` allocated the result behind the header.
    unsafe { f.cast::<u8>().add(result_offset((*f).ty)) }
}

/// Says which green thread computes the result, before it is queued.
///
/// # Safety
/// `f` is alive, and nobody else has it yet.
pub(crate) unsafe fn set_task(f: *mut Future, task: *mut Task) {
    // SAFETY: as promised. Relaxed: whoever awaits got the handle from the spawner afterwards.
    unsafe { (*f).task.store(task, Ordering::Relaxed) };
}

/// The task of the thread that computes the result. Only who claims the start may touch it.
///
/// # Safety
/// `f` is alive.
pub(crate) unsafe fn task(f: *mut Future) -> *mut Task {
    // SAFETY: as promised.
    unsafe { (*f).task.load(Ordering::Relaxed) }
}

/// The result is there: wakes all awaiters and gives the thread's reference back.
///
/// # Safety
/// Once per future, by the holder of the thread's reference, with a result in the slot.
pub unsafe fn complete(f: *mut Future) {
    // SAFETY: as promised.
    unsafe {
        publish(f);
        release(f);
    }
}

/// The result is there: wakes all awaiters. The thread's reference stays.
///
/// # Safety
/// As for `complete`.
pub(crate) unsafe fn publish(f: *mut Future) {
    // SAFETY: the thread's reference keeps the future alive; every waiter found parks, or will, and was found once.
    unsafe {
        share((*f).ty, result_slot(f), 1);
        for waiter in (*f).waiters.finish() {
            waiter.unpark();
        }
    }
}

/// # Safety
/// `f` is alive.
pub unsafe fn is_done(f: *mut Future) -> bool {
    // SAFETY: as promised.
    unsafe { (*f).waiters.is_done() }
}

/// Parks until the future is complete.
///
/// # Safety
/// `f` is a handle that the calling thread keeps until this returns.
pub unsafe fn wait(f: *mut Future, reason: Reason, site: *const Site) {
    // SAFETY: as promised; the handle keeps the future alive while this thread waits.
    unsafe {
        if !is_done(f) && (*f).waiters.join(park::current()) {
            park::park(Why { reason, site, object: (*f).site });
            debug_assert!(is_done(f));
        }
    }
}

/// Waits for the result and copies it to `out`.
///
/// # Safety
/// As for `wait`; `out` has room for a value of the result's type.
pub unsafe fn await_copy(f: *mut Future, out: *mut u8, site: *const Site) {
    // SAFETY: as promised. After `wait` the result is there, shared, and nobody changes its bytes.
    unsafe {
        if !is_done(f) {
            inline::run(f);
        }
        wait(f, Reason::Await, site);
        move_bytes(result_slot(f), out, size((*f).ty));
        if let Some(copy) = (*f).ty.copy {
            copy(out);
        }
    }
}

/// # Safety
/// `f` is a handle.
pub unsafe fn retain(f: *mut Future) {
    // SAFETY: as promised. Relaxed: a new handle is made from an existing one.
    unsafe { (*f).handles.fetch_add(1, Ordering::Relaxed) };
}

/// # Safety
/// `f` is a handle, and ends here.
pub unsafe fn release(f: *mut Future) {
    // SAFETY: as promised; the last one to release owns the object. A future without handles is complete,
    // because its thread holds one until then.
    unsafe {
        // AcqRel: the end of the object comes after everything that holders of other handles did.
        if (*f).handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            debug_assert!(is_done(f));
            drop_value((*f).ty, result_slot(f));
            crate::mem::free(f.cast());
        }
    }
}
