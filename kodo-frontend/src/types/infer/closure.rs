//! Function values: closures, named functions as values, and calls of both.

use super::{Deferred, Frame, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{Closure, ExprId, ExprKind, FnId, LocalId, Stmt};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Mode, Node};
use crate::types::resolve_ty::plural;
use crate::types::ty::{AdtId, AdtKind, Ty, TyCon, TyKind};
use rustc_hash::FxHashMap;

impl Infer<'_, '_> {
    /// A parameter without a type takes it from the function type that the surroundings want.
    pub fn closure(&mut self, span: Span, params: &[Id], result: Id, body: Id, expected: Option<Ty>) -> ExprId {
        let expected = expected.and_then(|ty| match self.kind(ty) {
            TyKind::Fn(wanted, result) if wanted.len() == params.len() => Some((wanted, result)),
            _ => None,
        });
        let written = (result != Id::NONE).then(|| self.resolve_written(result));
        let result = match (written, &expected) {
            (Some(ty), _) => ty,
            (None, Some((_, ty))) => self.shallow(*ty),
            (None, None) => self.fresh(),
        };
        self.frames.push(Frame {
            result: Some(result),
            captures: Vec::new(),
            copies: FxHashMap::default(),
            loops: Vec::new(),
            in_parallel: false,
            spawn: Some(span),
            closure: true,
        });
        let mark = self.enter();
        let mut locals = Vec::with_capacity(params.len());
        let mut types = Vec::with_capacity(params.len());
        // What patterns in place of names make of their parameters.
        let mut taken_apart = Vec::new();
        for (index, &param) in params.iter().enumerate() {
            let (of, ty) = match self.node(param) {
                Node::Typed(of, ty) => (of, ty),
                _ => (param, Id::NONE),
            };
            let at = self.span(of);
            let ty = match (&expected, ty) {
                (Some((wanted, _)), Id::NONE) => wanted[index],
                (None, Id::NONE) if self.lenient => Ty::ERROR,
                (None, Id::NONE) => {
                    self.report(
                        Diagnostic::error("E0227", at, "the type of this parameter is not known")
                            .label("a type is missing")
                            .help(format!("write it: `{}: Int`", self.cx.sources.text(at))),
                    );
                    Ty::ERROR
                }
                (_, ty) => self.resolve_written(ty),
            };
            let local = match self.node(of) {
                Node::Path(name) => {
                    let local = self.local(name, at, ty, false);
                    self.declare(name, local);
                    local
                }
                Node::TuplePat(_) | Node::StructPat(..) => {
                    let local = self.temporary(at, ty);
                    let value = self.add(ExprKind::Local(local), ty, at);
                    let pat = self.pattern(of, ty, at, |_, _| ());
                    self.deferred.push(Deferred::Irrefutable { pat, what: "parameter" });
                    taken_apart.push(Stmt::Let { pat, value, span: at });
                    local
                }
                _ => self.local(self.cx.unnamed, at, ty, false),
            };
            locals.push(local);
            types.push(ty);
        }
        let body_span = self.span(body);
        let body = if result == Ty::UNIT {
            self.expr(body, Want::Discard)
        } else if written.is_some() {
            self.expr(body, Want::Is(result, Why::Return))
        } else {
            let body = self.expr(body, Want::Any);
            let value = self.ty(body);
            let body = self.fit(body, result, Why::Return);
            if value == Ty::NEVER && matches!(self.kind(result), TyKind::Infer(_)) {
                self.unify(result, Ty::UNIT);
            }
            body
        };
        let body = if taken_apart.is_empty() {
            body
        } else {
            let ty = self.ty(body);
            self.add(ExprKind::Block { stmts: taken_apart, tail: Some(body) }, ty, body_span)
        };
        self.leave(mark);
        let captures = self.frames.pop().map_or_else(Vec::new, |f| f.captures);
        let ty = self.cx.types.intern(TyKind::Fn(types.into(), result));
        self.add(ExprKind::Closure(Box::new(Closure { captures, params: locals, body, result })), ty, span)
    }

    /// A variant where no payload is: the function that makes it of one.
    pub fn constructor_value(&mut self, span: Span, adt: AdtId, variant: u32, payload: &[Ty], whole: Ty) -> ExprId {
        self.closure_over(span, payload, whole, |this, values| {
            let fields = values.into_iter().enumerate().map(|(index, value)| (index as u32, value)).collect();
            this.add(ExprKind::Construct { adt, variant, fields }, whole, span)
        })
    }

    /// A closure that captures nothing, with what `body` makes of its parameters.
    fn closure_over(
        &mut self,
        span: Span,
        types: &[Ty],
        result: Ty,
        body: impl FnOnce(&mut Self, Vec<ExprId>) -> ExprId,
    ) -> ExprId {
        self.frames.push(Frame {
            result: Some(result),
            captures: Vec::new(),
            copies: FxHashMap::default(),
            loops: Vec::new(),
            in_parallel: false,
            spawn: Some(span),
            closure: true,
        });
        let params: Vec<LocalId> = types.iter().map(|&ty| self.temporary(span, ty)).collect();
        let values = params.iter().zip(types).map(|(&local, &ty)| self.add(ExprKind::Local(local), ty, span)).collect();
        let body = body(self, values);
        self.frames.pop();
        let ty = self.cx.types.intern(TyKind::Fn(types.into(), result));
        let closure = Closure { captures: Vec::new(), params, body, result };
        self.add(ExprKind::Closure(Box::new(closure)), ty, span)
    }

    /// A named function where no call is.
    pub fn function_value(&mut self, span: Span, f: FnId, type_args: Vec<Ty>) -> ExprId {
        self.check_visible(f, span);
        let (signature, info) = (self.cx.signature(f), self.cx.info(f));
        // Of what has no body of its own, or gets it from an impl, the value is a closure around a call.
        let is_async = signature.is_async;
        let special = info.sugar.is_some() || info.needs_text || info.needs.is_some() || info.by_element.is_some();
        let around = is_async || special || signature.intrinsic.is_some() || info.of.is_some();
        // An argument that may be left out is.
        let count = signature.params.len() - usize::from(info.optional);
        let params: Vec<(Ty, Mode)> = signature.params[..count].iter().map(|p| (p.ty, p.mode)).collect();
        let result = signature.result;
        let params: Vec<(Ty, Mode)> =
            params.into_iter().map(|(ty, mode)| (self.instantiate(ty, &type_args, span), mode)).collect();
        let result = self.instantiate(result, &type_args, span);
        let types: Vec<Ty> = params.iter().map(|p| p.0).collect();
        self.cx.function_values.push((f, span));
        if around && params.iter().all(|p| p.1 != Mode::Mut) {
            let result = if is_async { self.app(TyCon::Future, &[result]) } else { result };
            return self.closure_over(span, &types, result, |this, values| {
                this.apply_to(span, f, type_args, &params, values, result, "the argument of this function")
            });
        }
        self.require_function(f, &type_args, span);
        let ty = self.cx.types.intern(TyKind::Fn(types.into(), result));
        self.add(ExprKind::Function { function: f, type_args }, ty, span)
    }

    pub fn apply_value(&mut self, span: Span, callee: ExprId, params: &[Ty], result: Ty, args: &[Id]) -> ExprId {
        if params.len() != args.len() {
            let ty = self.ty(callee);
            let shown = self.show(ty);
            let expected = plural(params.len(), "argument");
            self.report(
                Diagnostic::error("E0202", span, format!("this function takes {expected}, {} given", args.len()))
                    .label(format!("{} given", args.len()))
                    .help(format!("its type is {shown}")),
            );
            self.check_args_anyhow(args);
            return self.add(ExprKind::Error, result, span);
        }
        let args = args.iter().zip(params).map(|(&arg, &ty)| self.expr(arg, Want::Is(ty, Why::Plain))).collect();
        self.add(ExprKind::CallValue { callee, args }, result, span)
    }

    /// The struct has a field of that name that holds a function.
    pub fn has_function_field(&mut self, ty: Ty, name: Name) -> bool {
        let TyKind::App(TyCon::Adt(id), args) = self.kind(ty) else { return false };
        let adt = self.cx.adt(id);
        let field = adt.variants.iter().flat_map(|v| &v.fields).find(|f| f.name == Some(name));
        let Some(field) = field.filter(|_| adt.kind == AdtKind::Struct).map(|f| f.ty) else { return false };
        let field = self.cx.types.subst(field, &args);
        matches!(self.kind(field), TyKind::Fn(..))
    }
}
