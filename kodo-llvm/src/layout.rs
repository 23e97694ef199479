//! How values lie in memory and travel in registers.
//!
//! | type                                          | memory                                        | register  |
//! |-----------------------------------------------|-----------------------------------------------|-----------|
//! | `Int`, `Float64`                              | 8 bytes                                       | i64, double |
//! | other integers, `Float32`                     | their width                                   | i8 … i64, float |
//! | `Bool`                                        | one byte, 0 or 1                              | i1        |
//! | `()`, never                                   | nothing                                       | nothing   |
//! | `String`, `List`, `Channel`, `Future`, functions | one pointer, never null                    | ptr       |
//! | struct, tuple                                 | fields in order, C's alignment                | by leaves |
//! | enum without payload                          | one byte (two beyond 256 variants)            | i8, i16   |
//! | enum of an empty variant and one handle       | the handle; null is the empty variant         | ptr       |
//! | other enums                                   | tag, then the variants' payloads overlaid     | by leaves |
//!
//! A value of at most two *leaves* (scalars at fixed offsets) is passed and returned in registers, a larger one by
//! address. Recursion by value has no layout and is refused by [`check`](Layouts::check) before anything is lowered.

use crate::builder::Tag;
use crate::error::Error;
use inkwell::AddressSpace;
use inkwell::context::Context;
use inkwell::types::BasicTypeEnum;
use kodo_frontend::names::Names;
use kodo_frontend::source::Span;
use kodo_frontend::types::counted::Counted;
use kodo_frontend::types::number::Width;
use kodo_frontend::types::ty::{Adt, AdtKind, Ty, TyCon, TyKind, Types};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// A scalar in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    Int,
    Float,
    I8,
    I16,
    I32,
    Float32,
    Bool,
    Ptr,
    /// Tag of an enum, one or two bytes.
    Tag8,
    Tag16,
    /// Eight or one bytes of an enum's payload, of whatever type is there.
    Word,
    Byte,
}

impl Scalar {
    pub fn size(self) -> u64 {
        match self {
            Scalar::Int | Scalar::Float | Scalar::Ptr | Scalar::Word => 8,
            Scalar::I32 | Scalar::Float32 => 4,
            Scalar::Tag16 | Scalar::I16 => 2,
            Scalar::I8 | Scalar::Bool | Scalar::Tag8 | Scalar::Byte => 1,
        }
    }

    pub fn memory<'c>(self, context: &'c Context) -> BasicTypeEnum<'c> {
        match self {
            Scalar::Int | Scalar::Word => context.i64_type().into(),
            Scalar::I32 => context.i32_type().into(),
            Scalar::Float32 => context.f32_type().into(),
            Scalar::Float => context.f64_type().into(),
            Scalar::Ptr => context.ptr_type(AddressSpace::default()).into(),
            Scalar::Tag16 | Scalar::I16 => context.i16_type().into(),
            Scalar::I8 | Scalar::Bool | Scalar::Tag8 | Scalar::Byte => context.i8_type().into(),
        }
    }

    /// In a register a Bool is one bit.
    pub fn register<'c>(self, context: &'c Context) -> BasicTypeEnum<'c> {
        if self == Scalar::Bool { context.bool_type().into() } else { self.memory(context) }
    }

    /// The alias tag of an access; none for bytes that change their type.
    pub fn tag(self) -> Option<Tag> {
        match self {
            Scalar::Int => Some(Tag::Int),
            Scalar::Float => Some(Tag::Float),
            Scalar::Ptr => Some(Tag::Handle),
            Scalar::Bool | Scalar::Tag8 | Scalar::I8 => Some(Tag::Byte),
            Scalar::I16 => Some(Tag::Int16),
            Scalar::I32 => Some(Tag::Int32),
            Scalar::Float32 => Some(Tag::Float32),
            Scalar::Tag16 | Scalar::Word | Scalar::Byte => None,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    Unit,
    Int,
    Float,
    /// Integers of other types than Int.
    Fixed(Width),
    Float32,
    Bool,
    String,
    List(Ty),
    Channel,
    Future,
    Closure,
    /// Struct or tuple: offset and type of each field.
    Product(Vec<(u64, Ty)>),
    /// Enum without payload.
    Tags,
    /// Enum whose variant `full` holds one handle (field `field` of type `inner`) and whose other variant holds nothing.
    Niche {
        full: u32,
        inner: Ty,
    },
    /// Enum with payload: the fields of each variant, offsets from the start of the enum.
    Tagged {
        variants: Vec<Vec<(u64, Ty)>>,
    },
}

#[derive(Clone, Debug)]
pub struct Layout {
    pub size: u64,
    pub align: u32,
    pub shape: Shape,
    /// The register, if the value is one.
    pub scalar: Option<Scalar>,
    /// Scalars at offsets, if there are at most two.
    pub leaves: Option<Vec<(u64, Scalar)>>,
    /// Copies and drops count.
    pub counted: bool,
    /// Something must be marked before it crosses to another thread.
    pub shares: bool,
}

impl Layout {
    /// The scalar in which the variant is found, and where; for shapes that have one in memory.
    pub fn tag(&self) -> Scalar {
        match self.shape {
            Shape::Tagged { .. } if self.align == 8 => Scalar::Int,
            Shape::Tags if self.size == 2 => Scalar::Tag16,
            _ => Scalar::Tag8,
        }
    }
}

#[derive(Default)]
pub struct Layouts {
    known: FxHashMap<Ty, Rc<Layout>>,
    counted: Counted,
    checked: FxHashSet<Ty>,
}

const fn round_up(n: u64, align: u32) -> u64 {
    n.next_multiple_of(align as u64)
}

/// More variants than a byte can tell apart need two.
const BYTE_TAGS: usize = 256;

impl Layouts {
    /// True if every type that can be met in a value of this type has a layout.
    pub fn check(&mut self, types: &mut Types, adts: &[Adt], names: &Names, ty: Ty, span: Span) -> Result<(), Error> {
        self.check_inside(types, adts, names, ty, span, &mut Vec::new())
    }

    fn check_inside(
        &mut self,
        types: &mut Types,
        adts: &[Adt],
        names: &Names,
        ty: Ty,
        span: Span,
        open: &mut Vec<Ty>,
    ) -> Result<(), Error> {
        if self.checked.contains(&ty) {
            return Ok(());
        }
        let unsupported = |types: &Types, why: &str| Error::Unsupported {
            what: format!("the type {} {why}", types.display(ty, adts, names, &[])),
            span,
        };
        if open.contains(&ty) {
            return Err(unsupported(types, "contains itself by value"));
        }
        match types.kind(ty).clone() {
            TyKind::Never | TyKind::Unit | TyKind::Bool | TyKind::Int | TyKind::Float | TyKind::String => {}
            TyKind::Fixed(_) | TyKind::Float32 | TyKind::Dyn(_) => {}
            TyKind::Error | TyKind::Param(_) | TyKind::Assoc(..) | TyKind::Infer(_) => {
                return Err(unsupported(types, "is not concrete"));
            }
            TyKind::Fn(params, result) => {
                self.checked.insert(ty);
                for &part in params.iter().chain([&result]) {
                    self.check_inside(types, adts, names, part, span, &mut Vec::new())?;
                }
            }
            TyKind::Tuple(items) => {
                open.push(ty);
                for &item in &items {
                    self.check_inside(types, adts, names, item, span, open)?;
                }
                open.pop();
            }
            TyKind::App(TyCon::List | TyCon::Channel | TyCon::Future, args) => {
                // A handle breaks recursion by value: its element is a value of its own.
                self.checked.insert(ty);
                for &arg in &args {
                    self.check_inside(types, adts, names, arg, span, &mut Vec::new())?;
                }
            }
            TyKind::App(TyCon::Adt(id), args) => {
                open.push(ty);
                let adt = &adts[id.0 as usize];
                if adt.variants.len() > 1 << 16 {
                    return Err(unsupported(types, "has more than 65536 variants"));
                }
                for field in adt.variants.iter().flat_map(|v| &v.fields) {
                    let field = types.subst(field.ty, &args);
                    self.check_inside(types, adts, names, field, span, open)?;
                }
                open.pop();
            }
        }
        self.checked.insert(ty);
        Ok(())
    }

    /// The layout of a type that [`check`](Layouts::check) accepted.
    pub fn of(&mut self, types: &mut Types, adts: &[Adt], ty: Ty) -> Rc<Layout> {
        if let Some(known) = self.known.get(&ty) {
            return known.clone();
        }
        let counted = self.counted.is_counted(types, adts, ty);
        let scalar = |shape, scalar: Scalar, shares| Layout {
            size: scalar.size(),
            align: scalar.size() as u32,
            shape,
            scalar: Some(scalar),
            leaves: Some(vec![(0, scalar)]),
            counted,
            shares,
        };
        let layout = match types.kind(ty).clone() {
            TyKind::Int => scalar(Shape::Int, Scalar::Int, false),
            TyKind::Float => scalar(Shape::Float, Scalar::Float, false),
            TyKind::Fixed(width) => {
                let memory = match width.bits() {
                    8 => Scalar::I8,
                    16 => Scalar::I16,
                    32 => Scalar::I32,
                    _ => Scalar::Int,
                };
                scalar(Shape::Fixed(width), memory, false)
            }
            TyKind::Float32 => scalar(Shape::Float32, Scalar::Float32, false),
            TyKind::Bool => scalar(Shape::Bool, Scalar::Bool, false),
            TyKind::String => scalar(Shape::String, Scalar::Ptr, true),
            TyKind::App(TyCon::List, args) => scalar(Shape::List(args[0]), Scalar::Ptr, true),
            TyKind::App(TyCon::Channel, _) => scalar(Shape::Channel, Scalar::Ptr, false),
            TyKind::App(TyCon::Future, _) => scalar(Shape::Future, Scalar::Ptr, false),
            TyKind::Fn(..) | TyKind::Dyn(_) => scalar(Shape::Closure, Scalar::Ptr, true),
            TyKind::Tuple(items) => self.product(types, adts, &items, counted),
            TyKind::App(TyCon::Adt(id), args) => {
                let adt = &adts[id.0 as usize];
                let variants: Vec<Vec<Ty>> =
                    adt.variants.iter().map(|v| v.fields.iter().map(|f| types.subst(f.ty, &args)).collect()).collect();
                match adt.kind {
                    AdtKind::Struct => self.product(types, adts, &variants[0], counted),
                    AdtKind::Enum => self.sum(types, adts, &variants, counted),
                }
            }
            _ => Layout {
                size: 0,
                align: 1,
                shape: Shape::Unit,
                scalar: None,
                leaves: Some(Vec::new()),
                counted: false,
                shares: false,
            },
        };
        let layout = Rc::new(layout);
        self.known.insert(ty, layout.clone());
        layout
    }

    /// Fields from `start` on; their offsets, the end, the alignment.
    fn fields(&mut self, types: &mut Types, adts: &[Adt], start: u64, items: &[Ty]) -> (Vec<(u64, Ty)>, u64, u32) {
        let (mut end, mut align) = (start, 1);
        let mut fields = Vec::with_capacity(items.len());
        for &item in items {
            let layout = self.of(types, adts, item);
            end = round_up(end, layout.align);
            fields.push((end, item));
            end += layout.size;
            align = align.max(layout.align);
        }
        (fields, end, align)
    }

    fn product(&mut self, types: &mut Types, adts: &[Adt], items: &[Ty], counted: bool) -> Layout {
        let (fields, end, align) = self.fields(types, adts, 0, items);
        let mut leaves = Some(Vec::new());
        let mut shares = false;
        for &(offset, field) in &fields {
            let layout = self.of(types, adts, field);
            shares |= layout.shares;
            leaves = match (leaves, &layout.leaves) {
                (Some(mut all), Some(more)) => {
                    all.extend(more.iter().map(|&(at, s)| (offset + at, s)));
                    (all.len() <= 2).then_some(all)
                }
                _ => None,
            };
        }
        let size = round_up(end, align);
        Layout { size, align, shape: Shape::Product(fields), scalar: None, leaves, counted, shares }
    }

    fn sum(&mut self, types: &mut Types, adts: &[Adt], variants: &[Vec<Ty>], counted: bool) -> Layout {
        if variants.iter().all(Vec::is_empty) {
            let tag = if variants.len() > BYTE_TAGS { Scalar::Tag16 } else { Scalar::Tag8 };
            return Layout {
                size: tag.size(),
                align: tag.size() as u32,
                shape: Shape::Tags,
                scalar: Some(tag),
                leaves: Some(vec![(0, tag)]),
                counted: false,
                shares: false,
            };
        }
        if let [a, b] = variants {
            for (full, fields, other) in [(0, a, b), (1, b, a)] {
                let empty = other.iter().all(|&t| self.of(types, adts, t).size == 0);
                if let ([inner], true) = (&fields[..], empty) {
                    let layout = self.of(types, adts, *inner);
                    if matches!(
                        layout.shape,
                        Shape::String | Shape::List(_) | Shape::Channel | Shape::Future | Shape::Closure
                    ) {
                        return Layout {
                            shape: Shape::Niche { full, inner: *inner },
                            counted,
                            ..Layout::clone(&layout)
                        };
                    }
                }
            }
        }
        // The tag takes one unit of the payload's alignment; bytes can only tell 256 variants apart.
        let payload_align = variants.iter().map(|fields| self.fields(types, adts, 0, fields).2).max().unwrap_or(1);
        let unit: u64 = if payload_align > 1 || variants.len() > BYTE_TAGS { 8 } else { 1 };
        let (mut placed, mut end, mut shares) = (Vec::new(), unit, false);
        for fields in variants {
            let (fields, variant_end, _) = self.fields(types, adts, unit, fields);
            end = end.max(variant_end);
            for &(_, field) in &fields {
                shares |= self.of(types, adts, field).shares;
            }
            placed.push(fields);
        }
        let size = round_up(end, unit as u32);
        let (tag, word) = if unit == 8 { (Scalar::Int, Scalar::Word) } else { (Scalar::Tag8, Scalar::Byte) };
        let leaves = match size / unit {
            1 => Some(vec![(0, tag)]),
            2 => Some(vec![(0, tag), (unit, word)]),
            _ => None,
        };
        Layout {
            size,
            align: unit as u32,
            shape: Shape::Tagged { variants: placed },
            scalar: None,
            leaves,
            counted,
            shares,
        }
    }
}
