//! Exhaustiveness and usefulness of patterns, after Luc Maranget, "Warnings for pattern matching" (Journal of Functional
//! Programming 17, 2007).
//!
//! The arms are the rows of a matrix with one column. A step takes the first column away: for each constructor that a
//! row has there, the rows that match it go on with its fields as columns in front; if a constructor is missing, the
//! rows that match anything go on without the column. Where no column is left, the first row without a guard takes the
//! value, the rows before it are useful too, and if there is none, the constructors taken on the way are a value that
//! nobody covers: a *witness*. One walk therefore answers both questions.
//!
//! A column's constructors come from its patterns, not from its type: where all patterns are wildcards the type does
//! not matter. Integers are cut into the segments that the column's ranges tell apart, so ranges may cover everything;
//! strings and floats never do.
//!
//! The problem is NP-complete. Real matches are far from the worst case; [`MAX_WORK`] ends the others without a report.

use super::ty::{Adt, AdtId, AdtKind, Ty, TyCon, TyKind, Types};
use crate::hir::{Body, Lit, PatId, PatKind};
use crate::names::Names;
use rustc_hash::FxHashMap;

/// What a list of patterns leaves out, and which of them can never match.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Report {
    /// Patterns as a user writes them that no arm covers: at most [`MAX_WITNESSES`]; empty if exhaustive.
    pub missing: Vec<String>,
    /// Indexes of arms that earlier arms make unreachable.
    pub unreachable: Vec<usize>,
}

pub const MAX_WITNESSES: usize = 4;

/// Pattern visits before the check gives up: well under a second, and a hundred times what a match of a thousand arms
/// needs.
const MAX_WORK: usize = 5_000_000;

/// Checks the arms `(pattern, has a guard)` of a match on a value of type `scrutinee`, in order.
/// A `let` is the same with one arm. Nothing is reported if a pattern is an error already.
pub fn check(
    types: &mut Types,
    adts: &[Adt],
    names: &Names,
    body: &Body,
    scrutinee: Ty,
    arms: &[(PatId, bool)],
) -> Report {
    let mut matrix = Matrix {
        adts,
        pats: Vec::new(),
        witnesses: Vec::new(),
        useful: vec![false; arms.len()],
        work: 0,
        failed: false,
    };
    let rows = arms
        .iter()
        .enumerate()
        .map(|(arm, &(pat, guarded))| Row { arm, guarded, pats: vec![matrix.take(body, pat)] })
        .collect();
    let missing = matrix.split(rows, 1);
    if matrix.failed || *types.kind(scrutinee) == TyKind::Error {
        return Report::default();
    }
    let mut missing: Vec<String> = missing.iter().map(|w| matrix.show(w[0], names)).collect();
    if let (true, TyKind::App(TyCon::Adt(id), _)) = (arms.is_empty(), types.kind(scrutinee)) {
        missing = matrix.all_variants(*id, names);
    }
    missing.dedup();
    let unreachable = (0..arms.len()).filter(|&arm| !matrix.useful[arm]).collect();
    Report { missing, unreachable }
}

/// Index of a pattern, or [`WILD`].
type Pat = u32;

/// Matches everything; has no entry in the table.
const WILD: Pat = u32::MAX;

enum Shape {
    Con(Con, Vec<Pat>),
    Or(Vec<Pat>),
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Con {
    Variant(AdtId, u32),
    Bool(bool),
    /// Of this many elements.
    Tuple(usize),
    /// Inclusive.
    Range(i128, i128, Ty),
    /// Its bits.
    Float(u64),
    Str(String),
}

#[derive(Clone)]
struct Row {
    arm: usize,
    guarded: bool,
    /// The first column is the last element.
    pats: Vec<Pat>,
}

/// Part of a witness. They live in a table, so that depth costs nothing to drop.
#[derive(Clone)]
enum Witness {
    Wild,
    Variant(AdtId, u32, Vec<u32>),
    Tuple(Vec<u32>),
    Bool(bool),
    Range(i128, i128),
}

/// One value for each column that nobody covers; the first column is the last element.
type Values = Vec<u32>;

struct Matrix<'a> {
    adts: &'a [Adt],
    pats: Vec<Shape>,
    witnesses: Vec<Witness>,
    useful: Vec<bool>,
    work: usize,
    /// A pattern is an error, patterns of a column do not fit together, or it is too much work.
    failed: bool,
}

/// Grows the stack where a pattern nests deeply.
fn deep<R>(f: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(64 * 1024, 1024 * 1024, f)
}

impl Matrix<'_> {
    /// The pattern without bindings.
    fn take(&mut self, body: &Body, id: PatId) -> Pat {
        let mut id = id;
        while let PatKind::Bind(_, Some(inner)) = body.pat(id).kind {
            id = inner;
        }
        let ty = body.pat(id).ty;
        let shape = match &body.pat(id).kind {
            PatKind::Error => {
                self.failed = true;
                return WILD;
            }
            PatKind::Wild | PatKind::Bind(..) => return WILD,
            PatKind::Lit(Lit::Int(n)) => Shape::Con(Con::Range(ty.value(*n), ty.value(*n), ty), Vec::new()),
            // Zero equals minus zero.
            PatKind::Lit(Lit::Float(x)) => Shape::Con(Con::Float((x + 0.0).to_bits()), Vec::new()),
            PatKind::Lit(Lit::Bool(b)) => Shape::Con(Con::Bool(*b), Vec::new()),
            PatKind::Lit(Lit::Str(s)) => Shape::Con(Con::Str(s.clone()), Vec::new()),
            PatKind::Range(from, to) => Shape::Con(Con::Range(ty.value(*from), ty.value(*to), ty), Vec::new()),
            PatKind::Variant { adt, variant, fields } => {
                Shape::Con(Con::Variant(*adt, *variant), self.take_all(body, fields))
            }
            PatKind::Tuple(items) => Shape::Con(Con::Tuple(items.len()), self.take_all(body, items)),
            PatKind::Or(alternatives) => Shape::Or(self.take_all(body, alternatives)),
        };
        self.pats.push(shape);
        self.pats.len() as u32 - 1
    }

    fn take_all(&mut self, body: &Body, ids: &[PatId]) -> Vec<Pat> {
        deep(|| ids.iter().map(|&id| self.take(body, id)).collect())
    }

    fn shape(&self, pat: Pat) -> Option<&Shape> {
        self.pats.get(pat as usize)
    }

    /// Takes the first column away. Gives values that no row covers, at most [`MAX_WITNESSES`].
    fn split(&mut self, rows: Vec<Row>, columns: usize) -> Vec<Values> {
        deep(|| self.split_here(rows, columns))
    }

    fn split_here(&mut self, rows: Vec<Row>, columns: usize) -> Vec<Values> {
        self.work += 1 + rows.len() * (columns + 1);
        self.failed |= self.work > MAX_WORK;
        if self.failed {
            return Vec::new();
        }
        if columns == 0 {
            for row in &rows {
                self.useful[row.arm] = true;
                if !row.guarded {
                    return Vec::new();
                }
            }
            return vec![Vec::new()];
        }
        let rows = self.without_alternatives(rows);
        let first = rows.iter().find_map(|r| match self.shape(head(r)) {
            Some(Shape::Con(con, _)) => Some(con.clone()),
            _ => None,
        });
        match first {
            None => {
                let others = self.others(&rows);
                let values = self.split(others, columns - 1);
                self.with(values, Witness::Wild)
            }
            Some(Con::Variant(adt, _)) => self.split_adt(&rows, columns, adt),
            Some(Con::Tuple(arity)) => {
                let same = |con: &Con| (*con == Con::Tuple(arity)).then_some(0);
                let [rows] = self.distribute(&rows, 1, same).try_into().unwrap_or_default();
                let values = self.split_fields(&rows, columns, arity);
                self.build(values, arity, Witness::Tuple)
            }
            Some(Con::Bool(_)) => {
                let same = |con: &Con| if let Con::Bool(b) = con { Some(usize::from(*b)) } else { None };
                let sides = self.distribute(&rows, 2, same);
                let mut out = Vec::new();
                for (value, side) in [(true, &sides[1]), (false, &sides[0])] {
                    let values = self.split_fields(side, columns, 0);
                    out.extend(self.with(values, Witness::Bool(value)));
                }
                limited(out)
            }
            Some(Con::Range(_, _, ty)) => self.split_integers(&rows, columns, ty),
            Some(con @ (Con::Float(_) | Con::Str(_))) => self.split_open(&rows, columns, &con),
        }
    }

    /// Each alternative of the first column as a row of its own.
    fn without_alternatives(&self, rows: Vec<Row>) -> Vec<Row> {
        if !rows.iter().any(|r| matches!(self.shape(head(r)), Some(Shape::Or(_)))) {
            return rows;
        }
        let mut out = Vec::with_capacity(rows.len() + 1);
        for mut row in rows {
            let mut open = vec![row.pats.pop().unwrap_or(WILD)];
            while let Some(pat) = open.pop() {
                if let Some(Shape::Or(alternatives)) = self.shape(pat) {
                    open.extend(alternatives.iter().rev());
                } else {
                    let mut row = row.clone();
                    row.pats.push(pat);
                    out.push(row);
                }
            }
        }
        out
    }

    /// The rows that match anything in the first column, without it.
    fn others(&self, rows: &[Row]) -> Vec<Row> {
        let wild = rows.iter().filter(|r| head(r) == WILD);
        wild.map(|r| Row { pats: r.pats[..r.pats.len() - 1].to_vec(), ..*r }).collect()
    }

    /// The rows that match each of `count` constructors; `place` tells which one a pattern is.
    fn distribute(&mut self, rows: &[Row], count: usize, place: impl Fn(&Con) -> Option<usize>) -> Vec<Vec<Row>> {
        let mut out = vec![Vec::new(); count];
        for row in rows {
            match self.shape(head(row)) {
                Some(Shape::Con(con, _)) => match place(con).and_then(|n| out.get_mut(n)) {
                    Some(bucket) => bucket.push(row.clone()),
                    None => self.failed = true,
                },
                _ => {
                    self.work += count;
                    out.iter_mut().for_each(|bucket| bucket.push(row.clone()));
                }
            }
        }
        out
    }

    /// Goes on with the fields of the first column's constructor, which all rows match.
    fn split_fields(&mut self, rows: &[Row], columns: usize, arity: usize) -> Vec<Values> {
        let mut inner = Vec::with_capacity(rows.len());
        for row in rows {
            let mut pats = row.pats.clone();
            match pats.pop().and_then(|p| self.shape(p)) {
                Some(Shape::Con(_, fields)) if fields.len() == arity => pats.extend(fields.iter().rev()),
                Some(_) => self.failed = true,
                None => pats.extend(std::iter::repeat_n(WILD, arity)),
            }
            inner.push(Row { pats, ..*row });
        }
        self.split(inner, columns - 1 + arity)
    }

    fn split_adt(&mut self, rows: &[Row], columns: usize, adt: AdtId) -> Vec<Values> {
        let variants = &self.adts[adt.0 as usize].variants;
        self.work += variants.len();
        let mut present = vec![false; variants.len()];
        for row in rows {
            if let Some(Shape::Con(Con::Variant(_, n), _)) = self.shape(head(row))
                && let Some(known) = present.get_mut(*n as usize)
            {
                *known = true;
            }
        }
        let same = |con: &Con| match con {
            Con::Variant(id, n) if *id == adt => Some(*n as usize),
            _ => None,
        };
        let missing = present.contains(&false);
        // Rows that match anything are needed once for all missing variants, not in each of them.
        let uncovered = if missing {
            let others = self.others(rows);
            self.split(others, columns - 1)
        } else {
            Vec::new()
        };
        let buckets = self.distribute(rows, variants.len(), same);
        let mut out = Vec::new();
        for (n, bucket) in buckets.iter().enumerate() {
            let arity = variants[n].fields.len();
            let variant = |fields| Witness::Variant(adt, n as u32, fields);
            if present[n] {
                let values = self.split_fields(bucket, columns, arity);
                out.extend(self.build(values, arity, variant));
            } else if out.len() < MAX_WITNESSES {
                let fields = (0..arity).map(|_| self.witness(Witness::Wild)).collect();
                out.extend(self.with(uncovered.clone(), variant(fields)));
            }
        }
        limited(out)
    }

    /// Integers: one constructor for each segment between the ends of the column's ranges.
    fn split_integers(&mut self, rows: &[Row], columns: usize, ty: Ty) -> Vec<Values> {
        // Where a segment starts; i128, because one may end at the largest integer.
        let (least, greatest) = ty.range();
        let mut starts = vec![least];
        for row in rows {
            if let Some(Shape::Con(Con::Range(from, to, _), _)) = self.shape(head(row))
                && from <= to
            {
                starts.extend([*from, *to + 1]);
            }
        }
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|&s| s <= greatest);
        let end = |n: usize| starts.get(n + 1).map_or(greatest, |s| s - 1);
        let mut buckets: Vec<Vec<Row>> = vec![Vec::new(); starts.len()];
        let mut covered = vec![false; starts.len()];
        for row in rows {
            match self.shape(head(row)) {
                Some(&Shape::Con(Con::Range(from, to, _), _)) => {
                    let first = starts.partition_point(|&s| s < from);
                    for n in (first..starts.len()).take_while(|&n| starts[n] <= to) {
                        buckets[n].push(row.clone());
                        covered[n] = true;
                        self.work += 1;
                    }
                }
                None => {
                    self.work += buckets.len();
                    buckets.iter_mut().for_each(|bucket| bucket.push(row.clone()));
                }
                Some(_) => self.failed = true,
            }
            if self.work > MAX_WORK {
                self.failed = true;
                return Vec::new();
            }
        }
        let mut out = Vec::new();
        let mut gaps: Vec<(i128, i128)> = Vec::new();
        for (n, bucket) in buckets.iter().enumerate() {
            let (from, to) = (starts[n], end(n));
            if covered[n] {
                let values = self.split_fields(bucket, columns, 0);
                let open = from != to && (from == least || to == greatest);
                out.extend(self.with(values, if open { Witness::Wild } else { Witness::Range(from, to) }));
            } else if let Some(last) = gaps.last_mut().filter(|last| last.1 + 1 == from) {
                last.1 = to;
            } else {
                gaps.push((from, to));
            }
        }
        if !gaps.is_empty() {
            let others = self.others(rows);
            let uncovered = self.split(others, columns - 1);
            // A gap without an end is all that the user did not think of. What lacks in a segment lacks there too.
            let open = gaps.iter().any(|&(from, to)| from == least || to == greatest);
            if open {
                out = self.with(uncovered, Witness::Wild);
            } else {
                for &(from, to) in gaps.iter().take(MAX_WITNESSES) {
                    out.extend(self.with(uncovered.clone(), Witness::Range(from, to)));
                }
            }
        }
        limited(out)
    }

    /// Strings and floats: any number of constructors, of which some are always missing.
    fn split_open(&mut self, rows: &[Row], columns: usize, first: &Con) -> Vec<Values> {
        let mut known: FxHashMap<&Con, usize> = FxHashMap::default();
        let mut fits = true;
        for row in rows {
            if let Some(Shape::Con(con, _)) = self.pats.get(head(row) as usize) {
                fits &= std::mem::discriminant(con) == std::mem::discriminant(first);
                let next = known.len();
                known.entry(con).or_insert(next);
            }
        }
        let count = known.len();
        let places: Vec<Option<usize>> = rows
            .iter()
            .map(|r| match self.pats.get(head(r) as usize) {
                Some(Shape::Con(con, _)) => known.get(con).copied(),
                _ => None,
            })
            .collect();
        self.failed |= !fits;
        let mut buckets: Vec<Vec<Row>> = vec![Vec::new(); count];
        for (row, place) in rows.iter().zip(places) {
            match place {
                Some(n) => buckets[n].push(row.clone()),
                None => {
                    self.work += count;
                    buckets.iter_mut().for_each(|bucket| bucket.push(row.clone()));
                }
            }
        }
        for bucket in &buckets {
            // What lacks in one of them lacks in all others too, and is reported there.
            self.split_fields(bucket, columns, 0);
        }
        let others = self.others(rows);
        let values = self.split(others, columns - 1);
        self.with(values, Witness::Wild)
    }

    fn witness(&mut self, w: Witness) -> u32 {
        self.witnesses.push(w);
        self.witnesses.len() as u32 - 1
    }

    /// The values with one more in front.
    fn with(&mut self, mut values: Vec<Values>, first: Witness) -> Vec<Values> {
        if !values.is_empty() {
            let first = self.witness(first);
            values.iter_mut().for_each(|v| v.push(first));
        }
        values
    }

    /// The values with the first `arity` ones put into a constructor.
    fn build(&mut self, mut values: Vec<Values>, arity: usize, con: impl Fn(Vec<u32>) -> Witness) -> Vec<Values> {
        for v in &mut values {
            let mut fields = v.split_off(v.len() - arity);
            fields.reverse();
            let w = self.witness(con(fields));
            v.push(w);
        }
        values
    }

    fn is_wild(&self, w: u32) -> bool {
        match &self.witnesses[w as usize] {
            Witness::Wild => true,
            // These always match, but for what is inside.
            Witness::Tuple(items) => items.iter().all(|&w| self.is_wild_here(w)),
            Witness::Variant(adt, _, fields) => {
                self.adts[adt.0 as usize].kind == AdtKind::Struct && fields.iter().all(|&w| self.is_wild_here(w))
            }
            _ => false,
        }
    }

    fn is_wild_here(&self, w: u32) -> bool {
        deep(|| self.is_wild(w))
    }

    /// The witness as a user writes it.
    fn show(&self, w: u32, names: &Names) -> String {
        let mut out = String::new();
        self.write(w, names, &mut out);
        out
    }

    fn write(&self, w: u32, names: &Names, out: &mut String) {
        deep(|| match &self.witnesses[w as usize] {
            _ if self.is_wild(w) => out.push('_'),
            Witness::Wild => out.push('_'),
            Witness::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Witness::Range(from, to) if from == to => out.push_str(&from.to_string()),
            Witness::Range(from, to) => out.push_str(&format!("{from}..={to}")),
            Witness::Tuple(items) => {
                out.push('(');
                self.write_list(items, names, out);
                out.push_str(if items.len() == 1 { ",)" } else { ")" });
            }
            Witness::Variant(id, variant, fields) => {
                let adt = &self.adts[id.0 as usize];
                if adt.kind == AdtKind::Struct {
                    out.push_str(names.text(adt.name));
                    out.push_str(" { ");
                    for (n, (field, &w)) in adt.variants[0].fields.iter().zip(fields).enumerate() {
                        out.push_str(if n == 0 { "" } else { ", " });
                        out.push_str(field.name.map_or("_", |name| names.text(name)));
                        out.push_str(": ");
                        self.write(w, names, out);
                    }
                    out.push_str(" }");
                    return;
                }
                out.push_str(&variant_path(adt, *variant, names));
                if !fields.is_empty() {
                    out.push('(');
                    self.write_list(fields, names, out);
                    out.push(')');
                }
            }
        });
    }

    fn write_list(&self, items: &[u32], names: &Names, out: &mut String) {
        for (n, &w) in items.iter().enumerate() {
            out.push_str(if n == 0 { "" } else { ", " });
            self.write(w, names, out);
        }
    }

    /// For a match without arms: every variant (of a struct, anything).
    fn all_variants(&mut self, id: AdtId, names: &Names) -> Vec<String> {
        let adt = &self.adts[id.0 as usize];
        if adt.kind == AdtKind::Struct {
            return vec!["_".into()];
        }
        let mut out = Vec::new();
        for (n, variant) in adt.variants.iter().enumerate().take(MAX_WITNESSES) {
            let fields = variant.fields.iter().map(|_| self.witness(Witness::Wild)).collect();
            let w = self.witness(Witness::Variant(id, n as u32, fields));
            out.push(self.show(w, names));
        }
        out
    }
}

fn head(row: &Row) -> Pat {
    row.pats.last().copied().unwrap_or(WILD)
}

fn limited(mut values: Vec<Values>) -> Vec<Values> {
    values.truncate(MAX_WITNESSES);
    values
}

/// `Shape::Dot`; the variants of `Option` and `Result` are written without their type.
fn variant_path(adt: &Adt, variant: u32, names: &Names) -> String {
    let name = names.text(adt.variants[variant as usize].name);
    match names.text(adt.name) {
        "Option" | "Result" => name.to_owned(),
        adt => format!("{adt}::{name}"),
    }
}

#[cfg(test)]
mod tests;
