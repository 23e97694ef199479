//! Large bodies: no recursion, no quadratic time in practice, and cleanup that is shared.

use super::insert;
use super::tests::HEADER;
use crate::mir::Block;
use crate::mir::parse::parse_program;
use crate::mir::verify::verify;

/// The blocks of the body after counting.
fn counted(text: &str) -> Vec<Block> {
    let mut parsed = parse_program(&format!("{HEADER}{text}")).expect("the test's text");
    insert(&mut parsed.program, &mut parsed.types, &parsed.adts);
    assert_eq!(verify(&parsed.program, &mut parsed.types, &parsed.adts), Ok(()));
    parsed.program.instances.pop().expect("a body").blocks
}

/// 50 000 blocks, half of them calls that may panic with a few values held.
#[test]
fn large_bodies_are_counted_in_linear_time_and_space() {
    const CALLS: usize = 25_000;
    let mut text = String::from("fn t(_1: String, _2: Bool) -> String {\n");
    for n in 0..CALLS {
        text.push_str(&format!("let _{}: String ", n + 3));
    }
    for n in 0..CALLS {
        // Every value is used by the next call only, and the parameter by all.
        let argument = if n == 0 { 1 } else { n + 2 };
        let (block, local, end) = (2 * n, n + 3, 2 * CALLS);
        let call = format!("call @mixed(borrow _1, copy _{argument}) -> _{local}");
        text.push_str(&format!("bb{block}: {{ {call} [return bb{}] }}\n", block + 1));
        text.push_str(&format!("bb{}: {{ switch copy _2 [0: bb{}, else bb{end}] }}\n", block + 1, block + 2));
    }
    text.push_str(&format!("bb{}: {{ _0 = copy _1 return }} }}", 2 * CALLS));
    let blocks = counted(&text);
    assert_eq!(blocks.iter().filter(|b| b.cleanup).count(), 2);
    assert!(blocks.len() < 4 * CALLS);
}

/// All values are made before the first is used for the last time. Gives the number of cleanup blocks.
fn many_lifetimes(values: usize, last_use: impl Fn(usize) -> usize) -> usize {
    let mut text = String::from("fn t() -> () { let _1: () ");
    for n in 0..values {
        text.push_str(&format!("let _{}: String ", n + 2));
    }
    for n in 0..values {
        text.push_str(&format!("bb{n}: {{ call @make() -> _{} [return bb{}] }}\n", n + 2, n + 1));
    }
    for n in 0..values {
        let (block, local) = (values + n, last_use(n) + 2);
        text.push_str(&format!("bb{block}: {{ call @use(borrow _{local}) -> _1 [return bb{}] }}\n", block + 1));
    }
    text.push_str(&format!("bb{}: {{ return }} }}", 2 * values));
    counted(&text).iter().filter(|b| b.cleanup).count()
}

#[test]
fn cleanup_of_nested_lifetimes_is_linear() {
    assert_eq!(many_lifetimes(1_000, |n| 999 - n), 1_001);
}

#[test]
fn cleanup_of_queued_lifetimes_is_linear() {
    assert_eq!(many_lifetimes(1_000, |n| n), 2_000);
}
