//! Text output.
//!
//! Standard output has one buffer for the process, behind a lock that is held for a copy, or for a write when the
//! buffer is full; never across anything that parks a green thread. Each call's text goes in whole, so lines of
//! different threads never mix. On a terminal every finished line is written at once; otherwise the buffer is
//! written when it is full, at exit, before a panic's report, and when somebody calls [`flush`].
//!
//! Standard error is not buffered: a call is one write of a whole text, under a lock of its own.
//!
//! If nobody reads any more (EPIPE), the program ends the way other Unix tools do: silently, by SIGPIPE. A closed
//! standard output swallows text. Any other failure ends the program with a message and status 1. Standard input is
//! in `input.rs`.

use crate::mem::buffer::Buffer;
use crate::text::{self, FLOAT_TEXT, INT_TEXT};
use crate::{abi, process, string, trace};
use parking_lot::Mutex;
use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

/// Enough for some hundred lines per system call; more gains nothing measurable, less costs calls.
const CAPACITY: usize = 1 << 16;

static OUT: Mutex<Output> = Mutex::new(Output::new(libc::STDOUT_FILENO));
static ERR: Mutex<()> = Mutex::new(());

/// A buffered descriptor.
struct Output {
    descriptor: i32,
    buffer: Vec<u8>,
    /// Found out at the first write.
    by_line: Option<bool>,
}

/// The error number of a failed write.
type Written = Result<(), i32>;

impl Output {
    const fn new(descriptor: i32) -> Output {
        Output { descriptor, buffer: Vec::new(), by_line: None }
    }

    /// Makes the buffer and finds out whether it goes to a terminal, the first time.
    fn open(&mut self) -> bool {
        *self.by_line.get_or_insert_with(|| {
            self.buffer.reserve_exact(CAPACITY);
            // SAFETY: has no preconditions.
            unsafe { libc::isatty(self.descriptor) == 1 }
        })
    }

    /// Takes a text that consists of two parts, so that a line needs no copy to get its line feed.
    fn push(&mut self, text: &[u8], end: &[u8]) -> Written {
        let by_line = self.open();
        if self.buffer.len() + text.len() + end.len() > CAPACITY {
            self.flush()?;
        }
        if text.len() + end.len() > CAPACITY {
            write_all(self.descriptor, text)?;
            write_all(self.descriptor, end)?;
        } else {
            self.buffer.extend_from_slice(text);
            self.buffer.extend_from_slice(end);
        }
        if by_line && let Some(last) = self.buffer.iter().rposition(|&byte| byte == b'\n') {
            let rest = self.buffer.split_off(last + 1);
            let lines = std::mem::replace(&mut self.buffer, rest);
            return write_all(self.descriptor, &lines);
        }
        Ok(())
    }

    fn flush(&mut self) -> Written {
        let written = write_all(self.descriptor, &self.buffer);
        // Also after a failure: what could not be written once will not be tried again at exit.
        self.buffer.clear();
        written
    }
}

/// Writes everything. Waits if the descriptor is in non-blocking mode, as a shared terminal may be.
fn write_all(descriptor: i32, mut bytes: &[u8]) -> Written {
    while !bytes.is_empty() {
        // SAFETY: the bytes are readable.
        let n = unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
        if let Ok(n) = usize::try_from(n) {
            bytes = &bytes[n..];
            continue;
        }
        match std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO) {
            libc::EINTR => {}
            libc::EAGAIN => {
                let mut wait = libc::pollfd { fd: descriptor, events: libc::POLLOUT, revents: 0 };
                // SAFETY: one descriptor to wait for.
                unsafe { libc::poll(&mut wait, 1, -1) };
            }
            error => return Err(error),
        }
    }
    Ok(())
}

/// Called without the lock.
fn check(written: Written) {
    match written {
        Ok(()) | Err(libc::EBADF) => {}
        Err(libc::EPIPE) => broken_pipe(),
        Err(error) => {
            process::claim_end();
            let error_text = std::io::Error::from_raw_os_error(error);
            self::error(format_args!("kodo: cannot write to standard output: {error_text}\n"));
            trace::finish();
            process::exit_now(1)
        }
    }
}

/// Dies by SIGPIPE, which a host or parent had switched off.
#[cold]
fn broken_pipe() -> ! {
    process::claim_end();
    trace::finish();
    // SAFETY: default action and a signal to this process.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::raise(libc::SIGPIPE);
    }
    // The signal is blocked in this thread: end with the status a shell would show for it.
    process::exit_now(128 + libc::SIGPIPE)
}

/// Prepares standard output, on the stack of an OS thread: the system call behind it writes to the stack, and to a
/// green thread's untouched pages the kernel does not write.
pub fn begin() {
    OUT.lock().open();
}

fn out(text: &str, end: &str) {
    let written = OUT.lock().push(text.as_bytes(), end.as_bytes());
    check(written);
}

/// Text to standard output, whole.
pub fn print(text: &str) {
    out(text, "");
}

/// A line to standard output.
pub fn println(text: &str) {
    out(text, "\n");
}

/// Writes what the buffer holds.
pub fn flush() {
    let written = OUT.lock().flush();
    check(written);
}

/// Writes what the buffer holds unless the lock is taken: for reports from signal handlers, which may have
/// interrupted the holder. Failures are ignored.
pub fn try_flush() {
    if let Some(mut output) = OUT.try_lock() {
        let _ = output.flush();
    }
}

/// Writes what the buffer holds as far as the reader takes it in that time: for the end by a signal, which nobody may hold
/// up. Failures are ignored.
pub fn flush_within(patience: Duration) {
    let until = Instant::now() + patience;
    let Some(mut output) = OUT.try_lock_for(patience) else { return };
    let mut bytes = std::mem::take(&mut output.buffer);
    while !bytes.is_empty() {
        let mut room = libc::pollfd { fd: output.descriptor, events: libc::POLLOUT, revents: 0 };
        let left = until.saturating_duration_since(Instant::now()).as_millis() as i32;
        // A descriptor with room takes as much as a pipe does at once without waiting.
        let piece = bytes.len().min(libc::PIPE_BUF);
        // SAFETY: one descriptor to wait for; the bytes are readable.
        let written = unsafe {
            if libc::poll(&mut room, 1, left) != 1 || Instant::now() >= until {
                return;
            }
            libc::write(output.descriptor, bytes.as_ptr().cast(), piece)
        };
        match usize::try_from(written) {
            Ok(n) => drop(bytes.drain(..n)),
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// Text to standard error, in one piece. Failures are ignored: there is nowhere to tell of them.
pub fn error(text: fmt::Arguments<'_>) {
    let mut line = Vec::new();
    // Writing to a vector cannot fail.
    let _ = line.write_fmt(text);
    let _lock = ERR.lock();
    let _ = write_all(libc::STDERR_FILENO, &line);
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_io_print(s: Buffer) {
    // SAFETY: by this function's contract.
    print(unsafe { string::text(s) });
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_io_println(s: Buffer) {
    // SAFETY: by this function's contract.
    println(unsafe { string::text(s) });
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_io_println_int(v: i64) {
    println(text::int(v, &mut [0; INT_TEXT]));
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_io_print_float(v: f64) {
    print(text::float(v, &mut [0; FLOAT_TEXT]));
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_io_println_float(v: f64) {
    println(text::float(v, &mut [0; FLOAT_TEXT]));
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_io_eprint(s: Buffer) {
    // SAFETY: by this function's contract.
    error(format_args!("{}", unsafe { string::text(s) }));
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_io_eprintln(s: Buffer) {
    // SAFETY: by this function's contract.
    error(format_args!("{}\n", unsafe { string::text(s) }));
}

abi::check!(
    kodo_io_print,
    kodo_io_println,
    kodo_io_println_int,
    kodo_io_print_float,
    kodo_io_println_float,
    kodo_io_eprint,
    kodo_io_eprintln,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::child;
    use std::io::Read;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    fn pipe() -> (std::fs::File, OwnedFd) {
        let mut ends = [0; 2];
        // SAFETY: two fresh descriptors, each owned once.
        unsafe {
            assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
            (std::fs::File::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        }
    }

    fn available(read: &mut std::fs::File) -> String {
        // SAFETY: a descriptor of ours.
        unsafe { libc::fcntl(read.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        let mut bytes = Vec::new();
        let _ = read.read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn without_a_terminal_text_waits_until_it_is_flushed() {
        let (mut read, write) = pipe();
        let mut output = Output::new(write.as_raw_fd());
        output.push(b"one", b"\n").unwrap();
        output.push(b"two", b"").unwrap();
        assert_eq!(available(&mut read), "");
        output.flush().unwrap();
        assert_eq!(available(&mut read), "one\ntwo");
        output.flush().unwrap();
        assert_eq!(available(&mut read), "");
    }

    #[test]
    fn on_a_terminal_finished_lines_are_written_at_once() {
        let (mut read, write) = pipe();
        let mut output = Output::new(write.as_raw_fd());
        output.by_line = Some(true);
        output.push(b"one", b"\n").unwrap();
        assert_eq!(available(&mut read), "one\n");
        output.push(b"two\nthr", b"").unwrap();
        assert_eq!(available(&mut read), "two\n");
        output.push(b"ee", b"").unwrap();
        assert_eq!(available(&mut read), "");
        output.push(b"", b"\n").unwrap();
        assert_eq!(available(&mut read), "three\n");
    }

    #[test]
    fn a_full_buffer_and_long_texts_keep_their_order() {
        let (mut read, write) = pipe();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            read.read_to_string(&mut text).unwrap();
            text
        });
        let mut output = Output::new(write.as_raw_fd());
        let mut expected = String::new();
        let long = "x".repeat(CAPACITY + 1);
        for i in 0..3000 {
            let line = if i % 1000 == 999 { long.clone() } else { format!("line {i} {}", "-".repeat(i % 100)) };
            output.push(line.as_bytes(), b"\n").unwrap();
            assert!(output.buffer.len() <= CAPACITY);
            expected.push_str(&line);
            expected.push('\n');
        }
        output.flush().unwrap();
        drop(write);
        assert!(reader.join().unwrap() == expected);
    }

    #[test]
    fn a_non_blocking_descriptor_is_waited_for() {
        let (mut read, write) = pipe();
        // SAFETY: a descriptor of ours.
        unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        let text = "y".repeat(1 << 20);
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            read.read_to_string(&mut text).unwrap();
            text.len()
        });
        write_all(write.as_raw_fd(), text.as_bytes()).unwrap();
        drop(write);
        assert_eq!(reader.join().unwrap(), text.len());
    }

    #[test]
    fn what_cannot_be_written_is_not_tried_again() {
        let (read, write) = pipe();
        drop(read);
        let mut output = Output::new(write.as_raw_fd());
        output.push(b"lost", b"").unwrap();
        assert_eq!(output.flush(), Err(libc::EPIPE));
        assert_eq!(output.flush(), Ok(()));
    }

    #[test]
    fn a_reader_that_left_ends_the_program_by_sigpipe() {
        let Some(end) = child("io::tests::a_reader_that_left_ends_the_program_by_sigpipe", || {
            let (read, write) = pipe();
            drop(read);
            // SAFETY: replaces standard output.
            unsafe { libc::dup2(write.as_raw_fd(), 1) };
            println("nobody listens");
            flush();
        }) else {
            return;
        };
        assert_eq!((end.status, end.stderr.as_str()), (None, ""));
    }

    #[test]
    fn a_full_disk_is_reported() {
        let Some(end) = child("io::tests::a_full_disk_is_reported", || {
            let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            // SAFETY: replaces standard output.
            unsafe { libc::dup2(full.as_raw_fd(), 1) };
            println("text");
            process::exit(0);
        }) else {
            return;
        };
        assert_eq!(end.status, Some(1));
        assert!(end.stderr.starts_with("kodo: cannot write to standard output: No space left"), "{}", end.stderr);
    }

    #[test]
    fn lines_of_many_threads_never_mix() {
        let Some(end) = child("io::tests::lines_of_many_threads_never_mix", || {
            println(""); // after what the test harness has begun
            std::thread::scope(|scope| {
                for letter in ["a", "b", "c", "d"] {
                    scope.spawn(move || {
                        for _ in 0..500 {
                            println(&letter.repeat(50));
                            error(format_args!("{}\n", letter.repeat(50)));
                        }
                    });
                }
            });
            process::exit(0);
        }) else {
            return;
        };
        for text in [&end.stdout, &end.stderr] {
            let whole = |line: &str| line.len() == 50 && line.bytes().all(|b| b == line.as_bytes()[0]);
            let lines = text.lines().filter(|line| line.len() >= 50 && !line.starts_with("test "));
            assert_eq!(lines.clone().filter(|line| whole(line)).count(), 2000);
            assert_eq!(lines.count(), 2000);
        }
    }

    #[test]
    fn entry_points_write_their_text() {
        let Some(end) = child("io::tests::entry_points_write_their_text", || {
            let s = string::new("é");
            // SAFETY: a live string.
            unsafe {
                kodo_io_print(s);
                kodo_io_println(s);
                kodo_io_eprint(s);
                kodo_io_eprintln(s);
            }
            kodo_io_println_int(-5);
            kodo_io_print_float(1.0);
            kodo_io_println_float(0.5);
            process::exit(0);
        }) else {
            return;
        };
        assert!(end.stdout.ends_with("éé\n-5\n10.5\n"), "{}", end.stdout);
        assert!(end.stderr.ends_with("éé\n"), "{}", end.stderr);
    }
}
