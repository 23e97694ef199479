//! Timers: at its deadline a timer decides a wait with `TIMED_OUT`, unless something else decided it first.
//!
//! Armed timers are kept in order of their deadlines under one lock. An OS thread, started with the first timer, sleeps until the
//! first deadline and fires what is due; a program without green threads fires them itself while it waits
//! (`sequential`). All armed timers together count once as something that can make something happen (`idle`): from the
//! first `arm` until the last one fired or was cancelled.

use crate::abi::Site;
use crate::sched::park::{self, Reason, Why};
use crate::sched::wait::{TIMED_OUT, Wait};
use crate::sched::{is_sequential, runtime};
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Deadlines farther away than this are as good as never.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

type Key = (Instant, u64);

struct Timers {
    armed: BTreeMap<Key, Arc<Wait>>,
    /// Makes equal deadlines distinct, and fires them in the order they were armed.
    next: u64,
    /// The thread is firing timers that it took out: the count stays.
    firing: bool,
    started: bool,
}

static TIMERS: Mutex<Timers> = Mutex::new(Timers { armed: BTreeMap::new(), next: 0, firing: false, started: false });
/// Signalled when the first deadline changes.
static EARLIER: Condvar = Condvar::new();

/// An armed timer. Dropping it lets it fire.
#[derive(Debug)]
pub struct Timer(Key);

/// Arms a timer. Called by a thread of the program.
pub fn arm(deadline: Instant, wait: Arc<Wait>) -> Timer {
    let mut timers = TIMERS.lock();
    let key = (deadline, timers.next);
    timers.next += 1;
    if !is_sequential() {
        if timers.armed.is_empty() && !timers.firing {
            runtime().idle.retain();
        }
        if !timers.started {
            timers.started = true;
            let thread = std::thread::Builder::new().name("kodo-timer".to_owned()).spawn(run);
            if let Err(error) = thread {
                drop(timers);
                crate::entry::fatal(&format!("cannot start the timer thread: {error}"));
            }
        }
        if timers.armed.first_key_value().is_none_or(|(first, _)| key < *first) {
            EARLIER.notify_one();
        }
    }
    timers.armed.insert(key, wait);
    Timer(key)
}

impl Timer {
    /// The wait was decided otherwise: the timer need not fire any more.
    pub fn cancel(self) {
        let mut timers = TIMERS.lock();
        if timers.armed.remove(&self.0).is_some() && timers.armed.is_empty() && !timers.firing && !is_sequential() {
            // The caller is counted too.
            runtime().idle.release();
        }
    }
}

impl Timers {
    /// Takes out what is due.
    fn due(&mut self) -> Vec<Arc<Wait>> {
        let mut due = Vec::new();
        if !self.armed.is_empty() {
            let now = Instant::now();
            while let Some(first) = self.armed.first_entry()
                && first.key().0 <= now
            {
                due.push(first.remove());
            }
        }
        due
    }
}

fn fire(due: Vec<Arc<Wait>>) {
    for wait in due {
        if wait.decide(TIMED_OUT) {
            // SAFETY: we decided the wait, so its one unpark is ours.
            unsafe { wait.waiter().unpark() };
        }
    }
}

/// The timer thread.
fn run() {
    let mut timers = TIMERS.lock();
    loop {
        let due = timers.due();
        if !due.is_empty() {
            timers.firing = true;
            drop(timers);
            fire(due);
            timers = TIMERS.lock();
            timers.firing = false;
            if timers.armed.is_empty() {
                // Perhaps the last thing that could make something happen (if what it woke is through already). A timer
                // armed from now on counts anew.
                drop(timers);
                runtime().release();
                timers = TIMERS.lock();
            }
            continue;
        }
        match timers.armed.first_key_value().map(|(key, _)| key.0) {
            Some(deadline) => drop(EARLIER.wait_until(&mut timers, deadline)),
            None => EARLIER.wait(&mut timers),
        }
    }
}

/// For a program without green threads: waits for the first deadline and fires what is due. False: nothing is armed.
pub(crate) fn wait_and_fire() -> bool {
    let first = TIMERS.lock().armed.first_key_value().map(|(key, _)| key.0);
    let Some(deadline) = first else { return false };
    std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    fire_due();
    true
}

/// For a program without green threads: fires what is due.
pub(crate) fn fire_due() {
    let due = TIMERS.lock().due();
    fire(due);
}

/// The time `ms` milliseconds from now; a negative number is none.
#[must_use]
pub fn deadline(ms: i64) -> Instant {
    Instant::now() + Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(FAR)
}

/// Sleeps. Nothing or less only lets others run.
///
/// # Safety
/// `site` is null or static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_time_sleep(ms: i64, site: *const Site) {
    if ms <= 0 {
        return park::yield_now();
    }
    let wait = Wait::new(park::current());
    // The timer is the only one who can decide this wait.
    let _ = arm(deadline(ms), wait);
    park::park(Why { reason: Reason::Sleep, site, object: std::ptr::null() });
}

crate::abi::check!(kodo_time_sleep);
