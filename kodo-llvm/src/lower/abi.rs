//! How the arguments and the result of an internal function travel.
//!
//! A value of at most two scalars goes in registers, one parameter each; two result registers are returned as a pair.
//! Anything larger goes by address: an owned argument is memory that the caller gives away, a borrowed one is the
//! caller's place itself, a result is memory that the caller provides (the first parameter). A `mut` parameter is always
//! the address of the caller's place.

use crate::builder::attribute;
use crate::context::Cx;
use crate::layout::Scalar;
use inkwell::attributes::AttributeLoc;
use inkwell::types::{BasicTypeEnum, FunctionType};
use inkwell::values::FunctionValue;
use kodo_frontend::mir::{Body, Passing, RESULT};
use kodo_frontend::types::ty::{Ty, TyKind};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pass {
    /// Scalars at offsets; none for a value without size.
    Registers(Vec<(u64, Scalar)>),
    Address,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub ty: Ty,
    pub pass: Pass,
    pub passing: Passing,
}

#[derive(Clone, Debug)]
pub struct Signature {
    pub params: Vec<Param>,
    pub result_ty: Ty,
    pub result: Pass,
}

impl Signature {
    pub fn of(cx: &mut Cx<'_, '_>, body: &Body) -> Signature {
        let params: Vec<(Ty, Passing)> =
            body.locals[1..=body.params as usize].iter().map(|local| (local.ty, local.passing)).collect();
        Signature::of_types(cx, &params, body.locals[RESULT.0 as usize].ty)
    }

    /// How a function value of the type is called: the value itself is the first argument.
    pub fn of_value(cx: &mut Cx<'_, '_>, ty: Ty) -> Signature {
        let TyKind::Fn(params, result_ty) = cx.input.types.kind(ty).clone() else {
            unreachable!("checked: only function values are called")
        };
        let mut pass = |ty: Ty| cx.layout(ty).leaves.clone().map_or(Pass::Address, Pass::Registers);
        let value = Param { ty, pass: pass(ty), passing: Passing::Borrowed };
        let params = params.iter().map(|&ty| Param { ty, pass: pass(ty), passing: Passing::Owned });
        let params = std::iter::once(value).chain(params).collect();
        Signature { params, result_ty, result: pass(result_ty) }
    }

    /// Parameters and a result of these types.
    pub fn of_types(cx: &mut Cx<'_, '_>, params: &[(Ty, Passing)], result_ty: Ty) -> Signature {
        let mut pass = |ty: Ty, passing: Passing| match (&cx.layout(ty).leaves, passing) {
            (_, Passing::ByRef) | (None, _) => Pass::Address,
            (Some(leaves), _) => Pass::Registers(leaves.clone()),
        };
        let params = params.iter().map(|&(ty, passing)| Param { ty, pass: pass(ty, passing), passing }).collect();
        Signature { params, result_ty, result: pass(result_ty, Passing::Owned) }
    }

    pub fn llvm<'c>(&self, cx: &Cx<'_, 'c>) -> FunctionType<'c> {
        let mut params: Vec<BasicTypeEnum<'c>> = Vec::new();
        if self.result == Pass::Address {
            params.push(cx.ptr().into());
        }
        for param in &self.params {
            match &param.pass {
                Pass::Address => params.push(cx.ptr().into()),
                Pass::Registers(leaves) => params.extend(leaves.iter().map(|(_, s)| s.register(cx.context))),
            }
        }
        let result = match &self.result {
            Pass::Address => None,
            Pass::Registers(leaves) => match leaves[..] {
                [] => None,
                [(_, one)] => Some(one.register(cx.context)),
                _ => Some(self.pair(cx).expect("two registers are a pair")),
            },
        };
        cx.fn_type(result, &params)
    }

    /// The type of a result in two registers.
    pub fn pair<'c>(&self, cx: &Cx<'_, 'c>) -> Option<BasicTypeEnum<'c>> {
        match &self.result {
            Pass::Registers(leaves) if leaves.len() == 2 => {
                let parts: Vec<_> = leaves.iter().map(|(_, s)| s.register(cx.context)).collect();
                Some(cx.context.struct_type(&parts, false).into())
            }
            _ => None,
        }
    }

    /// What is certain about the addresses among the parameters.
    pub fn annotate<'c>(&self, cx: &mut Cx<'_, 'c>, function: FunctionValue<'c>) {
        let context = cx.context;
        let mut describe = |index: u32, ty: Ty, names: &[&str]| {
            let at = AttributeLoc::Param(index);
            let layout = cx.layout(ty);
            for name in ["nonnull", "noundef"].iter().chain(names) {
                attribute(context, function, at, name, 0);
            }
            if layout.size > 0 {
                attribute(context, function, at, "dereferenceable", layout.size);
            }
            attribute(context, function, at, "align", layout.align.into());
        };
        let mut index = 0;
        if self.result == Pass::Address {
            describe(index, self.result_ty, &["noalias"]);
            index += 1;
        }
        for param in &self.params {
            let names: &[&str] = match (&param.pass, param.passing) {
                (Pass::Registers(leaves), _) => {
                    index += leaves.len() as u32;
                    continue;
                }
                // The caller gave the memory away.
                (Pass::Address, Passing::Owned) => &["noalias"],
                // Counts of what it holds may change, but those are behind its handles.
                (Pass::Address, Passing::Borrowed) => &["readonly"],
                (Pass::Address, Passing::ByRef) => &[],
            };
            describe(index, param.ty, names);
            index += 1;
        }
    }
}
