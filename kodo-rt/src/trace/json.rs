//! The trace as a file: Chrome's trace event format, which Perfetto, Chrome (about:tracing) and speedscope read.
//!
//! ```text
//!   track per worker        ▏ main ▏ a.ko:3 in main ▏    ▏ a.ko:5 in f ▏       slices: from when a worker goes on with a
//!                                 └──── arrow: wake ──────▶                    thread until the thread leaves its stack
//!   counter                  ▂▂▅▅▃▃▁▁  threads runnable
//! ```
//!
//! Slices are pairs of `B` and `E`; a thread that runs awaited ones as calls has theirs inside its own. Arrows (`s` and `f`,
//! with a number in common) lead from a wake-up, or a spawn, to the slice in which its thread goes on. They are written
//! only where both ends are known. What belongs to no slice (an end whose beginning was lost) is left out, and times on a
//! track never decrease, so that every file is well-formed whatever was lost. Field names and phases: "Trace Event Format"
//! (Chromium project).

use super::ring::Record;
use super::{Event, FIRST_OTHER, FIRST_WORKER, Left};
use crate::abi::Site;
use crate::task::{At, MAIN_ID};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::io::{self, Write};

/// How long a wake-up by a thread without a slice of its own is shown (it has no length), in nanoseconds.
const SHOWN: u64 = 500;
const PID: u32 = 1;

/// Writes the whole file.
pub fn write(
    out: &mut impl Write,
    mut records: Vec<Record>,
    lost: u64,
    workers: usize,
    names: &[String],
) -> io::Result<()> {
    // Stable: events of one ring stay in order.
    records.sort_by_key(|record| record.time);
    write!(out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"lost events\":\"{lost}\"}},\"traceEvents\":[")?;
    write!(out, "\n{{\"ph\":\"M\",\"pid\":{PID},\"name\":\"process_name\",\"args\":{{\"name\":\"kodo\"}}}}")?;
    let tracks = (0..workers).map(|n| (FIRST_WORKER + n as u32, format!("worker {n}")));
    for (track, name) in tracks.chain((FIRST_OTHER..).zip(names.iter().cloned())) {
        let name = Text(&name);
        for (kind, value) in
            [("thread_name", format!("\"name\":{name}")), ("thread_sort_index", format!("\"sort_index\":{track}"))]
        {
            write!(out, ",\n{{\"ph\":\"M\",\"pid\":{PID},\"tid\":{track},\"name\":\"{kind}\",\"args\":{{{value}}}}}")?;
        }
    }
    let mut file = File { out, arrows: arrows(&records), tracks: BTreeMap::new(), inner: HashMap::new(), runnable: 0 };
    for (n, record) in records.iter().enumerate() {
        file.add(n, record)?;
    }
    let end = records.last().map_or(0, |record| record.time);
    for track in file.tracks.keys().copied().collect::<Vec<_>>() {
        file.close(track, end, "the program ended")?;
    }
    file.out.write_all(b"\n]}\n")?;
    file.out.flush()
}

/// For each event that an arrow touches: the arrow's number.
fn arrows(records: &[Record]) -> HashMap<usize, u64> {
    let mut arrows = HashMap::new();
    // The latest event that made a thread runnable.
    let mut causes: HashMap<u64, usize> = HashMap::new();
    let mut next = 0;
    for (n, record) in records.iter().enumerate() {
        match record.event {
            Event::Spawn { id, .. } | Event::Wake { id, .. } => drop(causes.insert(id, n)),
            Event::Notified { id } => drop(causes.remove(&id)),
            Event::Run { id, .. } | Event::InlineBegin { id, .. } => {
                if let Some(cause) = causes.remove(&id) {
                    next += 1;
                    arrows.insert(cause, next);
                    arrows.insert(n, next);
                }
            }
            _ => {}
        }
    }
    arrows
}

#[derive(Default)]
struct Track {
    /// Open slices.
    depth: usize,
    /// The thread that runs.
    thread: u64,
    /// Time of what was written last.
    last: u64,
    queued: u32,
    slice_ended: bool,
}

struct File<'a, W> {
    out: &'a mut W,
    arrows: HashMap<usize, u64>,
    tracks: BTreeMap<u32, Track>,
    /// What a thread runs as calls, outermost first.
    inner: HashMap<u64, Vec<(u64, *const Site)>>,
    runnable: u32,
}

impl<W: Write> File<'_, W> {
    fn add(&mut self, n: usize, record: &Record) -> io::Result<()> {
        let Record { time, track, .. } = *record;
        let arrow = self.arrows.get(&n).copied();
        match record.event {
            Event::Run { id, site, starts } => {
                // Open still: its end was lost.
                self.close(track, time, "unknown")?;
                self.track(track).thread = id;
                self.open(track, time, id, site, if starts { "starts" } else { "goes on" })?;
                self.arrow(track, time, arrow, 'f')?;
                for (id, site) in self.inner.get(&id).cloned().unwrap_or_default() {
                    self.open(track, time, id, site, "goes on")?;
                }
            }
            Event::Leave { how, .. } => {
                let slice_ended = std::mem::take(&mut self.track(track).slice_ended);
                let why = match how {
                    Left::Yielded if slice_ended => "its time slice ended".to_owned(),
                    Left::Yielded => "yielded".to_owned(),
                    Left::Parked(reason) => waits(reason),
                    Left::Ended => "ended".to_owned(),
                };
                self.close(track, time, &why)?;
                self.track(track).thread = 0;
            }
            Event::InlineBegin { id, site } => {
                let owner = self.track(track).thread;
                self.inner.entry(owner).or_default().push((id, site));
                self.open(track, time, id, site, "starts as a call of its awaiter")?;
                self.arrow(track, time, arrow, 'f')?;
            }
            Event::InlineEnd { .. } => {
                let owner = self.track(track).thread;
                if let Some(inner) = self.inner.get_mut(&owner) {
                    inner.pop();
                }
                self.end(track, time, "ended")?;
            }
            Event::Spawn { id, site } => {
                self.instant(track, time, "spawn", format_args!("\"thread\":{id},\"at\":{}", Text(At(site))))?;
                self.arrow(track, time, arrow, 's')?;
            }
            Event::Wake { id, reason } => self.wake(track, time, id, &waits(reason), arrow)?,
            Event::SliceEnded { id } => {
                self.track(track).slice_ended = true;
                self.instant(track, time, "time slice ended", format_args!("\"thread\":{id}"))?;
            }
            Event::Steal { victim, count } => {
                self.instant(track, time, "steal", format_args!("\"from worker\":{victim},\"threads\":{count}"))?;
            }
            Event::Sleep => self.instant(track, time, "sleep", format_args!(""))?,
            Event::Notified { id } => {
                self.instant(track, time, "woken before it waited", format_args!("\"thread\":{id}"))?;
            }
            Event::OsBegin { site } => self.open(track, time, 0, site, "starts")?,
            Event::OsPark { reason } => self.begin(track, time, reason.text(), format_args!(""))?,
            Event::OsGoOn => self.end(track, time, "woken")?,
            Event::OsEnd => self.close(track, time, "ended")?,
        }
        if track < FIRST_OTHER {
            self.track(track).queued = record.queued;
            let runnable = self.tracks.values().map(|track| track.queued).sum::<u32>() + record.outside;
            if runnable != std::mem::replace(&mut self.runnable, runnable) {
                let time = Micros(time);
                write!(
                    self.out,
                    ",\n{{\"ph\":\"C\",\"pid\":{PID},\"ts\":{time},\"name\":\"threads\",\
                     \"args\":{{\"runnable\":{runnable}}}}}"
                )?;
            }
        }
        Ok(())
    }

    fn track(&mut self, track: u32) -> &mut Track {
        self.tracks.entry(track).or_default()
    }

    /// An event of a track. `more` follows the fields that all have.
    fn event(&mut self, track: u32, time: u64, phase: char, more: fmt::Arguments<'_>) -> io::Result<()> {
        let last = &mut self.track(track).last;
        *last = time.max(*last);
        let time = Micros(*last);
        write!(self.out, ",\n{{\"ph\":\"{phase}\",\"pid\":{PID},\"tid\":{track},\"ts\":{time}{more}}}")
    }

    fn begin(&mut self, track: u32, time: u64, name: &str, args: fmt::Arguments<'_>) -> io::Result<()> {
        self.track(track).depth += 1;
        self.event(track, time, 'B', format_args!(",\"name\":{},\"args\":{{{args}}}", Text(name)))
    }

    fn open(&mut self, track: u32, time: u64, id: u64, site: *const Site, how: &str) -> io::Result<()> {
        let name = if id == MAIN_ID { "main".to_owned() } else { At(site).to_string() };
        self.begin(track, time, &name, format_args!("\"thread\":{id},\"begins\":\"{how}\""))
    }

    /// The end of the innermost slice.
    fn end(&mut self, track: u32, time: u64, why: &str) -> io::Result<()> {
        if self.track(track).depth == 0 {
            return Ok(());
        }
        self.track(track).depth -= 1;
        self.event(track, time, 'E', format_args!(",\"args\":{{\"ends\":\"{why}\"}}"))
    }

    /// The end of all slices.
    fn close(&mut self, track: u32, time: u64, why: &str) -> io::Result<()> {
        (0..self.track(track).depth).try_for_each(|_| self.end(track, time, why))
    }

    fn instant(&mut self, track: u32, time: u64, name: &str, args: fmt::Arguments<'_>) -> io::Result<()> {
        self.event(track, time, 'i', format_args!(",\"s\":\"t\",\"name\":\"{name}\",\"args\":{{{args}}}"))
    }

    fn arrow(&mut self, track: u32, time: u64, arrow: Option<u64>, phase: char) -> io::Result<()> {
        let Some(id) = arrow else { return Ok(()) };
        // Binds to the slice around it, not to the next one.
        let bind = if phase == 'f' { ",\"bp\":\"e\"" } else { "" };
        self.event(track, time, phase, format_args!(",\"id\":{id},\"cat\":\"wake\",\"name\":\"wake\"{bind}"))
    }

    fn wake(&mut self, track: u32, time: u64, id: u64, why: &str, arrow: Option<u64>) -> io::Result<()> {
        // An arrow begins in a slice: timers have none.
        let alone = self.track(track).depth == 0;
        if alone {
            self.begin(track, time, "wake", format_args!("\"thread\":{id}"))?;
        }
        self.instant(track, time, "wake", format_args!("\"thread\":{id},\"that\":\"{why}\""))?;
        self.arrow(track, time, arrow, 's')?;
        if alone {
            self.end(track, time + SHOWN, "done")?;
        }
        Ok(())
    }
}

fn waits(reason: Option<crate::sched::park::Reason>) -> String {
    reason.map_or("waits".to_owned(), |reason| format!("waits {}", reason.text()))
}

/// Nanoseconds as the format wants them: microseconds, with a fraction.
struct Micros(u64);
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// A JSON string.
struct Text<T>(T);
impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escaped<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escaped<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for c in text.chars() {
                    match c {
                        '"' | '\\' => write!(self.0, "\\{c}")?,
                        c if c < ' ' => write!(self.0, "\\u{:04x}", u32::from(c))?,
                        c => self.0.write_char(c)?,
                    }
                }
                Ok(())
            }
        }
        f.write_char('"')?;
        write!(Escaped(f), "{}", self.0)?;
        f.write_char('"')
    }
}
