//! Ownership: what a program may do with a variable while something else holds it, or has taken its value.
//!
//! `conflicts` looks at one call at a time: a variable cannot be lent out twice if one of the borrowers may change it.
//! `returns` finds lent parameters that a function gives back as they are. `moves` follows values from statement to
//! statement, on the control-flow graph of MIR: a variable whose value went elsewhere has none.
//!
//! None of this is needed for memory safety: values are counted and copied on write, whatever the program does with
//! them. The rules say who has a value, so that readers know, and so that its last holder can change it in place.

pub mod conflicts;
pub mod moves;
pub mod returns;

use crate::types::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};

/// Types whose variables keep their value when it is given away: numbers, Bool, `()`, functions, channels, and the
/// collections of the standard library. Its `Option` and `Result` (`moved`) are moved as the program's own types are.
pub fn is_copy(types: &Types, adts: &[Adt], moved: [AdtId; 2], ty: Ty) -> bool {
    match types.kind(ty) {
        TyKind::App(TyCon::Adt(id), _) => {
            !moved.contains(id) && adts[id.0 as usize].span.file == adts[moved[0].0 as usize].span.file
        }
        TyKind::String | TyKind::Tuple(_) | TyKind::App(TyCon::Future, _) | TyKind::Param(_) => false,
        _ => true,
    }
}
