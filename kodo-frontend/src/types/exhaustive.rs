//! Exhaustiveness and usefulness of patterns.

use super::ty::{Adt, Ty, Types};
use crate::hir::{Body, PatId};
use crate::names::Names;

/// What a list of patterns leaves out, and which of them can never match.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Report {
    /// Patterns as a user writes them that no arm covers: at most [`MAX_WITNESSES`]; empty if exhaustive.
    pub missing: Vec<String>,
    /// Indexes of arms that earlier arms make unreachable.
    pub unreachable: Vec<usize>,
}

pub const MAX_WITNESSES: usize = 4;

/// Checks the arms `(pattern, has a guard)` of a match on a value of type `scrutinee`, in order.
/// A `let` is the same with one arm.
pub fn check(
    types: &mut Types,
    adts: &[Adt],
    names: &Names,
    body: &Body,
    scrutinee: Ty,
    arms: &[(PatId, bool)],
) -> Report {
    let _ = (types, adts, names, body, scrutinee, arms);
    Report::default()
}
