use super::{body, count, run};
use crate::hir::{ExprKind, FPart, Lit, SelectArm};
use crate::mir::Intrinsic;
use crate::syntax::ast::Mode;
use crate::types::ty::{Ty, TyKind};

#[test]
fn nothing_unresolved_leaves_the_checker() {
    let (list, program, _) =
        run("let l = list_new()\nl.push(Some(1))\nlet c = channel_new()\nc.send((l, \"a\"))\nprintln(c.recv().1)");
    assert!(list.is_empty(), "{list:?}");
    for f in &program.functions {
        let Some(body) = &f.body else { continue };
        let all = body
            .exprs
            .iter()
            .map(|e| e.ty)
            .chain(body.locals.iter().map(|l| l.ty))
            .chain(body.pats.iter().map(|p| p.ty));
        for ty in all {
            assert!(!program.types.has_infer(ty) && *program.types.kind(ty) != TyKind::Error, "{}", f.display_name);
        }
        for e in &body.exprs {
            assert!(!matches!(e.kind, ExprKind::Error), "{}", f.display_name);
            if let ExprKind::Call { type_args, .. } = &e.kind {
                assert!(type_args.iter().all(|t| !program.types.has_infer(*t)));
            }
        }
    }
}

#[test]
fn a_spawned_block_copies_what_it_uses() {
    let (_, program, names) = run(
        "fn f(a: Int) {\n let b = 2\n let c = 3\n spawn { println(a)\n spawn { println(b) } }\n println(c)\n}\nf(1)",
    );
    let body = body(&program, &names, "f");
    let name = |l: crate::hir::LocalId| names.text(body.local(l).name);
    let spawns: Vec<_> =
        (body.exprs.iter()).filter_map(|e| if let ExprKind::Spawn(s) = &e.kind { Some(s) } else { None }).collect();
    let (inner, outer) = (spawns[0], spawns[1]);
    assert_eq!(outer.captures.iter().map(|c| name(c.outer)).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(inner.captures.len(), 1);
    assert_eq!(inner.captures[0].outer, outer.captures[1].inner, "the inner block copies the outer block's copy");
    assert!(body.local(outer.captures[0].inner).mutable);
    assert!(outer.detached && !outer.parallel && outer.result == Ty::UNIT);
}

#[test]
fn spawns_of_a_parallel_block_are_marked() {
    let (_, program, names) =
        run("parallel { for i in 0..2 { if i > 0 { spawn { spawn { println(i) } } } } }\nspawn { }");
    let body = body(&program, &names, "main");
    let marks: Vec<bool> = (body.exprs.iter())
        .filter_map(|e| if let ExprKind::Spawn(s) = &e.kind { Some(s.parallel) } else { None })
        .collect();
    assert_eq!(marks, [false, true, false], "the one inside the other, the direct one, the one after the block");
}

#[test]
fn async_calls_are_futures() {
    let (_, program, names) = run("async fn f() -> Int { 1 }\nlet a = f()\nprintln(a.await)");
    let body = body(&program, &names, "main");
    let a = body.locals.iter().find(|l| names.text(l.name) == "a").expect("declared");
    assert_eq!(program.types.display(a.ty, &program.adts, &names, &[]), "Future<Int>");
}

#[test]
fn a_changed_list_parameter_becomes_mut() {
    let (_, program, names) = run(
        "fn add(l: List<Int>) { l.push(1) }\nfn via(l: List<Int>) { add(l) }\nfn read(l: List<Int>) { println(l.len()) }\nlet l = [1]\nvia(l)\nread(l)\nadd([2])",
    );
    let mode = |name| program.functions.iter().rfind(|f| names.text(f.name) == name).map(|f| f.params[0].mode);
    assert_eq!((mode("add"), mode("via"), mode("read")), (Some(Mode::Mut), Some(Mode::Mut), Some(Mode::Default)));
    // The list literal got a variable of its own.
    let body = body(&program, &names, "main");
    for e in &body.exprs {
        if let ExprKind::Call { function, args, .. } = &e.kind
            && program.functions[function.0 as usize].params.first().is_some_and(|p| p.mode == Mode::Mut)
        {
            assert!(matches!(body.expr(args[0]).kind, ExprKind::Local(_)));
        }
    }
}

#[test]
fn reading_an_element_is_an_index() {
    let (_, program, names) = run("let l = [1]\nprintln(l.get(0) + list_get(l, 0) + l[0])");
    assert_eq!(count(body(&program, &names, "main"), |k| matches!(k, ExprKind::Index(..))), 3);
}

#[test]
fn a_failed_unwrap_panics_at_the_call() {
    let text = "let r: Result<Int, String> = Ok(1)\nprintln(r.unwrap())";
    let (_, program, names) = run(text);
    let body = body(&program, &names, "main");
    let panic = (body.exprs.iter()).find(|e| {
        matches!(&e.kind, ExprKind::Call { function, .. } if program.functions[function.0 as usize].intrinsic == Some(Intrinsic::Panic))
    });
    let panic = panic.expect("a panic is written out");
    assert_eq!(&text[panic.span.lo as usize..panic.span.hi as usize], "r.unwrap()");
    let ExprKind::Call { args, .. } = &panic.kind else { unreachable!() };
    let ExprKind::FString(parts) = &body.expr(args[0]).kind else { panic!("the message shows the error") };
    assert!(matches!(parts.last(), Some(FPart::Hole(_))));
}

#[test]
fn a_let_condition_chains() {
    let (_, program, names) = run("let o = Some(1)\nif let Some(n) = o && n > 0 { println(n) }");
    let body = body(&program, &names, "main");
    let cond = body.exprs.iter().find_map(|e| if let ExprKind::If { cond, .. } = e.kind { Some(cond) } else { None });
    let ExprKind::And(left, _) = body.expr(cond.expect("an if")).kind else { panic!("a chain") };
    assert!(matches!(body.expr(left).kind, ExprKind::Let { .. }));
}

#[test]
fn select_arms_keep_their_order() {
    let (list, program, names) = run(
        "let c = channel_new::<Int>()\nselect {\n c => |v: Int| { println(v) }\n send(c, 1) => { }\n timeout(5) => { }\n}",
    );
    assert!(list.is_empty(), "{list:?}");
    let body = body(&program, &names, "main");
    let select =
        body.exprs.iter().find_map(|e| if let ExprKind::Select(s) = &e.kind { Some(s) } else { None }).expect("one");
    assert!(matches!(select.arms[..], [SelectArm::Recv { .. }, SelectArm::Send { .. }]));
    assert!(select.timeout.is_some() && select.default.is_none());
}

#[test]
fn the_least_int_is_a_literal() {
    let (_, program, names) = run("println(-9223372036854775808)");
    assert_eq!(count(body(&program, &names, "main"), |k| matches!(k, ExprKind::Lit(Lit::Int(i64::MIN)))), 1);
}
