//! Checks the promise: *every cycle of the control-flow graph and of the call graph contains a poll, or is bounded by
//! [`MAX_UNPOLLED`] iterations.*
//!
//! Works on any module with polls, before and after they are inlined. It shares with insertion the reading of the IR and
//! the counting of iterations, and decides everything else on its own: it takes away the blocks and functions
//! that poll and looks at the cycles that are left.

use super::cfg::Graph;
use super::insert::{is_poll, polled_functions};
use super::ir::Value;
use super::{MAX_UNPOLLED, callgraph, scc, trip};
use inkwell::module::Module;
use std::collections::HashSet;
use std::fmt;

/// A cycle without a poll.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub function: String,
    /// A block of the cycle; its number if it has no name. `None`: the function may call itself without polling.
    pub block: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = &self.function;
        match &self.block {
            Some(block) => write!(out, "the cycle through block %{block} of {function} contains no poll"),
            None => write!(out, "{function} may call itself without polling"),
        }
    }
}

/// The first cycle without a poll, if any.
pub fn verify(module: &Module<'_>) -> Result<(), Violation> {
    let functions = polled_functions(module);
    let (polling, rest): (Vec<Value>, Vec<Value>) = functions.iter().partition(|&&f| polls_at_entry(f));
    let recursive = callgraph::recursive(&rest);
    if let Some(function) = rest.iter().find(|f| recursive.contains(f)) {
        return Err(Violation { function: function.name(), block: None });
    }
    let polling: HashSet<Value> = polling.into_iter().collect();
    functions.into_iter().try_for_each(|function| check_cycles(function, &polling))
}

/// Whether a poll comes before anything that the function calls.
fn polls_at_entry(function: Value) -> bool {
    let Some(entry) = function.entry() else { return false };
    let first = entry.instructions().find(|&i| is_poll(i) || i.real_callee().is_some());
    first.is_some_and(is_poll)
}

fn check_cycles(function: Value, polling: &HashSet<Value>) -> Result<(), Violation> {
    let graph = Graph::new(function);
    let n = graph.blocks.len();
    let polls = |i: Value| is_poll(i) || i.callee().is_some_and(|callee| polling.contains(&callee));
    let open: Vec<bool> = (0..n).map(|x| graph.is_reachable(x) && !graph.blocks[x].instructions().any(polls)).collect();
    let without_polls: Vec<Vec<usize>> = (0..n)
        .map(|x| if open[x] { graph.successors[x].iter().copied().filter(|&s| open[s]).collect() } else { Vec::new() })
        .collect();
    let component = scc::components(&without_polls);
    let mut left: Vec<_> = graph.back_edges();
    // An edge that goes back between blocks of one component closes a cycle without a poll.
    left.retain(|edge| open[edge.latch] && open[edge.header] && component[edge.latch] == component[edge.header]);
    for edge in &left {
        let alone = left.iter().filter(|other| component[other.latch] == component[edge.latch]).count() == 1;
        let bound = edge.body.as_ref().and_then(|body| trip::bound(&graph, edge.latch, edge.header, body));
        if !alone || bound.is_none_or(|n| n > MAX_UNPOLLED) {
            let name = graph.blocks[edge.header].name();
            let block = if name.is_empty() { edge.header.to_string() } else { name };
            return Err(Violation { function: function.name(), block: Some(block) });
        }
    }
    Ok(())
}
