//! Stand-in: runs main on the calling thread.

use crate::abi::{PROGRAM_NO_GREEN_THREADS, Program};

/// # Safety
/// `program` is a program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_rt_main(_argc: i32, _argv: *const *const u8, program: *const Program) -> i32 {
    let mut value = 0i64;
    // SAFETY: as promised.
    let flags = unsafe { (*program).flags };
    crate::sched::SEQUENTIAL.store(flags & PROGRAM_NO_GREEN_THREADS != 0, std::sync::atomic::Ordering::Relaxed);
    crate::sched::park::current().become_main();
    // SAFETY: main takes no environment and writes an integer.
    unsafe { ((*program).main)(std::ptr::null_mut(), (&raw mut value).cast()) };
    crate::sched::finish();
    value as i32
}
