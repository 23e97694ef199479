//! What can go wrong between verified MIR and bytes.

use kodo_frontend::source::Span;
use std::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// LLVM has no code generator for this machine, or refuses its options.
    Target(String),
    /// A type or construct that has no lowering.
    Unsupported { what: String, span: Span },
    /// The input is not a monomorphic, counted program.
    Invalid { what: String, function: String },
    /// The module that was built does not pass LLVM's verifier: a mistake of this compiler.
    Verify(String),
    /// The pass pipeline could not run.
    Passes(String),
    /// Code could not be generated.
    Emit(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Target(why) => write!(f, "no code generator for this machine: {why}"),
            Error::Unsupported { what, .. } => write!(f, "not supported yet: {what}"),
            Error::Invalid { what, function } => write!(f, "invalid MIR in {function}: {what}"),
            Error::Verify(why) => write!(f, "the generated LLVM module is malformed: {why}"),
            Error::Passes(why) => write!(f, "the optimizer failed: {why}"),
            Error::Emit(why) => write!(f, "code generation failed: {why}"),
        }
    }
}

impl std::error::Error for Error {}
