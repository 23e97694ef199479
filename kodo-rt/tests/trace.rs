//! The trace of a program: whatever the program does and however it ends, the file is well-formed.

mod common;

use common::{Done, Group, Mail, go_at, os, program, program_with, value};
use kodo_rt::abi::PROGRAM_NO_GREEN_THREADS;
use kodo_rt::sched::park;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// A file for a trace, gone with the value.
struct Trace(PathBuf);

impl Trace {
    fn new() -> Trace {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("kodo-trace-{}-{}.json", std::process::id(), NEXT.fetch_add(1, SeqCst));
        Trace(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain name")
    }

    fn read(&self) -> Events {
        let text = std::fs::read_to_string(&self.0).expect("the trace was written");
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
        let events = Events(json["traceEvents"].as_array().expect("a list of events").clone());
        events.check();
        events
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Events(Vec<Value>);

impl Events {
    fn named(&self, phase: &str, name: &str) -> usize {
        self.0.iter().filter(|event| event["ph"] == phase && event["name"] == name).count()
    }

    fn with(&self, phase: &str, argument: &str, value: &str) -> usize {
        self.0.iter().filter(|event| event["ph"] == phase && event["args"][argument] == value).count()
    }

    /// Every `B` has its `E`, times never decrease on a track, and arrows have a beginning and, not before it, an end, both
    /// in a slice.
    fn check(&self) {
        let mut tracks: HashMap<u64, (f64, usize)> = HashMap::new();
        let mut arrows: HashMap<u64, f64> = HashMap::new();
        let mut landed = 0;
        let mut begun = 0;
        for event in &self.0 {
            let phase = event["ph"].as_str().expect("a phase");
            if phase == "M" || phase == "C" {
                continue;
            }
            let (time, track) = (event["ts"].as_f64().expect("a time"), event["tid"].as_u64().expect("a track"));
            let (last, depth) = tracks.entry(track).or_default();
            assert!(time >= *last, "{event} comes after {last}");
            *last = time;
            match phase {
                "B" => *depth += 1,
                "E" => *depth = depth.checked_sub(1).unwrap_or_else(|| panic!("{event} ends nothing")),
                "s" | "f" => {
                    assert!(*depth > 0, "{event} is in no slice");
                    let id = event["id"].as_u64().expect("a number");
                    if phase == "s" {
                        assert!(arrows.insert(id, time).is_none(), "{event} begins twice");
                        begun += 1;
                    } else {
                        let from = arrows.remove(&id).unwrap_or_else(|| panic!("{event} has no beginning"));
                        assert!(from <= time, "{event} ends before it begins, at {from}");
                        landed += 1;
                    }
                }
                "i" => {}
                other => panic!("phase {other}"),
            }
        }
        assert!(tracks.values().all(|(_, depth)| *depth == 0), "slices are left open: {tracks:?}");
        assert_eq!(begun, landed, "arrows without an end: {arrows:?}");
    }
}

fn traced(name: &str, workers: &str, trace: &Trace, main: unsafe extern "C" fn(*mut u8, *mut u8)) -> Done {
    program(name, &[("KODO_THREADS", workers), ("KODO_TRACE", trace.path())], main)
}

#[test]
fn what_threads_do_is_in_the_trace() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let group = Group::new(11);
        let mail = Mail::new(20);
        for _ in 0..10 {
            let (group, mail) = (group.clone(), mail.clone());
            go_at(10, move || {
                mail.recv();
                park::yield_now();
                group.done();
            });
        }
        let (group2, mail2) = (group.clone(), mail.clone());
        os(12, move || {
            for i in 0..10 {
                mail2.send(i);
            }
            group2.done();
        });
        group.wait();
        value(out, 9);
    }
    for workers in ["1", "2", "8"] {
        let trace = Trace::new();
        traced("what_threads_do_is_in_the_trace", workers, &trace, main).ends_with(9);
        let events = trace.read();
        // With one worker main must stop for the others to run; with more they may be done before it has to wait.
        let slices = if workers == "1" { 2 } else { 1 };
        assert!(events.named("B", "main") >= slices, "main starts and goes on");
        assert!(events.named("B", "t.ko:10:1 in main") >= 10);
        assert_eq!(events.named("B", "t.ko:12:1 in main"), 1);
        assert_eq!(events.with("B", "begins", "starts"), 12);
        assert_eq!(events.named("i", "spawn"), 10);
        // The threads that ended; main is among them.
        assert_eq!(events.with("E", "ends", "ended"), 12);
        assert!(events.named("i", "wake") >= 1);
        assert!(events.named("C", "threads") >= 1);
        assert_eq!(events.named("M", "thread_name"), workers.parse::<usize>().unwrap() + 1);
        assert!(events.named("f", "wake") >= 10, "at least from spawns to starts");
    }
}

#[test]
fn a_storm_overflows_the_rings_and_the_file_stays_well_formed() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let group = Group::new(8);
        for _ in 0..4 {
            let (there, back) = (Mail::new(1), Mail::new(2));
            let (there2, back2) = (there.clone(), back.clone());
            let (g, g2) = (group.clone(), group.clone());
            go_at(3, move || {
                for i in 0..4_000 {
                    there.send(i);
                    back.recv();
                }
                g.done();
            });
            go_at(4, move || {
                for _ in 0..4_000 {
                    back2.send(there2.recv());
                }
                g2.done();
            });
        }
        group.wait();
        value(out, 1);
    }
    for workers in ["1", "2", "8"] {
        let trace = Trace::new();
        let done = traced("a_storm_overflows_the_rings_and_the_file_stays_well_formed", workers, &trace, main);
        done.ends_with(1);
        if workers == "1" {
            assert!(done.err.contains("kodo: the trace has the last 65535 of "), "{}", done.err);
        }
        trace.read();
    }
}

#[test]
fn a_trace_is_written_while_others_still_run() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        static GO: AtomicBool = AtomicBool::new(false);
        for _ in 0..16 {
            go_at(5, || {
                loop {
                    park::yield_now();
                    GO.store(true, SeqCst);
                }
            });
        }
        while !GO.load(SeqCst) {
            park::yield_now();
        }
        kodo_rt::process::exit(6);
    }
    for workers in ["2", "8"] {
        let trace = Trace::new();
        traced("a_trace_is_written_while_others_still_run", workers, &trace, main).ends_with(6);
        trace.read();
    }
}

#[test]
fn a_panic_and_a_deadlock_leave_a_trace() {
    extern "C" fn either(_: *mut u8, _: *mut u8) {
        if std::env::var_os("DEADLOCK").is_none() {
            go_at(7, || kodo_rt::panic::kodo_panic_div_zero(std::ptr::null()));
        }
        Mail::<()>::new(8).recv();
    }
    let name = "a_panic_and_a_deadlock_leave_a_trace";
    let trace = Trace::new();
    traced(name, "2", &trace, either).ends_with(101);
    assert_eq!(trace.read().named("B", "t.ko:7:1 in main"), 1);
    let env = [("KODO_THREADS", "2"), ("KODO_TRACE", trace.path()), ("DEADLOCK", "1")];
    program(name, &env, either).ends_with(2);
    assert!(trace.read().with("E", "ends", "waits to receive from a channel") >= 1);
}

#[test]
fn a_program_without_green_threads_has_one_track() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        go_at(3, || ());
        value(out, 4);
    }
    let trace = Trace::new();
    let env = [("KODO_TRACE", trace.path())];
    program_with("a_program_without_green_threads_has_one_track", &env, main, PROGRAM_NO_GREEN_THREADS, &[])
        .ends_with(4);
    let events = trace.read();
    assert_eq!((events.named("B", "main"), events.named("B", "t.ko:3:1 in main")), (1, 1));
}

#[test]
fn a_file_that_cannot_be_written_is_said_at_the_start() {
    extern "C" fn main(_: *mut u8, _: *mut u8) {
        println!("not reached");
    }
    let env = [("KODO_TRACE", "/nonexistent/folder/trace.json")];
    let done = program("a_file_that_cannot_be_written_is_said_at_the_start", &env, main);
    assert!(done.ends_with(2).err.contains("kodo: KODO_TRACE: cannot write `/nonexistent/folder/trace.json`"));
    assert!(!done.out.contains("not reached"));
}

#[test]
fn statistics_tell_what_happened() {
    extern "C" fn main(_: *mut u8, out: *mut u8) {
        let group = Group::new(100);
        let mail = Mail::new(1);
        for _ in 0..100 {
            let (group, mail) = (group.clone(), mail.clone());
            go_at(3, move || {
                mail.recv();
                group.done();
            });
        }
        (0..100).for_each(|i| mail.send(i));
        group.wait();
        value(out, 0);
    }
    for workers in ["1", "2", "8"] {
        let done = program("statistics_tell_what_happened", &[("KODO_THREADS", workers), ("KODO_DEBUG", "1")], main);
        done.ends_with(0);
        assert!(done.err.contains("kodo: 101 threads, at most "), "{}", done.err);
        if workers == "1" {
            assert!(done.err.contains("at most 101 at once; "), "{}", done.err);
            assert!(done.err.contains(" 0 steals of 0 threads\n"), "{}", done.err);
        }
        assert!(done.err.contains(" live objects\n"), "{}", done.err);
    }
}
