//! Switches, checks and `select`.

use super::function::Lower;
use super::memory::{At, int_constant};
use crate::context::call_symbol;
use crate::runtime::Symbol;
use crate::runtime::abi;
use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValueEnum, IntValue, PointerValue};
use kodo_frontend::mir::{BlockId, Check, Operand, SelectArm, SelectOtherwise};
use kodo_frontend::source::Span;

impl<'c> Lower<'_, '_, 'c> {
    pub fn switch(&mut self, value: &Operand, targets: &[(i64, BlockId)], otherwise: BlockId) {
        let value = self.register(value).into_int_value();
        let ty = value.get_type();
        let otherwise = self.block(otherwise);
        match targets {
            [] => self.b.br(otherwise),
            [(case, block)] => {
                let block = self.block(*block);
                match (ty.get_bit_width(), case) {
                    (1, 0) => self.b.cond(value, otherwise, block),
                    (1, _) => self.b.cond(value, block, otherwise),
                    _ => {
                        let case = int_constant(ty, *case);
                        self.b.cond(self.b.compare(IntPredicate::EQ, value, case), block, otherwise);
                    }
                }
            }
            _ => {
                let cases: Vec<_> =
                    targets.iter().map(|&(case, block)| (int_constant(ty, case), self.block(block))).collect();
                self.b.switch(value, otherwise, &cases);
            }
        }
    }

    pub fn check(&mut self, check: &Check, target: BlockId, span: Span) {
        let target = self.block(target);
        match check {
            Check::Index { index, len } => {
                let (index, len) = (self.register(index).into_int_value(), self.register(len).into_int_value());
                // A negative index is a huge unsigned one.
                let inside = self.b.compare(IntPredicate::ULT, index, len);
                let outside = self.b.new_block("outside");
                self.b.cond_likely(inside, target, outside);
                self.fail(outside, Symbol::kodo_panic_index, &[index.into(), len.into()], span);
            }
            Check::Division { dividend, divisor } => {
                let signed = self.operand_ty(dividend).is_signed();
                let dividend = self.register(dividend).into_int_value();
                let divisor = self.register(divisor).into_int_value();
                let zero = self.b.new_block("zero");
                let fine = self.b.compare(IntPredicate::NE, divisor, divisor.get_type().const_zero());
                if !signed {
                    self.b.cond_likely(fine, target, zero);
                    self.fail(zero, Symbol::kodo_panic_div_zero, &[], span);
                    return;
                }
                let (nonzero, overflow) = (self.b.new_block("nonzero"), self.b.new_block("overflow"));
                self.b.cond_likely(fine, nonzero, zero);
                self.fail(zero, Symbol::kodo_panic_div_zero, &[], span);
                self.b.at(nonzero);
                let overflows = self.b.and(
                    self.equal(divisor, -1),
                    self.equal(dividend, i64::MIN >> (64 - dividend.get_type().get_bit_width())),
                );
                self.b.cond(overflows, overflow, target);
                self.fail(overflow, Symbol::kodo_panic_div_overflow, &[], span);
            }
        }
    }

    fn equal(&self, a: IntValue<'c>, b: i64) -> IntValue<'c> {
        self.b.compare(IntPredicate::EQ, a, int_constant(a.get_type(), b))
    }

    /// Fills a block that reports a failed check; the runtime's function does not come back.
    fn fail(&mut self, block: BasicBlock<'c>, symbol: Symbol, args: &[BasicValueEnum<'c>], span: Span) {
        self.b.at(block);
        let mut args = args.to_vec();
        args.push(self.cx.site(span, &self.body.name).into());
        call_symbol(self.cx, &self.b, symbol, &args);
        self.b.unreachable();
    }

    pub fn select(&mut self, arms: &[SelectArm], otherwise: &SelectOtherwise, span: Span) {
        const ARM: u64 = size_of::<abi::SelectArm>() as u64;
        let table = self.entry.alloca((arms.len() as u64 * ARM).max(8), 8);
        // Received values land in temporaries, so that the variables themselves can live in registers.
        let mut received: Vec<Option<PointerValue<'c>>> = Vec::new();
        for (i, arm) in arms.iter().enumerate() {
            let (channel, value, kind) = match arm {
                SelectArm::Recv { channel, into, .. } => {
                    let channel = self.register(channel);
                    let slot = self.temp(self.local_ty(*into));
                    received.push(Some(slot));
                    (channel, slot, abi::SELECT_RECV)
                }
                SelectArm::Send { channel, value, .. } => {
                    let channel = self.register(channel);
                    let (value, ty) = self.operand(value);
                    received.push(None);
                    (channel, self.spill(value, ty), abi::SELECT_SEND)
                }
            };
            let at = self.b.offset(table, i as u64 * ARM);
            let field = |offset: usize| self.b.offset(at, offset as u64);
            self.b.store(field(std::mem::offset_of!(abi::SelectArm, channel)), channel, None);
            self.b.store(field(std::mem::offset_of!(abi::SelectArm, value)), value, None);
            // As one word: the other half is the runtime's.
            self.b.store(field(std::mem::offset_of!(abi::SelectArm, kind)), self.b.int(i64::from(kind)), None);
        }
        let (mode, timeout) = match otherwise {
            SelectOtherwise::Wait => (abi::SELECT_WAIT, self.b.int(0)),
            SelectOtherwise::Default(_) => (abi::SELECT_DEFAULT, self.b.int(0)),
            SelectOtherwise::Timeout(ms, _) => (abi::SELECT_TIMEOUT, self.register(ms).into_int_value()),
        };
        let site = self.cx.site(span, &self.body.name);
        let args =
            [table.into(), self.b.int(arms.len() as i64).into(), self.b.int(mode).into(), timeout.into(), site.into()];
        let chosen = call_symbol(self.cx, &self.b, Symbol::kodo_select, &args)
            .expect("select gives the arm that ran")
            .into_int_value();
        let impossible = self.b.new_block("impossible");
        let mut cases = Vec::new();
        for i in 0..arms.len() {
            cases.push((self.b.int(i as i64), self.b.new_block("arm")));
        }
        match otherwise {
            SelectOtherwise::Wait => {}
            SelectOtherwise::Default(block) => cases.push((self.b.int(abi::SELECT_CHOSE_DEFAULT), self.block(*block))),
            SelectOtherwise::Timeout(_, block) => {
                cases.push((self.b.int(abi::SELECT_CHOSE_TIMEOUT), self.block(*block)));
            }
        }
        self.b.switch(chosen, impossible, &cases);
        self.b.at(impossible);
        self.b.unreachable();
        for ((arm, slot), (_, block)) in arms.iter().zip(received).zip(&cases) {
            self.b.at(*block);
            let target = match arm {
                SelectArm::Recv { into, target, .. } => {
                    if let Some(slot) = slot {
                        let ty = self.local_ty(*into);
                        let value = self.read(&At { ptr: slot, ty, typed: true });
                        let at = At { ptr: self.slots[into.0 as usize], ty, typed: true };
                        self.store(&at, value);
                    }
                    target
                }
                SelectArm::Send { target, .. } => target,
            };
            self.b.br(self.block(*target));
        }
    }
}
