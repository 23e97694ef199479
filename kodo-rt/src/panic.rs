//! The end of a program that went wrong.

use crate::abi::Site;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

static DESCRIBER: AtomicUsize = AtomicUsize::new(0);

/// Who says which thread is running.
pub fn set_describer(describe: fn(&mut dyn Write)) {
    DESCRIBER.store(describe as usize, Ordering::Release);
}

/// Prints the message, where and in which thread, and ends the process with 101.
pub fn panic_at(message: &str, site: *const Site) -> ! {
    let mut text = format!("panic: {message}\n");
    let _ = writeln!(text, "  at {}", crate::task::At(site));
    let describe = DESCRIBER.load(Ordering::Acquire);
    if describe != 0 {
        text.push_str("  in ");
        // SAFETY: only `set_describer` stores here, and only functions of this type.
        let describe = unsafe { std::mem::transmute::<usize, fn(&mut dyn Write)>(describe) };
        describe(&mut text);
        text.push('\n');
    }
    eprint!("{text}");
    crate::process::exit(101)
}
