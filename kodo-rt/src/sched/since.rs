//! Since when threads wait: a coarse clock that costs a waiting thread one load.
//!
//! Reading the system's clock at every park would be felt. This one is set by those who have time: the monitor while work is
//! queued, workers about to search for work, OS threads that wait. Between those moments a worker has work queued, so the
//! monitor is awake and the clock at most some 10 ms behind.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Hundredths of a second, which go round after 497 days.
const TICKS_PER_SECOND: u32 = 100;
static START: LazyLock<Instant> = LazyLock::new(Instant::now);
/// Read at every park, written a hundred times per second at most.
#[repr(align(128))]
struct Now(AtomicU32);
static NOW: Now = Now(AtomicU32::new(0));

/// What the clock shows.
pub fn now() -> u32 {
    NOW.0.load(Ordering::Relaxed)
}

/// Sets the clock.
pub fn refresh() -> u32 {
    let ticks = (START.elapsed().as_millis() as u64 * u64::from(TICKS_PER_SECOND) / 1000) as u32;
    if ticks != now() {
        NOW.0.store(ticks, Ordering::Relaxed);
    }
    ticks
}

/// A span of waiting times, from the shortest to the longest: "for 0.25 s", "for 0.25 to 3.00 s".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    least: u32,
    most: u32,
}

impl Ages {
    /// The age of one who waits since then.
    pub fn since(ticks: u32) -> Ages {
        // A clock that was read later may have been set by another thread a tick earlier.
        let age = now().wrapping_sub(ticks).cast_signed().max(0).cast_unsigned();
        Ages { least: age, most: age }
    }

    #[must_use]
    pub fn and(self, other: Ages) -> Ages {
        Ages { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    /// Whether it is worth a word in a report of something that just happened.
    pub fn is_long(self) -> bool {
        self.most >= TICKS_PER_SECOND / 10
    }
}

impl fmt::Display for Ages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |ticks: u32| f64::from(ticks) / f64::from(TICKS_PER_SECOND);
        if self.least == self.most {
            write!(f, "for {:.2} s", seconds(self.most))
        } else {
            write!(f, "for {:.2} to {:.2} s", seconds(self.least), seconds(self.most))
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn ages_are_seconds_or_a_span() {
        let (young, old) = (Ages { least: 5, most: 5 }, Ages { least: 325, most: 325 });
        assert_eq!(young.to_string(), "for 0.05 s");
        assert_eq!(young.and(old).to_string(), "for 0.05 to 3.25 s");
        assert!(!young.is_long() && young.and(old).is_long());
    }

    #[test]
    fn a_time_that_another_thread_set_later_is_no_age() {
        assert_eq!(Ages::since(now().wrapping_add(3)), Ages { least: 0, most: 0 });
    }
}
