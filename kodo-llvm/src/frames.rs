//! The table of the program's functions, by which the runtime names the frames of a stack.
//!
//! It is made when the optimizer is done: before, it would keep every function alive and its address taken. What is cold
//! lies in another section and is left out; the rest is one piece of code, and the table's last entry is its end.

use crate::program::NAME;
use inkwell::AddressSpace;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::context::Context;
use inkwell::debug_info::AsDIScope;
use inkwell::llvm_sys::debuginfo::{LLVMDIFileGetFilename, LLVMDIScopeGetFile, LLVMDISubprogramGetLine};
use inkwell::module::{Linkage, Module};
use inkwell::values::{BasicValueEnum, FunctionValue, PointerValue};
use std::collections::HashMap;

/// Fills in the fields `functions` and `functions_len` of the `Program`.
pub fn define<'c>(context: &'c Context, module: &Module<'c>) {
    let Some(program) = module.get_global(NAME) else { return };
    let cold = Attribute::get_named_enum_kind_id("cold");
    let is_warm = |f: &FunctionValue<'_>| {
        f.count_basic_blocks() > 0 && f.get_enum_attribute(AttributeLoc::Function, cold).is_none()
    };
    let own = |f: &FunctionValue<'_>| f.get_name().to_bytes().starts_with(b"ko.");
    let functions: Vec<FunctionValue<'_>> = module.get_functions().filter(|f| is_warm(f) && own(f)).collect();
    let end = module.add_function("ko.end", context.void_type().fn_type(&[], false), Some(Linkage::Internal));
    let nounwind = Attribute::get_named_enum_kind_id("nounwind");
    end.add_attribute(AttributeLoc::Function, context.create_enum_attribute(nounwind, 0));
    let block = context.append_basic_block(end, "entry");
    let builder = context.create_builder();
    builder.position_at_end(block);
    builder.build_return(None).expect("the builder stands at the end of a block");

    let mut texts = Texts { context, module, known: HashMap::new() };
    let word = |n: u64| context.i64_type().const_int(n, false);
    let mut entries = Vec::with_capacity(functions.len() + 1);
    for f in functions.into_iter().chain([end]) {
        let (name, (file, line)) =
            if f == end { (String::new(), (String::new(), 0)) } else { (shown(&f), declared(&f)) };
        let fields: [BasicValueEnum<'_>; 6] = [
            f.as_global_value().as_pointer_value().into(),
            texts.add(&name).into(),
            word(name.len() as u64).into(),
            texts.add(&file).into(),
            word(file.len() as u64).into(),
            word(line.into()).into(),
        ];
        entries.push(context.const_struct(&fields, false));
    }
    let table = entries[0].get_type().const_array(&entries);
    let global = module.add_global(table.get_type(), None, "functions");
    global.set_initializer(&table);
    global.set_linkage(Linkage::Private);
    global.set_constant(true);
    let Some(BasicValueEnum::StructValue(old)) = program.get_initializer() else { return };
    let mut fields: Vec<BasicValueEnum<'_>> = old.get_fields().collect();
    let count = fields.len();
    fields[count - 2] = global.as_pointer_value().into();
    fields[count - 1] = word(entries.len() as u64).into();
    program.set_initializer(&context.const_struct(&fields, false));
}

/// The name as the user wrote it: symbols have a prefix, and for the forms of a function a suffix after a space.
fn shown(f: &FunctionValue<'_>) -> String {
    let symbol = f.get_name().to_string_lossy();
    let name = symbol.strip_prefix("ko.").unwrap_or(&symbol);
    let name = [" value", " entry"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    name.to_owned()
}

/// The file and line of the declaration; line 0 of what the compiler made by itself.
fn declared(f: &FunctionValue<'_>) -> (String, u32) {
    let Some(subprogram) = f.get_subprogram() else { return (String::new(), 0) };
    // SAFETY: a subprogram of the module, and the file that it is in; the text belongs to the context.
    unsafe {
        let scope = subprogram.as_debug_info_scope().as_mut_ptr();
        let file = LLVMDIScopeGetFile(scope);
        if file.is_null() {
            return (String::new(), 0);
        }
        let mut len = 0;
        let text = LLVMDIFileGetFilename(file, &raw mut len);
        let bytes = std::slice::from_raw_parts(text.cast::<u8>(), len as usize);
        (String::from_utf8_lossy(bytes).into_owned(), LLVMDISubprogramGetLine(scope))
    }
}

/// Static texts, each once.
struct Texts<'a, 'c> {
    context: &'c Context,
    module: &'a Module<'c>,
    known: HashMap<String, PointerValue<'c>>,
}

impl<'c> Texts<'_, 'c> {
    fn add(&mut self, text: &str) -> PointerValue<'c> {
        if text.is_empty() {
            return self.context.ptr_type(AddressSpace::default()).const_null();
        }
        if let Some(&known) = self.known.get(text) {
            return known;
        }
        let value = self.context.const_string(text.as_bytes(), false);
        let global = self.module.add_global(value.get_type(), None, "text");
        global.set_initializer(&value);
        global.set_linkage(Linkage::Private);
        global.set_constant(true);
        let pointer = global.as_pointer_value();
        self.known.insert(text.to_owned(), pointer);
        pointer
    }
}
