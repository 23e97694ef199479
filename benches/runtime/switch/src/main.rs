//! What a switch costs: `switch bare` resumes and suspends one coroutine of corosensei, `switch kodo` lets two green threads
//! yield to each other through the scheduler. Both leave a stack and enter one `SWITCHES` times, and print nanoseconds
//! and a check sum.

use corosensei::{Coroutine, CoroutineResult};
use kodo_rt::abi::{ABI_VERSION, Program, TypeInfo};
use kodo_rt::sched::{kodo_task_spawn_detached, kodo_task_yield_now};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const SWITCHES: u64 = 4_000_000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("bare") => bare(),
        Some("kodo") => kodo(),
        _ => panic!("bare or kodo"),
    }
}

/// Only one thread counts at a time.
static COUNT: AtomicU64 = AtomicU64::new(0);

fn count() -> u64 {
    let count = COUNT.load(Ordering::Relaxed) + 1;
    COUNT.store(count, Ordering::Relaxed);
    count
}

fn bare() {
    let start = Instant::now();
    let mut coroutine = Coroutine::<(), (), ()>::new(|yielder, ()| {
        for _ in 0..SWITCHES {
            count();
            yielder.suspend(());
        }
    });
    while let CoroutineResult::Yield(()) = coroutine.resume(()) {}
    println!("{} {}", start.elapsed().as_nanos(), COUNT.load(Ordering::Relaxed));
}

extern "C" fn switcher(_: *mut u8, _: *mut u8) {
    while count() < SWITCHES {
        kodo_task_yield_now();
    }
}

extern "C" fn program(_: *mut u8, out: *mut u8) {
    let nothing = TypeInfo { size: 0, align: 1, copy: None, drop: None, share: None, name: ptr::null(), name_len: 0 };
    let nothing: &'static TypeInfo = Box::leak(Box::new(nothing));
    // SAFETY: no captures, no result; the description lives for ever.
    unsafe { kodo_task_spawn_detached(switcher, ptr::null_mut(), nothing, ptr::null()) };
    let start = Instant::now();
    switcher(ptr::null_mut(), ptr::null_mut());
    println!("{} {}", start.elapsed().as_nanos(), COUNT.load(Ordering::Relaxed).min(SWITCHES));
    // SAFETY: main's result is an integer.
    unsafe { out.cast::<i64>().write(0) };
}

fn kodo() {
    let description = "{}";
    let program = Program {
        abi_version: ABI_VERSION,
        main: program,
        threads: 1,
        flags: 0,
        describe: description.as_ptr(),
        describe_len: description.len() as u64,
        functions: std::ptr::null(),
        functions_len: 0,
    };
    let name = c"switch".as_ptr();
    // SAFETY: one argument, and a program of this version; it ends the process.
    unsafe { kodo_rt::entry::kodo_rt_main(1, &raw const name, &raw const program) };
}
