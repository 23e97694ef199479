//! The command's own behaviour: help, exit statuses, and what bad input and bad surroundings get.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{kodoc, tree};
use tempfile::TempDir;

const HELLO: &str = "println(\"hello\")\n";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("the folder is writable");
    path
}

fn run(command: &mut Command) -> Output {
    support::run(command).unwrap_or_else(|e| panic!("{e}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `kodoc check` of a text: exit status and standard error.
fn check(text: impl AsRef<[u8]>) -> (Option<i32>, String) {
    let dir = folder();
    let file = write(&dir, "a.ko", text);
    let output = run(kodoc().arg("check").arg(file));
    (output.status.code(), stderr(&output))
}

#[track_caller]
fn fails(output: &Output, status: i32, parts: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    assert!(!text.contains("panicked") && !text.contains("internal error"), "{text}");
}

/// Builds a program in `dir` and gives the executable.
fn build(dir: &TempDir, text: &str, flags: &[&str]) -> PathBuf {
    let file = write(dir, "program.ko", text);
    let executable = dir.path().join("program");
    let output = run(kodoc().arg("build").arg(file).arg("-o").arg(&executable).args(flags));
    assert!(output.status.success(), "{}", stderr(&output));
    executable
}

#[test]
fn help_names_every_command() {
    let output = run(kodoc().arg("--help"));
    let text = stdout(&output);
    assert!(output.status.success());
    for command in ["build", "run", "check", "emit-llvm", "emit-mir"] {
        assert!(text.contains(command), "{text}");
    }
}

#[test]
fn wrong_usage_is_status_2() {
    for args in [&["frobnicate"][..], &["build"], &["build", "a.ko", "-O9"], &["build", "a.ko", "--threads", "0"], &[]]
    {
        assert_eq!(run(kodoc().args(args)).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn run_passes_arguments_and_status_on() {
    let dir = folder();
    let file = write(&dir, "a.ko", "fn main() -> Int {\n let a = args()\n println(a[1])\n return list_length(a)\n}\n");
    let output = run(kodoc().arg("run").arg(file).args(["--", "--threads", "x"]));
    assert_eq!(stdout(&output), "--threads\n", "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn the_output_is_named_after_the_file() {
    let dir = folder();
    write(&dir, "hello.ko", HELLO);
    assert!(run(kodoc().current_dir(&dir).args(["build", "hello.ko"])).status.success());
    assert_eq!(stdout(&run(&mut Command::new(dir.path().join("hello")))), "hello\n");
    let names: Vec<_> = std::fs::read_dir(&dir).expect("readable").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(names.len(), 2, "nothing but source and program: {names:?}");
}

#[test]
fn emitted_llvm_honours_the_level_and_goes_where_told() {
    let dir = folder();
    let file = write(&dir, "a.ko", "fn main() {\n let mut s = 0\n for i in 0..10 { s += i }\n print_int(s)\n}\n");
    let slow = run(kodoc().arg("emit-llvm").arg("-O0").arg(&file));
    assert!(slow.status.success() && stdout(&slow).contains("alloca"), "{}", stderr(&slow));
    let out = dir.path().join("a.ll");
    let fast = run(kodoc().arg("emit-llvm").arg("-O2").arg(&file).arg("-o").arg(&out));
    assert!(fast.status.success() && fast.stdout.is_empty());
    let text = std::fs::read_to_string(out).expect("written");
    assert!(text.contains("define") && !text.contains("mul nsw"), "{text}");
}

#[test]
fn a_loop_that_changes_a_list_in_place_is_vectorized() {
    let dir = folder();
    let text = "fn triple(l: List<Int>) {\n for i in 0..l.length() { l[i] = l[i] * 3 + i }\n}\nfn main() {\n let l = list_filled(args().length(), 1)\n triple(l)\n println(f\"{l:?}\")\n}\n";
    let llvm = stdout(&run(kodoc().arg("emit-llvm").arg("-O2").arg(write(&dir, "a.ko", text))));
    assert!(llvm.lines().any(|l| l.trim_start().starts_with("store <") && l.contains(" x i64>")), "{llvm}");
}

#[test]
fn lines_of_standard_input_park_the_thread_that_reads() {
    let dir = folder();
    let text = "fn main() {\n let line = spawn { readln() }\n for _ in 0..3 { yield_now() }\n println(f\"[{line.await}] [{readln()}]\")\n let mut sum = 0\n while let Some(line) = try_readln() { sum += line.parse_int() }\n println(f\"{sum} [{readln()}]\")\n}\n";
    std::fs::write(dir.path().join("input"), "first\r\n\n1\n20\n300").expect("written");
    for flags in [&["-O0"][..], &["-O2"], &["--no-green-threads"]] {
        for workers in ["1", "4"] {
            let mut shell = Command::new("sh");
            shell.args(["-c", "exec \"$0\" run \"$@\" < input"]).arg(kodoc().get_program()).args(flags);
            let file = write(&dir, "a.ko", text);
            let done = run(shell.arg(file).current_dir(&dir).env("KODO_THREADS", workers));
            assert_eq!(stdout(&done), "[first] []\n321 []\n", "{}", stderr(&done));
        }
    }
}

#[test]
fn a_panic_names_the_threads_that_await_it() {
    let dir = folder();
    // With one worker main waits before anybody opens the gate; a thread that has not started runs on its awaiter's stack.
    let waiting = "fn main() {\n let gate: Channel<Int> = channel_new()\n let f = spawn { 10 / gate.recv() }\n yield_now()\n spawn { gate.send(0) }\n print_int(f.await)\n}\n";
    let inline = "fn half(n: Int) -> Int { 10 / n }\nfn main() {\n let f = spawn { half(0) }\n print_int(f.await)\n}\n";
    for text in [waiting, inline] {
        let report = run(kodoc().arg("run").arg(write(&dir, "a.ko", text)).env("KODO_THREADS", "1"));
        assert_eq!(report.status.code(), Some(101));
        let report = stderr(&report);
        let lines: Vec<&str> = report.lines().collect();
        let thread = lines.iter().position(|line| line.starts_with("  in green thread ")).expect("the thread is named");
        assert_eq!(lines.get(thread + 1), Some(&"  awaited by main"), "{report}");
    }
}

#[test]
fn the_number_of_workers_is_compiled_in() {
    let dir = folder();
    let file = write(&dir, "a.ko", HELLO);
    let emit = |flags: &[&str]| {
        let text = stdout(&run(kodoc().arg("emit-llvm").arg(&file).args(flags)));
        let line = text.lines().find(|l| l.starts_with("@program")).expect("the program's static").to_owned();
        assert!(!text.contains("kodo_rt_yield") || !flags.contains(&"--no-green-threads"), "{text}");
        line
    };
    let plain = emit(&[]);
    assert_eq!(plain.replacen("i64 0, i64 0", "i64 7, i64 0", 1), emit(&["--threads", "7"]));
    assert_eq!(plain.replacen("i64 0, i64 0", "i64 0, i64 1", 1), emit(&["--no-green-threads"]));
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let dir = folder();
    let file = tree().join("examples/channel_types.ko");
    let texts: Vec<_> = (0..2).map(|_| run(kodoc().arg("emit-llvm").arg(&file).current_dir(&dir)).stdout).collect();
    assert!(!texts[0].is_empty() && texts[0] == texts[1]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    fails(&run(kodoc().args(["check", "no/such.ko"])), 2, &["no/such.ko", "No such file"]);
    let dir = folder();
    fails(&run(kodoc().arg("build").arg(dir.path())), 2, &["it is a directory"]);
}

#[test]
fn odd_bytes_are_reported_where_they_are() {
    let (status, text) = check("");
    assert!(status == Some(1) && text.contains("E0101"), "{text}");
    let (status, text) = check(b"let a = 1\nlet b = \"\xff\"\n");
    assert!(status == Some(1) && text.contains("UTF-8") && text.contains("a.ko:2:10"), "{text}");
    let (status, text) = check("println(\"a\")\n\0\0\nprintln(\"b\")\n");
    assert!(status == Some(1) && text.contains("E0001") && text.contains(":2:1"), "{text}");
    let (status, text) = check("fn main() {\n    println(\"never closed");
    assert!(status == Some(1) && text.contains("E0001") && text.contains(":2:13"), "{text}");
}

#[test]
fn ten_megabytes_of_parentheses_are_one_error() {
    let (status, text) = check("(".repeat(10 << 20));
    assert!(status == Some(1) && text.contains("error[E01"), "{text}");
    assert!(text.len() < 10_000, "the line itself is not shown");
}

#[test]
fn deep_nesting_compiles() {
    let dir = folder();
    let blocks = format!("fn main() {{ {} println(\"deep\") {} }}\n", "{ ".repeat(100_000), "}".repeat(100_000));
    let output = run(&mut Command::new(build(&dir, &blocks, &["-O0"])));
    assert_eq!(stdout(&output), "deep\n");
    let parens = format!("fn main() {{ print_int({}1{}) }}\n", "(".repeat(100_000), ")".repeat(100_000));
    let output = run(&mut Command::new(build(&dir, &parens, &["-O0"])));
    assert_eq!(stdout(&output), "1\n");
}

#[test]
fn errors_leave_no_output_behind() {
    let dir = folder();
    let file = write(&dir, "a.ko", "let x: Int = \"a\"\n");
    let out = dir.path().join("a");
    let output = run(kodoc().arg("build").arg(file).arg("-o").arg(&out));
    fails(&output, 1, &["E0200"]);
    assert!(!out.exists());
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let dir = folder();
    let file = write(&dir, "a.ko", HELLO);
    for place in ["/proc/kodo-output", "/no/such/folder/output"] {
        let output = run(kodoc().arg("build").arg(&file).args(["-o", place]));
        fails(&output, 1, &["cannot write", Path::new(place).parent().and_then(Path::to_str).expect("text")]);
    }
    fails(&run(kodoc().arg("build").arg(&file).arg("-o").arg(dir.path())), 2, &["it is a directory"]);
    fails(&run(kodoc().arg("build").arg(&file).arg("-o").arg(&file)), 2, &["would replace the source file"]);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), HELLO);
}

/// As root, a rename would put a file in place of a device.
#[test]
fn what_is_no_ordinary_file_is_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let dir = folder();
    let file = write(&dir, "a.ko", HELLO);
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    fails(&run(kodoc().arg("build").arg(&file).arg("-o").arg(&socket)), 2, &["no ordinary file"]);
    assert!(std::fs::metadata(&socket).expect("still there").file_type().is_socket());
    let output = run(kodoc().arg("emit-mir").arg(&file).args(["-o", "/dev/full"]));
    fails(&output, 1, &["cannot write `/dev/full`"]);
    // A link stays a link.
    let (link, target) = (dir.path().join("link"), write(&dir, "target", "old"));
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    assert!(run(kodoc().arg("build").arg(&file).arg("-o").arg(&link)).status.success());
    assert!(std::fs::symlink_metadata(&link).expect("still there").is_symlink());
    assert_eq!(stdout(&run(&mut Command::new(&target))), "hello\n");
}

#[test]
fn a_missing_linker_driver_is_named() {
    let dir = folder();
    let file = write(&dir, "a.ko", HELLO);
    let out = dir.path().join("a");
    let output = run(kodoc().arg("build").arg(&file).arg("-o").arg(&out).env("PATH", "").env_remove("CC"));
    fails(&output, 1, &["`cc`", "install gcc"]);
    assert!(!out.exists());
    let output = run(kodoc().arg("build").arg(&file).arg("-o").arg(&out).env("KODO_HOME", dir.path()));
    fails(&output, 1, &["runtime library is missing", "libkodo_rt.a"]);
}

#[test]
fn a_program_refuses_nonsense_in_its_environment() {
    let dir = folder();
    let program = build(&dir, HELLO, &[]);
    for (name, value) in [
        ("KODO_THREADS", "0"),
        ("KODO_THREADS", "abc"),
        ("KODO_THREADS", "-1"),
        ("KODO_STACK_SIZE", "big"),
        ("KODO_STACK_SIZE", "0"),
        ("KODO_MAX_STACK_SIZE", "8X"),
    ] {
        let output = run(Command::new(&program).env(name, value));
        fails(&output, 2, &[name, value]);
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    let output = run(Command::new(&program).env("KODO_THREADS", "3").env("KODO_STACK_SIZE", "256K"));
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "hello\n"));
}

#[test]
fn panics_name_place_and_thread_and_end_with_101() {
    let dir = folder();
    let text = "fn main() {\n    let l = [1, 2]\n    spawn {\n        let i = 5\n        print_int(l[i])\n    }\n}\n";
    let output = run(&mut Command::new(build(&dir, text, &[])));
    fails(&output, 101, &["index", "5", "2", "program.ko:5:", "program.ko:3:"]);
    let text = "fn half(n: Int) -> Int {\n    return 1 / n\n}\nprintln(\"before\")\nprint_int(half(0))\n";
    let output = run(&mut Command::new(build(&dir, text, &["-O0"])));
    fails(&output, 101, &["zero", "program.ko:2:12", "half"]);
    assert_eq!(stdout(&output), "before\n");
}

#[test]
fn json_errors_are_one_object_even_without_a_file() {
    for args in [&["check", "no/such.ko", "--json-errors"][..], &["build", "no/such.ko", "--json-errors"]] {
        let output = run(kodoc().args(args));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!((&report["status"], &report["count"]), (&"failed".into(), &1.into()));
    }
}

#[test]
fn wrong_arguments_are_json_if_the_arguments_say_so() {
    for args in
        [&["--json-errors", "chekc", "a.ko"][..], &["check", "--json-errors"], &["check", "a", "b", "--json-errors"]]
    {
        let output = run(kodoc().args(args));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!((output.status.code(), &report["errors"][0]["code"]), (Some(2), &"E0012".into()));
    }
    let output = run(kodoc().args(["run", "--", "--json-errors"]));
    assert!(output.stdout.is_empty() && stderr(&output).contains("Usage"), "{}", stdout(&output));
}

#[test]
fn the_switch_for_json_stands_anywhere() {
    let dir = folder();
    let file = dir.path().join("program.ko");
    std::fs::write(&file, HELLO).expect("a program");
    let output = run(kodoc().arg("--json-errors").arg("check").arg(&file));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((output.status.code(), &report["status"]), (Some(0), &"ok".into()));
}

#[test]
fn output_that_is_not_written_is_a_failure() {
    let dir = folder();
    let file = dir.path().join("program.ko");
    std::fs::write(&file, HELLO).expect("a program");
    for args in [&["check", "--json-errors"][..], &["emit-mir"], &["emit-llvm"]] {
        let shell = "\"$0\" \"$@\" > /dev/full";
        let output = run(Command::new("sh").args(["-c", shell]).arg(kodoc().get_program()).args(args).arg(&file));
        fails(&output, 1, &["E0900", "standard output"]);
    }
}

/// `"E0200"` and its like in the compiler's sources.
fn codes_in(folder: &Path, found: &mut std::collections::BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            codes_in(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).expect("readable source");
            for piece in text.split('"').filter(|p| p.len() == 5 && p.is_ascii()) {
                if piece.starts_with(['E', 'W']) && piece[1..].bytes().all(|b| b.is_ascii_digit()) {
                    found.insert(piece.to_owned());
                }
            }
        }
    }
}

#[test]
fn every_code_is_in_the_index_and_nothing_else() {
    let mut used = std::collections::BTreeSet::new();
    codes_in(&tree().join("kodo-frontend/src"), &mut used);
    codes_in(&tree().join("kodoc/src"), &mut used);
    let index = std::fs::read_to_string(tree().join("docs/errors.md")).expect("the index");
    let listed = index.lines().filter_map(|l| l.strip_prefix("| ")?.split(' ').next().map(str::to_owned));
    let listed: std::collections::BTreeSet<String> = listed.filter(|c| c.len() == 5 && c != "code").collect();
    assert_eq!(used, listed);
}

#[test]
fn instances_without_end_are_refused() {
    let dir = folder();
    for program in [
        "fn grow<T>(x: T, n: Int) -> Int { if n == 0 { 0 } else { grow((x, x), n - 1) } }\nprintln(grow(1, 3))\n",
        "struct N<T> { value: T, next: Option<N<(T, T)>> }\nprintln(f\"{N { value: 1, next: None }:?}\")\n",
    ] {
        let file = write(&dir, "a.ko", program);
        let output = run(kodoc().arg("build").arg(file).arg("-o").arg(dir.path().join("a")));
        assert_eq!(output.status.code(), Some(1), "{program}");
        assert!(stderr(&output).contains("E0501") || stderr(&output).contains("E0190"), "{}", stderr(&output));
    }
}

#[test]
fn a_long_chain_after_a_module_is_walked_once() {
    let dir = folder();
    write(&dir, "lib.ko", "pub fn f() -> Int { 1 }\n");
    let chain = ".a".repeat(100_000);
    let file = write(&dir, "main.ko", format!("import lib\nfn main() {{ println(lib{chain}) }}\n"));
    let output = run(kodoc().arg("check").arg(file));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error[E0201]: the module `lib` has no `a`"), "{}", &stderr(&output)[..200]);
}
