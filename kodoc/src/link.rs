//! Linking: an object and the runtime's archive become an executable through the system's C compiler driver.

use crate::failure::{Failure, LINK, Trouble};
use crate::{output, session};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// Links `object` with the runtime into `executable`.
pub fn executable(object: &Path, executable: &Path) -> Result<(), Trouble> {
    let archive = session::runtime_archive()?;
    let compiler = session::c_compiler();
    let mut command = Command::new(&compiler);
    command.arg("-o").arg(executable).arg(object).arg(&archive);
    if let Some(folder) = session::lld_folder() {
        command.arg("-fuse-ld=lld").arg("-B").arg(folder);
    }
    command.args(["-Wl,--gc-sections", "-lpthread", "-ldl", "-lm"]);
    let result = command.output().map_err(|e| {
        let name = compiler.to_string_lossy();
        let trouble = Trouble::new(
            Failure::Program,
            LINK,
            format!("cannot run the linker driver `{name}`: {}", output::reason(&e)),
        );
        if e.kind() == ErrorKind::NotFound {
            trouble.help("install gcc (`apt-get install gcc libc6-dev`) or name another C compiler in the variable CC")
        } else {
            trouble
        }
    })?;
    if result.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&result.stderr);
    Err(Trouble::new(Failure::Program, LINK, format!("linking failed ({})\n{}", result.status, text.trim_end())))
}
