//! The whole front end over one text, with every promise that can be checked about its answer.

use kodo_frontend::diag::Diagnostics;
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources};
use kodo_frontend::{hir, mir, own, syntax, types};

/// Through all stages. Says whether the program was accepted.
pub fn compile(text: &str) -> bool {
    let mut sources = Sources::default();
    let mut names = Names::default();
    let files = [sources.add("<prelude>".into(), types::PRELUDE.into()), sources.add("mutant.ko".into(), text.into())];
    let mut found = Diagnostics::default();
    let mut asts = Vec::new();
    for file in files {
        let (ast, reports) = syntax::parse(file, &sources.file(file).text, &mut names);
        asts.push(ast);
        found.extend(reports);
    }
    let (mut program, reports) = types::check(&sources, &asts, &[], &mut names, 3);
    found.extend(reports);
    let reports = own::check(&mut program, &names, FileId(0), &found, 3);
    found.extend(reports);
    let rejected = found.has_errors();
    for d in found.into_sorted() {
        let places = std::iter::once((d.span, &d.label)).chain(d.secondary.iter().map(|l| (l.span, &l.text)));
        for (span, label) in places {
            let file = &sources.file(span.file).text;
            assert!(span.lo <= span.hi && span.hi as usize <= file.len(), "{}: {label}: {span:?}", d.message);
            assert!(
                file.is_char_boundary(span.lo as usize) && file.is_char_boundary(span.hi as usize),
                "{}",
                d.message
            );
        }
        assert_eq!(d.span.file, FileId(1), "a report about the prelude: {}", d.message);
        assert!(!d.message.is_empty() && d.help.is_some(), "one thing to try: {d:?}");
    }
    if rejected {
        return false;
    }
    let bodies = mir::lower::lower(&mut program, &names);
    let Ok(mut lowered) = mir::mono::instantiate(&mut program, &names, &bodies) else { return false };
    let hir::Program { types, adts, cells, .. } = &mut program;
    mir::reuse::insert(&mut lowered, types, adts, cells);
    mir::count::insert(&mut lowered, types, adts);
    mir::unique::hoist(&mut lowered);
    if let Err(broken) = mir::verify::verify(&lowered, types, adts) {
        panic!("MIR is not well formed:\n{}", broken.join("\n"));
    }
    true
}
