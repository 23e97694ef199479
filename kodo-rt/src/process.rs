//! The process: its arguments, whether it is being debugged, and its end.
//!
//! A process ends once: the first thread that gets to [`claim_end`] says how, whether by an exit, a panic or a report
//! of a deadlock, and any other that wants to end it waits there until it is over. Nothing is dropped at the end: text
//! is flushed and `_exit` leaves without running anything else.

use crate::mem::buffer::Buffer;
use crate::{abi, io, mem, string, trace};
use std::ffi::{CStr, c_char};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

static ARGUMENTS: OnceLock<Vec<String>> = OnceLock::new();
static DEBUG: AtomicBool = AtomicBool::new(false);
/// The OS thread that ends the process; 0 while nobody does.
static ENDING: AtomicI32 = AtomicI32::new(0);

/// Keeps the arguments, reads `KODO_DEBUG` and prepares standard output. Called first, before other threads or objects exist.
///
/// # Safety
/// `argv` points to `argc` C strings, as `main` gets them.
pub unsafe fn begin(argc: i32, argv: *const *const c_char) {
    let text = |i: usize| {
        // SAFETY: by this function's contract.
        let argument = unsafe { CStr::from_ptr(argv.add(i).read()) };
        argument.to_string_lossy().into_owned()
    };
    // A second call changes nothing: the process has one list of arguments.
    let _ = ARGUMENTS.set((0..usize::try_from(argc).unwrap_or(0)).map(text).collect());
    io::begin();
    let debug = std::env::var_os("KODO_DEBUG").is_some_and(|value| value == "1");
    DEBUG.store(debug, Ordering::Relaxed);
    if debug {
        mem::count_objects(true);
    }
}

/// Whether `KODO_DEBUG=1` was set at the start.
pub fn debug() -> bool {
    DEBUG.load(Ordering::Relaxed)
}

/// As `claim_end`, but never waits: false if another thread has it.
pub fn try_claim_end() -> bool {
    // SAFETY: has no preconditions.
    let me = unsafe { libc::gettid() };
    ENDING.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// Claims the right to end the process. True: this thread has it now. False: it had it already (its own ending went
/// wrong, so it had better be brief). If another thread has it, this never returns.
pub fn claim_end() -> bool {
    // SAFETY: has no preconditions.
    let me = unsafe { libc::gettid() };
    // Relaxed: the claim orders nothing but itself.
    match ENDING.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) if owner == me => false,
        Err(_) => loop {
            // SAFETY: waits for a signal; the owner is about to end the process.
            unsafe { libc::pause() };
        },
    }
}

/// Flushes standard output, writes the trace, tells of leaks if debugging, and ends the process.
pub fn exit(code: i32) -> ! {
    claim_end();
    io::flush();
    trace::finish();
    if debug() {
        io::error(format_args!("kodo: {} live objects\n", mem::live()));
    }
    exit_now(code)
}

/// Ends the process and does nothing else.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: has no preconditions.
    unsafe { libc::_exit(code) }
}

/// The system keeps the low eight bits of the code.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_process_exit(code: i64) -> ! {
    exit(code as i32)
}

/// The arguments as `List<String>`, the program first. What is not UTF-8 in them shows as U+FFFD.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_process_args() -> Buffer {
    // A program hosted by Rust may never have called `begin`.
    let arguments = ARGUMENTS.get_or_init(|| std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect());
    let strings: Vec<Buffer> = arguments.iter().map(|argument| string::new(argument)).collect();
    string::list_of(&strings)
}

abi::check!(kodo_process_exit, kodo_process_args);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::buffer;
    use crate::testing::{child, child_with};

    #[test]
    fn arguments_come_as_they_were_given() {
        let Some(end) = child("process::tests::arguments_come_as_they_were_given", || {
            let argv = [c"prog".as_ptr(), c"-x\xFF".as_ptr(), c"".as_ptr()];
            // SAFETY: three C strings; the list of strings is live.
            unsafe {
                begin(3, argv.as_ptr());
                let list = kodo_process_args();
                let strings = std::slice::from_raw_parts(buffer::data(list).cast::<Buffer>(), buffer::len(list));
                let texts: Vec<&str> = strings.iter().map(|&s| string::text(s)).collect();
                assert_eq!(texts, ["prog", "-x\u{FFFD}", ""]);
            }
            exit_now(3);
        }) else {
            return;
        };
        assert_eq!(end.status, Some(3), "{}", end.stderr);
    }

    #[test]
    fn exit_flushes_and_counts_leaks_when_debugging() {
        let body = || {
            // SAFETY: no arguments.
            unsafe { begin(0, std::ptr::null()) };
            io::print("kept");
            let made = mem::live();
            let _leak = mem::alloc(8);
            let _leak = mem::alloc(8);
            assert_eq!(mem::live() - made, 2);
            kodo_process_exit(256 + 7);
        };
        let name = "process::tests::exit_flushes_and_counts_leaks_when_debugging";
        let Some(end) = child_with(name, &[("KODO_DEBUG", "1")], body) else { return };
        assert_eq!(end.status, Some(7));
        assert!(end.stdout.ends_with("kept"), "{}", end.stdout);
        assert!(end.stderr.contains("kodo: 2 live objects\n"), "{}", end.stderr);
        let end = child_with(name, &[("KODO_DEBUG", "0")], || ()).unwrap();
        assert!(!end.stderr.contains("live objects"), "{}", end.stderr);
    }
}
