//! Text to AST in three layers: a lexer that never fails, a token layer that inserts separators and balances
//! brackets, and an LR(1) grammar whose errors are recovered by replacing the smallest balanced entry.
//! Parsing never fails: it gives a tree (with `Error` nodes) plus diagnostics.

pub mod ast;
pub mod layer;
pub mod lexer;
pub mod literal;
pub mod token;
