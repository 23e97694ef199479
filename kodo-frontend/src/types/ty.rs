//! Types: interned, so that equal types are equal indexes. `List`, `Channel`, `Future`, structs and enums are
//! all [`TyKind::App`] of a constructor: unification knows no special cases.

use super::number::Width;
use super::traits::{TraitId, Traits};
use crate::names::{Name, Names};
use crate::source::Span;
use rustc_hash::FxHashMap;

/// Index of an interned type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ty(pub u32);

impl Ty {
    /// Poison: something was wrong and has been reported. Unifies with everything.
    pub const ERROR: Ty = Ty(0);
    /// The type of an expression that does not finish. Coerces to everything.
    pub const NEVER: Ty = Ty(1);
    pub const UNIT: Ty = Ty(2);
    pub const BOOL: Ty = Ty(3);
    pub const INT: Ty = Ty(4);
    pub const FLOAT: Ty = Ty(5);
    pub const STRING: Ty = Ty(6);
    pub const INT8: Ty = Ty(7);
    pub const INT16: Ty = Ty(8);
    pub const INT32: Ty = Ty(9);
    pub const UINT8: Ty = Ty(10);
    pub const UINT16: Ty = Ty(11);
    pub const UINT32: Ty = Ty(12);
    pub const UINT64: Ty = Ty(13);
    pub const FLOAT32: Ty = Ty(14);
}

/// Index into [`Program::adts`](crate::hir::Program).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AdtId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum TyCon {
    List,
    Channel,
    Future,
    Adt(AdtId),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TyKind {
    Error,
    Never,
    Unit,
    Bool,
    /// 64-bit two's complement.
    Int,
    /// IEEE double.
    Float,
    String,
    /// An integer of another width or sign than `Int`.
    Fixed(Width),
    /// IEEE single.
    Float32,
    Tuple(Box<[Ty]>),
    App(TyCon, Box<[Ty]>),
    /// A function value.
    Fn(Box<[Ty]>, Ty),
    /// The enclosing item's n-th generic parameter.
    Param(u32),
    /// A value of any type that implements the trait.
    Dyn(TraitId),
    /// The n-th associated type of the trait, of a type that is not known yet; see [`Types::assoc`].
    Assoc(TraitId, u32, Ty),
    /// An inference variable; never leaves the checker.
    Infer(u32),
}

/// The interner.
#[derive(Clone)]
pub struct Types {
    kinds: Vec<TyKind>,
    /// What stands anywhere inside each type, so that walks stop early: shared parts make a tree exponential.
    inside: Vec<Inside>,
    map: FxHashMap<TyKind, Ty>,
    pub traits: Traits,
}

#[derive(Clone, Copy, Default)]
struct Inside {
    param: bool,
    infer: bool,
    assoc: bool,
}

impl Inside {
    fn or(self, other: Inside) -> Inside {
        Inside { param: self.param | other.param, infer: self.infer | other.infer, assoc: self.assoc | other.assoc }
    }
}

/// Longer types are shown with an ellipsis.
const MAX_SHOWN: usize = 200;

impl Default for Types {
    fn default() -> Types {
        let mut types =
            Types { kinds: Vec::new(), inside: Vec::new(), map: FxHashMap::default(), traits: Traits::default() };
        for (kind, expected) in [
            (TyKind::Error, Ty::ERROR),
            (TyKind::Never, Ty::NEVER),
            (TyKind::Unit, Ty::UNIT),
            (TyKind::Bool, Ty::BOOL),
            (TyKind::Int, Ty::INT),
            (TyKind::Float, Ty::FLOAT),
            (TyKind::String, Ty::STRING),
            (TyKind::Fixed(Width::I8), Ty::INT8),
            (TyKind::Fixed(Width::I16), Ty::INT16),
            (TyKind::Fixed(Width::I32), Ty::INT32),
            (TyKind::Fixed(Width::U8), Ty::UINT8),
            (TyKind::Fixed(Width::U16), Ty::UINT16),
            (TyKind::Fixed(Width::U32), Ty::UINT32),
            (TyKind::Fixed(Width::U64), Ty::UINT64),
            (TyKind::Float32, Ty::FLOAT32),
        ] {
            let ty = types.intern(kind);
            debug_assert_eq!(ty, expected);
        }
        types
    }
}

impl Types {
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(&ty) = self.map.get(&kind) {
            return ty;
        }
        let ty = Ty(self.kinds.len() as u32);
        let inside = match &kind {
            TyKind::Param(_) => Inside { param: true, ..Inside::default() },
            TyKind::Infer(_) => Inside { infer: true, ..Inside::default() },
            TyKind::Tuple(parts) | TyKind::App(_, parts) => self.inside_any(parts),
            TyKind::Assoc(_, _, on) => Inside { assoc: true, ..self.inside[on.0 as usize] },
            TyKind::Fn(params, result) => self.inside_any(params).or(self.inside[result.0 as usize]),
            _ => Inside::default(),
        };
        self.kinds.push(kind.clone());
        self.inside.push(inside);
        self.map.insert(kind, ty);
        ty
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Never: the built-in types are there from the start.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Adds the types that a copy of this interner has learnt since both had `base` of them. Gives their numbers here.
    pub fn adopt(&mut self, copy: &Types, base: usize) -> Vec<Ty> {
        let mut numbers: Vec<Ty> = Vec::with_capacity(copy.len() - base);
        for kind in &copy.kinds[base..] {
            // Parts come before what is made of them.
            let number = |ty: &Ty| (ty.0 as usize).checked_sub(base).map_or(*ty, |new| numbers[new]);
            let kind = match kind {
                TyKind::Tuple(parts) => TyKind::Tuple(parts.iter().map(number).collect()),
                TyKind::App(con, args) => TyKind::App(*con, args.iter().map(number).collect()),
                TyKind::Fn(params, result) => TyKind::Fn(params.iter().map(number).collect(), number(result)),
                TyKind::Assoc(of, index, on) => TyKind::Assoc(*of, *index, number(on)),
                simple => simple.clone(),
            };
            numbers.push(self.intern(kind));
        }
        self.traits.endless = self.traits.endless.or(copy.traits.endless);
        numbers
    }

    fn inside_any(&self, parts: &[Ty]) -> Inside {
        parts.iter().fold(Inside::default(), |all, part| all.or(self.inside[part.0 as usize]))
    }

    /// A generic parameter stands somewhere in it.
    pub fn has_param(&self, ty: Ty) -> bool {
        self.inside[ty.0 as usize].param
    }

    /// An inference variable stands somewhere in it.
    pub fn has_infer(&self, ty: Ty) -> bool {
        self.inside[ty.0 as usize].infer
    }

    /// An associated type of a type that is not known stands somewhere in it.
    pub fn has_assoc(&self, ty: Ty) -> bool {
        self.inside[ty.0 as usize].assoc
    }

    pub fn kind(&self, ty: Ty) -> &TyKind {
        &self.kinds[ty.0 as usize]
    }

    pub fn app(&mut self, con: TyCon, args: &[Ty]) -> Ty {
        self.intern(TyKind::App(con, args.into()))
    }

    pub fn tuple(&mut self, items: &[Ty]) -> Ty {
        if items.is_empty() { Ty::UNIT } else { self.intern(TyKind::Tuple(items.into())) }
    }

    /// Replaces every `Param(n)` by `args[n]`.
    pub fn subst(&mut self, ty: Ty, args: &[Ty]) -> Ty {
        if args.is_empty() || !self.has_param(ty) {
            return ty;
        }
        self.map_leaves(ty, &mut |_, kind| match kind {
            TyKind::Param(n) => args.get(*n as usize).copied(),
            _ => None,
        })
    }

    /// Rebuilds a type, replacing those parts for which `f` gives another one.
    pub fn map_leaves(&mut self, ty: Ty, f: &mut impl FnMut(&Types, &TyKind) -> Option<Ty>) -> Ty {
        let kind = self.kind(ty).clone();
        if let Some(new) = f(self, &kind) {
            return new;
        }
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.map_parts(ty, kind, f))
    }

    fn map_parts(&mut self, ty: Ty, kind: TyKind, f: &mut impl FnMut(&Types, &TyKind) -> Option<Ty>) -> Ty {
        match kind {
            TyKind::Tuple(items) => {
                let items: Vec<Ty> = items.iter().map(|&t| self.map_leaves(t, f)).collect();
                self.tuple(&items)
            }
            TyKind::App(con, args) => {
                let args: Vec<Ty> = args.iter().map(|&t| self.map_leaves(t, f)).collect();
                self.app(con, &args)
            }
            TyKind::Fn(params, result) => {
                let params: Vec<Ty> = params.iter().map(|&t| self.map_leaves(t, f)).collect();
                let result = self.map_leaves(result, f);
                self.intern(TyKind::Fn(params.into(), result))
            }
            TyKind::Assoc(of, index, on) => {
                let on = self.map_leaves(on, f);
                self.assoc(of, index, on)
            }
            _ => ty,
        }
    }

    /// The type as a user writes it. `params` names generic parameters.
    pub fn display(&self, ty: Ty, adts: &[Adt], names: &Names, params: &[Name]) -> String {
        let mut out = String::new();
        self.write(&mut out, ty, adts, names, params);
        out
    }

    fn write(&self, out: &mut String, ty: Ty, adts: &[Adt], names: &Names, params: &[Name]) {
        // Every level but a path writes something first, so the limit bounds the depth too.
        if out.len() > MAX_SHOWN {
            out.push('…');
            return;
        }
        let list = |out: &mut String, items: &[Ty]| {
            for (i, &item) in items.iter().enumerate() {
                if out.len() > MAX_SHOWN {
                    out.push('…');
                    return;
                }
                out.push_str(if i == 0 { "" } else { ", " });
                self.write(out, item, adts, names, params);
            }
        };
        match self.kind(ty) {
            TyKind::Error => out.push('?'),
            TyKind::Never => out.push_str("never"),
            TyKind::Unit => out.push_str("()"),
            TyKind::Bool => out.push_str("Bool"),
            TyKind::Int => out.push_str("Int"),
            TyKind::Float => out.push_str("Float64"),
            TyKind::String => out.push_str("String"),
            TyKind::Fixed(width) => out.push_str(width.name()),
            TyKind::Float32 => out.push_str("Float32"),
            TyKind::Tuple(items) => {
                out.push('(');
                list(out, items);
                out.push_str(if items.len() == 1 { ",)" } else { ")" });
            }
            TyKind::App(con, args) => {
                out.push_str(match con {
                    TyCon::List => "List",
                    TyCon::Channel => "Channel",
                    TyCon::Future => "Future",
                    TyCon::Adt(id) => names.text(adts[id.0 as usize].name),
                });
                // What an iterator keeps is the library's matter.
                let hidden = |ty: Ty| match self.kind(ty) {
                    TyKind::App(TyCon::Adt(id), _) => names.text(adts[id.0 as usize].name).starts_with("__"),
                    _ => false,
                };
                let args: &[Ty] = match &args[..] {
                    [shown, state] if hidden(*state) => std::slice::from_ref(shown),
                    all => all,
                };
                if !args.is_empty() {
                    out.push('<');
                    list(out, args);
                    out.push('>');
                }
            }
            TyKind::Fn(params_, result) => {
                out.push('(');
                list(out, params_);
                out.push_str(") -> ");
                self.write(out, *result, adts, names, params);
            }
            TyKind::Param(n) => match params.get(*n as usize) {
                Some(name) => out.push_str(names.text(*name)),
                None => out.push_str(&format!("T{n}")),
            },
            TyKind::Dyn(of) => {
                out.push_str("dyn ");
                out.push_str(names.text(self.traits.get(*of).name));
            }
            // The innermost type comes first.
            TyKind::Assoc(..) => {
                let mut path = Vec::new();
                let mut inner = ty;
                while let TyKind::Assoc(of, index, on) = self.kind(inner) {
                    path.push(names.text(self.traits.get(*of).assoc[*index as usize].name));
                    inner = *on;
                }
                self.write(out, inner, adts, names, params);
                for name in path.into_iter().rev() {
                    if out.len() > MAX_SHOWN {
                        out.push('…');
                        return;
                    }
                    out.push_str("::");
                    out.push_str(name);
                }
            }
            TyKind::Infer(_) => out.push('_'),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdtKind {
    Struct,
    Enum,
}

/// A struct (one variant of the same name) or an enum.
#[derive(Clone, Debug)]
pub struct Adt {
    pub name: Name,
    pub kind: AdtKind,
    pub span: Span,
    pub params: Vec<Name>,
    pub variants: Vec<Variant>,
}

#[derive(Clone, Debug)]
pub struct Variant {
    pub name: Name,
    pub span: Span,
    pub fields: Vec<Field>,
}

/// A struct field, or a payload (whose name is empty).
#[derive(Clone, Debug)]
pub struct Field {
    pub name: Option<Name>,
    /// In terms of the adt's parameters.
    pub ty: Ty,
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_types_are_equal_indexes() {
        let mut types = Types::default();
        let a = types.app(TyCon::List, &[Ty::INT]);
        let b = types.app(TyCon::List, &[Ty::INT]);
        assert_eq!(a, b);
        assert_ne!(a, types.app(TyCon::Channel, &[Ty::INT]));
        assert_eq!(types.tuple(&[]), Ty::UNIT);
    }

    #[test]
    fn substitution_reaches_every_level() {
        let mut types = Types::default();
        let param = types.intern(TyKind::Param(0));
        let list = types.app(TyCon::List, &[param]);
        let pair = types.tuple(&[list, Ty::BOOL]);
        let function = types.intern(TyKind::Fn([pair].into(), param));
        let concrete = types.subst(function, &[Ty::STRING]);
        assert_eq!(types.display(concrete, &[], &Names::default(), &[]), "((List<String>, Bool)) -> String");
    }
}
