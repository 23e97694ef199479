//! Writes a generated program to standard output: `cargo run --release -p kodo-frontend --example generate -- 1000000`.

#[path = "../benches/generate.rs"]
#[allow(dead_code)]
mod generate;

use std::io::Write;

fn main() -> std::io::Result<()> {
    let lines = std::env::args().nth(1).and_then(|lines| lines.parse().ok()).unwrap_or(1_000_000);
    std::io::stdout().write_all(generate::program(lines).as_bytes())
}
