//! Faults: stacks that grow, and the report of one that cannot.
//!
//! A SIGSEGV or SIGBUS handler on an alternate stack (one per OS thread that runs Kōdo code) asks `stack::fault`. A
//! hit soft guard grows the stack and the instruction runs again. A hit hard guard is a stack overflow: the report
//! names the thread and where it was spawned, and the process ends with 101. Any other fault goes to whoever had the
//! signal before us, or kills the process as usual.
//!
//! Async-signal-safe: the handler waits for no lock, allocates nothing, and calls only atomics, `madvise`, `mprotect`, `write`,
//! `sigaction`, `_exit` and `core::fmt` into an array.

use crate::frames;
use crate::stack::{self, Fault};
use crate::task::{At, Task};
use std::cell::Cell;
use std::fmt::{self, Write};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Enough for the handler and for the formatting of a report.
const ALTERNATE: usize = 64 << 10;
const SIGNALS: [i32; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// What handled the signals before us. Written before `INSTALLED`, read only by the handler.
struct Previous(std::cell::UnsafeCell<[MaybeUninit<libc::sigaction>; 2]>);
// SAFETY: `install` writes it once, before the handler that reads it can run.
unsafe impl Sync for Previous {}
static PREVIOUS: Previous = Previous(std::cell::UnsafeCell::new([const { MaybeUninit::uninit() }; 2]));
static INSTALLED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Lowest address of this OS thread's own stack and its alternate stack; zero: not prepared.
    static OWN: Cell<usize> = const { Cell::new(0) };
    /// The end of the own stack.
    static OWN_END: Cell<usize> = const { Cell::new(0) };
    static ALTERNATE_STACK: Cell<usize> = const { Cell::new(0) };
}

/// Installs the handler, once.
pub fn install() {
    if INSTALLED.swap(true, Ordering::AcqRel) {
        return;
    }
    for (i, signal) in SIGNALS.into_iter().enumerate() {
        // SAFETY: `sigaction` reads and writes the structures we pass; `PREVIOUS` has no reader before the handler is in place.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fault as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            let previous = (*PREVIOUS.0.get())[i].as_mut_ptr();
            libc::sigaction(signal, ptr::null(), previous);
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// Prepares the calling OS thread: an alternate stack for the handler and, if programs run on its own stack
/// (`own_stack`), where that ends.
pub fn prepare_thread(own_stack: bool) {
    if ALTERNATE_STACK.get() != 0 {
        return;
    }
    // SAFETY: fresh memory, handed to the kernel until `release_thread`; `pthread_getattr_np` fills the attributes.
    unsafe {
        let memory = libc::mmap(
            ptr::null_mut(),
            ALTERNATE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if memory == libc::MAP_FAILED {
            return;
        }
        let alternate = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: ALTERNATE };
        libc::sigaltstack(&raw const alternate, ptr::null_mut());
        ALTERNATE_STACK.set(memory as usize);
        if !own_stack {
            return;
        }
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) == 0 {
            let (mut low, mut size) = (ptr::null_mut(), 0);
            if libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut size) == 0 {
                OWN.set(low as usize);
                OWN_END.set(low as usize + size);
            }
            libc::pthread_attr_destroy(&raw mut attributes);
        }
    }
}

/// Gives the alternate stack of an OS thread that ends back.
pub fn release_thread() {
    let memory = ALTERNATE_STACK.replace(0);
    if memory != 0 {
        // SAFETY: `prepare_thread` mapped it for this thread, and the kernel stops using it first.
        unsafe {
            let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
            libc::sigaltstack(&raw const none, ptr::null_mut());
            libc::munmap(memory as *mut _, ALTERNATE);
        }
    }
}

unsafe extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // The interrupted code may be between a system call and its look at errno.
    // SAFETY: errno of this thread.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the kernel passes a valid `siginfo_t`.
    let address = unsafe { (*info).si_addr() } as usize;
    match stack::fault(address) {
        Fault::Grown => {
            // SAFETY: errno of this thread.
            unsafe { *libc::__errno_location() = errno };
            return;
        }
        Fault::Overflow(task) => overflow(task, stack::top_of(address).unwrap_or(0), context),
        Fault::Elsewhere => {}
    }
    // An OS thread's own stack: the guard lies right at its low end (glibc counts it in or not, by version). The main
    // thread's limit is a gap that the kernel keeps free.
    let own = OWN.get();
    if own != 0 && address < own + (64 << 10) && address + (1 << 20) > own {
        overflow(ptr::null(), OWN_END.get(), context);
    }
    // SAFETY: the arguments are the kernel's.
    unsafe { chain(signal, info, context) }
}

/// Hands the signal to whoever had it before us.
unsafe fn chain(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = usize::from(signal != SIGNALS[0]);
    // SAFETY: `install` filled it before this handler could run.
    let previous = unsafe { (*PREVIOUS.0.get())[index].assume_init_ref() };
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // Back to the default, and let the instruction fault again: the process dies as it would have without us.
            // SAFETY: a plain system call.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = libc::SIG_DFL;
                libc::sigaction(signal, &raw const action, ptr::null_mut());
            }
        }
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: installed by `sigaction` with SA_SIGINFO, so it has this type.
            unsafe {
                let handler: unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
                    std::mem::transmute(handler);
                handler(signal, info, context);
            }
        }
        handler => {
            // SAFETY: installed without SA_SIGINFO, so it has this type.
            unsafe {
                let handler: unsafe extern "C" fn(i32) = std::mem::transmute(handler);
                handler(signal);
            }
        }
    }
}

/// The report; `task` is null for an OS thread (or, in a program without green threads, for the one there is). `end` is that
/// of the stack, zero if it is not known.
fn overflow(task: *const Task, end: usize, context: *mut libc::c_void) -> ! {
    // If another thread ends the process already, this one waits for that.
    crate::process::claim_end();
    crate::io::try_flush();
    let mut text = Text::new();
    let _ = text.write_str("panic: stack overflow\n  in ");
    // SAFETY: null, or a thread that runs right now (it faulted); tasks are never unmapped.
    let _ = match unsafe { task.as_ref() } {
        Some(task) if crate::sched::inline::innermost(task).is_main() => text.write_str("main"),
        Some(task) => {
            let inner = crate::sched::inline::innermost(task);
            write!(text, "green thread {}, spawned at {}", inner.id(), At(inner.site()))
        }
        None => crate::sched::park::describe_os_thread(&mut text),
    };
    let _ = text.write_str("\n");
    // SAFETY: the kernel passes the interrupted thread's registers.
    let (code, frame, low) = unsafe { registers(context.cast()) };
    let _ = frames::write(frames::Start { code, frame, low, high: end }, &mut text);
    let _ = text.write_str("  help: look for a recursion that does not end; KODO_MAX_STACK_SIZE sets the limit\n");
    text.put();
    crate::signals::end_after_overflow();
    crate::process::exit_now(crate::panic::STATUS)
}

/// The instruction, the frame pointer and the stack pointer.
unsafe fn registers(context: *const libc::ucontext_t) -> (usize, usize, usize) {
    // SAFETY: the caller's.
    let machine = unsafe { &(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    {
        let register = |index: i32| machine.gregs[index as usize] as usize;
        (register(libc::REG_RIP), register(libc::REG_RBP), register(libc::REG_RSP))
    }
    #[cfg(target_arch = "aarch64")]
    {
        (machine.pc as usize, machine.regs[29] as usize, machine.sp as usize)
    }
}

/// A fixed buffer; what does not fit is cut off.
pub(crate) struct Text {
    bytes: [u8; 4096],
    len: usize,
}

impl Text {
    pub fn new() -> Text {
        Text { bytes: [0; 4096], len: 0 }
    }

    /// Writes it to standard error, and begins anew.
    pub fn put(&mut self) {
        // SAFETY: the bytes written so far.
        unsafe { libc::write(2, self.bytes.as_ptr().cast(), self.len) };
        self.len = 0;
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let n = s.len().min(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}
