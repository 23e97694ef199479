//! Programs that nest one construct very deeply go through the whole front end, or are refused with a report: depth never
//! ends the compiler, and never makes it slow.
//!
//! `KODO_DEPTH=100000 cargo test -p kodo-frontend --release --test deep` goes deeper than every test run does.

#[path = "mutations/compile.rs"]
mod compile;

use std::time::{Duration, Instant};

/// Levels in every test run, whose build is not optimized.
const LEVELS: usize = 4_000;
/// What is quadratic takes longer even then.
const PATIENCE: Duration = Duration::from_secs(60);

/// `before` n times, `middle`, `after` n times.
fn nested(n: usize, before: &str, middle: &str, after: &str) -> String {
    format!("{}{middle}{}", before.repeat(n), after.repeat(n))
}

fn main_of(body: &str) -> String {
    format!("fn main() {{\n{body}\n}}\n")
}

fn value(n: usize, before: &str, middle: &str, after: &str) -> String {
    main_of(&format!("let x = {}", nested(n, before, middle, after)))
}

fn numbered(n: usize, piece: impl Fn(usize) -> String) -> String {
    (0..n).map(piece).collect()
}

/// Every construct that can contain itself, or be repeated.
fn programs(n: usize) -> Vec<(&'static str, String)> {
    let statement = |before: &str, after: &str| main_of(&nested(n, before, "println(\"x\")\n", after));
    let parameter = |ty: String| format!("fn f(x: {ty}) {{ }}\nfn main() {{ }}\n");
    vec![
        ("parentheses", value(n, "(", "1", ")")),
        ("blocks", value(n, "{", "1", "}")),
        ("statement blocks", statement("{\n", "}\n")),
        ("if", statement("if true {\n", "}\n")),
        ("else if", main_of(&format!("let n = 3\n{}{{ }}", numbered(n, |i| format!("if n == {i} {{ }} else "))))),
        ("while", main_of(&nested(n, "while true {\n", "break\n", "}\n"))),
        ("for", statement("for _ in 0..1 {\n", "}\n")),
        ("match", statement("match 1 { _ => {\n", "} }\n")),
        ("select", main_of(&nested(n, "select { default => {\n", "println(\"x\")\n", "} }\n"))),
        ("spawn", statement("spawn {\n", "}\n")),
        ("parallel", statement("parallel {\n", "}\n")),
        ("closures", value(n, "|| ", "1", "")),
        (
            "patterns of closures",
            main_of(&format!("let f = {}: Int| 1", nested(n, "(", "a", ",)").replacen('(', "|(", 1))),
        ),
        ("paths", value(n, "", "lib", "::a")),
        ("lists", value(n, "[", "1", "]")),
        ("tuples", value(n, "(", "1", ",)")),
        ("variants", value(n, "Some(", "1", ")")),
        ("struct literals", format!("struct P {{ x: Int }}\n{}", value(n, "P { x: ", "1", " }"))),
        ("f-string holes", main_of(&format!("println({})", nested(n, "f\"{", "1", "}\"")))),
        ("calls", format!("fn f(x: Int) -> Int {{ x }}\n{}", value(n, "f(", "1", ")"))),
        ("method calls", value(n, "", "1", ".abs()")),
        ("fields", format!("struct P {{ x: Int }}\n{}", value(n, "", "P { x: 1 }", ".x"))),
        ("indexes", value(n, "", "[1]", "[0]")),
        ("awaits", value(n, "", "1", ".await")),
        ("questions", value(n, "", "Some(1)", "? ")),
        ("sums", value(n, "1 + ", "1", "")),
        ("sums to the right", value(n, "1 + (", "1", ")")),
        ("conjunctions", value(n, "true && ", "true", "")),
        ("text sums", value(n, "\"a\" + ", "\"b\"", "")),
        ("coalescing", value(n, "", "Some(1)", " ?? 1")),
        ("minus", value(n, "-", "1", "")),
        ("not", value(n, "!", "true", "")),
        ("list types", parameter(nested(n, "List<", "Int", ">"))),
        ("option types", parameter(nested(n, "", "Int", "?"))),
        ("function types", parameter(nested(n, "() -> ", "Int", ""))),
        ("tuple types", parameter(nested(n, "(", "Int", ",)"))),
        (
            "associated types",
            format!("trait A {{ type B: A }}\nfn f<T: A>(x: {}) {{ }}\nfn main() {{ }}\n", nested(n, "", "T", "::B")),
        ),
        (
            "variant patterns",
            main_of(&format!("match Some(1) {{\n{} => {{ }}\n_ => {{ }}\n}}", nested(n, "Some(", "_", ")"))),
        ),
        ("tuple patterns", main_of(&format!("let {} = 1", nested(n, "(", "x", ",)")))),
        (
            "alternatives",
            main_of(&format!("match 1 {{\n{}0 => {{ }}\n_ => {{ }}\n}}", numbered(n, |i| format!("{} | ", i + 1)))),
        ),
        ("arms", main_of(&format!("match 1 {{\n{}_ => {{ }}\n}}", numbered(n, |i| format!("{i} => {{ }}\n"))))),
        ("statements", main_of(&format!("let mut x = 0\n{}", "x += 1\n".repeat(n)))),
        ("variables", main_of(&format!("let y = 0\n{}", numbered(n, |i| format!("let _x{i} = y + {i}\n"))))),
        ("functions", format!("{}fn main() {{ }}\n", numbered(n, |i| format!("fn f{i}() {{ }}\n")))),
        (
            "structs",
            format!(
                "struct S0 {{ x: Int }}\n{}fn main() {{ }}\n",
                numbered(n, |i| format!("struct S{} {{ x: S{i} }}\n", i + 1))
            ),
        ),
        ("enum variants", format!("enum E {{\n{}}}\nfn main() {{ }}\n", numbered(n, |i| format!("V{i}\n")))),
    ]
}

fn run() {
    let levels = std::env::var("KODO_DEPTH").map_or(LEVELS, |n| n.parse().expect("KODO_DEPTH is a number"));
    let mut slow = Vec::new();
    for (name, text) in programs(levels) {
        let start = Instant::now();
        compile::compile(&text);
        println!("{name}: {:.2?}", start.elapsed());
        if start.elapsed() > PATIENCE {
            slow.push(name);
        }
    }
    assert!(slow.is_empty(), "took too long: {slow:?}");
}

#[test]
fn no_depth_of_any_construct_ends_the_front_end() {
    // The stack that `kodoc` works with.
    let work = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    if let Err(panic) = work.join() {
        std::panic::resume_unwind(panic);
    }
}
