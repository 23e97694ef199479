//! For tests of code that ends the process: runs one test again in a child process.

use std::process::Command;

/// How the child ended and what it wrote.
pub struct End {
    /// Exit status; `None` if a signal killed it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Called from the test `name` (its full path): in the parent runs that test in a child process and tells how it
/// ended; in the child runs `body`, which is expected to end the process, and returns `None` if it does not.
pub fn child(name: &str, body: impl FnOnce()) -> Option<End> {
    child_with(name, &[], body)
}

/// The same with environment variables for the child.
pub fn child_with(name: &str, environment: &[(&str, &str)], body: impl FnOnce()) -> Option<End> {
    const VARIABLE: &str = "KODO_RT_TEST_CHILD";
    if std::env::var(VARIABLE).as_deref() == Ok(name) {
        body();
        return None;
    }
    let program = std::env::current_exe().expect("the test program has a path");
    let output = Command::new(program)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, name)
        .envs(environment.iter().copied())
        .output()
        .expect("the test program runs again");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some(End { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) })
}
