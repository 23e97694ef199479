//! MIR to LLVM IR, one construct at a time.
//!
//! ```text
//!   check      refuses what has no lowering, before anything is built
//!   abi        how arguments and results travel
//!   function   locals, blocks, statements
//!   memory     places, operands, values
//!   call       calls, spawns, the entry points of spawned bodies and of the program
//!   control    switches, checks, select
//!   intrinsic  the language's own operations
//!   number     conversions between number types
//! ```
//!
//! Every local is an `alloca` in the entry block (SROA turns them into registers), an aggregate stays in memory.
//! Cleanup blocks are not lowered: a panic ends the process.

pub(crate) mod abi;
pub(crate) mod call;
pub(crate) mod check;
mod closure;
mod control;
mod dynamic;
pub(crate) mod function;
mod intrinsic;
mod memory;
mod number;
