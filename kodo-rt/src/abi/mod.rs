//! The C ABI between compiled programs and the runtime: layouts, and the table of entry points.
//!
//! `table.rs` and `layout.rs` are the single source; the compiler includes the same two files.

include!("layout.rs");
include!("table.rs");

/// One row of the ABI table, as data: for checks, documentation and the public header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    pub name: &'static str,
    /// Parameter names with their ABI types.
    pub params: &'static [(&'static str, &'static str)],
    pub result: &'static str,
    pub attributes: &'static [&'static str],
}

macro_rules! entries {
    ($(fn $name:ident($($param:ident: $ty:ident),*) -> $result:ident [$($attribute:ident),*];)*) => {
        /// Every entry point, in the order of the table.
        pub const ENTRIES: &[Entry] = &[$(Entry {
            name: stringify!($name),
            params: &[$((stringify!($param), stringify!($ty))),*],
            result: stringify!($result),
            attributes: &[$(stringify!($attribute)),*],
        }),*];
    };
}
kodo_abi_table!(entries);

/// For every entry point a function that accepts only a definition with the types of its row.
///
/// A row's type is a trait here, so that definitions may say `*const Site` or `*mut BufferHeader` where the table
/// says `Ptr`. Nothing calls these at run time: [`check!`](crate::abi::check) evaluates them while compiling.
#[allow(non_camel_case_types, non_snake_case)]
pub mod signature {
    pub trait I64 {}
    impl I64 for i64 {}
    pub trait I32 {}
    impl I32 for i32 {}
    pub trait F64 {}
    impl F64 for f64 {}
    pub trait Bool {}
    impl Bool for bool {}
    pub trait Unit {}
    impl Unit for () {}
    pub trait Ptr {}
    impl<T> Ptr for *mut T {}
    impl<T> Ptr for *const T {}
    impl<T> Ptr for &'static T {}
    impl Ptr for unsafe extern "C" fn(*mut u8, *mut u8) {}
    impl Ptr for unsafe extern "C" fn(*mut u8, i64) {}

    macro_rules! signature {
        (fn $name:ident($($param:ident: $ty:ident),*) -> Never) => {
            pub const fn $name<$($param: $ty),*>(_: unsafe extern "C" fn($($param),*) -> !) {}
        };
        (fn $name:ident($($param:ident: $ty:ident),*) -> $result:ident) => {
            pub const fn $name<$($param: $ty,)* Result_: $result>(_: unsafe extern "C" fn($($param),*) -> Result_) {}
        };
    }
    macro_rules! signatures {
        ($(fn $name:ident($($param:ident: $ty:ident),*) -> $result:ident [$($attribute:ident),*];)*) => {
            $(signature! { fn $name($($param: $ty),*) -> $result })*
        };
    }
    kodo_abi_table!(signatures);
}

/// Fails to compile unless each named function, in scope here, has exactly the type of its row in the table:
/// `abi::check!(kodo_list_push, kodo_list_pop);`
macro_rules! check {
    ($($name:ident),* $(,)?) => {
        $(const _: () = $crate::abi::signature::$name($name);)*
    };
}
pub(crate) use check;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_follow_the_scheme() {
        let mut seen = HashSet::new();
        for entry in ENTRIES {
            assert!(seen.insert(entry.name), "{} is listed twice", entry.name);
            assert!(entry.name.starts_with("kodo_"), "{}", entry.name);
        }
    }

    #[test]
    fn types_and_attributes_are_known() {
        for entry in ENTRIES {
            for (param, ty) in entry.params {
                assert!(matches!(*ty, "I64" | "I32" | "F64" | "Bool" | "Ptr"), "{}: {param}: {ty}", entry.name);
            }
            assert!(
                matches!(entry.result, "I64" | "I32" | "F64" | "Bool" | "Ptr" | "Unit" | "Never"),
                "{}: {}",
                entry.name,
                entry.result
            );
            for attribute in entry.attributes {
                assert!(matches!(*attribute, "leaf" | "cold" | "parks" | "pure"), "{}: {attribute}", entry.name);
            }
            assert!(
                !(entry.attributes.contains(&"leaf") && entry.attributes.contains(&"parks")),
                "{} cannot be both leaf and parking",
                entry.name
            );
        }
    }

    #[test]
    fn layouts_are_what_generated_code_assumes() {
        assert_eq!(size_of::<BufferHeader>(), BUFFER_DATA_OFFSET);
        assert_eq!(std::mem::offset_of!(BufferHeader, len), 8);
        assert_eq!(std::mem::offset_of!(BufferHeader, capacity), 16);
        assert_eq!(size_of::<TypeInfo>(), 56);
        assert_eq!(size_of::<Site>(), 40);
        assert_eq!(size_of::<SelectArm>(), 24);
        assert_eq!(size_of::<Program>(), 64);
        assert_eq!(size_of::<FunctionInfo>(), 48);
    }
}
