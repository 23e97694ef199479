//! `--time-passes`: how long each stage took, and how much memory the process had used at most by its end.

use std::sync::Mutex;
use std::time::{Duration, Instant};

struct Pass {
    name: &'static str,
    time: Duration,
    /// Largest resident set so far, in kilobytes.
    peak: Option<u64>,
}

/// The stages that have ended, in their order; `None` if nobody asked.
static PASSES: Mutex<Option<Vec<Pass>>> = Mutex::new(None);

/// From now on stages are timed.
pub fn enable() {
    *lock() = Some(Vec::new());
}

/// Runs a stage. Stages inside stages are listed before the one around them.
pub fn time<T>(name: &'static str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    let time = start.elapsed();
    if let Some(passes) = &mut *lock() {
        passes.push(Pass { name, time, peak: peak() });
    }
    result
}

/// The table, if it was asked for. Says nothing the second time.
pub fn report() {
    let Some(passes) = lock().take() else { return };
    eprintln!("{:>10}  {:>10}  stage", "ms", "peak MB");
    for Pass { name, time, peak } in passes {
        let peak = peak.map_or_else(|| "?".into(), |kilobytes| format!("{:.1}", kilobytes as f64 / 1024.0));
        eprintln!("{:>10.1}  {peak:>10}  {name}", time.as_secs_f64() * 1000.0);
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Vec<Pass>>> {
    PASSES.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What Linux knows of the process; elsewhere nothing.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
