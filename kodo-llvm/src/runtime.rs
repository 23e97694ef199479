//! The runtime's symbols: one enum made from the table that the runtime's definitions are checked against.

use crate::builder::{OWN_AND_ARGUMENT_MEMORY, attribute};
use inkwell::AddressSpace;
use inkwell::attributes::AttributeLoc;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::types::{BasicMetadataTypeEnum, BasicType};
use inkwell::values::FunctionValue;

/// Layouts and constants that compiled code and the runtime share.
#[allow(dead_code, reason = "the runtime's own half of the file is not used here")]
pub mod abi {
    include!("../../kodo-rt/src/abi/layout.rs");
}

include!("../../kodo-rt/src/abi/table.rs");

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Abi {
    I64,
    I32,
    F64,
    Bool,
    Ptr,
    Unit,
    Never,
}

struct Row {
    name: &'static str,
    params: &'static [Abi],
    result: Abi,
    attributes: &'static [&'static str],
}

macro_rules! symbols {
    ($(fn $name:ident($($param:ident: $ty:ident),*) -> $result:ident [$($attribute:ident),*];)*) => {
        /// An entry point of the runtime, named as in the table.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(non_camel_case_types, reason = "the names are the symbols")]
        #[allow(dead_code, reason = "the table serves more than generated code")]
        pub enum Symbol { $($name),* }

        const ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            params: &[$(Abi::$ty),*],
            result: Abi::$result,
            attributes: &[$(stringify!($attribute)),*],
        }),*];
    };
}
kodo_abi_table!(symbols);

/// The declarations made so far, in a module that declares only what it uses.
pub struct Runtime<'c> {
    declared: Vec<Option<FunctionValue<'c>>>,
}

impl<'c> Runtime<'c> {
    pub fn new() -> Runtime<'c> {
        Runtime { declared: vec![None; ROWS.len()] }
    }

    pub fn function(&mut self, context: &'c Context, module: &Module<'c>, symbol: Symbol) -> FunctionValue<'c> {
        *self.declared[symbol as usize].get_or_insert_with(|| declare(context, module, &ROWS[symbol as usize]))
    }
}

fn declare<'c>(context: &'c Context, module: &Module<'c>, row: &Row) -> FunctionValue<'c> {
    let ptr = context.ptr_type(AddressSpace::default());
    let params: Vec<BasicMetadataTypeEnum<'c>> = row
        .params
        .iter()
        .map(|param| match param {
            Abi::I32 => context.i32_type().into(),
            Abi::F64 => context.f64_type().into(),
            Abi::Bool => context.i8_type().into(),
            Abi::Ptr => ptr.into(),
            Abi::I64 | Abi::Unit | Abi::Never => context.i64_type().into(),
        })
        .collect();
    let ty = match row.result {
        Abi::I64 => context.i64_type().fn_type(&params, false),
        Abi::I32 => context.i32_type().fn_type(&params, false),
        Abi::F64 => context.f64_type().fn_type(&params, false),
        Abi::Bool => context.i8_type().fn_type(&params, false),
        Abi::Ptr => ptr.as_basic_type_enum().fn_type(&params, false),
        Abi::Unit | Abi::Never => context.void_type().fn_type(&params, false),
    };
    let function = module.add_function(row.name, ty, None);
    let add = |at, name| attribute(context, function, at, name, 0);
    for (i, param) in row.params.iter().enumerate() {
        if *param == Abi::Bool {
            add(AttributeLoc::Param(i as u32), "zeroext");
        }
    }
    if row.result == Abi::Bool {
        add(AttributeLoc::Return, "zeroext");
    }
    if row.result == Abi::Never {
        add(AttributeLoc::Function, "noreturn");
    }
    for name in row.attributes {
        match *name {
            "leaf" => {
                for name in ["nounwind", "willreturn", "nocallback"] {
                    add(AttributeLoc::Function, name);
                }
                // It does not come back into compiled code, and none of these functions follows a handle that lies
                // inside its arguments: lengths and elements of other lists stay in registers across the call.
                attribute(context, function, AttributeLoc::Function, "memory", OWN_AND_ARGUMENT_MEMORY);
            }
            "cold" => add(AttributeLoc::Function, "cold"),
            // `memory(none)` is the zero of its encoding.
            "pure" => add(AttributeLoc::Function, "memory"),
            // A call that parks is an ordinary call: it may read and write all memory.
            _ => {}
        }
    }
    function
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_can_be_declared() {
        let context = Context::create();
        let module = context.create_module("table");
        for row in ROWS {
            declare(&context, &module, row);
        }
        module.verify().unwrap();
        let text = module.print_to_string().to_string();
        assert!(text.contains("declare zeroext i8 @kodo_string_eq(ptr, ptr)"), "{text}");
        assert!(text.contains("memory(argmem: readwrite, inaccessiblemem: readwrite)"), "{text}");
        assert_eq!(text.matches("declare ").count(), ROWS.len());
    }
}
