//! Time slices. Compiled loops and calls poll one byte, `kodo_preempt`; while it is set they call `kodo_rt_yield`.
//!
//! A monitor thread looks every 10 ms, but only while work is queued; otherwise it sleeps, and whoever queues work wakes it
//! (the same fence pair as in `idle`). A worker that still runs the thread it ran at the last look, while others wait, gets
//! a request, and the byte goes up. Polls on other workers see the byte too, find no request of their own and go on; so a
//! request that nobody answers (the thread is in a system call) is withdrawn after 100 µs, until the next look, and what its
//! worker has queued goes to the others.

use super::{barrier, futex, runtime, since, worker::worker};
use crate::task::Operation;
use crate::trace::{self, Event};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

/// How long a thread may run while others wait.
const SLICE: Duration = Duration::from_millis(10);
/// How long a request may keep other workers' polls on the slow path.
const PATIENCE: Duration = Duration::from_micros(100);

/// The byte that compiled code polls, on a cache line pair of its own.
#[repr(C, align(128))]
pub struct Poll(AtomicU8);

/// Programs declare it hidden, which makes the linker bind it without the GOT.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that compiled code links")]
pub static kodo_preempt: Poll = Poll(AtomicU8::new(0));

/// Requests that are not answered yet.
static PENDING: AtomicU32 = AtomicU32::new(0);

const UNSTARTED: u32 = 0;
const AWAKE: u32 = 1;
const ASLEEP: u32 = 2;
static MONITOR: AtomicU32 = AtomicU32::new(UNSTARTED);

/// After a push and the fence that follows it.
pub fn work_was_queued() {
    if MONITOR.load(Ordering::Relaxed) != AWAKE {
        wake_monitor();
    }
}

#[cold]
fn wake_monitor() {
    match MONITOR.swap(AWAKE, Ordering::SeqCst) {
        ASLEEP => futex::wake(&raw const MONITOR),
        UNSTARTED => {
            // Without it programs run, only less fairly.
            let _ = std::thread::Builder::new().name("kodo-monitor".to_owned()).spawn(monitor);
        }
        _ => {}
    }
}

fn monitor() {
    let runtime = runtime();
    let mut ticks = vec![0; runtime.workers.len()];
    loop {
        if !runtime.work_is_queued() {
            MONITOR.store(ASLEEP, Ordering::SeqCst);
            barrier::heavy();
            if runtime.work_is_queued() {
                MONITOR.store(AWAKE, Ordering::SeqCst);
            }
            while MONITOR.load(Ordering::Acquire) == ASLEEP {
                futex::wait(&MONITOR, ASLEEP, None);
            }
        }
        since::refresh();
        std::thread::sleep(SLICE);
        let from_outside = !runtime.injector.is_empty();
        let mut asked = false;
        for (worker, last) in runtime.workers.iter().zip(&mut ticks) {
            let tick = worker.tick.load(Ordering::Relaxed);
            if tick == *last && (from_outside || !worker.queues.is_empty()) {
                PENDING.fetch_add(1, Ordering::AcqRel);
                worker.preempt.store(1, Ordering::Release);
                asked = true;
            }
            *last = tick;
        }
        if asked {
            kodo_preempt.0.store(1, Ordering::Release);
            std::thread::sleep(PATIENCE);
            let mut handed_out = false;
            for worker in &runtime.workers {
                if worker.preempt.swap(0, Ordering::AcqRel) == 1 {
                    PENDING.fetch_sub(1, Ordering::AcqRel);
                    handed_out |= worker.queues.hand_out(&runtime.injector);
                }
            }
            kodo_preempt.0.store(0, Ordering::Release);
            if handed_out {
                runtime.pushed();
            }
            // The next slices have begun just now.
            for (worker, last) in runtime.workers.iter().zip(&mut ticks) {
                *last = worker.tick.load(Ordering::Relaxed);
            }
        }
    }
}

/// What a poll that saw the byte calls. Saves what the `preserve_most` convention asks for and ordinary calls do not.
///
/// # Safety
/// For compiled code only.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_rt_yield() {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "push rax",
        "push rcx",
        "push rdx",
        "push rsi",
        "push rdi",
        "push r8",
        "push r9",
        "push r10",
        // The caller may have any alignment the convention allows: make it ours.
        "and rsp, -16",
        "call {slow}",
        "lea rsp, [rbp - 64]",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rdi",
        "pop rsi",
        "pop rdx",
        "pop rcx",
        "pop rax",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
        slow = sym time_slice_ended,
    )
}

/// As above: `preserve_most` keeps x0–x15 (x9–x15 besides the arguments), and x8.
///
/// # Safety
/// For compiled code only.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_rt_yield() {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "stp x29, x30, [sp, #-144]!",
        ".cfi_def_cfa_offset 144",
        ".cfi_offset w29, -144",
        ".cfi_offset w30, -136",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "stp x8, x9, [sp, #80]",
        "stp x10, x11, [sp, #96]",
        "stp x12, x13, [sp, #112]",
        "stp x14, x15, [sp, #128]",
        "bl {slow}",
        "ldp x0, x1, [sp, #16]",
        "ldp x2, x3, [sp, #32]",
        "ldp x4, x5, [sp, #48]",
        "ldp x6, x7, [sp, #64]",
        "ldp x8, x9, [sp, #80]",
        "ldp x10, x11, [sp, #96]",
        "ldp x12, x13, [sp, #112]",
        "ldp x14, x15, [sp, #128]",
        "ldp x29, x30, [sp], #144",
        "ret",
        ".cfi_endproc",
        slow = sym time_slice_ended,
    )
}

/// The poll's slow path.
#[cold]
extern "C" fn time_slice_ended() {
    // An OS thread of `parallel` has no slices.
    let Some(worker) = worker() else { return };
    let task = worker.current();
    if task.is_null() || runtime().workers[worker.id()].preempt.swap(0, Ordering::AcqRel) == 0 {
        return;
    }
    if PENDING.fetch_sub(1, Ordering::AcqRel) == 1 {
        kodo_preempt.0.store(0, Ordering::Release);
    }
    if !worker.local.is_empty() || !runtime().injector.is_empty() {
        worker.local.be_fair();
        // SAFETY: tasks are never freed.
        trace::event(|| Event::SliceEnded { id: unsafe { (*task).id() } });
        // SAFETY: we are this thread.
        unsafe { (*task).suspend(Operation::Yield) }
    }
}
