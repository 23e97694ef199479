//! The whole front end: any text gives reports, or MIR that the verifier accepts.
#![no_main]

#[path = "../../kodo-frontend/tests/mutations/compile.rs"]
mod compile;
mod mutator;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutator::text(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    compile::compile(&String::from_utf8_lossy(data));
});
