//! The Kōdo back end: MIR to LLVM IR, safepoints, object code. The only crate that names inkwell.

pub mod safepoint;
