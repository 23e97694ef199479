//! MIR as text, for tests and `emit-mir`; `parse` reads it back.
//!
//! ```text
//! struct P { Int, String }
//! enum Option<T> { Some(T), None }
//!
//! fn pick(_1 (s): String, ref _2: List<Int>, mut _3: P) -> Option<Int> {
//!     let _4 (n): Int
//!     bb0: {
//!         _4 = len(_2)
//!         _3.0 = add(copy _4, 1)
//!         call string_append<String>(copy _1, borrow _3.1) -> _1 [return bb1, unwind bb2]
//!     }
//!     bb1: {
//!         drop _1
//!         _0 = Option::Some(copy _2[_4])
//!         return
//!     }
//!     bb2 cleanup: {
//!         resume
//!     }
//! }
//! ```
//!
//! * Places: `_1`, `_1.0`, `_1@Some.0`, `_1[_2]`. Operands: `copy`, `move`, `borrow`, `mut` and a place, or a literal
//!   (`()`, `-1`, `0.5`, `true`, `"text"`, `Uint8(255)`, `Float32(bits)`).
//! * Rvalues: an operand; `add sub mul div rem and or xor shl shr eq ne lt le gt ge not neg bitnot (…)`; `tuple(…)`;
//!   `P(…)`, `Option::None`; `discriminant(place)`; `len(place)`.
//! * Terminators: `goto bb1`; `switch op [0: bb1, else bb2]`; `return`; `unreachable`; `resume`;
//!   `call callee(…) -> place [return bb1, unwind bb2]`; `check index(i, n) [return bb1]`, `check division(a, b) […]`;
//!   `spawn future|detached|parallel(op) T body(captures) -> place [return bb1]`;
//!   `select { recv op -> _1 [bb1] send op, op [bb2] timeout op [bb3] default [bb3] } [unwind bb4]`.
//! * Callees: an intrinsic by its name, `@name` or `@3` an instance, `fn#3<T>` a function before `mono`, `spawned#0` a
//!   spawned body of this one before `mono`, `dyn Shape<Disc> [@Disc.area, …]` makes a `dyn Shape`, `method#0 bo` calls the
//!   first method of its table (`b` borrowed, `o` owned, `m` by reference); these bodies stand after the blocks as `spawned fn …`.
//! * `entry fn` is the program's main (the first body if none is marked). `fn f<2>` has two generic parameters, called
//!   `T0` and `T1` in its types.

use super::typing::place_ty;
use super::{
    BinaryOp, Body, Callee, Check, Const, InstanceId, Local, LocalDecl, Operand, Passing, Place, Program, Projection,
    Rvalue, SelectArm, SelectOtherwise, SpawnBody, SpawnKind, StatementKind, TerminatorKind, UnaryOp,
};
use crate::names::Names;
use crate::types::ty::{Adt, AdtKind, Ty, TyCon, TyKind, Types};
use rustc_hash::FxHashMap;
use std::fmt::Write as _;

/// How arguments are passed, as intrinsics write it.
fn letters(passing: &[Passing]) -> String {
    let letter = |p: &Passing| match p {
        Passing::Owned => 'o',
        Passing::Borrowed => 'b',
        Passing::ByRef => 'm',
    };
    passing.iter().map(letter).collect()
}

pub const BINARY: &[(BinaryOp, &str)] = &[
    (BinaryOp::Add, "add"),
    (BinaryOp::Sub, "sub"),
    (BinaryOp::Mul, "mul"),
    (BinaryOp::Div, "div"),
    (BinaryOp::Rem, "rem"),
    (BinaryOp::BitAnd, "and"),
    (BinaryOp::BitOr, "or"),
    (BinaryOp::BitXor, "xor"),
    (BinaryOp::Shl, "shl"),
    (BinaryOp::Shr, "shr"),
    (BinaryOp::Eq, "eq"),
    (BinaryOp::Ne, "ne"),
    (BinaryOp::Lt, "lt"),
    (BinaryOp::Le, "le"),
    (BinaryOp::Gt, "gt"),
    (BinaryOp::Ge, "ge"),
];
pub const UNARY: &[(UnaryOp, &str)] = &[(UnaryOp::Not, "not"), (UnaryOp::Neg, "neg"), (UnaryOp::BitNot, "bitnot")];

/// A whole program: the declarations of its types and every body.
pub fn print_program(program: &Program, types: &mut Types, adts: &[Adt], names: &Names) -> String {
    let mut out = print_adts(types, adts, names);
    // A name that several bodies share is no reference; those are printed by number.
    let mut uses: FxHashMap<&str, u32> = FxHashMap::default();
    for body in &program.instances {
        *uses.entry(&body.name).or_default() += 1;
    }
    let instances: Vec<Option<String>> =
        program.instances.iter().map(|b| (uses[b.name.as_str()] == 1).then(|| quote_name(&b.name))).collect();
    for (index, body) in program.instances.iter().enumerate() {
        if !out.is_empty() {
            out.push('\n');
        }
        if program.main == InstanceId(index as u32) {
            out.push_str("entry ");
        }
        Printer { types, adts, names, instances: &instances, body, out: &mut out, indent: 0 }.body();
    }
    out
}

/// One body; instances it calls are printed by number.
pub fn print_body(body: &Body, types: &mut Types, adts: &[Adt], names: &Names) -> String {
    let mut out = String::new();
    Printer { types, adts, names, instances: &[], body, out: &mut out, indent: 0 }.body();
    out
}

/// The declarations of structs and enums that make a text self-contained.
pub fn print_adts(types: &Types, adts: &[Adt], names: &Names) -> String {
    let mut out = String::new();
    for adt in adts {
        let params: Vec<&str> = adt.params.iter().map(|p| names.text(*p)).collect();
        let generics = if params.is_empty() { String::new() } else { format!("<{}>", params.join(", ")) };
        let fields = |variant: usize| {
            let list = adt.variants[variant].fields.iter().map(|f| {
                let ty = types.display(f.ty, adts, names, &adt.params);
                f.name.map_or(ty.clone(), |n| format!("{}: {ty}", names.text(n)))
            });
            list.collect::<Vec<_>>().join(", ")
        };
        let name = names.text(adt.name);
        match adt.kind {
            AdtKind::Struct => {
                let _ = writeln!(out, "struct {name}{generics} {{ {} }}", fields(0));
            }
            AdtKind::Enum => {
                let variants: Vec<String> = (0..adt.variants.len())
                    .map(|v| {
                        let variant = names.text(adt.variants[v].name);
                        let fields = fields(v);
                        if fields.is_empty() { variant.into() } else { format!("{variant}({fields})") }
                    })
                    .collect();
                let _ = writeln!(out, "enum {name}{generics} {{ {} }}", variants.join(", "));
            }
        }
    }
    out
}

pub fn quote_name(name: &str) -> String {
    let is_block = name.strip_prefix("bb").is_some_and(|n| n.parse::<u32>().is_ok());
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !is_block;
    if plain { name.into() } else { quote(name) }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\'' => out.push('\''),
            c => out.extend(c.escape_debug()),
        }
    }
    out.push('"');
    out
}

struct Printer<'a> {
    types: &'a mut Types,
    adts: &'a [Adt],
    names: &'a Names,
    instances: &'a [Option<String>],
    body: &'a Body,
    out: &'a mut String,
    indent: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn ty(&self, ty: Ty) -> String {
        self.types.display(ty, self.adts, self.names, &[])
    }

    fn ty_args(&self, args: &[Ty]) -> String {
        if args.is_empty() {
            return String::new();
        }
        format!("<{}>", args.iter().map(|t| self.ty(*t)).collect::<Vec<_>>().join(", "))
    }

    fn decl(&self, index: usize, decl: &LocalDecl) -> String {
        let passing = match decl.passing {
            Passing::Owned => "",
            Passing::Borrowed => "ref ",
            Passing::ByRef => "mut ",
        };
        let name = decl.name.map_or(String::new(), |n| format!(" ({})", quote_name(self.names.text(n))));
        format!("{passing}_{index}{name}: {}", self.ty(decl.ty))
    }

    fn body(&mut self) {
        let body = self.body;
        let params = body.params as usize;
        let generics = if body.generics == 0 { String::new() } else { format!("<{}>", body.generics) };
        let decls: Vec<String> = body.locals.iter().enumerate().map(|(i, d)| self.decl(i, d)).collect();
        let list = decls.get(1..=params).unwrap_or(&[]).join(", ");
        let result = body.locals.first().map_or(Ty::UNIT, |d| d.ty);
        let header = format!("fn {}{generics}({list}) -> {} {{", quote_name(&body.name), self.ty(result));
        // `entry` or `spawned` may stand before it on the same line.
        self.out.push_str(&header);
        self.out.push('\n');
        self.indent += 1;
        for decl in decls.get(params + 1..).unwrap_or(&[]) {
            self.line(&format!("let {decl}"));
        }
        for (index, block) in body.blocks.iter().enumerate() {
            self.line(&format!("bb{index}{}: {{", if block.cleanup { " cleanup" } else { "" }));
            self.indent += 1;
            for statement in &block.statements {
                let text = match &statement.kind {
                    StatementKind::Assign(place, rvalue) => {
                        let value = self.rvalue(rvalue);
                        format!("{} = {value}", self.place(place))
                    }
                    StatementKind::Drop(place) => format!("drop {}", self.place(place)),
                };
                self.line(&text);
            }
            let text = self.terminator(&block.terminator.kind);
            self.line(&text);
            self.indent -= 1;
            self.line("}");
        }
        for spawned in &body.spawned {
            for _ in 0..self.indent {
                self.out.push_str("    ");
            }
            self.out.push_str("spawned ");
            Printer {
                types: self.types,
                adts: self.adts,
                names: self.names,
                instances: self.instances,
                body: spawned,
                out: self.out,
                indent: self.indent,
            }
            .body();
        }
        self.indent -= 1;
        self.line("}");
    }

    fn place(&mut self, place: &Place) -> String {
        let mut text = format!("_{}", place.local.0);
        for (index, projection) in place.projection.iter().enumerate() {
            match projection {
                Projection::Field(n) => {
                    let _ = write!(text, ".{n}");
                }
                Projection::Variant(v) => {
                    let base = Place { local: place.local, projection: place.projection[..index].to_vec() };
                    let _ = match self.variant_name(&base, *v) {
                        Some(name) => write!(text, "@{name}"),
                        None => write!(text, "@{v}"),
                    };
                }
                Projection::Index(local) => {
                    let _ = write!(text, "[_{}]", local.0);
                }
            }
        }
        text
    }

    fn variant_name(&mut self, base: &Place, variant: u32) -> Option<String> {
        let ty = place_ty(self.body, base, self.types, self.adts)?;
        let TyKind::App(TyCon::Adt(id), _) = self.types.kind(ty) else { return None };
        Some(self.names.text(self.adts.get(id.0 as usize)?.variants.get(variant as usize)?.name).into())
    }

    fn operand(&mut self, operand: &Operand) -> String {
        match operand {
            Operand::Copy(p) => format!("copy {}", self.place(p)),
            Operand::Move(p) => format!("move {}", self.place(p)),
            Operand::Borrow(p) => format!("borrow {}", self.place(p)),
            Operand::Mut(p) => format!("mut {}", self.place(p)),
            Operand::Const(c) => match c {
                Const::Unit => "()".into(),
                Const::Int(n) => n.to_string(),
                Const::Float(x) if x.is_finite() => format!("{x:?}"),
                Const::Float(x) => format!("float({})", x.to_bits() as i64),
                Const::Bool(b) => b.to_string(),
                Const::Str(s) => quote(s),
                Const::Fixed(width, n) => format!("{}({n})", width.name()),
                Const::Float32(x) => format!("Float32({})", x.to_bits()),
            },
        }
    }

    fn operands(&mut self, list: &[Operand]) -> String {
        list.iter().map(|o| self.operand(o)).collect::<Vec<_>>().join(", ")
    }

    fn rvalue(&mut self, rvalue: &Rvalue) -> String {
        let name = |table: &[(BinaryOp, &'static str)], op: &BinaryOp| {
            table.iter().find(|(o, _)| o == op).map_or("?", |(_, n)| *n)
        };
        match rvalue {
            Rvalue::Use(operand) => self.operand(operand),
            Rvalue::Binary(op, a, b) => {
                let a = self.operand(a);
                format!("{}({a}, {})", name(BINARY, op), self.operand(b))
            }
            Rvalue::Unary(op, a) => {
                let name = UNARY.iter().find(|(o, _)| o == op).map_or("?", |(_, n)| *n);
                format!("{name}({})", self.operand(a))
            }
            Rvalue::Construct { adt, variant, fields } => {
                let fields = self.operands(fields);
                let adt = &self.adts[adt.0 as usize];
                let adt_name = self.names.text(adt.name);
                match adt.kind {
                    AdtKind::Struct => format!("{adt_name}({fields})"),
                    AdtKind::Enum => {
                        let variant = self.names.text(adt.variants[*variant as usize].name);
                        let fields = if fields.is_empty() { String::new() } else { format!("({fields})") };
                        format!("{adt_name}::{variant}{fields}")
                    }
                }
            }
            Rvalue::Tuple(items) => format!("tuple({})", self.operands(items)),
            Rvalue::Discriminant(place) => format!("discriminant({})", self.place(place)),
            Rvalue::ListLen(place) => format!("len({})", self.place(place)),
        }
    }

    fn instance(&self, id: InstanceId) -> String {
        match self.instances.get(id.0 as usize) {
            Some(Some(name)) => format!("@{name}"),
            _ => format!("@{}", id.0),
        }
    }

    fn spawn_body(&mut self, body: &SpawnBody) -> String {
        match body {
            SpawnBody::Local(n) => format!("spawned#{n}"),
            SpawnBody::Function(id, tys) => format!("fn#{}{}", id.0, self.ty_args(tys)),
            SpawnBody::Instance(id) => self.instance(*id),
        }
    }

    fn terminator(&mut self, kind: &TerminatorKind) -> String {
        let ways = |target: Option<super::BlockId>, unwind: Option<super::BlockId>| {
            let ways: Vec<String> = target
                .iter()
                .map(|t| format!("return bb{}", t.0))
                .chain(unwind.iter().map(|t| format!("unwind bb{}", t.0)))
                .collect();
            if ways.is_empty() { String::new() } else { format!(" [{}]", ways.join(", ")) }
        };
        match kind {
            TerminatorKind::Goto(target) => format!("goto bb{}", target.0),
            TerminatorKind::Switch { value, targets, otherwise } => {
                let mut text = format!("switch {} [", self.operand(value));
                for (value, target) in targets {
                    let _ = write!(text, "{value}: bb{}, ", target.0);
                }
                let _ = write!(text, "else bb{}]", otherwise.0);
                text
            }
            TerminatorKind::Return => "return".into(),
            TerminatorKind::Unreachable => "unreachable".into(),
            TerminatorKind::Resume => "resume".into(),
            TerminatorKind::Call { callee, args, dest, target, unwind } => {
                let callee = match callee {
                    Callee::Function(id, tys) => format!("fn#{}{}", id.0, self.ty_args(tys)),
                    Callee::Instance(id) => self.instance(*id),
                    Callee::Intrinsic(op, tys) => format!("{}{}", op.name(), self.ty_args(tys)),
                    Callee::Value => "value".into(),
                    Callee::Dyn { of, ty, methods } => {
                        let methods: Vec<String> = methods.iter().map(|m| self.instance(*m)).collect();
                        let of = self.names.text(self.types.traits.get(*of).name);
                        format!("dyn {of}{} [{}]", self.ty_args(&[*ty]), methods.join(", "))
                    }
                    Callee::Method { slot, passing } => format!("method#{slot} {}", letters(passing)),
                    Callee::Closure(body) => format!("closure {}", self.spawn_body(body)),
                };
                let args = self.operands(args);
                format!("call {callee}({args}) -> {}{}", self.place(dest), ways(*target, *unwind))
            }
            TerminatorKind::Check { check, target, unwind } => {
                let (name, a, b) = match check {
                    Check::Index { index, len } => ("index", index, len),
                    Check::Division { dividend, divisor } => ("division", dividend, divisor),
                };
                let a = self.operand(a);
                format!("check {name}({a}, {}){}", self.operand(b), ways(Some(*target), *unwind))
            }
            TerminatorKind::Spawn { body, captures, kind, result, dest, target } => {
                let kind = match kind {
                    SpawnKind::Future => "future".into(),
                    SpawnKind::Detached => "detached".into(),
                    SpawnKind::Parallel(scope) => format!("parallel({})", self.operand(scope)),
                };
                let body = self.spawn_body(body);
                let captures = self.operands(captures);
                let (result, dest) = (self.ty(*result), self.place(dest));
                format!("spawn {kind} {result} {body}({captures}) -> {dest}{}", ways(Some(*target), None))
            }
            TerminatorKind::Select { arms, otherwise, unwind } => {
                let mut parts = Vec::new();
                for arm in arms {
                    parts.push(match arm {
                        SelectArm::Recv { channel, into: Local(into), target } => {
                            format!("recv {} -> _{into} [bb{}]", self.operand(channel), target.0)
                        }
                        SelectArm::Send { channel, value, target } => {
                            let channel = self.operand(channel);
                            format!("send {channel}, {} [bb{}]", self.operand(value), target.0)
                        }
                    });
                }
                match otherwise {
                    SelectOtherwise::Wait => {}
                    SelectOtherwise::Default(target) => parts.push(format!("default [bb{}]", target.0)),
                    SelectOtherwise::Timeout(time, target) => {
                        parts.push(format!("timeout {} [bb{}]", self.operand(time), target.0));
                    }
                }
                format!("select {{ {} }}{}", parts.join("; "), ways(None, *unwind))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::Body;
    use crate::mir::parse::parse_program;

    /// Every construct once, as the printer writes it.
    const EVERYTHING: &str = r#"struct P { x: Int, String }
enum Option<T> { Some(T), None }
enum E { A(why: String, Option<E>), Bär }

entry fn first<2>(_1 (s): String, ref _2: List<T0>, mut _3: P, _4 ("bb1"): (Int,)) -> Option<T1> {
    let _5 ("é"): (Int, Float64)
    let _6: (Int, Bool) -> String
    let _7: Channel<Future<()>>
    let _8: Option<E>
    let _9: never
    bb0: {
        _3.0 = add(copy _4.0, -1)
        _3.1 = move _1
        _5 = tuple(copy _2[_4], -0.5)
        _5.1 = 1e300
        _5.1 = float(-4503599627370496)
        _8 = Option::Some(copy _8@Some.0@A.1@Some.0)
        _8 = Option::None
        _8 = E::Bär
        _3 = P(1, "quote \" backslash \\ line\n tab\t nul\0 'é'")
        _4 = len(_2)
        _4.0 = discriminant(_8)
        drop _8
        goto bb1
    }
    bb1: {
        switch copy _4.0 [0: bb2, -9223372036854775808: bb3, else bb4]
    }
}
"#;

    fn same(a: &Body, b: &Body) -> bool {
        let decls = |body: &Body| body.locals.iter().map(|d| (d.ty, d.name, d.passing)).collect::<Vec<_>>();
        a.name == b.name
            && (a.generics, a.params) == (b.generics, b.params)
            && decls(a) == decls(b)
            && a.blocks.len() == b.blocks.len()
            && a.blocks.iter().zip(&b.blocks).all(|(a, b)| {
                a.cleanup == b.cleanup
                    && a.terminator.kind == b.terminator.kind
                    && a.statements.iter().map(|s| &s.kind).eq(b.statements.iter().map(|s| &s.kind))
            })
            && a.spawned.len() == b.spawned.len()
            && a.spawned.iter().zip(&b.spawned).all(|(a, b)| same(a, b))
    }

    #[track_caller]
    fn round_trip(text: &str) -> String {
        let mut first = parse_program(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let printed = print_program(&first.program, &mut first.types, &first.adts, &first.names);
        let mut second = parse_program(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        assert_eq!(first.program.main, second.program.main);
        assert_eq!(first.program.instances.len(), second.program.instances.len());
        for (a, b) in first.program.instances.iter().zip(&second.program.instances) {
            assert!(same(a, b), "{printed}");
        }
        assert_eq!(print_program(&second.program, &mut second.types, &second.adts, &second.names), printed);
        printed
    }

    #[test]
    fn places_operands_and_rvalues_survive() {
        // Not everything here is well typed; the text form does not care.
        assert_eq!(round_trip(EVERYTHING), EVERYTHING);
    }

    #[test]
    fn operators_survive() {
        let mut body = String::new();
        for (_, name) in BINARY {
            body.push_str(&format!("_1 = {name}(copy _1, 2) "));
        }
        for (_, name) in UNARY {
            body.push_str(&format!("_1 = {name}(copy _1) "));
        }
        round_trip(&format!("fn f(_1: Int) -> () {{ bb0: {{ {body} return }} }}"));
    }

    #[test]
    fn dyn_values_survive() {
        round_trip(
            "fn f(_1: String, mut _2: Int) -> dyn Shape {
                let _3: List<dyn Shape>
                bb0: { call dyn Shape<String> [@m, @1](copy _1) -> _0 [return bb1] }
                bb1: { call method#1 mbo(mut _0, borrow _1, 2) -> _2 [return bb2, unwind bb3] }
                bb2: { return }
                bb3 cleanup: { resume }
            }
            fn m(_1: String) -> () { bb0: { return } }",
        );
    }

    #[test]
    fn terminators_survive() {
        round_trip(
            "fn f<1>(_1: Channel<Int>, _2: Int) -> () {
                let _3: Future<T0>
                bb0: { call list_push<List<T0>>(mut _1, borrow _2) -> _0 [return bb1, unwind bb9] }
                bb1: { call @g(move _1) -> _3 [unwind bb9] }
                bb2: { call fn#7<Int, T0>() -> _3 }
                bb3: { check index(copy _2, 3) [return bb4] }
                bb4: { check division(1, 0) [return bb5, unwind bb9] }
                bb5: { spawn future T0 spawned#0(copy _1, copy _2) -> _3 [return bb6] }
                bb6: { spawn parallel(copy _2) Int fn#3<T0>() -> _3 [return bb7] }
                bb7: { spawn detached () @\"List<Int>.go\"() -> _3 [return bb8] }
                bb8: { select { recv borrow _1 -> _2 [bb0]  send copy _1, 3 [bb1]  timeout 5 [bb2] } [unwind bb9] }
                bb9 cleanup: { drop _1  resume }
                bb10: { select { recv copy _1 -> _2 [bb0] default [bb2] } }
                bb11: { unreachable }
                spawned fn \"f::{spawn}\"(_1: Int) -> () { bb0: { return } spawned fn inner() -> () { bb0: { return } } }
            }
            fn \"List<Int>.go\"() -> () { bb0: { return } }
            entry fn g(_1: Channel<Int>) -> Future<Int> { bb0: { call @h() -> _1 } }
            fn h() -> () { bb0: { call @2() -> _0 } }
            fn h() -> () { bb0: { call @3() -> _0 } }
            fn bb1x(_1: ?) -> () -> () { bb0: { return } }",
        );
    }

    #[test]
    fn mistakes_are_located() {
        let error = |text: &str| parse_program(text).err().expect("a mistake");
        assert_eq!(error("fn f() -> () {\n  bb0: { _9 = 1 return }\n}"), "2:10: _9 is not declared");
        assert_eq!(error("fn f() -> Strin { bb0: { return } }"), "1:11: unknown type `Strin`");
        assert_eq!(error("fn f() -> () { bb1: { return } }"), "1:16: expected bb0: blocks stand in order");
        assert_eq!(error("fn f() -> () { bb0: { call @g() -> _0 } }"), "1:29: no body `g`");
        assert_eq!(error("fn f() -> () { bb0: { _0 = \"x return } }"), "1:28: unterminated string");
    }

    #[test]
    fn no_text_makes_the_parser_panic() {
        for (end, _) in EVERYTHING.char_indices() {
            let cut = &EVERYTHING[..end];
            let complete = !cut.contains("entry") || cut == EVERYTHING.trim_end();
            assert!(parse_program(cut).is_err() || complete, "{cut}");
            let mut damaged = EVERYTHING.to_string();
            damaged.remove(end);
            let _ = parse_program(&damaged);
        }
        assert!(parse_program("fn f() -> () { bb0: { _0 = \"é\\u{110000}\" return } }").is_err());
    }
}
