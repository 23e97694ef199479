//! Types: interned, so that equal types are equal indexes. `List`, `Channel`, `Future`, structs and enums are
//! all [`TyKind::App`] of a constructor: unification knows no special cases.

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
    Tuple(Box<[Ty]>),
    App(TyCon, Box<[Ty]>),
    /// A function value.
    Fn(Box<[Ty]>, Ty),
    /// The enclosing item's n-th generic parameter.
    Param(u32),
    /// An inference variable; never leaves the checker.
    Infer(u32),
}

/// The interner.
pub struct Types {
    kinds: Vec<TyKind>,
    map: FxHashMap<TyKind, Ty>,
}

impl Default for Types {
    fn default() -> Types {
        let mut types = Types { kinds: Vec::new(), map: FxHashMap::default() };
        for (kind, expected) in [
            (TyKind::Error, Ty::ERROR),
            (TyKind::Never, Ty::NEVER),
            (TyKind::Unit, Ty::UNIT),
            (TyKind::Bool, Ty::BOOL),
            (TyKind::Int, Ty::INT),
            (TyKind::Float, Ty::FLOAT),
            (TyKind::String, Ty::STRING),
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
        self.kinds.push(kind.clone());
        self.map.insert(kind, ty);
        ty
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
        if args.is_empty() {
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
            _ => ty,
        }
    }

    /// The type as a user writes it. `params` names generic parameters.
    pub fn display(&self, ty: Ty, adts: &[Adt], names: &Names, params: &[Name]) -> String {
        let list =
            |items: &[Ty]| items.iter().map(|&t| self.display(t, adts, names, params)).collect::<Vec<_>>().join(", ");
        match self.kind(ty) {
            TyKind::Error => "?".into(),
            TyKind::Never => "never".into(),
            TyKind::Unit => "()".into(),
            TyKind::Bool => "Bool".into(),
            TyKind::Int => "Int".into(),
            TyKind::Float => "Float64".into(),
            TyKind::String => "String".into(),
            TyKind::Tuple(items) if items.len() == 1 => format!("({},)", list(items)),
            TyKind::Tuple(items) => format!("({})", list(items)),
            TyKind::App(con, args) => {
                let name = match con {
                    TyCon::List => "List",
                    TyCon::Channel => "Channel",
                    TyCon::Future => "Future",
                    TyCon::Adt(id) => names.text(adts[id.0 as usize].name),
                };
                if args.is_empty() { name.into() } else { format!("{name}<{}>", list(args)) }
            }
            TyKind::Fn(p, r) => format!("({}) -> {}", list(p), self.display(*r, adts, names, params)),
            TyKind::Param(n) => params.get(*n as usize).map_or_else(|| format!("T{n}"), |p| names.text(*p).into()),
            TyKind::Infer(_) => "_".into(),
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
