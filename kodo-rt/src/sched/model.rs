//! The scheduler as a whole under schedules drawn from a seed: state words, queues, stealing, falling asleep, being woken and
//! the end, together, where loom's models take one protocol at a time. (`RUSTFLAGS="--cfg loom --cfg shuttle" cargo test
//! --target-dir target/shuttle --release -p kodo-rt --lib shuttle_`)
//!
//! Workers are shuttle's threads. A green thread is a *script*: a state machine in the place of a stack, so that leaving the stack
//! is returning from `step`. What is real: `task::state`, `sched::idle`, `sched::deque`, `sched::barrier`. What is written again, in
//! the same order of steps: the worker's loop, and a channel to park on.
//!
//! A schedule that fails is printed; `SHUTTLE_REPLAY=` that text runs it again. `SHUTTLE_SEED` begins with other schedules.

use super::deque::{self, Owner, Thief};
use super::idle::Idle;
use crate::shim::{AtomicUsize, Mutex, Ordering};
use crate::task::state::State;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::{Arc, Condvar, Mutex as PlainMutex};
use shuttle::{Config, Runner, thread};
use std::cell::UnsafeCell;
use std::collections::VecDeque;

const SCHEDULES: usize = 3_000;

/// What a script did.
enum Step {
    Yield,
    /// It published itself where it will be found.
    Park,
    End,
}

type Script = Box<dyn FnMut(&World, Option<&Queue>, usize) -> Step + Send>;

struct Green {
    state: State,
    /// Belongs to whoever has the thread, as a stack does.
    script: UnsafeCell<Option<Script>>,
}

/// A worker's own end.
struct Queue {
    own: Owner,
    id: usize,
}

/// The word on which a worker sleeps. A lock and a condition, so that shuttle sees that nobody will ever wake it.
#[derive(Default)]
struct Word(PlainMutex<bool>, Condvar);

impl Word {
    fn set(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
    fn take(&self) {
        let mut set = self.0.lock().unwrap();
        while !*set {
            set = self.1.wait(set).unwrap();
        }
        *set = false;
    }
}

/// A channel without a bound.
#[derive(Default)]
struct Mail(PlainMutex<(VecDeque<u32>, VecDeque<Who>)>);

#[derive(Clone, Copy)]
enum Who {
    Green(usize),
    Os,
}

struct World {
    idle: Idle,
    thieves: Vec<Thief>,
    injector: Mutex<VecDeque<usize>>,
    words: Vec<Word>,
    greens: Vec<Green>,
    mails: Vec<Mail>,
    /// The one OS thread that may wait.
    os: State,
    os_word: Word,
    ended: AtomicUsize,
    ends: AtomicUsize,
    over: Mutex<bool>,
    /// A worker that lies down does not look again: the mistake that the models must find.
    careless: bool,
}

// SAFETY: scripts are touched by who has the thread.
unsafe impl Send for World {}
// SAFETY: as above.
unsafe impl Sync for World {}

impl World {
    fn new(scripts: Vec<Script>, mails: usize, workers: usize, careless: bool) -> (World, Vec<Queue>) {
        let (owners, thieves): (Vec<_>, Vec<_>) = (0..workers).map(|_| deque::new()).unzip();
        let queues = owners.into_iter().enumerate().map(|(id, own)| Queue { own, id }).collect();
        let greens = scripts
            .into_iter()
            .map(|script| Green { state: State::new(), script: UnsafeCell::new(Some(script)) })
            .collect();
        let world = World {
            idle: Idle::new(workers),
            thieves,
            injector: Mutex::new(VecDeque::new()),
            words: (0..workers).map(|_| Word::default()).collect(),
            greens,
            mails: (0..mails).map(|_| Mail::default()).collect(),
            os: State::new(),
            os_word: Word::default(),
            ended: AtomicUsize::new(0),
            ends: AtomicUsize::new(0),
            over: Mutex::new(false),
            careless,
        };
        (world, queues)
    }

    /// As `schedule`: to a worker's own queue, or from an OS thread to the injector. Entries are one more than a green
    /// thread's number.
    fn push(&self, queue: Option<&Queue>, green: usize) {
        match queue {
            Some(queue) => queue.own.push(green + 1),
            None => self.injector.lock().push_back(green + 1),
        }
        if let Some(worker) = self.idle.pushed() {
            self.words[worker].set();
        }
    }

    fn work_is_queued(&self) -> bool {
        !self.injector.lock().is_empty() || self.thieves.iter().any(|thief| thief.count() > 0)
    }

    /// As `Waiter::unpark`.
    fn unpark(&self, queue: Option<&Queue>, who: Who) {
        match who {
            Who::Green(green) => {
                if self.greens[green].state.unpark() {
                    self.push(queue, green);
                }
            }
            Who::Os => {
                self.idle.retain();
                if self.os.unpark() {
                    self.os_word.set();
                } else {
                    self.idle.release();
                }
            }
        }
    }

    fn send(&self, queue: Option<&Queue>, mail: usize, value: u32) {
        let mut state = self.mails[mail].0.lock().unwrap();
        state.0.push_back(value);
        let waiter = state.1.pop_front();
        drop(state);
        if let Some(waiter) = waiter {
            self.unpark(queue, waiter);
        }
    }

    /// A value, or the caller is published and must park.
    fn recv(&self, mail: usize, who: Who) -> Option<u32> {
        let mut state = self.mails[mail].0.lock().unwrap();
        let value = state.0.pop_front();
        if value.is_none() {
            state.1.push_back(who);
        }
        value
    }

    /// Everything that is left waits for what can never come, or nothing is left.
    fn quiescent(&self) {
        assert_eq!(self.ends.fetch_add(1, Ordering::SeqCst), 0, "the end was seen twice");
        assert!(!self.work_is_queued(), "the end was seen while a thread was queued");
        *self.over.lock() = true;
        self.words.iter().for_each(Word::set);
        self.os_word.set();
    }

    /// As `Worker::next`. None: it is over.
    fn next(&self, queue: &Queue, mut searching: bool) -> Option<usize> {
        loop {
            if let Some(entry) = self.own_or_injected(queue) {
                return Some(self.got(entry, searching));
            }
            searching = searching || self.idle.try_search();
            if searching {
                for victim in (0..self.thieves.len()).filter(|&victim| victim != queue.id) {
                    self.thieves[victim].steal(|entry| queue.own.push(entry));
                    if let Some(entry) = queue.own.pop() {
                        return Some(self.got(entry, searching));
                    }
                }
            }
            self.idle.lie_down(queue.id, searching);
            if !self.careless && self.work_is_queued() {
                if self.idle.rise(queue.id) {
                    searching = true;
                    // Others must get on: a thief may be at work on what this one saw.
                    thread::yield_now();
                    continue;
                }
            } else if self.idle.release_last() {
                self.quiescent();
                return None;
            }
            self.words[queue.id].take();
            if *self.over.lock() {
                return None;
            }
            searching = true;
        }
    }

    fn own_or_injected(&self, queue: &Queue) -> Option<usize> {
        queue.own.pop().or_else(|| self.injector.lock().pop_front())
    }

    fn got(&self, entry: usize, searching: bool) -> usize {
        if searching && let Some(worker) = self.idle.found(|| self.work_is_queued()) {
            self.words[worker].set();
        }
        entry - 1
    }

    /// As `Worker::execute`.
    fn execute(&self, queue: &Queue, green: usize) {
        let this = &self.greens[green];
        loop {
            // Taken out: a second worker on the same thread is noticed.
            // SAFETY: the caller has the thread.
            let mut script = unsafe { (*this.script.get()).take() }.expect("one worker at a time runs a thread");
            let step = script(self, Some(queue), green);
            if matches!(step, Step::End) {
                self.ended.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if matches!(step, Step::Park) && this.state.take_notification() {
                // SAFETY: as above.
                unsafe { *this.script.get() = Some(script) };
                continue;
            }
            // Now it leaves its stack.
            // SAFETY: as above.
            unsafe { *this.script.get() = Some(script) };
            match step {
                Step::Park if this.state.settle() => {}
                _ => self.push(Some(queue), green),
            }
            return;
        }
    }

    fn work(&self, queue: &Queue, first: Option<usize>) {
        if let Some(green) = first {
            self.execute(queue, green);
        } else {
            // As a worker that is not started yet.
            self.words[queue.id].take();
            if *self.over.lock() {
                return;
            }
        }
        let mut searching = first.is_none();
        while let Some(green) = self.next(queue, searching) {
            searching = false;
            self.execute(queue, green);
        }
    }
}

/// Runs a world; green thread 0 is main. `os` is the body of an OS thread of `parallel`, if there is one. Afterwards
/// `ended` green threads must have ended.
fn play(scripts: Vec<Script>, mails: usize, workers: usize, os: Option<fn(&World)>, ended: usize, careless: bool) {
    let (world, queues) = World::new(scripts, mails, workers, careless);
    let world = Arc::new(world);
    let os = os.map(|body| {
        world.idle.retain();
        let world = world.clone();
        thread::spawn(move || {
            body(&world);
            // As `os_thread_end`.
            if world.idle.release_last() {
                world.quiescent();
            }
        })
    });
    let threads: Vec<_> = queues
        .into_iter()
        .map(|queue| {
            let world = world.clone();
            thread::spawn(move || {
                // The whole queue moves.
                let queue = queue;
                world.work(&queue, (queue.id == 0).then_some(0));
            })
        })
        .collect();
    for thread in threads.into_iter().chain(os) {
        thread.join().unwrap();
    }
    assert_eq!(world.ended.load(Ordering::SeqCst), ended, "threads that ended");
    assert_eq!(world.ends.load(Ordering::SeqCst), 1, "the end was seen");
}

fn seed() -> u64 {
    std::env::var("SHUTTLE_SEED").map_or(20, |seed| seed.parse().expect("SHUTTLE_SEED is a number"))
}

fn run(scheduler: impl Scheduler + 'static, model: fn()) {
    let mut config = Config::new();
    // More than any of these need; a schedule that goes on for longer has lost somebody.
    config.max_steps = shuttle::MaxSteps::FailAfter(20_000);
    Runner::new(scheduler, config).run(model);
}

fn explore(model: fn()) {
    if let Ok(schedule) = std::env::var("SHUTTLE_REPLAY") {
        return shuttle::replay(model, &schedule);
    }
    run(RandomScheduler::new_from_seed(seed(), SCHEDULES), model);
    run(PctScheduler::new_from_seed(seed(), 3, SCHEDULES), model);
}

/// Sends the numbers below `count` to a mail, yielding between them.
fn sender(mail: usize, count: u32) -> Script {
    let mut next = 0;
    Box::new(move |world, queue, _| {
        world.send(queue, mail, next);
        next += 1;
        if next == count { Step::End } else { Step::Yield }
    })
}

/// Receives so many numbers, and passes them on if there is somewhere to.
fn receiver(mail: usize, mut count: u32, to: Option<usize>) -> Script {
    Box::new(move |world, queue, green| {
        while count > 0 {
            let Some(value) = world.recv(mail, Who::Green(green)) else { return Step::Park };
            count -= 1;
            if let Some(to) = to {
                world.send(queue, to, value);
            }
        }
        Step::End
    })
}

/// Queues the threads `1..count`, then goes on as another script.
fn spawner(count: usize, mut rest: Script) -> Script {
    let mut spawned = false;
    Box::new(move |world, queue, green| {
        if !std::mem::replace(&mut spawned, true) {
            (1..count).for_each(|other| world.push(queue, other));
        }
        rest(world, queue, green)
    })
}

#[test]
fn shuttle_a_pipeline_runs_to_its_end() {
    explore(|| {
        let scripts =
            vec![spawner(4, receiver(2, 3, None)), receiver(1, 3, Some(2)), receiver(0, 3, Some(1)), sender(0, 3)];
        play(scripts, 3, 2, None, 4, false);
    });
}

#[test]
fn shuttle_many_senders_wake_one_receiver() {
    explore(|| {
        let scripts = vec![spawner(4, receiver(0, 6, None)), sender(0, 2), sender(0, 2), sender(0, 2)];
        play(scripts, 1, 3, None, 4, false);
    });
}

#[test]
fn shuttle_a_deadlock_is_seen_once_and_only_when_nothing_can_happen() {
    explore(|| {
        // Two wait for each other; a third is busy for a while.
        let scripts = vec![spawner(3, receiver(0, 1, Some(1))), receiver(1, 1, Some(0)), sender(2, 3)];
        play(scripts, 3, 3, None, 1, false);
    });
}

#[test]
fn shuttle_an_os_thread_and_green_threads_wake_each_other() {
    fn os(world: &World) {
        // As `OsThread::park`.
        while world.recv(0, Who::Os).is_none() {
            if world.os.take_notification() || !world.os.settle() {
                continue;
            }
            if world.idle.release_last() {
                return world.quiescent();
            }
            world.os_word.take();
            if *world.over.lock() {
                // Only for the balance: the thread that saw the end counted this one as gone.
                world.idle.retain();
                return;
            }
        }
    }
    explore(|| {
        let scripts = vec![spawner(2, receiver(1, 2, Some(0))), sender(1, 2)];
        play(scripts, 2, 2, Some(os), 2, false);
    });
}

fn two_messages_from_outside(careless: bool) {
    fn os(world: &World) {
        world.send(None, 0, 1);
        world.send(None, 0, 2);
    }
    let scripts = vec![spawner(2, receiver(0, 2, Some(1))), receiver(1, 1, None)];
    play(scripts, 2, 2, Some(os), 2, careless);
}

#[test]
fn shuttle_what_comes_from_outside_wakes_a_worker() {
    explore(|| two_messages_from_outside(false));
}

/// The models can fail: a worker that falls asleep without another look is caught. (Either nobody is left who runs, or the end
/// is seen too early.)
#[test]
#[should_panic]
fn shuttle_a_worker_that_does_not_look_again_loses_a_wake_up() {
    explore(|| two_messages_from_outside(true));
}

/// A failure can be looked at again only if the same seed means the same schedule.
#[test]
fn shuttle_the_same_seed_is_the_same_schedule() {
    static TRACE: std::sync::Mutex<Vec<usize>> = std::sync::Mutex::new(Vec::new());
    fn model() {
        let scripts: Vec<Script> = (0..4)
            .map(|i| {
                let mut rounds = 0;
                let script: Script = Box::new(move |_, queue, green| {
                    TRACE.lock().unwrap().push(queue.expect("on a worker").id * 100 + green);
                    rounds += 1;
                    if rounds == 3 { Step::End } else { Step::Yield }
                });
                if i == 0 { spawner(4, script) } else { script }
            })
            .collect();
        play(scripts, 0, 3, None, 4, false);
    }
    let mut traces = Vec::new();
    for seed in [1, 1, 2] {
        run(RandomScheduler::new_from_seed(seed, 20), model);
        traces.push(std::mem::take(&mut *TRACE.lock().unwrap()));
    }
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
}
