//! Rules that can be read off LLVM's text.

use super::build::{Fun, World, by_ref, copy, int, place, text};
use crate::{Error, Options, Output};
use kodo_frontend::hir::BinaryOp;
use kodo_frontend::mir::{Callee, Check, Intrinsic, Local, Passing, RESULT, Rvalue, SpawnKind, TerminatorKind};
use kodo_frontend::types::ty::{AdtKind, Ty, TyCon, TyKind};

/// Text of the function whose symbol is `name`.
fn function<'a>(ir: &'a str, name: &str) -> &'a str {
    let defined = |at: &usize| ir[..*at].rsplit('\n').next().is_some_and(|line| line.starts_with("define"));
    let symbol = format!("@{name}(");
    let mut uses = ir.match_indices(&symbol).map(|(at, _)| at);
    let start = uses.find(defined).unwrap_or_else(|| panic!("{name} is not defined in {ir}"));
    &ir[start..start + ir[start..].find("\n}").expect("a function has an end")]
}

fn hello() -> World {
    let mut w = World::new();
    let mut f = Fun::new("main", &[], Ty::UNIT);
    f.println(Ty::STRING, text("hello"));
    f.println(Ty::STRING, text("hello"));
    f.ret();
    w.add(f);
    w
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for output in [Output::Object, Output::Assembly, Output::LlvmIr, Output::Bitcode] {
        let options = Options::default();
        let one = hello().compile(&options, output).unwrap();
        let two = hello().compile(&options, output).unwrap();
        assert!(!one.is_empty());
        assert_eq!(one, two, "{output:?}");
    }
}

#[test]
fn equal_literals_are_one_static_buffer() {
    let ir = hello().ir(0);
    assert_eq!(ir.matches("c\"hello\"").count(), 1, "{ir}");
    assert!(ir.contains("{ i64 0, i64 5, i64 0, [5 x i8] c\"hello\" }, align 8"), "{ir}");
}

#[test]
fn a_program_without_green_threads_says_so_to_the_runtime() {
    let options =
        Options { green_threads: false, threads: 3, describe: Some("{}".into()), opt_level: 0, ..Options::default() };
    let ir = String::from_utf8(hello().compile(&options, Output::LlvmIr).unwrap()).unwrap();
    assert!(ir.contains("@program = private unnamed_addr constant { i64, ptr, i64, i64, ptr, i64, ptr, i64 } { i64 2, ptr @\"ko.main entry\", i64 3, i64 1, ptr @"), "{ir}");
    assert!(ir.contains("define i32 @main(i32 %0, ptr %1)"), "{ir}");
}

#[test]
fn every_function_can_be_unwound_and_probes_its_stack() {
    let ir = hello().ir(0);
    for line in ir.lines().filter(|l| l.starts_with("define")) {
        assert!(line.contains('#'), "{line}");
    }
    for attribute in ["nounwind", "uwtable", "\"frame-pointer\"=\"all\"", "\"probe-stack\"=\"inline-asm\""] {
        assert!(ir.contains(attribute), "{attribute} in {ir}");
    }
}

#[test]
fn line_tables_name_file_and_line() {
    let ir = hello().ir(0);
    assert!(ir.contains("!DIFile(filename: \"t.ko\""), "{ir}");
    assert!(ir.contains("!DISubprogram(name: \"main\", linkageName: \"ko.main\""), "{ir}");
    assert!(ir.contains("!DILocation(line: 2, column: 1"), "{ir}");
    // Where main is inlined into its entry point the lines survive.
    let asm = String::from_utf8(hello().compile(&Options::default(), Output::Assembly).unwrap()).unwrap();
    assert!(asm.contains(".loc\t0 2 1") || asm.contains(".loc\t1 2 1"), "{asm}");
    let asm = hello().compile(&Options { opt_level: 0, ..Options::default() }, Output::Assembly).unwrap();
    assert!(String::from_utf8(asm).unwrap().contains(".debug_line"));
}

/// A sum over a list: after the check no call, no count, one load per element, and vector code.
#[test]
fn reading_a_list_in_a_loop_vectorizes() {
    let mut w = World::new();
    let list = w.list(Ty::INT);
    let mut f = Fun::new("main", &[], Ty::INT);
    let l = f.local(list);
    f.intrinsic(Intrinsic::ListNew, &[Ty::INT], &[], l);
    f.instance(kodo_frontend::mir::InstanceId(1), &[super::build::borrow(l)], RESULT);
    f.drop(l);
    f.ret();
    w.add(f);
    let mut f = Fun::new("sum", &[(list, Passing::Borrowed)], Ty::INT);
    let (i, len, go) = (f.local(Ty::INT), f.local(Ty::INT), f.local(Ty::BOOL));
    f.set(RESULT, int(0));
    f.set(i, int(0));
    f.assign(len, Rvalue::ListLen(place(Local(1)).0));
    let (head, body, after) = (f.block(), f.block(), f.block());
    f.goto(head);
    f.at(head);
    f.assign(go, Rvalue::Binary(BinaryOp::Lt, copy(i), copy(len)));
    f.branch(copy(go), body, after);
    f.at(body);
    f.check(Check::Index { index: copy(i), len: copy(len) });
    f.assign(RESULT, Rvalue::Binary(BinaryOp::Add, copy(RESULT), copy(place(Local(1)).index(i))));
    f.assign(i, Rvalue::Binary(BinaryOp::Add, copy(i), int(1)));
    f.goto(head);
    f.at(after);
    f.ret();
    w.add(f);
    let ir = w.ir(2);
    assert!(ir.contains("<2 x i64>"), "{ir}");
    assert!(!ir.contains("kodo_panic_index"), "the check is implied by the loop: {ir}");
}

/// Storing to elements does not make LLVM read the handle or the length again.
#[test]
fn a_checked_update_in_place_keeps_length_and_handle_in_registers() {
    let mut w = World::new();
    let list = w.list(Ty::INT);
    let mut f = Fun::new("main", &[], Ty::UNIT);
    f.ret();
    w.add(f);
    let mut f = Fun::new("bump", &[(list, Passing::ByRef)], Ty::UNIT);
    let (i, len, go, unit) = (f.local(Ty::INT), f.local(Ty::INT), f.local(Ty::BOOL), f.local(Ty::UNIT));
    f.intrinsic(Intrinsic::ListMakeUnique, &[Ty::INT], &[by_ref(Local(1))], unit);
    f.set(i, int(0));
    let (head, body, after) = (f.block(), f.block(), f.block());
    f.goto(head);
    f.at(head);
    f.assign(len, Rvalue::ListLen(place(Local(1)).0));
    f.assign(go, Rvalue::Binary(BinaryOp::Lt, copy(i), copy(len)));
    f.branch(copy(go), body, after);
    f.at(body);
    f.check(Check::Index { index: copy(i), len: copy(len) });
    f.assign(place(Local(1)).index(i), Rvalue::Binary(BinaryOp::Add, copy(place(Local(1)).index(i)), int(1)));
    f.assign(i, Rvalue::Binary(BinaryOp::Add, copy(i), int(1)));
    f.goto(head);
    f.at(after);
    f.ret();
    let id = w.add(f);
    let mut f = Fun::new("main", &[], Ty::UNIT);
    let (l, unit) = (f.local(list), f.local(Ty::UNIT));
    f.intrinsic(Intrinsic::ListNew, &[Ty::INT], &[], l);
    f.instance(id, &[by_ref(l)], unit);
    f.instance(id, &[by_ref(l)], unit);
    f.drop(l);
    f.ret();
    w.replace_main(f);
    let ir = w.ir(2);
    let vector_store = ir.lines().any(|l| l.contains("store <") && l.contains("x i64>"));
    assert!(vector_store, "{ir}");
}

#[test]
fn counting_a_copy_is_inline_and_its_shared_case_is_not() {
    let mut w = World::new();
    let mut f = Fun::new("main", &[], Ty::UNIT);
    let (a, b) = (f.local(Ty::STRING), f.local(Ty::STRING));
    f.intrinsic(Intrinsic::ToString, &[Ty::INT], &[int(1)], a);
    f.set(b, copy(a));
    f.println(Ty::STRING, super::build::borrow(b));
    f.drop(a);
    f.drop(b);
    f.ret();
    w.add(f);
    let ir = w.ir(0);
    let retain = function(&ir, "ko.retain");
    assert!(retain.contains("load atomic i64, ptr %0 unordered, align 8"), "{retain}");
    assert!(!retain.contains("atomicrmw"), "{retain}");
    assert!(function(&ir, "\"ko.retain shared\"").contains("atomicrmw sub ptr %0, i64 1 monotonic"), "{ir}");
    let last = function(&ir, "\"ko.release String last\"");
    assert!(last.contains("atomicrmw add ptr %0, i64 1 acq_rel"), "{last}");
    let ir = w.ir(2);
    assert!(!ir.contains("call fastcc void @ko.retain("), "{ir}");
}

#[test]
fn options_of_handles_are_one_pointer() {
    let mut w = World::new();
    let maybe = w.option(Ty::STRING);
    let mut f = Fun::new("main", &[], Ty::UNIT);
    f.ret();
    w.add(f);
    let mut f = Fun::new("identity", &[(maybe, Passing::Owned)], maybe);
    f.set(RESULT, super::build::mv(Local(1)));
    f.ret();
    w.add(f);
    assert!(w.ir(0).contains("define internal fastcc ptr @ko.identity(ptr %0)"));
}

#[test]
fn type_infos_give_the_runtime_size_and_glue() {
    let mut w = World::new();
    let result = w.types.tuple(&[Ty::BOOL, Ty::STRING]);
    let future = w.app(TyCon::Future, &[result]);
    let mut f = Fun::new("main", &[], Ty::UNIT);
    let h = f.local(future);
    f.spawn(kodo_frontend::mir::InstanceId(1), &[text("x"), int(1)], SpawnKind::Future, result, h);
    f.drop(h);
    f.ret();
    w.add(f);
    let mut f = Fun::new("spawned", &[(Ty::STRING, Passing::Owned), (Ty::INT, Passing::Owned)], result);
    let yes = super::build::Operand::Const(kodo_frontend::mir::Const::Bool(true));
    f.assign(RESULT, Rvalue::Tuple(vec![yes, super::build::mv(Local(1))]));
    f.ret();
    w.add(f);
    let ir = w.ir(0);
    let info = |name: &str| {
        format!("{{ i64 16, i64 8, ptr @\"ko.copy {name}\", ptr @\"ko.drop {name}\", ptr @\"ko.share {name}\", ptr @")
    };
    for name in ["(String, Int)", "(Bool, String)"] {
        assert!(ir.contains(&info(name)), "{name} in {ir}");
    }
    assert!(ir.contains("define internal void @\"ko.spawned entry\"(ptr %0, ptr %1)"), "{ir}");
}

#[test]
fn what_has_no_lowering_is_an_error_and_never_a_crash() {
    let mut w = World::new();
    let param = w.types.intern(TyKind::Param(0));
    let cons = w.adt("Cons", AdtKind::Enum, 0, &[&[Ty::INT], &[]]);
    let ty = w.app(TyCon::Adt(cons), &[]);
    w.adts[cons.0 as usize].variants[0].fields[0].ty = ty;
    let mut f = Fun::new("main", &[], Ty::UNIT);
    f.local(ty);
    f.ret();
    w.add(f);
    let error = w.compile(&Options::default(), Output::Object).unwrap_err();
    assert!(error.to_string().contains("Cons contains itself by value"), "{error}");

    let mut w = World::new();
    let mut f = Fun::new("main", &[], Ty::UNIT);
    let unit = f.local(Ty::UNIT);
    f.call(Callee::Function(kodo_frontend::hir::FnId(0), vec![param]), &[], unit);
    f.end(TerminatorKind::Return);
    w.add(f);
    assert!(matches!(w.compile(&Options::default(), Output::Object), Err(Error::Invalid { .. })));
}

/// Appending in a loop: the handle lives in a register, and nothing is called while there is room.
#[test]
fn appending_does_not_take_the_address_of_the_list() {
    let mut w = World::new();
    let list = w.list(Ty::INT);
    let mut f = Fun::new("main", &[], Ty::INT);
    let (l, i, go, unit) = (f.local(list), f.local(Ty::INT), f.local(Ty::BOOL), f.local(Ty::UNIT));
    f.intrinsic(Intrinsic::ListNew, &[Ty::INT], &[], l);
    f.set(i, int(0));
    let (head, body, after) = (f.block(), f.block(), f.block());
    f.goto(head);
    f.at(head);
    f.assign(go, Rvalue::Binary(BinaryOp::Lt, copy(i), int(1000)));
    f.branch(copy(go), body, after);
    f.at(body);
    f.intrinsic(Intrinsic::ListPush, &[Ty::INT], &[by_ref(l), copy(i)], unit);
    f.assign(i, Rvalue::Binary(BinaryOp::Add, copy(i), int(1)));
    f.goto(head);
    f.at(after);
    f.assign(RESULT, Rvalue::ListLen(place(l).0));
    f.drop(l);
    f.ret();
    w.add(f);
    let ir = w.ir(2);
    assert!(!function(&ir, "\"ko.main entry\"").contains("alloca"), "{ir}");
}

/// What a leaf of the runtime does is its own business: a length read before it is still known after it.
#[test]
fn printing_does_not_make_lengths_be_read_again() {
    let mut w = World::new();
    let list = w.list(Ty::INT);
    let mut f = Fun::new("main", &[], Ty::UNIT);
    let (l, len) = (f.local(list), f.local(Ty::INT));
    f.intrinsic(Intrinsic::ListFrom, &[Ty::INT], &[int(1), int(2)], l);
    for _ in 0..3 {
        f.assign(len, Rvalue::ListLen(place(l).0));
        f.println(Ty::INT, copy(len));
    }
    f.drop(l);
    f.ret();
    w.add(f);
    let ir = w.ir(2);
    let main = function(&ir, "\"ko.main entry\"");
    assert_eq!(main.matches("call void @kodo_io_println_int(i64 %").count(), 3, "{main}");
    assert_eq!(main.matches("= load i64, ptr").count(), 1, "{main}");
}
