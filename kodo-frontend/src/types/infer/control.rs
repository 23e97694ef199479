//! Control flow: `if`, `match`, loops and jumps.

use super::{Deferred, Infer, Want, Why};
use crate::diag::Diagnostic;
use crate::hir::{Arm, ExprId, ExprKind, Lit, PatKind};
use crate::mir::Intrinsic;
use crate::source::Span;
use crate::syntax::ast::{BinOp, Id, Node};
use crate::types::context::PRELUDE_FILE;
use crate::types::ty::{Ty, TyCon, TyKind};

/// The common type of branches, while they are being checked.
struct Join {
    want: Want,
    /// The type so far and where it comes from; `None` while no branch has finished with a value.
    so_far: Option<(Ty, Span)>,
}

impl Join {
    fn new(want: Want) -> Join {
        Join { want, so_far: None }
    }
}

impl<'a> Infer<'_, 'a> {
    /// Checks one branch and makes its type agree with the ones before.
    fn branch(&mut self, join: &mut Join, id: Id) -> ExprId {
        match join.want {
            Want::Is(..) => self.expr(id, join.want),
            Want::Any => {
                let e = match join.so_far {
                    Some((ty, at)) => self.expr(id, Want::Is(ty, Why::Branch(at))),
                    None => self.expr(id, Want::Any),
                };
                self.joined(join, e);
                e
            }
            // The value is thrown away, but branches that give values must still agree: a slip otherwise.
            Want::Discard => {
                let e = self.expr(id, if self.gives_value(id) { Want::Any } else { Want::Discard });
                let ty = self.ty(e);
                if !matches!(ty, Ty::UNIT | Ty::NEVER | Ty::ERROR) {
                    let e = match join.so_far {
                        Some((ty, at)) => self.fit(e, ty, Why::Branch(at)),
                        None => e,
                    };
                    self.joined(join, e);
                }
                self.discarded(e)
            }
        }
    }

    /// Is its last statement a plain expression? Nested branches that are thrown away need no common type.
    fn gives_value(&self, id: Id) -> bool {
        match self.node(id) {
            Node::Block(list) => self.ids(list).last().is_some_and(|&last| self.gives_value(last)),
            Node::If(..) | Node::Match(..) | Node::Spawn(_) | Node::Select(_) => false,
            Node::Paren(inner) => self.gives_value(inner),
            _ => true,
        }
    }

    fn joined(&mut self, join: &mut Join, e: ExprId) {
        let ty = self.ty(e);
        if join.so_far.is_none() && ty != Ty::NEVER {
            join.so_far = Some((ty, self.body.expr(e).span));
        }
    }

    fn join_ty(&mut self, join: &Join, branches: &[ExprId]) -> Ty {
        if branches.iter().all(|&b| self.ty(b) == Ty::NEVER) {
            return Ty::NEVER;
        }
        match join.want {
            Want::Is(ty, _) => ty,
            Want::Discard => Ty::UNIT,
            Want::Any => join.so_far.map_or(Ty::NEVER, |(ty, _)| ty),
        }
    }

    pub fn if_expr(&mut self, id: Id, cond: Id, then: Id, otherwise: Id, want: Want) -> ExprId {
        let span = self.span(id);
        let mark = self.enter();
        let cond = self.cond(cond);
        if otherwise == Id::NONE {
            let then = self.expr(then, Want::Discard);
            self.leave(mark);
            let e = self.add(ExprKind::If { cond, then, otherwise: None }, Ty::UNIT, span);
            return match want {
                Want::Is(ty, why) if !matches!(why, Why::Tail) => {
                    if !self.unify(Ty::UNIT, ty) {
                        let shown = self.show(ty);
                        self.report(
                            Diagnostic::error("E0200", span, format!("expected {shown}, but this `if` has no `else`"))
                                .label("no value if the condition is false")
                                .help("add an `else` branch"),
                        );
                        self.body.exprs[e.0 as usize].ty = Ty::ERROR;
                    }
                    e
                }
                Want::Is(ty, why) => self.fit(e, ty, why),
                _ => e,
            };
        }
        let mut join = Join::new(want);
        let then = self.branch(&mut join, then);
        self.leave(mark);
        let otherwise = self.branch(&mut join, otherwise);
        let ty = self.join_ty(&join, &[then, otherwise]);
        self.add(ExprKind::If { cond, then, otherwise: Some(otherwise) }, ty, span)
    }

    /// A condition; what its `let` binds is in scope until the caller leaves the scope it has entered.
    fn cond(&mut self, id: Id) -> ExprId {
        let Node::LetCond(pat, value) = self.node(id) else {
            return self.expr(id, Want::Is(Ty::BOOL, Why::Condition));
        };
        // In `let p = a && b` the pattern is for `a && b`. Where `a` is no Bool that would be wrong: then it is for `a`, and
        // `b` is a condition more, which sees what the pattern binds.
        let mut value = value;
        let mut rest = Vec::new();
        while let Node::Bin(BinOp::And, left, right) = self.node(value) {
            rest.push(right);
            value = left;
        }
        let at = self.span(value);
        let mut value = self.expr(value, Want::Any);
        let ty = self.ty(value);
        if ty == Ty::BOOL {
            for part in rest.drain(..).rev() {
                let right = self.expr(part, Want::Is(Ty::BOOL, Why::Plain));
                let span = self.body.expr(value).span.to(self.span(part));
                value = self.add(ExprKind::And(value, right), Ty::BOOL, span);
            }
        }
        let pat = self.pattern(pat, ty, at, |_, _| ());
        let mut cond = self.add(ExprKind::Let { pat, value }, Ty::BOOL, self.span(id));
        for part in rest.into_iter().rev() {
            let right = self.expr(part, Want::Is(Ty::BOOL, Why::Condition));
            cond = self.add(ExprKind::And(cond, right), Ty::BOOL, self.span(id));
        }
        cond
    }

    pub fn match_expr(&mut self, id: Id, value: Id, arms: &'a [Id], want: Want) -> ExprId {
        let span = self.span(id);
        let at = self.span(value);
        let value = self.expr(value, Want::Any);
        let ty = self.ty(value);
        if arms.is_empty() {
            self.report(
                Diagnostic::error("E0202", span, "a `match` without arms")
                    .label("nothing can match")
                    .help("add arms: `pattern => value`"),
            );
            return self.poison(span);
        }
        let mut join = Join::new(want);
        let (mut out, mut bodies, mut pats) = (Vec::new(), Vec::new(), Vec::new());
        let mut broken = false;
        for &arm in arms {
            let Node::Arm(pat, body) = self.node(arm) else {
                broken = true;
                continue;
            };
            let (pat, guard) = match self.node(pat) {
                Node::Guard(pat, guard) => (pat, Some(guard)),
                _ => (pat, None),
            };
            let mark = self.enter();
            let pat = self.pattern(pat, ty, at, |_, _| ());
            let guard = guard.map(|g| self.expr(g, Want::Is(Ty::BOOL, Why::Condition)));
            let body = self.branch(&mut join, body);
            self.leave(mark);
            pats.push((pat, guard.is_some()));
            bodies.push(body);
            out.push(Arm { pat, guard, body });
        }
        let ty = if broken && bodies.is_empty() { Ty::ERROR } else { self.join_ty(&join, &bodies) };
        if !broken {
            let word = Span { hi: at.hi, ..span };
            self.deferred.push(Deferred::Match { value, arms: pats, span: word });
        }
        self.add(ExprKind::Match { value, arms: out }, ty, span)
    }

    pub fn while_expr(&mut self, span: Span, cond: Id, body: Id) -> ExprId {
        let mark = self.enter();
        let cond = self.cond(cond);
        self.frame().loops.push(false);
        let body = self.expr(body, Want::Discard);
        self.leave(mark);
        let has_break = self.frame().loops.pop().unwrap_or(true);
        let forever = matches!(self.body.expr(cond).kind, ExprKind::Lit(Lit::Bool(true))) && !has_break;
        self.add(ExprKind::While { cond, body }, if forever { Ty::NEVER } else { Ty::UNIT }, span)
    }

    pub fn for_expr(&mut self, span: Span, pat: Id, mut iter: Id, body: Id) -> ExprId {
        while let Node::Paren(inner) = self.node(iter) {
            iter = inner;
        }
        if let Node::Range(from, to) | Node::RangeInclusive(from, to) = self.node(iter) {
            let inclusive = matches!(self.node(iter), Node::RangeInclusive(..));
            let (from, to, ty) = self.range_bounds(from, to);
            let mark = self.enter();
            let pat = self.pattern(pat, ty, self.span(iter), |_, _| ());
            let var = match self.body.pat(pat).kind {
                PatKind::Bind(local, None) => local,
                PatKind::Wild | PatKind::Error => self.temporary(self.body.pat(pat).span, ty),
                _ => {
                    let at = self.body.pat(pat).span;
                    self.report(
                        Diagnostic::error("E0200", at, "a range gives plain integers")
                            .label("does not match every integer")
                            .help("bind it to a name, or write `_`"),
                    );
                    self.temporary(at, ty)
                }
            };
            let body = self.loop_body(body);
            self.leave(mark);
            return self.add(ExprKind::ForRange { var, from, to, inclusive, body }, Ty::UNIT, span);
        }
        let at = self.span(iter);
        let mut iter = self.expr(iter, Want::Any);
        let ty = self.ty(iter);
        let element = match self.cx.types.kind(ty).clone() {
            TyKind::App(TyCon::Adt(id), args) if Some(id) == self.cx.iterator => {
                return self.for_iterator(span, pat, iter, (args[0], args[1]), body);
            }
            TyKind::App(TyCon::List | TyCon::Channel, args) => args[0],
            TyKind::Error | TyKind::Never => Ty::ERROR,
            TyKind::String => match self.cx.intrinsics.get(&Intrinsic::StringSplit) {
                // One String per code point.
                Some(&function) => {
                    let empty = self.add(ExprKind::Lit(Lit::Str(String::new())), Ty::STRING, at);
                    let list = self.app(TyCon::List, &[Ty::STRING]);
                    iter = self.add(ExprKind::Call { function, type_args: vec![], args: vec![iter, empty] }, list, at);
                    Ty::STRING
                }
                None => Ty::ERROR,
            },
            TyKind::App(TyCon::Adt(id), args) if Some(id) == self.cx.map || Some(id) == self.cx.set => {
                // The keys or elements, as they are when the loop begins.
                let name = if Some(id) == self.cx.map { "map_keys" } else { "set_to_list" };
                let function = self.cx.names.get(name).and_then(|n| self.cx.scopes[PRELUDE_FILE].functions.get(&n));
                let Some(&function) = function else { return self.poison(span) };
                let list = self.app(TyCon::List, &args[..1]);
                let call = ExprKind::Call { function, type_args: args.to_vec(), args: vec![iter] };
                iter = self.add(call, list, at);
                args[0]
            }
            TyKind::Infer(_) => {
                self.undetermined(at);
                Ty::ERROR
            }
            _ => {
                let shown = self.show(ty);
                self.report(
                    Diagnostic::error("E0200", at, format!("{shown} cannot be looped over"))
                        .label(format!("this is {shown}"))
                        .help(if ty == Ty::INT {
                            "count with a range: `for i in 0..n`"
                        } else {
                            "loop over a range, a List, Map, Set, String or Channel"
                        }),
                );
                Ty::ERROR
            }
        };
        let mark = self.enter();
        let pat = self.pattern(pat, element, at, |_, _| ());
        self.deferred.push(Deferred::Irrefutable { pat, what: "for" });
        let body = self.loop_body(body);
        self.leave(mark);
        self.add(ExprKind::ForEach { pat, iter, body }, Ty::UNIT, span)
    }

    pub fn loop_body(&mut self, body: Id) -> ExprId {
        self.frame().loops.push(false);
        let body = self.expr(body, Want::Discard);
        self.frame().loops.pop();
        body
    }

    pub fn jump(&mut self, span: Span, is_break: bool) -> ExprId {
        if let Some(has_break) = self.frame().loops.last_mut() {
            *has_break |= is_break;
            let kind = if is_break { ExprKind::Break } else { ExprKind::Continue };
            return self.add(kind, Ty::NEVER, span);
        }
        let (code, word) = if is_break { ("E0243", "break") } else { ("E0244", "continue") };
        let crossing = self.frames.iter().any(|f| !f.loops.is_empty());
        let mut error = Diagnostic::error(code, span, format!("`{word}` outside a loop")).label("no loop around this");
        if crossing {
            let at = self.frame().spawn.unwrap_or(span);
            error = error
                .secondary(at, "the loop is outside this block, which runs on its own")
                .help("end the block with `return`, and tell the loop through a channel");
        } else {
            error = error.help(match is_break {
                true => "leave a function with `return`",
                false => "`continue` begins the next iteration of a loop; leave a function with `return`",
            });
        }
        self.report(error);
        self.add(ExprKind::Error, Ty::NEVER, span)
    }

    pub fn return_expr(&mut self, span: Span, value: Id) -> ExprId {
        let result = self.frame().result;
        let Some(result) = result else {
            // A detached block: whatever it returns, nobody sees it.
            let value = value.some().map(|v| self.expr(v, Want::Discard));
            let leave = self.add(ExprKind::Return(None), Ty::NEVER, span);
            return match value {
                Some(value) => {
                    let stmts = vec![crate::hir::Stmt::Expr(value), crate::hir::Stmt::Expr(leave)];
                    self.add(ExprKind::Block { stmts, tail: None }, Ty::NEVER, span)
                }
                None => leave,
            };
        };
        let value = match value.some() {
            Some(value) => {
                let e = self.expr(value, Want::Is(result, Why::Return));
                // `return f()` where f gives nothing.
                Some(e)
            }
            None => {
                if !self.unify(Ty::UNIT, result) {
                    let shown = self.show(result);
                    let mut error =
                        Diagnostic::error("E0200", span, format!("expected {shown}, but this `return` gives nothing"))
                            .label("no value")
                            .help(format!("return a value of type {shown}"));
                    if let Some(at) = self.cx.info(self.id).result_span {
                        error = error.secondary(at, format!("the function returns {shown}"));
                    }
                    self.report(error);
                }
                None
            }
        };
        self.add(ExprKind::Return(value), Ty::NEVER, span)
    }
}
