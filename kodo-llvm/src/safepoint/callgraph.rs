//! Who calls whom in one module.
//!
//! An indirect call may go to any function whose address is used for anything but calling it. Functions without a body
//! call nothing back: what the runtime runs through a pointer it runs on a new thread, or as glue that does not poll.

use super::ir::Value;
use super::scc;
use std::collections::{HashMap, HashSet};

/// Functions that may be active twice on one stack, as far as calls between `functions` go.
pub(super) fn recursive(functions: &[Value]) -> HashSet<Value> {
    let index: HashMap<Value, usize> = functions.iter().enumerate().map(|(i, &f)| (f, i)).collect();
    // One node more stands for "whatever an indirect call reaches".
    let indirect = functions.len();
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); functions.len() + 1];
    for (caller, &function) in functions.iter().enumerate() {
        for block in function.blocks() {
            for callee in block.instructions().filter_map(Value::real_callee) {
                match index.get(&callee) {
                    Some(&callee) => edges[caller].push(callee),
                    None if callee.is_function() => {}
                    None => edges[caller].push(indirect),
                }
            }
        }
        if is_address_taken(function) {
            edges[indirect].push(caller);
        }
    }
    for targets in &mut edges {
        targets.sort_unstable();
        targets.dedup();
    }
    let on_cycle = scc::on_cycle(&edges);
    functions.iter().zip(on_cycle).filter(|&(_, on)| on).map(|(&f, _)| f).collect()
}

/// Whether the function is used other than as what a call calls.
fn is_address_taken(function: Value) -> bool {
    function.users().into_iter().any(|user| {
        let arguments = user.operands().saturating_sub(1) as u32;
        user.callee() != Some(function) || (0..arguments).any(|i| user.operand(i) == function)
    })
}
