//! Decides where polls go and puts them there.

use super::cfg::{Back, Graph};
use super::ir::{self, Block, Builder, Opcode, Value};
use super::strip::Strip;
use super::{MAX_UNPOLLED, NO_POLL, POLL, PREEMPT, YIELD, callgraph, trip};
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::module::{Linkage, Module};
use inkwell::targets::TargetMachine;
use inkwell::values::{AsValueRef, FunctionValue};
use inkwell::{AtomicOrdering, GlobalVisibility, IntPredicate};
use std::collections::HashSet;

/// LLVM's numbers of the calling conventions of `kodo_rt_yield`.
const PRESERVE_MOST: u32 = 14;
const C: u32 = 0;

/// The slow path of a poll runs once in so many.
const RARELY: u64 = 1 << 20;

/// What was done, by the reason for it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Blocks that poll before they go back.
    pub latches: usize,
    /// Functions that poll when they are entered.
    pub entries: usize,
    /// Loops with an outer loop that polls.
    pub strips: usize,
    /// Edges without a poll because every iteration calls something that polls.
    pub calls: usize,
    /// Edges without a poll because the loop is short.
    pub short: usize,
}

/// Puts polls into an optimized module; with `every_edge` into an unoptimized one, at every backward edge and every
/// function entry. The caller runs [`CLEANUP`](super::CLEANUP) or at least `always-inline` afterwards.
pub fn insert<'c>(module: &Module<'c>, machine: &TargetMachine, every_edge: bool) -> Result<Stats, String> {
    let functions: Vec<Value> = polled_functions(module);
    let poll = Value::from_raw(poll_function(module, machine)?.as_value_ref());
    let entries = if every_edge { functions.iter().copied().collect() } else { callgraph::recursive(&functions) };
    let mut inserter = Inserter { builder: Builder::new(module), poll, entries, stats: Stats::default() };
    for function in functions {
        let before = inserter.stats;
        if every_edge {
            inserter.every_edge(function);
        } else {
            inserter.late(function)?;
        }
        if inserter.entries.contains(&function) {
            inserter.poll_before(entry_point(function));
            inserter.stats.entries += 1;
        }
        // A call of a function that polls must stay where it is: it may be the poll of its caller's loop.
        if inserter.stats != before {
            function.forget_effects();
        }
    }
    Ok(inserter.stats)
}

/// The functions that this is about.
pub(super) fn polled_functions(module: &Module<'_>) -> Vec<Value> {
    let polled = |f: &Value| !f.has_attribute(NO_POLL) && ![POLL, YIELD].contains(&f.name().as_str());
    ir::functions(module).into_iter().filter(polled).collect()
}

struct Inserter {
    builder: Builder,
    poll: Value,
    /// Functions that poll when they are entered.
    entries: HashSet<Value>,
    stats: Stats,
}

impl Inserter {
    fn every_edge(&mut self, function: Value) {
        let graph = Graph::new(function);
        let latches: HashSet<usize> = graph.back_edges().iter().map(|edge| edge.latch).collect();
        self.poll_at(&graph, latches);
    }

    fn late(&mut self, function: Value) -> Result<(), String> {
        let graph = Graph::new(function);
        let edges = graph.back_edges();
        let mut latches = HashSet::new();
        let mut strips = Vec::new();
        for edge in &edges {
            if self.calls_a_poll(&graph, edge) {
                self.stats.calls += 1;
            } else if let Some(body) = innermost_without_calls(&graph, &edges, edge) {
                if trip::bound(&graph, edge.latch, edge.header, body).is_some_and(|n| n <= MAX_UNPOLLED) {
                    self.stats.short += 1;
                    continue;
                }
                match strip(&graph, &edges, edge, body) {
                    Some(strip) => strips.push(strip),
                    None => _ = latches.insert(edge.latch),
                }
            } else {
                latches.insert(edge.latch);
            }
        }
        // Another edge from the same block would be polled in every iteration anyway.
        self.poll_at(&graph, latches);
        for strip in strips {
            strip.apply(&self.builder, self.poll)?;
            self.stats.strips += 1;
        }
        Ok(())
    }

    /// Whether a call that every iteration makes goes to a function that polls at entry.
    fn calls_a_poll(&self, graph: &Graph, edge: &Back) -> bool {
        let polls = |block: usize| {
            let mut callees = graph.blocks[block].instructions().filter_map(Value::callee);
            callees.any(|callee| self.entries.contains(&callee))
        };
        edge.body.is_some() && graph.always_run(edge.latch, edge.header).any(polls)
    }

    fn poll_at(&mut self, graph: &Graph, latches: HashSet<usize>) {
        // In the order of the blocks: the same module comes out every time.
        let mut latches: Vec<usize> = latches.into_iter().collect();
        latches.sort_unstable();
        for latch in latches {
            self.poll_before(graph.blocks[latch].terminator());
            self.stats.latches += 1;
        }
    }

    fn poll_before(&self, instruction: Value) {
        self.builder.before(instruction);
        self.builder.call(self.poll).copy_location(instruction);
    }
}

/// The blocks of the loop if it contains no other edge that goes back and no call but intrinsics.
fn innermost_without_calls<'e>(graph: &Graph, edges: &[Back], edge: &'e Back) -> Option<&'e Vec<bool>> {
    let body = edge.body.as_ref()?;
    let same = |other: &Back| (other.latch, other.header) == (edge.latch, edge.header);
    if edges.iter().any(|other| !same(other) && body[other.latch] && body[other.header]) {
        return None;
    }
    let calls = |block: Block| block.instructions().any(|i| i.real_callee().is_some());
    (0..body.len()).filter(|&x| body[x]).all(|x| !calls(graph.blocks[x])).then_some(body)
}

/// The loop as one to strip, if it can be.
fn strip(graph: &Graph, edges: &[Back], edge: &Back, body: &[bool]) -> Option<Strip> {
    // Its latch goes back nowhere else, and nothing else goes back to its header.
    let alone = |other: &&Back| other.latch == edge.latch || other.header == edge.header;
    if edges.iter().filter(alone).count() != 1 {
        return None;
    }
    let blocks = (0..body.len()).filter(|&x| body[x]).map(|x| graph.blocks[x]).collect();
    let strip = Strip { header: graph.blocks[edge.header], latch: graph.blocks[edge.latch], body: blocks };
    strip.is_possible().then_some(strip)
}

/// Where a function polls when it is entered: as late as possible in the first block, but before it calls anything.
fn entry_point(function: Value) -> Value {
    let entry = function.entry().expect("only functions with a body are polled");
    let call = entry.instructions().find(|i| i.real_callee().is_some());
    call.unwrap_or_else(|| entry.terminator())
}

/// Declares or completes what a poll needs, and builds `kodo.poll`.
fn poll_function<'c>(module: &Module<'c>, machine: &TargetMachine) -> Result<FunctionValue<'c>, String> {
    if module.get_function(POLL).is_some() {
        return Err(format!("{POLL} exists already: safepoints are inserted once"));
    }
    let context = module.get_context();
    let attribute = |name: &str| context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), 0);
    let (unit, byte) = (context.void_type(), context.i8_type());

    let convention = convention(machine);
    let slow = module.get_function(YIELD).unwrap_or_else(|| module.add_function(YIELD, unit.fn_type(&[], false), None));
    slow.set_call_conventions(convention);
    slow.as_global_value().set_visibility(GlobalVisibility::Hidden);
    for name in ["cold", "nounwind", "noinline"] {
        slow.add_attribute(AttributeLoc::Function, attribute(name));
    }
    let preempt = module.get_global(PREEMPT).unwrap_or_else(|| module.add_global(byte, None, PREEMPT));
    preempt.set_visibility(GlobalVisibility::Hidden);

    let poll = module.add_function(POLL, unit.fn_type(&[], false), Some(Linkage::Internal));
    for name in ["alwaysinline", "nounwind"] {
        poll.add_attribute(AttributeLoc::Function, attribute(name));
    }
    let [test, yes, no] = ["test", "yield", "go"].map(|name| context.append_basic_block(poll, name));
    let builder = context.create_builder();
    let failed = |error: inkwell::builder::BuilderError| format!("building {POLL}: {error}");
    let refused = |error: inkwell::values::InstructionValueError| format!("building {POLL}: {error}");
    builder.position_at_end(test);
    let flag = builder.build_load(byte, preempt.as_pointer_value(), "preempt").map_err(failed)?.into_int_value();
    let load = flag.as_instruction().ok_or("a load is an instruction")?;
    load.set_alignment(1).map_err(refused)?;
    load.set_atomic_ordering(AtomicOrdering::Monotonic).map_err(refused)?;
    let asked = builder.build_int_compare(IntPredicate::NE, flag, byte.const_zero(), "").map_err(failed)?;
    let branch = builder.build_conditional_branch(asked, yes, no).map_err(failed)?;
    let weight = |n| context.i32_type().const_int(n, false).into();
    let weights = [context.metadata_string("branch_weights").into(), weight(1), weight(RARELY)];
    branch.set_metadata(context.metadata_node(&weights), context.get_kind_id("prof")).map_err(refused)?;
    builder.position_at_end(yes);
    // Unless call and function agree in the convention, LLVM takes the call for unreachable.
    builder.build_call(slow, &[], "").map_err(failed)?.set_call_convention(convention);
    builder.build_unconditional_branch(no).map_err(failed)?;
    builder.position_at_end(no);
    builder.build_return(None).map_err(failed)?;
    debug_assert!(load_is_a_poll(Value::from_raw(load.as_value_ref())));
    Ok(poll)
}

/// The targets whose `preserve_most` keeps what the runtime's stub keeps; elsewhere a poll is an ordinary call.
fn convention(machine: &TargetMachine) -> u32 {
    let triple = machine.get_triple();
    let architecture = triple.as_str().to_string_lossy();
    if ["x86_64", "aarch64"].iter().any(|name| architecture.starts_with(name)) { PRESERVE_MOST } else { C }
}

/// Whether the instruction is a poll or what is left of one after inlining.
pub(super) fn is_poll(instruction: Value) -> bool {
    load_is_a_poll(instruction)
        || instruction.is(Opcode::LLVMCall) && instruction.callee().is_some_and(|callee| callee.name() == POLL)
}

fn load_is_a_poll(instruction: Value) -> bool {
    instruction.is_monotonic_load_of(PREEMPT)
}
