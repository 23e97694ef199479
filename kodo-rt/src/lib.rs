//! The Kōdo runtime: memory and values, text input and output, panics, and the C ABI that compiled programs call.

pub mod abi;
pub mod clock;
pub mod io;
pub mod list;
pub mod mem;
pub mod panic;
pub mod process;
pub mod string;
mod text;

#[cfg(test)]
mod testing;
