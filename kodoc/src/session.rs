//! The surroundings of one run: environment variables (read here and nowhere else) and the files that belong to an
//! installed compiler.

use crate::failure::{Failure, LINK, Trouble};
use std::path::{Path, PathBuf};

/// The runtime's archive, found in this order: in `$KODO_HOME/lib`, beside `kodoc` (a build tree), in `../lib/kodo`
/// from it (an installation).
pub fn runtime_archive() -> Result<PathBuf, Trouble> {
    const NAME: &str = "libkodo_rt.a";
    let mut looked: Vec<PathBuf> = Vec::new();
    if let Some(home) = std::env::var_os("KODO_HOME") {
        looked.push(Path::new(&home).join("lib").join(NAME));
    } else {
        let program = std::env::current_exe().and_then(|p| p.canonicalize()).ok();
        if let Some(folder) = program.as_deref().and_then(Path::parent) {
            looked.push(folder.join(NAME));
            looked.push(folder.join("../lib/kodo").join(NAME));
        }
    }
    if let Some(found) = looked.iter().find(|p| p.is_file()) {
        return Ok(found.clone());
    }
    let places = looked.iter().map(|p| format!("`{}`", p.display())).collect::<Vec<_>>().join(" and ");
    Err(Trouble::new(Failure::Program, LINK, format!("the runtime library is missing; looked at {places}"))
        .help("build it with `cargo build -p kodo-rt`, or set KODO_HOME to the folder that holds `lib/libkodo_rt.a`"))
}

/// The C compiler that links programs: `$CC`, else `cc`.
pub fn c_compiler() -> std::ffi::OsString {
    std::env::var_os("CC").filter(|cc| !cc.is_empty()).unwrap_or_else(|| "cc".into())
}

/// The folder that holds `ld.lld`, if lld is installed. Debian keeps an unsuffixed one beside LLVM.
pub fn lld_folder() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain([PathBuf::from("/usr/lib/llvm-22/bin")]).find(|p| p.join("ld.lld").is_file())
}

/// Colours: only on a terminal, and never if `NO_COLOR` is set (no-color.org).
pub fn colours() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// How many threads the compiler uses for a large program: one per core that it may use.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
