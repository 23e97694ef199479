//! Signals from outside: the dump of all threads (SIGQUIT), and the end (SIGHUP, SIGINT, SIGTERM).
//!
//! ```text
//!   handler, on whichever thread      sets a bit in REQUESTS, wakes
//!   kodo-signals, an OS thread        SIGQUIT: `dump::write`; the program goes on
//!                                     the others: standard output is flushed, the trace written; dies of the signal
//! ```
//!
//! The handler does nothing else, so it is safe wherever it interrupts. The thread does not depend on workers: it answers
//! when all of them are busy or stuck. An end is never held up for long: what standard output does not take in
//! `PATIENCE` is lost, and a second signal kills at once. In a program without green threads the handler itself lists the
//! blocks that lie on the stack it interrupted.
//!
//! A signal that was ignored or handled by someone else when the program started stays so (`nohup`, a host); only SIGQUIT is
//! taken even if it was ignored, as shells do for what runs in the background.

use crate::sched::futex;
use crate::{dump, io, process, sequential, trace};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

const ENDING: [i32; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];
/// How long the end waits for standard output, and for another thread that is about to end the process.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bits of what is asked for; the thread sleeps on it.
static REQUESTS: AtomicU32 = AtomicU32::new(0);
const DUMP: u32 = 1;
const END: u32 = 2;
const OVERFLOW: u32 = 4;
/// The signal to die of.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static STARTED: AtomicBool = AtomicBool::new(false);

/// Takes the signals, and starts the thread that answers them. Once, before the program runs.
pub fn install() {
    // The thread itself takes no signals, so that handlers run where there is an alternate stack.
    // SAFETY: sets of signals of our own.
    let started = unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let thread = std::thread::Builder::new().name("kodo-signals".to_owned()).stack_size(256 << 10).spawn(answer);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        thread.is_ok()
    };
    // Without it signals do what they always do.
    if !started {
        return;
    }
    STARTED.store(true, Ordering::Release);
    for signal in ENDING {
        take(signal, false);
    }
    take(libc::SIGQUIT, true);
}

fn take(signal: i32, even_if_ignored: bool) {
    // SAFETY: `sigaction` reads and writes the structures we pass.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut before);
        if before.sa_sigaction == libc::SIG_DFL || even_if_ignored && before.sa_sigaction == libc::SIG_IGN {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            // On the alternate stack: the thread that runs may be at the end of its own.
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

extern "C" fn on_signal(signal: i32) {
    // The interrupted code may be between a system call and its look at errno.
    // SAFETY: errno of this thread.
    let errno = unsafe { *libc::__errno_location() };
    if signal == libc::SIGQUIT && sequential::is_on() {
        // On the one thread that runs the program, its blocks cannot change meanwhile.
        let thread = sequential::thread();
        // SAFETY: has no preconditions; a signal to a thread of this process.
        unsafe {
            if libc::gettid() == thread {
                dump::write_blocks();
            } else {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal);
            }
        }
    } else if signal == libc::SIGQUIT {
        request(DUMP);
    } else if SIGNAL.swap(signal, Ordering::AcqRel) == 0 {
        request(END);
    } else {
        die(signal);
    }
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = errno };
}

fn request(bit: u32) {
    REQUESTS.fetch_or(bit, Ordering::AcqRel);
    futex::wake(&raw const REQUESTS);
}

/// For the handler of a stack overflow, whose report is out: lets the thread write the trace and end the process. Returns
/// if there is nobody to do it.
pub fn end_after_overflow() {
    if STARTED.load(Ordering::Acquire) && trace::is_on() {
        request(OVERFLOW);
        loop {
            // SAFETY: waits for a signal; the process ends meanwhile.
            unsafe { libc::pause() };
        }
    }
}

/// The thread.
fn answer() {
    loop {
        let requests = REQUESTS.swap(0, Ordering::AcqRel);
        if requests & OVERFLOW != 0 {
            trace::finish();
            process::exit_now(crate::panic::STATUS);
        }
        if requests & END != 0 {
            end(SIGNAL.load(Ordering::Acquire));
        }
        if requests & DUMP != 0 {
            dump::write();
        }
        if requests == 0 {
            futex::wait(&REQUESTS, 0, None);
        }
    }
}

fn end(signal: i32) -> ! {
    if process::try_claim_end() {
        io::flush_within(PATIENCE);
        trace::finish();
    } else {
        // Somebody ends the process already; unless it hangs in that, this thread ends with it.
        std::thread::sleep(PATIENCE);
    }
    die(signal)
}

/// Dies of a signal, as if it had never been handled. Also in the handler: system calls only.
fn die(signal: i32) -> ! {
    // SAFETY: default action, unblocked, and a signal to this thread.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut only = std::mem::zeroed();
        libc::sigemptyset(&raw mut only);
        libc::sigaddset(&raw mut only, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const only, ptr::null_mut());
        libc::raise(signal);
    }
    // The first process of a container does not die of signals.
    process::exit_now(128 + signal)
}
