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
        assert_eq!(size_of::<Program>(), 48);
    }
}
