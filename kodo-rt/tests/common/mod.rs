//! Programs for tests: a test runs itself again in a child process, in which its body is the program's `main`.

#![allow(dead_code, reason = "each test file uses its part")]

use kodo_rt::abi::{ABI_VERSION, Program, Site, TypeInfo};
use kodo_rt::sched::park::{self, Reason, Waiter, Why};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::process::{Command, Stdio};
use std::ptr;
use std::sync::Arc;

/// A test that takes longer has hung.
const PATIENCE: u32 = 100;
/// After this the program's own output begins.
const MARK: &str = "\n---- program";

pub struct Done {
    /// None: killed (by the alarm, if it hung).
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    #[track_caller]
    pub fn ends_with(&self, status: i32) -> &Done {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// Runs `main` as a program in a child process. `name` is the name of the calling test. Then it runs once more with all threads
/// on two shared stacks, so that every wait moves frames to the heap and back; the end must be the same. (Not if `env` says
/// how many private stacks there are.)
pub fn program(name: &str, env: &[(&str, &str)], main: unsafe extern "C" fn(*mut u8, *mut u8)) -> Done {
    program_with(name, env, main, 0, &[])
}

pub fn program_with(
    name: &str,
    env: &[(&str, &str)],
    main: unsafe extern "C" fn(*mut u8, *mut u8),
    flags: u64,
    args: &[&str],
) -> Done {
    if std::env::var("KODO_TEST_CHILD").is_ok_and(|child| child == name) {
        // SAFETY: no handler; the default ends the process.
        unsafe { libc::alarm(PATIENCE) };
        const JSON: &str = "{\"name\":\"test\"}";
        let program = Program {
            abi_version: ABI_VERSION,
            main,
            threads: 0,
            flags,
            describe: JSON.as_ptr(),
            describe_len: JSON.len() as u64,
            functions: std::ptr::null(),
            functions_len: 0,
        };
        let args = std::env::var("KODO_TEST_ARGS").unwrap_or_default();
        let args: Vec<_> = std::iter::once("program")
            .chain(args.split_whitespace())
            .map(|a| std::ffi::CString::new(a).expect("no zero byte"))
            .collect();
        let argv: Vec<_> = args.iter().map(|a| a.as_ptr()).collect();
        println!("{MARK}");
        // SAFETY: as declared.
        unsafe { kodo_rt::entry::kodo_rt_main(argv.len() as i32, argv.as_ptr(), &raw const program) };
        unreachable!("the program ends the process");
    }
    let done = run_child(name, env, args);
    if !env.iter().any(|(variable, _)| *variable == "KODO_PRIVATE_STACKS") {
        let away = [env, &[("KODO_PRIVATE_STACKS", "0"), ("KODO_SHARED_STACKS", "2")]].concat();
        let away = run_child(name, &away, args);
        assert_eq!(away.status, done.status, "with shared stacks\nstdout:\n{}\nstderr:\n{}", away.out, away.err);
    }
    done
}

fn run_child(name: &str, env: &[(&str, &str)], args: &[&str]) -> Done {
    let mut command = Command::new(std::env::current_exe().expect("a test runs from a file"));
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env("KODO_TEST_CHILD", name);
    // Not the arguments of this call: the child runs the test's first one, which may be another.
    command.env("KODO_TEST_ARGS", args.join(" "));
    for variable in std::env::vars_os().map(|(variable, _)| variable) {
        if variable.to_str().is_some_and(|v| v.starts_with("KODO_") && !v.starts_with("KODO_TEST_")) {
            command.env_remove(variable);
        }
    }
    command.envs(env.iter().copied()).stdin(Stdio::null());
    let output = command.output().expect("the test runs again");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    Done {
        status: output.status.code(),
        // What the test harness printed comes before.
        out: out.split_once(MARK).map_or("", |(_, out)| &out[1..]).to_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub const fn site(line: u32) -> Site {
    Site { file: "t.ko".as_ptr(), file_len: 4, function: "main".as_ptr(), function_len: 4, line, column: 1 }
}
pub fn at(line: u32) -> *const Site {
    Box::leak(Box::new(site(line)))
}

struct Sync<T>(T);
// SAFETY: static descriptions, never written.
unsafe impl<T> std::marker::Sync for Sync<T> {}
static CLOSURE: Sync<TypeInfo> =
    Sync(TypeInfo { size: 8, align: 8, copy: None, drop: None, share: None, name: ptr::null(), name_len: 0 });

type Body = Box<dyn FnOnce() + Send>;

unsafe extern "C" fn run_closure(env: *mut u8, _out: *mut u8) {
    // SAFETY: `go` boxed it.
    let body = unsafe { Box::from_raw(env.cast::<*mut Body>().read()) };
    body();
}

/// Starts a green thread.
pub fn go_at(line: u32, body: impl FnOnce() + Send + 'static) {
    let mut env: *mut Body = Box::into_raw(Box::new(Box::new(body)));
    // SAFETY: the entry takes the box.
    unsafe {
        kodo_rt::sched::kodo_task_spawn_detached(run_closure, (&raw mut env).cast(), &CLOSURE.0, at(line));
    }
}
pub fn go(body: impl FnOnce() + Send + 'static) {
    static SITE: Sync<Site> = Sync(site(1));
    let mut env: *mut Body = Box::into_raw(Box::new(Box::new(body)));
    // SAFETY: the entry takes the box.
    unsafe {
        kodo_rt::sched::kodo_task_spawn_detached(run_closure, (&raw mut env).cast(), &CLOSURE.0, &raw const SITE.0);
    }
}

/// Starts an OS thread as `parallel` does.
pub fn os(line: u32, body: impl FnOnce() + Send + 'static) {
    let site = at(line) as usize;
    kodo_rt::sched::os_thread_begin();
    std::thread::spawn(move || {
        kodo_rt::sched::os_thread_enter(site as *const Site);
        body();
        kodo_rt::sched::os_thread_end();
    });
}

pub fn why(line: u32) -> Why {
    Why { reason: Reason::Recv, site: at(line), object: ptr::null() }
}

/// A plain unbounded channel on top of park and unpark.
pub struct Mail<T> {
    state: Mutex<(VecDeque<T>, VecDeque<Waiter>)>,
    why: Why,
}
// SAFETY: the sites are static.
unsafe impl<T: Send> Send for Mail<T> {}
// SAFETY: as above.
unsafe impl<T: Send> std::marker::Sync for Mail<T> {}

impl<T: Send> Mail<T> {
    pub fn new(line: u32) -> Arc<Mail<T>> {
        Arc::new(Mail { state: Mutex::new((VecDeque::new(), VecDeque::new())), why: why(line) })
    }
    pub fn send(&self, value: T) {
        let mut state = self.state.lock();
        state.0.push_back(value);
        let waiter = state.1.pop_front();
        drop(state);
        if let Some(waiter) = waiter {
            // SAFETY: taken out under the lock.
            unsafe { waiter.unpark() };
        }
    }
    pub fn recv(&self) -> T {
        loop {
            let mut state = self.state.lock();
            if let Some(value) = state.0.pop_front() {
                return value;
            }
            state.1.push_back(park::current());
            drop(state);
            park::park(self.why);
        }
    }
}

/// Waits for a number of threads.
pub struct Group(Mutex<(usize, Option<Waiter>)>, Why);
// SAFETY: the sites are static.
unsafe impl Send for Group {}
// SAFETY: as above.
unsafe impl std::marker::Sync for Group {}
impl Group {
    pub fn new(count: usize) -> Arc<Group> {
        Arc::new(Group(Mutex::new((count, None)), why(99)))
    }
    pub fn done(&self) {
        let mut state = self.0.lock();
        state.0 -= 1;
        let waiter = if state.0 == 0 { state.1.take() } else { None };
        drop(state);
        if let Some(waiter) = waiter {
            // SAFETY: taken out under the lock.
            unsafe { waiter.unpark() };
        }
    }
    pub fn wait(&self) {
        let mut state = self.0.lock();
        if state.0 > 0 {
            state.1 = Some(park::current());
            drop(state);
            park::park(self.1);
        }
    }
}

/// Stores main's value.
pub fn value(out: *mut u8, value: i64) {
    // SAFETY: `out` is main's.
    unsafe { out.cast::<i64>().write(value) };
}
