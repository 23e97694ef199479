//! Which types implement which traits, and what to say if one does not.

use super::codes;
use super::context::{AssocState, Cx, TypeDef};
use super::modules::Item;
use super::need;
use super::resolve_ty::TypeScope;
use super::suggest::nearest;
use super::traits::{Bounds, Fit, ImplId, TraitId};
use super::ty::{Ty, TyKind};
use crate::diag::Diagnostic;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Node};

/// Does a type implement a trait?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    Yes,
    No,
    /// It depends on inference variables.
    Maybe,
}

impl Cx<'_> {
    /// The trait of that name, or a report that there is none.
    pub fn trait_named(&mut self, file: usize, name: Name, span: Span) -> Option<TraitId> {
        let text = self.text(name).to_owned();
        let found = self.type_def(file, name);
        if let Some(TypeDef::Trait(id)) = found {
            return Some(id);
        }
        let error = if found.is_some() {
            Diagnostic::error("E0230", span, format!("`{text}` is a type, not a trait"))
                .label("not a trait")
                .help("name a trait here, declared with `trait`")
        } else {
            if let Some(report) = self.import_problem(file, name, span) {
                self.report(report);
                return None;
            }
            let known = self.types.traits.traits.iter().map(|t| self.names.text(t.name));
            let help = match nearest(&text, known) {
                Some(hint) => format!("did you mean `{hint}`?"),
                None => format!("declare it: `trait {text} {{ … }}`"),
            };
            Diagnostic::error("E0230", span, format!("there is no trait `{text}`")).label("unknown trait").help(help)
        };
        self.report(error);
        None
    }

    /// A public trait of a module, or a report that there is none.
    pub fn trait_of_module(&mut self, module: usize, name: Name, span: Span) -> Option<TraitId> {
        let text = self.text(name).to_owned();
        match self.item_of(module, name, span) {
            Ok(Item::Type(TypeDef::Trait(id))) => return Some(id),
            Ok(_) => self.report(
                Diagnostic::error("E0230", span, format!("`{text}` is no trait"))
                    .label("not a trait")
                    .help("name a trait here, declared with `trait`"),
            ),
            Err(report) => self.report(*report),
        }
        None
    }

    /// The bounds of generic parameters, one list for each.
    pub fn bounds_of(&mut self, file: usize, params: &[Id]) -> Vec<Bounds> {
        let ast = self.ast(file);
        let mut all = Vec::with_capacity(params.len());
        for &param in params {
            if let Node::Generic(_, bounds) = ast.node(param) {
                all.push(self.bounds(file, ast.list(bounds)));
            }
        }
        all
    }

    /// Traits as written after `:`.
    pub fn bounds(&mut self, file: usize, list: &[Id]) -> Bounds {
        let ast = self.ast(file);
        let mut bounds = Bounds::new();
        for &bound in list {
            bounds.extend(self.trait_at(file, bound).map(|id| (id, ast.span(bound))));
        }
        bounds
    }

    /// The trait that a path names, or a report that there is none.
    pub fn trait_at(&mut self, file: usize, path: Id) -> Option<TraitId> {
        let ast = self.ast(file);
        let span = ast.span(path);
        match ast.node(path) {
            Node::Path(name) => self.trait_named(file, name, span),
            Node::Member(owner, name) => match self.module_at(file, owner) {
                Some(module) => self.trait_of_module(module, name, span),
                None => {
                    let owner = ast.span(owner);
                    let text = self.sources.text(owner).to_owned();
                    self.report(
                        Diagnostic::error("E0218", owner, format!("there is no module `{text}`"))
                            .label("unknown module")
                            .help(format!("import it: `import {}`", text.replace("::", "."))),
                    );
                    None
                }
            },
            _ => None,
        }
    }

    pub fn dyn_type(&mut self, file: usize, path: Id, span: Span) -> Ty {
        match self.trait_at(file, path) {
            Some(id) => {
                self.dyn_used.push((id, span));
                self.types.intern(TyKind::Dyn(id))
            }
            None => Ty::ERROR,
        }
    }

    /// What a type parameter or an associated type is known to implement.
    pub fn known_bounds<'b>(&'b self, bounds: &'b [Bounds], ty: Ty) -> &'b [(TraitId, Span)] {
        match self.types.kind(ty) {
            TyKind::Param(n) => bounds.get(*n as usize).map_or(&[], Vec::as_slice),
            TyKind::Assoc(of, index, _) => &self.types.traits.get(*of).assoc[*index as usize].bounds,
            _ => &[],
        }
    }

    /// `bounds` are those of the type parameters in scope. The type is resolved.
    pub fn holds(&self, bounds: &[Bounds], of: TraitId, ty: Ty) -> Holds {
        if let Some(need) = self.types.traits.get(of).promises {
            return match need::missing_for_bound(need, &self.types, &self.adts, ty, bounds) {
                Some(_) => Holds::No,
                None if self.types.has_infer(ty) => Holds::Maybe,
                None => Holds::Yes,
            };
        }
        match self.types.kind(ty) {
            TyKind::Error | TyKind::Never => return Holds::Yes,
            TyKind::Infer(_) => return Holds::Maybe,
            TyKind::Param(_) | TyKind::Assoc(..) => {
                let known = self.known_bounds(bounds, ty).iter().any(|(id, _)| *id == of);
                return match known {
                    true => Holds::Yes,
                    false if self.types.has_infer(ty) => Holds::Maybe,
                    false => Holds::No,
                };
            }
            TyKind::Dyn(own) if *own == of => {
                return if self.types.traits.get(of).has_static { Holds::No } else { Holds::Yes };
            }
            _ => {}
        }
        let mut answer = Holds::No;
        for id in self.types.impls_for(of, ty) {
            let found = self.types.traits.impl_(id);
            match self.types.fit(found.params, found.on, ty) {
                Fit::No => {}
                Fit::Maybe => answer = Holds::Maybe,
                Fit::Yes(args) => {
                    let mut all = Holds::Yes;
                    for (&arg, needs) in args.iter().zip(&found.bounds) {
                        for &(need, _) in needs {
                            match stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.holds(bounds, need, arg)) {
                                Holds::Yes => {}
                                Holds::No => return Holds::No,
                                Holds::Maybe => all = Holds::Maybe,
                            }
                        }
                    }
                    return all;
                }
            }
        }
        answer
    }

    /// The part of the type because of which it does not implement the trait, and what that part lacks.
    fn reason(&self, bounds: &[Bounds], mut of: TraitId, mut ty: Ty) -> (TraitId, Ty) {
        while let Some((id, args)) = self.types.find_impl(of, ty) {
            let needs = &self.types.traits.impl_(id).bounds;
            let next = args.iter().zip(needs).find_map(|(&arg, needs)| {
                let (need, _) = needs.iter().find(|(need, _)| self.holds(bounds, *need, arg) == Holds::No)?;
                Some((*need, arg))
            });
            match next {
                Some(next) => (of, ty) = next,
                None => break,
            }
        }
        (of, ty)
    }

    /// E0232: the type does not implement the trait that a bound, written at `bound`, asks for.
    pub fn unsatisfied(
        &self,
        generics: &[Name],
        bounds: &[Bounds],
        (of, ty): (TraitId, Ty),
        span: Span,
        bound: Option<Span>,
    ) -> Diagnostic {
        let (why, mut part) = self.reason(bounds, of, ty);
        let promised = self.types.traits.get(why).promises;
        if let Some(need) = promised {
            part = need::missing_for_bound(need, &self.types, &self.adts, part, bounds).unwrap_or(part);
        }
        let (wanted, shown) = (self.text(self.types.traits.get(of).name), self.display(ty, generics));
        let mut error = Diagnostic::error("E0232", span, format!("{shown} does not implement `{wanted}`"))
            .label(format!("this is {shown}"));
        if let Some(at) = bound {
            error = error.secondary(at, format!("`{wanted}` is required here"));
        }
        let (need, part_shown) = (self.text(self.types.traits.get(why).name), self.display(part, generics));
        if let Some(need) = promised {
            error = error.note(need.rule());
        }
        if part != ty {
            error = error.note(format!("{shown} implements `{wanted}` only if {part_shown} implements `{need}`"));
        }
        error.help(match self.types.kind(part) {
            TyKind::Param(_) => format!("add the bound where it is declared: `{part_shown}: {need}`"),
            TyKind::Assoc(..) => format!("add the bound in the trait: `type …: {need}`"),
            _ if promised.is_some() => format!("use another type, or a part of this one that has `{need}`"),
            TyKind::Dyn(own) if *own == why => {
                format!("`{need}` has functions without `self`, which need a type: pass a value of a type that implements it")
            }
            _ => format!("implement it: `impl {need} for {part_shown} {{ … }}`"),
        })
    }

    /// Checks the arguments of written types against the bounds of their declarations.
    pub fn check_written(&mut self) {
        if self.declaring {
            return;
        }
        for written in std::mem::take(&mut self.written) {
            let needs = self.adt_bounds[written.adt.0 as usize].clone();
            for (&arg, needs) in written.args.iter().zip(&needs) {
                for &(need, at) in needs {
                    if self.holds(&written.bounds, need, arg) == Holds::No {
                        let error =
                            self.unsatisfied(&written.generics, &written.bounds, (need, arg), written.span, Some(at));
                        self.report(error);
                    }
                }
            }
        }
        for (id, span) in std::mem::take(&mut self.dyn_used) {
            let of = self.types.traits.get(id);
            let Some((at, why)) = of.not_dyn.clone() else { continue };
            if self.not_dyn.contains_key(&id) {
                continue;
            }
            let (text, builtin) = (self.text(of.name).to_owned(), of.promises.is_some());
            let error = Diagnostic::error(codes::NOT_DYN, span, format!("there is no `dyn {text}`"))
                .label("calls through this could not be typed")
                .help(format!("use a type parameter, `T: {text}`, or an enum of the types"));
            self.not_dyn.insert(id, if builtin { error.note(why) } else { error.secondary(at, why) });
        }
    }

    // ---- associated types

    /// `owner::name` as a type, which is spelled out at every level: nobody writes so many.
    pub fn assoc_path(&mut self, scope: TypeScope<'_>, owner: Id, name: Name, span: Span) -> Ty {
        const MAX_LEVELS: usize = 100;
        let ast = self.ast(scope.file);
        let mut outer = owner;
        for _ in 0..MAX_LEVELS {
            let Node::Member(next, _) = ast.node(outer) else { return self.assoc_levels(scope, owner, name, span) };
            outer = next;
        }
        self.report(
            Diagnostic::error("E0100", span, format!("a path of more than {MAX_LEVELS} associated types"))
                .label("this is too long")
                .help("name the type that it leads to"),
        );
        Ty::ERROR
    }

    fn assoc_levels(&mut self, scope: TypeScope<'_>, owner: Id, name: Name, span: Span) -> Ty {
        let ast = self.ast(scope.file);
        let on = match ast.node(owner) {
            Node::Path(own) => {
                let known = scope.generics.contains(&own)
                    || self.type_def(scope.file, own).is_some()
                    || self.text(own) == "Self"
                    || super::number::named(self.text(own)).is_some()
                    || matches!(self.text(own), "Bool" | "String" | "List" | "Channel" | "Future");
                if !known {
                    let text = self.text(own).to_owned();
                    let at = ast.span(owner);
                    let report = self.import_problem(scope.file, own, at).unwrap_or_else(|| {
                        Diagnostic::error("E0201", at, format!("there is no module or type `{text}`"))
                            .label("unknown name")
                            .help(format!("import the module: `import {text}`"))
                    });
                    self.report(report);
                    return Ty::ERROR;
                }
                self.named(scope, own, &[], ast.span(owner))
            }
            Node::Member(outer, own) => self.assoc_levels(scope, outer, own, ast.span(owner)),
            _ => Ty::ERROR,
        };
        if on == Ty::ERROR {
            return Ty::ERROR;
        }
        let has = |this: &Self, of: TraitId| {
            this.types.traits.get(of).assoc.iter().position(|a| a.name == name).map(|index| (of, index as u32))
        };
        let mut found: Vec<(TraitId, u32)> = Vec::new();
        if let (Some(of), true) = (scope.of, scope.self_ty == Some(on)) {
            found.extend(has(self, of));
        }
        if found.is_empty() {
            let traits: Vec<TraitId> = match self.types.kind(on) {
                TyKind::Param(_) | TyKind::Assoc(..) => {
                    self.known_bounds(scope.bounds, on).iter().map(|(id, _)| *id).collect()
                }
                _ => (0..self.types.traits.traits.len() as u32)
                    .map(TraitId)
                    .filter(|&id| self.types.find_impl(id, on).is_some())
                    .collect(),
            };
            for of in traits {
                if let Some(one) = has(self, of)
                    && !found.contains(&one)
                {
                    found.push(one);
                }
            }
        }
        let text = self.text(name).to_owned();
        let shown = self.display(on, scope.generics);
        match found[..] {
            [(of, index)] => self.assoc_of(of, index, on, span),
            [] => {
                let owner = self
                    .types
                    .traits
                    .traits
                    .iter()
                    .find(|t| t.assoc.iter().any(|a| a.name == name))
                    .map(|t| self.text(t.name).to_owned());
                let help = match (owner, self.types.kind(on)) {
                    (Some(owner), TyKind::Param(_)) => format!("add the bound: `{shown}: {owner}`"),
                    (Some(owner), _) => format!("implement the trait: `impl {owner} for {shown} {{ … }}`"),
                    (None, _) => format!("declare it in a trait: `type {text}`"),
                };
                self.report(
                    Diagnostic::error("E0201", span, format!("{shown} has no associated type `{text}`"))
                        .label("unknown type")
                        .help(help),
                );
                Ty::ERROR
            }
            [(first, _), (second, _), ..] => {
                let (a, b) = (self.types.traits.get(first), self.types.traits.get(second));
                let (first, second) = (self.text(a.name).to_owned(), self.text(b.name).to_owned());
                let error = Diagnostic::error(
                    codes::AMBIGUOUS,
                    span,
                    format!("`{text}` is declared in both `{first}` and `{second}`"),
                )
                .label("which one?")
                .secondary(a.span, "this trait has one")
                .secondary(b.span, "and so has this one")
                .help("give the associated types different names");
                self.report(error);
                Ty::ERROR
            }
        }
    }

    /// An associated type, that of the type's impl if it has one.
    pub fn assoc_of(&mut self, of: TraitId, index: u32, on: Ty, span: Span) -> Ty {
        if let Some((id, _)) = self.types.find_impl(of, on)
            && !self.bind_assoc_type(id, index, span)
        {
            return Ty::ERROR;
        }
        self.types.assoc(of, index, on)
    }

    /// Resolves what an impl binds to an associated type; false if that is being done already.
    pub fn bind_assoc_type(&mut self, id: ImplId, index: u32, span: Span) -> bool {
        let source = &self.impl_sources[id.0 as usize];
        match source.states[index as usize] {
            AssocState::Done => return true,
            AssocState::Resolving => {
                self.report(
                    Diagnostic::error(codes::ALIAS_CYCLE, span, "the associated type stands for itself")
                        .label("this leads back to itself")
                        .help("bind it to a type that does not depend on it"),
                );
                return false;
            }
            AssocState::Untouched => {}
        }
        let (file, generics, written) = (source.file, source.generics.clone(), source.assoc[index as usize]);
        self.impl_sources.get_mut()[id.0 as usize].states[index as usize] = AssocState::Resolving;
        if let Some(written) = written {
            let found = self.types.traits.impl_(id);
            let (on, of, bounds) = (found.on, found.of, found.bounds.clone());
            let scope = TypeScope { file, generics: &generics, bounds: &bounds, self_ty: Some(on), of: Some(of) };
            let ty = self.resolve_ty(scope, written);
            self.types.traits.impls[id.0 as usize].assoc[index as usize] = ty;
        }
        self.impl_sources.get_mut()[id.0 as usize].states[index as usize] = AssocState::Done;
        true
    }
}
