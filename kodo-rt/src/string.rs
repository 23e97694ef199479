//! Strings: immutable UTF-8 in counted buffers (`mem::buffer`), one byte per element.
//!
//! Value semantics come from the counts: an operation that changes its *owned* argument does it in place if that is
//! the only handle, and otherwise makes a new string. `a + b + c` therefore appends to one growing buffer. Results
//! are owned by the caller; a result equal to an argument is another handle of it.
//!
//! Indexes and lengths count Unicode code points, so they are linear; a front end that wants bytes asks
//! `byte_length`. White space and case are Unicode's.

use crate::abi;
use crate::mem::buffer::{self, Buffer};
use crate::text::{self, FLOAT_TEXT, INT_TEXT};

/// The text of a string.
///
/// # Safety
/// `s` is a live handle of a string; the text is used only while it stays so and unchanged.
#[must_use]
pub unsafe fn text<'a>(s: Buffer) -> &'a str {
    // SAFETY: every string holds `len` bytes of UTF-8; the caller keeps it alive.
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(buffer::data(s), buffer::len(s))) }
}

/// A new string, owned by the caller.
#[must_use]
pub fn new(text: &str) -> Buffer {
    if text.is_empty() {
        return buffer::empty();
    }
    let s = buffer::with_capacity(text.len(), 1);
    // SAFETY: fresh, with room for exactly this text.
    unsafe { push(s, text) };
    s
}

/// Appends to a unique string that has room.
unsafe fn push(s: Buffer, text: &str) {
    // SAFETY: by this function's contract nobody else looks, and capacity covers the new length.
    unsafe {
        let len = buffer::len(s);
        buffer::data(s).add(len).copy_from_nonoverlapping(text.as_ptr(), text.len());
        (*s).len = (len + text.len()) as i64;
    }
}

/// Drops a handle, and the string with the last one.
unsafe fn release(s: Buffer) {
    // SAFETY: the caller gives its handle away; a string holds nothing that needs dropping.
    unsafe {
        if buffer::release(s) {
            buffer::dispose(s);
        }
    }
}

unsafe fn retained(s: Buffer) -> Buffer {
    // SAFETY: the caller passes a live handle.
    unsafe { buffer::retain(s) };
    s
}

/// A part of `s`: another handle if it is all of it.
unsafe fn part(s: Buffer, part: &str) -> Buffer {
    // SAFETY: the caller passes a live handle.
    if part.len() == unsafe { buffer::len(s) } { unsafe { retained(s) } } else { new(part) }
}

/// `owned` with `more` at its end, which must not be a text inside `owned`.
///
/// # Safety
/// `owned` is given away and live.
pub(crate) unsafe fn append_text(owned: Buffer, more: &str) -> Buffer {
    if more.is_empty() {
        return owned;
    }
    // SAFETY: the handle is owned; changed in place only as the only one, else given away.
    unsafe {
        let len = buffer::len(owned);
        let s = if buffer::is_unique(owned) {
            buffer::grow(owned, len + more.len(), 1)
        } else {
            let s = buffer::with_capacity(buffer::grown(0, len + more.len(), 1), 1);
            push(s, text(owned));
            release(owned);
            s
        };
        push(s, more);
        s
    }
}

/// Frees a string whose last handle is gone.
///
/// # Safety
/// `s` has no handle left and is not static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_free(s: Buffer) {
    // SAFETY: by this function's contract.
    unsafe { buffer::dispose(s) }
}

/// # Safety
/// `owned` is given away, `borrowed` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append(owned: Buffer, borrowed: Buffer) -> Buffer {
    // SAFETY: both are live strings.
    unsafe {
        if buffer::len(owned) == 0 && (*owned).capacity < (*borrowed).len {
            release(owned);
            return retained(borrowed);
        }
        if owned == borrowed {
            // The text to append would move with the buffer that grows.
            let s = kodo_string_repeat(owned, 2);
            release(owned);
            return s;
        }
        append_text(owned, text(borrowed))
    }
}

/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append_int(owned: Buffer, v: i64) -> Buffer {
    // SAFETY: an owned string; the text lies in this frame.
    unsafe { append_text(owned, text::int(v, &mut [0; INT_TEXT])) }
}

/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append_float(owned: Buffer, v: f64) -> Buffer {
    // SAFETY: an owned string; the text lies in this frame.
    unsafe { append_text(owned, text::float(v, &mut [0; FLOAT_TEXT])) }
}

/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append_bool(owned: Buffer, v: bool) -> Buffer {
    // SAFETY: an owned string.
    unsafe { append_text(owned, text::bool(v)) }
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_string_from_int(v: i64) -> Buffer {
    new(text::int(v, &mut [0; INT_TEXT]))
}

/// One code point; the empty string if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_string_from_code(code: i64) -> Buffer {
    match u32::try_from(code).ok().and_then(char::from_u32) {
        Some(c) => new(c.encode_utf8(&mut [0; 4])),
        None => buffer::empty(),
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_string_from_float(v: f64) -> Buffer {
    new(text::float(v, &mut [0; FLOAT_TEXT]))
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_string_from_bool(v: bool) -> Buffer {
    new(text::bool(v))
}

/// # Safety
/// Both are live strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_eq(a: Buffer, b: Buffer) -> bool {
    // SAFETY: by this function's contract.
    a == b || unsafe { text(a) == text(b) }
}

/// -1, 0 or 1 by code points, which is the order of the bytes.
///
/// # Safety
/// Both are live strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_cmp(a: Buffer, b: Buffer) -> i64 {
    // SAFETY: by this function's contract.
    unsafe { text(a).cmp(text(b)) as i64 }
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_length(s: Buffer) -> i64 {
    // SAFETY: by this function's contract.
    unsafe { text(s).chars().count() as i64 }
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_byte_length(s: Buffer) -> i64 {
    // SAFETY: by this function's contract.
    unsafe { (*s).len }
}

/// # Safety
/// Both are live strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_contains(s: Buffer, part: Buffer) -> bool {
    // SAFETY: by this function's contract.
    unsafe { text(s).contains(text(part)) }
}

/// # Safety
/// Both are live strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_starts_with(s: Buffer, part: Buffer) -> bool {
    // SAFETY: by this function's contract.
    unsafe { text(s).starts_with(text(part)) }
}

/// # Safety
/// Both are live strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_ends_with(s: Buffer, part: Buffer) -> bool {
    // SAFETY: by this function's contract.
    unsafe { text(s).ends_with(text(part)) }
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_trim(s: Buffer) -> Buffer {
    // SAFETY: by this function's contract.
    unsafe { part(s, text(s).trim()) }
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_to_upper(s: Buffer) -> Buffer {
    // SAFETY: by this function's contract.
    new(&unsafe { text(s) }.to_uppercase())
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_to_lower(s: Buffer) -> Buffer {
    // SAFETY: by this function's contract.
    new(&unsafe { text(s) }.to_lowercase())
}

/// Code points `from` to `to`, exclusive; both are clamped to the string.
///
/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_substring(s: Buffer, from: i64, to: i64) -> Buffer {
    let from = from.max(0);
    if from >= to {
        return buffer::empty();
    }
    // SAFETY: by this function's contract.
    unsafe {
        let rest = split_after(text(s), from as usize).1;
        part(s, split_after(rest, (to - from) as usize).0)
    }
}

/// The first `n` code points and the rest; everything and nothing if there are fewer.
fn split_after(s: &str, n: usize) -> (&str, &str) {
    let mut rest = s.chars();
    if n > 0 {
        rest.nth(n - 1);
    }
    s.split_at(s.len() - rest.as_str().len())
}

/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_repeat(s: Buffer, n: i64) -> Buffer {
    // SAFETY: by this function's contract; the new string has room for every copy.
    unsafe {
        let text = text(s);
        if n <= 0 || text.is_empty() {
            return buffer::empty();
        }
        if n == 1 {
            return retained(s);
        }
        // `n` elements of the text's size: a product that overflows is out of memory.
        let new = buffer::with_capacity(n as usize, text.len());
        (*new).capacity = n * text.len() as i64;
        for _ in 0..n {
            push(new, text);
        }
        new
    }
}

/// White space around, a sign, decimal digits; 0 for anything else and for what does not fit.
///
/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_parse_int(s: Buffer) -> i64 {
    // SAFETY: by this function's contract.
    unsafe { text(s) }.trim().parse().unwrap_or(0)
}

/// The code point at a code-point index, -1 out of range.
///
/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_char_at(s: Buffer, index: i64) -> i64 {
    let Ok(index) = usize::try_from(index) else { return -1 };
    // SAFETY: by this function's contract.
    unsafe { text(s) }.chars().nth(index).map_or(-1, |c| i64::from(u32::from(c)))
}

/// The parts between separators, empty ones too, as `List<String>`: one more than there are separators. An empty
/// separator splits between all code points, one part each (none for the empty string).
///
/// # Safety
/// Both are live strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_split(s: Buffer, separator: Buffer) -> Buffer {
    // SAFETY: by this function's contract; the parts move into the list.
    unsafe {
        let whole = text(s);
        let separator = text(separator);
        let parts: Vec<Buffer> = if separator.is_empty() {
            let mut utf8 = [0; 4];
            whole.chars().map(|c| new(c.encode_utf8(&mut utf8))).collect()
        } else {
            whole.split(separator).map(|text| part(s, text)).collect()
        };
        list_of(&parts)
    }
}

/// A `List<String>` of strings whose handles move into it.
#[must_use]
pub fn list_of(strings: &[Buffer]) -> Buffer {
    if strings.is_empty() {
        return buffer::empty();
    }
    let list = buffer::with_capacity(strings.len(), size_of::<Buffer>());
    // SAFETY: fresh, with room for exactly these handles.
    unsafe {
        buffer::data(list).cast::<Buffer>().copy_from_nonoverlapping(strings.as_ptr(), strings.len());
        (*list).len = strings.len() as i64;
    }
    list
}

abi::check!(
    kodo_string_free,
    kodo_string_append,
    kodo_string_append_int,
    kodo_string_append_float,
    kodo_string_append_bool,
    kodo_string_from_int,
    kodo_string_from_code,
    kodo_string_from_float,
    kodo_string_from_bool,
    kodo_string_eq,
    kodo_string_cmp,
    kodo_string_length,
    kodo_string_byte_length,
    kodo_string_contains,
    kodo_string_starts_with,
    kodo_string_ends_with,
    kodo_string_trim,
    kodo_string_to_upper,
    kodo_string_to_lower,
    kodo_string_substring,
    kodo_string_repeat,
    kodo_string_parse_int,
    kodo_string_char_at,
    kodo_string_split,
);

#[cfg(test)]
mod tests;
