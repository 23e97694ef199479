//! Declarations to signatures: names of types first, then their fields, then functions and methods. Modules, bare files
//! and scripts all become one scope of declarations per file.

use super::codes;
use super::context::{Alias, AliasState, BodyAst, Cx, FnInfo, MAIN_FILE, PRELUDE_FILE, Sugar, TypeDef};
use super::modules::Imported;
use super::need::Need;
use super::resolve_ty::TypeScope;
use super::traits::{Bounds, ImplId, TraitId};
use super::ty::{Adt, AdtId, AdtKind, Field, Ty, Variant};
use crate::diag::Diagnostic;
use crate::hir::{FnId, Function, Param};
use crate::mir::Intrinsic;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Ast, Id, Mode, Node};
use crate::syntax::literal::string_value;
use rustc_hash::FxHashMap;

/// An item without its wrappers.
#[derive(Default, Clone)]
pub(super) struct Item {
    pub attrs: Vec<Id>,
    pub generics: Vec<Id>,
    pub is_async: bool,
    pub is_public: bool,
}

/// A struct, enum, trait, function or impl that later passes go through again.
pub(super) struct Found {
    pub file: usize,
    pub id: Id,
    pub item: Item,
}

/// Where a function is declared, and what it has from there.
#[derive(Default)]
pub(super) struct Owner {
    pub generics: Vec<Name>,
    pub bounds: Vec<Bounds>,
    pub self_ty: Option<Ty>,
    /// The trait around it, or the one that is implemented.
    pub of: Option<TraitId>,
    /// In the trait itself: it may have no body.
    pub in_trait: bool,
    /// Not in an impl of a trait, whose methods are found through the trait.
    pub inherent: bool,
}

#[derive(Default)]
pub struct Collector {
    adts: Vec<(AdtId, Found)>,
    functions: Vec<Found>,
    traits: Vec<(TraitId, Found)>,
    pub(super) impls: Vec<Found>,
    trait_impls: Vec<Found>,
    scripts: Vec<(usize, Vec<Id>)>,
}

/// What `@intrinsic`, `@sugar`, `@by_element`, `@needs` and `@optional` of the standard library say.
#[derive(Default)]
struct Attributes {
    intrinsic: Option<Intrinsic>,
    sugar: Option<Sugar>,
    by_element: Option<Name>,
    needs: Option<Need>,
    optional: bool,
}

pub(super) fn peel(ast: &Ast, mut id: Id) -> (Id, Item) {
    let mut item = Item::default();
    loop {
        match ast.node(id) {
            Node::Attrs(attrs, inner) => {
                item.attrs.extend(ast.list(attrs));
                id = inner;
            }
            Node::Pub(inner) => {
                item.is_public = true;
                id = inner;
            }
            Node::Async(inner) => {
                item.is_async = true;
                id = inner;
            }
            Node::Generics(params, inner) => {
                item.generics.extend(ast.list(params));
                id = inner;
            }
            _ => return (id, item),
        }
    }
}

/// The first `len` bytes of a place: the keyword of an item.
fn start(span: Span, len: u32) -> Span {
    Span { hi: span.hi.min(span.lo + len), ..span }
}

impl Cx<'_> {
    pub fn collect(&mut self, imports: &[Vec<Imported>]) {
        let mut c = Collector::default();
        for file in 0..self.asts.len() {
            self.collect_file(&mut c, file);
        }
        for (file, imports) in imports.iter().enumerate() {
            for import in imports {
                if let Some(target) = import.file {
                    self.add_module(file, import.node, target);
                }
            }
        }
        self.import_types();
        self.find_lang_types();
        for (id, found) in &c.traits {
            self.declare_assoc_types(*id, found);
        }
        for (id, found) in &c.adts {
            self.adt_bounds.get_mut()[id.0 as usize] = self.bounds_of(found.file, &found.item.generics);
        }
        let trait_impls = std::mem::take(&mut c.trait_impls);
        let implementations: Vec<(ImplId, Found)> =
            trait_impls.into_iter().filter_map(|found| self.declare_implementation(&mut c, found)).collect();
        self.bind_assoc_types();
        self.resolve_aliases();
        for (id, found) in &c.adts {
            self.resolve_adt(*id, found);
        }
        self.check_recursion();
        for (id, found) in &c.traits {
            self.declare_trait_methods(*id, found);
        }
        for found in &c.functions {
            self.declare_function(found, &Owner::default());
        }
        for found in &c.impls {
            self.declare_impl(found);
        }
        for (id, found) in &implementations {
            self.declare_implemented_methods(*id, found);
        }
        self.check_implementations();
        self.import_functions();
        self.declaring = false;
        self.check_written();
        self.find_main(&c);
    }

    fn collect_file(&mut self, c: &mut Collector, file: usize) {
        let ast = self.ast(file);
        let mut script = Vec::new();
        let mut module = None;
        for &root in &ast.roots {
            match ast.node(root) {
                Node::Module(_, items) => {
                    let span = ast.span(root);
                    if let Some(first) = module {
                        self.stray(start(span, 6), first, "a file holds one module");
                        continue;
                    }
                    module = Some(start(span, 6));
                    self.check_meta(ast, ast.list(items), start(span, 6));
                    for &item in ast.list(items) {
                        self.collect_item(c, file, item, &mut script);
                    }
                }
                _ if module.is_some() => {
                    let span = ast.span(root);
                    let first = module.unwrap_or(span);
                    self.stray(span, first, "nothing may stand beside a module");
                }
                _ => self.collect_item(c, file, root, &mut script),
            }
        }
        if !script.is_empty() {
            c.scripts.push((file, script));
        }
    }

    fn stray(&mut self, span: Span, module: Span, message: &str) {
        self.report(
            Diagnostic::error(codes::STRAY, span, message)
                .label("outside the module")
                .secondary(module, "the module of this file")
                .help("move it into the module's braces"),
        );
    }

    fn check_meta(&mut self, ast: &Ast, items: &[Id], module: Span) {
        let Some(&meta) = items.iter().find(|&&i| matches!(ast.node(i), Node::Meta(_))) else {
            self.report(
                Diagnostic::error("E0210", module, "the module has no `meta` block")
                    .label("a module says what it is for")
                    .help("add `meta { purpose: \"…\" }` as its first entry"),
            );
            return;
        };
        let Node::Meta(entries) = ast.node(meta) else { return };
        let mut purpose = None;
        for &entry in ast.list(entries) {
            if let Node::FieldInit(name, value) = ast.node(entry)
                && self.text(name) == "purpose"
                && matches!(ast.node(value), Node::Str)
            {
                purpose = Some(ast.span(value));
            }
        }
        match purpose {
            None => self.report(
                Diagnostic::error("E0212", start(ast.span(meta), 4), "`meta` has no `purpose`")
                    .label("no `purpose` in this block")
                    .help("add `purpose: \"…\"`"),
            ),
            Some(span) if string_value(self.sources.text(span)).trim().is_empty() => self.report(
                Diagnostic::error("E0211", span, "the `purpose` of the module is blank")
                    .label("nothing but white space")
                    .help("say in one sentence what the module is for"),
            ),
            Some(_) => {}
        }
    }

    fn collect_item(&mut self, c: &mut Collector, file: usize, root: Id, script: &mut Vec<Id>) {
        let ast = self.ast(file);
        let (id, item) = peel(ast, root);
        let span = ast.span(id);
        let word = |len| start(span, len);
        match ast.node(id) {
            Node::Struct(name, _) => self.declare_adt(c, name, AdtKind::Struct, Found { file, id, item }),
            Node::Enum(name, _) => self.declare_adt(c, name, AdtKind::Enum, Found { file, id, item }),
            Node::Fn(..) => c.functions.push(Found { file, id, item }),
            Node::Impl(_, Id::NONE, _) => c.impls.push(Found { file, id, item }),
            Node::Impl(..) => c.trait_impls.push(Found { file, id, item }),
            Node::Trait(name, _) => {
                let of = self.declare_trait(file, name, span, &item);
                self.publish_type(file, name, &item);
                c.traits.push((of, Found { file, id, item }));
            }
            Node::Alias(name, ty, clause) => {
                if clause != Id::NONE {
                    self.unsupported(
                        ast.span(clause),
                        "refinement types are",
                        "check the condition where values are made",
                    );
                }
                let alias = TypeDef::Alias(self.aliases.len());
                self.aliases.get_mut().push(Alias { file, ty, name, state: AliasState::Untouched });
                self.add_type(file, name, alias, span);
                self.publish_type(file, name, &item);
            }
            // Whoever reads the files has dealt with it.
            Node::Import(..) => {}
            Node::Actor(..) => {
                self.unsupported(word(5), "actors are", "use a spawned loop that receives from a channel")
            }
            Node::Intent(..) => self.unsupported(word(6), "intents are", "write the functions themselves"),
            Node::Invariant(_) => self.unsupported(word(9), "invariants are", "check the condition in the functions"),
            Node::Test(..) => self.unsupported(word(4), "tests are", "call the code from `main`"),
            Node::Describe(..) => self.unsupported(word(8), "tests are", "call the code from `main`"),
            Node::Setup(_) | Node::Teardown(_) => self.unsupported(word(8), "tests are", "call the code from `main`"),
            Node::Meta(_) | Node::Error => {}
            _ => script.push(root),
        }
    }

    pub(super) fn add_type(&mut self, file: usize, name: Name, def: TypeDef, span: Span) {
        if let Some(old) = self.scopes.get_mut()[file].types.insert(name, def) {
            let first = self.type_span(&old);
            self.duplicate("type", name, first, span);
        }
    }

    fn publish_type(&mut self, file: usize, name: Name, item: &Item) {
        if item.is_public {
            self.scopes.get_mut()[file].public_types.insert(name);
        }
    }

    fn declare_adt(&mut self, c: &mut Collector, name: Name, kind: AdtKind, found: Found) {
        let ast = self.ast(found.file);
        let span = self.name_span(ast.span(found.id), name);
        let params = self.generic_names(found.file, &found.item.generics);
        let id = AdtId(self.adts.len() as u32);
        self.adts.get_mut().push(Adt { name, kind, span, params, variants: Vec::new() });
        self.adt_bounds.get_mut().push(Vec::new());
        self.add_type(found.file, name, TypeDef::Adt(id), span);
        self.publish_type(found.file, name, &found.item);
        c.adts.push((id, found));
    }

    /// The place of a declared name: the first occurrence of its text in the declaration.
    pub(super) fn name_span(&self, span: Span, name: Name) -> Span {
        let (text, name) = (self.sources.text(span), self.text(name));
        // After the keyword, so that `struct s` finds the second `s`.
        let skip = text.find(char::is_whitespace).unwrap_or(0);
        match text[skip..].find(name) {
            Some(at) => {
                let lo = span.lo + (skip + at) as u32;
                Span { lo, hi: lo + name.len() as u32, ..span }
            }
            None => span,
        }
    }

    pub(super) fn generic_names(&mut self, file: usize, params: &[Id]) -> Vec<Name> {
        let ast = self.ast(file);
        let mut names: Vec<Name> = Vec::new();
        for &param in params {
            let Node::Generic(name, _) = ast.node(param) else { continue };
            if names.contains(&name) {
                self.duplicate("type parameter", name, ast.span(param), ast.span(param));
            }
            names.push(name);
        }
        names
    }

    /// `Option` and `Result` of the prelude, and their bare constructors.
    fn find_lang_types(&mut self) {
        for (text, which) in [("Option", 0), ("Result", 1), ("Map", 2), ("Set", 3), ("Iterator", 4)] {
            let Some(name) = self.names.get(text) else { continue };
            if let Some(TypeDef::Adt(id)) = self.scopes[PRELUDE_FILE].types.get(&name).copied() {
                match which {
                    0 => self.option = id,
                    1 => self.result = id,
                    2 => self.map = Some(id),
                    3 => self.set = Some(id),
                    _ => self.iterator = Some(id),
                }
            }
        }
    }

    fn resolve_adt(&mut self, id: AdtId, found: &Found) {
        let ast = self.ast(found.file);
        let generics = self.adt(id).params.clone();
        let bounds = self.adt_bounds[id.0 as usize].clone();
        let scope = TypeScope { bounds: &bounds, ..TypeScope::new(found.file, &generics) };
        let mut variants = Vec::new();
        match ast.node(found.id) {
            Node::Struct(name, fields) => {
                let mut list: Vec<Field> = Vec::new();
                let mut seen: FxHashMap<Name, Span> = FxHashMap::default();
                for &field in ast.list(fields) {
                    let Node::FieldInit(name, ty) = ast.node(field) else { continue };
                    let span = ast.span(field);
                    let ty = self.resolve_ty(scope, ty);
                    if let Some(&first) = seen.get(&name) {
                        self.duplicate("field", name, first, span);
                        continue;
                    }
                    seen.insert(name, span);
                    list.push(Field { name: Some(name), ty, span });
                }
                variants.push(Variant { name, span: self.adt(id).span, fields: list });
            }
            Node::Enum(_, list) => {
                let mut seen: FxHashMap<Name, Span> = FxHashMap::default();
                for &variant in ast.list(list) {
                    let Node::Variant(name, payload) = ast.node(variant) else { continue };
                    let span = ast.span(variant);
                    let fields = ast
                        .list(payload)
                        .iter()
                        .map(|&t| Field { name: None, ty: self.resolve_ty(scope, t), span: ast.span(t) })
                        .collect();
                    if let Some(&first) = seen.get(&name) {
                        self.duplicate("variant", name, first, span);
                        continue;
                    }
                    seen.insert(name, span);
                    variants.push(Variant { name, span, fields });
                }
            }
            _ => {}
        }
        let name = self.text(self.adt(id).name);
        if matches!(name, "Option" | "Result") {
            for (index, variant) in variants.iter().enumerate() {
                self.scopes.get_mut()[found.file].bare.insert(variant.name, (id, index as u32));
            }
        }
        self.adts.get_mut()[id.0 as usize].variants = variants;
    }

    fn declare_impl(&mut self, found: &Found) {
        let ast = self.ast(found.file);
        let Node::Impl(ty, target, items) = ast.node(found.id) else { return };
        // Of a trait that does not exist, the methods are kept: what calls them is not wrong.
        let ty = target.some().unwrap_or(ty);
        let generics = self.generic_names(found.file, &found.item.generics);
        let bounds = self.bounds_of(found.file, &found.item.generics);
        let scope = TypeScope { bounds: &bounds, ..TypeScope::new(found.file, &generics) };
        let self_ty = self.resolve_ty(scope, ty);
        let owner = Owner { generics, bounds, self_ty: Some(self_ty), inherent: true, ..Owner::default() };
        for &entry in ast.list(items) {
            let (id, item) = peel(ast, entry);
            match ast.node(id) {
                Node::Fn(..) => {
                    self.declare_function(&Found { file: found.file, id, item }, &owner);
                }
                Node::Alias(..) if target == Id::NONE => {
                    self.report(
                        Diagnostic::error("E0234", ast.span(id), "an associated type belongs to a trait")
                            .label("this `impl` is of no trait")
                            .help("write `impl Trait for Type`, or declare the type outside the `impl`"),
                    );
                }
                _ => {}
            }
        }
    }

    pub(super) fn declare_function(&mut self, found: &Found, owner: &Owner) -> Option<FnId> {
        let self_ty = owner.self_ty;
        let ast = self.ast(found.file);
        let Node::Fn(sig, body) = ast.node(found.id) else { return None };
        let (sig, sig_item) = peel(ast, sig);
        let Node::Sig(name, rest) = ast.node(sig) else { return None };
        let Node::SigRest(params, result, contracts) = ast.node(rest) else { return None };
        let impl_generics = owner.generics.len();
        let mut generics = owner.generics.clone();
        let own = self.generic_names(found.file, &sig_item.generics);
        generics.extend(own);
        let mut bounds = owner.bounds.clone();
        bounds.extend(self.bounds_of(found.file, &sig_item.generics));
        let scope = TypeScope { self_ty, bounds: &bounds, of: owner.of, ..TypeScope::new(found.file, &generics) };
        let span = self.name_span(ast.span(sig), name);
        for &contract in ast.list(contracts) {
            self.unsupported(ast.span(contract), "contracts are", "check the condition with `if` and `panic`");
        }

        let mut list: Vec<Param> = Vec::new();
        let mut has_self = false;
        let mut is_broken = false;
        for (index, &param) in ast.list(params).iter().enumerate() {
            let span = ast.span(param);
            let (name, ty, mode) = match ast.node(param) {
                Node::Param(name, ty, mode) => (name, self.resolve_ty(scope, ty), mode),
                Node::SelfParam(mode) => {
                    let name = self.receiver;
                    match self_ty {
                        Some(ty) if index == 0 => {
                            has_self = true;
                            (name, ty, mode)
                        }
                        _ => {
                            self.report(
                                Diagnostic::error("E0201", span, "`self` is the first parameter of a method")
                                    .label("not a method's first parameter")
                                    .help("give the parameter a name and a type"),
                            );
                            (name, Ty::ERROR, mode)
                        }
                    }
                }
                _ => {
                    is_broken = true;
                    continue;
                }
            };
            if let Some(first) = list.iter().find(|p| p.name == name) {
                let first = first.span;
                self.duplicate("parameter", name, first, span);
            }
            if found.item.is_async && matches!(mode, Mode::Ref | Mode::Mut) {
                self.report(
                    Diagnostic::error("E0280", span, "an async function cannot borrow its parameters")
                        .label("the body may outlive the caller's variable")
                        .help("take the value itself: leave `ref` or `mut` out"),
                );
            }
            list.push(Param { name, span, ty, mode });
        }
        let result_ty = match result {
            // It may stand in the broken part.
            Id::NONE if is_broken => Ty::ERROR,
            Id::NONE => Ty::UNIT,
            _ => self.resolve_ty(scope, result),
        };
        let Attributes { intrinsic, sugar, by_element, needs, optional } = self.attributes(found);
        let no_body = body == Id::NONE && intrinsic.is_none() && !owner.in_trait;
        if no_body && found.file != PRELUDE_FILE && !is_broken {
            let text = self.text(name).to_owned();
            self.report(
                Diagnostic::error(codes::NO_BODY, span, format!("the function `{text}` has no body"))
                    .label("a body is missing")
                    .help("add `{ … }` after its signature"),
            );
        }

        let id = FnId(self.functions.len() as u32);
        let own_text = self.text(name).to_owned();
        let display_name = match (self_ty, owner.of) {
            (_, Some(of)) if owner.in_trait => format!("{}.{own_text}", self.text(self.types.traits.get(of).name)),
            (Some(ty), _) => {
                let whole = self.display(ty, &generics);
                format!("{}.{own_text}", whole.split('<').next().unwrap_or_default())
            }
            (None, _) => own_text,
        };
        self.functions.get_mut().push(Function {
            name,
            display_name,
            span,
            generics,
            params: list,
            result: result_ty,
            is_async: found.item.is_async,
            intrinsic,
            body: None,
        });
        use Intrinsic::{Eprint, Eprintln, Print, Println, ToString};
        self.infos.get_mut().push(FnInfo {
            file: found.file,
            body: if body == Id::NONE { BodyAst::None } else { BodyAst::Block(body) },
            has_self,
            is_public: found.item.is_public,
            is_broken,
            impl_generics,
            self_ty,
            bounds,
            of: owner.of,
            written: ast.span(sig),
            result_span: (result != Id::NONE).then(|| ast.span(result)),
            sugar,
            needs_text: matches!(intrinsic, Some(Print | Println | Eprint | Eprintln | ToString)),
            by_element,
            needs,
            optional,
        });
        if let Some(intrinsic) = intrinsic {
            self.intrinsics.get_mut().entry(intrinsic).or_insert(id);
        }
        match self_ty {
            None => {
                if found.item.is_public {
                    self.scopes.get_mut()[found.file].public_functions.insert(name);
                }
                if let Some(old) = self.scopes.get_mut()[found.file].functions.insert(name, id) {
                    let first = self.signature(old).span;
                    self.duplicate("function", name, first, span);
                }
            }
            Some(ty) if owner.inherent => {
                let Some(head) = self.types.head(ty) else {
                    if ty != Ty::ERROR {
                        self.unsupported(span, "methods on this type are", "write a function");
                    }
                    return Some(id);
                };
                // The prelude's methods come first; a user's one of the same name replaces them.
                if let Some(old) = self.methods.get_mut().insert((head, name), id)
                    && self.info(old).file != PRELUDE_FILE
                {
                    let first = self.signature(old).span;
                    self.duplicate("method", name, first, span);
                }
            }
            Some(_) => {}
        }
        Some(id)
    }

    fn attributes(&mut self, found: &Found) -> Attributes {
        let mut all = Attributes::default();
        if found.file != PRELUDE_FILE {
            return all;
        }
        let ast = self.ast(found.file);
        for &attr in &found.item.attrs {
            let Node::Annotation(name, args) = ast.node(attr) else { continue };
            let value = ast.list(args).first().map(|&arg| string_value(self.sources.text(ast.span(arg))));
            let value = value.unwrap_or_default();
            let known = match self.text(name) {
                "intrinsic" => {
                    all.intrinsic = Intrinsic::from_name(&value);
                    all.intrinsic.is_some()
                }
                "sugar" => {
                    all.sugar = Sugar::from_name(&value);
                    all.sugar.is_some()
                }
                "needs" => {
                    all.needs = Need::from_name(&value);
                    all.needs.is_some()
                }
                "by_element" => {
                    all.by_element = Some(self.names.get_mut().intern(&value));
                    true
                }
                "optional" => {
                    all.optional = true;
                    true
                }
                _ => false,
            };
            debug_assert!(known, "the prelude's annotation names something: {value}");
        }
        all
    }

    fn find_main(&mut self, c: &Collector) {
        let user = MAIN_FILE.min(self.asts.len() - 1);
        for (file, statements) in c.scripts.iter().filter(|(file, _)| *file > MAIN_FILE) {
            self.report(
                Diagnostic::error(
                    codes::STRAY,
                    self.ast(*file).span(statements[0]),
                    "statements of an imported module never run",
                )
                .label("outside a function")
                .help("move them into a function, and call that"),
            );
        }
        let main = self.names.get_mut().intern("main");
        let declared = if user == PRELUDE_FILE { None } else { self.scopes[user].functions.get(&main).copied() };
        let script = c.scripts.iter().find(|(file, _)| *file == user);
        if let Some((file, statements)) = script {
            let ast = self.ast(*file);
            let span = ast.span(statements[0]);
            if let Some(main) = declared {
                let first = self.signature(main).span;
                self.report(
                    Diagnostic::error(codes::STRAY, span, "a file with `fn main` has no statements outside functions")
                        .label("this would be the body of `main`")
                        .secondary(first, "`main` is declared here")
                        .help("move the statement into `main`"),
                );
            }
            let id = FnId(self.functions.len() as u32);
            self.functions.get_mut().push(Function {
                name: main,
                display_name: "main".into(),
                span,
                generics: Vec::new(),
                params: Vec::new(),
                result: Ty::UNIT,
                is_async: false,
                intrinsic: None,
                body: None,
            });
            self.infos.get_mut().push(FnInfo {
                file: *file,
                // Beside a `main`, what the statements do is no matter.
                body: if declared.is_some() { BodyAst::None } else { BodyAst::Script(statements.clone()) },
                has_self: false,
                is_public: false,
                is_broken: false,
                impl_generics: 0,
                self_ty: None,
                bounds: Vec::new(),
                of: None,
                written: span,
                result_span: None,
                sugar: None,
                needs_text: false,
                by_element: None,
                needs: None,
                optional: false,
            });
            self.main = declared.or(Some(id));
            return;
        }
        let Some(id) = declared else {
            let ast = self.ast(user);
            // A broken declaration may have been `main`.
            let broken = |ids: &[Id]| ids.iter().any(|&i| matches!(ast.node(i), Node::Error));
            let complete = ast.roots.iter().all(|&r| match ast.node(r) {
                Node::Module(_, items) => !broken(ast.list(items)),
                Node::Error => false,
                _ => true,
            });
            // Nodes without a root are what a parser left that gave up.
            if user != PRELUDE_FILE && complete && (ast.is_empty() || !ast.roots.is_empty()) {
                let end = self.sources.file(ast.file).text.len() as u32;
                let at = ast.roots.last().map_or(Span::new(ast.file, end, end), |&r| start(ast.span(r), 6));
                self.report(
                    Diagnostic::error(codes::NO_MAIN, at, "the program has no `main`")
                        .label("nothing here is where the program starts")
                        .help("add `fn main() { … }`"),
                );
            }
            return;
        };
        self.main = Some(id);
        self.functions.get_mut()[id.0 as usize].is_async = false;
        let f = self.signature(id);
        let (span, params, result, generic) =
            (f.span, f.params.first().map(|p| p.span), f.result, !f.generics.is_empty());
        if let Some(param) = params {
            self.report(
                Diagnostic::error(codes::BAD_MAIN, param, "`main` takes no parameters")
                    .label("nobody passes this")
                    .help("read the process's arguments with `args()`"),
            );
        }
        if generic {
            self.report(
                Diagnostic::error(codes::BAD_MAIN, span, "`main` takes no type parameters")
                    .label("nobody chooses the types")
                    .help("remove the type parameters"),
            );
        }
        if !matches!(result, Ty::UNIT | Ty::INT | Ty::ERROR) {
            let at = self.info(id).result_span.unwrap_or(span);
            let shown = self.display(result, &[]);
            self.report(
                Diagnostic::error(codes::BAD_MAIN, at, format!("`main` cannot return {shown}"))
                    .label("the exit status is an Int")
                    .help("return `Int` or nothing"),
            );
        }
    }
}
