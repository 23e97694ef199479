//! Types that contain themselves: `enum Tree { Leaf, Node(Tree, Int, Tree) }`.
//!
//! A field through which its own type can be reached by value would have no size. It holds a *cell* instead: a counted
//! buffer of one element, shared by copies and copied when one of them changes it, like every list. Which fields are
//! cells is found on declarations, not on instances: a field is one if a type named in it, or in what it names, leads
//! back to the type it is a field of. Lists, channels and futures are handles already and end the search.
//!
//! An associated type of a type parameter may be whatever some impl says it is.
//!
//! Refused are types of which no value can be made, because every value would contain another one, and generic types
//! that contain themselves with ever bigger arguments.

use super::codes;
use super::context::Cx;
use super::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};
use crate::diag::Diagnostic;
use rustc_hash::FxHashSet;

/// The structs and enums that a type names, by value; `handles`: also inside lists, channels and futures.
fn named(types: &Types, ty: Ty, handles: bool) -> Vec<(AdtId, Ty)> {
    let (mut out, mut todo) = (Vec::new(), vec![ty]);
    let mut opened = FxHashSet::default();
    while let Some(ty) = todo.pop() {
        match types.kind(ty) {
            TyKind::Tuple(items) => todo.extend(items.iter()),
            TyKind::App(TyCon::Adt(id), args) => {
                out.push((*id, ty));
                todo.extend(args.iter());
            }
            TyKind::App(_, args) if handles => todo.extend(args.iter()),
            TyKind::Assoc(of, index, on) => {
                todo.push(*on);
                if opened.insert((*of, *index)) {
                    let impls = types.traits.impls_of(*of).iter().map(|&id| types.traits.impl_(id));
                    todo.extend(impls.filter_map(|found| found.assoc.get(*index as usize)));
                }
            }
            _ => {}
        }
    }
    out
}

/// For every declaration: which ones a value of it may contain.
fn reached(types: &Types, adts: &[Adt], handles: bool) -> Vec<FxHashSet<AdtId>> {
    let direct: Vec<Vec<AdtId>> = (adts.iter())
        .map(|adt| {
            let fields = adt.variants.iter().flat_map(|v| &v.fields);
            fields.flat_map(|f| named(types, f.ty, handles)).map(|(id, _)| id).collect()
        })
        .collect();
    (0..adts.len())
        .map(|start| {
            let mut seen = FxHashSet::default();
            let mut todo = direct[start].clone();
            while let Some(id) = todo.pop() {
                if seen.insert(id) {
                    todo.extend(&direct[id.0 as usize]);
                }
            }
            seen
        })
        .collect()
}

/// Gives every field through which its type contains itself the type of a cell.
pub fn make_cells(types: &mut Types, adts: &mut [Adt]) -> FxHashSet<(AdtId, u32, u32)> {
    let reached = reached(types, adts, false);
    let mut cells = FxHashSet::default();
    for (index, adt) in adts.iter_mut().enumerate() {
        let own = AdtId(index as u32);
        if !reached[index].contains(&own) {
            continue;
        }
        for (v, variant) in adt.variants.iter_mut().enumerate() {
            for (f, field) in variant.fields.iter_mut().enumerate() {
                let back = |id: AdtId| id == own || reached[id.0 as usize].contains(&own);
                if named(types, field.ty, false).into_iter().any(|(id, _)| back(id)) {
                    cells.insert((own, v as u32, f as u32));
                    field.ty = types.app(TyCon::List, &[field.ty]);
                }
            }
        }
    }
    cells
}

impl Cx<'_> {
    pub fn check_recursion(&mut self) {
        self.reject_endless();
        self.reject_growing();
    }

    fn reject_endless(&mut self) {
        let mut ends = vec![false; self.adts.len()];
        loop {
            let mut grown = false;
            for index in 0..self.adts.len() {
                if ends[index] {
                    continue;
                }
                let adt = &self.adts[index];
                ends[index] = adt.variants.is_empty()
                    || adt.variants.iter().any(|v| v.fields.iter().all(|f| self.has_end(f.ty, &ends)));
                grown |= ends[index];
            }
            if !grown {
                break;
            }
        }
        for index in 0..self.adts.len() {
            if ends[index] {
                continue;
            }
            let adt = &self.adts[index];
            let (name, span) = (self.text(adt.name).to_owned(), adt.span);
            let field = adt.variants.iter().flat_map(|v| &v.fields).find(|f| !self.has_end(f.ty, &ends));
            let at = field.map_or(span, |f| f.span);
            self.report(
                Diagnostic::error(codes::ENDLESS, span, format!("`{name}` contains itself without an end"))
                    .label("every value would contain another one")
                    .secondary(at, "through this")
                    .help(format!("let it end somewhere: `Option<{name}>`, `List<{name}>`, or a variant without it")),
            );
        }
    }

    fn has_end(&self, ty: Ty, ends: &[bool]) -> bool {
        let mut todo = vec![ty];
        while let Some(ty) = todo.pop() {
            match self.types.kind(ty) {
                TyKind::Tuple(items) => todo.extend(items.iter()),
                TyKind::App(TyCon::Adt(id), _) if !ends[id.0 as usize] => return false,
                _ => {}
            }
        }
        true
    }

    /// `struct S<T> { next: Option<S<(T, T)>> }` would be types without end.
    fn reject_growing(&mut self) {
        let reached = reached(&self.types, &self.adts, true);
        for index in 0..self.adts.len() {
            let own = AdtId(index as u32);
            if !reached[index].contains(&own) {
                continue;
            }
            let fields = self.adts[index].variants.iter().flat_map(|v| &v.fields);
            let grows = |ty: Ty| {
                named(&self.types, ty, true).into_iter().any(|(id, ty)| {
                    let TyKind::App(_, args) = self.types.kind(ty) else { return false };
                    (id == own || reached[id.0 as usize].contains(&own))
                        && args
                            .iter()
                            .any(|&arg| self.types.has_param(arg) && !matches!(self.types.kind(arg), TyKind::Param(_)))
                })
            };
            let Some(at) = fields.into_iter().find(|f| grows(f.ty)).map(|f| f.span) else { continue };
            let name = self.text(self.adts[index].name).to_owned();
            self.unsupported(
                at,
                &format!("a type that contains itself with other arguments (`{name}`) is"),
                "contain it with the type parameters as they are",
            );
            // Whoever takes the type apart would never come to an end.
            self.adts[index].variants.iter_mut().flat_map(|v| &mut v.fields).for_each(|f| f.ty = Ty::ERROR);
        }
    }
}
