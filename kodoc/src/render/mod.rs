//! Renderings of diagnostics: for people on standard error, for tools as JSON on standard output.

pub mod human;
pub mod json;

use crate::failure::Trouble;

/// A failure without a place in the source.
pub fn trouble(trouble: &Trouble, as_json: bool) {
    if as_json {
        json::trouble(trouble);
        return;
    }
    eprintln!("error[{}]: {}", trouble.code, trouble.message);
    if let Some(help) = &trouble.help {
        eprintln!("  = help: {help}");
    }
}
