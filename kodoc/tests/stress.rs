//! Runs the programs of `examples/`, `tests/run/` and `tests/conformance/` that use threads, again and again, under
//! changing conditions, and compares each run with what the program promises (`support/expected.rs`):
//!
//! * 1, 2, 4 and 16 workers; -O0 and -O2;
//! * stacks as usual, all copied out when their threads park (`KODO_PRIVATE_STACKS=0`), and with the guards of older
//!   systems (`KODO_STACK_GUARDS=mprotect`).
//!
//! Every run of a program differs from its last ones, and the runs of all together cover every combination. What fails is kept in
//! `target/stress`: its command, what it printed, and if it hung, where every OS thread of it was (by gdb).
//!
//! `STRESS_RUNS` says how many runs; without it there are as many as fit into some seconds, as part of all tests.
//! With `STRESS_SANITIZER=thread` or `address` the programs are built for a sanitizer, whose every report is a failure; `make tsan`
//! and `make asan` prepare the runtime for it (`tests/sanitize.sh`).

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use support::expected::{Expected, compare, expectations, show};
use support::{build_with, kodoc, tree};

const FEW_RUNS: usize = 60;
const WORKERS: [&str; 4] = ["1", "2", "4", "16"];
const LEVELS: [&str; 2] = ["-O0", "-O2"];
const STACKS: [&[(&str, &str)]; 4] = [
    &[],
    &[("KODO_PRIVATE_STACKS", "0")],
    &[("KODO_STACK_GUARDS", "mprotect")],
    &[("KODO_PRIVATE_STACKS", "0"), ("KODO_SHARED_STACKS", "2"), ("KODO_STACK_GUARDS", "mprotect")],
];
/// Words by which a program that uses threads is known.
const CONCURRENT: [&str; 6] = ["spawn", "async ", "parallel", "select {", "channel_", "sleep("];
/// Take seconds each: part of the long version only.
const LONG: [&str; 4] = ["fair_loop", "fair_recursion", "exit_status", "parked_threads"];
/// ThreadSanitizer has room for 8 128 threads, green ones included.
const TOO_MANY_FOR_TSAN: [&str; 5] = ["many_threads", "parked_threads", "deep_children", "inline_children", "crowd"];

struct Program {
    file: PathBuf,
    name: String,
    expected: Expected,
    /// By level, once they are built.
    built: [OnceLock<Result<PathBuf, String>>; 2],
}

/// The conditions of one run.
#[derive(Clone, Copy)]
struct Mode {
    level: usize,
    workers: &'static str,
    stacks: &'static [(&'static str, &'static str)],
}

impl Mode {
    /// The `round`-th run of the `index`-th program.
    fn of(index: usize, round: usize) -> Mode {
        // Neighbours begin elsewhere, so that even few runs see everything.
        let n = index * 7 + round;
        let (level, n) = (n % LEVELS.len(), n / LEVELS.len());
        let (workers, n) = (WORKERS[(n + index) % WORKERS.len()], n / WORKERS.len());
        Mode { level, workers, stacks: STACKS[(n + index) % STACKS.len()] }
    }

    fn text(&self) -> String {
        let mut text = format!("{} KODO_THREADS={}", LEVELS[self.level], self.workers);
        for (name, value) in self.stacks {
            let _ = write!(text, " {name}={value}");
        }
        text
    }
}

fn main() -> ExitCode {
    // `cargo test NAME` and `cargo test -- --list` ask every test binary.
    let filter: Option<String> = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    if std::env::args().any(|arg| arg == "--list") {
        return ExitCode::SUCCESS;
    }
    let runs = std::env::var("STRESS_RUNS").ok().map(|n| n.parse::<usize>().expect("STRESS_RUNS is a number"));
    let sanitizer = std::env::var("STRESS_SANITIZER").ok();
    let programs = programs(runs.is_some(), sanitizer.as_deref(), filter.as_deref());
    if programs.is_empty() {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().expect("a folder for the programs");
    let kept = tree().join("target/stress");
    std::fs::create_dir_all(&kept).expect("target is writable");
    let runs = runs.unwrap_or(FEW_RUNS);
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run >= runs {
                        return;
                    }
                    let index = run % programs.len();
                    let mode = Mode::of(index, run / programs.len());
                    let program = &programs[index];
                    if let Err(why) = run_once(program, mode, folder.path(), sanitizer.as_deref()) {
                        let what = format!("{} {}", program.name, mode.text());
                        println!("stress: {what}: FAILED\n{why}");
                        let path = kept.join(format!("{}-{run}.txt", program.name.replace('/', "-")));
                        std::fs::write(&path, format!("{what}\n{why}\n")).expect("target is writable");
                        failures.lock().expect("no poison").insert(run, what);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no poison");
    println!("stress: {} programs", programs.len());
    println!("{} passed, {} failed", runs - failures.len(), failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn programs(all: bool, sanitizer: Option<&str>, filter: Option<&str>) -> Vec<Program> {
    let mut programs = Vec::new();
    for folder in ["examples", "tests/run", "tests/conformance"] {
        let path = tree().join(folder);
        if !path.is_dir() {
            continue;
        }
        for file in support::programs(&path) {
            let stem = file.file_stem().expect("a file").to_string_lossy().into_owned();
            let name = format!("{folder}/{stem}");
            let text = std::fs::read_to_string(&file).expect("programs are readable");
            let left_out = (!all && LONG.contains(&stem.as_str()))
                || (sanitizer == Some("thread") && TOO_MANY_FOR_TSAN.contains(&stem.as_str()))
                || filter.is_some_and(|filter| !name.contains(filter));
            // AddressSanitizer looks at everything.
            let fits = sanitizer == Some("address") || CONCURRENT.iter().any(|word| text.contains(word));
            if fits && !left_out {
                let expected = expectations(&text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                programs.push(Program { file, name, expected, built: Default::default() });
            }
        }
    }
    programs
}

fn run_once(program: &Program, mode: Mode, folder: &Path, sanitizer: Option<&str>) -> Result<(), String> {
    let level = LEVELS[mode.level];
    let built = program.built[mode.level].get_or_init(|| {
        let executable = folder.join(format!("{}{level}", program.name.replace('/', "-")));
        let mut flags = vec![level];
        if let Some(sanitizer) = sanitizer {
            flags.extend(["--sanitize", sanitizer]);
        }
        let mut kodoc = kodoc();
        if let Some(home) = std::env::var_os("STRESS_HOME") {
            kodoc.env("KODO_HOME", &home).env("CC", Path::new(&home).join("cc"));
        }
        build_with(&mut kodoc, &program.file, &executable, &flags)
            .map(|()| executable)
            .map_err(|e| e.message().unwrap_or("it does not compile").to_owned())
    });
    let executable = built.as_ref().map_err(Clone::clone)?;
    let mut command = if sanitizer == Some("thread") {
        // ThreadSanitizer wants memory where it expects it, also on systems that place it more randomly than it knows.
        let mut command = Command::new("setarch");
        command.arg("-R").arg(executable);
        command
    } else {
        Command::new(executable)
    };
    command.env("KODO_THREADS", mode.workers).env("KODO_DEBUG", "1");
    command.envs(mode.stacks.iter().copied());
    let mut places = String::new();
    let output =
        support::run_watched(&mut command, |pid| places = backtraces(pid)).map_err(|why| format!("{why}\n{places}"))?;
    if sanitizer.is_some() && String::from_utf8_lossy(&output.stderr).contains("Sanitizer") {
        return Err(show(&output));
    }
    compare(&output, &program.expected, &program.expected.output)
}

/// Where the OS threads of a process are.
fn backtraces(pid: u32) -> String {
    let gdb = Command::new("gdb").args(["-p", &pid.to_string(), "-batch", "-ex", "thread apply all bt"]).output();
    gdb.map_or_else(|e| format!("no backtraces: gdb: {e}"), |out| String::from_utf8_lossy(&out.stdout).into_owned())
}
