//! What the integration tests share.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod expected;

use libtest_mimic::Failed;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

/// A program that runs longer is taken to hang. Generous: this only turns a hang into a message.
const PATIENCE: Duration = Duration::from_secs(120);

/// The root of the source tree.
pub fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}

pub fn kodoc() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kodoc"));
    command.env_remove("KODO_THREADS").env_remove("KODO_STACK_SIZE").env_remove("KODO_HOME").env("NO_COLOR", "1");
    command
}

/// The `.ko` files of a folder, sorted.
pub fn programs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("readable folder").path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "ko"));
    files.sort();
    files
}

/// The programs of several files, `tests/modules/NAME/main.ko`: those that run (they say what they print), or those that
/// must not compile.
pub fn module_programs(run: bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tree().join("tests/modules")).expect("the tree is whole");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("readable folder").path().join("main.ko")).collect();
    files.retain(|main| std::fs::read_to_string(main).expect("a program").contains("// Output") == run);
    files.sort();
    files
}

/// The file and, of a program of several files, all those beside it and below.
pub fn files_of(main: &Path) -> Vec<PathBuf> {
    let mut files = vec![main.to_owned()];
    if main.ends_with("main.ko") {
        let mut folders = vec![main.parent().expect("a folder").to_owned()];
        while let Some(folder) = folders.pop() {
            files.extend(programs(&folder).into_iter().filter(|file| file != main));
            let entries = std::fs::read_dir(&folder).expect("readable folder");
            folders.extend(entries.map(|e| e.expect("readable folder").path()).filter(|path| path.is_dir()));
        }
    }
    files
}

/// Compiles a program.
pub fn build(file: &Path, executable: &Path, flags: &[&str]) -> Result<(), Failed> {
    build_with(&mut kodoc(), file, executable, flags)
}

pub fn build_with(kodoc: &mut Command, file: &Path, executable: &Path, flags: &[&str]) -> Result<(), Failed> {
    let output = kodoc.arg("build").arg(file).arg("-o").arg(executable).args(flags).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("kodoc build {flags:?} failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

/// Runs a command to its end; one that hangs is killed and reported with what it printed so far.
pub fn run(command: &mut Command) -> Result<Output, String> {
    run_watched(command, |_| {})
}

/// The same; `hangs` may look at the process before it is killed.
pub fn run_watched(command: &mut Command, hangs: impl FnOnce(u32)) -> Result<Output, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let reader = |mut from: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // A pipe that breaks ends the text; what came before still counts.
            let _ = from.read_to_end(&mut bytes);
            bytes
        })
    };
    let stdout = reader(Box::new(child.stdout.take().expect("piped")));
    let stderr = reader(Box::new(child.stderr.take().expect("piped")));
    let status = child.wait_timeout(PATIENCE).map_err(|e| e.to_string())?;
    if status.is_none() {
        hangs(child.id());
        // Killing can only fail if it has ended meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (stdout, stderr) = (stdout.join().expect("reader"), stderr.join().expect("reader"));
    match status {
        Some(status) => Ok(Output { status, stdout, stderr }),
        None => Err(format!(
            "hangs: {command:?}\nstandard output:\n{}\nstandard error:\n{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        )),
    }
}
