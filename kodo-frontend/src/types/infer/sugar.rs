//! Sugar, written out: `?`, `??`, `is`, `?.`, and library functions whose panic must have the caller's place.

use super::{Deferred, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{Arm, BinaryOp, ExprId, ExprKind, Lit, LocalId, PatId, PatKind, Stmt, UnaryOp};
use crate::mir::Intrinsic;
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{BinOp, Id, Node};
use crate::types::context::{PRELUDE_FILE, Sugar};
use crate::types::suggest::nearest;
use crate::types::ty::{AdtId, AdtKind, Ty, TyCon, TyKind};

impl<'a> Infer<'_, 'a> {
    // ---- pieces

    fn local_expr(&mut self, local: LocalId, span: Span) -> ExprId {
        let ty = self.body.local(local).ty;
        self.add(ExprKind::Local(local), ty, span)
    }

    /// `adt::variant(local)` (or without payload), as a pattern.
    fn variant_pat(&mut self, span: Span, ty: Ty, adt: AdtId, variant: u32, payload: Option<LocalId>) -> PatId {
        let fields = match payload {
            Some(local) => {
                let ty = self.body.local(local).ty;
                vec![self.body.add_pat(PatKind::Bind(local, None), ty, span)]
            }
            None => Vec::new(),
        };
        self.body.add_pat(PatKind::Variant { adt, variant, fields }, ty, span)
    }

    fn some(&mut self, span: Span, value: ExprId) -> ExprId {
        let inner = self.value_ty(value);
        let ty = self.option_of(inner);
        let adt = self.cx.option;
        self.add(ExprKind::Construct { adt, variant: 0, fields: vec![(0, value)] }, ty, span)
    }

    fn none(&mut self, span: Span, ty: Ty) -> ExprId {
        let adt = self.cx.option;
        self.add(ExprKind::Construct { adt, variant: 1, fields: Vec::new() }, ty, span)
    }

    fn two_arms(
        &mut self,
        span: Span,
        value: ExprId,
        first: (PatId, ExprId),
        second: (PatId, ExprId),
        ty: Ty,
    ) -> ExprId {
        let arms =
            vec![Arm { pat: first.0, guard: None, body: first.1 }, Arm { pat: second.0, guard: None, body: second.1 }];
        self.add(ExprKind::Match { value, arms }, ty, span)
    }

    fn panic(&mut self, span: Span, message: ExprId) -> ExprId {
        match self.cx.intrinsics.get(&Intrinsic::Panic) {
            Some(&function) => {
                self.add(ExprKind::Call { function, type_args: Vec::new(), args: vec![message] }, Ty::NEVER, span)
            }
            None => self.poison(span),
        }
    }

    fn text(&mut self, span: Span, text: &str) -> ExprId {
        self.add(ExprKind::Lit(Lit::Str(text.into())), Ty::STRING, span)
    }

    /// A message that shows values if they have a text form, which is known at the end of the body.
    fn text_with(&mut self, span: Span, prefix: &str, locals: Vec<(&'static str, LocalId)>) -> ExprId {
        let slot = self.text(span, prefix);
        self.deferred.push(Deferred::PanicText { slot, prefix: prefix.into(), locals });
        slot
    }

    fn bind(&mut self, span: Span, value: ExprId) -> (LocalId, Stmt) {
        let ty = self.value_ty(value);
        let local = self.temporary(span, ty);
        let pat = self.body.add_pat(PatKind::Bind(local, None), ty, span);
        (local, Stmt::Let { pat, value, span })
    }

    // ---- operators

    pub fn try_expr(&mut self, span: Span, of: Id) -> ExprId {
        let value = self.expr(of, Want::Any);
        let ty = self.ty(value);
        let mark = Span { lo: span.hi.saturating_sub(1).max(span.lo), ..span };
        let (option, result) = (self.cx.option, self.cx.result);
        match self.cx.types.kind(ty).clone() {
            TyKind::Error | TyKind::Never => self.poison(span),
            TyKind::App(TyCon::Adt(id), args) if id == result => {
                let (ok, err) = (args[0], args[1]);
                let other = self.fresh();
                let returned = self.app(TyCon::Adt(result), &[other, err]);
                if !self.returns(mark, returned, err, "Result") {
                    return self.add(ExprKind::Error, ok, span);
                }
                let (good, bad) = (self.temporary(span, ok), self.temporary(span, err));
                let good_pat = self.variant_pat(span, ty, id, 0, Some(good));
                let bad_pat = self.variant_pat(span, ty, id, 1, Some(bad));
                let bad = self.local_expr(bad, span);
                let bad = self.add(ExprKind::Construct { adt: id, variant: 1, fields: vec![(0, bad)] }, returned, span);
                let leave = self.add(ExprKind::Return(Some(bad)), Ty::NEVER, span);
                let good = self.local_expr(good, span);
                self.two_arms(span, value, (good_pat, good), (bad_pat, leave), ok)
            }
            TyKind::App(TyCon::Adt(id), args) if id == option => {
                let some = args[0];
                let other = self.fresh();
                let returned = self.option_of(other);
                if !self.returns(mark, returned, Ty::ERROR, "Option") {
                    return self.add(ExprKind::Error, some, span);
                }
                let local = self.temporary(span, some);
                let some_pat = self.variant_pat(span, ty, id, 0, Some(local));
                let none_pat = self.variant_pat(span, ty, id, 1, None);
                let none = self.none(span, returned);
                let leave = self.add(ExprKind::Return(Some(none)), Ty::NEVER, span);
                let local = self.local_expr(local, span);
                self.two_arms(span, value, (some_pat, local), (none_pat, leave), some)
            }
            TyKind::Infer(_) => {
                self.undetermined(self.body.expr(value).span);
                self.poison(span)
            }
            _ => {
                let shown = self.show(ty);
                self.report(
                    Diagnostic::error("E0224", mark, format!("`?` needs a Result or an Option, and this is {shown}"))
                        .label(format!("applied to {shown}"))
                        .help("remove the `?`"),
                );
                self.poison(span)
            }
        }
    }

    /// Can the function (or spawned block) return that? Reports if not.
    fn returns(&mut self, mark: Span, returned: Ty, err: Ty, what: &str) -> bool {
        let in_spawn = self.frames.len() > 1;
        let Some(result) = self.frame().result else {
            self.report(
                Diagnostic::error("E0224", mark, "`?` in a spawned block that nobody awaits")
                    .label(format!("there is nobody to return the {what} to"))
                    .help("handle it here with `match`, or await the block: `let f = spawn { … }`"),
            );
            return false;
        };
        if self.unify(result, returned) {
            return true;
        }
        let shown = self.show(result);
        let same = match self.kind(result) {
            TyKind::App(TyCon::Adt(id), args) if id == self.cx.result && what == "Result" => Some(args[1]),
            _ => None,
        };
        let span = self.cx.info(self.id).result_span.filter(|_| !in_spawn);
        let error = match same {
            Some(wanted) => {
                let (wanted, found) = (self.show(wanted), self.show(err));
                Diagnostic::error("E0200", mark, format!("`?` returns an error of type {found}, expected {wanted}"))
                    .label(format!("the error here is {found}"))
                    .help("convert the error with `match` before it is returned")
            }
            None => Diagnostic::error(
                "E0224",
                mark,
                format!("`?` needs a function that returns {what}, this one returns {shown}"),
            )
            .label(format!("would return the {what} early"))
            .help(format!("let the function return {what}, or handle the value with `match`")),
        };
        self.report(match span {
            Some(at) => error.secondary(at, format!("the function returns {shown}")),
            None => error,
        });
        false
    }

    pub fn coalesce(&mut self, span: Span, left: Id, right: Id) -> ExprId {
        let left_at = self.span(left);
        let value = self.expr(left, Want::Any);
        let ty = self.ty(value);
        let Some(inner) = self.as_app(TyCon::Adt(self.cx.option), ty) else {
            if ty != Ty::NEVER {
                let shown = self.show(ty);
                let help = match self.kind(ty) {
                    TyKind::App(TyCon::Adt(id), _) if id == self.cx.result => {
                        "use `.unwrap_or(…)` or `match` on a Result"
                    }
                    _ => "the left side always has a value: remove the `??`",
                };
                self.report(
                    Diagnostic::error("E0226", left_at, format!("the left side of `??` is {shown}, not an Option"))
                        .label(format!("this is {shown}"))
                        .help(help),
                );
            }
            self.expr(right, Want::Any);
            return self.poison(span);
        };
        if ty == Ty::ERROR {
            self.expr(right, Want::Any);
            return self.poison(span);
        }
        let other = self.expr(right, Want::Any);
        let other_ty = self.ty(other);
        let option = self.cx.option;
        let stays = self.adt_of(other_ty) == Some(option) && self.adt_of(inner) != Some(option);
        let result = if stays { ty } else { inner };
        let other = self.fit(other, result, Why::Operand(left_at));
        let local = self.temporary(span, inner);
        let some_pat = self.variant_pat(span, ty, option, 0, Some(local));
        let none_pat = self.variant_pat(span, ty, option, 1, None);
        let local = self.local_expr(local, span);
        let kept = if stays { self.some(span, local) } else { local };
        self.two_arms(span, value, (some_pat, kept), (none_pat, other), result)
    }

    pub fn is_expr(&mut self, span: Span, of: Id, path: Id) -> ExprId {
        let value = self.expr(of, Want::Any);
        let ty = self.ty(value);
        let at = self.span(path);
        let (owner, name) = match self.node(path) {
            Node::Path(name) => (None, name),
            Node::Member(owner, name) => (Some(owner), name),
            _ => return self.poison(span),
        };
        if let Some(owner) = owner {
            match self.adt_path(owner, "E0218", "enum") {
                Some((id, args)) => {
                    let wanted = self.app(TyCon::Adt(id), &args);
                    self.fit(value, wanted, Why::Plain);
                }
                None => return self.add(ExprKind::Error, Ty::BOOL, span),
            }
        } else if let TyKind::Infer(_) = self.cx.types.kind(ty)
            && let Some((id, _)) = self.cx.bare(self.file, name)
        {
            let args = self.fresh_args(id);
            let wanted = self.app(TyCon::Adt(id), &args);
            self.unify(ty, wanted);
        }
        let ty = self.ty(value);
        if ty == Ty::ERROR || ty == Ty::NEVER {
            return self.add(ExprKind::Error, Ty::BOOL, span);
        }
        let id = self.adt_of(ty).filter(|&id| self.cx.adt(id).kind == AdtKind::Enum);
        let Some(id) = id else {
            let shown = self.show(ty);
            self.report(
                Diagnostic::error("E0219", at, format!("{shown} has no variants"))
                    .label("not an enum's variant")
                    .help("`is` asks which variant an enum's value has; compare other values with `==`"),
            );
            return self.add(ExprKind::Error, Ty::BOOL, span);
        };
        let Some(variant) = self.cx.adt(id).variants.iter().position(|v| v.name == name) else {
            self.unknown_variant(at, id, name);
            return self.add(ExprKind::Error, Ty::BOOL, span);
        };
        let payload: Vec<Ty> = self.cx.adt(id).variants[variant].fields.iter().map(|f| f.ty).collect();
        let TyKind::App(_, args) = self.kind(ty) else { return self.poison(span) };
        let mut fields = Vec::new();
        for field in payload {
            let field = self.instantiate(field, &args, span);
            fields.push(self.body.add_pat(PatKind::Wild, field, span));
        }
        let yes_pat = self.body.add_pat(PatKind::Variant { adt: id, variant: variant as u32, fields }, ty, span);
        let no_pat = self.body.add_pat(PatKind::Wild, ty, span);
        let yes = self.add(ExprKind::Lit(Lit::Bool(true)), Ty::BOOL, span);
        let no = self.add(ExprKind::Lit(Lit::Bool(false)), Ty::BOOL, span);
        self.two_arms(span, value, (yes_pat, yes), (no_pat, no), Ty::BOOL)
    }

    pub fn unknown_variant(&mut self, at: Span, id: AdtId, name: Name) {
        let adt = self.cx.adt(id);
        let (text, owner, declared) = (self.cx.text(name).to_owned(), self.cx.text(adt.name).to_owned(), adt.span);
        let known: Vec<&str> = adt.variants.iter().map(|v| self.cx.text(v.name)).collect();
        let hint = nearest(&text, known.iter().copied()).map(str::to_owned);
        let otherwise = format!("its variants are {}", known[..known.len().min(8)].join(", "));
        let error =
            Diagnostic::error("E0219", at, format!("`{owner}` has no variant `{text}`")).label("unknown variant");
        let error =
            if declared.file == at.file { error.secondary(declared, "the enum is declared here") } else { error };
        self.report(error.help(self.did_you_mean(hint, &otherwise)));
    }

    /// `of?.name`, or `of?.name(args)`.
    pub fn optional(&mut self, span: Span, of: Id, name: Name, args: Option<&'a [Id]>) -> ExprId {
        let of_at = self.span(of);
        let value = self.expr(of, Want::Any);
        let ty = self.ty(value);
        let option = self.cx.option;
        let inner = match self.cx.types.kind(ty) {
            TyKind::App(TyCon::Adt(id), args) if *id == option => args[0],
            TyKind::Error | TyKind::Never => {
                self.check_args_anyhow(args.unwrap_or_default());
                return self.poison(span);
            }
            _ => {
                let shown = self.show(ty);
                self.report(
                    Diagnostic::error("E0225", of_at, format!("`?.` needs an Option, and this is {shown}"))
                        .label(format!("this is {shown}"))
                        .help("the value is always there: write `.`"),
                );
                self.check_args_anyhow(args.unwrap_or_default());
                return self.poison(span);
            }
        };
        let local = self.temporary(of_at, inner);
        let receiver = self.local_expr(local, of_at);
        let part = match args {
            None => self.field_of(span, receiver, name),
            Some(args) => {
                let at = Span { lo: of_at.hi + 2, hi: of_at.hi + 2 + self.cx.text(name).len() as u32, ..span };
                self.call_method(span, at, of_at, receiver, name, args)
            }
        };
        let some_pat = self.variant_pat(span, ty, option, 0, Some(local));
        let none_pat = self.variant_pat(span, ty, option, 1, None);
        let some = self.some(span, part);
        let result = self.ty(some);
        let none = self.none(span, result);
        self.two_arms(span, value, (some_pat, some), (none_pat, none), result)
    }

    // ---- library functions with the caller's place

    pub fn expand(&mut self, span: Span, sugar: Sugar, type_args: &[Ty], values: &[ExprId], ty: Ty) -> ExprId {
        match (sugar, values) {
            (Sugar::Index, &[list, index]) => self.index(span, list, index),
            (Sugar::Pop, &[list]) => {
                let Some(&function) = self.cx.intrinsics.get(&Intrinsic::ListPop) else { return self.poison(span) };
                let option = self.option_of(ty);
                let call = ExprKind::Call { function, type_args: type_args.to_vec(), args: vec![list] };
                let popped = self.add(call, option, span);
                let message = self.text(span, "`pop` on an empty list");
                self.open(span, popped, self.cx.option, 0, message)
            }
            (Sugar::MapGet, &[map, key]) => {
                // The map is read where it is; only the key is needed twice.
                let name = self.cx.names.get("map_try_get");
                let function = name.and_then(|n| self.cx.scopes[PRELUDE_FILE].functions.get(&n));
                let Some(&function) = function else { return self.poison(span) };
                let (key, first) = self.bind(span, key);
                let read = self.local_expr(key, span);
                let option = self.option_of(ty);
                let call = ExprKind::Call { function, type_args: type_args.to_vec(), args: vec![map, read] };
                let found = self.add(call, option, span);
                let message = self.text_with(span, "no such key in the map", vec![(": ", key)]);
                let e = self.open(span, found, self.cx.option, 0, message);
                self.add(ExprKind::Block { stmts: vec![first], tail: Some(e) }, ty, span)
            }
            (Sugar::Unwrap | Sugar::UnwrapErr, &[value]) => {
                let kept = u32::from(sugar == Sugar::UnwrapErr);
                self.unwrap(span, value, kept, None)
            }
            (Sugar::Expect, &[value, message]) => {
                // The message is evaluated before the value is looked at, as every argument is.
                let (value_local, first) = self.bind(span, value);
                let (message_local, second) = self.bind(span, message);
                let value = self.local_expr(value_local, span);
                let e = self.unwrap(span, value, 0, Some(message_local));
                self.add(ExprKind::Block { stmts: vec![first, second], tail: Some(e) }, ty, span)
            }
            (Sugar::Count, &[counted]) => {
                let ty = self.ty(counted);
                let Some(function) = self.cx.names.get("length").and_then(|name| self.method(ty, name)) else {
                    return self.poison(span);
                };
                let call = ExprKind::Call { function, type_args: type_args.to_vec(), args: vec![counted] };
                self.add(call, Ty::INT, span)
            }
            // The message is made only when it is needed.
            (Sugar::Assert | Sugar::AssertFalse, &[cond, ref message @ ..]) => {
                let message = message.first().copied().unwrap_or_else(|| self.text(span, "assertion failed"));
                let cond = match sugar {
                    Sugar::Assert => cond,
                    _ => self.add(ExprKind::Unary(UnaryOp::Not, cond), Ty::BOOL, span),
                };
                self.panic_unless(span, cond, message)
            }
            (Sugar::AssertEq | Sugar::AssertNe, &[left, right, ref message @ ..]) => {
                let (left, first) = self.bind(span, left);
                let (right, second) = self.bind(span, right);
                let operand = self.body.local(left).ty;
                self.deferred.push(Deferred::Operator { op: BinOp::Eq, ty: operand, span });
                let (a, b) = (self.local_expr(left, span), self.local_expr(right, span));
                let (op, prefix) = match sugar {
                    Sugar::AssertEq => (BinaryOp::Eq, "assertion failed: both sides must be equal"),
                    _ => (BinaryOp::Ne, "assertion failed: the sides must differ"),
                };
                let cond = self.add(ExprKind::Binary(op, a, b), Ty::BOOL, span);
                let sides = vec![("; left: ", left), ("; right: ", right)];
                let message = match message.first() {
                    Some(&message) => {
                        let sides = self.text_with(span, "", sides);
                        self.add(ExprKind::Binary(BinaryOp::Add, message, sides), Ty::STRING, span)
                    }
                    None => self.text_with(span, prefix, sides),
                };
                let check = self.panic_unless(span, cond, message);
                let stmts = vec![first, second, Stmt::Expr(check)];
                self.add(ExprKind::Block { stmts, tail: None }, Ty::UNIT, span)
            }
            _ => self.poison(span),
        }
    }

    fn panic_unless(&mut self, span: Span, cond: ExprId, message: ExprId) -> ExprId {
        let failed = self.add(ExprKind::Unary(UnaryOp::Not, cond), Ty::BOOL, span);
        let panic = self.panic(span, message);
        let then = self.add(ExprKind::Block { stmts: vec![Stmt::Expr(panic)], tail: None }, Ty::NEVER, span);
        self.add(ExprKind::If { cond: failed, then, otherwise: None }, Ty::UNIT, span)
    }

    /// The payload of the variant `kept` of an `Option` or `Result`, or a panic.
    fn unwrap(&mut self, span: Span, value: ExprId, kept: u32, message: Option<LocalId>) -> ExprId {
        let ty = self.ty(value);
        let TyKind::App(TyCon::Adt(id), args) = self.kind(ty) else { return self.poison(span) };
        if id == self.cx.option {
            let message = match message {
                Some(local) => self.local_expr(local, span),
                None => self.text(span, "`unwrap` on `None`"),
            };
            return self.open(span, value, id, kept, message);
        }
        let lost = self.temporary(span, args[1 - kept as usize]);
        let message = match (message, kept) {
            (Some(local), _) => {
                let prefix = self.local_expr(local, span);
                let colon = self.text_with(span, "", vec![(": ", lost)]);
                self.add(ExprKind::Binary(BinaryOp::Add, prefix, colon), Ty::STRING, span)
            }
            (None, 0) => self.text_with(span, "`unwrap` on an `Err`", vec![(": ", lost)]),
            (None, _) => self.text_with(span, "`unwrap_err` on an `Ok`", vec![(": ", lost)]),
        };
        let panic = self.panic(span, message);
        let good = self.temporary(span, args[kept as usize]);
        let good_pat = self.variant_pat(span, ty, id, kept, Some(good));
        let bad_pat = self.variant_pat(span, ty, id, 1 - kept, Some(lost));
        let good_ty = args[kept as usize];
        let good = self.local_expr(good, span);
        self.two_arms(span, value, (good_pat, good), (bad_pat, panic), good_ty)
    }

    /// The payload of `Some`, or a panic with the message.
    fn open(&mut self, span: Span, value: ExprId, option: AdtId, kept: u32, message: ExprId) -> ExprId {
        let ty = self.ty(value);
        let TyKind::App(_, args) = self.kind(ty) else { return self.poison(span) };
        let inner = args[0];
        let local = self.temporary(span, inner);
        let some_pat = self.variant_pat(span, ty, option, kept, Some(local));
        let none_pat = self.variant_pat(span, ty, option, 1 - kept, None);
        let panic = self.panic(span, message);
        let local = self.local_expr(local, span);
        self.two_arms(span, value, (some_pat, local), (none_pat, panic), inner)
    }
}
