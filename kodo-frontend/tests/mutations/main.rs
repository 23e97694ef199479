//! Mutants of the programs in `examples/` and `tests/` go through the whole front end: whatever the text, there are
//! diagnostics or verified MIR, never a panic.
//!
//! Deterministic: mutant number n is always the same text. `KODO_MUTANTS=FROM..TO cargo test -p kodo-frontend --release
//! --test mutations` runs more than the few of every test run; `KODO_MUTANTS_KEEP=FOLDER` writes the accepted ones there.

mod compile;
mod mutate;

use compile::compile;
use mutate::{Random, mutate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Mutants of every test run.
const FEW: std::ops::Range<u64> = 0..400;
/// No mutant of these small programs may take longer; unoptimized builds need most of it.
const PATIENCE: Duration = Duration::from_secs(20);

fn mutant(number: u64, seeds: &[String]) -> String {
    let mut random = Random(number);
    let mut text = seeds[random.below(seeds.len())].clone();
    let other = random.below(seeds.len());
    for _ in 0..1 + random.below(4) {
        text = mutate(&text, &seeds[other], &mut random);
    }
    text
}

fn seeds() -> Vec<String> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["examples", "tests/run", "tests/errors"] {
        let entries = std::fs::read_dir(tree.join(folder)).expect("a folder of programs");
        files.extend(entries.map(|e| e.expect("an entry").path()).filter(|p| p.extension().is_some_and(|e| e == "ko")));
    }
    files.sort();
    files.iter().map(|f| std::fs::read_to_string(f).expect("a program")).collect()
}

fn numbers() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("KODO_MUTANTS") else { return FEW };
    let (from, to) = text.split_once("..").expect("KODO_MUTANTS=FROM..TO");
    from.parse().expect("a number")..to.parse().expect("a number")
}

fn run() {
    let seeds = seeds();
    let keep = std::env::var_os("KODO_MUTANTS_KEEP");
    let mut accepted = 0;
    let mut broken = Vec::new();
    for number in numbers() {
        let text = mutant(number, &seeds);
        let start = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| compile(&text))) {
            Ok(false) => {}
            Ok(true) => {
                accepted += 1;
                if let Some(folder) = &keep {
                    std::fs::write(Path::new(folder).join(format!("{number}.ko")), &text).expect("a folder to keep in");
                }
            }
            Err(_) => {
                println!("---- mutant {number}\n{text}\n----");
                broken.push(number);
            }
        }
        if start.elapsed() > PATIENCE {
            println!("---- mutant {number} took {:?}\n{text}\n----", start.elapsed());
            broken.push(number);
        }
    }
    println!("{accepted} mutants were accepted");
    assert!(broken.is_empty(), "mutants that break the compiler: {broken:?}");
    assert!(accepted > 0, "mutations that never leave a program test little");
}

#[test]
fn no_mutant_breaks_the_front_end() {
    // The stack that `kodoc` works with.
    let work = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    if let Err(panic) = work.join() {
        std::panic::resume_unwind(panic);
    }
}
