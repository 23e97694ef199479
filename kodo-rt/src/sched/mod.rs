//! The scheduler: many green threads on few operating-system threads.
//!
//! ```text
//!   spawn, unpark ──▶ own LIFO deque ──pick──▶ run until it yields, parks or ends ──▶ yielded queue, state word, pool
//!                        │    ▲ half                    (worker.rs)
//!   from outside ─▶ injector  └──── thieves
//! ```
//!
//! `worker` runs threads, `queue` holds the runnable ones, `idle` says who sleeps and when nothing can happen any more,
//! `park` is how a thread waits, `wait` a wait that is decided once, `preempt` ends time slices. Workers are started when
//! there is something for them to do.
//!
//! Thread-local storage is read only through `worker()`, which is never inlined and opaque to the optimizer: a green thread
//! may resume on another OS thread, and rustc (like LLVM) would keep the *address* of a thread-local across the switch.

pub mod barrier;
pub mod deque;
pub mod futex;
pub mod idle;
pub mod inline;
#[cfg(all(test, loom, shuttle))]
mod model;
pub mod park;
pub mod preempt;
pub mod queue;
pub mod since;
pub mod wait;
pub mod worker;

use crate::abi::{Site, TypeInfo};
use crate::sequential;
use crate::sync::future::{self, Future};
use crate::task::{TaskRef, registry};
use crate::trace::{self, Event};
use crossbeam_deque::Injector;
use crossbeam_utils::CachePadded;
use idle::Idle;
use queue::Remote;
use std::fmt;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use worker::{Worker, worker};

pub use crate::task::Entry;

/// Spawning is a scheduling point once so many threads queue locally: a spawner that runs far ahead lets them run,
/// and memory stays bounded and warm.
const BURST: usize = 1024;

/// What all workers share.
pub struct Runtime {
    pub workers: Box<[CachePadded<Shared>]>,
    pub injector: Injector<TaskRef>,
    pub idle: Idle,
}

/// What others may see of a worker.
pub struct Shared {
    pub queues: Remote,
    /// Changes with every thread that it runs; the monitor looks whether it does.
    pub tick: AtomicU64,
    /// 1: the running thread's time slice has ended.
    pub preempt: AtomicU32,
    /// 1: wake up. The worker sleeps on it.
    pub wake: AtomicU32,
    pub started: AtomicBool,
    /// The worker, once it has started; for reports.
    worker: AtomicPtr<Worker>,
    /// The worker itself, until its OS thread takes it.
    seed: parking_lot::Mutex<Option<Box<Worker>>>,
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime. Only after `start`.
pub fn runtime() -> &'static Runtime {
    RUNTIME.get().expect("the runtime has started")
}

/// The runtime, if it has started.
pub(crate) fn runtime_if_started() -> Option<&'static Runtime> {
    RUNTIME.get()
}

/// Makes `count` workers, queues `main` and runs worker 0 on the calling OS thread.
pub fn start(count: usize, main: TaskRef) -> ! {
    barrier::init();
    let shared = (0..count).map(|id| {
        let (local, remote) = queue::new();
        CachePadded::new(Shared {
            queues: remote,
            tick: AtomicU64::new(0),
            preempt: AtomicU32::new(0),
            wake: AtomicU32::new(0),
            started: AtomicBool::new(false),
            worker: AtomicPtr::new(std::ptr::null_mut()),
            seed: parking_lot::Mutex::new(Some(Box::new(Worker::new(id, local)))),
        })
    });
    let runtime = Runtime { workers: shared.collect(), injector: Injector::new(), idle: Idle::new(count) };
    runtime.injector.push(main);
    assert!(RUNTIME.set(runtime).is_ok(), "one runtime per process");
    worker::run(0)
}

impl Shared {
    /// The thread that the worker runs at the moment, to be looked at only; null: none.
    pub(crate) fn current(&self) -> *mut crate::task::Task {
        // SAFETY: null, or a worker, which is never freed; `current` reads an atomic.
        unsafe { self.worker.load(Ordering::Acquire).as_ref() }.map_or(std::ptr::null_mut(), Worker::current)
    }
}

impl Runtime {
    /// After a push: sees to it that somebody will take it.
    pub fn pushed(&self) {
        if let Some(worker) = self.idle.pushed() {
            self.wake(worker);
        }
        preempt::work_was_queued();
    }

    /// Wakes a worker that `idle` chose, or starts it.
    #[cold]
    pub fn wake(&self, id: usize) {
        let shared = &self.workers[id];
        if shared.started.load(Ordering::Acquire) {
            shared.wake.store(1, Ordering::Release);
            futex::wake(&raw const shared.wake);
            return;
        }
        // Only the one who took it off the list of sleepers comes here.
        shared.started.store(true, Ordering::Release);
        let thread = std::thread::Builder::new().name(format!("kodo-worker-{id}"));
        if thread.spawn(move || worker::run(id)).is_err() {
            // No more OS threads to be had: go on with fewer workers.
            self.idle.chosen_is_gone();
            self.pushed();
        }
    }

    /// Whether a thread is queued anywhere.
    pub fn work_is_queued(&self) -> bool {
        !self.injector.is_empty() || self.workers.iter().any(|w| !w.queues.is_empty())
    }

    /// One less thing that can make something happen (see `idle`).
    pub fn release(&self) {
        if self.idle.release_last() {
            crate::deadlock::quiescent();
        }
    }
}

/// Queues a thread that the caller has.
pub(crate) fn schedule(task: TaskRef) {
    let runtime = runtime();
    match worker() {
        Some(worker) => worker.local.push(task),
        None => runtime.injector.push(task),
    }
    runtime.pushed();
}

/// Starts a green thread that runs `entry` on a copy of the `env_ty.size` bytes at `env`. With a result: returns a handle of
/// its future, else null.
///
/// # Safety
/// `env` holds a value of `env_ty` that the caller gives away; `entry` takes it, and writes a value of `result_ty`; `site` is
/// null or static.
pub unsafe fn spawn(
    entry: Entry,
    env: *mut u8,
    env_ty: &'static TypeInfo,
    result_ty: Option<&'static TypeInfo>,
    site: *const Site,
) -> *mut Future {
    if is_sequential() {
        // SAFETY: the caller's; the future comes with one reference for the caller and one for the block.
        unsafe {
            let future = result_ty.map_or(ptr::null_mut(), |ty| future::new(ty, site));
            queue_sequential(entry, env, env_ty, future, site);
            return future;
        }
    }
    if let Some(share) = env_ty.share {
        // SAFETY: `env` holds a value of this type.
        unsafe { share(env, 0) };
    }
    let runtime = runtime();
    let worker = worker();
    let (task, id) = match worker {
        Some(worker) => worker.new_task(),
        None => (registry::take(), worker::fresh_id()),
    };
    // SAFETY: the task is vacant and ours; the rest is the caller's.
    let future = unsafe {
        (*task).occupy(id, entry, env, Some(env_ty), result_ty, site);
        (*task).future()
    };
    trace::event(|| Event::Spawn { id, site });
    // From the push on the task is not ours, but the handle is.
    let Some(worker) = worker else {
        runtime.injector.push(TaskRef(task));
        runtime.pushed();
        return if result_ty.is_some() { future } else { ptr::null_mut() };
    };
    worker.local.push(TaskRef(task));
    runtime.pushed();
    if worker.local.len() >= BURST {
        park::yield_now();
    }
    if result_ty.is_some() { future } else { ptr::null_mut() }
}

/// Queues a block of a program without green threads.
///
/// # Safety
/// As for `spawn`.
pub unsafe fn queue_sequential(
    entry: Entry,
    env: *mut u8,
    env_ty: &'static TypeInfo,
    future: *mut Future,
    site: *const Site,
) {
    // SAFETY: the caller's.
    unsafe { sequential::queue(entry, env, env_ty, future, site) }
}

/// Whether the program was built without green threads.
pub fn is_sequential() -> bool {
    sequential::is_on()
}

/// Whether the calling OS thread runs code of the program or of the runtime.
pub(crate) fn runs_here() -> bool {
    is_sequential()
        || worker().is_some()
        || park::is_known_os_thread()
        || std::thread::current().name().is_some_and(|name| name.starts_with("kodo-"))
}

/// An OS thread of `parallel` is about to exist. Called by whoever starts it, *before* it exists: from then on it is
/// counted as something that can make something happen, unless it is parked.
pub fn os_thread_begin() {
    runtime().idle.retain();
}

/// An OS thread has done what it was counted for, and goes on by itself.
pub fn os_thread_done() {
    runtime().release();
}

/// On the OS thread itself: prepares it for faults and names where its block was spawned, for reports.
pub fn os_thread_enter(site: *const Site) {
    crate::fault::prepare_thread(true);
    park::enter_os_thread(site);
    trace::event(|| Event::OsBegin { site });
}

/// The OS thread has done all it had to do, waking its joiner included. Its last call into the runtime.
pub fn os_thread_end() {
    trace::event(|| Event::OsEnd);
    park::leave_os_thread();
    crate::fault::release_thread();
    runtime().release();
}

/// Writes who runs: "main", "green thread 7, spawned at a.ko:3:5 in f", "an OS thread of `parallel`, spawned at …".
pub fn describe_current(out: &mut dyn fmt::Write) {
    // Whoever is told can do nothing about a failing writer.
    let _ = match worker() {
        Some(worker) if worker.current().is_null() => write!(out, "worker {}", worker.id()),
        _ => park::describe(park::current(), out),
    };
}

/// The same for the report of its panic, and on lines of their own the threads that await it. A thread that runs on the
/// stack of an awaiter names the one whose stack it is.
pub fn describe_panicking(out: &mut dyn fmt::Write) {
    const MOST: usize = 8;
    describe_current(out);
    let Some(owner) = worker().map(|worker| worker.current()).filter(|owner| !owner.is_null()) else { return };
    let mut count = 0;
    // SAFETY: the task of the thread that runs; its future is part of it, and completed by nobody else.
    unsafe {
        let inner = inline::innermost(&*owner);
        if !std::ptr::eq(inner, owner) {
            count += 1;
            let _ = out
                .write_str("\n  awaited by ")
                .and_then(|()| park::describe_thread((*owner).id(), (*owner).site(), out));
        }
        future::each_awaiter((&raw const inner.future).cast_mut(), |&waiter| {
            count += 1;
            if count <= MOST {
                let _ = out.write_str("\n  awaited by ").and_then(|()| park::describe(waiter, out));
            }
        });
    }
    if count > MOST {
        let _ = write!(out, "\n  and by {} more", count - MOST);
    }
}

// ---- what compiled programs call

/// # Safety
/// As the ABI table says; see `spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_task_spawn(
    entry: Entry,
    env: *mut u8,
    env_ty: *const TypeInfo,
    result_ty: *const TypeInfo,
    site: *const Site,
) -> *mut Future {
    // SAFETY: the caller's; descriptions of types are static.
    unsafe { spawn(entry, env, &*env_ty, Some(&*result_ty), site) }
}

/// # Safety
/// As the ABI table says; see `spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_task_spawn_detached(
    entry: Entry,
    env: *mut u8,
    env_ty: *const TypeInfo,
    site: *const Site,
) {
    // SAFETY: the caller's; descriptions of types are static.
    unsafe { spawn(entry, env, &*env_ty, None, site) };
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_task_yield_now() {
    park::yield_now();
}

/// The identity number of the running thread; 1 is main, 0 an OS thread.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_task_id() -> i64 {
    park::current().id() as i64
}

/// The number of processors that the program may use.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_cpu_count() -> i64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as i64)
}

crate::abi::check!(kodo_task_spawn, kodo_task_spawn_detached, kodo_task_yield_now, kodo_task_id, kodo_cpu_count);
