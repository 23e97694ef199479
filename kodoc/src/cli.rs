//! The command line, and nothing else: what each flag means is decided where it is used.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(
    name = "kodoc",
    version,
    about = "The Kōdo compiler",
    long_about = "The Kōdo compiler: turns .ko files into native programs whose green threads run on all cores.",
    after_help = "Exit status: 0 success, 1 errors in the program or while building it, 2 wrong usage, 101 an error of kodoc itself.",
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// Print errors and warnings as one JSON object on standard output
    #[arg(long, global = true)]
    pub json_errors: bool,
    /// Print on standard error how long each stage took and how much memory there was in use at most
    #[arg(long, global = true)]
    pub time_passes: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Compile a program to an executable
    Build(BuildArgs),
    /// Compile a program and run it
    Run(RunArgs),
    /// Report errors and warnings, and produce nothing
    Check(CheckArgs),
    /// Print the LLVM IR of a program, after optimization and with its safepoints
    EmitLlvm(EmitArgs),
    /// Print the MIR of a program: its control-flow graph with copies, moves and drops
    EmitMir(EmitMirArgs),
}

/// What changes the code that is generated.
#[derive(Args)]
pub struct CodeArgs {
    /// Optimization level
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub opt_level: u8,
    /// Number of worker threads of the program, if KODO_THREADS does not say otherwise [default: one per available core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Run spawned blocks in turn on one OS thread, without coroutines and without yield checks
    #[arg(long)]
    pub no_green_threads: bool,
    /// Check every access to memory at run time; needs a runtime built for the same
    #[arg(long, value_name = "FOR", hide = true)]
    pub sanitize: Option<Sanitizer>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Sanitizer {
    Address,
    Thread,
}

#[derive(Args)]
pub struct BuildArgs {
    /// The program's source file
    pub file: PathBuf,
    /// Where the executable goes [default: the file's name without .ko, in the current directory]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub code: CodeArgs,
}

#[derive(Args)]
pub struct RunArgs {
    /// The program's source file
    pub file: PathBuf,
    /// Arguments of the program, after `--`
    #[arg(last = true)]
    pub args: Vec<std::ffi::OsString>,
    #[command(flatten)]
    pub code: CodeArgs,
}

#[derive(Args)]
pub struct CheckArgs {
    /// The program's source file
    pub file: PathBuf,
}

#[derive(Args)]
pub struct EmitArgs {
    /// The program's source file
    pub file: PathBuf,
    /// Where the text goes [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub code: CodeArgs,
}

#[derive(Args)]
pub struct EmitMirArgs {
    /// The program's source file
    pub file: PathBuf,
    /// Where the text goes [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}
