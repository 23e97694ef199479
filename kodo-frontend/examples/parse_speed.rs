//! How fast does the front end parse? `cargo run --release -p kodo-frontend --example parse_speed`

use kodo_frontend::{names::Names, source::FileId, syntax};
use std::time::Instant;

const FUNCTION: &str = "
    /// Doc comments are comments.
    pub fn step_N(count: Int, ref name: String) -> Result<Int, AppError>
        requires { count > 0 }
    {
        let mut total = 0
        for i in 0..count {
            if i % 3 == 0 && total < 1_000 { total += i * 2 } else { total = total + list[i].len() }
        }
        let shown = f\"{name}: {total:>6}\"
        match lookup(shown, |x: Int| x + 1)? {
            Some(v) if v > 2 => { println(v.to_string()) }
            Some(_) | None => return Err(AppError::Missing(\"step\", total))
        }
        let p = Point { x: total, y: -1 }
        return Ok(p.x + p.y)
    }
";

fn main() {
    let lines = FUNCTION.lines().count();
    let functions: String = (0..100_000 / lines).map(|n| FUNCTION.replace("step_N", &format!("step_{n}"))).collect();
    let good = format!("module big {{\n meta {{ purpose: \"speed\" }}\n{functions}}}\n");
    let bad = good.replace("let p = Point", "let = Point");
    for (what, text) in [("correct", good), ("wrong everywhere", bad)] {
        let best = (0..5).map(|_| {
            let start = Instant::now();
            let (ast, diagnostics) = syntax::parse(FileId(0), &text, &mut Names::default());
            (start.elapsed(), ast.len(), diagnostics.into_sorted().len())
        });
        let (time, nodes, errors) = best.min_by_key(|b| b.0).expect("five runs");
        let count = text.lines().count();
        let speed = count as f64 / time.as_secs_f64() / 1e6;
        println!("{what}: {count} lines in {time:?}, {speed:.2} M lines/s, {nodes} nodes, {errors} errors");
    }
}
