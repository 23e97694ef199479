//! `kodoc build`: an executable beside its place, then renamed into it.

use crate::cli::{BuildArgs, CodeArgs};
use crate::failure::{Failure, Stop, Trouble, UNWRITABLE};
use crate::pipeline::{self, Checked};
use crate::{link, output, passes};
use std::path::{Path, PathBuf};

pub fn run(args: &BuildArgs, json: bool) -> Result<(), Failure> {
    super::compile(&args.file, json, |checked| {
        let target = args.output.clone().unwrap_or_else(|| default_output(&args.file));
        if same_file(&args.file, &target) {
            return Err(Trouble::new(
                Failure::Usage,
                UNWRITABLE,
                format!("the output `{}` would replace the source file", target.display()),
            )
            .help("choose another name with `-o`")
            .into());
        }
        let folder = output::beside(&target)?;
        let executable = folder.path().join("program");
        build(checked, &args.code, folder.path(), &executable)?;
        Ok(output::publish(&executable, &target)?)
    })
}

/// Compiles and links a checked program. `folder` takes the object file on the way.
pub fn build(checked: &mut Checked, code: &CodeArgs, folder: &Path, executable: &Path) -> Result<(), Stop> {
    let program = pipeline::lower(checked)?;
    let bytes = pipeline::generate(checked, &program, code, kodo_llvm::Output::Object)?;
    let object = folder.join("program.o");
    std::fs::write(&object, bytes).map_err(|e| {
        Trouble::new(Failure::Program, UNWRITABLE, format!("cannot write the object file: {}", output::reason(&e)))
    })?;
    Ok(passes::time("link", || link::executable(&object, executable))?)
}

/// `dir/hello.ko` becomes `hello` in the current directory; a file without `.ko` gets `.out`.
fn default_output(file: &Path) -> PathBuf {
    let name = Path::new(file.file_name().unwrap_or_default());
    if name.extension().is_some_and(|e| e == "ko") { name.with_extension("") } else { name.with_extension("out") }
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_output_is_named_after_the_file() {
        assert_eq!(default_output(Path::new("a/hello.ko")), Path::new("hello"));
        assert_eq!(default_output(Path::new("hello")), Path::new("hello.out"));
    }
}
