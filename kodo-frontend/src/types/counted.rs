//! Does a value of a type hold counted handles? Those that do not are copied as bits and never dropped.

use super::ty::{Adt, Ty, TyCon, TyKind, Types};
use rustc_hash::FxHashMap;

/// Answers are remembered per type; the table belongs to one program.
#[derive(Default)]
pub struct Counted {
    known: FxHashMap<Ty, bool>,
}

impl Counted {
    /// True if copies of the value count something up and drops count it down. A generic parameter counts as such.
    pub fn is_counted(&mut self, types: &mut Types, adts: &[Adt], ty: Ty) -> bool {
        if let Some(&known) = self.known.get(&ty) {
            return known;
        }
        // A type that contains itself through a handle is counted by that handle; guard the recursion.
        self.known.insert(ty, false);
        let answer = match types.kind(ty).clone() {
            TyKind::Error | TyKind::Never | TyKind::Unit | TyKind::Bool | TyKind::Int | TyKind::Float => false,
            TyKind::Fixed(_) | TyKind::Float32 => false,
            TyKind::String | TyKind::Fn(..) | TyKind::Dyn(_) => true,
            TyKind::Param(_) | TyKind::Assoc(..) | TyKind::Infer(_) => true,
            TyKind::Tuple(items) => items.iter().any(|&t| self.is_counted(types, adts, t)),
            TyKind::App(TyCon::List | TyCon::Channel | TyCon::Future, _) => true,
            TyKind::App(TyCon::Adt(id), args) => adts[id.0 as usize].variants.iter().any(|v| {
                v.fields.iter().any(|f| {
                    let field = types.subst(f.ty, &args);
                    self.is_counted(types, adts, field)
                })
            }),
        };
        self.known.insert(ty, answer);
        answer
    }
}
