//! Renderings of diagnostics: for people on standard error, for tools as JSON on standard output.

pub mod human;
pub mod json;

use crate::failure::{Failure, Trouble};
use kodo_frontend::diag::Diagnostic;
use kodo_frontend::source::Sources;

/// Everything that was found, in the form asked for. An output that cannot be written is what failed then.
pub fn diagnostics(sources: &Sources, list: &[Diagnostic], as_json: bool) -> Result<(), Failure> {
    if !as_json {
        human::diagnostics(sources, list);
        return Ok(());
    }
    json::diagnostics(sources, list).map_err(|unwritten| {
        trouble(&unwritten, false);
        unwritten.failure
    })
}

/// A failure without a place in the source.
pub fn trouble(trouble: &Trouble, as_json: bool) {
    if trouble.failure == Failure::Reader {
        return;
    }
    if as_json && json::trouble(trouble).is_ok() {
        return;
    }
    eprintln!("error[{}]: {}", trouble.code, trouble.message);
    if let Some(help) = &trouble.help {
        eprintln!("  = help: {help}");
    }
}
