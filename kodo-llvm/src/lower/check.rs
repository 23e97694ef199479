//! Refuses what has no lowering, before anything is built: afterwards every type has a layout and every callee is an
//! instance or an intrinsic.

use crate::context::Cx;
use crate::error::Error;
use kodo_frontend::mir::typing::place_ty;
use kodo_frontend::mir::{
    Block, BlockId, Body, Callee, Intrinsic, Operand, Place, Projection, Rvalue, SelectArm, SelectOtherwise, SpawnBody,
    StatementKind, TerminatorKind,
};
use kodo_frontend::types::ty::{TyCon, TyKind};

pub fn program(cx: &mut Cx<'_, '_>) -> Result<(), Error> {
    let program = cx.input.program;
    if program.main.0 as usize >= program.instances.len() {
        return Err(Error::Invalid { what: "main is not an instance".into(), function: "main".into() });
    }
    for body in &program.instances {
        self::body(cx, body)?;
    }
    Ok(())
}

fn body(cx: &mut Cx<'_, '_>, body: &Body) -> Result<(), Error> {
    let invalid = |what: &str| Error::Invalid { what: what.into(), function: body.name.clone() };
    if body.locals.len() <= body.params as usize || body.blocks.is_empty() || body.blocks[0].cleanup {
        return Err(invalid("it has no locals for its parameters, or no blocks"));
    }
    for local in &body.locals {
        cx.check_type(local.ty, local.span)?;
    }
    for block in body.blocks.iter().filter(|b| !b.cleanup) {
        self::block(cx, body, block)?;
    }
    Ok(())
}

fn block(cx: &mut Cx<'_, '_>, body: &Body, block: &Block) -> Result<(), Error> {
    let invalid = |what: &str| Error::Invalid { what: what.into(), function: body.name.clone() };
    let instances = &cx.input.program.instances;
    for statement in &block.statements {
        if let StatementKind::Assign(_, Rvalue::Construct { adt, variant, .. }) = &statement.kind
            && cx.input.adts.get(adt.0 as usize).is_none_or(|adt| *variant as usize >= adt.variants.len())
        {
            return Err(invalid("it constructs a variant that does not exist"));
        }
        let (StatementKind::Assign(place, _) | StatementKind::Drop(place)) = &statement.kind;
        self::place(body, place)?;
    }
    for target in targets(&block.terminator.kind) {
        if body.blocks.get(target.0 as usize).is_none_or(|b| b.cleanup) {
            return Err(invalid("it continues in a block that does not exist or is for unwinding"));
        }
    }
    match &block.terminator.kind {
        TerminatorKind::Call { callee, args, dest, .. } => {
            place(body, dest)?;
            match callee {
                Callee::Function(..) => Err(invalid("it calls a generic function")),
                Callee::Instance(id) => match instances.get(id.0 as usize) {
                    None => Err(invalid("it calls an instance that does not exist")),
                    Some(callee) if callee.params as usize != args.len() => {
                        Err(invalid("it calls with the wrong number of arguments"))
                    }
                    Some(_) => Ok(()),
                },
                Callee::Value => {
                    let function = args.first().and_then(|arg| match arg {
                        Operand::Copy(p) | Operand::Move(p) | Operand::Borrow(p) | Operand::Mut(p) => {
                            place_ty(body, p, cx.input.types, cx.input.adts)
                        }
                        Operand::Const(_) => None,
                    });
                    match function.map(|ty| cx.input.types.kind(ty)) {
                        Some(TyKind::Fn(params, _)) if params.len() + 1 == args.len() => Ok(()),
                        _ => Err(invalid("it calls what is no function value, or with the wrong number of arguments")),
                    }
                }
                Callee::Dyn { ty, methods, .. } => {
                    cx.check_type(*ty, block.terminator.span)?;
                    if args.len() != 1
                        || methods.iter().any(|m| instances.get(m.0 as usize).is_none_or(|m| m.params == 0))
                    {
                        return Err(invalid(
                            "it makes a `dyn` value with methods that take none, or of several values",
                        ));
                    }
                    Ok(())
                }
                Callee::Method { passing, .. } => {
                    let value = args.first().and_then(|arg| match arg {
                        Operand::Copy(p) | Operand::Move(p) | Operand::Borrow(p) | Operand::Mut(p) => {
                            place_ty(body, p, cx.input.types, cx.input.adts)
                        }
                        Operand::Const(_) => None,
                    });
                    match value.map(|ty| cx.input.types.kind(ty)) {
                        Some(TyKind::Dyn(_)) if passing.len() == args.len() => Ok(()),
                        _ => Err(invalid("it calls a method of what is no `dyn` value, or with the wrong arguments")),
                    }
                }
                Callee::Closure(made) => match made {
                    SpawnBody::Instance(id) => match instances.get(id.0 as usize) {
                        Some(made) if made.params as usize >= args.len() => Ok(()),
                        _ => Err(invalid("it makes a closure of an instance with other captures, or none")),
                    },
                    _ => Err(invalid("it makes a closure of a generic body")),
                },
                Callee::Intrinsic(intrinsic, tys) => {
                    if intrinsic.args() != "*" && intrinsic.args().len() != args.len() {
                        return Err(invalid(&format!("{} has the wrong number of arguments", intrinsic.name())));
                    }
                    for &ty in tys {
                        cx.check_type(ty, block.terminator.span)?;
                    }
                    let kind = cx.input.types.kind(body.locals[dest.local.0 as usize].ty);
                    let option = matches!(kind, TyKind::App(TyCon::Adt(id), _) if *id == cx.input.option);
                    if gives_option(*intrinsic) && dest.projection.is_empty() && !option {
                        return Err(invalid(&format!("{} gives an Option", intrinsic.name())));
                    }
                    Ok(())
                }
            }
        }
        TerminatorKind::Spawn { body: spawned, captures, result, dest, .. } => {
            cx.check_type(*result, block.terminator.span)?;
            place(body, dest)?;
            match spawned {
                SpawnBody::Instance(id) => match instances.get(id.0 as usize) {
                    Some(callee) if callee.params as usize == captures.len() => Ok(()),
                    _ => Err(invalid("it spawns an instance with other captures, or none")),
                },
                _ => Err(invalid("it spawns a generic body")),
            }
        }
        TerminatorKind::Resume => Err(invalid("an ordinary block resumes unwinding")),
        _ => Ok(()),
    }
}

/// Where a terminator continues, unwinding aside.
fn targets(kind: &TerminatorKind) -> Vec<BlockId> {
    match kind {
        TerminatorKind::Goto(to) => vec![*to],
        TerminatorKind::Switch { targets, otherwise, .. } => {
            targets.iter().map(|(_, to)| *to).chain([*otherwise]).collect()
        }
        TerminatorKind::Call { target, .. } => target.iter().copied().collect(),
        TerminatorKind::Check { target, .. } | TerminatorKind::Spawn { target, .. } => vec![*target],
        TerminatorKind::Select { arms, otherwise, .. } => {
            let arms = arms.iter().map(|arm| match arm {
                SelectArm::Recv { target, .. } | SelectArm::Send { target, .. } => *target,
            });
            let otherwise = match otherwise {
                SelectOtherwise::Wait => None,
                SelectOtherwise::Default(to) | SelectOtherwise::Timeout(_, to) => Some(*to),
            };
            arms.chain(otherwise).collect()
        }
        TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => Vec::new(),
    }
}

fn place(body: &Body, place: &Place) -> Result<(), Error> {
    let invalid = |what: &str| Error::Invalid { what: what.into(), function: body.name.clone() };
    if place.local.0 as usize >= body.locals.len() {
        return Err(invalid("it names a local that does not exist"));
    }
    let mut parts = place.projection.iter().peekable();
    while let Some(part) = parts.next() {
        if matches!(part, Projection::Variant(_)) && !matches!(parts.peek(), Some(Projection::Field(_))) {
            return Err(invalid("a variant is selected without a field of it"));
        }
    }
    Ok(())
}

fn gives_option(intrinsic: Intrinsic) -> bool {
    use Intrinsic::{
        ChannelNext, ChannelRecvTimeout, ChannelTryRecv, ConvertTry, ListPop, ReadLine, StringTryParseFloat,
        StringTryParseInt,
    };
    matches!(
        intrinsic,
        ConvertTry
            | StringTryParseFloat
            | StringTryParseInt
            | ListPop
            | ReadLine
            | ChannelNext
            | ChannelTryRecv
            | ChannelRecvTimeout
    )
}
