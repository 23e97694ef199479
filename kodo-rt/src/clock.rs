//! What time it is. Sleeping and timers live with the scheduler.

use crate::abi;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

/// Since 1970, negative before.
fn unix_ms() -> i64 {
    let ms = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => ms(since),
        Err(before) => -ms(before.duration()),
    }
}

/// Unix seconds.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_time_now() -> i64 {
    unix_ms().div_euclid(1000)
}

/// Unix milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_time_now_ms() -> i64 {
    unix_ms()
}

/// Nanoseconds of a clock that never steps back, counted from the first call in this process.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_time_now_ns() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    i64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(i64::MAX)
}

abi::check!(kodo_time_now, kodo_time_now_ms, kodo_time_now_ns);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_milliseconds_are_one_clock() {
        let (a, ms, b) = (kodo_time_now(), kodo_time_now_ms(), kodo_time_now());
        assert!(a > 1_700_000_000 && a <= ms / 1000 && ms / 1000 <= b);
    }

    #[test]
    fn nanoseconds_never_step_back() {
        let mut last = kodo_time_now_ns();
        for _ in 0..1000 {
            let now = kodo_time_now_ns();
            assert!(now >= last);
            last = now;
        }
    }
}
