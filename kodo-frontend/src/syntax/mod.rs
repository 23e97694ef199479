//! Text to AST in three layers: a lexer that never fails, a token layer that inserts separators and balances
//! brackets, and an LR(1) grammar. Recovery around the grammar turns what is broken into `Error` nodes, so that one run
//! reports every independent mistake.

pub mod ast;
mod build;
mod explain;
pub mod imports;
pub mod layer;
pub mod lexer;
pub mod literal;
mod recover;
pub mod token;

lalrpop_util::lalrpop_mod!(
    #[allow(clippy::all, unused, missing_docs)]
    #[rustfmt::skip]
    grammar,
    "/syntax/grammar.rs"
);

pub use recover::MAX_ERRORS;

use crate::diag::{Diagnostic, Diagnostics};
use crate::names::{Name, Names};
use crate::source::{FileId, Span};
use crate::threads;

/// Parses a file. There is always a tree; what is broken is reported and stands in it as `Error`.
pub fn parse(file: FileId, text: &str, names: &mut Names) -> (ast::Ast, Diagnostics) {
    let (tokens, mut diagnostics) = lexer::lex(file, text);
    if tokens.len() == 1 {
        let message = "this file is empty: a program needs a `main`";
        diagnostics.push(
            Diagnostic::error("E0101", Span::new(file, 0, 0), message)
                .help("write `fn main() -> Int { … return 0 }`, or statements without a function around them"),
        );
    }
    let arranged = layer::arrange(file, text, &tokens);
    drop(tokens);
    diagnostics.extend(arranged.diagnostics);
    let parsed = recover::parse(file, text, &arranged.tokens, &arranged.braces, names);
    diagnostics.extend(parsed.diagnostics);
    // A `{` that is missing leaves a `}` over further down.
    let mut missing = parsed.missing_braces.into_iter().peekable();
    for extra in arranged.extra {
        if missing.next_if(|&lo| lo < extra.span.lo).is_none() {
            diagnostics.push(extra);
        }
    }
    (parsed.ast, diagnostics)
}

/// Parses several files, with as many as `threads` threads if they are large.
pub fn parse_all(files: &[(FileId, &str)], names: &mut Names, threads: usize) -> Vec<(ast::Ast, Diagnostics)> {
    let ranges = threads::split(files.iter().map(|(_, text)| text.len()), threads, threads::LEAST_BYTES);
    if ranges.len() == 1 {
        return files.iter().map(|(file, text)| parse(*file, text, names)).collect();
    }
    // Each thread interns names in a table of its own; in the end they are numbered anew.
    let parsed = threads::each(ranges, |range| {
        let mut names = Names::default();
        let parsed: Vec<_> = files[range].iter().map(|(file, text)| parse(*file, text, &mut names)).collect();
        (names, parsed)
    });
    let parts = parsed.into_iter().map(|(own, parsed)| (names.adopt(&own), parsed)).collect();
    let renumbered = threads::each(parts, |(numbers, mut parsed): (Vec<Name>, Vec<(ast::Ast, Diagnostics)>)| {
        parsed.iter_mut().for_each(|(ast, _)| ast.map_names(|name| numbers[name.0 as usize]));
        parsed
    });
    renumbered.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn accepts(text: &str) -> ast::Ast {
        let (ast, diagnostics) = parse(FileId(0), text, &mut Names::default());
        assert!(!diagnostics.has_errors(), "{text}: {diagnostics:?}");
        ast
    }

    #[test]
    fn operators_fold_by_precedence() {
        use ast::{BinOp, Node};
        let ast = accepts("a + b * c - d");
        let Node::Bin(BinOp::Sub, left, _) = ast.node(ast.roots[0]) else { panic!("subtraction is the root") };
        let Node::Bin(BinOp::Add, _, right) = ast.node(left) else { panic!("addition is below") };
        assert!(matches!(ast.node(right), Node::Bin(BinOp::Mul, ..)));
    }

    #[test]
    fn the_language_parses() {
        accepts(
            "module m {\n meta { purpose: \"p\" }\n pub struct P<T> { x: Int, y: List<List<T>> }\n enum E { A B(Int, Int) }\n @confidence(0.9)\n async fn f(own a: Int, ref b: String) -> Int\n requires { a > 0 }\n { return a }\n}",
        );
        accepts(
            "let f1 = spawn { 5 }\nprintln(f\"{f1.await:>4} {t.0.1}\")\nselect {\n ch => |v: Int| { x = v }\n timeout(5) => { }\n default => { return }\n}",
        );
        accepts(
            "match r {\n Ok(v) if v > 2 => print_int(v)\n Err(E::A) | Err(E::B(_, -1)) => return\n P { x, y: 1..=3 } => { }\n n @ Some(_) => x += 1\n}",
        );
        accepts(
            "parallel {\n spawn { a() }\n spawn { b() }\n}\nfor i in 0..10 { if let Some(v) = o { l[i] = v } else { break } }",
        );
    }

    #[test]
    fn the_wrong_token_is_named() {
        let (_, diagnostics) = parse(FileId(0), "let = 5", &mut Names::default());
        let list = diagnostics.into_sorted();
        assert_eq!((list[0].code, list[0].span.lo, list[0].span.hi), ("E0100", 4, 5));
    }

    #[test]
    fn depth_costs_no_native_stack() {
        accepts(&format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)));
        accepts(&format!("{}{}", "{".repeat(100_000), "}".repeat(100_000)));
    }
}
