//! The frames of a stack, by frame pointers: compiled code keeps them, the runtime's own code does not, so that a walk ends
//! at the first frame in between that has none.
//!
//! Async-signal-safe: reads memory of the stack between two bounds, and tables that do not change.

use crate::abi::{FunctionInfo, Program};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// How many frames are shown at each end.
const SHOWN: usize = 4;

/// The program's functions, by no particular order.
static FUNCTIONS: AtomicPtr<FunctionInfo> = AtomicPtr::new(std::ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Notes the table of a program, before it runs.
pub fn install(program: &Program) {
    FUNCTIONS.store(program.functions.cast_mut(), Ordering::Relaxed);
    COUNT.store(if program.functions.is_null() { 0 } else { program.functions_len as usize }, Ordering::Release);
}

fn functions() -> &'static [FunctionInfo] {
    let count = COUNT.load(Ordering::Acquire);
    if count == 0 {
        return &[];
    }
    // SAFETY: a static table of the program with so many entries; `install` stored the pointer before the count.
    unsafe { std::slice::from_raw_parts(FUNCTIONS.load(Ordering::Relaxed), count) }
}

/// Where the program's code begins and ends; it lies in one piece.
fn code() -> (usize, usize) {
    let ends = functions().iter().map(|f| f.code as usize);
    (ends.clone().min().unwrap_or(0), ends.max().unwrap_or(0))
}

/// The function that an address of the program's code lies in.
fn function_at(code: usize) -> Option<&'static FunctionInfo> {
    functions().iter().filter(|f| f.code as usize <= code).max_by_key(|f| f.code as usize)
}

/// Where a walk begins: an instruction, and the registers there.
#[derive(Clone, Copy)]
pub struct Start {
    pub code: usize,
    pub frame: usize,
    /// Addresses of the stack that may be read.
    pub low: usize,
    pub high: usize,
}

/// Calls `f` with the addresses in the program's code, from the innermost out.
fn walk(start: Start, mut f: impl FnMut(usize)) {
    let (first, end) = self::code();
    let Start { mut code, mut frame, mut low, high } = start;
    loop {
        if code >= first && code < end {
            f(code);
        }
        if frame < low || frame.saturating_add(16) > high || !frame.is_multiple_of(8) {
            return;
        }
        // SAFETY: two words of the stack, between its bounds. What the runtime's frames leave there may be anything; it
        // is only compared.
        let (outer, back) = unsafe { (*(frame as *const usize), *((frame + 8) as *const usize)) };
        // A return address is that of the instruction after the call.
        code = back.wrapping_sub(1);
        // Frames lie one above the other.
        low = frame + 16;
        frame = outer;
    }
}

/// Writes the innermost and the outermost frames, one on a line, and how many lie between.
pub fn write(start: Start, out: &mut impl Write) -> fmt::Result {
    let mut count = 0;
    let mut last = [0; SHOWN];
    let mut result = Ok(());
    walk(start, |code| {
        if count < SHOWN {
            result = result.and_then(|()| line(code, out));
        } else {
            last[count % SHOWN] = code;
        }
        count += 1;
    });
    if count > 2 * SHOWN {
        writeln!(out, "  … {} more", count - 2 * SHOWN)?;
    }
    for index in count.saturating_sub(SHOWN).max(SHOWN)..count {
        line(last[index % SHOWN], out)?;
    }
    result
}

fn line(code: usize, out: &mut impl Write) -> fmt::Result {
    let Some(function) = function_at(code) else { return Ok(()) };
    let text = |bytes: *const u8, len: u64| {
        // SAFETY: static text of the program.
        let bytes = unsafe { std::slice::from_raw_parts(bytes, len as usize) };
        std::str::from_utf8(bytes).unwrap_or("?")
    };
    let name = text(function.name, function.name_len);
    match function.line {
        0 => writeln!(out, "  at {name}"),
        line => writeln!(out, "  at {name} ({}:{line})", text(function.file, function.file_len)),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_walk_stops_at_what_is_no_frame() {
        // Two frames, then a word that leads back: memory as compiled code leaves it.
        let stack: [std::sync::atomic::AtomicUsize; 8] = Default::default();
        let base = stack.as_ptr() as usize;
        for (index, word) in [(0, base + 32), (1, 0x1001), (4, base), (5, 0x2001)] {
            stack[index].store(word, Ordering::Relaxed);
        }
        let start = Start { code: 0x3000, frame: base, low: base, high: base + 64 };
        // No program: no function has a name, and nothing is read outside of the bounds.
        let mut out = String::new();
        write(start, &mut out).expect("a String takes everything");
        assert_eq!(out, "");
        let wild = Start { frame: 7, ..start };
        write(wild, &mut out).expect("a String takes everything");
        assert_eq!(out, "");
    }
}
