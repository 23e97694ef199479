//! Mutants of the programs in `examples/` and `tests/` go through the whole front end: whatever the text, there are
//! diagnostics or verified MIR, never a panic.
//!
//! Deterministic: mutant number n is always the same text. `KODO_MUTANTS=FROM..TO cargo test -p kodo-frontend --release
//! --test mutations` runs more than the few of every test run; `KODO_MUTANTS_KEEP=FOLDER` writes the accepted ones there.

use kodo_frontend::diag::Diagnostics;
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources};
use kodo_frontend::{hir, mir, own, syntax, types};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Mutants of every test run.
const FEW: std::ops::Range<u64> = 0..400;
/// No mutant of these small programs may take longer; unoptimized builds need most of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const WORDS: &[&str] = &[
    "fn",
    "let",
    "mut",
    "if",
    "else",
    "match",
    "while",
    "for",
    "in",
    "return",
    "break",
    "continue",
    "spawn",
    "parallel",
    "select",
    "async",
    "await",
    ".await",
    "struct",
    "enum",
    "impl",
    "self",
    "own",
    "ref",
    "module",
    "meta",
    "true",
    "is",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ",",
    ":",
    "::",
    ";",
    "=",
    "=>",
    "->",
    "|",
    "||",
    "&&",
    "..",
    "..=",
    "?",
    "??",
    "?.",
    ".",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "==",
    "<=",
    "<<",
    ">>",
    "+=",
    "@",
    "_",
    "0",
    "1",
    "9223372036854775807",
    "9223372036854775808",
    "-1",
    "1.5",
    "1e999",
    "\"text\"",
    "f\"{1}\"",
    "f\"{",
    "\"",
    "()",
    "[]",
    "Int",
    "String",
    "List<Int>",
    "Option<Int>",
    "Channel<String>",
    "Future<Int>",
    "Float64",
    "Bool",
    "None",
    "Some(1)",
    "Ok(1)",
    "Err(\"e\")",
    "main()",
    "\n",
    "//",
    "/*",
    "default",
    "timeout(1)",
    "é",
    "\u{FEFF}",
    "\0",
    "'",
];

/// Pieces that a mutation moves about: words, numbers, white space, single characters.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let class = |c: char| {
            if c.is_alphanumeric() || c == '_' {
                0
            } else if c == ' ' {
                1
            } else {
                2
            }
        };
        let len = match class(first) {
            2 => first.len_utf8(),
            kind => rest.find(|c| class(c) != kind).unwrap_or(rest.len()),
        };
        out.push(&rest[..len]);
        rest = &rest[len..];
    }
    out
}

fn is_word(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_alphabetic())
}

/// One change. The first kinds often leave a program that still has a meaning.
fn mutate(text: &str, other: &str, random: &mut Random) -> String {
    let mut all = pieces(text);
    if all.is_empty() {
        return other.to_owned();
    }
    let donor = pieces(other);
    let at = random.below(all.len());
    let words: Vec<usize> = (0..all.len()).filter(|&i| is_word(all[i])).collect();
    let mut lines: Vec<&str> = text.lines().collect();
    let line = random.below(lines.len());
    match random.below(14) {
        0 | 1 if !words.is_empty() => {
            let (to, from) = (words[random.below(words.len())], words[random.below(words.len())]);
            all[to] = all[from];
        }
        2 => all[at] = random.pick(WORDS),
        3 => all.insert(at, random.pick(WORDS)),
        4 => {
            all.remove(at);
        }
        5 => all[at] = all[random.below(text.len().min(all.len()))],
        6 if !donor.is_empty() => all[at] = donor[random.below(donor.len())],
        7 => {
            let to = (at + 1 + random.below(20)).min(all.len());
            all.drain(at..to);
        }
        8 => {
            let b = random.below(all.len());
            all.swap(at, b);
        }
        9 => {
            lines.remove(line);
            return lines.join("\n");
        }
        10 => {
            let from = lines[random.below(lines.len())];
            lines.insert(line, from);
            return lines.join("\n");
        }
        11 => {
            let b = random.below(lines.len());
            lines.swap(line, b);
            return lines.join("\n");
        }
        12 => {
            let from: Vec<&str> = other.lines().collect();
            let start = random.below(from.len());
            let end = (start + 1 + random.below(6)).min(from.len());
            lines.splice(line..line, from[start..end].iter().copied());
            return lines.join("\n");
        }
        _ => all.truncate(at),
    }
    all.concat()
}

fn mutant(number: u64, seeds: &[String]) -> String {
    let mut random = Random(number);
    let mut text = seeds[random.below(seeds.len())].clone();
    let other = random.below(seeds.len());
    for _ in 0..1 + random.below(4) {
        text = mutate(&text, &seeds[other], &mut random);
    }
    text
}

/// Through all stages. Says whether the program was accepted.
fn compile(text: &str) -> bool {
    let mut sources = Sources::default();
    let mut names = Names::default();
    let files = [sources.add("<prelude>".into(), types::PRELUDE.into()), sources.add("mutant.ko".into(), text.into())];
    let mut found = Diagnostics::default();
    let mut asts = Vec::new();
    for file in files {
        let (ast, reports) = syntax::parse(file, &sources.file(file).text, &mut names);
        asts.push(ast);
        found.extend(reports);
    }
    let (mut program, reports) = types::check(&sources, &asts, &mut names);
    found.extend(reports);
    let (reports, _) = own::check(&mut program, &names, FileId(0), &found);
    found.extend(reports);
    let rejected = found.has_errors();
    for d in found.into_sorted() {
        let places = std::iter::once((d.span, &d.label)).chain(d.secondary.iter().map(|l| (l.span, &l.text)));
        for (span, label) in places {
            let file = &sources.file(span.file).text;
            assert!(span.lo <= span.hi && span.hi as usize <= file.len(), "{}: {label}: {span:?}", d.message);
            assert!(
                file.is_char_boundary(span.lo as usize) && file.is_char_boundary(span.hi as usize),
                "{}",
                d.message
            );
        }
        assert_eq!(d.span.file, FileId(1), "a report about the prelude: {}", d.message);
        assert!(!d.message.is_empty() && d.help.is_some(), "one thing to try: {d:?}");
    }
    if rejected {
        return false;
    }
    let bodies = mir::lower::lower(&mut program, &names);
    let Ok(mut lowered) = mir::mono::instantiate(&mut program, &names, &bodies) else { return false };
    let hir::Program { types, adts, .. } = &mut program;
    mir::count::insert(&mut lowered, types, adts);
    if let Err(broken) = mir::verify::verify(&lowered, types, adts) {
        panic!("MIR is not well formed:\n{}", broken.join("\n"));
    }
    true
}

fn seeds() -> Vec<String> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["examples", "tests/run", "tests/errors"] {
        let entries = std::fs::read_dir(tree.join(folder)).expect("a folder of programs");
        files.extend(entries.map(|e| e.expect("an entry").path()).filter(|p| p.extension().is_some_and(|e| e == "ko")));
    }
    files.sort();
    files.iter().map(|f| std::fs::read_to_string(f).expect("a program")).collect()
}

fn numbers() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("KODO_MUTANTS") else { return FEW };
    let (from, to) = text.split_once("..").expect("KODO_MUTANTS=FROM..TO");
    from.parse().expect("a number")..to.parse().expect("a number")
}

fn run() {
    let seeds = seeds();
    let keep = std::env::var_os("KODO_MUTANTS_KEEP");
    let mut accepted = 0;
    let mut broken = Vec::new();
    for number in numbers() {
        let text = mutant(number, &seeds);
        let start = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| compile(&text))) {
            Ok(false) => {}
            Ok(true) => {
                accepted += 1;
                if let Some(folder) = &keep {
                    std::fs::write(Path::new(folder).join(format!("{number}.ko")), &text).expect("a folder to keep in");
                }
            }
            Err(_) => {
                println!("---- mutant {number}\n{text}\n----");
                broken.push(number);
            }
        }
        if start.elapsed() > PATIENCE {
            println!("---- mutant {number} took {:?}\n{text}\n----", start.elapsed());
            broken.push(number);
        }
    }
    println!("{accepted} mutants were accepted");
    assert!(broken.is_empty(), "mutants that break the compiler: {broken:?}");
    assert!(accepted > 0, "mutations that never leave a program test little");
}

#[test]
fn no_mutant_breaks_the_front_end() {
    // The stack that `kodoc` works with.
    let work = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    if let Err(panic) = work.join() {
        std::panic::resume_unwind(panic);
    }
}
