//! Types, and the checker that turns the AST into typed HIR.

pub mod counted;
pub mod exhaustive;
pub mod ty;
