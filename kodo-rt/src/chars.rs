//! Code points and the bytes of strings; numbers read from text.

use crate::abi;
use crate::mem::buffer::{self, Buffer};
use crate::string::{new, text};

fn char_of(code: i64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}

/// A letter, of any script.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_char_is_alpha(code: i64) -> bool {
    char_of(code).is_some_and(char::is_alphabetic)
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_char_is_whitespace(code: i64) -> bool {
    char_of(code).is_some_and(char::is_whitespace)
}

/// The code points, as `List<Int>`.
///
/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_chars(s: Buffer) -> Buffer {
    // SAFETY: by this function's contract.
    let codes: Vec<i64> = unsafe { text(s) }.chars().map(|c| i64::from(u32::from(c))).collect();
    if codes.is_empty() {
        return buffer::empty();
    }
    let list = buffer::with_capacity(codes.len(), size_of::<i64>());
    // SAFETY: fresh, with room for exactly these numbers.
    unsafe {
        buffer::data(list).cast::<i64>().copy_from_nonoverlapping(codes.as_ptr(), codes.len());
        (*list).len = codes.len() as i64;
    }
    list
}

/// The bytes of the UTF-8 text, as `List<Byte>`.
///
/// # Safety
/// `s` is a live string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_bytes(s: Buffer) -> Buffer {
    // SAFETY: by this function's contract. A list of bytes is laid out as a string is.
    new(unsafe { text(s) })
}

/// As `parse_int`, which is 0 where this is false.
///
/// # Safety
/// `s` is a live string, `out` has room for an Int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_try_parse_int(s: Buffer, out: *mut i64) -> bool {
    // SAFETY: by this function's contract.
    match unsafe { text(s) }.trim().parse() {
        Ok(value) => {
            // SAFETY: by this function's contract.
            unsafe { out.write(value) };
            true
        }
        Err(_) => false,
    }
}

/// White space around, a sign, digits with a point or an exponent, or `inf`, `NaN`.
///
/// # Safety
/// `s` is a live string, `out` has room for a Float64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_try_parse_float(s: Buffer, out: *mut f64) -> bool {
    // SAFETY: by this function's contract.
    match unsafe { text(s) }.trim().parse() {
        Ok(value) => {
            // SAFETY: by this function's contract.
            unsafe { out.write(value) };
            true
        }
        Err(_) => false,
    }
}

abi::check!(
    kodo_char_is_alpha,
    kodo_char_is_whitespace,
    kodo_string_chars,
    kodo_string_bytes,
    kodo_string_try_parse_int,
    kodo_string_try_parse_float,
);
