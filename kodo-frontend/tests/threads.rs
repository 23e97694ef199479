//! What the front end says of a program, and what it makes of it, does not depend on how many threads it uses.

use kodo_frontend::diag::{Diagnostic, Diagnostics};
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources};
use kodo_frontend::{hir, mir, own, syntax, types};
use std::path::{Path, PathBuf};

/// The reports, and the text of the MIR if there are no errors.
fn compile(text: &str, threads: usize) -> (Vec<Diagnostic>, String) {
    let mut sources = Sources::default();
    let mut names = Names::default();
    let mut found = Diagnostics::default();
    let mut asts = Vec::new();
    for (path, text) in [("<prelude>", types::PRELUDE), ("program.ko", text)] {
        let file = sources.add(path.into(), text.into());
        let (ast, reports) = syntax::parse(file, text, &mut names);
        asts.push(ast);
        found.extend(reports);
    }
    let (mut program, reports) = types::check(&sources, &asts, &[], &mut names, threads);
    found.extend(reports);
    let reports = own::check(&mut program, &names, FileId(0), &found, threads);
    found.extend(reports);
    let mut made = String::new();
    if !found.has_errors() {
        let bodies = mir::lower::lower(&mut program, &names);
        if let Ok(mut lowered) = mir::mono::instantiate(&mut program, &names, &bodies) {
            let hir::Program { types, adts, cells, .. } = &mut program;
            mir::reuse::insert(&mut lowered, types, adts, cells);
            mir::count::insert(&mut lowered, types, adts);
            mir::unique::hoist(&mut lowered);
            made = mir::text::print_program(&lowered, types, adts, &names);
        }
    }
    (found.into_sorted(), made)
}

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut programs = Vec::new();
    for folder in ["examples", "tests/run", "tests/errors", "tests/conformance"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the tree is whole");
        programs.extend(entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "ko")));
    }
    programs
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let programs = programs();
    assert!(programs.len() > 50, "programs are where they were");
    for path in programs {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let one = compile(&text, 1);
        for threads in [2, 7] {
            let many = compile(&text, threads);
            assert_eq!(format!("{:?}", one.0), format!("{:?}", many.0), "{} with {threads} threads", path.display());
            assert!(one.1 == many.1, "the MIR of {} depends on the number of threads", path.display());
        }
    }
}
