//! Traits and who implements them: the table that the checker fills and that monomorphization reads.
//!
//! A method declared in a trait is a generic function whose first type parameter is `Self`; a default body is its body.
//! A call of it names the declaration and the type, `Shape.area<Circle>`, and `mono` finds the implementation
//! ([`Types::find_impl`]): through an impl, by the default body, or by the method table of a `dyn` value. So neither HIR
//! nor generic MIR has a form of its own for method calls on type parameters.
//!
//! An associated type of a type that is not known yet is a [`TyKind::Assoc`]; [`Types::assoc`] replaces it as soon as the
//! type has an impl, and every substitution goes through there.
//!
//! At most one impl of a trait matches a type (overlaps are reported), so the order of impls does not matter.

use super::codes;
use super::head::Head;
use super::need::Need;
use super::ty::{Ty, TyKind, Types};
use crate::diag::Diagnostic;
use crate::hir::FnId;
use crate::names::Name;
use crate::source::Span;
use rustc_hash::FxHashMap;

/// Index into [`Traits::traits`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TraitId(pub u32);

/// Index into [`Traits::impls`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ImplId(pub u32);

/// What a type parameter must implement, and where that is written.
pub type Bounds = Vec<(TraitId, Span)>;

#[derive(Clone)]
pub struct Trait {
    pub name: Name,
    pub span: Span,
    pub assoc: Vec<AssocDecl>,
    /// Declarations, in order; generic over `Self` first.
    pub methods: Vec<FnId>,
    /// Methods of a `dyn` value, in the order of its table: indexes into `methods`.
    pub table: Vec<u32>,
    /// Why there is no `dyn` of it: where, and what is wrong there.
    pub not_dyn: Option<(Span, String)>,
    /// `Eq`, `Ord` and `Hash`: not impls but the parts of a type decide.
    pub promises: Option<Need>,
    /// A function without `self`: type parameters may need what a `dyn` value cannot give.
    pub has_static: bool,
}

#[derive(Clone)]
pub struct AssocDecl {
    pub name: Name,
    pub span: Span,
    pub bounds: Bounds,
}

#[derive(Clone)]
pub struct Impl {
    pub of: TraitId,
    /// In terms of the impl's parameters, as everything here.
    pub on: Ty,
    pub params: u32,
    /// By parameter.
    pub bounds: Vec<Bounds>,
    /// By associated type of the trait; poison if it is missing.
    pub assoc: Vec<Ty>,
    /// By method of the trait; `None` is the default.
    pub methods: Vec<Option<FnId>>,
    pub span: Span,
}

#[derive(Clone, Default)]
pub struct Traits {
    pub traits: Vec<Trait>,
    pub impls: Vec<Impl>,
    of_trait: FxHashMap<TraitId, Vec<ImplId>>,
    /// The same by the head of their type: a trait may have as many impls as the program has types.
    by_head: FxHashMap<(TraitId, Option<Head>), Vec<ImplId>>,
    /// Traits with an impl for a type of the head.
    of_head: FxHashMap<Option<Head>, Vec<TraitId>>,
    /// Declarations in traits, and their number there.
    pub methods: FxHashMap<FnId, (TraitId, u32)>,
    /// Associated types found before.
    known: FxHashMap<(TraitId, u32, Ty), Ty>,
    depth: u32,
    /// An impl whose associated types lead to ever more of them.
    pub endless: Option<ImplId>,
}

/// Does an impl fit a type?
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fit {
    No,
    /// With these arguments for the impl's parameters.
    Yes(Vec<Ty>),
    /// It depends on inference variables.
    Maybe,
}

/// Associated types that lead to associated types. Written ones stay below ten.
const MAX_DEPTH: u32 = 100;

impl Traits {
    pub fn get(&self, id: TraitId) -> &Trait {
        &self.traits[id.0 as usize]
    }

    pub fn impl_(&self, id: ImplId) -> &Impl {
        &self.impls[id.0 as usize]
    }

    pub fn impls_of(&self, id: TraitId) -> &[ImplId] {
        self.of_trait.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Traits with an impl for types of a head, or without one.
    pub fn traits_of(&self, head: Option<Head>) -> &[TraitId] {
        self.of_head.get(&head).map_or(&[], Vec::as_slice)
    }

    /// A method's number in the table of `dyn` values.
    pub fn slot(&self, of: TraitId, method: u32) -> Option<u32> {
        self.get(of).table.iter().position(|&m| m == method).map(|slot| slot as u32)
    }
}

impl Types {
    /// Compares an impl's type with a type; the impl's parameters stand for anything. Those of `ty` stand for themselves.
    pub fn fit(&self, params: u32, pattern: Ty, ty: Ty) -> Fit {
        let mut args: Vec<Option<Ty>> = vec![None; params as usize];
        let mut maybe = false;
        let mut todo = vec![(pattern, ty)];
        while let Some((pattern, ty)) = todo.pop() {
            if let TyKind::Param(n) = self.kind(pattern)
                && let Some(arg) = args.get_mut(*n as usize)
            {
                match *arg {
                    None => *arg = Some(ty),
                    Some(known) if known == ty => {}
                    Some(known) if self.has_infer(known) || self.has_infer(ty) => maybe = true,
                    Some(_) => return Fit::No,
                }
                continue;
            }
            if pattern == ty && !self.has_param(pattern) {
                continue;
            }
            match (self.kind(pattern), self.kind(ty)) {
                (_, TyKind::Infer(_)) => maybe = true,
                (_, TyKind::Error) | (TyKind::Error, _) => {}
                (TyKind::Tuple(x), TyKind::Tuple(y)) if x.len() == y.len() => {
                    todo.extend(x.iter().copied().zip(y.iter().copied()));
                }
                (TyKind::App(c, x), TyKind::App(d, y)) if c == d && x.len() == y.len() => {
                    todo.extend(x.iter().copied().zip(y.iter().copied()));
                }
                (TyKind::Fn(x, r), TyKind::Fn(y, s)) if x.len() == y.len() => {
                    todo.push((*r, *s));
                    todo.extend(x.iter().copied().zip(y.iter().copied()));
                }
                _ => return Fit::No,
            }
        }
        if maybe { Fit::Maybe } else { Fit::Yes(args.into_iter().map(|arg| arg.unwrap_or(Ty::ERROR)).collect()) }
    }

    pub fn add_impl(&mut self, new: Impl) {
        let head = self.head(new.on);
        let id = ImplId(self.traits.impls.len() as u32);
        self.traits.of_trait.entry(new.of).or_default().push(id);
        let of_head = self.traits.by_head.entry((new.of, head)).or_default();
        if of_head.is_empty() {
            self.traits.of_head.entry(head).or_default().push(new.of);
        }
        of_head.push(id);
        self.traits.impls.push(new);
    }

    /// The impls of a trait that may fit a type: those for types of its head, and those for types without one.
    pub fn impls_for(&self, of: TraitId, ty: Ty) -> impl Iterator<Item = ImplId> {
        let by_head = |head| self.traits.by_head.get(&(of, head)).map_or(&[][..], Vec::as_slice);
        let (exact, general) = match (self.kind(ty), self.head(ty)) {
            (TyKind::Infer(_) | TyKind::Error, _) => (self.traits.impls_of(of), &[][..]),
            (_, None) => (&[][..], by_head(None)),
            (_, head) => (by_head(head), by_head(None)),
        };
        exact.iter().chain(general).copied()
    }

    /// The impl of a trait for a type, with the arguments of the impl's parameters.
    pub fn find_impl(&self, of: TraitId, ty: Ty) -> Option<(ImplId, Vec<Ty>)> {
        self.impls_for(of, ty).find_map(|id| {
            let found = self.traits.impl_(id);
            match self.fit(found.params, found.on, ty) {
                Fit::Yes(args) => Some((id, args)),
                _ => None,
            }
        })
    }

    /// The report of associated types that never come to an end, if there are some.
    pub fn endless_types(&self) -> Option<Diagnostic> {
        let span = self.traits.impl_(self.traits.endless?).span;
        let message = "the associated types of this impl lead to more and more of them, without end";
        Some(
            Diagnostic::error(codes::ALIAS_CYCLE, span, message)
                .label("each is found through another one")
                .help("bind them to types that need no further ones"),
        )
    }

    /// The associated type number `index` of a trait's implementation by `on`; stays open as long as that has none.
    pub fn assoc(&mut self, of: TraitId, index: u32, on: Ty) -> Ty {
        if on == Ty::ERROR {
            return Ty::ERROR;
        }
        if let Some(&known) = self.traits.known.get(&(of, index, on)) {
            return known;
        }
        let Some((id, args)) = self.find_impl(of, on) else {
            return self.intern(TyKind::Assoc(of, index, on));
        };
        if self.traits.depth >= MAX_DEPTH {
            self.traits.endless = Some(id);
            return Ty::ERROR;
        }
        let bound = self.traits.impl_(id).assoc.get(index as usize).copied().unwrap_or(Ty::ERROR);
        self.traits.depth += 1;
        let ty = self.subst(bound, &args);
        self.traits.depth -= 1;
        if !self.has_infer(ty) && !self.has_infer(on) {
            self.traits.known.insert((of, index, on), ty);
        }
        ty
    }
}
