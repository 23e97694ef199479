//! Seeing what the scheduler does: statistics (`KODO_DEBUG=1`) and a trace of events (`KODO_TRACE=FILE`).
//!
//! The scheduler reports each [`Event`] by a call of [`event`]. While nobody asked for them, that is a load of a byte that
//! is never written and a branch that is not taken. Otherwise the event is counted (`counts`) and put into a ring
//! (`ring`): every worker has its own, which only it writes; the threads of `parallel` and the runtime's own share one,
//! behind a lock. A full ring forgets its oldest events. At the end of the process `json` turns the rings into a file that
//! Perfetto, Chrome and speedscope read.
//!
//! An event is reported before what it tells of can have consequences: a wake-up before the thread can run. So in order of
//! time causes come first.
//!
//! What it does not do: follow a program while it runs (the file is written at the end, whatever end that is), or record
//! what programs do between the events.

mod counts;
mod json;
mod ring;

use crate::abi::Site;
use crate::sched::park::Reason;
use crate::sched::runtime_if_started;
use crate::sched::worker::worker;
use crate::{io, process, sequential};
use counts::Counts;
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use ring::{Record, Ring};
use std::cell::Cell;
use std::fs::File;
use std::io::BufWriter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Something the scheduler does. Threads are named by their identity numbers.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The calling thread makes a thread.
    Spawn {
        id: u64,
        site: *const Site,
    },
    /// The worker goes on with a thread, for the first time or not.
    Run {
        id: u64,
        site: *const Site,
        starts: bool,
    },
    /// The thread that the worker ran has left its stack.
    Leave {
        id: u64,
        how: Left,
    },
    /// The time slice of the running thread has ended; it leaves.
    SliceEnded {
        id: u64,
    },
    /// The running thread begins to run one that it awaits as a call, and has done so.
    InlineBegin {
        id: u64,
        site: *const Site,
    },
    InlineEnd {
        id: u64,
    },
    /// The calling thread is about to wake one that waits, or will, for this.
    Wake {
        id: u64,
        reason: Option<Reason>,
    },
    /// A thread that was going to park had been woken already.
    Notified {
        id: u64,
    },
    /// The worker took threads from another one.
    Steal {
        victim: usize,
        count: usize,
    },
    /// The worker has nothing to do and sleeps.
    Sleep,
    /// An OS thread of `parallel` begins, waits, goes on, ends.
    OsBegin {
        site: *const Site,
    },
    OsPark {
        reason: Reason,
    },
    OsGoOn,
    OsEnd,
}

/// Why a thread left its stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    Yielded,
    Parked(Option<Reason>),
    Ended,
}

const COUNT: u8 = 1;
const TRACE: u8 = 2;

/// What is asked for. On cache lines of its own: all workers read it all the time.
#[repr(align(128))]
struct Mode(AtomicU8);
static MODE: Mode = Mode(AtomicU8::new(0));

/// Reports an event.
#[inline(always)]
pub fn event(event: impl FnOnce() -> Event) {
    // Relaxed: written before other threads exist, and cleared at the end, where a late event does no harm.
    if MODE.0.load(Ordering::Relaxed) != 0 {
        record(event());
    }
}

/// Tracks of the file: workers, then the runtime's own threads and those of `parallel`.
const FIRST_WORKER: u32 = 1;
const FIRST_OTHER: u32 = 10_000;

/// What one OS thread has recorded (or all that are not workers).
struct Recorder {
    counts: Counts,
    ring: Option<Ring>,
}

impl Recorder {
    fn new(mode: u8) -> Recorder {
        Recorder { counts: Counts::default(), ring: (mode & TRACE != 0).then(Ring::new) }
    }

    fn add(&self, track: u32, event: &Event) {
        self.counts.add(event);
        if let Some(ring) = &self.ring {
            let queued = worker().map_or(0, |worker| worker.local.all() as u32);
            let outside = runtime_if_started().map_or(0, |runtime| runtime.injector.len() as u32);
            ring.push(&Record { time: now(), track, event: *event, queued, outside });
        }
    }
}

struct Recorders {
    start: Instant,
    workers: Box<[CachePadded<Recorder>]>,
    others: Mutex<Others>,
    file: Mutex<Option<(String, File)>>,
}

/// What OS threads that are not workers record, and which track each of them has.
struct Others {
    recorder: Recorder,
    /// Names of tracks, from `FIRST_OTHER` on.
    names: Vec<String>,
    /// Tracks of threads that have ended.
    free: Vec<u32>,
}

static RECORDERS: OnceLock<Recorders> = OnceLock::new();

/// Nanoseconds since the start.
fn now() -> u64 {
    RECORDERS.get().map_or(0, |all| all.start.elapsed().as_nanos() as u64)
}

/// Reads `KODO_TRACE` and begins. Before any thread but the calling one exists.
///
/// # Errors
/// The trace's file cannot be written; the text says why.
pub fn begin(workers: usize) -> Result<(), String> {
    let mut mode = if process::debug() { COUNT } else { 0 };
    let mut file = None;
    if let Some(name) = std::env::var_os("KODO_TRACE").filter(|name| !name.is_empty()) {
        let shown = name.to_string_lossy().into_owned();
        let opened = File::create(&name).map_err(|error| format!("KODO_TRACE: cannot write `{shown}`: {error}"))?;
        file = Some((shown, opened));
        mode |= TRACE;
    }
    if mode == 0 {
        return Ok(());
    }
    let others = Others { recorder: Recorder::new(mode), names: Vec::new(), free: Vec::new() };
    let recorders = Recorders {
        start: Instant::now(),
        workers: (0..workers).map(|_| CachePadded::new(Recorder::new(mode))).collect(),
        others: Mutex::new(others),
        file: Mutex::new(file),
    };
    if RECORDERS.set(recorders).is_ok() {
        MODE.0.store(mode, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether a trace is to be written.
pub fn is_on() -> bool {
    MODE.0.load(Ordering::Relaxed) & TRACE != 0
}

#[cold]
#[inline(never)]
fn record(event: Event) {
    let Some(all) = RECORDERS.get() else { return };
    match worker() {
        Some(worker) => all.workers[worker.id()].add(FIRST_WORKER + worker.id() as u32, &event),
        None => record_outside(all, &event),
    }
}

/// By an OS thread that is not a worker. No green thread runs here, so the thread-local cannot move.
fn record_outside(all: &Recorders, event: &Event) {
    thread_local!(static TRACK: Cell<u32> = const { Cell::new(0) });
    let mut others = all.others.lock();
    let mut track = if sequential::is_on() { FIRST_WORKER } else { TRACK.get() };
    if track == 0 {
        let thread = std::thread::current();
        let name = match (event, thread.name()) {
            (Event::OsBegin { .. }, _) | (_, None) => "parallel",
            (_, Some(name)) => name.strip_prefix("kodo-").unwrap_or(name),
        };
        let reused = others.free.iter().position(|&free| others.names[(free - FIRST_OTHER) as usize] == name);
        track = match reused {
            Some(at) => others.free.swap_remove(at),
            None => {
                others.names.push(name.to_owned());
                FIRST_OTHER + others.names.len() as u32 - 1
            }
        };
        TRACK.set(track);
    }
    others.recorder.add(track, event);
    if matches!(event, Event::OsEnd) && !sequential::is_on() {
        TRACK.set(0);
        others.free.push(track);
    }
}

/// The end of the process: prints the statistics, writes the trace. Once; by the thread that ends the process.
pub fn finish() {
    static FINISHED: AtomicBool = AtomicBool::new(false);
    let Some(all) = RECORDERS.get() else { return };
    if FINISHED.swap(true, Ordering::AcqRel) {
        return;
    }
    let mode = MODE.0.swap(0, Ordering::AcqRel);
    // Only a thread that was stopped in the middle of an event could hold the lock for so long.
    let others = all.others.try_lock_for(Duration::from_secs(1));
    if mode & COUNT != 0 {
        let sum = Counts::default();
        all.workers.iter().for_each(|worker| sum.merge(&worker.counts));
        if let Some(others) = &others {
            sum.merge(&others.recorder.counts);
        }
        io::error(format_args!("kodo: {sum}\n"));
    }
    let Some((name, file)) = all.file.lock().take() else { return };
    let (mut records, mut lost) = (Vec::new(), 0);
    let rings = all.workers.iter().map(|worker| &worker.ring).chain(others.as_ref().map(|o| &o.recorder.ring));
    for ring in rings.flatten() {
        lost += ring.read(&mut records);
    }
    let names = others.as_ref().map_or(&[][..], |others| &others.names);
    let total = records.len() as u64 + lost;
    if let Err(error) = json::write(&mut BufWriter::new(file), records, lost, all.workers.len(), names) {
        io::error(format_args!("kodo: KODO_TRACE: cannot write `{name}`: {error}\n"));
    } else if lost > 0 {
        io::error(format_args!(
            "kodo: the trace has the last {} of {total} events: a worker keeps {}\n",
            total - lost,
            ring::EVENTS
        ));
    }
}
