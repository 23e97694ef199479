//! Programs that must not compile, in `tests/errors/`. Each error and warning is announced on its line:
//!
//! ```text
//! let x: Int = "a"  //~ ERROR E0200: expected `Int`
//! ```
//!
//! Both directions are checked: what is announced must come (with this text in its message, if any is given), and what
//! comes must be announced. `//~^` speaks of the line above, `//~^^` of the one above that.

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::path::Path;
use support::{kodoc, tree};

fn main() {
    let args = Arguments::from_args();
    let trials = support::programs(&tree().join("tests/errors")).into_iter().map(|file| {
        let name = file.file_stem().expect("a file").to_string_lossy().into_owned();
        Trial::test(format!("errors/{name}"), move || check(&file))
    });
    libtest_mimic::run(&args, trials.collect()).exit();
}

#[derive(Debug)]
struct Announced {
    line: u64,
    severity: &'static str,
    code: String,
    text: String,
}

fn announced(source: &str) -> Result<Vec<Announced>, Failed> {
    let mut list = Vec::new();
    for (index, line) in source.lines().enumerate() {
        for note in line.split("//~").skip(1) {
            let up = note.bytes().take_while(|&b| b == b'^').count();
            let note = note[up..].trim();
            let (severity, rest) = if let Some(rest) = note.strip_prefix("ERROR ") {
                ("error", rest)
            } else if let Some(rest) = note.strip_prefix("WARN ") {
                ("warning", rest)
            } else {
                return Err(format!("line {}: `{note}` announces nothing", index + 1).into());
            };
            let (code, text) = rest.split_once(':').unwrap_or((rest, ""));
            let line = (index + 1 - up) as u64;
            list.push(Announced { line, severity, code: code.trim().into(), text: text.trim().into() });
        }
    }
    Ok(list)
}

fn check(file: &Path) -> Result<(), Failed> {
    let mut expected = announced(&std::fs::read_to_string(file)?)?;
    let output = support::run(kodoc().arg("check").arg("--json-errors").arg(file))?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("no JSON: {e}\n{}", String::from_utf8_lossy(&output.stderr)))?;
    let wants_errors = expected.iter().any(|a| a.severity == "error");
    if output.status.code() != Some(i32::from(wants_errors)) {
        return Err(format!("{}\n{report:#}", output.status).into());
    }
    let mut problems = Vec::new();
    let entries = ["errors", "warnings"].iter().flat_map(|part| report[part].as_array().into_iter().flatten());
    for entry in entries {
        let at = expected.iter().position(|a| {
            entry["span"]["line"] == a.line
                && entry["severity"] == a.severity
                && entry["code"] == a.code.as_str()
                && entry["message"].as_str().is_some_and(|m| m.contains(&a.text))
        });
        match at {
            Some(at) => drop(expected.remove(at)),
            None => problems.push(format!("not announced: {entry:#}")),
        }
    }
    problems.extend(expected.iter().map(|a| format!("did not come: {a:?}")));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}
