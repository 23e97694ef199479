//! Types and the checker: AST to typed HIR.

pub mod ty;
