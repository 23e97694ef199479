//! One body: scopes, locals, expectations and their reports. The families of constructs are in the files beside this one.

mod call;
mod closure;
mod concurrency;
mod control;
mod expr;
mod finish;
mod format;
mod iterate;
mod lookup;
mod mismatch;
mod numbers;
mod operator;
mod pattern;
mod place;
mod sugar;
mod traits;
mod unused;

use super::context::{BodyAst, Cx};
use super::format::Format;
use super::resolve_ty::TypeScope;
use super::traits::{Bounds, TraitId};
use super::ty::{AdtId, Ty, TyCon, TyKind};
use super::unify::Unifier;
use crate::hir::{Body, Capture, ExprId, ExprKind, FnId, Local, LocalId, PatId, Stmt};
use crate::names::Name;
use crate::own;
use crate::source::Span;
use crate::syntax::ast::{Ast, Id, Mode, Node};
use rustc_hash::{FxHashMap, FxHashSet};

/// What the surroundings do with an expression's value.
#[derive(Clone, Copy)]
pub(super) enum Want {
    /// Use it, whatever its type.
    Any,
    /// Throw it away.
    Discard,
    /// Need this type.
    Is(Ty, Why),
}

/// Why a type is needed: for the second label of a mismatch.
#[derive(Clone, Copy)]
pub(super) enum Why {
    Plain,
    /// The annotation of a `let`.
    Annotation(Span),
    /// The value of the function's body.
    Tail,
    /// `return`.
    Return,
    /// Argument number n.
    Argument(FnId, usize),
    /// A struct's field or a variant's payload, declared here.
    Field(Span),
    /// `if`, `while`, a guard.
    Condition,
    /// Another branch or arm has the type.
    Branch(Span),
    /// The left operand has the type.
    Operand(Span),
    /// The assigned place has the type.
    Assigned(Span),
    /// Elements before have the type.
    Element(Span),
    /// The channel has elements of the type.
    Channel(Span),
    /// The matched value has the type.
    Matched(Span),
    Index,
    RangeBound,
    Milliseconds,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LocalKind {
    Let,
    Param(Mode, usize),
    /// Bound by a pattern or a loop.
    Binding,
    /// A spawned block's copy.
    Capture,
    /// A closure's copy.
    ClosureCapture,
    /// Made by the checker.
    Temporary,
}

pub(super) struct LocalInfo {
    pub frame: usize,
    pub kind: LocalKind,
    /// How often it is named to be read; for a spawned block's copy, also to be captured again.
    pub reads: u32,
    /// Where it was changed last.
    pub changed: Option<Span>,
    /// The word `let`, if that declared it.
    pub let_word: Option<Span>,
}

/// The function, or a spawned block inside it.
pub(super) struct Frame {
    /// What `return` gives; `None` in a detached block, whose value nobody sees.
    pub result: Option<Ty>,
    pub captures: Vec<Capture>,
    pub copies: FxHashMap<LocalId, LocalId>,
    /// One entry per enclosing loop: has it a `break`?
    pub loops: Vec<bool>,
    pub in_parallel: bool,
    pub spawn: Option<Span>,
    /// A closure's body: it only reads what it captured.
    pub closure: bool,
}

/// What waits until the types of the body are known.
pub(super) enum Deferred {
    /// The type must have a text form.
    Text {
        ty: Ty,
        span: Span,
        what: &'static str,
    },
    /// The type must have the format.
    Format {
        ty: Ty,
        value: Span,
        span: Span,
        format: Format,
    },
    /// The operator must exist for the type.
    Operator {
        op: crate::syntax::ast::BinOp,
        ty: Ty,
        span: Span,
    },
    Negation {
        ty: Ty,
        span: Span,
    },
    /// A library function needs an operation of the values it is given.
    Need {
        need: crate::types::need::Need,
        ty: Ty,
        span: Span,
        function: FnId,
    },
    /// The text of a panic: the prefix, and the value of the local if it has a text form.
    PanicText {
        slot: ExprId,
        prefix: String,
        locals: Vec<(&'static str, LocalId)>,
    },
    /// Arms (pattern, has a guard) must cover the type.
    Match {
        value: ExprId,
        arms: Vec<(PatId, bool)>,
        span: Span,
    },
    /// One pattern must cover its type.
    Irrefutable {
        pat: PatId,
        what: &'static str,
    },
    /// The function depends on the element's type.
    ByElement {
        call: ExprId,
        stem: Name,
        ty: Ty,
    },
}

pub(super) struct Infer<'c, 'a> {
    pub cx: &'c mut Cx<'a>,
    pub ast: &'a Ast,
    pub file: usize,
    pub id: FnId,
    pub generics: Vec<Name>,
    /// By generic parameter, what it implements.
    pub bounds: Vec<Bounds>,
    pub self_ty: Option<Ty>,
    /// The trait around the method or implemented by it.
    pub of: Option<TraitId>,
    /// Types that must implement a trait.
    pub obligations: Vec<traits::Obligation>,
    /// Associated types of types that are not known yet.
    pub projections: Vec<traits::Projection>,
    pub u: Unifier,
    pub body: Body,
    pub locals: Vec<LocalInfo>,
    env: FxHashMap<Name, Vec<LocalId>>,
    trail: Vec<Name>,
    pub frames: Vec<Frame>,
    pub deferred: Vec<Deferred>,
    /// The body's closing brace.
    pub close: Span,
    /// A path without a value is reported once.
    pub missing_value: bool,
    /// Inside arguments of an unknown function: what closures there are given is not known, and no mistake of theirs.
    pub lenient: bool,
    /// Names reported as unknown.
    pub unknown: FxHashSet<Name>,
    pub errors: usize,
    /// What the surroundings want of the call or constructor that is checked next; see [`numbers`].
    pub hint: Option<Ty>,
    /// Which operators combine nothing but number literals, as far as somebody asked.
    pub literals: FxHashMap<Id, bool>,
    /// Values that are thrown away.
    pub dropped: Vec<ExprId>,
    /// Statements that are never reached, and the ones that do not finish before them.
    pub unreachable: Vec<(Span, Span)>,
}

impl Cx<'_> {
    /// The `}` that ends a block, or the end of what stands for one.
    fn closing_brace(&self, block: Span) -> Span {
        let braced = self.sources.text(block).ends_with('}');
        Span { lo: block.hi - u32::from(braced), ..block }
    }

    /// None for a function without a body.
    pub fn check_body(&mut self, id: FnId) -> Option<Body> {
        let info = self.info(id);
        let (file, self_ty, of, bounds) = (info.file, info.self_ty, info.of, info.bounds.clone());
        let (block, script) = match &info.body {
            BodyAst::None => return None,
            BodyAst::Block(block) => (Some(*block), Vec::new()),
            BodyAst::Script(statements) => (None, statements.clone()),
        };
        let ast = self.ast(file);
        let f = self.signature(id);
        let (generics, params, result) = (f.generics.clone(), f.params.clone(), f.result);
        let span = match block {
            Some(block) => ast.span(block),
            None => script.iter().fold(ast.span(script[0]), |s, &i| s.to(ast.span(i))),
        };
        let close = self.closing_brace(span);
        let frame = Frame {
            result: Some(result),
            captures: Vec::new(),
            copies: FxHashMap::default(),
            loops: Vec::new(),
            in_parallel: false,
            spawn: None,
            closure: false,
        };
        let mut infer = Infer {
            cx: self,
            ast,
            file,
            id,
            generics,
            bounds,
            self_ty,
            of,
            obligations: Vec::new(),
            projections: Vec::new(),
            u: Unifier::default(),
            body: Body::default(),
            locals: Vec::new(),
            env: FxHashMap::default(),
            trail: Vec::new(),
            frames: vec![frame],
            deferred: Vec::new(),
            close,
            missing_value: false,
            lenient: false,
            unknown: FxHashSet::default(),
            errors: 0,
            hint: None,
            literals: FxHashMap::default(),
            dropped: Vec::new(),
            unreachable: Vec::new(),
        };
        for (index, param) in params.iter().enumerate() {
            let local = infer.local(param.name, param.span, param.ty, param.mode == Mode::Mut);
            infer.locals[local.0 as usize].kind = LocalKind::Param(param.mode, index);
            infer.body.params.push(local);
            infer.declare(param.name, local);
        }
        let want = match result {
            Ty::UNIT => Want::Discard,
            Ty::NEVER => Want::Any,
            ty => Want::Is(ty, Why::Tail),
        };
        let statements: &[Id] = match block.map(|b| ast.node(b)) {
            Some(Node::Block(list)) => ast.list(list),
            Some(_) => &[],
            None => &script,
        };
        let root = infer.block(statements, span, want);
        infer.body.root = Some(root);
        infer.finish();
        Some(infer.body)
    }
}

impl<'a> Infer<'_, 'a> {
    // ---- types

    pub fn fresh(&mut self) -> Ty {
        self.u.fresh(&mut self.cx.types)
    }

    pub fn shallow(&mut self, ty: Ty) -> Ty {
        self.u.shallow(&self.cx.types, ty)
    }

    pub fn kind(&mut self, ty: Ty) -> TyKind {
        let ty = self.shallow(ty);
        self.cx.types.kind(ty).clone()
    }

    pub fn unify(&mut self, a: Ty, b: Ty) -> bool {
        self.u.unify(&mut self.cx.types, a, b)
    }

    /// The type of an expression, its outermost variable followed.
    pub fn ty(&mut self, e: ExprId) -> Ty {
        let ty = self.body.expr(e).ty;
        self.shallow(ty)
    }

    /// The type of an expression as a part of another type: what does not finish may be anything there.
    pub fn value_ty(&mut self, e: ExprId) -> Ty {
        let ty = self.ty(e);
        if ty != Ty::NEVER {
            return ty;
        }
        let var = self.fresh();
        self.u.never_fits(&self.cx.types, var);
        var
    }

    pub fn app(&mut self, con: TyCon, args: &[Ty]) -> Ty {
        self.cx.types.app(con, args)
    }

    pub fn option_of(&mut self, ty: Ty) -> Ty {
        let option = self.cx.option;
        self.app(TyCon::Adt(option), &[ty])
    }

    /// The argument of `con<_>` if the type is that, or is a variable that becomes it.
    pub fn as_app(&mut self, con: TyCon, ty: Ty) -> Option<Ty> {
        let ty = self.shallow(ty);
        match self.cx.types.kind(ty) {
            TyKind::App(c, args) if *c == con => args.first().copied(),
            TyKind::Infer(_) => {
                let arg = self.fresh();
                let whole = self.app(con, &[arg]);
                self.unify(ty, whole).then_some(arg)
            }
            TyKind::Error => Some(Ty::ERROR),
            _ => None,
        }
    }

    pub fn show(&mut self, ty: Ty) -> String {
        let ty = self.u.resolve(&mut self.cx.types, ty);
        self.cx.display(ty, &self.generics)
    }

    pub fn resolve_written(&mut self, id: Id) -> Ty {
        let before = self.cx.out.len() + self.cx.not_dyn.len();
        let scope = TypeScope {
            file: self.file,
            generics: &self.generics,
            bounds: &self.bounds,
            self_ty: self.self_ty,
            of: self.of,
        };
        let ty = self.cx.resolve_ty(scope, id);
        self.cx.check_written();
        self.errors += self.cx.out.len() + self.cx.not_dyn.len() - before;
        ty
    }

    // ---- building

    pub fn span(&self, id: Id) -> Span {
        self.ast.span(id)
    }

    pub fn add(&mut self, kind: ExprKind, ty: Ty, span: Span) -> ExprId {
        self.body.add_expr(kind, ty, span)
    }

    pub fn poison(&mut self, span: Span) -> ExprId {
        self.add(ExprKind::Error, Ty::ERROR, span)
    }

    pub fn unit(&mut self, span: Span) -> ExprId {
        self.add(ExprKind::Unit, Ty::UNIT, span)
    }

    pub fn report(&mut self, diagnostic: crate::diag::Diagnostic) {
        self.errors += 1;
        self.cx.report(diagnostic);
    }

    pub fn unsupported(&mut self, span: Span, what: &str, help: &str) -> ExprId {
        self.errors += 1;
        self.cx.unsupported(span, what, help);
        self.poison(span)
    }

    /// An expression whose value, if any, is thrown away.
    pub fn discarded(&mut self, e: ExprId) -> ExprId {
        let ty = self.ty(e);
        if matches!(ty, Ty::UNIT | Ty::NEVER | Ty::ERROR) {
            return e;
        }
        self.dropped.push(e);
        let span = self.body.expr(e).span;
        self.add(ExprKind::Block { stmts: vec![Stmt::Expr(e)], tail: None }, Ty::UNIT, span)
    }

    // ---- scopes and locals

    pub fn enter(&self) -> usize {
        self.trail.len()
    }

    pub fn leave(&mut self, mark: usize) {
        for name in self.trail.drain(mark..) {
            if let Some(locals) = self.env.get_mut(&name) {
                locals.pop();
            }
        }
    }

    pub fn local(&mut self, name: Name, span: Span, ty: Ty, mutable: bool) -> LocalId {
        self.locals.push(LocalInfo {
            frame: self.frames.len() - 1,
            kind: LocalKind::Binding,
            reads: 0,
            changed: None,
            let_word: None,
        });
        self.body.add_local(Local { name, span, ty, mutable })
    }

    pub fn temporary(&mut self, span: Span, ty: Ty) -> LocalId {
        let name = self.cx.unnamed;
        let local = self.local(name, span, ty, false);
        self.locals[local.0 as usize].kind = LocalKind::Temporary;
        local
    }

    pub fn declare(&mut self, name: Name, local: LocalId) {
        self.env.entry(name).or_default().push(local);
        self.trail.push(name);
    }

    pub fn is_variable(&self, name: Name) -> bool {
        self.env.get(&name).is_some_and(|v| !v.is_empty())
    }

    /// Names of the variables in scope.
    pub fn variables(&self) -> Vec<Name> {
        self.env.iter().filter(|(_, v)| !v.is_empty()).map(|(n, _)| *n).collect()
    }

    /// The variable of that name; inside a spawned block, its copy there.
    pub fn variable(&mut self, name: Name, span: Span) -> Option<LocalId> {
        let mut local = *self.env.get(&name)?.last()?;
        self.locals[local.0 as usize].reads += 1;
        for frame in self.locals[local.0 as usize].frame + 1..self.frames.len() {
            local = self.capture(local, frame, span);
            self.locals[local.0 as usize].reads += 1;
        }
        Some(local)
    }

    fn capture(&mut self, outer: LocalId, frame: usize, at: Span) -> LocalId {
        if let Some(&copy) = self.frames[frame].copies.get(&outer) {
            return copy;
        }
        let closure = self.frames[frame].closure;
        if let LocalKind::Param(mode @ (Mode::Ref | Mode::Mut), _) = self.locals[outer.0 as usize].kind
            && (!closure || self.is_moved(outer))
        {
            self.borrowed_capture(outer, mode, at, frame);
        }
        let Local { name, span, ty, .. } = self.body.local(outer).clone();
        let copy = self.body.add_local(Local { name, span, ty, mutable: !closure });
        let kind = if closure { LocalKind::ClosureCapture } else { LocalKind::Capture };
        self.locals.push(LocalInfo { frame, kind, reads: 0, changed: None, let_word: None });
        self.frames[frame].copies.insert(outer, copy);
        self.frames[frame].captures.push(Capture { outer, inner: copy, at });
        copy
    }

    /// Is the parameter of a type that a closure takes, where it only copies others?
    fn is_moved(&self, param: LocalId) -> bool {
        let cx = &self.cx;
        cx.is_user(self.id) && !own::is_copy(&cx.types, &cx.adts, [cx.option, cx.result], self.body.local(param).ty)
    }

    pub fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("a body has at least its function's frame")
    }

    pub fn adt_of(&mut self, ty: Ty) -> Option<AdtId> {
        match self.kind(ty) {
            TyKind::App(TyCon::Adt(id), _) => Some(id),
            _ => None,
        }
    }

    pub fn node(&self, id: Id) -> Node {
        if id == Id::NONE { Node::Error } else { self.ast.node(id) }
    }

    pub fn ids(&self, list: crate::syntax::ast::List) -> &'a [Id] {
        self.ast.list(list)
    }
}
