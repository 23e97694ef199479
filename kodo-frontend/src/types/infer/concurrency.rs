//! `spawn`, `.await`, `parallel` and `select`.

use super::{Deferred, Frame, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{ExprId, ExprKind, PatKind, Select, SelectArm, Spawn};
use crate::source::Span;
use crate::syntax::ast::{Id, Node};
use crate::types::ty::{Ty, TyCon, TyKind};
use rustc_hash::FxHashMap;

impl Infer<'_, '_> {
    /// A block that runs on a thread of its own. `detached` if its future is thrown away.
    pub fn spawn(&mut self, id: Id, body: Id, detached: bool) -> ExprId {
        let span = self.span(id);
        let parallel = self.frame().in_parallel;
        let result = if detached { None } else { Some(self.fresh()) };
        self.frames.push(Frame {
            result,
            captures: Vec::new(),
            copies: FxHashMap::default(),
            loops: Vec::new(),
            in_parallel: false,
            spawn: Some(Span { hi: span.hi.min(span.lo + 5), ..span }),
            closure: false,
        });
        let body = self.expr(body, Want::Any);
        let mut value = self.ty(body);
        let body = match result {
            // A value that nobody sees.
            None => self.discarded(body),
            Some(result) => self.fit(body, result, Why::Return),
        };
        if value == Ty::NEVER {
            value = Ty::UNIT;
        }
        let frame = self.frames.pop();
        let captures = frame.map_or_else(Vec::new, |f| f.captures);
        let (result, ty) = match result {
            None => (Ty::UNIT, Ty::UNIT),
            Some(result) => {
                if let TyKind::Infer(_) = self.kind(result) {
                    self.unify(result, value);
                }
                (result, self.app(TyCon::Future, &[result]))
            }
        };
        self.add(ExprKind::Spawn(Box::new(Spawn { captures, body, result, detached, parallel })), ty, span)
    }

    pub fn await_expr(&mut self, span: Span, of: Id) -> ExprId {
        let at = self.span(of);
        let value = self.expr(of, Want::Any);
        let ty = self.ty(value);
        if let Some(result) = self.as_app(TyCon::Future, ty) {
            return self.add(ExprKind::Await(value), result, span);
        }
        if ty != Ty::NEVER {
            let shown = self.show(ty);
            self.report(
                Diagnostic::error("E0200", at, format!("expected a Future, found {shown}"))
                    .label(format!("{shown} is there already"))
                    .help("remove the `.await`; futures come from `async fn` and `spawn { … }`"),
            );
        }
        self.poison(span)
    }

    pub fn parallel(&mut self, span: Span, body: Id) -> ExprId {
        let before = std::mem::replace(&mut self.frame().in_parallel, true);
        let body = self.expr(body, Want::Discard);
        self.frame().in_parallel = before;
        let ty = if self.ty(body) == Ty::NEVER { Ty::NEVER } else { Ty::UNIT };
        self.add(ExprKind::Parallel(body), ty, span)
    }

    pub fn select(&mut self, span: Span, arms: &[Id]) -> ExprId {
        let mut select = Select { arms: Vec::new(), default: None, timeout: None };
        let mut bodies = Vec::new();
        let mut otherwise: Option<Span> = None;
        for &arm in arms {
            let at = self.span(arm);
            match self.node(arm) {
                Node::SelectRecv(channel, param, body) => {
                    let channel_at = self.span(channel);
                    let channel = self.expr(channel, Want::Any);
                    let element = self.element(channel, channel_at);
                    let (pat, written) = match self.node(param) {
                        Node::Typed(pat, ty) => (pat, ty),
                        _ => (param, Id::NONE),
                    };
                    let mut bound = element;
                    if written != Id::NONE {
                        let ty = self.resolve_written(written);
                        if !self.fit_ty(ty, element, Why::Channel(channel_at), self.span(written)) {
                            bound = Ty::ERROR;
                        }
                    }
                    let mark = self.enter();
                    let pat = self.pattern(pat, bound, channel_at, |_, _| ());
                    self.deferred.push(Deferred::Irrefutable { pat, what: "arm" });
                    let body = self.expr(body, Want::Discard);
                    self.leave(mark);
                    bodies.push(body);
                    select.arms.push(SelectArm::Recv { channel, pat, body });
                }
                Node::SelectOther(what, body) => {
                    self.select_other(&mut select, &mut bodies, &mut otherwise, at, what, body);
                }
                _ => {}
            }
        }
        if arms.is_empty() {
            self.report(
                Diagnostic::error("E0202", span, "a `select` without arms")
                    .label("waits for nothing")
                    .help("add arms: `channel => |v| { … }`"),
            );
            return self.poison(span);
        }
        let never = !bodies.is_empty() && bodies.iter().all(|&b| self.ty(b) == Ty::NEVER);
        self.add(ExprKind::Select(Box::new(select)), if never { Ty::NEVER } else { Ty::UNIT }, span)
    }

    fn select_other(
        &mut self,
        select: &mut Select,
        bodies: &mut Vec<ExprId>,
        otherwise: &mut Option<Span>,
        at: Span,
        what: Id,
        body: Id,
    ) {
        let named = match self.node(what) {
            Node::Path(name) if !self.is_variable(name) => Some((name, None)),
            Node::Call(callee, args) => match self.node(callee) {
                Node::Path(name) if !self.is_variable(name) => Some((name, Some(self.ids(args)))),
                _ => None,
            },
            _ => None,
        };
        let word = named.map(|(name, args)| (self.cx.text(name).to_owned(), args));
        match word {
            Some((word, None)) if word == "default" => {
                self.one_otherwise(otherwise, self.span(what));
                let body = self.expr(body, Want::Discard);
                bodies.push(body);
                select.default = Some(body);
            }
            Some((word, Some(args))) if word == "timeout" => {
                self.one_otherwise(otherwise, self.span(what));
                let time = match args {
                    [time] => self.expr(*time, Want::Is(Ty::INT, Why::Milliseconds)),
                    _ => {
                        self.arm_arguments(self.span(what), "timeout", "one argument", "timeout(milliseconds)", args);
                        self.poison(at)
                    }
                };
                let body = self.expr(body, Want::Discard);
                bodies.push(body);
                select.timeout = Some((time, body));
            }
            Some((word, Some(args))) if word == "send" => {
                let (channel, value) = match args {
                    [channel, value] => {
                        let channel_at = self.span(*channel);
                        let channel = self.expr(*channel, Want::Any);
                        let element = self.element(channel, channel_at);
                        (channel, self.expr(*value, Want::Is(element, Why::Channel(channel_at))))
                    }
                    _ => {
                        self.arm_arguments(self.span(what), "send", "two arguments", "send(channel, value)", args);
                        (self.poison(at), self.poison(at))
                    }
                };
                let body = self.expr(body, Want::Discard);
                bodies.push(body);
                select.arms.push(SelectArm::Send { channel, value, body });
            }
            // A channel whose value is not needed.
            _ => {
                let channel_at = self.span(what);
                let channel = self.expr(what, Want::Any);
                let element = self.element(channel, channel_at);
                let pat = self.body.add_pat(PatKind::Wild, element, channel_at);
                let body = self.expr(body, Want::Discard);
                bodies.push(body);
                select.arms.push(SelectArm::Recv { channel, pat, body });
            }
        }
    }

    fn arm_arguments(&mut self, at: Span, name: &str, count: &str, form: &str, args: &[Id]) {
        self.report(
            Diagnostic::error("E0202", at, format!("a `{name}` arm takes {count}"))
                .label(format!("{} given", args.len()))
                .help(format!("write `{form} => {{ … }}`")),
        );
        self.check_args_anyhow(args);
    }

    /// `default` and `timeout` are what happens otherwise: there is one.
    fn one_otherwise(&mut self, otherwise: &mut Option<Span>, at: Span) {
        if let Some(first) = otherwise.replace(at) {
            self.report(
                Diagnostic::error(crate::types::codes::DUPLICATE, at, "a `select` has one `default` or `timeout` arm")
                    .label("the second one")
                    .secondary(first, "the first one")
                    .help("remove one of them"),
            );
        }
    }

    /// The element type of a channel.
    fn element(&mut self, channel: ExprId, at: Span) -> Ty {
        let ty = self.ty(channel);
        if let Some(element) = self.as_app(TyCon::Channel, ty) {
            return element;
        }
        if ty != Ty::NEVER {
            let shown = self.show(ty);
            self.report(
                Diagnostic::error("E0200", at, format!("expected a Channel, found {shown}"))
                    .label(format!("this is {shown}"))
                    .help("an arm waits for a channel, `send(channel, value)`, `default` or `timeout(ms)`"),
            );
        }
        Ty::ERROR
    }
}
