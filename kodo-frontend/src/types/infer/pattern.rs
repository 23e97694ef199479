//! Patterns against the type of the matched value.

use super::{Infer, Why};
use crate::diag::Diagnostic;
use crate::hir::{Lit, LocalId, PatId, PatKind};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{Id, Node};
use crate::syntax::literal::string_value;
use crate::types::codes;
use crate::types::resolve_ty::{has_trailing_comma, plural};
use crate::types::suggest::nearest;
use crate::types::ty::{AdtId, AdtKind, Ty, TyCon, TyKind};
use rustc_hash::FxHashMap;

/// The place that each level tests is spelled out from the matched value: that is quadratic, and nobody writes more.
const MAX_DEPTH: u32 = 1000;

/// The variables of one pattern.
#[derive(Default)]
struct Bindings {
    /// Bound on the path through alternatives that is being checked, in order.
    names: Vec<(Name, LocalId, Span)>,
    known: FxHashMap<Name, usize>,
    /// Variables of earlier alternatives, which later ones bind again.
    reuse: FxHashMap<Name, LocalId>,
    /// The matched value, for labels.
    matched: Option<Span>,
    /// Levels of the pattern that is being checked, and whether there were too many.
    depth: u32,
    too_deep: bool,
}

impl Infer<'_, '_> {
    /// Checks a pattern and declares its variables in the current scope; `each` sees every one of them.
    pub fn pattern(&mut self, id: Id, ty: Ty, matched: Span, mut each: impl FnMut(&mut Self, LocalId)) -> PatId {
        let mut bindings = Bindings { matched: Some(matched), ..Bindings::default() };
        let pat = self.pat(id, ty, &mut bindings);
        for (name, local, _) in bindings.names {
            self.declare(name, local);
            each(self, local);
        }
        pat
    }

    fn pat(&mut self, id: Id, ty: Ty, b: &mut Bindings) -> PatId {
        let span = if id == Id::NONE { self.close } else { self.span(id) };
        b.depth += 1;
        let kind = if b.depth > MAX_DEPTH {
            if !std::mem::replace(&mut b.too_deep, true) {
                self.report(
                    Diagnostic::error("E0100", span, format!("a pattern of more than {MAX_DEPTH} levels"))
                        .label("this is one too many")
                        .help("bind the inner value to a name, and match that"),
                );
            }
            PatKind::Error
        } else {
            stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.pat_kind(id, ty, b))
        };
        b.depth -= 1;
        self.body.add_pat(kind, ty, span)
    }

    fn fit_pattern(&mut self, id: Id, found: Ty, ty: Ty, b: &Bindings) -> bool {
        let why = b.matched.map_or(Why::Plain, Why::Matched);
        self.fit_ty(found, ty, why, self.span(id))
    }

    fn pat_kind(&mut self, id: Id, ty: Ty, b: &mut Bindings) -> PatKind {
        match self.node(id) {
            Node::Wild => PatKind::Wild,
            Node::Int | Node::NegLit(_) | Node::Float | Node::Str | Node::Bool(_) => {
                let Some((lit, lit_ty)) = self.literal(id, ty) else { return PatKind::Error };
                if self.fit_pattern(id, lit_ty, ty, b) { PatKind::Lit(lit) } else { PatKind::Error }
            }
            Node::RangePat(from, to) => self.range_pat(id, from, to, ty, b),
            Node::Path(name) => self.name_pat(id, name, ty, b),
            Node::Member(owner, name) => self.variant_pattern(id, Some(owner), name, &[], ty, b),
            Node::Ctor(path, args) => {
                let args = self.ids(args);
                match self.node(path) {
                    Node::Path(name) => self.variant_pattern(id, None, name, args, ty, b),
                    Node::Member(owner, name) => self.variant_pattern(id, Some(owner), name, args, ty, b),
                    _ => self.broken(args, b),
                }
            }
            Node::TuplePat(items) => self.tuple_pat(id, self.ids(items), ty, b),
            Node::StructPat(path, fields) => self.struct_pat(id, path, self.ids(fields), ty, b),
            Node::Bind(name, inner) => {
                let local = self.bind_name(name, self.span(id), ty, b);
                let inner = self.pat(inner, ty, b);
                PatKind::Bind(local, Some(inner))
            }
            Node::OrPat(alternatives) => self.or_pat(id, self.ids(alternatives), ty, b),
            _ => PatKind::Error,
        }
    }

    /// Binds the names in sub-patterns that belong to nothing, so that their uses are no errors.
    fn broken(&mut self, args: &[Id], b: &mut Bindings) -> PatKind {
        for &arg in args {
            self.pat(arg, Ty::ERROR, b);
        }
        PatKind::Error
    }

    /// A literal of the type, if that is one of its kind.
    fn literal(&mut self, id: Id, wanted: Ty) -> Option<(Lit, Ty)> {
        let (int, float) = (self.integer_hint(Some(wanted)), self.float_hint(Some(wanted)));
        let span = self.span(id);
        Some(match self.node(id) {
            Node::Int => (Lit::Int(self.int(span, false, int)), int),
            Node::NegLit(inner) => match self.node(inner) {
                Node::Int => (Lit::Int(self.int(self.span(inner), true, int)), int),
                Node::Float => {
                    let value = self.float(self.span(inner), float);
                    (Lit::Float(-value), float)
                }
                _ => return None,
            },
            Node::Float => (Lit::Float(self.float(span, float)), float),
            Node::Str => (Lit::Str(string_value(self.cx.sources.text(span))), Ty::STRING),
            Node::Bool(value) => (Lit::Bool(value), Ty::BOOL),
            _ => return None,
        })
    }

    fn range_pat(&mut self, id: Id, from: Id, to: Id, ty: Ty, b: &Bindings) -> PatKind {
        let mut ends = [0; 2];
        let int = self.integer_hint(Some(ty));
        for (end, at) in ends.iter_mut().zip([from, to]) {
            match self.literal(at, ty) {
                Some((Lit::Int(value), _)) => *end = value,
                Some((_, found)) => {
                    self.fit_ty(found, int, Why::RangeBound, self.span(at));
                    return PatKind::Error;
                }
                None => return PatKind::Error,
            }
        }
        if !self.fit_pattern(id, int, ty, b) {
            return PatKind::Error;
        }
        if int.value(ends[0]) > int.value(ends[1]) {
            self.report(
                Diagnostic::warning(codes::UNREACHABLE, self.span(id), "this range is empty")
                    .label("matches nothing")
                    .help("write the smaller number first"),
            );
            self.errors -= 1;
        }
        PatKind::Range(ends[0], ends[1])
    }

    /// A variant if the matched type has one of the name, else a variable.
    fn name_pat(&mut self, id: Id, name: Name, ty: Ty, b: &mut Bindings) -> PatKind {
        let head = self.kind(ty);
        let capital = self.cx.text(name).starts_with(|c: char| c.is_ascii_uppercase());
        let is_variant = match head {
            TyKind::App(TyCon::Adt(adt), _) if self.cx.adt(adt).kind == AdtKind::Enum => {
                capital || self.cx.adt(adt).variants.iter().any(|v| v.name == name)
            }
            TyKind::Infer(_) => self.cx.bare(self.file, name).is_some(),
            _ => capital && self.cx.bare(self.file, name).is_some(),
        };
        if is_variant {
            return self.variant_pattern(id, None, name, &[], ty, b);
        }
        PatKind::Bind(self.bind_name(name, self.span(id), ty, b), None)
    }

    fn bind_name(&mut self, name: Name, span: Span, ty: Ty, b: &mut Bindings) -> LocalId {
        let text_len = self.cx.text(name).len() as u32;
        let span = Span { hi: (span.lo + text_len).min(span.hi), ..span };
        if let Some(&index) = b.known.get(&name) {
            let (_, local, first) = b.names[index];
            let text = self.cx.text(name).to_owned();
            self.report(
                Diagnostic::error(codes::BINDINGS, span, format!("the pattern binds `{text}` twice"))
                    .label("bound again here")
                    .secondary(first, "first bound here")
                    .help("give one of them another name"),
            );
            return local;
        }
        let local = match b.reuse.get(&name) {
            Some(&local) => {
                let (expected, first) = (self.body.local(local).ty, self.body.local(local).span);
                self.fit_ty(ty, expected, Why::Branch(first), span);
                local
            }
            None => self.local(name, span, ty, false),
        };
        b.known.insert(name, b.names.len());
        b.names.push((name, local, span));
        local
    }

    fn variant_pattern(
        &mut self,
        id: Id,
        owner: Option<Id>,
        name: Name,
        args: &[Id],
        ty: Ty,
        b: &mut Bindings,
    ) -> PatKind {
        let span = self.span(id);
        if let Some(owner) = owner {
            let Some((adt, type_args)) = self.adt_path(owner, "E0218", "enum") else { return self.broken(args, b) };
            let wanted = self.app(TyCon::Adt(adt), &type_args);
            if !self.fit_pattern(id, wanted, ty, b) {
                return self.broken(args, b);
            }
        } else if let TyKind::Infer(_) = self.kind(ty)
            && let Some((adt, _)) = self.cx.bare(self.file, name)
        {
            let type_args = self.fresh_args(adt);
            let wanted = self.app(TyCon::Adt(adt), &type_args);
            self.unify(ty, wanted);
        }
        let (adt, type_args) = match self.kind(ty) {
            TyKind::App(TyCon::Adt(adt), args) if self.cx.adt(adt).kind == AdtKind::Enum => (adt, args),
            TyKind::Error | TyKind::Never => return self.broken(args, b),
            TyKind::Infer(_) => {
                self.undetermined(b.matched.unwrap_or(span));
                return self.broken(args, b);
            }
            _ => {
                let (text, shown) = (self.cx.text(name).to_owned(), self.show(ty));
                let code = if self.cx.bare(self.file, name).is_some() { "E0200" } else { "E0219" };
                let mut error = Diagnostic::error(code, span, format!("{shown} has no variant `{text}`"))
                    .label("the matched value is no enum")
                    .help("match a value of this type with a literal, a name or `_`");
                if let Some(at) = b.matched {
                    error = error.secondary(at, format!("this is {shown}"));
                }
                self.report(error);
                return self.broken(args, b);
            }
        };
        let Some(variant) = self.cx.adt(adt).variants.iter().position(|v| v.name == name) else {
            let at = Span { hi: self.node_name_end(id), ..span };
            self.unknown_variant(at, adt, name);
            return self.broken(args, b);
        };
        let fields: Vec<Ty> = self.cx.adt(adt).variants[variant].fields.iter().map(|f| f.ty).collect();
        if fields.len() != args.len() {
            self.payload_count(span, adt, variant, fields.len(), args.len());
            return self.broken(args, b);
        }
        let mut pats = Vec::with_capacity(args.len());
        for (field, &arg) in fields.into_iter().zip(args) {
            let field = self.instantiate(field, &type_args, span);
            pats.push(self.pat(arg, field, b));
        }
        PatKind::Variant { adt, variant: variant as u32, fields: pats }
    }

    /// Where the path of a variant pattern ends.
    fn node_name_end(&self, id: Id) -> u32 {
        match self.node(id) {
            Node::Ctor(path, _) => self.span(path).hi,
            _ => self.span(id).hi,
        }
    }

    fn payload_count(&mut self, span: Span, adt: AdtId, variant: usize, expected: usize, given: usize) {
        let declared = &self.cx.adt(adt).variants[variant];
        let (name, at) = (self.cx.text(declared.name).to_owned(), declared.span);
        let help = match expected {
            0 => format!("write `{name}` alone"),
            n => format!("write `{name}({})`, with `_` for what is not needed", vec!["_"; n].join(", ")),
        };
        let error = Diagnostic::error(
            "E0202",
            span,
            format!("`{name}` carries {}, the pattern has {}", plural(expected, "value"), plural(given, "part")),
        )
        .label("wrong number of parts")
        .help(help);
        self.report(if at.file == span.file { error.secondary(at, "declared here") } else { error });
    }

    fn tuple_pat(&mut self, id: Id, items: &[Id], ty: Ty, b: &mut Bindings) -> PatKind {
        let span = self.span(id);
        if let [one] = items
            && !has_trailing_comma(self.cx.sources.text(span))
        {
            return self.pat_kind(*one, ty, b);
        }
        let parts: Vec<Ty> = match self.kind(ty) {
            TyKind::Tuple(parts) if parts.len() == items.len() => parts.to_vec(),
            _ => {
                let parts: Vec<Ty> = items.iter().map(|_| self.fresh()).collect();
                let tuple = self.cx.types.tuple(&parts);
                if !self.fit_pattern(id, tuple, ty, b) {
                    return self.broken(items, b);
                }
                if self.shallow(ty) == Ty::ERROR {
                    return self.broken(items, b);
                }
                parts
            }
        };
        let mut pats = Vec::with_capacity(items.len());
        for (part, &item) in parts.into_iter().zip(items) {
            pats.push(self.pat(item, part, b));
        }
        if pats.is_empty() { PatKind::Wild } else { PatKind::Tuple(pats) }
    }

    fn struct_pat(&mut self, id: Id, path: Id, fields: &[Id], ty: Ty, b: &mut Bindings) -> PatKind {
        let parts: Vec<Id> =
            (fields.iter().filter_map(|&f| if let Node::FieldInit(_, p) = self.node(f) { Some(p) } else { None }))
                .filter(|&p| p != Id::NONE)
                .collect();
        let Some((adt, args)) = self.adt_path(path, "E0213", "struct") else { return self.broken(&parts, b) };
        let wanted = self.app(TyCon::Adt(adt), &args);
        if !self.fit_pattern(id, wanted, ty, b) {
            return self.broken(&parts, b);
        }
        if self.cx.adt(adt).kind == AdtKind::Enum {
            let name = self.cx.text(self.cx.adt(adt).name).to_owned();
            self.report(
                Diagnostic::error("E0213", self.span(path), format!("`{name}` is an enum, not a struct"))
                    .label("not a struct")
                    .help(format!("write `{name}::Variant(…)`")),
            );
            return self.broken(&parts, b);
        }
        let declared: Vec<(Option<Name>, Ty)> = self
            .cx
            .adt(adt)
            .variants
            .first()
            .map_or_else(Vec::new, |v| v.fields.iter().map(|f| (f.name, f.ty)).collect());
        let mut pats: Vec<Option<PatId>> = vec![None; declared.len()];
        for &field in fields {
            let Node::FieldInit(name, inner) = self.node(field) else { continue };
            let at = self.span(field);
            let Some(index) = declared.iter().position(|(n, _)| *n == Some(name)) else {
                let (text, owner) = (self.cx.text(name).to_owned(), self.cx.text(self.cx.adt(adt).name).to_owned());
                let known = declared.iter().filter_map(|(n, _)| *n).map(|n| self.cx.text(n));
                let hint = nearest(&text, known).map(str::to_owned);
                self.report(
                    Diagnostic::error("E0215", at, format!("`{owner}` has no field `{text}`"))
                        .label("unknown field")
                        .help(self.did_you_mean(hint, "remove it from the pattern")),
                );
                continue;
            };
            let field_ty = self.instantiate(declared[index].1, &args, at);
            let pat = if inner == Id::NONE {
                let local = self.bind_name(name, at, field_ty, b);
                self.body.add_pat(PatKind::Bind(local, None), field_ty, at)
            } else {
                self.pat(inner, field_ty, b)
            };
            if pats[index].replace(pat).is_some() {
                let text = self.cx.text(name).to_owned();
                self.report(
                    Diagnostic::error("E0216", at, format!("the field `{text}` stands twice in the pattern"))
                        .label("given again here")
                        .help("remove one of them"),
                );
            }
        }
        // Fields that are not named may have any value.
        let span = self.span(id);
        let fields = (pats.into_iter().zip(declared))
            .map(|(pat, (_, ty))| {
                pat.unwrap_or_else(|| {
                    let ty = self.instantiate(ty, &args, span);
                    self.body.add_pat(PatKind::Wild, ty, span)
                })
            })
            .collect();
        PatKind::Variant { adt, variant: 0, fields }
    }

    fn or_pat(&mut self, id: Id, alternatives: &[Id], ty: Ty, b: &mut Bindings) -> PatKind {
        let base = b.names.len();
        let outer_reuse = b.reuse.clone();
        let mut pats = Vec::with_capacity(alternatives.len());
        let mut first: Vec<(Name, LocalId, Span)> = Vec::new();
        for (index, &alternative) in alternatives.iter().enumerate() {
            pats.push(self.pat(alternative, ty, b));
            let bound: Vec<(Name, LocalId, Span)> = b.names.drain(base..).collect();
            for (name, ..) in &bound {
                b.known.remove(name);
            }
            if index == 0 {
                b.reuse.extend(bound.iter().map(|(name, local, _)| (*name, *local)));
                first = bound;
                continue;
            }
            let missing = first.iter().find(|(n, ..)| !bound.iter().any(|(m, ..)| m == n));
            let extra = bound.iter().find(|(n, ..)| !first.iter().any(|(m, ..)| m == n));
            if let Some(&(name, _, at)) = missing.or(extra) {
                let text = self.cx.text(name).to_owned();
                self.report(
                    Diagnostic::error(codes::BINDINGS, self.span(id), format!("not every alternative binds `{text}`"))
                        .label("the alternatives bind different names")
                        .secondary(at, format!("`{text}` is bound here"))
                        .help("bind the same names in every alternative, or write two arms"),
                );
                first.extend(
                    bound.iter().filter(|(n, ..)| !first.iter().any(|(m, ..)| m == n)).copied().collect::<Vec<_>>(),
                );
            }
        }
        b.reuse = outer_reuse;
        for binding in first {
            b.known.insert(binding.0, b.names.len());
            b.names.push(binding);
        }
        PatKind::Or(pats)
    }
}
