//! Runs every program of `examples/` and `tests/run/` in all its modes, and compares what it does with what the
//! comments at its end promise:
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
use std::process::{Command, Output};
use support::{kodoc, tree};

fn main() {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    for folder in ["examples", "tests/run"] {
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
    libtest_mimic::run(&args, trials).exit();
}

/// What the comments at the end of a program promise.
#[derive(Default)]
struct Expected {
    output: Vec<String>,
    any_order: bool,
    sequential_output: Option<Vec<String>>,
    status: i32,
    stderr: Vec<String>,
    sequential: Sequential,
}

#[derive(Default, PartialEq)]
enum Sequential {
    #[default]
    Runs,
    Skipped,
    NeedsGreenThreads,
}

fn expectations(text: &str) -> Result<Expected, Failed> {
    enum Part {
        None,
        Output,
        Sequential,
    }
    let mut expected = Expected::default();
    let mut part = Part::None;
    let mut said = false;
    for line in text.lines() {
        let Some(comment) = line.strip_prefix("//") else {
            part = Part::None;
            continue;
        };
        let comment = comment.strip_prefix(' ').unwrap_or(comment);
        if comment == "Output:" || comment == "Output in any order:" {
            expected.any_order = comment != "Output:";
            part = Part::Output;
            said = true;
        } else if comment == "Output without green threads:" {
            expected.sequential_output = Some(Vec::new());
            part = Part::Sequential;
        } else if let Some(status) = comment.strip_prefix("Exit status: ") {
            expected.status = status.parse().map_err(|e| format!("exit status `{status}`: {e}"))?;
            part = Part::None;
        } else if let Some(text) = comment.strip_prefix("Standard error: ") {
            expected.stderr.push(text.to_owned());
            part = Part::None;
        } else if let Some(how) = comment.strip_prefix("Without green threads: ") {
            expected.sequential = match how {
                "skipped" => Sequential::Skipped,
                "needs green threads" => Sequential::NeedsGreenThreads,
                _ => return Err(format!("unknown expectation `{comment}`").into()),
            };
            part = Part::None;
        } else {
            match part {
                Part::None => {}
                Part::Output => expected.output.push(comment.to_owned()),
                Part::Sequential => {
                    expected.sequential_output.get_or_insert_default().push(comment.to_owned());
                }
            }
        }
    }
    if said { Ok(expected) } else { Err("the program promises no output".into()) }
}

fn build(file: &Path, executable: &Path, flags: &[&str]) -> Result<(), Failed> {
    let output = kodoc().arg("build").arg(file).arg("-o").arg(executable).args(flags).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("kodoc build {flags:?} failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
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

fn compare(output: &Output, expected: &Expected, lines: &[String]) -> Result<(), String> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut found: Vec<&str> = stdout.lines().collect();
    let mut wanted: Vec<&str> = lines.iter().map(String::as_str).collect();
    if expected.any_order {
        found.sort_unstable();
        wanted.sort_unstable();
    }
    if output.status.code() != Some(expected.status) {
        return Err(format!("exit status is not {}\n{}", expected.status, show(output)));
    }
    if found != wanted {
        return Err(format!("output differs\nexpected:\n{}\n{}", lines.join("\n"), show(output)));
    }
    for text in &expected.stderr {
        if !stderr.contains(text.as_str()) {
            return Err(format!("`{text}` is missing on standard error\n{}", show(output)));
        }
    }
    // A program that was stopped half-way (a panic, a deadlock) frees nothing.
    if expected.stderr.is_empty() && !stderr.contains("kodo: 0 live objects") {
        return Err(format!("objects are left\n{}", show(output)));
    }
    Ok(())
}

fn show(output: &Output) -> String {
    format!(
        "{}\nstandard output:\n{}\nstandard error:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
