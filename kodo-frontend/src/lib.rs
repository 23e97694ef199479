//! The Kōdo front end: source text in, verified MIR or diagnostics out.
//!
//! ```text
//! text ─ syntax ─▶ AST ─ resolve, types ─▶ typed HIR ─ mir::lower ─▶ MIR (generic)
//!                                                                     │ mir::mono
//!                                                                     ▼
//!                                             MIR (one body per instance), mir::count adds drops
//! ```
//!
//! This crate performs no I/O, knows no LLVM and has no unsafe code. Every stage takes values and returns
//! a value plus diagnostics; a stage never stops at the first error.
#![forbid(unsafe_code)]

pub mod diag;
pub mod hir;
pub mod mir;
pub mod names;
pub mod own;
pub mod source;
pub mod syntax;
pub mod threads;
pub mod types;
