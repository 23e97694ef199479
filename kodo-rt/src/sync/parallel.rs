//! `parallel` blocks: every spawn runs on an operating-system thread of its own, and the block ends when all have
//! ended.
//!
//! A scope remembers a future for each of its spawns, with the result if the program wants it and with nothing
//! in it else; joining waits for them one after the other, like any awaiter, so a green thread that joins does not
//! hold its worker. Environments are copied to the heap, since the spawning thread's stack may move away.
//! In sequential mode the spawns are queued instead, and run in turn on the stack of the one who joins.
//!
//! A scope belongs to the thread that runs the block; nested blocks have scopes of their own.

use super::future::{self, Future};
use super::value::{share, size};
use crate::abi::{Site, TypeInfo};
use crate::panic::panic_at;
use crate::sched::park::Reason;
use crate::sched::{self, Entry};
use std::ptr;
use std::sync::OnceLock;

#[derive(Default)]
pub struct Scope {
    spawned: Vec<*mut Future>,
}

/// The result of a spawn whose result nobody wants: nothing, with room for an entry that writes one nevertheless.
struct Nothing(TypeInfo);
// SAFETY: the name is a static.
unsafe impl Sync for Nothing {}
static NOTHING: Nothing =
    Nothing(TypeInfo { size: 64, align: 8, copy: None, drop: None, share: None, name: "()".as_ptr(), name_len: 2 });

/// A stack as large as a green thread's can grow, so that code runs equally deep on both.
const DEFAULT_STACK: usize = 8 << 20;
/// Less than this cannot run a thread at all.
const LEAST_STACK: usize = 64 << 10;

fn stack_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let text = std::env::var("KODO_MAX_STACK_SIZE").unwrap_or_default();
        parse_size(&text).unwrap_or(DEFAULT_STACK).max(LEAST_STACK)
    })
}

/// Bytes, or with a suffix `K`, `M` or `G`.
fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let (digits, shift) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 10),
        (at, 'm' | 'M') => (&text[..at], 20),
        (at, 'g' | 'G') => (&text[..at], 30),
        _ => (text, 0),
    };
    digits.trim().parse::<usize>().ok()?.checked_mul(1 << shift)
}

/// What a new thread is given.
struct Start {
    entry: Entry,
    /// The thread's own copy, a counted object; null if it has no bytes.
    env: *mut u8,
    /// The thread's reference.
    future: *mut Future,
    site: *const Site,
}
// SAFETY: the environment was shared and belongs to the new thread, as the reference to the future does.
unsafe impl Send for Start {}

impl Start {
    fn run(self) {
        sched::os_thread_enter(self.site);
        // SAFETY: the entry takes over what the environment holds, and fills the result slot.
        unsafe {
            (self.entry)(self.env, future::result_slot(self.future));
            if !self.env.is_null() {
                crate::mem::free(self.env);
            }
            future::complete(self.future);
        }
        // Last, so that between this thread and the one it woke the program never looks as if nobody could run.
        sched::os_thread_end();
    }
}

/// Starts a thread of the scope. The result is a handle of its future if `wants_result`, else null.
///
/// # Safety
/// `scope` came from `kodo_parallel_begin`; `env` holds a value of `env_ty`, which moves out.
pub unsafe fn spawn(
    scope: &mut Scope,
    entry: Entry,
    env: *mut u8,
    env_ty: &'static TypeInfo,
    result_ty: Option<&'static TypeInfo>,
    site: *const Site,
) -> *mut Future {
    // SAFETY: as promised. The future's two references are the thread's and the scope's; the program's comes on top.
    unsafe {
        let future = future::new(result_ty.unwrap_or(&NOTHING.0), site);
        scope.spawned.push(future);
        let handle = match result_ty {
            Some(_) => {
                future::retain(future);
                future
            }
            None => ptr::null_mut(),
        };
        if sched::is_sequential() {
            sched::queue_sequential(entry, env, env_ty, future, site);
            return handle;
        }
        share(env_ty, env, 0);
        let bytes = size(env_ty);
        let copy = if bytes == 0 { ptr::null_mut() } else { crate::mem::alloc(bytes) };
        if bytes != 0 {
            ptr::copy_nonoverlapping(env, copy, bytes);
        }
        let start = Start { entry, env: copy, future, site };
        // Counted from here on: nobody may think that nothing runs before the thread has come up.
        sched::os_thread_begin();
        let thread = std::thread::Builder::new().stack_size(stack_size()).spawn(move || {
            let start = start;
            start.run();
        });
        if let Err(error) = thread {
            panic_at(&format!("cannot start an operating-system thread: {error}"), site);
        }
        handle
    }
}

/// Waits until all threads of the scope have ended.
///
/// # Safety
/// The scope's futures are its own.
pub unsafe fn join(scope: &mut Scope, site: *const Site) {
    for future in scope.spawned.drain(..) {
        // SAFETY: the scope holds a reference to each, which goes back here.
        unsafe {
            future::wait(future, Reason::Join, site);
            future::release(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_sizes_are_bytes_or_have_a_suffix() {
        assert_eq!(parse_size("65536"), Some(65536));
        assert_eq!(parse_size(" 16M "), Some(16 << 20));
        assert_eq!(parse_size("512k"), Some(512 << 10));
        assert_eq!(parse_size(""), None);
        assert_eq!(parse_size("plenty"), None);
    }
}
