//! Matches built by hand, and random ones compared with trying every value.

use super::super::ty::{Field, Variant};
use super::*;
use crate::hir::{Local, LocalId};
use crate::names::Name;
use crate::source::{FileId, Span};

const AT: Span = Span { file: FileId(0), lo: 0, hi: 0 };
const OPTION: AdtId = AdtId(0);
const RESULT: AdtId = AdtId(1);
const ERROR: AdtId = AdtId(2);
const POINT: AdtId = AdtId(3);

struct Fixture {
    types: Types,
    adts: Vec<Adt>,
    names: Names,
    body: Body,
}

impl Fixture {
    /// `Option<T>`, `Result<T, E>`, `enum AppError { NotFound Denied(Int, Bool) Gone }`, `struct Point { x: Int, y: Int }`.
    fn new() -> Fixture {
        let mut f =
            Fixture { types: Types::default(), adts: Vec::new(), names: Names::default(), body: Body::default() };
        let t = f.types.intern(TyKind::Param(0));
        let e = f.types.intern(TyKind::Param(1));
        f.adt("Option", AdtKind::Enum, &[("Some", &[t]), ("None", &[])]);
        f.adt("Result", AdtKind::Enum, &[("Ok", &[t]), ("Err", &[e])]);
        let denied = [Ty::INT, Ty::BOOL];
        f.adt("AppError", AdtKind::Enum, &[("NotFound", &[]), ("Denied", &denied), ("Gone", &[])]);
        f.adt("Point", AdtKind::Struct, &[("Point", &[Ty::INT, Ty::INT])]);
        let (x, y) = (f.names.intern("x"), f.names.intern("y"));
        let fields = &mut f.adts[POINT.0 as usize].variants[0].fields;
        (fields[0].name, fields[1].name) = (Some(x), Some(y));
        f
    }

    fn adt(&mut self, name: &str, kind: AdtKind, variants: &[(&str, &[Ty])]) -> AdtId {
        let field = |&ty: &Ty| Field { name: None, ty, span: AT };
        let variants = variants.iter().map(|(name, fields)| {
            let name = self.names.intern(name);
            Variant { name, span: AT, fields: fields.iter().map(field).collect() }
        });
        let variants = variants.collect();
        let name = self.names.intern(name);
        self.adts.push(Adt { name, kind, span: AT, params: Vec::new(), variants });
        AdtId(self.adts.len() as u32 - 1)
    }

    fn pat(&mut self, kind: PatKind) -> PatId {
        self.body.add_pat(kind, Ty::ERROR, AT)
    }
    fn wild(&mut self) -> PatId {
        self.pat(PatKind::Wild)
    }
    fn bind(&mut self, inner: Option<PatId>) -> PatId {
        let local = self.body.add_local(Local { name: Name(0), span: AT, ty: Ty::INT, mutable: false });
        assert!(local >= LocalId(0));
        self.pat(PatKind::Bind(local, inner))
    }
    fn int(&mut self, n: i64) -> PatId {
        self.pat(PatKind::Lit(Lit::Int(n)))
    }
    fn bool(&mut self, b: bool) -> PatId {
        self.pat(PatKind::Lit(Lit::Bool(b)))
    }
    fn str(&mut self, s: &str) -> PatId {
        self.pat(PatKind::Lit(Lit::Str(s.into())))
    }
    fn range(&mut self, from: i64, to: i64) -> PatId {
        self.pat(PatKind::Range(from, to))
    }
    fn tuple(&mut self, items: &[PatId]) -> PatId {
        self.pat(PatKind::Tuple(items.to_vec()))
    }
    fn or(&mut self, items: &[PatId]) -> PatId {
        self.pat(PatKind::Or(items.to_vec()))
    }
    fn variant(&mut self, adt: AdtId, variant: u32, fields: &[PatId]) -> PatId {
        self.pat(PatKind::Variant { adt, variant, fields: fields.to_vec() })
    }
    fn some(&mut self, p: PatId) -> PatId {
        self.variant(OPTION, 0, &[p])
    }
    fn none(&mut self) -> PatId {
        self.variant(OPTION, 1, &[])
    }

    #[track_caller]
    fn check(&mut self, arms: &[PatId], missing: &[&str], unreachable: &[usize]) {
        let arms: Vec<(PatId, bool)> = arms.iter().map(|&p| (p, false)).collect();
        self.check_guarded(&arms, missing, unreachable);
    }

    #[track_caller]
    fn check_guarded(&mut self, arms: &[(PatId, bool)], missing: &[&str], unreachable: &[usize]) {
        let report = check(&mut self.types, &self.adts, &self.names, &self.body, Ty::INT, arms);
        let missing = missing.iter().map(|&s| s.to_owned()).collect();
        assert_eq!(report, Report { missing, unreachable: unreachable.to_vec() });
    }
}

#[test]
fn a_variable_covers_everything_and_what_follows_is_unreachable() {
    let mut f = Fixture::new();
    let (x, one, wild) = (f.bind(None), f.int(1), f.wild());
    f.check(&[x], &[], &[]);
    f.check(&[one, x, wild], &[], &[2]);
    f.check(&[x, one, wild], &[], &[1, 2]);
}

#[test]
fn missing_variants_are_named_in_order() {
    let mut f = Fixture::new();
    let wild = f.wild();
    let (some, none) = (f.some(wild), f.none());
    f.check(&[some], &["None"], &[]);
    f.check(&[none], &["Some(_)"], &[]);
    f.check(&[some, none], &[], &[]);
    f.check(&[none, some, none], &[], &[2]);
    let gone = f.variant(ERROR, 2, &[]);
    f.check(&[gone], &["AppError::NotFound", "AppError::Denied(_, _)"], &[]);
}

#[test]
fn nested_patterns_are_seen_through() {
    let mut f = Fixture::new();
    let wild = f.wild();
    let (yes, gone) = (f.bool(true), f.variant(ERROR, 2, &[]));
    let denied = f.variant(ERROR, 1, &[wild, yes]);
    let (ok, err_gone, err_denied) =
        (f.variant(RESULT, 0, &[wild]), f.variant(RESULT, 1, &[gone]), f.variant(RESULT, 1, &[denied]));
    f.check(&[ok, err_gone, err_denied], &["Err(AppError::NotFound)", "Err(AppError::Denied(_, false))"], &[]);
    let some_true = f.some(yes);
    let twice = f.some(some_true);
    f.check(&[twice], &["Some(Some(false))", "Some(None)", "None"], &[]);
}

#[test]
fn tuples_combine_their_columns() {
    let mut f = Fixture::new();
    let (yes, no, wild) = (f.bool(true), f.bool(false), f.wild());
    let (a, b, c) = (f.tuple(&[yes, wild]), f.tuple(&[wild, yes]), f.tuple(&[no, no]));
    f.check(&[a, b, c], &[], &[]);
    f.check(&[a, b], &["(false, false)"], &[]);
    f.check(&[b], &["(_, false)"], &[]);
    f.check(&[b, c], &["(true, false)"], &[]);
    let all = f.tuple(&[wild, wild]);
    f.check(&[a, b, c, all], &[], &[3]);
    let unit = f.tuple(&[]);
    f.check(&[unit], &[], &[]);
}

#[test]
fn structs_always_match_but_for_their_fields() {
    let mut f = Fixture::new();
    let (wild, zero) = (f.wild(), f.int(0));
    let (any, axis) = (f.variant(POINT, 0, &[wild, wild]), f.variant(POINT, 0, &[zero, wild]));
    f.check(&[any], &[], &[]);
    f.check(&[axis], &["_"], &[]);
    let yes = f.bool(true);
    let pair = f.tuple(&[axis, yes]);
    let (rest, no) = (f.tuple(&[any, yes]), f.bool(false));
    f.check(&[pair, rest], &["(_, false)"], &[]);
    let origin = f.variant(POINT, 0, &[zero, zero]);
    let other = f.tuple(&[origin, no]);
    f.check(&[rest, other], &["(_, false)"], &[]);
    let low = f.range(i64::MIN, 0);
    let high = f.range(2, i64::MAX);
    let (left, right) = (f.variant(POINT, 0, &[low, wild]), f.variant(POINT, 0, &[high, wild]));
    f.check(&[left, right], &["Point { x: 1, y: _ }"], &[]);
}

#[test]
fn integers_need_a_wildcard_unless_ranges_cover_them() {
    let mut f = Fixture::new();
    let (one, two, wild) = (f.int(1), f.int(2), f.wild());
    f.check(&[one, two], &["_"], &[]);
    f.check(&[one, two, wild, one], &[], &[3]);
    f.check(&[one, one, wild], &[], &[1]);
    let (low, high, middle) = (f.range(i64::MIN, -1), f.range(10, i64::MAX), f.range(0, 9));
    f.check(&[low, middle, high], &[], &[]);
    f.check(&[low, high], &["0..=9"], &[]);
    let five = f.int(5);
    f.check(&[low, five, high], &["0..=4", "6..=9"], &[]);
    f.check(&[low, middle, five, high], &[], &[2]);
    let (to_4, from_6) = (f.range(0, 4), f.range(6, 9));
    f.check(&[low, to_4, from_6, high], &["5"], &[]);
    let empty = f.range(3, 2);
    f.check(&[empty, wild], &[], &[0]);
}

#[test]
fn strings_and_floats_are_never_complete() {
    let mut f = Fixture::new();
    let (a, b, a2, wild) = (f.str("a"), f.str("b"), f.str("a"), f.wild());
    f.check(&[a, b], &["_"], &[]);
    f.check(&[a, b, a2, wild], &[], &[2]);
    let (zero, minus) = (f.pat(PatKind::Lit(Lit::Float(0.0))), f.pat(PatKind::Lit(Lit::Float(-0.0))));
    f.check(&[zero, minus, wild], &[], &[1]);
    f.check(&[zero], &["_"], &[]);
    let yes = f.bool(true);
    let pair = f.tuple(&[a, yes]);
    let rest = f.tuple(&[wild, wild]);
    f.check(&[pair], &["_"], &[]);
    f.check(&[pair, rest], &[], &[]);
}

#[test]
fn alternatives_and_bindings_are_transparent() {
    let mut f = Fixture::new();
    let (yes, no) = (f.bool(true), f.bool(false));
    let both = f.or(&[yes, no]);
    f.check(&[both], &[], &[]);
    let some = f.some(both);
    let none = f.none();
    f.check(&[some, none], &[], &[]);
    let inner = f.or(&[yes]);
    let nested = f.or(&[inner, no]);
    f.check(&[nested, yes], &[], &[1]);
    let (some_yes, wild) = (f.some(yes), f.wild());
    let named = f.bind(Some(some_yes));
    f.check(&[named], &["Some(false)", "None"], &[]);
    f.check(&[named, wild, named], &[], &[2]);
}

#[test]
fn a_guarded_arm_covers_nothing() {
    let mut f = Fixture::new();
    let wild = f.wild();
    let (some, none) = (f.some(wild), f.none());
    f.check_guarded(&[(some, true), (none, false)], &["Some(_)"], &[]);
    f.check_guarded(&[(some, true), (some, false), (none, false)], &[], &[]);
    f.check_guarded(&[(some, false), (some, true), (none, false)], &[], &[1]);
    f.check_guarded(&[(wild, true)], &["_"], &[]);
}

#[test]
fn errors_suppress_the_report() {
    let mut f = Fixture::new();
    let (one, error) = (f.int(1), f.pat(PatKind::Error));
    let inside = f.some(error);
    f.check(&[one, error], &[], &[]);
    f.check(&[inside, inside], &[], &[]);
    let yes = f.bool(true);
    f.check(&[one, yes], &[], &[]);
    let none = f.none();
    let arms = [(none, false)];
    let report = check(&mut f.types, &f.adts, &f.names, &f.body, Ty::ERROR, &arms);
    assert_eq!(report, Report::default());
}

#[test]
fn a_match_without_arms_misses_every_variant() {
    let mut f = Fixture::new();
    let ty = f.types.app(TyCon::Adt(OPTION), &[Ty::INT]);
    let report = check(&mut f.types, &f.adts, &f.names, &f.body, ty, &[]);
    assert_eq!(report.missing, ["Some(_)", "None"]);
    f.check(&[], &["_"], &[]);
}

#[test]
fn many_arms_take_little_work() {
    let mut f = Fixture::new();
    let mut arms: Vec<PatId> = (0..20_000).map(|n| f.int(n)).collect();
    f.check(&arms, &["_"], &[]);
    arms.push(arms[7]);
    let wild = f.wild();
    arms.push(wild);
    f.check(&arms, &[], &[20_000]);
    let names: Vec<String> = (0..2000).map(|n| format!("V{n}")).collect();
    let variants: Vec<(&str, &[Ty])> = names.iter().map(|n| (n.as_str(), &[] as &[Ty])).collect();
    let large = f.adt("Large", AdtKind::Enum, &variants);
    let arms: Vec<PatId> = (0..1999).map(|n| f.variant(large, n, &[])).collect();
    f.check(&arms, &["Large::V1999"], &[]);
}

#[test]
fn deep_patterns_do_not_overflow_the_stack() {
    let mut f = Fixture::new();
    let mut pat = f.wild();
    for _ in 0..20_000 {
        pat = f.some(pat);
    }
    let arms = [(pat, false)];
    let report = check(&mut f.types, &f.adts, &f.names, &f.body, Ty::INT, &arms);
    assert_eq!(report.missing.len(), MAX_WITNESSES);
}

/// Rows that each fix another pair of columns: the walk doubles with every column.
#[test]
fn the_worst_case_gives_up_without_a_report() {
    let mut f = Fixture::new();
    let (yes, no, wild) = (f.bool(true), f.bool(false), f.wild());
    let arms: Vec<PatId> = (0..30)
        .flat_map(|n| [(n, yes), (n, no)])
        .map(|(n, value)| {
            let mut row = vec![wild; 60];
            (row[n], row[n + 30]) = (value, value);
            f.tuple(&row)
        })
        .collect();
    let start = std::time::Instant::now();
    f.check(&arms, &[], &[]);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// A value to try patterns on.
enum Value {
    Bool(bool),
    Int(i64),
    Variant(u32, Vec<Value>),
    Tuple(Vec<Value>),
}

impl Fixture {
    fn matches(&self, pat: PatId, value: &Value) -> bool {
        let all = |pats: &[PatId], values: &[Value]| pats.iter().zip(values).all(|(&p, v)| self.matches(p, v));
        match (&self.body.pat(pat).kind, value) {
            (PatKind::Wild, _) => true,
            (PatKind::Bind(_, inner), _) => inner.is_none_or(|p| self.matches(p, value)),
            (PatKind::Or(pats), _) => pats.iter().any(|&p| self.matches(p, value)),
            (PatKind::Lit(Lit::Bool(a)), Value::Bool(b)) => a == b,
            (PatKind::Lit(Lit::Int(a)), Value::Int(b)) => a == b,
            (PatKind::Range(from, to), Value::Int(n)) => (from..=to).contains(&n),
            (PatKind::Variant { variant, fields, .. }, Value::Variant(n, values)) => {
                variant == n && all(fields, values)
            }
            (PatKind::Tuple(items), Value::Tuple(values)) => all(items, values),
            _ => panic!("the pattern is of another type"),
        }
    }

    /// A pattern for `(Bool, Option<Int>)`, `Option<Int>`, `Int` or `Bool`: sort 0 to 3.
    fn random(&mut self, sort: u32, random: &mut impl FnMut(u32) -> u32) -> PatId {
        match random(8) {
            0 | 1 => return self.wild(),
            2 => {
                let (a, b) = (self.random(sort, random), self.random(sort, random));
                return self.or(&[a, b]);
            }
            3 => {
                let inner = self.random(sort, random);
                return self.bind(Some(inner));
            }
            _ => {}
        }
        match sort {
            0 => {
                let (a, b) = (self.random(3, random), self.random(1, random));
                self.tuple(&[a, b])
            }
            1 if random(3) == 0 => self.none(),
            1 => {
                let inner = self.random(2, random);
                self.some(inner)
            }
            2 => {
                let ends = [i64::MIN, 0, 1, 2, i64::MAX];
                let (a, b) = (ends[random(5) as usize], ends[random(5) as usize]);
                self.range(a.min(b), a.max(b))
            }
            _ => self.bool(random(2) == 0),
        }
    }
}

#[test]
fn reports_agree_with_trying_every_value() {
    let mut values = Vec::new();
    for b in [true, false] {
        values.push(Value::Tuple(vec![Value::Bool(b), Value::Variant(1, Vec::new())]));
        // Patterns have ends at 0, 1 and 2 only: one value of each segment stands for all of it.
        for n in [i64::MIN, -5, 0, 1, 2, 3, i64::MAX] {
            values.push(Value::Tuple(vec![Value::Bool(b), Value::Variant(0, vec![Value::Int(n)])]));
        }
    }
    let mut state = 1u64;
    let mut random = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % below
    };
    let mut complete = 0;
    for _ in 0..3000 {
        let mut f = Fixture::new();
        let arms: Vec<(PatId, bool)> = (0..=random(6)).map(|_| (f.random(0, &mut random), random(5) == 0)).collect();
        let report = check(&mut f.types, &f.adts, &f.names, &f.body, Ty::INT, &arms);
        let covered = |v: &Value, arms: &[(PatId, bool)]| arms.iter().any(|&(p, g)| !g && f.matches(p, v));
        assert_eq!(report.missing.is_empty(), values.iter().all(|v| covered(v, &arms)));
        let unreachable: Vec<usize> = (0..arms.len())
            .filter(|&n| !values.iter().any(|v| f.matches(arms[n].0, v) && !covered(v, &arms[..n])))
            .collect();
        assert_eq!(report.unreachable, unreachable);
        complete += usize::from(report.missing.is_empty());
    }
    assert!((300..2700).contains(&complete), "both outcomes occur: {complete}");
}
