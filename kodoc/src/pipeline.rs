//! From a file to diagnostics, MIR or object code: the stages in their order.

use crate::cli::{CodeArgs, Sanitizer};
use crate::failure::{Stop, Trouble};
use crate::load::{Loaded, load};
use crate::{passes, session};
use kodo_frontend::diag::{Diagnostic, Severity};
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources};
use kodo_frontend::{hir, mir, own, types};
use std::path::Path;

/// Everything known of a program after checking. If `diagnostics` holds errors the program must not be lowered.
pub struct Checked {
    pub sources: Sources,
    pub names: Names,
    pub program: hir::Program,
    /// Sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// Parses and checks a file and what it imports. Errors in the program are in the result; only a file that cannot be read
/// stops it.
pub fn check(path: &Path) -> Result<Checked, Trouble> {
    let Loaded { sources, mut names, asts, imports, mut diagnostics, garbled } = load(path)?;
    let (mut program, found) =
        passes::time("types", || types::check(&sources, &asts, &imports, &mut names, session::threads()));
    // Of text that is not UTF-8 that is all there is to say.
    if !garbled {
        // What looks unused may be used in the broken part.
        let broken = diagnostics.has_errors();
        // A file that ends too early, or of which nothing is left, lacks more than `main`.
        let cut = asts[1].is_empty() || diagnostics.iter().any(|d| d.code == "E0101");
        let lacks = |d: &Diagnostic| matches!(d.code, "E0210" | "E0212" | "E0272" | "E0278");
        let follows = |d: &Diagnostic| d.severity == Severity::Warning || (cut && lacks(d));
        diagnostics.extend(found.filter(|d| !(broken && follows(d))));
    }
    let found =
        passes::time("ownership", || own::check(&mut program, &names, FileId(0), &diagnostics, session::threads()));
    if !garbled {
        diagnostics.extend(found);
    }
    Ok(Checked { sources, names, program, diagnostics: diagnostics.into_sorted() })
}

/// Lowers a program without errors to counted MIR.
pub fn lower(checked: &mut Checked) -> Result<mir::Program, Stop> {
    let bodies = passes::time("lower to MIR", || mir::lower::lower(&mut checked.program, &checked.names));
    let instances = passes::time("instances", || mir::mono::instantiate(&mut checked.program, &checked.names, &bodies));
    let mut program = instances.map_err(|found| Stop::Diagnostics(found.into_sorted()))?;
    let hir::Program { types, adts, cells, .. } = &mut checked.program;
    passes::time("reuse of cells", || mir::reuse::insert(&mut program, types, adts, cells));
    passes::time("counts", || mir::count::insert(&mut program, types, adts));
    passes::time("unique lists", || mir::unique::hoist(&mut program));
    if cfg!(debug_assertions)
        && let Err(broken) = mir::verify::verify(&program, types, adts)
    {
        panic!("MIR is not well formed:\n{}", broken.join("\n"));
    }
    Ok(program)
}

/// Generates code.
pub fn generate(
    checked: &mut Checked,
    program: &mir::Program,
    code: &CodeArgs,
    kind: kodo_llvm::Output,
) -> Result<Vec<u8>, Stop> {
    let hir = &mut checked.program;
    let input = kodo_llvm::Input {
        program,
        types: &mut hir.types,
        adts: &hir.adts,
        option: hir.option,
        names: &checked.names,
        sources: &checked.sources,
    };
    let options = kodo_llvm::Options {
        opt_level: code.opt_level,
        threads: u64::from(code.threads.unwrap_or(0)),
        green_threads: !code.no_green_threads,
        describe: None,
        sanitize: code.sanitize.map(|sanitizer| match sanitizer {
            Sanitizer::Address => kodo_llvm::Sanitizer::Address,
            Sanitizer::Thread => kodo_llvm::Sanitizer::Thread,
        }),
        verify: cfg!(debug_assertions),
    };
    // The program is well formed here: what the back end cannot do is a bug, and says so as one.
    Ok(passes::time("LLVM", || kodo_llvm::compile(input, &options, kind)).unwrap_or_else(|e| panic!("{e}")))
}
