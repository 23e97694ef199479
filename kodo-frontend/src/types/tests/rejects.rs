use super::{rejects, rejects_statement, report};

#[test]
fn mismatches_are_reported_where_they_are() {
    rejects(
        "fn main() {\n let x: Int = \"a\"\n if 1 { }\n let y = 1 + \"a\"\n}",
        &[("E0200", 2), ("E0200", 3), ("E0200", 4)],
    );
    rejects(
        "fn f(a: Int) -> String {\n return a\n}\nfn main() {\n f(\"x\")\n let l = [1, \"a\"]\n}",
        &[("E0200", 2), ("E0200", 5), ("E0200", 6)],
    );
    for text in [
        "let a = if true { 1 } else { \"a\" }",
        "if true { 1 } else { \"a\" }",
        "match C::A { A => 1\n B => \"a\" }",
        "let a: Int = if true { 1 }",
        "while 1 { }",
        "for i in true..3 { }",
        "for i in 5 { }",
        "for i in 0..1.5 { }",
        "let a = -true",
        "let a = !1",
        "let a = \"a\" - \"b\"",
        "let a = 1.0 & 2.0",
        "let a = () + ()",
        "println(f\"{(1, 2)}\")",
        "println([1])",
        "let l = [1]\nl.push(\"a\")",
        "let l = [1]\nprintln(l[\"a\"])",
        "println(\"abc\"[0])",
        "let x = 5.await",
        "let c = channel_new::<Int>()\nselect { c => |v: String| { println(v) } }",
        "select { 5 => |v: Int| { println(v) } }",
        "let c = channel_new::<Int>()\nselect { send(c, \"a\") => { } }",
        "match 1 { \"a\" => 1\n _ => 2 }",
        "let (a, b) = 1",
        "assert_eq(1, \"a\")",
        "let a = 1 == 1.0",
        "let (a, b) = (1, 2, 3)",
        "let mut a = 1\na = \"x\"",
        "let mut a = true\na += true",
    ] {
        rejects_statement(text, "E0200");
    }
}

#[test]
fn a_path_without_a_value_is_reported_at_the_closing_brace() {
    rejects("fn f() -> Int {\n let a = 1\n println(a)\n}\nf()", &[("E0200", 4)]);
    rejects("fn f(x: Int) -> Int {\n if x > 0 {\n  return 1\n }\n}\nf(1)", &[("E0200", 5)]);
    rejects("fn f(x: Int) -> Int {\n while x > 0 { }\n}\nf(1)", &[("E0200", 3)]);
    rejects("fn f(x: Int) -> Int {\n while true { break }\n}\nf(1)", &[("E0200", 3)]);
    rejects("fn f() -> Int {\n}\nf()", &[("E0200", 2)]);
    rejects("fn f(x: Int) -> Int {\n if x > 0 { 1 } else { println(2) }\n}\nf(1)", &[("E0200", 3)]);
    rejects("fn f() -> Int {\n return\n}\nf()", &[("E0200", 2)]);
    rejects("fn f() {\n return 1\n}\nf()", &[("E0200", 2)]);
}

#[test]
fn unknown_names_come_with_a_suggestion() {
    for (text, code, hint) in [
        ("let count = 1\nprintln(coutn)\nprintln(count)", "E0201", "`count`"),
        ("prinln(1)", "E0201", "`println`"),
        ("let x: Strng = \"a\"\nprintln(x)", "E0201", "`String`"),
        ("struct Point { x: Int }\nlet p = Piont { x: 1 }", "E0213", "`Point`"),
        ("struct Point { width: Int }\nlet p = Point { width: 1 }\nprintln(p.widht)", "E0217", "`width`"),
        ("struct Point { width: Int, a: Int }\nlet p = Point { widht: 1, width: 1, a: 1 }", "E0215", "`width`"),
        ("enum Color { Red, Green }\nlet c = Colour::Red", "E0218", "`Color`"),
        ("enum Color { Red, Green }\nlet c = Color::Rde", "E0219", "`Red`"),
        ("enum Color { Red, Green }\nlet c = Red", "E0201", "`Color::Red`"),
        ("println(\"a\".lenght())", "E0235", "`length`"),
        ("enum Color { Red, Green }\nmatch Color::Red { Red => 1\n Gren => 2\n _ => 3 }", "E0219", "`Green`"),
        ("enum Color { Red, Green }\nprintln(Color::Red is Grean)", "E0219", "`Green`"),
    ] {
        let d = report(text);
        assert_eq!(d.code, code, "{text}: {d:?}");
        assert!(d.help.as_ref().is_some_and(|h| h.contains(hint)), "{text}: {d:?}");
    }
}

#[test]
fn one_mistake_is_one_report() {
    rejects(
        "let a = nope(1)\nlet b = a + 1\nprintln(b.length())\nfor x in b { println(x) }\nmatch a { Some(v) => println(v)\n None => println(0) }",
        &[("E0201", 1)],
    );
    rejects("fn f(x: Nope) -> Nope { x }\nprintln(f(1))", &[("E0201", 1), ("E0201", 1)]);
    rejects("let l = list_new()\nl.push(nope)\nprintln(l[0])", &[("E0201", 2)]);
}

#[test]
fn independent_mistakes_are_all_reported() {
    rejects(
        "fn a() {\n nope()\n let x: Int = true\n x = 2\n break\n}\nfn b() -> Int {\n \"s\"\n}\nfn main() {\n a(1)\n}",
        &[("E0201", 2), ("E0200", 3), ("E0249", 4), ("E0243", 5), ("E0200", 8), ("E0202", 11)],
    );
}

#[test]
fn counts_calls_and_members() {
    for (text, code) in [
        ("println(1, 2)", "E0202"),
        ("let o = Some(1, 2)", "E0202"),
        ("let c = C::A(1)", "E0202"),
        ("match C::A { }", "E0202"),
        ("match Some(1) { Some(a, b) => 1\n None => 2 }", "E0202"),
        ("select { timeout() => { } }", "E0202"),
        ("let x = 1\nx()", "E0203"),
        ("let s = S { x: 1 }\ns.x()", "E0203"),
        ("let s = S(1)", "E0203"),
        ("let n = Nope { x: 1 }", "E0213"),
        ("let s = S { }", "E0214"),
        ("let s = S { x: 1, z: 2 }", "E0215"),
        ("let s = S { x: 1, x: 2 }", "E0216"),
        ("let s = S { x: 1 }\nprintln(s.y)", "E0217"),
        ("println((1).foo)", "E0217"),
        ("let c = Nope::A", "E0218"),
        ("let c = C::Z", "E0219"),
        ("let n = 1.nope()", "E0235"),
        ("let t = (1, 2)\nprintln(t.5)", "E0253"),
        ("let s = S { x: 1 }\nif s is A { }", "E0219"),
        ("let l: List<Int, Int> = []", "E0221"),
        ("let l: List = []", "E0223"),
        ("let x: Int<Int> = 1", "E0221"),
        ("println(sqrt::<Int>(1.0))", "E0221"),
        ("let x = 1 ?? 2", "E0226"),
        ("let x = 1\nprintln(x?.y)", "E0225"),
        ("let x = Some(1)?", "E0224"),
        ("spawn { Some(1)? }", "E0224"),
        ("let x = 1?", "E0224"),
        ("break", "E0243"),
        ("continue", "E0244"),
        ("while true { spawn { break } }", "E0243"),
        ("println(99999999999999999999)", "E0001"),
        ("println(9223372036854775808)", "E0001"),
    ] {
        rejects_statement(text, code);
    }
}

#[test]
fn places_that_cannot_be_changed() {
    rejects("let x = 1\nx = 2", &[("E0249", 2)]);
    rejects("fn f(x: Int) {\n x = 1\n}\nf(1)", &[("E0249", 2)]);
    rejects("fn f(ref x: Int) {\n x = 1\n}\nf(1)", &[("E0248", 2)]);
    rejects("fn f(ref l: List<Int>) {\n l.push(1)\n}\nf([1])", &[("E0248", 2)]);
    rejects("for i in 0..3 {\n i = 1\n}", &[("E0249", 2)]);
    rejects("struct P { l: List<Int> }\nlet p = P { l: [] }\np.l.push(1)\np.l = []", &[("E0249", 3), ("E0249", 4)]);
    rejects("let l = [1]\nl[0] = 2", &[("E0249", 2)]);
    rejects("fn f(mut x: Int) { x = 1 }\nf(1)", &[("E0249", 2)]);
    rejects("fn f() -> Int { 1 }\nf() = 2", &[("E0249", 2)]);
    rejects("struct P { n: Int }\nimpl P { fn set(self) { self.n = 1 } }\nP { n: 1 }.set()", &[("E0249", 2)]);
    rejects(
        "fn add(l: List<Int>) { l.push(1) }\nstruct P { l: List<Int> }\nlet p = P { l: [] }\nadd(p.l)",
        &[("E0249", 4)],
    );
    rejects("fn add(l: List<Int>) { l.push(1) }\nfn f(ref l: List<Int>) { add(l) }\nf([])", &[("E0248", 2)]);
    rejects("async fn f(l: List<Int>) {\n l[0] = 1\n}\nf([1])", &[("E0249", 2)]);
}

#[test]
fn a_missing_mut_has_a_fix() {
    let d = report("let x = 1\nx = 2\nprintln(x)");
    let fix = d.fix.expect("the fix is certain");
    assert_eq!((fix.span.lo, fix.span.hi, fix.replacement.as_str()), (0, 3, "let mut"));
}

#[test]
fn borrowed_parameters_stay_in_their_thread() {
    rejects("fn f(ref x: Int) {\n spawn { println(x) }\n}\nf(1)", &[("E0280", 2)]);
    rejects("fn f(mut x: Int) {\n parallel { spawn { println(x) } }\n}\nlet a = 1\nf(a)", &[("E0280", 2)]);
    rejects("async fn f(ref x: Int) { println(x) }\nf(1)", &[("E0280", 1)]);
}

#[test]
fn files_and_modules() {
    rejects("module m { fn main() { } }", &[("E0210", 1)]);
    rejects("module m {\n meta { purpose: \" \" }\n fn main() { }\n}", &[("E0211", 2)]);
    rejects("module m {\n meta { version: \"1\" }\n fn main() { }\n}", &[("E0212", 2)]);
    rejects("fn f() { }", &[("E0272", 1)]);
    rejects("fn main(x: Int) { println(x) }", &[("E0273", 1)]);
    rejects("fn main() -> String { \"a\" }", &[("E0273", 1)]);
    rejects("fn main() { }\nprintln(1)", &[("E0276", 2)]);
    rejects("module m {\n meta { purpose: \"p\" }\n fn main() { }\n}\nfn f() { }", &[("E0276", 5)]);
}

#[test]
fn declarations_clash() {
    rejects("fn f() { }\nfn f() { }\nf()", &[("E0271", 2)]);
    rejects("struct S { a: Int, a: Int }\nprintln(1)", &[("E0271", 1)]);
    rejects("enum E { A, A }\nprintln(1)", &[("E0271", 1)]);
    rejects("struct S { a: Int }\nenum S { A }\nprintln(1)", &[("E0271", 2)]);
    rejects("fn f(a: Int, a: Int) { }\nf(1, 2)", &[("E0271", 1)]);
    rejects("struct S { a: Int }\nimpl S {\n fn f(self) { }\n fn f(self) { }\n}\nprintln(1)", &[("E0271", 4)]);
    rejects("select {\n default => { }\n timeout(1) => { }\n}", &[("E0271", 3)]);
    rejects("let (a, a) = (1, 2)", &[("E0275", 1)]);
    rejects("enum E { A(Int), B(Int) }\nmatch E::A(1) {\n A(x) | B(y) => 1\n}", &[("E0275", 3)]);
    rejects("type A = B\ntype B = A\nprintln(1)", &[("E0277", 1)]);
    rejects("fn f()\nprintln(1)", &[("E0278", 1)]);
}

#[test]
fn undetermined_types() {
    rejects("let x = None", &[("E0274", 1)]);
    rejects("let l = list_new()\nprintln(1)", &[("E0274", 1)]);
    rejects("let l = list_new()\nprintln(l[0].length())", &[("E0274", 2)]);
    rejects("fn f<T>() { }\nf()", &[("E0274", 2)]);
    rejects("let c = channel_new()\nc.close()", &[("E0274", 1)]);
}

#[test]
fn type_parameters_have_no_operations() {
    rejects("fn f<T>(x: T) {\n println(x)\n}\nf(1)", &[("E0200", 2)]);
    rejects("fn f<T>(x: T, y: T) -> Bool {\n x == y\n}\nf(1, 2)", &[("E0200", 2)]);
    rejects("fn f<T>(x: T) {\n x.foo()\n}\nf(1)", &[("E0235", 2)]);
    rejects("fn f<T>(x: T) -> Int {\n x\n}\nf(1)", &[("E0200", 2)]);
}

#[test]
fn types_that_contain_themselves_need_an_end() {
    rejects("struct A { a: A }\nprintln(1)", &[("E0279", 1)]);
    rejects("enum C { C(Int, C) }\nprintln(1)", &[("E0279", 1)]);
    rejects("struct A { b: (Int, B) }\nstruct B { l: Int, a: A }\nprintln(1)", &[("E0279", 1), ("E0279", 2)]);
}

#[test]
fn what_comes_later_is_said_once() {
    rejects_statement("let n: Bytes = 1", "E0200");
    for text in [
        "trait T<A> { fn f(self) -> Int }\nprintln(1)",
        "actor A { n: Int }\nprintln(1)",
        "test \"t\" { }\nprintln(1)",
        "struct N<T> { n: List<N<(T, T)>> }\nprintln(1)",
        "fn f(x: Int) requires { x > 0 } { println(x) }\nf(1)",
    ] {
        let (list, ..) = super::run(text);
        let codes: Vec<_> = list.iter().map(|(d, _)| d.code).filter(|c| !c.starts_with('W')).collect();
        assert_eq!(codes, ["E0190"], "{text}\n{list:#?}");
    }
}

#[test]
fn errors_of_the_question_mark() {
    rejects("fn g() -> Result<Int, String> { Ok(1) }\nfn f() -> Int {\n g()?\n}\nf()", &[("E0224", 3)]);
    rejects(
        "fn g() -> Result<Int, String> { Ok(1) }\nfn f() -> Result<Int, Int> {\n Ok(g()?)\n}\nf()",
        &[("E0200", 3)],
    );
}
