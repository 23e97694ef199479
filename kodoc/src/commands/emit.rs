//! `kodoc emit-llvm` and `kodoc emit-mir`: the intermediate forms as text.

use crate::cli::{EmitArgs, EmitMirArgs};
use crate::failure::Failure;
use crate::{output, pipeline};
use kodo_frontend::mir;

pub fn llvm(args: &EmitArgs, json: bool) -> Result<(), Failure> {
    super::compile(&args.file, json, |checked| {
        let program = pipeline::lower(checked)?;
        let text = pipeline::generate(checked, &program, &args.code, kodo_llvm::Output::LlvmIr)?;
        Ok(output::write(args.output.as_ref(), &text)?)
    })
}

pub fn mir(args: &EmitMirArgs, json: bool) -> Result<(), Failure> {
    super::compile(&args.file, json, |checked| {
        let program = pipeline::lower(checked)?;
        let hir = &mut checked.program;
        let text = mir::text::print_program(&program, &mut hir.types, &hir.adts, &checked.names);
        Ok(output::write(args.output.as_ref(), text.as_bytes())?)
    })
}
