//! The dump that SIGQUIT asks for: every thread, what it does or waits for, for how long, and where it was spawned.
//!
//! ```text
//! kodo: 102 green threads on 2 workers, 12.31 s after the start
//!   main waits for the threads of a parallel block at a.ko:12:5 in main, for 3.20 s
//!   100 green threads (2-101) wait to receive from a channel at a.ko:4:9 in f (made at a.ko:1:1 in main), for 1.20 to 3.20 s
//!     spawned at a.ko:9:5 in main
//!   green thread 102 runs on worker 1
//!     spawned at a.ko:15:5 in main
//! ```
//!
//! It goes to standard error, or to the end of the file that `KODO_DUMP` names, and the program goes on meanwhile: each line
//! is true of a moment, the whole is not a picture of one. Threads that are alike are one entry, with the numbers of all.
//! Only atomics of threads are read. Programs without green threads list the blocks that lie on their one stack (to standard
//! error).
//!
//! What it does not do: backtraces. A thread is described by the place where it waits and the place where it was spawned.

use crate::abi::Site;
use crate::fault::Text;
use crate::sched::park::{self, Why};
use crate::sched::since::{self, Ages};
use crate::sched::{inline, runtime_if_started};
use crate::task::{At, MAIN_ID, Task, registry};
use crate::{io, sequential};
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::OnceLock;

/// What `KODO_DUMP` names.
static FILE: OnceLock<Option<OsString>> = OnceLock::new();

/// Reads `KODO_DUMP`, before the program can change anything.
pub fn begin() {
    since::refresh();
    FILE.get_or_init(|| std::env::var_os("KODO_DUMP").filter(|name| !name.is_empty()));
}

/// In the signal handler of a program without green threads: no lock, no allocation.
pub fn write_blocks() {
    let mut text = Text::new();
    let _ = text.write_str("kodo: a program without green threads; on its stack lie, the running one first\n");
    text.put();
    let mut runs = true;
    sequential::each_started(|id, site, why| {
        let _ = text.write_str("  ");
        let _ = park::describe_thread(id, site, &mut text);
        let _ = match why {
            Some(why) => writeln!(text, " {why}"),
            None if runs => text.write_str(" runs\n"),
            None => text.write_str("\n"),
        };
        text.put();
        runs = false;
    });
}

/// Writes the dump.
pub fn write() {
    let text = text();
    if let Some(Some(name)) = FILE.get() {
        let written =
            OpenOptions::new().append(true).create(true).open(name).and_then(|mut f| f.write_all(text.as_bytes()));
        match written {
            Ok(()) => return,
            Err(error) => io::error(format_args!("kodo: KODO_DUMP: cannot write `{}`: {error}\n", name.display())),
        }
    }
    io::error(format_args!("{text}"));
}

fn text() -> String {
    since::refresh();
    let Some(runtime) = runtime_if_started() else { return "kodo: the program has not started yet\n".to_owned() };
    let mut running: HashMap<*const Task, usize> = HashMap::new();
    for (id, worker) in runtime.workers.iter().enumerate() {
        let task = worker.current();
        if !task.is_null() {
            running.insert(task.cast_const(), id);
        }
    }
    let mut groups = Groups::default();
    let mut count = 0u64;
    registry::each(|task| {
        count += 1;
        let what = if task.state.is_parked() {
            match task.why() {
                Some(why) => What::Waits(why),
                None => What::Other("is about to go on".to_owned()),
            }
        } else if task.runs_inline() {
            What::Other("runs as a call of the thread that awaits it".to_owned())
        } else if let Some(worker) = running.get(&std::ptr::from_ref(task)) {
            What::Other(format!("runs on worker {worker}"))
        } else {
            What::Other("is ready to run".to_owned())
        };
        let inner = inline::innermost(task);
        let calls = (!std::ptr::eq(inner, task)).then(|| inner.id());
        groups.add(Some(task.id()), task.site(), &what, task.since(), calls);
    });
    park::each_os_thread(|site, why, since, parked| {
        let what = match why {
            Some(why) if parked => What::Waits(why),
            _ => What::Other("runs".to_owned()),
        };
        groups.add(None, site, &what, since, None);
    });
    let workers = runtime.workers.len();
    let mut text = format!(
        "kodo: {count} green thread{} on {workers} worker{}, {} after the start\n",
        if count == 1 { "" } else { "s" },
        if workers == 1 { "" } else { "s" },
        Ages::since(0).to_string().trim_start_matches("for ")
    );
    groups.write(&mut text);
    text
}

enum What {
    Waits(Why),
    Other(String),
}

/// Threads by what is said of them.
#[derive(Default)]
struct Groups(BTreeMap<(bool, String), Group>);

struct Group {
    ids: Vec<u64>,
    ages: Option<Ages>,
    site: *const Site,
}

impl Groups {
    /// `id` is None for OS threads; `calls` is the thread that this one runs as a call.
    fn add(&mut self, id: Option<u64>, site: *const Site, what: &What, since: u32, calls: Option<u64>) {
        let (mut text, ages) = match what {
            What::Waits(why) => (why.to_string(), Some(Ages::since(since))),
            What::Other(text) => (text.clone(), None),
        };
        if let Some(inner) = calls {
            let _ = write!(text, ", in green thread {inner}, which it awaits");
        }
        let key = (id.is_none(), format!("{text}\n{}", At(site)));
        let group = self.0.entry(key).or_insert_with(|| Group { ids: Vec::new(), ages, site });
        group.ids.push(id.unwrap_or(0));
        group.ages = group.ages.zip(ages).map(|(all, one)| all.and(one));
    }

    fn write(self, out: &mut String) {
        let mut groups: Vec<_> = self.0.into_iter().collect();
        for (_, group) in &mut groups {
            group.ids.sort_unstable();
        }
        // Green threads in the order of spawning, then the others.
        groups.sort_by_key(|((os, _), group)| (*os, group.ids[0]));
        for ((os, key), group) in groups {
            let (what, _) = key.split_once('\n').expect("made of two lines");
            let what = if group.ids.len() == 1 { what.to_owned() } else { plural(what) };
            let _ = match (os, group.ids.len()) {
                (true, 1) => write!(out, "  an OS thread of `parallel` {what}"),
                (true, n) => write!(out, "  {n} OS threads of `parallel` {what}"),
                (false, 1) if group.ids[0] == MAIN_ID => write!(out, "  main {what}"),
                (false, 1) => write!(out, "  green thread {} {what}", group.ids[0]),
                (false, n) => write!(out, "  {n} green threads ({}) {what}", Ranges(&group.ids)),
            };
            if let Some(ages) = group.ages {
                let _ = write!(out, ", {ages}");
            }
            out.push('\n');
            if !group.site.is_null() {
                let _ = writeln!(out, "    spawned at {}", At(group.site));
            }
        }
    }
}

fn plural(what: &str) -> String {
    for (one, many) in [("waits", "wait"), ("is ", "are "), ("runs", "run")] {
        if let Some(rest) = what.strip_prefix(one) {
            return format!("{many}{rest}");
        }
    }
    what.to_owned()
}

/// Sorted numbers: "2-5, 9".
struct Ranges<'a>(&'a [u64]);
impl fmt::Display for Ranges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, run) in self.0.chunk_by(|a, b| a + 1 == *b).enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            match run {
                [one] => write!(f, "{comma}{one}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(Ranges(&[2, 3, 4, 9, 11, 12]).to_string(), "2-4, 9, 11-12");
    }

    #[test]
    fn threads_that_are_alike_are_one_entry_with_all_their_numbers() {
        let mut groups = Groups::default();
        for id in [7, 3, 4] {
            groups.add(Some(id), std::ptr::null(), &What::Other("is ready to run".to_owned()), 0, None);
        }
        groups.add(Some(1), std::ptr::null(), &What::Other("runs on worker 0".to_owned()), 0, Some(9));
        groups.add(None, std::ptr::null(), &What::Other("runs".to_owned()), 0, None);
        let mut text = String::new();
        groups.write(&mut text);
        assert_eq!(
            text,
            "  main runs on worker 0, in green thread 9, which it awaits\n  \
             3 green threads (3-4, 7) are ready to run\n  \
             an OS thread of `parallel` runs\n"
        );
    }
}
