//! Text of the number types that are neither `Int` nor `Float64`.

use crate::abi;
use crate::mem::buffer::Buffer;
use crate::string::{append_text, new};
use crate::text;

/// The shortest decimal that reads back as the same single, without an exponent.
pub(crate) fn float32(v: f64) -> String {
    // The caller widened a single, so nothing is lost on the way back.
    let v = v as f32;
    if v.is_finite() { v.to_string() } else { text::float(v.into(), &mut [0; text::FLOAT_TEXT]).to_owned() }
}

/// `Uint64`.
///
/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append_uint(owned: Buffer, v: i64) -> Buffer {
    // SAFETY: an owned string; the text lies elsewhere.
    unsafe { append_text(owned, &(v as u64).to_string()) }
}

/// # Safety
/// `owned` is given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_string_append_float32(owned: Buffer, v: f64) -> Buffer {
    // SAFETY: an owned string; the text lies elsewhere.
    unsafe { append_text(owned, &float32(v)) }
}

/// `Uint64`.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_string_from_uint(v: i64) -> Buffer {
    new(&(v as u64).to_string())
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_string_from_float32(v: f64) -> Buffer {
    new(&float32(v))
}

/// A number between both, each as likely; `low` if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn kodo_rand_int(low: i64, high: i64) -> i64 {
    if low > high { low } else { fastrand::i64(low..=high) }
}

abi::check!(
    kodo_rand_int,
    kodo_string_append_uint,
    kodo_string_append_float32,
    kodo_string_from_uint,
    kodo_string_from_float32,
);

#[cfg(test)]
mod tests {
    use super::float32;

    #[test]
    fn singles_are_as_short_as_they_can_be() {
        for (v, text) in
            [(0.1_f32, "0.1"), (1.0, "1"), (-0.0, "-0"), (16_777_216.0, "16777216"), (1e20, "100000000000000000000")]
        {
            assert_eq!(float32(v.into()), text);
        }
        assert_eq!((float32(f64::NAN), float32(f64::NEG_INFINITY)), ("NaN".into(), "-inf".into()));
    }
}
