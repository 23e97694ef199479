//! Waiting for the clock.

pub mod timer;
