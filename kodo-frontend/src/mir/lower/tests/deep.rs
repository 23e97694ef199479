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
