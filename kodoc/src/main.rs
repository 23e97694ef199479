//! The `kodoc` command: arguments, files, linking and the rendering of diagnostics. The compiler proper is in
//! `kodo-frontend` and `kodo-llvm`; nothing here decides what a program means.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod failure;
mod link;
mod load;
mod output;
mod passes;
mod pipeline;
mod render;
mod session;

use clap::Parser;
use std::process::ExitCode;
use std::sync::Mutex;

/// The front end makes many small objects, and for large programs much memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Walks over deeply nested programs grow their stack on demand; this only spares shallow ones the growth.
const STACK_SIZE: usize = 64 << 20;
/// A bug in the compiler, never the user's mistake.
const INTERNAL_ERROR: u8 = 101;

/// Where and why the compiler itself failed; the last one counts.
static INTERNAL: Mutex<String> = Mutex::new(String::new());

/// Help that was asked for, or what is wrong with the arguments: as JSON if they ask for that.
fn usage(wrong: &clap::Error) -> u8 {
    // What follows `--` is meant for the program that is run.
    let as_json = std::env::args_os().take_while(|arg| arg != "--").any(|arg| arg == "--json-errors");
    if !as_json || !wrong.use_stderr() {
        wrong.exit();
    }
    let text = wrong.to_string();
    let first: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let message = first.join(" ");
    let message = message.trim_start_matches("error: ");
    let trouble = failure::Trouble::new(failure::Failure::Usage, failure::USAGE, message).help("see `kodoc --help`");
    render::trouble(&trouble, true);
    trouble.failure.exit_status()
}

fn main() -> ExitCode {
    // A panic is a bug of the compiler: note it, say it once in plain words below.
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut note) = INTERNAL.lock() {
            *note = info.to_string();
        }
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|v| v == "full") {
            eprintln!("{}", std::backtrace::Backtrace::force_capture());
        }
    }));
    let work = std::thread::Builder::new()
        .stack_size(STACK_SIZE)
        .spawn(|| cli::Cli::try_parse().map_or_else(|wrong| usage(&wrong), commands::run));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(status)) => ExitCode::from(status),
        Ok(Err(_)) => {
            let note = INTERNAL.lock().map(|n| n.clone()).unwrap_or_default();
            eprintln!("kodoc: internal error: {note}");
            eprintln!(
                "kodoc: this is a bug in the compiler, not in your program; please report it with the source file"
            );
            ExitCode::from(INTERNAL_ERROR)
        }
        Err(error) => {
            eprintln!("kodoc: cannot start a thread: {error}");
            ExitCode::from(1)
        }
    }
}
