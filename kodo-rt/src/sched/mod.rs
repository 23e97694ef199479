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

/// Runs the oldest queued block of this thread, if there is one.
pub(crate) fn run_queued() -> bool {
    let Some((entry, mut env, future)) = QUEUE.with(|queue| queue.borrow_mut().pop_front()) else { return false };
    // SAFETY: the block owns its environment; the future waits for its result.
    unsafe {
        let out = if future.is_null() { std::ptr::null_mut() } else { future::result_slot(future) };
        entry(env.as_mut_ptr().cast(), out);
        if !future.is_null() {
            future::complete(future);
        }
    }
    true
}
