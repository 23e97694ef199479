//! Names of other modules: what imports bring into a file, and what is written with a module's name before it.
//!
//! A file sees its own declarations, then what it imports, then the library. Two modules that are imported whole may have
//! one name in common; it stands for neither, and has to be written with its module. Names in the list of an import go
//! before those of modules that are imported whole.

use super::codes;
use super::context::{Cx, PRELUDE_FILE, Scope, TypeDef};
use super::suggest::nearest;
use crate::diag::Diagnostic;
use crate::hir::FnId;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Node};
use crate::syntax::imports::path_of;
use rustc_hash::{FxHashMap, FxHashSet};

/// An import, and the file that it names: an index among the files of the program. `None` is what brings nothing: it was not
/// found and has been reported, or is part of the library anyway.
pub struct Imported {
    pub node: Id,
    pub file: Option<usize>,
}

/// A module that a file may name.
pub struct Module {
    pub path: Vec<Name>,
    pub file: usize,
    /// The list of names with their places; empty if the module is imported whole.
    names: Vec<(Name, Span)>,
    span: Span,
}

/// What a file has from its imports.
#[derive(Default)]
pub struct FromImports {
    pub functions: FxHashMap<Name, FnId>,
    pub types: FxHashMap<Name, TypeDef>,
    /// In several modules that are imported whole.
    unclear: FxHashSet<Name>,
}

/// What a name of another module turned out to be.
pub enum Item {
    Function(FnId),
    Type(TypeDef),
}

impl Cx<'_> {
    /// Notes which modules a file names.
    pub fn add_module(&mut self, file: usize, node: Id, target: usize) {
        let ast = self.ast(file);
        let Node::Import(path, names) = ast.node(node) else { return };
        let Some(path_names) = path_of(ast, path, usize::MAX) else { return };
        let listed = ast.list(names).iter().filter_map(|&id| match ast.node(id) {
            Node::Path(name) => Some((name, ast.span(id))),
            _ => None,
        });
        let module = Module { path: path_names, file: target, names: listed.collect(), span: ast.span(path) };
        self.scopes.get_mut()[file].modules.push(module);
    }

    /// Brings the types of imported modules into every file, when all are declared.
    pub fn import_types(&mut self) {
        let link = |scope: &Scope, scopes: &[Scope]| {
            let exported = |m: &Module| {
                let from = &scopes[m.file];
                from.types.iter().filter(|(name, _)| from.public_types.contains(name)).map(|(&n, &d)| (n, d)).collect()
            };
            bring(scope, exported, |a: &TypeDef, b: &TypeDef| a == b)
        };
        let linked: Vec<_> = self.scopes.iter().map(|scope| link(scope, &self.scopes)).collect();
        for (scope, (types, unclear)) in self.scopes.get_mut().iter_mut().zip(linked) {
            scope.imported.types = types;
            scope.imported.unclear.extend(unclear);
        }
    }

    /// The same for functions; and checks the lists of names.
    pub fn import_functions(&mut self) {
        let link = |scope: &Scope, scopes: &[Scope]| {
            let exported = |m: &Module| {
                let from = &scopes[m.file];
                let public = from.functions.iter().filter(|(name, _)| from.public_functions.contains(name));
                public.map(|(&name, &f)| (name, f)).collect()
            };
            bring(scope, exported, |a: &FnId, b: &FnId| a == b)
        };
        let linked: Vec<_> = self.scopes.iter().map(|scope| link(scope, &self.scopes)).collect();
        for (scope, (functions, unclear)) in self.scopes.get_mut().iter_mut().zip(linked) {
            scope.imported.functions = functions;
            scope.imported.unclear.extend(unclear);
        }
        for file in 0..self.scopes.len() {
            self.check_lists(file);
        }
    }

    fn check_lists(&mut self, file: usize) {
        let mut reports = Vec::new();
        let mut seen: FxHashMap<Name, (usize, Span)> = FxHashMap::default();
        for module in &self.scopes[file].modules {
            for &(name, span) in &module.names {
                if let Err(report) = self.item_of(module.file, name, span) {
                    reports.push(*report);
                }
                match seen.insert(name, (module.file, span)) {
                    Some((other, first)) if other != module.file => {
                        let text = self.text(name);
                        reports.push(
                            Diagnostic::error(codes::DUPLICATE, span, format!("`{text}` is imported from two modules"))
                                .label("imported again here")
                                .secondary(first, "first imported here")
                                .help("import one of them, and write the other with its module"),
                        );
                    }
                    _ => {}
                }
            }
        }
        reports.into_iter().for_each(|report| self.report(report));
    }

    /// The module that a path names in a file: by its whole path, or by the last name of it.
    pub fn module_at(&self, file: usize, path: Id) -> Option<usize> {
        let modules = &self.scopes[file].modules;
        if modules.is_empty() {
            return None;
        }
        // A long chain of fields is no path, and would be walked again from each of them.
        let longest = modules.iter().map(|m| m.path.len()).max().unwrap_or(0);
        let path = path_of(self.ast(file), path, longest)?;
        let whole = modules.iter().find(|m| m.path == path);
        let last = || modules.iter().find(|m| path.len() == 1 && m.path.last() == path.last());
        whole.or_else(last).map(|m| m.file)
    }

    /// A public item of a module, or the report that there is none.
    pub fn item_of(&self, module: usize, name: Name, span: Span) -> Result<Item, Box<Diagnostic>> {
        let scope = &self.scopes[module];
        if let Some(&f) = scope.functions.get(&name).filter(|_| scope.public_functions.contains(&name)) {
            return Ok(Item::Function(f));
        }
        if let Some(&def) = scope.types.get(&name).filter(|_| scope.public_types.contains(&name)) {
            return Ok(Item::Type(def));
        }
        let (text, module_text) = (self.text(name), self.module_name(module));
        if let Some(declared) = self.declared_at(module, name) {
            return Err(Box::new(self.private(name, declared, span, module)));
        }
        let known = scope.public_functions.iter().chain(&scope.public_types).map(|&n| self.text(n));
        let error = Diagnostic::error("E0201", span, format!("the module `{module_text}` has no `{text}`"));
        Err(Box::new(error.label("unknown name").help(match nearest(text, known) {
            Some(hint) => format!("did you mean `{hint}`?"),
            None => "declare it there with `pub`".to_owned(),
        })))
    }

    /// Why a name that a file does not know is unknown: a module that it imports keeps it private, or several have it.
    pub fn import_problem(&self, file: usize, name: Name, span: Span) -> Option<Diagnostic> {
        let scope = &self.scopes[file];
        let text = self.text(name);
        if scope.imported.unclear.contains(&name) {
            let has = |m: &&Module| {
                let from = &self.scopes[m.file];
                from.public_functions.contains(&name) || from.public_types.contains(&name)
            };
            let owners: Vec<&Module> = scope.modules.iter().filter(has).collect();
            let choices: Vec<String> =
                owners.iter().map(|m| format!("`{}::{text}`", self.text(m.path[m.path.len() - 1]))).collect();
            let mut error =
                Diagnostic::error("E0293", span, format!("several imported modules have `{text}`")).label("which one?");
            for owner in owners.iter().take(2) {
                error = error.secondary(owner.span, "has one");
            }
            return Some(error.help(format!("write {}", choices.join(" or "))));
        }
        let module = scope.modules.iter().find(|m| {
            let listed = m.names.is_empty() || m.names.iter().any(|(n, _)| *n == name);
            listed && self.declared_at(m.file, name).is_some()
        })?;
        let declared = self.declared_at(module.file, name)?;
        Some(self.private(name, declared, span, module.file))
    }

    /// E0270: a function, method or type of another module that is not `pub`.
    pub fn private(&self, name: Name, declared: Span, span: Span, module: usize) -> Diagnostic {
        let (text, module) = (self.text(name), self.module_name(module));
        Diagnostic::error("E0270", span, format!("`{text}` is private to the module `{module}`"))
            .label("not visible here")
            .secondary(declared, "declared without `pub` here")
            .help("declare it `pub`, or use what the module offers")
    }

    fn declared_at(&self, module: usize, name: Name) -> Option<Span> {
        let scope = &self.scopes[module];
        let f = scope.functions.get(&name).map(|&f| self.signature(f).span);
        f.or_else(|| scope.types.get(&name).map(|def| self.type_span(def)))
    }

    /// What a module calls itself, or its file.
    fn module_name(&self, module: usize) -> String {
        let ast = self.ast(module);
        let own = ast.roots.iter().find_map(|&root| match ast.node(root) {
            Node::Module(name, _) => Some(self.text(name).to_owned()),
            _ => None,
        });
        own.unwrap_or_else(|| {
            let path = &self.sources.file(ast.file).path;
            let name = path.rsplit('/').next().unwrap_or(path);
            name.strip_suffix(".ko").unwrap_or(name).to_owned()
        })
    }

    /// Methods are looked up by type, wherever they are declared; so whether one may be called is asked at the call.
    pub fn hidden(&self, file: usize, f: FnId, span: Span) -> Option<Diagnostic> {
        let info = self.info(f);
        if info.is_public || info.file == file || info.file == PRELUDE_FILE || info.of.is_some() {
            return None;
        }
        let (name, declared, module) = (self.signature(f).name, self.signature(f).span, info.file);
        Some(self.private(name, declared, span, module))
    }
}

/// What a file gets from its modules; and what several of them have.
fn bring<T: Copy>(
    scope: &Scope,
    exported: impl Fn(&Module) -> Vec<(Name, T)>,
    same: impl Fn(&T, &T) -> bool,
) -> (FxHashMap<Name, T>, FxHashSet<Name>) {
    let (mut found, mut unclear) = (FxHashMap::default(), FxHashSet::default());
    for module in scope.modules.iter().filter(|m| m.names.is_empty()) {
        for (name, item) in exported(module) {
            if let Some(old) = found.insert(name, item)
                && !same(&old, &item)
            {
                unclear.insert(name);
            }
        }
    }
    found.retain(|name, _| !unclear.contains(name));
    for module in scope.modules.iter().filter(|m| !m.names.is_empty()) {
        let items: FxHashMap<Name, T> = exported(module).into_iter().collect();
        for (name, _) in &module.names {
            if let Some(&item) = items.get(name) {
                unclear.remove(name);
                found.insert(*name, item);
            }
        }
    }
    (found, unclear)
}
