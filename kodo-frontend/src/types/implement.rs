//! Declarations of traits and their impls: what an impl must contain, and whether its methods are those of the trait.
//!
//! Names of traits first, then which types implement them, then associated types, and only then signatures, which may name
//! all of these in any order.

use super::bounds::Holds;
use super::codes;
use super::collect::{Collector, Found, Item, Owner, peel};
use super::context::{AssocState, Cx, ImplSource, PRELUDE_FILE, TypeDef};
use super::need::Need;
use super::resolve_ty::{TypeScope, plural};
use super::suggest::nearest;
use super::traits::{AssocDecl, Bounds, Impl, ImplId, Trait, TraitId};
use super::ty::{Ty, TyKind};
use crate::diag::Diagnostic;
use crate::hir::FnId;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Mode, Node};

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Default | Mode::Own => "by value",
        Mode::Ref => "with `ref`",
        Mode::Mut => "with `mut`",
    }
}

/// `own` and nothing are the same.
fn same_mode(a: Mode, b: Mode) -> bool {
    word(a) == word(b)
}

impl Cx<'_> {
    pub(super) fn declare_trait(&mut self, file: usize, name: Name, span: Span, item: &Item) -> TraitId {
        let id = TraitId(self.types.traits.traits.len() as u32);
        if let Some(&first) = item.generics.first() {
            let at = self.ast(file).span(first);
            self.unsupported(at, "type parameters of traits are", "use an associated type: `type Item`");
        }
        let span = self.name_span(span, name);
        let promises = if file == PRELUDE_FILE { Need::from_trait(self.text(name)) } else { None };
        self.types.traits.traits.push(Trait {
            name,
            span,
            assoc: Vec::new(),
            methods: Vec::new(),
            table: Vec::new(),
            not_dyn: promises.map(|_| (span, "it compares values of one type with each other".to_owned())),
            promises,
            has_static: false,
        });
        self.add_type(file, name, TypeDef::Trait(id), span);
        id
    }

    pub(super) fn declare_assoc_types(&mut self, id: TraitId, found: &Found) {
        let ast = self.ast(found.file);
        let Node::Trait(_, items) = ast.node(found.id) else { return };
        for &entry in ast.list(items) {
            let Node::AssocType(name, bounds) = ast.node(entry) else { continue };
            let span = ast.span(entry);
            let bounds = self.bounds(found.file, ast.list(bounds));
            let known = &self.types.traits.get(id).assoc;
            if let Some(first) = known.iter().find(|a| a.name == name).map(|a| a.span) {
                self.duplicate("associated type", name, first, span);
                continue;
            }
            self.types.traits.traits[id.0 as usize].assoc.push(AssocDecl { name, span, bounds });
        }
    }

    /// Which type implements which trait. An impl of something else is left to the plain ones: its methods exist.
    pub(super) fn declare_implementation(&mut self, c: &mut Collector, found: Found) -> Option<(ImplId, Found)> {
        let ast = self.ast(found.file);
        let Node::Impl(of, target, items) = ast.node(found.id) else { return None };
        let at = ast.span(of);
        let of = match ast.node(of) {
            Node::NamedType(path, args) => {
                if let Some(&arg) = ast.list(args).first() {
                    self.unsupported(
                        ast.span(arg),
                        "type parameters of traits are",
                        "use an associated type: `type Item`",
                    );
                }
                self.trait_at(found.file, path)
            }
            Node::Error => None,
            _ => {
                self.report(
                    Diagnostic::error("E0230", at, "this is no name of a trait")
                        .label("not a trait")
                        .help("write `impl Trait for Type { … }`"),
                );
                None
            }
        };
        let Some(of) = of else {
            c.impls.push(found);
            return None;
        };
        if let Some(need) = self.types.traits.get(of).promises {
            let (text, at) = (self.text(self.types.traits.get(of).name).to_owned(), ast.span(target));
            self.report(
                Diagnostic::error(codes::OVERLAP, at, format!("`{text}` is not implemented by hand"))
                    .label("its parts decide whether it has it")
                    .note(need.rule())
                    .help("remove this impl"),
            );
            return None;
        }
        let generics = self.generic_names(found.file, &found.item.generics);
        let bounds = self.bounds_of(found.file, &found.item.generics);
        let scope = TypeScope { bounds: &bounds, ..TypeScope::new(found.file, &generics) };
        let target_at = ast.span(target);
        let on = self.resolve_ty(scope, target);
        match self.types.kind(on) {
            TyKind::Param(_) | TyKind::Assoc(..) => {
                self.unsupported(
                    target_at,
                    "an impl for every type is",
                    "implement the trait for the types that need it",
                );
                return None;
            }
            _ if self.types.has_assoc(on) => {
                self.unsupported(target_at, "an impl for an associated type is", "name the type itself");
                return None;
            }
            _ => {}
        }
        self.check_parameters_used(&found, on, target_at);
        let id = ImplId(self.types.traits.impls.len() as u32);
        let declared = self.types.traits.get(of);
        let (assoc_names, methods) = (declared.assoc.iter().map(|a| a.name).collect::<Vec<_>>(), Vec::new());
        let mut written: Vec<Option<Id>> = vec![None; assoc_names.len()];
        for &entry in ast.list(items) {
            let Node::Alias(name, ty, clause) = ast.node(entry) else { continue };
            let at = ast.span(entry);
            if clause != Id::NONE {
                self.unsupported(ast.span(clause), "refinement types are", "check the condition where values are made");
            }
            let Some(index) = assoc_names.iter().position(|&n| n == name) else {
                let text = self.text(name).to_owned();
                let declared = self.types.traits.get(of);
                let (trait_name, trait_at) = (self.text(declared.name).to_owned(), declared.span);
                let hint = nearest(&text, assoc_names.iter().map(|n| self.text(*n)));
                let help = match hint {
                    Some(hint) => format!("did you mean `{hint}`?"),
                    None => format!("remove it, or declare it in the trait: `type {text}`"),
                };
                self.report(
                    Diagnostic::error("E0234", at, format!("`{trait_name}` has no associated type `{text}`"))
                        .label("not in the trait")
                        .secondary(trait_at, "the trait is declared here")
                        .help(help),
                );
                continue;
            };
            if let Some(first) = written[index] {
                self.duplicate("associated type", name, ast.span(first), at);
                continue;
            }
            written[index] = Some(ty);
        }
        let missing: Vec<String> = (assoc_names.iter().zip(&written))
            .filter(|(_, w)| w.is_none())
            .map(|(n, _)| self.text(*n).to_owned())
            .collect();
        let span = Span { hi: target_at.hi, ..ast.span(found.id) };
        if !missing.is_empty() {
            let declared = self.types.traits.get(of);
            let trait_at = declared.assoc.iter().find(|a| self.text(a.name) == missing[0]).map_or(span, |a| a.span);
            let (shown, trait_name) = (self.display(on, &generics), self.text(declared.name).to_owned());
            let names = missing.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", ");
            let stubs = missing.iter().map(|m| format!("`type {m} = …`")).collect::<Vec<_>>().join(", ");
            self.report(
                Diagnostic::error(
                    "E0233",
                    span,
                    format!("the impl of `{trait_name}` for {shown} does not say what {names} is"),
                )
                .label("an associated type is missing")
                .secondary(trait_at, "declared here")
                .help(format!("add {stubs}")),
            );
        }
        self.report_overlap(of, on, generics.len() as u32, span, &generics);
        let states = vec![AssocState::Untouched; assoc_names.len()];
        self.impl_sources.get_mut().push(ImplSource { file: found.file, generics, assoc: written, states });
        let assoc = vec![Ty::ERROR; assoc_names.len()];
        let params = bounds.len() as u32;
        self.types.add_impl(Impl { of, on, params, bounds, assoc, methods, span });
        Some((id, found))
    }

    /// A parameter of the impl that its type does not name could stand for anything.
    fn check_parameters_used(&mut self, found: &Found, on: Ty, at: Span) {
        if on == Ty::ERROR {
            return;
        }
        let ast = self.ast(found.file);
        for (index, &param) in found.item.generics.iter().enumerate() {
            let Node::Generic(name, _) = ast.node(param) else { continue };
            let wanted = self.types.intern(TyKind::Param(index as u32));
            let mut used = false;
            self.types.map_leaves(on, &mut |types, kind| {
                used |= kind == types.kind(wanted);
                None
            });
            if !used {
                let text = self.text(name).to_owned();
                self.report(
                    Diagnostic::error(
                        codes::UNDETERMINED,
                        ast.span(param),
                        format!("nothing determines the type parameter `{text}`"),
                    )
                    .label("does not occur in the type")
                    .secondary(at, "the type that implements the trait")
                    .help("remove it, or declare it on the method that uses it"),
                );
            }
        }
    }

    /// Two impls of a trait for one type. Parameters of both may stand for anything.
    fn report_overlap(&mut self, of: TraitId, on: Ty, params: u32, span: Span, generics: &[Name]) {
        if let TyKind::Dyn(own) = self.types.kind(on)
            && *own == of
        {
            let shown = self.display(on, generics);
            let declared = self.types.traits.get(of).span;
            self.report(
                Diagnostic::error(codes::OVERLAP, span, format!("{shown} implements its trait already"))
                    .label("a second implementation")
                    .secondary(declared, "the trait is declared here")
                    .help("remove this impl: calls go to the type of the value"),
            );
            return;
        }
        // What stands for a type parameter may be any type.
        let others: Vec<ImplId> = match self.types.head(on) {
            Some(_) => self.types.impls_for(of, on).collect(),
            None => self.types.traits.impls_of(of).to_vec(),
        };
        for other in others {
            let other = self.types.traits.impl_(other);
            let (other_on, other_params, first) = (other.on, other.params, other.span);
            // Fresh variables for the parameters of both.
            let mut unifier = super::unify::Unifier::default();
            let a: Vec<Ty> = (0..params).map(|_| unifier.fresh(&mut self.types)).collect();
            let b: Vec<Ty> = (0..other_params).map(|_| unifier.fresh(&mut self.types)).collect();
            let (mine, theirs) = (self.types.subst(on, &a), self.types.subst(other_on, &b));
            if on == Ty::ERROR || other_on == Ty::ERROR || !unifier.unify(&mut self.types, mine, theirs) {
                continue;
            }
            let (shown, name) = (self.display(on, generics), self.text(self.types.traits.get(of).name).to_owned());
            self.report(
                Diagnostic::error(codes::OVERLAP, span, format!("`{name}` is implemented twice for {shown}"))
                    .label("implemented again here")
                    .secondary(first, "first implemented here")
                    .help("remove one of them"),
            );
            return;
        }
    }

    /// Associated types of all impls; those that others need are resolved before them.
    pub fn bind_assoc_types(&mut self) {
        for index in 0..self.impl_sources.len() {
            for assoc in 0..self.impl_sources[index].states.len() {
                let span = self.types.traits.impls[index].span;
                self.bind_assoc_type(ImplId(index as u32), assoc as u32, span);
            }
        }
    }

    pub(super) fn declare_trait_methods(&mut self, id: TraitId, found: &Found) {
        let ast = self.ast(found.file);
        let Node::Trait(_, items) = ast.node(found.id) else { return };
        let self_name = self.names.get_mut().intern("Self");
        let self_ty = self.types.intern(TyKind::Param(0));
        let at = self.types.traits.get(id).span;
        let owner = Owner {
            generics: vec![self_name],
            bounds: vec![vec![(id, at)]],
            self_ty: Some(self_ty),
            of: Some(id),
            in_trait: true,
            inherent: false,
        };
        let mut seen: Vec<(Name, Span)> = Vec::new();
        for &entry in ast.list(items) {
            let (node, item) = peel(ast, entry);
            if !matches!(ast.node(node), Node::Fn(..)) {
                continue;
            }
            let Some(f) = self.declare_function(&Found { file: found.file, id: node, item }, &owner) else { continue };
            let (name, span) = (self.signature(f).name, self.signature(f).span);
            if let Some(&(_, first)) = seen.iter().find(|(n, _)| *n == name) {
                self.duplicate("method", name, first, span);
                continue;
            }
            seen.push((name, span));
            let number = self.types.traits.get(id).methods.len() as u32;
            self.types.traits.methods.insert(f, (id, number));
            self.trait_methods.get_mut().entry(name).or_default().push(f);
            self.method_of_trait.get_mut().entry((id, name)).or_insert(f);
            let (has_self, broken) = (self.info(f).has_self, self.info(f).is_broken);
            let problem = self.not_dyn(f);
            let declared = &mut self.types.traits.traits[id.0 as usize];
            declared.methods.push(f);
            if !has_self {
                declared.has_static |= !broken;
            } else if let Some(problem) = problem {
                declared.not_dyn.get_or_insert(problem);
            } else {
                declared.table.push(number);
            }
        }
    }

    /// Why a method cannot be called without knowing the type of the value.
    fn not_dyn(&mut self, f: FnId) -> Option<(Span, String)> {
        let signature = self.signature(f);
        if signature.generics.len() > 1 {
            return Some((signature.span, "this method has type parameters of its own".into()));
        }
        let parts: Vec<(Ty, Span)> = (signature.params.iter().skip(1).map(|p| (p.ty, p.span)))
            .chain([(signature.result, self.info(f).result_span.unwrap_or(signature.span))])
            .collect();
        // The only type parameter is `Self`.
        parts.into_iter().find(|(ty, _)| self.types.has_param(*ty)).map(|(ty, span)| {
            let what = if self.types.has_assoc(ty) { "an associated type" } else { "`Self`" };
            (span, format!("{what} is not known here"))
        })
    }

    pub(super) fn declare_implemented_methods(&mut self, id: ImplId, found: &Found) {
        let ast = self.ast(found.file);
        let Node::Impl(_, _, items) = ast.node(found.id) else { return };
        let this = self.types.traits.impl_(id);
        let (of, on, bounds) = (this.of, this.on, this.bounds.clone());
        let generics = self.impl_sources[id.0 as usize].generics.clone();
        let declared: Vec<FnId> = self.types.traits.get(of).methods.clone();
        let mut methods: Vec<Option<FnId>> = vec![None; declared.len()];
        let mut broken = false;
        let mut owner = Owner { generics, bounds, self_ty: Some(on), of: Some(of), ..Owner::default() };
        for &entry in ast.list(items) {
            let (node, item) = peel(ast, entry);
            broken |= matches!(ast.node(node), Node::Error);
            let Node::Fn(sig, _) = ast.node(node) else { continue };
            let Node::Sig(name, _) = ast.node(peel(ast, sig).0) else { continue };
            let number = declared.iter().position(|&f| self.signature(f).name == name);
            // What the trait does not have is a method of the type.
            owner.inherent = number.is_none();
            let Some(f) = self.declare_function(&Found { file: found.file, id: node, item }, &owner) else { continue };
            let Some(number) = number else { continue };
            if let Some(first) = methods[number] {
                let (first, span) = (self.signature(first).span, self.signature(f).span);
                self.duplicate("method", name, first, span);
                continue;
            }
            methods[number] = Some(f);
            if !self.same_signature(declared[number], f, on) {
                // Calls go by the trait's signature; the body is not to be measured against it.
                broken = true;
            }
        }
        let missing: Vec<FnId> = (declared.iter().zip(&methods))
            .filter(|(f, m)| m.is_none() && matches!(self.info(**f).body, super::context::BodyAst::None))
            .map(|(f, _)| *f)
            .collect();
        if !missing.is_empty() && !broken {
            self.missing_methods(id, &missing);
        }
        self.types.traits.impls[id.0 as usize].methods = methods;
    }

    fn missing_methods(&mut self, id: ImplId, missing: &[FnId]) {
        let this = self.types.traits.impl_(id);
        let source = &self.impl_sources[id.0 as usize];
        let (span, shown) = (this.span, self.display(this.on, &source.generics));
        let name = self.text(self.types.traits.get(this.of).name).to_owned();
        let names: Vec<String> = missing.iter().map(|f| format!("`{}`", self.text(self.signature(*f).name))).collect();
        let stubs: Vec<String> = missing
            .iter()
            .map(|f| {
                let text = self.sources.text(self.info(*f).written).trim_end();
                format!("`{text} {{ … }}`")
            })
            .collect();
        let first = self.signature(missing[0]).span;
        self.report(
            Diagnostic::error("E0231", span, format!("the impl of `{name}` for {shown} lacks {}", names.join(", ")))
                .label(format!("{} missing", plural(missing.len(), "method")))
                .secondary(first, if missing.len() == 1 { "declared here" } else { "the first is declared here" })
                .help(format!("add {}", stubs.join(", "))),
        );
    }

    /// Compares a method with its declaration in the trait; reports the first difference.
    fn same_signature(&mut self, declared: FnId, f: FnId, on: Ty) -> bool {
        if self.info(declared).is_broken || self.info(f).is_broken {
            return true;
        }
        let (wanted, given) = (self.signature(declared), self.signature(f));
        let (name, at, wanted_at) = (wanted.display_name.clone(), given.span, wanted.span);
        let own = given.generics.len() - self.info(f).impl_generics;
        let wanted_own = wanted.generics.len() - 1;
        let generics = given.generics.clone();
        // The trait's parameters in terms of the method's.
        let first = self.info(f).impl_generics as u32;
        let wanted_params: Vec<(Ty, Mode, Span)> = wanted.params.iter().map(|p| (p.ty, p.mode, p.span)).collect();
        let given_params: Vec<(Ty, Mode, Span)> = given.params.iter().map(|p| (p.ty, p.mode, p.span)).collect();
        let (wanted_result, given_result, is_async) = (wanted.result, given.result, given.is_async);
        let mut args = vec![on];
        args.extend((0..wanted_own as u32).map(|n| self.types.intern(TyKind::Param(first + n))));

        let error = |at: Span, message: String, label: String, trait_at: Span, trait_label: String| {
            Diagnostic::error("E0200", at, message)
                .label(label)
                .secondary(trait_at, trait_label)
                .help("write the signature as the trait does")
        };
        if own != wanted_own {
            let (wants, has) = (plural(wanted_own, "type parameter"), plural(own, "type parameter"));
            self.report(error(
                at,
                format!("`{name}` has {wants}, this one has {has}"),
                format!("{has} here"),
                wanted_at,
                format!("{wants} in the trait"),
            ));
            return false;
        }
        let wanted_self = self.info(declared).has_self;
        if wanted_self != self.info(f).has_self {
            let (wants, has) = if wanted_self { ("takes `self`", "does not") } else { ("takes no `self`", "does") };
            self.report(error(
                at,
                format!("`{name}` {wants}, this one {has}"),
                "another kind of function".into(),
                wanted_at,
                "declared here".into(),
            ));
            return false;
        }
        if is_async {
            self.report(error(
                at,
                format!("`{name}` is not async"),
                "async here".into(),
                wanted_at,
                "declared without `async`".into(),
            ));
            return false;
        }
        if wanted_params.len() != given_params.len() {
            let skip = usize::from(wanted_self);
            let (wants, has) =
                (plural(wanted_params.len() - skip, "parameter"), plural(given_params.len() - skip, "parameter"));
            self.report(error(
                at,
                format!("`{name}` takes {wants}, this one takes {has}"),
                format!("{has} here"),
                wanted_at,
                format!("{wants} in the trait"),
            ));
            return false;
        }
        for (&(want, want_mode, want_at), &(have, mode, have_at)) in wanted_params.iter().zip(&given_params) {
            let want = self.types.subst(want, &args);
            if want != have && want != Ty::ERROR && have != Ty::ERROR {
                let (want, have) = (self.display(want, &generics), self.display(have, &generics));
                self.report(error(
                    have_at,
                    format!("`{name}` takes {want} here, not {have}"),
                    format!("this is {have}"),
                    want_at,
                    format!("{want} in the trait"),
                ));
                return false;
            }
            if !same_mode(want_mode, mode) {
                self.report(error(
                    have_at,
                    format!("`{name}` takes this parameter {}, not {}", word(want_mode), word(mode)),
                    format!("passed {}", word(mode)),
                    want_at,
                    format!("passed {} in the trait", word(want_mode)),
                ));
                return false;
            }
        }
        let want = self.types.subst(wanted_result, &args);
        if want != given_result && want != Ty::ERROR && given_result != Ty::ERROR {
            let (want, have) = (self.display(want, &generics), self.display(given_result, &generics));
            let at = self.info(f).result_span.unwrap_or(at);
            let trait_at = self.info(declared).result_span.unwrap_or(wanted_at);
            self.report(error(
                at,
                format!("`{name}` returns {want}, not {have}"),
                format!("this is {have}"),
                trait_at,
                format!("{want} in the trait"),
            ));
            return false;
        }
        self.same_bounds(declared, f, &generics, own)
    }

    /// The method's own type parameters may ask for no more than the trait says.
    fn same_bounds(&mut self, declared: FnId, f: FnId, generics: &[Name], own: usize) -> bool {
        let first = self.info(f).impl_generics;
        for n in 0..own {
            let wanted: Bounds = self.info(declared).bounds.get(1 + n).cloned().unwrap_or_default();
            let given: Bounds = self.info(f).bounds.get(first + n).cloned().unwrap_or_default();
            let Some(&(more, at)) = given.iter().find(|(id, _)| !wanted.iter().any(|(w, _)| w == id)) else { continue };
            let (param, bound) =
                (self.text(generics[first + n]).to_owned(), self.text(self.types.traits.get(more).name).to_owned());
            let trait_at = self.signature(declared).span;
            self.report(
                Diagnostic::error("E0200", at, format!("the trait does not ask that `{param}` implements `{bound}`"))
                    .label("asks for more than the trait")
                    .secondary(trait_at, "declared here without that bound")
                    .help("remove the bound, or add it in the trait"),
            );
            return false;
        }
        true
    }

    /// What needs all impls: bounds of associated types.
    pub fn check_implementations(&mut self) {
        for index in 0..self.impl_sources.len() {
            let this = &self.types.traits.impls[index];
            let (of, assoc, bounds) = (this.of, this.assoc.clone(), this.bounds.clone());
            for (n, ty) in assoc.into_iter().enumerate() {
                let needs = self.types.traits.get(of).assoc[n].bounds.clone();
                let source = &self.impl_sources[index];
                let Some(written) = source.assoc[n] else { continue };
                let (span, generics) = (self.ast(source.file).span(written), source.generics.clone());
                for (need, at) in needs {
                    if self.holds(&bounds, need, ty) == Holds::No {
                        let error = self.unsatisfied(&generics, &bounds, (need, ty), span, Some(at));
                        self.report(error);
                    }
                }
            }
        }
    }
}
