//! Fitting a value to what is expected, and what to say when it does not.

use super::{Infer, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, LocalId};
use crate::source::Span;
use crate::syntax::ast::Mode;
use crate::types::number::method_to;
use crate::types::ty::{Ty, TyCon, TyKind};

fn found_is_text(kind: &TyKind) -> bool {
    matches!(kind, TyKind::Int | TyKind::Float | TyKind::Bool | TyKind::Fixed(_) | TyKind::Float32)
}

impl Infer<'_, '_> {
    /// Makes the value fit, or reports that it does not.
    pub fn fit(&mut self, e: ExprId, expected: Ty, why: Why) -> ExprId {
        if let Some(made) = self.made_dyn(e, expected, why) {
            return made;
        }
        let span = self.body.expr(e).span;
        if !self.fit_ty(self.body.expr(e).ty, expected, why, span) {
            self.body.exprs[e.0 as usize].ty = Ty::ERROR;
        }
        e
    }

    pub fn fit_ty(&mut self, found: Ty, expected: Ty, why: Why, span: Span) -> bool {
        let found = self.shallow(found);
        if found == Ty::NEVER {
            self.u.never_fits(&self.cx.types, expected);
            return true;
        }
        if self.unify(found, expected) {
            return true;
        }
        if found == Ty::UNIT && matches!(why, Why::Tail) {
            self.no_value(span, expected);
        } else {
            self.mismatch(found, expected, why, span);
        }
        self.u.poison(&mut self.cx.types, expected);
        false
    }

    /// A path through the function's body ends at `at` without a value.
    pub fn no_value(&mut self, at: Span, expected: Ty) {
        if std::mem::replace(&mut self.missing_value, true) {
            return;
        }
        let expected = self.show(expected);
        let mut error =
            Diagnostic::error("E0200", self.close, format!("expected {expected}, but a path ends without a value"))
                .label(format!("the function returns {expected}"))
                .help("end the body with the value, or `return` it on every path");
        if at.lo != self.close.lo {
            error = error.secondary(at, "no value here");
        }
        self.report(error);
    }

    fn mismatch(&mut self, found: Ty, expected: Ty, why: Why, span: Span) {
        let (found_text, expected_text) = (self.show(found), self.show(expected));
        let mut error = Diagnostic::error("E0200", span, format!("expected {expected_text}, found {found_text}"))
            .label(format!("this is {found_text}"));
        error = match why {
            Why::Annotation(at) => error.secondary(at, format!("{expected_text} is written here")),
            Why::Tail | Why::Return => match self.cx.info(self.id).result_span {
                Some(at) if self.frames.len() == 1 => {
                    error.secondary(at, format!("the function returns {expected_text}"))
                }
                _ => error,
            },
            Why::Argument(f, index) if self.cx.is_user(f) => {
                let at = self.cx.signature(f).params.get(index).map_or(span, |p| p.span);
                error.secondary(at, "the parameter is declared here")
            }
            Why::Argument(f, index) => {
                let f = self.cx.signature(f);
                let name = f.params.get(index).map_or("", |p| self.cx.names.text(p.name));
                error.note(format!("`{}` takes {expected_text} as `{name}`", f.display_name))
            }
            Why::Field(at) => error.secondary(at, "declared here"),
            Why::Branch(at) => error.secondary(at, format!("the branch before is {expected_text}")),
            Why::Operand(at) => error.secondary(at, format!("the left side is {expected_text}")),
            Why::Assigned(at) => error.secondary(at, format!("the assigned place is {expected_text}")),
            Why::Element(at) => error.secondary(at, format!("the first element is {expected_text}")),
            Why::Channel(at) => error.secondary(at, format!("the channel carries {expected_text}")),
            Why::Matched(at) => error.secondary(at, format!("the matched value is {expected_text}")),
            Why::Condition => error.note("a condition is a Bool: there is no truth of other values"),
            Why::Index => error.note("an index is an Int"),
            Why::RangeBound => error.note("the bounds of a range are integers of one type"),
            Why::Milliseconds => error.note("the time is given in milliseconds, as an Int"),
            Why::Plain => error,
        };
        let help = self.conversion(found, expected, why);
        self.report(error.help(help));
    }

    /// How to get from one type to the other.
    fn conversion(&mut self, found: Ty, expected: Ty, why: Why) -> String {
        let (f, e) = (self.kind(found), self.kind(expected));
        let text = self.show(expected);
        match (f, e) {
            (f, TyKind::String) if found_is_text(&f) => "convert it: `.to_string()`".into(),
            (TyKind::Int, TyKind::Float) => {
                "convert it: `.to_float64()`; a literal is written with a point: `1.0`".into()
            }
            _ if self.shallow(found).is_number() && self.shallow(expected).is_number() => {
                format!("convert it: `.{}()`", method_to(self.shallow(expected)))
            }
            (TyKind::String, TyKind::Int | TyKind::Fixed(_)) => "read the number: `.parse_int()`".into(),
            (TyKind::Int | TyKind::Fixed(_), TyKind::Bool) => "compare it: `… != 0`".into(),
            (TyKind::App(TyCon::Future, args), _) if self.unify(args[0], expected) => "wait for it: `.await`".into(),
            (TyKind::App(TyCon::Adt(id), args), _) if id == self.cx.option && self.unify(args[0], expected) => {
                "take the value out: `?? other`, `match` or `.unwrap()`".into()
            }
            (TyKind::App(TyCon::Adt(id), args), _) if id == self.cx.result && self.unify(args[0], expected) => {
                "take the value out: `?`, `match` or `.unwrap()`".into()
            }
            (_, TyKind::App(TyCon::Adt(id), args)) if id == self.cx.option && self.unify(found, args[0]) => {
                "wrap it: `Some(…)`".into()
            }
            (_, TyKind::App(TyCon::Adt(id), args)) if id == self.cx.result && self.unify(found, args[0]) => {
                "wrap it: `Ok(…)`".into()
            }
            _ => match why {
                Why::Annotation(_) => "change the value or the annotation".into(),
                Why::Tail | Why::Return => format!("give a value of type {text}, or change the result type"),
                Why::Branch(_) => "give every branch the same type".into(),
                Why::Operand(_) => "give both sides the same type".into(),
                Why::Condition => "write a comparison".into(),
                _ => format!("give a value of type {text}"),
            },
        }
    }

    pub fn borrowed_capture(&mut self, outer: LocalId, mode: Mode, span: Span, frame: usize) {
        let (name, declared) = (self.body.local(outer).name, self.body.local(outer).span);
        let text = self.cx.text(name).to_owned();
        let word = if mode == Mode::Ref { "ref" } else { "mut" };
        let (what, it) = if self.frames[frame].closure { ("closure", "closure") } else { ("spawned block", "block") };
        let mut error =
            Diagnostic::error("E0280", span, format!("a {what} cannot use the `{word}` parameter `{text}`"))
                .label(format!("the {it} may outlive the caller's variable"))
                .secondary(declared, format!("borrowed with `{word}` here"));
        if let Some(spawn) = self.frames[frame].spawn
            && !self.frames[frame].closure
        {
            error = error.secondary(spawn, "the block that would hold it");
        }
        self.report(error.help(format!("copy it before: `let copy = {text}`, and use the copy")));
    }
}
