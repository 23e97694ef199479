//! Gives a body the form that counting works on. Afterwards:
//!
//! * every block is reachable and nothing jumps to `bb0`;
//! * counted arguments of borrowed parameters, and the channels of a `select`, are `Borrow`s;
//! * the destination of a call or spawn is a whole owned local; if that is counted, the call reads it in no other way
//!   than by copies of the whole (so that nothing of its old value is left when the new one arrives);
//! * the same for an assignment to a whole owned counted local;
//! * a counted value assigned through a projection or to a `mut` parameter is a constant or a copy of another whole
//!   owned local: it exists before the old value is dropped, and nothing can panic or look in between.

use super::Tables;
use crate::mir::dataflow::Cfg;
use crate::mir::typing::place_ty;
use crate::mir::visit::{self, operand_place};
use crate::mir::{
    Block, BlockId, Body, Callee, Local, LocalDecl, Operand, Passing, Place, Rvalue, SelectArm, Statement,
    StatementKind, Terminator, TerminatorKind,
};
use crate::source::Span;
use crate::types::ty::Ty;

pub(super) fn normalize(body: &mut Body, tables: &mut Tables<'_>) {
    remove_unreachable(body);
    free_entry(body);
    for index in 0..body.blocks.len() {
        statements(body, index, tables);
        borrow_arguments(body, index, tables);
        destination(body, index, tables);
    }
}

fn remove_unreachable(body: &mut Body) {
    let cfg = Cfg::new(body);
    if cfg.order.len() == body.blocks.len() {
        return;
    }
    let mut keep = vec![false; body.blocks.len()];
    for block in cfg.order {
        keep[block.0 as usize] = true;
    }
    let mut renamed = Vec::with_capacity(keep.len());
    let mut next = 0;
    for &kept in &keep {
        renamed.push(next);
        next += u32::from(kept);
    }
    let mut keep = keep.into_iter();
    body.blocks.retain(|_| keep.next() == Some(true));
    for block in &mut body.blocks {
        for target in visit::targets_mut(&mut block.terminator.kind) {
            *target = BlockId(renamed[target.0 as usize]);
        }
    }
}

/// Drops of unused parameters go to the head of `bb0`, so no loop may come back to it.
fn free_entry(body: &mut Body) {
    let moved = BlockId(body.blocks.len() as u32);
    let mut found = false;
    for block in &mut body.blocks {
        for target in visit::targets_mut(&mut block.terminator.kind) {
            if *target == BlockId(0) {
                *target = moved;
                found = true;
            }
        }
    }
    if found {
        let span = body.span;
        let entry = Block {
            statements: Vec::new(),
            terminator: Terminator { kind: TerminatorKind::Goto(moved), span },
            cleanup: false,
        };
        let old = std::mem::replace(&mut body.blocks[0], entry);
        body.blocks.push(old);
    }
}

fn new_local(body: &mut Body, ty: Ty, span: Span) -> Local {
    body.locals.push(LocalDecl { ty, name: None, span, passing: Passing::Owned });
    Local(body.locals.len() as u32 - 1)
}

fn is_whole_owned(body: &Body, place: &Place) -> bool {
    place.projection.is_empty() && body.locals[place.local.0 as usize].passing == Passing::Owned
}

/// Do these operands read the local in another way than by copying the whole?
fn looks_into(operands: &[&Operand], local: Local) -> bool {
    operands.iter().any(|operand| match operand {
        Operand::Copy(p) | Operand::Move(p) => p.local == local && !p.projection.is_empty(),
        Operand::Borrow(p) | Operand::Mut(p) => p.local == local,
        Operand::Const(_) => false,
    })
}

fn statements(body: &mut Body, index: usize, tables: &mut Tables<'_>) {
    let old = std::mem::take(&mut body.blocks[index].statements);
    let mut new = Vec::with_capacity(old.len());
    for statement in old {
        let Statement { kind: StatementKind::Assign(place, mut rvalue), span } = statement else {
            new.push(statement);
            continue;
        };
        let ty = place_ty(body, &place, tables.types, tables.adts).filter(|ty| tables.is_counted(*ty));

        if let Some(ty) = ty {
            if let Rvalue::Use(Operand::Borrow(from)) = rvalue {
                rvalue = Rvalue::Use(Operand::Copy(from));
            }
            let ready = if is_whole_owned(body, &place) {
                visit::rvalue_place(&rvalue).is_none_or(|p| p.local != place.local)
                    && !looks_into(&visit::rvalue_operands(&rvalue), place.local)
            } else {
                match &rvalue {
                    Rvalue::Use(Operand::Const(_)) => true,
                    Rvalue::Use(Operand::Copy(p) | Operand::Move(p)) => {
                        is_whole_owned(body, p) && p.local != place.local
                    }
                    _ => false,
                }
            };
            if !ready {
                let value = Place::local(new_local(body, ty, span));
                let assign = StatementKind::Assign(value.clone(), rvalue);
                new.push(Statement { kind: assign, span });
                rvalue = Rvalue::Use(Operand::Copy(value));
            }
        }
        new.push(Statement { kind: StatementKind::Assign(place, rvalue), span });
    }
    body.blocks[index].statements = new;
}

fn borrow_arguments(body: &mut Body, index: usize, tables: &mut Tables<'_>) {
    let mut kind = std::mem::replace(&mut body.blocks[index].terminator.kind, TerminatorKind::Unreachable);
    let mut borrowed: Vec<&mut Operand> = Vec::new();
    match &mut kind {
        TerminatorKind::Call { callee, args, .. } => {
            for (n, arg) in args.iter_mut().enumerate() {
                let is_borrowed = match callee {
                    Callee::Intrinsic(op, _) => op.args().as_bytes().get(n) == Some(&b'b'),
                    Callee::Instance(id) => {
                        tables.passing.get(id.0 as usize).and_then(|p| p.get(n)) == Some(&Passing::Borrowed)
                    }
                    Callee::Value => n == 0,
                    Callee::Method { passing, .. } => passing.get(n) == Some(&Passing::Borrowed),
                    Callee::Function(..) | Callee::Closure(_) | Callee::Dyn { .. } => false,
                };
                if is_borrowed {
                    borrowed.push(arg);
                }
            }
        }
        TerminatorKind::Select { arms, .. } => {
            for arm in arms {
                match arm {
                    SelectArm::Recv { channel, .. } | SelectArm::Send { channel, .. } => borrowed.push(channel),
                }
            }
        }
        _ => {}
    }
    for operand in borrowed {
        if let Operand::Copy(place) = operand
            && tables.is_counted_place(body, place)
        {
            *operand = Operand::Borrow(place.clone());
        }
    }
    body.blocks[index].terminator.kind = kind;
}

/// Results that do not fit the rule arrive in a fresh local and are assigned in a block of their own.
fn destination(body: &mut Body, index: usize, tables: &mut Tables<'_>) {
    let kind = &body.blocks[index].terminator.kind;
    let span = body.blocks[index].terminator.span;
    let Some(dest) = visit::terminator_dest(kind) else { return };
    let operands = visit::terminator_operands(kind);
    let is_read = operands.iter().any(|o| operand_place(o).is_some_and(|p| p.local == dest.local));
    let dest = dest.clone();
    let ready = is_whole_owned(body, &dest)
        && !(is_read && looks_into(&operands, dest.local) && tables.is_counted_place(body, &dest));
    if ready {
        return;
    }
    let ty = place_ty(body, &dest, tables.types, tables.adts).unwrap_or(Ty::ERROR);
    let value = Place::local(new_local(body, ty, span));
    let block = BlockId(body.blocks.len() as u32);
    let mut next = None;
    match &mut body.blocks[index].terminator.kind {
        TerminatorKind::Call { dest, target, .. } => {
            *dest = value.clone();
            if let Some(target) = target {
                next = Some(std::mem::replace(target, block));
            }
        }
        TerminatorKind::Spawn { dest, target, .. } => {
            *dest = value.clone();
            next = Some(std::mem::replace(target, block));
        }
        _ => {}
    }
    if let Some(next) = next {
        let kind = StatementKind::Assign(dest, Rvalue::Use(Operand::Copy(value)));
        body.blocks.push(Block {
            statements: vec![Statement { kind, span }],
            terminator: Terminator { kind: TerminatorKind::Goto(next), span },
            cleanup: false,
        });
    }
}
