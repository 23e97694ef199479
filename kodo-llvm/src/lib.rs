//! The Kōdo back end: MIR to LLVM IR, safepoints, object code. The only crate that names inkwell.
//!
//! ```text
//!   counted, monomorphic MIR
//!     │ lower    each body; every local an alloca, every aggregate in memory
//!     │ glue     copy, drop and share of the types met on the way
//!     │ program  main and the table the runtime starts from
//!     ▼
//!   module ─ verify ─ passes ─ emit ─▶ bytes
//! ```
//!
//! Nothing here decides about ownership: MIR says what is copied, moved and dropped. Same input, same bytes.

mod builder;
mod context;
mod debug;
mod emit;
mod error;
mod frames;
mod glue;
mod layout;
mod lower;
mod passes;
mod program;
mod runtime;
pub mod safepoint;
mod structural;
#[cfg(test)]
mod tests;

pub use context::Input;
pub use emit::Output;
pub use error::Error;
pub use passes::Sanitizer;

use context::Cx;
use debug::Debug;
use inkwell::context::Context;
use kodo_frontend::mir::InstanceId;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// 0 to 3.
    pub opt_level: u8,
    /// Default number of workers; 0 is one per available core.
    pub threads: u64,
    /// Without green threads nothing is preempted and the program runs on one OS thread.
    pub green_threads: bool,
    /// Metadata as JSON, for `--describe`.
    pub describe: Option<String>,
    /// Verify the module once more after optimization.
    pub verify: bool,
    /// Instrument every access to memory for this sanitizer.
    pub sanitize: Option<Sanitizer>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            opt_level: 2,
            threads: 0,
            green_threads: true,
            describe: None,
            verify: cfg!(debug_assertions),
            sanitize: None,
        }
    }
}

/// Compiles a program.
pub fn compile(input: Input<'_>, options: &Options, output: Output) -> Result<Vec<u8>, Error> {
    let machine = passes::machine(options.opt_level)?;
    let context = Context::create();
    let main = input.program.instances.get(input.program.main.0 as usize);
    let path = main.map_or("", |body| &input.sources.file(body.span.file).path).to_owned();
    let module = context.create_module(&path);
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    let debug = Debug::new(&context, &module, &path, options.opt_level > 0);
    let mut cx = Cx::new(&context, module, input, debug, passes::cpu());

    lower::check::program(&mut cx)?;
    program_module(&mut cx, options);
    cx.debug.finalize();
    let module = cx.module;
    let verify = || module.verify().map_err(|e| Error::Verify(e.to_string()));
    verify()?;
    passes::run(&module, &machine, options)?;
    frames::define(&context, &module);
    if options.verify {
        verify()?;
    }
    emit::emit(&module, &machine, output)
}

fn program_module(cx: &mut Cx<'_, '_>, options: &Options) {
    lower::call::declare_instances(cx);
    for id in 0..cx.instances.len() {
        lower::function::lower(cx, InstanceId(id as u32));
    }
    program::define(cx, options);
    cx.finish_glue();
}
