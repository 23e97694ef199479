//! Which types have `==`, `<` and a hash: every value is compared part by part, and a part without the operation takes
//! it from the whole.

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

/// The first part of the type that lacks the operation. `params`: type parameters have it.
pub fn missing(need: Need, types: &mut Types, adts: &[Adt], ty: Ty, params: bool) -> Option<Ty> {
    // A type that grows at every level of its recursion never ends; its parts repeat long before this.
    const LIMIT: usize = 10_000;
    if matches!(need, Need::Number | Need::Text) {
        let fits = match types.kind(ty) {
            TyKind::Param(_) => params,
            TyKind::Bool | TyKind::String => need == Need::Text,
            TyKind::Error | TyKind::Infer(_) | TyKind::Never => true,
            _ => ty.is_number(),
        };
        return (!fits).then_some(ty);
    }
    let mut seen = FxHashSet::default();
    let mut todo = vec![ty];
    while let Some(ty) = todo.pop() {
        if !seen.insert(ty) || seen.len() > LIMIT {
            continue;
        }
        match types.kind(ty).clone() {
            TyKind::Fn(..) | TyKind::Dyn(_) | TyKind::App(TyCon::Channel | TyCon::Future, _) => return Some(ty),
            TyKind::Param(_) | TyKind::Assoc(..) if !params => return Some(ty),
            TyKind::Unit if need == Need::Order => return Some(ty),
            TyKind::App(TyCon::Adt(_), _) if need == Need::Order => return Some(ty),
            TyKind::App(TyCon::Adt(id), args) => {
                for field in adts[id.0 as usize].variants.iter().flat_map(|v| &v.fields).rev() {
                    todo.push(types.subst(field.ty, &args));
                }
            }
            TyKind::Tuple(items) | TyKind::App(_, items) => todo.extend(items.iter().rev()),
            _ => {}
        }
    }
    None
}
