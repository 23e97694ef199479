//! The module under construction and everything that is made once per program: layouts, constants, declarations.

use crate::builder::{Build, FAST, Metadata, attribute};
use crate::debug::Debug;
use crate::glue::Glue;
use crate::layout::{Layout, Layouts};
use crate::lower::abi::Signature;
use crate::runtime::{Runtime, Symbol};
use inkwell::AddressSpace;
use inkwell::attributes::AttributeLoc;
use inkwell::context::Context;
use inkwell::module::{Linkage, Module};
use inkwell::types::{BasicMetadataTypeEnum, BasicTypeEnum, FunctionType, IntType, PointerType};
use inkwell::values::{BasicValueEnum, FunctionValue, GlobalValue, PointerValue, UnnamedAddress};
use kodo_frontend::mir::{InstanceId, Program};
use kodo_frontend::names::Names;
use kodo_frontend::source::{Sources, Span};
use kodo_frontend::types::traits::TraitId;
use kodo_frontend::types::ty::{Adt, AdtId, Ty, Types};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A counted, monomorphic program and the tables it refers to.
pub struct Input<'a> {
    pub program: &'a Program,
    pub types: &'a mut Types,
    pub adts: &'a [Adt],
    /// The standard library's `Option`: variant 0 is `Some`, variant 1 `None`.
    pub option: AdtId,
    pub names: &'a Names,
    pub sources: &'a Sources,
}

/// Functions start where instruction fetch does, so that the speed of small loops does not change with the code before
/// them (see `passes`).
const FUNCTION_ALIGN: u32 = 32;

pub struct Cx<'a, 'c> {
    pub context: &'c Context,
    pub module: Module<'c>,
    pub input: Input<'a>,
    pub metadata: Metadata<'c>,
    pub debug: Debug<'c>,
    /// The function of each instance and how it is called.
    pub instances: Vec<(FunctionValue<'c>, Rc<Signature>)>,
    /// `target-cpu` of every function.
    pub cpu: &'static str,
    layouts: Layouts,
    runtime: Runtime<'c>,
    bytes: FxHashMap<Box<[u8]>, PointerValue<'c>>,
    literals: FxHashMap<Box<str>, PointerValue<'c>>,
    sites: FxHashMap<(Span, Box<str>), PointerValue<'c>>,
    type_infos: FxHashMap<Ty, PointerValue<'c>>,
    empty_buffer: Option<GlobalValue<'c>>,
    pub(crate) glue: FxHashMap<Glue, FunctionValue<'c>>,
    pub(crate) glue_todo: Vec<Glue>,
    /// Entry points of spawned bodies; the flag says that nobody takes the result.
    pub(crate) entries: FxHashMap<(InstanceId, bool), FunctionValue<'c>>,
    /// The code of the function value of an instance.
    pub closure_codes: FxHashMap<InstanceId, FunctionValue<'c>>,
    /// Methods of `dyn` values: the code behind a table, and the tables.
    pub method_codes: FxHashMap<InstanceId, FunctionValue<'c>>,
    pub tables: FxHashMap<(TraitId, Ty), PointerValue<'c>>,
    /// `dyn` values without any bytes of their own.
    pub static_dyns: FxHashMap<(TraitId, Ty), PointerValue<'c>>,
    /// Function values that capture nothing.
    pub static_closures: FxHashMap<InstanceId, PointerValue<'c>>,
}

impl<'a, 'c> Cx<'a, 'c> {
    pub fn new(
        context: &'c Context,
        module: Module<'c>,
        input: Input<'a>,
        debug: Debug<'c>,
        cpu: &'static str,
    ) -> Self {
        Cx {
            context,
            module,
            input,
            metadata: Metadata::new(context),
            debug,
            instances: Vec::new(),
            cpu,
            layouts: Layouts::default(),
            runtime: Runtime::new(),
            bytes: FxHashMap::default(),
            literals: FxHashMap::default(),
            sites: FxHashMap::default(),
            type_infos: FxHashMap::default(),
            empty_buffer: None,
            glue: FxHashMap::default(),
            glue_todo: Vec::new(),
            entries: FxHashMap::default(),
            closure_codes: FxHashMap::default(),
            method_codes: FxHashMap::default(),
            tables: FxHashMap::default(),
            static_dyns: FxHashMap::default(),
            static_closures: FxHashMap::default(),
        }
    }

    /// Refuses types without a layout; must accept a type before [`layout`](Cx::layout) is asked for it.
    pub fn check_type(&mut self, ty: Ty, span: Span) -> Result<(), crate::Error> {
        self.layouts.check(self.input.types, self.input.adts, self.input.names, ty, span)
    }

    pub fn layout(&mut self, ty: Ty) -> Rc<Layout> {
        self.layouts.of(self.input.types, self.input.adts, ty)
    }

    /// The tuple of the given types: how an environment lies in memory.
    pub fn tuple(&mut self, items: &[Ty]) -> Ty {
        self.input.types.tuple(items)
    }

    pub fn ptr(&self) -> PointerType<'c> {
        self.context.ptr_type(AddressSpace::default())
    }

    pub fn rt(&mut self, symbol: Symbol) -> FunctionValue<'c> {
        self.runtime.function(self.context, &self.module, symbol)
    }

    pub fn build(&self, function: FunctionValue<'c>) -> Build<'c> {
        Build::entry(self.context, self.metadata, function)
    }

    pub fn fn_type(&self, result: Option<BasicTypeEnum<'c>>, params: &[BasicTypeEnum<'c>]) -> FunctionType<'c> {
        use inkwell::types::BasicType;
        let params: Vec<BasicMetadataTypeEnum<'c>> = params.iter().map(|&p| p.into()).collect();
        match result {
            Some(result) => result.fn_type(&params, false),
            None => self.context.void_type().fn_type(&params, false),
        }
    }

    /// A function of this module, with what every one of them has: unwind tables and frame pointers for backtraces,
    /// stack probes for guard pages.
    pub fn define(&self, name: &str, ty: FunctionType<'c>, linkage: Linkage, convention: u32) -> FunctionValue<'c> {
        let function = self.module.add_function(name, ty, Some(linkage));
        function.set_call_conventions(convention);
        attribute(self.context, function, AttributeLoc::Function, "nounwind", 0);
        attribute(self.context, function, AttributeLoc::Function, "uwtable", 2);
        function.as_global_value().set_alignment(FUNCTION_ALIGN);
        for (key, value) in [("frame-pointer", "all"), ("probe-stack", "inline-asm"), ("target-cpu", self.cpu)] {
            function.add_attribute(AttributeLoc::Function, self.context.create_string_attribute(key, value));
        }
        function
    }

    /// An internal `fastcc` function.
    pub fn define_internal(&self, name: &str, ty: FunctionType<'c>) -> FunctionValue<'c> {
        self.define(name, ty, Linkage::Internal, FAST)
    }

    /// A function the runtime calls: `extern "C" fn(env: *mut u8, out: *mut u8)`.
    pub fn define_entry(&self, name: &str) -> FunctionValue<'c> {
        let ty = self.fn_type(None, &[self.ptr().into(), self.ptr().into()]);
        self.define(name, ty, Linkage::Internal, 0)
    }

    // ---- constants

    pub fn constant(&self, name: &str, value: BasicValueEnum<'c>, align: u32) -> PointerValue<'c> {
        let global = self.module.add_global(value.get_type(), None, name);
        global.set_initializer(&value);
        global.set_linkage(Linkage::Private);
        global.set_constant(true);
        global.set_unnamed_address(UnnamedAddress::Global);
        global.set_alignment(align);
        global.as_pointer_value()
    }

    /// Bytes without header or terminator.
    pub fn bytes(&mut self, bytes: &[u8]) -> PointerValue<'c> {
        if let Some(&known) = self.bytes.get(bytes) {
            return known;
        }
        let value = self.context.const_string(bytes, false);
        let at = self.constant("text", value.into(), 1);
        self.bytes.insert(bytes.into(), at);
        at
    }

    /// A static string: a buffer whose count of 0 says that it is neither counted nor freed.
    pub fn literal(&mut self, text: &str) -> PointerValue<'c> {
        if text.is_empty() {
            return self.empty_buffer();
        }
        if let Some(&known) = self.literals.get(text) {
            return known;
        }
        let word = |n: u64| self.context.i64_type().const_int(n, false).into();
        let data = self.context.const_string(text.as_bytes(), false);
        let value = self.context.const_struct(&[word(0), word(text.len() as u64), word(0), data.into()], false);
        let at = self.constant("string", value.into(), 8);
        self.literals.insert(text.into(), at);
        at
    }

    /// The runtime's empty buffer.
    pub fn empty_buffer(&mut self) -> PointerValue<'c> {
        let global = *self.empty_buffer.get_or_insert_with(|| {
            let header = self.context.i64_type().array_type((crate::runtime::abi::BUFFER_DATA_OFFSET / 8) as u32);
            let global = self.module.add_global(header, None, "kodo_empty_buffer");
            global.set_alignment(8);
            global
        });
        global.as_pointer_value()
    }

    /// The static `Site` of a place in the source.
    pub fn site(&mut self, span: Span, function: &str) -> PointerValue<'c> {
        if let Some(&known) = self.sites.get(&(span, function.into())) {
            return known;
        }
        let sources = self.input.sources;
        let path = &sources.file(span.file).path;
        let (line, column) = sources.line_column(span);
        let word = |n: usize| self.context.i64_type().const_int(n as u64, false).into();
        let half = |n: u32| self.context.i32_type().const_int(n.into(), false).into();
        let (path_len, function_len) = (word(path.len()), word(function.len()));
        let (line, column) = (half(line), half(column));
        let (path, name) = (self.bytes(path.as_bytes()), self.bytes(function.as_bytes()));
        let value = self.context.const_struct(&[path.into(), path_len, name.into(), function_len, line, column], false);
        let at = self.constant("site", value.into(), 8);
        self.sites.insert((span, function.into()), at);
        at
    }

    /// The static `TypeInfo` of a type.
    pub fn type_info(&mut self, ty: Ty) -> PointerValue<'c> {
        if let Some(&known) = self.type_infos.get(&ty) {
            return known;
        }
        let layout = self.layout(ty);
        let name = self.type_name(ty);
        let null = self.ptr().const_null();
        let mut glue = |needed: bool, glue| match needed {
            true => self.glue(glue).as_global_value().as_pointer_value(),
            false => null,
        };
        let (copy, drop, share) = (
            glue(layout.counted, Glue::Copy(ty)),
            glue(layout.counted, Glue::Drop(ty)),
            glue(layout.shares, Glue::Share(ty)),
        );
        let word = |n: u64| self.context.i64_type().const_int(n, false).into();
        let (size, align, name_len) = (word(layout.size), word(layout.align.into()), word(name.len() as u64));
        let name = self.bytes(name.as_bytes());
        let value = self
            .context
            .const_struct(&[size, align, copy.into(), drop.into(), share.into(), name.into(), name_len], false);
        let at = self.constant("type", value.into(), 8);
        self.type_infos.insert(ty, at);
        at
    }

    pub fn int_type(&self, bits: u32) -> IntType<'c> {
        match bits {
            8 => self.context.i8_type(),
            16 => self.context.i16_type(),
            32 => self.context.i32_type(),
            _ => self.context.i64_type(),
        }
    }

    pub fn type_name(&self, ty: Ty) -> String {
        self.input.types.display(ty, self.input.adts, self.input.names, &[])
    }
}

/// The runtime-visible helpers of a call.
pub fn call_symbol<'c>(
    cx: &mut Cx<'_, 'c>,
    build: &Build<'c>,
    symbol: Symbol,
    args: &[BasicValueEnum<'c>],
) -> Option<BasicValueEnum<'c>> {
    let function = cx.rt(symbol);
    let args: Vec<_> = args.iter().map(|&a| a.into()).collect();
    build.call(function, &args)
}
