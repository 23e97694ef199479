//! The start of a program: what `main` of a compiled program calls.

use crate::abi::{ABI_VERSION, PROGRAM_NO_GREEN_THREADS, Program};
use crate::task::{MAIN_ID, TaskRef, registry};
use crate::{dump, fault, frames, io, panic, process, sched, sequential, signals, stack, trace};
use std::ffi::{CStr, c_char};
use std::io::Write;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// More workers than this is a mistake (and each has a queue of its own).
const MOST_WORKERS: usize = 1024;
/// Status of a program that was started wrongly, or cannot go on.
const USAGE: i32 = 2;
/// Status after a bug in the runtime (EX_SOFTWARE).
const INTERNAL: i32 = 70;

static MAIN_ENDED: AtomicBool = AtomicBool::new(false);
static MAIN_VALUE: AtomicI64 = AtomicI64::new(0);

/// Main has returned. Called by its thread.
pub(crate) fn main_ended(value: i64) {
    MAIN_VALUE.store(value, Ordering::Relaxed);
    MAIN_ENDED.store(true, Ordering::Release);
}

/// What main returned, if it has.
pub(crate) fn main_value() -> Option<i64> {
    MAIN_ENDED.load(Ordering::Acquire).then(|| MAIN_VALUE.load(Ordering::Relaxed))
}

/// The program was started wrongly, or cannot go on: one line, status 2.
pub(crate) fn fatal(message: &str) -> ! {
    process::claim_end();
    io::flush();
    io::error(format_args!("kodo: {message}\n"));
    process::exit(USAGE)
}

/// A bug in the runtime: says so and ends the process.
pub(crate) fn internal_error(message: &str) -> ! {
    process::claim_end();
    io::error(format_args!("kodo: internal error: {message}; this is a bug in Kōdo, please report it\n"));
    process::exit(INTERNAL)
}

/// Runs a program and never returns: the process ends when main has returned and nothing else can happen.
///
/// # Safety
/// `argv` holds `argc` C strings; `program` is what the compiler emitted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_rt_main(argc: i32, argv: *const *const c_char, program: *const Program) -> i32 {
    // SAFETY: the first word of every version of `Program` is its version.
    let version = unsafe { program.cast::<u64>().read() };
    if version != ABI_VERSION {
        fatal(&format!(
            "the program was built for version {version} of the runtime, and this is version {ABI_VERSION}"
        ));
    }
    // SAFETY: of our version.
    let program = unsafe { &*program };
    // SAFETY: the caller's.
    unsafe { process::begin(argc, argv) };
    // SAFETY: the caller's.
    if argc == 2 && unsafe { CStr::from_ptr(*argv.add(1)) } == c"--describe" {
        describe(program);
    }
    watch_for_panics();
    let variable = |name: &str| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
    let workers = workers(variable("KODO_THREADS"), program.threads).unwrap_or_else(|error| fatal(&error));
    let stacks = stack::config::read(variable).unwrap_or_else(|error| fatal(&error));
    trace::begin(workers).unwrap_or_else(|error| fatal(&error));
    dump::begin();
    frames::install(program);
    panic::set_describer(sched::describe_panicking);
    fault::install();
    signals::install();
    if program.flags & PROGRAM_NO_GREEN_THREADS != 0 {
        sequential::run(program.main);
    }
    stack::init(&stacks, workers).unwrap_or_else(|error| fatal(&error));
    let main = registry::take();
    // SAFETY: vacant and ours; main takes no environment and its integer goes to the thread's own memory.
    unsafe { (*main).occupy(MAIN_ID, program.main, ptr::null(), None, None, ptr::null()) };
    sched::start(workers, TaskRef(main))
}

/// A panic of the runtime ends the process, wherever it happens: an unwound worker would leave its threads waiting for
/// ever. Threads that are not the runtime's (of a host) keep the hook they have.
fn watch_for_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // A panic on the way out must not come here again.
        static PANICKED: AtomicBool = AtomicBool::new(false);
        if !sched::runs_here() {
            previous(info);
        } else if !PANICKED.swap(true, Ordering::AcqRel) {
            internal_error(&info.to_string());
        }
    }));
}

/// Answers `--describe`.
fn describe(program: &Program) -> ! {
    let text = if program.describe.is_null() {
        &b"{}"[..]
    } else {
        // SAFETY: the compiler emits the text and its length together.
        unsafe { std::slice::from_raw_parts(program.describe, program.describe_len as usize) }
    };
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    drop(out);
    process::exit(i32::from(written.is_err()))
}

/// The number of workers: `KODO_THREADS`, else what was compiled in, else one per available core.
fn workers(variable: Option<String>, compiled: u64) -> Result<usize, String> {
    let number = match variable {
        Some(text) => match text.parse::<usize>() {
            Ok(n) if n > 0 && !text.starts_with('+') => n,
            _ => return Err(format!("KODO_THREADS must be a positive integer, not `{text}`")),
        },
        None if compiled > 0 => compiled as usize,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    Ok(number.min(MOST_WORKERS))
}

crate::abi::check!(kodo_rt_main);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_variable_overrides_what_was_compiled_in() {
        assert_eq!(workers(Some("3".to_owned()), 8), Ok(3));
        assert_eq!(workers(None, 8), Ok(8));
        assert!(workers(None, 0).is_ok_and(|n| n > 0));
    }

    #[test]
    fn a_number_of_workers_that_is_none_names_the_variable() {
        for bad in ["0", "", "-1", "+2", "two", "1.5", "99999999999999999999999"] {
            assert!(workers(Some(bad.to_owned()), 0).is_err_and(|e| e.contains("KODO_THREADS")), "{bad}");
        }
    }
}
