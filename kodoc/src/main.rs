//! The `kodoc` command.
#![forbid(unsafe_code)]

fn main() {}
