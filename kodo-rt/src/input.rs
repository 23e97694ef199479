//! Standard input, by line.
//!
//! ```text
//!   green thread                            reader (an OS thread, from the first wait on)
//!   a line in the buffer? take it
//!   none: join the waiters, wake the reader  ──▶  read(0, …)
//!   park                                     ◀──  append, wake all waiters
//! ```
//!
//! The buffer is the process's, behind a lock that is held for a copy; a line goes to whoever takes it first. While somebody
//! waits, the reader counts as something that can make something happen, so that waiting for input is no deadlock. A
//! thread that reads parks; the worker does not.
//!
//! Without green threads the program's only thread reads, after it has run what is queued.
//!
//! Bytes that are not UTF-8 become replacement characters. A failing read ends the input, as the end of the file does.
//! Nothing here reads ahead before the first line is wanted.

use crate::abi::{self, Site};
use crate::mem::buffer::Buffer;
use crate::sched::park::{self, Reason, Waiter, Why};
use crate::{io, sched, sequential, string};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::ptr;

/// Bytes asked for at once.
const CHUNK: usize = 1 << 16;

struct Input {
    buffer: Vec<u8>,
    /// What is before it was taken.
    at: usize,
    /// Up to here there is no line feed.
    searched: usize,
    ended: bool,
    waiting: Vec<Waiter>,
    /// Somebody wants more bytes, and the reader gets them.
    wanted: bool,
    has_reader: bool,
}

static INPUT: Mutex<Input> = Mutex::new(Input {
    buffer: Vec::new(),
    at: 0,
    searched: 0,
    ended: false,
    waiting: Vec::new(),
    wanted: false,
    has_reader: false,
});
static WANTED: Condvar = Condvar::new();

// SAFETY: a waiter is a word that any thread may unpark, once; whoever takes it out of the list does.
unsafe impl Send for Input {}

impl Input {
    /// The next line without its end; at the end of the input, what is left.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let from = self.searched.max(self.at);
        let (end, next) = match self.buffer[from..].iter().position(|&byte| byte == b'\n') {
            Some(found) => (from + found, from + found + 1),
            None if self.ended && self.at < self.buffer.len() => (self.buffer.len(), self.buffer.len()),
            None => {
                self.searched = self.buffer.len();
                return None;
            }
        };
        let line = &self.buffer[self.at..end];
        // As Windows ends lines.
        let line = line.strip_suffix(b"\r").filter(|_| next > end).unwrap_or(line).to_vec();
        self.at = next;
        if self.at == self.buffer.len() {
            self.buffer.clear();
            (self.at, self.searched) = (0, 0);
        }
        Some(line)
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.searched -= self.at.min(self.searched);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
        self.ended |= bytes.is_empty();
    }
}

/// Some bytes of standard input; none at its end.
fn read() -> Vec<u8> {
    let mut bytes = vec![0; CHUNK];
    loop {
        // SAFETY: writes into the vector, at most its length.
        let count = unsafe { libc::read(libc::STDIN_FILENO, bytes.as_mut_ptr().cast(), CHUNK) };
        if count < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted {
            continue;
        }
        bytes.truncate(usize::try_from(count).unwrap_or(0));
        return bytes;
    }
}

/// Gets bytes whenever somebody wants some.
fn reader() {
    loop {
        let mut input = INPUT.lock();
        while !input.wanted {
            WANTED.wait(&mut input);
        }
        drop(input);
        let bytes = read();
        let mut input = INPUT.lock();
        input.take_in(&bytes);
        input.wanted = false;
        let waiting = std::mem::take(&mut input.waiting);
        drop(input);
        for waiter in waiting {
            // SAFETY: taken out of the list under the lock; its thread parks, or will.
            unsafe { waiter.unpark() };
        }
        // What it woke is counted by now.
        sched::os_thread_done();
    }
}

/// Joins the waiters. False: no thread can be started to read.
fn want(input: &mut MutexGuard<'_, Input>) -> bool {
    if !input.has_reader {
        let thread = std::thread::Builder::new().name("kodo-input".to_owned()).stack_size(256 << 10);
        input.has_reader = thread.spawn(reader).is_ok();
        if !input.has_reader {
            return false;
        }
    }
    input.waiting.push(park::current());
    if !input.wanted {
        input.wanted = true;
        sched::os_thread_begin();
        WANTED.notify_one();
    }
    true
}

/// The next line; `None` at the end of the input.
fn line(site: *const Site) -> Option<Vec<u8>> {
    let mut first = true;
    loop {
        let mut input = INPUT.lock();
        if let Some(line) = input.take_line() {
            return Some(line);
        }
        if input.ended {
            return None;
        }
        if std::mem::take(&mut first) {
            // Who reads what a program asks wants to see the question.
            drop(input);
            io::flush();
            continue;
        }
        if !sequential::is_on() && want(&mut input) {
            drop(input);
            park::park(Why { reason: Reason::Input, site, object: ptr::null() });
            continue;
        }
        drop(input);
        if sequential::is_on() {
            sequential::run_queued();
        }
        let bytes = read();
        INPUT.lock().take_in(&bytes);
    }
}

/// # Safety
/// `out` has room for a handle, and is filled if the answer is true; `site` is a static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_io_read_line(out: *mut Buffer, site: *const Site) -> bool {
    let Some(line) = line(site) else { return false };
    // SAFETY: the caller's.
    unsafe { out.write(string::new(&String::from_utf8_lossy(&line))) };
    true
}

abi::check!(kodo_io_read_line);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn input() -> Input {
        Input {
            buffer: Vec::new(),
            at: 0,
            searched: 0,
            ended: false,
            waiting: Vec::new(),
            wanted: false,
            has_reader: false,
        }
    }

    fn lines(chunks: &[&str]) -> Vec<String> {
        let mut input = input();
        let mut all = Vec::new();
        for chunk in chunks.iter().copied().chain([""]) {
            input.take_in(chunk.as_bytes());
            while let Some(line) = input.take_line() {
                all.push(String::from_utf8(line).expect("text"));
            }
        }
        all
    }

    #[test]
    fn lines_end_at_line_feeds_wherever_reads_end() {
        assert_eq!(lines(&["a\nb", "c\n", "\n", "d"]), ["a", "bc", "", "d"]);
        assert_eq!(lines(&["one\r\ntwo\r", "\nthree\r"]), ["one", "two", "three\r"]);
        assert_eq!(lines(&[]), Vec::<String>::new());
        assert_eq!(lines(&["x\n"]), ["x"]);
    }

    #[test]
    fn a_long_line_is_searched_once() {
        let mut input = input();
        for _ in 0..10 {
            input.take_in(&[b'x'; 1000]);
            assert_eq!(input.take_line(), None);
        }
        assert_eq!(input.searched, 10_000);
        input.take_in(b"\ny");
        assert_eq!(input.take_line().map(|line| line.len()), Some(10_000));
    }
}
