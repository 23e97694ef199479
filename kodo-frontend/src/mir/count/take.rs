//! Values taken out of a dying aggregate: `x = copy _1@Some.0 … drop _1` counts the payload up and down again. Here it
//! becomes `x = move _1@Some.0`, and what is left of `_1` is dropped part by part where the whole was (drop
//! specialization in Perceus). Messages that go through channels are counted atomically, so this is worth having.
//!
//! Only within one block, where no panic can see a half empty local: between the first part moved and the drop, nothing
//! else looks at the parts that are gone.

use super::{Tables, drop_of};
use crate::mir::typing::{place_ty, uncovered};
use crate::mir::visit;
use crate::mir::{Body, Local, Operand, Place, Projection, Statement, StatementKind};
use rustc_hash::FxHashMap;

/// An operand that copies a counted part: statement, and number in evaluation order.
type Copied = (usize, usize);

/// Rewrites the statements of one block. `locals` of `body` are all known; its blocks are not looked at.
pub(super) fn take(body: &Body, tracked: &[bool], statements: &mut Vec<Statement>, tables: &mut Tables<'_>) {
    // Copies of disjoint parts of each local since anything else looked at it.
    let mut copied: FxHashMap<Local, Vec<(Copied, Place)>> = FxHashMap::default();
    let mut moves: Vec<Copied> = Vec::new();
    let mut rests: Vec<(usize, Vec<Statement>)> = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        match &statement.kind {
            StatementKind::Drop(place) if place.projection.is_empty() && tracked[place.local.0 as usize] => {
                let Some(parts) = copied.remove(&place.local).filter(|parts| !parts.is_empty()) else { continue };
                let paths: Vec<&[Projection]> = parts.iter().map(|(_, p)| p.projection.as_slice()).collect();
                let ty = body.locals[place.local.0 as usize].ty;
                let rest = uncovered(ty, &paths, tables.types, tables.adts, &mut tables.counted);
                let Some(rest) = rest else { continue };
                let drops = rest.into_iter().map(|projection| {
                    let part = Place { local: place.local, projection };
                    drop_of(part, statement.span)
                });
                rests.push((at, drops.collect()));
                moves.extend(parts.iter().map(|(operand, _)| *operand));
            }
            StatementKind::Drop(place) => {
                copied.remove(&place.local);
            }
            StatementKind::Assign(place, rvalue) => {
                if let Some(read) = visit::rvalue_place(rvalue) {
                    copied.remove(&read.local);
                }
                for (n, operand) in visit::rvalue_operands(rvalue).into_iter().enumerate() {
                    let Some(read) = visit::operand_place(operand) else { continue };
                    if !tracked[read.local.0 as usize] {
                        continue;
                    }
                    let is_part = matches!(operand, Operand::Copy(_)) && !read.projection.is_empty();
                    if !is_part || visit::index_locals(read).next().is_some() {
                        copied.remove(&read.local);
                        continue;
                    }
                    let counted =
                        place_ty(body, read, tables.types, tables.adts).is_some_and(|ty| tables.is_counted(ty));
                    if counted {
                        let parts = copied.entry(read.local).or_default();
                        // Of two copies of one part only the later can be the move.
                        parts.retain(|(_, p)| !overlap(&p.projection, &read.projection));
                        parts.push(((at, n), read.clone()));
                    }
                }
                copied.remove(&place.local);
            }
        }
    }
    for (at, n) in moves {
        if let StatementKind::Assign(_, rvalue) = &mut statements[at].kind
            && let Some(operand) = visit::rvalue_operands_mut(rvalue).into_iter().nth(n)
            && let Operand::Copy(place) = operand
        {
            *operand = Operand::Move(place.clone());
        }
    }
    if rests.is_empty() {
        return;
    }
    let mut rests = rests.into_iter().peekable();
    let old = std::mem::take(statements);
    for (at, statement) in old.into_iter().enumerate() {
        match rests.next_if(|(index, _)| *index == at) {
            Some((_, drops)) => statements.extend(drops),
            None => statements.push(statement),
        }
    }
}

/// Is one of the paths a part of the other?
fn overlap(a: &[Projection], b: &[Projection]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}
