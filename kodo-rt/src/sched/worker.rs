//! A worker: an OS thread that runs green threads.

use super::queue::Local;
use super::{futex, runtime, since};
use crate::stack::{Slot, pool::Pool};
use crate::sync::future;
use crate::sync::start::Dequeued;
use crate::task::registry::{self, Vacant};
use crate::task::{MAIN_ID, Operation, Task, TaskRef};
use crate::trace::{self, Event, Left};
use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Identity numbers taken at a time; smaller numbers look more consecutive, larger ones share the counter less.
const IDS: u64 = 32;
/// How often a searching worker looks around before it sleeps: some microseconds.
const ROUNDS: u32 = 4;
/// A queue's only thread is stolen after it has waited so long. Usually its worker is about to run it: of a pair of
/// threads that wake each other one is always alone in the queue, and would wander from worker to worker. Shorter
/// steals from such pairs, longer delays the first of few threads that could run in parallel.
const ALONE: Duration = Duration::from_micros(50);
/// How long a worker that saw only such threads closes its eyes. It stays counted as searching, so that nobody pays for
/// waking it.
const DOZE: Duration = Duration::from_micros(100);

static NEXT_ID: AtomicU64 = AtomicU64::new(MAIN_ID + 1);

/// An identity number, for who is not a worker.
pub fn fresh_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// What belongs to one worker. Only its OS thread touches it, including the green threads that it runs; they must not
/// keep a reference across a switch.
pub struct Worker {
    id: usize,
    pub local: Local,
    /// The thread that runs; null between threads.
    current: AtomicPtr<Task>,
    stacks: RefCell<Pool>,
    vacant: RefCell<Vacant>,
    /// Identity numbers in hand.
    ids: Cell<(u64, u64)>,
    random: Cell<u32>,
}

// SAFETY: it moves once, to the OS thread that runs it, and before that nothing is in it.
unsafe impl Send for Worker {}

thread_local! {
    static WORKER: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}

/// The worker that the calling code runs on, if it is one.
///
/// Never inlined, and opaque: otherwise the optimizer keeps the thread-local's address (or the worker) across a switch after
/// which the green thread may run elsewhere. The reference must be used up before the next point that may switch.
#[inline(never)]
pub fn worker() -> Option<&'static Worker> {
    let worker = WORKER.get();
    // SAFETY: empty; its unknown effects forbid to merge two calls.
    unsafe { std::arch::asm!("", options(nostack, preserves_flags)) };
    // SAFETY: set once by the worker's OS thread, which never ends.
    unsafe { worker.as_ref() }
}

/// The life of worker `id`, on the calling OS thread.
pub fn run(id: usize) -> ! {
    let shared = &runtime().workers[id];
    shared.started.store(true, Ordering::Release);
    let worker: &'static Worker = Box::leak(shared.seed.lock().take().expect("a worker starts once"));
    WORKER.set(worker);
    shared.worker.store(ptr::from_ref(worker).cast_mut(), Ordering::Release);
    crate::fault::prepare_thread(false);
    // Worker 0 begins with main; the others were woken to search.
    let mut searching = id != 0;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        loop {
            let task = worker.next(searching);
            searching = false;
            worker.execute(task);
        }
    }));
    let Err(_) = result;
    crate::entry::internal_error("a panic in the runtime reached a worker")
}

impl Worker {
    #[must_use]
    pub fn new(id: usize, local: Local) -> Worker {
        Worker {
            id,
            local,
            current: AtomicPtr::new(ptr::null_mut()),
            stacks: RefCell::default(),
            vacant: RefCell::default(),
            ids: Cell::new((0, 0)),
            random: Cell::new(0x9e37_79b9 ^ (id as u32 + 1).wrapping_mul(7919)),
        }
    }

    pub fn id(&self) -> usize {
        self.id
    }

    /// The green thread that runs here; null: the worker itself does.
    pub fn current(&self) -> *mut Task {
        // Relaxed: only this OS thread writes it; reports read it.
        self.current.load(Ordering::Relaxed)
    }

    /// A vacant task and an identity number for it.
    pub fn new_task(&self) -> (*mut Task, u64) {
        let (mut next, mut end) = self.ids.get();
        if next == end {
            next = NEXT_ID.fetch_add(IDS, Ordering::Relaxed);
            end = next + IDS;
        }
        self.ids.set((next + 1, end));
        (self.vacant.borrow_mut().take(), next)
    }

    /// Runs a thread until it leaves its stack, and completes what it asked for.
    fn execute(&self, TaskRef(task): TaskRef) {
        let runtime = runtime();
        let tick = &runtime.workers[self.id].tick;
        // Only this thread writes it.
        tick.store(tick.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // SAFETY: it was in a queue, and now it is ours; tasks are never freed.
        let this = unsafe { &*task };
        let mut starts = false;
        if this.slot() == Slot::NONE {
            let future = &this.future;
            let alone = future.is_alone(false);
            if future.has_result() || !alone {
                match if alone { future.start.dequeue_alone() } else { future.start.dequeue() } {
                    Dequeued::Run => {}
                    Dequeued::Leave => return,
                    // SAFETY: we have the task again.
                    Dequeued::Vacate => return unsafe { self.end(task) },
                }
            }
            let Some(slot) = self.stacks.borrow_mut().take() else { out_of_stacks() };
            // SAFETY: the task is ours and the slot was free.
            unsafe { this.bind(slot) };
            starts = true;
        }
        let (id, site) = (this.id(), this.site());
        trace::event(|| Event::Run { id, site, starts });
        self.current.store(task, Ordering::Relaxed);
        // SAFETY: ours, and bound.
        let operation = unsafe { this.resume() };
        self.current.store(ptr::null_mut(), Ordering::Relaxed);
        match operation {
            Some(Operation::Yield) => {
                trace::event(|| Event::Leave { id, how: Left::Yielded });
                self.local.push_yielded(TaskRef(task));
                runtime.pushed();
            }
            Some(Operation::Park) => {
                trace::event(|| Event::Leave { id, how: Left::Parked(this.why().map(|why| why.reason)) });
                if self.local.is_empty() {
                    // About to look for work, which takes longer than a look at the clock.
                    this.set_since(since::refresh());
                }
                if !this.state.settle() {
                    // The wake-up came while it left its stack.
                    self.local.push(TaskRef(task));
                    runtime.pushed();
                }
            }
            None => {
                trace::event(|| Event::Leave { id, how: Left::Ended });
                self.stacks.borrow_mut().give(this.slot());
                // SAFETY: its coroutine has returned.
                unsafe { self.end(task) };
            }
        }
    }

    /// A thread has ended: gives its reference back.
    ///
    /// # Safety
    /// Once, by who has the task.
    pub(super) unsafe fn end(&self, task: *mut Task) {
        // SAFETY: as promised.
        unsafe {
            (*task).end();
            future::release((*task).future());
        }
    }

    /// Takes what awaiters have run off the end of the queue: of fork-join programs it would grow long.
    pub(super) fn drop_finished(&self) {
        while let Some(TaskRef(task)) = self.local.pop() {
            // SAFETY: it was in the queue, and now it is ours, or an awaiter's of whom it says so; the thread's reference
            // keeps the future.
            unsafe {
                let (never_ran, future) = ((*task).slot() == Slot::NONE, &(*task).future);
                if never_ran && future.has_result() && future.start.is_finished() {
                    self.end(task);
                    continue;
                }
            }
            // Nobody need be told: this worker is awake and will come to it.
            self.local.push(TaskRef(task));
            return;
        }
    }

    /// The next thread to run. Sleeps until there is one.
    fn next(&self, mut searching: bool) -> TaskRef {
        let runtime = runtime();
        loop {
            if let Some(task) = self.local.next(&runtime.injector) {
                return self.got(task, searching);
            }
            searching = searching || runtime.idle.try_search();
            if searching && let Some(task) = self.search() {
                return self.got(task, searching);
            }
            self.sleep(searching);
            searching = true;
        }
    }

    fn got(&self, task: TaskRef, searching: bool) -> TaskRef {
        let runtime = runtime();
        if searching && let Some(other) = runtime.idle.found(|| runtime.work_is_queued()) {
            runtime.wake(other);
        }
        task
    }

    /// Sleeps until somebody has work. Afterwards the worker is counted as searching.
    fn sleep(&self, searching: bool) {
        let runtime = runtime();
        let wake = &runtime.workers[self.id].wake;
        trace::event(|| Event::Sleep);
        runtime.idle.lie_down(self.id, searching);
        if runtime.work_is_queued() {
            if runtime.idle.rise(self.id) {
                return;
            }
            // Chosen already: the wake-up is on its way, below.
        } else if runtime.idle.release_last() {
            crate::deadlock::quiescent();
        }
        while wake.load(Ordering::Acquire) == 0 {
            futex::wait(wake, 0, None);
        }
        wake.store(0, Ordering::Relaxed);
    }

    /// Looks for a thread elsewhere until there is none, or none but such as will be run where they are.
    fn search(&self) -> Option<TaskRef> {
        let runtime = runtime();
        let mut alone = None;
        let mut dozed = false;
        loop {
            for round in 0..ROUNDS {
                if let Some(task) = self.steal(&mut alone).or_else(|| self.local.next(&runtime.injector)) {
                    return Some(task);
                }
                for _ in 0..16u32 << round {
                    std::hint::spin_loop();
                }
            }
            if dozed || alone.is_none() {
                return None;
            }
            // Nobody else touches the word while this worker is awake.
            futex::wait(&runtime.workers[self.id].wake, 0, Some(DOZE));
            dozed = true;
        }
    }

    /// Takes half of what some other worker has, starting at a random one. `alone` remembers a thread that was alone in
    /// its queue, until its worker does something.
    fn steal(&self, alone: &mut Option<Alone>) -> Option<TaskRef> {
        let workers = &runtime().workers;
        let mut random = self.random.get();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        self.random.set(random);
        let first = random as usize % workers.len();
        for victim in (0..workers.len()).map(|i| (first + i) % workers.len()).filter(|&victim| victim != self.id) {
            let shared = &workers[victim];
            if shared.queues.len() == 1 && !alone_for_long(alone, victim, shared.tick.load(Ordering::Relaxed)) {
                continue;
            }
            if let Some(task) = self.local.steal_from(&shared.queues) {
                trace::event(|| Event::Steal { victim, count: self.local.len() + 1 });
                return Some(task);
            }
        }
        None
    }
}

/// Takes back a task that nobody holds any more.
pub fn give_task(task: *mut Task) {
    match worker() {
        Some(worker) => worker.vacant.borrow_mut().give(task),
        None => registry::give(task),
    }
}

/// A thread seen alone in the queue of `victim`, and what that worker had done by then.
struct Alone {
    victim: usize,
    tick: u64,
    since: Instant,
}

fn alone_for_long(alone: &mut Option<Alone>, victim: usize, tick: u64) -> bool {
    match alone {
        Some(seen) if seen.victim == victim && seen.tick == tick => seen.since.elapsed() >= ALONE,
        _ => {
            *alone = Some(Alone { victim, tick, since: Instant::now() });
            false
        }
    }
}

/// Every slot is held by a thread that started and did not end.
fn out_of_stacks() -> ! {
    crate::entry::fatal("out of stacks for green threads: too many have started and wait")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_lone_thread_is_left_to_its_worker_until_that_does_nothing_for_a_while() {
        let mut alone = None;
        assert!(!alone_for_long(&mut alone, 1, 7), "seen for the first time");
        let long_ago = Instant::now().checked_sub(2 * ALONE).expect("the clock started earlier");
        alone = Some(Alone { victim: 1, tick: 7, since: long_ago });
        assert!(alone_for_long(&mut alone, 1, 7));
        assert!(!alone_for_long(&mut alone, 1, 8), "its worker has run something since");
        alone = Some(Alone { victim: 1, tick: 7, since: long_ago });
        assert!(!alone_for_long(&mut alone, 2, 7), "another worker's");
    }
}
