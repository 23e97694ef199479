//! The end of what can happen: a program that is through, or one whose main waits for ever.
//!
//! The report lists every parked thread, what it waits for, for how long (if that is long), and where it was spawned. Threads that wait for the same
//! thing at the same place are listed together, so that a thousand of them are one entry.

use crate::sched::park::{self, Why};
use crate::sched::since::{self, Ages};
use crate::task::{At, registry};
use crate::{entry, io, process, sequential};
use std::collections::BTreeMap;
use std::fmt::Write;

/// So many numbers of threads are written out per entry.
const NAMED: usize = 8;

/// Nothing can happen any more: main has returned and the program ends with its value, or main is deadlocked.
pub fn quiescent() -> ! {
    let Some(value) = entry::main_value() else { report_and_exit() };
    // What is left waits for what will never come.
    let mut left = 0usize;
    registry::each(|_| left += 1);
    park::each_os_thread(|_, _, _, parked| left += usize::from(parked));
    finish(value, left)
}

/// Ends the program with main's value; `left` threads could never run again.
pub(crate) fn finish(value: i64, left: usize) -> ! {
    process::claim_end();
    if left > 0 && process::debug() {
        io::flush();
        io::error(format_args!("kodo: {left} green threads could never run again\n"));
    }
    process::exit((value & 0xff) as i32)
}

/// The same for a thread that learned it on its way to park: what it would wait for is in the report.
pub fn report_and_exit_waiting(why: Why) -> ! {
    park::set_why(&why);
    report_and_exit()
}

/// Reports that main can never run again, and ends the program with status 2.
pub fn report_and_exit() -> ! {
    process::claim_end();
    since::refresh();
    let mut report = Report::default();
    if sequential::is_on() {
        // How long the others have waited is how long the one on top has run.
        sequential::each(|id, site, why| report.add(id, site, why, since::now()));
    } else {
        // Whoever reports on its way to park (main itself, perhaps) is listed as well.
        registry::each(|task| {
            if task.is_main() || task.state.is_parked() {
                report.add(task.id(), task.site(), task.why(), task.since());
            }
        });
        park::each_os_thread(|site, why, since, parked| {
            if parked {
                report.add(0, site, why, since);
            }
        });
    }
    io::flush();
    io::error(format_args!("{}", report.text()));
    process::exit(2)
}

/// Parked threads, by what they wait for.
#[derive(Default)]
struct Report {
    main: Option<(Option<Why>, Ages)>,
    /// What they wait for, and where they were spawned ↦ identity numbers, and for how long they have waited.
    threads: BTreeMap<(String, String), (Vec<u64>, Ages)>,
}

impl Report {
    fn add(&mut self, id: u64, site: *const crate::abi::Site, why: Option<Why>, since: u32) {
        let age = Ages::since(since);
        if id == crate::task::MAIN_ID {
            self.main = Some((why, age));
            return;
        }
        let why = why.map_or("waits".to_owned(), |why| why.to_string());
        let (ids, ages) = self.threads.entry((why, At(site).to_string())).or_insert((Vec::new(), age));
        ids.push(id);
        *ages = ages.and(age);
    }

    fn text(mut self) -> String {
        let mut text = "deadlock: main waits for what can never come\n".to_owned();
        let long = |ages: Ages| if ages.is_long() { format!(", {ages}") } else { String::new() };
        if let Some((Some(why), age)) = self.main {
            let _ = writeln!(text, "  main {why}{}", long(age));
        }
        for (ids, _) in self.threads.values_mut() {
            ids.sort_unstable();
        }
        // In the order of their first threads: numbers tell the order of spawning.
        let mut entries: Vec<_> = self.threads.into_iter().collect();
        entries.sort_by_key(|(_, (ids, _))| ids[0]);
        for ((what, spawned), (ids, ages)) in entries {
            let what = if ids.len() == 1 { what } else { plural(&what) };
            let _ = writeln!(text, "  {} {what}{}\n    spawned at {spawned}", name(&ids), long(ages));
        }
        text
    }
}

fn plural(what: &str) -> String {
    what.replacen("waits", "wait", 1)
}

fn name(ids: &[u64]) -> String {
    match ids {
        [0] => "an OS thread of `parallel`".to_owned(),
        [0, ..] => format!("{} OS threads of `parallel`", ids.len()),
        [id] => format!("green thread {id}"),
        _ => {
            let named: Vec<_> = ids.iter().take(NAMED).map(u64::to_string).collect();
            let more = if ids.len() > NAMED { ", …" } else { "" };
            format!("{} green threads ({}{more})", ids.len(), named.join(", "))
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::abi::Site;
    use crate::sched::park::Reason;
    use std::ptr;

    #[test]
    fn threads_that_wait_alike_are_one_entry() {
        let site = |line| Site {
            file: b"a.ko".as_ptr(),
            file_len: 4,
            function: b"f".as_ptr(),
            function_len: 1,
            line,
            column: 1,
        };
        let (spawned, waits, made) = (site(3), site(4), site(1));
        let why = Why { reason: Reason::Recv, site: &raw const waits, object: &raw const made };
        let mut report = Report::default();
        report.add(
            1,
            ptr::null(),
            Some(Why { reason: Reason::Await, site: &raw const made, object: ptr::null() }),
            since::now(),
        );
        report.add(9, &raw const spawned, Some(why), since::now());
        report.add(2, &raw const spawned, Some(why), since::now());
        report.add(5, ptr::null(), None, since::now());
        assert_eq!(
            report.text(),
            "deadlock: main waits for what can never come\n  \
             main waits for a future at a.ko:1:1 in f\n  \
             2 green threads (2, 9) wait to receive from a channel at a.ko:4:1 in f (made at a.ko:1:1 in f)\n    \
             spawned at a.ko:3:1 in f\n  \
             green thread 5 waits\n    \
             spawned at an unknown place\n"
        );
    }
}
