//! Expressions, places, arguments and patterns.

use super::build::*;
use super::*;
use crate::hir::{BinaryOp as B, ExprKind, FPart, Lit, PatKind, Stmt};
use crate::mir::{Const, Operand, Rvalue};
use crate::syntax::ast::Mode;
use crate::types::ty::{Ty, TyCon};

#[test]
fn operands_are_read_before_a_later_one_changes_them() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let x = f.local(Ty::INT);
        let one = f.int(1);
        let start = f.set(x, one);
        let left = f.v(x);
        let ten = f.int(10);
        let change = f.set(x, ten);
        let read = f.v(x);
        let right = f.block(&[change], Some(read));
        let sum = f.bin(B::Add, left, right);
        f.block(&[start], Some(sum))
    });
    assert_eq!(result(b), 11);
}

#[test]
fn an_operand_that_nothing_changes_gets_no_temporary() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let x = f.local(Ty::INT);
        let one = f.int(1);
        let start = f.set(x, one);
        let (left, right) = (f.v(x), f.v(x));
        let sum = f.bin(B::Add, left, right);
        f.block(&[start], Some(sum))
    });
    let program = compile(b);
    assert_eq!(count_statements(&program.instances[0]), 2);
    assert_eq!(program.instances[0].locals.len(), 2);
}

#[test]
fn a_variable_is_replaced_only_after_its_parts_were_read() {
    let mut b = Build::new();
    let p = b.adt(P);
    let ints = b.app(TyCon::List, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let v = f.local(p);
        let (x, name, items) = (f.int(1), f.str("n"), f.list(&[], ints));
        let first = f.make(P, 0, &[x, name, items], p);
        let first = f.set(v, first);
        let base = f.v(v);
        let name = f.field(base, 1, Ty::STRING);
        let base = f.v(v);
        let items = f.field(base, 2, ints);
        let x = f.int(2);
        let second = f.make(P, 0, &[x, name, items], p);
        let second = f.set(v, second);
        let base = f.v(v);
        let shown = f.field(base, 1, Ty::STRING);
        let shown = f.say(shown);
        f.block(&[first, second, shown], None)
    });
    let program = compile(b);
    // No statement writes the whole of a local of which it reads a part.
    for statement in program.instances[0].blocks.iter().flat_map(|block| &block.statements) {
        let StatementKind::Assign(place, Rvalue::Construct { fields, .. }) = &statement.kind else { continue };
        for field in fields {
            assert!(!matches!(field, Operand::Copy(p) if p.local == place.local), "{statement:?}");
        }
    }
    assert_eq!(run::run(&program).1, "n");
}

#[test]
fn assigning_through_indices_and_fields_makes_lists_unique() {
    let mut b = Build::new();
    let p = b.adt(P);
    let ints = b.app(TyCon::List, Ty::INT);
    let ps = b.app(TyCon::List, p);
    b.function("main", 0, &[], Ty::INT, |f, _| {
        // ps[0].items[1] += 5; ps[0].items[1]
        let v = f.local(ps);
        let (x, name) = (f.int(1), f.str("n"));
        let (a, c) = (f.int(10), f.int(20));
        let items = f.list(&[a, c], ints);
        let made = f.make(P, 0, &[x, name, items], p);
        let list = f.list(&[made], ps);
        let start = f.set(v, list);
        let place = |f: &mut Write| {
            let base = f.v(v);
            let zero = f.int(0);
            let base = f.at(base, zero, p);
            let base = f.field(base, 2, ints);
            let one = f.int(1);
            f.at(base, one, Ty::INT)
        };
        let target = place(f);
        let five = f.int(5);
        let update = f.update(B::Add, target, five);
        let read = place(f);
        f.block(&[start, update], Some(read))
    });
    let program = compile(b);
    assert_eq!(count_calls(&program.instances[0], Intrinsic::ListMakeUnique), 2);
    assert!(matches!(run::run(&program).0, Ok(Value::Int(25))));
}

#[test]
fn the_index_is_checked_after_the_value_was_evaluated() {
    let mut b = Build::new();
    let ints = b.app(TyCon::List, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let v = f.local(ints);
        let one = f.int(1);
        let list = f.list(&[one], ints);
        let start = f.set(v, list);
        let (base, zero) = (f.v(v), f.int(0));
        let target = f.at(base, zero, Ty::INT);
        // The value empties the list whose element is the target.
        let empty = f.list(&[], ints);
        let empty = f.set(v, empty);
        let said = f.say_text("value");
        let seven = f.int(7);
        let value = f.block(&[empty, said], Some(seven));
        let assign = f.assign(target, value);
        f.block(&[start, assign], None)
    });
    assert_eq!(failure(b), ("value".into(), "index 0 of 0".into()));
}

#[test]
fn divisions_of_ints_are_checked_and_of_floats_not() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let (one, zero) = (f.int(1), f.int(0));
        f.bin(B::Rem, one, zero)
    });
    assert_eq!(failure(b).1, "division");
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::FLOAT, |f, _| {
        let [a, c] = [1.0, 0.0].map(|v| f.e(ExprKind::Lit(Lit::Float(v)), Ty::FLOAT));
        f.bin(B::Div, a, c)
    });
    assert_eq!(compile(b).instances[0].blocks.len(), 1);
}

#[test]
fn strings_are_joined_and_compared_by_their_operations() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let s = f.local(Ty::STRING);
        let a = f.str("a");
        let start = f.set(s, a);
        let (l, r) = (f.v(s), f.v(s));
        let double = f.bin(B::Add, l, r);
        let double = f.set(s, double);
        let (target, c) = (f.v(s), f.str("c"));
        let append = f.update(B::Add, target, c);
        let mut stmts = vec![start, double, append];
        for (op, other) in [(B::Eq, "aac"), (B::Ne, "aac"), (B::Lt, "ab"), (B::Ge, "ab")] {
            let (l, r) = (f.v(s), f.str(other));
            let answer = f.bin(op, l, r);
            stmts.push(if matches!(op, B::Ge) {
                // Integers only in the interpreter's `>=`: say it the other way round.
                let (l, r) = (f.str("a"), f.v(s));
                let answer = f.bin(B::Gt, l, r);
                f.say(answer)
            } else {
                f.say(answer)
            });
        }
        let shown = f.v(s);
        stmts.push(f.say(shown));
        f.block(&stmts, None)
    });
    assert_eq!(output(b), "true false true false aac");
}

#[test]
fn appending_to_a_field_leaves_one_handle_to_its_string() {
    let mut b = Build::new();
    let p = b.adt(P);
    let ints = b.app(TyCon::List, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let v = f.local(p);
        let (x, name, items) = (f.int(1), f.str("n"), f.list(&[], ints));
        let made = f.make(P, 0, &[x, name, items], p);
        let start = f.set(v, made);
        let name = |f: &mut Write| {
            let base = f.v(v);
            f.field(base, 1, Ty::STRING)
        };
        let (target, itself) = (name(f), name(f));
        let append = f.update(B::Add, target, itself);
        let shown = name(f);
        let shown = f.say(shown);
        f.block(&[start, append, shown], None)
    });
    let program = compile(b);
    let blanked = program.instances[0].blocks.iter().flat_map(|block| &block.statements).any(|s| {
        matches!(&s.kind, StatementKind::Assign(place, Rvalue::Use(Operand::Const(Const::Str(text))))
            if text.is_empty() && !place.projection.is_empty())
    });
    assert!(blanked, "the field keeps a second handle during the append");
    assert_eq!(run::run(&program).1, "nn");
}

#[test]
fn fstrings_append_their_parts_in_order() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let s = f.local(Ty::STRING);
        let start = f.str("s");
        let start = f.set(s, start);
        let mut stmts = vec![start];
        let hole = |f: &mut Write| FPart::Hole(f.v(s));
        let (seven, truth) = (f.int(7), f.bool(true));
        let all = [
            vec![],
            vec![FPart::Text("only".into())],
            vec![hole(f)],
            vec![FPart::Text(String::new()), FPart::Hole(seven), FPart::Text("-".into()), FPart::Hole(truth)],
            vec![FPart::Text("a".into()), hole(f), hole(f), FPart::Text("z".into())],
        ];
        for parts in all {
            let value = f.e(ExprKind::FString(parts), Ty::STRING);
            stmts.push(f.set(s, value));
            let shown = f.v(s);
            stmts.push(f.say(shown));
        }
        f.block(&stmts, None)
    });
    assert_eq!(output(b), " only only 7-true a7-true7-truez");
}

#[test]
fn mut_arguments_change_the_callers_place() {
    let mut b = Build::new();
    let ints = b.app(TyCon::List, Ty::INT);
    let bump = b.function("bump", 0, &[(Ty::INT, Mode::Mut), (ints, Mode::Ref)], Ty::INT, |f, params| {
        let target = f.v(params[0]);
        let (list, zero) = (f.v(params[1]), f.int(0));
        let by = f.at(list, zero, Ty::INT);
        let update = f.update(B::Add, target, by);
        let value = f.v(params[0]);
        f.block(&[update], Some(value))
    });
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let v = f.local(ints);
        let (a, c) = (f.int(3), f.int(40));
        let list = f.list(&[a, c], ints);
        let start = f.set(v, list);
        // bump(v[1], v) * 1000 + v[1]: the borrowed list is the one before the change.
        let (base, one) = (f.v(v), f.int(1));
        let place = f.at(base, one, Ty::INT);
        let whole = f.v(v);
        let call = f.call(bump, &[], &[place, whole], Ty::INT);
        let thousand = f.int(1000);
        let scaled = f.bin(B::Mul, call, thousand);
        let (base, one) = (f.v(v), f.int(1));
        let after = f.at(base, one, Ty::INT);
        let sum = f.bin(B::Add, scaled, after);
        f.block(&[start], Some(sum))
    });
    assert_eq!(result(b), 43_043);
}

#[test]
fn a_result_does_not_overwrite_what_its_call_borrows() {
    let mut b = Build::new();
    let next = b.function("next", 0, &[(Ty::STRING, Mode::Ref)], Ty::STRING, |f, params| {
        let (s, x) = (f.v(params[0]), f.str("x"));
        f.bin(B::Add, s, x)
    });
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let s = f.local(Ty::STRING);
        let start = f.str("s");
        let start = f.set(s, start);
        let arg = f.v(s);
        let call = f.call(next, &[], &[arg], Ty::STRING);
        let step = f.set(s, call);
        let shown = f.v(s);
        let shown = f.say(shown);
        f.block(&[start, step, shown], None)
    });
    let program = compile(b);
    for block in &program.instances[0].blocks {
        if let TerminatorKind::Call { args, dest, .. } = &block.terminator.kind {
            assert!(!args.contains(&Operand::Borrow(dest.clone())));
        }
    }
    assert_eq!(run::run(&program).1, "sx");
}

fn shape(
    b: &mut Build,
    arms: impl Fn(&mut Write, Ty) -> Vec<(crate::hir::PatId, Option<crate::hir::ExprId>, crate::hir::ExprId)>,
) {
    let shape = b.adt(SHAPE);
    let f = b.function("f", 0, &[(shape, Mode::Default)], Ty::INT, |f, params| {
        let value = f.v(params[0]);
        let arms = arms(f, shape);
        f.matches(value, arms)
    });
    b.function("main", 0, &[], Ty::UNIT, |w, _| {
        let seven = w.int(7);
        let (three, text) = (w.int(3), w.str("t"));
        let values =
            [w.make(SHAPE, 0, &[seven], shape), w.make(SHAPE, 1, &[three, text], shape), w.make(SHAPE, 2, &[], shape)];
        let stmts = values.map(|value| {
            let call = w.call(f, &[], &[value], Ty::INT);
            w.say(call)
        });
        w.block(&stmts, None)
    });
}

#[test]
fn a_match_of_simple_variants_is_one_switch() {
    let mut b = Build::new();
    shape(&mut b, |f, shape| {
        let (r, w, n, hundred, zero) = (f.local(Ty::INT), f.wild(), f.local(Ty::INT), f.int(100), f.int(0));
        let bind_r = f.bind(r);
        let bind_n = f.bind(n);
        let circle = f.variant(SHAPE, 0, &[bind_r], shape);
        let rect = f.variant(SHAPE, 1, &[bind_n, w], shape);
        let empty = f.variant(SHAPE, 2, &[], shape);
        let r = f.v(r);
        let n = f.v(n);
        let sum = f.bin(B::Add, n, hundred);
        vec![(empty, None, zero), (circle, None, r), (rect, None, sum)]
    });
    let program = compile(b);
    assert_eq!(count_switches(&program.instances[1]), 1);
    assert_eq!(run::run(&program).1, "7 103 0");
}

#[test]
fn nested_patterns_guards_and_a_catch_all_keep_their_order() {
    let mut b = Build::new();
    shape(&mut b, |f, shape| {
        // Circle(1..=5) => 1, Circle(n) if n < 7 => 2, Rect(n, "t") => n, Circle(8) | Empty => 4, other => 5
        let small = f.p(PatKind::Range(1, 5), Ty::INT);
        let a = f.variant(SHAPE, 0, &[small], shape);
        let n = f.local(Ty::INT);
        let bind = f.bind(n);
        let c = f.variant(SHAPE, 0, &[bind], shape);
        let (l, seven) = (f.v(n), f.int(7));
        let guard = f.bin(B::Lt, l, seven);
        let m = f.local(Ty::INT);
        let bind = f.bind(m);
        let text = f.p(PatKind::Lit(Lit::Str("t".into())), Ty::STRING);
        let d = f.variant(SHAPE, 1, &[bind, text], shape);
        let eight = f.lit(8);
        let e1 = f.variant(SHAPE, 0, &[eight], shape);
        let e2 = f.variant(SHAPE, 2, &[], shape);
        let e = f.p(PatKind::Or(vec![e1, e2]), shape);
        let other = f.local(shape);
        let other = f.bind(other);
        let [one, two, four, five] = [1, 2, 4, 5].map(|v| f.int(v));
        let m = f.v(m);
        vec![(a, None, one), (c, Some(guard), two), (d, None, m), (e, None, four), (other, None, five)]
    });
    assert_eq!(output(b), "5 3 4");
}

#[test]
fn alternatives_bind_in_the_one_that_matched() {
    let mut b = Build::new();
    shape(&mut b, |f, shape| {
        // whole @ (Circle(n) | Rect(n, _)) if n < 7 => n, _ => 9
        let n = f.local(Ty::INT);
        let (b1, b2, w) = (f.bind(n), f.bind(n), f.wild());
        let c = f.variant(SHAPE, 0, &[b1], shape);
        let r = f.variant(SHAPE, 1, &[b2, w], shape);
        let or = f.p(PatKind::Or(vec![c, r]), shape);
        let whole = f.local(shape);
        let pat = f.p(PatKind::Bind(whole, Some(or)), shape);
        let (l, seven) = (f.v(n), f.int(7));
        let guard = f.bin(B::Lt, l, seven);
        let (n, nine, wild) = (f.v(n), f.int(9), f.wild());
        vec![(pat, Some(guard), n), (wild, None, nine)]
    });
    assert_eq!(output(b), "9 3 9");
}

#[test]
fn a_match_on_ints_is_one_switch_with_all_alternatives() {
    let mut b = Build::new();
    let f = b.function("f", 0, &[(Ty::INT, Mode::Default)], Ty::INT, |f, params| {
        let (one, two, minus) = (f.lit(1), f.lit(2), f.lit(-3));
        let or = f.p(PatKind::Or(vec![one, two]), Ty::INT);
        let n = f.local(Ty::INT);
        let other = f.bind(n);
        let (ten, twenty, n) = (f.int(10), f.int(20), f.v(n));
        let value = f.v(params[0]);
        f.matches(value, vec![(or, None, ten), (minus, None, twenty), (other, None, n)])
    });
    b.function("main", 0, &[], Ty::UNIT, |w, _| {
        let stmts = [1, 2, -3, 4].map(|v| {
            let v = w.int(v);
            let call = w.call(f, &[], &[v], Ty::INT);
            w.say(call)
        });
        w.block(&stmts, None)
    });
    let program = compile(b);
    assert_eq!(count_switches(&program.instances[1]), 1);
    assert_eq!(run::run(&program).1, "10 10 20 4");
}

#[test]
fn a_guard_that_changes_the_value_does_not_disturb_the_match() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let x = f.local(Ty::INT);
        let one = f.int(1);
        let start = f.set(x, one);
        let two = f.int(2);
        let change = f.set(x, two);
        let no = f.bool(false);
        let guard = f.block(&[change], Some(no));
        let (p1, p1again, wild) = (f.lit(1), f.lit(1), f.wild());
        let [a, c, d] = [10, 20, 30].map(|v| f.int(v));
        let value = f.v(x);
        let found = f.matches(value, vec![(p1, Some(guard), a), (p1again, None, c), (wild, None, d)]);
        f.block(&[start], Some(found))
    });
    assert_eq!(result(b), 20);
}

#[test]
fn a_diverging_operand_leaves_no_ill_formed_block() {
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let five = f.int(5);
        let ret = f.ret(Some(five));
        let (one, more) = (f.int(1), f.int(2));
        let product = f.bin(B::Mul, ret, more);
        let sum = f.bin(B::Add, one, product);
        let dead = f.say(sum);
        let last = f.int(9);
        f.block(&[dead], Some(last))
    });
    let program = compile(b);
    assert_eq!(program.instances[0].blocks.len(), 1);
    assert!(matches!(run::run(&program).0, Ok(Value::Int(5))));
}

#[test]
fn a_let_takes_a_tuple_or_struct_apart() {
    let mut b = Build::new();
    let pair = b.program.types.tuple(&[Ty::INT, Ty::STRING]);
    let p = b.adt(P);
    let ints = b.app(TyCon::List, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        // let (n, s) = (1, "s"); let P { x, name: _, items } = P { x: 2, name: "n", items: [] }
        let (n, s, x, items) = (f.local(Ty::INT), f.local(Ty::STRING), f.local(Ty::INT), f.local(ints));
        let (bind_n, bind_s, bind_x, wild, bind_items) = (f.bind(n), f.bind(s), f.bind(x), f.wild(), f.bind(items));
        let (one, text) = (f.int(1), f.str("s"));
        let value = f.e(ExprKind::Tuple(vec![one, text]), pair);
        let pat = f.p(PatKind::Tuple(vec![bind_n, bind_s]), pair);
        let first = Stmt::Let { pat, value, span: span() };
        let (two, name, list) = (f.int(2), f.str("n"), f.list(&[], ints));
        let value = f.make(P, 0, &[two, name, list], p);
        let pat = f.variant(P, 0, &[bind_x, wild, bind_items], p);
        let second = Stmt::Let { pat, value, span: span() };
        let mut stmts = vec![first, second];
        for local in [n, s, x] {
            let value = f.v(local);
            stmts.push(Stmt::Expr(f.say(value)));
        }
        f.e(ExprKind::Block { stmts, tail: None }, Ty::UNIT)
    });
    let program = compile(b);
    assert_eq!(count_switches(&program.instances[0]), 0);
    assert_eq!(run::run(&program).1, "1 s 2");
}
