//! Tests of everything that threads synchronize with, on operating-system threads.
//!
//! Nothing sleeps to wait for something: a test that needs somebody parked looks at the queues until it is so
//! ([`until`]). What ends the process is tested in a child process ([`ends_process`]).

mod channels;
mod ends;
mod futures;
mod golang;
mod selects;
mod stress;

use super::channel::{self, Received, Sent, Until};
use super::select::{self, Chosen, Otherwise};
use crate::abi::{ABI_VERSION, Program, SELECT_RECV, SELECT_SEND, SelectArm, Site, TypeInfo};
use crate::sched;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::sync::{Mutex, Once};
use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// A static with raw pointers to other statics in it.
struct Static<T>(T);
// SAFETY: nobody writes it.
unsafe impl<T> Sync for Static<T> {}

const FILE: &str = "test.ko";
static SITE: Static<Site> = Static(Site {
    file: FILE.as_ptr(),
    file_len: FILE.len() as u64,
    function: FILE.as_ptr(),
    function_len: FILE.len() as u64,
    line: 3,
    column: 14,
});

const fn info(
    size: usize,
    align: usize,
    copy: Option<unsafe extern "C" fn(*mut u8)>,
    drop: Option<unsafe extern "C" fn(*mut u8)>,
    share: Option<unsafe extern "C" fn(*mut u8, i64)>,
) -> Static<TypeInfo> {
    Static(TypeInfo { size: size as u64, align: align as u64, copy, drop, share, name: FILE.as_ptr(), name_len: 1 })
}

/// A type that goes through channels in these tests.
trait Element: Copy + Send + 'static {
    fn info() -> &'static TypeInfo;
}

macro_rules! plain_elements {
    ($($ty:ty),*) => {$(impl Element for $ty {
        fn info() -> &'static TypeInfo {
            static INFO: Static<TypeInfo> = info(size_of::<$ty>(), align_of::<$ty>(), None, None, None);
            &INFO.0
        }
    })*};
}
plain_elements!((), u8, i64, [u16; 5], [i64; 3], [i64; 9], u128);

/// A value that counts its handles in a [`Ledger`].
#[derive(Clone, Copy, Debug)]
struct Counted(&'static Entry);

#[derive(Debug)]
struct Entry {
    id: i64,
    count: AtomicI64,
    /// How often it was prepared for another thread, with `all = 0` and with `all = 1`.
    shared: [AtomicI64; 2],
}

// SAFETY (all glue below): `value` is the address of a `Counted`.
unsafe extern "C" fn copy_counted(value: *mut u8) {
    // SAFETY: see above.
    let before = unsafe { &*value.cast::<Counted>() }.0.count.fetch_add(1, SeqCst);
    assert!(before > 0, "copied after the last drop");
}
unsafe extern "C" fn drop_counted(value: *mut u8) {
    // SAFETY: see above.
    let before = unsafe { &*value.cast::<Counted>() }.0.count.fetch_sub(1, SeqCst);
    assert!(before > 0, "dropped twice");
}
unsafe extern "C" fn share_counted(value: *mut u8, all: i64) {
    // SAFETY: see above.
    unsafe { &*value.cast::<Counted>() }.0.shared[all as usize].fetch_add(1, SeqCst);
}

impl Element for Counted {
    fn info() -> &'static TypeInfo {
        static INFO: Static<TypeInfo> = info(8, 8, Some(copy_counted), Some(drop_counted), Some(share_counted));
        &INFO.0
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Counted) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Counted {
    fn drop_it(mut self) {
        // SAFETY: a value.
        unsafe { drop_counted((&raw mut self).cast()) }
    }
    fn count(self) -> i64 {
        self.0.count.load(SeqCst)
    }
    fn shared(self) -> [i64; 2] {
        [self.0.shared[0].load(SeqCst), self.0.shared[1].load(SeqCst)]
    }
}

/// All counted values of a test.
#[derive(Default)]
struct Ledger(Mutex<Vec<&'static Entry>>);

impl Ledger {
    fn value(&self, id: i64) -> Counted {
        let entry = Entry { id, count: AtomicI64::new(1), shared: Default::default() };
        let entry: &'static Entry = Box::leak(Box::new(entry));
        self.0.lock().unwrap().push(entry);
        Counted(entry)
    }
    fn live(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|entry| entry.count.load(SeqCst) != 0).count()
    }
}

/// A handle of a channel.
struct Ch<T: Element>(*mut u8, PhantomData<T>);
// SAFETY: handles may be used by any thread.
unsafe impl<T: Element> Send for Ch<T> {}
// SAFETY: as above.
unsafe impl<T: Element> Sync for Ch<T> {}

impl<T: Element> Clone for Ch<T> {
    fn clone(&self) -> Self {
        // SAFETY: a handle.
        unsafe { channel::retain(self.0) };
        Ch(self.0, PhantomData)
    }
}
impl<T: Element> Drop for Ch<T> {
    fn drop(&mut self) {
        // SAFETY: a handle, given up.
        unsafe { channel::release(self.0) };
    }
}

fn unbounded<T: Element>() -> Ch<T> {
    take_part();
    Ch(channel::unbounded(T::info(), &SITE.0), PhantomData)
}
fn bounded<T: Element>(capacity: i64) -> Ch<T> {
    take_part();
    Ch(channel::bounded(capacity, T::info(), &SITE.0), PhantomData)
}

impl<T: Element> Ch<T> {
    fn send(&self, mut value: T) -> Sent {
        // SAFETY: a handle and a value.
        unsafe { channel::send::<false>(self.0, (&raw mut value).cast(), &SITE.0) }
    }
    fn try_send(&self, mut value: T) -> Sent {
        // SAFETY: a handle and a value.
        unsafe { channel::try_send(self.0, (&raw mut value).cast()) }
    }
    fn receive(&self, until: Until) -> Result<T, Received> {
        let mut out = MaybeUninit::<T>::uninit();
        // SAFETY: a handle and room for a value, filled if the answer is a value.
        unsafe {
            match channel::receive::<false>(self.0, out.as_mut_ptr().cast(), until, &SITE.0) {
                Received::Value => Ok(out.assume_init()),
                other => Err(other),
            }
        }
    }
    fn recv(&self) -> T {
        self.receive(Until::Value).expect("a value")
    }
    fn next(&self) -> Option<T> {
        self.receive(Until::End).ok()
    }
    fn timed(&self, ms: i64) -> Result<T, Received> {
        self.receive(Until::Milliseconds(ms))
    }
    fn try_recv(&self) -> Result<T, Received> {
        let mut out = MaybeUninit::<T>::uninit();
        // SAFETY: a handle and room for a value, filled if the answer is a value.
        unsafe {
            match channel::try_receive(self.0, out.as_mut_ptr().cast()) {
                Received::Value => Ok(out.assume_init()),
                other => Err(other),
            }
        }
    }
    fn close(&self) {
        // SAFETY: a handle.
        unsafe { channel::close(self.0) };
    }
    fn len(&self) -> usize {
        // SAFETY: a handle.
        unsafe { channel::len(self.0) }
    }
    fn receivers(&self) -> usize {
        // SAFETY: a handle.
        unsafe { channel::waiting(self.0).0 }
    }
    fn senders(&self) -> usize {
        // SAFETY: a handle.
        unsafe { channel::waiting(self.0).1 }
    }
    /// A receive arm.
    fn take<'a>(&'a self, out: &'a mut T) -> Arm<'a> {
        Arm(SelectArm { channel: self.0, value: (&raw mut *out).cast(), kind: SELECT_RECV, order: 0 }, PhantomData)
    }
    /// A send arm.
    fn give<'a>(&'a self, value: &'a mut T) -> Arm<'a> {
        Arm(SelectArm { channel: self.0, value: (&raw mut *value).cast(), kind: SELECT_SEND, order: 0 }, PhantomData)
    }
}

struct Arm<'a>(SelectArm, PhantomData<&'a mut u8>);

fn select<const N: usize>(arms: [Arm<'_>; N], otherwise: Otherwise) -> Chosen {
    let mut arms = arms.map(|arm| arm.0);
    // SAFETY: the arms borrow handles and values.
    unsafe { select::select(&mut arms, otherwise, &SITE.0) }
}

// ---- threads

/// Makes the calling thread one that may park. The first one starts the runtime, whose main waits for ever.
fn take_part() {
    static START: Once = Once::new();
    static RUNS: AtomicBool = AtomicBool::new(false);
    unsafe extern "C" fn main(_env: *mut u8, _out: *mut u8) {
        RUNS.store(true, SeqCst);
        loop {
            std::thread::park();
        }
    }
    static PROGRAM: Static<Program> = Static(Program {
        abi_version: ABI_VERSION,
        main,
        threads: 2,
        flags: 0,
        describe: std::ptr::null(),
        describe_len: 0,
        functions: std::ptr::null(),
        functions_len: 0,
    });
    thread_local!(static PART: () = {
        sched::os_thread_begin();
        sched::os_thread_enter(&SITE.0);
    });
    START.call_once(|| {
        // SAFETY: a program, run once, without arguments.
        std::thread::spawn(|| unsafe { crate::entry::kodo_rt_main(0, std::ptr::null(), &PROGRAM.0) });
        until(|| RUNS.load(SeqCst));
    });
    PART.with(|()| {});
}

/// What a thread of these tests does: it counts as an operating-system thread of `parallel`.
fn counted<R>(body: impl FnOnce() -> R) -> impl FnOnce() -> R {
    take_part();
    sched::os_thread_begin();
    || {
        sched::os_thread_enter(&SITE.0);
        let result = body();
        sched::os_thread_end();
        result
    }
}

fn spawn<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    std::thread::spawn(counted(body))
}

struct Scope<'scope, 'env>(&'scope std::thread::Scope<'scope, 'env>);

impl<'scope> Scope<'scope, '_> {
    fn spawn<R: Send + 'scope>(&self, body: impl FnOnce() -> R + Send + 'scope) -> ScopedJoinHandle<'scope, R> {
        self.0.spawn(counted(body))
    }
}

fn scope<'env, R>(body: impl for<'scope> FnOnce(Scope<'scope, 'env>) -> R) -> R {
    std::thread::scope(|scope| body(Scope(scope)))
}

/// Waits for something that other threads are about to do.
fn until(condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < limit, "waited for too long");
        std::thread::yield_now();
    }
}

/// Runs `body` in a process of its own, where the test `name` is the only one, and returns how that ended.
fn ends_process(name: &str, body: impl FnOnce()) -> Option<(Output, String)> {
    const CHILD: &str = "KODO_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        body();
        eprintln!("the process did not end");
        std::process::exit(0);
    }
    let output = Command::new(std::env::current_exe().expect("this test's path"))
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("the child runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output, text))
}
