//! The checker on whole programs: what it accepts, what it reports and where, and the HIR it makes.

mod accepts;
mod rejects;
mod shapes;

use super::check as check_program;
use super::{Names, PRELUDE, Sources, hir};
use crate::diag::Diagnostic;
use crate::hir::{Body, ExprKind};
use crate::syntax;

/// Everything reported, with lines, and the program.
fn run(text: &str) -> (Vec<(Diagnostic, u32)>, hir::Program, Names) {
    let (mut sources, mut names) = (Sources::default(), Names::default());
    let mut asts = Vec::new();
    for (path, text) in [("prelude.ko", PRELUDE), ("test.ko", text)] {
        let file = sources.add(path.into(), text.into());
        let (ast, diagnostics) = syntax::parse(file, text, &mut names);
        assert!(!diagnostics.has_errors(), "{path} parses: {diagnostics:?}\n{text}");
        asts.push(ast);
    }
    let (program, diagnostics) = check_program(&sources, &asts, &[], &mut names, 1);
    let list = diagnostics.into_sorted();
    for d in &list {
        assert_ne!(d.span.file.0, 0, "nothing is wrong in the prelude: {d:?}");
    }
    let list = list.into_iter().map(|d| (d.clone(), sources.line_column(d.span).0)).collect();
    (list, program, names)
}

/// Codes and lines of what is reported.
fn check(text: &str) -> Vec<(&'static str, u32)> {
    run(text).0.into_iter().map(|(d, line)| (d.code, line)).collect()
}

#[track_caller]
fn accepts(text: &str) {
    let (list, ..) = run(text);
    let list: Vec<_> = list.iter().filter(|(d, _)| !d.code.starts_with('W')).collect();
    assert!(list.is_empty(), "{text}\n{list:#?}");
}

/// The whole program is wrong in exactly these places (warnings are left out).
#[track_caller]
fn rejects(text: &str, expected: &[(&str, u32)]) {
    let (list, ..) = run(text);
    let found: Vec<(&str, u32)> =
        list.iter().map(|(d, line)| (d.code, *line)).filter(|(c, _)| !c.starts_with('W')).collect();
    assert_eq!(found, expected, "{text}\n{list:#?}");
    for (d, _) in &list {
        assert!(d.help.is_some(), "every report says what to try: {d:?}");
        assert!(!d.label.is_empty(), "every report has a label: {d:?}");
    }
}

/// Statements as the body of `main` are wrong with this one code.
#[track_caller]
fn rejects_statement(text: &str, code: &str) {
    let (list, ..) = run(&format!("struct S {{ x: Int }}\nenum C {{ A, B }}\n{text}\n"));
    let found: Vec<&str> = list.iter().map(|(d, _)| d.code).filter(|c| !c.starts_with('W')).collect();
    assert_eq!(found, [code], "{text}\n{list:#?}");
}

/// The only report.
#[track_caller]
fn report(text: &str) -> Diagnostic {
    let (mut list, ..) = run(text);
    assert_eq!(list.len(), 1, "{text}\n{list:#?}");
    list.remove(0).0
}

/// The body of a user's function.
#[track_caller]
fn body<'p>(program: &'p hir::Program, names: &Names, name: &str) -> &'p Body {
    let found = program.functions.iter().rfind(|f| names.text(f.name) == name);
    found.and_then(|f| f.body.as_ref()).expect("the function has a body")
}

fn count(body: &Body, is: impl Fn(&ExprKind) -> bool) -> usize {
    body.exprs.iter().filter(|e| is(&e.kind)).count()
}

#[test]
fn the_prelude_is_right() {
    accepts("println(\"hello\")");
}
