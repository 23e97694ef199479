//! The module as bytes.

use crate::error::Error;
use inkwell::module::Module;
use inkwell::targets::{FileType, TargetMachine};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    Object,
    Assembly,
    LlvmIr,
    Bitcode,
}

pub fn emit(module: &Module<'_>, machine: &TargetMachine, output: Output) -> Result<Vec<u8>, Error> {
    let code = |ty| {
        let buffer = machine.write_to_memory_buffer(module, ty).map_err(|e| Error::Emit(e.to_string()))?;
        Ok(buffer.as_slice().to_vec())
    };
    match output {
        Output::Object => code(FileType::Object),
        Output::Assembly => code(FileType::Assembly).map(without_nul),
        Output::LlvmIr => Ok(module.print_to_string().to_bytes().to_vec()),
        Output::Bitcode => Ok(module.write_bitcode_to_memory().as_slice().to_vec()),
    }
}

/// Text may come with the terminator of a C string.
fn without_nul(mut text: Vec<u8>) -> Vec<u8> {
    while text.last() == Some(&0) {
        text.pop();
    }
    text
}
