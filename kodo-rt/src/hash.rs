//! Hashes of values, keyed by a seed that every process draws anew, so that nobody can choose keys that collide.
//!
//! A value is hashed part by part: the hash of what came before seeds the hasher of the next part. `KODO_HASH_SEED` (an
//! unsigned integer) fixes the seed; the order in which maps and sets are iterated never depends on it.

use crate::mem::buffer::Buffer;
use crate::{abi, string};
use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

static SEED: OnceLock<SharedSeed> = OnceLock::new();

#[inline]
fn hasher(state: i64) -> impl Hasher {
    let seed = SEED.get_or_init(|| SharedSeed::from_u64(draw(std::env::var("KODO_HASH_SEED").ok().as_deref())));
    SeedableRandomState::with_seed(state as u64, seed).build_hasher()
}

/// The seed that was asked for, or one from the operating system.
fn draw(fixed: Option<&str>) -> u64 {
    if let Some(seed) = fixed.and_then(|text| text.parse().ok()) {
        return seed;
    }
    let mut seed = [0u8; 8];
    // SAFETY: eight bytes of our own.
    let got = unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), 0) };
    if got == 8 {
        return u64::from_ne_bytes(seed);
    }
    // Without a source of randomness: where the loader put us, and when.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
    now ^ (&raw const SEED).addr() as u64
}

#[unsafe(no_mangle)]
pub extern "C" fn kodo_hash_word(state: i64, word: i64) -> i64 {
    let mut hasher = hasher(state);
    hasher.write_u64(word as u64);
    hasher.finish() as i64
}

/// # Safety
/// `s` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kodo_hash_string(state: i64, s: Buffer) -> i64 {
    let mut hasher = hasher(state);
    // SAFETY: by this function's contract.
    hasher.write(unsafe { string::text(s) }.as_bytes());
    hasher.finish() as i64
}

abi::check!(kodo_hash_word, kodo_hash_string);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_seed_is_taken_and_others_are_drawn() {
        assert_eq!(draw(Some("42")), 42);
        assert_ne!(draw(Some("no number")), draw(None));
    }

    #[test]
    fn every_word_and_everything_before_it_counts() {
        let words = [0, 1, -1, i64::MAX];
        let mut seen = std::collections::HashSet::new();
        for a in words {
            for b in words {
                seen.insert(kodo_hash_word(kodo_hash_word(0, a), b));
            }
        }
        assert_eq!(seen.len(), 16);
        assert_eq!(kodo_hash_word(3, 4), kodo_hash_word(3, 4));
    }
}
