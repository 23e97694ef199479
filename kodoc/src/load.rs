//! The files of a program: the one that is named, and what it imports, directly or not.
//!
//! `import a.b` reads `a/b.ko`, else `a/b/lib.ko`, beside the importing file, else beside the program's first file. A file is read once, however many import it;
//! files that import each other in a circle are reported with the whole circle.

use crate::failure::{Failure, NOT_UTF8, Trouble, UNREADABLE};
use crate::{output, passes, session};
use kodo_frontend::diag::{Diagnostic, Diagnostics};
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources, Span};
use kodo_frontend::syntax::ast::Ast;
use kodo_frontend::syntax::imports::{Import, imports};
use kodo_frontend::types::modules::Imported;
use kodo_frontend::{syntax, types};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Name under which the prelude appears in messages.
const PRELUDE_PATH: &str = "<prelude>";

/// The program's first file.
const MAIN: usize = 1;

/// The parsed files of a program; all vectors go by [`FileId`].
pub struct Loaded {
    pub sources: Sources,
    pub names: Names,
    pub asts: Vec<Ast>,
    pub imports: Vec<Vec<Imported>>,
    pub diagnostics: Diagnostics,
    /// A file was not UTF-8. It has its one report; what else is said about the program is noise.
    pub garbled: bool,
}

/// An import of one file by another.
struct Edge {
    to: usize,
    span: Span,
}

/// Reads and parses a program. Only a first file that cannot be read stops this.
pub fn load(path: &Path) -> Result<Loaded, Trouble> {
    let mut loader = Loader {
        loaded: Loaded {
            sources: Sources::default(),
            names: Names::default(),
            asts: Vec::new(),
            imports: vec![Vec::new()],
            diagnostics: Diagnostics::default(),
            garbled: false,
        },
        paths: vec![PathBuf::new()],
        known: HashMap::new(),
        edges: vec![Vec::new()],
    };
    loader.loaded.sources.add(PRELUDE_PATH.into(), types::PRELUDE.into());
    passes::time("read", || loader.add(path))?;
    // What the files of one round import is the next round.
    let mut next = MAIN;
    while next < loader.paths.len() {
        passes::time("parse", || loader.parse());
        let parsed = loader.loaded.asts.len();
        passes::time("read", || (next..parsed).for_each(|file| loader.follow(file)));
        next = parsed;
    }
    loader.report_circles();
    Ok(loader.loaded)
}

struct Loader {
    loaded: Loaded,
    /// Where each file is that has been read.
    paths: Vec<PathBuf>,
    /// Files by their real path.
    known: HashMap<PathBuf, usize>,
    edges: Vec<Vec<Edge>>,
}

impl Loader {
    /// Reads a file, unless that has been done.
    fn add(&mut self, path: &Path) -> Result<usize, Trouble> {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(&file) = self.known.get(&real) {
            return Ok(file);
        }
        let errors = self.loaded.diagnostics.len();
        read(path, &mut self.loaded.sources, &mut self.loaded.diagnostics)?;
        self.loaded.garbled |= self.loaded.diagnostics.len() > errors;
        let file = self.paths.len();
        self.known.insert(real, file);
        self.paths.push(path.to_owned());
        self.edges.push(Vec::new());
        Ok(file)
    }

    /// Parses what has been read since the last time.
    fn parse(&mut self) {
        let Loaded { sources, names, asts, diagnostics, garbled, .. } = &mut self.loaded;
        let ids = (asts.len()..self.paths.len()).map(|file| FileId(file as u32));
        let files: Vec<(FileId, &str)> = ids.map(|id| (id, &*sources.file(id).text)).collect();
        for (ast, found) in syntax::parse_all(&files, names, session::threads()) {
            asts.push(ast);
            // What the parser makes of text that was not UTF-8 is noise.
            if !*garbled {
                diagnostics.extend(found);
            }
        }
    }

    /// Reads what a file imports.
    fn follow(&mut self, file: usize) {
        let mut found = Vec::new();
        for import in imports(&self.loaded.asts[file], &self.loaded.names) {
            let target = self.resolve(file, &import);
            if let Some(to) = target {
                self.edges[file].push(Edge { to, span: import.span });
            }
            found.push(Imported { node: import.node, file: target });
        }
        self.loaded.imports.push(found);
    }

    /// The file that an import names; a report if there is none.
    fn resolve(&mut self, file: usize, import: &Import) -> Option<usize> {
        let mut candidates = Vec::new();
        for beside in [file, MAIN] {
            let folder = self.paths[beside].parent().unwrap_or(Path::new("")).to_owned();
            let base = import.path.iter().fold(folder, |folder, name| folder.join(name));
            candidates.extend([base.with_extension("ko"), base.join("lib.ko")]);
        }
        if file == MAIN {
            candidates.truncate(2);
        }
        let Some(path) = candidates.iter().find(|path| path.is_file()) else {
            // What the library has is there without an import.
            if import.path[0] != "std" {
                let path = import.path.join(".");
                let looked: Vec<String> = candidates.iter().map(|path| format!("`{}`", path.display())).collect();
                self.loaded.diagnostics.push(
                    Diagnostic::error("E0291", import.span, format!("there is no module `{path}`"))
                        .label("not found")
                        .note(format!("it would be {}", looked.join(" or ")))
                        .help("correct the path, or create the file"),
                );
            }
            return None;
        };
        let path = path.clone();
        match self.add(&path) {
            Ok(target) => Some(target),
            Err(trouble) => {
                self.loaded.diagnostics.push(
                    Diagnostic::error("E0291", import.span, trouble.message)
                        .label("cannot be imported")
                        .help("make the file readable"),
                );
                None
            }
        }
    }

    /// One report for every import that closes a circle.
    fn report_circles(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut state = vec![State::New; self.edges.len()];
        for start in MAIN..self.edges.len() {
            if state[start] != State::New {
                continue;
            }
            state[start] = State::Open;
            let mut path = vec![(start, 0)];
            while let Some((file, next)) = path.last_mut() {
                let file = *file;
                let Some(edge) = self.edges[file].get(*next) else {
                    state[file] = State::Done;
                    path.pop();
                    continue;
                };
                *next += 1;
                match state[edge.to] {
                    State::New => {
                        state[edge.to] = State::Open;
                        path.push((edge.to, 0));
                    }
                    State::Open => {
                        let from = path.iter().position(|(open, _)| *open == edge.to).unwrap_or(0);
                        let circle = path[from..].iter().map(|(file, _)| *file).chain([edge.to]);
                        let shown: Vec<String> = circle.map(|f| self.paths[f].display().to_string()).collect();
                        self.loaded.diagnostics.push(
                            Diagnostic::error("E0292", edge.span, "modules import each other in a circle")
                                .label("closes the circle")
                                .note(shown.join(" imports "))
                                .help("move what they share into a module that both import"),
                        );
                    }
                    State::Done => {}
                }
            }
        }
    }
}

/// Reads a source file. Bytes that are not UTF-8 become replacement characters and a diagnostic.
fn read(path: &Path, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<(), Trouble> {
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
        Ok(text) => drop(sources.add(shown.to_string(), text)),
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
        }
    }
    Ok(())
}
