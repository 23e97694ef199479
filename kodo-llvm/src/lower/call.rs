//! Calls, spawns, and the functions through which the runtime enters compiled code.

use super::abi::{Pass, Signature};
use super::function::Lower;
use super::memory::{At, Value, mentions};
use crate::builder::Build;
use crate::context::{Cx, call_symbol};
use crate::glue::Counting;
use crate::layout::Shape;
use crate::runtime::Symbol;
use inkwell::values::{BasicMetadataValueEnum, BasicValueEnum, FunctionValue, PointerValue};
use kodo_frontend::mir::{Callee, InstanceId, Operand, Passing, Place, SpawnBody, SpawnKind};
use kodo_frontend::source::Span;
use kodo_frontend::types::ty::Ty;

/// What a call jumps to.
pub(super) enum Code<'c> {
    Function(FunctionValue<'c>),
    Address(PointerValue<'c>),
}

impl<'c> Lower<'_, '_, 'c> {
    pub fn call(&mut self, callee: &Callee, args: &[Operand], dest: &Place, span: Span) {
        match callee {
            Callee::Instance(id) => self.call_instance(*id, args, dest),
            Callee::Intrinsic(intrinsic, tys) => self.intrinsic(*intrinsic, tys, args, dest, span),
            Callee::Value => self.call_value(args, dest),
            Callee::Closure(body) => self.make_closure(body, args, dest),
            Callee::Dyn { of, ty, methods } => self.make_dyn(*of, *ty, methods, &args[0], dest),
            Callee::Method { slot, passing } => self.call_method(*slot, passing, args, dest),
            Callee::Function(..) => unreachable!("checked: callees are instances"),
        }
    }

    fn call_instance(&mut self, id: InstanceId, args: &[Operand], dest: &Place) {
        let (function, signature) = self.cx.instances[id.0 as usize].clone();
        self.call_code(Code::Function(function), &signature, args, dest);
    }

    pub(super) fn call_code(&mut self, code: Code<'c>, signature: &Signature, args: &[Operand], dest: &Place) {
        // A result by address goes straight into a variable that the call can reach in no other way.
        let direct =
            dest.projection.is_empty() && self.is_own(dest.local) && !args.iter().any(|arg| mentions(arg, dest.local));
        let mut values: Vec<BasicMetadataValueEnum<'c>> = Vec::new();
        let result = (signature.result == Pass::Address)
            .then(|| if direct { self.slots[dest.local.0 as usize] } else { self.temp(signature.result_ty) });
        values.extend(result.map(BasicMetadataValueEnum::from));
        for (operand, param) in args.iter().zip(&signature.params) {
            match (&param.pass, param.passing) {
                (Pass::Address, Passing::ByRef) => values.push(self.by_reference(operand).ptr.into()),
                (Pass::Registers(leaves), _) => {
                    let (value, _) = self.operand(operand);
                    match value {
                        Value::Unit => {}
                        Value::Register(value) => values.push(value.into()),
                        Value::Memory(at) => {
                            let registers = self.leaves(leaves, at);
                            values.extend(registers.into_iter().map(BasicMetadataValueEnum::from));
                        }
                    }
                }
                (Pass::Address, passing) => {
                    let (value, _) = self.operand(operand);
                    // The callee owns the memory of an owned argument: only a variable that dies here can give its own.
                    // (One without counts may be read again: nothing follows where its last use is.)
                    let given = match operand {
                        Operand::Move(place) => {
                            self.cx.layout(param.ty).counted
                                && place.projection.is_empty()
                                && self.is_own(place.local)
                                && !args.iter().any(|a| !std::ptr::eq(a, operand) && mentions(a, place.local))
                                && (direct || result.is_none() || place.local != dest.local)
                        }
                        _ => false,
                    };
                    let at = match value {
                        Value::Memory(at) if given || passing == Passing::Borrowed => at,
                        _ => self.spill(value, param.ty),
                    };
                    values.push(at.into());
                }
            }
        }
        let returned = match code {
            Code::Function(function) => self.b.call(function, &values),
            Code::Address(code) => self.b.call_pointer(signature.llvm(self.cx), code, &values),
        };
        match (&signature.result, result) {
            (Pass::Address, Some(at)) if !direct => self.assign_value(dest, Value::Memory(at)),
            (Pass::Registers(leaves), _) => {
                let at = self.place(dest);
                self.store_registers(&at, leaves, returned);
            }
            _ => {}
        }
    }

    fn store_registers(
        &mut self,
        at: &At<'c>,
        leaves: &[(u64, crate::layout::Scalar)],
        returned: Option<BasicValueEnum<'c>>,
    ) {
        if at.typed {
            store_registers(self.cx, &self.b, at.ptr, leaves, returned);
            return;
        }
        // Payload of an enum: its bytes may not be written under a tag of one type.
        let slot = self.temp(at.ty);
        store_registers(self.cx, &self.b, slot, leaves, returned);
        let layout = self.cx.layout(at.ty);
        self.b.copy_bytes(at.ptr, slot, layout.size, layout.align);
    }

    pub fn spawn(
        &mut self,
        body: &SpawnBody,
        captures: &[Operand],
        kind: &SpawnKind,
        result: Ty,
        dest: &Place,
        span: Span,
    ) {
        let SpawnBody::Instance(id) = body else { unreachable!("checked: spawned bodies are instances") };
        let (_, signature) = self.cx.instances[id.0 as usize].clone();
        let types: Vec<Ty> = signature.params.iter().map(|p| p.ty).collect();
        let env_ty = self.cx.tuple(&types);
        let env = self.temp(env_ty);
        let values: Vec<(Value<'c>, Ty)> = captures.iter().map(|c| self.operand(c)).collect();
        if let Shape::Product(fields) = &self.cx.layout(env_ty).shape {
            for (&(offset, ty), &(value, _)) in fields.iter().zip(&values) {
                let at = At { ptr: self.b.offset(env, offset), ty, typed: true };
                self.store(&at, value);
            }
        }
        let detached = matches!(kind, SpawnKind::Detached);
        let entry = entry_point(self.cx, *id, detached).as_global_value().as_pointer_value();
        let env_info = self.cx.type_info(env_ty);
        let site = self.cx.site(span, &self.body.name);
        let (entry, env, env_info, site) = (entry.into(), env.into(), env_info.into(), site.into());
        let future = match kind {
            SpawnKind::Detached => {
                let args = [entry, env, env_info, site];
                call_symbol(self.cx, &self.b, Symbol::kodo_task_spawn_detached, &args)
            }
            SpawnKind::Future => {
                let result = self.cx.type_info(result).into();
                let args = [entry, env, env_info, result, site];
                call_symbol(self.cx, &self.b, Symbol::kodo_task_spawn, &args)
            }
            SpawnKind::Parallel(scope) => {
                let scope = self.register(scope).into_int_value();
                let scope = self.b.int_to_ptr(scope).into();
                let result = self.cx.type_info(result).into();
                let args = [scope, entry, env, env_info, result, site];
                call_symbol(self.cx, &self.b, Symbol::kodo_parallel_spawn, &args)
            }
        };
        if let Some(future) = future {
            self.assign_value(dest, Value::Register(future));
        }
    }
}

fn store_registers<'c>(
    cx: &mut Cx<'_, 'c>,
    build: &Build<'c>,
    at: PointerValue<'c>,
    leaves: &[(u64, crate::layout::Scalar)],
    returned: Option<BasicValueEnum<'c>>,
) {
    match (leaves, returned) {
        ([(offset, scalar)], Some(value)) => cx.store_register(build, build.offset(at, *offset), value, *scalar),
        ([_, _], Some(pair)) => {
            for (i, &(offset, scalar)) in leaves.iter().enumerate() {
                let value = build.extract(pair.into_struct_value(), i as u32);
                cx.store_register(build, build.offset(at, offset), value, scalar);
            }
        }
        _ => {}
    }
}

/// `extern "C" fn(env, out)` that runs a spawned body: it takes over what the environment holds and writes the result
/// to `out`, or drops it if nobody takes it.
fn entry_point<'c>(cx: &mut Cx<'_, 'c>, id: InstanceId, detached: bool) -> FunctionValue<'c> {
    if let Some(&known) = cx.entries.get(&(id, detached)) {
        return known;
    }
    let (callee, signature) = cx.instances[id.0 as usize].clone();
    let name = format!("{} entry", callee.get_name().to_string_lossy());
    let function = cx.define_entry(&name);
    cx.entries.insert((id, detached), function);

    let build = cx.build(function);
    describe(cx, &build, function, id);
    let env = function.get_nth_param(0).expect("an entry has two parameters").into_pointer_value();
    let out = function.get_nth_param(1).expect("an entry has two parameters").into_pointer_value();
    let types: Vec<Ty> = signature.params.iter().map(|p| p.ty).collect();
    let env_ty = cx.tuple(&types);
    let result = cx.layout(signature.result_ty);
    let out = if detached { build.alloca(result.size.max(1), result.align) } else { out };
    let mut args: Vec<BasicMetadataValueEnum<'c>> = Vec::new();
    if signature.result == Pass::Address {
        args.push(out.into());
    }
    if let Shape::Product(fields) = &cx.layout(env_ty).shape {
        for (&(offset, _), param) in fields.iter().zip(&signature.params) {
            let at = build.offset(env, offset);
            match &param.pass {
                Pass::Address => args.push(at.into()),
                Pass::Registers(leaves) => {
                    for &(inner, scalar) in leaves {
                        let value = build.load(scalar.memory(cx.context), build.offset(at, inner), None);
                        let value = match scalar {
                            crate::layout::Scalar::Bool => build.truth(value.into_int_value()).into(),
                            _ => value,
                        };
                        args.push(value.into());
                    }
                }
            }
        }
    }
    let returned = build.call(callee, &args);
    if let Pass::Registers(leaves) = &signature.result {
        store_registers(cx, &build, out, leaves, returned);
    }
    if detached {
        cx.count_at(&build, Counting::Drop, out, signature.result_ty);
    }
    build.ret(None);
    function
}

/// Gives an entry point the lines of the body it runs. The body is usually inlined into it, and a function without a
/// description of its own would lose them.
pub(super) fn describe<'c>(cx: &mut Cx<'_, 'c>, build: &Build<'c>, function: FunctionValue<'c>, id: InstanceId) {
    let body = &cx.input.program.instances[id.0 as usize];
    let scope = cx.debug.function(cx.input.sources, function, &body.name, body.span);
    build.location(cx.debug.location(cx.input.sources, scope, body.span));
}

/// `extern "C" fn(env, out)` that runs the user's `main` and stores its exit status.
pub(crate) fn main_entry<'c>(cx: &mut Cx<'_, 'c>, main: InstanceId) -> FunctionValue<'c> {
    let (callee, signature) = cx.instances[main.0 as usize].clone();
    let function = cx.define_entry("ko.main entry");
    let build = cx.build(function);
    describe(cx, &build, function, main);
    let out = function.get_nth_param(1).expect("an entry has two parameters").into_pointer_value();
    let layout = cx.layout(signature.result_ty);
    let is_status = layout.shape == Shape::Int;
    let result = if is_status { out } else { build.alloca(layout.size.max(1), layout.align) };
    let args: Vec<BasicMetadataValueEnum<'c>> = match signature.result {
        Pass::Address => vec![result.into()],
        Pass::Registers(_) => Vec::new(),
    };
    let returned = build.call(callee, &args);
    if let Pass::Registers(leaves) = &signature.result {
        store_registers(cx, &build, result, leaves, returned);
    }
    if !is_status {
        cx.count_at(&build, Counting::Drop, result, signature.result_ty);
        build.store(out, build.int(0), None);
    }
    build.ret(None);
    function
}

/// Declares the function of every instance.
pub(crate) fn declare_instances(cx: &mut Cx<'_, '_>) {
    for body in &cx.input.program.instances {
        let signature = Signature::of(cx, body);
        let ty = signature.llvm(cx);
        // The prefix keeps users' names apart from C's, which LLVM gives meaning to.
        let function = cx.define_internal(&format!("ko.{}", body.name), ty);
        signature.annotate(cx, function);
        cx.instances.push((function, std::rc::Rc::new(signature)));
    }
}
