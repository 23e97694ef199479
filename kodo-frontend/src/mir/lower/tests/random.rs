//! Random programs: lowered and run, they print what the reference prints.
//!
//! The programs assign variables in operands, indices, conditions and guards, where the order of evaluation shows.
//! Indices are always in range and loops are short, so every program ends.

use super::build::*;
use super::*;
use super::{reference, run};
use crate::hir::{BinaryOp as B, ExprId, ExprKind, FPart, FnId, Lit, LocalId, PatId, PatKind, UnaryOp};
use crate::syntax::ast::Mode;
use crate::types::ty::{Ty, TyCon};

/// Ints, Strings, lists of Ints, options of Ints and structs: two variables of each.
const KINDS: usize = 5;
const ROUNDS: u64 = 400;

struct Random<'w> {
    seed: u64,
    f: &'w mut Write,
    types: [Ty; KINDS],
    vars: [[LocalId; 2]; KINDS],
    bump: FnId,
    loops: u32,
    fuel: u32,
}

#[test]
fn random_programs_print_what_the_reference_prints() {
    for round in 1..=ROUNDS {
        let mut b = Build::new();
        let types = [Ty::INT, Ty::STRING, b.app(TyCon::List, Ty::INT), b.option(Ty::INT), b.adt(P)];
        let params = [(Ty::INT, Mode::Mut), (Ty::STRING, Mode::Mut), (types[2], Mode::Ref), (Ty::INT, Mode::Default)];
        let bump = b.function("bump", 0, &params, Ty::INT, |f, params| {
            let (x, s, list, by) = (params[0], params[1], params[2], params[3]);
            let (target, amount) = (f.v(x), f.v(by));
            let add = f.update(B::Add, target, amount);
            let (target, more) = (f.v(s), f.str("+"));
            let append = f.update(B::Add, target, more);
            let (base, zero) = (f.v(list), f.int(0));
            let (first, x) = (f.at(base, zero, Ty::INT), f.v(x));
            let sum = f.bin(B::Add, first, x);
            f.block(&[add, append], Some(sum))
        });
        b.function("main", 0, &[], Ty::INT, |f, _| {
            let vars = types.map(|ty| [f.local(ty), f.local(ty)]);
            let mut random =
                Random { seed: round.wrapping_mul(0x9E37_79B9_7F4A_7C15), f, types, vars, bump, loops: 0, fuel: 400 };
            let mut stmts = Vec::new();
            for (kind, pair) in vars.iter().enumerate() {
                for &local in pair {
                    let value = random.simple(kind);
                    stmts.push(random.f.set(local, value));
                }
            }
            for _ in 0..8 {
                stmts.push(random.stmt(4));
            }
            for &local in vars[..2].iter().flatten() {
                let value = random.f.v(local);
                stmts.push(random.f.say(value));
            }
            let value = random.expr(0, 3);
            random.f.block(&stmts, Some(value))
        });
        let main = b.program.main.expect("main");
        let bodies = super::super::lower(&mut b.program, &b.names);
        let (expected, printed) = reference::call(&b.program, main, &mut [], Vec::new());
        bodies.iter().flatten().for_each(run::check);
        let program = mono::instantiate(&mut b.program, &b.names, &bodies).expect("finite");
        let (value, output) = run::run(&program);
        assert_eq!(output, printed.join(" "), "round {round}");
        assert_eq!(format!("{value:?}"), format!("{:?}", Ok::<_, String>(expected)), "round {round}");
    }
}

impl Random<'_> {
    fn below(&mut self, n: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 20) % n
    }

    fn var(&mut self, kind: usize) -> ExprId {
        let local = self.any(kind);
        self.f.v(local)
    }

    fn any(&mut self, kind: usize) -> LocalId {
        self.vars[kind][self.below(2) as usize]
    }

    fn simple(&mut self, kind: usize) -> ExprId {
        let number = self.below(7) as i64 - 2;
        match kind {
            0 => self.f.int(number),
            1 => {
                let text = ["", "a", "bc"][self.below(3) as usize];
                self.f.str(text)
            }
            2 => {
                let items = [number, 1, 2].map(|n| self.f.int(n));
                self.f.list(&items, self.types[2])
            }
            3 if number < 0 => self.f.make(OPTION, 1, &[], self.types[3]),
            3 => {
                let value = self.f.int(number);
                self.f.make(OPTION, 0, &[value], self.types[3])
            }
            _ => {
                let fields = [self.simple(0), self.simple(1), self.simple(2)];
                self.f.make(P, 0, &fields, self.types[4])
            }
        }
    }

    fn expr(&mut self, kind: usize, depth: u32) -> ExprId {
        self.fuel = self.fuel.saturating_sub(1);
        if depth == 0 || self.fuel == 0 {
            return if self.below(3) == 0 { self.simple(kind) } else { self.var(kind) };
        }
        let d = depth - 1;
        match self.below(9) {
            0 => {
                let (cond, a, b) = (self.cond(d), self.expr(kind, d), self.expr(kind, d));
                self.f.if_(cond, a, Some(b))
            }
            1 | 2 => {
                let (stmt, value) = (self.stmt(d), self.expr(kind, d));
                self.f.block(&[stmt], Some(value))
            }
            3 => self.matched(kind, d),
            4 => self.var(kind),
            _ => self.specific(kind, d),
        }
    }

    fn specific(&mut self, kind: usize, d: u32) -> ExprId {
        match (kind, self.below(5)) {
            (0, 0) => {
                let base = self.expr(2, d);
                let index = self.index(d);
                self.f.at(base, index, Ty::INT)
            }
            (0, 1) => {
                let base = self.expr(4, d);
                self.f.field(base, 0, Ty::INT)
            }
            (0, 2) => self.bump(d),
            (0, _) => {
                let op = [B::Add, B::Sub, B::Mul][self.below(3) as usize];
                let (a, b) = (self.expr(0, d), self.expr(0, d));
                self.f.bin(op, a, b)
            }
            (1, 0) => {
                let base = self.expr(4, d);
                self.f.field(base, 1, Ty::STRING)
            }
            (1, 1 | 2) => {
                let (a, b) = (self.expr(1, d), self.expr(1, d));
                self.f.bin(B::Add, a, b)
            }
            (1, _) => {
                let parts = vec![
                    FPart::Hole(self.expr(0, d)),
                    FPart::Text("-".into()),
                    FPart::Hole(self.expr(1, d)),
                    FPart::Hole(self.expr(0, d)),
                ];
                self.f.e(ExprKind::FString(parts), Ty::STRING)
            }
            (2, 0) => {
                let base = self.expr(4, d);
                self.f.field(base, 2, self.types[2])
            }
            (2, _) => {
                let items = [self.expr(0, d), self.expr(0, d), self.expr(0, d)];
                self.f.list(&items, self.types[2])
            }
            (3, _) => {
                let value = self.expr(0, d);
                self.f.make(OPTION, 0, &[value], self.types[3])
            }
            (_, _) => {
                let fields = [self.expr(0, d), self.expr(1, d), self.expr(2, d)];
                self.f.make(P, 0, &fields, self.types[4])
            }
        }
    }

    /// 0, 1 or 2: in range of every list.
    fn index(&mut self, d: u32) -> ExprId {
        let value = self.below(3) as i64;
        let value = self.f.int(value);
        if d > 0 && self.below(2) == 0 {
            let stmt = self.stmt(d - 1);
            return self.f.block(&[stmt], Some(value));
        }
        value
    }

    fn cond(&mut self, d: u32) -> ExprId {
        if d == 0 {
            let (a, b) = (self.var(0), self.simple(0));
            return self.f.bin(B::Lt, a, b);
        }
        let d = d - 1;
        match self.below(6) {
            0 => {
                let (a, b) = (self.cond(d), self.cond(d));
                self.f.e(ExprKind::And(a, b), Ty::BOOL)
            }
            1 => {
                let (a, b) = (self.cond(d), self.cond(d));
                self.f.e(ExprKind::Or(a, b), Ty::BOOL)
            }
            2 => {
                let a = self.cond(d);
                self.f.e(ExprKind::Unary(UnaryOp::Not, a), Ty::BOOL)
            }
            3 => {
                let op = [B::Eq, B::Ne][self.below(2) as usize];
                let (a, b) = (self.expr(1, d), self.expr(1, d));
                self.f.bin(op, a, b)
            }
            4 => {
                let (local, keep) = self.fresh(0);
                let bind = self.f.bind(local);
                let pat = self.f.variant(OPTION, 0, &[bind], self.types[3]);
                let value = self.expr(3, d);
                let bound = self.f.e(ExprKind::Let { pat, value }, Ty::BOOL);
                let yes = self.f.bool(true);
                let kept = self.f.block(&[keep], Some(yes));
                self.f.e(ExprKind::And(bound, kept), Ty::BOOL)
            }
            _ => {
                let (a, b) = (self.expr(0, d), self.expr(0, d));
                self.f.bin(B::Le, a, b)
            }
        }
    }

    /// A variable for a pattern, and a statement that keeps what it was bound to.
    fn fresh(&mut self, kind: usize) -> (LocalId, ExprId) {
        let local = self.f.local(self.types[kind]);
        let (target, value) = (self.any(kind), self.f.v(local));
        (local, self.f.set(target, value))
    }

    fn guard(&mut self, d: u32) -> Option<ExprId> {
        if self.below(2) == 0 { Some(self.cond(d)) } else { None }
    }

    fn matched(&mut self, kind: usize, d: u32) -> ExprId {
        let value;
        let mut keeps = Vec::new();
        let pats: Vec<PatId> = match self.below(3) {
            0 => {
                value = self.expr(3, d);
                let ty = self.types[3];
                let (local, keep) = self.fresh(0);
                let (named, keep_all) = self.fresh(3);
                keeps.extend([keep, keep_all]);
                let (one, bind) = (self.f.lit(1), self.f.bind(local));
                let small = self.f.p(PatKind::Range(0, 3), Ty::INT);
                let inner = if self.below(2) == 0 { one } else { small };
                let first = self.f.variant(OPTION, 0, &[inner], ty);
                let some = self.f.variant(OPTION, 0, &[bind], ty);
                let some = self.f.p(PatKind::Bind(named, Some(some)), ty);
                let none = self.f.variant(OPTION, 1, &[], ty);
                vec![first, none, some]
            }
            1 => {
                value = self.expr(0, d);
                let [a, b, c] = [0, 1, 2].map(|n| self.f.lit(n));
                let or = self.f.p(PatKind::Or(vec![b, c]), Ty::INT);
                let (local, keep) = self.fresh(0);
                keeps.push(keep);
                vec![a, or, self.f.bind(local)]
            }
            _ => {
                value = self.expr(1, d);
                let [a, b] = ["a", "bc"].map(|s| self.f.p(PatKind::Lit(Lit::Str(s.into())), Ty::STRING));
                let (local, keep) = self.fresh(1);
                keeps.push(keep);
                vec![a, b, self.f.bind(local)]
            }
        };
        let mut arms = Vec::new();
        let last = pats.len() - 1;
        for (index, pat) in pats.into_iter().enumerate() {
            let (guard, mut body) = (self.guard(d), self.expr(kind, d));
            if index == last {
                body = self.f.block(&keeps, Some(body));
            }
            arms.push((pat, guard, body));
        }
        let wild = self.f.wild();
        let last = self.expr(kind, d);
        arms.push((wild, None, last));
        self.f.matches(value, arms)
    }

    /// `bump(place, place, list, value)`, all of variables that may coincide with those of other arguments.
    fn bump(&mut self, d: u32) -> ExprId {
        let x = if self.below(2) == 0 {
            let base = self.var(2);
            let index = self.index(d);
            self.f.at(base, index, Ty::INT)
        } else {
            self.var(0)
        };
        let s = if self.below(2) == 0 {
            let base = self.var(4);
            self.f.field(base, 1, Ty::STRING)
        } else {
            self.var(1)
        };
        let (list, by) = (self.expr(2, d), self.expr(0, d));
        self.f.call(self.bump, &[], &[x, s, list, by], Ty::INT)
    }

    fn place(&mut self, d: u32) -> (ExprId, usize) {
        match self.below(8) {
            0 | 1 => {
                let base = self.var(2);
                let index = self.index(d);
                (self.f.at(base, index, Ty::INT), 0)
            }
            2 => {
                let base = self.var(4);
                let base = self.f.field(base, 2, self.types[2]);
                let index = self.index(d);
                (self.f.at(base, index, Ty::INT), 0)
            }
            3 => {
                let base = self.var(4);
                (self.f.field(base, 1, Ty::STRING), 1)
            }
            4 => {
                let base = self.var(4);
                (self.f.field(base, 2, self.types[2]), 2)
            }
            _ => {
                let kind = self.below(KINDS as u64) as usize;
                (self.var(kind), kind)
            }
        }
    }

    fn stmt(&mut self, depth: u32) -> ExprId {
        self.fuel = self.fuel.saturating_sub(1);
        let d = depth.saturating_sub(1);
        match if self.fuel == 0 || depth == 0 { 0 } else { self.below(12) } {
            0 => {
                let value = self.var(1);
                self.f.say(value)
            }
            1 => {
                let value = self.expr(0, d);
                self.f.say(value)
            }
            2 => {
                let (cond, body) = (self.cond(d), self.stmt(d));
                self.f.if_(cond, body, None)
            }
            3 | 4 if self.loops < 2 => {
                self.loops += 1;
                let (var, keep) = self.fresh(0);
                let mut stmts = vec![keep, self.stmt(d)];
                if self.below(2) == 0 {
                    let (cond, leave) = (self.cond(d), if self.below(2) == 0 { self.f.brk() } else { self.f.cont() });
                    stmts.push(self.f.if_(cond, leave, None));
                }
                stmts.push(self.stmt(d));
                let body = self.f.block(&stmts, None);
                self.loops -= 1;
                if self.below(2) == 0 {
                    let (from, to) = (self.simple(0), self.simple(0));
                    let inclusive = self.below(2) == 0;
                    self.f.range(var, from, to, inclusive, body)
                } else {
                    let iter = self.simple(2);
                    let pat = self.f.bind(var);
                    self.f.for_each(pat, iter, body)
                }
            }
            5 => {
                let (list, value) = (self.simple_place(), self.expr(0, d));
                self.f.op(Intrinsic::ListPush, &[Ty::INT], &[list, value], Ty::UNIT)
            }
            6 | 7 => {
                let (target, kind) = self.place(d);
                if kind > 1 {
                    let value = self.expr(kind, d);
                    return self.f.assign(target, value);
                }
                let value = self.expr(kind, d);
                self.f.update(B::Add, target, value)
            }
            8 if self.below(6) == 0 => {
                let value = self.expr(0, d);
                let (cond, leave) = (self.cond(d), self.f.ret(Some(value)));
                self.f.if_(cond, leave, None)
            }
            _ => {
                let (target, kind) = self.place(d);
                let value = self.expr(kind, d);
                self.f.assign(target, value)
            }
        }
    }

    fn simple_place(&mut self) -> ExprId {
        if self.below(2) == 0 {
            return self.var(2);
        }
        let base = self.var(4);
        self.f.field(base, 2, self.types[2])
    }
}
