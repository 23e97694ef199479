//! One function per subcommand. Each returns what stopped it; reporting and the exit status are decided here.

mod build;
mod emit;
mod run;

use crate::cli::{Command, Reporting};
use crate::failure::{Failure, Stop};
use crate::pipeline::{self, Checked};
use crate::render;
use std::mem::ManuallyDrop;
use std::path::Path;

/// Runs a command and gives the exit status of `kodoc`.
pub fn run(command: Command) -> u8 {
    let result = match command {
        Command::Build(args) => build::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Check(args) => compile(&args.file, &args.reporting, |_| Ok(())),
        Command::EmitLlvm(args) => emit::llvm(&args),
        Command::EmitMir(args) => emit::mir(&args),
    };
    result.map_or_else(Failure::exit_status, |()| 0)
}

/// Checks a file, reports what was found, and goes on with `then` if the program has no errors.
///
/// With `--json-errors` exactly one JSON object is printed, whatever happens.
fn compile(
    file: &Path,
    reporting: &Reporting,
    then: impl FnOnce(&mut Checked) -> Result<(), Stop>,
) -> Result<(), Failure> {
    // The process ends after this: taking a large program apart, piece by piece, would be a tenth of checking it.
    let mut checked = match pipeline::check(file) {
        Ok(checked) => ManuallyDrop::new(checked),
        Err(trouble) => {
            render::trouble(&trouble, reporting.json_errors);
            return Err(trouble.failure);
        }
    };
    let failed = checked.has_errors();
    if !reporting.json_errors {
        render::human::diagnostics(&checked.sources, &checked.diagnostics);
    }
    if failed {
        if reporting.json_errors {
            render::json::diagnostics(&checked.sources, &checked.diagnostics);
        }
        return Err(Failure::Program);
    }
    match then(&mut checked) {
        Ok(()) => {
            if reporting.json_errors {
                render::json::diagnostics(&checked.sources, &checked.diagnostics);
            }
            Ok(())
        }
        Err(Stop::Trouble(trouble)) => {
            render::trouble(&trouble, reporting.json_errors);
            Err(trouble.failure)
        }
        Err(Stop::Diagnostics(found)) => {
            if reporting.json_errors {
                render::json::diagnostics(&checked.sources, &found);
            } else {
                render::human::diagnostics(&checked.sources, &found);
            }
            Err(Failure::Program)
        }
    }
}
