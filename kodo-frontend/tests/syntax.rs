//! Parsing as a whole: what is reported, what stays, and that no input is too strange or too large.

use kodo_frontend::diag::Diagnostic;
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources};
use kodo_frontend::syntax::ast::{Ast, Id, Node};
use kodo_frontend::syntax::{lexer, parse};

const SAMPLES: [&str; 2] = [include_str!("syntax/module.ko"), include_str!("syntax/script.ko")];

fn parsed(text: &str) -> (Ast, Vec<Diagnostic>) {
    let (ast, diagnostics) = parse(FileId(0), text, &mut Names::default());
    (ast, diagnostics.into_sorted())
}

/// Each diagnostic as `line:column code message`, with the help after ` | `.
fn reports(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    sources.add("a.ko".into(), text.into());
    let show = |d: &Diagnostic| {
        let (line, column) = sources.line_column(d.span);
        let help = d.help.as_ref().map_or(String::new(), |h| format!(" | {h}"));
        format!("{line}:{column} {} {}{help}", d.code, d.message)
    };
    parsed(text).1.iter().map(show).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let mut found = reports(text);
    for (found, expected) in found.iter_mut().zip(expected) {
        // Where the test does not care, any help will do; one there must be.
        if !expected.contains(" | ") {
            let end = found.find(" | ").unwrap_or_else(|| panic!("no help: {found}"));
            found.truncate(end);
        }
    }
    assert_eq!(found, expected, "{text}");
}

fn error_nodes(ast: &Ast) -> usize {
    (0..ast.len() as u32).filter(|&n| ast.node(Id(n)) == Node::Error).count()
}

#[test]
fn the_samples_parse() {
    for text in SAMPLES {
        let (ast, diagnostics) = parsed(text);
        assert_eq!(diagnostics, [], "{text}");
        assert_eq!(error_nodes(&ast), 0);
    }
}

#[test]
fn every_independent_error_is_reported_once() {
    check(
        "fn f(x, y: Int) -> Int {\n  let = 3\n  let a = 9 +;\n  if a = 2 { foo(1 2) }\n  a++\n  match a { 1 -> 2, 3 => }\n}\nfn g( { }\nstruct P { x Int, y: Int }\nlet ok = 1",
        &[
            "1:7 E0100 the parameter `x` has no type | write `x: Int`, say",
            "2:7 E0100 expected a name after `let`, found `=` | write `let name = value`",
            "3:14 E0100 expected an expression, found `;`",
            "4:8 E0100 an assignment cannot stand in a condition | compare with `==`",
            "4:20 E0100 expected `,` or `)`, found the number `2`",
            "5:5 E0100 there is no `++` | write `a += 1`",
            "6:15 E0100 expected `=>` in this arm, found `->` | an arm is `pattern => value`",
            "6:26 E0100 expected an expression, found `}`",
            "9:1 E0100 a `(` is not closed before this",
            "9:14 E0100 expected `:` after the field `x`, found the name `Int` | write `x: Int`",
        ],
    );
}

#[test]
fn what_is_not_broken_stays() {
    let (ast, diagnostics) = parsed("fn f(x) { a; let b = ; c }\nlet y = foo(1, , 2)\nif a = b { c }");
    assert_eq!(diagnostics.len(), 4);
    let [f, y, condition] = ast.roots[..] else { panic!("three entries") };
    let Node::Fn(sig, body) = ast.node(f) else { panic!("the function stays") };
    assert!(matches!(ast.node(sig), Node::Sig(..)));
    let Node::Block(stmts) = ast.node(body) else { panic!("a block") };
    assert_eq!(ast.list(stmts).len(), 3);
    let Node::Let(_, _, init) = ast.node(ast.list(stmts)[1]) else { panic!("the variable stays") };
    assert_eq!(ast.node(init), Node::Error);
    let Node::Let(_, _, call) = ast.node(y) else { panic!("a variable") };
    let Node::Call(_, args) = ast.node(call) else { panic!("the call stays") };
    assert_eq!(ast.node(ast.list(args)[1]), Node::Error);
    let Node::If(cond, body, _) = ast.node(condition) else { panic!("the condition's body stays") };
    assert_eq!(ast.node(cond), Node::Error);
    assert!(matches!(ast.node(body), Node::Block(_)));
}

#[test]
fn common_slips_have_a_remedy() {
    check("x++", &["1:3 E0100 there is no `++` | write `x += 1`"]);
    check("x === 5", &["1:5 E0100 there is no `===` | write `==`"]);
    check("let x == 5", &["1:7 E0100 expected `=` and a value, found `==` | write `=`"]);
    check("let f = await g()", &["1:9 E0100 `await` stands after the value | write `value.await`"]);
    check("spawn g()", &["1:7 E0100 expected `{` after `spawn` | write `spawn { … }`"]);
    check("/* a */", &["1:1 E0100 there is no `/* … */` | comments start with `//` and end with their line"]);
    check("let type = 5", &["1:5 E0100 `type` is a keyword and cannot be a name | choose another name"]);
    check("fn match() { }", &["1:4 E0100 `match` is a keyword and cannot be a name | choose another name"]);
    check("if a and b { }", &["1:6 E0100 there is no `and` | write `&&`"]);
    check("while a = b { }", &["1:9 E0100 an assignment cannot stand in a condition | compare with `==`"]);
    check("x: Int = 5", &["1:2 E0100 a declaration starts with `let` | write `let x: … = …`"]);
    check("fn f() Int { 1 }", &["1:8 E0100 expected `->` before the result type `Int` | write `-> Int`"]);
    check("func f() { 1 }", &["1:1 E0100 there is no `func`: a function starts with `fn` | write `fn`"]);
    check(
        "for (i = 0; i < 3; i++) { }",
        &["1:8 E0100 a `for` loop has no header of three parts | write `for i in 0..n { … }`"],
    );
    check("[1; 2]", &["1:3 E0100 a `;` cannot stand inside brackets | separate with `,`, or remove it"]);
    check("else { }", &["1:1 E0100 this `else` belongs to no `if` | write `if condition { … } else { … }`"]);
    check("f\"{}\"", &["1:4 E0100 this hole is empty | put an expression into it, or write `{{` and `}}` for braces"]);
}

#[test]
fn declarations_and_statements_have_their_places() {
    let block =
        "a declaration cannot stand inside a function | declare functions, types and imports outside of functions";
    let module =
        "a statement cannot stand in a module | put it into a function; a file without `module` may hold statements";
    check("fn f() { struct P { x: Int } }", &[&format!("1:10 E0100 {block}")]);
    check(
        "module m { let x = 1\n fn f() { let = 1 } }",
        &[
            &format!("1:12 E0100 {module}"),
            "2:15 E0100 expected a name after `let`, found `=` | write `let name = value`",
        ],
    );
}

#[test]
fn a_file_that_ends_early_names_what_is_open() {
    let help = "write `fn main() -> Int { … return 0 }`, or statements without a function around them";
    check("", &[&format!("1:1 E0101 this file is empty: a program needs a `main` | {help}")]);
    check(" \n// only this\n", &[&format!("1:1 E0101 this file is empty: a program needs a `main` | {help}")]);
    check("let x =", &["1:8 E0101 the file ends inside this `let`"]);
    check("if x", &["1:5 E0101 the file ends inside this `if`"]);
    let (_, diagnostics) = parsed("module m { fn f(");
    assert_eq!((diagnostics.len(), diagnostics[0].code, diagnostics[0].span.lo), (1, "E0101", 16));
    let opened: Vec<u32> = diagnostics[0].secondary.iter().map(|l| l.span.lo).collect();
    assert_eq!(opened, [15, 9]);
}

#[test]
fn what_the_lexer_refused_is_reported_once() {
    check(
        "let x = §\nlet y = \0 + 1\nfoo(§ §)",
        &[
            "1:9 E0001 the character `§` cannot stand here",
            "2:9 E0001 this file contains a NUL byte: it is no text",
            "3:5 E0001 the character `§` cannot stand here",
            "3:7 E0001 the character `§` cannot stand here",
        ],
    );
    check(
        "let s = \"abc\nlet t = 1",
        &[
            "1:9 E0001 this string is not closed on its line | close it with `\"`, or write text of several lines between `\"\"\"` and `\"\"\"`",
        ],
    );
    check(
        "f(\"a)\nlet b = f(f\"{x)\nlet c = 1",
        &[
            "1:3 E0001 this string is not closed on its line | close it with `\"`, or write text of several lines between `\"\"\"` and `\"\"\"`",
            "2:11 E0001 this f-string is not closed on its line | a hole ends with `}`",
        ],
    );
    check(
        "f('a', 1)",
        &["1:3 E0001 the character `'` cannot stand here | strings stand between double quotes: `\"…\"`"],
    );
    check("\u{feff}let x = 1", &[]);
}

#[test]
fn a_missing_bracket_is_one_report() {
    check("fn f() {\n  foo(a b\n  let c = 1\n}", &["3:3 E0100 a `(` is not closed before this"]);
    check(
        "f(a, (b, [c }",
        &[
            "1:13 E0100 this `}` closes nothing | remove it, or add the bracket that it should close",
            "1:14 E0101 the file ends before this `[` is closed",
        ],
    );
}

#[test]
fn annotations_belong_to_the_broken_item_below_them() {
    let (ast, diagnostics) = parsed("@a\n@b(1)\nfn f( -> { }\n@c\nlet x = 1\n@d\nfn g() { }");
    assert!(diagnostics.len() >= 2, "{diagnostics:?}");
    assert!(matches!(ast.roots.last().map(|&r| ast.node(r)), Some(Node::Attrs(..))));
}

/// Many errors in one large function, in many functions, in one large literal: time must grow with the text only.
#[test]
fn errors_in_large_files_cost_no_more_than_the_text() {
    let one = format!("module m {{\nfn f() {{\n{}}}\n}}", "if x { let = 1 }\nlet a = 2\n".repeat(20_000));
    let many = format!("module m {{\n{}}}", "fn f() {\n let = 1\n}\nfn g() { h() }\n".repeat(20_000));
    let list = format!("let l = [{}]", "1, , f(2 3),\n".repeat(5_000));
    for text in [one, many, list] {
        let start = std::time::Instant::now();
        let (ast, diagnostics) = parsed(&text);
        assert_eq!(diagnostics.len(), kodo_frontend::syntax::MAX_ERRORS);
        assert!(!ast.roots.is_empty());
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    }
}

#[test]
fn depth_is_limited_by_memory_only() {
    let n = 100_000;
    for (text, good) in [
        (format!("fn f() {{ {}1{} }}", "(".repeat(n), ")".repeat(n)), true),
        (format!("fn f() {{ {}{} }}", "{".repeat(n), "}".repeat(n)), true),
        (format!("fn f() {{ {}{} }}", "if a { ".repeat(n), "}".repeat(n)), true),
        (format!("fn f() {{ {}let = 1{} }}", "if a { ".repeat(n), "}".repeat(n)), false),
        (format!("let a = {}1 2{}", "f(".repeat(n), ")".repeat(n)), false),
        (format!("let a = {}1", "!".repeat(n)), true),
        (format!("let a: {}Int{} = 1", "List<".repeat(n), "> ".repeat(n)), true),
    ] {
        let (_, diagnostics) = parsed(&text);
        assert_eq!(diagnostics.len(), usize::from(!good), "{}: {:?}", &text[..20], diagnostics.first());
    }
}

#[test]
fn floods_of_one_token_are_a_few_reports() {
    for flood in [
        "(", ")", "{", "}", "[", "f(", "{(", "§ ", "'", "‘", "\"\n", "f\"{\n", "@", "let ", "fn ", "a b ", ",", "if ",
        "=>", "f\"{f\"{",
    ] {
        let text = flood.repeat(300_000 / flood.len());
        let (_, diagnostics) = parsed(&text);
        assert!((1..=100).contains(&diagnostics.len()) || flood == "a b ", "{flood}: {}", diagnostics.len());
    }
}

#[test]
fn prefixes_of_a_program_parse() {
    for text in SAMPLES {
        for end in (0..text.len()).step_by(3).filter(|&n| text.is_char_boundary(n)) {
            sound(&text[..end]);
        }
    }
}

/// A lost token must not drown the reader: nearly always one or two reports, never many.
#[test]
fn one_lost_token_is_a_few_reports() {
    let text = SAMPLES[0];
    let (tokens, _) = lexer::lex(FileId(0), text);
    let counts: Vec<usize> = tokens
        .iter()
        .map(|t| parsed(&format!("{} {}", &text[..t.lo as usize], &text[t.hi as usize..])).1.len())
        .collect();
    assert!(counts.iter().all(|&n| n <= 6), "{:?}", counts.iter().max());
    let few = counts.iter().filter(|&&n| n <= 2).count();
    assert!(few * 100 >= counts.len() * 94, "{few} of {}", counts.len());
}

/// Deletes, doubles, swaps and inserts tokens, always the same ones.
#[test]
fn damaged_programs_parse() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for text in SAMPLES {
        let (tokens, _) = lexer::lex(FileId(0), text);
        let gap = |a: u32, b: u32| &text[a as usize..b as usize];
        // Each token with the blanks before it.
        let mut words = Vec::new();
        let mut end = 0;
        for t in &tokens {
            words.push(gap(end, t.hi));
            end = t.hi;
        }
        for _ in 0..400 {
            let mut words = words.clone();
            for _ in 0..=random(4) {
                let (a, b) = (random(words.len()), random(words.len()));
                match random(4) {
                    0 => drop(words.remove(a)),
                    1 => words.insert(a, words[b]),
                    2 => words.swap(a, b),
                    _ => words.insert(a, ["(", "}", " let ", "\n", "\"", ";", " fn ", "§", " match ", ","][random(10)]),
                }
            }
            sound(&words.concat());
        }
    }
}

/// A tree comes out; it has `Error` nodes only if something was reported.
fn sound(text: &str) {
    let (ast, diagnostics) = parsed(text);
    assert!(error_nodes(&ast) == 0 || !diagnostics.is_empty(), "nothing is reported: {text}");
    for d in &diagnostics {
        let (lo, hi) = (d.span.lo as usize, d.span.hi as usize);
        assert!(lo <= hi && hi <= text.len() && text.is_char_boundary(lo) && text.is_char_boundary(hi), "{d:?}");
    }
}
