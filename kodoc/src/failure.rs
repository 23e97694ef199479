//! Why a command did not succeed, and the exit status that tells it.

use kodo_frontend::diag::Diagnostic;

/// The reports are printed already when a command returns one of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// Errors in the program, or its output could not be made.
    Program,
    /// The command was called wrongly: such as a file that is not there.
    Usage,
    /// Whoever reads the output has gone away, and needs no report.
    Reader,
}

impl Failure {
    pub fn exit_status(self) -> u8 {
        match self {
            Failure::Program | Failure::Reader => 1,
            Failure::Usage => 2,
        }
    }
}

/// Something outside the source text went wrong: one line, and one thing to try.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    pub failure: Failure,
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
}

impl Trouble {
    pub fn new(failure: Failure, code: &'static str, message: impl Into<String>) -> Trouble {
        Trouble { failure, code, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Trouble {
        self.help = Some(help.into());
        self
    }
}

/// What stopped a command before it was done.
#[derive(Debug)]
pub enum Stop {
    Trouble(Trouble),
    /// Errors and warnings, sorted.
    Diagnostics(Vec<Diagnostic>),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Stop {
        Stop::Trouble(trouble)
    }
}

/// A file that cannot be read at all.
pub const UNREADABLE: &str = "E0010";
/// Arguments of `kodoc` that make no sense.
pub const USAGE: &str = "E0012";
/// A source file that is not UTF-8.
pub const NOT_UTF8: &str = "E0011";
/// Output that cannot be written.
pub const UNWRITABLE: &str = "E0900";
/// The linker or the runtime is missing, or linking failed.
pub const LINK: &str = "E0901";
