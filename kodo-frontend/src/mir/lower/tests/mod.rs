//! Lowered programs are checked for their form, then run: what they print shows what was evaluated, and in which order.

mod build;
mod data;
mod deep;
mod flow;
mod instances;
mod random;
mod reference;
mod run;
mod threads;

use crate::mir::{Body, Callee, Intrinsic, Program, StatementKind, TerminatorKind, mono};
use build::Build;
use run::Value;

/// Lowers and instantiates, checking both.
fn compile(mut build: Build) -> Program {
    let bodies = super::lower(&mut build.program, &build.names);
    bodies.iter().flatten().for_each(run::check);
    let program = mono::instantiate(&mut build.program, &build.names, &bodies).expect("no runaway instances");
    for body in &program.instances {
        assert!(body.spawned.is_empty());
        run::check(body);
    }
    program
}

/// What the program prints.
fn output(build: Build) -> String {
    let (end, output) = run::run(&compile(build));
    end.expect("ends normally");
    output
}

/// The Int that `main` returns.
fn result(build: Build) -> i64 {
    match run::run(&compile(build)).0 {
        Ok(Value::Int(value)) => value,
        other => panic!("{other:?}"),
    }
}

/// What the program prints before the panic, and the panic.
fn failure(build: Build) -> (String, String) {
    let (end, output) = run::run(&compile(build));
    (output, end.expect_err("panics"))
}

fn count_calls(body: &Body, op: Intrinsic) -> usize {
    let calls = |kind: &TerminatorKind| match kind {
        TerminatorKind::Call { callee: Callee::Intrinsic(called, _), .. } => *called == op,
        _ => false,
    };
    body.blocks.iter().filter(|block| calls(&block.terminator.kind)).count()
}

fn count_switches(body: &Body) -> usize {
    body.blocks.iter().filter(|block| matches!(block.terminator.kind, TerminatorKind::Switch { .. })).count()
}

fn count_statements(body: &Body) -> usize {
    let assigns = |block: &crate::mir::Block| {
        block.statements.iter().filter(|s| matches!(s.kind, StatementKind::Assign(..))).count()
    };
    body.blocks.iter().map(assigns).sum()
}
