//! The mutations that the tests use, as libFuzzer's mutator: mostly changes of words and lines, sometimes of bytes.

#[path = "../../kodo-frontend/tests/mutations/mutate.rs"]
mod mutate;

use mutate::{Random, mutate};
use std::sync::OnceLock;

/// Programs to take pieces from. Empty if the tree is not where it was built.
fn donors() -> &'static [String] {
    static DONORS: OnceLock<Vec<String>> = OnceLock::new();
    DONORS.get_or_init(|| {
        let tree = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let folders = ["examples", "tests/run", "tests/errors", "stdlib"];
        let entries = folders.iter().filter_map(|f| std::fs::read_dir(format!("{tree}/{f}")).ok()).flatten();
        let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        files.sort();
        files.iter().filter_map(|f| std::fs::read_to_string(f).ok()).collect()
    })
}

/// Changes the `size` bytes of text at the start of `data`, which holds at most `max` bytes, and gives the new size.
pub fn text(data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let mut random = Random(u64::from(seed));
    let donors = donors();
    let text = std::str::from_utf8(&data[..size]).ok();
    let (Some(text), false) = (text, donors.is_empty() || random.below(8) == 0) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max);
    };
    let mut text = text.to_owned();
    for _ in 0..1 + random.below(3) {
        text = mutate(&text, &donors[random.below(donors.len())], &mut random);
    }
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    data[..end].copy_from_slice(&text.as_bytes()[..end]);
    end
}
