//! Types, and the checker that turns the AST into typed HIR.
//!
//! ```text
//!   collect      declarations of every file to signatures (`resolve_ty` for the types they name)
//!   infer        one body at a time: names, types by unification (`unify`), HIR; `finish` at its end replaces every
//!                inference variable and checks what had to wait for types
//!   changed      which plain list parameters a function changes: they become `mut`
//! ```
//!
//! Every independent error is reported; what is wrong gets the type [`ty::Ty::ERROR`], which fits everything, so that one
//! mistake is one report. No pass here decides about ownership: moves and borrows are checked later.

mod bodies;
mod bounds;
mod changed;
pub(crate) mod codes;
mod collect;
mod context;
pub mod counted;
pub mod exhaustive;
mod foreign;
pub mod format;
mod head;
mod implement;
mod infer;
mod lost;
pub mod modules;
mod need;
pub mod number;
mod recursion;
mod resolve_ty;
mod shared;
mod suggest;
pub mod traits;
pub mod ty;
mod unify;

#[cfg(test)]
mod tests;

use crate::diag::Diagnostics;
use crate::hir;
use crate::names::Names;
use crate::source::Sources;
use crate::syntax::ast::Ast;
use context::Cx;
use modules::Imported;
use shared::Shared;
use ty::AdtId;

/// The standard library's source, the first file of every program.
pub const PRELUDE: &str = concat!(
    include_str!("../../../stdlib/prelude.ko"),
    include_str!("../../../stdlib/collections.ko"),
    include_str!("../../../stdlib/iterators.ko")
);

/// Checks a program, with as many as `threads` threads if it is large: `asts[0]` is the prelude, `asts[1]` the file with
/// `main`, the others are what is imported; `imports` says, by file, what each import stands for. The HIR is complete only
/// if no error is reported.
pub fn check(
    sources: &Sources,
    asts: &[Ast],
    imports: &[Vec<Imported>],
    names: &mut Names,
    threads: usize,
) -> (hir::Program, Diagnostics) {
    let lost = lost::Lost::new(sources, &asts[asts.len().min(1)..], names);
    let (unnamed, receiver) = (names.intern("_"), names.intern("self"));
    let mut cx = Cx {
        sources,
        asts,
        names: Shared::new(std::mem::take(names)),
        unnamed,
        receiver,
        types: ty::Types::default(),
        adts: Shared::default(),
        functions: Shared::default(),
        infos: Shared::default(),
        scopes: Shared::new(asts.iter().map(|_| context::Scope::default()).collect()),
        aliases: Shared::default(),
        methods: Default::default(),
        trait_methods: Default::default(),
        method_of_trait: Default::default(),
        adt_bounds: Shared::default(),
        impl_sources: Shared::default(),
        written: Vec::new(),
        dyn_used: Vec::new(),
        not_dyn: Default::default(),
        declaring: true,
        intrinsics: Default::default(),
        option: AdtId(0),
        result: AdtId(1),
        map: None,
        set: None,
        iterator: None,
        main: None,
        lost: Shared::new(lost),
        out: Diagnostics::default(),
        changed: Default::default(),
        list_arguments: Vec::new(),
        function_values: Vec::new(),
    };
    cx.collect(imports);
    cx.check_bodies(threads);
    std::mem::take(&mut cx.not_dyn).into_values().for_each(|report| cx.report(report));
    if let Some(error) = cx.types.endless_types() {
        cx.report(error);
    }
    cx.settle_changed();
    cx.check_function_values();
    *names = cx.names.into_inner();
    let cells = recursion::make_cells(&mut cx.types, cx.adts.get_mut());
    let program = hir::Program {
        types: cx.types,
        adts: cx.adts.into_inner(),
        functions: cx.functions.into_inner(),
        main: cx.main,
        option: cx.option,
        result: cx.result,
        cells,
        inferred_mut: cx.changed,
    };
    (program, cx.out)
}
