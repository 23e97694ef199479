//! Bodies, checked by several threads.
//!
//! What was declared is shared and does not change any more. Each thread checks a range of the functions, with a copy of
//! the types known so far to which it adds its own; in the end those are numbered anew.

use super::context::{BodyAst, Cx, ListArgument};
use super::traits::TraitId;
use super::ty::{Ty, Types};
use crate::diag::{Diagnostic, Diagnostics};
use crate::hir::{Body, FnId};
use crate::source::Span;
use crate::threads;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;

/// What checking bodies adds to the checker's knowledge.
struct Found {
    types: Types,
    not_dyn: FxHashMap<TraitId, Diagnostic>,
    out: Diagnostics,
    changed: FxHashSet<(FnId, usize)>,
    list_arguments: Vec<ListArgument>,
    function_values: Vec<(FnId, Span)>,
}

impl Cx<'_> {
    /// Checks the bodies of all functions, with as many as `threads` threads.
    pub fn check_bodies(&mut self, threads: usize) {
        let sizes = self.infos.iter().map(|info| match &info.body {
            BodyAst::None => 0,
            BodyAst::Block(block) => self.text_len(info.file, *block),
            BodyAst::Script(statements) => statements.iter().map(|&id| self.text_len(info.file, id)).sum(),
        });
        let ranges = threads::split(sizes, threads, threads::LEAST_BYTES);
        let bodies = if ranges.len() == 1 { self.check_range(ranges[0].clone()) } else { self.check_ranges(ranges) };
        self.functions.get_mut().iter_mut().zip(bodies).for_each(|(function, body)| function.body = body);
    }

    fn check_range(&mut self, range: Range<usize>) -> Vec<Option<Body>> {
        range.map(|id| self.check_body(FnId(id as u32))).collect()
    }

    fn check_ranges(&mut self, ranges: Vec<Range<usize>>) -> Vec<Option<Body>> {
        let base = self.types.len();
        let parts = ranges.into_iter().map(|range| (self.fork(), range)).collect();
        let checked = threads::each(parts, |(mut fork, range)| {
            let bodies = fork.check_range(range);
            (fork.found(), bodies)
        });
        let parts = checked.into_iter().map(|(found, bodies)| (self.take(found, base), bodies)).collect();
        let renumbered = threads::each(parts, |(numbers, mut bodies): (Vec<Ty>, Vec<Option<Body>>)| {
            let number = |ty: Ty| (ty.0 as usize).checked_sub(base).map_or(ty, |new| numbers[new]);
            bodies.iter_mut().flatten().for_each(|body| body.map_types(number));
            bodies
        });
        renumbered.into_iter().flatten().collect()
    }

    fn text_len(&self, file: usize, id: crate::syntax::ast::Id) -> usize {
        let span = self.ast(file).span(id);
        (span.hi - span.lo) as usize
    }

    /// The same declarations for another thread, and nothing found yet.
    fn fork(&self) -> Self {
        Cx {
            sources: self.sources,
            asts: self.asts,
            names: self.names.clone(),
            types: self.types.clone(),
            adts: self.adts.clone(),
            functions: self.functions.clone(),
            infos: self.infos.clone(),
            scopes: self.scopes.clone(),
            aliases: self.aliases.clone(),
            methods: self.methods.clone(),
            trait_methods: self.trait_methods.clone(),
            method_of_trait: self.method_of_trait.clone(),
            adt_bounds: self.adt_bounds.clone(),
            impl_sources: self.impl_sources.clone(),
            intrinsics: self.intrinsics.clone(),
            lost: self.lost.clone(),
            written: Vec::new(),
            dyn_used: Vec::new(),
            not_dyn: FxHashMap::default(),
            out: Diagnostics::default(),
            changed: FxHashSet::default(),
            list_arguments: Vec::new(),
            function_values: Vec::new(),
            ..*self
        }
    }

    /// What a fork knows when its thread ends, without its share of the declarations.
    fn found(self) -> Found {
        Found {
            types: self.types,
            not_dyn: self.not_dyn,
            out: self.out,
            changed: self.changed,
            list_arguments: self.list_arguments,
            function_values: self.function_values,
        }
    }

    /// Takes over what a fork found. Gives the numbers of its types, from the number `base` on.
    fn take(&mut self, found: Found, base: usize) -> Vec<Ty> {
        for (of, report) in found.not_dyn {
            self.not_dyn.entry(of).or_insert(report);
        }
        self.out.extend(found.out);
        self.changed.extend(found.changed);
        self.list_arguments.extend(found.list_arguments);
        self.function_values.extend(found.function_values);
        self.types.adopt(&found.types, base)
    }
}
