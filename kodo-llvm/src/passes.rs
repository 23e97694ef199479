//! The target machine and the pass pipeline.

use crate::error::Error;
use crate::{Options, safepoint};
use inkwell::OptimizationLevel;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::llvm_sys::support::LLVMParseCommandLineOptions;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{CodeModel, InitializationConfig, RelocMode, Target, TargetMachine};

/// The machine this compiler runs on, without the extensions that only some models have.
pub fn machine(opt_level: u8) -> Result<TargetMachine, Error> {
    Target::initialize_native(&InitializationConfig::default()).map_err(Error::Target)?;
    align_loops();
    let triple = TargetMachine::get_default_triple();
    let target = Target::from_triple(&triple).map_err(|e| Error::Target(e.to_string()))?;
    let level = match opt_level {
        0 => OptimizationLevel::None,
        1 => OptimizationLevel::Less,
        2 => OptimizationLevel::Default,
        _ => OptimizationLevel::Aggressive,
    };
    target
        .create_target_machine(&triple, cpu(), "", level, RelocMode::PIC, CodeModel::Default)
        .ok_or_else(|| Error::Target(format!("{} has no target machine", triple.as_str().to_string_lossy())))
}

/// Aligns innermost loops to 32 bytes, as functions are: a tiny loop that straddles two fetch blocks is two to three
/// times slower than one that does not, and which of them it is would change with every edit before it. LLVM takes this
/// from its command line only.
fn align_loops() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    if cfg!(target_arch = "x86_64") {
        ONCE.call_once(|| {
            let args = [c"kodoc".as_ptr(), c"-x86-experimental-pref-innermost-loop-alignment=5".as_ptr()];
            // SAFETY: two C strings, and no other thread reads LLVM's options before this has run.
            unsafe { LLVMParseCommandLineOptions(2, args.as_ptr(), std::ptr::null()) };
        });
    }
}

/// The oldest processor that programs run on.
pub const fn cpu() -> &'static str {
    if cfg!(target_arch = "x86_64") { "x86-64" } else { "generic" }
}

/// The pipeline of a level; none at 0.
fn pipeline(opt_level: u8) -> Option<&'static str> {
    match opt_level {
        0 => None,
        1 => Some("default<O1>"),
        2 => Some("default<O2>"),
        _ => Some("default<O3>"),
    }
}

/// Optimizes the module, and makes its loops and calls interruptible if green threads run in it.
pub fn run(module: &Module<'_>, machine: &TargetMachine, options: &Options) -> Result<(), Error> {
    if let Some(pipeline) = pipeline(options.opt_level) {
        let how = PassBuilderOptions::create();
        // The C API leaves both off.
        how.set_loop_vectorization(true);
        how.set_loop_slp_vectorization(true);
        how.set_loop_interleaving(true);
        how.set_loop_unrolling(true);
        module.run_passes(pipeline, machine, how).map_err(|e| Error::Passes(e.to_string()))?;
    }
    if options.green_threads {
        safepoints(module, machine, options)?;
    }
    match options.sanitize {
        Some(sanitizer) => instrument(module, machine, sanitizer),
        None => Ok(()),
    }
}

/// What a program is checked for while it runs, together with a runtime that was built for the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sanitizer {
    Address,
    Thread,
}

/// Instruments the finished module: what is optimized away need not be checked, and safepoints are as they always are.
fn instrument(module: &Module<'_>, machine: &TargetMachine, sanitizer: Sanitizer) -> Result<(), Error> {
    let (attribute, pipeline) = match sanitizer {
        Sanitizer::Address => ("sanitize_address", "asan"),
        Sanitizer::Thread => ("sanitize_thread", "tsan-module,function(tsan)"),
    };
    let attribute = module.get_context().create_enum_attribute(Attribute::get_named_enum_kind_id(attribute), 0);
    for function in module.get_functions().filter(|function| function.count_basic_blocks() > 0) {
        function.add_attribute(AttributeLoc::Function, attribute);
    }
    module.run_passes(pipeline, machine, PassBuilderOptions::create()).map_err(|e| Error::Passes(e.to_string()))
}

/// Makes every loop and recursion of an optimized module yield in bounded time.
fn safepoints(module: &Module<'_>, machine: &TargetMachine, options: &Options) -> Result<(), Error> {
    let every_edge = options.opt_level == 0;
    safepoint::insert(module, machine, every_edge).map_err(Error::Passes)?;
    let cleanup = if every_edge { "always-inline" } else { safepoint::CLEANUP };
    module.run_passes(cleanup, machine, PassBuilderOptions::create()).map_err(|e| Error::Passes(e.to_string()))?;
    if options.verify {
        safepoint::verify(module).map_err(|violation| Error::Verify(violation.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use inkwell::context::Context;

    #[test]
    fn every_level_names_a_pipeline_that_this_llvm_has() {
        for level in 0..=3 {
            let context = Context::create();
            let module = context.create_module("empty");
            let options = Options { opt_level: level, ..Options::default() };
            run(&module, &machine(level).unwrap(), &options).unwrap();
        }
    }

    #[test]
    fn every_sanitizer_names_passes_that_this_llvm_has() {
        for sanitizer in [Sanitizer::Address, Sanitizer::Thread] {
            let context = Context::create();
            let module = context.create_module("empty");
            let options = Options { sanitize: Some(sanitizer), ..Options::default() };
            run(&module, &machine(2).unwrap(), &options).unwrap();
        }
    }
}
