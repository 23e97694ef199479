//! What the checker knows about the whole program while it works: declarations, scopes and the reports so far.

use super::codes;
use super::head::Head;
use super::lost::Lost;
use super::modules::{FromImports, Module};
use super::need::Need;
use super::shared::Shared;
use super::suggest::nearest;
use super::traits::{Bounds, TraitId};
use super::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};
use crate::diag::{Diagnostic, Diagnostics};
use crate::hir::{ExprId, FnId, Function, LocalId};
use crate::mir::Intrinsic;
use crate::names::{Name, Names};
use crate::source::{Sources, Span};
use crate::syntax::ast::{Ast, Id};
use rustc_hash::{FxHashMap, FxHashSet};

/// The prelude's index among the files.
pub const PRELUDE_FILE: usize = 0;
/// That of the file with `main`.
pub const MAIN_FILE: usize = 1;

/// A name in the space of types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TypeDef {
    Adt(AdtId),
    /// Index into [`Cx::aliases`].
    Alias(usize),
    Trait(TraitId),
}

pub struct Alias {
    pub file: usize,
    pub ty: Id,
    pub name: Name,
    pub state: AliasState,
}

#[derive(Clone, Copy)]
pub enum AliasState {
    Untouched,
    Resolving,
    Done(Ty),
}

/// The declarations of one file.
#[derive(Default)]
pub struct Scope {
    pub functions: FxHashMap<Name, FnId>,
    pub types: FxHashMap<Name, TypeDef>,
    /// Constructors that need no type before them: those of an `Option` and a `Result` declared here.
    pub bare: FxHashMap<Name, (AdtId, u32)>,
    /// What other files may name.
    pub public_functions: FxHashSet<Name>,
    pub public_types: FxHashSet<Name>,
    /// What the file imports, and what it has from there.
    pub modules: Vec<Module>,
    pub imported: FromImports,
}

/// A library function that is written out where it is called, so that its panic has the caller's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sugar {
    Index,
    Pop,
    Unwrap,
    UnwrapErr,
    MapGet,
    Expect,
    Assert,
    AssertFalse,
    AssertEq,
    AssertNe,
    /// Without a function it is the length.
    Count,
}

impl Sugar {
    pub fn from_name(name: &str) -> Option<Sugar> {
        Some(match name {
            "index" => Sugar::Index,
            "pop" => Sugar::Pop,
            "unwrap" => Sugar::Unwrap,
            "unwrap_err" => Sugar::UnwrapErr,
            "map_get" => Sugar::MapGet,
            "expect" => Sugar::Expect,
            "assert" => Sugar::Assert,
            "assert_false" => Sugar::AssertFalse,
            "assert_eq" => Sugar::AssertEq,
            "assert_ne" => Sugar::AssertNe,
            "count" => Sugar::Count,
            _ => return None,
        })
    }
}

pub enum BodyAst {
    /// An operation of the runtime, or broken.
    None,
    Block(Id),
    /// Top-level statements of a file.
    Script(Vec<Id>),
}

/// What the checker remembers of a function beyond its HIR, by [`FnId`].
pub struct FnInfo {
    pub file: usize,
    pub body: BodyAst,
    pub has_self: bool,
    /// Declared `pub`.
    pub is_public: bool,
    /// A parameter is lost to a syntax error: calls are not measured against the rest.
    pub is_broken: bool,
    /// How many of the generics belong to the `impl`.
    pub impl_generics: usize,
    /// The type of the `impl`; in a trait, its first type parameter.
    pub self_ty: Option<Ty>,
    /// What the generics must implement.
    pub bounds: Vec<Bounds>,
    /// The trait that the method is declared in or implements: its associated types have bare names, and how parameters
    /// are passed is what is written.
    pub of: Option<TraitId>,
    /// The signature.
    pub written: Span,
    pub result_span: Option<Span>,
    pub sugar: Option<Sugar>,
    /// Parameter 0 must have a text form.
    pub needs_text: bool,
    /// What values of the first type argument must have.
    pub needs: Option<Need>,
    /// The last argument may be left out; `sugar` knows what that means.
    pub optional: bool,
    /// The real function for an element type: `name_int`, `name_float`, `name_bool`, `name_string`.
    pub by_element: Option<Name>,
}

/// A list passed directly to a plain list parameter: if the callee changes that, the caller's place is changed.
pub struct ListArgument {
    pub caller: FnId,
    pub call: ExprId,
    pub callee: FnId,
    pub index: usize,
    pub span: Span,
    pub root: ArgumentRoot,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ArgumentRoot {
    /// The caller's own plain list parameter: a change goes on to its caller.
    Parameter(usize),
    /// Another place that may be changed.
    Place,
    /// A place under something that is not `mut`.
    Fixed(LocalId),
    /// A plain list parameter of an async function or of a trait's method: no caller would see the change.
    Unshared(LocalId),
    /// No place at all: the change is lost, the value lives in a temporary.
    Value,
}

/// What was written of an impl of a trait.
pub struct ImplSource {
    pub file: usize,
    pub generics: Vec<Name>,
    /// By associated type of the trait: the type bound to it.
    pub assoc: Vec<Option<Id>>,
    pub states: Vec<AssocState>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AssocState {
    Untouched,
    Resolving,
    Done,
}

/// A type that was written with arguments.
pub struct Written {
    pub adt: AdtId,
    pub args: Vec<Ty>,
    pub span: Span,
    /// Of the type parameters in scope.
    pub bounds: Vec<Bounds>,
    pub generics: Vec<Name>,
}

pub struct Cx<'a> {
    pub sources: &'a Sources,
    pub asts: &'a [Ast],
    pub names: Shared<Names>,
    /// `_`: what the checker writes out.
    pub unnamed: Name,
    /// `self`
    pub receiver: Name,
    pub types: Types,
    pub adts: Shared<Vec<Adt>>,
    pub functions: Shared<Vec<Function>>,
    pub infos: Shared<Vec<FnInfo>>,
    pub scopes: Shared<Vec<Scope>>,
    pub aliases: Shared<Vec<Alias>>,
    pub methods: Shared<FxHashMap<(Head, Name), FnId>>,
    /// Methods declared in traits, by name.
    pub trait_methods: Shared<FxHashMap<Name, Vec<FnId>>>,
    pub method_of_trait: Shared<FxHashMap<(TraitId, Name), FnId>>,
    /// What the parameters of each struct and enum must implement.
    pub adt_bounds: Shared<Vec<Vec<Bounds>>>,
    /// Beside `types.traits.impls`.
    pub impl_sources: Shared<Vec<ImplSource>>,
    /// Written types with bounds, to be checked when all impls are known.
    pub written: Vec<Written>,
    /// Written `dyn` types, likewise.
    pub dyn_used: Vec<(TraitId, Span)>,
    /// The report for each trait of which there is no `dyn`, at the first place where one was written.
    pub not_dyn: FxHashMap<TraitId, Diagnostic>,
    /// Impls are still being collected.
    pub declaring: bool,
    pub intrinsics: Shared<FxHashMap<Intrinsic, FnId>>,
    pub option: AdtId,
    pub result: AdtId,
    /// The library's `Map` and `Set`.
    pub map: Option<AdtId>,
    pub set: Option<AdtId>,
    /// The library's `Iterator`: of an element and a state.
    pub iterator: Option<AdtId>,
    pub main: Option<FnId>,
    pub out: Diagnostics,
    pub lost: Shared<Lost>,
    /// Plain list parameters that their function changes.
    pub changed: FxHashSet<(FnId, usize)>,
    pub list_arguments: Vec<ListArgument>,
    /// Functions that were made values, and where.
    pub function_values: Vec<(FnId, Span)>,
}

impl<'a> Cx<'a> {
    pub fn ast(&self, file: usize) -> &'a Ast {
        &self.asts[file]
    }

    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        if !self.lost.explains(&diagnostic, self.sources, &self.names) {
            self.out.push(diagnostic);
        }
    }

    pub fn unsupported(&mut self, span: Span, what: &str, help: &str) {
        self.report(
            Diagnostic::error(codes::UNSUPPORTED, span, format!("{what} not supported yet"))
                .label("this cannot be compiled yet")
                .help(help),
        );
    }

    pub fn duplicate(&mut self, what: &str, name: Name, first: Span, second: Span) {
        let text = self.text(name).to_owned();
        self.report(
            Diagnostic::error(codes::DUPLICATE, second, format!("the {what} `{text}` is declared twice"))
                .label("declared again here")
                .secondary(first, "first declared here")
                .help("give one of them another name"),
        );
    }

    /// A file sees its own declarations, then (in between, see `modules`) what it imports, then the prelude's.
    fn scopes_of(&self, file: usize) -> impl Iterator<Item = &Scope> {
        let own = (file != PRELUDE_FILE).then(|| &self.scopes[file]);
        own.into_iter().chain(std::iter::once(&self.scopes[PRELUDE_FILE]))
    }

    pub fn function(&self, file: usize, name: Name) -> Option<FnId> {
        self.scopes_of(file).find_map(|s| s.functions.get(&name).or_else(|| s.imported.functions.get(&name)).copied())
    }

    pub fn type_def(&self, file: usize, name: Name) -> Option<TypeDef> {
        self.scopes_of(file).find_map(|s| s.types.get(&name).or_else(|| s.imported.types.get(&name)).copied())
    }

    /// Where a type, trait or alias is declared.
    pub fn type_span(&self, def: &TypeDef) -> Span {
        match *def {
            TypeDef::Adt(id) => self.adt(id).span,
            TypeDef::Trait(id) => self.types.traits.get(id).span,
            TypeDef::Alias(index) => {
                let alias = &self.aliases[index];
                self.ast(alias.file).span(alias.ty)
            }
        }
    }

    /// The variant of `Option` or `Result` that a bare name makes.
    pub fn bare(&self, file: usize, name: Name) -> Option<(AdtId, u32)> {
        self.scopes_of(file).find_map(|s| s.bare.get(&name).copied())
    }

    /// Nearest function visible in a file, also among `more`.
    pub fn nearest_function(&self, file: usize, unknown: &str, more: &[Name]) -> Option<String> {
        let known = self
            .scopes_of(file)
            .flat_map(|s| s.functions.keys().chain(s.imported.functions.keys()).chain(s.bare.keys()))
            .chain(more);
        nearest(unknown, known.map(|n| self.text(*n))).map(str::to_owned)
    }

    pub fn nearest_type(&self, file: usize, unknown: &str, generics: &[Name]) -> Option<String> {
        let known = self
            .scopes_of(file)
            .flat_map(|s| s.types.keys().chain(s.imported.types.keys()))
            .chain(generics)
            .map(|n| self.text(*n));
        let builtin = ["Int", "Float64", "Bool", "String", "List", "Channel", "Future"];
        nearest(unknown, known.chain(builtin)).map(str::to_owned)
    }

    pub fn adt(&self, id: AdtId) -> &Adt {
        &self.adts[id.0 as usize]
    }

    pub fn info(&self, id: FnId) -> &FnInfo {
        &self.infos[id.0 as usize]
    }

    pub fn signature(&self, id: FnId) -> &Function {
        &self.functions[id.0 as usize]
    }

    pub fn display(&self, ty: Ty, generics: &[Name]) -> String {
        self.types.display(ty, &self.adts, &self.names, generics)
    }

    /// A list, map or set: what a function may change for its caller without saying so.
    pub fn is_collection(&self, ty: Ty) -> bool {
        match self.types.kind(ty) {
            TyKind::App(TyCon::List, _) => true,
            TyKind::App(TyCon::Adt(id), _) => self.map == Some(*id) || self.set == Some(*id),
            _ => false,
        }
    }

    pub fn is_user(&self, id: FnId) -> bool {
        self.info(id).file != PRELUDE_FILE
    }
}
