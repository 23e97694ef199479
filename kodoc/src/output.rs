//! Output files appear whole or not at all: everything is written beside its place and renamed into it. What is no
//! ordinary file (a device, a pipe) is never replaced; a link stays, and what it names is replaced.

use crate::failure::{Failure, Trouble, UNWRITABLE};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of its own beside `target`, for what will be renamed to `target`.
pub fn beside(target: &Path) -> Result<TempDir, Trouble> {
    if target.is_dir() {
        return Err(Trouble::new(
            Failure::Usage,
            UNWRITABLE,
            format!("cannot write `{}`: it is a directory", target.display()),
        )
        .help("choose another name with `-o`"));
    }
    if is_special(target) {
        return Err(Trouble::new(
            Failure::Usage,
            UNWRITABLE,
            format!("cannot write `{}`: it is no ordinary file", target.display()),
        )
        .help("choose another name with `-o`"));
    }
    // Beside what a link names: a rename cannot leave its file system.
    let place = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let folder = match place.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    tempfile::Builder::new().prefix(".kodoc-").tempdir_in(folder).map_err(|e| {
        Trouble::new(Failure::Program, UNWRITABLE, format!("cannot write into `{}`: {}", folder.display(), reason(&e)))
            .help("choose another place with `-o`")
    })
}

/// Is there something that a file cannot take the place of?
pub fn is_special(target: &Path) -> bool {
    std::fs::metadata(target).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// Moves a finished file to its place.
pub fn publish(finished: &Path, target: &Path) -> Result<(), Trouble> {
    let place = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    std::fs::rename(finished, place).map_err(|e| {
        Trouble::new(Failure::Program, UNWRITABLE, format!("cannot write `{}`: {}", target.display(), reason(&e)))
    })
}

/// Text or bytes to a file, or to standard output.
pub fn write(target: Option<&PathBuf>, bytes: &[u8]) -> Result<(), Trouble> {
    let Some(target) = target else {
        let mut out = std::io::stdout().lock();
        return match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(e) => {
                let gone = e.kind() == std::io::ErrorKind::BrokenPipe;
                let failure = if gone { Failure::Reader } else { Failure::Program };
                let message = format!("cannot write to standard output: {}", reason(&e));
                Err(Trouble::new(failure, UNWRITABLE, message))
            }
            Ok(()) => Ok(()),
        };
    };
    if is_special(target) {
        return std::fs::OpenOptions::new().write(true).open(target).and_then(|mut f| f.write_all(bytes)).map_err(
            |e| {
                Trouble::new(
                    Failure::Program,
                    UNWRITABLE,
                    format!("cannot write `{}`: {}", target.display(), reason(&e)),
                )
            },
        );
    }
    let folder = beside(target)?;
    let finished = folder.path().join("output");
    std::fs::write(&finished, bytes).map_err(|e| {
        Trouble::new(Failure::Program, UNWRITABLE, format!("cannot write `{}`: {}", target.display(), reason(&e)))
    })?;
    publish(&finished, target)
}

/// The system's words without Rust's `(os error 13)`, and without the temporary name some errors carry.
pub fn reason(error: &std::io::Error) -> String {
    let text =
        error.raw_os_error().map_or_else(|| error.to_string(), |n| std::io::Error::from_raw_os_error(n).to_string());
    let text = text.split(" (os error").next().unwrap_or_default();
    text.split(" at path ").next().unwrap_or_default().to_owned()
}
