//! Conditions and loops.

use super::build::*;
use super::*;
use crate::hir::{BinaryOp as B, ExprId, ExprKind, LocalId};
use crate::types::ty::{Ty, TyCon};

/// `{ println(text); value }`
fn noisy(f: &mut Write, text: &str, value: bool) -> ExprId {
    let said = f.say_text(text);
    let value = f.bool(value);
    f.block(&[said], Some(value))
}

#[test]
fn the_right_side_of_and_and_or_runs_only_when_needed() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let mut stmts = Vec::new();
        for (and, left) in [(true, true), (true, false), (false, true), (false, false)] {
            let (l, r) = (noisy(f, "l", left), noisy(f, "r", true));
            let value = if and { f.e(ExprKind::And(l, r), Ty::BOOL) } else { f.e(ExprKind::Or(l, r), Ty::BOOL) };
            stmts.push(f.say(value));
        }
        f.block(&stmts, None)
    });
    assert_eq!(output(b), "l r true l false l true l r true");
}

/// Prints the variable in each turn.
fn count(inclusive: bool, from: i64, to: i64) -> String {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let i = f.local(Ty::INT);
        let shown = f.v(i);
        let said = f.say(shown);
        // Assigning the variable does not change the iteration.
        let zero = f.int(0);
        let reset = f.set(i, zero);
        let body = f.block(&[said, reset], None);
        let (from, to) = (f.int(from), f.int(to));
        f.range(i, from, to, inclusive, body)
    });
    output(b)
}

#[test]
fn ranges_count_in_a_counter_of_their_own() {
    assert_eq!(count(false, 1, 4), "1 2 3");
    assert_eq!(count(true, 1, 3), "1 2 3");
    assert_eq!(count(false, 4, 1), "");
    assert_eq!(count(true, 4, 1), "");
    assert_eq!(count(true, 4, 4), "4");
}

#[test]
fn an_inclusive_range_to_the_largest_int_ends() {
    assert_eq!(count(true, i64::MAX - 1, i64::MAX), format!("{} {}", i64::MAX - 1, i64::MAX));
}

#[test]
fn the_end_of_a_range_is_evaluated_once() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (i, n) = (f.local(Ty::INT), f.local(Ty::INT));
        let two = f.int(2);
        let start = f.set(n, two);
        let (target, one) = (f.v(n), f.int(1));
        let grow = f.update(B::Add, target, one);
        let shown = f.v(i);
        let said = f.say(shown);
        let body = f.block(&[grow, said], None);
        let (from, to) = (f.int(0), f.v(n));
        let looped = f.range(i, from, to, false, body);
        f.block(&[start, looped], None)
    });
    assert_eq!(output(b), "0 1");
}

/// `if i == at { leave }`
fn when(f: &mut Write, i: LocalId, at: i64, leave: ExprId) -> ExprId {
    let (l, r) = (f.v(i), f.int(at));
    let cond = f.bin(B::Eq, l, r);
    f.if_(cond, leave, None)
}

#[test]
fn continue_advances_and_break_leaves() {
    for inclusive in [false, true] {
        let mut b = Build::new();
        b.function("main", 0, &[], Ty::UNIT, |f, _| {
            let i = f.local(Ty::INT);
            let (cont, brk) = (f.cont(), f.brk());
            let skip = when(f, i, 1, cont);
            let stop = when(f, i, 4, brk);
            let shown = f.v(i);
            let said = f.say(shown);
            let body = f.block(&[skip, stop, said], None);
            let (from, to) = (f.int(0), f.int(9));
            f.range(i, from, to, inclusive, body)
        });
        assert_eq!(output(b), "0 2 3");
    }
}

#[test]
fn while_true_needs_no_value_after_it() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let i = f.local(Ty::INT);
        let zero = f.int(0);
        let start = f.set(i, zero);
        let (target, one) = (f.v(i), f.int(1));
        let step = f.update(B::Add, target, one);
        let value = f.v(i);
        let ret = f.ret(Some(value));
        let done = when(f, i, 3, ret);
        let body = f.block(&[step, done], None);
        let yes = f.bool(true);
        let forever = f.e(ExprKind::While { cond: yes, body }, Ty::NEVER);
        f.block(&[start, forever], None)
    });
    assert_eq!(result(b), 3);
}

#[test]
fn an_empty_endless_loop_stays_a_loop() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (yes, body) = (f.bool(true), f.block(&[], None));
        f.while_(yes, body)
    });
    let program = compile(b);
    assert_eq!(run::run(&program).0.expect_err("endless"), "runs for ever");
}

#[test]
fn a_list_is_iterated_as_it_was() {
    let mut b = Build::new();
    let ints = b.app(TyCon::List, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (l, x) = (f.local(ints), f.local(Ty::INT));
        let (one, two) = (f.int(1), f.int(2));
        let list = f.list(&[one, two], ints);
        let start = f.set(l, list);
        let (target, value) = (f.v(l), f.v(x));
        let push = f.op(crate::mir::Intrinsic::ListPush, &[Ty::INT], &[target, value], Ty::UNIT);
        let shown = f.v(x);
        let said = f.say(shown);
        let body = f.block(&[push, said], None);
        let (pat, iter) = (f.bind(x), f.v(l));
        let looped = f.for_each(pat, iter, body);
        let len = f.v(l);
        let len = f.op(crate::mir::Intrinsic::ListLength, &[Ty::INT], &[len], Ty::INT);
        let said = f.say(len);
        f.block(&[start, looped, said], None)
    });
    assert_eq!(output(b), "1 2 4");
}

#[test]
fn a_chain_of_conditions_binds_for_the_guarded_block() {
    let mut b = Build::new();
    let option = b.option(Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let mut stmts = Vec::new();
        for value in [1, 8] {
            // if let Some(n) = Some(value) && n < 5 { n } else { 100 }
            let n = f.local(Ty::INT);
            let bind = f.bind(n);
            let pat = f.variant(OPTION, 0, &[bind], option);
            let value = f.int(value);
            let some = f.make(OPTION, 0, &[value], option);
            let is = f.e(ExprKind::Let { pat, value: some }, Ty::BOOL);
            let (l, five) = (f.v(n), f.int(5));
            let small = f.bin(B::Lt, l, five);
            let cond = f.e(ExprKind::And(is, small), Ty::BOOL);
            let (then, otherwise) = (f.v(n), f.int(100));
            let chosen = f.if_(cond, then, Some(otherwise));
            stmts.push(f.say(chosen));
        }
        f.block(&stmts, None)
    });
    assert_eq!(output(b), "1 100");
}
