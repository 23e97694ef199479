//! Typed HIR to generic MIR: one body per function, spawned blocks as bodies inside it.
//!
//! Every function is walked once. [`Lower::eval`] evaluates an expression, into a local if its value is wanted;
//! [`Lower::operand`] gives a value as an operand; [`Lower::place`] a place to read; a [`place::Target`] one to
//! write. Each construct has a file of its own; `builder` holds the blocks and tidies the finished graph.
//!
//! *Evaluation order* is strictly left to right. A variable that is an operand is read where the operation is, unless
//! an operand further right may change it ([`changes`]): then it is copied first.
//!
//! *Ownership* is not decided here. Every read is a `Copy` (or a `Borrow`, where the callee only looks), nothing is
//! dropped, and every temporary is a local of its own. What is promised in return, so that liveness alone can
//! place the drops: a counted local that a statement or call overwrites is read by it as a whole or not at all, and
//! the value written through a projection is no part of the same variable.
//!
//! Dead code is not lowered: after `return` and its like there is no current block, and what would be written is
//! discarded.

mod arithmetic;
mod builder;
mod call;
mod changes;
mod closure;
mod control;
mod expr;
mod fstring;
mod index;
mod matches;
mod parallel;
mod pattern;
mod place;
mod select;
mod spawn;
mod uses;

#[cfg(test)]
mod tests;

use crate::hir::{self, ExprId, FnId, LocalId};
use crate::mir::{self, Local, LocalDecl, Passing, RESULT};
use crate::names::{Name, Names};
use crate::source::{FileId, Span};
use crate::syntax::ast::Mode;
use crate::types::ty::{Adt, AdtId, Ty, Types};
use builder::Frame;
use rustc_hash::FxHashSet;

/// Lowers every function that has a body; the result is indexed by `FnId`. A body with errors in it is left out.
///
/// The program is changed only by interning types that a loop over a channel and a `parallel` block need.
pub fn lower(program: &mut hir::Program, names: &Names) -> Vec<Option<mir::Body>> {
    let mut types = std::mem::take(&mut program.types);
    let lowering = Lowering::new(program, names);
    let all = (0..program.functions.len() as u32).map(FnId);
    let bodies = all.map(|id| lowering.function(&mut types, id)).collect();
    program.types = types;
    bodies
}

/// Lowers functions of a program one by one. The interner is given with each, so that threads can have one each.
pub struct Lowering<'a> {
    program: &'a hir::Program,
    library: FileId,
    unnamed: Option<Name>,
    receiver: Option<Name>,
}

impl<'a> Lowering<'a> {
    /// The types of `program` are not read.
    pub fn new(program: &'a hir::Program, names: &Names) -> Lowering<'a> {
        let library = program.adts[program.option.0 as usize].span.file;
        Lowering { program, library, unnamed: names.get("_"), receiver: names.get("self") }
    }

    /// Lowers a function; None if it has no body, or one with errors.
    pub fn function(&self, types: &mut Types, id: FnId) -> Option<mir::Body> {
        let hir::Program { adts, functions, option, result, cells, .. } = self.program;
        let function = &functions[id.0 as usize];
        let body = function.body.as_ref().filter(|body| function.intrinsic.is_none() && is_whole(body))?;
        let mut lower = Lower {
            types,
            adts,
            cells,
            functions,
            option: *option,
            result: *result,
            library: self.library,
            unnamed: self.unnamed,
            receiver: self.receiver,
            name: &function.display_name,
            generics: function.generics.len() as u32,
            body,
            changes: changes::compute(body, functions),
            frame: Frame::new(function.display_name.clone(), function.span, function.result),
            spawned: Vec::new(),
        };
        Some(lower.function(function))
    }
}

/// Nothing in the body is an error, or has a type that is.
fn is_whole(body: &hir::Body) -> bool {
    let is_error = |ty: Ty| ty == Ty::ERROR;
    !(body.exprs.iter().any(|e| is_error(e.ty) || matches!(e.kind, hir::ExprKind::Error))
        || body.pats.iter().any(|p| is_error(p.ty) || matches!(p.kind, hir::PatKind::Error))
        || body.locals.iter().any(|l| is_error(l.ty)))
}

/// The state of lowering one function. `frame` is the body being written: the function's or a spawned block's.
struct Lower<'a> {
    types: &'a mut Types,
    adts: &'a [Adt],
    cells: &'a FxHashSet<(AdtId, u32, u32)>,
    functions: &'a [hir::Function],
    option: AdtId,
    result: AdtId,
    /// The standard library's file.
    library: FileId,
    /// The name of variables that have none.
    unnamed: Option<Name>,
    /// The name of a method's receiver.
    receiver: Option<Name>,
    /// Of the function.
    name: &'a str,
    generics: u32,
    body: &'a hir::Body,
    /// For every expression: may evaluating it change a variable of the function?
    changes: Vec<bool>,
    frame: Frame,
    /// The bodies of all spawned blocks, also of those inside others, in source order; `None` while being written.
    spawned: Vec<Option<mir::Body>>,
}

impl Lower<'_> {
    fn function(&mut self, function: &hir::Function) -> mir::Body {
        for (param, &local) in function.params.iter().zip(&self.body.params) {
            let passing = match param.mode {
                Mode::Default | Mode::Own => Passing::Owned,
                Mode::Ref => Passing::Borrowed,
                Mode::Mut => Passing::ByRef,
            };
            self.declare_param(local, param.ty, passing);
        }
        let body = self.body;
        if let Some(root) = body.root {
            self.eval_result(root);
        } else {
            self.frame.assign_unit(RESULT, function.span);
        }
        let mut lowered = self.frame.finish(self.generics);
        lowered.spawned = self.spawned.drain(..).flatten().collect();
        lowered
    }

    fn declare_param(&mut self, hir: LocalId, ty: Ty, passing: Passing) {
        let variable = self.body.local(hir);
        let local = self.frame.declare(LocalDecl { ty, name: Some(variable.name), span: variable.span, passing });
        self.frame.params += 1;
        self.frame.vars.insert(hir, local);
    }

    /// Evaluates the value of the whole body into `_0`. A body without a result discards its value.
    fn eval_result(&mut self, value: ExprId) {
        let span = self.span(value);
        if self.frame.ty(RESULT) == Ty::UNIT && self.ty(value) != Ty::NEVER {
            self.eval(value, None);
            self.frame.assign_unit(RESULT, span);
        } else {
            self.eval(value, Some(RESULT));
        }
    }

    /// The local of a variable, declared when it is first seen.
    fn var(&mut self, hir: LocalId) -> Local {
        if let Some(&local) = self.frame.vars.get(&hir) {
            return local;
        }
        let variable = self.body.local(hir);
        let local = self.frame.declare(LocalDecl {
            ty: variable.ty,
            name: Some(variable.name),
            span: variable.span,
            passing: Passing::Owned,
        });
        self.frame.vars.insert(hir, local);
        local
    }

    fn ty(&self, id: ExprId) -> Ty {
        self.body.expr(id).ty
    }

    fn span(&self, id: ExprId) -> Span {
        self.body.expr(id).span
    }

    fn changes(&self, id: ExprId) -> bool {
        self.changes[id.0 as usize]
    }
}
