//! A thin layer over inkwell's builder: addresses are byte offsets, loads name their type, and a `BuilderError`
//! (always a mistake of this crate: no position, wrong type) ends the compiler instead of reaching lowering code.
//!
//! Alias metadata. Every load and store may carry a [`Tag`]: buffer headers never alias values, and values of
//! different scalar types never alias each other. Storing to a list element therefore leaves the length and the handle
//! in their registers. Untagged accesses (enum payloads, whose bytes change their type) alias everything.

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::builder::{Builder, BuilderError};
use inkwell::context::Context;
use inkwell::debug_info::DILocation;
use inkwell::types::{BasicTypeEnum, FloatType, FunctionType, IntType, PointerType};
use inkwell::values::{
    BasicMetadataValueEnum, BasicValue, BasicValueEnum, FloatValue, FunctionValue, InstructionValue, IntValue,
    MetadataValue, PointerValue,
};
use inkwell::{AddressSpace, AtomicOrdering, AtomicRMWBinOp, FloatPredicate, IntPredicate};

/// LLVM's number of `fastcc`, the convention of everything internal.
pub const FAST: u32 = 8;

/// What memory an access touches, for alias analysis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    Header,
    Int,
    Float,
    Byte,
    Handle,
    Int16,
    Int32,
    Float32,
}

/// The metadata nodes of every [`Tag`], and the weights of likely and unlikely branches.
#[derive(Clone, Copy)]
pub struct Metadata<'c> {
    tags: [MetadataValue<'c>; 8],
    likely: MetadataValue<'c>,
    tbaa: u32,
    prof: u32,
}

impl<'c> Metadata<'c> {
    pub fn new(context: &'c Context) -> Metadata<'c> {
        let zero = context.i64_type().const_zero();
        let root = context.metadata_node(&[context.metadata_string("kodo").into()]);
        let access = |name: &str| {
            let ty = context.metadata_node(&[context.metadata_string(name).into(), root.into(), zero.into()]);
            context.metadata_node(&[ty.into(), ty.into(), zero.into()])
        };
        let weight = |n| context.i32_type().const_int(n, false).into();
        Metadata {
            tags: ["header", "Int", "Float64", "byte", "handle", "Int16", "Int32", "Float32"].map(access),
            likely: context.metadata_node(&[context.metadata_string("branch_weights").into(), weight(2000), weight(1)]),
            tbaa: context.get_kind_id("tbaa"),
            prof: context.get_kind_id("prof"),
        }
    }
}

/// Unwraps what can fail only if this crate built nonsense.
fn built<T>(result: Result<T, BuilderError>) -> T {
    result.unwrap_or_else(|error| panic!("the back end built an invalid instruction: {error}"))
}

pub struct Build<'c> {
    raw: Builder<'c>,
    context: &'c Context,
    metadata: Metadata<'c>,
}

impl<'c> Build<'c> {
    pub fn new(context: &'c Context, metadata: Metadata<'c>) -> Build<'c> {
        Build { raw: context.create_builder(), context, metadata }
    }

    /// A builder at the start of a new block "entry" of the function.
    pub fn entry(context: &'c Context, metadata: Metadata<'c>, function: FunctionValue<'c>) -> Build<'c> {
        let build = Build::new(context, metadata);
        build.at(context.append_basic_block(function, "entry"));
        build
    }

    pub fn at(&self, block: BasicBlock<'c>) {
        self.raw.position_at_end(block);
    }

    pub fn block(&self) -> BasicBlock<'c> {
        self.raw.get_insert_block().expect("the builder has a position")
    }

    /// A new block of the function being built, after the others.
    pub fn new_block(&self, name: &str) -> BasicBlock<'c> {
        let function = self.block().get_parent().expect("the block is in a function");
        self.context.append_basic_block(function, name)
    }

    pub fn location(&self, location: DILocation<'c>) {
        self.raw.set_current_debug_location(location);
    }

    // ---- types and constants

    pub fn i64(&self) -> IntType<'c> {
        self.context.i64_type()
    }
    pub fn i8(&self) -> IntType<'c> {
        self.context.i8_type()
    }
    pub fn f64(&self) -> FloatType<'c> {
        self.context.f64_type()
    }
    pub fn ptr(&self) -> PointerType<'c> {
        self.context.ptr_type(AddressSpace::default())
    }
    pub fn int(&self, value: i64) -> IntValue<'c> {
        self.i64().const_int(value as u64, true)
    }
    pub fn null(&self) -> PointerValue<'c> {
        self.ptr().const_null()
    }

    // ---- memory

    pub fn alloca(&self, size: u64, align: u32) -> PointerValue<'c> {
        let unit: BasicTypeEnum<'c> = if align >= 8 { self.i64().into() } else { self.i8().into() };
        let width = if align >= 8 { 8 } else { 1 };
        match size.div_ceil(width) {
            1 => built(self.raw.build_alloca(unit, "")),
            // Extremely large values would not fit an array type's 32-bit length; they do not fit a stack either.
            count => {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                match unit {
                    BasicTypeEnum::IntType(int) => built(self.raw.build_alloca(int.array_type(count), "")),
                    _ => unreachable!("the unit is an integer"),
                }
            }
        }
    }

    pub fn alloca_typed(&self, ty: BasicTypeEnum<'c>, name: &str) -> PointerValue<'c> {
        built(self.raw.build_alloca(ty, name))
    }

    fn tag(&self, access: InstructionValue<'c>, tag: Option<Tag>) {
        if let Some(tag) = tag {
            access
                .set_metadata(self.metadata.tags[tag as usize], self.metadata.tbaa)
                .expect("the tag is a metadata node");
        }
    }

    pub fn load(&self, ty: impl Into<BasicTypeEnum<'c>>, at: PointerValue<'c>, tag: Option<Tag>) -> BasicValueEnum<'c> {
        let value = built(self.raw.build_load(ty.into(), at, ""));
        self.tag(value.as_instruction_value().expect("a load is an instruction"), tag);
        value
    }

    pub fn load_int(&self, at: PointerValue<'c>, tag: Option<Tag>) -> IntValue<'c> {
        self.load(self.i64(), at, tag).into_int_value()
    }

    pub fn load_ptr(&self, at: PointerValue<'c>, tag: Option<Tag>) -> PointerValue<'c> {
        self.load(self.ptr(), at, tag).into_pointer_value()
    }

    /// Reads a count, which other threads may be changing if it is negative; its sign is stable while a handle is held.
    pub fn load_count(&self, buffer: PointerValue<'c>) -> IntValue<'c> {
        let value = self.load_int(buffer, Some(Tag::Header));
        let load = value.as_instruction_value().expect("a load is an instruction");
        load.set_alignment(8).expect("8 is a power of two");
        load.set_atomic_ordering(AtomicOrdering::Unordered).expect("loads may be unordered");
        value
    }

    pub fn store(&self, at: PointerValue<'c>, value: impl BasicValue<'c>, tag: Option<Tag>) {
        let store = built(self.raw.build_store(at, value));
        self.tag(store, tag);
    }

    pub fn copy_bytes(&self, to: PointerValue<'c>, from: PointerValue<'c>, size: u64, align: u32) {
        if size > 0 && to != from {
            built(self.raw.build_memcpy(to, align, from, align, self.int(size as i64)));
        }
    }

    /// `base + offset` bytes, inside one object.
    pub fn offset(&self, base: PointerValue<'c>, offset: u64) -> PointerValue<'c> {
        if offset == 0 {
            return base;
        }
        // SAFETY: an address computation; that it stays inside the object follows from the layout it was taken from.
        built(unsafe { self.raw.build_in_bounds_gep(self.i8(), base, &[self.int(offset as i64)], "") })
    }

    /// `base + index * size` bytes, inside one object.
    pub fn element(&self, base: PointerValue<'c>, index: IntValue<'c>, size: u64) -> PointerValue<'c> {
        let (ty, scale): (BasicTypeEnum<'c>, u64) =
            if size == 8 { (self.i64().into(), 1) } else { (self.i8().into(), size) };
        let index = if scale == 1 { index } else { self.mul(index, self.int(scale as i64)) };
        // SAFETY: an address computation; the index was checked against the length of the buffer.
        built(unsafe { self.raw.build_in_bounds_gep(ty, base, &[index], "") })
    }

    pub fn atomic(&self, op: AtomicRMWBinOp, at: PointerValue<'c>, by: i64, ordering: AtomicOrdering) -> IntValue<'c> {
        built(self.raw.build_atomicrmw(op, at, self.int(by), ordering))
    }

    // ---- arithmetic

    pub fn add(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_add(a, b, ""))
    }
    pub fn sub(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_sub(a, b, ""))
    }
    pub fn mul(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_mul(a, b, ""))
    }
    pub fn sdiv(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_signed_div(a, b, ""))
    }
    pub fn srem(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_signed_rem(a, b, ""))
    }
    pub fn udiv(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_unsigned_div(a, b, ""))
    }
    pub fn urem(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_unsigned_rem(a, b, ""))
    }
    pub fn and(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_and(a, b, ""))
    }
    pub fn or(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_or(a, b, ""))
    }
    pub fn xor(&self, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_xor(a, b, ""))
    }
    pub fn not(&self, a: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_not(a, ""))
    }
    /// The amount is masked to the width, as the language defines it (and LLVM does not).
    pub fn shl(&self, a: IntValue<'c>, by: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_left_shift(a, self.shift_amount(by), ""))
    }
    /// Arithmetic if signed; the amount is masked to the width.
    pub fn shr(&self, a: IntValue<'c>, by: IntValue<'c>, signed: bool) -> IntValue<'c> {
        built(self.raw.build_right_shift(a, self.shift_amount(by), signed, ""))
    }
    fn shift_amount(&self, by: IntValue<'c>) -> IntValue<'c> {
        let ty = by.get_type();
        self.and(by, ty.const_int(u64::from(ty.get_bit_width()) - 1, false))
    }
    pub fn compare(&self, how: IntPredicate, a: IntValue<'c>, b: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_compare(how, a, b, ""))
    }
    pub fn is_null(&self, a: PointerValue<'c>) -> IntValue<'c> {
        built(self.raw.build_is_null(a, ""))
    }
    pub fn fadd(&self, a: FloatValue<'c>, b: FloatValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_float_add(a, b, ""))
    }
    pub fn fsub(&self, a: FloatValue<'c>, b: FloatValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_float_sub(a, b, ""))
    }
    pub fn fmul(&self, a: FloatValue<'c>, b: FloatValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_float_mul(a, b, ""))
    }
    pub fn fdiv(&self, a: FloatValue<'c>, b: FloatValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_float_div(a, b, ""))
    }
    pub fn frem(&self, a: FloatValue<'c>, b: FloatValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_float_rem(a, b, ""))
    }
    pub fn fneg(&self, a: FloatValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_float_neg(a, ""))
    }
    pub fn fcompare(&self, how: FloatPredicate, a: FloatValue<'c>, b: FloatValue<'c>) -> IntValue<'c> {
        built(self.raw.build_float_compare(how, a, b, ""))
    }
    pub fn int_to_float(&self, a: IntValue<'c>) -> FloatValue<'c> {
        built(self.raw.build_signed_int_to_float(a, self.f64(), ""))
    }
    pub fn widen(&self, a: IntValue<'c>, to: IntType<'c>) -> IntValue<'c> {
        if a.get_type() == to { a } else { built(self.raw.build_int_z_extend(a, to, "")) }
    }
    /// An integer of another width; a wider one repeats the sign if signed.
    pub fn resize(&self, a: IntValue<'c>, to: IntType<'c>, signed: bool) -> IntValue<'c> {
        let (from, bits) = (a.get_type().get_bit_width(), to.get_bit_width());
        match bits.cmp(&from) {
            std::cmp::Ordering::Less => built(self.raw.build_int_truncate(a, to, "")),
            std::cmp::Ordering::Equal => a,
            std::cmp::Ordering::Greater if signed => built(self.raw.build_int_s_extend(a, to, "")),
            std::cmp::Ordering::Greater => built(self.raw.build_int_z_extend(a, to, "")),
        }
    }
    pub fn number_to_float(&self, a: IntValue<'c>, to: FloatType<'c>, signed: bool) -> FloatValue<'c> {
        if signed {
            built(self.raw.build_signed_int_to_float(a, to, ""))
        } else {
            built(self.raw.build_unsigned_int_to_float(a, to, ""))
        }
    }
    /// A float of another width.
    pub fn refloat(&self, a: FloatValue<'c>, to: FloatType<'c>) -> FloatValue<'c> {
        if a.get_type() == to { a } else { built(self.raw.build_float_cast(a, to, "")) }
    }
    /// Truth of a byte that holds 0 or 1.
    pub fn truth(&self, byte: IntValue<'c>) -> IntValue<'c> {
        built(self.raw.build_int_truncate(byte, self.context.bool_type(), ""))
    }
    pub fn int_to_ptr(&self, a: IntValue<'c>) -> PointerValue<'c> {
        built(self.raw.build_int_to_ptr(a, self.ptr(), ""))
    }
    pub fn float_bits(&self, a: FloatValue<'c>) -> IntValue<'c> {
        built(self.raw.build_bit_cast(a, self.i64(), "")).into_int_value()
    }
    pub fn ptr_to_int(&self, a: PointerValue<'c>) -> IntValue<'c> {
        built(self.raw.build_ptr_to_int(a, self.i64(), ""))
    }
    pub fn select<V: BasicValue<'c>>(&self, condition: IntValue<'c>, then: V, otherwise: V) -> BasicValueEnum<'c> {
        built(self.raw.build_select(condition, then, otherwise, ""))
    }
    pub fn phi(
        &self,
        ty: impl Into<BasicTypeEnum<'c>>,
        incoming: &[(&dyn BasicValue<'c>, BasicBlock<'c>)],
    ) -> BasicValueEnum<'c> {
        let phi = built(self.raw.build_phi(ty.into(), ""));
        phi.add_incoming(incoming);
        phi.as_basic_value()
    }
    pub fn insert(
        &self,
        aggregate: inkwell::values::StructValue<'c>,
        value: BasicValueEnum<'c>,
        index: u32,
    ) -> inkwell::values::StructValue<'c> {
        built(self.raw.build_insert_value(aggregate, value, index, "")).into_struct_value()
    }
    pub fn extract(&self, aggregate: inkwell::values::StructValue<'c>, index: u32) -> BasicValueEnum<'c> {
        built(self.raw.build_extract_value(aggregate, index, ""))
    }

    // ---- control

    pub fn call(&self, function: FunctionValue<'c>, args: &[BasicMetadataValueEnum<'c>]) -> Option<BasicValueEnum<'c>> {
        let call = built(self.raw.build_call(function, args, ""));
        call.set_call_convention(function.get_call_conventions());
        call.try_as_basic_value().basic()
    }

    /// Calls an internal function whose address is a value.
    pub fn call_pointer(
        &self,
        ty: FunctionType<'c>,
        function: PointerValue<'c>,
        args: &[BasicMetadataValueEnum<'c>],
    ) -> Option<BasicValueEnum<'c>> {
        let call = built(self.raw.build_indirect_call(ty, function, args, ""));
        call.set_call_convention(FAST);
        call.try_as_basic_value().basic()
    }

    pub fn br(&self, to: BasicBlock<'c>) {
        built(self.raw.build_unconditional_branch(to));
    }

    pub fn cond(&self, condition: IntValue<'c>, then: BasicBlock<'c>, otherwise: BasicBlock<'c>) {
        built(self.raw.build_conditional_branch(condition, then, otherwise));
    }

    /// A branch that nearly always goes to `then`.
    pub fn cond_likely(&self, condition: IntValue<'c>, then: BasicBlock<'c>, otherwise: BasicBlock<'c>) {
        let branch = built(self.raw.build_conditional_branch(condition, then, otherwise));
        branch.set_metadata(self.metadata.likely, self.metadata.prof).expect("the weights are a metadata node");
    }

    pub fn switch(&self, value: IntValue<'c>, otherwise: BasicBlock<'c>, cases: &[(IntValue<'c>, BasicBlock<'c>)]) {
        built(self.raw.build_switch(value, otherwise, cases));
    }

    pub fn ret(&self, value: Option<BasicValueEnum<'c>>) {
        match value {
            Some(value) => built(self.raw.build_return(Some(&value))),
            None => built(self.raw.build_return(None)),
        };
    }

    pub fn unreachable(&self) {
        built(self.raw.build_unreachable());
    }
}

/// Value of the attribute `memory` for a function that touches what its arguments point to and memory of its own that
/// compiled code never sees, and nothing else: `memory(argmem: readwrite, inaccessiblemem: readwrite)`, two bits each.
pub const OWN_AND_ARGUMENT_MEMORY: u64 = 0b1111;

/// Adds an attribute of the given name; its value is 0 for those that have none.
pub fn attribute<'c>(context: &'c Context, function: FunctionValue<'c>, at: AttributeLoc, name: &str, value: u64) {
    let kind = Attribute::get_named_enum_kind_id(name);
    debug_assert_ne!(kind, 0, "LLVM knows no attribute {name}");
    function.add_attribute(at, context.create_enum_attribute(kind, value));
}
