//! Stacks: growth, the overflow report, trimming.

mod common;

use common::{Group, go, go_at, os, program, program_with, value};
use kodo_rt::abi::PROGRAM_NO_GREEN_THREADS;
use kodo_rt::sched::park;
use std::hint::black_box;

/// Uses about a kilobyte per level.
#[inline(never)]
fn recurse(levels: usize) -> usize {
    let frame = black_box([levels as u8; 1000]);
    if levels == 0 {
        return 0;
    }
    recurse(levels - 1) + usize::from(black_box(frame[levels % 1000]) == levels as u8)
}

const GUARDS: [&str; 2] = ["madvise", "mprotect"];

#[test]
fn a_stack_grows_to_its_maximum() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        // More than once on the same slots: they are trimmed between.
        for _ in 0..3 {
            let group = Group::new(20);
            for _ in 0..20 {
                let group = group.clone();
                go(move || {
                    assert_eq!(recurse(6_500), 6_500);
                    park::yield_now();
                    assert_eq!(recurse(6_500), 6_500);
                    group.done();
                });
            }
            group.wait();
        }
        value(out, i64::from(recurse(6_500) == 6_500));
    }
    for guards in GUARDS {
        for workers in ["1", "2"] {
            program("a_stack_grows_to_its_maximum", &[("KODO_STACK_GUARDS", guards), ("KODO_THREADS", workers)], main)
                .ends_with(1);
        }
    }
}

#[test]
fn a_grown_stack_is_trimmed_when_its_thread_ends() {
    fn resident_megabytes() -> usize {
        let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
        text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number of pages") >> 8
    }
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let group = Group::new(30);
        for _ in 0..30 {
            let group = group.clone();
            go(move || {
                assert_eq!(recurse(6_500), 6_500);
                // All thirty have grown before the first ends.
                park::yield_now();
                group.done();
            });
        }
        park::yield_now();
        let grown = resident_megabytes();
        group.wait();
        let trimmed = resident_megabytes();
        println!("{grown} MB, then {trimmed} MB");
        value(out, i64::from(grown > 180 && trimmed < 60));
    }
    for guards in GUARDS {
        let name = "a_grown_stack_is_trimmed_when_its_thread_ends";
        // Copies on the heap would be counted too.
        let env = [("KODO_STACK_GUARDS", guards), ("KODO_THREADS", "1"), ("KODO_PRIVATE_STACKS", "100")];
        program(name, &env, main).ends_with(1);
    }
}

#[test]
fn an_overflow_names_the_thread_and_where_it_was_spawned() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        go_at(21, || {
            println!("{}", recurse(usize::MAX));
        });
    }
    for guards in GUARDS {
        let name = "an_overflow_names_the_thread_and_where_it_was_spawned";
        let done = program(name, &[("KODO_STACK_GUARDS", guards)], main);
        let err = &done.ends_with(101).err;
        assert!(err.starts_with("panic: stack overflow\n"), "{err}");
        assert!(err.contains("green thread 2, spawned at t.ko:21:1 in main"), "{err}");
    }
}

#[test]
fn main_overflows_like_any_thread() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        println!("{}", recurse(usize::MAX));
    }
    let done = program("main_overflows_like_any_thread", &[], main);
    assert!(done.ends_with(101).err.contains("in main"), "{}", done.err);
}

#[test]
fn the_sizes_can_be_set() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        value(out, i64::from(recurse(20_000) == 20_000));
    }
    for guards in GUARDS {
        let set = |size| {
            program("the_sizes_can_be_set", &[("KODO_STACK_GUARDS", guards), ("KODO_MAX_STACK_SIZE", size)], main)
        };
        set("64M").ends_with(1);
        set("16M").ends_with(101);
        set("64K").ends_with(101);
    }
}

#[test]
fn an_os_thread_of_parallel_overflows_with_a_report() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        os(31, || {
            println!("{}", recurse(usize::MAX));
        });
    }
    let done = program("an_os_thread_of_parallel_overflows_with_a_report", &[], main);
    let err = &done.ends_with(101).err;
    assert!(err.contains("stack overflow") && err.contains("spawned at t.ko:31:1"), "{err}");
}

#[test]
fn a_program_without_green_threads_overflows_with_a_report() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        println!("{}", recurse(usize::MAX));
    }
    let name = "a_program_without_green_threads_overflows_with_a_report";
    let done = program_with(name, &[], main, PROGRAM_NO_GREEN_THREADS, &[]);
    assert!(done.ends_with(101).err.contains("in main"), "{}", done.err);
}

#[test]
fn a_wild_pointer_is_no_stack_overflow() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        // SAFETY: it is not: the test is that the process dies of it.
        unsafe { black_box(std::ptr::without_provenance_mut::<u8>(64)).write_volatile(1) };
    }
    let done = program("a_wild_pointer_is_no_stack_overflow", &[], main);
    assert_eq!(done.status, None, "killed by the signal");
    assert!(!done.err.contains("overflow"), "{}", done.err);
}
