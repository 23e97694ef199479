//! Programs that run: what they print, and that nothing is left at the end.

use super::build::{Fun, World, borrow, by_ref, copy, int, mv, place, text};
use kodo_frontend::hir::{BinaryOp, UnaryOp};
use kodo_frontend::mir::{
    BlockId, Check, Const, Intrinsic, Local, Operand, Passing, RESULT, Rvalue, SelectArm, SelectOtherwise, SpawnKind,
};
use kodo_frontend::types::ty::{AdtKind, Ty, TyCon};

const DONE: &str = "status 0, 0 live, flags 0\n";

fn main_of() -> Fun {
    Fun::new("main", &[], Ty::UNIT)
}

fn binary(op: BinaryOp, a: Operand, b: Operand) -> Rvalue {
    Rvalue::Binary(op, a, b)
}

/// `for i in 0..n { body }`; leaves the builder behind the loop.
fn count_to(f: &mut Fun, n: i64, body: impl FnOnce(&mut Fun, Local)) {
    let (i, go) = (f.local(Ty::INT), f.local(Ty::BOOL));
    f.set(i, int(0));
    let (head, inside, after) = (f.block(), f.block(), f.block());
    f.goto(head);
    f.at(head);
    f.assign(go, binary(BinaryOp::Lt, copy(i), int(n)));
    f.branch(copy(go), inside, after);
    f.at(inside);
    body(f, i);
    f.assign(i, binary(BinaryOp::Add, copy(i), int(1)));
    f.goto(head);
    f.at(after);
}

#[test]
fn arithmetic_wraps_and_shifts_are_masked() {
    let mut w = World::new();
    let mut f = main_of();
    let (x, y) = (f.local(Ty::INT), f.local(Ty::FLOAT));
    for (op, a, b) in [
        (BinaryOp::Add, i64::MAX, 1),
        (BinaryOp::Mul, i64::MIN, 3),
        (BinaryOp::Shl, 1, 65),
        (BinaryOp::Shr, -8, 1),
        (BinaryOp::Div, -7, 2),
        (BinaryOp::Rem, -7, 2),
    ] {
        f.assign(x, binary(op, int(a), int(b)));
        f.println(Ty::INT, copy(x));
    }
    f.assign(x, Rvalue::Unary(UnaryOp::BitNot, int(5)));
    f.println(Ty::INT, copy(x));
    f.set(y, Operand::Const(Const::Float(2.25)));
    f.intrinsic(Intrinsic::FloatSqrt, &[], &[copy(y)], y);
    f.assign(y, Rvalue::Unary(UnaryOp::Neg, copy(y)));
    f.println(Ty::FLOAT, copy(y));
    f.set(y, Operand::Const(Const::Float(1e300)));
    f.intrinsic(Intrinsic::FloatToInt, &[], &[copy(y)], x);
    f.println(Ty::INT, copy(x));
    f.assign(y, binary(BinaryOp::Rem, copy(y), Operand::Const(Const::Float(7.0))));
    f.println(Ty::BOOL, Operand::Const(Const::Bool(true)));
    f.ret();
    w.add(f);
    w.runs(&format!(
        "-9223372036854775808\n-9223372036854775808\n2\n-4\n-3\n-1\n-6\n-1.5\n9223372036854775807\ntrue\n{DONE}"
    ));
}

#[test]
fn failed_checks_name_the_place() {
    for (check, message) in [
        (Check::Index { index: int(-1), len: int(3) }, "index -1 of 3"),
        (Check::Index { index: int(3), len: int(3) }, "index 3 of 3"),
        (Check::Division { dividend: int(1), divisor: int(0) }, "division by zero"),
        (Check::Division { dividend: int(i64::MIN), divisor: int(-1) }, "division overflow"),
    ] {
        let mut w = World::new();
        let mut f = main_of();
        f.check(Check::Index { index: int(2), len: int(3) });
        f.check(Check::Division { dividend: int(i64::MIN), divisor: int(1) });
        f.check(check);
        f.ret();
        w.add(f);
        w.runs(&format!("{message} at t.ko:4:1 in main\n"));
    }
}

#[test]
fn a_list_grows_is_read_and_changed_in_place() {
    let mut w = World::new();
    let list = w.list(Ty::INT);
    let mut f = main_of();
    let (l, unit, len, sum) = (f.local(list), f.local(Ty::UNIT), f.local(Ty::INT), f.local(Ty::INT));
    f.intrinsic(Intrinsic::ListNew, &[Ty::INT], &[], l);
    count_to(&mut f, 100, |f, i| {
        f.intrinsic(Intrinsic::ListPush, &[Ty::INT], &[by_ref(l), copy(i)], unit);
    });
    let other = f.local(list);
    f.set(other, copy(l));
    f.set(sum, int(0));
    count_to(&mut f, 100, |f, i| {
        f.assign(len, Rvalue::ListLen(place(l).0));
        f.check(Check::Index { index: copy(i), len: copy(len) });
        f.intrinsic(Intrinsic::ListMakeUnique, &[Ty::INT], &[by_ref(l)], unit);
        f.assign(place(l).index(i), binary(BinaryOp::Mul, copy(place(l).index(i)), int(2)));
        f.assign(sum, binary(BinaryOp::Add, copy(sum), copy(place(l).index(i))));
    });
    f.println(Ty::INT, copy(sum));
    let nine = f.local(Ty::INT);
    f.set(nine, int(9));
    f.println(Ty::INT, copy(place(other).index(nine)));
    f.println(Ty::INT, copy(place(l).index(nine)));
    f.drop(l);
    f.drop(other);
    f.ret();
    w.add(f);
    w.runs(&format!("9900\n9\n18\n{DONE}"));
}

#[test]
fn strings_are_counted_appended_and_freed() {
    let mut w = World::new();
    let mut f = main_of();
    let (a, b, eq) = (f.local(Ty::STRING), f.local(Ty::STRING), f.local(Ty::BOOL));
    f.set(a, text("n = "));
    f.set(b, copy(a));
    f.intrinsic(Intrinsic::StringAppend, &[Ty::STRING], &[mv(a), text("seven ")], a);
    let seven = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(7)], seven);
    f.intrinsic(Intrinsic::StringAppend, &[Ty::STRING], &[mv(a), borrow(seven)], a);
    f.println(Ty::STRING, borrow(a));
    f.println(Ty::STRING, borrow(b));
    let c = f.local(Ty::STRING);
    f.set(c, copy(a));
    f.intrinsic(Intrinsic::StringEq, &[], &[borrow(a), borrow(c)], eq);
    f.println(Ty::BOOL, copy(eq));
    for s in [a, b, c, seven] {
        f.drop(s);
    }
    f.ret();
    w.add(f);
    w.runs(&format!("n = seven 7\nn = \ntrue\n{DONE}"));
}

/// `Pair(String, Int, String)` goes by address; `Small(Bool, Float64)` in registers.
#[test]
fn structs_travel_by_address_and_in_registers() {
    let mut w = World::new();
    let big = w.adt("Big", AdtKind::Struct, 0, &[&[Ty::STRING, Ty::INT, Ty::STRING]]);
    let small = w.adt("Small", AdtKind::Struct, 0, &[&[Ty::BOOL, Ty::FLOAT]]);
    let (big_ty, small_ty) = (w.app(TyCon::Adt(big), &[]), w.app(TyCon::Adt(small), &[]));

    let mut f = main_of();
    let (b, s) = (f.local(big_ty), f.local(small_ty));
    let name = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(1)], name);
    f.assign(b, Rvalue::Construct { adt: big, variant: 0, fields: vec![copy(name), int(5), mv(name)] });
    f.instance(kodo_frontend::mir::InstanceId(1), &[mv(b)], b);
    f.println(Ty::STRING, borrow(place(b).field(0)));
    f.println(Ty::INT, copy(place(b).field(1)));
    let unit = f.local(Ty::UNIT);
    f.instance(kodo_frontend::mir::InstanceId(3), &[by_ref(b), borrow(b)], unit);
    f.println(Ty::INT, copy(place(b).field(1)));
    f.drop(b);
    f.instance(kodo_frontend::mir::InstanceId(2), &[Operand::Const(Const::Float(0.5))], s);
    f.println(Ty::BOOL, copy(place(s).field(0)));
    f.println(Ty::FLOAT, copy(place(s).field(1)));
    f.ret();
    w.add(f);

    // Rebuilds its argument with the strings exchanged.
    let mut f = Fun::new("exchange", &[(big_ty, Passing::Owned)], big_ty);
    let (one, two) = (f.local(Ty::STRING), f.local(Ty::STRING));
    f.set(one, copy(place(Local(1)).field(0)));
    f.set(two, copy(place(Local(1)).field(2)));
    f.intrinsic(Intrinsic::StringAppend, &[Ty::STRING], &[mv(two), text("!")], two);
    f.drop(Local(1));
    f.assign(RESULT, Rvalue::Construct { adt: big, variant: 0, fields: vec![mv(two), int(6), mv(one)] });
    f.ret();
    w.add(f);

    let mut f = Fun::new("small", &[(Ty::FLOAT, Passing::Owned)], small_ty);
    let yes = Operand::Const(Const::Bool(true));
    f.assign(RESULT, Rvalue::Construct { adt: small, variant: 0, fields: vec![yes, copy(Local(1))] });
    f.ret();
    w.add(f);

    let mut f = Fun::new("change", &[(big_ty, Passing::ByRef), (big_ty, Passing::Borrowed)], Ty::UNIT);
    f.assign(place(Local(1)).field(1), binary(BinaryOp::Mul, copy(place(Local(1)).field(1)), int(7)));
    f.ret();
    w.add(f);
    w.runs(&format!("1!\n6\n42\ntrue\n0.5\n{DONE}"));
}

#[test]
fn a_struct_is_rebuilt_from_its_own_old_fields() {
    let mut w = World::new();
    let pair = w.types.tuple(&[Ty::INT, Ty::INT]);
    let pairs = w.types.tuple(&[pair, pair]);
    let mut f = main_of();
    let (p, q) = (f.local(pair), f.local(pairs));
    f.assign(p, Rvalue::Tuple(vec![int(1), int(2)]));
    f.assign(q, Rvalue::Tuple(vec![copy(p), copy(p)]));
    f.set(place(q).field(1).field(0), int(3));
    f.assign(q, Rvalue::Tuple(vec![copy(place(q).field(1)), copy(place(q).field(0))]));
    f.println(Ty::INT, copy(place(q).field(0).field(0)));
    f.println(Ty::INT, copy(place(q).field(1).field(0)));
    f.ret();
    w.add(f);
    w.runs(&format!("3\n1\n{DONE}"));
}

#[test]
fn enums_keep_their_variant_and_drop_what_it_holds() {
    let mut w = World::new();
    let shape = w.adt("Shape", AdtKind::Enum, 0, &[&[Ty::STRING, Ty::FLOAT], &[], &[Ty::INT], &[Ty::BOOL]]);
    let color = w.adt("Color", AdtKind::Enum, 0, &[&[], &[], &[]]);
    let (shape_ty, color_ty) = (w.app(TyCon::Adt(shape), &[]), w.app(TyCon::Adt(color), &[]));
    let maybe = w.option(Ty::STRING);
    let mut f = main_of();
    let (s, c, m, tag) = (f.local(shape_ty), f.local(color_ty), f.local(maybe), f.local(Ty::INT));
    let name = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(12)], name);
    let half = Operand::Const(Const::Float(0.5));
    f.assign(s, Rvalue::Construct { adt: shape, variant: 0, fields: vec![copy(name), half] });
    let again = f.local(shape_ty);
    f.set(again, copy(s));
    f.println(Ty::STRING, borrow(place(again).variant(0).field(0)));
    f.println(Ty::FLOAT, copy(place(again).variant(0).field(1)));
    f.drop(again);
    f.assign(tag, Rvalue::Discriminant(place(s).0));
    f.println(Ty::INT, copy(tag));
    f.drop(s);
    f.assign(s, Rvalue::Construct { adt: shape, variant: 3, fields: vec![Operand::Const(Const::Bool(true))] });
    f.println(Ty::BOOL, copy(place(s).variant(3).field(0)));
    f.drop(s);
    f.assign(c, Rvalue::Construct { adt: color, variant: 2, fields: vec![] });
    f.assign(tag, Rvalue::Discriminant(place(c).0));
    f.println(Ty::INT, copy(tag));
    f.assign(m, Rvalue::Construct { adt: super::build::OPTION, variant: 0, fields: vec![mv(name)] });
    f.assign(tag, Rvalue::Discriminant(place(m).0));
    f.println(Ty::INT, copy(tag));
    f.println(Ty::STRING, borrow(place(m).variant(0).field(0)));
    f.drop(m);
    f.assign(m, Rvalue::Construct { adt: super::build::OPTION, variant: 1, fields: vec![] });
    f.assign(tag, Rvalue::Discriminant(place(m).0));
    f.println(Ty::INT, copy(tag));
    f.drop(m);
    f.ret();
    w.add(f);
    w.runs(&format!("12\n0.5\n0\ntrue\n2\n0\n12\n1\n{DONE}"));
}

#[test]
fn popping_gives_options_and_lists_of_lists_are_freed() {
    let mut w = World::new();
    let inner = w.list(Ty::STRING);
    let outer = w.list(inner);
    let (maybe_int, maybe_list) = (w.option(Ty::INT), w.option(inner));
    let ints = w.list(Ty::INT);
    let mut f = main_of();
    let (l, i, o, unit) = (f.local(outer), f.local(inner), f.local(maybe_list), f.local(Ty::UNIT));
    let (s, n, tag) = (f.local(Ty::STRING), f.local(maybe_int), f.local(Ty::INT));
    f.intrinsic(Intrinsic::ListNew, &[inner], &[], l);
    count_to(&mut f, 3, |f, k| {
        f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[copy(k)], s);
        f.intrinsic(Intrinsic::ListFrom, &[Ty::STRING], &[copy(s), text("static"), mv(s)], i);
        f.intrinsic(Intrinsic::ListPush, &[inner], &[by_ref(l), copy(i)], unit);
        f.intrinsic(Intrinsic::ListPush, &[inner], &[by_ref(l), mv(i)], unit);
    });
    f.intrinsic(Intrinsic::ListPop, &[inner], &[by_ref(l)], o);
    f.assign(tag, Rvalue::Discriminant(place(o).0));
    f.println(Ty::INT, copy(tag));
    let zero = f.local(Ty::INT);
    f.set(zero, int(0));
    f.println(Ty::STRING, borrow(place(o).variant(0).field(0).index(zero)));
    f.drop(o);
    f.drop(l);
    let numbers = f.local(ints);
    f.intrinsic(Intrinsic::ListFrom, &[Ty::INT], &[int(8)], numbers);
    for _ in 0..2 {
        f.intrinsic(Intrinsic::ListPop, &[Ty::INT], &[by_ref(numbers)], n);
        f.assign(tag, Rvalue::Discriminant(place(n).0));
        f.println(Ty::INT, copy(tag));
    }
    f.drop(numbers);
    f.ret();
    w.add(f);
    w.runs(&format!("0\n2\n0\n1\n{DONE}"));
}

/// The environment holds a list with a second handle: it crosses as shared and comes back as a future's result.
#[test]
fn spawned_bodies_own_their_captures_and_give_futures() {
    let mut w = World::new();
    let list = w.list(Ty::STRING);
    let result = w.types.tuple(&[list, Ty::INT, Ty::BOOL]);
    let future = w.app(TyCon::Future, &[result]);
    let mut f = main_of();
    let (l, h, r, unit) = (f.local(list), f.local(future), f.local(result), f.local(Ty::UNIT));
    let s = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(41)], s);
    f.intrinsic(Intrinsic::ListFrom, &[Ty::STRING], &[copy(s), mv(s)], l);
    let body = kodo_frontend::mir::InstanceId(1);
    let yes = || Operand::Const(Const::Bool(true));
    f.spawn(body, &[copy(l), int(3), yes()], SpawnKind::Future, result, h);
    f.spawn(body, &[copy(l), int(4), yes()], SpawnKind::Detached, result, unit);
    for _ in 0..2 {
        f.intrinsic(Intrinsic::Await, &[result], &[borrow(h)], r);
        f.println(Ty::INT, copy(place(r).field(1)));
        let zero = f.local(Ty::INT);
        f.set(zero, int(0));
        f.println(Ty::STRING, borrow(place(r).field(0).index(zero)));
        f.drop(r);
    }
    f.drop(h);
    f.intrinsic(Intrinsic::ListPush, &[Ty::STRING], &[by_ref(l), text("more")], unit);
    f.drop(l);
    f.ret();
    w.add(f);

    let params = [(list, Passing::Owned), (Ty::INT, Passing::Owned), (Ty::BOOL, Passing::Owned)];
    let mut f = Fun::new("spawned", &params, result);
    f.println(Ty::INT, copy(Local(2)));
    f.assign(RESULT, Rvalue::Tuple(vec![mv(Local(1)), copy(Local(2)), copy(Local(3))]));
    f.ret();
    w.add(f);
    w.runs(&format!("3\n4\n3\n41\n3\n41\n{DONE}"));
}

#[test]
fn channels_carry_values_and_select_chooses_an_arm() {
    let mut w = World::new();
    let channel = w.app(TyCon::Channel, &[Ty::STRING]);
    let maybe = w.option(Ty::STRING);
    let mut f = main_of();
    let (c, d, s, unit) = (f.local(channel), f.local(channel), f.local(Ty::STRING), f.local(Ty::UNIT));
    f.intrinsic(Intrinsic::ChannelNew, &[Ty::STRING], &[], c);
    f.set(d, copy(c));
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(1)], s);
    f.intrinsic(Intrinsic::ChannelSend, &[Ty::STRING], &[borrow(c), copy(s)], unit);
    f.intrinsic(Intrinsic::ChannelSend, &[Ty::STRING], &[borrow(d), mv(s)], unit);
    let got = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ChannelRecv, &[Ty::STRING], &[borrow(c)], got);
    f.println(Ty::STRING, borrow(got));
    f.drop(got);

    // Received, then nothing there: the default; then a send.
    let (arm, send_arm, default, after) = (f.block(), f.block(), f.block(), f.block());
    let again = f.block();
    f.goto(again);
    f.at(again);
    let recv = SelectArm::Recv { channel: borrow(c), into: got, target: arm };
    f.select(vec![recv], SelectOtherwise::Default(default));
    f.at(arm);
    f.println(Ty::STRING, borrow(got));
    f.drop(got);
    f.goto(again);
    f.at(default);
    f.println(Ty::STRING, text("default"));
    let value = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(2)], value);
    let send = SelectArm::Send { channel: borrow(c), value: mv(value), target: send_arm };
    f.select(vec![send], SelectOtherwise::Timeout(int(5), after));
    f.at(send_arm);
    f.goto(after);
    f.at(after);
    let o = f.local(maybe);
    f.intrinsic(Intrinsic::ChannelNext, &[Ty::STRING], &[borrow(c)], o);
    f.println(Ty::STRING, borrow(place(o).variant(0).field(0)));
    f.drop(o);
    f.intrinsic(Intrinsic::ChannelNext, &[Ty::STRING], &[borrow(c)], o);
    let tag = f.local(Ty::INT);
    f.assign(tag, Rvalue::Discriminant(place(o).0));
    f.println(Ty::INT, copy(tag));
    f.drop(o);
    f.drop(c);
    f.drop(d);
    f.ret();
    w.add(f);
    w.runs(&format!("1\n1\ndefault\n2\n1\n{DONE}"));
}

#[test]
fn a_type_that_holds_a_list_of_itself_is_dropped() {
    let mut w = World::new();
    let node = w.adt("Node", AdtKind::Struct, 0, &[&[Ty::STRING]]);
    let node_ty = w.app(TyCon::Adt(node), &[]);
    let children = w.list(node_ty);
    let mut field = w.adts[node.0 as usize].variants[0].fields[0].clone();
    field.ty = children;
    w.adts[node.0 as usize].variants[0].fields.push(field);
    let mut f = main_of();
    let (n, l) = (f.local(node_ty), f.local(children));
    let s = f.local(Ty::STRING);
    f.intrinsic(Intrinsic::ListNew, &[node_ty], &[], l);
    count_to(&mut f, 4, |f, i| {
        f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[copy(i)], s);
        f.assign(n, Rvalue::Construct { adt: node, variant: 0, fields: vec![mv(s), mv(l)] });
        f.intrinsic(Intrinsic::ListFrom, &[node_ty], &[copy(n), mv(n)], l);
    });
    f.drop(l);
    f.ret();
    w.add(f);
    w.runs(DONE);
}

#[test]
fn main_gives_the_exit_status_and_cleanup_blocks_are_left_out() {
    let mut w = World::new();
    let mut f = Fun::new("main", &[], Ty::INT);
    let cleanup = f.block();
    f.set(RESULT, int(7));
    f.ret();
    f.at(cleanup);
    f.end(kodo_frontend::mir::TerminatorKind::Resume);
    f.body.blocks[cleanup.0 as usize].cleanup = true;
    assert_eq!(cleanup, BlockId(1));
    w.add(f);
    w.runs("status 7, 0 live, flags 0\n");
}

#[test]
fn a_panic_ends_the_program() {
    let mut w = World::new();
    let mut f = main_of();
    let unit = f.local(Ty::UNIT);
    let callee = kodo_frontend::mir::Callee::Intrinsic(Intrinsic::Panic, vec![]);
    let dest = kodo_frontend::mir::Place::local(unit);
    let args = vec![text("no way")];
    f.end(kodo_frontend::mir::TerminatorKind::Call { callee, args, dest, target: None, unwind: None });
    w.add(f);
    w.runs("no way at t.ko:2:1 in main\n");
}
