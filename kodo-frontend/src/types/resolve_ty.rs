//! Types as written, to [`Ty`].

use super::codes;
use super::context::{AliasState, Cx, PRELUDE_FILE, TypeDef, Written};
use super::modules::Item;
use super::number;
use super::traits::{Bounds, TraitId};
use super::ty::{Ty, TyCon, TyKind};
use crate::diag::Diagnostic;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Node};

/// Where a type is written.
#[derive(Clone, Copy)]
pub struct TypeScope<'g> {
    pub file: usize,
    pub generics: &'g [Name],
    /// By generic parameter, what it implements.
    pub bounds: &'g [Bounds],
    pub self_ty: Option<Ty>,
    /// The trait whose associated types are known by their bare names.
    pub of: Option<TraitId>,
}

impl<'g> TypeScope<'g> {
    pub fn new(file: usize, generics: &'g [Name]) -> TypeScope<'g> {
        TypeScope { file, generics, bounds: &[], self_ty: None, of: None }
    }
}

impl Cx<'_> {
    pub fn resolve_ty(&mut self, scope: TypeScope<'_>, id: Id) -> Ty {
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.resolve_ty_inner(scope, id))
    }

    fn resolve_ty_inner(&mut self, scope: TypeScope<'_>, id: Id) -> Ty {
        if id == Id::NONE {
            return Ty::ERROR;
        }
        let ast = self.ast(scope.file);
        let span = ast.span(id);
        match ast.node(id) {
            Node::NamedType(path, args) => {
                let args: Vec<Ty> = ast.list(args).iter().map(|&t| self.resolve_ty(scope, t)).collect();
                match ast.node(path) {
                    Node::Path(name) => self.named(scope, name, &args, ast.span(path)),
                    Node::Member(owner, name) if let Some(module) = self.module_at(scope.file, owner) => {
                        let def = self.type_of_module(module, name, ast.span(path));
                        self.defined(scope, def, name, &args, ast.span(path)).unwrap_or(Ty::ERROR)
                    }
                    Node::Member(owner, name) if args.is_empty() => self.assoc_path(scope, owner, name, ast.span(path)),
                    Node::Error => Ty::ERROR,
                    _ => {
                        self.unsupported(span, "types of other modules are", "declare the type in this file");
                        Ty::ERROR
                    }
                }
            }
            Node::OptType(inner) => {
                let inner = self.resolve_ty(scope, inner);
                let option = self.option;
                self.types.app(TyCon::Adt(option), &[inner])
            }
            Node::TupleType(items) => {
                let items: Vec<Ty> = ast.list(items).iter().map(|&t| self.resolve_ty(scope, t)).collect();
                if let [one] = items[..]
                    && !has_trailing_comma(self.sources.text(span))
                {
                    return one;
                }
                self.types.tuple(&items)
            }
            Node::FnType(params, result) => {
                let params: Vec<Ty> = ast.list(params).iter().map(|&t| self.resolve_ty(scope, t)).collect();
                let result = if result == Id::NONE { Ty::UNIT } else { self.resolve_ty(scope, result) };
                self.types.intern(TyKind::Fn(params.into(), result))
            }
            Node::DynType(path) => self.dyn_type(scope.file, path, span),
            _ => Ty::ERROR,
        }
    }

    /// A named type applied to arguments; `span` is the name's.
    pub fn named(&mut self, scope: TypeScope<'_>, name: Name, args: &[Ty], span: Span) -> Ty {
        if let Some(n) = scope.generics.iter().position(|&g| g == name) {
            if !args.is_empty() {
                self.wrong_arguments(span, name, 0, args.len());
                return Ty::ERROR;
            }
            return self.types.intern(TyKind::Param(n as u32));
        }
        if let (Some(of), Some(on)) = (scope.of, scope.self_ty)
            && args.is_empty()
            && let Some(index) = self.types.traits.get(of).assoc.iter().position(|a| a.name == name)
        {
            return self.assoc_of(of, index as u32, on, span);
        }
        let def = self.type_def(scope.file, name);
        if let Some(ty) = self.defined(scope, def, name, args, span) {
            return ty;
        }
        let text = self.text(name).to_owned();
        let plain = match text.as_str() {
            text if let Some(number) = number::named(text) => number,
            "Bool" => Ty::BOOL,
            "String" => Ty::STRING,
            "Unit" => Ty::UNIT,
            "Never" if scope.file == PRELUDE_FILE => Ty::NEVER,
            "List" => return self.applied(TyCon::List, 1, name, args, span),
            "Channel" => return self.applied(TyCon::Channel, 1, name, args, span),
            "Future" => return self.applied(TyCon::Future, 1, name, args, span),
            "Self" if scope.self_ty.is_some() => return scope.self_ty.unwrap_or(Ty::ERROR),
            _ => {
                let hint = self.nearest_type(scope.file, &text, scope.generics);
                let error =
                    Diagnostic::error("E0201", span, format!("there is no type `{text}`")).label("unknown type");
                // One letter is how type parameters are called.
                if text.len() == 1 && text.as_bytes()[0].is_ascii_uppercase() {
                    let error =
                        Diagnostic::error("E0222", span, format!("the type parameter `{text}` is not declared"));
                    let declared: Vec<&str> = scope.generics.iter().map(|&n| self.text(n)).chain([&*text]).collect();
                    let help =
                        format!("declare it after the name of the function or type: `<{}>`", declared.join(", "));
                    self.report(error.label("unknown type").help(help));
                    return Ty::ERROR;
                }
                if let Some(report) = self.import_problem(scope.file, name, span) {
                    self.report(report);
                    return Ty::ERROR;
                }
                self.report(match (super::foreign::ty(&text), hint) {
                    (Some(help), _) => error.help(help),
                    (_, Some(hint)) => error.help(format!("did you mean `{hint}`?")),
                    _ => error.help("declare it with `struct` or `enum`"),
                });
                return Ty::ERROR;
            }
        };
        if args.is_empty() {
            plain
        } else {
            self.wrong_arguments(span, name, 0, args.len());
            Ty::ERROR
        }
    }

    /// A declared type applied to arguments. None if it is not declared.
    fn defined(
        &mut self,
        scope: TypeScope<'_>,
        def: Option<TypeDef>,
        name: Name,
        args: &[Ty],
        span: Span,
    ) -> Option<Ty> {
        Some(match def? {
            TypeDef::Adt(id) => {
                let count = self.adt(id).params.len();
                if self.adt_bounds[id.0 as usize].iter().any(|b| !b.is_empty()) && args.len() == count {
                    let (args, bounds, generics) = (args.to_vec(), scope.bounds.to_vec(), scope.generics.to_vec());
                    self.written.push(Written { adt: id, args, span, bounds, generics });
                }
                self.applied(TyCon::Adt(id), count, name, args, span)
            }
            TypeDef::Trait(_) => {
                let text = self.text(name).to_owned();
                self.report(
                    Diagnostic::error("E0201", span, format!("`{text}` is a trait, not a type"))
                        .label("values have types")
                        .help(format!(
                            "write `dyn {text}` for any type that implements it, or a type parameter `T: {text}`"
                        )),
                );
                Ty::ERROR
            }
            TypeDef::Alias(index) => {
                if !args.is_empty() {
                    self.wrong_arguments(span, name, 0, args.len());
                    return Some(Ty::ERROR);
                }
                self.alias(index)
            }
        })
    }

    /// A public type of a module, or a report that there is none.
    pub fn type_of_module(&mut self, module: usize, name: Name, span: Span) -> Option<TypeDef> {
        match self.item_of(module, name, span) {
            Ok(Item::Type(def)) => return Some(def),
            Ok(Item::Function(f)) => {
                let text = self.signature(f).display_name.clone();
                self.report(
                    Diagnostic::error("E0201", span, format!("`{text}` is a function, not a type"))
                        .label("not a type")
                        .help("name a type here"),
                );
            }
            Err(report) => self.report(*report),
        }
        None
    }

    fn applied(&mut self, con: TyCon, count: usize, name: Name, args: &[Ty], span: Span) -> Ty {
        if args.len() == count {
            return self.types.app(con, args);
        }
        self.wrong_arguments(span, name, count, args.len());
        Ty::ERROR
    }

    pub fn wrong_arguments(&mut self, span: Span, name: Name, expected: usize, found: usize) {
        let text = self.text(name).to_owned();
        let needs = plural(expected, "type argument");
        let error = if found == 0 {
            let holes = vec!["…"; expected].join(", ");
            Diagnostic::error("E0223", span, format!("`{text}` needs {needs}"))
                .label("type arguments are missing")
                .help(format!("write `{text}<{holes}>`"))
        } else {
            Diagnostic::error("E0221", span, format!("`{text}` takes {needs}, {found} given"))
                .label(format!("{found} given"))
                .help(if expected == 0 { format!("write `{text}` alone") } else { format!("give exactly {needs}") })
        };
        self.report(error);
    }

    fn alias(&mut self, index: usize) -> Ty {
        match self.aliases[index].state {
            AliasState::Done(ty) => ty,
            AliasState::Resolving => {
                let (file, id, name) = (self.aliases[index].file, self.aliases[index].ty, self.aliases[index].name);
                let span = self.ast(file).span(id);
                let text = self.text(name).to_owned();
                self.report(
                    Diagnostic::error(codes::ALIAS_CYCLE, span, format!("the type alias `{text}` stands for itself"))
                        .label("this leads back to the alias")
                        .help("break the cycle with a struct or enum"),
                );
                Ty::ERROR
            }
            AliasState::Untouched => {
                self.aliases.get_mut()[index].state = AliasState::Resolving;
                let (file, id) = (self.aliases[index].file, self.aliases[index].ty);
                let ty = self.resolve_ty(TypeScope::new(file, &[]), id);
                self.aliases.get_mut()[index].state = AliasState::Done(ty);
                ty
            }
        }
    }

    /// Resolves every alias, so that a broken one is reported even if it is not used.
    pub fn resolve_aliases(&mut self) {
        for index in 0..self.aliases.len() {
            self.alias(index);
        }
    }
}

/// `(x,)` is a tuple, `(x)` is not.
pub fn has_trailing_comma(text: &str) -> bool {
    text.trim_end().strip_suffix(')').is_some_and(|t| t.trim_end().ends_with(','))
}

pub fn plural(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("one {what}"),
        n => format!("{n} {what}s"),
    }
}
