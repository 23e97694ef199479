//! Bodies: locals, blocks and statements.

use super::abi::Pass;
use super::memory::{At, Value};
use crate::builder::Build;
use crate::context::Cx;
use crate::glue::Counting;
use crate::layout::Shape;
use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::debug_info::DISubprogram;
use inkwell::values::{BasicValueEnum, FloatValue, IntValue, PointerValue};
use inkwell::{FloatPredicate, types::BasicTypeEnum};
use kodo_frontend::mir::{
    BinaryOp, BlockId, Body, InstanceId, Local, Operand, Passing, Place, RESULT, Rvalue, Statement, StatementKind,
    TerminatorKind, UnaryOp,
};
use kodo_frontend::source::Span;
use kodo_frontend::types::ty::Ty;

/// One body being lowered.
pub(super) struct Lower<'f, 'a, 'c> {
    pub cx: &'f mut Cx<'a, 'c>,
    pub body: &'a Body,
    pub b: Build<'c>,
    /// Stays at the end of the entry block, which holds allocas and the spilling of parameters.
    pub entry: Build<'c>,
    /// Where each local is.
    pub slots: Vec<PointerValue<'c>>,
    /// None for cleanup blocks.
    blocks: Vec<Option<BasicBlock<'c>>>,
    scope: DISubprogram<'c>,
    result: Pass,
}

/// Builds the body of an instance that has been declared.
pub(crate) fn lower<'c>(cx: &mut Cx<'_, 'c>, id: InstanceId) {
    let body = &cx.input.program.instances[id.0 as usize];
    let (function, signature) = cx.instances[id.0 as usize].clone();
    let scope = cx.debug.function(cx.input.sources, function, &body.name, body.span);
    let entry = cx.build(function);
    let b = Build::new(cx.context, cx.metadata);
    let start = cx.debug.location(cx.input.sources, scope, body.span);
    entry.location(start);
    b.location(start);
    let blocks = body
        .blocks
        .iter()
        .enumerate()
        .map(|(i, block)| (!block.cleanup).then(|| entry.new_block(&format!("bb{i}"))))
        .collect();
    let mut this = Lower { cx, body, b, entry, slots: Vec::new(), blocks, scope, result: signature.result.clone() };

    let mut params = function.get_param_iter();
    let mut next = || params.next().expect("the function has the parameters of its signature");
    let result = (signature.result == Pass::Address).then(&mut next);
    for (i, local) in body.locals.iter().enumerate() {
        let name = local.name.map_or("", |n| this.cx.input.names.text(n));
        let param = i.checked_sub(1).and_then(|i| signature.params.get(i));
        let slot = match (i, result, param.map(|p| &p.pass)) {
            (0, Some(result), _) => result.into_pointer_value(),
            (_, _, Some(Pass::Address)) => next().into_pointer_value(),
            (_, _, Some(Pass::Registers(leaves))) => {
                let slot = this.slot(local.ty, name);
                for &(offset, scalar) in leaves {
                    let at = this.entry.offset(slot, offset);
                    this.cx.store_register(&this.entry, at, next(), scalar);
                }
                slot
            }
            _ => this.slot(local.ty, name),
        };
        this.slots.push(slot);
    }
    for (i, block) in body.blocks.iter().enumerate() {
        let Some(at) = this.blocks[i] else { continue };
        this.b.at(at);
        for statement in &block.statements {
            this.at_span(statement.span);
            this.statement(statement);
        }
        this.at_span(block.terminator.span);
        this.terminator(&block.terminator.kind, block.terminator.span);
    }
    let first = this.block(BlockId(0));
    this.entry.br(first);
}

impl<'c> Lower<'_, '_, 'c> {
    fn at_span(&mut self, span: Span) {
        let location = self.cx.debug.location(self.cx.input.sources, self.scope, span);
        self.b.location(location);
    }

    pub fn block(&self, id: BlockId) -> BasicBlock<'c> {
        self.blocks[id.0 as usize].expect("an ordinary block does not continue in a cleanup block")
    }

    /// Memory for a value of the type, for the whole call.
    pub fn slot(&mut self, ty: Ty, name: &str) -> PointerValue<'c> {
        let layout = self.cx.layout(ty);
        match layout.scalar {
            Some(scalar) => {
                let memory: BasicTypeEnum<'c> = scalar.memory(self.cx.context);
                self.entry.alloca_typed(memory, name)
            }
            None => self.entry.alloca(layout.size.max(1), layout.align),
        }
    }

    pub fn temp(&mut self, ty: Ty) -> PointerValue<'c> {
        self.slot(ty, "")
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Assign(place, rvalue) => self.assign(place, rvalue),
            StatementKind::Drop(place) => {
                let at = self.place(place);
                self.drop_at(&at);
            }
        }
    }

    pub fn drop_at(&mut self, at: &At<'c>) {
        self.cx.count_at(&self.b, Counting::Drop, at.ptr, at.ty);
    }

    fn assign(&mut self, place: &Place, rvalue: &Rvalue) {
        match rvalue {
            Rvalue::Use(operand) => {
                let (value, _) = self.operand(operand);
                let at = self.place(place);
                self.store(&at, value);
            }
            Rvalue::Binary(op, a, b) => {
                let signed = self.operand_ty(a).is_signed();
                let (a, b) = (self.register(a), self.register(b));
                let value = self.binary(*op, a, b, signed);
                let at = self.place(place);
                self.store(&at, Value::Register(value));
            }
            Rvalue::Unary(op, a) => {
                let value: BasicValueEnum<'c> = match (op, self.register(a)) {
                    (UnaryOp::Neg, BasicValueEnum::FloatValue(a)) => self.b.fneg(a).into(),
                    (UnaryOp::Neg, a) => {
                        let a = a.into_int_value();
                        self.b.sub(a.get_type().const_zero(), a).into()
                    }
                    (UnaryOp::Not | UnaryOp::BitNot, a) => self.b.not(a.into_int_value()).into(),
                };
                let at = self.place(place);
                self.store(&at, Value::Register(value));
            }
            Rvalue::Construct { variant, fields, .. } => self.construct(place, *variant, fields),
            Rvalue::Tuple(fields) => self.construct(place, 0, fields),
            Rvalue::Discriminant(of) => {
                let of = self.place(of);
                let value = self.discriminant(&of);
                let at = self.place(place);
                self.store(&at, Value::Register(value.into()));
            }
            Rvalue::ListLen(list) => {
                let list = self.place(list);
                let len = self.list_len(&list);
                let at = self.place(place);
                self.store(&at, Value::Register(len.into()));
            }
        }
    }

    /// Builds a struct, tuple or variant. All operands are read before anything is written: the old value of the place
    /// may be among them.
    fn construct(&mut self, place: &Place, variant: u32, fields: &[Operand]) {
        let values: Vec<(Value<'c>, Ty)> = fields.iter().map(|f| self.operand(f)).collect();
        let at = self.place(place);
        let overlaps = fields.iter().zip(&values).any(|(field, (value, _))| {
            matches!(value, Value::Memory(_)) && super::memory::mentions(field, place.local)
        });
        let target = if overlaps { At { ptr: self.temp(at.ty), ..at } } else { at };
        let layout = self.cx.layout(at.ty);
        match &layout.shape {
            Shape::Product(offsets) => self.store_fields(&target, offsets, &values),
            Shape::Tags => {
                let ty = layout.tag().memory(self.cx.context).into_int_type();
                self.store(&target, Value::Register(ty.const_int(variant.into(), false).into()));
            }
            Shape::Niche { full, .. } => {
                let value = match values.first() {
                    Some(&(value, _)) if variant == *full => value,
                    _ => Value::Register(self.b.null().into()),
                };
                self.store(&target, value);
            }
            Shape::Tagged { variants } => {
                let ty = layout.tag().memory(self.cx.context).into_int_type();
                self.b.store(target.ptr, ty.const_int(variant.into(), false), None);
                let payload = At { typed: false, ..target };
                self.store_fields(&payload, &variants[variant as usize], &values);
            }
            _ => {}
        }
        if overlaps {
            self.b.copy_bytes(at.ptr, target.ptr, layout.size, layout.align);
        }
    }

    fn store_fields(&mut self, at: &At<'c>, offsets: &[(u64, Ty)], values: &[(Value<'c>, Ty)]) {
        for (&(offset, ty), &(value, _)) in offsets.iter().zip(values) {
            let field = At { ptr: self.b.offset(at.ptr, offset), ty, typed: at.typed };
            self.store(&field, value);
        }
    }

    fn discriminant(&mut self, of: &At<'c>) -> IntValue<'c> {
        let layout = self.cx.layout(of.ty);
        match &layout.shape {
            Shape::Tags | Shape::Tagged { .. } => {
                let tag = self.b.load(layout.tag().memory(self.cx.context), of.ptr, None).into_int_value();
                self.b.widen(tag, self.b.i64())
            }
            Shape::Niche { full, .. } => {
                let empty = self.b.is_null(self.b.load_ptr(of.ptr, None));
                let (full, other) = (i64::from(*full), i64::from(1 - *full));
                self.b.select(empty, self.b.int(other), self.b.int(full)).into_int_value()
            }
            _ => self.b.int(0),
        }
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        a: BasicValueEnum<'c>,
        b: BasicValueEnum<'c>,
        signed: bool,
    ) -> BasicValueEnum<'c> {
        match (a, b) {
            (BasicValueEnum::FloatValue(a), BasicValueEnum::FloatValue(b)) => self.binary_float(op, a, b),
            _ => self.binary_int(op, a.into_int_value(), b.into_int_value(), signed).into(),
        }
    }

    fn binary_int(&mut self, op: BinaryOp, a: IntValue<'c>, b: IntValue<'c>, signed: bool) -> IntValue<'c> {
        // Truth values compare as 0 and 1.
        let signed = signed && a.get_type().get_bit_width() > 1;
        let ordered = |signed_how, unsigned_how| if signed { signed_how } else { unsigned_how };
        let build = &self.b;
        match op {
            BinaryOp::Add => build.add(a, b),
            BinaryOp::Sub => build.sub(a, b),
            BinaryOp::Mul => build.mul(a, b),
            BinaryOp::Div if signed => build.sdiv(a, b),
            BinaryOp::Rem if signed => build.srem(a, b),
            BinaryOp::Div => build.udiv(a, b),
            BinaryOp::Rem => build.urem(a, b),
            BinaryOp::BitAnd => build.and(a, b),
            BinaryOp::BitOr => build.or(a, b),
            BinaryOp::BitXor => build.xor(a, b),
            BinaryOp::Shl => build.shl(a, b),
            BinaryOp::Shr => build.shr(a, b, signed),
            BinaryOp::Eq => build.compare(IntPredicate::EQ, a, b),
            BinaryOp::Ne => build.compare(IntPredicate::NE, a, b),
            BinaryOp::Lt => build.compare(ordered(IntPredicate::SLT, IntPredicate::ULT), a, b),
            BinaryOp::Le => build.compare(ordered(IntPredicate::SLE, IntPredicate::ULE), a, b),
            BinaryOp::Gt => build.compare(ordered(IntPredicate::SGT, IntPredicate::UGT), a, b),
            BinaryOp::Ge => build.compare(ordered(IntPredicate::SGE, IntPredicate::UGE), a, b),
        }
    }

    fn binary_float(&mut self, op: BinaryOp, a: FloatValue<'c>, b: FloatValue<'c>) -> BasicValueEnum<'c> {
        let build = &self.b;
        let compare = |how| build.fcompare(how, a, b).into();
        match op {
            BinaryOp::Add => build.fadd(a, b).into(),
            BinaryOp::Sub => build.fsub(a, b).into(),
            BinaryOp::Mul => build.fmul(a, b).into(),
            BinaryOp::Div => build.fdiv(a, b).into(),
            BinaryOp::Rem => build.frem(a, b).into(),
            BinaryOp::Eq => compare(FloatPredicate::OEQ),
            // Not a number differs from everything.
            BinaryOp::Ne => compare(FloatPredicate::UNE),
            BinaryOp::Lt => compare(FloatPredicate::OLT),
            BinaryOp::Le => compare(FloatPredicate::OLE),
            BinaryOp::Gt => compare(FloatPredicate::OGT),
            BinaryOp::Ge => compare(FloatPredicate::OGE),
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor | BinaryOp::Shl | BinaryOp::Shr => {
                unreachable!("no bit operations on floats")
            }
        }
    }

    fn terminator(&mut self, kind: &TerminatorKind, span: Span) {
        match kind {
            TerminatorKind::Goto(to) => self.b.br(self.block(*to)),
            TerminatorKind::Switch { value, targets, otherwise } => self.switch(value, targets, *otherwise),
            TerminatorKind::Return => self.ret(),
            TerminatorKind::Unreachable | TerminatorKind::Resume => self.b.unreachable(),
            TerminatorKind::Call { callee, args, dest, target, .. } => {
                self.call(callee, args, dest, span);
                match target {
                    Some(target) => self.b.br(self.block(*target)),
                    None => self.b.unreachable(),
                }
            }
            TerminatorKind::Check { check, target, .. } => self.check(check, *target, span),
            TerminatorKind::Spawn { body, captures, kind, result, dest, target } => {
                self.spawn(body, captures, kind, *result, dest, span);
                self.b.br(self.block(*target));
            }
            TerminatorKind::Select { arms, otherwise, .. } => self.select(arms, otherwise, span),
        }
    }

    fn ret(&mut self) {
        let Pass::Registers(leaves) = self.result.clone() else {
            self.b.ret(None);
            return;
        };
        let at = At { ptr: self.slots[RESULT.0 as usize], ty: self.local_ty(RESULT), typed: true };
        let values = self.leaves(&leaves, at.ptr);
        match values[..] {
            [] => self.b.ret(None),
            [one] => self.b.ret(Some(one)),
            ref all => {
                let parts: Vec<_> = all.iter().map(|v| v.get_type()).collect();
                let mut pair = self.cx.context.struct_type(&parts, false).get_undef();
                for (i, &value) in all.iter().enumerate() {
                    pair = self.b.insert(pair, value, i as u32);
                }
                self.b.ret(Some(pair.into()));
            }
        }
    }

    pub fn operand_ty(&mut self, operand: &Operand) -> Ty {
        kodo_frontend::mir::typing::operand_ty(self.body, operand, self.cx.input.types, self.cx.input.adts)
            .expect("checked: the operand has a type")
    }

    pub fn local_ty(&self, local: Local) -> Ty {
        self.body.locals[local.0 as usize].ty
    }

    /// True if the local is a variable of this body that nobody else can reach.
    pub fn is_own(&self, local: Local) -> bool {
        self.body.locals[local.0 as usize].passing == Passing::Owned
    }
}
