//! What the documentation shows is true: every block of Kōdo in it compiles, and prints what it says below `// Output:`;
//! and every function of the standard library is in `docs/library.md`.

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::PathBuf;
use std::process::Command;
use support::expected::{compare, expectations};
use support::tree;

fn main() {
    let args = Arguments::from_args();
    let mut trials = vec![Trial::test("library_is_complete", library_is_complete)];
    for file in documents() {
        let name = file.file_stem().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("documentation is text");
        for (line, block) in blocks(&text) {
            trials.push(Trial::test(format!("docs/{name}/line {line}"), move || run(&block)));
        }
    }
    libtest_mimic::run(&args, trials).exit();
}

fn documents() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tree().join("docs")).expect("there is documentation");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("readable folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "md"));
    files.push(tree().join("README.md"));
    files.sort();
    files
}

/// The blocks of Kōdo in a document, with the number of their first line.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        match &mut open {
            Some(_) if line.starts_with("```") => found.extend(open.take()),
            Some((_, block)) => *block += &format!("{line}\n"),
            None if line == "```kodo" => open = Some((index + 2, String::new())),
            None => {}
        }
    }
    found
}

/// Builds a block, and runs it if it says what it prints.
fn run(block: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("a.ko");
    std::fs::write(&file, block)?;
    let executable = folder.path().join("a");
    support::build(&file, &executable, &["-O0"])?;
    if !block.contains("// Output") {
        return Ok(());
    }
    let expected = expectations(block)?;
    let output = support::run(Command::new(executable).env("KODO_DEBUG", "1"))?;
    Ok(compare(&output, &expected, &expected.output)?)
}

fn library_is_complete() -> Result<(), Failed> {
    let library = std::fs::read_to_string(tree().join("docs/library.md"))?;
    let mut missing = Vec::new();
    for file in ["prelude", "collections", "iterators"] {
        let source = std::fs::read_to_string(tree().join("stdlib").join(file).with_extension("ko"))?;
        for line in source.lines() {
            let Some(rest) = line.trim_start().strip_prefix("fn ") else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let named = [format!("`{name}("), format!(".{name}("), format!("`{name}`"), format!(" {name}(")];
            if !name.starts_with("__") && !named.iter().any(|text| library.contains(text)) {
                missing.push(name);
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("not in docs/library.md: {missing:?}").into()) }
}
