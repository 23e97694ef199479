//! Spawned blocks, async functions, parallel blocks, channels and select.

use super::build::*;
use super::*;
use crate::hir::{BinaryOp as B, ExprKind, Select, SelectArm};
use crate::mir::{SpawnBody, SpawnKind};
use crate::syntax::ast::Mode;
use crate::types::ty::{Ty, TyCon};

fn spawn_kinds(body: &Body) -> Vec<SpawnKind> {
    (body.blocks.iter())
        .filter_map(|block| match &block.terminator.kind {
            TerminatorKind::Spawn { kind, body: SpawnBody::Instance(_), .. } => Some(kind.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_spawned_block_has_copies_of_its_captures() {
    let mut b = Build::new();
    let future = b.app(TyCon::Future, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (outer, inner, innermost, handle) = (f.local(Ty::INT), f.local(Ty::INT), f.local(Ty::INT), f.local(future));
        let five = f.int(5);
        let start = f.set(outer, five);
        // spawn { inner += 1; spawn { println(innermost) }; inner }
        let (target, one) = (f.v(inner), f.int(1));
        let add = f.update(B::Add, target, one);
        let shown = f.v(innermost);
        let said = f.say(shown);
        let nested = f.spawn(&[(inner, innermost)], said, Ty::UNIT, false);
        let value = f.v(inner);
        let body = f.block(&[add, nested], Some(value));
        let spawn = f.spawn(&[(outer, inner)], body, future, false);
        let keep = f.set(handle, spawn);
        let awaited = f.v(handle);
        let awaited = f.e(ExprKind::Await(awaited), Ty::INT);
        let said = f.say(awaited);
        let unchanged = f.v(outer);
        let unchanged = f.say(unchanged);
        f.block(&[start, keep, said, unchanged], None)
    });
    let program = compile(b);
    let names: Vec<&str> = program.instances.iter().map(|body| body.name.as_str()).collect();
    assert_eq!(names, ["main", "main.spawn1", "main.spawn2"]);
    assert_eq!(spawn_kinds(&program.instances[0]), [SpawnKind::Future]);
    assert_eq!(spawn_kinds(&program.instances[1]), [SpawnKind::Detached]);
    assert_eq!(run::run(&program).1, "6 6 5");
}

#[test]
fn an_async_function_is_spawned_by_its_call() {
    let mut b = Build::new();
    let future = b.app(TyCon::Future, Ty::INT);
    let double = b.function("double", 0, &[(Ty::INT, Mode::Default)], Ty::INT, |f, params| {
        let (l, r) = (f.v(params[0]), f.v(params[0]));
        f.bin(B::Add, l, r)
    });
    b.program.functions[double.0 as usize].is_async = true;
    b.function("main", 0, &[], Ty::INT, |f, _| {
        let four = f.int(4);
        let dropped = f.call(double, &[], &[four], future);
        let five = f.int(5);
        let call = f.call(double, &[], &[five], future);
        let value = f.e(ExprKind::Await(call), Ty::INT);
        f.block(&[dropped], Some(value))
    });
    let program = compile(b);
    assert_eq!(spawn_kinds(&program.instances[0]), [SpawnKind::Detached, SpawnKind::Future]);
    assert!(matches!(run::run(&program).0, Ok(Value::Int(10))));
}

#[test]
fn a_parallel_block_is_joined_on_every_way_out() {
    // for i in 0..4 {
    //     parallel { if i == 0 { continue } if i == 2 { break } spawn { println("t") } }
    //     println("end")
    // }
    // parallel { parallel { return } }
    let mut b = Build::new();
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let i = f.local(Ty::INT);
        let mut stmts = Vec::new();
        for (at, leave) in [(0, f.cont()), (2, f.brk())] {
            let (l, r) = (f.v(i), f.int(at));
            let cond = f.bin(B::Eq, l, r);
            stmts.push(f.if_(cond, leave, None));
        }
        let said = f.say_text("t");
        stmts.push(f.spawn(&[], said, Ty::UNIT, true));
        let block = f.block(&stmts, None);
        let parallel = f.e(ExprKind::Parallel(block), Ty::UNIT);
        let end = f.say_text("end");
        let body = f.block(&[parallel, end], None);
        let (from, to) = (f.int(0), f.int(4));
        let looped = f.range(i, from, to, false, body);
        let ret = f.ret(None);
        let inner = f.block(&[ret], None);
        let inner = f.e(ExprKind::Parallel(inner), Ty::NEVER);
        let inner = f.block(&[inner], None);
        let outer = f.e(ExprKind::Parallel(inner), Ty::NEVER);
        f.block(&[looped, outer], None)
    });
    let program = compile(b);
    assert!(matches!(spawn_kinds(&program.instances[0])[..], [SpawnKind::Parallel(_)]));
    assert_eq!(run::run(&program).1, "begin join begin t join end begin join begin begin join join");
}

#[test]
fn a_channel_is_iterated_until_it_has_no_more() {
    let mut b = Build::new();
    let channel = b.app(TyCon::Channel, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (ch, x) = (f.local(channel), f.local(Ty::INT));
        let new = f.op(Intrinsic::ChannelNew, &[Ty::INT], &[], channel);
        let mut stmts = vec![f.set(ch, new)];
        for value in [4, 5] {
            let (to, value) = (f.v(ch), f.int(value));
            stmts.push(f.op(Intrinsic::ChannelSend, &[Ty::INT], &[to, value], Ty::UNIT));
        }
        let shown = f.v(x);
        let body = f.say(shown);
        let (pat, iter) = (f.bind(x), f.v(ch));
        stmts.push(f.for_each(pat, iter, body));
        f.block(&stmts, None)
    });
    assert_eq!(output(b), "4 5");
}

#[test]
fn select_evaluates_all_arms_first_and_runs_one() {
    let mut b = Build::new();
    let channel = b.app(TyCon::Channel, Ty::INT);
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (a, c, x) = (f.local(channel), f.local(channel), f.local(Ty::INT));
        let mut stmts = Vec::new();
        for ch in [a, c] {
            let new = f.op(Intrinsic::ChannelNew, &[Ty::INT], &[], channel);
            stmts.push(f.set(ch, new));
        }
        let (to, nine) = (f.v(c), f.int(9));
        stmts.push(f.op(Intrinsic::ChannelSend, &[Ty::INT], &[to, nine], Ty::UNIT));
        for _ in 0..2 {
            // select { a => |_| 1; c => |x| x; timeout({ println("ms"); 5 }) => 3 }
            let (from_a, from_c, wild, bind) = (f.v(a), f.v(c), f.wild(), f.bind(x));
            let (one, value, three) = (f.int(1), f.v(x), f.int(3));
            let said = f.say_text("ms");
            let five = f.int(5);
            let ms = f.block(&[said], Some(five));
            let select = Select {
                arms: vec![
                    SelectArm::Recv { channel: from_a, pat: wild, body: one },
                    SelectArm::Recv { channel: from_c, pat: bind, body: value },
                ],
                default: None,
                timeout: Some((ms, three)),
            };
            let value = f.e(ExprKind::Select(Box::new(select)), Ty::INT);
            stmts.push(f.say(value));
        }
        let (to, value, sent) = (f.v(a), f.int(2), f.say_text("sent"));
        let select =
            Select { arms: vec![SelectArm::Send { channel: to, value, body: sent }], default: None, timeout: None };
        stmts.push(f.e(ExprKind::Select(Box::new(select)), Ty::UNIT));
        f.block(&stmts, None)
    });
    assert_eq!(output(b), "ms 9 ms 3 sent");
}
