//! Nesting is bounded by memory, not by the native stack.

use super::build::*;
use super::*;
use crate::hir::{BinaryOp as B, ExprId, ExprKind};
use crate::types::ty::Ty;

const DEPTH: usize = 100_000;

/// Lowers `main`, whose value is built by `wrap` around an Int, again and again.
fn nest(wrap: impl Fn(&mut Write, ExprId) -> ExprId) -> Body {
    let mut b = Build::new();
    let main = b.function("main", 0, &[], Ty::INT, |f, _| {
        let mut value = f.int(1);
        for _ in 0..DEPTH {
            value = wrap(f, value);
        }
        value
    });
    super::super::lower(&mut b.program, &b.names).swap_remove(main.0 as usize).expect("has a body")
}

#[test]
fn nested_blocks() {
    let body = nest(|f, value| f.block(&[], Some(value)));
    assert_eq!(body.blocks.len(), 1);
}

#[test]
fn long_sums() {
    let left = nest(|f, value| {
        let one = f.int(1);
        f.bin(B::Add, value, one)
    });
    assert_eq!(count_statements(&left), DEPTH);
    let right = nest(|f, value| {
        let one = f.int(1);
        f.bin(B::Add, one, value)
    });
    assert_eq!(count_statements(&right), DEPTH);
}

#[test]
fn nested_conditions() {
    let body = nest(|f, value| {
        let (cond, otherwise) = (f.bool(false), f.int(0));
        f.if_(cond, otherwise, Some(value))
    });
    assert_eq!(body.blocks.len(), 1);
    let negated = nest(|f, value| f.e(ExprKind::Unary(crate::mir::UnaryOp::BitNot, value), Ty::INT));
    assert_eq!(count_statements(&negated), DEPTH);
}

#[test]
fn chains_of_conditions_and_calls() {
    let body = nest(|f, value| {
        let (zero, one) = (f.int(0), f.int(1));
        let positive = f.bin(B::Lt, zero, value);
        f.if_(positive, one, Some(zero))
    });
    assert_eq!(count_switches(&body), DEPTH);
    let mut b = Build::new();
    let main = b.function("main", 0, &[], Ty::BOOL, |f, _| {
        let mut value = f.bool(true);
        for _ in 0..DEPTH {
            let right = f.bool(true);
            value = f.e(ExprKind::And(value, right), Ty::BOOL);
        }
        value
    });
    let body = super::super::lower(&mut b.program, &b.names).swap_remove(main.0 as usize).expect("has a body");
    assert_eq!(body.blocks.len(), 1);
}

#[test]
fn nested_spawns() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let mut value = f.e(ExprKind::Unit, Ty::UNIT);
        for _ in 0..DEPTH / 10 {
            value = f.spawn(&[], value, Ty::UNIT, false);
        }
        value
    });
    assert_eq!(compile(b).instances.len(), DEPTH / 10 + 1);
}

#[test]
fn nested_matches_loops_and_calls() {
    let body = nest(|f, value| {
        let (one, wild) = (f.lit(1), f.wild());
        let (a, b) = (f.int(1), f.int(2));
        f.matches(value, vec![(one, None, a), (wild, None, b)])
    });
    assert_eq!(count_switches(&body), DEPTH);
    let body = nest(|f, value| f.op(Intrinsic::StringLength, &[], &[value], Ty::INT));
    assert_eq!(count_calls(&body, Intrinsic::StringLength), DEPTH);
    let body = nest(|f, value| {
        let (yes, leave) = (f.bool(true), f.brk());
        let body = f.block(&[value, leave], None);
        let looped = f.while_(yes, body);
        let zero = f.int(0);
        f.block(&[looped], Some(zero))
    });
    assert_eq!(body.blocks.len(), 1);
}
