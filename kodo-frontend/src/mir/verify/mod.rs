//! Checks counted MIR: what `count` promises and what the back end relies on. A complaint means a bug in the compiler.
//!
//! # Rules
//!
//! Shape:
//! * S1 Every target exists, and every block is reachable. Locals exist; only parameters are borrowed or by reference.
//! * S2 Cleanup blocks lead to cleanup blocks only and end in `resume`; they are entered by unwinding only, and
//!   unwinding enters only them. `bb0` is none.
//! * S3 The program is monomorphic: no generic bodies, callees are instances or intrinsics.
//!
//! Types:
//! * T1 Both sides of an assignment agree; operators, constructors and projections fit their operands.
//! * T2 Arguments, captures and results agree with the callee, and so does the way each is passed.
//! * T3 `switch` is on an Int or Bool; checks and times are Ints; a `select` arm agrees with its channel.
//!
//! Ownership, of owned locals whose type is counted:
//! * O1 A local is read, borrowed, changed, moved or dropped only where it is initialized.
//! * O2 It is consumed (moved, dropped, returned) exactly once: it is uninitialized when it is assigned as a whole, at
//!   `return` (all but `_0`, which is initialized) and at `resume`.
//! * O3 Which locals are initialized does not depend on the path by which a block is reached (blocks that only say
//!   `unreachable` excepted).
//! * O4 A call that may panic while something is initialized unwinds into cleanup.
//! * O5 `move` takes a whole owned local, and not in a call that also borrows it. Borrowed and by-reference parameters
//!   are not consumed, borrowed ones not changed.
//! * O9 A part of an owned local may be moved too, if in the same block every counted part is moved or dropped, once;
//!   that consumes the local. What is gone is not looked at again; parts that are not counted stay readable to the end of
//!   the block.
//! * O6 A counted value is replaced through a projection (or in a `mut` parameter) by `drop place` directly before
//!   `place = value`, where the value is a constant or another whole local. But for O9, nothing else drops such a place.
//! * O7 A borrow of a counted value is an argument of a borrowed parameter or the channel of a `select`.
//!
//! All other locals: O8 initialized on every path before they are read (those without bits excepted).

use crate::mir::dataflow::{Cfg, Sparse, WorkSet, liveness};
use crate::mir::typing::{Shape, call_may_panic, operand_ty, place_ty, signature, uncovered};
use crate::mir::visit::{self, operand_place};
use crate::mir::{
    BinaryOp, BlockId, Body, Callee, Check, Local, Operand, Passing, Place, Program, RESULT, Rvalue, SelectArm,
    SelectOtherwise, SpawnBody, SpawnKind, Statement, StatementKind, TerminatorKind, UnaryOp,
};
use crate::types::counted::Counted;
use crate::types::ty::{Adt, AdtKind, Ty, TyCon, TyKind, Types};
use rustc_hash::{FxHashMap, FxHashSet};

/// More complaints than this about one body help nobody.
const MAX_ERRORS: usize = 20;

/// All complaints, `body: block, statement: what`.
pub fn verify(program: &Program, types: &mut Types, adts: &[Adt]) -> Result<(), Vec<String>> {
    let mut errors = Vec::new();
    if program.main.0 as usize >= program.instances.len() {
        errors.push("the main body does not exist".to_string());
    }
    let mut counted = Counted::default();
    for body in &program.instances {
        let tracked =
            body.locals.iter().map(|d| d.passing == Passing::Owned && counted.is_counted(types, adts, d.ty)).collect();
        let mut verifier = Verifier {
            program,
            body,
            types,
            adts,
            counted: &mut counted,
            tracked,
            set: WorkSet::new(body.locals.len()),
            taken: FxHashMap::default(),
            hollow: FxHashSet::default(),
            at: String::new(),
            errors: Vec::new(),
        };
        verifier.body();
        errors.append(&mut verifier.errors);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

struct Verifier<'a> {
    program: &'a Program,
    body: &'a Body,
    types: &'a mut Types,
    adts: &'a [Adt],
    counted: &'a mut Counted,
    /// Owned and counted.
    tracked: Vec<bool>,
    /// The tracked locals that are initialized at this point.
    set: WorkSet,
    /// The parts of initialized locals that were moved or dropped in this block.
    taken: FxHashMap<Local, Vec<Place>>,
    /// All counted parts were consumed one by one in this block.
    hollow: FxHashSet<Local>,
    at: String,
    errors: Vec<String>,
}

impl Verifier<'_> {
    fn error(&mut self, message: impl std::fmt::Display) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(format!("{}: {}{message}", self.body.name, self.at));
        }
    }

    fn body(&mut self) {
        self.shape();
        // Everything below follows edges and looks up locals.
        if !self.errors.is_empty() {
            return;
        }
        let cfg = Cfg::new(self.body);
        self.uncounted(&cfg);
        self.walk(&cfg);
        self.at.clear();
    }

    // ---- shape

    fn shape(&mut self) {
        let body = self.body;
        if body.locals.len() <= body.params as usize {
            return self.error("locals of the parameters are missing");
        }
        if body.generics != 0 || !body.spawned.is_empty() {
            self.error("the body is not monomorphic");
        }
        for (index, decl) in body.locals.iter().enumerate() {
            if decl.passing != Passing::Owned && !(1..=body.params as usize).contains(&index) {
                self.error(format_args!("_{index} is no parameter, so it must be owned"));
            }
        }
        if body.blocks.first().is_none_or(|b| b.cleanup) {
            return self.error("bb0 is missing or a cleanup block");
        }
        for (index, block) in body.blocks.iter().enumerate() {
            self.at = format!("bb{index}: ");
            for statement in &block.statements {
                match &statement.kind {
                    StatementKind::Assign(place, rvalue) => {
                        self.locals_exist(place);
                        visit::rvalue_place(rvalue).into_iter().for_each(|p| self.locals_exist(p));
                        let operands = visit::rvalue_operands(rvalue);
                        operands.into_iter().filter_map(operand_place).for_each(|p| self.locals_exist(p));
                    }
                    StatementKind::Drop(place) => self.locals_exist(place),
                }
            }
            let kind = &block.terminator.kind;
            let operands = visit::terminator_operands(kind);
            operands.into_iter().filter_map(operand_place).for_each(|p| self.locals_exist(p));
            visit::terminator_dest(kind).into_iter().for_each(|p| self.locals_exist(p));
            for edge in visit::edges(kind) {
                edge.init.into_iter().for_each(|l| self.locals_exist(&Place::local(l)));
                match body.blocks.get(edge.target.0 as usize) {
                    None => self.error(format_args!("there is no bb{}", edge.target.0)),
                    Some(target) if target.cleanup != (block.cleanup || edge.unwind) => {
                        let wrong = if target.cleanup { "a cleanup block" } else { "no cleanup block" };
                        self.error(format_args!("bb{} is {wrong}", edge.target.0));
                    }
                    Some(_) => {}
                }
            }
            match kind {
                TerminatorKind::Resume if !block.cleanup => self.error("`resume` outside cleanup"),
                TerminatorKind::Return if block.cleanup => self.error("`return` in cleanup"),
                _ => {}
            }
        }
        self.at.clear();
        if self.errors.is_empty() {
            let mut reached = vec![false; body.blocks.len()];
            for block in Cfg::new(body).order {
                reached[block.0 as usize] = true;
            }
            for (index, _) in reached.iter().enumerate().filter(|(_, r)| !**r) {
                self.error(format_args!("bb{index} is unreachable"));
            }
        }
    }

    fn locals_exist(&mut self, place: &Place) {
        let count = self.body.locals.len();
        for local in [place.local].into_iter().chain(visit::index_locals(place)) {
            if local.0 as usize >= count {
                self.error(format_args!("there is no _{}", local.0));
            }
        }
    }

    // ---- ownership

    /// O8. A local without bits (unit, never) need not be assigned.
    fn uncounted(&mut self, cfg: &Cfg) {
        let params = self.body.params as usize;
        let plain: Vec<bool> = self
            .body
            .locals
            .iter()
            .enumerate()
            .map(|(i, d)| !self.tracked[i] && !(1..=params).contains(&i) && d.ty != Ty::UNIT && d.ty != Ty::NEVER)
            .collect();
        let live = liveness(self.body, cfg, &plain);
        for local in live[0].iter() {
            self.error(format_args!("_{} may be read before it is initialized", local.0));
        }
    }

    fn walk(&mut self, cfg: &Cfg) {
        let body = self.body;
        let mut entry: Vec<Option<Sparse>> = vec![None; body.blocks.len()];
        self.set.clear();
        for param in (1..=body.params).map(Local).filter(|p| self.tracked[p.0 as usize]) {
            self.set.insert(param);
        }
        entry[0] = Some(self.set.to_sparse());
        for &id in &cfg.order {
            self.set.clear();
            // In reverse postorder some predecessor comes before each block.
            if let Some(start) = &entry[id.0 as usize] {
                self.set.add_all(start);
            }
            let block = &body.blocks[id.0 as usize];
            for (index, statement) in block.statements.iter().enumerate() {
                self.at = format!("bb{}, statement {index}: ", id.0);
                self.statement(
                    statement,
                    block.statements.get(index + 1),
                    index.checked_sub(1).map(|i| &block.statements[i]),
                );
            }
            self.at = format!("bb{}: ", id.0);
            self.terminator(&block.terminator.kind);
            for local in std::mem::take(&mut self.taken).into_keys() {
                self.error(format_args!("_{} is taken in part only", local.0));
            }
            self.hollow.clear();
            for edge in visit::edges(&block.terminator.kind) {
                let init = edge.init.filter(|l| self.tracked[l.0 as usize]);
                if let Some(local) = init
                    && !self.set.insert(local)
                {
                    self.error(format_args!("_{} is initialized again before it was consumed", local.0));
                }
                self.join(edge.target, &mut entry);
                if let Some(local) = init {
                    self.set.remove(local);
                }
            }
        }
    }

    /// O3.
    fn join(&mut self, target: BlockId, entry: &mut [Option<Sparse>]) {
        let block = &self.body.blocks[target.0 as usize];
        if block.statements.is_empty() && block.terminator.kind == TerminatorKind::Unreachable {
            entry[target.0 as usize] = Some(Sparse::default());
            return;
        }
        let here = self.set.to_sparse();
        let Some(there) = &entry[target.0 as usize] else {
            entry[target.0 as usize] = Some(here);
            return;
        };
        if *there != here {
            let extra: Vec<Local> = here.iter().filter(|l| !there.contains(*l)).collect();
            let missing: Vec<Local> = there.iter().filter(|l| !here.contains(*l)).collect();
            for local in extra {
                self.error(format_args!("_{} is still initialized on the way to bb{}", local.0, target.0));
            }
            for local in missing {
                self.error(format_args!("_{} is not initialized on the way to bb{}", local.0, target.0));
            }
        }
    }

    fn passing(&self, local: Local) -> Passing {
        self.body.locals[local.0 as usize].passing
    }

    fn is_counted(&mut self, ty: Ty) -> bool {
        self.counted.is_counted(self.types, self.adts, ty)
    }

    fn is_counted_place(&mut self, place: &Place) -> bool {
        place_ty(self.body, place, self.types, self.adts).is_some_and(|ty| self.is_counted(ty))
    }

    /// O1.
    fn read(&mut self, place: &Place) {
        for local in [place.local].into_iter().chain(visit::index_locals(place)) {
            if self.tracked[local.0 as usize] && !self.set.contains(local) {
                let hollow = local == place.local && self.hollow.contains(&local);
                if !hollow || self.is_counted_place(place) {
                    self.error(format_args!("_{} is not initialized", local.0));
                }
            }
        }
        if self.is_taken(place) {
            self.error(format_args!("a part of _{} is gone", place.local.0));
        }
        for local in visit::index_locals(place) {
            if self.body.locals[local.0 as usize].ty != Ty::INT {
                self.error(format_args!("the index _{} is no Int", local.0));
            }
        }
    }

    /// O9: this part is consumed.
    fn take(&mut self, place: &Place) {
        if !self.set.contains(place.local) || !self.is_counted_place(place) {
            return self.error(format_args!("_{} cannot be moved from here", place.local.0));
        }
        let taken = self.taken.entry(place.local).or_default();
        taken.push(place.clone());
        let paths: Vec<_> = taken.iter().map(|p| p.projection.as_slice()).collect();
        let ty = self.body.locals[place.local.0 as usize].ty;
        match uncovered(ty, &paths, self.types, self.adts, self.counted) {
            None => self.error(format_args!("the parts taken from _{} do not fit together", place.local.0)),
            Some(rest) if rest.is_empty() => {
                self.taken.remove(&place.local);
                self.set.remove(place.local);
                self.hollow.insert(place.local);
            }
            Some(_) => {}
        }
    }

    /// Is the value, or a part of it, gone? Parts that are not counted stay readable.
    fn is_taken(&mut self, place: &Place) -> bool {
        let Some(taken) = self.taken.get(&place.local) else { return false };
        let overlap = |p: &Place| p.projection.iter().zip(&place.projection).all(|(a, b)| a == b);
        taken.iter().any(overlap) && self.is_counted_place(place)
    }

    /// An operand in evaluation order: O1, O5.
    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Copy(p) | Operand::Borrow(p) => self.read(p),
            Operand::Mut(p) => {
                self.read(p);
                if self.passing(p.local) == Passing::Borrowed {
                    self.error(format_args!("_{} is borrowed and cannot be changed", p.local.0));
                }
            }
            Operand::Move(p) => {
                self.read(p);
                if self.passing(p.local) != Passing::Owned {
                    self.error(format_args!("_{} cannot be moved from here", p.local.0));
                } else if p.projection.is_empty() {
                    self.set.remove(p.local);
                } else {
                    self.take(p);
                }
            }
            Operand::Const(_) => {}
        }
    }

    /// Does an operand fit a position that owns, borrows or changes its value? T2, O7.
    fn pass(&mut self, operand: &Operand, passing: Passing) {
        let counted = operand_place(operand).cloned().is_some_and(|p| self.is_counted_place(&p));
        let fits = match (passing, operand) {
            (Passing::ByRef, operand) => matches!(operand, Operand::Mut(_)),
            (_, Operand::Mut(_)) => false,
            (_, Operand::Const(_)) => true,
            (Passing::Owned, Operand::Borrow(_)) => !counted,
            (Passing::Borrowed, Operand::Copy(_) | Operand::Move(_)) => !counted,
            (Passing::Owned, Operand::Copy(_) | Operand::Move(_)) | (Passing::Borrowed, Operand::Borrow(_)) => true,
        };
        if !fits {
            let how = match passing {
                Passing::Owned => "owned",
                Passing::Borrowed => "borrowed",
                Passing::ByRef => "by reference",
            };
            self.error(format_args!("an operand is passed in the wrong way: {how} is expected"));
        }
    }

    fn statement(&mut self, statement: &Statement, next: Option<&Statement>, previous: Option<&Statement>) {
        match &statement.kind {
            StatementKind::Drop(place) => {
                self.read(place);
                if !self.is_counted_place(place) {
                    self.error("drop of a value that is not counted");
                }
                match self.passing(place.local) {
                    Passing::Borrowed => {
                        self.error(format_args!("_{} is borrowed and cannot be dropped", place.local.0))
                    }
                    Passing::Owned if place.projection.is_empty() => {
                        self.set.remove(place.local);
                    }
                    Passing::Owned if self.taken.contains_key(&place.local) => self.take(place),
                    Passing::Owned | Passing::ByRef => {
                        let replaced = next.is_some_and(
                            |next| matches!(&next.kind, StatementKind::Assign(target, value) if target == place && self.is_ready(value, place)),
                        );
                        if !replaced {
                            self.error("a place is dropped and not assigned directly afterwards");
                        }
                    }
                }
            }
            StatementKind::Assign(place, rvalue) => {
                for operand in visit::rvalue_operands(rvalue) {
                    self.pass(operand, Passing::Owned);
                    self.operand(operand);
                }
                if let Some(read) = visit::rvalue_place(rvalue) {
                    self.read(read);
                }
                let ty = place_ty(self.body, place, self.types, self.adts);
                match ty {
                    None => self.error("a projection does not fit the type of its place"),
                    Some(ty) => self.rvalue(rvalue, ty),
                }
                let whole_owned = place.projection.is_empty() && self.passing(place.local) == Passing::Owned;
                if whole_owned {
                    self.hollow.remove(&place.local);
                    if self.tracked[place.local.0 as usize] && !self.set.insert(place.local) {
                        self.error(format_args!("_{} is initialized again before it was consumed", place.local.0));
                    }
                    return;
                }
                self.read(place);
                if self.taken.contains_key(&place.local) {
                    self.error(format_args!("a part of _{} is gone", place.local.0));
                }
                if self.passing(place.local) == Passing::Borrowed {
                    self.error(format_args!("_{} is borrowed and cannot be changed", place.local.0));
                }
                let dropped = previous.is_some_and(|s| s.kind == StatementKind::Drop(place.clone()));
                if self.is_counted_place(place) && !dropped {
                    self.error("a counted value is overwritten without a drop");
                }
            }
        }
    }

    /// O6: a value that exists apart from the place.
    fn is_ready(&self, value: &Rvalue, place: &Place) -> bool {
        match value {
            Rvalue::Use(Operand::Const(_)) => true,
            Rvalue::Use(Operand::Copy(p) | Operand::Move(p)) => {
                p.projection.is_empty() && p.local != place.local && self.passing(p.local) == Passing::Owned
            }
            _ => false,
        }
    }

    // ---- types

    fn operand_ty(&mut self, operand: &Operand) -> Option<Ty> {
        let ty = operand_ty(self.body, operand, self.types, self.adts);
        if ty.is_none() {
            self.error("a projection does not fit the type of its place");
        }
        ty
    }

    fn expect(&mut self, operand: &Operand, ty: Ty, what: &str) {
        if self.operand_ty(operand).is_some_and(|found| found != ty) {
            self.error(format_args!("{what} has the wrong type"));
        }
    }

    /// T1: does this give a value of type `ty`?
    fn rvalue(&mut self, rvalue: &Rvalue, ty: Ty) {
        match rvalue {
            Rvalue::Use(operand) => self.expect(operand, ty, "the assigned value"),
            Rvalue::Binary(op, a, b) => {
                let (Some(left), Some(right)) = (self.operand_ty(a), self.operand_ty(b)) else { return };
                let number = left.is_number();
                let (fits, result) = match op {
                    BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => (number, left),
                    BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => {
                        (left.is_integer() || left == Ty::BOOL, left)
                    }
                    BinaryOp::Shl | BinaryOp::Shr => (left.is_integer(), left),
                    BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                        (number || left == Ty::BOOL, Ty::BOOL)
                    }
                };
                if left != right || !fits || result != ty {
                    self.error(format_args!("{op:?} does not fit its operands or its result"));
                }
            }
            Rvalue::Unary(op, a) => {
                let Some(found) = self.operand_ty(a) else { return };
                let fits = match op {
                    UnaryOp::Not => found == Ty::BOOL,
                    UnaryOp::Neg => found.is_number() && found.is_signed(),
                    UnaryOp::BitNot => found.is_integer(),
                };
                if !fits || found != ty {
                    self.error(format_args!("{op:?} does not fit its operand or its result"));
                }
            }
            Rvalue::Construct { adt, variant, fields } => {
                let args = match self.types.kind(ty) {
                    TyKind::App(TyCon::Adt(id), args) if id == adt => args.clone(),
                    _ => return self.error("the constructed type is not that of the place"),
                };
                let declared = self.adts.get(adt.0 as usize).and_then(|a| a.variants.get(*variant as usize));
                let Some(declared) = declared.filter(|v| v.fields.len() == fields.len()) else {
                    return self.error("no such variant, or another number of fields");
                };
                for (field, operand) in declared.fields.iter().zip(fields) {
                    let want = self.types.subst(field.ty, &args);
                    self.expect(operand, want, "a field");
                }
            }
            Rvalue::Tuple(items) => {
                let mut parts = Vec::new();
                for item in items {
                    let Some(part) = self.operand_ty(item) else { return };
                    parts.push(part);
                }
                if self.types.tuple(&parts) != ty {
                    self.error("the tuple has another type than the place");
                }
            }
            Rvalue::Discriminant(place) => {
                let of = place_ty(self.body, place, self.types, self.adts);
                let is_enum = of.is_some_and(|of| match self.types.kind(of) {
                    TyKind::App(TyCon::Adt(id), _) => self.adts[id.0 as usize].kind == AdtKind::Enum,
                    _ => false,
                });
                if !is_enum || ty != Ty::INT {
                    self.error("a discriminant is the Int of an enum");
                }
            }
            Rvalue::ListLen(place) => {
                let of = place_ty(self.body, place, self.types, self.adts);
                let is_list = of.is_some_and(|of| matches!(self.types.kind(of), TyKind::App(TyCon::List, _)));
                if !is_list || ty != Ty::INT {
                    self.error("a length is the Int of a list");
                }
            }
        }
    }

    // ---- terminators

    fn terminator(&mut self, kind: &TerminatorKind) {
        match kind {
            TerminatorKind::Goto(_) | TerminatorKind::Unreachable => {}
            TerminatorKind::Switch { value, .. } => {
                self.pass(value, Passing::Owned);
                self.operand(value);
                if self.operand_ty(value).is_some_and(|ty| !ty.is_integer() && ty != Ty::BOOL) {
                    self.error("the switch is on neither an integer nor Bool");
                }
            }
            TerminatorKind::Return => {
                if self.tracked[RESULT.0 as usize] && !self.set.remove(RESULT) {
                    self.error("_0 is not initialized at return");
                }
                self.nothing_left("at return");
            }
            TerminatorKind::Resume => self.nothing_left("at resume"),
            TerminatorKind::Call { callee, args, dest, target, unwind } => {
                self.call(callee, args, dest, target.is_some());
                self.not_moved_while_borrowed(&args.iter().collect::<Vec<_>>());
                self.destination(dest);
                if call_may_panic(callee) {
                    self.unwinds(*unwind);
                }
            }
            TerminatorKind::Check { check, unwind, .. } => {
                let (Check::Index { index: a, len: b } | Check::Division { dividend: a, divisor: b }) = check;
                let division = matches!(check, Check::Division { .. });
                let ty = self.operand_ty(a).filter(|ty| division && ty.is_integer()).unwrap_or(Ty::INT);
                for operand in [a, b] {
                    self.pass(operand, Passing::Owned);
                    self.operand(operand);
                    self.expect(operand, ty, "an operand of the check");
                }
                self.unwinds(*unwind);
            }
            TerminatorKind::Spawn { body, captures, kind, result, dest, .. } => {
                self.spawn(body, captures, kind, *result, dest);
                self.destination(dest);
            }
            TerminatorKind::Select { arms, otherwise, unwind } => {
                self.select(arms, otherwise);
                self.not_moved_while_borrowed(&visit::terminator_operands(kind));
                self.unwinds(*unwind);
            }
        }
    }

    fn nothing_left(&mut self, place: &str) {
        for local in self.set.to_sparse().iter() {
            self.error(format_args!("_{} is still initialized {place}", local.0));
        }
    }

    /// O4.
    fn unwinds(&mut self, unwind: Option<BlockId>) {
        if unwind.is_none() {
            self.nothing_left("when this panics, and there is no cleanup");
        }
    }

    fn not_moved_while_borrowed(&mut self, operands: &[&Operand]) {
        for operand in operands {
            let Operand::Move(moved) = operand else { continue };
            let borrowed =
                operands.iter().any(|o| matches!(o, Operand::Borrow(p) | Operand::Mut(p) if p.local == moved.local));
            if borrowed && self.tracked[moved.local.0 as usize] {
                self.error(format_args!("_{} is moved by a call that also borrows it", moved.local.0));
            }
        }
    }

    /// Where the result of a call or spawn goes; whole owned locals are handled on the edge.
    fn destination(&mut self, dest: &Place) {
        if dest.projection.is_empty() && self.passing(dest.local) == Passing::Owned {
            return;
        }
        self.read(dest);
        if self.is_counted_place(dest) || self.passing(dest.local) == Passing::Borrowed {
            self.error("a counted result needs a whole owned local");
        }
    }

    fn call(&mut self, callee: &Callee, args: &[Operand], dest: &Place, returns: bool) {
        let Some(dest_ty) = place_ty(self.body, dest, self.types, self.adts) else {
            return self.error("a projection does not fit the type of its place");
        };
        let mut modes = Vec::new();
        match callee {
            Callee::Function(..) => return self.error("the callee is not an instance"),
            Callee::Instance(id) => {
                let program = self.program;
                let Some(body) = program.instances.get(id.0 as usize) else {
                    return self.error("there is no such instance");
                };
                let params = body.locals.get(1..=body.params as usize).unwrap_or(&[]);
                if params.len() != args.len() {
                    self.error("another number of arguments than parameters");
                }
                for (param, arg) in params.iter().zip(args) {
                    self.expect(arg, param.ty, "an argument");
                    modes.push(param.passing);
                }
                let result = body.locals.first().map(|d| d.ty);
                if returns && result != Some(dest_ty) && result != Some(Ty::NEVER) {
                    self.error("the destination has another type than the result");
                }
            }
            Callee::Value => {
                let function = args.first().and_then(|f| self.operand_ty(f));
                let Some(TyKind::Fn(params, result)) = function.map(|ty| self.types.kind(ty).clone()) else {
                    return self.error("what is called is no function value");
                };
                if params.len() + 1 != args.len() {
                    self.error("another number of arguments than parameters");
                }
                modes.push(Passing::Borrowed);
                for (&param, arg) in params.iter().zip(&args[1..]) {
                    self.expect(arg, param, "an argument");
                    modes.push(Passing::Owned);
                }
                if returns && result != dest_ty && result != Ty::NEVER {
                    self.error("the destination has another type than the result");
                }
            }
            Callee::Dyn { of, ty, methods } => {
                if args.len() != 1 {
                    self.error("a `dyn` value is made of one value");
                }
                for arg in args {
                    self.expect(arg, *ty, "the value");
                    modes.push(Passing::Owned);
                }
                if *self.types.kind(dest_ty) != TyKind::Dyn(*of) {
                    self.error("the destination has another type than the `dyn` value");
                }
                for id in methods {
                    let program = self.program;
                    let method = program.instances.get(id.0 as usize);
                    let Some(method) = method else { return self.error("there is no such instance") };
                    if method.params == 0 || method.locals.get(1).is_none_or(|p| p.ty != *ty) {
                        self.error("a method of the table takes another type first");
                    }
                }
            }
            Callee::Method { passing, .. } => {
                let value = args.first().and_then(|f| self.operand_ty(f));
                if !value.is_some_and(|ty| matches!(self.types.kind(ty), TyKind::Dyn(_))) {
                    self.error("the method is called on no `dyn` value");
                }
                if passing.len() != args.len() || passing.first() == Some(&Passing::Owned) {
                    self.error("the arguments do not fit how they are passed");
                }
                modes.extend(passing.iter().copied());
            }
            Callee::Closure(body) => {
                let SpawnBody::Instance(id) = body else { return self.error("the closure's body is not an instance") };
                let program = self.program;
                let Some(body) = program.instances.get(id.0 as usize) else {
                    return self.error("there is no such instance");
                };
                let locals = body.locals.get(1..=body.params as usize).unwrap_or(&[]);
                let Some((captured, locals)) = locals.split_at_checked(args.len()) else {
                    return self.error("more captures than the closure's body has parameters");
                };
                for (param, arg) in captured.iter().zip(args) {
                    self.expect(arg, param.ty, "a capture");
                    modes.push(Passing::Owned);
                    if param.passing != Passing::Borrowed {
                        self.error("a closure's body borrows its captures");
                    }
                }
                let params: Vec<Ty> = locals.iter().map(|p| p.ty).collect();
                let made = TyKind::Fn(params.into(), body.locals[0].ty);
                if *self.types.kind(dest_ty) != made {
                    self.error("the destination has another type than the closure");
                }
            }
            Callee::Intrinsic(op, tys) => {
                let (mut params, result) = signature(*op);
                let letters = op.args();
                if letters == "*" {
                    params = vec![Shape::Arg; args.len()];
                    modes = vec![Passing::Owned; args.len()];
                } else {
                    modes.extend(letters.bytes().map(|letter| match letter {
                        b'b' => Passing::Borrowed,
                        b'm' => Passing::ByRef,
                        _ => Passing::Owned,
                    }));
                }
                if params.len() != args.len() {
                    self.error("another number of arguments than parameters");
                }
                for (shape, arg) in params.iter().zip(args) {
                    if self.operand_ty(arg).is_some_and(|ty| !shape.fits(ty, tys, self.types)) {
                        self.error(format_args!("an argument of {} has the wrong type", op.name()));
                    }
                }
                if returns && !result.fits(dest_ty, tys, self.types) {
                    self.error(format_args!("the destination has another type than the result of {}", op.name()));
                }
            }
        }
        for (arg, mode) in args.iter().zip(modes) {
            self.pass(arg, mode);
        }
        for arg in args {
            self.operand(arg);
        }
    }

    fn spawn(&mut self, body: &SpawnBody, captures: &[Operand], kind: &SpawnKind, result: Ty, dest: &Place) {
        for capture in captures {
            self.pass(capture, Passing::Owned);
            self.operand(capture);
        }
        let program = self.program;
        match body {
            SpawnBody::Instance(id) => match program.instances.get(id.0 as usize) {
                None => self.error("there is no such instance"),
                Some(body) => {
                    let params = body.locals.get(1..=body.params as usize).unwrap_or(&[]);
                    if params.len() != captures.len() {
                        self.error("another number of captures than parameters");
                    }
                    for (param, capture) in params.iter().zip(captures) {
                        self.expect(capture, param.ty, "a capture");
                        if param.passing != Passing::Owned {
                            self.error("a spawned body owns its captures");
                        }
                    }
                    if body.locals.first().map(|d| d.ty) != Some(result) {
                        self.error("the spawned body has another result");
                    }
                }
            },
            SpawnBody::Local(_) | SpawnBody::Function(..) => self.error("the spawned body is not an instance"),
        }
        if let SpawnKind::Parallel(scope) = kind {
            self.pass(scope, Passing::Owned);
            self.operand(scope);
            self.expect(scope, Ty::INT, "the scope");
        }
        let want = match kind {
            SpawnKind::Detached => Ty::UNIT,
            SpawnKind::Future | SpawnKind::Parallel(_) => self.types.app(TyCon::Future, &[result]),
        };
        if place_ty(self.body, dest, self.types, self.adts) != Some(want) {
            self.error("the destination of the spawn has the wrong type");
        }
    }

    fn select(&mut self, arms: &[SelectArm], otherwise: &SelectOtherwise) {
        for arm in arms {
            let (SelectArm::Recv { channel, .. } | SelectArm::Send { channel, .. }) = arm;
            self.pass(channel, Passing::Borrowed);
            self.operand(channel);
            let ty = self.operand_ty(channel);
            let element = ty.and_then(|ty| match self.types.kind(ty) {
                TyKind::App(TyCon::Channel, args) => args.first().copied(),
                _ => None,
            });
            let Some(element) = element else {
                self.error("an arm of the select has no channel");
                continue;
            };
            match arm {
                SelectArm::Recv { into, .. } => {
                    if self.body.locals[into.0 as usize].ty != element || self.passing(*into) != Passing::Owned {
                        self.error(format_args!("_{} does not fit what is received", into.0));
                    }
                }
                SelectArm::Send { value, .. } => {
                    self.pass(value, Passing::Owned);
                    self.operand(value);
                    self.expect(value, element, "the sent value");
                }
            }
        }
        if let SelectOtherwise::Timeout(time, _) = otherwise {
            self.pass(time, Passing::Owned);
            self.operand(time);
            self.expect(time, Ty::INT, "the time");
        }
    }
}

#[cfg(test)]
mod tests;
