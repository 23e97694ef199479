//! Standard output and error.

use std::fmt;
use std::io::Write;

pub fn print(text: &str) {
    print!("{text}");
}

pub fn flush() {
    let _ = std::io::stdout().flush();
}

pub fn try_flush() {}

pub fn error(text: fmt::Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}
