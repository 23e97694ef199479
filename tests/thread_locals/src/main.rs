//! Is a thread-local of the runtime ever read through an address from before a switch? A green thread may resume on another
//! OS thread; optimizers do not know that, and keep the addresses of thread-locals. The runtime's only protection is that
//! `sched::worker::worker` is opaque. This program, linked as one piece (fat LTO), has green threads wander between workers
//! and compares what the runtime thinks where it is with what the system says.
//!
//! It also reads a thread-local of its own without any protection, which must go wrong: if it does not, then this compiler keeps
//! no addresses and the test proves nothing.

use kodo_rt::abi::{ABI_VERSION, Program, TypeInfo};
use kodo_rt::sched::worker::worker;
use kodo_rt::sched::{kodo_task_spawn_detached, kodo_task_yield_now};
use kodo_rt::time::timer::kodo_time_sleep;
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::Relaxed};

const WORKERS: usize = 4;
const THREADS: usize = 16;
const ROUNDS: usize = 1_000;

/// The system's number of each worker's OS thread.
static OS_THREADS: [AtomicI32; WORKERS] = [const { AtomicI32::new(0) }; WORKERS];
static MOVES: AtomicUsize = AtomicUsize::new(0);
static WRONG: AtomicUsize = AtomicUsize::new(0);
static UNPROTECTED_WRONG: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static HERE: Cell<i32> = const { Cell::new(0) };
}

/// From the system, not from memory.
fn os_thread() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

extern "C" fn wander(_: *mut u8, _: *mut u8) {
    let mut before = (os_thread(), HERE.with(ptr::from_ref));
    for round in 0..ROUNDS {
        std::hint::black_box(before);
        if round % 8 == 0 {
            // SAFETY: no site.
            unsafe { kodo_time_sleep(1, ptr::null()) };
        } else {
            kodo_task_yield_now();
        }
        let here = (os_thread(), HERE.with(ptr::from_ref));
        if here.0 != before.0 {
            MOVES.fetch_add(1, Relaxed);
            // Two OS threads that are alive have two variables.
            if here.1 == before.1 {
                UNPROTECTED_WRONG.fetch_add(1, Relaxed);
            }
        }
        before = here;
        let id = worker().expect("a green thread runs on a worker").id();
        if let Err(known) = OS_THREADS[id].compare_exchange(0, here.0, Relaxed, Relaxed)
            && known != here.0
        {
            WRONG.fetch_add(1, Relaxed);
        }
    }
    ENDED.fetch_add(1, Relaxed);
}

extern "C" fn program(_: *mut u8, out: *mut u8) {
    let nothing = TypeInfo { size: 0, align: 1, copy: None, drop: None, share: None, name: ptr::null(), name_len: 0 };
    let nothing: &'static TypeInfo = Box::leak(Box::new(nothing));
    for _ in 0..THREADS {
        // SAFETY: no captures, no result; the description lives for ever.
        unsafe { kodo_task_spawn_detached(wander, ptr::null_mut(), nothing, ptr::null()) };
    }
    while ENDED.load(Relaxed) < THREADS {
        kodo_task_yield_now();
    }
    let [moves, wrong, unprotected] = [&MOVES, &WRONG, &UNPROTECTED_WRONG].map(|count| count.load(Relaxed));
    println!(
        "thread-locals: {moves} moves, the runtime was wrong {wrong} times, an unprotected variable {unprotected} times"
    );
    let failed = moves == 0 || wrong > 0 || unprotected == 0;
    println!("{} passed, {} failed", u8::from(!failed), u8::from(failed));
    // SAFETY: main's result is an integer.
    unsafe { out.cast::<i64>().write(i64::from(failed)) };
}

fn main() {
    let description = "{}";
    let program = Program {
        abi_version: ABI_VERSION,
        main: program,
        threads: WORKERS as u64,
        flags: 0,
        describe: description.as_ptr(),
        describe_len: description.len() as u64,
        functions: std::ptr::null(),
        functions_len: 0,
    };
    let name = c"thread-locals".as_ptr();
    // SAFETY: one argument, and a program of this version; it ends the process.
    unsafe { kodo_rt::entry::kodo_rt_main(1, &raw const name, &raw const program) };
}
