//! Small typed trees, written by hand. Every operation of the language is a function at the index of its intrinsic.

use crate::hir::*;
use crate::mir::Intrinsic;
use crate::names::{Name, Names};
use crate::source::{FileId, Span};
use crate::syntax::ast::Mode;
use crate::types::ty::{self, Adt, AdtId, AdtKind, Ty, TyCon, TyKind, Types};

pub(crate) const OPTION: AdtId = AdtId(0);
/// `enum Shape { Circle(Int), Rect(Int, String), Empty }`
pub(crate) const SHAPE: AdtId = AdtId(2);
/// `struct P { x: Int, name: String, items: List<Int> }`
pub(crate) const P: AdtId = AdtId(3);

pub(crate) fn span() -> Span {
    Span::new(FileId(0), 0, 1)
}

pub(crate) struct Build {
    pub(crate) program: Program,
    pub(crate) names: Names,
}

impl Build {
    pub(crate) fn new() -> Build {
        let mut names = Names::default();
        let mut types = Types::default();
        let param = types.intern(TyKind::Param(0));
        let ints = types.app(TyCon::List, &[Ty::INT]);
        let mut adt = |name: &str, kind, params: &[&str], variants: &[(&str, &[Ty])]| Adt {
            name: names.intern(name),
            kind,
            span: span(),
            params: params.iter().map(|p| names.intern(p)).collect(),
            variants: (variants.iter())
                .map(|(name, fields)| ty::Variant {
                    name: names.intern(name),
                    span: span(),
                    fields: fields.iter().map(|&ty| ty::Field { name: None, ty, span: span() }).collect(),
                })
                .collect(),
        };
        let adts = vec![
            adt("Option", AdtKind::Enum, &["T"], &[("Some", &[param]), ("None", &[])]),
            adt("Result", AdtKind::Enum, &["T"], &[("Ok", &[param]), ("Err", &[Ty::STRING])]),
            adt(
                "Shape",
                AdtKind::Enum,
                &[],
                &[("Circle", &[Ty::INT]), ("Rect", &[Ty::INT, Ty::STRING]), ("Empty", &[])],
            ),
            adt("P", AdtKind::Struct, &[], &[("P", &[Ty::INT, Ty::STRING, ints])]),
        ];
        let functions = (Intrinsic::ALL.iter())
            .map(|&intrinsic| Function {
                name: names.intern(intrinsic.name()),
                display_name: intrinsic.name().into(),
                span: span(),
                generics: Vec::new(),
                params: Vec::new(),
                result: Ty::UNIT,
                is_async: false,
                intrinsic: Some(intrinsic),
                body: None,
            })
            .collect();
        let program = Program {
            types,
            adts,
            functions,
            main: None,
            option: OPTION,
            result: AdtId(1),
            cells: Default::default(),
            inferred_mut: Default::default(),
        };
        Build { program, names }
    }

    pub(crate) fn option(&mut self, of: Ty) -> Ty {
        self.program.types.app(TyCon::Adt(OPTION), &[of])
    }

    pub(crate) fn adt(&mut self, adt: AdtId) -> Ty {
        self.program.types.app(TyCon::Adt(adt), &[])
    }

    pub(crate) fn app(&mut self, con: TyCon, of: Ty) -> Ty {
        self.program.types.app(con, &[of])
    }

    /// Adds a function; `write` gets its parameters and gives its body. A function can call itself: its id is the
    /// number of functions before.
    pub(crate) fn function(
        &mut self,
        name: &str,
        generics: u32,
        params: &[(Ty, Mode)],
        result: Ty,
        write: impl FnOnce(&mut Write, &[LocalId]) -> ExprId,
    ) -> FnId {
        let mut body = Write { body: Body::default(), name: self.names.intern("v") };
        let locals: Vec<LocalId> = params.iter().map(|param| body.local(param.0)).collect();
        body.body.params = locals.clone();
        let root = write(&mut body, &locals);
        body.body.root = Some(root);
        let generics = (0..generics).map(|n| self.names.intern(&format!("T{n}"))).collect();
        let params =
            (params.iter()).map(|&(ty, mode)| Param { name: self.names.intern("v"), span: span(), ty, mode }).collect();
        let id = FnId(self.program.functions.len() as u32);
        self.program.functions.push(Function {
            name: self.names.intern(name),
            display_name: name.into(),
            span: span(),
            generics,
            params,
            result,
            is_async: false,
            intrinsic: None,
            body: Some(body.body),
        });
        if name == "main" {
            self.program.main = Some(id);
        }
        id
    }
}

/// A body being written.
pub(crate) struct Write {
    pub(crate) body: Body,
    name: Name,
}

impl Write {
    pub(crate) fn local(&mut self, ty: Ty) -> LocalId {
        self.body.add_local(Local { name: self.name, span: span(), ty, mutable: true })
    }
    pub(crate) fn e(&mut self, kind: ExprKind, ty: Ty) -> ExprId {
        self.body.add_expr(kind, ty, span())
    }
    pub(crate) fn int(&mut self, value: i64) -> ExprId {
        self.e(ExprKind::Lit(Lit::Int(value)), Ty::INT)
    }
    pub(crate) fn bool(&mut self, value: bool) -> ExprId {
        self.e(ExprKind::Lit(Lit::Bool(value)), Ty::BOOL)
    }
    pub(crate) fn str(&mut self, value: &str) -> ExprId {
        self.e(ExprKind::Lit(Lit::Str(value.into())), Ty::STRING)
    }
    pub(crate) fn v(&mut self, local: LocalId) -> ExprId {
        let ty = self.body.local(local).ty;
        self.e(ExprKind::Local(local), ty)
    }
    pub(crate) fn bin(&mut self, op: BinaryOp, a: ExprId, b: ExprId) -> ExprId {
        use BinaryOp::*;
        let ty = if matches!(op, Eq | Ne | Lt | Le | Gt | Ge) { Ty::BOOL } else { self.body.expr(a).ty };
        self.e(ExprKind::Binary(op, a, b), ty)
    }
    pub(crate) fn call(&mut self, function: FnId, type_args: &[Ty], args: &[ExprId], ty: Ty) -> ExprId {
        let kind = ExprKind::Call { function, type_args: type_args.to_vec(), args: args.to_vec() };
        self.e(kind, ty)
    }
    pub(crate) fn op(&mut self, op: Intrinsic, type_args: &[Ty], args: &[ExprId], ty: Ty) -> ExprId {
        let index = Intrinsic::ALL.iter().position(|&i| i == op).expect("a known operation");
        self.call(FnId(index as u32), type_args, args, ty)
    }
    /// `println(value)`
    pub(crate) fn say(&mut self, value: ExprId) -> ExprId {
        let ty = self.body.expr(value).ty;
        self.op(Intrinsic::Println, &[ty], &[value], Ty::UNIT)
    }
    pub(crate) fn say_text(&mut self, text: &str) -> ExprId {
        let text = self.str(text);
        self.say(text)
    }
    pub(crate) fn block(&mut self, stmts: &[ExprId], tail: Option<ExprId>) -> ExprId {
        let ty = match tail {
            Some(tail) => self.body.expr(tail).ty,
            None if stmts.iter().any(|&s| self.body.expr(s).ty == Ty::NEVER) => Ty::NEVER,
            None => Ty::UNIT,
        };
        // A plain `let` may be written as the first assignment of its variable: lowering makes the same of both.
        let stmts = stmts.iter().map(|&s| Stmt::Expr(s)).collect();
        self.e(ExprKind::Block { stmts, tail }, ty)
    }
    pub(crate) fn set(&mut self, local: LocalId, value: ExprId) -> ExprId {
        let target = self.v(local);
        self.assign(target, value)
    }
    pub(crate) fn assign(&mut self, target: ExprId, value: ExprId) -> ExprId {
        self.e(ExprKind::Assign { target, value }, Ty::UNIT)
    }
    pub(crate) fn update(&mut self, op: BinaryOp, target: ExprId, value: ExprId) -> ExprId {
        self.e(ExprKind::AssignOp { op, target, value }, Ty::UNIT)
    }
    pub(crate) fn field(&mut self, base: ExprId, index: u32, ty: Ty) -> ExprId {
        self.e(ExprKind::Field(base, index), ty)
    }
    pub(crate) fn at(&mut self, list: ExprId, index: ExprId, ty: Ty) -> ExprId {
        self.e(ExprKind::Index(list, index), ty)
    }
    pub(crate) fn list(&mut self, items: &[ExprId], ty: Ty) -> ExprId {
        self.e(ExprKind::List(items.to_vec()), ty)
    }
    pub(crate) fn make(&mut self, adt: AdtId, variant: u32, fields: &[ExprId], ty: Ty) -> ExprId {
        let fields = fields.iter().enumerate().map(|(i, &f)| (i as u32, f)).collect();
        self.e(ExprKind::Construct { adt, variant, fields }, ty)
    }
    pub(crate) fn if_(&mut self, cond: ExprId, then: ExprId, otherwise: Option<ExprId>) -> ExprId {
        let mut ty = self.body.expr(then).ty;
        if let Some(otherwise) = otherwise.filter(|_| ty == Ty::NEVER) {
            ty = self.body.expr(otherwise).ty;
        } else if otherwise.is_none() {
            ty = Ty::UNIT;
        }
        self.e(ExprKind::If { cond, then, otherwise }, ty)
    }
    pub(crate) fn while_(&mut self, cond: ExprId, body: ExprId) -> ExprId {
        self.e(ExprKind::While { cond, body }, Ty::UNIT)
    }
    pub(crate) fn range(&mut self, var: LocalId, from: ExprId, to: ExprId, inclusive: bool, body: ExprId) -> ExprId {
        self.e(ExprKind::ForRange { var, from, to, inclusive, body }, Ty::UNIT)
    }
    pub(crate) fn for_each(&mut self, pat: PatId, iter: ExprId, body: ExprId) -> ExprId {
        self.e(ExprKind::ForEach { pat, iter, body }, Ty::UNIT)
    }
    pub(crate) fn ret(&mut self, value: Option<ExprId>) -> ExprId {
        self.e(ExprKind::Return(value), Ty::NEVER)
    }
    pub(crate) fn brk(&mut self) -> ExprId {
        self.e(ExprKind::Break, Ty::NEVER)
    }
    pub(crate) fn cont(&mut self) -> ExprId {
        self.e(ExprKind::Continue, Ty::NEVER)
    }
    pub(crate) fn matches(&mut self, value: ExprId, arms: Vec<(PatId, Option<ExprId>, ExprId)>) -> ExprId {
        let ty = arms.iter().map(|arm| self.body.expr(arm.2).ty).find(|&ty| ty != Ty::NEVER).unwrap_or(Ty::NEVER);
        let arms = arms.into_iter().map(|(pat, guard, body)| Arm { pat, guard, body }).collect();
        self.e(ExprKind::Match { value, arms }, ty)
    }
    pub(crate) fn spawn(&mut self, captures: &[(LocalId, LocalId)], body: ExprId, ty: Ty, parallel: bool) -> ExprId {
        let result = self.body.expr(body).ty;
        let detached = ty == Ty::UNIT;
        let captures = captures.iter().map(|&(outer, inner)| Capture { outer, inner, at: span() }).collect();
        let spawn = Spawn { captures, body, result, detached, parallel };
        self.e(ExprKind::Spawn(Box::new(spawn)), ty)
    }

    pub(crate) fn p(&mut self, kind: PatKind, ty: Ty) -> PatId {
        self.body.add_pat(kind, ty, span())
    }
    pub(crate) fn wild(&mut self) -> PatId {
        self.p(PatKind::Wild, Ty::INT)
    }
    pub(crate) fn bind(&mut self, local: LocalId) -> PatId {
        let ty = self.body.local(local).ty;
        self.p(PatKind::Bind(local, None), ty)
    }
    pub(crate) fn lit(&mut self, value: i64) -> PatId {
        self.p(PatKind::Lit(Lit::Int(value)), Ty::INT)
    }
    pub(crate) fn variant(&mut self, adt: AdtId, variant: u32, fields: &[PatId], ty: Ty) -> PatId {
        self.p(PatKind::Variant { adt, variant, fields: fields.to_vec() }, ty)
    }
}
