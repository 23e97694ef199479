//! The number types: widths, signs, ranges and names.
//!
//! `Int` is the signed integer of 64 bits (`Int64` is another name of it). Values of every integer type are kept in an
//! `i64` at compile time: sign-extended, zero-extended, and for `Uint64` the bits themselves.

use super::ty::Ty;

/// An integer type other than `Int`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Width {
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    U64,
}

impl Width {
    pub const ALL: [Width; 7] = [Width::I8, Width::I16, Width::I32, Width::U8, Width::U16, Width::U32, Width::U64];

    pub fn name(self) -> &'static str {
        match self {
            Width::I8 => "Int8",
            Width::I16 => "Int16",
            Width::I32 => "Int32",
            Width::U8 => "Uint8",
            Width::U16 => "Uint16",
            Width::U32 => "Uint32",
            Width::U64 => "Uint64",
        }
    }

    pub fn bits(self) -> u32 {
        match self {
            Width::I8 | Width::U8 => 8,
            Width::I16 | Width::U16 => 16,
            Width::I32 | Width::U32 => 32,
            Width::U64 => 64,
        }
    }

    pub fn signed(self) -> bool {
        matches!(self, Width::I8 | Width::I16 | Width::I32)
    }

    pub fn ty(self) -> Ty {
        match self {
            Width::I8 => Ty::INT8,
            Width::I16 => Ty::INT16,
            Width::I32 => Ty::INT32,
            Width::U8 => Ty::UINT8,
            Width::U16 => Ty::UINT16,
            Width::U32 => Ty::UINT32,
            Width::U64 => Ty::UINT64,
        }
    }
}

impl Ty {
    pub fn width(self) -> Option<Width> {
        Width::ALL.into_iter().find(|w| w.ty() == self)
    }

    pub fn is_integer(self) -> bool {
        self == Ty::INT || (Ty::INT8..=Ty::UINT64).contains(&self)
    }

    pub fn is_float(self) -> bool {
        self == Ty::FLOAT || self == Ty::FLOAT32
    }

    pub fn is_number(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// Values from below zero on; true for everything that is no unsigned integer.
    pub fn is_signed(self) -> bool {
        self.width().is_none_or(Width::signed)
    }

    /// Bits of an integer type.
    pub fn bits(self) -> u32 {
        self.width().map_or(64, Width::bits)
    }

    /// The least and the greatest value of an integer type.
    pub fn range(self) -> (i128, i128) {
        let bits = self.bits();
        if self.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }

    /// The number that an `i64` stands for in this integer type.
    pub fn value(self, bits: i64) -> i128 {
        if self == Ty::UINT64 { i128::from(bits as u64) } else { i128::from(bits) }
    }
}

/// The number type of a name, other names included.
pub fn named(name: &str) -> Option<Ty> {
    Some(match name {
        "Int" | "Int64" => Ty::INT,
        "Uint" => Ty::UINT64,
        "Byte" => Ty::UINT8,
        "Float64" => Ty::FLOAT,
        "Float32" => Ty::FLOAT32,
        _ => return Width::ALL.into_iter().find(|w| w.name() == name).map(Width::ty),
    })
}

/// How a conversion method treats a value that its target type does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// Panics.
    Checked,
    /// Keeps the low bits.
    Wrapping,
    /// Gives `None`.
    Trying,
}

/// The target of a conversion method: `to_int8`, `wrapping_to_uint`, `try_to_byte`, ….
pub fn conversion(method: &str) -> Option<(Conversion, Ty)> {
    let (how, rest) = if let Some(rest) = method.strip_prefix("to_") {
        (Conversion::Checked, rest)
    } else if let Some(rest) = method.strip_prefix("wrapping_to_") {
        (Conversion::Wrapping, rest)
    } else {
        (Conversion::Trying, method.strip_prefix("try_to_")?)
    };
    let first = rest.chars().next().filter(char::is_ascii_lowercase)?;
    let target = named(&format!("{}{}", first.to_ascii_uppercase(), &rest[1..]))?;
    (how == Conversion::Checked || target.is_integer()).then_some((how, target))
}

/// The method that converts to a number type.
pub fn method_to(target: Ty) -> &'static str {
    match target {
        Ty::INT8 => "to_int8",
        Ty::INT16 => "to_int16",
        Ty::INT32 => "to_int32",
        Ty::UINT8 => "to_uint8",
        Ty::UINT16 => "to_uint16",
        Ty::UINT32 => "to_uint32",
        Ty::UINT64 => "to_uint64",
        Ty::FLOAT => "to_float64",
        Ty::FLOAT32 => "to_float32",
        _ => "to_int",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_values() {
        assert_eq!(Ty::INT8.range(), (-128, 127));
        assert_eq!(Ty::UINT64.range(), (0, i128::from(u64::MAX)));
        assert_eq!(Ty::INT.range(), (i128::from(i64::MIN), i128::from(i64::MAX)));
        assert_eq!((Ty::UINT64.value(-1), Ty::INT.value(-1)), (i128::from(u64::MAX), -1));
        assert!(!Ty::STRING.is_number() && !Ty::BOOL.is_number() && Ty::FLOAT32.is_number());
    }

    #[test]
    fn conversion_methods() {
        assert_eq!(conversion("to_byte"), Some((Conversion::Checked, Ty::UINT8)));
        assert_eq!(conversion("wrapping_to_int16"), Some((Conversion::Wrapping, Ty::INT16)));
        assert_eq!(conversion("try_to_uint"), Some((Conversion::Trying, Ty::UINT64)));
        assert_eq!(conversion("to_float32"), Some((Conversion::Checked, Ty::FLOAT32)));
        for name in ["to_string", "wrapping_to_float32", "to_Int8", "to_", "int8", "to_\u{e9}t"] {
            assert_eq!(conversion(name), None, "{name}");
        }
        for ty in Width::ALL.map(Width::ty).into_iter().chain([Ty::INT, Ty::FLOAT, Ty::FLOAT32]) {
            assert_eq!(conversion(method_to(ty)), Some((Conversion::Checked, ty)));
        }
    }
}
