//! Stand-in: a panic prints its message and place and ends the process with 101.

use crate::abi::Site;

#[allow(clippy::not_unsafe_ptr_arg_deref)]
pub fn panic_at(message: &str, site: *const Site) -> ! {
    // SAFETY: a site is a static of the program, or null.
    match unsafe { site.as_ref() } {
        Some(site) => eprintln!("panic: {message} at {}:{}", site.line, site.column),
        None => eprintln!("panic: {message}"),
    }
    std::process::exit(101)
}
