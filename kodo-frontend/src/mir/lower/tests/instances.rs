//! Instances.

use super::build::*;
use super::*;
use crate::hir::{ExprKind, FnId};
use crate::syntax::ast::Mode;
use crate::types::ty::{Ty, TyCon, TyKind};

#[test]
fn an_instance_is_made_once_for_each_list_of_types() {
    let mut b = Build::new();
    let t = b.program.types.intern(TyKind::Param(0));
    let id = b.function("id", 1, &[(t, Mode::Default)], t, |f, params| f.v(params[0]));
    // A generic function passes its own parameter on, also from a spawned block.
    let show = b.function("show", 1, &[(t, Mode::Default)], Ty::UNIT, |f, params| {
        let inner = f.local(t);
        let arg = f.v(inner);
        let call = f.call(id, &[t], &[arg], t);
        let said = f.op(Intrinsic::Println, &[t], &[call], Ty::UNIT);
        f.spawn(&[(params[0], inner)], said, Ty::UNIT, false)
    });
    b.function("unused", 0, &[], Ty::UNIT, |f, _| f.block(&[], None));
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let (one, two, text) = (f.int(1), f.int(2), f.str("x"));
        let calls = [
            f.call(show, &[Ty::INT], &[one], Ty::UNIT),
            f.call(show, &[Ty::STRING], &[text], Ty::UNIT),
            f.call(show, &[Ty::INT], &[two], Ty::UNIT),
        ];
        f.block(&calls, None)
    });
    let program = compile(b);
    let names: Vec<&str> = program.instances.iter().map(|body| body.name.as_str()).collect();
    assert_eq!(
        names,
        ["main", "show<Int>", "show<String>", "show<Int>.spawn1", "show<String>.spawn1", "id<Int>", "id<String>"]
    );
    for body in &program.instances {
        assert!(body.locals.iter().all(|local| local.ty != t), "{} is generic", body.name);
    }
    assert_eq!(run::run(&program).1, "1 x 2");
}

#[test]
fn functions_of_one_name_stay_apart() {
    let mut b = Build::new();
    let [a, c] = [1, 2].map(|v| b.function("f", 0, &[], Ty::INT, |f, _| f.int(v)));
    b.function("main", 0, &[], Ty::UNIT, |f, _| {
        let stmts = [a, c].map(|id| {
            let call = f.call(id, &[], &[], Ty::INT);
            f.say(call)
        });
        f.block(&stmts, None)
    });
    let program = compile(b);
    assert_eq!(program.instances[1].name, "f");
    assert_eq!(program.instances[2].name, "f#2");
}

fn runaway(grow: impl Fn(&mut Build, Ty) -> Vec<Ty>) -> String {
    let mut b = Build::new();
    let t = b.program.types.intern(TyKind::Param(0));
    let grown = grow(&mut b, t);
    let id = FnId(b.program.functions.len() as u32);
    b.function("f", 1, &[], Ty::UNIT, |f, _| {
        let calls: Vec<_> = grown.iter().map(|&ty| f.call(id, &[ty], &[], Ty::UNIT)).collect();
        f.block(&calls, None)
    });
    b.function("main", 0, &[], Ty::UNIT, |f, _| f.call(id, &[Ty::INT], &[], Ty::UNIT));
    let bodies = super::super::lower(&mut b.program, &b.names);
    let errors = mono::instantiate(&mut b.program, &b.names, &bodies).err().expect("has no end");
    let errors = errors.into_sorted();
    assert_eq!(errors.len(), 1);
    errors[0].message.clone()
}

#[test]
fn instances_without_end_are_an_error() {
    let expected = "`f` needs instances for more and more types, without end";
    assert_eq!(runaway(|b, t| vec![b.app(TyCon::List, t)]), expected);
    assert_eq!(runaway(|b, t| vec![b.program.types.tuple(&[t, t])]), expected);
    assert_eq!(runaway(|b, t| vec![b.app(TyCon::List, t), b.app(TyCon::Channel, t)]), expected);
}

#[test]
fn long_chains_of_instances_need_no_native_stack() {
    let mut b = Build::new();
    let mut last = b.function("f0", 0, &[], Ty::INT, |f, _| f.int(7));
    for n in 1..20_000 {
        last = b.function(&format!("f{n}"), 0, &[], Ty::INT, |f, _| f.call(last, &[], &[], Ty::INT));
    }
    b.function("main", 0, &[], Ty::INT, |f, _| f.call(last, &[], &[], Ty::INT));
    let bodies = super::super::lower(&mut b.program, &b.names);
    let program = mono::instantiate(&mut b.program, &b.names, &bodies).expect("finite");
    assert_eq!(program.instances.len(), 20_001);
}

#[test]
fn a_program_without_main_is_an_error() {
    let mut b = Build::new();
    b.function("f", 0, &[], Ty::UNIT, |f, _| f.e(ExprKind::Unit, Ty::UNIT));
    let bodies = super::super::lower(&mut b.program, &b.names);
    assert!(mono::instantiate(&mut b.program, &b.names, &bodies).is_err());
}
