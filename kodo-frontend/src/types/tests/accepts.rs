use super::{accepts, check};

#[test]
fn scripts_bare_files_and_modules() {
    accepts("let x = 1\nprintln(x)");
    accepts("fn main() { println(\"a\") }");
    accepts("module m {\n meta { purpose: \"p\" }\n fn main() -> Int { return 3 }\n}");
    accepts("async fn main() { println(1) }");
    accepts("fn helper() -> Int { 4 }\nprintln(helper())");
}

#[test]
fn values_and_operators() {
    accepts("let a: Int = -9223372036854775808\nlet b = 9_223_372_036_854_775_807\nprintln(a + b * 2 % 3)");
    accepts("let a = 1.5\nprintln(a * 2.0 - -a)\nprintln(a < 2.0)");
    accepts("println(1 & 2 | 3 ^ 4 << 5 >> 6)\nprintln(~1)");
    accepts("println(\"a\" + \"b\" == \"ab\" && \"a\" < \"b\" || !true)");
    accepts("println(true == false)\nprintln(true != false)");
    accepts("let mut s = \"a\"\ns += \"b\"\nlet mut n = 1\nn <<= 2\nn -= 1\nprintln(f\"{s} {n} {true} {1.5}\")");
    accepts("let t = (1, (\"a\", true))\nprintln(t.1.0)\nprintln(t.0)");
    accepts("let l = [1, 2, 3]\nprintln(l[0] + l.length())");
    accepts("let u: () = ()\nlet one: (Int,) = (1,)\nprintln(one.0)");
}

#[test]
fn block_values_and_discarded_tails() {
    accepts("fn f() -> Int { let a = { 1 + 1 }\n a }\nfn g() { f() }\ng()");
    accepts("fn f(x: Int) -> String { if x > 0 { \"a\" } else if x < 0 { \"b\" } else { \"c\" } }\nprintln(f(1))");
    accepts("fn f(x: Int) -> Int { match x { 0 => return 5\n _ => x } }\nprintln(f(1))");
    accepts("fn f() -> Int { while true { } }\nprintln(f())");
    accepts("fn f(x: Int) -> Int { if x > 0 { return 1 } else { panic(\"no\") } }\nprintln(f(1))");
    accepts("fn f() -> Int { exit(3) }\nprintln(f())");
    accepts("fn f() { if true { 1 } else { println(2) } }\nf()");
}

#[test]
fn structs_enums_and_generics() {
    accepts("struct P { x: Int, y: Int }\nlet x = 1\nlet p = P { x, y: 2 }\nprintln(p.x + p.y)");
    accepts(
        "struct Box<T> { v: T }\nimpl<T> Box<T> {\n fn get(self) -> T { self.v }\n fn of(v: T) -> Box<T> { Box { v: v } }\n}\nlet b = Box.of(3)\nlet c: Box<String> = Box::of(\"a\")\nprintln(b.get() + 1)\nprintln(c.get())",
    );
    accepts(
        "enum Shape { Dot, Disc(Int), Rect(Int, Int) }\nlet s = Shape::Rect(1, 2)\nmatch s { Dot => println(0)\n Shape::Disc(r) => println(r)\n Rect(w, h) => println(w * h) }",
    );
    accepts("fn id<T>(x: T) -> T { x }\nprintln(id(1) + id::<Int>(2))\nprintln(id(\"a\"))");
    accepts("fn first<A, B>(p: (A, B)) -> A { let (a, _b) = p\n a }\nprintln(first((1, \"x\")))");
    accepts(
        "struct P { x: Int }\nimpl P {\n fn new(x: Int) -> P { P { x } }\n fn twice(self) -> P { P.new(self.x * 2) }\n}\nprintln(P::new(2).twice().twice().x)",
    );
    accepts("enum E { A(List<E>), B }\nlet e = E::A([E::B])\nif e is A { println(1) }");
    accepts("type Id = Int\nfn f(a: Id) -> Id { a + 1 }\nprintln(f(1))");
    accepts("impl Int { fn double(self) -> Int { self * 2 } }\nprintln(4.double())");
}

#[test]
fn options_and_results() {
    accepts("let a: Option<Int> = None\nlet b = Some(1)\nprintln(a ?? b ?? 3)");
    accepts("let a: Int? = None\nprintln(a.is_none())\nprintln(a.unwrap_or(3))");
    accepts(
        "fn f() -> Result<Int, String> { let v = g()?\n Ok(v + 1) }\nfn g() -> Result<Int, String> { Err(\"no\") }\nmatch f() { Ok(v) => println(v)\n Err(e) => println(e) }",
    );
    accepts(
        "fn f(o: Option<Int>) -> Option<String> { let v = o?\n Some(v.to_string()) }\nprintln(f(Some(1)).unwrap())",
    );
    accepts(
        "struct P { x: Int }\nlet p = Some(P { x: 1 })\nprintln(p?.x ?? 0)\nprintln(Some(\"abc\")?.length().unwrap())",
    );
    accepts(
        "let r: Result<Int, String> = Err(\"x\")\nprintln(r.unwrap_err())\nprintln(r.expect(\"no\"))\nprintln(r is Err)",
    );
    accepts("let x = Some(Some(1))\nif let Some(Some(n)) = x { println(n) } else { println(0) }");
    accepts("let o = Some(3)\nif let Some(n) = o && true && 1 < 2 { println(n) }");
    accepts("let mut o = Some(3)\nwhile let Some(n) = o { println(n)\n o = None }");
    accepts(
        "enum Option<T> { Some(T), None }\nlet o: Option<Int> = Some(1)\nmatch o { Some(v) => println(v)\n None => println(0) }",
    );
}

#[test]
fn patterns() {
    accepts(
        "let x = 5\nmatch x { 0 => println(0)\n -3..=3 => println(1)\n 7 | 8 => println(2)\n n if n > 10 => println(n)\n _ => println(3) }",
    );
    accepts("struct P { x: Int, y: Int }\nlet P { x, y: z } = P { x: 1, y: 2 }\nprintln(x + z)");
    accepts("let (a, (b, _)) = (1, (\"s\", true))\nprintln(a)\nprintln(b)");
    accepts(
        "enum E { A(Int), B(Int), C }\nmatch E::A(1) { A(n) | B(n) => println(n)\n c @ C => { if c is C { println(0) } } }",
    );
    accepts("match (1, true) { (0, _) => println(0)\n (n, true) => println(n)\n (_, false) => println(1) }");
    accepts("match \"a\" { \"a\" => println(1)\n _ => println(2) }");
}

#[test]
fn loops() {
    accepts("for i in 0..10 { if i == 3 { continue }\n if i == 5 { break }\n println(i) }");
    accepts("for _ in 0..=3 { println(1) }");
    accepts("for (a, b) in [(1, \"a\"), (2, \"b\")] { println(a)\n println(b) }");
    accepts("for c in \"abc\" { println(c) }");
    accepts("let ch: Channel<Int> = channel_new()\nfor v in ch { println(v) }");
}

#[test]
fn places() {
    accepts(
        "struct P { x: Int, l: List<Int> }\nlet mut p = P { x: 1, l: [] }\np.x = 2\np.l.push(3)\np.l[0] += 1\nprintln(p.l[0])",
    );
    accepts("let l = [1]\nl.push(2)\nlist_push(l, 3)\nprintln(l.pop())");
    accepts("let mut g = [[1], [2]]\ng[0][0] = 5\nprintln(g[0][0])");
    accepts("fn inc(mut x: Int) { x += 1 }\nlet n = 1\ninc(n)\nlet mut m = 2\ninc(m)\nprintln(n + m)");
    accepts(
        "fn add(l: List<Int>) { l.push(1) }\nfn twice(l: List<Int>) { add(l)\n add(l) }\nlet l: List<Int> = list_new()\ntwice(l)\nprintln(l.len())",
    );
    accepts("fn set(l: List<Int>) { l[0] = 4 }\nset([1, 2])");
    accepts("impl List<Int> { fn bump(mut self) { self[0] += 1 } }\nlet l = [1]\nl.bump()");
    accepts("println(\"a,b\".split(\",\").pop())");
}

#[test]
fn concurrency() {
    accepts("let f = spawn { 5 }\nprintln(f.await + 1)");
    accepts(
        "async fn work(n: Int) -> String { n.to_string() }\nlet a = work(1)\nprintln(a.await)\nprintln(work(2).await.length())",
    );
    accepts("let ch = channel_new()\nspawn { ch.send(1) }\nprintln(ch.recv() + 1)");
    accepts("let n = 1\nspawn { spawn { println(n) } }");
    accepts("let mut n = 1\nspawn { n += 1\n println(n) }");
    accepts(
        "let done = channel_bounded::<Bool>(0)\nparallel { for i in 0..2 { spawn { done.send(i > 0) } }\n println(1) }",
    );
    accepts(
        "let a = channel_new::<Int>()\nlet b = channel_new::<String>()\nlet mut x = 0\nselect {\n a => |v: Int| { x = v }\n b => |s: String| { println(s) }\n send(a, 3) => { }\n timeout(5) => { x = 1 }\n}\nselect { a => |v| { println(v) }\n default => { } }\nprintln(x)",
    );
    accepts(
        "fn f(ch: Channel<Int>) -> Int { select { ch => |v: Int| { return v }\n timeout(1) => { return 0 } } }\nprintln(f(channel_new()))",
    );
    accepts("let f = spawn { if true { return 1 }\n 2 }\nprintln(f.await)");
    accepts("spawn { if true { return }\n println(1) }");
    accepts("let l = [spawn { 1 }, spawn { 2 }]\nfor v in await_all(l) { println(v) }");
    accepts("let f = spawn { let v = Some(1)?\n Some(v + 1) }\nprintln(f.await.unwrap())");
    accepts("let x = 3\nlet f = spawn { let g = spawn { x }\n g.await + x }\nprintln(f.await)");
}

#[test]
fn library_methods() {
    accepts(
        "let s = \"a b\"\nprintln(s.to_upper().trim().substring(0, 1).repeat(3).contains(\"A\"))\nprintln(s.char_at(0) + s.parse_int())\nprintln(s.index_of(\"b\"))\nprintln(s.replace(\"a\", \"c\"))",
    );
    accepts(
        "let l = [3, 1, 2]\nl.sort()\nl.reverse()\nprintln(l.contains(3))\nprintln(l.index_of(1))\nprintln(l.first().unwrap())\nprintln([\"a\", \"b\"].join(\"-\"))\nl.swap(0, 1)\nl.insert(0, 9)\nprintln(l.slice(0, 2).len())",
    );
    accepts(
        "println(abs(-1) + min(1, 2) + max(3, 4) + clamp(5, 1, 3))\nprintln(sqrt(4.0).to_int() + 3.to_float64().to_int())",
    );
    accepts("assert(1 < 2)\nassert_eq(1, 1)\nassert_eq(\"a\", \"a\")\nassert_ne(1.0, 2.0)");
    accepts(
        "println(time_now() + time_now_ms() + time_now_ns() + cpu_count() + thread_id())\nyield_now()\nsleep(1)\nprintln(args().length())",
    );
}

#[test]
fn shadowing_and_user_names_win() {
    accepts("let x = 1\nlet x = f\"{x}\"\nprintln(x + \"a\")");
    accepts("fn abs(s: String) -> String { s }\nprintln(abs(\"a\"))");
    accepts("let x = 1\n{ let x = \"inner\"\n println(x) }\nprintln(x + 1)");
    accepts("struct List { n: Int }\nlet l = List { n: 1 }\nprintln(l.n)");
}

#[test]
fn unfinished_expressions_fit_everywhere() {
    accepts(
        "fn f(o: Option<Int>) -> Int { let v = match o { Some(v) => v\n None => return 0 }\n v + 1 }\nprintln(f(None))",
    );
    accepts("let x: Int = if true { 1 } else { panic(\"no\") }\nprintln(x)");
    accepts("for i in 0..3 { let v = if i > 1 { break } else { i }\n println(v) }");
    accepts("fn f() -> Int { return 1\n println(\"unreachable\") }\nprintln(f())");
}

#[test]
fn warnings_for_what_is_never_used() {
    assert_eq!(check("let x = 1\nlet _y = 2"), [("W0001", 1)]);
    assert_eq!(check("for i in 0..2 { println(1) }"), [("W0001", 1)]);
}

/// Depth must cost heap only.
#[test]
fn deep_programs_do_not_exhaust_the_stack() {
    let n = 100_000;
    accepts(&format!("{}{}", "{".repeat(n), "}".repeat(n)));
    accepts(&format!("println({}1{})", "(".repeat(n), ")".repeat(n)));
    accepts(&format!("println(1{})", " + 1".repeat(n)));
    accepts(&format!("println({}true)", "!".repeat(n)));
    let deep = 3_000;
    accepts(&format!("let x = {}1{}\nlet y = x", "[".repeat(deep), "]".repeat(deep)));
    accepts(&format!("fn f(x: {}Int{}) {{ }}\nprintln(1)", "List<".repeat(deep), ">".repeat(deep)));
    accepts(&format!("{}println(1){}", "if true { ".repeat(deep), " }".repeat(deep)));
}

/// Types that share their parts are small however large they are written out.
#[test]
fn doubling_tuples_cost_nothing() {
    let mut text = "let t0 = (1, 1)\n".to_owned();
    for i in 1..60 {
        text += &format!("let t{i} = (t{}, t{})\n", i - 1, i - 1);
    }
    accepts(&text);
}
