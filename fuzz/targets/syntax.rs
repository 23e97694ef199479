//! Lexer, token layer and parser: any text gives a tree and reports whose places lie within the text.
#![no_main]

mod mutator;

use kodo_frontend::names::Names;
use kodo_frontend::source::FileId;
use kodo_frontend::syntax;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutator::text(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (_, found) = syntax::parse(FileId(0), &text, &mut Names::default());
    for d in found.into_sorted() {
        for span in std::iter::once(d.span).chain(d.secondary.iter().map(|l| l.span)) {
            let (lo, hi) = (span.lo as usize, span.hi as usize);
            assert!(lo <= hi && hi <= text.len(), "{}: {span:?}", d.message);
            assert!(text.is_char_boundary(lo) && text.is_char_boundary(hi), "{}: {span:?}", d.message);
        }
    }
});
