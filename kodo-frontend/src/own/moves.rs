//! Variables used after their value was given away (E0240, E0281).
//!
//! A move is an error if its variable is read again on some path before it gets a new value: in other words, if the
//! variable is *live* after the move. So the check is one backward liveness of the variables that are moved at all,
//! which costs what their live ranges cost, and programs without such errors pay for nothing else. From each move that
//! is wrong, the reads that it reaches are then found by walking forward through the blocks where the variable is
//! live. A move in a loop may reach itself: the value is gone in the next iteration.
//!
//! One report per mistake: the first use that a move makes wrong stands for those after it.
//!
//! Spawned blocks and closures are bodies of their own: what they captured are variables there.

use crate::diag::Diagnostic;
use crate::hir::{FnId, LocalId, Program};
use crate::mir::dataflow::{self, Facts, Sparse};
use crate::mir::uses::{Action, Reason, Use};
use crate::mir::{BlockId, Body, Local, visit};
use crate::names::Names;
use crate::source::Span;
use crate::syntax::ast::Mode;
use rustc_hash::{FxHashMap, FxHashSet};

/// The mistakes in a function, by what lowering recorded of it.
pub fn find(body: &Body) -> impl Iterator<Item = Wrong> {
    std::iter::once(body).chain(&body.spawned).flat_map(find_in)
}

/// A read of a variable without a value, and the move that took it.
pub struct Wrong {
    read: Use,
    given: Use,
    /// How many other reads the move reaches.
    more: usize,
}

/// The moved variables of a body, numbered for the bit sets.
struct Moved<'a> {
    body: &'a Body,
    number: FxHashMap<LocalId, Local>,
    succs: Vec<Vec<BlockId>>,
    /// Live at the start of each block.
    live: Vec<Sparse>,
}

fn find_in(body: &Body) -> Vec<Wrong> {
    let mut number = FxHashMap::default();
    for seen in body.uses.iter().flatten() {
        if let Action::Give(_) = seen.action {
            let next = Local(number.len() as u32);
            number.entry(seen.variable).or_insert(next);
        }
    }
    if number.is_empty() {
        return Vec::new();
    }
    let count = body.blocks.len();
    let succs: Vec<Vec<BlockId>> =
        body.blocks.iter().map(|b| visit::edges(&b.terminator.kind).iter().map(|e| e.target).collect()).collect();
    let mut preds = vec![Vec::new(); count];
    for (block, targets) in succs.iter().enumerate() {
        for target in targets {
            preds[target.0 as usize].push(BlockId(block as u32));
        }
    }
    let live = dataflow::solve(&preds, &mut facts(body, &number));
    let moved = Moved { body, number, succs, live };
    moved.wrong_moves()
}

/// The first thing that a block does with each variable decides: a read makes it live, a new value ends that.
fn facts(body: &Body, number: &FxHashMap<LocalId, Local>) -> Facts {
    let mut facts = Facts::default();
    let mut last_block = vec![u32::MAX; number.len()];
    for (block, uses) in body.uses.iter().enumerate() {
        for seen in uses {
            let Some(&local) = number.get(&seen.variable) else { continue };
            let fact = (local, BlockId(block as u32));
            match seen.action {
                Action::Give(_) => continue,
                _ if last_block[local.0 as usize] == block as u32 => continue,
                Action::Read | Action::Capture => facts.gen_at.push(fact),
                Action::Set => facts.kill_at.push(fact),
            }
            last_block[local.0 as usize] = block as u32;
        }
    }
    facts
}

impl Moved<'_> {
    fn wrong_moves(&self) -> Vec<Wrong> {
        // Moves after which the variable is live, by variable.
        let mut wrong: Vec<(Local, usize, usize)> = Vec::new();
        // What comes next in the block: a read, or a new value.
        let mut next: FxHashMap<Local, bool> = FxHashMap::default();
        for (block, uses) in self.body.uses.iter().enumerate() {
            next.clear();
            for (at, seen) in uses.iter().enumerate().rev() {
                let Some(&local) = self.number.get(&seen.variable) else { continue };
                match seen.action {
                    Action::Read | Action::Capture => drop(next.insert(local, true)),
                    Action::Set => drop(next.insert(local, false)),
                    Action::Give(_) => {
                        let live = next.get(&local).copied().unwrap_or_else(|| self.live_after(block, local));
                        if live {
                            wrong.push((local, block, at));
                        }
                    }
                }
            }
        }
        wrong.sort_unstable();
        let mut found = Vec::new();
        // Blocks whose start was reached for the variable.
        let mut seen = vec![None; self.body.blocks.len()];
        let mut reached: FxHashSet<(LocalId, Span)> = FxHashSet::default();
        for (local, block, at) in wrong {
            let mut reads = self.follow(local, block, at, &mut seen);
            reads.sort_by_key(|read| (read.span.lo, read.span.hi));
            reads.dedup();
            let known = reads.iter().filter(|read| !reached.insert((read.variable, read.span))).count();
            if let (0, Some(&read)) = (known, reads.first()) {
                found.push(Wrong { read, given: self.body.uses[block][at], more: reads.len() - 1 });
            }
        }
        found
    }

    fn live_after(&self, block: usize, local: Local) -> bool {
        self.succs[block].iter().any(|next| self.live[next.0 as usize].contains(local))
    }

    /// The reads that a move reaches, in blocks that were not reached for the variable before.
    fn follow(&self, local: Local, block: usize, at: usize, seen: &mut [Option<Local>]) -> Vec<Use> {
        let variable = self.body.uses[block][at].variable;
        let mut reads = Vec::new();
        let mut work = vec![(block, at + 1)];
        while let Some((block, from)) = work.pop() {
            let mut uses = self.body.uses[block][from..].iter().filter(|u| u.variable == variable);
            let set = uses.find(|seen| {
                if let Action::Read | Action::Capture = seen.action {
                    reads.push(**seen);
                }
                seen.action == Action::Set
            });
            for next in self.succs[block].iter().map(|next| next.0 as usize).filter(|_| set.is_none()) {
                if self.live[next].contains(local) && seen[next] != Some(local) {
                    seen[next] = Some(local);
                    work.push((next, 0));
                }
            }
        }
        reads
    }
}

impl Wrong {
    /// The report of it, in the function.
    pub fn report(&self, program: &Program, names: &Names, function: FnId) -> Diagnostic {
        let Wrong { read, given, more } = self;
        let Action::Give(reason) = given.action else { unreachable!("a move gives a value away") };
        let Some(body) = &program.functions[function.0 as usize].body else {
            unreachable!("what was lowered has a body")
        };
        let name = names.text(body.local(read.variable).name);
        let capture = read.action == Action::Capture;
        let again = read.span == given.span;
        let (code, message) = match (capture, again, reason) {
            (true, true, _) => {
                ("E0281", format!("the closure captures `{name}` again in the next iteration of the loop"))
            }
            (true, _, Reason::Closure) => {
                ("E0281", format!("a second closure captures `{name}`, which is in the first one"))
            }
            (true, ..) => ("E0281", format!("the closure captures `{name}`, whose value was given away")),
            (false, true, _) => ("E0240", format!("`{name}` is given away again in the next iteration of the loop")),
            (false, ..) => ("E0240", format!("`{name}` is used after its value was given away")),
        };
        let went = match reason {
            Reason::Argument(callee, index) => argument(program, names, callee, index),
            Reason::Let(to) => format!("to `{}`", names.text(to)),
            Reason::TakenApart => "to the variables of this pattern".into(),
            Reason::Closure => "to the closure that captures it".into(),
        };
        let label = if again {
            format!("goes {went}, so the next iteration has no `{name}`")
        } else {
            format!("`{name}` has no value here")
        };
        let mut error = Diagnostic::error(code, read.span, message).label(label);
        if !again {
            let earlier = if given.span.lo > read.span.lo { ", in the previous iteration" } else { "" };
            error = error.secondary(given.span, format!("its value goes {went} here{earlier}"));
        }
        if let Reason::Argument(callee, index) = reason {
            let param = &program.functions[callee.0 as usize].params[index as usize];
            if is_only_read(program, callee, index) {
                error = error.secondary(param.span, "`ref` here would lend it instead");
            }
        }
        if *more > 0 {
            let uses = if *more == 1 { "one more use".into() } else { format!("{more} more uses") };
            error = error.note(format!("the same goes for {uses} of `{name}`"));
        }
        let description = format!("give a copy away: `{name}.clone()`");
        if reason == Reason::Closure {
            return error.help(format!("copy it first, `let copy = {name}.clone()`, and use the copy in the closure"));
        }
        error.help(description.clone()).fix(description, given.span, format!("{name}.clone()"))
    }
}

fn argument(program: &Program, names: &Names, callee: FnId, index: u32) -> String {
    let function = &program.functions[callee.0 as usize];
    let param = &function.params[index as usize];
    format!("to the parameter `{}` of `{}`", names.text(param.name), function.display_name)
}

/// Would the function be right if the parameter were `ref`? It may not start a thread, be captured, or be given back.
fn is_only_read(program: &Program, callee: FnId, index: u32) -> bool {
    let function = &program.functions[callee.0 as usize];
    let Some(body) = &function.body else { return false };
    let local = body.params[index as usize];
    function.params[index as usize].mode != Mode::Mut
        && !function.is_async
        && !super::returns::gives_back(body, local)
        && !super::returns::is_captured(body, local)
}
