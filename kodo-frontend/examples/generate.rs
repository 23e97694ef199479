//! Writes a generated program into a folder: `cargo run --release -p kodo-frontend --example generate -- 1000000 FOLDER`.

#[path = "../benches/generate.rs"]
mod generate;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(lines), Some(folder)) = (args.next().and_then(|lines| lines.parse().ok()), args.next()) else {
        eprintln!("usage: generate LINES FOLDER");
        std::process::exit(2);
    };
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    for (name, text) in generate::modules(lines) {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
