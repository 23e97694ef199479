//! One test per rule: a body before, and what counting makes of it. `verify` has to accept every result.

use super::insert;
use crate::mir::parse::parse_program;
use crate::mir::text::print_program;
use crate::mir::verify::verify;

/// What the tests' bodies call.
pub(super) const HEADER: &str = "
    struct P { String, String }
    enum Option<T> { Some(T), None }
    fn use(ref _1: String) -> () { bb0: { return } }
    fn eat(_1: String) -> () { bb0: { return } }
    fn both(_1: String, _2: String) -> String { bb0: { _0 = copy _1 return } }
    fn mixed(ref _1: String, _2: String) -> String { bb0: { _0 = copy _2 return } }
    fn change(mut _1: String) -> () { bb0: { return } }
    fn make() -> String { bb0: { _0 = \"\" return } }
    fn pair() -> P { bb0: { _0 = P(\"\", \"\") return } }
";

fn counted(body: &str) -> String {
    let mut parsed = parse_program(&format!("{HEADER}{body}")).expect("the test's text");
    insert(&mut parsed.program, &mut parsed.types, &parsed.adts);
    let text = print_program(&parsed.program, &mut parsed.types, &parsed.adts, &parsed.names);
    if let Err(errors) = verify(&parsed.program, &mut parsed.types, &parsed.adts) {
        panic!("{}\n{text}", errors.join("\n"));
    }
    text[text.rfind("\nfn ").expect("a body") + 1..].to_string()
}

/// Texts are equal up to indentation.
#[track_caller]
fn check(before: &str, after: &str) {
    let lines = |text: &str| text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    let (found, wanted) = (lines(&counted(before)), lines(after));
    assert!(found == wanted, "found:\n{found}\n\nexpected:\n{wanted}");
}

#[test]
fn the_last_copy_becomes_a_move() {
    check(
        "fn t(_1: String) -> String {
            let _2: ()
            bb0: { call @eat(copy _1) -> _2 [return bb1] }
            bb1: { _0 = copy _1  return }
        }",
        "
            fn t(_1: String) -> String {
                let _2: ()
                bb0: {
                    call @eat(copy _1) -> _2 [return bb1, unwind bb3]
                }
                bb1: {
                    _0 = move _1
                    return
                }
                bb2 cleanup: {
                    resume
                }
                bb3 cleanup: {
                    drop _1
                    goto bb2
                }
            }
        ",
    );
}

#[test]
fn of_several_reads_in_one_call_only_the_last_is_the_move() {
    check(
        "fn t(_1: String) -> String { bb0: { call @both(copy _1, copy _1) -> _0 [return bb1] } bb1: { return } }",
        "
            fn t(_1: String) -> String {
                bb0: {
                    call @both(copy _1, move _1) -> _0 [return bb1]
                }
                bb1: {
                    return
                }
            }
        ",
    );
}

#[test]
fn nothing_is_moved_into_a_call_that_also_borrows_it() {
    check(
        "fn t(_1: String) -> String { bb0: { call @mixed(borrow _1, copy _1) -> _0 [return bb1] } bb1: { return } }",
        "
            fn t(_1: String) -> String {
                bb0: {
                    call @mixed(borrow _1, copy _1) -> _0 [return bb1, unwind bb3]
                }
                bb1: {
                    drop _1
                    return
                }
                bb2 cleanup: {
                    resume
                }
                bb3 cleanup: {
                    drop _1
                    goto bb2
                }
            }
        ",
    );
}

#[test]
fn a_borrowed_value_dies_right_after_its_last_borrow() {
    check(
        "fn t() -> () {
            let _1: String
            let _2: ()
            bb0: { call @make() -> _1 [return bb1] }
            bb1: { call @use(copy _1) -> _2 [return bb2] }
            bb2: { call @use(borrow _1) -> _2 [return bb3] }
            bb3: { call yield_now() -> _2 [return bb4] }
            bb4: { return }
        }",
        "
            fn t() -> () {
                let _1: String
                let _2: ()
                bb0: {
                    call @make() -> _1 [return bb1]
                }
                bb1: {
                    call @use(borrow _1) -> _2 [return bb2, unwind bb6]
                }
                bb2: {
                    call @use(borrow _1) -> _2 [return bb3, unwind bb6]
                }
                bb3: {
                    drop _1
                    call yield_now() -> _2 [return bb4]
                }
                bb4: {
                    return
                }
                bb5 cleanup: {
                    resume
                }
                bb6 cleanup: {
                    drop _1
                    goto bb5
                }
            }
        ",
    );
}

#[test]
fn a_value_dies_on_the_edge_where_it_is_not_needed() {
    check(
        "fn t(_1: Bool, _2: String) -> () {
            let _3: ()
            bb0: { switch copy _1 [0: bb2, else bb1] }
            bb1: { call @eat(copy _2) -> _3 [return bb2] }
            bb2: { return }
        }",
        "
            fn t(_1: Bool, _2: String) -> () {
                let _3: ()
                bb0: {
                    switch copy _1 [0: bb3, else bb1]
                }
                bb1: {
                    call @eat(move _2) -> _3 [return bb2]
                }
                bb2: {
                    return
                }
                bb3: {
                    drop _2
                    goto bb2
                }
            }
        ",
    );
}

#[test]
fn unused_parameters_die_at_entry_and_unused_results_at_once() {
    check(
        "fn t(_1: String, ref _2: String, mut _3: String, _4: Int) -> () {
            let _5: String
            bb0: { call @make() -> _5 [return bb1] }
            bb1: { _5 = \"unread\"  return }
        }",
        r#"
            fn t(_1: String, ref _2: String, mut _3: String, _4: Int) -> () {
                let _5: String
                bb0: {
                    drop _1
                    call @make() -> _5 [return bb1]
                }
                bb1: {
                    drop _5
                    _5 = "unread"
                    drop _5
                    return
                }
            }
        "#,
    );
}

#[test]
fn a_loop_may_come_back_to_the_first_block() {
    check(
        "fn t(_1: String, _2: Bool) -> () {
            bb0: { switch copy _2 [0: bb1, else bb0] }
            bb1: { return }
        }",
        "
            fn t(_1: String, _2: Bool) -> () {
                bb0: {
                    drop _1
                    goto bb2
                }
                bb1: {
                    return
                }
                bb2: {
                    switch copy _2 [0: bb1, else bb2]
                }
            }
        ",
    );
}

#[test]
fn a_block_that_jumps_to_itself_drops_on_its_own_edge() {
    check(
        "fn t() -> () { let _1: String  bb0: { goto bb1 } bb1: { call @make() -> _1 [return bb1] } }",
        "
            fn t() -> () {
                let _1: String
                bb0: {
                    goto bb1
                }
                bb1: {
                    call @make() -> _1 [return bb2]
                }
                bb2: {
                    drop _1
                    goto bb1
                }
            }
        ",
    );
}

#[test]
fn what_is_needed_again_is_not_moved_in_a_loop() {
    check(
        "fn t(_1: String, _2: Bool) -> () {
            let _3: ()
            bb0: { goto bb1 }
            bb1: { switch copy _2 [0: bb3, else bb2] }
            bb2: { call @eat(copy _1) -> _3 [return bb1] }
            bb3: { return }
        }",
        "
            fn t(_1: String, _2: Bool) -> () {
                let _3: ()
                bb0: {
                    goto bb1
                }
                bb1: {
                    switch copy _2 [0: bb3, else bb2]
                }
                bb2: {
                    call @eat(copy _1) -> _3 [return bb1, unwind bb5]
                }
                bb3: {
                    drop _1
                    return
                }
                bb4 cleanup: {
                    resume
                }
                bb5 cleanup: {
                    drop _1
                    goto bb4
                }
            }
        ",
    );
}

#[test]
fn a_new_value_is_computed_before_the_old_one_dies() {
    check(
        "fn t(_1: P) -> P {
            let _2: String
            bb0: {
                _2 = copy _1.0
                _1 = P(copy _1.1, copy _2)
                _0 = copy _1
                return
            }
        }",
        "
            fn t(_1: P) -> P {
                let _2: String
                let _3: P
                bb0: {
                    _2 = move _1.0
                    _3 = P(move _1.1, move _2)
                    _1 = move _3
                    _0 = move _1
                    return
                }
            }
        ",
    );
    check(
        "fn t(_1: String) -> String {
            bb0: { call @mixed(borrow _1, copy _1) -> _1 [return bb1] }
            bb1: { _0 = copy _1  return }
        }",
        "
            fn t(_1: String) -> String {
                let _2: String
                bb0: {
                    call @mixed(borrow _1, copy _1) -> _2 [return bb2, unwind bb4]
                }
                bb1: {
                    _0 = move _1
                    return
                }
                bb2: {
                    drop _1
                    _1 = move _2
                    goto bb1
                }
                bb3 cleanup: {
                    resume
                }
                bb4 cleanup: {
                    drop _1
                    goto bb3
                }
            }
        ",
    );
}

#[test]
fn a_value_that_is_appended_to_itself_is_moved_and_stays_unique() {
    check(
        "fn t(_1: String) -> String {
            bb0: { call string_append<Int>(copy _1, 1) -> _1 [return bb1] }
            bb1: { _0 = copy _1  return }
        }",
        "
            fn t(_1: String) -> String {
                bb0: {
                    call string_append<Int>(move _1, 1) -> _1 [return bb1]
                }
                bb1: {
                    _0 = move _1
                    return
                }
            }
        ",
    );
}

#[test]
fn assigning_a_field_drops_the_old_one() {
    check(
        "fn t(_1: P, _2: String) -> P {
            bb0: {
                _1.0 = copy _2
                _1.1 = copy _1.0
                call @make() -> _1.1 [return bb1]
            }
            bb1: { _0 = copy _1  return }
        }",
        "
            fn t(_1: P, _2: String) -> P {
                let _3: String
                let _4: String
                bb0: {
                    drop _1.0
                    _1.0 = move _2
                    _3 = copy _1.0
                    drop _1.1
                    _1.1 = move _3
                    call @make() -> _4 [return bb2, unwind bb4]
                }
                bb1: {
                    _0 = move _1
                    return
                }
                bb2: {
                    drop _1.1
                    _1.1 = move _4
                    goto bb1
                }
                bb3 cleanup: {
                    resume
                }
                bb4 cleanup: {
                    drop _1
                    goto bb3
                }
            }
        ",
    );
}

#[test]
fn assigning_through_a_dying_owner_drops_both() {
    check(
        "fn t(_1: P) -> () { bb0: { _1.0 = \"a\"  return } }",
        r#"
            fn t(_1: P) -> () {
                bb0: {
                    drop _1.0
                    _1.0 = "a"
                    drop _1
                    return
                }
            }
        "#,
    );
}

#[test]
fn list_elements_are_replaced_in_place() {
    check(
        "fn t(_1: List<String>, _2: Int, _3: String) -> List<String> {
            let _4: ()
            bb0: { call list_make_unique<String>(mut _1) -> _4 [return bb1] }
            bb1: { _1[_2] = copy _3  _0 = copy _1  return }
        }",
        "
            fn t(_1: List<String>, _2: Int, _3: String) -> List<String> {
                let _4: ()
                bb0: {
                    call list_make_unique<String>(mut _1) -> _4 [return bb1]
                }
                bb1: {
                    drop _1[_2]
                    _1[_2] = move _3
                    _0 = move _1
                    return
                }
            }
        ",
    );
}

#[test]
fn a_mut_parameter_is_replaced_and_never_consumed() {
    check(
        "fn t(mut _1: String, _2: String) -> String {
            bb0: { _1 = copy _2  call string_append<Int>(copy _1, 1) -> _1 [return bb1] }
            bb1: { _0 = copy _1  return }
        }",
        "
            fn t(mut _1: String, _2: String) -> String {
                let _3: String
                bb0: {
                    drop _1
                    _1 = move _2
                    call string_append<Int>(copy _1, 1) -> _3 [return bb2]
                }
                bb1: {
                    _0 = copy _1
                    return
                }
                bb2: {
                    drop _1
                    _1 = move _3
                    goto bb1
                }
            }
        ",
    );
}

#[test]
fn a_ref_parameter_is_copied_and_never_consumed() {
    check(
        "fn t(ref _1: String) -> String { bb0: { _0 = copy _1  return } }",
        "
            fn t(ref _1: String) -> String {
                bb0: {
                    _0 = copy _1
                    return
                }
            }
        ",
    );
}

#[test]
fn a_place_passed_by_reference_stays_initialized() {
    check(
        "fn t(_1: String) -> () {
            let _2: ()
            bb0: { call @change(mut _1) -> _2 [return bb1] }
            bb1: { return }
        }",
        "
            fn t(_1: String) -> () {
                let _2: ()
                bb0: {
                    call @change(mut _1) -> _2 [return bb1, unwind bb3]
                }
                bb1: {
                    drop _1
                    return
                }
                bb2 cleanup: {
                    resume
                }
                bb3 cleanup: {
                    drop _1
                    goto bb2
                }
            }
        ",
    );
}

#[test]
fn a_panicking_call_drops_what_is_held_and_not_consumed() {
    check(
        "fn t(_1: String, _2: String, _3: Int, _4: Int) -> String {
            let _5: String
            let _6: ()
            bb0: { check division(copy _3, copy _4) [return bb1] }
            bb1: { call @eat(copy _1) -> _6 [return bb2] }
            bb2: { call @make() -> _5 [return bb3] }
            bb3: { call @both(copy _5, copy _2) -> _0 [return bb4] }
            bb4: { return }
        }",
        "
            fn t(_1: String, _2: String, _3: Int, _4: Int) -> String {
                let _5: String
                let _6: ()
                bb0: {
                    check division(copy _3, copy _4) [return bb1, unwind bb7]
                }
                bb1: {
                    call @eat(move _1) -> _6 [return bb2, unwind bb8]
                }
                bb2: {
                    call @make() -> _5 [return bb3, unwind bb8]
                }
                bb3: {
                    call @both(move _5, move _2) -> _0 [return bb4]
                }
                bb4: {
                    return
                }
                bb5 cleanup: {
                    resume
                }
                bb6 cleanup: {
                    drop _1
                    goto bb5
                }
                bb7 cleanup: {
                    drop _2
                    goto bb6
                }
                bb8 cleanup: {
                    drop _2
                    goto bb5
                }
            }
        ",
    );
}

#[test]
fn operations_that_cannot_panic_have_no_cleanup() {
    check(
        "fn t(_1: String, _2: String) -> Int {
            let _3: ()
            bb0: { call println<String>(borrow _1) -> _3 [return bb1] }
            bb1: { call string_length(borrow _1) -> _0 [return bb2] }
            bb2: { call @use(borrow _2) -> _3 [return bb3] }
            bb3: { return }
        }",
        "
            fn t(_1: String, _2: String) -> Int {
                let _3: ()
                bb0: {
                    call println<String>(borrow _1) -> _3 [return bb1]
                }
                bb1: {
                    call string_length(borrow _1) -> _0 [return bb2]
                }
                bb2: {
                    drop _1
                    call @use(borrow _2) -> _3 [return bb3, unwind bb5]
                }
                bb3: {
                    drop _2
                    return
                }
                bb4 cleanup: {
                    resume
                }
                bb5 cleanup: {
                    drop _2
                    goto bb4
                }
            }
        ",
    );
}

#[test]
fn nothing_is_dropped_on_the_way_to_what_cannot_be_reached() {
    check(
        "fn t(_1: Option<String>) -> String {
            let _2: Int
            bb0: { _2 = discriminant(_1)  switch copy _2 [0: bb1, 1: bb2, else bb3] }
            bb1: { _0 = copy _1@Some.0  return }
            bb2: { _0 = \"none\"  return }
            bb3: { unreachable }
        }",
        r#"
            fn t(_1: Option<String>) -> String {
                let _2: Int
                bb0: {
                    _2 = discriminant(_1)
                    switch copy _2 [0: bb1, 1: bb2, else bb3]
                }
                bb1: {
                    _0 = move _1@Some.0
                    return
                }
                bb2: {
                    drop _1
                    _0 = "none"
                    return
                }
                bb3: {
                    unreachable
                }
            }
        "#,
    );
}

#[test]
fn a_call_that_never_returns_drops_when_it_unwinds() {
    check(
        "fn t(_1: String, _2: String) -> () { let _3: never  bb0: { call panic(borrow _1) -> _3 } }",
        "
            fn t(_1: String, _2: String) -> () {
                let _3: never
                bb0: {
                    drop _2
                    call panic(borrow _1) -> _3 [unwind bb2]
                }
                bb1 cleanup: {
                    resume
                }
                bb2 cleanup: {
                    drop _1
                    goto bb1
                }
            }
        ",
    );
}

#[test]
fn uncounted_values_are_left_alone() {
    check(
        "fn t(_1: Int) -> Int { let _2: (Int, Bool)  bb0: { _2 = tuple(copy _1, true)  _0 = copy _2.0  return } }",
        "
            fn t(_1: Int) -> Int {
                let _2: (Int, Bool)
                bb0: {
                    _2 = tuple(copy _1, true)
                    _0 = copy _2.0
                    return
                }
            }
        ",
    );
}

#[test]
fn a_channel_handle_dies_with_its_last_use() {
    check(
        "fn worker(_1: Channel<String>) -> () {
            let _2: ()
            bb0: { call channel_send<String>(copy _1, \"x\") -> _2 [return bb1] }
            bb1: { return }
        }
        fn t() -> String {
            let _1: Channel<String>
            let _2: ()
            let _3: Option<String>
            bb0: { call channel_new<String>() -> _1 [return bb1] }
            bb1: { spawn detached () @worker(copy _1) -> _2 [return bb2] }
            bb2: { spawn detached () @worker(copy _1) -> _2 [return bb3] }
            bb3: { call channel_next<String>(copy _1) -> _3 [return bb4] }
            bb4: { _0 = copy _3@Some.0  return }
        }",
        "
            fn t() -> String {
                let _1: Channel<String>
                let _2: ()
                let _3: Option<String>
                bb0: {
                    call channel_new<String>() -> _1 [return bb1]
                }
                bb1: {
                    spawn detached () @worker(copy _1) -> _2 [return bb2]
                }
                bb2: {
                    spawn detached () @worker(copy _1) -> _2 [return bb3]
                }
                bb3: {
                    call channel_next<String>(borrow _1) -> _3 [return bb4]
                }
                bb4: {
                    drop _1
                    _0 = move _3@Some.0
                    return
                }
            }
        ",
    );
}

#[test]
fn a_select_initializes_on_the_edge_of_its_arm() {
    check(
        "fn t(_1: Channel<String>, _2: Channel<String>, _3: String) -> String {
            let _4: String
            bb0: { select { recv copy _1 -> _0 [bb1]  recv copy _1 -> _4 [bb2]  send copy _2, copy _3 [bb2]  default [bb2] } }
            bb1: { return }
            bb2: { _0 = \"\"  return }
        }",
        r#"
            fn t(_1: Channel<String>, _2: Channel<String>, _3: String) -> String {
                let _4: String
                bb0: {
                    select { recv borrow _1 -> _0 [bb1]; recv borrow _1 -> _4 [bb3]; send borrow _2, move _3 [bb4]; default [bb4] } [unwind bb7]
                }
                bb1: {
                    drop _1
                    drop _2
                    return
                }
                bb2: {
                    _0 = ""
                    return
                }
                bb3: {
                    drop _1
                    drop _2
                    drop _4
                    goto bb2
                }
                bb4: {
                    drop _1
                    drop _2
                    goto bb2
                }
                bb5 cleanup: {
                    resume
                }
                bb6 cleanup: {
                    drop _1
                    goto bb5
                }
                bb7 cleanup: {
                    drop _2
                    goto bb6
                }
            }
        "#,
    );
}

#[test]
fn parts_of_a_dying_value_are_moved_out_of_it() {
    check(
        "struct Q { P, String, Int }
        fn t(_1: Option<Q>) -> String {
            let _2: String
            let _3: Int
            bb0: {
                _2 = copy _1@Some.0.0.1
                _3 = copy _1@Some.0.2
                call @both(copy _2, \"\") -> _0 [return bb1]
            }
            bb1: { return }
        }",
        r#"
            fn t(_1: Option<Q>) -> String {
                let _2: String
                let _3: Int
                bb0: {
                    _2 = move _1@Some.0.0.1
                    _3 = copy _1@Some.0.2
                    drop _1@Some.0.0.0
                    drop _1@Some.0.1
                    call @both(move _2, "") -> _0 [return bb1]
                }
                bb1: {
                    return
                }
            }
        "#,
    );
}

#[test]
fn a_part_that_is_copied_twice_is_moved_once() {
    check(
        "fn t(_1: P) -> P { bb0: { _0 = P(copy _1.0, copy _1.0)  return } }",
        "
            fn t(_1: P) -> P {
                bb0: {
                    _0 = P(copy _1.0, move _1.0)
                    drop _1.1
                    return
                }
            }
        ",
    );
}

#[test]
fn nothing_is_moved_out_of_what_is_looked_at_afterwards() {
    check(
        "fn t(_1: Option<String>) -> String {
            let _2: Int
            bb0: { _0 = copy _1@Some.0  _2 = discriminant(_1)  return }
        }",
        "
            fn t(_1: Option<String>) -> String {
                let _2: Int
                bb0: {
                    _0 = copy _1@Some.0
                    _2 = discriminant(_1)
                    drop _1
                    return
                }
            }
        ",
    );
}
