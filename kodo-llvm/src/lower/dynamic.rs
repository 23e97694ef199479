//! `dyn` values: an object of a count, the address of a table, the type of the value, and the value.
//!
//! ```text
//!   handle ─▶ count │ table │ TypeInfo │ value …          the layout of a function value's object, so that
//!                       └─▶ code of method 0, 1, …        counting, freeing and sharing are the same
//! ```
//!
//! The code behind a table takes the object first and the other arguments as the method itself does. A method that owns
//! its `self` gets a copy of the value; one that borrows it gets the value where it is; one that changes it gets the
//! address of the handle's place, makes the object that handle's own, and changes the value in it. An object of a value
//! without bytes is a constant.

use super::abi::{Param, Pass, Signature};
use super::call::{Code, describe};
use super::closure::{CAPTURES, CODE, TYPE, registers};
use super::function::Lower;
use super::memory::{At, Value};
use crate::builder::{Build, Tag};
use crate::context::{Cx, call_symbol};
use crate::glue::{Counting, Glue};
use crate::runtime::Symbol;
use inkwell::IntPredicate;
use inkwell::values::{BasicMetadataValueEnum, FunctionValue, PointerValue};
use kodo_frontend::mir::{InstanceId, Operand, Passing, Place};
use kodo_frontend::types::traits::TraitId;
use kodo_frontend::types::ty::{Ty, TyKind};

/// Bytes of one entry of a table.
const ENTRY: u64 = 8;

impl<'c> Lower<'_, '_, 'c> {
    pub(super) fn make_dyn(&mut self, of: TraitId, ty: Ty, methods: &[InstanceId], value: &Operand, dest: &Place) {
        let (value, _) = self.operand(value);
        let layout = self.cx.layout(ty);
        let table = table(self.cx, of, ty, methods);
        if layout.size == 0 {
            let object = static_object(self.cx, of, ty, table);
            self.assign_value(dest, Value::Register(object.into()));
            return;
        }
        let info = self.cx.type_info(ty);
        let object = allocate(self.cx, &self.b, layout.size);
        self.b.store(self.b.offset(object, CODE), table, Some(Tag::Header));
        self.b.store(self.b.offset(object, TYPE), info, Some(Tag::Header));
        let at = At { ptr: self.b.offset(object, CAPTURES), ty, typed: true };
        self.store(&at, value);
        self.assign_value(dest, Value::Register(object.into()));
    }

    pub(super) fn call_method(&mut self, slot: u32, passing: &[Passing], args: &[Operand], dest: &Place) {
        let params: Vec<(Ty, Passing)> =
            args.iter().zip(passing).map(|(arg, &passing)| (self.operand_ty(arg), passing)).collect();
        let result = self.local_ty(dest.local);
        let signature = Signature::of_types(self.cx, &params, result);
        let object = match passing[0] {
            Passing::ByRef => {
                let handle = self.by_reference(&args[0]).ptr;
                self.b.load_ptr(handle, None)
            }
            _ => match self.operand(&args[0]).0 {
                Value::Register(object) => object.into_pointer_value(),
                _ => unreachable!("a `dyn` value is one pointer"),
            },
        };
        let table = self.b.load_ptr(self.b.offset(object, CODE), Some(Tag::Header));
        let code = self.b.load_ptr(self.b.offset(table, u64::from(slot) * ENTRY), None);
        self.call_code(Code::Address(code), &signature, args, dest);
    }
}

/// Memory for an object with one handle.
fn allocate<'c>(cx: &mut Cx<'_, 'c>, build: &Build<'c>, size: u64) -> PointerValue<'c> {
    let bytes = build.int((CAPTURES + size) as i64);
    let object = call_symbol(cx, build, Symbol::kodo_mem_alloc, &[bytes.into()]);
    let object = object.expect("memory is a pointer").into_pointer_value();
    build.store(object, build.int(1), Some(Tag::Header));
    object
}

fn static_object<'c>(cx: &mut Cx<'_, 'c>, of: TraitId, ty: Ty, table: PointerValue<'c>) -> PointerValue<'c> {
    if let Some(&known) = cx.static_dyns.get(&(of, ty)) {
        return known;
    }
    let count = cx.context.i64_type().const_zero();
    let value = cx.context.const_struct(&[count.into(), table.into(), cx.ptr().const_null().into()], false);
    let object = cx.constant("dyn", value.into(), 8);
    cx.static_dyns.insert((of, ty), object);
    object
}

/// The methods of a type for a trait.
fn table<'c>(cx: &mut Cx<'_, 'c>, of: TraitId, ty: Ty, methods: &[InstanceId]) -> PointerValue<'c> {
    if let Some(&known) = cx.tables.get(&(of, ty)) {
        return known;
    }
    let dyn_ty = cx.input.types.intern(TyKind::Dyn(of));
    let entries: Vec<PointerValue<'c>> =
        methods.iter().map(|&id| code(cx, id, dyn_ty).as_global_value().as_pointer_value()).collect();
    let name = format!("methods of {}", cx.type_name(ty));
    let value = cx.ptr().const_array(&entries);
    let table = cx.constant(&name, value.into(), 8);
    cx.tables.insert((of, ty), table);
    table
}

/// What a table's entry for an instance points to.
fn code<'c>(cx: &mut Cx<'_, 'c>, id: InstanceId, dyn_ty: Ty) -> FunctionValue<'c> {
    if let Some(&known) = cx.method_codes.get(&id) {
        return known;
    }
    let (callee, inner) = cx.instances[id.0 as usize].clone();
    let own = inner.params[0].clone();
    let by_ref = own.passing == Passing::ByRef;
    let first = (dyn_ty, if by_ref { Passing::ByRef } else { Passing::Borrowed });
    let params: Vec<(Ty, Passing)> =
        std::iter::once(first).chain(inner.params[1..].iter().map(|p| (p.ty, p.passing))).collect();
    let outer = Signature::of_types(cx, &params, inner.result_ty);
    let name = format!("{} method", callee.get_name().to_string_lossy());
    let function_ty = outer.llvm(cx);
    let function = cx.define_internal(&name, function_ty);
    outer.annotate(cx, function);
    cx.method_codes.insert(id, function);

    let build = cx.build(function);
    describe(cx, &build, function, id);
    let mut given = function.get_param_iter();
    let mut args: Vec<BasicMetadataValueEnum<'c>> = Vec::new();
    if outer.result == Pass::Address {
        args.push(given.next().expect("room for the result").into());
    }
    let first = given.next().expect("the `dyn` value").into_pointer_value();
    let object = if by_ref { own_object(cx, &build, first, own.ty) } else { first };
    pass_self(cx, &build, build.offset(object, CAPTURES), &own, &mut args);
    args.extend(given.map(BasicMetadataValueEnum::from));
    let returned = build.call(callee, &args);
    build.ret(returned);
    function
}

/// The value in the object, as the method wants it.
fn pass_self<'c>(
    cx: &mut Cx<'_, 'c>,
    build: &Build<'c>,
    at: PointerValue<'c>,
    own: &Param,
    args: &mut Vec<BasicMetadataValueEnum<'c>>,
) {
    let owned = own.passing == Passing::Owned;
    match &own.pass {
        Pass::Address if owned => {
            let layout = cx.layout(own.ty);
            let copy = build.alloca(layout.size.max(1), layout.align);
            build.copy_bytes(copy, at, layout.size, layout.align);
            cx.count_at(build, Counting::Copy, copy, own.ty);
            args.push(copy.into());
        }
        Pass::Address => args.push(at.into()),
        Pass::Registers(leaves) => {
            if owned {
                cx.count_at(build, Counting::Copy, at, own.ty);
            }
            registers(cx, build, at, leaves, args);
        }
    }
}

/// Makes the object behind a handle that handle's own, so that its value can be changed.
fn own_object<'c>(cx: &mut Cx<'_, 'c>, build: &Build<'c>, handle: PointerValue<'c>, ty: Ty) -> PointerValue<'c> {
    let object = build.load_ptr(handle, None);
    let layout = cx.layout(ty);
    if layout.size == 0 {
        return object;
    }
    let (shared, own) = (build.new_block("shared"), build.new_block("own"));
    build.cond(build.compare(IntPredicate::EQ, build.load_count(object), build.int(1)), own, shared);
    build.at(shared);
    let copy = allocate(cx, build, layout.size);
    for word in [CODE, TYPE] {
        let value = build.load_ptr(build.offset(object, word), Some(Tag::Header));
        build.store(build.offset(copy, word), value, Some(Tag::Header));
    }
    let value = build.offset(copy, CAPTURES);
    build.copy_bytes(value, build.offset(object, CAPTURES), layout.size, layout.align);
    cx.count_at(build, Counting::Copy, value, ty);
    let release = cx.glue(Glue::ReleaseClosure);
    build.call(release, &[object.into()]);
    build.store(handle, copy, None);
    build.br(own);
    build.at(own);
    build.load_ptr(handle, None)
}
