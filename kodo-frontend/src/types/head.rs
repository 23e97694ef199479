//! The outermost constructor of a type: what methods and impls are looked up by.

use super::number::Width;
use super::ty::{AdtId, Ty, TyCon, TyKind, Types};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Head {
    Unit,
    Bool,
    Int,
    Float,
    Fixed(Width),
    Float32,
    String,
    Tuple,
    List,
    Channel,
    Future,
    Adt(AdtId),
}

impl Types {
    /// None of functions, `dyn`, type parameters and what is not known.
    pub fn head(&self, ty: Ty) -> Option<Head> {
        Some(match self.kind(ty) {
            TyKind::Unit => Head::Unit,
            TyKind::Bool => Head::Bool,
            TyKind::Int => Head::Int,
            TyKind::Float => Head::Float,
            TyKind::Fixed(width) => Head::Fixed(*width),
            TyKind::Float32 => Head::Float32,
            TyKind::String => Head::String,
            TyKind::Tuple(_) => Head::Tuple,
            TyKind::App(TyCon::List, _) => Head::List,
            TyKind::App(TyCon::Channel, _) => Head::Channel,
            TyKind::App(TyCon::Future, _) => Head::Future,
            TyKind::App(TyCon::Adt(id), _) => Head::Adt(*id),
            _ => return None,
        })
    }
}
