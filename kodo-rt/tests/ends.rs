//! How programs end, and what they answer while they run: by signals, by many ends at once, in the middle of storms.

mod common;

use common::{Mail, at, go, go_at, os, program, program_with};
use kodo_rt::abi::PROGRAM_NO_GREEN_THREADS;
use kodo_rt::sched::park::{self, Reason, Why};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const WORKERS: [&str; 3] = ["1", "2", "8"];

fn signal(signal: i32) {
    // SAFETY: a signal to this process.
    unsafe { libc::kill(libc::getpid(), signal) };
}

/// Threads that park and wake each other for ever, and some that do so with an OS thread.
fn storm() {
    for pair in 0..8 {
        let (there, back) = (Mail::<usize>::new(1), Mail::<usize>::new(2));
        let (there2, back2) = (there.clone(), back.clone());
        go(move || {
            loop {
                there.send(1);
                back.recv();
            }
        });
        let echo = move || {
            loop {
                back2.send(there2.recv());
            }
        };
        if pair == 0 { os(3, echo) } else { go(echo) }
    }
}

/// A file for a dump, gone with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("kodo-ends-{}-{}", std::process::id(), NEXT.fetch_add(1, SeqCst));
        Scratch(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain name")
    }

    fn read(&self) -> String {
        std::fs::read_to_string(&self.0).expect("the file was written")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_signal_ends_a_program_in_a_storm_and_its_output_is_complete() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        storm();
        kodo_rt::io::println("written before");
        let number = std::env::var("SIGNAL").expect("set by the test").parse().expect("a number");
        signal(number);
        loop {
            park::yield_now();
        }
    }
    for workers in WORKERS {
        for number in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            let number = number.to_string();
            let env = [("KODO_THREADS", workers), ("SIGNAL", number.as_str())];
            let done = program("a_signal_ends_a_program_in_a_storm_and_its_output_is_complete", &env, main);
            assert_eq!(done.status, None, "died of the signal: {}", done.err);
            assert!(done.out.contains("written before\n"), "{}", done.out);
        }
    }
}

#[test]
fn a_signal_ends_a_program_that_does_not_answer() {
    // The worker never comes back to the scheduler.
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        kodo_rt::io::println("written before");
        signal(libc::SIGINT);
        loop {
            std::hint::spin_loop();
        }
    }
    let trace = Scratch::new();
    let name = "a_signal_ends_a_program_that_does_not_answer";
    let env = [("KODO_THREADS", "1"), ("KODO_TRACE", trace.path())];
    let done = program(name, &env, main);
    assert!(done.status.is_none() && done.out.contains("written before\n"), "{}", done.out);
    assert!(trace.read().contains("\"name\":\"main\""), "the trace is written");
    let done = program_with(name, &[], main, PROGRAM_NO_GREEN_THREADS, &[]);
    assert!(done.status.is_none() && done.out.contains("written before\n"), "{}", done.out);
}

#[test]
fn a_reader_that_does_not_read_does_not_hold_up_a_signal() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        let mut ends = [0; 2];
        // SAFETY: two fresh descriptors; standard output becomes a full pipe that nobody reads.
        unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            libc::fcntl(ends[1], libc::F_SETFL, libc::O_NONBLOCK);
            while libc::write(ends[1], [0u8; 4096].as_ptr().cast(), 4096) > 0 {}
            libc::fcntl(ends[1], libc::F_SETFL, 0);
            libc::dup2(ends[1], 1);
        }
        kodo_rt::io::println("nobody reads this");
        signal(libc::SIGTERM);
        loop {
            park::yield_now();
        }
    }
    let done = program("a_reader_that_does_not_read_does_not_hold_up_a_signal", &[], main);
    assert_eq!(done.status, None, "{}", done.err);
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        signal(libc::SIGHUP);
        common::value(out, 3);
    }
    if std::env::var_os("KODO_TEST_CHILD").is_some() {
        // SAFETY: as `nohup` does.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
    }
    program("a_signal_that_was_ignored_at_the_start_stays_ignored", &[], main).ends_with(3);
}

#[test]
fn many_threads_end_the_program_at_once_and_one_does() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        storm();
        kodo_rt::io::println("written before");
        for n in 0..50 {
            let end = move || kodo_rt::process::exit(40 + n % 2);
            if n % 10 == 0 { os(5, end) } else { go(end) }
        }
        Mail::<()>::new(6).recv();
    }
    for workers in WORKERS {
        for _ in 0..5 {
            let done = program("many_threads_end_the_program_at_once_and_one_does", &[("KODO_THREADS", workers)], main);
            assert!(matches!(done.status, Some(40 | 41)), "{:?}: {}", done.status, done.err);
            assert!(done.out.contains("written before\n"), "{}", done.out);
        }
    }
}

#[test]
fn of_panics_exits_and_signals_at_once_one_ends_the_program() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        storm();
        kodo_rt::io::println("written before");
        for _ in 0..20 {
            go(|| kodo_rt::panic::kodo_panic_div_zero(ptr::null()));
            go(|| kodo_rt::process::exit(9));
            go(|| signal(libc::SIGTERM));
        }
        os(5, || kodo_rt::panic::kodo_panic_div_zero(ptr::null()));
        Mail::<()>::new(6).recv();
    }
    for workers in WORKERS {
        for _ in 0..5 {
            let env = [("KODO_THREADS", workers)];
            let done = program("of_panics_exits_and_signals_at_once_one_ends_the_program", &env, main);
            assert!(matches!(done.status, Some(101 | 9) | None), "{:?}: {}", done.status, done.err);
            assert!(done.err.matches("panic:").count() <= 1, "{}", done.err);
        }
    }
}

/// Waits until a dump that ends with its last line is in the file.
fn wait_for(file: &Path, last: &str) {
    while !std::fs::read_to_string(file).is_ok_and(|text| text.contains(last)) {
        park::yield_now();
        std::thread::yield_now();
    }
}

#[test]
fn a_dump_tells_of_every_thread_and_the_program_goes_on() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let mail = Mail::<usize>::new(20);
        let waiting = std::sync::Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let (mail, waiting) = (mail.clone(), waiting.clone());
            go_at(10, move || {
                waiting.fetch_add(1, SeqCst);
                mail.recv();
            });
        }
        let (mail2, waiting2) = (mail.clone(), waiting.clone());
        os(12, move || {
            waiting2.fetch_add(1, SeqCst);
            mail2.recv();
        });
        while waiting.load(SeqCst) < 101 {
            park::yield_now();
        }
        let file = PathBuf::from(std::env::var("KODO_DUMP").expect("set by the test"));
        // The last ones may not have parked yet: another dump then.
        loop {
            let _ = std::fs::remove_file(&file);
            signal(libc::SIGQUIT);
            wait_for(&file, "spawned at t.ko:12:1 in main\n");
            let text = std::fs::read_to_string(&file).expect("just read");
            if text.contains("  100 green threads (") && text.contains("`parallel` waits to receive") {
                break;
            }
        }
        (0..101).for_each(|i| mail.send(i));
        common::value(out, 8);
    }
    for workers in WORKERS {
        let file = Scratch::new();
        let env = [("KODO_THREADS", workers), ("KODO_DUMP", file.path())];
        program("a_dump_tells_of_every_thread_and_the_program_goes_on", &env, main).ends_with(8);
        let text = file.read();
        assert!(text.starts_with("kodo: 101 green threads on "), "{text}");
        assert!(text.contains("  main runs on worker "), "{text}");
        let group = text.lines().find(|line| line.contains("100 green threads (")).expect("they are alike");
        assert!(group.contains(") wait to receive from a channel at t.ko:20:1 in main, for "), "{text}");
        assert!(text.contains("    spawned at t.ko:10:1 in main\n"), "{text}");
    }
}

#[test]
fn dumps_in_a_storm_disturb_nothing() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        storm();
        let file = PathBuf::from(std::env::var("KODO_DUMP").expect("set by the test"));
        for _ in 0..20 {
            let _ = std::fs::remove_file(&file);
            signal(libc::SIGQUIT);
            wait_for(&file, "kodo: 16 green threads on ");
        }
        let _ = out;
        kodo_rt::process::exit(2);
    }
    for workers in WORKERS {
        let file = Scratch::new();
        let env = [("KODO_THREADS", workers), ("KODO_DUMP", file.path())];
        program("dumps_in_a_storm_disturb_nothing", &env, main).ends_with(2);
    }
}

#[test]
fn without_green_threads_a_dump_lists_the_blocks_on_the_stack() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        go_at(7, || {
            // SAFETY: a signal to this thread.
            unsafe { libc::raise(libc::SIGQUIT) };
            let main = MAIN.lock().unwrap().expect("main waits");
            // SAFETY: once, for main's one park.
            unsafe { main.unpark() };
        });
        *MAIN.lock().unwrap() = Some(park::current());
        park::park(Why { reason: Reason::Recv, site: at(9), object: ptr::null() });
        common::value(out, 5);
    }
    static MAIN: std::sync::Mutex<Option<park::Waiter>> = std::sync::Mutex::new(None);
    let name = "without_green_threads_a_dump_lists_the_blocks_on_the_stack";
    let done = program_with(name, &[], main, PROGRAM_NO_GREEN_THREADS, &[]);
    let expected = "  green thread 2, spawned at t.ko:7:1 in main runs\n  \
                    main waits to receive from a channel at t.ko:9:1 in main\n";
    assert!(done.ends_with(5).err.contains(expected), "{}", done.err);
}

#[test]
fn a_deadlock_that_took_time_says_how_long_each_has_waited() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        go_at(11, || Mail::<()>::new(21).recv());
        // SAFETY: no site.
        unsafe { kodo_rt::time::timer::kodo_time_sleep(300, ptr::null()) };
        go_at(12, || Mail::<()>::new(22).recv());
        Mail::<()>::new(23).recv();
    }
    for workers in WORKERS {
        let done =
            program("a_deadlock_that_took_time_says_how_long_each_has_waited", &[("KODO_THREADS", workers)], main);
        let line = |at: &str| {
            let line = done.err.lines().find(|line| line.contains(at));
            line.unwrap_or_else(|| panic!("{}", done.err)).to_owned()
        };
        done.ends_with(2);
        assert!(line("t.ko:21:1").contains(" in main, for "), "it waited through the sleep: {}", done.err);
    }
}
