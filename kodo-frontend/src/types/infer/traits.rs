//! Methods of traits, what type arguments must implement, associated types of types that are still open, and values
//! that become `dyn`.
//!
//! A bound is noted where a type argument is made and checked at the end of the body, when the argument is known; an
//! impl that alone could satisfy it then determines what is still open. An associated type of an open type is a variable
//! of its own until the type is known.

use super::{Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FnId};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Node};
use crate::types::bounds::Holds;
use crate::types::codes;
use crate::types::context::TypeDef;
use crate::types::number;
use crate::types::traits::{Bounds, Fit, TraitId};
use crate::types::ty::{AdtId, Ty, TyCon, TyKind};

/// The type must implement the trait.
pub(in crate::types) struct Obligation {
    of: TraitId,
    ty: Ty,
    span: Span,
    /// Where the bound is written.
    bound: Option<Span>,
    /// For a method call only: a `dyn` value has the method, whatever else its trait asks for.
    of_value: bool,
}

/// `var` is the associated type of `on`.
pub(in crate::types) struct Projection {
    of: TraitId,
    index: u32,
    on: Ty,
    var: Ty,
    span: Span,
}

impl<'a> Infer<'_, 'a> {
    // ---- types with bounds

    /// A declared type with type arguments.
    pub fn instantiate(&mut self, ty: Ty, args: &[Ty], span: Span) -> Ty {
        let ty = self.cx.types.subst(ty, args);
        self.open_projections(ty, span)
    }

    /// Replaces associated types of open types by variables.
    fn open_projections(&mut self, ty: Ty, span: Span) -> Ty {
        if !self.cx.types.has_assoc(ty) || !self.cx.types.has_infer(ty) {
            return ty;
        }
        let mut found: Vec<(TraitId, u32, Ty)> = Vec::new();
        self.cx.types.map_leaves(ty, &mut |types, kind| {
            if let TyKind::Assoc(of, index, on) = kind
                && types.has_infer(*on)
            {
                found.push((*of, *index, *on));
                // What is inside is looked at when this is opened.
                return Some(Ty::ERROR);
            }
            None
        });
        let mut vars = Vec::with_capacity(found.len());
        for (of, index, inner) in found {
            let on = self.open_projections(inner, span);
            let var = self.fresh();
            self.projections.push(Projection { of, index, on, var, span });
            vars.push(((of, index, inner), var));
        }
        self.cx.types.map_leaves(ty, &mut |_, kind| match kind {
            TyKind::Assoc(of, index, on) => {
                vars.iter().find(|(key, _)| *key == (*of, *index, *on)).map(|(_, var)| *var)
            }
            _ => None,
        })
    }

    /// Determines the variables of associated types whose type is known by now.
    pub fn solve_projections(&mut self) {
        loop {
            let mut progress = false;
            for p in std::mem::take(&mut self.projections) {
                let on = self.u.resolve(&mut self.cx.types, p.on);
                let known = match self.cx.types.kind(on) {
                    TyKind::Infer(_) => None,
                    TyKind::Error => Some(Ty::ERROR),
                    TyKind::Param(_) | TyKind::Assoc(..) => Some(self.cx.types.assoc(p.of, p.index, on)),
                    _ if self.cx.types.find_impl(p.of, on).is_some() => Some(self.cx.types.assoc(p.of, p.index, on)),
                    _ if self.cx.types.has_infer(on) => None,
                    // The bound is reported as not satisfied.
                    _ => Some(Ty::ERROR),
                };
                match known {
                    None => self.projections.push(Projection { on, ..p }),
                    Some(ty) => {
                        progress = true;
                        let ty = self.open_projections(ty, p.span);
                        self.fit_ty(p.var, ty, Why::Plain, p.span);
                    }
                }
            }
            if !progress || self.projections.is_empty() {
                return;
            }
        }
    }

    /// Before an expression's type must be known.
    pub fn solve_if_open(&mut self, e: ExprId) {
        let ty = self.ty(e);
        if !self.projections.is_empty() && matches!(self.kind(ty), TyKind::Infer(_)) {
            self.solve_projections();
        }
    }

    pub fn require(&mut self, needs: &[Bounds], args: &[Ty], span: Span) {
        for (&ty, needs) in args.iter().zip(needs) {
            for &(of, bound) in needs {
                self.obligations.push(Obligation { of, ty, span, bound: Some(bound), of_value: false });
            }
        }
    }

    /// What the declaration of a struct or enum asks of its arguments.
    pub fn require_adt(&mut self, adt: AdtId, args: &[Ty], span: Span) {
        if self.cx.adt_bounds[adt.0 as usize].iter().any(|b| !b.is_empty()) {
            let needs = self.cx.adt_bounds[adt.0 as usize].clone();
            self.require(&needs, args, span);
        }
    }

    /// What a function asks of its type arguments.
    pub fn require_function(&mut self, f: FnId, args: &[Ty], at: Span) {
        self.require_at(f, args, &vec![at; args.len()]);
    }

    /// The same for a call: an argument stands for the type that it determines.
    pub fn require_of_call(&mut self, span: Span, f: FnId, args: &[Ty], values: &[ExprId]) {
        if self.cx.info(f).bounds.iter().all(Vec::is_empty) {
            return;
        }
        let params: Vec<Ty> = self.cx.signature(f).params.iter().map(|p| p.ty).collect();
        let spans: Vec<Span> = (0..args.len() as u32)
            .map(|n| {
                let by = params.iter().position(|&ty| *self.cx.types.kind(ty) == TyKind::Param(n));
                by.and_then(|index| values.get(index)).map_or(span, |&value| self.body.expr(value).span)
            })
            .collect();
        self.require_at(f, args, &spans);
    }

    fn require_at(&mut self, f: FnId, args: &[Ty], spans: &[Span]) {
        let needs = self.cx.info(f).bounds.clone();
        // `Self` of a trait is no bound that somebody wrote.
        let declared = self.cx.types.traits.methods.contains_key(&f);
        let has_self = self.cx.info(f).has_self;
        for (n, ((&ty, needs), &span)) in args.iter().zip(&needs).zip(spans).enumerate() {
            for &(of, bound) in needs {
                let is_self = n == 0 && declared;
                let (bound, of_value) = ((!is_self).then_some(bound), is_self && has_self);
                self.obligations.push(Obligation { of, ty, span, bound, of_value });
            }
        }
    }

    /// Lets bounds determine what is open, as far as one impl alone is possible.
    pub fn settle_bounds(&mut self) {
        loop {
            self.solve_projections();
            let mut progress = false;
            for index in 0..self.obligations.len() {
                let (of, ty, span) =
                    (self.obligations[index].of, self.obligations[index].ty, self.obligations[index].span);
                let ty = self.u.resolve(&mut self.cx.types, ty);
                if !self.cx.types.has_infer(ty) || matches!(self.cx.types.kind(ty), TyKind::Infer(_)) {
                    continue;
                }
                let mut fitting = self.cx.types.impls_for(of, ty).filter(|&id| {
                    let found = self.cx.types.traits.impl_(id);
                    self.cx.types.fit(found.params, found.on, ty) != Fit::No
                });
                let only = (fitting.next(), fitting.next());
                drop(fitting);
                let (Some(id), None) = only else { continue };
                let found = self.cx.types.traits.impl_(id);
                let (on, params, needs) = (found.on, found.params, found.bounds.clone());
                let args: Vec<Ty> = (0..params).map(|_| self.fresh()).collect();
                let on = self.cx.types.subst(on, &args);
                self.unify(on, ty);
                let after = self.u.resolve(&mut self.cx.types, ty);
                progress |= after != ty;
                // The same question again about its parts, once.
                if self.obligations[index].bound.is_some() || progress {
                    self.obligations[index].ty = after;
                }
                let open: Vec<bool> = args.iter().map(|&a| self.cx.types.has_infer(a)).collect();
                for ((&arg, needs), open) in args.iter().zip(&needs).zip(open) {
                    for &(need, at) in needs {
                        if open && after != ty {
                            let bound = Some(at);
                            self.obligations.push(Obligation { of: need, ty: arg, span, bound, of_value: false });
                        }
                    }
                }
            }
            if !progress {
                return;
            }
        }
    }

    /// At the end, when all types are known.
    pub fn check_obligations(&mut self) {
        let mut reported: Vec<(TraitId, Ty, Span)> = Vec::new();
        for o in std::mem::take(&mut self.obligations) {
            let ty = self.u.resolve(&mut self.cx.types, o.ty);
            if o.of_value && *self.cx.types.kind(ty) == TyKind::Dyn(o.of) {
                continue;
            }
            if self.cx.holds(&self.bounds, o.of, ty) != Holds::No || reported.contains(&(o.of, ty, o.span)) {
                continue;
            }
            reported.push((o.of, ty, o.span));
            let error = self.cx.unsatisfied(&self.generics, &self.bounds, (o.of, ty), o.span, o.bound);
            self.report(error);
        }
    }

    // ---- methods

    /// The traits' methods of that name that a value of the type may have.
    fn trait_methods(&mut self, ty: Ty, name: Name, has_self: bool) -> Vec<FnId> {
        let ty = self.u.resolve(&mut self.cx.types, ty);
        let Some(all) = self.cx.trait_methods.get(&name) else { return Vec::new() };
        let types = &self.cx.types;
        let has_impl = |of: TraitId| {
            types.impls_for(of, ty).any(|id| {
                let found = types.traits.impl_(id);
                types.fit(found.params, found.on, ty) != Fit::No
            })
        };
        let implemented = |head| types.traits.traits_of(head).iter().copied().filter(|&of| has_impl(of));
        let traits: Vec<TraitId> = match types.kind(ty) {
            TyKind::Param(_) | TyKind::Assoc(..) => {
                self.cx.known_bounds(&self.bounds, ty).iter().map(|(id, _)| *id).collect()
            }
            TyKind::Dyn(own) => std::iter::once(*own).chain(implemented(None)).collect(),
            TyKind::Infer(_) | TyKind::Error => {
                all.iter().filter_map(|&f| self.cx.info(f).of).filter(|&of| has_impl(of)).collect()
            }
            _ => {
                let head = types.head(ty);
                let general = implemented(None).take_while(|_| head.is_some());
                implemented(head).chain(general).collect()
            }
        };
        let mut methods: Vec<FnId> = (traits.iter())
            .filter_map(|&of| self.cx.method_of_trait.get(&(of, name)).copied())
            .filter(|&f| self.cx.info(f).has_self == has_self || self.cx.info(f).is_broken)
            .collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    /// Calls a method that the type has from a trait. None if there is none.
    pub fn call_trait_method(
        &mut self,
        span: Span,
        at: Span,
        receiver: ExprId,
        name: Name,
        args: &'a [Id],
    ) -> Option<ExprId> {
        let ty = self.ty(receiver);
        match self.trait_methods(ty, name, true)[..] {
            [] => None,
            [f] => {
                let type_args = self.method_args(f, ty);
                Some(self.apply(span, f, type_args, Some(receiver), args))
            }
            [first, second, ..] => {
                self.ambiguous(at, ty, name, first, second);
                self.check_args_anyhow(args);
                Some(self.poison(span))
            }
        }
    }

    fn method_args(&mut self, f: FnId, self_ty: Ty) -> Vec<Ty> {
        let own = self.cx.signature(f).generics.len() - 1;
        std::iter::once(self_ty).chain((0..own).map(|_| self.fresh())).collect()
    }

    fn ambiguous(&mut self, at: Span, ty: Ty, name: Name, first: FnId, second: FnId) {
        let (shown, text) = (self.show(ty), self.cx.text(name).to_owned());
        let owner = |this: &Self, f: FnId| {
            let of = this.cx.info(f).of.map(|of| this.cx.types.traits.get(of).name);
            of.map_or_else(String::new, |of| this.cx.text(of).to_owned())
        };
        let (a, b) = (owner(self, first), owner(self, second));
        let (first, second) = (self.cx.signature(first).span, self.cx.signature(second).span);
        self.report(
            Diagnostic::error(
                codes::AMBIGUOUS,
                at,
                format!("{shown} has the method `{text}` from both `{a}` and `{b}`"),
            )
            .label("which one?")
            .secondary(first, format!("`{a}` has one"))
            .secondary(second, format!("and so has `{b}`"))
            .help(format!("name the trait: `{a}::{text}(value, …)`")),
        );
    }

    /// Is it the name of a method that some trait has? Its name, and the trait's.
    pub fn trait_with_method(&self, name: Name) -> Option<String> {
        let f = *self.cx.trait_methods.get(&name)?.first()?;
        let of = self.cx.info(f).of?;
        Some(self.cx.text(self.cx.types.traits.get(of).name).to_owned())
    }

    /// Names of the methods that the type has from traits.
    pub fn names_of_trait_methods(&mut self, ty: Ty) -> Vec<Name> {
        let names: Vec<Name> = self.cx.trait_methods.keys().copied().collect();
        names.into_iter().filter(|&n| !self.trait_methods(ty, n, true).is_empty()).collect()
    }

    /// `Trait::f(…)`, `T::f(…)` of a type parameter, or `Self::f(…)` in a trait. None if `of` is none of these.
    pub fn member_of_trait(&mut self, span: Span, of: Id, name: Name, args: Option<&'a [Id]>) -> Option<ExprId> {
        let at = self.span(of);
        if let Node::Path(owner) = self.node(of) {
            if self.is_variable(owner) {
                return None;
            }
            if let Some(TypeDef::Trait(id)) = self.cx.type_def(self.file, owner)
                && !self.generics.contains(&owner)
            {
                return Some(self.member_of_named_trait(span, id, name, args));
            }
        }
        let ty = self.open_type(of)?;
        Some(self.static_of(span, at, ty, name, args))
    }

    /// The type parameter, or associated type of one, that a path names.
    fn open_type(&mut self, of: Id) -> Option<Ty> {
        match self.node(of) {
            Node::Path(name) => {
                let n = self.generics.iter().position(|&g| g == name)?;
                Some(self.cx.types.intern(TyKind::Param(n as u32)))
            }
            Node::Member(owner, name) => {
                self.open_type(owner)?;
                let generics = self.generics.clone();
                let bounds = self.bounds.clone();
                let scope = crate::types::resolve_ty::TypeScope {
                    file: self.file,
                    generics: &generics,
                    bounds: &bounds,
                    self_ty: self.self_ty,
                    of: self.of,
                };
                let span = self.span(of);
                let before = self.cx.out.len();
                let ty = self.cx.assoc_path(scope, owner, name, span);
                self.errors += self.cx.out.len() - before;
                Some(ty)
            }
            _ => None,
        }
    }

    /// A function without `self` that the type has from a trait.
    fn static_of(&mut self, span: Span, at: Span, ty: Ty, name: Name, args: Option<&'a [Id]>) -> ExprId {
        if ty == Ty::ERROR {
            self.check_args_anyhow(args.unwrap_or_default());
            return self.poison(span);
        }
        if let Some(e) = self.static_from_trait(span, ty, name, args) {
            return e;
        }
        let (shown, text) = (self.show(ty), self.cx.text(name).to_owned());
        let help = if !self.trait_methods(ty, name, true).is_empty() {
            format!("`{text}` takes `self`: call it on a value, `value.{text}(…)`")
        } else if let Some(owner) = self.trait_with_method(name) {
            format!("add the bound: `{shown}: {owner}`")
        } else {
            "a type parameter has what its bounds declare".into()
        };
        self.report(
            Diagnostic::error("E0235", span, format!("{shown} has no function `{text}`"))
                .label("unknown function")
                .secondary(at, "of this type")
                .help(help),
        );
        self.check_args_anyhow(args.unwrap_or_default());
        self.poison(span)
    }

    pub fn static_from_trait(&mut self, span: Span, ty: Ty, name: Name, args: Option<&'a [Id]>) -> Option<ExprId> {
        let mut methods = self.trait_methods(ty, name, false);
        // A method is a function whose first argument is the receiver; without any it is lacking.
        if methods.is_empty() && args.is_none_or(|args| !args.is_empty()) {
            methods = self.trait_methods(ty, name, true);
        }
        let f = match methods[..] {
            [] => return None,
            [f] => f,
            [first, second, ..] => {
                self.ambiguous(span, ty, name, first, second);
                self.check_args_anyhow(args.unwrap_or_default());
                return Some(self.poison(span));
            }
        };
        let type_args = self.method_args(f, ty);
        Some(match args {
            Some(args) => self.apply(span, f, type_args, None, args),
            None => self.function_value(span, f, type_args),
        })
    }

    fn member_of_named_trait(&mut self, span: Span, id: TraitId, name: Name, args: Option<&'a [Id]>) -> ExprId {
        let methods = self.cx.types.traits.get(id).methods.clone();
        let found = methods.iter().copied().find(|&f| self.cx.signature(f).name == name);
        let Some(f) = found else {
            let (text, owner) = (self.cx.text(name).to_owned(), self.cx.types.traits.get(id).name);
            let known = methods.iter().map(|&f| self.cx.text(self.cx.signature(f).name));
            let hint = crate::types::suggest::nearest(&text, known).map(str::to_owned);
            let owner = self.cx.text(owner).to_owned();
            let declared = self.cx.types.traits.get(id).span;
            let help = self.did_you_mean(hint, "call one of its methods");
            self.report(
                Diagnostic::error("E0235", span, format!("the trait `{owner}` has no method `{text}`"))
                    .label("unknown method")
                    .secondary(declared, "the trait is declared here")
                    .help(help),
            );
            self.check_args_anyhow(args.unwrap_or_default());
            return self.poison(span);
        };
        let self_ty = self.fresh();
        let type_args = self.method_args(f, self_ty);
        let Some(args) = args else { return self.function_value(span, f, type_args) };
        // The receiver says which impl it is, so it is looked at before the other arguments.
        self.apply(span, f, type_args, None, args)
    }

    /// The type that a path names, for its functions without `self`.
    pub fn written_type(&mut self, of: Id) -> Option<Ty> {
        let Node::Path(name) = self.node(of) else { return None };
        let text = self.cx.text(name);
        if let Some(number) = number::named(text) {
            return Some(number);
        }
        let con = match text {
            "Bool" => return Some(Ty::BOOL),
            "String" => return Some(Ty::STRING),
            "Self" => return self.self_ty,
            "List" => TyCon::List,
            "Channel" => TyCon::Channel,
            "Future" => TyCon::Future,
            _ => return None,
        };
        let arg = self.fresh();
        Some(self.app(con, &[arg]))
    }

    // ---- dyn

    /// A value of a type that implements the trait, where a `dyn` of it is expected.
    pub fn made_dyn(&mut self, e: ExprId, expected: Ty, why: Why) -> Option<ExprId> {
        let TyKind::Dyn(of) = self.kind(expected) else { return None };
        let ty = self.ty(e);
        if ty == expected || matches!(self.kind(ty), TyKind::Infer(_) | TyKind::Error | TyKind::Never) {
            return None;
        }
        let span = self.body.expr(e).span;
        let ty = self.u.resolve(&mut self.cx.types, ty);
        match self.cx.holds(&self.bounds, of, ty) {
            Holds::No if ty == Ty::UNIT => return None,
            Holds::No => {
                let at = match why {
                    Why::Annotation(at) | Why::Field(at) | Why::Assigned(at) | Why::Channel(at) => Some(at),
                    Why::Tail | Why::Return => self.cx.info(self.id).result_span.filter(|_| self.frames.len() == 1),
                    Why::Argument(f, index) if self.cx.is_user(f) => {
                        self.cx.signature(f).params.get(index).map(|p| p.span)
                    }
                    _ => None,
                };
                let error = self.cx.unsatisfied(&self.generics, &self.bounds, (of, ty), span, at);
                self.report(error);
                self.body.exprs[e.0 as usize].ty = Ty::ERROR;
                return Some(e);
            }
            Holds::Maybe => self.obligations.push(Obligation { of, ty, span, bound: None, of_value: false }),
            Holds::Yes => {}
        }
        Some(self.add(ExprKind::Dyn { value: e, of }, expected, span))
    }

    /// A part of a list or tuple: made into a `dyn` value or function of the type that is wanted of it, else only hinted.
    pub fn part(&mut self, id: Id, hint: Option<Ty>) -> ExprId {
        match hint {
            Some(ty) if matches!(self.kind(ty), TyKind::Dyn(_) | TyKind::Fn(..)) => {
                self.expr(id, Want::Is(ty, Why::Plain))
            }
            _ => self.hinted(id, hint),
        }
    }
}
