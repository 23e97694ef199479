//! Futures: the place where a thread leaves its result.
//!
//! A future is a counted header and a result; results that do not fit in are allocated beside it. The future of a green
//! thread is part of its task, so that a spawn allocates one thing; those of OS threads and of programs without green
//! threads are objects of their own. It is held by its handles and, until the thread has ended and no queue knows it any more,
//! by the thread: `holders` counts both. Awaiters join a [`WaitList`] and park; completion finishes it and wakes
//! everybody it found, the oldest first.
//!
//! The result is marked as shared once, before that; every await then takes a counted copy of it, at the same time as
//! others if need be. The last holder drops the result, awaited or not.
//!
//! Who finds itself the only holder needs no read-modify-write: a holder more can only come from a holder.

use super::start::Start;
use super::value::{drop_value, move_bytes, share, size};
use super::waitlist::WaitList;
use crate::abi::{Site, TypeInfo};
use crate::sched::inline;
use crate::sched::park::{self, Reason, Waiter, Why};
use crate::sched::worker;
use crate::task::Task;
use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Words of a result that a future holds without an allocation of its own.
const INLINE_WORDS: usize = 2;
/// Twice as many handles as any memory holds must not wrap around.
const MOST_HOLDERS: u32 = u32::MAX / 2;

#[repr(C)]
pub struct Future {
    holders: AtomicU32,
    /// Who runs the thread.
    pub(crate) start: Start,
    /// Whether this is the future of a task, or an object of its own. Never changes.
    in_task: bool,
    /// Whether the result is allocated beside it, and `result` has its address.
    far: Cell<bool>,
    /// Null: no result, and no handles.
    ty: Cell<*const TypeInfo>,
    /// Where its thread was started. Reports read it at any time.
    site: AtomicPtr<Site>,
    waiters: WaitList<Waiter>,
    result: UnsafeCell<[MaybeUninit<u64>; INLINE_WORDS]>,
}

impl Future {
    /// That of a task without a thread.
    pub(crate) fn vacant() -> Future {
        Future {
            holders: AtomicU32::new(0),
            start: Start::default(),
            in_task: true,
            far: Cell::new(false),
            ty: Cell::new(ptr::null()),
            site: AtomicPtr::new(ptr::null_mut()),
            waiters: WaitList::new(),
            result: UnsafeCell::new([MaybeUninit::uninit(); INLINE_WORDS]),
        }
    }

    /// Begins a life: held by the thread, and by one handle if there is a result.
    pub(crate) fn begin(&self, ty: Option<&'static TypeInfo>, site: *const Site) {
        self.site.store(site.cast_mut(), Ordering::Relaxed);
        // Relaxed: nobody else has it yet.
        self.holders.store(1 + u32::from(ty.is_some()), Ordering::Relaxed);
        let Some(ty) = ty else { return self.ty.set(ptr::null()) };
        self.ty.set(ty);
        self.start.begin();
        self.waiters.begin();
        let fits = size(ty) <= size_of::<[u64; INLINE_WORDS]>() && ty.align as usize <= align_of::<u64>();
        self.far.set(!fits);
        crate::mem::object_made();
        if !fits {
            // SAFETY: nobody else has it yet.
            unsafe { (*self.result.get())[0].write(crate::mem::alloc(size(ty)).expose_provenance() as u64) };
        }
    }

    pub(crate) fn has_result(&self) -> bool {
        !self.ty.get().is_null()
    }

    pub(crate) fn site(&self) -> *const Site {
        self.site.load(Ordering::Relaxed)
    }

    /// Asked by a holder that shares its handle with nobody: whether there are no others but, if `and_thread`, the thread.
    /// Then there will be none. (Threads that share a list share the handles in it.)
    pub(crate) fn is_alone(&self, and_thread: bool) -> bool {
        // Acquire: what others did as holders lies behind. Partner of the `fetch_sub` in `release`.
        self.holders.load(Ordering::Acquire) == 1 + u32::from(and_thread)
    }

    /// Where the result is.
    fn slot(&self) -> *mut u8 {
        let inline = self.result.get();
        if self.far.get() {
            // SAFETY: `begin` wrote the address.
            ptr::with_exposed_provenance_mut(unsafe { (*inline)[0].assume_init() } as usize)
        } else {
            inline.cast()
        }
    }

    /// # Safety
    /// There is a result.
    unsafe fn ty(&self) -> &'static TypeInfo {
        // SAFETY: descriptions of types are static.
        unsafe { &*self.ty.get() }
    }
}

/// Makes a future that is an object of its own, with two references: the handle's, and that of the thread that completes
/// it.
///
/// # Safety
/// `result_ty` describes what the thread will write to the result slot.
pub unsafe fn new(result_ty: &'static TypeInfo, site: *const Site) -> *mut Future {
    let future = Box::new(Future { in_task: false, ..Future::vacant() });
    future.begin(Some(result_ty), site);
    Box::into_raw(future)
}

/// Where the thread writes its result, before it calls `complete`.
///
/// # Safety
/// `f` is alive.
pub unsafe fn result_slot(f: *mut Future) -> *mut u8 {
    // SAFETY: as promised.
    unsafe { (*f).slot() }
}

/// The task that the future is part of; null: an object of its own.
///
/// # Safety
/// `f` is alive.
pub(crate) unsafe fn task(f: *mut Future) -> *mut Task {
    // SAFETY: as promised.
    unsafe { if (*f).in_task { f.byte_sub(std::mem::offset_of!(Task, future)).cast() } else { ptr::null_mut() } }
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
        share((*f).ty(), result_slot(f), 1);
        for waiter in (*f).waiters.finish() {
            waiter.unpark();
        }
    }
}

/// The same if only the caller and the thread hold the future: so nobody waits.
///
/// # Safety
/// As for `complete`, and `is_alone`.
pub(crate) unsafe fn publish_alone(f: *mut Future) {
    // SAFETY: as promised.
    unsafe {
        share((*f).ty(), result_slot(f), 1);
        (*f).waiters.finish_alone();
    }
}

/// Gives the thread's reference back, for a caller that has a handle and is alone with the thread.
///
/// # Safety
/// As it says.
pub(crate) unsafe fn forget_thread(f: *mut Future) {
    // SAFETY: as promised. Relaxed: only the caller is left.
    unsafe { (*f).holders.store(1, Ordering::Relaxed) };
}

/// # Safety
/// `f` is alive.
pub unsafe fn is_done(f: *mut Future) -> bool {
    // SAFETY: as promised.
    unsafe { (*f).waiters.is_done() }
}

/// Looks at the threads that wait for the result, the newest first.
///
/// # Safety
/// `f` is alive; only for the thread that will complete it.
pub(crate) unsafe fn each_awaiter(f: *mut Future, look: impl FnMut(&Waiter)) {
    // SAFETY: as promised.
    unsafe {
        if (*f).has_result() && !is_done(f) {
            (*f).waiters.each(look);
        }
    }
}

/// Parks until the future is complete.
///
/// # Safety
/// `f` is a handle that the calling thread keeps until this returns.
pub unsafe fn wait(f: *mut Future, reason: Reason, site: *const Site) {
    // SAFETY: as promised; the handle keeps the future alive while this thread waits.
    unsafe {
        if !is_done(f) && (*f).waiters.join(park::current()) {
            park::park(Why { reason, site, object: (*f).site() });
            debug_assert!(is_done(f));
        }
    }
}

/// Waits for the result and copies it to `out`. `own`: no other thread uses this very handle meanwhile.
///
/// # Safety
/// As for `wait`; `out` has room for a value of the result's type.
pub unsafe fn await_copy(f: *mut Future, own: bool, out: *mut u8, site: *const Site) {
    // SAFETY: as promised. After `wait` the result is there, shared, and nobody changes its bytes.
    unsafe {
        if !is_done(f) {
            inline::run(f, own);
        }
        wait(f, Reason::Await, site);
        let ty = (*f).ty();
        move_bytes(result_slot(f), out, size(ty));
        if let Some(copy) = ty.copy {
            copy(out);
        }
    }
}

/// # Safety
/// `f` is a handle.
pub unsafe fn retain(f: *mut Future) {
    // SAFETY: as promised. Relaxed: a new handle is made from an existing one.
    let before = unsafe { (*f).holders.fetch_add(1, Ordering::Relaxed) };
    assert!(before < MOST_HOLDERS, "too many handles of one future");
}

/// # Safety
/// `f` is a handle or the thread's reference, and ends here.
pub unsafe fn release(f: *mut Future) {
    // SAFETY: as promised; the last one to release owns the object. A future without handles is complete,
    // because its thread holds one until then.
    unsafe {
        // AcqRel: the end of the object comes after everything that other holders did.
        if !(*f).is_alone(false) && (*f).holders.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        if (*f).has_result() {
            let ty = (*f).ty();
            debug_assert!(is_done(f));
            drop_value(ty, result_slot(f));
            if (*f).far.get() {
                crate::mem::free(result_slot(f));
            }
            crate::mem::object_gone();
        }
        if (*f).in_task { worker::give_task(task(f)) } else { drop(Box::from_raw(f)) }
    }
}
