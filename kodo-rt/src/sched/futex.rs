//! Sleeping on a word: the kernel's futex calls.

use std::ptr;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while the word holds `value`; may return early for no reason.
pub fn wait(word: &AtomicU32, value: u32, timeout: Option<Duration>) {
    let spec = timeout.map(|t| libc::timespec { tv_sec: t.as_secs() as _, tv_nsec: t.subsec_nanos() as _ });
    let spec: *const libc::timespec = spec.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the word and the time are alive during the call.
    unsafe {
        libc::syscall(libc::SYS_futex, ptr::from_ref(word), libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, value, spec)
    };
}

/// Wakes one who sleeps on the word. The word itself may be gone by now: the kernel only looks its address up.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "an address, not dereferenced")]
pub fn wake(word: *const AtomicU32) {
    // SAFETY: a wake neither reads nor writes the word.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1) };
}
