//! Stand-in: one helper thread with a heap of deadlines.

use crate::sched::wait::{TIMED_OUT, Wait};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::time::Instant;

type Key = (Instant, u64);
static TIMERS: Mutex<BTreeMap<Key, Arc<Wait>>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();
static START: Once = Once::new();
static NEXT: AtomicU64 = AtomicU64::new(0);

pub struct Timer(Reverse<Key>);

pub fn arm(deadline: Instant, wait: Arc<Wait>) -> Timer {
    START.call_once(|| {
        std::thread::spawn(run);
    });
    let key = (deadline, NEXT.fetch_add(1, Relaxed));
    TIMERS.lock().unwrap().insert(key, wait);
    CHANGED.notify_one();
    Timer(Reverse(key))
}

impl Timer {
    pub fn cancel(self) {
        TIMERS.lock().unwrap().remove(&self.0.0);
    }
}

fn run() {
    let mut timers = TIMERS.lock().unwrap();
    loop {
        let now = Instant::now();
        match timers.first_key_value().map(|(key, _)| key.0) {
            Some(deadline) if deadline <= now => {
                let (_, wait) = timers.pop_first().expect("a timer");
                if wait.decide(TIMED_OUT) {
                    // SAFETY: deciding the wait is what allows, and obliges, to unpark it once.
                    unsafe { wait.waiter().unpark() };
                }
            }
            Some(deadline) => timers = CHANGED.wait_timeout(timers, deadline - now).unwrap().0,
            None => timers = CHANGED.wait(timers).unwrap(),
        }
    }
}
