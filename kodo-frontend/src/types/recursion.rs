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

/// Which declarations contain each other.
struct Cycles {
    /// Declarations of one number lead to each other (or are alone).
    group: Vec<u32>,
    /// Does it lead back to itself?
    cyclic: Vec<bool>,
}

impl Cycles {
    /// Is there a way from `to` back to `from`, which names it?
    fn leads_back(&self, from: AdtId, to: AdtId) -> bool {
        self.group[from.0 as usize] == self.group[to.0 as usize]
    }
}

/// Tarjan's strongly connected components of the declarations, by what a value of each may contain.
fn cycles(types: &Types, adts: &[Adt], handles: bool) -> Cycles {
    const NEW: u32 = u32::MAX;
    let direct: Vec<Vec<usize>> = (adts.iter())
        .map(|adt| {
            let fields = adt.variants.iter().flat_map(|v| &v.fields);
            fields.flat_map(|f| named(types, f.ty, handles)).map(|(id, _)| id.0 as usize).collect()
        })
        .collect();
    let count = adts.len();
    let mut found = Cycles { group: vec![NEW; count], cyclic: vec![false; count] };
    // When each was met, and the earliest met that it leads to.
    let (mut met, mut low) = (vec![NEW; count], vec![NEW; count]);
    let (mut clock, mut groups) = (0, 0);
    let (mut open, mut path) = (Vec::new(), Vec::new());
    for start in 0..count {
        if met[start] == NEW {
            path.push((start, 0));
        }
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            if *next == 0 {
                (met[at], low[at]) = (clock, clock);
                clock += 1;
                open.push(at);
            }
            if let Some(&to) = direct[at].get(*next) {
                *next += 1;
                found.cyclic[at] |= to == at;
                if met[to] == NEW {
                    path.push((to, 0));
                } else if found.group[to] == NEW {
                    low[at] = low[at].min(met[to]);
                }
                continue;
            }
            path.pop();
            if let Some(&(above, _)) = path.last() {
                low[above] = low[above].min(low[at]);
            }
            if low[at] == met[at] {
                let from = open.iter().rposition(|&o| o == at).unwrap_or(0);
                let several = open.len() - from > 1;
                for member in open.drain(from..) {
                    found.group[member] = groups;
                    found.cyclic[member] |= several;
                }
                groups += 1;
            }
        }
    }
    found
}

/// Gives every field through which its type contains itself the type of a cell.
pub fn make_cells(types: &mut Types, adts: &mut [Adt]) -> FxHashSet<(AdtId, u32, u32)> {
    let cycles = cycles(types, adts, false);
    let mut cells = FxHashSet::default();
    for (index, adt) in adts.iter_mut().enumerate() {
        let own = AdtId(index as u32);
        if !cycles.cyclic[index] {
            continue;
        }
        for (v, variant) in adt.variants.iter_mut().enumerate() {
            for (f, field) in variant.fields.iter_mut().enumerate() {
                if named(types, field.ty, false).into_iter().any(|(id, _)| cycles.leads_back(own, id)) {
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
        // Who must be looked at again when a type is found to come to an end.
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.adts.len()];
        for (index, adt) in self.adts.iter().enumerate() {
            for field in adt.variants.iter().flat_map(|v| &v.fields) {
                named(&self.types, field.ty, false).iter().for_each(|(id, _)| users[id.0 as usize].push(index));
            }
        }
        let mut ends = vec![false; self.adts.len()];
        let mut work: Vec<usize> = (0..self.adts.len()).collect();
        while let Some(index) = work.pop() {
            let adt = &self.adts[index];
            let has_end = adt.variants.is_empty()
                || adt.variants.iter().any(|v| v.fields.iter().all(|f| self.has_end(f.ty, &ends)));
            if has_end && !std::mem::replace(&mut ends[index], true) {
                work.append(&mut users[index]);
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
        let cycles = cycles(&self.types, &self.adts, true);
        for index in 0..self.adts.len() {
            let own = AdtId(index as u32);
            if !cycles.cyclic[index] {
                continue;
            }
            let fields = self.adts[index].variants.iter().flat_map(|v| &v.fields);
            let grows = |ty: Ty| {
                named(&self.types, ty, true).into_iter().any(|(id, ty)| {
                    let TyKind::App(_, args) = self.types.kind(ty) else { return false };
                    cycles.leads_back(own, id)
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
            self.adts.get_mut()[index].variants.iter_mut().flat_map(|v| &mut v.fields).for_each(|f| f.ty = Ty::ERROR);
        }
    }
}
