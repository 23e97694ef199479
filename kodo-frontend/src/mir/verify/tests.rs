//! One test per rule of the verifier: what it accepts, and what it says about the smallest violation.

use super::verify;
use crate::mir::parse::parse_program;

const HEADER: &str = "
    struct P { String, Int }
    enum Option<T> { Some(T), None }
    fn use(ref _1: String) -> () { bb0: { return } }
    fn eat(_1: String) -> () { bb0: { drop _1 return } }
    fn change(mut _1: String) -> () { bb0: { return } }
";

fn complaints(text: &str) -> Vec<String> {
    let mut parsed = parse_program(&format!("{HEADER}{text}")).expect("the test's text");
    verify(&parsed.program, &mut parsed.types, &parsed.adts).err().unwrap_or_default()
}

#[track_caller]
fn accepts(text: &str) {
    assert_eq!(complaints(text), Vec::<String>::new());
}

/// The body must be rejected, and one complaint must be this.
#[track_caller]
fn rejects(text: &str, complaint: &str) {
    let found = complaints(text);
    assert!(found.iter().any(|c| c == complaint), "{found:#?}");
}

#[test]
fn a_correct_body_is_accepted() {
    accepts(
        "fn t(_1: String, ref _2: String, mut _3: P, _4: Bool) -> Option<String> {
            let _5: String
            let _6: ()
            bb0: { switch copy _4 [0: bb1, else bb2] }
            bb1: { drop _1  _0 = Option::None  return }
            bb2: { _5 = copy _2  call @use(borrow _1) -> _6 [return bb3, unwind bb4] }
            bb3: { drop _3.0  _3.0 = move _5  _0 = Option::Some(move _1)  return }
            bb4 cleanup: { drop _1  goto bb5 }
            bb5 cleanup: { drop _5  resume }
        }",
    );
}

#[test]
fn s1_targets_exist_and_blocks_are_reachable() {
    rejects("fn t() -> () { bb0: { goto bb3 } }", "t: bb0: there is no bb3");
    rejects("fn t() -> () { bb0: { return } bb1: { goto bb0 } }", "t: bb1 is unreachable");
    rejects("fn t() -> () { let ref _1: Int bb0: { return } }", "t: _1 is no parameter, so it must be owned");
}

#[test]
fn s2_cleanup_is_apart() {
    rejects("fn t() -> () { bb0: { resume } }", "t: bb0: `resume` outside cleanup");
    rejects("fn t() -> () { bb0: { goto bb1 } bb1 cleanup: { resume } }", "t: bb0: bb1 is a cleanup block");
    let call = "fn t() -> () { bb0: { call @t() -> _0 [return bb1, unwind bb2] } bb1: { return }";
    rejects(&format!("{call} bb2: {{ return }} }}"), "t: bb0: bb2 is no cleanup block");
    rejects(&format!("{call} bb2 cleanup: {{ goto bb1 }} }}"), "t: bb2: bb1 is no cleanup block");
    rejects(&format!("{call} bb2 cleanup: {{ return }} }}"), "t: bb2: `return` in cleanup");
}

#[test]
fn s3_the_program_is_monomorphic() {
    rejects("fn t<1>() -> () { bb0: { return } }", "t: the body is not monomorphic");
    rejects("fn t() -> () { bb0: { call fn#0() -> _0 } }", "t: bb0: the callee is not an instance");
}

#[test]
fn t1_both_sides_of_an_assignment_agree() {
    let wrong = |statement: &str, complaint: &str| {
        let locals = "let _4: Option<Int> let _5: (Int, Bool) let _6: List<Int>";
        let text = format!("fn t(_1: Int, _2: Bool, _3: Float64) -> () {{ {locals} bb0: {{ {statement} return }} }}");
        rejects(&text, &format!("t: bb0, statement 0: {complaint}"));
    };
    wrong("_1 = copy _2", "the assigned value has the wrong type");
    wrong("_1 = \"text\"", "the assigned value has the wrong type");
    wrong("_1 = add(copy _1, copy _3)", "Add does not fit its operands or its result");
    wrong("_1 = lt(copy _1, 1)", "Lt does not fit its operands or its result");
    wrong("_2 = add(copy _2, true)", "Add does not fit its operands or its result");
    wrong("_2 = not(copy _1)", "Not does not fit its operand or its result");
    wrong("_4 = Option::Some(copy _2)", "a field has the wrong type");
    wrong("_4 = P(\"\", 1)", "the constructed type is not that of the place");
    wrong("_4 = Option::Some()", "no such variant, or another number of fields");
    wrong("_5 = tuple(1, 1)", "the tuple has another type than the place");
    wrong("_5.2 = 1", "a projection does not fit the type of its place");
    wrong("_1 = discriminant(_5)", "a discriminant is the Int of an enum");
    wrong("_1 = len(_5)", "a length is the Int of a list");
}

#[test]
fn t2_calls_agree_with_the_callee() {
    let wrong = |call: &str, complaint: &str| {
        let locals = "let _3: () let _4: String let _5: () let _6: Future<Int>";
        let text = format!(
            "fn t(ref _1: String, _2: Int) -> () {{ {locals} bb0: {{ {call} [return bb1] }} bb1: {{ return }} }}"
        );
        rejects(&text, &format!("t: bb0: {complaint}"));
    };
    wrong("call @use(1) -> _5", "an argument has the wrong type");
    wrong("call @use() -> _5", "another number of arguments than parameters");
    wrong("call @use(borrow _1) -> _2", "the destination has another type than the result");
    wrong("call @use(copy _1) -> _5", "an operand is passed in the wrong way: borrowed is expected");
    wrong("call @eat(borrow _1) -> _5", "an operand is passed in the wrong way: owned is expected");
    wrong("call @change(copy _1) -> _5", "an operand is passed in the wrong way: by reference is expected");
    wrong("call @change(mut _1) -> _5", "_1 is borrowed and cannot be changed");
    wrong("call @99() -> _5", "there is no such instance");
    wrong("call string_length(1) -> _2", "an argument of string_length has the wrong type");
    wrong("call list_push<Int>(mut _1, 1) -> _5", "an argument of list_push has the wrong type");
    wrong("call string_trim(borrow _1) -> _2", "the destination has another type than the result of string_trim");
    wrong("spawn future Int @eat(copy _1) -> _6", "the spawned body has another result");
    wrong("spawn future () @eat(copy _1) -> _6", "the destination of the spawn has the wrong type");
    wrong("spawn detached () @eat(copy _2) -> _5", "a capture has the wrong type");
    wrong("spawn detached () @use(copy _1) -> _5", "a spawned body owns its captures");
}

#[test]
fn t2_dyn_values_are_made_of_their_type_and_called_through_their_table() {
    let method = "fn m(_1: String) -> Int { bb0: { drop _1 _0 = 1 return } }";
    let with = |ty: &str, make: &str, call: &str| {
        format!(
            "fn t(_1: String) -> Int {{ let _2: {ty} bb0: {{ call dyn Shape<String> {make}(move _1) -> _2 [return bb1] }}
                bb1: {{ call method#0 {call}(borrow _2) -> _0 [return bb2, unwind bb3] }} bb2: {{ drop _2 return }}
                bb3 cleanup: {{ drop _2 resume }} }}
            {method}"
        )
    };
    accepts(&with("dyn Shape", "[@m]", "b"));
    rejects(&with("dyn Shape", "[@t, @m]", "bo"), "t: bb1: the arguments do not fit how they are passed");
    rejects(&with("() -> Int", "[@m]", "b"), "t: bb0: the destination has another type than the `dyn` value");
    rejects(
        "fn t(_1: Int) -> dyn Shape { bb0: { call dyn Shape<Int> [@m](copy _1) -> _0 [return bb1] } bb1: { return } }
        fn m(_1: String) -> Int { bb0: { drop _1 _0 = 1 return } }",
        "t: bb0: a method of the table takes another type first",
    );
}

#[test]
fn t3_switches_checks_and_arms() {
    rejects(
        "fn t(_1: Float64) -> () { bb0: { switch copy _1 [else bb1] } bb1: { return } }",
        "t: bb0: the switch is on neither an integer nor Bool",
    );
    rejects(
        "fn t(_1: Float64) -> () { bb0: { check index(copy _1, 3) [return bb1] } bb1: { return } }",
        "t: bb0: an operand of the check has the wrong type",
    );
    let select = |arm: &str| {
        let text = "fn t(_1: Int) -> () { let _2: Channel<Bool> bb0: { call channel_new<Bool>() -> _2 [return bb1] }";
        format!(
            "{text} bb1: {{ select {{ {arm} }} [unwind bb3] }} bb2: {{ drop _2 return }} bb3 cleanup: {{ drop _2 resume }} }}"
        )
    };
    accepts(&select("send borrow _2, true [bb2] timeout copy _1 [bb2]"));
    rejects(&select("recv borrow _2 -> _1 [bb2]"), "t: bb1: _1 does not fit what is received");
    rejects(&select("send borrow _2, 1 [bb2]"), "t: bb1: the sent value has the wrong type");
    rejects(&select("send borrow _1, 1 [bb2]"), "t: bb1: an arm of the select has no channel");
    rejects(&select("send borrow _2, true [bb2] timeout true [bb2]"), "t: bb1: the time has the wrong type");
    rejects(&select("send copy _2, true [bb2]"), "t: bb1: an operand is passed in the wrong way: borrowed is expected");
}

#[test]
fn o1_values_are_used_only_while_initialized() {
    rejects(
        "fn t() -> String { let _1: String bb0: { _0 = move _1 return } }",
        "t: bb0, statement 0: _1 is not initialized",
    );
    rejects(
        "fn t(_1: String) -> (String, String) { bb0: { _0 = tuple(move _1, copy _1) return } }",
        "t: bb0, statement 0: _1 is not initialized",
    );
    rejects("fn t(_1: String) -> () { bb0: { drop _1 drop _1 return } }", "t: bb0, statement 1: _1 is not initialized");
    rejects(
        "fn t(_1: P) -> Int { bb0: { drop _1 _0 = copy _1.1 return } }",
        "t: bb0, statement 1: _1 is not initialized",
    );
    rejects("fn t() -> () { let _1: P bb0: { _1.1 = 3 return } }", "t: bb0, statement 0: _1 is not initialized");
}

#[test]
fn o9_parts_that_are_not_counted_outlive_the_others() {
    let body = |read: &str| {
        format!(
            "fn t(_1: (String, Int)) -> (Int, String) {{ let _2: String let _3: Int \
             bb0: {{ _2 = move _1.0 {read} _0 = tuple(copy _3, move _2) return }} }}"
        )
    };
    accepts(&body("_3 = copy _1.1"));
    rejects(&body("_3 = copy _1.1 drop _1.0"), "t: bb0, statement 2: _1 is not initialized");
}

#[test]
fn o2_values_are_consumed_once() {
    rejects("fn t(_1: String) -> () { bb0: { return } }", "t: bb0: _1 is still initialized at return");
    rejects("fn t() -> String { bb0: { return } }", "t: bb0: _0 is not initialized at return");
    rejects(
        "fn t(_1: String) -> () { bb0: { _1 = \"\" drop _1 return } }",
        "t: bb0, statement 0: _1 is initialized again before it was consumed",
    );
    rejects(
        "fn t(_1: String) -> () {
            bb0: { call string_trim(borrow _1) -> _1 [return bb1] }
            bb1: { drop _1 return }
        }",
        "t: bb0: _1 is initialized again before it was consumed",
    );
    rejects(
        "fn t(_1: String) -> () {
            bb0: { call @t(\"\") -> _0 [return bb1, unwind bb2] }
            bb1: { drop _1 return }
            bb2 cleanup: { resume }
        }",
        "t: bb2: _1 is still initialized at resume",
    );
}

#[test]
fn o3_paths_agree_where_they_join() {
    let body = |drop: &str| {
        format!(
            "fn t(_1: String, _2: Bool) -> () {{
                bb0: {{ switch copy _2 [0: bb1, else bb2] }}
                bb1: {{ drop _1 goto bb3 }}
                bb2: {{ {drop} goto bb3 }}
                bb3: {{ return }}
            }}"
        )
    };
    accepts(&body("drop _1"));
    let found = complaints(&body(""));
    assert!(found.iter().any(|c| c.contains("initialized on the way to bb3")), "{found:?}");
    rejects(
        "fn t(_1: String, _2: Bool) -> () {
            bb0: { goto bb1 }
            bb1: { drop _1 switch copy _2 [0: bb1, else bb2] }
            bb2: { return }
        }",
        "t: bb1: _1 is not initialized on the way to bb1",
    );
    accepts(
        "fn t(_1: String, _2: Bool) -> () {
            bb0: { switch copy _2 [0: bb1, else bb2] }
            bb1: { drop _1 switch copy _2 [0: bb3, else bb2] }
            bb2: { unreachable }
            bb3: { return }
        }",
    );
}

#[test]
fn o4_a_panic_does_not_leak() {
    rejects(
        "fn t(_1: String) -> () { bb0: { call @t(\"\") -> _0 [return bb1] } bb1: { drop _1 return } }",
        "t: bb0: _1 is still initialized when this panics, and there is no cleanup",
    );
    rejects(
        "fn t(_1: String) -> () { bb0: { check division(1, 2) [return bb1] } bb1: { drop _1 return } }",
        "t: bb0: _1 is still initialized when this panics, and there is no cleanup",
    );
    accepts("fn t(_1: String) -> () { bb0: { call yield_now() -> _0 [return bb1] } bb1: { drop _1 return } }");
}

#[test]
fn o5_only_whole_owned_locals_are_moved() {
    rejects(
        "fn t(ref _1: String) -> String { bb0: { _0 = move _1 return } }",
        "t: bb0, statement 0: _1 cannot be moved from here",
    );
    rejects(
        "fn t(mut _1: String) -> String { bb0: { _0 = move _1 return } }",
        "t: bb0, statement 0: _1 cannot be moved from here",
    );
    rejects(
        "fn t(_1: P) -> Int { bb0: { _0 = move _1.1 drop _1 return } }",
        "t: bb0, statement 0: _1 cannot be moved from here",
    );
    rejects(
        "fn t(ref _1: String) -> () { bb0: { drop _1 return } }",
        "t: bb0, statement 0: _1 is borrowed and cannot be dropped",
    );
    rejects(
        "fn t(ref _1: P) -> () { bb0: { _1.1 = 3 return } }",
        "t: bb0, statement 0: _1 is borrowed and cannot be changed",
    );
    rejects(
        "fn t(_1: String) -> () {
            let _2: String
            bb0: { call string_append<String>(move _1, borrow _1) -> _2 [return bb1] }
            bb1: { drop _2 return }
        }",
        "t: bb0: _1 is moved by a call that also borrows it",
    );
}

#[test]
fn o6_replaced_values_are_dropped_directly_before() {
    let drop = "a place is dropped and not assigned directly afterwards";
    let body = |text: &str| format!("fn t(mut _1: String, mut _2: P, _3: String) -> () {{ bb0: {{ {text} }} }}");
    accepts(&body("drop _1 _1 = move _3 return"));
    accepts(&body("drop _2.0 _2.0 = \"\" drop _3 return"));
    rejects(&body("_1 = move _3 return"), "t: bb0, statement 0: a counted value is overwritten without a drop");
    rejects(&body("_2.0 = move _3 return"), "t: bb0, statement 0: a counted value is overwritten without a drop");
    rejects(&body("drop _1 drop _3 _1 = \"\" return"), &format!("t: bb0, statement 0: {drop}"));
    rejects(&body("drop _1 _1 = copy _2.0 drop _3 return"), &format!("t: bb0, statement 0: {drop}"));
    rejects(&body("drop _2.0 drop _3 return"), &format!("t: bb0, statement 0: {drop}"));
    rejects(&body("drop _2.1 drop _3 return"), "t: bb0, statement 0: drop of a value that is not counted");
}

#[test]
fn o7_borrows_are_not_stored() {
    rejects(
        "fn t(ref _1: String) -> String { bb0: { _0 = borrow _1 return } }",
        "t: bb0, statement 0: an operand is passed in the wrong way: owned is expected",
    );
}

#[test]
fn o8_plain_values_are_initialized_before_they_are_read() {
    rejects("fn t() -> Int { bb0: { return } }", "t: _0 may be read before it is initialized");
    rejects(
        "fn t(_1: Bool) -> Int {
            let _2: Int
            bb0: { switch copy _1 [0: bb1, else bb2] }
            bb1: { _2 = 1 goto bb2 }
            bb2: { _0 = copy _2 return }
        }",
        "t: _2 may be read before it is initialized",
    );
}

#[test]
fn o9_parts_are_taken_completely_and_once() {
    let locals = "let _3: String let _4: String";
    let body = |text: &str| {
        format!(
            "struct Q {{ P, String, Option<String> }} fn t(_1: Q, ref _2: Q) -> () {{ {locals} bb0: {{ {text} }} }}"
        )
    };
    accepts(&body("_3 = move _1.0.0 drop _1.1 drop _1.2 drop _3 return"));
    accepts(&body("_3 = copy _1.1 _4 = move _1.1 drop _3 drop _1.0 _3 = move _1.2@Some.0 drop _3 drop _4 return"));
    rejects(&body("_3 = move _1.0.0 drop _1.1 drop _3 return"), "t: bb0: _1 is taken in part only");
    rejects(&body("_3 = move _1.1 drop _1.1 drop _3 return"), "t: bb0, statement 1: a part of _1 is gone");
    rejects(&body("_3 = move _1.1 drop _1 drop _3 return"), "t: bb0, statement 1: a part of _1 is gone");
    rejects(&body("_3 = move _1.1 _4 = copy _1.1 drop _3 drop _4 return"), "t: bb0, statement 1: a part of _1 is gone");
    rejects(&body("_3 = move _1.1 _1.0.1 = 3 drop _3 return"), "t: bb0, statement 1: a part of _1 is gone");
    rejects(
        &body("_3 = move _1.1 drop _1.0 drop _1.2 drop _1 drop _3 return"),
        "t: bb0, statement 3: _1 is not initialized",
    );
    rejects(&body("_3 = move _2.1 drop _3 drop _1 return"), "t: bb0, statement 0: _2 cannot be moved from here");
}
