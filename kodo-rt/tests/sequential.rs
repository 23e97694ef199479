//! Programs built with `--no-green-threads`.

mod common;

use common::{Mail, go, go_at, program_with, value};
use kodo_rt::abi::PROGRAM_NO_GREEN_THREADS;
use kodo_rt::time::timer::kodo_time_sleep;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

fn sequential(name: &str, main: unsafe extern "C" fn(*mut u8, *mut u8)) -> common::Done {
    program_with(name, &[("KODO_DEBUG", "1")], main, PROGRAM_NO_GREEN_THREADS, &[])
}

#[test]
fn blocks_run_first_in_first_out_when_main_waits_and_at_its_end() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let mail = Mail::new(1);
        for i in 0..3 {
            let mail = mail.clone();
            go(move || {
                println!("block {i} is thread {}", kodo_rt::sched::kodo_task_id());
                mail.send(i);
            });
        }
        println!("main waits");
        let got = mail.recv();
        go(|| println!("after main"));
        println!("main got {got}");
        value(out, 8);
    }
    let done = sequential("blocks_run_first_in_first_out_when_main_waits_and_at_its_end", main);
    let lines: Vec<_> = done.ends_with(8).out.lines().collect();
    assert_eq!(
        lines,
        ["main waits", "block 0 is thread 2", "main got 0", "block 1 is thread 3", "block 2 is thread 4", "after main"]
    );
    assert!(done.err.contains("kodo: 0 live objects"), "{}", done.err);
}

#[test]
fn a_sleeping_block_lets_others_run_and_wakes() {
    static ORDER: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        go(|| {
            assert_eq!(ORDER.fetch_add(1, SeqCst), 0);
        });
        // SAFETY: no site.
        unsafe { kodo_time_sleep(5, std::ptr::null()) };
        assert_eq!(ORDER.fetch_add(1, SeqCst), 1);
        value(out, 2);
    }
    sequential("a_sleeping_block_lets_others_run_and_wakes", main).ends_with(2);
}

#[test]
fn a_deadlock_is_reported_with_the_blocks_on_the_stack() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        go_at(5, || {
            Mail::<usize>::new(6).recv();
        });
        Mail::<usize>::new(7).recv();
    }
    let done = sequential("a_deadlock_is_reported_with_the_blocks_on_the_stack", main);
    let err = &done.ends_with(2).err;
    assert!(err.starts_with("deadlock: "), "{err}");
    assert!(err.contains("main waits to receive from a channel at t.ko:7:1"), "{err}");
    assert!(err.contains("green thread 2 waits") && err.contains("spawned at t.ko:5:1"), "{err}");
}

#[test]
fn code_that_is_buried_needs_green_threads() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        let (a, b) = (Mail::new(1), Mail::<usize>::new(2));
        let (a2, b2) = (a.clone(), b.clone());
        go_at(3, move || {
            a2.send(1);
            b2.recv();
        });
        a.recv();
        b.send(1);
    }
    let done = sequential("code_that_is_buried_needs_green_threads", main);
    let err = &done.ends_with(2).err;
    assert!(err.contains("needs green threads") && err.contains("only main"), "{err}");
    assert!(err.contains("green thread 2, spawned at t.ko:3:1"), "{err}");
}

#[test]
fn blocks_that_can_never_go_on_are_dropped_after_main() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        for _ in 0..2 {
            go(|| {
                Mail::<usize>::new(6).recv();
            });
        }
        value(out, 3);
    }
    let done = sequential("blocks_that_can_never_go_on_are_dropped_after_main", main);
    assert!(done.ends_with(3).err.contains("2 green threads could never run again"), "{}", done.err);
}
