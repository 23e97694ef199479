//! Who sleeps, who searches, and whether anything can still happen.
//!
//! **No lost wake-ups.** A worker without work *searches* (at most half of the workers at a time), then *sleeps*. Whoever queues
//! a thread wakes a sleeper, unless somebody searches already.
//!
//! ```text
//!   queue:  push; light fence;  sleeping > 0 and searching = 0?  ⇒ wake one (it searches, counted by the waker)
//!   sleep:  sleeping + 1, searching - 1; heavy fence;  work somewhere?  ⇒ stay awake and search
//!   found:  searching - 1; heavy fence;  work somewhere?  ⇒ wake one in my place
//! ```
//!
//! Of two fences (`barrier`) one comes first: either the one who queues sees the sleeper (and that nobody searches), or the
//! sleeper (or the one who stops searching) sees what was queued.
//!
//! **Quiescence.** `active` counts what can still make something happen: workers that are not asleep, OS threads of `parallel`
//! that are not parked, and one for all armed timers together. Only what is counted can queue a thread, arm a timer, start
//! or wake something, and it counts what it wakes *before* its own count goes. So zero means that nothing can happen any
//! more, and stays; whoever brings it to zero decides what it means (`deadlock::quiescent`), and is the only one.

use super::barrier;
use crate::shim::{AtomicUsize, Mutex, Ordering, fence};

pub struct Idle {
    /// Workers that look for work elsewhere.
    searching: AtomicUsize,
    /// Length of `sleepers`, for a look without the lock.
    sleeping: AtomicUsize,
    /// Last to sleep, first to be woken: its caches are warm. Workers that were never started lie at the bottom.
    sleepers: Mutex<Vec<usize>>,
    active: AtomicUsize,
    most_searchers: usize,
}

impl Idle {
    /// Worker 0 is awake, the others are yet to be started.
    #[must_use]
    pub fn new(workers: usize) -> Idle {
        Idle {
            searching: AtomicUsize::new(0),
            sleeping: AtomicUsize::new(workers - 1),
            sleepers: Mutex::new((1..workers).rev().collect()),
            active: AtomicUsize::new(1),
            most_searchers: workers.div_ceil(2),
        }
    }

    /// After a push: whom to wake. The caller wakes that worker.
    #[must_use]
    #[inline]
    pub fn pushed(&self) -> Option<usize> {
        barrier::light();
        if self.sleeping.load(Ordering::Relaxed) == 0 || self.searching.load(Ordering::Relaxed) > 0 {
            return None;
        }
        self.choose()
    }

    #[cold]
    fn choose(&self) -> Option<usize> {
        let mut sleepers = self.sleepers.lock();
        if self.searching.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let worker = sleepers.pop()?;
        self.sleeping.fetch_sub(1, Ordering::Relaxed);
        self.searching.fetch_add(1, Ordering::SeqCst);
        self.active.fetch_add(1, Ordering::Relaxed);
        Some(worker)
    }

    /// The chosen worker could not be started and never will: takes back what `choose` counted.
    pub fn chosen_is_gone(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
        // The waker is counted itself.
        self.release();
    }

    /// A worker without work: may it search?
    pub fn try_search(&self) -> bool {
        let searching = self.searching.load(Ordering::Relaxed);
        searching < self.most_searchers
            && self.searching.compare_exchange(searching, searching + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// A searching worker found something. If work is left (`left`, asked after the count): whom to wake in its place.
    #[must_use]
    pub fn found(&self, left: impl FnOnce() -> bool) -> Option<usize> {
        self.searching.fetch_sub(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // Without a sleeper nobody is to be woken; one who lies down now looks for himself.
        if self.sleeping.load(Ordering::Relaxed) > 0 && self.searching.load(Ordering::Relaxed) == 0 {
            barrier::heavy();
            if left() {
                return self.choose();
            }
        }
        None
    }

    /// A worker lies down. Afterwards it must look for work again, and then either `rise` or `release`.
    pub fn lie_down(&self, worker: usize, searching: bool) {
        let mut sleepers = self.sleepers.lock();
        sleepers.push(worker);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        if searching {
            self.searching.fetch_sub(1, Ordering::SeqCst);
        }
        drop(sleepers);
        barrier::heavy();
    }

    /// The worker saw work after it had lain down: it searches again. False: it had been chosen in the meantime, and its
    /// wake-up is under way; it must take that first.
    #[must_use]
    pub fn rise(&self, worker: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        // It came last, so look from the end.
        match sleepers.iter().rposition(|&w| w == worker) {
            Some(at) => {
                sleepers.remove(at);
                self.sleeping.fetch_sub(1, Ordering::Relaxed);
                self.searching.fetch_add(1, Ordering::SeqCst);
                true
            }
            None => {
                // Counted twice: by itself and by the one who chose it.
                let was = self.active.fetch_sub(1, Ordering::Relaxed);
                debug_assert!(was > 1);
                false
            }
        }
    }

    /// One more thing that can make something happen. The caller is counted itself.
    pub fn retain(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    /// One less. True: it was the last; nothing can happen any more.
    #[must_use = "the last one decides what to do"]
    pub fn release_last(&self) -> bool {
        // AcqRel: the last one sees what all others did before they let go.
        let was = self.active.fetch_sub(1, Ordering::AcqRel);
        debug_assert!(was > 0, "counted down below zero");
        was == 1
    }

    /// One less of something that cannot be the last.
    pub fn release(&self) {
        let was = self.active.fetch_sub(1, Ordering::AcqRel);
        debug_assert!(was > 1, "the caller is counted too");
    }

    /// Whether some worker sleeps (a hint).
    pub fn anyone_sleeps(&self) -> bool {
        self.sleeping.load(Ordering::Relaxed) > 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_push_wakes_nobody_while_somebody_searches() {
        let idle = Idle::new(3);
        assert_eq!(idle.pushed(), Some(1));
        assert_eq!(idle.pushed(), None, "worker 1 searches");
        assert_eq!(idle.found(|| true), Some(2));
        assert_eq!(idle.found(|| false), None);
    }

    #[test]
    fn the_last_to_let_go_is_told_so() {
        let idle = Idle::new(2);
        assert_eq!(idle.pushed(), Some(1));
        idle.lie_down(1, true);
        assert!(!idle.release_last());
        idle.retain();
        idle.lie_down(0, false);
        assert!(!idle.release_last());
        assert!(idle.release_last());
    }

    #[test]
    fn a_worker_chosen_while_it_lies_down_is_counted_once() {
        let idle = Idle::new(2);
        idle.lie_down(0, false);
        assert_eq!(idle.pushed(), Some(0));
        assert!(!idle.rise(0));
        assert!(!idle.try_search(), "it searches already, and one of two may");
        idle.lie_down(0, true);
        assert!(idle.rise(0));
        idle.lie_down(0, true);
        assert!(idle.release_last());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::{Arc, Condvar, Mutex};

    /// The word that a worker sleeps on.
    struct Wake(Mutex<bool>, Condvar);

    impl Wake {
        fn new() -> Wake {
            Wake(Mutex::new(false), Condvar::new())
        }

        fn notify(&self) {
            *self.0.lock().unwrap() = true;
            self.1.notify_one();
        }

        fn wait(&self) {
            let mut woken = self.0.lock().unwrap();
            while !std::mem::take(&mut *woken) {
                woken = self.1.wait(woken).unwrap();
            }
        }
    }

    /// Two workers and one queue that both may take from. Worker 0 is awake and queues threads.
    struct Model {
        idle: Idle,
        queued: AtomicUsize,
        ran: AtomicUsize,
        ends: AtomicUsize,
        wake: [Wake; 2],
    }

    impl Model {
        fn push(&self) {
            self.queued.fetch_add(1, Ordering::Release);
            self.wake(self.idle.pushed());
        }

        fn wake(&self, worker: Option<usize>) {
            if let Some(worker) = worker {
                self.wake[worker].notify();
            }
        }

        fn take(&self) -> bool {
            let mut queued = self.queued.load(Ordering::Relaxed);
            while queued > 0 {
                match self.queued.compare_exchange(queued, queued - 1, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => return true,
                    Err(now) => queued = now,
                }
            }
            false
        }

        /// `Worker::next` and `Worker::sleep`, until nothing can happen any more.
        fn work(&self, id: usize, mut searching: bool) {
            loop {
                while self.take() {
                    if std::mem::take(&mut searching) {
                        self.wake(self.idle.found(|| self.queued.load(Ordering::Relaxed) > 0));
                    }
                    self.ran.fetch_add(1, Ordering::Relaxed);
                }
                searching = searching || self.idle.try_search();
                self.idle.lie_down(id, searching);
                searching = true;
                if self.queued.load(Ordering::Relaxed) > 0 {
                    if self.idle.rise(id) {
                        continue;
                    }
                } else if self.idle.release_last() {
                    self.ends.fetch_add(1, Ordering::Relaxed);
                    self.wake[1 - id].notify();
                    return;
                }
                self.wake[id].wait();
                if self.ends.load(Ordering::Relaxed) > 0 {
                    return;
                }
            }
        }
    }

    /// All interleavings with at most three preemptions, which suffice for almost any bug.
    fn bounded(model: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(model);
    }

    /// An OS thread queues what only a worker can run: a wake-up that is lost leaves it there.
    #[test]
    fn loom_what_an_os_thread_queues_is_run_before_the_end() {
        bounded(|| {
            let model = Arc::new(Model {
                idle: Idle::new(1),
                queued: AtomicUsize::new(0),
                ran: AtomicUsize::new(0),
                ends: AtomicUsize::new(0),
                wake: [Wake::new(), Wake::new()],
            });
            model.idle.retain();
            let worker = {
                let model = model.clone();
                loom::thread::spawn(move || model.work(0, false))
            };
            model.push();
            if model.idle.release_last() {
                model.ends.fetch_add(1, Ordering::Relaxed);
                assert_eq!(model.queued.load(Ordering::Relaxed), 0, "ended with work queued");
                model.wake[0].notify();
            }
            worker.join().unwrap();
            assert_eq!(model.queued.load(Ordering::Relaxed), 0, "ended with work queued");
            assert_eq!(model.ran.load(Ordering::Relaxed), 1);
            assert_eq!(model.ends.load(Ordering::Relaxed), 1);
        });
    }

    /// Whatever is queued is run; the end is seen exactly once, and not before.
    #[test]
    fn loom_no_wake_up_is_lost_and_the_end_is_decided_once() {
        bounded(|| {
            let model = Arc::new(Model {
                idle: Idle::new(2),
                queued: AtomicUsize::new(0),
                ran: AtomicUsize::new(0),
                ends: AtomicUsize::new(0),
                wake: [Wake::new(), Wake::new()],
            });
            let other = {
                let model = model.clone();
                loom::thread::spawn(move || {
                    // Asleep from the beginning, as a worker that was not started.
                    model.wake[1].wait();
                    if model.ends.load(Ordering::Relaxed) == 0 {
                        model.work(1, true);
                    }
                })
            };
            model.push();
            model.push();
            model.work(0, false);
            other.join().unwrap();
            assert_eq!(model.queued.load(Ordering::Relaxed), 0, "ended with work queued");
            assert_eq!(model.ran.load(Ordering::Relaxed), 2);
            assert_eq!(model.ends.load(Ordering::Relaxed), 1);
        });
    }
}
