//! Expressions: the dispatch, literals, blocks, `let`, and what is made of parts or taken apart.

use super::{Deferred, Infer, LocalKind, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FPart, Lit, Stmt};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{BinOp, Id, Node, UnOp};
use crate::syntax::literal::{fstring_text_value, string_value};
use crate::types::format::PLAIN;
use crate::types::suggest::nearest;
use crate::types::ty::{AdtKind, Ty, TyCon, TyKind};

impl<'a> Infer<'_, 'a> {
    /// Checks an expression (or a statement other than `let`) for what its surroundings want.
    pub fn expr(&mut self, id: Id, want: Want) -> ExprId {
        stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.expr_on_this_stack(id, want))
    }

    fn expr_on_this_stack(&mut self, mut id: Id, want: Want) -> ExprId {
        while let Node::Paren(inner) = self.node(id) {
            id = inner;
        }
        // These hand the expectation on to their parts, so that a mismatch is reported where it is.
        match self.node(id) {
            Node::Block(list) => {
                let statements = self.ids(list);
                return self.block(statements, self.span(id), want);
            }
            Node::If(cond, then, otherwise) => return self.if_expr(id, cond, then, otherwise, want),
            Node::Match(value, arms) => return self.match_expr(id, value, self.ids(arms), want),
            Node::Spawn(body) => {
                let e = self.spawn(id, body, matches!(want, Want::Discard));
                return self.finish_want(e, want);
            }
            Node::Closure(params, result, body) => {
                let expected = if let Want::Is(ty, _) = want { Some(ty) } else { None };
                let e = self.closure(self.span(id), self.ids(params), result, body, expected);
                return self.finish_want(e, want);
            }
            _ => {}
        }
        let hint = if let Want::Is(ty, _) = want { Some(ty) } else { None };
        let e = self.leaf(id, hint);
        self.finish_want(e, want)
    }

    fn finish_want(&mut self, e: ExprId, want: Want) -> ExprId {
        match want {
            Want::Any => e,
            Want::Discard => self.discarded(e),
            Want::Is(ty, why) => self.fit(e, ty, why),
        }
    }

    /// `hint` is a type that number literals may adopt.
    pub fn leaf(&mut self, id: Id, hint: Option<Ty>) -> ExprId {
        self.hint = None;
        if id == Id::NONE {
            return self.poison(self.ast.roots.first().map_or(self.close, |&r| self.span(r)));
        }
        let span = self.span(id);
        match self.node(id) {
            Node::Int => {
                let ty = self.integer_hint(hint);
                let value = self.int(span, false, ty);
                self.add(ExprKind::Lit(Lit::Int(value)), ty, span)
            }
            Node::Float => {
                let ty = self.float_hint(hint);
                let value = self.float(span, ty);
                self.add(ExprKind::Lit(Lit::Float(value)), ty, span)
            }
            Node::Str => {
                let text = string_value(self.cx.sources.text(span));
                self.add(ExprKind::Lit(Lit::Str(text)), Ty::STRING, span)
            }
            Node::Bool(value) => self.add(ExprKind::Lit(Lit::Bool(value)), Ty::BOOL, span),
            Node::Unit => self.unit(span),
            Node::SelfValue => {
                let name = self.cx.receiver;
                self.name(name, span)
            }
            Node::Path(name) => self.name(name, span),
            Node::Member(..) | Node::Turbofish(..) => {
                self.hint = hint;
                self.path(id)
            }
            Node::FString(parts) => self.fstring(span, self.ids(parts)),
            Node::StructLit(path, fields) => {
                self.hint = hint;
                self.struct_literal(span, path, self.ids(fields))
            }
            Node::Bin(op, left, right) => self.binary(span, op, left, right, hint),
            Node::Un(op, inner) => self.unary(span, op, inner, hint),
            Node::Call(callee, args) => {
                self.hint = hint;
                self.call(id, callee, self.ids(args))
            }
            Node::Field(of, name) => match self.module(of) {
                Some(module) => self.member_of_module(span, id, module, name, None, None),
                None => self.field(span, of, name),
            },
            Node::OptField(of, name) => self.optional(span, of, name, None),
            Node::TupleField(of, index) => self.tuple_field(span, of, index),
            Node::Await(of) => self.await_expr(span, of),
            Node::Try(of) => self.try_expr(span, of),
            Node::Is(of, path) => self.is_expr(span, of, path),
            Node::Index(list, index) => {
                let list = self.expr(list, Want::Any);
                let index = self.expr(index, Want::Is(Ty::INT, Why::Index));
                self.index(span, list, index)
            }
            Node::Tuple(items) => {
                let hints = self.tuple_hints(hint, self.ids(items).len());
                let items: Vec<ExprId> =
                    self.ids(items).iter().zip(hints).map(|(&i, hint)| self.part(i, hint)).collect();
                let types: Vec<Ty> = items.iter().map(|&i| self.value_ty(i)).collect();
                let ty = self.cx.types.tuple(&types);
                self.add(ExprKind::Tuple(items), ty, span)
            }
            Node::ListLit(items) => {
                let element_hint = self.element_hint(hint);
                let (first, rest) = match self.ids(items).split_first() {
                    Some((&first, rest)) => (Some(first), rest),
                    None => (None, &[][..]),
                };
                let mut values: Vec<ExprId> = first.into_iter().map(|f| self.part(f, element_hint)).collect();
                let element = match values.first() {
                    Some(&value) => self.value_ty(value),
                    None => self.fresh(),
                };
                let why = first.map_or(Why::Plain, |f| Why::Element(self.span(f)));
                values.extend(rest.iter().map(|&item| self.expr(item, Want::Is(element, why))).collect::<Vec<_>>());
                let ty = self.app(TyCon::List, &[element]);
                self.add(ExprKind::List(values), ty, span)
            }
            Node::Return(value) => self.return_expr(span, value),
            Node::Break => self.jump(span, true),
            Node::Continue => self.jump(span, false),
            Node::While(cond, body) => self.while_expr(span, cond, body),
            Node::For(pat, iter, body) => self.for_expr(span, pat, iter, body),
            Node::Assign(op, target, value) => self.assign(span, op, target, value),
            Node::Parallel(body) => self.parallel(span, body),
            Node::Select(arms) => self.select(span, self.ids(arms)),
            Node::Range(a, b) | Node::RangeInclusive(a, b) => {
                let inclusive = matches!(self.node(id), Node::RangeInclusive(..));
                self.range(span, a, b, inclusive)
            }
            Node::Closure(params, result, body) => self.closure(span, self.ids(params), result, body, None),
            Node::Forall(..) => self.unsupported(span, "`forall` is", "call the code with values of your own"),
            // Recovery put it there and has reported it.
            Node::Error => self.poison(span),
            Node::Fn(..) | Node::Struct(..) | Node::Enum(..) => {
                self.unsupported(span, "declarations inside functions are", "move it out of the function")
            }
            _ => self.poison(span),
        }
    }

    // ---- blocks

    /// Statements in a scope of their own. The last one is the value if it is an expression that has one.
    pub fn block(&mut self, statements: &[Id], span: Span, want: Want) -> ExprId {
        let mark = self.enter();
        let mut stmts = Vec::with_capacity(statements.len());
        let mut tail = None;
        // How many values were thrown away before what is never reached.
        let mut unreachable: Option<usize> = None;
        let mut diverges = false;
        for (index, &statement) in statements.iter().enumerate() {
            let last = index + 1 == statements.len();
            if diverges && unreachable.is_none() {
                unreachable = Some(self.dropped.len());
                self.unreachable.push((self.span(statement), self.span(statements[index - 1])));
            }
            if let Node::Let(mutable, pat, value) = self.node(statement) {
                let (stmt, never) = self.let_stmt(statement, mutable, pat, value);
                stmts.push(stmt);
                diverges |= never;
            } else if last && !diverges && !matches!(want, Want::Discard) && self.has_value(statement) {
                let e = self.expr(statement, want);
                diverges |= self.ty(e) == Ty::NEVER;
                tail = Some(e);
            } else {
                let e = self.expr(statement, Want::Discard);
                diverges |= self.ty(e) == Ty::NEVER;
                stmts.push(Stmt::Expr(e));
            }
        }
        self.leave(mark);
        if let Some(reached) = unreachable {
            self.dropped.truncate(reached);
        }
        let ty = match (tail, want) {
            _ if diverges => Ty::NEVER,
            (Some(e), _) => self.ty(e),
            (None, Want::Is(expected, why)) => {
                let close = self.cx.closing_brace(span);
                let broken = statements.last().is_some_and(|&s| matches!(self.node(s), Node::Error));
                if broken {
                    Ty::ERROR
                } else if matches!(why, Why::Tail) && !self.unify(Ty::UNIT, expected) {
                    self.no_value(close, expected);
                    Ty::ERROR
                } else if self.fit_ty(Ty::UNIT, expected, why, close) {
                    Ty::UNIT
                } else {
                    Ty::ERROR
                }
            }
            (None, _) => Ty::UNIT,
        };
        self.add(ExprKind::Block { stmts, tail }, ty, span)
    }

    /// Statements that only look like expressions have no value to give.
    fn has_value(&self, id: Id) -> bool {
        !matches!(
            self.node(id),
            Node::Assign(..)
                | Node::Return(_)
                | Node::Break
                | Node::Continue
                | Node::While(..)
                | Node::For(..)
                | Node::Parallel(_)
                | Node::Select(_)
                | Node::Forall(..)
                | Node::If(_, _, Id::NONE)
                | Node::Error
        )
    }

    fn let_stmt(&mut self, id: Id, mutable: bool, pat: Id, value: Id) -> (Stmt, bool) {
        let span = self.span(id);
        let (pat, annotation) = match self.node(pat) {
            Node::Typed(pat, ty) => (pat, Some(ty)),
            _ => (pat, None),
        };
        let (ty, value) = match annotation {
            Some(written) => {
                let ty = self.resolve_written(written);
                (ty, self.expr(value, Want::Is(ty, Why::Annotation(self.span(written)))))
            }
            None => {
                let value = self.expr(value, Want::Any);
                let ty = self.ty(value);
                (if ty == Ty::NEVER { Ty::UNIT } else { ty }, value)
            }
        };
        let never = self.ty(value) == Ty::NEVER;
        let word = Span { hi: span.hi.min(span.lo + 3), ..span };
        let at = self.body.expr(value).span;
        let pat = self.pattern(pat, ty, at, |this, local| {
            this.body.locals[local.0 as usize].mutable = mutable;
            this.locals[local.0 as usize].kind = LocalKind::Let;
            this.locals[local.0 as usize].let_word = Some(word);
        });
        self.deferred.push(Deferred::Irrefutable { pat, what: "let" });
        (Stmt::Let { pat, value, span }, never)
    }

    // ---- made of parts

    fn fstring(&mut self, span: Span, parts: &[Id]) -> ExprId {
        let mut out = Vec::new();
        for &part in parts {
            match self.node(part) {
                Node::Text => {
                    let text = fstring_text_value(self.cx.sources.text(self.span(part)));
                    out.push(FPart::Text(text));
                }
                Node::Hole(inner, format) => {
                    let e = self.expr(inner, Want::Any);
                    if let Some(format) = format.some() {
                        match self.format(e, inner, format) {
                            Some(PLAIN) => {}
                            Some(format) => {
                                out.push(FPart::Formatted(e, format));
                                continue;
                            }
                            None => continue,
                        }
                    }
                    let ty = self.ty(e);
                    self.deferred.push(Deferred::Text { ty, span: self.span(inner), what: "an f-string hole" });
                    out.push(FPart::Hole(e));
                }
                _ => {}
            }
        }
        self.add(ExprKind::FString(out), Ty::STRING, span)
    }

    fn struct_literal(&mut self, span: Span, path: Id, fields: &[Id]) -> ExprId {
        let name_at = self.span(path);
        let Some((id, args)) = self.adt_path(path, "E0213", "struct") else {
            self.check_field_values(fields);
            return self.poison(span);
        };
        if let Some(hint) = self.hint.take() {
            let ty = self.app(TyCon::Adt(id), &args);
            self.take_hint(Some(hint), ty);
        }
        let adt = self.cx.adt(id);
        let name = self.cx.text(adt.name).to_owned();
        if adt.kind == AdtKind::Enum {
            self.report(
                Diagnostic::error("E0213", name_at, format!("`{name}` is an enum, not a struct"))
                    .label("not a struct")
                    .help(format!("write `{name}::Variant(…)`")),
            );
            self.check_field_values(fields);
            return self.poison(span);
        }
        let declared: Vec<(Name, Ty, Span)> = adt
            .variants
            .first()
            .map_or_else(Vec::new, |v| v.fields.iter().filter_map(|f| f.name.map(|n| (n, f.ty, f.span))).collect());
        let mut given: Vec<Option<Span>> = vec![None; declared.len()];
        let mut values = Vec::new();
        for &field in fields {
            let Node::FieldInit(field_name, value) = self.node(field) else { continue };
            let at = self.span(field);
            let Some(index) = declared.iter().position(|(n, ..)| *n == field_name) else {
                let unknown = self.cx.text(field_name).to_owned();
                let hint = nearest(&unknown, declared.iter().map(|(n, ..)| self.cx.text(*n))).map(str::to_owned);
                let error = Diagnostic::error("E0215", at, format!("`{name}` has no field `{unknown}`"))
                    .label("unknown field")
                    .help(self.did_you_mean(hint, "remove it, or declare the field in the struct"));
                self.report(error);
                if value != Id::NONE {
                    self.expr(value, Want::Any);
                }
                continue;
            };
            let (_, ty, declared_at) = declared[index];
            let ty = self.instantiate(ty, &args, at);
            let value = if value == Id::NONE {
                let e = self.name(field_name, at);
                self.fit(e, ty, Why::Field(declared_at))
            } else {
                self.expr(value, Want::Is(ty, Why::Field(declared_at)))
            };
            if let Some(first) = given[index] {
                let text = self.cx.text(field_name).to_owned();
                self.report(
                    Diagnostic::error("E0216", at, format!("the field `{text}` is given twice"))
                        .label("given again here")
                        .secondary(first, "first given here")
                        .help("remove one of them"),
                );
                continue;
            }
            given[index] = Some(at);
            values.push((index as u32, value));
        }
        let missing: Vec<String> = (declared.iter().zip(&given).filter(|(_, g)| g.is_none()))
            .map(|((n, ..), _)| format!("`{}`", self.cx.text(*n)))
            .collect();
        let broken = fields.iter().any(|&f| matches!(self.node(f), Node::Error));
        if !missing.is_empty() && !broken {
            let missing = missing.join(", ");
            let declared_at = self.cx.adt(id).span;
            self.report(
                Diagnostic::error("E0214", name_at, format!("the value of `{name}` lacks {missing}"))
                    .label(format!("without {missing}"))
                    .secondary(declared_at, "the struct is declared here")
                    .help("a struct literal gives every field a value"),
            );
        }
        self.require_adt(id, &args, name_at);
        let ty = self.app(TyCon::Adt(id), &args);
        self.add(ExprKind::Construct { adt: id, variant: 0, fields: values }, ty, span)
    }

    fn check_field_values(&mut self, fields: &[Id]) {
        for &field in fields {
            if let Node::FieldInit(_, value) = self.node(field)
                && value != Id::NONE
            {
                self.expr(value, Want::Any);
            }
        }
    }

    // ---- taken apart

    fn field(&mut self, span: Span, of: Id, name: Name) -> ExprId {
        // `E.V` is another spelling of `E::V`.
        if let Some(e) = self.member_of_type(span, of, name, None) {
            return e;
        }
        let of = self.expr(of, Want::Any);
        self.solve_if_open(of);
        self.field_of(span, of, name)
    }

    pub fn field_of(&mut self, span: Span, of: ExprId, name: Name) -> ExprId {
        let ty = self.ty(of);
        let at = Span { lo: span.hi.saturating_sub(self.cx.text(name).len() as u32).max(span.lo), ..span };
        let text = self.cx.text(name).to_owned();
        match self.cx.types.kind(ty).clone() {
            TyKind::Error | TyKind::Never => self.poison(span),
            TyKind::App(TyCon::Adt(id), args) if self.cx.adt(id).kind == AdtKind::Struct => {
                let fields = self.cx.adt(id).variants.first().map_or(&[][..], |v| &v.fields);
                if let Some(index) = fields.iter().position(|f| f.name == Some(name)) {
                    let ty = fields[index].ty;
                    let ty = self.instantiate(ty, &args, at);
                    return self.add(ExprKind::Field(of, index as u32), ty, span);
                }
                let known = fields.iter().filter_map(|f| f.name).map(|n| self.cx.text(n));
                let hint = nearest(&text, known).map(str::to_owned);
                let method = self.method(ty, name).is_some();
                let owner = self.show(ty);
                let other =
                    if method { format!("call the method: `{text}(…)`") } else { "use one of its fields".into() };
                let help = self.did_you_mean(hint, &other);
                let declared = self.cx.adt(id).span;
                self.report(
                    Diagnostic::error("E0217", at, format!("`{owner}` has no field `{text}`"))
                        .label("unknown field")
                        .secondary(declared, "the struct is declared here")
                        .help(help),
                );
                self.poison(span)
            }
            TyKind::Infer(_) => {
                self.undetermined(self.body.expr(of).span);
                self.poison(span)
            }
            _ => {
                let owner = self.show(ty);
                let help = if self.method(ty, name).is_some() {
                    format!("call the method: `.{text}(…)`")
                } else {
                    "only structs have named fields".into()
                };
                self.report(
                    Diagnostic::error("E0217", at, format!("{owner} has no field `{text}`"))
                        .label("no field")
                        .help(help),
                );
                self.poison(span)
            }
        }
    }

    fn tuple_field(&mut self, span: Span, of: Id, index: u32) -> ExprId {
        let of = self.expr(of, Want::Any);
        let ty = self.ty(of);
        let error = match self.cx.types.kind(ty).clone() {
            TyKind::Error | TyKind::Never => return self.poison(span),
            TyKind::Tuple(items) => match items.get(index as usize) {
                Some(&item) => return self.add(ExprKind::Field(of, index), item, span),
                None => {
                    let shown = self.show(ty);
                    Diagnostic::error("E0253", span, format!("the tuple {shown} has no element {index}"))
                        .label(format!("the last one is {}", items.len() - 1))
                        .help("elements are counted from 0")
                }
            },
            TyKind::Infer(_) => {
                self.undetermined(self.body.expr(of).span);
                return self.poison(span);
            }
            _ => {
                let shown = self.show(ty);
                Diagnostic::error("E0217", span, format!("{shown} is not a tuple"))
                    .label("has no numbered elements")
                    .help(if matches!(self.kind(ty), TyKind::App(TyCon::List, _)) {
                        "read an element of a list with `l[i]`"
                    } else {
                        "use a tuple here"
                    })
            }
        };
        self.report(error);
        self.poison(span)
    }

    pub fn index(&mut self, span: Span, list: ExprId, index: ExprId) -> ExprId {
        let ty = self.ty(list);
        if let Some(element) = self.as_app(TyCon::List, ty) {
            return self.add(ExprKind::Index(list, index), element, span);
        }
        let shown = self.show(ty);
        let at = self.body.expr(list).span;
        let help = if ty == Ty::STRING {
            "read one code point with `char_at(i)`, a part with `substring(a, b)`"
        } else {
            "only lists have elements"
        };
        self.report(
            Diagnostic::error("E0200", at, format!("expected a List, found {shown}"))
                .label(format!("{shown} cannot be indexed"))
                .help(help),
        );
        self.poison(span)
    }

    pub fn undetermined(&mut self, span: Span) {
        self.report(
            Diagnostic::error(crate::types::codes::UNDETERMINED, span, "the type of this is not known yet")
                .label("its type is needed here")
                .help("write the type where the value is made: `let name: Type = …`"),
        );
    }

    pub fn did_you_mean(&self, hint: Option<String>, otherwise: &str) -> String {
        hint.map_or_else(|| otherwise.to_owned(), |hint| format!("did you mean `{hint}`?"))
    }

    fn unary(&mut self, span: Span, op: UnOp, inner: Id, hint: Option<Ty>) -> ExprId {
        // `-9223372036854775808` is one literal.
        if op == UnOp::Neg
            && let Node::Int = self.node(inner)
        {
            let ty = self.integer_hint(hint);
            let value = self.int(self.span(inner), true, ty);
            return self.add(ExprKind::Lit(Lit::Int(value)), ty, span);
        }
        self.unary_of(span, op, inner, hint)
    }

    fn binary(&mut self, span: Span, op: BinOp, left: Id, right: Id, hint: Option<Ty>) -> ExprId {
        match op {
            BinOp::Coalesce => self.coalesce(span, left, right),
            BinOp::And | BinOp::Or => {
                let left = self.expr(left, Want::Is(Ty::BOOL, Why::Condition));
                let right = self.expr(right, Want::Is(Ty::BOOL, Why::Condition));
                let kind = if op == BinOp::And { ExprKind::And(left, right) } else { ExprKind::Or(left, right) };
                self.add(kind, Ty::BOOL, span)
            }
            _ => self.operator(span, op, left, right, hint),
        }
    }
}
