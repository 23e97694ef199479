//! Tests that need to say which thread is main, or that all run on one.

use crate::abi::{Site, TypeInfo};
use crate::sched::{self, park};
use crate::sync::channel::{self, Received, Until};
use crate::sync::entries::*;
use std::ptr;
use std::sync::atomic::Ordering::SeqCst;

struct Info(TypeInfo);
// SAFETY: nobody writes it.
unsafe impl Sync for Info {}
static INT: Info =
    Info(TypeInfo { size: 8, align: 8, copy: None, drop: None, share: None, name: ptr::null(), name_len: 0 });
const NOWHERE: *const Site = ptr::null();

fn in_child(name: &str, body: impl FnOnce()) -> Option<std::process::Output> {
    if std::env::var_os("KODO_TEST_CHILD").is_some() {
        body();
        std::process::exit(0);
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([&format!("seam_tests::{name}"), "--exact", "--nocapture"]).env("KODO_TEST_CHILD", "1");
    Some(command.output().unwrap())
}

fn is_deadlock(name: &str, body: impl FnOnce()) {
    if let Some(output) = in_child(name, body) {
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains("deadlock"), "{text}");
    }
}

/// A handle that may go to another thread.
#[derive(Clone, Copy)]
struct Handle(*mut u8);
// SAFETY: handles may be used by any thread.
unsafe impl Send for Handle {}

impl Handle {
    fn new() -> Handle {
        Handle(channel::unbounded(&INT.0, NOWHERE))
    }
    fn copy(self) -> Handle {
        // SAFETY: a handle.
        unsafe { channel::retain(self.0) };
        self
    }
    fn release(self) {
        // SAFETY: a handle.
        unsafe { channel::release(self.0) };
    }
    fn receive(self, until: Until) -> Received {
        let mut out = 0i64;
        // SAFETY: a handle and room for a value.
        unsafe { channel::receive(self.0, (&raw mut out).cast(), until, NOWHERE) }
    }
    fn until_receivers(self, count: usize) {
        // SAFETY: a handle.
        while unsafe { channel::waiting(self.0).0 } != count {
            std::thread::yield_now();
        }
    }
}

#[test]
fn main_that_receives_with_the_only_handle_is_deadlocked() {
    is_deadlock("main_that_receives_with_the_only_handle_is_deadlocked", || {
        park::current().become_main();
        let _ = Handle::new().receive(Until::Value);
    });
}

#[test]
fn main_is_deadlocked_when_the_last_sender_goes() {
    is_deadlock("main_is_deadlocked_when_the_last_sender_goes", || {
        park::current().become_main();
        let ch = Handle::new();
        let other = ch.copy();
        std::thread::spawn(move || {
            let other = other;
            other.until_receivers(1);
            other.release();
        });
        let _ = ch.receive(Until::Value);
    });
}

#[test]
fn next_waiters_end_before_main_is_deadlocked() {
    is_deadlock("next_waiters_end_before_main_is_deadlocked", || {
        park::current().become_main();
        let ch = Handle::new();
        let other = ch.copy();
        std::thread::spawn(move || {
            let other = other;
            assert_eq!(other.receive(Until::End), Received::Closed);
            eprintln!("next ended");
            other.release();
        });
        ch.until_receivers(1);
        let _ = ch.receive(Until::Value);
    });
}

#[test]
fn a_next_waiter_that_ended_may_still_send_to_main() {
    let name = "a_next_waiter_that_ended_may_still_send_to_main";
    let output = in_child(name, || {
        park::current().become_main();
        let ch = Handle::new();
        let other = ch.copy();
        std::thread::spawn(move || {
            let other = other;
            assert_eq!(other.receive(Until::End), Received::Closed);
            let mut value = 5i64;
            // SAFETY: a handle and a value.
            unsafe { kodo_channel_send(other.0, (&raw mut value).cast(), NOWHERE) };
            other.release();
        });
        ch.until_receivers(1);
        assert_eq!(ch.receive(Until::Value), Received::Value);
    });
    assert!(output.is_none_or(|output| output.status.success()));
}

unsafe extern "C" fn send_twice(env: *mut u8, out: *mut u8) {
    // SAFETY: called with a handle and room for a number.
    unsafe {
        let ch = env.cast::<*mut u8>().read();
        let mut value = 21i64;
        kodo_channel_send(ch, (&raw mut value).cast(), NOWHERE);
        kodo_channel_send(ch, (&raw mut value).cast(), NOWHERE);
        kodo_channel_release(ch);
        out.cast::<i64>().write(2);
    }
}

#[test]
fn sequential_spawns_run_when_the_block_waits() {
    let output = in_child("sequential_spawns_run_when_the_block_waits", || {
        sched::SEQUENTIAL.store(true, SeqCst);
        let live = crate::mem::live();
        let (ch, mut sum) = (Handle::new(), 0i64);
        // SAFETY: handles, environments and room for values as the entry points want them.
        unsafe {
            let scope = kodo_parallel_begin();
            let results = [(); 3].map(|()| {
                let mut env = ch.copy().0;
                kodo_parallel_spawn(scope, send_twice, (&raw mut env).cast(), &INT.0, &INT.0, NOWHERE)
            });
            // The first of them has to run for this.
            let mut value = 0i64;
            kodo_channel_recv(ch.0, (&raw mut value).cast(), NOWHERE);
            assert_eq!((value, kodo_channel_len(ch.0)), (21, 1));
            kodo_parallel_join(scope, NOWHERE);
            assert_eq!(kodo_channel_len(ch.0), 5);
            for future in results {
                let mut result = 0i64;
                kodo_future_await(future, (&raw mut result).cast(), NOWHERE);
                kodo_future_release(future);
                sum += result;
            }
        }
        ch.release();
        assert_eq!((sum, crate::mem::live()), (6, live));
    });
    assert!(output.is_none_or(|output| output.status.success()));
}
