//! Which types have `==`, `<` and a hash: every value is compared part by part, and a part without the operation takes
//! it from the whole.

use super::traits::Bounds;
use super::ty::{Adt, Ty, TyCon, TyKind, Types};
use rustc_hash::FxHashSet;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    Equal,
    Order,
    Hash,
    Number,
    Text,
}

impl Need {
    /// What `@needs` of the standard library says.
    pub fn from_name(name: &str) -> Option<Need> {
        Some(match name {
            "equal" => Need::Equal,
            "order" => Need::Order,
            "hash" => Need::Hash,
            "number" => Need::Number,
            "text" => Need::Text,
            _ => return None,
        })
    }

    /// What a bound of the standard library's traits promises: they have no methods and no impls, but the types that have
    /// the operation.
    pub fn from_trait(name: &str) -> Option<Need> {
        Some(match name {
            "Eq" => Need::Equal,
            "Ord" => Need::Order,
            "Hash" => Need::Hash,
            _ => return None,
        })
    }

    /// The trait of its name, if there is one.
    pub fn trait_name(self) -> Option<&'static str> {
        Some(match self {
            Need::Equal => "Eq",
            Need::Order => "Ord",
            Need::Hash => "Hash",
            Need::Number | Need::Text => return None,
        })
    }

    /// What has an order or a hash has equality too.
    fn implies(self, other: Need) -> bool {
        self == other || other == Need::Equal && matches!(self, Need::Order | Need::Hash)
    }

    pub fn text(self) -> &'static str {
        match self {
            Need::Equal => "equality",
            Need::Order => "an order",
            Need::Hash => "a hash",
            Need::Number => "numbers",
            Need::Text => "a text form",
        }
    }

    pub fn rule(self) -> &'static str {
        match self {
            Need::Equal => "every type without functions, channels, futures and `dyn` values in it has `==`",
            Need::Order => "numbers, Bool and String have an order, and so have tuples and lists of ordered types",
            Need::Hash => "every type without functions, channels, futures and `dyn` values in it has a hash",
            Need::Number => "the elements must be numbers of one type",
            Need::Text => {
                "numbers, Bool and String have a text form; every type has a debug text: `{value:?}` or `.to_debug()`"
            }
        }
    }
}

/// Which type parameters have an operation.
#[derive(Clone, Copy)]
pub enum Params<'a> {
    /// All: the library's own functions are checked where they are called with real types.
    All,
    /// Those that these bounds promise it of.
    Bounded(&'a [Bounds]),
}

impl Params<'_> {
    fn have(self, need: Need, types: &Types, ty: Ty) -> bool {
        let Params::Bounded(bounds) = self else { return true };
        let known: &Bounds = match types.kind(ty) {
            TyKind::Param(n) => match bounds.get(*n as usize) {
                Some(known) => known,
                None => return false,
            },
            TyKind::Assoc(of, index, _) => &types.traits.get(*of).assoc[*index as usize].bounds,
            _ => return false,
        };
        known.iter().any(|(id, _)| types.traits.get(*id).promises.is_some_and(|it| it.implies(need)))
    }
}

/// What can be said of a type without looking into it.
enum Answer {
    Has,
    Lacks,
    /// As its parts do.
    Parts,
}

fn answer(need: Need, types: &Types, ty: Ty, params: Params<'_>) -> Answer {
    let has = match types.kind(ty) {
        TyKind::Error | TyKind::Infer(_) | TyKind::Never => true,
        TyKind::Param(_) | TyKind::Assoc(..) => params.have(need, types, ty),
        TyKind::Bool | TyKind::String => need != Need::Number,
        _ if ty.is_number() => true,
        TyKind::Unit => matches!(need, Need::Equal | Need::Hash),
        _ if matches!(need, Need::Number | Need::Text) => false,
        TyKind::Fn(..) | TyKind::Dyn(_) | TyKind::App(TyCon::Channel | TyCon::Future, _) => false,
        TyKind::App(TyCon::Adt(_), _) if need == Need::Order => false,
        _ => return Answer::Parts,
    };
    if has { Answer::Has } else { Answer::Lacks }
}

/// The first part of the type that lacks the operation.
pub fn missing(need: Need, types: &mut Types, adts: &[Adt], ty: Ty, params: Params<'_>) -> Option<Ty> {
    // A type that grows at every level of its recursion never ends; its parts repeat long before this.
    const LIMIT: usize = 10_000;
    let mut seen = FxHashSet::default();
    let mut todo = vec![ty];
    while let Some(ty) = todo.pop() {
        if !seen.insert(ty) || seen.len() > LIMIT {
            continue;
        }
        match answer(need, types, ty, params) {
            Answer::Has => {}
            Answer::Lacks => return Some(ty),
            Answer::Parts => match types.kind(ty).clone() {
                TyKind::App(TyCon::Adt(id), args) => {
                    for field in adts[id.0 as usize].variants.iter().flat_map(|v| &v.fields).rev() {
                        todo.push(types.subst(field.ty, &args));
                    }
                }
                TyKind::Tuple(items) | TyKind::App(_, items) => todo.extend(items.iter().rev()),
                _ => {}
            },
        }
    }
    None
}

/// The same for bounds, and without making types: the arguments of a struct or enum are asked themselves, whether a field
/// has them or not, and its fields as they are declared.
pub fn missing_for_bound(need: Need, types: &Types, adts: &[Adt], ty: Ty, bounds: &[Bounds]) -> Option<Ty> {
    let mut seen = FxHashSet::default();
    let mut todo = vec![(ty, false)];
    while let Some((ty, declared)) = todo.pop() {
        // A parameter in a declaration is an argument outside.
        if !seen.insert((ty, declared)) || declared && matches!(types.kind(ty), TyKind::Param(_)) {
            continue;
        }
        match answer(need, types, ty, Params::Bounded(if declared { &[] } else { bounds })) {
            Answer::Has => {}
            Answer::Lacks => return Some(ty),
            Answer::Parts => {
                if let TyKind::App(TyCon::Adt(id), _) = types.kind(ty) {
                    let fields = adts[id.0 as usize].variants.iter().flat_map(|v| &v.fields).rev();
                    todo.extend(fields.map(|field| (field.ty, true)));
                }
                if let TyKind::App(_, items) | TyKind::Tuple(items) = types.kind(ty) {
                    todo.extend(items.iter().rev().map(|&item| (item, declared)));
                }
            }
        }
    }
    None
}
