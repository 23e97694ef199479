//! Programs in LLVM's text form: optimized, given polls, checked, and run with a runtime that is always asked to yield,
//! so that the number of polls can be read off and results compared with the program without them.

use super::*;
use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{CodeModel, InitializationConfig, RelocMode, Target, TargetMachine};

/// A runtime in miniature: always asked to yield, counts how often it does.
const RUNTIME: &str = r#"
@kodo_preempt = hidden global i8 1
@yields = global i64 0
define hidden preserve_mostcc void @kodo_rt_yield() noinline "kodo-no-poll" {
  %old = load volatile i64, ptr @yields
  %new = add i64 %old, 1
  store volatile i64 %new, ptr @yields
  ret void
}
define i64 @yield_count() "kodo-no-poll" {
  %n = load volatile i64, ptr @yields
  ret i64 %n
}
"#;

fn machine() -> TargetMachine {
    Target::initialize_x86(&InitializationConfig::default());
    Target::initialize_aarch64(&InitializationConfig::default());
    let triple = TargetMachine::get_default_triple();
    Target::from_triple(&triple)
        .unwrap()
        .create_target_machine(
            &triple,
            // Fixed, so that loops are vectorized the same way on every machine of an architecture.
            if triple.as_str().to_string_lossy().starts_with("x86_64") { "x86-64-v2" } else { "generic" },
            "",
            OptimizationLevel::Default,
            RelocMode::PIC,
            CodeModel::Default,
        )
        .unwrap()
}

struct Subject<'c> {
    module: Module<'c>,
    machine: TargetMachine,
}

impl<'c> Subject<'c> {
    fn parse(context: &'c Context, text: &str) -> Subject<'c> {
        let machine = machine();
        let text = format!("{text}\n{RUNTIME}\0");
        let buffer = MemoryBuffer::create_from_memory_range_copy(&text.as_bytes()[..text.len()], "test");
        let module = context.create_module_from_ir(buffer).unwrap_or_else(|error| panic!("{}", error.to_string()));
        module.set_triple(&machine.get_triple());
        module.set_data_layout(&machine.get_target_data().get_data_layout());
        let subject = Subject { module, machine };
        subject.check();
        subject
    }

    fn run(&self, passes: &str) {
        let options = PassBuilderOptions::create();
        options.set_loop_vectorization(true);
        options.set_loop_slp_vectorization(true);
        options.set_loop_unrolling(true);
        options.set_loop_interleaving(true);
        self.module.run_passes(passes, &self.machine, options).unwrap();
        self.check();
    }

    fn check(&self) {
        self.module.verify().unwrap_or_else(|error| panic!("{}\n{}", error.to_string(), self.text()));
    }

    fn text(&self) -> String {
        self.module.print_to_string().to_string()
    }

    fn optimized(self) -> Self {
        self.run("default<O2>");
        self
    }

    /// Inserts, checks and cleans up as the compiler does.
    fn insert(&self, every_edge: bool) -> Stats {
        let stats = insert(&self.module, &self.machine, every_edge).unwrap();
        self.check();
        verify(&self.module).unwrap_or_else(|violation| panic!("{violation}\n{}", self.text()));
        self.run(if every_edge { "always-inline" } else { CLEANUP });
        verify(&self.module).unwrap_or_else(|violation| panic!("after cleanup: {violation}\n{}", self.text()));
        assert!(!self.text().contains("call void @kodo.poll"), "polls are inlined");
        stats
    }

    /// Result and number of yields of `i64 f(i64)`.
    fn call(self, argument: i64) -> (i64, i64) {
        let engine = self.module.create_jit_execution_engine(OptimizationLevel::Default).unwrap();
        // SAFETY: both have these types in every test.
        unsafe {
            let f = engine.get_function::<unsafe extern "C" fn(i64) -> i64>("f").unwrap();
            let yields = engine.get_function::<unsafe extern "C" fn() -> i64>("yield_count").unwrap();
            (f.call(argument), yields.call())
        }
    }
}

fn late(text: &str) -> Stats {
    let context = Context::create();
    Subject::parse(&context, text).insert(false)
}

fn violation(text: &str) -> Option<Violation> {
    let context = Context::create();
    verify(&Subject::parse(&context, text).module).err()
}

fn stats(latches: usize, entries: usize, strips: usize, calls: usize, short: usize) -> Stats {
    Stats { latches, entries, strips, calls, short }
}

/// Sums an array that it fills first: both loops are vectorized.
const SUM: &str = r#"
@data = internal global [100000 x i64] zeroinitializer
define i64 @f(i64 %n) {
entry:
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %fill, label %done
fill:
  %i = phi i64 [ 0, %entry ], [ %i1, %fill ]
  %p = getelementptr i64, ptr @data, i64 %i
  %v = mul i64 %i, %i
  store i64 %v, ptr %p
  %i1 = add nuw nsw i64 %i, 1
  %more = icmp slt i64 %i1, %n
  br i1 %more, label %fill, label %sum
sum:
  %j = phi i64 [ 0, %fill ], [ %j1, %sum ]
  %s = phi i64 [ 0, %fill ], [ %s1, %sum ]
  %q = getelementptr i64, ptr @data, i64 %j
  %w = load i64, ptr %q
  %s1 = add i64 %s, %w
  %j1 = add nuw nsw i64 %j, 1
  %again = icmp slt i64 %j1, %n
  br i1 %again, label %sum, label %done
done:
  %r = phi i64 [ 0, %entry ], [ %s1, %sum ]
  ret i64 %r
}
"#;

#[test]
fn vectorized_loops_stay_vectorized_and_poll_in_strips() {
    let context = Context::create();
    for n in [0, 1, 3, 4, 5, 1000, 4095, 4096, 4097, 99_999, 100_000] {
        let subject = Subject::parse(&context, SUM).optimized();
        assert!(subject.text().contains("<2 x i64>"), "{}", subject.text());
        let stats = subject.insert(false);
        assert_eq!(stats.strips, 2, "{stats:?}");
        let (sum, yields) = subject.call(n);
        assert_eq!(sum, (0..n).map(|i| i * i).sum::<i64>());
        // At most 1024 vector iterations of 4 elements or a few scalar ones between two polls.
        assert!(yields >= 2 * (n / 4 / 1024 - 1) && yields <= 2 * (n / 4 / 16 + 8), "{n}: {yields} yields");
    }
}

/// A loop as unrolling leaves it: counts by `step` from `start` until it meets the argument.
fn counting(start: &str, step: i64, ty: &str) -> String {
    format!(
        "define i64 @f(i64 %n64) {{
entry:
  %n = {to} i64 %n64 to {ty}
  br label %loop
loop:
  %i = phi {ty} [ {start}, %entry ], [ %next, %loop ]
  %count = phi i64 [ 0, %entry ], [ %count1, %loop ]
  %count1 = add i64 %count, 1
  call void asm sideeffect \"\", \"\"()
  %next = add {ty} %i, {step}
  %done = icmp eq {ty} %next, %n
  br i1 %done, label %exit, label %loop
exit:
  %last = phi {ty} [ %next, %loop ]
  ret i64 %count1
}}",
        to = if ty == "i64" { "bitcast" } else { "trunc" }
    )
}

#[test]
fn stripped_loops_run_exactly_as_often_as_before() {
    let context = Context::create();
    for (start, step, n, count) in [
        ("0", 4, 4, 1),
        ("0", 4, 4096, 1024),
        ("0", 4, 4100, 1025),
        ("8", 4, 1_000_000, 249_998),
        ("0", 2, 2_000_002, 1_000_001),
        ("100", -4, 0, 25),
        ("1000000", -8, -1_000_000, 250_000),
        ("-4000", 16, 4000, 500),
        ("9223372036854775800", 8, -9_223_372_036_854_775_800, 2),
    ] {
        let subject = Subject::parse(&context, &counting(start, step, "i64"));
        assert_eq!(subject.insert(false), stats(0, 0, 1, 0, 0), "{start} by {step}");
        let (result, yields) = subject.call(n);
        assert_eq!(result, count, "{start} by {step} to {n}");
        assert!((count / 1024 - 1..=count / 16 + 1).contains(&yields), "{yields} yields in {count} iterations");
    }
}

#[test]
fn stripped_loops_that_count_through_the_wrap_still_poll() {
    let context = Context::create();
    // Start and bound are equal: 2^32 / 4096 iterations, the limit of what a test may run.
    let subject = Subject::parse(&context, &counting("0", 4096, "i32"));
    assert_eq!(subject.insert(false).strips, 1);
    let (count, yields) = subject.call(0);
    assert_eq!(count, 1 << 20);
    assert!(yields >= 1023, "{yields}");
}

#[test]
fn a_loop_that_misses_its_bound_polls_for_ever() {
    // 0, 4, 8, … never meets 6 in 64 bits; the third yield ends the program's patience.
    let context = Context::create();
    let text = r#"
@calls = global i64 0
define i64 @f(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %seen = load volatile i64, ptr @yields
  %enough = icmp sgt i64 %seen, 2
  br i1 %enough, label %exit, label %latch
latch:
  %next = add i64 %i, 4
  %done = icmp ne i64 %next, %n
  br i1 %done, label %loop, label %exit
exit:
  %r = phi i64 [ %i, %loop ], [ -1, %latch ]
  ret i64 %r
}"#;
    let subject = Subject::parse(&context, text);
    assert_eq!(subject.insert(false), stats(0, 0, 1, 0, 0));
    let (last, yields) = subject.call(6);
    assert_eq!((yields, last % 4), (3, 0));
    assert!(last > 0 && last <= 3 * 4 * 1025, "{last}");
}

/// Loops next to each other whose values depend on each other, and a bound that is another loop's counter.
#[test]
fn strips_of_neighbouring_loops_do_not_disturb_each_other() {
    let context = Context::create();
    let text = r#"
define i64 @f(i64 %n) {
entry:
  br label %a
a:
  %i = phi i64 [ 0, %entry ], [ %i1, %a ]
  %swap = phi i64 [ 1, %entry ], [ %swop, %a ]
  %swop = phi i64 [ 2, %entry ], [ %swap, %a ]
  call void asm sideeffect "", ""()
  %i1 = add i64 %i, 2
  %x = icmp eq i64 %i1, %n
  br i1 %x, label %b, label %a
b:
  %j = phi i64 [ %i, %a ], [ %j1, %b ]
  %t = phi i64 [ %swap, %a ], [ %t1, %b ]
  %t1 = add i64 %t, 3
  call void asm sideeffect "", ""()
  %j1 = add i64 %j, -2
  %y = icmp ne i64 %j1, -2
  br i1 %y, label %b, label %c
c:
  %k = phi i64 [ 0, %b ], [ %k1, %c ]
  call void asm sideeffect "", ""()
  %k1 = add i64 %k, 2
  %z = icmp eq i64 %k1, %i
  br i1 %z, label %exit, label %c
exit:
  %sum = add i64 %t1, %k1
  %r = add i64 %sum, %swop
  ret i64 %r
}"#;
    let run = |insert: bool| {
        let subject = Subject::parse(&context, text);
        if insert {
            assert_eq!(subject.insert(false), stats(0, 0, 3, 0, 0));
        }
        subject.call(20_002)
    };
    let ((plain, _), (polled, yields)) = (run(false), run(true));
    assert_eq!(plain, polled);
    assert!(yields >= 3 * 9, "{yields}");
}

#[test]
fn an_exit_that_is_the_outer_loops_header_is_not_stripped_but_polled() {
    let context = Context::create();
    let text = r#"
define i64 @f(i64 %n) {
entry:
  br label %outer
outer:
  %o = phi i64 [ 0, %entry ], [ %o1, %inner ]
  %o1 = add i64 %o, 1
  %enough = icmp sgt i64 %o1, 5000
  br i1 %enough, label %exit, label %inner
inner:
  %i = phi i64 [ 0, %outer ], [ %i1, %inner ]
  call void asm sideeffect "", ""()
  %i1 = add i64 %i, 4
  %x = icmp eq i64 %i1, %n
  br i1 %x, label %outer, label %inner
exit:
  ret i64 %o
}"#;
    let subject = Subject::parse(&context, text);
    let stats = subject.insert(false);
    assert_eq!((stats.latches, stats.strips), (1, 0));
    let (result, yields) = subject.call(4);
    assert_eq!((result, yields), (5000, 5000));
}

#[test]
fn short_innermost_loops_do_not_poll_and_long_ones_do() {
    let context = Context::create();
    let by_one = |n: u64| counting("0", 1, "i64").replace("icmp eq i64 %next, %n", &format!("icmp eq i64 %next, {n}"));
    for (n, expected) in [(1024, stats(0, 0, 0, 0, 1)), (1025, stats(1, 0, 0, 0, 0))] {
        let subject = Subject::parse(&context, &by_one(n));
        assert_eq!(subject.insert(false), expected);
        let (count, yields) = subject.call(0);
        assert_eq!((count, yields), (n as i64, if n > 1024 { n as i64 } else { 0 }));
    }
}

#[test]
fn a_count_that_another_edge_starts_again_bounds_nothing() {
    let text = r#"
define i64 @f(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %count ], [ 0, %again ]
  %turn = phi i64 [ 0, %entry ], [ %turn, %count ], [ %turn1, %again ]
  %next = add i64 %i, 1
  %restart = icmp eq i64 %next, 50
  br i1 %restart, label %again, label %count
count:
  %done = icmp eq i64 %next, 100
  br i1 %done, label %exit, label %loop
again:
  %turn1 = add i64 %turn, 1
  %enough = icmp eq i64 %turn1, %n
  br i1 %enough, label %exit, label %loop
exit:
  ret i64 %turn
}"#;
    let context = Context::create();
    let subject = Subject::parse(&context, text);
    assert_eq!(subject.insert(false), stats(2, 0, 0, 0, 0));
    assert_eq!(subject.call(10), (9, 10 * 50));
}

#[test]
fn a_remainder_loop_is_short_only_behind_its_guard() {
    let text = |guard: &str| {
        format!(
            "define i64 @f(i64 %n) {{
entry:
  %rest = and i64 %n, 7
  %none = icmp eq i64 %rest, {guard}
  br i1 %none, label %exit, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %next = add i64 %i, 1
  %more = icmp ne i64 %next, %rest
  br i1 %more, label %loop, label %exit
exit:
  %r = phi i64 [ 0, %entry ], [ %next, %loop ]
  ret i64 %r
}}"
        )
    };
    assert_eq!(late(&text("0")), stats(0, 0, 0, 0, 1));
    assert_eq!(late(&text("1")), stats(1, 0, 0, 0, 0));
}

#[test]
fn short_loops_that_call_or_contain_loops_poll() {
    let call = counting("0", 1, "i64").replace("icmp eq i64 %next, %n", "icmp eq i64 %next, 10");
    let call = call.replace("asm sideeffect \"\", \"\"()", "@g()");
    assert_eq!(late(&format!("declare void @g()\n{call}")), stats(1, 0, 0, 0, 0));
    let nested = r#"
define i64 @f(i64 %n) {
entry:
  br label %outer
outer:
  %o = phi i64 [ 0, %entry ], [ %o1, %latch ]
  br label %inner
inner:
  %i = phi i64 [ 0, %outer ], [ %i1, %inner ]
  call void asm sideeffect "", ""()
  %i1 = add i64 %i, 1
  %x = icmp eq i64 %i1, 1000
  br i1 %x, label %latch, label %inner
latch:
  %o1 = add i64 %o, 1
  %y = icmp eq i64 %o1, 1000
  br i1 %y, label %exit, label %outer
exit:
  ret i64 %o1
}"#;
    assert_eq!(late(nested), stats(1, 0, 0, 0, 1));
}

const FIB: &str = r#"
define i64 @fib(i64 %n) {
entry:
  %small = icmp slt i64 %n, 2
  br i1 %small, label %exit, label %more
more:
  %a = add i64 %n, -1
  %x = call i64 @fib(i64 %a)
  %b = add i64 %n, -2
  %y = call i64 @fib(i64 %b)
  %sum = add i64 %x, %y
  br label %exit
exit:
  %r = phi i64 [ %n, %entry ], [ %sum, %more ]
  ret i64 %r
}
define i64 @f(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %v = call i64 @fib(i64 %i)
  %i1 = add i64 %i, 1
  %done = icmp sgt i64 %i1, %n
  br i1 %done, label %exit, label %loop
exit:
  ret i64 %v
}
"#;

#[test]
fn recursive_functions_poll_when_entered_and_loops_that_call_them_need_not() {
    let context = Context::create();
    let subject = Subject::parse(&context, FIB);
    assert_eq!(subject.insert(false), stats(0, 1, 0, 1, 0));
    let (result, yields) = subject.call(10);
    let calls = (0..=10).map(|n| 2 * [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89][n] - 1).sum::<i64>();
    assert_eq!((result, yields), (55, calls));
    // The optimizer turns one of the calls into a loop.
    let subject = Subject::parse(&context, FIB).optimized();
    assert_eq!(subject.insert(false).entries, 1);
    assert_eq!(subject.call(20).0, 6765);
}

#[test]
fn a_call_that_polls_stays_in_its_loop() {
    let text = FIB
        .replace("define i64 @fib(i64 %n) {", "define i64 @fib(i64 %n) nounwind willreturn nosync memory(none) {")
        .replace("call i64 @fib(i64 %i)", "call i64 @fib(i64 5) nosync memory(none)");
    let context = Context::create();
    let subject = Subject::parse(&context, &text);
    assert_eq!(subject.insert(false), stats(0, 1, 0, 1, 0));
    assert_eq!(subject.call(9), (5, 10 * 15));
}

#[test]
fn a_call_that_some_iterations_skip_does_not_count() {
    let text = FIB.replace(
        "%v = call i64 @fib(i64 %i)",
        "%odd = trunc i64 %i to i1\n  br i1 %odd, label %yes, label %latch\nyes:\n  call i64 @fib(i64 %i)\n  br label %latch\nlatch:",
    );
    let text = text.replace("[ %i1, %loop ]", "[ %i1, %latch ]").replace("ret i64 %v", "ret i64 %i");
    assert_eq!(late(&text), stats(1, 1, 0, 0, 0));
}

#[test]
fn mutual_and_indirect_recursion_poll_at_entry() {
    let mutual = "
define void @even() {\n  call void @odd()\n  ret void\n}
define void @odd() {\n  call void @even()\n  ret void\n}
define void @f() {\n  call void @even()\n  ret void\n}";
    assert_eq!(late(mutual), stats(0, 2, 0, 0, 0));
    let indirect = "
@table = global ptr @g
define void @g() {\n  %p = load ptr, ptr @table\n  call void %p()\n  ret void\n}
define void @h() {\n  %p = load ptr, ptr @table\n  call void %p()\n  ret void\n}
define void @f() {\n  call void @h()\n  ret void\n}";
    assert_eq!(late(indirect), stats(0, 1, 0, 0, 0));
    let passed = "
define void @g(ptr %p) {\n  call void %p(ptr %p)\n  ret void\n}
define void @f() {\n  call void @g(ptr @g)\n  ret void\n}";
    assert_eq!(late(passed), stats(0, 1, 0, 0, 0));
}

#[test]
fn irreducible_cycles_poll() {
    let text = r#"
define i64 @f(i64 %n) {
entry:
  %odd = trunc i64 %n to i1
  br i1 %odd, label %a, label %b
a:
  %x = phi i64 [ %n, %entry ], [ %y1, %b ]
  %x1 = sub i64 %x, 1
  br label %b
b:
  %y = phi i64 [ %n, %entry ], [ %x1, %a ]
  %y1 = sub i64 %y, 1
  %more = icmp sgt i64 %y1, 0
  br i1 %more, label %a, label %exit
exit:
  ret i64 %y1
}"#;
    let context = Context::create();
    let subject = Subject::parse(&context, text);
    assert_eq!(subject.insert(false), stats(1, 0, 0, 0, 0));
    let (result, yields) = subject.call(1001);
    assert_eq!(result, -1);
    assert!((500..=501).contains(&yields), "{yields}");
}

#[test]
fn invoked_functions_count_as_calls() {
    let text = FIB.replace(
        "%v = call i64 @fib(i64 %i)",
        "%v = invoke i64 @fib(i64 %i) to label %latch unwind label %pad\nlatch:",
    );
    let text = text
        .replace("[ %i1, %loop ]", "[ %i1, %latch ]")
        .replace("ret i64 %v", "ret i64 %v\npad:\n  %lp = landingpad { ptr, i32 } cleanup\n  resume { ptr, i32 } %lp");
    let text = text.replace(
        "define i64 @f(i64 %n) {",
        "declare i32 @personality(...)\ndefine i64 @f(i64 %n) personality ptr @personality {",
    );
    assert_eq!(late(&text), stats(0, 1, 0, 1, 0));
}

#[test]
fn functions_marked_so_are_left_alone() {
    let text = counting("0", 1, "i64").replace("(i64 %n64) {", "(i64 %n64) \"kodo-no-poll\" {");
    assert_eq!(late(&text), Stats::default());
    let context = Context::create();
    assert_eq!(Subject::parse(&context, &text).insert(true), Stats::default());
}

#[test]
fn without_optimization_every_edge_and_entry_polls() {
    let context = Context::create();
    let subject = Subject::parse(&context, FIB);
    assert_eq!(subject.insert(true), stats(1, 2, 0, 0, 0));
    let (result, yields) = subject.call(2);
    // f, the loop's two backward edges and its last turn, fib(0), fib(1), fib(2), fib(1), fib(0)
    assert_eq!((result, yields), (1, 1 + 3 + 5));
    let subject = Subject::parse(&context, &counting("0", 4, "i64"));
    assert_eq!(subject.insert(true), stats(1, 1, 0, 0, 0));
    assert_eq!(subject.call(40), (10, 11));
}

#[test]
fn polls_are_inserted_once() {
    let context = Context::create();
    let subject = Subject::parse(&context, SUM);
    insert(&subject.module, &subject.machine, false).unwrap();
    assert!(insert(&subject.module, &subject.machine, false).is_err());
}

#[test]
fn polls_carry_the_location_of_the_branch_they_precede() {
    let text = counting("0", 1, "i64")
        .replace("(i64 %n64) {", "(i64 %n64) !dbg !3 {")
        .replace("label %exit, label %loop\n", "label %exit, label %loop, !dbg !6\n")
        + r#"
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, emissionKind: LineTablesOnly)
!1 = !DIFile(filename: "f.ko", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "f", file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!4 = !DISubroutineType(types: !5)
!5 = !{}
!6 = !DILocation(line: 42, column: 7, scope: !3)
"#;
    let context = Context::create();
    let subject = Subject::parse(&context, &text);
    insert(&subject.module, &subject.machine, false).unwrap();
    subject.check();
    let text = subject.text();
    let poll = text.lines().find(|line| line.contains("call void @kodo.poll()")).unwrap();
    let branch = text.lines().find(|line| line.contains("br i1 %done")).unwrap();
    let location = |line: &str| line.rsplit("!dbg ").next().unwrap().to_string();
    assert!(poll.contains("!dbg"), "{poll}");
    assert_eq!(location(poll), location(branch).split(',').next().unwrap());
}

#[test]
fn no_location_strays_from_one_stripped_function_into_the_next() {
    let located = |name: &str, function: u32, place: u32| {
        counting("0", 4, "i64")
            .replace("@f(i64 %n64) {", &format!("@{name}(i64 %n64) !dbg !{function} {{"))
            .replace("add i64 %i, 4", &format!("add i64 %i, 4, !dbg !{place}"))
            .replace("label %exit, label %loop\n", &format!("label %exit, label %loop, !dbg !{place}\n"))
    };
    let text = located("f", 3, 6)
        + "\n"
        + &located("g", 7, 8)
        + r#"
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, emissionKind: LineTablesOnly)
!1 = !DIFile(filename: "f.ko", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "f", file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!4 = !DISubroutineType(types: !5)
!5 = !{}
!6 = !DILocation(line: 42, column: 7, scope: !3)
!7 = distinct !DISubprogram(name: "g", file: !1, line: 9, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!8 = !DILocation(line: 43, column: 7, scope: !7)
"#;
    let context = Context::create();
    let subject = Subject::parse(&context, &text);
    assert_eq!(subject.insert(false).strips, 2);
    subject.check();
}

#[test]
fn the_poll_keeps_registers_and_is_never_expected_to_yield() {
    let context = Context::create();
    let subject = Subject::parse(&context, &counting("0", 1, "i64"));
    subject.insert(false);
    let text = subject.text();
    assert!(text.contains("load atomic i8, ptr @kodo_preempt monotonic, align 1"), "{text}");
    assert!(text.contains("call preserve_mostcc void @kodo_rt_yield()"), "{text}");
    assert!(text.contains("!\"branch_weights\", i32 1, i32 1048576"), "{text}");
    assert!(!text.contains("@kodo.poll"), "{text}");
}

#[test]
fn the_verifier_names_the_function_and_the_block() {
    let block = |name: &str| Some(Violation { function: "f".into(), block: Some(name.into()) });
    assert_eq!(violation(&counting("0", 1, "i64")), block("loop"));
    assert_eq!(violation(&counting("0", 1, "i64").replace("%next, %n\n", "%next, 1024\n")), None);
    assert_eq!(violation(&counting("0", 1, "i64").replace("%next, %n\n", "%next, 1025\n")), block("loop"));
    let recursive = "define void @f() {\n  call void @f()\n  ret void\n}";
    let found = violation(recursive).unwrap();
    assert_eq!(found, Violation { function: "f".into(), block: None });
    assert_eq!(found.to_string(), "f may call itself without polling");
    // A poll after the call comes too late.
    let late =
        "define void @f() {\n  call void @f()\n  call void @kodo.poll()\n  ret void\n}\ndeclare void @kodo.poll()";
    assert_eq!(violation(late), Some(Violation { function: "f".into(), block: None }));
    assert_eq!(violation("declare void @g()\ndefine void @f() {\n  call void @g()\n  ret void\n}"), None);
}

#[test]
fn the_verifier_believes_no_limit_that_is_not_one() {
    // The same shape as a strip, but the distance is not bounded, or may be zero.
    let strip = |distance: &str| {
        format!(
            "define i64 @f(i64 %n) {{
entry:
  %left = sub i64 %n, 1
  %less = icmp ult i64 %left, 512
  %small = select i1 %less, i64 %left, i64 512
  %d = {distance}
  %limit = add i64 0, %d
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %next = add i64 %i, 1
  %done = icmp eq i64 %next, %limit
  br i1 %done, label %exit, label %loop
exit:
  ret i64 %next
}}"
        )
    };
    assert_eq!(violation(&strip("add i64 %small, 1")), None);
    assert!(violation(&strip("add i64 %small, 0")).is_some());
    assert!(violation(&strip("add i64 %left, 1")).is_some());
    assert!(violation(&strip("add i64 %small, 1").replace("icmp ult", "icmp slt")).is_some());
    assert!(violation(&strip("add i64 %small, 1").replace("512", "4096")).is_some());
}
