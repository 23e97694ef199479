//! Makes lists unique once before a loop instead of before every element that the loop assigns.
//!
//! ```text
//!   bb1: goto bb2                                    bb1: goto bb9
//!   bb2: … [bb3 | exit]                              bb9: call list_make_unique(mut _2) [return bb2]
//!   bb3: call list_make_unique(mut _2) [return bb4]  bb2: … [bb3 | exit]
//!   bb4: _2[_6] = …  goto bb2                        bb3: goto bb4
//!                                                    bb4: _2[_6] = …  goto bb2
//! ```
//!
//! A list that is unique stays so until its buffer gets another holder, and only a use of the whole list, or of something
//! that contains it, can give it one. So the call may move out of a loop
//!
//! * if nothing in the loop touches the list but its length, its elements, and the operations that leave it unique,
//! * and if every iteration would have called: else a list that the loop only might change would be copied for nothing.
//!
//! Lists in fields (`self.items`) count too, elements of lists (`g[i]`) do not: whether the element exists is known only
//! inside. Without the call the loop's body is a load, a check and a store, which LLVM can hoist and vectorize.

use super::dataflow::Cfg;
use super::{
    Block, BlockId, Body, Callee, Intrinsic, Local, LocalDecl, Operand, Passing, Place, Program, Projection,
    StatementKind, Terminator, TerminatorKind, visit,
};
use crate::types::ty::Ty;
use rustc_hash::{FxHashMap, FxHashSet};

/// A call moves out of one loop at a time; deeper nests are rare.
const MAX_ROUNDS: usize = 6;
/// Blocks of a loop that is looked at. A larger one gains little, and in a deep nest every block is in every loop.
const MAX_BLOCKS: usize = 2048;

pub fn hoist(program: &mut Program) {
    for body in &mut program.instances {
        for _ in 0..MAX_ROUNDS {
            if !hoist_once(body) {
                break;
            }
        }
    }
}

/// Moves each call out of the innermost loop around it, where that may be. Says whether any moved.
fn hoist_once(body: &mut Body) -> bool {
    let calls: FxHashSet<BlockId> = (0..body.blocks.len() as u32)
        .map(BlockId)
        .filter(|&block| !body.blocks[block.0 as usize].cleanup && call(body, block).is_some())
        .collect();
    if calls.is_empty() {
        return false;
    }
    let flow = Flow::new(body);
    let mut moved = false;
    for (header, members) in flow.loops(body) {
        let latches: Vec<BlockId> =
            flow.cfg.preds[header.0 as usize].iter().copied().filter(|b| members.contains(b)).collect();
        let mut places: Vec<(Place, Callee)> = Vec::new();
        let mut here: Vec<(BlockId, BlockId)> = Vec::new();
        let mut found: Vec<BlockId> = members.intersection(&calls).copied().collect();
        found.sort();
        for block in found {
            let Some((callee, place, target)) = call(body, block) else { continue };
            let always = latches.iter().all(|&latch| flow.dominates(block, latch));
            if always && stays_unique(body, &members, place) {
                if !places.iter().any(|(known, _)| known == place) {
                    places.push((place.clone(), callee.clone()));
                }
                here.push((block, target));
            }
        }
        for (block, target) in here {
            body.blocks[block.0 as usize].terminator.kind = TerminatorKind::Goto(target);
            moved = true;
        }
        for (place, callee) in places {
            call_before(body, &flow.cfg, header, &members, place, callee);
        }
    }
    moved
}

/// The call of `list_make_unique` that ends a block: with a place that is a variable or a field in one, and where it goes on.
fn call(body: &Body, block: BlockId) -> Option<(&Callee, &Place, BlockId)> {
    match &body.blocks[block.0 as usize].terminator.kind {
        TerminatorKind::Call { callee, args, target: Some(target), .. }
            if matches!(callee, Callee::Intrinsic(Intrinsic::ListMakeUnique, _)) =>
        {
            let [Operand::Mut(place)] = args.as_slice() else { return None };
            let fields = place.projection.iter().all(|p| matches!(p, Projection::Field(_)));
            fields.then_some((callee, place, *target))
        }
        _ => None,
    }
}

/// How a place lies to the list.
enum Relation {
    /// Beside it, or within an element.
    Apart,
    /// The list.
    Same,
    /// Something that contains it.
    Around,
}

fn relation(list: &Place, place: &Place) -> Relation {
    if place.local != list.local {
        return Relation::Apart;
    }
    let common = list.projection.iter().zip(&place.projection).take_while(|(a, b)| a == b).count();
    let (ends, wanted) = (place.projection.len(), list.projection.len());
    if common == wanted && ends > wanted || common < wanted.min(ends) {
        Relation::Apart
    } else if ends == wanted {
        Relation::Same
    } else {
        Relation::Around
    }
}

/// Does every holder that the list has after the loop have it before?
fn stays_unique(body: &Body, members: &FxHashSet<BlockId>, list: &Place) -> bool {
    let apart = |place: &Place| matches!(relation(list, place), Relation::Apart);
    let operand = |operand: &Operand| visit::operand_place(operand).is_none_or(apart);
    members.iter().all(|block| {
        let block = &body.blocks[block.0 as usize];
        let statements = block.statements.iter().all(|statement| match &statement.kind {
            StatementKind::Assign(place, rvalue) => {
                let read =
                    visit::rvalue_place(rvalue).is_none_or(|read| !matches!(relation(list, read), Relation::Around));
                apart(place) && read && visit::rvalue_operands(rvalue).into_iter().all(operand)
            }
            StatementKind::Drop(place) => apart(place),
        });
        statements && {
            let terminator = &block.terminator.kind;
            let written = visit::terminator_dest(terminator).is_none_or(apart);
            written
                && (leaves_unique(terminator, list) || visit::terminator_operands(terminator).into_iter().all(operand))
        }
    })
}

/// Operations on the list after which it is as unique as before.
fn leaves_unique(terminator: &TerminatorKind, list: &Place) -> bool {
    use Intrinsic as I;
    let TerminatorKind::Call { callee: Callee::Intrinsic(intrinsic, _), args, .. } = terminator else { return false };
    let known = matches!(
        intrinsic,
        I::ListMakeUnique | I::ListLength | I::ListPush | I::ListPop | I::ListRemove | I::ListReserve
    );
    let Some((first, rest)) = args.split_first() else { return false };
    let place = visit::operand_place(first).is_some_and(|place| matches!(relation(list, place), Relation::Same));
    known
        && place
        && rest.iter().all(|o| visit::operand_place(o).is_none_or(|p| matches!(relation(list, p), Relation::Apart)))
}

/// Calls on every way into the loop.
fn call_before(
    body: &mut Body,
    cfg: &Cfg,
    header: BlockId,
    members: &FxHashSet<BlockId>,
    place: Place,
    callee: Callee,
) {
    let span = body.blocks[header.0 as usize].terminator.span;
    let unit = Local(body.locals.len() as u32);
    body.locals.push(LocalDecl { ty: Ty::UNIT, name: None, span, passing: Passing::Owned });
    let before = BlockId(body.blocks.len() as u32);
    // Of several calls before one loop each comes directly before the header, after those that were there already.
    for from in cfg.preds[header.0 as usize].iter().copied().chain((cfg.preds.len() as u32..before.0).map(BlockId)) {
        if !members.contains(&from) {
            for target in visit::targets_mut(&mut body.blocks[from.0 as usize].terminator.kind) {
                if *target == header {
                    *target = before;
                }
            }
        }
    }
    body.blocks.push(Block {
        statements: Vec::new(),
        terminator: Terminator {
            kind: TerminatorKind::Call {
                callee,
                args: vec![Operand::Mut(place)],
                dest: Place::local(unit),
                target: Some(header),
                unwind: None,
            },
            span,
        },
        cleanup: false,
    });
}

/// The graph with its dominators (Cooper, Harvey, Kennedy, "A simple, fast dominance algorithm", 2001).
struct Flow {
    cfg: Cfg,
    /// Position of each block in the order; `u32::MAX` if it cannot be reached.
    position: Vec<u32>,
    /// By position: the position of the immediate dominator.
    dominator: Vec<u32>,
}

impl Flow {
    fn new(body: &Body) -> Flow {
        let cfg = Cfg::new(body);
        let mut position = vec![u32::MAX; body.blocks.len()];
        for (at, block) in cfg.order.iter().enumerate() {
            position[block.0 as usize] = at as u32;
        }
        let mut dominator = vec![u32::MAX; cfg.order.len()];
        if let Some(entry) = dominator.first_mut() {
            *entry = 0;
        }
        let mut changed = true;
        while changed {
            changed = false;
            for at in 1..cfg.order.len() {
                let mut found = u32::MAX;
                for pred in &cfg.preds[cfg.order[at].0 as usize] {
                    let mut a = position[pred.0 as usize];
                    if a == u32::MAX || dominator[a as usize] == u32::MAX {
                        continue;
                    }
                    if found == u32::MAX {
                        found = a;
                        continue;
                    }
                    while a != found {
                        while a > found {
                            a = dominator[a as usize];
                        }
                        while found > a {
                            found = dominator[found as usize];
                        }
                    }
                }
                if found != dominator[at] {
                    dominator[at] = found;
                    changed = true;
                }
            }
        }
        Flow { cfg, position, dominator }
    }

    fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let a = self.position[a.0 as usize];
        let mut b = self.position[b.0 as usize];
        while b > a {
            b = self.dominator[b as usize];
        }
        a == b
    }

    /// The natural loops, inner ones before those around them: header and members.
    fn loops(&self, body: &Body) -> Vec<(BlockId, FxHashSet<BlockId>)> {
        let mut members: FxHashMap<BlockId, FxHashSet<BlockId>> = FxHashMap::default();
        let mut headers = Vec::new();
        for &block in &self.cfg.order {
            for edge in visit::edges(&body.blocks[block.0 as usize].terminator.kind) {
                let header = edge.target;
                // Nothing can be put before the entry.
                if edge.unwind || header == BlockId(0) || !self.dominates(header, block) {
                    continue;
                }
                let set = members.entry(header).or_insert_with(|| {
                    headers.push(header);
                    FxHashSet::from_iter([header])
                });
                let mut todo = vec![block];
                while let Some(inside) = todo.pop().filter(|_| set.len() <= MAX_BLOCKS) {
                    if self.position[inside.0 as usize] != u32::MAX && set.insert(inside) {
                        todo.extend(&self.cfg.preds[inside.0 as usize]);
                    }
                }
            }
        }
        // Inner loops first: a header of a later position lies inside or behind.
        headers.sort_by_key(|header| std::cmp::Reverse(self.position[header.0 as usize]));
        let all = headers.into_iter().map(|header| (header, members.remove(&header).unwrap_or_default()));
        all.filter(|(_, members)| members.len() <= MAX_BLOCKS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::hoist;
    use crate::mir::count;
    use crate::mir::parse::parse_program;
    use crate::mir::text::print_program;
    use crate::mir::verify::verify;

    /// The blocks of `@t` that call, in their order, after the pass. Every body has `_1: List<Int>`.
    fn calls(body: &str) -> Vec<String> {
        let text =
            format!("struct P {{ List<Int>, Int }} fn keep(ref _1: List<Int>) -> () {{ bb0: {{ return }} }} {body}");
        let mut parsed = parse_program(&text).expect("the test's text");
        count::insert(&mut parsed.program, &mut parsed.types, &parsed.adts);
        hoist(&mut parsed.program);
        if let Err(errors) = verify(&parsed.program, &mut parsed.types, &parsed.adts) {
            panic!("{}", errors.join("\n"));
        }
        let text = print_program(&parsed.program, &mut parsed.types, &parsed.adts, &parsed.names);
        let mut block = "";
        let mut found = Vec::new();
        for line in text[text.rfind("\nfn ").expect("a body")..].lines().map(str::trim) {
            if line.starts_with("bb") {
                block = line.split([':', ' ']).next().expect("a name");
            }
            if line.contains("list_make_unique") {
                found.push(format!("{block}{}", &line[line.find(" [").expect("a target")..]));
            }
        }
        found
    }

    /// A loop with `body` in its blocks from `bb3` on, which goes on at `bb1`.
    fn looping(body: &str) -> Vec<String> {
        calls(&format!(
            "fn t(_1: List<Int>, _2: Int) -> List<Int> {{
                let _3: () let _4: List<Int> let _5: Bool let _6: Int
                bb0: {{ goto bb1 }}
                bb1: {{ _5 = lt(copy _2, 9) switch copy _5 [0: bb2, else bb3] }}
                bb2: {{ _0 = copy _1 return }}
                {body}
            }}"
        ))
    }

    const UNIQUE: &str = "call list_make_unique<Int>(mut _1) -> _3";

    #[test]
    fn a_list_that_every_iteration_changes_is_made_unique_before_the_loop() {
        let found = looping(&format!("bb3: {{ {UNIQUE} [return bb4] }} bb4: {{ _1[_2] = 1 _6 = len(_1) goto bb1 }}"));
        assert_eq!(found, ["bb5 [return bb1]"]);
    }

    #[test]
    fn the_call_leaves_every_loop_around_it() {
        let found = looping(&format!(
            "bb3: {{ _5 = lt(copy _2, 7) switch copy _5 [0: bb1, else bb4] }}
             bb4: {{ {UNIQUE} [return bb5] }}
             bb5: {{ _1[_2] = 1 goto bb3 }}"
        ));
        // First before the inner loop, then, since that is in every iteration of the outer one, before both.
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("[return bb1]"), "{found:?}");
    }

    #[test]
    fn what_only_some_iterations_change_stays() {
        let found = looping(&format!(
            "bb3: {{ _5 = lt(copy _2, 5) switch copy _5 [0: bb1, else bb4] }}
             bb4: {{ {UNIQUE} [return bb5] }}
             bb5: {{ _1[_2] = 1 goto bb1 }}"
        ));
        assert_eq!(found, ["bb4 [return bb5]"]);
    }

    #[test]
    fn a_list_that_the_loop_copies_stays() {
        let found = looping(&format!("bb3: {{ {UNIQUE} [return bb4] }} bb4: {{ _1[_2] = 1 _4 = copy _1 goto bb1 }}"));
        assert_eq!(found, ["bb3 [return bb4]"]);
    }

    #[test]
    fn a_list_that_the_loop_lends_stays() {
        let found = looping(&format!(
            "bb3: {{ {UNIQUE} [return bb4] }}
             bb4: {{ _1[_2] = 1 call @keep(borrow _1) -> _3 [return bb5] }}
             bb5: {{ goto bb1 }}"
        ));
        assert_eq!(found, ["bb3 [return bb4]"]);
    }

    #[test]
    fn a_push_leaves_a_list_unique() {
        let found = looping(&format!(
            "bb3: {{ {UNIQUE} [return bb4] }}
             bb4: {{ _1[_2] = 1 call list_push<Int>(mut _1, 1) -> _3 [return bb5] }}
             bb5: {{ goto bb1 }}"
        ));
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("[return bb1]"), "{found:?}");
    }

    #[test]
    fn a_field_is_a_list_of_its_own_until_its_struct_is_used_whole() {
        let field = |rest: &str| {
            calls(&format!(
                "fn t(mut _1: P, _2: Int) -> () {{
                    let _3: () let _4: P let _5: Bool
                    bb0: {{ goto bb1 }}
                    bb1: {{ _5 = lt(copy _2, 9) switch copy _5 [0: bb2, else bb3] }}
                    bb2: {{ return }}
                    bb3: {{ call list_make_unique<Int>(mut _1.0) -> _3 [return bb4] }}
                    bb4: {{ _1.0[_2] = 1 _1.1 = 2 {rest} goto bb1 }}
                }}"
            ))
        };
        assert_eq!(field(""), ["bb5 [return bb1]"]);
        assert_eq!(field("_4 = copy _1"), ["bb3 [return bb4]"]);
    }
}
