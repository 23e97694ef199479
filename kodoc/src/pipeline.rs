//! From a file to diagnostics, MIR or object code: the stages in their order.

use crate::cli::{CodeArgs, Sanitizer};
use crate::failure::{Failure, NOT_UTF8, Stop, Trouble, UNREADABLE};
use crate::{output, passes, session};
use kodo_frontend::diag::{Diagnostic, Diagnostics, Severity};
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources, Span};
use kodo_frontend::{hir, mir, own, syntax, types};
use std::path::Path;

/// Name under which the prelude appears in messages.
const PRELUDE_PATH: &str = "<prelude>";

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

/// Reads a source file. Bytes that are not UTF-8 become replacement characters and a diagnostic.
fn read(path: &Path, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<FileId, Trouble> {
    let shown = path.display();
    let unreadable = |why: &str| Trouble::new(Failure::Usage, UNREADABLE, format!("cannot read `{shown}`: {why}"));
    if path.is_dir() {
        return Err(unreadable("it is a directory").help("name a `.ko` file"));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(&output::reason(&e)))?;
    if bytes.len() >= u32::MAX as usize {
        return Err(unreadable("it is larger than 4 GiB"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(sources.add(shown.to_string(), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to() as u32;
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let file = sources.add(shown.to_string(), text);
            let span = Span::new(file, at, at + '\u{FFFD}'.len_utf8() as u32);
            diagnostics.push(
                Diagnostic::error(NOT_UTF8, span, "the file is not valid UTF-8")
                    .label("this byte is not part of any character")
                    .help("save the file in the encoding UTF-8"),
            );
            Ok(file)
        }
    }
}

/// Parses and checks a file. Errors in the program are in the result; only a file that cannot be read stops it.
pub fn check(path: &Path) -> Result<Checked, Trouble> {
    let mut sources = Sources::default();
    let mut names = Names::default();
    let mut diagnostics = Diagnostics::default();
    let prelude = sources.add(PRELUDE_PATH.into(), types::PRELUDE.into());
    let file = passes::time("read", || read(path, &mut sources, &mut diagnostics))?;
    let garbled = diagnostics.has_errors();
    let mut asts = Vec::new();
    for id in [prelude, file] {
        let (ast, found) = passes::time("parse", || syntax::parse(id, &sources.file(id).text, &mut names));
        asts.push(ast);
        // Text that was not UTF-8 has its one report; what the parser makes of it is noise.
        if !(garbled && id == file) {
            diagnostics.extend(found);
        }
    }
    if garbled {
        asts.truncate(1);
        asts.push(syntax::ast::Ast::new(file, 0));
    }
    let (mut program, found) = passes::time("types", || types::check(&sources, &asts, &mut names, session::threads()));
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
        passes::time("ownership", || own::check(&mut program, &names, prelude, &diagnostics, session::threads()));
    diagnostics.extend(found);
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
