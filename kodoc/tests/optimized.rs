//! What the optimizer makes of programs at -O2: claims about speed that can be read off the LLVM IR.
//!
//! Each function under test is made a value, so that it is compiled on its own; its body is looked at for the calls and
//! instructions that are left.

mod support;

use support::kodoc;

/// The IR of `declarations`, of which the functions `values`, all of the type `ty`, are used as values.
fn optimize(declarations: &str, ty: &str, values: &[&str], argument: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a.ko");
    let values = values.join(", ");
    let main = format!(
        "fn main() {{\n let values: List<{ty}> = [{values}]\n println(f\"{{values[args().length()]({argument}):?}}\")\n}}\n"
    );
    std::fs::write(&file, format!("{declarations}\n{main}")).expect("the folder is writable");
    let output = support::run(kodoc().args(["emit-llvm", "-O2"]).arg(file)).unwrap_or_else(|e| panic!("{e}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("IR is text")
}

/// The body of one of the functions that are values.
#[track_caller]
fn body<'a>(ir: &'a str, name: &str) -> &'a str {
    let start = ir.find(&format!("@\"ko.{name} value\"(")).unwrap_or_else(|| panic!("`{name}` is compiled:\n{ir}"));
    let end = ir[start..].find("\n}").map_or(ir.len(), |len| start + len);
    &ir[start..end]
}

/// What is called in it, in the order of the text: names, and `?` for what is only known at run time.
fn calls(body: &str) -> Vec<&str> {
    let calls = body.lines().filter(|line| line.contains("call ") || line.contains("invoke "));
    calls
        .map(|line| {
            let callee = &line[..line.find('(').unwrap_or(line.len())];
            match callee.rfind('@') {
                Some(at) => callee[at + 1..].trim_matches('"'),
                None => "?",
            }
        })
        .collect()
}

#[track_caller]
fn no_calls(ir: &str, name: &str, unwanted: &[&str]) {
    let body = body(ir, name);
    for call in calls(body) {
        assert!(!unwanted.iter().any(|u| call.contains(u)), "`{name}` calls {call}:\n{body}");
    }
}

const ALLOCATION: [&str; 4] = ["?", "alloc", "list_", "push"];

#[test]
fn iterator_chains_become_one_loop() {
    let ir = optimize(
        "fn some(ref l: List<Int>) -> Int { l.iter().map(|x| x * 3).filter(|x| x % 2 == 0).sum() }
         fn many(ref l: List<Int>) -> Int { l.iter().zip(l.iter()).skip(1).take(50).map(|(a, b)| a ^ b).fold(0, |a, b| a + b) }
         fn flat(ref l: List<Int>) -> Int { l.iter().flat_map(|x| (0..x).filter(|y| y % 3 == 0)).count() }
         fn found(ref l: List<Int>) -> Int { if l.iter().rev().chain(l.iter()).any(|x| x > 7) { 1 } else { 0 } }",
        "(List<Int>) -> Int",
        &["some", "many", "flat", "found"],
        "[1, 2]",
    );
    for name in ["some", "many", "flat", "found"] {
        no_calls(&ir, name, &ALLOCATION);
    }
}

#[test]
fn known_closures_are_inlined() {
    let ir = optimize(
        "fn folded(ref l: List<Int>) -> Int { l.fold(0, |a, x| a + x * 5) }
         fn called(ref l: List<Int>) -> Int {
             let base = l[0]
             let add = |n: Int| n + base
             add(3) * add(l[1])
         }
         fn passed(ref l: List<Int>) -> Int { twice(l[0], |n| n * n) }
         fn twice(n: Int, f: (Int) -> Int) -> Int { f(f(n)) }",
        "(List<Int>) -> Int",
        &["folded", "called", "passed"],
        "[1, 2]",
    );
    for name in ["folded", "passed"] {
        no_calls(&ir, name, &ALLOCATION);
    }
    // What it captured is still an object of its own.
    no_calls(&ir, "called", &["?"]);
}

#[test]
fn a_match_on_an_enum_is_one_switch() {
    let ir = optimize(
        "enum E { A B C(Int) D(Int) F(E2) }
         enum E2 { X Y Z }
         fn pick(e: E) -> Int { match e { A => 5 B => 70 C(n) => n * n D(n) if n > 3 => n D(_) => 0 F(_) => -1 } }",
        "(E) -> Int",
        &["pick"],
        "E::C(1)",
    );
    let body = body(&ir, "pick");
    assert_eq!(body.matches("switch ").count(), 1, "{body}");
}

#[test]
fn what_is_only_read_is_not_counted() {
    let ir = optimize(
        "struct Node { name: String, next: List<Node> }
         fn sum(ref n: Node) -> Int { n.name.byte_length() + deeper(n, 3) }
         fn deeper(ref n: Node, depth: Int) -> Int {
             if depth == 0 || n.next.length() == 0 { return n.name.byte_length() }
             deeper(n.next[0], depth - 1) + deeper(n.next[0], depth - 2)
         }
         fn main2(own n: Node) -> Int { sum(n) }",
        "(Node) -> Int",
        &["main2"],
        "Node { name: \"a\", next: [] }",
    );
    let start = ir.find("@ko.deeper(").or_else(|| ir.find("@\"ko.deeper\"(")).expect("it is recursive");
    let deeper = &ir[start..start + ir[start..].find("\n}").expect("an end")];
    assert!(calls(deeper).iter().all(|call| !call.contains("retain") && !call.contains("release")), "{deeper}");
}

#[test]
fn strings_and_lists_grow_in_place() {
    let ir = optimize(
        "fn text(ref l: List<Int>) -> Int {
             let mut text = \"\"
             for x in l { text = text + f\"{x}\" }
             text.length()
         }
         fn list(ref l: List<Int>) -> Int {
             let mut all: List<Int> = []
             for x in l { all = pushed(all, x) }
             all.length()
         }
         fn pushed(own list: List<Int>, x: Int) -> List<Int> {
             let mut out = list
             out.push(x)
             out
         }",
        "(List<Int>) -> Int",
        &["text", "list"],
        "[1, 2]",
    );
    no_calls(&ir, "text", &["concat"]);
    no_calls(&ir, "list", &["copy", "clone"]);
    assert!(calls(body(&ir, "list")).contains(&"ko.push slow List<Int>"), "only a full list is moved");
}

#[test]
fn sums_and_products_are_vectorized() {
    let ir = optimize(
        "fn sum(ref l: List<Int>) -> Int {
             let mut sum = 0
             for x in l { sum += x }
             sum
         }
         fn dot(ref l: List<Int>) -> Int {
             let mut sum = 0
             for i in 0..l.length() { sum += l[i] * l[i] }
             sum
         }
         fn mapped(ref l: List<Int>) -> Int { l.iter().map(|x| x ^ 5).sum() }",
        "(List<Int>) -> Int",
        &["sum", "dot", "mapped"],
        "[1, 2]",
    );
    for name in ["sum", "dot"] {
        assert!(body(&ir, name).contains("vector.body"), "{}", body(&ir, name));
    }
}
