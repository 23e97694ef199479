//! Programs built with `--no-green-threads`: one OS thread, no coroutines.
//!
//! Spawned blocks queue, first in first out. Code that must wait runs them to completion on its own stack until it is
//! notified; when the queue is empty it waits for timers. So waiting blocks lie on top of each other:
//!
//! ```text
//!   main ─ waits ─▶ block 2 ─ waits ─▶ block 3 ─ waits …      only the top one can go on
//! ```
//!
//! If the top one can never be notified while one that lies below has been, the program needs green threads, and says so. If
//! none has been notified, nothing can happen any more: main is deadlocked, or has returned and the program is through.

use crate::abi::{Site, TypeInfo};
use crate::sched::park::Why;
use crate::sync::future::{self, Future};
use crate::task::{At, Entry, MAIN_ID};
use crate::time::timer;
use crate::trace::{self, Event};
use crate::{deadlock, entry, io, mem, process};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// A block that has started and not ended (or main).
pub struct Frame {
    id: u64,
    site: *const Site,
    why: Cell<Option<Why>>,
    waits: Cell<bool>,
    notified: Cell<bool>,
    below: *const Frame,
}

impl Frame {
    pub(crate) fn is_main(&self) -> bool {
        self.id == MAIN_ID
    }
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
    pub(crate) fn site(&self) -> *const Site {
        self.site
    }
    pub(crate) fn notify(&self) {
        assert!(!self.notified.replace(true), "a thread was unparked twice for one park");
    }
}

/// A block that has not started.
struct Block {
    id: u64,
    entry: Entry,
    env: *mut u8,
    future: *mut Future,
    site: *const Site,
}

struct Sequential {
    top: Cell<*const Frame>,
    queue: RefCell<VecDeque<Block>>,
    next_id: Cell<u64>,
}
// SAFETY: programs without green threads have one OS thread.
unsafe impl Sync for Sequential {}

static ON: AtomicBool = AtomicBool::new(false);
static THREAD: AtomicI32 = AtomicI32::new(0);
static THIS: Sequential =
    Sequential { top: Cell::new(ptr::null()), queue: RefCell::new(VecDeque::new()), next_id: Cell::new(MAIN_ID + 1) };

/// Whether this program runs so.
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// The OS thread that runs the program.
pub(crate) fn thread() -> i32 {
    THREAD.load(Ordering::Relaxed)
}

/// The block that runs.
pub(crate) fn current() -> *const Frame {
    THIS.top.get()
}

/// Runs a whole program.
pub(crate) fn run(main: Entry) -> ! {
    // SAFETY: has no preconditions.
    THREAD.store(unsafe { libc::gettid() }, Ordering::Relaxed);
    ON.store(true, Ordering::Relaxed);
    crate::fault::prepare_thread(true);
    let mut value = 0i64;
    // Main's frame stays below the blocks that run after it.
    enter(MAIN_ID, ptr::null(), || {
        // SAFETY: main takes no environment and writes one integer.
        unsafe { main(ptr::null_mut(), (&raw mut value).cast()) };
        entry::main_ended(value);
        while run_next() {}
    });
    deadlock::finish(value, 0)
}

/// Runs code as a block of its own, on top of the others.
fn enter(id: u64, site: *const Site, run: impl FnOnce()) {
    let frame = Frame {
        id,
        site,
        why: Cell::new(None),
        waits: Cell::new(false),
        notified: Cell::new(false),
        below: THIS.top.get(),
    };
    THIS.top.set(&raw const frame);
    trace::event(|| Event::InlineBegin { id, site });
    run();
    trace::event(|| Event::InlineEnd { id });
    THIS.top.set(frame.below);
}

/// Queues a block. The bytes of `env` are copied.
///
/// # Safety
/// As for `sched::spawn`.
pub(crate) unsafe fn queue(entry: Entry, env: *mut u8, env_ty: &TypeInfo, future: *mut Future, site: *const Site) {
    let size = env_ty.size as usize;
    let copy = if size == 0 { ptr::null_mut() } else { mem::alloc(size) };
    if size > 0 {
        // SAFETY: the caller's; nothing crosses to another OS thread, so nothing is marked as shared.
        unsafe { ptr::copy_nonoverlapping(env, copy, size) };
    }
    let id = THIS.next_id.replace(THIS.next_id.get() + 1);
    trace::event(|| Event::Spawn { id, site });
    THIS.queue.borrow_mut().push_back(Block { id, entry, env: copy, future, site });
}

/// Runs the oldest block to completion. False: there is none.
fn run_next() -> bool {
    // Not in the `let else`: the borrow would last while the block runs.
    let next = THIS.queue.borrow_mut().pop_front();
    let Some(block) = next else { return false };
    enter(block.id, block.site, || {
        let mut scratch = [0u64; 8];
        // SAFETY: the entry takes this environment; the future is alive while we hold its reference.
        unsafe {
            let out =
                if block.future.is_null() { scratch.as_mut_ptr().cast() } else { future::result_slot(block.future) };
            (block.entry)(block.env, out);
            if !block.env.is_null() {
                mem::free(block.env);
            }
            if !block.future.is_null() {
                future::complete(block.future);
            }
        }
    });
    true
}

/// A yield: lets one block run.
pub(crate) fn run_one() {
    timer::fire_due();
    run_next();
}

/// Runs all blocks that are queued, and those that they queue: before the thread waits for something outside.
pub(crate) fn run_queued() {
    timer::fire_due();
    while run_next() {
        timer::fire_due();
    }
}

/// Notes what the running block waits for.
pub(crate) fn set_why(why: Why) {
    // SAFETY: frames live as long as their blocks run, and this is the one that does.
    unsafe { (*current()).why.set(Some(why)) };
}

/// Waits until the running block is notified.
pub(crate) fn park(why: Why) {
    // SAFETY: frames live as long as their blocks run, and this is the one that does.
    let frame = unsafe { &*current() };
    frame.why.set(Some(why));
    frame.waits.set(true);
    trace::event(|| Event::OsPark { reason: why.reason });
    while !frame.notified.replace(false) {
        timer::fire_due();
        if frame.notified.get() || run_next() || timer::wait_and_fire() {
            continue;
        }
        stuck(frame);
    }
    frame.waits.set(false);
    trace::event(|| Event::OsGoOn);
}

/// Nothing is left to run, and the top block waits.
fn stuck(top: &Frame) -> ! {
    let mut waiting = 0;
    let mut at = ptr::from_ref(top);
    // SAFETY: frames below live at least as long as those above.
    while let Some(frame) = unsafe { at.as_ref() } {
        if frame.notified.get() {
            needs_green_threads(frame, top);
        }
        waiting += usize::from(frame.waits.get());
        at = frame.below;
    }
    match entry::main_value() {
        Some(value) => deadlock::finish(value, waiting),
        None => deadlock::report_and_exit(),
    }
}

fn needs_green_threads(buried: &Frame, top: &Frame) -> ! {
    let name = |frame: &Frame| {
        let mut text = String::new();
        let _ = crate::sched::park::describe_thread(frame.id, frame.site, &mut text);
        text
    };
    let at = |frame: &Frame| frame.why.get().map_or(String::new(), |why| format!(" (waiting at {})", At(why.site)));
    io::flush();
    process::claim_end();
    io::error(format_args!(
        "kodo: this program needs green threads, and was built without\n  \
         only {}{} could go on\n  \
         but it lies below {}{} on the same stack\n",
        name(buried),
        at(buried),
        name(top),
        at(top)
    ));
    process::exit(2)
}

/// Looks at every block that waits.
pub(crate) fn each(mut look: impl FnMut(u64, *const Site, Option<Why>)) {
    let mut at = current();
    // SAFETY: as above.
    while let Some(frame) = unsafe { at.as_ref() } {
        if frame.waits.get() || frame.is_main() {
            look(frame.id, frame.site, frame.why.get());
        }
        at = frame.below;
    }
}

/// Looks at every block that has started, the newest first, and what it waits for. Also from a signal handler.
pub(crate) fn each_started(mut look: impl FnMut(u64, *const Site, Option<Why>)) {
    let mut at = current();
    // SAFETY: as above.
    while let Some(frame) = unsafe { at.as_ref() } {
        look(frame.id, frame.site, frame.why.get().filter(|_| frame.waits.get()));
        at = frame.below;
    }
}
