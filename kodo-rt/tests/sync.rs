//! Channels, `select`, futures and `parallel` in whole programs, driven as compiled programs drive them: every test
//! is the main of a program that runs in a process of its own.

use kodo_rt::abi::{
    ABI_VERSION, PROGRAM_NO_GREEN_THREADS, Program, SELECT_CHOSE_TIMEOUT, SELECT_RECV, SELECT_SEND, SELECT_TIMEOUT,
    SELECT_WAIT, SelectArm, Site, TypeInfo,
};
use kodo_rt::entry::kodo_rt_main;
use kodo_rt::sched::park::yield_now;
use kodo_rt::sched::{kodo_task_spawn, kodo_task_spawn_detached};
use kodo_rt::sync::entries::*;
use kodo_rt::sync::future::Future;
use std::process::Command;
use std::ptr;

struct Static<T>(T);
// SAFETY: nobody writes it.
unsafe impl<T> Sync for Static<T> {}

static INT: Static<TypeInfo> =
    Static(TypeInfo { size: 8, align: 8, copy: None, drop: None, share: None, name: "Int".as_ptr(), name_len: 3 });
static SITE: Static<Site> =
    Static(Site { file: "sync.ko".as_ptr(), file_len: 7, function: "f".as_ptr(), function_len: 1, line: 4, column: 2 });

type Main = unsafe extern "C" fn(*mut u8, *mut u8);

struct Done {
    status: Option<i32>,
    err: String,
}

impl Done {
    fn ends_with(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{}", self.err);
        if status != 2 && self.err.contains("live objects") {
            assert!(self.err.contains("kodo: 0 live objects"), "{}", self.err);
        }
        self.err
    }
}

/// Runs `main` as a program in a child that runs only the test `name`.
fn run(name: &str, workers: &str, flags: u64, main: Main) -> Done {
    const CHILD: &str = "KODO_SYNC_TEST";
    if std::env::var(CHILD).as_deref() == Ok(name) {
        let program = Program {
            abi_version: ABI_VERSION,
            main,
            threads: 2,
            flags,
            describe: ptr::null(),
            describe_len: 0,
            functions: ptr::null(),
            functions_len: 0,
        };
        let program = Box::leak(Box::new(program));
        // SAFETY: a program that stays, without arguments.
        std::process::exit(unsafe { kodo_rt_main(0, ptr::null(), program) });
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .envs([(CHILD, name), ("KODO_THREADS", workers), ("KODO_DEBUG", "1")])
        .output()
        .unwrap();
    Done { status: output.status.code(), err: String::from_utf8_lossy(&output.stderr).into_owned() }
}

fn everywhere(name: &str, status: i32, main: Main) {
    for workers in ["1", "2", "8"] {
        run(name, workers, 0, main).ends_with(status);
    }
}

/// A handle.
struct Ch(*mut u8);
// SAFETY: handles may be used by any thread.
unsafe impl Send for Ch {}

impl Clone for Ch {
    fn clone(&self) -> Ch {
        // SAFETY: a handle.
        unsafe { kodo_channel_retain(self.0) };
        Ch(self.0)
    }
}
impl Drop for Ch {
    fn drop(&mut self) {
        // SAFETY: a handle, given up.
        unsafe { kodo_channel_release(self.0) };
    }
}

fn unbounded() -> Ch {
    // SAFETY: static descriptions.
    Ch(unsafe { kodo_channel_new(&INT.0, &SITE.0) })
}
fn bounded(capacity: i64) -> Ch {
    // SAFETY: static descriptions.
    Ch(unsafe { kodo_channel_bounded(capacity, &INT.0, &SITE.0) })
}

impl Ch {
    fn send(&self, mut v: i64) {
        // SAFETY: a handle and a value.
        unsafe { kodo_channel_send(self.0, (&raw mut v).cast(), &SITE.0) }
    }
    fn recv(&self) -> i64 {
        let mut v = 0i64;
        // SAFETY: a handle and room for a value.
        unsafe { kodo_channel_recv(self.0, (&raw mut v).cast(), &SITE.0) };
        v
    }
    fn next(&self) -> Option<i64> {
        let mut v = 0i64;
        // SAFETY: a handle and room for a value.
        unsafe { kodo_channel_next(self.0, (&raw mut v).cast(), &SITE.0) }.then_some(v)
    }
    fn timed(&self, ms: i64) -> Option<i64> {
        let mut v = 0i64;
        // SAFETY: a handle and room for a value.
        unsafe { kodo_channel_recv_timeout(self.0, ms, (&raw mut v).cast(), &SITE.0) }.then_some(v)
    }
    fn arm(&self, value: &mut i64, kind: u32) -> SelectArm {
        SelectArm { channel: self.0, value: ptr::from_mut(value).cast(), kind, order: 0 }
    }
}

fn select(arms: &mut [SelectArm], mode: i64, ms: i64) -> i64 {
    // SAFETY: the arms are made of handles and values that are there.
    unsafe { kodo_select(arms.as_mut_ptr(), arms.len() as i64, mode, ms, &SITE.0) }
}

type Body = Box<dyn FnOnce() -> i64>;

unsafe extern "C" fn entry(env: *mut u8, out: *mut u8) {
    // SAFETY: the environment is one boxed body, and `out` has room for a number if somebody wants it.
    unsafe {
        let body = Box::from_raw(env.cast::<*mut Body>().read());
        let value = body();
        if !out.is_null() {
            out.cast::<i64>().write(value);
        }
    }
}

fn env(body: impl FnOnce() -> i64 + Send + 'static) -> *mut Body {
    Box::into_raw(Box::new(Box::new(body)))
}

fn go(body: impl FnOnce() + Send + 'static) {
    let mut env = env(|| {
        body();
        0
    });
    // SAFETY: an environment of one word.
    unsafe { kodo_task_spawn_detached(entry, (&raw mut env).cast(), &INT.0, &SITE.0) }
}

struct Fut(*mut Future);
// SAFETY: futures may be used by any thread.
unsafe impl Send for Fut {}

impl Fut {
    fn get(self) -> i64 {
        let mut v = 0i64;
        // SAFETY: a handle, given up afterwards, and room for the result.
        unsafe {
            kodo_future_await(self.0, (&raw mut v).cast(), &SITE.0);
            kodo_future_release(self.0);
        }
        v
    }
}

fn future(body: impl FnOnce() -> i64 + Send + 'static) -> Fut {
    let mut env = env(body);
    // SAFETY: an environment of one word.
    Fut(unsafe { kodo_task_spawn(entry, (&raw mut env).cast(), &INT.0, &INT.0, &SITE.0).cast() })
}

/// Runs the bodies as threads of a parallel block, and sums their results.
fn parallel(bodies: Vec<Body>) -> i64 {
    // SAFETY: environments of one word; the scope ends here.
    unsafe {
        let scope = kodo_parallel_begin();
        let futures: Vec<Fut> = bodies
            .into_iter()
            .map(|body| {
                let mut env: *mut Body = Box::into_raw(Box::new(body));
                Fut(kodo_parallel_spawn(scope, entry, (&raw mut env).cast(), &INT.0, &INT.0, &SITE.0))
            })
            .collect();
        kodo_parallel_join(scope, &SITE.0);
        futures.into_iter().map(Fut::get).sum()
    }
}

/// Declares a program's main.
macro_rules! main {
    ($body:expr) => {{
        unsafe extern "C" fn main(_env: *mut u8, out: *mut u8) {
            let value: i64 = $body();
            // SAFETY: main has room for its value.
            unsafe { out.cast::<i64>().write(value) };
        }
        main
    }};
}

fn ping_pong() -> i64 {
    for capacity in [0, 1, 100] {
        let (there, back) = (bounded(capacity), bounded(capacity));
        let (there2, back2) = (there.clone(), back.clone());
        go(move || {
            while let Some(v) = there2.next() {
                back2.send(v + 1);
            }
        });
        for v in 0..3_000 {
            there.send(v);
            assert_eq!(back.recv(), v + 1);
        }
    }
    5
}

#[test]
fn green_threads_play_ping_pong() {
    everywhere("green_threads_play_ping_pong", 5, main!(ping_pong));
}

fn fan_in() -> i64 {
    for ch in [unbounded(), bounded(3), bounded(0)] {
        for thread in 0..500 {
            let ch = ch.clone();
            go(move || (0..10).for_each(|n| ch.send(thread * 10 + n)));
        }
        assert_eq!(std::iter::from_fn(|| ch.next()).sum::<i64>(), 5_000 * 4_999 / 2);
    }
    6
}

#[test]
fn a_loop_over_a_channel_ends_with_its_last_sender() {
    everywhere("a_loop_over_a_channel_ends_with_its_last_sender", 6, main!(fan_in));
}

fn pipeline() -> i64 {
    let first = bounded(1);
    let mut last = first.clone();
    for _ in 0..200 {
        let (from, to) = (last, bounded(1));
        last = to.clone();
        go(move || {
            while let Some(v) = from.next() {
                to.send(v + 1);
            }
        });
    }
    go(move || (0..50).for_each(|v| first.send(v)));
    assert!(std::iter::from_fn(|| last.next()).eq((0..50).map(|v| v + 200)));
    7
}

#[test]
fn a_pipeline_of_green_threads_ends_stage_by_stage() {
    everywhere("a_pipeline_of_green_threads_ends_stage_by_stage", 7, main!(pipeline));
}

fn fib(n: i64) -> i64 {
    if n < 2 {
        return n;
    }
    let (a, b) = (future(move || fib(n - 1)), future(move || fib(n - 2)));
    a.get() + b.get()
}

#[test]
fn futures_of_green_threads_are_awaited() {
    everywhere("futures_of_green_threads_are_awaited", 144, main!(|| fib(12)));
}

fn selects() -> i64 {
    let (a, b, stop) = (bounded(0), unbounded(), unbounded());
    let (a2, b2, stop2) = (a.clone(), b.clone(), stop.clone());
    let server = future(move || {
        let mut sum = 0;
        loop {
            let (mut x, mut y, mut z) = (0, 0, 0);
            let mut arms = [a2.arm(&mut x, SELECT_RECV), b2.arm(&mut y, SELECT_RECV), stop2.arm(&mut z, SELECT_RECV)];
            match select(&mut arms, SELECT_WAIT, 0) {
                0 => sum += x,
                1 => sum += y,
                _ if z == 0 => return sum,
                _ => panic!("a value from nowhere"),
            }
        }
    });
    for v in 0..1_000 {
        let (mut x, mut y) = (v, v);
        // Rendezvous or queue, whichever is ready.
        let mut arms = [a.arm(&mut x, SELECT_SEND), b.arm(&mut y, SELECT_SEND)];
        assert!((0..2).contains(&select(&mut arms, SELECT_WAIT, 0)));
    }
    let mut never = 0;
    let silent = unbounded();
    assert_eq!(select(&mut [silent.arm(&mut never, SELECT_RECV)], SELECT_TIMEOUT, 5), SELECT_CHOSE_TIMEOUT);
    assert_eq!(silent.timed(5), None);
    while {
        // SAFETY: a handle.
        unsafe { kodo_channel_len(b.0) != 0 }
    } {
        yield_now();
    }
    stop.send(0);
    assert_eq!(server.get(), 499_500);
    8
}

#[test]
fn a_server_selects_among_its_clients() {
    everywhere("a_server_selects_among_its_clients", 8, main!(selects));
}

fn mixed() -> i64 {
    let (work, results) = (bounded(4), bounded(0));
    for _ in 0..10 {
        let (work, results) = (work.clone(), results.clone());
        go(move || {
            while let Some(v) = work.next() {
                results.send(v * 2);
            }
        });
    }
    let adder = {
        let results = results.clone();
        future(move || (0..400).map(|_| results.recv()).sum())
    };
    drop(results);
    let feeders = (0..4)
        .map(|thread| {
            let work = work.clone();
            Box::new(move || {
                (0..100).for_each(|n| work.send(thread * 100 + n));
                // A parallel block inside a thread of another.
                parallel((0..2i64).map(|n| Box::new(move || n) as Body).collect())
            }) as Body
        })
        .collect();
    assert_eq!(parallel(feeders), 4);
    assert_eq!(adder.get(), 400 * 399);
    9
}

#[test]
fn threads_of_parallel_and_green_threads_share_channels() {
    everywhere("threads_of_parallel_and_green_threads_share_channels", 9, main!(mixed));
}

fn deadlocked(name: &str, main: Main) {
    for workers in ["1", "2", "8"] {
        let report = run(name, workers, 0, main).ends_with(2);
        assert!(report.contains("deadlock"), "{report}");
    }
}

#[test]
fn main_that_waits_with_the_only_handle_is_deadlocked() {
    deadlocked("main_that_waits_with_the_only_handle_is_deadlocked", main!(|| unbounded().recv()));
}

fn last_sender_goes() -> i64 {
    let ch = unbounded();
    // Never ends, and has nothing to do with it.
    go(|| {
        loop {
            yield_now();
        }
    });
    for _ in 0..3 {
        let ch = ch.clone();
        go(move || {
            yield_now();
            drop(ch);
        });
    }
    ch.recv()
}

#[test]
fn main_is_deadlocked_at_once_when_the_last_sender_goes() {
    deadlocked("main_is_deadlocked_at_once_when_the_last_sender_goes", main!(last_sender_goes));
}

fn receivers_only() -> i64 {
    let ch = unbounded();
    for n in 0..4 {
        let ch = ch.clone();
        go(move || {
            if n % 2 == 0 {
                assert_eq!(ch.next(), None);
            } else {
                ch.recv();
            }
        });
    }
    ch.recv()
}

#[test]
fn main_among_receivers_only_is_deadlocked() {
    deadlocked("main_among_receivers_only_is_deadlocked", main!(receivers_only));
}

fn in_turn() -> i64 {
    let (ch, done) = (unbounded(), unbounded());
    for thread in 0..10 {
        let (ch, done) = (ch.clone(), done.clone());
        go(move || {
            (0..10).for_each(|n| ch.send(thread * 10 + n));
            done.send(thread);
        });
    }
    assert!((0..10).all(|thread| done.recv() == thread));
    assert!((0..100).all(|n| ch.recv() == n));
    let bodies = (0..3)
        .map(|n| {
            let ch = ch.clone();
            Box::new(move || {
                ch.send(n);
                n
            }) as Body
        })
        .collect();
    assert_eq!(parallel(bodies), 3);
    assert!((0..3).all(|n| ch.recv() == n));
    fib(8)
}

#[test]
fn a_sequential_program_runs_its_blocks_in_turn() {
    let name = "a_sequential_program_runs_its_blocks_in_turn";
    run(name, "1", PROGRAM_NO_GREEN_THREADS, main!(in_turn)).ends_with(21);
}
