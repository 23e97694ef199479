//! Programs that must not compile, in `tests/errors/` and (of several files) in `tests/modules/`. Each error and warning is announced on its line:
//!
//! ```text
//! let x: Int = "a"  //~ ERROR E0200: expected `Int`
//! ```
//!
//! Both directions are checked: what is announced must come (with this text in its message, if any is given), and what
//! comes must be announced. `//~^` speaks of the line above, `//~^^` of the one above that.
//!
//! Beside each program stands what a terminal shows of it, `NAME.stderr`, so that a change of a message is seen where it
//! is read. `KODO_BLESS=1 cargo test -p kodoc --test errors` writes these files anew.
//!
//! Every code that the front end can report must be announced somewhere, and be explained in `docs/errors.md`.

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::{kodoc, tree};

fn main() {
    let args = Arguments::from_args();
    let trials = all_programs().into_iter().flat_map(|file| {
        let named = if file.ends_with("main.ko") { file.parent().expect("a folder") } else { &file };
        let name = named.file_stem().expect("a name").to_string_lossy().into_owned();
        let shown = file.clone();
        [
            Trial::test(format!("errors/{name}"), move || check(&file)),
            Trial::test(format!("shown/{name}"), move || check_shown(&shown)),
        ]
    });
    let index = Trial::test("every_code_has_a_program", every_code_has_a_program);
    libtest_mimic::run(&args, trials.chain([index]).collect()).exit();
}

/// Those of one file, and those of several.
fn all_programs() -> Vec<PathBuf> {
    let mut files = support::programs(&tree().join("tests/errors"));
    files.extend(support::module_programs(false));
    files
}

#[derive(Debug)]
struct Announced {
    file: PathBuf,
    line: u64,
    severity: &'static str,
    code: String,
    text: String,
}

fn announced(file: &Path) -> Result<Vec<Announced>, Failed> {
    let source = std::fs::read_to_string(file)?;
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
            let file = file.to_owned();
            list.push(Announced { file, line, severity, code: code.trim().into(), text: text.trim().into() });
        }
    }
    Ok(list)
}

/// What is printed is what it was.
fn check_shown(file: &Path) -> Result<(), Failed> {
    let root = tree();
    let name = file.strip_prefix(&root)?;
    let output = support::run(kodoc().arg("check").arg(name).current_dir(&root))?;
    let shown = String::from_utf8(output.stderr)?;
    let snapshot = file.with_extension("stderr");
    if std::env::var_os("KODO_BLESS").is_some() {
        return Ok(std::fs::write(snapshot, shown)?);
    }
    let expected = std::fs::read_to_string(&snapshot).unwrap_or_default();
    if shown == expected {
        return Ok(());
    }
    let differs = shown.lines().zip(expected.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or_else(|| shown.lines().count().min(expected.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("<the end>").to_owned();
    Err(format!(
        "line {} of {} is now\n  {}\nand was\n  {}\nif that is meant, run with KODO_BLESS=1",
        line + 1,
        snapshot.display(),
        at(&shown),
        at(&expected)
    )
    .into())
}

/// Codes stand in the front end's source as string literals.
fn every_code_has_a_program() -> Result<(), Failed> {
    let mut codes = BTreeSet::new();
    let mut folders = vec![tree().join("kodo-frontend/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.extend((!path.ends_with("tests")).then_some(path));
            } else {
                let text = std::fs::read_to_string(path)?;
                codes.extend(text.split('"').filter(|word| is_code(word)).map(str::to_owned));
            }
        }
    }
    // Instances are made only when code is; `cli` has the programs.
    codes.retain(|code| !code.starts_with("E05"));
    let mut announced_somewhere = BTreeSet::new();
    for file in all_programs().iter().flat_map(|main| support::files_of(main)) {
        announced_somewhere.extend(announced(&file)?.into_iter().map(|a| a.code));
    }
    let index = std::fs::read_to_string(tree().join("docs/errors.md"))?;
    let untested: Vec<_> = codes.difference(&announced_somewhere).collect();
    let unexplained: Vec<_> = codes.iter().filter(|code| !index.contains(&format!("| {code} |"))).collect();
    if codes.len() > 50 && untested.is_empty() && unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("of {} codes, without a program: {untested:?}; not in docs/errors.md: {unexplained:?}", codes.len())
        .into())
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with(['E', 'W']) && word[1..].bytes().all(|b| b.is_ascii_digit())
}

fn check(file: &Path) -> Result<(), Failed> {
    let mut expected = Vec::new();
    for file in support::files_of(file) {
        expected.extend(announced(&file)?);
    }
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
            entry["span"]["file"].as_str().is_some_and(|file| Path::new(file) == a.file)
                && entry["span"]["line"] == a.line
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
