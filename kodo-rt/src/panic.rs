//! Panics: a program's failed assumption ends the process with a report and status 101.
//!
//! ```text
//! panic: index 7 is out of range for length 3
//!   at src/main.ko:12:9 in average
//!   in green thread 4, spawned at src/main.ko:30:5 in main
//!   awaited by main
//! ```
//!
//! The report goes to standard error as one write, after standard output is flushed. Only one thread ends the process
//! (`process::claim_end`): a second panic on another thread waits and is never seen, a panic while reporting one
//! ends at once. Threads are described by the scheduler, through a function it registers. Nothing is unwound.

use crate::abi::{self, Site};
use crate::mem::buffer::Buffer;
use crate::{io, process, string, trace};
use std::fmt;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What the process ends with after a panic.
pub const STATUS: i32 = 101;

/// Writes a description of the thread that runs: "main", "green thread 7, spawned at …".
pub type Describer = fn(&mut dyn fmt::Write);

/// A [`Describer`], or null before there is one.
static DESCRIBER: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Lets reports describe the thread that panicked.
pub fn set_describer(describer: Describer) {
    DESCRIBER.store(describer as *mut (), Ordering::Release);
}

fn describe(out: &mut dyn fmt::Write) {
    let describer = DESCRIBER.load(Ordering::Acquire);
    if !describer.is_null() {
        // SAFETY: the only non-null pointers stored there are describers; pairs with the Release above.
        let describer = unsafe { std::mem::transmute::<*mut (), Describer>(describer) };
        describer(out);
    }
}

/// A place in the source as messages show it: `FILE:LINE:COLUMN in FUNCTION`.
pub struct Place<'a>(&'a Site);

/// The place of a site; `None` for null.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "sites are statics of the program: every pointer to one is valid")]
pub fn place<'a>(site: *const Site) -> Option<Place<'a>> {
    // SAFETY: null or a static.
    unsafe { site.as_ref() }.map(Place)
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Site { file, file_len, function, function_len, line, column } = *self.0;
        // SAFETY: a site's names are static texts of these lengths.
        let (file, function) = unsafe { (static_text(file, file_len), static_text(function, function_len)) };
        write!(out, "{}:{line}:{column}", String::from_utf8_lossy(file))?;
        if !function.is_empty() {
            write!(out, " in {}", String::from_utf8_lossy(function))?;
        }
        Ok(())
    }
}

unsafe fn static_text<'a>(text: *const u8, len: u64) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: by this function's contract.
    unsafe { std::slice::from_raw_parts(text, len as usize) }
}

/// Ends the process with a report. `site` is null if no place in the source is to blame.
#[cold]
pub fn panic_at(message: &str, site: *const Site) -> ! {
    if !process::claim_end() {
        // Something failed while this thread was ending the process.
        io::error(format_args!("panic: {message} (while the process was ending)\n"));
        process::exit_now(STATUS);
    }
    io::flush();
    let mut report = format!("panic: {message}\n");
    if let Some(place) = place(site) {
        report.push_str(&format!("  at {place}\n"));
    }
    let mut thread = String::new();
    describe(&mut thread);
    if !thread.is_empty() {
        report.push_str(&format!("  in {thread}\n"));
    }
    io::error(format_args!("{report}"));
    trace::finish();
    process::exit_now(STATUS)
}

/// # Safety
/// `text` points to `len` bytes; `site` is a static or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_panic(text: *const u8, len: i64, site: *const Site) -> ! {
    // SAFETY: by this function's contract.
    panic_at(&String::from_utf8_lossy(unsafe { static_text(text, len as u64) }), site)
}

/// # Safety
/// `message` is a live string; `site` is a static or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_panic_string(message: Buffer, site: *const Site) -> ! {
    // SAFETY: by this function's contract.
    panic_at(unsafe { string::text(message) }, site)
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_panic_index(index: i64, len: i64, site: *const Site) -> ! {
    panic_at(&format!("index {index} is out of range for length {len}"), site)
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_panic_div_zero(site: *const Site) -> ! {
    panic_at("division by zero", site)
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_panic_div_overflow(site: *const Site) -> ! {
    panic_at("division overflow: the least integer divided by -1", site)
}

/// A number that its conversion's target type does not have.
///
/// # Safety
/// `text` and `type_name` are live strings; `site` is a static or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_panic_conversion(text: Buffer, type_name: Buffer, site: *const Site) -> ! {
    // SAFETY: by this function's contract.
    let (text, name) = unsafe { (string::text(text), string::text(type_name)) };
    panic_at(&format!("{text} does not fit into {name}"), site)
}

abi::check!(
    kodo_panic,
    kodo_panic_string,
    kodo_panic_index,
    kodo_panic_div_zero,
    kodo_panic_div_overflow,
    kodo_panic_conversion,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::child;

    struct Static(Site);
    // SAFETY: nobody changes it.
    unsafe impl Sync for Static {}

    static SITE: Static = Static(Site {
        file: "dir/é.ko".as_ptr(),
        file_len: 9,
        function: "average".as_ptr(),
        function_len: 7,
        line: 12,
        column: 9,
    });

    #[test]
    fn the_report_names_message_place_and_thread() {
        let Some(end) = child("panic::tests::the_report_names_message_place_and_thread", || {
            set_describer(|out| out.write_str("green thread 4").unwrap());
            io::print("before");
            kodo_panic_index(7, 3, &SITE.0);
        }) else {
            return;
        };
        assert_eq!(end.status, Some(STATUS));
        let report =
            "panic: index 7 is out of range for length 3\n  at dir/é.ko:12:9 in average\n  in green thread 4\n";
        assert!(end.stderr.ends_with(report), "{}", end.stderr);
        assert!(end.stdout.ends_with("before"), "{}", end.stdout);
    }

    #[test]
    fn a_panic_without_place_or_scheduler_is_one_line() {
        let Some(end) = child("panic::tests::a_panic_without_place_or_scheduler_is_one_line", || {
            let message = string::new("so nicht");
            // SAFETY: a live string.
            unsafe { kodo_panic_string(message, std::ptr::null()) };
        }) else {
            return;
        };
        assert_eq!(end.status, Some(STATUS));
        assert!(end.stderr.ends_with("panic: so nicht\n"), "{}", end.stderr);
        assert!(!end.stderr.contains("  at "), "{}", end.stderr);
    }

    #[test]
    fn of_panics_at_the_same_time_one_is_reported() {
        let Some(end) = child("panic::tests::of_panics_at_the_same_time_one_is_reported", || {
            let gate = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        gate.wait();
                        kodo_panic_div_zero(&SITE.0);
                    });
                }
            });
        }) else {
            return;
        };
        assert_eq!(end.status, Some(STATUS));
        assert_eq!(end.stderr.matches("panic: division by zero\n  at dir/é.ko").count(), 1, "{}", end.stderr);
    }

    #[test]
    fn a_panic_while_reporting_one_ends_at_once() {
        let Some(end) = child("panic::tests::a_panic_while_reporting_one_ends_at_once", || {
            set_describer(|_| panic_at("inner", std::ptr::null()));
            // SAFETY: a static text.
            unsafe { kodo_panic("outer".as_ptr(), 5, &SITE.0) };
        }) else {
            return;
        };
        assert_eq!(end.status, Some(STATUS));
        assert!(end.stderr.contains("panic: inner (while the process was ending)\n"), "{}", end.stderr);
    }

    #[test]
    fn other_messages() {
        let Some(end) = child("panic::tests::other_messages", || kodo_panic_div_overflow(&SITE.0)) else {
            return;
        };
        assert!(end.stderr.contains("panic: division overflow: the least integer divided by -1\n"), "{}", end.stderr);
    }
}
