//! Stand-in: timers.

pub mod timer;
