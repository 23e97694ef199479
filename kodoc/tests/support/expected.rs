//! What the comments at the end of a program promise, and whether it keeps it. `programs.rs` describes the comments.

use libtest_mimic::Failed;
use std::process::Output;

/// What the comments at the end of a program promise.
#[derive(Default)]
pub struct Expected {
    pub output: Vec<String>,
    pub any_order: bool,
    pub sequential_output: Option<Vec<String>>,
    pub status: i32,
    pub stderr: Vec<String>,
    pub sequential: Sequential,
}

#[derive(Default, PartialEq)]
pub enum Sequential {
    #[default]
    Runs,
    Skipped,
    NeedsGreenThreads,
}

/// Reads them.
pub fn expectations(text: &str) -> Result<Expected, Failed> {
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

/// Compares what a program did with what it promises; `lines` are those of the mode it ran in.
pub fn compare(output: &Output, expected: &Expected, lines: &[String]) -> Result<(), String> {
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

pub fn show(output: &Output) -> String {
    format!(
        "{}\nstandard output:\n{}\nstandard error:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
