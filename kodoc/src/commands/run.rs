//! `kodoc run`: builds into a temporary folder and becomes the program, so that signals, terminal and exit status are
//! the program's own and nothing is left behind.

use super::build;
use crate::cli::RunArgs;
use crate::failure::{Failure, Trouble, UNWRITABLE};
use crate::{output, passes};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

pub fn run(args: &RunArgs, json: bool) -> Result<(), Failure> {
    super::compile(&args.file, json, |checked| {
        let trouble = |what: &str, e: &std::io::Error| {
            Trouble::new(Failure::Program, UNWRITABLE, format!("{what}: {}", output::reason(e)))
        };
        let folder = tempfile::Builder::new()
            .prefix("kodoc-")
            .tempdir()
            .map_err(|e| trouble("cannot make a temporary folder", &e))?;
        let executable = folder.path().join("program");
        build::build(checked, &args.code, folder.path(), &executable)?;
        // The open file outlives its name: the folder is gone before the program starts.
        let program = std::fs::File::open(&executable).map_err(|e| trouble("cannot open the program", &e))?;
        drop(folder);
        passes::report();
        let error = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()))
            .arg0(args.file.with_extension(""))
            .args(&args.args)
            .exec();
        Err(trouble("cannot run the program", &error).into())
    })
}
