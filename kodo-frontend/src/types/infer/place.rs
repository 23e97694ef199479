//! Places: what can be assigned, and what a `mut` argument may be.

use super::operator::hir_op;
use super::{Deferred, Infer, LocalKind, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, FnId, LocalId};
use crate::source::Span;
use crate::syntax::ast::{BinOp, Id, Mode};
use crate::types::context::ArgumentRoot;
use crate::types::ty::Ty;

/// A variable, and what leads from it to the place.
#[derive(Clone, Copy)]
struct Root {
    local: LocalId,
    /// The place is the variable itself.
    whole: bool,
    /// The first step from the variable is an index.
    indexed: bool,
}

impl Infer<'_, '_> {
    fn root(&self, mut e: ExprId) -> Option<Root> {
        let (mut whole, mut indexed) = (true, false);
        loop {
            match self.body.expr(e).kind {
                ExprKind::Local(local) => return Some(Root { local, whole, indexed }),
                ExprKind::Field(of, _) => (whole, indexed, e) = (false, false, of),
                ExprKind::Index(of, _) => (whole, indexed, e) = (false, true, of),
                _ => return None,
            }
        }
    }

    pub fn assign(&mut self, span: Span, op: Option<BinOp>, target: Id, value: Id) -> ExprId {
        let target_at = self.span(target);
        let target = self.expr(target, Want::Any);
        let ty = self.value_ty(target);
        let value = self.expr(value, Want::Is(ty, Why::Assigned(target_at)));
        self.check_assignable(target);
        let whole = matches!(self.body.expr(target).kind, ExprKind::Local(_));
        self.note_change(target, whole);
        let kind = match op {
            None => ExprKind::Assign { target, value },
            Some(op) => {
                self.deferred.push(Deferred::Operator { op, ty, span });
                ExprKind::AssignOp { op: hir_op(op), target, value }
            }
        };
        self.add(kind, Ty::UNIT, span)
    }

    /// Naming a variable only to change it is no read: of a whole variable, or of a spawned block's copy of one.
    fn note_change(&mut self, place: ExprId, whole: bool) {
        let at = self.body.expr(place).span;
        let Some(root) = self.root(place) else { return };
        let info = &mut self.locals[root.local.0 as usize];
        if whole || info.kind == LocalKind::Capture {
            info.reads = info.reads.saturating_sub(1);
            info.changed = Some(at);
        }
    }

    fn is_list(&mut self, local: LocalId) -> bool {
        let ty = self.body.local(local).ty;
        let ty = self.u.resolve(&mut self.cx.types, ty);
        self.cx.is_collection(ty)
    }

    /// A plain list parameter of a function that is neither async nor a trait's method: changing it makes it `mut`.
    fn plain_list_parameter(&mut self, local: LocalId) -> Option<usize> {
        let LocalKind::Param(Mode::Default, index) = self.locals[local.0 as usize].kind else { return None };
        (self.is_list(local) && !self.modes_are_written()).then_some(index)
    }

    /// Callers of an async function or a trait's method know only what is written.
    fn modes_are_written(&self) -> bool {
        self.cx.signature(self.id).is_async || self.cx.info(self.id).of.is_some()
    }

    /// A list parameter whose change no caller would see, though it does not say `own`.
    fn unshared_list_parameter(&mut self, local: LocalId) -> bool {
        matches!(self.locals[local.0 as usize].kind, LocalKind::Param(Mode::Default, _))
            && self.modes_are_written()
            && self.is_list(local)
            && self.cx.is_user(self.id)
    }

    fn report_unshared(&mut self, local: LocalId, at: Span) {
        let (name, declared) = (self.body.local(local).name, self.body.local(local).span);
        let text = self.cx.text(name).to_owned();
        let help = if self.cx.signature(self.id).is_async {
            format!("write `own {text}` if the change is for this function alone, and give the result back")
        } else {
            format!("write `mut {text}` here and in the trait, or `own {text}` if the change is for this method alone")
        };
        let what = if self.cx.signature(self.id).is_async { "async functions" } else { "methods of traits" };
        self.report(
            Diagnostic::error("E0249", at, format!("the caller would not see this change of `{text}`"))
                .label("would be changed")
                .secondary(declared, format!("of {what}, parameters are `mut` only where that is written"))
                .help(help),
        );
    }

    fn check_assignable(&mut self, target: ExprId) {
        if self.body.expr(target).ty == Ty::ERROR {
            return;
        }
        let at = self.body.expr(target).span;
        let Some(root) = self.root(target) else {
            self.report(
                Diagnostic::error("E0249", at, "this is no place that can be assigned")
                    .label("not a variable, field or element")
                    .help("assign to a `let mut` variable, or to a field or element of one"),
            );
            return;
        };
        if root.indexed
            && let Some(index) = self.plain_list_parameter(root.local)
        {
            self.cx.changed.insert((self.id, index));
            return;
        }
        if root.indexed && self.unshared_list_parameter(root.local) {
            return self.report_unshared(root.local, at);
        }
        self.check_mutable(root.local, at, "assigned");
    }

    /// Reports if the variable is not `mut`.
    fn check_mutable(&mut self, local: LocalId, at: Span, what: &str) -> bool {
        if self.body.local(local).mutable {
            return true;
        }
        let (name, declared) = (self.body.local(local).name, self.body.local(local).span);
        let text = self.cx.text(name).to_owned();
        let info = &self.locals[local.0 as usize];
        let (kind, word) = (info.kind, info.let_word);
        let error = |code| Diagnostic::error(code, at, format!("`{text}` cannot be {what}: it is not `mut`"));
        let error = match kind {
            LocalKind::Param(Mode::Ref, _) => {
                Diagnostic::error("E0248", at, format!("the `ref` parameter `{text}` cannot be {what}"))
                    .label("only reads are allowed")
                    .secondary(declared, "borrowed with `ref` here")
                    .help("declare it `mut` to change the caller's variable, or copy it into a `let mut`")
            }
            LocalKind::Let => {
                let error = error("E0249").label(what).secondary(declared, "declared here without `mut`");
                match word {
                    // One `mut` serves all uses: every report offers the same fix.
                    Some(word) => {
                        error.help("declare it with `let mut`").fix("make the variable mutable", word, "let mut")
                    }
                    None => error.help("declare it with `let mut`"),
                }
            }
            LocalKind::Param(..) if text == "self" => error("E0249")
                .label(what)
                .secondary(declared, "declared here")
                .help("declare the method's first parameter as `mut self`"),
            LocalKind::Param(..) => error("E0249")
                .label(what)
                .secondary(declared, "the parameter is declared here")
                .help("declare it `mut` to change the caller's variable, or copy it into a `let mut`"),
            LocalKind::Temporary => Diagnostic::error("E0249", at, format!("this cannot be {what}"))
                .label("not a variable")
                .help("put the value into a `let mut` variable first"),
            LocalKind::ClosureCapture => error("E0249")
                .label(what)
                .secondary(declared, "the variable outside is declared here")
                .note("captures are copies: a change in the closure would be lost")
                .help(format!("copy it in the closure: `let mut copy = {text}`, or give the result back as its value")),
            LocalKind::Binding | LocalKind::Capture => error("E0249")
                .label(what)
                .secondary(declared, "bound here")
                .help(format!("copy it: `let mut copy = {text}`")),
        };
        self.report(error);
        false
    }

    /// Checks an argument that the callee changes. False if it is a value that must be put into a temporary first.
    pub fn changeable_argument(&mut self, value: ExprId, callee: FnId) -> bool {
        if self.body.expr(value).ty == Ty::ERROR {
            return true;
        }
        let at = self.body.expr(value).span;
        let Some(root) = self.root(value) else {
            if !self.cx.is_user(callee) {
                return false;
            }
            let name = self.cx.signature(callee).display_name.clone();
            self.report(
                Diagnostic::error("E0249", at, format!("`{name}` changes this argument, so it must be a variable"))
                    .label("not a variable, field or element")
                    .help("put the value into a variable first"),
            );
            return true;
        };
        if let LocalKind::Param(Mode::Ref, _) | LocalKind::ClosureCapture = self.locals[root.local.0 as usize].kind {
            self.check_mutable(root.local, at, "changed");
            return true;
        }
        if (root.whole || root.indexed)
            && let Some(index) = self.plain_list_parameter(root.local)
        {
            self.cx.changed.insert((self.id, index));
            return true;
        }
        if (root.whole || root.indexed) && self.unshared_list_parameter(root.local) {
            self.report_unshared(root.local, at);
            return true;
        }
        if self.cx.signature(callee).result == Ty::UNIT {
            self.note_change(value, false);
        }
        if !root.whole && self.locals[root.local.0 as usize].kind == LocalKind::Temporary {
            return false;
        }
        if !root.whole {
            self.check_mutable(root.local, at, "changed");
        }
        true
    }

    /// What it would mean if the callee changed this list argument.
    pub fn argument_root(&mut self, value: ExprId) -> ArgumentRoot {
        let Some(root) = self.root(value) else { return ArgumentRoot::Value };
        let kind = self.locals[root.local.0 as usize].kind;
        if let LocalKind::Param(Mode::Ref, _) | LocalKind::ClosureCapture = kind {
            return ArgumentRoot::Fixed(root.local);
        }
        if (root.whole || root.indexed)
            && let Some(index) = self.plain_list_parameter(root.local)
        {
            return ArgumentRoot::Parameter(index);
        }
        if (root.whole || root.indexed) && self.unshared_list_parameter(root.local) {
            return ArgumentRoot::Unshared(root.local);
        }
        if root.whole || self.body.local(root.local).mutable {
            ArgumentRoot::Place
        } else {
            ArgumentRoot::Fixed(root.local)
        }
    }
}
