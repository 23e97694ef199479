//! Runs every program of `examples/`, `tests/run/`, `tests/conformance/` (what Go's suite asks of channels) and
//! `tests/modules/` (of several files) in all its modes, and compares what it does with what the comments at its end promise:
//!
//! ```text
//! // Output:                          lines in this order; `// Output in any order:` compares them as a multiset
//! // a line
//! // Output without green threads:    where the order differs without them
//! // Exit status: 7                   0 if not said
//! // Standard error: some text        must occur in it; may be repeated
//! // Without green threads: skipped | needs green threads
//! ```
//!
//! Modes: -O0 and -O2; 1, 2 and 8 workers, and 8 with two stacks for all threads; and `--no-green-threads`. A program that ends with its main's value must
//! leave no live object behind. Bare programs run once more wrapped in `module … { meta { … } … }`.

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::expected::{Sequential, compare, expectations, show};
use support::{build, tree};

fn main() {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    for folder in ["examples", "tests/run", "tests/conformance"] {
        for file in support::programs(&tree().join(folder)) {
            let stem = file.file_stem().expect("a file").to_string_lossy().into_owned();
            for level in ["-O0", "-O2"] {
                let file = file.clone();
                trials.push(Trial::test(format!("{folder}/{stem} {level}"), move || run_modes(&file, level)));
            }
            let text = std::fs::read_to_string(&file).expect("programs are readable");
            if text.contains("fn main(") && !text.contains("\nmodule ") && !text.starts_with("module ") {
                trials.push(Trial::test(format!("{folder}/{stem} as a module"), move || run_as_module(&stem, &text)));
            }
        }
    }
    for file in support::module_programs(true) {
        let name = file.parent().and_then(Path::file_name).expect("a folder").to_string_lossy().into_owned();
        for level in ["-O0", "-O2"] {
            let file = file.clone();
            trials.push(Trial::test(format!("tests/modules/{name} {level}"), move || run_modes(&file, level)));
        }
    }
    libtest_mimic::run(&args, trials).exit();
}

fn run_modes(file: &Path, level: &str) -> Result<(), Failed> {
    let expected = expectations(&std::fs::read_to_string(file)?)?;
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("program");
    build(file, &program, &[level])?;
    for (workers, stacks) in [("1", None), ("2", None), ("8", None), ("8", Some("2"))] {
        let mut command = Command::new(&program);
        command.env("KODO_THREADS", workers).env("KODO_DEBUG", "1");
        if let Some(shared) = stacks {
            command.env("KODO_PRIVATE_STACKS", "0").env("KODO_SHARED_STACKS", shared);
        }
        let output = support::run(&mut command)?;
        let with = if stacks.is_some() { ", shared stacks" } else { "" };
        compare(&output, &expected, &expected.output).map_err(|e| format!("{level}, {workers} workers{with}: {e}"))?;
    }
    if expected.sequential == Sequential::Skipped {
        return Ok(());
    }
    let program = folder.path().join("sequential");
    build(file, &program, &[level, "--no-green-threads"])?;
    let output = support::run(Command::new(&program).env("KODO_DEBUG", "1"))?;
    let result = if expected.sequential == Sequential::NeedsGreenThreads {
        if output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("needs green threads") {
            Ok(())
        } else {
            Err(format!("should say that it needs green threads\n{}", show(&output)))
        }
    } else {
        compare(&output, &expected, expected.sequential_output.as_ref().unwrap_or(&expected.output))
    };
    Ok(result.map_err(|e| format!("{level} --no-green-threads: {e}"))?)
}

fn run_as_module(stem: &str, text: &str) -> Result<(), Failed> {
    let expected = expectations(text)?;
    let folder = tempfile::tempdir()?;
    let file: PathBuf = folder.path().join(format!("{stem}.ko"));
    std::fs::write(&file, format!("module {stem} {{\n    meta {{ purpose: \"a test\" }}\n{text}\n}}\n"))?;
    let program = folder.path().join("program");
    build(&file, &program, &["-O1", "--threads", "2"])?;
    let output = support::run(Command::new(&program).env("KODO_DEBUG", "1"))?;
    Ok(compare(&output, &expected, &expected.output)?)
}
