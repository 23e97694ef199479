//! Stand-in: every thread is an operating-system thread.

pub mod park;
pub mod wait;

use crate::abi::{Site, TypeInfo};
use crate::sync::future::{self, Future};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub type Entry = unsafe extern "C" fn(env: *mut u8, out: *mut u8);

pub(crate) static SEQUENTIAL: AtomicBool = AtomicBool::new(false);
thread_local! {
    pub(crate) static QUEUE: RefCell<VecDeque<(Entry, Vec<u128>, *mut Future)>> = const { RefCell::new(VecDeque::new()) };
}

pub fn os_thread_begin() {}
pub fn os_thread_enter(_site: *const Site) {}
pub fn os_thread_end() {}

pub fn is_sequential() -> bool {
    SEQUENTIAL.load(Relaxed)
}

/// # Safety
/// `env` holds a value of `env_ty`, which moves into the queue.
pub unsafe fn queue_sequential(
    entry: Entry,
    env: *mut u8,
    env_ty: &'static TypeInfo,
    future: *mut Future,
    _site: *const Site,
) {
    let mut copy = vec![0u128; (env_ty.size as usize).div_ceil(16)];
    // SAFETY: the copy is at least as large as the value.
    unsafe {
        if let Some(share) = env_ty.share {
            share(env, 0);
        }
        std::ptr::copy_nonoverlapping(env, copy.as_mut_ptr().cast::<u8>(), env_ty.size as usize);
    }
    QUEUE.with(|queue| queue.borrow_mut().push_back((entry, copy, future)));
}

static RUNNING: std::sync::Mutex<Vec<std::thread::JoinHandle<()>>> = std::sync::Mutex::new(Vec::new());

struct Start(Entry, Vec<u128>, *mut Future);
// SAFETY: the new thread owns the environment and a reference to the future.
unsafe impl Send for Start {}

/// # Safety
/// `env` holds a value of `env_ty`, which moves out.
pub unsafe fn spawn(entry: Entry, env: *mut u8, env_ty: &'static TypeInfo, future: *mut Future, site: *const Site) {
    // SAFETY: as promised; the block is taken out of the queue again, or runs later.
    unsafe { queue_sequential(entry, env, env_ty, future, site) };
    if is_sequential() {
        return;
    }
    let (entry, env, future) = QUEUE.with(|queue| queue.borrow_mut().pop_back()).expect("the block");
    let start = Start(entry, env, future);
    let thread = std::thread::spawn(move || {
        let start = start;
        let Start(entry, env, future) = start;
        QUEUE.with(|queue| queue.borrow_mut().push_back((entry, env, future)));
        run_queued();
    });
    RUNNING.lock().unwrap().push(thread);
}

/// Waits for all threads, and those they start.
pub(crate) fn finish() {
    while run_queued() {}
    loop {
        let thread = RUNNING.lock().unwrap().pop();
        match thread {
            Some(thread) => thread.join().unwrap(),
            None => return,
        }
    }
}

/// # Safety
/// As for `spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_task_spawn(
    entry: Entry,
    env: *mut u8,
    env_ty: &'static TypeInfo,
    result_ty: &'static TypeInfo,
    site: *const Site,
) -> *mut Future {
    // SAFETY: as promised.
    unsafe {
        let future = future::new(result_ty, site);
        spawn(entry, env, env_ty, future, site);
        future
    }
}

/// # Safety
/// As for `spawn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_task_spawn_detached(
    entry: Entry,
    env: *mut u8,
    env_ty: &'static TypeInfo,
    site: *const Site,
) {
    // SAFETY: as promised.
    unsafe { spawn(entry, env, env_ty, std::ptr::null_mut(), site) }
}

/// Runs the oldest queued block of this thread, if there is one.
pub(crate) fn run_queued() -> bool {
    let Some((entry, mut env, future)) = QUEUE.with(|queue| queue.borrow_mut().pop_front()) else { return false };
    // SAFETY: the block owns its environment; the future waits for its result.
    unsafe {
        let out = if future.is_null() { std::ptr::null_mut() } else { future::result_slot(future) };
        park::as_another(|| entry(env.as_mut_ptr().cast(), out));
        if !future.is_null() {
            future::complete(future);
        }
    }
    true
}
