//! Stand-in: runs main on the calling thread.

use crate::abi::Program;

/// # Safety
/// `program` is a program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_rt_main(_argc: i32, _argv: *const *const u8, program: *const Program) -> i32 {
    let mut value = 0i64;
    // SAFETY: main takes no environment and writes an integer.
    unsafe { ((*program).main)(std::ptr::null_mut(), (&raw mut value).cast()) };
    value as i32
}
