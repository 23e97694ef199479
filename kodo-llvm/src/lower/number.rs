//! Conversions between number types.
//!
//! An integer fits another integer type if it comes back unchanged and its sign is the same there. A float fits an
//! integer type if its whole part lies between that type's ends, which are powers of two and so exact in every float
//! type. `to_int` of a float saturates instead, and floats round to the nearest float of the other width.

use super::function::Lower;
use super::memory::Value;
use crate::builder::Build;
use crate::context::call_symbol;
use crate::runtime::Symbol;
use inkwell::IntPredicate;
use inkwell::intrinsics::Intrinsic as LlvmIntrinsic;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, FloatValue, IntValue};
use inkwell::{FloatPredicate, types::FloatType};
use kodo_frontend::mir::{Intrinsic, Operand, Place};
use kodo_frontend::source::Span;
use kodo_frontend::types::number::Width;
use kodo_frontend::types::ty::{Ty, TyKind};

impl<'c> Lower<'_, '_, 'c> {
    pub(super) fn convert(&mut self, how: Intrinsic, arg: &Operand, dest: &Place, span: Span) {
        let from = self.operand_ty(arg);
        let into = self.place(dest).ty;
        let to = match self.cx.input.types.kind(into) {
            TyKind::App(_, args) => args[0],
            _ => into,
        };
        let value = self.register(arg);
        let (converted, fits) = self.converted(value, from, to, how == Intrinsic::Convert);
        match (how, fits) {
            (Intrinsic::ConvertTry, fits) => {
                let out = self.temp(to);
                let scalar = self.cx.layout(to).scalar.expect("a number is one scalar");
                self.cx.store_register(&self.b, out, converted, scalar);
                let fits = fits.unwrap_or(self.cx.context.bool_type().const_int(1, false));
                let byte = self.b.widen(fits, self.b.i8());
                self.option(dest, Some(byte.into()), out, to);
            }
            (Intrinsic::Convert, Some(fits)) => {
                let (fine, outside) = (self.b.new_block("fits"), self.b.new_block("outside"));
                self.b.cond_likely(fits, fine, outside);
                self.b.at(outside);
                self.does_not_fit(value, from, to, span);
                self.b.at(fine);
                self.assign_value(dest, Value::Register(converted));
            }
            _ => self.assign_value(dest, Value::Register(converted)),
        }
    }

    /// The panic of a checked conversion.
    fn does_not_fit(&mut self, value: BasicValueEnum<'c>, from: Ty, to: Ty, span: Span) {
        let text = self.text_of(Value::Register(value), from);
        let name = self.cx.type_name(to);
        let name = self.cx.literal(&name);
        let site = self.cx.site(span, &self.body.name);
        call_symbol(self.cx, &self.b, Symbol::kodo_panic_conversion, &[text, name.into(), site.into()]);
        self.b.unreachable();
    }

    /// The value in the other type, and whether it fits; none if it always does.
    fn converted(
        &mut self,
        value: BasicValueEnum<'c>,
        from: Ty,
        to: Ty,
        saturates: bool,
    ) -> (BasicValueEnum<'c>, Option<IntValue<'c>>) {
        let float = |this: &Self, ty: Ty| if ty == Ty::FLOAT32 { this.cx.context.f32_type() } else { this.b.f64() };
        match value {
            BasicValueEnum::FloatValue(value) if to.is_float() => (self.b.refloat(value, float(self, to)).into(), None),
            BasicValueEnum::FloatValue(value) => {
                let name = if to.is_signed() { "llvm.fptosi.sat" } else { "llvm.fptoui.sat" };
                let int = self.cx.int_type(to.bits());
                let types = [int.into(), value.get_type().into()];
                let converted = self.llvm_call(name, &types, value);
                // Int takes every float: what is beyond its ends becomes the end, and NaN zero.
                let fits = (to != Ty::INT || !saturates).then(|| self.float_fits(value, to));
                (converted, fits)
            }
            value if to.is_float() => {
                let value = value.into_int_value();
                (self.b.number_to_float(value, float(self, to), from.is_signed()).into(), None)
            }
            value => {
                let value = value.into_int_value();
                let converted = self.b.resize(value, self.cx.int_type(to.bits()), from.is_signed());
                ((converted.into()), int_fits(&self.b, value, from, converted, to))
            }
        }
    }

    fn float_fits(&mut self, value: FloatValue<'c>, to: Ty) -> IntValue<'c> {
        let ty: FloatType<'c> = value.get_type();
        let whole = self.llvm_call("llvm.trunc", &[ty.into()], value).into_float_value();
        let (least, greatest) = to.range();
        let low = self.b.fcompare(FloatPredicate::OGE, whole, ty.const_float(least as f64));
        let high = self.b.fcompare(FloatPredicate::OLT, whole, ty.const_float((greatest + 1) as f64));
        self.b.and(low, high)
    }

    fn llvm_call(&mut self, name: &str, types: &[BasicTypeEnum<'c>], arg: FloatValue<'c>) -> BasicValueEnum<'c> {
        let function = LlvmIntrinsic::find(name)
            .and_then(|i| i.get_declaration(&self.cx.module, types))
            .expect("LLVM has the intrinsic");
        self.b.call(function, &[arg.into()]).expect("the intrinsic gives a value")
    }

    /// A small integer as the runtime's text functions take it: 64 bits, and whether they have no sign.
    pub(super) fn fixed_text(&mut self, width: Width, value: BasicValueEnum<'c>) -> (bool, BasicValueEnum<'c>) {
        let wide = self.b.resize(value.into_int_value(), self.b.i64(), width.signed());
        (width == Width::U64, wide.into())
    }
}

fn int_fits<'c>(b: &Build<'c>, value: IntValue<'c>, from: Ty, converted: IntValue<'c>, to: Ty) -> Option<IntValue<'c>> {
    let ((least, greatest), (low, high)) = (from.range(), to.range());
    if low <= least && greatest <= high {
        return None;
    }
    let back = b.resize(converted, value.get_type(), to.is_signed());
    let same = b.compare(IntPredicate::EQ, back, value);
    if from.is_signed() == to.is_signed() {
        return Some(same);
    }
    // The sign bit of one is a digit of the other.
    let signed = if from.is_signed() { value } else { converted };
    Some(b.and(same, b.compare(IntPredicate::SGE, signed, signed.get_type().const_zero())))
}
