//! Function values: an object of a count, the address of code, the type of what was captured, and the captures.
//!
//! The code takes the object first, then the arguments, all owned. It reads the captures and calls the instance, which
//! borrows them; an argument that the instance only borrows, or changes, is dropped behind the call. Objects without
//! captures are constants, so that LLVM sees through calls of them.

use super::abi::{Pass, Signature};
use super::call::{Code, describe};
use super::function::Lower;
use super::memory::{At, Value};
use crate::builder::{Build, Tag};
use crate::context::{Cx, call_symbol};
use crate::glue::Counting;
use crate::layout::{Scalar, Shape};
use crate::runtime::Symbol;
use crate::runtime::abi::{CLOSURE_CAPTURES_OFFSET, CLOSURE_CODE_OFFSET, CLOSURE_TYPE_OFFSET};
use inkwell::values::{BasicMetadataValueEnum, FunctionValue, PointerValue};
use kodo_frontend::mir::{InstanceId, Operand, Passing, Place, SpawnBody};
use kodo_frontend::types::ty::{Ty, TyKind};

pub(super) const CODE: u64 = CLOSURE_CODE_OFFSET as u64;
pub(super) const TYPE: u64 = CLOSURE_TYPE_OFFSET as u64;
pub(super) const CAPTURES: u64 = CLOSURE_CAPTURES_OFFSET as u64;

impl<'c> Lower<'_, '_, 'c> {
    pub(super) fn call_value(&mut self, args: &[Operand], dest: &Place) {
        let (value, ty) = self.operand(&args[0]);
        let Value::Register(object) = value else { unreachable!("a function value is one pointer") };
        let signature = Signature::of_value(self.cx, ty);
        let code = self.b.load_ptr(self.b.offset(object.into_pointer_value(), CODE), Some(Tag::Header));
        self.call_code(Code::Address(code), &signature, args, dest);
    }

    pub(super) fn make_closure(&mut self, body: &SpawnBody, captures: &[Operand], dest: &Place) {
        let SpawnBody::Instance(id) = body else { unreachable!("checked: bodies of closures are instances") };
        let (_, signature) = self.cx.instances[id.0 as usize].clone();
        let types: Vec<Ty> = signature.params[..captures.len()].iter().map(|p| p.ty).collect();
        let captured = self.cx.tuple(&types);
        let layout = self.cx.layout(captured);
        let code = code(self.cx, *id, captures.len());
        let values: Vec<(Value<'c>, Ty)> = captures.iter().map(|c| self.operand(c)).collect();
        if layout.size == 0 {
            let object = static_object(self.cx, *id, code);
            self.assign_value(dest, Value::Register(object.into()));
            return;
        }
        let size = self.b.int((CAPTURES + layout.size) as i64);
        let object = call_symbol(self.cx, &self.b, Symbol::kodo_mem_alloc, &[size.into()]);
        let object = object.expect("memory is a pointer").into_pointer_value();
        let info = self.cx.type_info(captured);
        self.b.store(object, self.b.int(1), Some(Tag::Header));
        self.b.store(self.b.offset(object, CODE), code.as_global_value().as_pointer_value(), Some(Tag::Header));
        self.b.store(self.b.offset(object, TYPE), info, Some(Tag::Header));
        if let Shape::Product(fields) = &layout.shape {
            for (&(offset, ty), &(value, _)) in fields.iter().zip(&values) {
                let at = At { ptr: self.b.offset(object, CAPTURES + offset), ty, typed: true };
                self.store(&at, value);
            }
        }
        self.assign_value(dest, Value::Register(object.into()));
    }
}

/// A constant whose count of 0 says that it is neither counted nor freed.
fn static_object<'c>(cx: &mut Cx<'_, 'c>, id: InstanceId, code: FunctionValue<'c>) -> PointerValue<'c> {
    if let Some(&known) = cx.static_closures.get(&id) {
        return known;
    }
    let count = cx.context.i64_type().const_zero();
    let code = code.as_global_value().as_pointer_value();
    let value = cx.context.const_struct(&[count.into(), code.into(), cx.ptr().const_null().into()], false);
    let object = cx.constant("function", value.into(), 8);
    cx.static_closures.insert(id, object);
    object
}

/// The scalars of a value in memory, as arguments.
pub(super) fn registers<'c>(
    cx: &Cx<'_, 'c>,
    build: &Build<'c>,
    at: PointerValue<'c>,
    leaves: &[(u64, Scalar)],
    args: &mut Vec<BasicMetadataValueEnum<'c>>,
) {
    for &(offset, scalar) in leaves {
        let value = build.load(scalar.memory(cx.context), build.offset(at, offset), None);
        args.push(match scalar {
            Scalar::Bool => build.truth(value.into_int_value()).into(),
            _ => value.into(),
        });
    }
}

/// The code of a function value that an instance is made into.
fn code<'c>(cx: &mut Cx<'_, 'c>, id: InstanceId, captures: usize) -> FunctionValue<'c> {
    if let Some(&known) = cx.closure_codes.get(&id) {
        return known;
    }
    let (callee, inner) = cx.instances[id.0 as usize].clone();
    let params: Vec<Ty> = inner.params[captures..].iter().map(|p| p.ty).collect();
    let ty = cx.input.types.intern(TyKind::Fn(params.into(), inner.result_ty));
    let outer = Signature::of_value(cx, ty);
    let name = format!("{} value", callee.get_name().to_string_lossy());
    let function_ty = outer.llvm(cx);
    let function = cx.define_internal(&name, function_ty);
    outer.annotate(cx, function);
    cx.closure_codes.insert(id, function);

    let build = cx.build(function);
    describe(cx, &build, function, id);
    let mut given = function.get_param_iter();
    let mut args: Vec<BasicMetadataValueEnum<'c>> = Vec::new();
    if outer.result == Pass::Address {
        args.push(given.next().expect("room for the result").into());
    }
    let object = given.next().expect("the function value").into_pointer_value();
    let types: Vec<Ty> = inner.params[..captures].iter().map(|p| p.ty).collect();
    let captured = cx.tuple(&types);
    if let Shape::Product(fields) = &cx.layout(captured).shape {
        for (&(offset, _), param) in fields.iter().zip(&inner.params) {
            let at = build.offset(object, CAPTURES + offset);
            match &param.pass {
                Pass::Address => args.push(at.into()),
                Pass::Registers(leaves) => registers(cx, &build, at, leaves, &mut args),
            }
        }
    }
    let mut dropped = Vec::new();
    for (param, own) in inner.params[captures..].iter().zip(&outer.params[1..]) {
        let keeps = param.passing == Passing::Owned;
        let at = match &own.pass {
            Pass::Address => {
                let at = given.next().expect("one address").into_pointer_value();
                args.push(at.into());
                at
            }
            Pass::Registers(leaves) if keeps => {
                args.extend(given.by_ref().take(leaves.len()).map(BasicMetadataValueEnum::from));
                continue;
            }
            Pass::Registers(leaves) => {
                let layout = cx.layout(param.ty);
                let at = build.alloca(layout.size.max(1), layout.align);
                for (&(offset, scalar), value) in leaves.iter().zip(given.by_ref().take(leaves.len())) {
                    cx.store_register(&build, build.offset(at, offset), value, scalar);
                }
                match &param.pass {
                    Pass::Address => args.push(at.into()),
                    Pass::Registers(leaves) => registers(cx, &build, at, leaves, &mut args),
                }
                at
            }
        };
        if !keeps {
            dropped.push((at, param.ty));
        }
    }
    let returned = build.call(callee, &args);
    for (at, ty) in dropped {
        cx.count_at(&build, Counting::Drop, at, ty);
    }
    build.ret(returned);
    function
}
