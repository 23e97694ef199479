//! Function values: closures, named functions as values, and calls of both.

use super::{Frame, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{Closure, ExprId, ExprKind, FnId, LocalId};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Node};
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
        for (index, &param) in params.iter().enumerate() {
            let (of, ty) = match self.node(param) {
                Node::Typed(of, ty) => (of, ty),
                _ => (param, Id::NONE),
            };
            let at = self.span(of);
            let ty = match (&expected, ty) {
                (Some((wanted, _)), Id::NONE) => wanted[index],
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
            let name = match self.node(of) {
                Node::Path(name) => name,
                _ => self.cx.unnamed,
            };
            let local = self.local(name, at, ty, false);
            self.declare(name, local);
            locals.push(local);
            types.push(ty);
        }
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
        self.leave(mark);
        let captures = self.frames.pop().map_or_else(Vec::new, |f| f.captures);
        let ty = self.cx.types.intern(TyKind::Fn(types.into(), result));
        self.add(ExprKind::Closure(Box::new(Closure { captures, params: locals, body, result })), ty, span)
    }

    /// A variant where no payload is: the function that makes it of one.
    pub fn constructor_value(&mut self, span: Span, adt: AdtId, variant: u32, payload: &[Ty], whole: Ty) -> ExprId {
        self.frames.push(Frame {
            result: Some(whole),
            captures: Vec::new(),
            copies: FxHashMap::default(),
            loops: Vec::new(),
            in_parallel: false,
            spawn: Some(span),
            closure: true,
        });
        let params: Vec<LocalId> = payload.iter().map(|&ty| self.temporary(span, ty)).collect();
        let given = params.iter().zip(payload).map(|(&local, &ty)| self.add(ExprKind::Local(local), ty, span));
        let fields = given.enumerate().map(|(index, value)| (index as u32, value)).collect();
        let body = self.add(ExprKind::Construct { adt, variant, fields }, whole, span);
        self.frames.pop();
        let ty = self.cx.types.intern(TyKind::Fn(payload.into(), whole));
        let closure = Closure { captures: Vec::new(), params, body, result: whole };
        self.add(ExprKind::Closure(Box::new(closure)), ty, span)
    }

    /// A named function where no call is.
    pub fn function_value(&mut self, span: Span, f: FnId, type_args: Vec<Ty>) -> ExprId {
        let (signature, info) = (self.cx.signature(f), self.cx.info(f));
        let name = signature.display_name.clone();
        if signature.is_async {
            return self.unsupported(span, "async functions as values are", "wrap the call in a closure");
        }
        let special = info.sugar.is_some() || info.needs_text || info.needs.is_some() || info.by_element.is_some();
        if signature.intrinsic.is_some() || special {
            let what = format!("the built-in operation `{name}` as a value is");
            return self.unsupported(span, &what, &format!("wrap the call in a closure: `|x: Int| {name}(x)`"));
        }
        let params: Vec<Ty> = signature.params.iter().map(|p| p.ty).collect();
        let result = signature.result;
        self.require_function(f, &type_args, span);
        let params: Vec<Ty> = params.into_iter().map(|ty| self.instantiate(ty, &type_args, span)).collect();
        let result = self.instantiate(result, &type_args, span);
        let ty = self.cx.types.intern(TyKind::Fn(params.into(), result));
        self.cx.function_values.push((f, span));
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
