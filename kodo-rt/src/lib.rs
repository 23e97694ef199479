//! The Kōdo runtime. Today: the C ABI that compiled programs and the runtime share.

pub mod abi;
