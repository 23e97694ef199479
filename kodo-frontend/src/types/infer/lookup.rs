//! Names of values, paths to variants and types, and constructors.

use super::{Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FnId};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, List, Node};
use crate::types::context::TypeDef;
use crate::types::foreign;
use crate::types::head::Head;
use crate::types::modules::Item;
use crate::types::number;
use crate::types::resolve_ty::plural;
use crate::types::suggest::nearest;
use crate::types::ty::{AdtId, AdtKind, Ty, TyCon, TyKind};

/// What a path before `::` or `.` names.
pub enum TypeName {
    Adt(AdtId, Vec<Ty>),
    Other(Head),
}

impl<'a> Infer<'_, 'a> {
    /// A plain name as a value.
    pub fn name(&mut self, name: Name, span: Span) -> ExprId {
        if let Some(local) = self.variable(name, span) {
            let ty = self.body.local(local).ty;
            return self.add(ExprKind::Local(local), ty, span);
        }
        if let Some((adt, variant)) = self.cx.bare(self.file, name) {
            let args = self.fresh_args(adt);
            return self.construct(span, adt, variant, args, None);
        }
        if let Some(f) = self.cx.function(self.file, name) {
            let type_args = (0..self.cx.signature(f).generics.len()).map(|_| self.fresh()).collect();
            return self.function_value(span, f, type_args);
        }
        self.unknown_value(name, span);
        self.poison(span)
    }

    pub fn unknown_value(&mut self, name: Name, span: Span) {
        // Where it is used again it is the same mistake.
        if !self.unknown.insert(name) {
            self.errors += 1;
            return;
        }
        if let Some(report) = self.cx.import_problem(self.file, name, span) {
            self.report(report);
            return;
        }
        let text = self.cx.text(name).to_owned();
        let error = Diagnostic::error("E0201", span, format!("there is no variable `{text}`")).label("unknown name");
        if text == "self" {
            self.report(error.help("`self` exists in methods that declare it as their first parameter"));
            return;
        }
        let help = if self.cx.type_def(self.file, name).is_some() {
            format!("`{text}` is a type: make a value with `{text} {{ … }}` or `{text}::Variant`")
        } else if let Some(owner) = self.owner_of_variant(name) {
            format!("did you mean `{owner}::{text}`?")
        } else {
            let variables = self.variables();
            let hint = nearest(&text, variables.iter().map(|n| self.cx.text(*n))).map(str::to_owned);
            let hint = hint.or_else(|| self.cx.nearest_function(self.file, &text, &variables));
            foreign::value(&text)
                .map_or_else(|| self.did_you_mean(hint, "declare it with `let` before it is used"), str::to_owned)
        };
        self.report(error.help(help));
    }

    /// A user's enum that has a variant of the name.
    fn owner_of_variant(&self, name: Name) -> Option<String> {
        let found = self.cx.adts.iter().find(|a| a.kind == AdtKind::Enum && a.variants.iter().any(|v| v.name == name));
        found.map(|a| self.cx.text(a.name).to_owned())
    }

    pub fn fresh_args(&mut self, adt: AdtId) -> Vec<Ty> {
        (0..self.cx.adt(adt).params.len()).map(|_| self.fresh()).collect()
    }

    /// A path with `::` as a value.
    pub fn path(&mut self, id: Id) -> ExprId {
        let span = self.span(id);
        match self.node(id) {
            Node::Member(of, name) => self.member(span, id, of, name, None),
            Node::Turbofish(of, types) if matches!(self.node(of), Node::Path(_)) => {
                let Node::Path(name) = self.node(of) else { return self.poison(span) };
                match self.cx.function(self.file, name) {
                    Some(f) if !self.is_variable(name) => {
                        let own = self.cx.signature(f).generics.len();
                        let type_args = self.written_args(of, name, own, types);
                        self.function_value(span, f, type_args)
                    }
                    _ => self.path(of),
                }
            }
            Node::Path(name) => self.name(name, span),
            Node::Turbofish(of, _) => self.path(of),
            _ => self.poison(span),
        }
    }

    /// `of::name`, or a call of it with arguments.
    pub fn member(&mut self, span: Span, at: Id, of: Id, name: Name, args: Option<&'a [Id]>) -> ExprId {
        if let Some(module) = self.module(of) {
            return self.member_of_module(span, at, module, name, None, args);
        }
        if let Some(e) = self.member_of_type(span, of, name, args) {
            return e;
        }
        let at = self.span(of);
        match self.node(of) {
            Node::Path(owner) => {
                if let Some(report) = self.cx.import_problem(self.file, owner, at) {
                    self.report(report);
                    self.check_args_anyhow(args.unwrap_or_default());
                    return self.poison(span);
                }
                let text = self.cx.text(owner).to_owned();
                let hint = self.cx.nearest_type(self.file, &text, &self.generics);
                let error = Diagnostic::error("E0218", at, format!("there is no enum or type `{text}`"))
                    .label("unknown type")
                    .help(self.did_you_mean(hint, "declare it with `enum`"));
                self.report(error);
            }
            Node::Error => {}
            _ => {
                let text = self.cx.sources.text(at).to_owned();
                self.report(
                    Diagnostic::error("E0218", at, format!("there is no module or type `{text}`"))
                        .label("unknown path")
                        .help(format!("import the module: `import {}`", text.replace("::", "."))),
                );
            }
        }
        self.check_args_anyhow(args.unwrap_or_default());
        self.poison(span)
    }

    /// Arguments of something that is wrong itself.
    pub fn check_args_anyhow(&mut self, args: &[Id]) {
        let before = std::mem::replace(&mut self.lenient, true);
        for &arg in args {
            self.expr(arg, Want::Any);
        }
        self.lenient = before;
    }

    /// A variant or static method, if `of` names a type (and no variable).
    pub fn member_of_type(&mut self, span: Span, of: Id, name: Name, args: Option<&'a [Id]>) -> Option<ExprId> {
        if let Some(e) = self.member_of_trait(span, of, name, args) {
            return Some(e);
        }
        let owner = self.type_name(of)?;
        let head = match &owner {
            TypeName::Adt(id, _) => Head::Adt(*id),
            TypeName::Other(head) => *head,
        };
        if let TypeName::Adt(id, type_args) = &owner {
            let adt = self.cx.adt(*id);
            if adt.kind == AdtKind::Enum
                && let Some(variant) = adt.variants.iter().position(|v| v.name == name)
            {
                return Some(self.construct(span, *id, variant as u32, type_args.clone(), args));
            }
        }
        if let Some(&method) = self.cx.methods.get(&(head, name)) {
            return Some(match args {
                Some(args) if self.cx.info(method).has_self && args.is_empty() => {
                    let text = self.cx.signature(method).display_name.clone();
                    self.report(
                        Diagnostic::error("E0202", span, format!("`{text}` is called on a value"))
                            .label("the value is missing")
                            .help("write `value.method(…)`"),
                    );
                    self.poison(span)
                }
                Some(args) => {
                    let type_args = if let TypeName::Adt(_, args) = owner { args } else { Vec::new() };
                    self.call_static(span, method, &type_args, args)
                }
                None => {
                    let type_args = if let TypeName::Adt(_, args) = owner { args } else { Vec::new() };
                    let type_args = self.static_args(method, &type_args);
                    self.function_value(span, method, type_args)
                }
            });
        }
        let ty = match &owner {
            TypeName::Adt(id, args) => Some(self.app(TyCon::Adt(*id), args)),
            TypeName::Other(_) => self.written_type(of),
        };
        if let Some(ty) = ty
            && let Some(e) = self.static_from_trait(span, ty, name, args)
        {
            return Some(e);
        }
        self.unknown_member(span, &owner, head, name);
        self.check_args_anyhow(args.unwrap_or_default());
        Some(self.poison(span))
    }

    fn unknown_member(&mut self, span: Span, owner: &TypeName, head: Head, name: Name) {
        let text = self.cx.text(name).to_owned();
        let methods: Vec<Name> = self.cx.methods.keys().filter(|(h, _)| *h == head).map(|(_, n)| *n).collect();
        let error = match owner {
            TypeName::Adt(id, _) => {
                let adt = self.cx.adt(*id);
                let variants: Vec<Name> =
                    if adt.kind == AdtKind::Enum { adt.variants.iter().map(|v| v.name).collect() } else { Vec::new() };
                let (is_enum, declared, owner) =
                    (adt.kind == AdtKind::Enum, adt.span, self.cx.text(adt.name).to_owned());
                let hint = nearest(&text, variants.iter().chain(&methods).map(|n| self.cx.text(*n))).map(str::to_owned);
                let known: Vec<&str> = variants.iter().take(8).map(|n| self.cx.text(*n)).collect();
                let (code, what) = if is_enum { ("E0219", "variant") } else { ("E0235", "method") };
                let otherwise = if known.is_empty() {
                    format!("declare it in an `impl {owner}`")
                } else {
                    format!("its variants are {}", known.join(", "))
                };
                let error = Diagnostic::error(code, span, format!("`{owner}` has no {what} `{text}`"))
                    .label(format!("unknown {what}"))
                    .help(self.did_you_mean(hint, &otherwise));
                if self.cx.sources.file(declared.file).path.is_empty() || declared.file != span.file {
                    error
                } else {
                    error.secondary(declared, "declared here")
                }
            }
            TypeName::Other(_) => {
                let hint = nearest(&text, methods.iter().map(|n| self.cx.text(*n))).map(str::to_owned);
                Diagnostic::error("E0235", span, format!("this type has no function `{text}`"))
                    .label("unknown function")
                    .help(self.did_you_mean(hint, "methods are called on values: `value.method(…)`"))
            }
        };
        self.report(error);
    }

    /// The type a path names, if it does; a variable of the name hides it. Missing type arguments are inferred.
    pub fn type_name(&mut self, id: Id) -> Option<TypeName> {
        let (id, written) = match self.node(id) {
            Node::Turbofish(of, args) => (of, Some(args)),
            _ => (id, None),
        };
        if let Node::Member(of, name) = self.node(id)
            && let Some(module) = self.module(of)
        {
            let Ok(Item::Type(def)) = self.cx.item_of(module, name, self.span(id)) else { return None };
            return self.defined_type(def, id, name, written);
        }
        let Node::Path(name) = self.node(id) else { return None };
        if self.is_variable(name) {
            return None;
        }
        if self.cx.text(name) == "Self"
            && let Some(ty) = self.self_ty
        {
            if let TyKind::App(TyCon::Adt(adt), args) = self.cx.types.kind(ty) {
                return Some(TypeName::Adt(*adt, args.to_vec()));
            }
            return self.cx.types.head(ty).map(TypeName::Other);
        }
        match self.cx.type_def(self.file, name) {
            Some(def) => self.defined_type(def, id, name, written),
            None => Some(TypeName::Other(match self.cx.text(name) {
                text if let Some(number) = number::named(text) => {
                    return self.cx.types.head(number).map(TypeName::Other);
                }
                "Bool" => Head::Bool,
                "String" => Head::String,
                "List" => Head::List,
                "Channel" => Head::Channel,
                "Future" => Head::Future,
                _ => return None,
            })),
        }
    }

    /// A declared type, with the arguments that are written, or fresh ones. None of a trait.
    fn defined_type(&mut self, def: TypeDef, id: Id, name: Name, written: Option<List>) -> Option<TypeName> {
        match def {
            TypeDef::Trait(_) => None,
            TypeDef::Adt(adt) => {
                let args = match written {
                    Some(list) => self.written_args(id, name, self.cx.adt(adt).params.len(), list),
                    None => self.fresh_args(adt),
                };
                Some(TypeName::Adt(adt, args))
            }
            TypeDef::Alias(index) => {
                let crate::types::context::AliasState::Done(ty) = self.cx.aliases[index].state else { return None };
                if let TyKind::App(TyCon::Adt(adt), args) = self.cx.types.kind(ty) {
                    return Some(TypeName::Adt(*adt, args.to_vec()));
                }
                self.cx.types.head(ty).map(TypeName::Other)
            }
        }
    }

    /// Reports a function, found through its type, that is private to another module.
    pub fn check_visible(&mut self, f: FnId, span: Span) {
        if let Some(report) = self.cx.hidden(self.file, f, span) {
            self.report(report);
        }
    }

    /// The module that a path names, unless a variable has the name.
    pub fn module(&self, path: Id) -> Option<usize> {
        let module = self.cx.module_at(self.file, path)?;
        let mut root = path;
        while let Node::Member(of, _) | Node::Field(of, _) = self.node(root) {
            root = of;
        }
        let hidden = matches!(self.node(root), Node::Path(name) if self.is_variable(name));
        (!hidden).then_some(module)
    }

    /// `module::name` or `module.name`: a function, or a call of it.
    pub fn member_of_module(
        &mut self,
        span: Span,
        at: Id,
        module: usize,
        name: Name,
        types: Option<List>,
        args: Option<&'a [Id]>,
    ) -> ExprId {
        match self.cx.item_of(module, name, self.span(at)) {
            Ok(Item::Function(f)) => match args {
                Some(args) => return self.call_function(span, at, f, types, args),
                None => {
                    let own = self.cx.signature(f).generics.len();
                    let type_args = match types {
                        Some(list) => self.written_args(at, name, own, list),
                        None => (0..own).map(|_| self.fresh()).collect(),
                    };
                    return self.function_value(span, f, type_args);
                }
            },
            Ok(Item::Type(_)) => {
                let text = self.cx.text(name).to_owned();
                self.report(
                    Diagnostic::error("E0203", self.span(at), format!("`{text}` is a type, not a function"))
                        .label("cannot be called")
                        .help(format!("make a value with `{text} {{ … }}` or `{text}::Variant(…)`")),
                );
            }
            Err(report) => self.report(*report),
        }
        self.check_args_anyhow(args.unwrap_or_default());
        self.poison(span)
    }

    /// Type arguments after `::<`; as many as there must be, whatever is written.
    pub fn written_args(&mut self, of: Id, name: Name, count: usize, list: crate::syntax::ast::List) -> Vec<Ty> {
        let written: Vec<Ty> = self.ids(list).iter().map(|&t| self.resolve_written(t)).collect();
        if written.len() == count {
            return written;
        }
        self.errors += 1;
        self.cx.wrong_arguments(self.span(of), name, count, written.len());
        vec![Ty::ERROR; count]
    }

    /// The struct or enum that the path of a literal or pattern names.
    pub fn adt_path(&mut self, path: Id, code: &'static str, what: &str) -> Option<(AdtId, Vec<Ty>)> {
        if let Some(TypeName::Adt(id, args)) = self.type_name(path) {
            return Some((id, args));
        }
        let span = self.span(path);
        let inner = if let Node::Turbofish(of, _) = self.node(path) { of } else { path };
        match self.node(inner) {
            Node::Path(name) => {
                let text = self.cx.text(name).to_owned();
                // A variable may have the name of a type.
                if let Some(TypeDef::Adt(id)) = self.cx.type_def(self.file, name) {
                    let args = self.fresh_args(id);
                    return Some((id, args));
                }
                if let Some(report) = self.cx.import_problem(self.file, name, span) {
                    self.report(report);
                    return None;
                }
                let hint = self.cx.nearest_type(self.file, &text, &[]);
                let error = Diagnostic::error(code, span, format!("there is no {what} `{text}`"))
                    .label(format!("unknown {what}"))
                    .help(self.did_you_mean(hint, &format!("declare it with `{what} {text} {{ … }}`")));
                self.report(error);
            }
            Node::Member(of, name) if let Some(module) = self.module(of) => {
                if let Err(report) = self.cx.item_of(module, name, span) {
                    self.report(*report);
                } else {
                    self.report(
                        Diagnostic::error(code, span, format!("this is no name of a {what}"))
                            .label(format!("not a {what}"))
                            .help("functions are called with parentheses"),
                    );
                }
            }
            Node::Error => {}
            _ => {
                self.report(
                    Diagnostic::error(code, span, format!("this is no name of a {what}"))
                        .label(format!("not a {what}"))
                        .help("variants are made with parentheses: `Enum::Variant(…)`"),
                );
            }
        }
        None
    }

    /// A variant with its payload. `args` is `None` where the name stands alone: then it is a function of the payload.
    pub fn construct(
        &mut self,
        span: Span,
        adt: AdtId,
        variant: u32,
        type_args: Vec<Ty>,
        args: Option<&[Id]>,
    ) -> ExprId {
        let declared = &self.cx.adt(adt).variants[variant as usize];
        let (name, declared_at) = (self.cx.text(declared.name).to_owned(), declared.span);
        let fields: Vec<(Ty, Span)> = declared.fields.iter().map(|f| (f.ty, f.span)).collect();
        let ty = self.app(TyCon::Adt(adt), &type_args);
        let hint = self.hint.take();
        self.take_hint(hint, ty);
        if args.is_none() && !fields.is_empty() {
            let fields: Vec<Ty> =
                fields.into_iter().map(|(field, _)| self.instantiate(field, &type_args, span)).collect();
            self.require_adt(adt, &type_args, span);
            return self.constructor_value(span, adt, variant, &fields, ty);
        }
        let given = args.unwrap_or_default();
        if given.len() != fields.len() || (args.is_some() && fields.is_empty() && given.is_empty()) {
            let message = match fields.len() {
                0 => format!("`{name}` carries no value"),
                n => format!("`{name}` carries {}, {} given", plural(n, "value"), given.len()),
            };
            let help = match fields.len() {
                0 => format!("write `{name}` alone"),
                1 => format!("write `{name}(value)`"),
                n => format!("write `{name}({})`", vec!["…"; n].join(", ")),
            };
            let mut error =
                Diagnostic::error("E0202", span, message).label(format!("{} given", plural(given.len(), "value")));
            if declared_at.file == span.file {
                error = error.secondary(declared_at, "declared here");
            }
            self.report(error.help(help));
            self.check_args_anyhow(given);
            return self.add(ExprKind::Error, ty, span);
        }
        let mut values = Vec::with_capacity(fields.len());
        for (index, (&arg, &(field, field_at))) in given.iter().zip(&fields).enumerate() {
            let field = self.instantiate(field, &type_args, span);
            let why = if field_at.file == span.file { Why::Field(field_at) } else { Why::Plain };
            values.push((index as u32, self.expr(arg, Want::Is(field, why))));
        }
        self.require_adt(adt, &type_args, span);
        self.add(ExprKind::Construct { adt, variant, fields: values }, ty, span)
    }

    /// The method of that name for a type.
    pub fn method(&mut self, ty: Ty, name: Name) -> Option<FnId> {
        let ty = self.shallow(ty);
        let head = self.cx.types.head(ty)?;
        self.cx.methods.get(&(head, name)).copied()
    }
}
