//! Green threads.
//!
//! A `Task` is all there is of a green thread until it first runs (then it also has a stack slot). Tasks are
//! *type-stable*: their memory is cut from chunks that are never given back, so that the registry can be walked for reports
//! while threads come and go, and a late look at a dead task reads a task.
//!
//! Who may touch what: fields in cells belong to whoever *has* the task: the spawner until it is queued, the worker that
//! took it from a queue, the thread itself while it runs, the waker that moved its state word from PARKED. Reports
//! may look at the atomics at any time.

pub mod registry;
pub mod state;

use crate::abi::{Site, TypeInfo};
use crate::mem;
use crate::sanitizer::Fiber;
use crate::sched::park::{Reason, Why};
use crate::sched::since;
use crate::stack::{Slot, SlotStack};
use crate::sync::future::{self, Future};
use corosensei::stack::Stack;
use corosensei::{Coroutine, Yielder};
use state::State;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// The body of a thread: takes what `env` holds, writes its result to `out`.
pub type Entry = unsafe extern "C" fn(env: *mut u8, out: *mut u8);

/// What a thread asks its worker to do once it has left its stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Queue it again, behind the others.
    Yield,
    /// `State::settle`.
    Park,
}

type Switch = Coroutine<(), Operation, (), SlotStack>;
type Leave = Yielder<(), Operation>;

/// Captures up to this size live in the task itself.
pub const INLINE_ENV: usize = 40;
/// Identity number of main.
pub const MAIN_ID: u64 = 1;
/// Not a reason to wait: the thread runs on another one's stack.
const INLINE: u8 = u8::MAX;
/// Not an identity number: the task is free.
const FREE: u64 = 0;

#[repr(C, align(64))]
pub struct Task {
    switch: UnsafeCell<MaybeUninit<Switch>>,
    leave: Cell<*const Leave>,
    pub state: State,
    slot: Cell<Slot>,
    /// 0: no thread.
    id: AtomicU64,
    /// What the thread leaves behind; its handles outlive the thread, and keep the task.
    pub(crate) future: Future,
    entry: Cell<Option<Entry>>,
    /// The thread that this one runs on its own stack (`sched::inline`); null: only itself.
    pub(crate) inner: AtomicPtr<Task>,
    wait_site: AtomicPtr<Site>,
    wait_object: AtomicPtr<Site>,
    /// What it waits for, as `Reason` plus one; 0: nothing.
    reason: AtomicU8,
    /// Whether the captures did not fit in, and `env` has their address.
    far_env: Cell<bool>,
    /// When it began to wait (`sched::since`).
    since: AtomicU32,
    fiber: Fiber,
    env: UnsafeCell<[MaybeUninit<u64>; INLINE_ENV / 8]>,
}

/// A task in a queue: whoever takes it out has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskRef(pub *mut Task);
// SAFETY: a task moves between threads by being queued and taken; the module comment says who may touch what. The
// suspended coroutine inside may be resumed by any OS thread: nothing on a green stack refers to the OS thread it ran on,
// since the runtime keeps no thread-local address across a switch and compiled code has none.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl Task {
    /// A task that no thread uses.
    pub(crate) fn vacant() -> Task {
        Task {
            switch: UnsafeCell::new(MaybeUninit::uninit()),
            leave: Cell::new(ptr::null()),
            state: State::new(),
            slot: Cell::new(Slot::NONE),
            id: AtomicU64::new(FREE),
            future: Future::vacant(),
            entry: Cell::new(None),
            inner: AtomicPtr::new(ptr::null_mut()),
            wait_site: AtomicPtr::new(ptr::null_mut()),
            wait_object: AtomicPtr::new(ptr::null_mut()),
            reason: AtomicU8::new(0),
            since: AtomicU32::new(0),
            far_env: Cell::new(false),
            fiber: Fiber::new(),
            env: UnsafeCell::new([MaybeUninit::uninit(); INLINE_ENV / 8]),
        }
    }

    /// Makes a vacant task a thread that has not started. The bytes of `env` move in. With a result there is a future, of
    /// which the caller has a handle.
    ///
    /// # Safety
    /// The task is the caller's and vacant; `env` holds `env_ty.size` bytes (any pointer if zero), whose contents the
    /// thread owns from now on; `site` is null or static.
    pub(crate) unsafe fn occupy(
        &self,
        id: u64,
        entry: Entry,
        env: *const u8,
        env_ty: Option<&TypeInfo>,
        result_ty: Option<&'static TypeInfo>,
        site: *const Site,
    ) {
        let (size, align) = env_ty.map_or((0, 1), |ty| (ty.size as usize, ty.align as usize));
        let mut at = self.env.get().cast::<u8>();
        let far = size > INLINE_ENV || align > align_of::<u64>();
        self.far_env.set(far);
        if far {
            let outside = mem::alloc(size);
            // SAFETY: the task is ours; the captures begin elsewhere.
            unsafe { at.cast::<*mut u8>().write(outside) };
            at = outside;
        }
        // SAFETY: `at` has room for `size` bytes, `env` holds them, and they cannot overlap.
        unsafe {
            if !far && size.is_multiple_of(8) {
                // A few words: quicker than a call.
                for i in 0..size / 8 {
                    at.cast::<u64>().add(i).write(env.cast::<u64>().add(i).read_unaligned());
                }
            } else {
                ptr::copy_nonoverlapping(env, at, size);
            }
        }
        self.entry.set(Some(entry));
        self.future.begin(result_ty, site);
        self.reason.store(0, Ordering::Relaxed);
        self.id.store(id, Ordering::Release);
    }

    /// The thread has ended. The task may be kept by handles of its future.
    pub(crate) fn end(&self) {
        debug_assert!(!self.state.take_notification(), "unparked without a park");
        self.slot.set(Slot::NONE);
        self.fiber.end();
        self.id.store(FREE, Ordering::Release);
    }

    /// The thread's identity number; 0 if there is no thread.
    pub fn id(&self) -> u64 {
        self.id.load(Ordering::Acquire)
    }

    /// Whether this is the thread of the program's `main`.
    pub fn is_main(&self) -> bool {
        self.id() == MAIN_ID
    }

    /// Where it was spawned.
    pub fn site(&self) -> *const Site {
        self.future.site()
    }

    /// What it waits for.
    pub fn why(&self) -> Option<Why> {
        Some(Why {
            reason: Reason::from_u8(self.reason.load(Ordering::Relaxed).checked_sub(1)?)?,
            site: self.wait_site.load(Ordering::Relaxed),
            object: self.wait_object.load(Ordering::Relaxed),
        })
    }

    pub(crate) fn set_why(&self, why: &Why) {
        self.wait_site.store(why.site.cast_mut(), Ordering::Relaxed);
        self.wait_object.store(why.object.cast_mut(), Ordering::Relaxed);
        self.reason.store(why.reason as u8 + 1, Ordering::Relaxed);
        self.since.store(since::now(), Ordering::Relaxed);
    }

    /// When it began to wait.
    pub(crate) fn since(&self) -> u32 {
        self.since.load(Ordering::Relaxed)
    }

    /// The caller, which has the thread, knows the time better.
    pub(crate) fn set_since(&self, ticks: u32) {
        self.since.store(ticks, Ordering::Relaxed);
    }

    /// It runs on the stack of its awaiter; for reports.
    pub(crate) fn note_inline(&self) {
        self.reason.store(INLINE, Ordering::Relaxed);
    }

    pub(crate) fn runs_inline(&self) -> bool {
        self.reason.load(Ordering::Relaxed) == INLINE
    }

    /// It goes on: a report should not tell what it waited for before.
    pub(crate) fn clear_why(&self) {
        self.reason.store(0, Ordering::Relaxed);
    }

    /// The future, as its handles have it.
    pub(crate) fn future(&self) -> *mut Future {
        ptr::from_ref(&self.future).cast_mut()
    }

    pub(crate) fn slot(&self) -> Slot {
        self.slot.get()
    }

    /// Gives a thread that never ran its stack.
    ///
    /// # Safety
    /// The caller has the task, and the slot is free.
    pub(crate) unsafe fn bind(&self, slot: Slot) {
        let this = TaskRef(ptr::from_ref(self).cast_mut());
        crate::stack::set_owner(slot, this.0);
        self.slot.set(slot);
        let stack = SlotStack::new(slot);
        self.fiber.begin(stack.limit().get(), stack.base().get());
        let switch = Switch::with_stack(stack, move |leave: &Leave, ()| {
            // The whole `TaskRef`, not its field: closures capture disjoint fields.
            let this = this;
            // SAFETY: the task outlives its coroutine: the thread's reference is given back after the coroutine returned.
            unsafe {
                (*this.0).fiber.arrive();
                (*this.0).leave.set(leave);
                (*this.0).body();
                (*this.0).fiber.leave_for_ever();
            }
        });
        // SAFETY: the task is ours; what was there before has returned, and a coroutine that has returned owns nothing.
        unsafe { (*self.switch.get()).write(switch) };
    }

    /// Runs the thread until it yields, parks or ends (None).
    ///
    /// # Safety
    /// The caller has the task, and it is bound.
    pub(crate) unsafe fn resume(&self) -> Option<Operation> {
        // SAFETY: `bind` wrote it, and only the one who has the task comes here.
        let switch = unsafe { (*self.switch.get()).assume_init_mut() };
        let passage = self.fiber.enter();
        let operation = switch.resume(()).as_yield();
        self.fiber.back(passage);
        operation
    }

    /// Leaves the stack. Returns when the thread is resumed, perhaps on another OS thread.
    ///
    /// # Safety
    /// Called by the thread itself.
    pub(crate) unsafe fn suspend(&self, operation: Operation) {
        // SAFETY: the yielder lives at the bottom of the stack that we are on.
        let leave = unsafe { &*self.leave.get() };
        self.fiber.leave();
        leave.suspend(operation);
        self.fiber.arrive();
    }

    /// The thread, from its root.
    fn body(&self) {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // A thread without a future has no result (or main's integer).
            let mut scratch = [0u64; 8];
            // SAFETY: the task is ours, and the worker gives the thread's reference back after that.
            unsafe {
                if self.future.has_result() {
                    self.run_entry(future::result_slot(self.future()));
                    future::publish(self.future());
                } else {
                    self.run_entry(scratch.as_mut_ptr().cast());
                }
            }
            if self.is_main() {
                crate::entry::main_ended(scratch[0] as i64);
            }
        }));
        // A panic must not reach the switch. It is the runtime's own: those of programs end the process where they happen.
        if result.is_err() {
            crate::entry::internal_error("a panic in the runtime reached the root of a thread");
        }
    }
}

impl Task {
    /// Runs the entry on the calling stack.
    ///
    /// # Safety
    /// The caller has the task, which is occupied and did not run; `out` has room for what its entry writes.
    unsafe fn run_entry(&self, out: *mut u8) {
        let far = self.far_env.get();
        let mut env = self.env.get().cast::<u8>();
        let entry = self.entry.get().expect("an occupied task has an entry");
        // SAFETY: `occupy` was given an entry that takes this environment; the far environment is ours, and empty once
        // the entry has run.
        unsafe {
            if far {
                env = env.cast::<*mut u8>().read();
            }
            entry(env, out);
            if far {
                mem::free(env);
            }
        }
    }

    /// Runs the thread on the stack of the one that awaits it, and completes its future. The thread's reference to the
    /// future stays.
    ///
    /// # Safety
    /// The caller claimed the start of the thread, and holds a handle; `alone`: the only one.
    pub(crate) unsafe fn run_inline(&self, alone: bool) {
        let future = self.future();
        // SAFETY: who claims the start has the task; the future is alive while its thread's reference is.
        unsafe {
            self.run_entry(future::result_slot(future));
            if alone { future::publish_alone(future) } else { future::publish(future) }
        }
    }
}

/// A site as `FILE:LINE:COLUMN in FUNCTION`.
pub struct At(pub *const Site);
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: sites are static; null is allowed.
        let Some(site) = (unsafe { self.0.as_ref() }) else { return f.write_str("an unknown place") };
        let text = |data: *const u8, len: u64| {
            if data.is_null() {
                return "?";
            }
            // SAFETY: the compiler emits the text and its length together, and keeps both for ever.
            std::str::from_utf8(unsafe { std::slice::from_raw_parts(data, len as usize) }).unwrap_or("?")
        };
        write!(f, "{}:{}:{}", text(site.file, site.file_len), site.line, site.column)?;
        if site.function_len > 0 {
            write!(f, " in {}", text(site.function, site.function_len))?;
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_not_started_is_small() {
        assert!(size_of::<Task>() - size_of::<Fiber>().next_multiple_of(64) <= 192, "{}", size_of::<Task>());
    }

    #[test]
    fn a_site_reads_as_a_place() {
        let site = Site {
            file: b"a.ko".as_ptr(),
            file_len: 4,
            function: b"main".as_ptr(),
            function_len: 4,
            line: 3,
            column: 7,
        };
        assert_eq!(At(&raw const site).to_string(), "a.ko:3:7 in main");
        assert_eq!(At(ptr::null()).to_string(), "an unknown place");
    }
}
