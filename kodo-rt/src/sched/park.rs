//! How a thread waits and is woken, whatever kind of thread it is.
//!
//! A thread publishes its `Waiter` where its wakers will find it (under the lock of a channel, in a wait node), then parks.
//! Whoever takes the waiter out unparks it, exactly once; before, during or after the park. The state word
//! (`task/state.rs`) makes that one word's business: a green thread is never resumed before it has left its stack.
//!
//! **Out pointers.** While a green thread is parked its stack may be away (`stack/mod.rs`), with other frames at the same
//! addresses. So nothing that others find may be on a stack, and nobody writes to a parked thread's stack: who hands something
//! over puts it into the wait node, on the heap, and the thread copies it from there after it was resumed. A pointer to one's own
//! stack may be kept across `park` on the stack itself, and used by the thread alone.
//!
//! An OS thread of `parallel` has the same word and sleeps on it. Its count as something that can make something happen
//! (`idle`) goes when it has settled on PARKED, and is given back by its waker before the word changes.

use super::{inline, runtime, schedule, since};
use crate::abi::Site;
use crate::sched::worker::worker;
use crate::sequential;
use crate::stack::home;
use crate::sync::lock::Lock;
use crate::sync::waitq::Node;
use crate::task::state::State;
use crate::task::{At, Operation, Task, TaskRef};
use crate::trace::{self, Event};
use parking_lot::Mutex;
use std::cell::Cell;
use std::fmt;
use std::num::NonZeroUsize;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering};

/// What a thread waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Reason {
    Recv,
    Next,
    Send,
    Await,
    Select,
    Sleep,
    Join,
    Input,
}

impl Reason {
    pub(crate) fn from_u8(value: u8) -> Option<Reason> {
        use Reason::*;
        [Recv, Next, Send, Await, Select, Sleep, Join, Input].get(usize::from(value)).copied()
    }

    /// Continues "waits …".
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Reason::Recv => "to receive from a channel",
            Reason::Next => "for the next value of a channel",
            Reason::Send => "to send to a channel",
            Reason::Await => "for a future",
            Reason::Select => "in a select",
            Reason::Sleep => "for a time",
            Reason::Join => "for the threads of a parallel block",
            Reason::Input => "for standard input",
        }
    }
}

/// What a thread waits for, and where; for reports.
#[derive(Clone, Copy, Debug)]
pub struct Why {
    pub reason: Reason,
    /// Where it waits.
    pub site: *const Site,
    /// Where the channel or future was made; null: unknown, or several.
    pub object: *const Site,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waits {} at {}", self.reason.text(), At(self.site))?;
        if !self.object.is_null() {
            write!(f, " (made at {})", At(self.object))?;
        }
        Ok(())
    }
}

/// A thread that may wait: one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiter(NonZeroUsize);

// What the word points to, in its low bits (all are aligned to 8 bytes at least).
const GREEN: usize = 0;
const OS: usize = 1;
const BLOCK: usize = 2;
const KIND: usize = 3;

enum Who {
    Green(&'static Task),
    Os(&'static OsThread),
    Block(*const sequential::Frame),
}

impl Waiter {
    fn new<T>(pointer: *const T, kind: usize) -> Waiter {
        Waiter(NonZeroUsize::new(pointer.expose_provenance() | kind).expect("not null"))
    }

    fn who(self) -> Who {
        let address = self.0.get() & !KIND;
        // SAFETY: `new` made the word from a pointer of this kind; tasks and OS threads are never freed.
        unsafe {
            match self.0.get() & KIND {
                GREEN => Who::Green(&*ptr::with_exposed_provenance(address)),
                OS => Who::Os(&*ptr::with_exposed_provenance(address)),
                _ => Who::Block(ptr::with_exposed_provenance(address)),
            }
        }
    }

    /// Whether this is the program's main thread.
    #[must_use]
    pub fn is_main(self) -> bool {
        match self.who() {
            Who::Green(task) => task.is_main(),
            Who::Os(_) => false,
            // SAFETY: a waiter is held only while its block has not ended.
            Who::Block(frame) => unsafe { (*frame).is_main() },
        }
    }

    /// Its identity number; 0 for OS threads.
    #[must_use]
    pub fn id(self) -> u64 {
        match self.who() {
            Who::Green(task) => inline::innermost(task).id(),
            Who::Os(_) => 0,
            // SAFETY: as above.
            Who::Block(frame) => unsafe { (*frame).id() },
        }
    }

    /// The same for a thread whose waiter was published by [`park_holding`]: it is off its stack, and the caller has it.
    ///
    /// # Safety
    /// As for `unpark`; the caller took the waiter out under the lock that the thread held.
    #[inline]
    pub unsafe fn unpark_parked(self) {
        match self.who() {
            Who::Green(task) => {
                trace::event(|| Event::Wake { id: task.id(), reason: task.why().map(|why| why.reason) });
                task.state.wake_parked();
                schedule(TaskRef(ptr::from_ref(task).cast_mut()));
            }
            // SAFETY: the caller's.
            _ => unsafe { self.unpark() },
        }
    }

    /// Wakes the thread from its park, or from the next one. From any thread.
    ///
    /// # Safety
    /// Exactly one unpark per park: the caller took this waiter out of where it was published.
    pub unsafe fn unpark(self) {
        match self.who() {
            Who::Green(task) => {
                trace::event(|| Event::Wake { id: task.id(), reason: task.why().map(|why| why.reason) });
                if task.state.unpark() {
                    schedule(TaskRef(ptr::from_ref(task).cast_mut()));
                }
            }
            Who::Os(thread) => {
                // Counted before it can run, and so before it can park again.
                let idle = &runtime().idle;
                idle.retain();
                if thread.state.unpark() {
                    thread.state.wake();
                } else {
                    idle.release();
                }
            }
            // SAFETY: as above.
            Who::Block(frame) => unsafe { (*frame).notify() },
        }
    }
}

/// The calling thread.
#[must_use]
pub fn current() -> Waiter {
    if sequential::is_on() {
        return Waiter::new(sequential::current(), BLOCK);
    }
    match worker() {
        Some(worker) => {
            assert!(!worker.current().is_null(), "a worker itself cannot wait");
            Waiter::new(worker.current(), GREEN)
        }
        None => Waiter::new(os_thread(), OS),
    }
}

/// Waits for exactly one `unpark` of the calling thread. One that came before counts.
pub fn park(why: Why) {
    match current().who() {
        Who::Green(task) => {
            task.set_why(&why);
            if task.state.take_notification() {
                trace::event(|| Event::Notified { id: task.id() });
            } else {
                // SAFETY: we are this thread.
                unsafe { task.suspend(Operation::Park) };
            }
            task.clear_why();
        }
        Who::Os(thread) => thread.park(&why),
        Who::Block(_) => sequential::park(why),
    }
}

/// Waits for exactly one [`Waiter::unpark_parked`], holding the lock under which the waiter was published. The lock is released
/// once a green thread has left its stack, so that whoever finds the waiter under it has the thread.
///
/// # Safety
/// The caller holds the lock, which outlives its release.
pub(crate) unsafe fn park_holding(why: Why, lock: &Lock) {
    match current().who() {
        Who::Green(task) => {
            task.set_why(&why);
            // SAFETY: we are this thread; the worker releases the lock.
            unsafe { task.suspend(Operation::ParkHolding(lock)) };
            task.clear_why();
        }
        _ => {
            // SAFETY: the caller's.
            unsafe { lock.release() };
            park(why);
        }
    }
}

/// The calling thread, and where it keeps the node of its own waits. A block of a program without green threads keeps none:
/// several may wait at once.
pub(crate) fn current_and_node() -> (Waiter, Option<&'static Cell<*mut Node>>) {
    let waiter = current();
    let home = match waiter.who() {
        Who::Green(task) => Some(task.node()),
        Who::Os(thread) => Some(&thread.node.0),
        Who::Block(_) => None,
    };
    (waiter, home)
}

/// Notes what the calling thread is about to wait for.
pub(crate) fn set_why(why: &Why) {
    match current().who() {
        Who::Green(task) => task.set_why(why),
        Who::Os(thread) => thread.set_why(why),
        Who::Block(_) => sequential::set_why(*why),
    }
}

/// Lets other threads run, if there are any to run.
pub fn yield_now() {
    if sequential::is_on() {
        return sequential::run_one();
    }
    let Some(worker) = worker() else { return std::thread::yield_now() };
    let task = worker.current();
    if task.is_null() || (worker.local.is_empty() && runtime().injector.is_empty() && !home::anyone_waits()) {
        return;
    }
    // SAFETY: we are this thread.
    unsafe { (*task).suspend(Operation::Yield) }
}

/// Writes who a waiter is.
pub(crate) fn describe(waiter: Waiter, out: &mut dyn fmt::Write) -> fmt::Result {
    match waiter.who() {
        Who::Green(task) => {
            let inner = inline::innermost(task);
            describe_thread(inner.id(), inner.site(), out)
        }
        Who::Os(thread) => thread.describe(out),
        // SAFETY: a waiter is held only while its block has not ended.
        Who::Block(frame) => unsafe { describe_thread((*frame).id(), (*frame).site(), out) },
    }
}

/// Writes who a green thread is.
pub(crate) fn describe_thread(id: u64, site: *const Site, out: &mut dyn fmt::Write) -> fmt::Result {
    if id == crate::task::MAIN_ID {
        return out.write_str("main");
    }
    write!(out, "green thread {id}, spawned at {}", At(site))
}

// ---- OS threads

/// An OS thread that may wait. Never freed: a waker may still look at one that goes.
#[repr(align(64))]
pub(crate) struct OsThread {
    state: State,
    taken: AtomicBool,
    site: AtomicPtr<Site>,
    reason: AtomicU8,
    wait_site: AtomicPtr<Site>,
    wait_object: AtomicPtr<Site>,
    node: OwnNode,
    since: AtomicU32,
}

/// The node of an OS thread's own waits.
struct OwnNode(Cell<*mut Node>);
// SAFETY: touched by the OS thread alone that has the object.
unsafe impl Sync for OwnNode {}
// SAFETY: as above; a node goes with its object.
unsafe impl Send for OwnNode {}

static OS_THREADS: Mutex<Vec<&'static OsThread>> = Mutex::new(Vec::new());

thread_local! {
    static OS_THREAD: Cell<*const OsThread> = const { Cell::new(ptr::null()) };
}

/// The calling OS thread's own; it never migrates, but the code that asks may be inlined where green threads run.
#[inline(never)]
fn os_thread() -> *const OsThread {
    let mut thread = OS_THREAD.get();
    // SAFETY: empty; keeps the accessor opaque.
    unsafe { std::arch::asm!("", options(nostack, preserves_flags)) };
    if thread.is_null() {
        let mut all = OS_THREADS.lock();
        let free = all.iter().copied().find(|t| !t.taken.load(Ordering::Relaxed));
        let taken = free.unwrap_or_else(|| {
            let new: &'static OsThread = Box::leak(Box::new(OsThread {
                state: State::new(),
                taken: AtomicBool::new(false),
                site: AtomicPtr::new(ptr::null_mut()),
                reason: AtomicU8::new(0),
                wait_site: AtomicPtr::new(ptr::null_mut()),
                wait_object: AtomicPtr::new(ptr::null_mut()),
                node: OwnNode(Cell::new(ptr::null_mut())),
                since: AtomicU32::new(0),
            }));
            all.push(new);
            new
        });
        taken.taken.store(true, Ordering::Relaxed);
        thread = taken;
        OS_THREAD.set(thread);
    }
    thread
}

pub(crate) fn enter_os_thread(site: *const Site) {
    // SAFETY: never freed.
    unsafe { (*os_thread()).site.store(site.cast_mut(), Ordering::Relaxed) };
}

pub(crate) fn leave_os_thread() {
    let thread = OS_THREAD.replace(ptr::null());
    if !thread.is_null() {
        // SAFETY: never freed.
        let thread = unsafe { &*thread };
        thread.site.store(ptr::null_mut(), Ordering::Relaxed);
        let _all = OS_THREADS.lock();
        thread.taken.store(false, Ordering::Relaxed);
    }
}

/// Whether the calling OS thread has waited, or is one of `parallel`.
pub(crate) fn is_known_os_thread() -> bool {
    !OS_THREAD.get().is_null()
}

/// For the signal handler: who the calling OS thread is, without a lock and without registering it.
pub(crate) fn describe_os_thread(out: &mut dyn fmt::Write) -> fmt::Result {
    if sequential::is_on() {
        return describe(current(), out);
    }
    let thread = OS_THREAD.get();
    // SAFETY: null, or never freed.
    match unsafe { thread.as_ref() } {
        Some(thread) => thread.describe(out),
        None => out.write_str("an OS thread"),
    }
}

/// Looks at every OS thread of the program: where it was spawned, what it waits for since when, and whether it does.
pub(crate) fn each_os_thread(mut look: impl FnMut(*const Site, Option<Why>, u32, bool)) {
    for thread in OS_THREADS.lock().iter().filter(|t| t.taken.load(Ordering::Relaxed)) {
        let since = thread.since.load(Ordering::Relaxed);
        look(thread.site.load(Ordering::Relaxed), thread.why(), since, thread.state.is_parked());
    }
}

impl OsThread {
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let site = self.site.load(Ordering::Relaxed);
        out.write_str("an OS thread of `parallel`")?;
        if site.is_null() { Ok(()) } else { write!(out, ", spawned at {}", At(site)) }
    }

    fn why(&self) -> Option<Why> {
        Some(Why {
            reason: Reason::from_u8(self.reason.load(Ordering::Relaxed).checked_sub(1)?)?,
            site: self.wait_site.load(Ordering::Relaxed),
            object: self.wait_object.load(Ordering::Relaxed),
        })
    }

    fn set_why(&self, why: &Why) {
        self.wait_site.store(why.site.cast_mut(), Ordering::Relaxed);
        self.wait_object.store(why.object.cast_mut(), Ordering::Relaxed);
        self.since.store(since::refresh(), Ordering::Relaxed);
        self.reason.store(why.reason as u8 + 1, Ordering::Relaxed);
    }

    fn park(&self, why: &Why) {
        self.set_why(why);
        if self.state.take_notification() || !self.state.settle() {
            return;
        }
        trace::event(|| Event::OsPark { reason: why.reason });
        runtime().release();
        self.state.sleep();
        trace::event(|| Event::OsGoOn);
    }
}
