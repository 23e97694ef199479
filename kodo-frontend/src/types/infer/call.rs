//! Calls: of functions, methods, static methods and constructors.

use super::{Deferred, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FnId, PatKind, Stmt};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, List, Mode, Node};
use crate::types::context::{ListArgument, Sugar};
use crate::types::foreign;
use crate::types::head::Head;
use crate::types::resolve_ty::plural;
use crate::types::suggest::nearest;
use crate::types::ty::{Ty, TyCon, TyKind};

impl<'a> Infer<'_, 'a> {
    pub fn call(&mut self, id: Id, mut callee: Id, args: &'a [Id]) -> ExprId {
        let span = self.span(id);
        while let Node::Paren(inner) = self.node(callee) {
            callee = inner;
        }
        match self.node(callee) {
            Node::Path(name) => self.call_name(span, callee, name, None, args),
            Node::Turbofish(of, types) => match self.node(of) {
                Node::Path(name) => self.call_name(span, of, name, Some(types), args),
                Node::Member(owner, name) => match self.module(owner) {
                    Some(module) => self.member_of_module(span, of, module, name, Some(types), Some(args)),
                    None => self.member(span, of, owner, name, Some(args)),
                },
                _ => self.call_value(span, callee, args),
            },
            Node::Member(of, name) => self.member(span, callee, of, name, Some(args)),
            Node::Field(of, name) if let Some(module) = self.module(of) => {
                self.member_of_module(span, callee, module, name, None, Some(args))
            }
            Node::Field(of, name) => {
                if let Some(e) = self.member_of_type(span, of, name, Some(args)) {
                    return e;
                }
                let of_at = self.span(of);
                let at = Span { lo: self.span(callee).hi - self.cx.text(name).len() as u32, ..self.span(callee) };
                let receiver = self.expr(of, Want::Any);
                self.call_method(span, at, of_at, receiver, name, args)
            }
            Node::OptField(of, name) => self.optional(span, of, name, Some(args)),
            _ => self.call_value(span, callee, args),
        }
    }

    fn call_name(&mut self, span: Span, at: Id, name: Name, types: Option<List>, args: &'a [Id]) -> ExprId {
        if self.is_variable(name) {
            return self.call_value(span, at, args);
        }
        // A user's function wins over a constructor of the prelude.
        if let Some(f) = self.cx.function(self.file, name) {
            return self.call_function(span, at, f, types, args);
        }
        if let Some((adt, variant)) = self.cx.bare(self.file, name) {
            let type_args = match types {
                Some(list) => self.written_args(at, name, self.cx.adt(adt).params.len(), list),
                None => self.fresh_args(adt),
            };
            return self.construct(span, adt, variant, type_args, Some(args));
        }
        let (text, at) = (self.cx.text(name).to_owned(), self.span(at));
        if let Some(report) = self.cx.import_problem(self.file, name, at) {
            self.report(report);
        } else if self.cx.type_def(self.file, name).is_some() {
            self.report(
                Diagnostic::error("E0203", at, format!("`{text}` is a type, not a function"))
                    .label("cannot be called")
                    .help(format!("make a value with `{text} {{ … }}` or `{text}::Variant(…)`")),
            );
        } else {
            let variables = self.variables();
            let hint = self.cx.nearest_function(self.file, &text, &variables);
            let error = Diagnostic::error("E0201", at, format!("there is no function `{text}`"))
                .label("unknown function")
                .help(match foreign::function(&text) {
                    Some(help) => help.to_owned(),
                    None => self.did_you_mean(hint, "declare it with `fn`"),
                });
            self.report(error);
        }
        self.check_args_anyhow(args);
        self.poison(span)
    }

    /// Calls a declared function, with the type arguments that are written.
    pub fn call_function(&mut self, span: Span, at: Id, f: FnId, types: Option<List>, args: &'a [Id]) -> ExprId {
        let signature = self.cx.signature(f);
        let (name, all) = (signature.name, signature.generics.len());
        let own = all - self.cx.info(f).impl_generics;
        let type_args = match types {
            Some(list) => self.written_args(at, name, own, list),
            None => (0..all).map(|_| self.fresh()).collect(),
        };
        self.apply(span, f, type_args, None, args)
    }

    fn call_value(&mut self, span: Span, callee: Id, args: &'a [Id]) -> ExprId {
        let e = self.expr(callee, Want::Any);
        self.call_value_of(span, e, args)
    }

    pub fn call_value_of(&mut self, span: Span, e: ExprId, args: &[Id]) -> ExprId {
        let ty = self.ty(e);
        if let TyKind::Fn(params, result) = self.cx.types.kind(ty).clone() {
            return self.apply_value(span, e, &params, result, args);
        }
        self.check_args_anyhow(args);
        if !matches!(ty, Ty::ERROR | Ty::NEVER) {
            let shown = self.show(ty);
            let at = self.body.expr(e).span;
            self.report(
                Diagnostic::error("E0203", at, format!("a value of type {shown} cannot be called"))
                    .label("not a function")
                    .help("remove the parentheses, or call a function by its name"),
            );
        }
        self.poison(span)
    }

    /// `at` is the method's name, `of_at` the receiver.
    pub fn call_method(
        &mut self,
        span: Span,
        at: Span,
        of_at: Span,
        receiver: ExprId,
        name: Name,
        args: &'a [Id],
    ) -> ExprId {
        self.solve_if_open(receiver);
        let ty = self.ty(receiver);
        match self.cx.types.kind(ty) {
            TyKind::Error | TyKind::Never => {
                self.check_args_anyhow(args);
                return self.poison(span);
            }
            TyKind::Infer(_) => {
                self.undetermined(of_at);
                self.check_args_anyhow(args);
                return self.poison(span);
            }
            _ => {}
        }
        if let Some(method) = self.method(ty, name)
            && (self.cx.info(method).has_self || self.cx.info(method).is_broken)
        {
            let count = self.cx.signature(method).generics.len();
            let type_args = (0..count).map(|_| self.fresh()).collect();
            return self.apply(span, method, type_args, Some(receiver), args);
        }
        if let Some(e) = self.call_trait_method(span, at, receiver, name, args) {
            return e;
        }
        let text = self.cx.text(name).to_owned();
        if let Some(e) = self.convert(span, at, receiver, &text, args) {
            return e;
        }
        if text == "to_debug" {
            return self.debug_text(span, at, receiver, args);
        }
        if text == "clone" && args.is_empty() {
            return self.copied(span, receiver);
        }
        if self.has_function_field(ty, name) {
            let callee = self.field_of(Span { hi: at.hi, ..of_at }, receiver, name);
            return self.call_value_of(span, callee, args);
        }
        self.unknown_method(at, ty, name);
        self.check_args_anyhow(args);
        self.poison(span)
    }

    /// `value.clone()`, which every type has: `{ let copy = value; copy }`. The variable keeps its value.
    fn copied(&mut self, span: Span, value: ExprId) -> ExprId {
        let ty = self.ty(value);
        let copy = self.temporary(span, ty);
        let pat = self.body.add_pat(PatKind::Bind(copy, None), ty, span);
        let tail = self.add(ExprKind::Local(copy), ty, span);
        self.add(ExprKind::Block { stmts: vec![Stmt::Let { pat, value, span }], tail: Some(tail) }, ty, span)
    }

    fn unknown_method(&mut self, at: Span, ty: Ty, name: Name) {
        let (text, shown) = (self.cx.text(name).to_owned(), self.show(ty));
        let static_method = self.method(ty, name).is_some();
        let field = match self.cx.types.kind(ty) {
            TyKind::App(TyCon::Adt(id), _) => {
                self.cx.adt(*id).variants.iter().any(|v| v.fields.iter().any(|f| f.name == Some(name)))
            }
            _ => false,
        };
        if field {
            self.report(
                Diagnostic::error("E0203", at, format!("`{text}` is a field of {shown}, not a method"))
                    .label("cannot be called")
                    .help("remove the parentheses to read the field"),
            );
            return;
        }
        let mut known: Vec<Name> = match self.cx.types.head(ty) {
            Some(head) => self.cx.methods.keys().filter(|(h, _)| *h == head).map(|(_, n)| *n).collect(),
            None => Vec::new(),
        };
        known.extend(self.names_of_trait_methods(ty));
        known.sort_unstable_by_key(|n| self.cx.text(*n).to_owned());
        let hint = nearest(&text, known.iter().map(|n| self.cx.text(*n))).map(str::to_owned);
        let help = if static_method {
            format!(
                "`{text}` takes no `self`: call it on the type, `{}.{text}(…)`",
                shown.split('<').next().unwrap_or("")
            )
        } else if hint.is_none()
            && let Some(help) = foreign::method(&text)
        {
            help.to_owned()
        } else if hint.is_none() && self.iterators_have(ty, name) {
            format!("iterators have it: `.iter().{text}(…)`")
        } else if let Some(owner) = self.trait_with_method(name).filter(|_| hint.is_none()) {
            match self.kind(ty) {
                TyKind::Param(_) => format!("add the bound: `{shown}: {owner}`"),
                TyKind::Assoc(..) => format!("add the bound in the trait: `type …: {owner}`"),
                _ => format!("implement the trait: `impl {owner} for {shown} {{ … }}`"),
            }
        } else if matches!(self.kind(ty), TyKind::Param(_) | TyKind::Assoc(..)) && hint.is_none() {
            "a type parameter may be any type: it has the methods of its bounds, `T: Trait`".into()
        } else {
            let otherwise = match self.cx.types.head(ty) {
                Some(Head::Adt(id)) if id != self.cx.option && id != self.cx.result => {
                    format!("declare it in an `impl {}`", self.cx.text(self.cx.adt(id).name))
                }
                Some(Head::Adt(_)) => "take the value out first: `match`, `?` or `.unwrap()`".to_owned(),
                Some(Head::Future) => "wait for the value first: `.await`".to_owned(),
                _ => "call a function instead".to_owned(),
            };
            self.did_you_mean(hint, &otherwise)
        };
        self.report(
            Diagnostic::error("E0235", at, format!("{shown} has no method `{text}`"))
                .label("unknown method")
                .help(help),
        );
    }

    /// Can the type be looped over, and has the library's iterator a method of the name?
    fn iterators_have(&self, ty: Ty, name: Name) -> bool {
        let methods = &self.cx.methods;
        let iter = self.cx.names.get("iter").zip(self.cx.types.head(ty));
        iter.is_some_and(|(iter, head)| methods.contains_key(&(head, iter)))
            && self.cx.iterator.is_some_and(|id| methods.contains_key(&(Head::Adt(id), name)))
    }

    pub fn call_static(&mut self, span: Span, method: FnId, owner_args: &[Ty], args: &[Id]) -> ExprId {
        let type_args = self.static_args(method, owner_args);
        self.apply(span, method, type_args, None, args)
    }

    /// The type arguments of a method of a type with these arguments.
    pub fn static_args(&mut self, method: FnId, owner_args: &[Ty]) -> Vec<Ty> {
        let count = self.cx.signature(method).generics.len();
        let type_args: Vec<Ty> = (0..count).map(|_| self.fresh()).collect();
        if let Some(self_ty) = self.cx.info(method).self_ty {
            let self_ty = self.cx.types.subst(self_ty, &type_args);
            if let TyKind::App(_, declared) = self.cx.types.kind(self_ty).clone() {
                for (&declared, &given) in declared.iter().zip(owner_args) {
                    self.unify(declared, given);
                }
            }
        }
        type_args
    }

    /// Calls a function with arguments as written, after a receiver that is its first argument.
    pub fn apply(&mut self, span: Span, f: FnId, type_args: Vec<Ty>, receiver: Option<ExprId>, args: &[Id]) -> ExprId {
        let skip = usize::from(receiver.is_some());
        self.check_visible(f, span);
        let signature = self.cx.signature(f);
        let params: Vec<(Ty, Mode)> = signature.params.iter().map(|p| (p.ty, p.mode)).collect();
        let (result, is_async) = (signature.result, signature.is_async);
        let params: Vec<(Ty, Mode)> =
            params.into_iter().map(|(ty, mode)| (self.instantiate(ty, &type_args, span), mode)).collect();
        let result = self.instantiate(result, &type_args, span);
        let ty = if is_async { self.app(TyCon::Future, &[result]) } else { result };
        let hint = self.hint.take();
        self.take_hint(hint, ty);

        if self.cx.info(f).is_broken {
            self.check_args_anyhow(args);
            return self.add(ExprKind::Error, ty, span);
        }
        let mut values = Vec::with_capacity(params.len());
        if let Some(receiver) = receiver {
            let expected = params.first().map_or(Ty::ERROR, |p| p.0);
            values.push(self.fit(receiver, expected, Why::Argument(f, 0)));
        }
        let left_out = params.len().saturating_sub(args.len() + skip);
        if args.len() + skip > params.len() || left_out > usize::from(self.cx.info(f).optional) {
            self.wrong_count(span, f, params.len() - skip.min(params.len()), args.len());
            for (index, &arg) in args.iter().enumerate() {
                match params.get(index + skip) {
                    Some(&(param, _)) => self.expr(arg, Want::Is(param, Why::Argument(f, index + skip))),
                    None => self.expr(arg, Want::Any),
                };
            }
            return self.add(ExprKind::Error, ty, span);
        }
        for (index, &arg) in args.iter().enumerate() {
            let index = index + skip;
            if !self.projections.is_empty() {
                self.solve_projections();
            }
            values.push(self.expr(arg, Want::Is(params[index].0, Why::Argument(f, index))));
        }
        let printed = if skip == 1 || args.is_empty() { "the receiver" } else { "the printed value" };
        self.apply_to(span, f, type_args, &params, values, ty, printed)
    }

    /// Calls a function with values of the right types. `ty` is the call's type.
    #[allow(clippy::too_many_arguments, reason = "everything about the call, found out by two callers")]
    pub fn apply_to(
        &mut self,
        span: Span,
        f: FnId,
        type_args: Vec<Ty>,
        params: &[(Ty, Mode)],
        mut values: Vec<ExprId>,
        ty: Ty,
        printed: &'static str,
    ) -> ExprId {
        self.require_of_call(span, f, &type_args, &values);
        if !self.projections.is_empty() {
            self.solve_projections();
        }
        if self.cx.info(f).needs_text
            && let Some(&value) = values.first()
        {
            let (ty, span) = (params[0].0, self.body.expr(value).span);
            self.deferred.push(Deferred::Text { ty, span, what: printed });
        }

        // A changing library function may be called on a value that is no place: it lives in a temporary.
        let mut hoisted = Vec::new();
        for (index, value) in values.iter_mut().enumerate() {
            if params[index].1 == Mode::Mut && !self.changeable_argument(*value, f) {
                let (ty, at) = (self.ty(*value), self.body.expr(*value).span);
                let local = self.temporary(at, ty);
                let pat = self.body.add_pat(PatKind::Bind(local, None), ty, at);
                hoisted.push(Stmt::Let { pat, value: *value, span: at });
                *value = self.add(ExprKind::Local(local), ty, at);
            }
        }
        let e = self.finish_call(span, f, type_args, &values, ty);
        self.note_list_arguments(e, f, params, &values);
        if hoisted.is_empty() {
            return e;
        }
        self.add(ExprKind::Block { stmts: hoisted, tail: Some(e) }, ty, span)
    }

    fn finish_call(&mut self, span: Span, f: FnId, type_args: Vec<Ty>, values: &[ExprId], ty: Ty) -> ExprId {
        let info = self.cx.info(f);
        let (sugar, stem) = (info.sugar, info.by_element);
        if let Some(sugar) = sugar
            && (sugar != Sugar::Count || values.len() == 1)
        {
            return self.expand(span, sugar, &type_args, values, ty);
        }
        let element = type_args.first().copied();
        if let (Some(need), Some(ty)) = (self.cx.info(f).needs, element) {
            self.deferred.push(Deferred::Need { need, ty, span, function: f });
        }
        let call = self.add(ExprKind::Call { function: f, type_args, args: values.to_vec() }, ty, span);
        if let (Some(stem), Some(ty)) = (stem, element) {
            self.deferred.push(Deferred::ByElement { call, stem, ty });
        }
        call
    }

    /// Lists passed to plain parameters of user functions: whether the callee changes them is known at the end.
    fn note_list_arguments(&mut self, call: ExprId, f: FnId, params: &[(Ty, Mode)], values: &[ExprId]) {
        if !self.cx.is_user(f) || self.cx.signature(f).is_async {
            return;
        }
        for (index, &(_, mode)) in params.iter().enumerate() {
            let declared = self.cx.signature(f).params[index].ty;
            if mode == Mode::Default && self.cx.is_collection(declared) {
                let root = self.argument_root(values[index]);
                let span = self.body.expr(values[index]).span;
                let caller = self.id;
                self.cx.list_arguments.push(ListArgument { caller, call, callee: f, index, span, root });
            }
        }
    }

    fn wrong_count(&mut self, span: Span, f: FnId, expected: usize, given: usize) {
        let signature = self.cx.signature(f);
        let (name, declared) = (signature.display_name.clone(), signature.span);
        let names: Vec<&str> = signature.params.iter().map(|p| self.cx.text(p.name)).filter(|n| *n != "self").collect();
        let help = format!("call it as `{}({})`", name, names.join(", "));
        let expected = match self.cx.info(f).optional {
            true => format!("{} or {}", expected - 1, plural(expected, "argument")),
            false => plural(expected, "argument"),
        };
        let given = if given == 0 { "none".to_owned() } else { given.to_string() };
        let mut error = Diagnostic::error("E0202", span, format!("`{name}` takes {expected}, {given} given"))
            .label(format!("{given} given"));
        if self.cx.is_user(f) {
            error = error.secondary(declared, "declared here");
        }
        self.report(error.help(help));
    }
}
