//! One function per subcommand. Each returns what stopped it; reporting and the exit status are decided here.

mod build;
mod emit;
mod run;

use crate::cli::{Cli, Command};
use crate::failure::{Failure, Stop};
use crate::passes;
use crate::pipeline::{self, Checked};
use crate::render;
use std::mem::ManuallyDrop;
use std::path::Path;

/// Runs a command and gives the exit status of `kodoc`.
pub fn run(cli: Cli) -> u8 {
    let json = cli.json_errors;
    if cli.time_passes {
        passes::enable();
    }
    let result = match cli.command {
        Command::Build(args) => build::run(&args, json),
        Command::Run(args) => run::run(&args, json),
        Command::Check(args) => compile(&args.file, json, |_| Ok(())),
        Command::EmitLlvm(args) => emit::llvm(&args, json),
        Command::EmitMir(args) => emit::mir(&args, json),
    };
    passes::report();
    result.map_or_else(Failure::exit_status, |()| 0)
}

/// Checks a file, reports what was found, and goes on with `then` if the program has no errors.
///
/// For `json` exactly one object is printed, whatever happens.
fn compile(file: &Path, json: bool, then: impl FnOnce(&mut Checked) -> Result<(), Stop>) -> Result<(), Failure> {
    // The process ends after this: taking a large program apart, piece by piece, would be a tenth of checking it.
    let mut checked = match pipeline::check(file) {
        Ok(checked) => ManuallyDrop::new(checked),
        Err(trouble) => {
            render::trouble(&trouble, json);
            return Err(trouble.failure);
        }
    };
    let failed = checked.has_errors();
    if failed || !json {
        render::diagnostics(&checked.sources, &checked.diagnostics, json)?;
    }
    if failed {
        return Err(Failure::Program);
    }
    match then(&mut checked) {
        Ok(()) if json => render::diagnostics(&checked.sources, &checked.diagnostics, json),
        Ok(()) => Ok(()),
        Err(Stop::Trouble(trouble)) => {
            render::trouble(&trouble, json);
            Err(trouble.failure)
        }
        Err(Stop::Diagnostics(found)) => {
            render::diagnostics(&checked.sources, &found, json)?;
            Err(Failure::Program)
        }
    }
}
