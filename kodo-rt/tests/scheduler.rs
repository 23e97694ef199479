//! The scheduler, driven as compiled programs drive it.

mod common;

use common::{Group, Mail, at, go, go_at, os, program, program_with, value};
use kodo_rt::sched::park::{self, Reason, Why};
use kodo_rt::sched::wait::{TIMED_OUT, Wait};
use kodo_rt::time::timer::{self, kodo_time_sleep};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const WORKERS: [&str; 4] = ["1", "2", "8", "64"];

fn sleep(ms: i64) {
    // SAFETY: no site.
    unsafe { kodo_time_sleep(ms, ptr::null()) }
}

#[test]
fn mains_value_is_the_status_modulo_256() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        assert_eq!(kodo_rt::sched::kodo_task_id(), 1);
        value(out, 256 + 42);
    }
    program("mains_value_is_the_status_modulo_256", &[], main).ends_with(42);
}

#[test]
fn the_program_goes_on_until_every_thread_has_ended() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        value(out, 7);
        for _ in 0..100 {
            go(|| {
                for _ in 0..100 {
                    go(|| {
                        park::yield_now();
                        if ENDED.fetch_add(1, SeqCst) == 9_999 {
                            println!("all ended");
                        }
                    });
                }
            });
        }
    }
    for workers in WORKERS {
        let done = program("the_program_goes_on_until_every_thread_has_ended", &[("KODO_THREADS", workers)], main);
        assert!(done.ends_with(7).out.contains("all ended"), "{}", done.out);
    }
}

#[test]
fn storms_of_parks_and_unparks_among_green_threads_lose_nothing() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let rounds = if std::env::var("KODO_THREADS").is_ok_and(|w| w == "64") { 300 } else { 2_000 };
        let group = Group::new(64);
        for _ in 0..32 {
            let (a, b) = (Mail::<usize>::new(1), Mail::<usize>::new(2));
            let (a2, b2) = (a.clone(), b.clone());
            let (g, g2) = (group.clone(), group.clone());
            go(move || {
                for i in 0..rounds {
                    a.send(i);
                    assert_eq!(b.recv(), i);
                }
                g.done();
            });
            go(move || {
                for i in 0..rounds {
                    assert_eq!(a2.recv(), i);
                    b2.send(i);
                }
                g2.done();
            });
        }
        group.wait();
        value(out, 3);
    }
    for workers in WORKERS {
        program("storms_of_parks_and_unparks_among_green_threads_lose_nothing", &[("KODO_THREADS", workers)], main)
            .ends_with(3);
    }
}

#[test]
fn green_and_os_threads_wake_each_other() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let group = Group::new(8);
        let sum = Arc::new(AtomicUsize::new(0));
        for pair in 0..4 {
            let (a, b) = (Mail::<usize>::new(1), Mail::<usize>::new(2));
            let (a2, b2) = (a.clone(), b.clone());
            let (g, g2) = (group.clone(), group.clone());
            let sum = sum.clone();
            os(3, move || {
                for i in 0..1_000 {
                    a.send(i);
                    assert_eq!(b.recv(), i);
                }
                g.done();
            });
            let echo = move || {
                for i in 0..1_000 {
                    assert_eq!(a2.recv(), i);
                    sum.fetch_add(1, SeqCst);
                    b2.send(i);
                }
                g2.done();
            };
            // The last pair is two OS threads.
            if pair < 3 { go(echo) } else { os(4, echo) }
        }
        group.wait();
        value(out, i64::from(sum.load(SeqCst) == 4_000));
    }
    for workers in ["1", "2", "8"] {
        program("green_and_os_threads_wake_each_other", &[("KODO_THREADS", workers)], main).ends_with(1);
    }
}

#[test]
fn an_os_thread_may_outlive_main_and_spawn() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        value(out, 5);
        os(1, || {
            let (there, back) = (Mail::new(1), Mail::new(2));
            let (there2, back2) = (there.clone(), back.clone());
            go(move || back2.send(there2.recv() + 1));
            there.send(41);
            println!("got {}", back.recv());
        });
    }
    for workers in ["1", "2"] {
        let done = program("an_os_thread_may_outlive_main_and_spawn", &[("KODO_THREADS", workers)], main);
        assert!(done.ends_with(5).out.contains("got 42"));
    }
}

fn parked_crowd(count: usize) {
    let group = Group::new(count);
    let all: Vec<_> = (0..count).map(|_| Mail::<usize>::new(1)).collect();
    let parked = Arc::new(AtomicUsize::new(0));
    for mail in &all {
        let (mail, group, parked) = (mail.clone(), group.clone(), parked.clone());
        go(move || {
            parked.fetch_add(1, SeqCst);
            assert_eq!(mail.recv(), 9);
            group.done();
        });
    }
    while parked.load(SeqCst) < count {
        park::yield_now();
    }
    for mail in &all {
        mail.send(9);
    }
    group.wait();
}

#[test]
fn ten_thousand_threads_may_be_parked() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        parked_crowd(10_000);
        value(out, 1);
    }
    let name = "ten_thousand_threads_may_be_parked";
    program(name, &[("KODO_THREADS", "2")], main).ends_with(1);
    program(name, &[("KODO_THREADS", "2"), ("KODO_STACK_GUARDS", "mprotect")], main).ends_with(1);
}

#[test]
fn a_hundred_thousand_threads_may_be_parked_where_the_kernel_has_guard_markers() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        if kodo_rt::stack::has_markers() {
            parked_crowd(100_000);
        }
        value(out, 1);
    }
    let name = "a_hundred_thousand_threads_may_be_parked_where_the_kernel_has_guard_markers";
    program(name, &[("KODO_THREADS", "2")], main).ends_with(1);
}

#[test]
fn more_threads_may_have_started_than_there_are_stacks() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        parked_crowd(30_000);
        value(out, 1);
    }
    let name = "more_threads_may_have_started_than_there_are_stacks";
    program(name, &[("KODO_STACK_GUARDS", "mprotect")], main).ends_with(1);
}

// ---- the end

#[test]
fn a_deadlocked_main_is_reported_with_every_parked_thread() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        for _ in 0..3 {
            go_at(11, || {
                Mail::<usize>::new(12).recv();
            });
        }
        os(13, || {
            Mail::<usize>::new(14).recv();
        });
        kodo_rt::io::print("printed before");
        Mail::<usize>::new(15).recv();
    }
    for workers in WORKERS {
        let name = "a_deadlocked_main_is_reported_with_every_parked_thread";
        let done = program(name, &[("KODO_THREADS", workers)], main);
        let err = &done.ends_with(2).err;
        assert_eq!(done.out, "printed before");
        assert!(err.starts_with("deadlock: "), "{err}");
        assert!(err.contains("main waits to receive from a channel at t.ko:15:1 in main\n"), "{err}");
        assert!(err.contains("3 green threads (2, 3, 4) wait to receive from a channel at t.ko:12:1 in main"), "{err}");
        assert!(err.contains("spawned at t.ko:11:1 in main"), "{err}");
        assert!(err.contains("OS thread of `parallel` waits to receive from a channel at t.ko:14:1"), "{err}");
        assert!(err.contains("spawned at t.ko:13:1"), "{err}");
    }
}

#[test]
fn a_thread_that_learns_of_the_deadlock_on_its_way_to_park_is_in_the_report() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        // An earlier wait must not show.
        sleep(1);
        kodo_rt::deadlock::report_and_exit_waiting(common::why(17));
    }
    let name = "a_thread_that_learns_of_the_deadlock_on_its_way_to_park_is_in_the_report";
    let err = &program(name, &[], main).ends_with(2).err.clone();
    assert!(err.contains("main waits to receive from a channel at t.ko:17:1"), "{err}");
}

#[test]
fn threads_that_can_never_run_again_are_dropped_after_main() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        value(out, 4);
        for _ in 0..5 {
            go(|| {
                Mail::<usize>::new(1).recv();
            });
        }
    }
    let name = "threads_that_can_never_run_again_are_dropped_after_main";
    for workers in ["1", "2", "8"] {
        let done = program(name, &[("KODO_THREADS", workers)], main);
        assert_eq!(done.ends_with(4).err, "");
        let done = program(name, &[("KODO_THREADS", workers), ("KODO_DEBUG", "1")], main);
        assert!(done.ends_with(4).err.contains("5 green threads could never run again"), "{}", done.err);
    }
}

#[test]
fn quiescence_is_exact_under_races() {
    // Main waits for the last of a tree of threads that are handed on between green and OS threads and timers: a
    // count that is off by one for a moment reports a deadlock or hangs.
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        fn hop(left: usize, last: Arc<Mail<usize>>) {
            if left == 0 {
                return last.send(1);
            }
            let next = move || hop(left - 1, last);
            match left % 7 {
                0 => os(1, next),
                1 => go(move || {
                    sleep(1);
                    next();
                }),
                _ => go(next),
            }
        }
        let last = Mail::new(1);
        for _ in 0..20 {
            for lane in 0..4 {
                hop(20 + lane, last.clone());
            }
            for _ in 0..4 {
                last.recv();
            }
        }
        value(out, 6);
    }
    for workers in WORKERS {
        program("quiescence_is_exact_under_races", &[("KODO_THREADS", workers)], main).ends_with(6);
    }
}

#[test]
fn a_program_that_is_through_ends_at_once_however_often() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        for _ in 0..20 {
            go(park::yield_now);
        }
    }
    for round in 0..60 {
        let workers = WORKERS[round % 4];
        program("a_program_that_is_through_ends_at_once_however_often", &[("KODO_THREADS", workers)], main)
            .ends_with(0);
    }
}

// ---- time

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let started = Instant::now();
        let woken = Mail::new(1);
        for ms in [60, 20, 40] {
            let woken = woken.clone();
            go(move || {
                sleep(ms);
                woken.send(ms);
            });
        }
        let order = [woken.recv(), woken.recv(), woken.recv()];
        value(out, i64::from(order == [20, 40, 60] && started.elapsed() >= Duration::from_millis(60)));
    }
    for workers in ["1", "2"] {
        program("sleepers_wake_in_the_order_of_their_deadlines", &[("KODO_THREADS", workers)], main).ends_with(1);
    }
}

#[test]
fn a_sleeping_main_is_no_deadlock_and_a_sleep_of_zero_only_yields() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let ran = Arc::new(AtomicBool::new(false));
        let other = ran.clone();
        go(move || other.store(true, SeqCst));
        sleep(0);
        sleep(-5);
        // One worker: the yield let the other run.
        let yielded = ran.load(SeqCst);
        sleep(5);
        value(out, i64::from(yielded));
    }
    program("a_sleeping_main_is_no_deadlock_and_a_sleep_of_zero_only_yields", &[("KODO_THREADS", "1")], main)
        .ends_with(1);
}

#[test]
fn a_wait_is_decided_once_whether_by_a_timer_or_a_thread() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let (mut timeouts, mut others) = (0, 0);
        for round in 0..400u64 {
            let wait = Wait::new(park::current());
            let timer = timer::arm(Instant::now() + Duration::from_micros(round % 200), wait.clone());
            let other = wait.clone();
            go(move || {
                if other.decide(5) {
                    // SAFETY: decided by us.
                    unsafe { other.waiter().unpark() };
                }
            });
            park::park(Why { reason: Reason::Recv, site: at(1), object: ptr::null() });
            match wait.outcome() {
                Some(TIMED_OUT) => timeouts += 1,
                Some(5) => {
                    others += 1;
                    timer.cancel();
                }
                outcome => panic!("{outcome:?}"),
            }
        }
        println!("{timeouts} timed out, {others} did not");
        value(out, i64::from(timeouts + others == 400));
    }
    for workers in ["1", "2", "8"] {
        program("a_wait_is_decided_once_whether_by_a_timer_or_a_thread", &[("KODO_THREADS", workers)], main)
            .ends_with(1);
    }
}

// ---- fairness

#[test]
fn threads_that_only_wake_each_other_keep_nobody_out() {
    static STOP: AtomicBool = AtomicBool::new(false);
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let (a, b) = (Mail::<usize>::new(1), Mail::<usize>::new(2));
        let (a2, b2) = (a.clone(), b.clone());
        // The third was queued first, so that a pure LIFO would never come to it.
        go(|| STOP.store(true, SeqCst));
        go(move || {
            while !STOP.load(SeqCst) {
                a.send(1);
                b.recv();
            }
            a.send(0);
        });
        go(move || {
            while a2.recv() == 1 {
                b2.send(1)
            }
        });
        value(out, 2);
    }
    program("threads_that_only_wake_each_other_keep_nobody_out", &[("KODO_THREADS", "1")], main).ends_with(2);
}

#[test]
fn spawning_is_a_scheduling_point_once_many_threads_queue() {
    static LIVE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        for _ in 0..20_000 {
            MOST.fetch_max(LIVE.fetch_add(1, SeqCst) + 1, SeqCst);
            go(|| {
                LIVE.fetch_sub(1, SeqCst);
            });
        }
        value(out, i64::from(MOST.load(SeqCst) <= 2_000));
    }
    program("spawning_is_a_scheduling_point_once_many_threads_queue", &[("KODO_THREADS", "1")], main).ends_with(1);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_loop_that_polls_is_preempted_and_keeps_its_registers() {
    unsafe extern "C" {
        static kodo_preempt: u8;
    }
    static FLAG: AtomicBool = AtomicBool::new(false);
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        // Other workers are kept busy.
        for _ in 1..std::env::var("KODO_THREADS").map_or(1, |w| w.parse().expect("a number")) {
            go(|| {
                while !FLAG.load(SeqCst) {
                    std::hint::spin_loop()
                }
            });
        }
        go(|| FLAG.store(true, SeqCst));
        // Two: the first must not be the only one that is ever asked.
        go(park::yield_now);
        while !FLAG.load(SeqCst) {
            let mut sum = 0u64;
            // SAFETY: what compiled loops do: look at the byte, and call the stub, which keeps all registers but r11.
            unsafe {
                std::arch::asm!(
                    "cmp byte ptr [r12], 0",
                    "je 2f",
                    "mov rax, 1", "mov rcx, 2", "mov rdx, 3", "mov rsi, 4", "mov rdi, 5", "mov r8, 6", "mov r9, 7", "mov r10, 8",
                    "call {stub}",
                    "add rax, rcx", "add rax, rdx", "add rax, rsi", "add rax, rdi", "add rax, r8", "add rax, r9", "add rax, r10",
                    "mov r13, rax",
                    "2:",
                    in("r12") &raw const kodo_preempt,
                    inout("r13") sum,
                    stub = sym kodo_rt::sched::preempt::kodo_rt_yield,
                    clobber_abi("C"),
                );
            }
            assert!(sum == 0 || sum == 36, "{sum}");
        }
        value(out, 9);
    }
    for workers in ["1", "2", "8"] {
        // Busy threads that do not poll would keep shared stacks for ever.
        let env = [("KODO_THREADS", workers), ("KODO_PRIVATE_STACKS", "100")];
        program("a_loop_that_polls_is_preempted_and_keeps_its_registers", &env, main).ends_with(9);
    }
}

// ---- the command line and the environment

#[test]
fn nonsense_in_the_environment_is_one_line_that_names_the_variable() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {}
    let name = "nonsense_in_the_environment_is_one_line_that_names_the_variable";
    for (variable, bad) in [
        ("KODO_THREADS", "0"),
        ("KODO_THREADS", "many"),
        ("KODO_STACK_SIZE", "0"),
        ("KODO_STACK_SIZE", "1X"),
        ("KODO_MAX_STACK_SIZE", "-4M"),
    ] {
        let done = program(name, &[(variable, bad)], main);
        let err = &done.ends_with(2).err;
        assert!(err.contains(variable) && err.lines().count() == 1, "{err}");
    }
    program(name, &[("KODO_THREADS", "3"), ("KODO_STACK_SIZE", "256K"), ("KODO_MAX_STACK_SIZE", "1G")], main)
        .ends_with(0);
}

#[test]
fn describe_prints_the_metadata_and_runs_nothing() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        println!("ran");
    }
    let name = "describe_prints_the_metadata_and_runs_nothing";
    let done = program_with(name, &[], main, 0, &["--describe"]);
    assert!(done.ends_with(0).out == "{\"name\":\"test\"}\n", "{}", done.out);
    let done = program_with(name, &[], main, 0, &["--describe", "x"]);
    assert!(done.ends_with(0).out.contains("ran"));
}

#[test]
fn a_panic_in_the_runtime_ends_the_process_with_an_internal_error() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        panic!("as if");
    }
    let done = program("a_panic_in_the_runtime_ends_the_process_with_an_internal_error", &[], main);
    let err = &done.ends_with(70).err;
    assert!(err.contains("internal error") && err.contains("as if"), "{err}");
}
