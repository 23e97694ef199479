//! Whole programs, built by hand: the rules that can be read off LLVM's text, and programs that are linked with a small
//! runtime and run.

mod build;
mod intrinsics;
mod programs;
mod text;

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of this process's own, and the compiled runtime in it.
fn runtime() -> &'static std::path::Path {
    static RUNTIME: OnceLock<std::path::PathBuf> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let dir = std::env::temp_dir().join(format!("kodo-llvm-test-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let source = dir.join("runtime.c");
        std::fs::write(&source, include_str!("runtime.c")).unwrap();
        let object = dir.join("runtime.o");
        let status = Command::new("cc").args(["-c", "-O1", "-o"]).arg(&object).arg(&source).status().unwrap();
        assert!(status.success(), "the small runtime compiles");
        object
    })
}

/// Links a program, runs it, gives what it printed.
fn run(object: &[u8]) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let runtime = runtime();
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let (path, program) = (runtime.with_file_name(format!("p{n}.o")), runtime.with_file_name(format!("p{n}")));
    std::fs::write(&path, object).unwrap();
    let linked = Command::new("cc").arg("-o").arg(&program).arg(&path).arg(runtime).arg("-lm").output().unwrap();
    assert!(linked.status.success(), "{}", String::from_utf8_lossy(&linked.stderr));
    let output = Command::new(&program).output().unwrap();
    let _ = std::fs::remove_file(&path);
    let _ = std::fs::remove_file(&program);
    let mut printed = String::from_utf8(output.stdout).unwrap();
    if output.status.code().is_none() {
        printed.push_str(&format!("killed: {}", output.status));
    }
    printed
}
