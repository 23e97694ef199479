//! DWARF line tables: one compile unit, a subprogram per function, a location per statement.
//!
//! Locals are not described.

use inkwell::context::Context;
use inkwell::debug_info::{
    AsDIScope, DICompileUnit, DIFile, DIFlags, DIFlagsConstants, DILocation, DISubprogram, DISubroutineType,
    DWARFEmissionKind, DWARFSourceLanguage, DebugInfoBuilder,
};
use inkwell::module::{FlagBehavior, Module};
use inkwell::values::FunctionValue;
use kodo_frontend::source::{FileId, Sources, Span};
use rustc_hash::FxHashMap;

pub struct Debug<'c> {
    context: &'c Context,
    builder: DebugInfoBuilder<'c>,
    unit: DICompileUnit<'c>,
    files: FxHashMap<FileId, DIFile<'c>>,
    ty: DISubroutineType<'c>,
    optimized: bool,
}

impl<'c> Debug<'c> {
    pub fn new(context: &'c Context, module: &Module<'c>, path: &str, optimized: bool) -> Debug<'c> {
        let flag = |n| context.i32_type().const_int(n, false);
        module.add_basic_value_flag("Debug Info Version", FlagBehavior::Warning, flag(3));
        module.add_basic_value_flag("Dwarf Version", FlagBehavior::Warning, flag(5));
        let (builder, unit) = module.create_debug_info_builder(
            true,
            // The nearest language debuggers know: no name mangling, byte strings.
            DWARFSourceLanguage::C,
            path,
            ".",
            "kodoc",
            optimized,
            "",
            0,
            "",
            DWARFEmissionKind::LineTablesOnly,
            0,
            false,
            false,
            "",
            "",
        );
        let ty = builder.create_subroutine_type(unit.get_file(), None, &[], DIFlags::ZERO);
        Debug { context, builder, unit, files: FxHashMap::default(), ty, optimized }
    }

    /// Describes a function; the locations in it are relative to the result.
    pub fn function(
        &mut self,
        sources: &Sources,
        function: FunctionValue<'c>,
        name: &str,
        span: Span,
    ) -> DISubprogram<'c> {
        let file = *self
            .files
            .entry(span.file)
            .or_insert_with(|| self.builder.create_file(&sources.file(span.file).path, "."));
        let (line, _) = sources.line_column(span);
        let linkage = function.get_name().to_string_lossy().into_owned();
        let subprogram = self.builder.create_function(
            self.unit.as_debug_info_scope(),
            name,
            Some(&linkage),
            file,
            line,
            self.ty,
            true,
            true,
            line,
            DIFlags::ZERO,
            self.optimized,
        );
        function.set_subprogram(subprogram);
        subprogram
    }

    pub fn location(&self, sources: &Sources, scope: DISubprogram<'c>, span: Span) -> DILocation<'c> {
        let (line, column) = sources.line_column(span);
        self.builder.create_debug_location(self.context, line, column, scope.as_debug_info_scope(), None)
    }

    pub fn finalize(&self) {
        self.builder.finalize();
    }
}
