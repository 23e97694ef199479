//! Places, operands and values.

use super::function::Lower;
use crate::builder::Tag;
use crate::glue::Counting;
use crate::layout::{Scalar, Shape};
use crate::runtime::abi::BUFFER_DATA_OFFSET;
use inkwell::types::IntType;
use inkwell::values::{BasicValueEnum, IntValue, PointerValue};
use kodo_frontend::mir::{Const, Local, Operand, Place, Projection};
use kodo_frontend::types::ty::Ty;

/// An address, and what is there.
#[derive(Clone, Copy)]
pub(super) struct At<'c> {
    pub ptr: PointerValue<'c>,
    pub ty: Ty,
    /// The memory always holds this type (it is not payload of an enum), so accesses may carry alias tags.
    pub typed: bool,
}

/// What an operand gives.
#[derive(Clone, Copy)]
pub(super) enum Value<'c> {
    Unit,
    Register(BasicValueEnum<'c>),
    /// An aggregate: bytes to be copied before the place changes.
    Memory(PointerValue<'c>),
}

/// True if the operand reads or names the local, as root or as index.
pub(super) fn mentions(operand: &Operand, local: Local) -> bool {
    match operand {
        Operand::Copy(place) | Operand::Move(place) | Operand::Borrow(place) | Operand::Mut(place) => {
            place.local == local
                || place.projection.iter().any(|p| matches!(p, Projection::Index(index) if *index == local))
        }
        Operand::Const(_) => false,
    }
}

impl<'c> Lower<'_, '_, 'c> {
    pub fn place(&mut self, place: &Place) -> At<'c> {
        let mut at = At { ptr: self.slots[place.local.0 as usize], ty: self.local_ty(place.local), typed: true };
        let mut variant = 0;
        for projection in &place.projection {
            let layout = self.cx.layout(at.ty);
            match *projection {
                Projection::Variant(v) => variant = v,
                Projection::Field(field) => {
                    let (offset, ty) = match &layout.shape {
                        Shape::Product(fields) => fields[field as usize],
                        Shape::Tagged { variants } => {
                            at.typed = false;
                            variants[variant as usize][field as usize]
                        }
                        Shape::Niche { full, inner } if variant == *full => (0, *inner),
                        // A field without size.
                        _ => (0, Ty::UNIT),
                    };
                    at = At { ptr: self.b.offset(at.ptr, offset), ty, typed: at.typed };
                }
                Projection::Index(index) => {
                    let Shape::List(element) = layout.shape else { unreachable!("only lists are indexed") };
                    let buffer = self.load_handle(&at);
                    let index = self.b.load_int(self.slots[index.0 as usize], Some(Tag::Int));
                    let data = self.b.offset(buffer, BUFFER_DATA_OFFSET as u64);
                    let size = self.cx.layout(element).size;
                    at = At { ptr: self.b.element(data, index, size), ty: element, typed: true };
                }
            }
        }
        at
    }

    pub fn load_handle(&mut self, at: &At<'c>) -> PointerValue<'c> {
        self.b.load_ptr(at.ptr, at.typed.then_some(Tag::Handle))
    }

    pub fn list_len(&mut self, at: &At<'c>) -> IntValue<'c> {
        let buffer = self.load_handle(at);
        self.b.load_int(self.b.offset(buffer, 8), Some(Tag::Header))
    }

    /// Reads what is at a place: a scalar now, an aggregate when it is stored.
    pub fn read(&mut self, at: &At<'c>) -> Value<'c> {
        let layout = self.cx.layout(at.ty);
        match layout.scalar {
            Some(scalar) => Value::Register(self.load_scalar(at.ptr, scalar, at.typed)),
            None if layout.size == 0 => Value::Unit,
            None => Value::Memory(at.ptr),
        }
    }

    fn load_scalar(&mut self, at: PointerValue<'c>, scalar: Scalar, typed: bool) -> BasicValueEnum<'c> {
        let tag = if typed { scalar.tag() } else { None };
        let value = self.b.load(scalar.memory(self.cx.context), at, tag);
        if scalar == Scalar::Bool { self.b.truth(value.into_int_value()).into() } else { value }
    }

    /// The registers that an aggregate in memory travels in.
    pub fn leaves(&mut self, leaves: &[(u64, Scalar)], at: PointerValue<'c>) -> Vec<BasicValueEnum<'c>> {
        leaves.iter().map(|&(offset, scalar)| self.load_scalar(self.b.offset(at, offset), scalar, false)).collect()
    }

    pub fn store(&mut self, at: &At<'c>, value: Value<'c>) {
        let layout = self.cx.layout(at.ty);
        match (value, layout.scalar) {
            (Value::Register(value), Some(scalar)) if at.typed => {
                self.cx.store_register(&self.b, at.ptr, value, scalar);
            }
            (Value::Register(value), Some(Scalar::Bool)) => {
                let byte = self.b.widen(value.into_int_value(), self.b.i8());
                self.b.store(at.ptr, byte, None);
            }
            (Value::Register(value), _) => self.b.store(at.ptr, value, None),
            (Value::Memory(from), _) => self.b.copy_bytes(at.ptr, from, layout.size, layout.align),
            (Value::Unit, _) => {}
        }
    }

    /// Evaluates an operand; a copy counts.
    pub fn operand(&mut self, operand: &Operand) -> (Value<'c>, Ty) {
        match operand {
            Operand::Const(constant) => self.constant(constant),
            Operand::Move(place) | Operand::Borrow(place) => {
                let at = self.place(place);
                (self.read(&at), at.ty)
            }
            Operand::Copy(place) => {
                let at = self.place(place);
                let value = self.read(&at);
                match value {
                    Value::Register(BasicValueEnum::PointerValue(handle)) => {
                        self.cx.count_handle(&self.b, Counting::Copy, handle, at.ty);
                    }
                    Value::Memory(ptr) => self.cx.count_at(&self.b, Counting::Copy, ptr, at.ty),
                    _ => {}
                }
                (value, at.ty)
            }
            Operand::Mut(place) => {
                let at = self.place(place);
                (Value::Register(at.ptr.into()), at.ty)
            }
        }
    }

    fn constant(&mut self, constant: &Const) -> (Value<'c>, Ty) {
        match constant {
            Const::Unit => (Value::Unit, Ty::UNIT),
            Const::Int(value) => (Value::Register(self.b.int(*value).into()), Ty::INT),
            Const::Float(value) => (Value::Register(self.b.f64().const_float(*value).into()), Ty::FLOAT),
            Const::Bool(value) => {
                let bit = self.cx.context.bool_type().const_int((*value).into(), false);
                (Value::Register(bit.into()), Ty::BOOL)
            }
            Const::Str(text) => (Value::Register(self.cx.literal(text).into()), Ty::STRING),
            Const::Fixed(width, value) => {
                let ty = self.cx.int_type(width.bits());
                (Value::Register(int_constant(ty, *value).into()), width.ty())
            }
            Const::Float32(value) => {
                let value = self.cx.context.f32_type().const_float(f64::from(*value));
                (Value::Register(value.into()), Ty::FLOAT32)
            }
        }
    }

    /// An operand that is one scalar.
    pub fn register(&mut self, operand: &Operand) -> BasicValueEnum<'c> {
        match self.operand(operand) {
            (Value::Register(value), _) => value,
            _ => unreachable!("the operand is a scalar"),
        }
    }

    /// The place of an argument passed by reference.
    pub fn by_reference(&mut self, operand: &Operand) -> At<'c> {
        match operand {
            Operand::Mut(place) | Operand::Copy(place) | Operand::Move(place) | Operand::Borrow(place) => {
                self.place(place)
            }
            Operand::Const(_) => unreachable!("a constant is not passed by reference"),
        }
    }

    /// A value in memory that the callee may take over.
    pub fn spill(&mut self, value: Value<'c>, ty: Ty) -> PointerValue<'c> {
        let at = At { ptr: self.temp(ty), ty, typed: true };
        self.store(&at, value);
        at.ptr
    }

    /// Puts a result where it belongs.
    pub fn assign_value(&mut self, dest: &Place, value: Value<'c>) {
        let at = self.place(dest);
        self.store(&at, value);
    }
}

/// The low bits of the value.
pub(super) fn int_constant<'c>(ty: IntType<'c>, value: i64) -> IntValue<'c> {
    let bits = ty.get_bit_width();
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    ty.const_int(value as u64 & mask, false)
}
