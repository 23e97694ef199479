//! The body being written: locals, blocks, scopes; and the tidying of the finished graph.
//!
//! `current` is the block that statements go to, `None` in dead code, where everything written is discarded. A block
//! is opened by [`Frame::start`] and closed by [`Frame::terminate`].
//!
//! [`Frame::finish`] threads jumps through empty blocks, merges straight lines, drops unreachable blocks and unused
//! locals, and numbers what is left in reverse postorder: the same input always gives the same body. Only jumps and
//! switches are threaded: a call keeps a target block of its own, where its result begins to live.

use crate::hir::LocalId;
use crate::mir::uses::Use;
use crate::mir::{
    Block, BlockId, Body, Const, Local, LocalDecl, Operand, Passing, Place, Projection, RESULT, Rvalue, SelectArm,
    SelectOtherwise, SpawnKind, Statement, StatementKind, Terminator, TerminatorKind,
};
use crate::mir::{Check, Intrinsic};
use crate::source::Span;
use crate::types::ty::Ty;
use rustc_hash::FxHashMap;

/// What `break`, `continue` and `return` leave.
pub(super) enum Scope {
    Loop {
        exit: BlockId,
        next: BlockId,
    },
    /// Holds the scope's handle; joined on every way out.
    Parallel(Local),
}

struct Open {
    statements: Vec<Statement>,
    uses: Vec<Use>,
    terminator: Option<Terminator>,
}

pub(super) struct Frame {
    name: String,
    span: Span,
    pub(super) params: u32,
    locals: Vec<LocalDecl>,
    blocks: Vec<Open>,
    current: Option<BlockId>,
    pub(super) vars: FxHashMap<LocalId, Local>,
    pub(super) scopes: Vec<Scope>,
    /// Where `_0` is returned.
    pub(super) exit: BlockId,
    /// The constant 0, if a cell was looked into.
    zero: Option<Local>,
}

impl Frame {
    pub(super) fn new(name: String, span: Span, result: Ty) -> Frame {
        let mut frame = Frame {
            name,
            span,
            params: 0,
            locals: vec![LocalDecl { ty: result, name: None, span, passing: Passing::Owned }],
            blocks: Vec::new(),
            current: None,
            vars: FxHashMap::default(),
            scopes: Vec::new(),
            exit: BlockId(0),
            zero: None,
        };
        let entry = frame.new_block();
        frame.exit = frame.new_block();
        frame.start(entry);
        frame
    }

    pub(super) fn declare(&mut self, decl: LocalDecl) -> Local {
        self.locals.push(decl);
        Local(self.locals.len() as u32 - 1)
    }

    pub(super) fn temp(&mut self, ty: Ty, span: Span) -> Local {
        self.declare(LocalDecl { ty, name: None, span, passing: Passing::Owned })
    }

    /// The index of what a cell holds, set where the body begins.
    pub(super) fn zero(&mut self) -> Local {
        if let Some(zero) = self.zero {
            return zero;
        }
        let zero = self.temp(Ty::INT, self.span);
        self.zero = Some(zero);
        let set = StatementKind::Assign(Place::local(zero), Rvalue::Use(Operand::Const(Const::Int(0))));
        self.blocks[0].statements.insert(0, Statement { kind: set, span: self.span });
        zero
    }

    pub(super) fn ty(&self, local: Local) -> Ty {
        self.locals[local.0 as usize].ty
    }

    pub(super) fn is_owned(&self, local: Local) -> bool {
        self.locals[local.0 as usize].passing == Passing::Owned
    }

    /// A temporary is written once, by the expression that made it; a variable may change.
    pub(super) fn is_variable(&self, local: Local) -> bool {
        self.locals[local.0 as usize].name.is_some()
    }

    pub(super) fn new_block(&mut self) -> BlockId {
        self.blocks.push(Open { statements: Vec::new(), uses: Vec::new(), terminator: None });
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// Continues in `block`; the block before must have been terminated.
    pub(super) fn start(&mut self, block: BlockId) {
        debug_assert!(self.current.is_none(), "{:?} is still open", self.current);
        self.current = Some(block);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.current.is_none()
    }

    fn push(&mut self, kind: StatementKind, span: Span) {
        if let Some(block) = self.current {
            self.blocks[block.0 as usize].statements.push(Statement { kind, span });
        }
    }

    /// Records what happens to a variable here.
    pub(super) fn note(&mut self, seen: Use) {
        if let Some(block) = self.current {
            self.blocks[block.0 as usize].uses.push(seen);
        }
    }

    pub(super) fn assign(&mut self, place: Place, rvalue: Rvalue, span: Span) {
        self.push(StatementKind::Assign(place, rvalue), span);
    }

    pub(super) fn assign_unit(&mut self, local: Local, span: Span) {
        self.assign(Place::local(local), Rvalue::Use(Operand::Const(Const::Unit)), span);
    }

    pub(super) fn terminate(&mut self, kind: TerminatorKind, span: Span) {
        if let Some(block) = self.current.take() {
            self.blocks[block.0 as usize].terminator = Some(Terminator { kind, span });
        }
    }

    pub(super) fn goto(&mut self, block: BlockId, span: Span) {
        self.terminate(TerminatorKind::Goto(block), span);
    }

    pub(super) fn branch(&mut self, value: Operand, yes: BlockId, no: BlockId, span: Span) {
        self.terminate(TerminatorKind::Switch { value, targets: vec![(0, no)], otherwise: yes }, span);
    }

    /// Ends the block with a terminator that continues in a new block, and goes on there.
    pub(super) fn terminate_and_continue(&mut self, kind: impl FnOnce(BlockId) -> TerminatorKind, span: Span) {
        if self.is_dead() {
            return;
        }
        let next = self.new_block();
        self.terminate(kind(next), span);
        self.start(next);
    }

    pub(super) fn check(&mut self, check: Check, span: Span) {
        self.terminate_and_continue(|target| TerminatorKind::Check { check, target, unwind: None }, span);
    }

    pub(super) fn parallel_scope(&self) -> Option<Local> {
        self.scopes.iter().rev().find_map(|scope| match scope {
            Scope::Parallel(local) => Some(*local),
            Scope::Loop { .. } => None,
        })
    }

    /// Closes the body: jumps to the exit, returns there, tidies.
    pub(super) fn finish(&mut self, generics: u32) -> Body {
        let exit = self.exit;
        let span = self.span;
        self.goto(exit, span);
        self.start(exit);
        self.terminate(TerminatorKind::Return, span);
        thread_jumps(&mut self.blocks);
        let (blocks, uses) = order(std::mem::take(&mut self.blocks));
        let mut body = Body {
            name: std::mem::take(&mut self.name),
            span,
            generics,
            params: self.params,
            locals: std::mem::take(&mut self.locals),
            blocks,
            spawned: Vec::new(),
            uses,
        };
        drop_unused_locals(&mut body);
        body
    }
}

/// Makes jumps to empty blocks go where those go.
fn thread_jumps(blocks: &mut [Open]) {
    const UNKNOWN: u32 = u32::MAX;
    const OPEN: u32 = u32::MAX - 1;
    let mut forward = vec![UNKNOWN; blocks.len()];
    let mut path = Vec::new();
    for start in 0..blocks.len() {
        let mut at = start;
        let end = loop {
            match forward[at] {
                UNKNOWN => {}
                // A loop of empty blocks: it stays a loop.
                OPEN => break at as u32,
                known => break known,
            }
            let empty = blocks[at].statements.is_empty() && blocks[at].uses.is_empty();
            match &blocks[at].terminator {
                Some(Terminator { kind: TerminatorKind::Goto(next), .. }) if empty => {
                    forward[at] = OPEN;
                    path.push(at);
                    at = next.0 as usize;
                }
                _ => {
                    forward[at] = at as u32;
                    break at as u32;
                }
            }
        };
        for block in path.drain(..) {
            forward[block] = end;
        }
    }
    for block in blocks {
        if let Some(Terminator { kind: kind @ (TerminatorKind::Goto(_) | TerminatorKind::Switch { .. }), .. }) =
            &mut block.terminator
        {
            for_each_target(kind, &mut |target| target.0 = forward[target.0 as usize]);
        }
    }
}

/// The reachable blocks in reverse postorder, straight lines merged.
fn order(mut blocks: Vec<Open>) -> (Vec<Block>, Vec<Vec<Use>>) {
    let mut predecessors = vec![0u32; blocks.len()];
    let mut postorder = Vec::new();
    let mut seen = vec![false; blocks.len()];
    // The successors are visited last first, so that they come out in the order written.
    let mut stack = vec![(0usize, successors(&mut blocks[0]))];
    seen[0] = true;
    predecessors[0] = 2;
    while let Some((block, rest)) = stack.last_mut() {
        match rest.pop() {
            Some(next) => {
                predecessors[next] += 1;
                if !seen[next] {
                    seen[next] = true;
                    let after = successors(&mut blocks[next]);
                    stack.push((next, after));
                }
            }
            None => {
                postorder.push(*block);
                stack.pop();
            }
        }
    }
    let mut merged = vec![false; blocks.len()];
    let mut number = vec![0u32; blocks.len()];
    let mut ordered = Vec::new();
    let mut uses = Vec::new();
    for &head in postorder.iter().rev() {
        if merged[head] {
            continue;
        }
        number[head] = ordered.len() as u32;
        let mut statements = std::mem::take(&mut blocks[head].statements);
        let mut uses_here = std::mem::take(&mut blocks[head].uses);
        let mut terminator = close(&mut blocks[head]);
        while let TerminatorKind::Goto(BlockId(next)) = terminator.kind {
            let next = next as usize;
            if predecessors[next] != 1 || next == head {
                break;
            }
            merged[next] = true;
            statements.append(&mut blocks[next].statements);
            uses_here.append(&mut blocks[next].uses);
            terminator = close(&mut blocks[next]);
        }
        ordered.push(Block { statements, terminator, cleanup: false });
        uses.push(uses_here);
    }
    for block in &mut ordered {
        for_each_target(&mut block.terminator.kind, &mut |target| target.0 = number[target.0 as usize]);
    }
    (ordered, uses)
}

fn successors(block: &mut Open) -> Vec<usize> {
    let mut list = Vec::new();
    if let Some(terminator) = &mut block.terminator {
        for_each_target(&mut terminator.kind, &mut |target| list.push(target.0 as usize));
    }
    list
}

#[cfg(test)]
pub(super) fn successors_of(kind: &TerminatorKind) -> Vec<BlockId> {
    let mut list = Vec::new();
    for_each_target(&mut kind.clone(), &mut |target| list.push(*target));
    list
}

fn close(block: &mut Open) -> Terminator {
    block.terminator.take().expect("every reachable block was terminated")
}

fn for_each_target(kind: &mut TerminatorKind, f: &mut impl FnMut(&mut BlockId)) {
    match kind {
        TerminatorKind::Goto(target) => f(target),
        TerminatorKind::Switch { targets, otherwise, .. } => {
            targets.iter_mut().for_each(|(_, target)| f(target));
            f(otherwise);
        }
        TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => {}
        TerminatorKind::Call { target, unwind, .. } => target.iter_mut().chain(unwind).for_each(f),
        TerminatorKind::Check { target, unwind, .. } => std::iter::once(target).chain(unwind).for_each(f),
        TerminatorKind::Spawn { target, .. } => f(target),
        TerminatorKind::Select { arms, otherwise, unwind } => {
            for arm in arms {
                match arm {
                    SelectArm::Recv { target, .. } | SelectArm::Send { target, .. } => f(target),
                }
            }
            match otherwise {
                SelectOtherwise::Wait => {}
                SelectOtherwise::Default(target) | SelectOtherwise::Timeout(_, target) => f(target),
            }
            unwind.iter_mut().for_each(f);
        }
    }
}

/// Removes the locals that nothing mentions; the result and the parameters stay.
fn drop_unused_locals(body: &mut Body) {
    let mut used = vec![false; body.locals.len()];
    used[..=body.params as usize].fill(true);
    for block in &mut body.blocks {
        for_each_local(block, &mut |local| used[local.0 as usize] = true);
    }
    let mut number = vec![0; used.len()];
    let mut next = 0;
    for (index, &used) in used.iter().enumerate() {
        number[index] = next;
        next += u32::from(used);
    }
    for block in &mut body.blocks {
        for_each_local(block, &mut |local| local.0 = number[local.0 as usize]);
    }
    let mut keep = used.into_iter();
    body.locals.retain(|_| keep.next().unwrap_or(false));
    debug_assert_eq!(number[RESULT.0 as usize], 0);
}

pub(super) fn for_each_local(block: &mut Block, f: &mut impl FnMut(&mut Local)) {
    for statement in &mut block.statements {
        match &mut statement.kind {
            StatementKind::Assign(place, rvalue) => {
                visit_rvalue(rvalue, f);
                visit_place(place, f);
            }
            StatementKind::Drop(place) => visit_place(place, f),
        }
    }
    match &mut block.terminator.kind {
        TerminatorKind::Goto(_) | TerminatorKind::Return | TerminatorKind::Unreachable | TerminatorKind::Resume => {}
        TerminatorKind::Switch { value, .. } => visit_operand(value, f),
        TerminatorKind::Call { args, dest, .. } => {
            args.iter_mut().for_each(|arg| visit_operand(arg, f));
            visit_place(dest, f);
        }
        TerminatorKind::Check { check, .. } => {
            let (Check::Index { index: a, len: b } | Check::Division { dividend: a, divisor: b }) = check;
            visit_operand(a, f);
            visit_operand(b, f);
        }
        TerminatorKind::Spawn { captures, kind, dest, .. } => {
            captures.iter_mut().for_each(|capture| visit_operand(capture, f));
            if let SpawnKind::Parallel(scope) = kind {
                visit_operand(scope, f);
            }
            visit_place(dest, f);
        }
        TerminatorKind::Select { arms, otherwise, .. } => {
            for arm in arms {
                match arm {
                    SelectArm::Recv { channel, into, .. } => {
                        visit_operand(channel, f);
                        f(into);
                    }
                    SelectArm::Send { channel, value, .. } => {
                        visit_operand(channel, f);
                        visit_operand(value, f);
                    }
                }
            }
            if let SelectOtherwise::Timeout(ms, _) = otherwise {
                visit_operand(ms, f);
            }
        }
    }
}

fn visit_rvalue(rvalue: &mut Rvalue, f: &mut impl FnMut(&mut Local)) {
    match rvalue {
        Rvalue::Use(a) | Rvalue::Unary(_, a) => visit_operand(a, f),
        Rvalue::Binary(_, a, b) => {
            visit_operand(a, f);
            visit_operand(b, f);
        }
        Rvalue::Construct { fields: items, .. } | Rvalue::Tuple(items) => {
            items.iter_mut().for_each(|item| visit_operand(item, f));
        }
        Rvalue::Discriminant(place) | Rvalue::ListLen(place) => visit_place(place, f),
    }
}

fn visit_operand(operand: &mut Operand, f: &mut impl FnMut(&mut Local)) {
    match operand {
        Operand::Copy(place) | Operand::Move(place) | Operand::Borrow(place) | Operand::Mut(place) => {
            visit_place(place, f);
        }
        Operand::Const(_) => {}
    }
}

fn visit_place(place: &mut Place, f: &mut impl FnMut(&mut Local)) {
    f(&mut place.local);
    for step in &mut place.projection {
        if let Projection::Index(local) = step {
            f(local);
        }
    }
}

/// Operations after which the program does not go on.
pub(super) fn never_returns(intrinsic: Intrinsic) -> bool {
    matches!(intrinsic, Intrinsic::Panic | Intrinsic::Exit)
}
