//! The end of a body: what waited for types is checked, and every inference variable is replaced.

use super::{Deferred, Infer};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FPart, LocalId, PatId};
use crate::names::Name;
use crate::source::Span;
use crate::types::codes;
use crate::types::context::PRELUDE_FILE;
use crate::types::exhaustive::{self, MAX_WITNESSES};
use crate::types::ty::{Ty, TyKind};

impl Infer<'_, '_> {
    pub fn finish(&mut self) {
        self.settle_bounds();
        let deferred = std::mem::take(&mut self.deferred);
        for item in &deferred {
            match *item {
                Deferred::Text { ty, span, what } => self.check_text(ty, span, what),
                Deferred::Operator { op, ty, span } => self.check_operator(op, ty, span),
                Deferred::Negation { ty, span } => self.check_negation(ty, span),
                Deferred::Format { ty, value, span, format } => self.check_format(ty, value, span, format),
                Deferred::Need { need, ty, span, function } => {
                    let name = self.cx.functions[function.0 as usize].display_name.clone();
                    self.check_need(need, ty, span, &format!("`{name}`"));
                }
                _ => {}
            }
        }
        self.u.default_never(&mut self.cx.types);
        self.settle_bounds();
        self.check_obligations();
        self.replace_variables();
        for item in deferred {
            match item {
                Deferred::Text { .. }
                | Deferred::Operator { .. }
                | Deferred::Negation { .. }
                | Deferred::Format { .. }
                | Deferred::Need { .. } => {}
                Deferred::PanicText { slot, prefix, locals } => self.panic_text(slot, &prefix, &locals),
                Deferred::ByElement { call, stem, ty } => self.by_element(call, stem, ty),
                Deferred::Match { value, arms, span } => self.check_match(value, &arms, span),
                Deferred::Irrefutable { pat, what } => self.check_irrefutable(pat, what),
            }
        }
        self.warn();
    }

    fn known(&mut self, ty: Ty) -> Ty {
        self.u.resolve(&mut self.cx.types, ty)
    }

    fn replace_variables(&mut self) {
        // Variables first: their names make the best reports.
        for index in 0..self.body.locals.len() {
            let (ty, span, name) =
                (self.body.locals[index].ty, self.body.locals[index].span, self.body.locals[index].name);
            let ty = self.determined(ty, span, Some(name));
            self.body.locals[index].ty = ty;
        }
        for index in 0..self.body.exprs.len() {
            let (ty, span) = (self.body.exprs[index].ty, self.body.exprs[index].span);
            let ty = self.determined(ty, span, None);
            self.body.exprs[index].ty = ty;
            match &self.body.exprs[index].kind {
                ExprKind::Call { type_args, .. } | ExprKind::Function { type_args, .. } if !type_args.is_empty() => {
                    let args: Vec<Ty> = type_args.clone();
                    let args: Vec<Ty> = args.into_iter().map(|t| self.determined(t, span, None)).collect();
                    if let ExprKind::Call { type_args, .. } | ExprKind::Function { type_args, .. } =
                        &mut self.body.exprs[index].kind
                    {
                        *type_args = args;
                    }
                }
                ExprKind::Closure(closure) => {
                    let result = closure.result;
                    let result = self.determined(result, span, None);
                    if let ExprKind::Closure(closure) = &mut self.body.exprs[index].kind {
                        closure.result = result;
                    }
                }
                ExprKind::Spawn(spawn) => {
                    let result = spawn.result;
                    let result = self.determined(result, span, None);
                    if let ExprKind::Spawn(spawn) = &mut self.body.exprs[index].kind {
                        spawn.result = result;
                    }
                }
                _ => {}
            }
        }
        for index in 0..self.body.pats.len() {
            let (ty, span) = (self.body.pats[index].ty, self.body.pats[index].span);
            let ty = self.determined(ty, span, None);
            self.body.pats[index].ty = ty;
        }
    }

    /// The type without inference variables; one that nothing has determined is reported, once, and only if nothing else
    /// is wrong that could be the reason.
    fn determined(&mut self, ty: Ty, span: Span, name: Option<Name>) -> Ty {
        let ty = self.known(ty);
        if !self.cx.types.has_infer(ty) {
            return ty;
        }
        if self.errors == 0 {
            let shown = self.cx.display(ty, &self.generics);
            let text = name.map(|n| self.cx.text(n).to_owned()).filter(|t| t != "_");
            let error = match text {
                Some(text) => Diagnostic::error(
                    codes::UNDETERMINED,
                    span,
                    format!("the type of `{text}` is not determined: it is {shown}"),
                )
                .label("what stands for `_`?")
                .help(format!("write the type: `let {text}: … = …`")),
                None => Diagnostic::error(
                    codes::UNDETERMINED,
                    span,
                    format!("the type of this is not determined: it is {shown}"),
                )
                .label("what stands for `_`?")
                .help("put it into a variable with a type: `let name: Type = …`"),
            };
            self.report(error);
        }
        self.u.poison(&mut self.cx.types, ty);
        self.known(ty)
    }

    fn panic_text(&mut self, slot: ExprId, prefix: &str, locals: &[(&'static str, LocalId)]) {
        let shown = locals.iter().all(|(_, l)| {
            matches!(
                self.cx.types.kind(self.body.local(*l).ty),
                TyKind::Int | TyKind::Float | TyKind::Fixed(_) | TyKind::Float32 | TyKind::Bool | TyKind::String
            )
        });
        if !shown {
            return;
        }
        let span = self.body.expr(slot).span;
        let mut parts = Vec::new();
        if !prefix.is_empty() {
            parts.push(FPart::Text(prefix.into()));
        }
        for &(text, local) in locals {
            parts.push(FPart::Text(text.into()));
            let ty = self.body.local(local).ty;
            parts.push(FPart::Hole(self.body.add_expr(ExprKind::Local(local), ty, span)));
        }
        self.body.exprs[slot.0 as usize].kind = ExprKind::FString(parts);
    }

    /// Replaces a function by the one for its element type.
    fn by_element(&mut self, call: ExprId, stem: Name, ty: Ty) {
        let ty = self.known(ty);
        let suffix = match self.cx.types.kind(ty) {
            TyKind::Int => "int",
            TyKind::Float => "float",
            TyKind::Bool => "bool",
            TyKind::String => "string",
            TyKind::Error => return,
            _ => "",
        };
        let span = self.body.expr(call).span;
        let stem_text = self.cx.text(stem).to_owned();
        let found = self
            .cx
            .names
            .get(&format!("{stem_text}_{suffix}"))
            .and_then(|name| self.cx.scopes[PRELUDE_FILE].functions.get(&name).copied());
        let ExprKind::Call { function, type_args, .. } = &mut self.body.exprs[call.0 as usize].kind else { return };
        match found {
            Some(id) => {
                *function = id;
                type_args.clear();
            }
            None => {
                let name = self.cx.functions[function.0 as usize].display_name.clone();
                let shown = self.show(ty);
                self.unsupported(
                    span,
                    &format!("`{name}` on elements of type {shown} is"),
                    "loop over the list and compare the parts",
                );
            }
        }
    }

    fn check_match(&mut self, value: ExprId, arms: &[(PatId, bool)], span: Span) {
        let ty = self.body.expr(value).ty;
        if matches!(ty, Ty::ERROR | Ty::NEVER) || arms.iter().any(|(pat, _)| self.is_broken(*pat)) {
            return;
        }
        let cx = &mut *self.cx;
        let report = exhaustive::check(&mut cx.types, &cx.adts, &cx.names, &self.body, ty, arms);
        if !report.missing.is_empty() {
            let shown = self.show(ty);
            let mut list = report.missing.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", ");
            if report.missing.len() >= MAX_WITNESSES {
                list.push_str(", …");
            }
            let pattern = report.missing[0].clone();
            self.report(
                Diagnostic::error("E0220", span, format!("the match does not cover {list}"))
                    .label(format!("a value of type {shown} may be {list}"))
                    .help(if pattern == "_" {
                        "add an arm `_ => …` for everything else".to_owned()
                    } else {
                        format!("add an arm: `{pattern} => …`, or `_ => …` for everything else")
                    }),
            );
        }
        for index in report.unreachable {
            let at = self.body.pat(arms[index].0).span;
            self.cx.report(
                Diagnostic::warning(codes::UNREACHABLE, at, "this arm can never be reached")
                    .label("the arms before match everything it matches")
                    .help("remove it, or move it up"),
            );
        }
    }

    fn is_broken(&self, pat: PatId) -> bool {
        use crate::hir::PatKind::{Bind, Error, Or, Tuple, Variant};
        let mut stack = vec![pat];
        while let Some(pat) = stack.pop() {
            match &self.body.pat(pat).kind {
                Error => return true,
                Bind(_, inner) => stack.extend(inner),
                Variant { fields, .. } => stack.extend(fields),
                Tuple(items) | Or(items) => stack.extend(items),
                _ => {}
            }
        }
        false
    }

    fn check_irrefutable(&mut self, pat: PatId, what: &'static str) {
        let (ty, span) = (self.body.pat(pat).ty, self.body.pat(pat).span);
        if matches!(ty, Ty::ERROR | Ty::NEVER) || self.is_broken(pat) {
            return;
        }
        let cx = &mut *self.cx;
        let report = exhaustive::check(&mut cx.types, &cx.adts, &cx.names, &self.body, ty, &[(pat, false)]);
        if report.missing.is_empty() {
            return;
        }
        let missing = report.missing[0].clone();
        let help = match what {
            "let" => "use `if let` or `match`, which say what happens otherwise",
            "for" => "bind the element to a name and `match` on it in the loop",
            _ => "bind the value to a name and `match` on it",
        };
        self.report(
            Diagnostic::error("E0220", span, format!("the pattern of this `{what}` does not cover `{missing}`"))
                .label("may not match")
                .help(help),
        );
    }
}
