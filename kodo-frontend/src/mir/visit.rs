//! What a statement or terminator reads, writes and jumps to. Operands are listed in evaluation order (left to right):
//! passes that ask "is this the last read?" depend on it.

use super::{BlockId, Local, Projection};
use super::{Check, Operand, Place, Rvalue, SelectArm, SelectOtherwise, SpawnKind, TerminatorKind};

/// The operands of an rvalue, left to right.
pub fn rvalue_operands(rvalue: &Rvalue) -> Vec<&Operand> {
    match rvalue {
        Rvalue::Use(a) | Rvalue::Unary(_, a) => vec![a],
        Rvalue::Binary(_, a, b) => vec![a, b],
        Rvalue::Construct { fields, .. } | Rvalue::Tuple(fields) => fields.iter().collect(),
        Rvalue::Discriminant(_) | Rvalue::ListLen(_) => Vec::new(),
    }
}

pub fn rvalue_operands_mut(rvalue: &mut Rvalue) -> Vec<&mut Operand> {
    match rvalue {
        Rvalue::Use(a) | Rvalue::Unary(_, a) => vec![a],
        Rvalue::Binary(_, a, b) => vec![a, b],
        Rvalue::Construct { fields, .. } | Rvalue::Tuple(fields) => fields.iter_mut().collect(),
        Rvalue::Discriminant(_) | Rvalue::ListLen(_) => Vec::new(),
    }
}

/// The place an rvalue reads without an operand.
pub fn rvalue_place(rvalue: &Rvalue) -> Option<&Place> {
    match rvalue {
        Rvalue::Discriminant(place) | Rvalue::ListLen(place) => Some(place),
        _ => None,
    }
}

/// The operands of a terminator, left to right.
pub fn terminator_operands(terminator: &TerminatorKind) -> Vec<&Operand> {
    match terminator {
        TerminatorKind::Goto(_) | TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => {
            Vec::new()
        }
        TerminatorKind::Switch { value, .. } => vec![value],
        TerminatorKind::Call { args, .. } => args.iter().collect(),
        TerminatorKind::Check { check, .. } => match check {
            Check::Index { index, len } => vec![index, len],
            Check::Division { dividend, divisor } => vec![dividend, divisor],
        },
        TerminatorKind::Spawn { captures, kind, .. } => {
            let mut all: Vec<&Operand> = captures.iter().collect();
            if let SpawnKind::Parallel(scope) = kind {
                all.push(scope);
            }
            all
        }
        TerminatorKind::Select { arms, otherwise, .. } => {
            let mut all = Vec::new();
            for arm in arms {
                match arm {
                    SelectArm::Recv { channel, .. } => all.push(channel),
                    SelectArm::Send { channel, value, .. } => all.extend([channel, value]),
                }
            }
            if let SelectOtherwise::Timeout(time, _) = otherwise {
                all.push(time);
            }
            all
        }
    }
}

pub fn terminator_operands_mut(terminator: &mut TerminatorKind) -> Vec<&mut Operand> {
    match terminator {
        TerminatorKind::Goto(_) | TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => {
            Vec::new()
        }
        TerminatorKind::Switch { value, .. } => vec![value],
        TerminatorKind::Call { args, .. } => args.iter_mut().collect(),
        TerminatorKind::Check { check, .. } => match check {
            Check::Index { index, len } => vec![index, len],
            Check::Division { dividend, divisor } => vec![dividend, divisor],
        },
        TerminatorKind::Spawn { captures, kind, .. } => {
            let mut all: Vec<&mut Operand> = captures.iter_mut().collect();
            if let SpawnKind::Parallel(scope) = kind {
                all.push(scope);
            }
            all
        }
        TerminatorKind::Select { arms, otherwise, .. } => {
            let mut all = Vec::new();
            for arm in arms {
                match arm {
                    SelectArm::Recv { channel, .. } => all.push(channel),
                    SelectArm::Send { channel, value, .. } => all.extend([channel, value]),
                }
            }
            if let SelectOtherwise::Timeout(time, _) = otherwise {
                all.push(time);
            }
            all
        }
    }
}

/// The place an operand reads (or, for `Mut`, changes).
pub fn operand_place(operand: &Operand) -> Option<&Place> {
    match operand {
        Operand::Copy(p) | Operand::Move(p) | Operand::Borrow(p) | Operand::Mut(p) => Some(p),
        Operand::Const(_) => None,
    }
}

/// The locals used as indexes in a place.
pub fn index_locals(place: &Place) -> impl Iterator<Item = Local> + '_ {
    place.projection.iter().filter_map(|p| match p {
        Projection::Index(local) => Some(*local),
        Projection::Field(_) | Projection::Variant(_) => None,
    })
}

/// The place a call or spawn writes on the edge to its target.
pub fn terminator_dest(terminator: &TerminatorKind) -> Option<&Place> {
    match terminator {
        TerminatorKind::Call { dest, .. } | TerminatorKind::Spawn { dest, .. } => Some(dest),
        _ => None,
    }
}

/// One way out of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    pub target: BlockId,
    /// The whole local that is initialized on this edge.
    pub init: Option<Local>,
    pub unwind: bool,
}

/// Every way out of a block, in the order of [`targets_mut`]. A block may be the target of several.
pub fn edges(terminator: &TerminatorKind) -> Vec<Edge> {
    let plain = |target: BlockId| Edge { target, init: None, unwind: false };
    let unwinding = |target: BlockId| Edge { target, init: None, unwind: true };
    let whole = |place: &Place| place.projection.is_empty().then_some(place.local);
    match terminator {
        TerminatorKind::Goto(target) => vec![plain(*target)],
        TerminatorKind::Switch { targets, otherwise, .. } => {
            targets.iter().map(|(_, t)| plain(*t)).chain([plain(*otherwise)]).collect()
        }
        TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => Vec::new(),
        TerminatorKind::Call { dest, target, unwind, .. } => target
            .iter()
            .map(|t| Edge { init: whole(dest), ..plain(*t) })
            .chain(unwind.iter().map(|t| unwinding(*t)))
            .collect(),
        TerminatorKind::Check { target, unwind, .. } => {
            [plain(*target)].into_iter().chain(unwind.iter().map(|t| unwinding(*t))).collect()
        }
        TerminatorKind::Spawn { dest, target, .. } => vec![Edge { init: whole(dest), ..plain(*target) }],
        TerminatorKind::Select { arms, otherwise, unwind } => {
            let mut all: Vec<Edge> = arms
                .iter()
                .map(|arm| match arm {
                    SelectArm::Recv { into, target, .. } => Edge { init: Some(*into), ..plain(*target) },
                    SelectArm::Send { target, .. } => plain(*target),
                })
                .collect();
            match otherwise {
                SelectOtherwise::Wait => {}
                SelectOtherwise::Default(t) | SelectOtherwise::Timeout(_, t) => all.push(plain(*t)),
            }
            all.extend(unwind.iter().map(|t| unwinding(*t)));
            all
        }
    }
}

/// The targets, to change them; same order as [`edges`].
pub fn targets_mut(terminator: &mut TerminatorKind) -> Vec<&mut BlockId> {
    match terminator {
        TerminatorKind::Goto(target) => vec![target],
        TerminatorKind::Switch { targets, otherwise, .. } => {
            targets.iter_mut().map(|(_, t)| t).chain([otherwise]).collect()
        }
        TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => Vec::new(),
        TerminatorKind::Call { target, unwind, .. } => target.iter_mut().chain(unwind.iter_mut()).collect(),
        TerminatorKind::Check { target, unwind, .. } => [target].into_iter().chain(unwind.iter_mut()).collect(),
        TerminatorKind::Spawn { target, .. } => vec![target],
        TerminatorKind::Select { arms, otherwise, unwind } => {
            let mut all: Vec<&mut BlockId> = arms
                .iter_mut()
                .map(|arm| match arm {
                    SelectArm::Recv { target, .. } | SelectArm::Send { target, .. } => target,
                })
                .collect();
            match otherwise {
                SelectOtherwise::Wait => {}
                SelectOtherwise::Default(t) | SelectOtherwise::Timeout(_, t) => all.push(t),
            }
            all.extend(unwind.iter_mut());
            all
        }
    }
}
