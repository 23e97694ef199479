//! Takes values out of the cells of a dying value, and builds new cells in the old ones.
//!
//! A field of a recursive type is a *cell*: a list of one element. `match t { Node(l, v, r) => Node(insert(l, x), v, r) }` reads
//! the elements of two cells, drops `t`, and makes two cells. Written out:
//!
//! ```text
//!   _5 = copy _1@Node.0[_4]                     _20 = copy _1@Node.0        the cells; `count` makes moves of this
//!   _6 = copy _1@Node.1                         _6  = copy _1@Node.1
//!   _7 = copy _1@Node.2[_4]                     _21 = copy _1@Node.2
//!   … _1 is not used any more                   call cell_take(mut _20) -> _5
//!                                               call cell_take(mut _21) -> _7
//!   call list_from(copy _8) -> _10              _10 = copy _20
//!                                               call list_push(mut _10, copy _8)
//! ```
//!
//! `cell_take` moves the element out of a cell that has no other holder, and copies it out of another. What it leaves is an
//! empty list: with room for one element in the first case, so that `list_push` needs no memory, without in the second. So
//! nothing here depends on how many holders there are, and where no cell is built the empty list is dropped, which frees
//! it. (Perceus: Reinking, Xie, de Moura, Leijen, PLDI 2021, calls this reuse.)
//!
//! Runs before `count`, which finds out where the cells and the rest of the value die. A cell goes to the first list of one
//! element of its type on the way from the `match`, as far as no other path joins.

use super::dataflow::{Cfg, Sparse, liveness};
use super::typing::place_ty;
use super::{
    Block, BlockId, Body, Callee, Intrinsic, Local, LocalDecl, Operand, Passing, Place, Program, Projection, Rvalue,
    Statement, StatementKind, Terminator, TerminatorKind, visit,
};
use crate::source::Span;
use crate::types::counted::Counted;
use crate::types::ty::{Adt, AdtId, Ty, TyCon, TyKind, Types};
use rustc_hash::FxHashSet;

/// Blocks looked at for lists to build in a cell.
const MAX_BLOCKS: usize = 256;

/// The fields that are cells: struct or enum, variant, number.
type Cells = FxHashSet<(AdtId, u32, u32)>;

pub fn insert(program: &mut Program, types: &mut Types, adts: &[Adt], cells: &Cells) {
    if cells.is_empty() {
        return;
    }
    let mut counted = Counted::default();
    for body in &mut program.instances {
        let mut pass = Pass { body, types, adts, cells };
        if pass.has_cells() {
            pass.run(&mut counted);
        }
    }
}

struct Pass<'a> {
    body: &'a mut Body,
    types: &'a mut Types,
    adts: &'a [Adt],
    cells: &'a Cells,
}

/// One read of a cell's element.
struct Take {
    statement: usize,
    /// The variable that gets it.
    to: Local,
    cell: Place,
    element: Ty,
}

/// A block that reads cells of a value for the last time.
struct Plan {
    block: BlockId,
    takes: Vec<Take>,
    /// The last statement that reads the value.
    last: usize,
}

/// Does it end with the element of a list, and is there no other list on the way?
fn ends_in_element(place: &Place) -> bool {
    matches!(place.projection.last(), Some(Projection::Index(_))) && visit::index_locals(place).count() == 1
}

/// `to = copy part`, where `to` is a variable.
fn part_copy(statement: &Statement) -> Option<(Local, &Place)> {
    match &statement.kind {
        StatementKind::Assign(to, Rvalue::Use(Operand::Copy(part)))
            if to.projection.is_empty() && !part.projection.is_empty() && to.local != part.local =>
        {
            Some((to.local, part))
        }
        _ => None,
    }
}

/// The locals that a statement reads or writes.
fn mentioned(statement: &Statement) -> Vec<Local> {
    let mut all = Vec::new();
    let mut place = |place: &Place| {
        all.push(place.local);
        all.extend(visit::index_locals(place));
    };
    match &statement.kind {
        StatementKind::Assign(to, rvalue) => {
            place(to);
            visit::rvalue_operands(rvalue).into_iter().filter_map(visit::operand_place).for_each(&mut place);
            visit::rvalue_place(rvalue).into_iter().for_each(&mut place);
        }
        StatementKind::Drop(of) => place(of),
    }
    all
}

impl Pass<'_> {
    fn has_cells(&self) -> bool {
        let statements = self.body.blocks.iter().flat_map(|block| &block.statements);
        statements.filter_map(part_copy).any(|(_, part)| ends_in_element(part))
    }

    fn run(&mut self, counted: &mut Counted) {
        let tracked: Vec<bool> = (self.body.locals.iter())
            .map(|d| d.passing == Passing::Owned && counted.is_counted(self.types, self.adts, d.ty))
            .collect();
        let cfg = Cfg::new(self.body);
        let live_in = liveness(self.body, &cfg, &tracked);
        let plans: Vec<Plan> = (cfg.order.iter()).filter_map(|&block| self.plan(block, &tracked, &live_in)).collect();
        let starts: Vec<(BlockId, Vec<(Local, Ty)>)> = plans.into_iter().map(|plan| self.apply(plan)).collect();
        for (block, free) in starts {
            self.build_in(&cfg, block, free);
        }
    }

    /// The element's type, if the place is the element of a cell.
    fn cell_element(&mut self, place: &Place) -> Option<Ty> {
        if !ends_in_element(place) {
            return None;
        }
        let (index, path) = place.projection.split_last()?;
        let (Projection::Field(field), outer) = path.split_last()? else { return None };
        let (variant, outer) = match outer.split_last() {
            Some((Projection::Variant(variant), outer)) => (*variant, outer),
            _ => (0, outer),
        };
        debug_assert!(matches!(index, Projection::Index(_)));
        let outer = Place { local: place.local, projection: outer.to_vec() };
        let ty = place_ty(self.body, &outer, self.types, self.adts)?;
        let TyKind::App(TyCon::Adt(id), _) = self.types.kind(ty) else { return None };
        if !self.cells.contains(&(*id, variant, *field)) {
            return None;
        }
        place_ty(self.body, place, self.types, self.adts)
    }

    fn plan(&mut self, block: BlockId, tracked: &[bool], live_in: &[Sparse]) -> Option<Plan> {
        let source = &self.body.blocks[block.0 as usize];
        let first = source.statements.iter().position(|s| {
            part_copy(s).is_some_and(|(_, part)| tracked[part.local.0 as usize] && ends_in_element(part))
        })?;
        let local = part_copy(&source.statements[first])?.1.local;
        let terminator = &source.terminator.kind;
        let read_at_end = visit::terminator_operands(terminator).into_iter().filter_map(visit::operand_place);
        if read_at_end.chain(visit::terminator_dest(terminator)).any(|place| place.local == local)
            || visit::edges(terminator).iter().any(|edge| live_in[edge.target.0 as usize].contains(local))
        {
            return None;
        }
        // From here on nothing but copies of disjoint parts.
        let mut parts: Vec<(usize, Local, Place)> = Vec::new();
        for (at, statement) in source.statements.iter().enumerate().skip(first) {
            if !mentioned(statement).contains(&local) {
                continue;
            }
            let (to, part) = part_copy(statement).filter(|(_, part)| part.local == local)?;
            parts.push((at, to, part.clone()));
        }
        let last = parts.last()?.0;
        let mut takes = Vec::new();
        let mut paths: Vec<Vec<Projection>> = Vec::new();
        for (statement, to, part) in parts {
            let mut cell = part.clone();
            if let Some(element) = self.cell_element(&part) {
                cell.projection.pop();
                takes.push(Take { statement, to, cell: cell.clone(), element });
            } else if visit::index_locals(&part).next().is_some() {
                return None;
            }
            if paths.iter().any(|path| path.iter().zip(&cell.projection).all(|(a, b)| a == b)) {
                return None;
            }
            paths.push(cell.projection);
        }
        // Elements come later than they did: nobody may want them before.
        let statements = &self.body.blocks[block.0 as usize].statements;
        let early = takes.iter().any(|take| {
            statements[take.statement + 1..=last].iter().any(|statement| mentioned(statement).contains(&take.to))
        });
        (!takes.is_empty() && !early).then_some(Plan { block, takes, last })
    }

    fn new_local(&mut self, ty: Ty, span: Span) -> Local {
        self.body.locals.push(LocalDecl { ty, name: None, span, passing: Passing::Owned });
        Local(self.body.locals.len() as u32 - 1)
    }

    /// Gives the block behind the calls, and the cells that are empty there.
    fn apply(&mut self, plan: Plan) -> (BlockId, Vec<(Local, Ty)>) {
        let mut free = Vec::new();
        let mut calls = Vec::new();
        for take in plan.takes {
            let span = self.body.blocks[plan.block.0 as usize].statements[take.statement].span;
            let list = self.types.app(TyCon::List, &[take.element]);
            let cell = self.new_local(list, span);
            self.body.blocks[plan.block.0 as usize].statements[take.statement].kind =
                StatementKind::Assign(Place::local(cell), Rvalue::Use(Operand::Copy(take.cell)));
            calls.push((cell, take.to, take.element, span));
            free.push((cell, take.element));
        }
        let next = self.body.blocks.len() as u32;
        let rest = BlockId(next + calls.len() as u32 - 1);
        let block = &mut self.body.blocks[plan.block.0 as usize];
        let statements = block.statements.split_off(plan.last + 1);
        let cleanup = block.cleanup;
        let mut ends: Vec<Terminator> = Vec::new();
        for (n, (cell, to, element, span)) in calls.into_iter().enumerate() {
            let kind = TerminatorKind::Call {
                callee: Callee::Intrinsic(Intrinsic::CellTake, vec![element]),
                args: vec![Operand::Mut(Place::local(cell))],
                dest: Place::local(to),
                target: Some(BlockId(next + n as u32)),
                unwind: None,
            };
            ends.push(Terminator { kind, span });
        }
        let mut ends = ends.into_iter();
        let first = ends.next().expect("a plan takes something");
        let terminator = std::mem::replace(&mut block.terminator, first);
        for end in ends {
            self.body.blocks.push(Block { statements: Vec::new(), terminator: end, cleanup });
        }
        self.body.blocks.push(Block { statements, terminator, cleanup });
        (rest, free)
    }

    /// Builds lists of one element in free cells of their type, on all ways from the block.
    fn build_in(&mut self, cfg: &Cfg, start: BlockId, free: Vec<(Local, Ty)>) {
        let mut todo = vec![(start, free)];
        let mut budget = MAX_BLOCKS;
        while let Some((block, mut free)) = todo.pop() {
            if budget == 0 {
                return;
            }
            budget -= 1;
            self.build_at(block, &mut free);
            if free.is_empty() {
                continue;
            }
            for edge in visit::edges(&self.body.blocks[block.0 as usize].terminator.kind) {
                // Blocks that this pass made have one predecessor each.
                let alone = cfg.preds.get(edge.target.0 as usize).is_none_or(|preds| preds.len() == 1);
                if alone && !edge.unwind {
                    todo.push((edge.target, free.clone()));
                }
            }
        }
    }

    fn build_at(&mut self, block: BlockId, free: &mut Vec<(Local, Ty)>) {
        let Terminator { kind, span } = &self.body.blocks[block.0 as usize].terminator;
        let TerminatorKind::Call { callee: Callee::Intrinsic(Intrinsic::ListFrom, of), args, dest, .. } = kind else {
            return;
        };
        let ([element], [_], true) = (of.as_slice(), args.as_slice(), dest.projection.is_empty()) else { return };
        let Some(found) = free.iter().position(|(_, ty)| ty == element) else { return };
        let (cell, _) = free.remove(found);
        let (list, of, span) = (dest.clone(), of.clone(), *span);
        let unit = self.new_local(Ty::UNIT, span);
        let block = &mut self.body.blocks[block.0 as usize];
        block.statements.push(Statement {
            kind: StatementKind::Assign(list.clone(), Rvalue::Use(Operand::Copy(Place::local(cell)))),
            span,
        });
        if let TerminatorKind::Call { callee, args, dest, .. } = &mut block.terminator.kind {
            *callee = Callee::Intrinsic(Intrinsic::ListPush, of);
            args.insert(0, Operand::Mut(list));
            *dest = Place::local(unit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cells, insert};
    use crate::mir::count;
    use crate::mir::parse::parse_program;
    use crate::mir::text::print_program;
    use crate::mir::verify::verify;
    use crate::types::ty::AdtId;

    /// The statements and calls of `@t` that have to do with cells, after this pass and `count`.
    fn after(body: &str) -> Vec<String> {
        let text = format!(
            "enum Tree {{ Leaf, Node(List<Tree>, String, List<Tree>) }}
             fn size(_1: Tree) -> Int {{ bb0: {{ _0 = 1 return }} }}
             {body}"
        );
        let mut parsed = parse_program(&text).expect("the test's text");
        let id =
            AdtId(parsed.adts.iter().position(|adt| parsed.names.text(adt.name) == "Tree").expect("declared") as u32);
        let cells = Cells::from_iter([(id, 1, 0), (id, 1, 2)]);
        insert(&mut parsed.program, &mut parsed.types, &parsed.adts, &cells);
        count::insert(&mut parsed.program, &mut parsed.types, &parsed.adts);
        let text = print_program(&parsed.program, &mut parsed.types, &parsed.adts, &parsed.names);
        if let Err(errors) = verify(&parsed.program, &mut parsed.types, &parsed.adts) {
            panic!("{}\n{text}", errors.join("\n"));
        }
        let words = ["@Node", "cell_take", "list_from", "list_push", "drop"];
        let body = &text[text.rfind("\nfn ").expect("a body")..];
        let lines = body.split(" cleanup:").next().expect("a first piece").lines().map(str::trim);
        let all = lines.filter(|line| words.iter().any(|word| line.contains(word)));
        all.map(|line| line.split(" [").next().expect("a first piece").to_owned()).collect()
    }

    const LOCALS: &str =
        "let _2: Int let _3: Tree let _4: String let _5: Tree let _6: List<Tree> let _7: List<Tree> let _8: Int";

    #[test]
    fn a_tree_is_rebuilt_in_its_own_cells() {
        let found = after(&format!(
            "fn t(_1: Tree) -> Tree {{ {LOCALS}
                bb0: {{ _2 = 0 goto bb1 }}
                bb1: {{ _3 = copy _1@Node.0[_2] _4 = copy _1@Node.1 _5 = copy _1@Node.2[_2] goto bb2 }}
                bb2: {{ call list_from<Tree>(copy _5) -> _6 [return bb3] }}
                bb3: {{ call list_from<Tree>(copy _3) -> _7 [return bb4] }}
                bb4: {{ _0 = Tree::Node(copy _6, copy _4, copy _7) return }}
            }}"
        ));
        assert_eq!(
            found,
            [
                "_9 = move _1@Node.0",
                "_4 = move _1@Node.1",
                "_10 = move _1@Node.2",
                "call cell_take<Tree>(mut _9) -> _3",
                "call list_push<Tree>(mut _6, move _5) -> _11",
                "call list_push<Tree>(mut _7, move _3) -> _12",
                "call cell_take<Tree>(mut _10) -> _5",
            ]
        );
    }

    #[test]
    fn a_cell_that_nothing_is_built_in_is_freed() {
        let found = after(&format!(
            "fn t(_1: Tree) -> Int {{ {LOCALS}
                bb0: {{ _2 = 0 _3 = copy _1@Node.0[_2] goto bb1 }}
                bb1: {{ call @size(copy _3) -> _8 [return bb2] }}
                bb2: {{ _0 = copy _8 return }}
            }}"
        ));
        let wanted = [
            "_9 = move _1@Node.0",
            "drop _1@Node.1",
            "drop _1@Node.2",
            "call cell_take<Tree>(mut _9) -> _3",
            "drop _9",
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_value_that_is_used_again_keeps_its_cells() {
        let found = after(&format!(
            "fn t(_1: Tree) -> Tree {{ {LOCALS}
                bb0: {{ _2 = 0 _3 = copy _1@Node.0[_2] goto bb1 }}
                bb1: {{ call @size(copy _3) -> _8 [return bb2] }}
                bb2: {{ _0 = copy _1 return }}
            }}"
        ));
        assert_eq!(found, ["_3 = copy _1@Node.0[_2]"]);
    }

    #[test]
    fn a_borrowed_value_keeps_its_cells() {
        let found = after(&format!(
            "fn t(ref _1: Tree) -> Tree {{ {LOCALS}
                bb0: {{ _2 = 0 _3 = copy _1@Node.0[_2] goto bb1 }}
                bb1: {{ _0 = copy _3 return }}
            }}"
        ));
        assert_eq!(found, ["_3 = copy _1@Node.0[_2]"]);
    }

    #[test]
    fn an_element_that_is_wanted_before_the_value_dies_is_copied() {
        let found = after(&format!(
            "fn t(_1: Tree) -> Tree {{ {LOCALS}
                bb0: {{ _2 = 0 _3 = copy _1@Node.0[_2] _5 = copy _3 _4 = copy _1@Node.1 goto bb1 }}
                bb1: {{ _0 = copy _5 return }}
            }}"
        ));
        assert!(found.iter().all(|line| !line.contains("cell_take")), "{found:?}");
    }

    #[test]
    fn where_paths_join_no_cell_is_free() {
        let found = after(
            "fn t(_1: Tree, _2: Int) -> Tree { let _3: Tree let _4: String let _5: Bool let _6: List<Tree> let _7: Int
                bb0: { _7 = 0 _5 = lt(copy _2, 1) switch copy _5 [0: bb1, else bb2] }
                bb1: { _3 = copy _1@Node.0[_7] goto bb3 }
                bb2: { _3 = Tree::Leaf goto bb3 }
                bb3: { call list_from<Tree>(copy _3) -> _6 [return bb4] }
                bb4: { _0 = Tree::Node(copy _6, \"\", copy _6) return }
            }",
        );
        assert!(found.iter().any(|line| line.contains("cell_take")), "{found:?}");
        assert!(found.iter().any(|line| line.contains("list_from")), "{found:?}");
    }
}
