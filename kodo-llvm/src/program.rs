//! What the program shows to the outside: the C function `main` and the static `Program` it hands to the runtime.

use crate::Options;
use crate::context::{Cx, call_symbol};
use crate::lower::call::main_entry;
use crate::runtime::{Symbol, abi};
use crate::safepoint::NO_POLL;
use inkwell::attributes::AttributeLoc;
use inkwell::module::Linkage;
use inkwell::values::UnnamedAddress;

/// Of the static `Program` in the module.
pub const NAME: &str = "program";

pub fn define(cx: &mut Cx<'_, '_>, options: &Options) {
    let entry = main_entry(cx, cx.input.program.main).as_global_value().as_pointer_value();
    let word = |n: u64| cx.context.i64_type().const_int(n, false).into();
    let flags = if options.green_threads { 0 } else { abi::PROGRAM_NO_GREEN_THREADS };
    let (version, threads, flags) = (word(abi::ABI_VERSION), word(options.threads), word(flags));
    let describe_len = word(options.describe.as_ref().map_or(0, |d| d.len() as u64));
    let describe = match &options.describe {
        Some(text) => cx.bytes(text.as_bytes()),
        None => cx.ptr().const_null(),
    };
    // `frames` knows the functions when the optimizer is done.
    let (functions, count) = (cx.ptr().const_null(), word(0));
    let fields = [version, entry.into(), threads, flags, describe.into(), describe_len, functions.into(), count];
    let value = cx.context.const_struct(&fields, false);
    let program = cx.module.add_global(value.get_type(), None, NAME);
    program.set_initializer(&value);
    program.set_linkage(Linkage::Private);
    program.set_constant(true);
    program.set_unnamed_address(UnnamedAddress::Global);
    program.set_alignment(8);

    let status = cx.context.i32_type().into();
    let ty = cx.fn_type(Some(status), &[status, cx.ptr().into()]);
    let main = cx.define("main", ty, Linkage::External, 0);
    // It runs before the runtime does.
    main.add_attribute(AttributeLoc::Function, cx.context.create_string_attribute(NO_POLL, ""));
    let build = cx.build(main);
    let params = main.get_params();
    let args = [params[0], params[1], program.as_pointer_value().into()];
    let status = call_symbol(cx, &build, Symbol::kodo_rt_main, &args);
    build.ret(status);
}
