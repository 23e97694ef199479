//! Work on a large program, in parts that several threads do. Parts depend on the program and the number of threads alone,
//! and results come in their order.

use std::ops::Range;
use std::thread;

/// Source text that is worth a thread, in bytes. While the compiler is being tested, nearly every program is.
pub const LEAST_BYTES: usize = if cfg!(debug_assertions) { 256 } else { 64 * 1024 };
/// Deep programs grow their stack on demand; this spares shallow ones the growth.
const STACK_SIZE: usize = 16 << 20;

/// Splits a row of things into at most as many parts as `threads`, of about the same size each, and of at least the size
/// `least`. There is always one part.
pub fn split(sizes: impl Iterator<Item = usize> + Clone, threads: usize, least: usize) -> Vec<Range<usize>> {
    let all: usize = sizes.clone().sum();
    let parts = threads.min(all / least).max(1);
    let mut ranges = Vec::with_capacity(parts);
    let (mut start, mut done, mut next) = (0, 0, 0);
    for size in sizes {
        done += size;
        next += 1;
        if ranges.len() + 1 < parts && done * parts >= all * (ranges.len() + 1) {
            ranges.push(start..next);
            start = next;
        }
    }
    ranges.push(start..next);
    ranges
}

/// Does one thing per part: the first one on this thread, the others on threads of their own.
pub fn each<T: Send, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else { return Vec::new() };
    thread::scope(|scope| {
        let start = |part| {
            let thread = thread::Builder::new().stack_size(STACK_SIZE);
            thread.spawn_scoped(scope, || work(part)).expect("a thread can be started")
        };
        let others: Vec<_> = parts.map(start).collect();
        let first = work(first);
        let join = |thread: thread::ScopedJoinHandle<'_, R>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        std::iter::once(first).chain(others.into_iter().map(join)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_in_order() {
        for threads in 1..9 {
            for sizes in [vec![], vec![0, 0, 0], vec![5, 1, 1, 1, 40, 2, 2], vec![100]] {
                let parts = split(sizes.iter().copied(), threads, 2);
                assert!(parts.len() <= threads);
                let ends = parts.windows(2).all(|pair| pair[0].end == pair[1].start);
                assert!(ends && parts[0].start == 0 && parts[parts.len() - 1].end == sizes.len(), "{parts:?}");
            }
        }
    }

    #[test]
    fn results_come_in_order() {
        assert_eq!(each((0..20).collect(), |n| n * n), (0..20).map(|n| n * n).collect::<Vec<_>>());
    }
}
