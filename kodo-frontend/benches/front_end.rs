//! The stages of the front end one by one, in lines per second: `cargo bench -p kodo-frontend`.
//!
//! The program is one of [`generate`]'s, without a `main` of interest: what counts is that it looks like what users
//! write. Each stage gets what the one before made; making it is not in the time.

mod generate;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kodo_frontend::diag::Diagnostics;
use kodo_frontend::names::Names;
use kodo_frontend::source::{FileId, Sources};
use kodo_frontend::syntax::{self, ast::Ast, lexer};
use kodo_frontend::{hir, mir, own, types};
use std::hint::black_box;

/// What `kodoc` uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A file as long as files get.
const LINES: usize = 3000;

struct Parsed {
    sources: Sources,
    names: Names,
    asts: Vec<Ast>,
    found: Diagnostics,
}

fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed {
        sources: Sources::default(),
        names: Names::default(),
        asts: Vec::new(),
        found: Diagnostics::default(),
    };
    for (path, text) in [("<prelude>", types::PRELUDE), ("generated.ko", text)] {
        let file = parsed.sources.add(path.into(), text.into());
        let (ast, found) = syntax::parse(file, text, &mut parsed.names);
        parsed.asts.push(ast);
        parsed.found.extend(found);
    }
    parsed
}

fn check(parsed: &mut Parsed) -> hir::Program {
    let (program, found) = types::check(&parsed.sources, &parsed.asts, &[], &mut parsed.names, 1);
    parsed.found.extend(found);
    assert!(!parsed.found.has_errors(), "the generated program is right");
    program
}

fn stages(c: &mut Criterion) {
    let text = generate::program(LINES);
    let mut group = c.benchmark_group("front end");
    group.throughput(Throughput::Elements(text.lines().count() as u64));
    group.bench_function("lexer", |b| b.iter(|| lexer::lex(FileId(0), black_box(&text))));
    group.bench_function("parser", |b| {
        b.iter_batched_ref(
            Names::default,
            |names| syntax::parse(FileId(0), black_box(&text), names),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("types", |b| b.iter_batched_ref(|| parse(&text), check, BatchSize::LargeInput));
    let checked = || {
        let mut parsed = parse(&text);
        let program = check(&mut parsed);
        (parsed, program)
    };
    group.bench_function("ownership", |b| {
        b.iter_batched_ref(
            checked,
            |(parsed, program)| own::check(program, &parsed.names, FileId(0), &parsed.found, 1),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("MIR", |b| {
        b.iter_batched_ref(
            checked,
            |(parsed, program)| mir::lower::lower(program, &parsed.names),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
