//! The process: how it ends.

use std::ffi::c_char;
use std::sync::atomic::{AtomicI32, Ordering};

static ENDING: AtomicI32 = AtomicI32::new(0);

/// # Safety
/// `argv` points to `argc` C strings.
pub unsafe fn begin(_argc: i32, _argv: *const *const c_char) {}

/// Whether `KODO_DEBUG=1`.
pub fn debug() -> bool {
    std::env::var_os("KODO_DEBUG").is_some_and(|v| v == "1")
}

/// Claims the right to end the process.
pub fn claim_end() -> bool {
    // SAFETY: has no preconditions.
    let me = unsafe { libc::gettid() };
    match ENDING.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) if owner == me => false,
        Err(_) => loop {
            // SAFETY: waits for a signal.
            unsafe { libc::pause() };
        },
    }
}

/// Flushes what was printed and ends the process.
pub fn exit(code: i32) -> ! {
    claim_end();
    crate::io::flush();
    if debug() {
        eprintln!("kodo: {} live objects", crate::mem::LIVE.load(Ordering::Relaxed));
    }
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}
