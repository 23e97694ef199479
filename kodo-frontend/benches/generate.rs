//! Programs of any size for measuring the front end: the units beside this file, each as often as needed, under names
//! of its own. They are what users write: structs, enums, traits, generics, closures, collections, green threads.

/// The placeholder for a unit's number in every name that a unit declares.
const NUMBER: &str = "N0";

const UNITS: [&str; 5] = [
    include_str!("units/ledger.ko"),
    include_str!("units/shapes.ko"),
    include_str!("units/stages.ko"),
    include_str!("units/trees.ko"),
    include_str!("units/words.ko"),
];

/// The units numbered `units`, one after the other.
pub fn declarations(units: std::ops::Range<usize>) -> String {
    units.map(|n| UNITS[n % UNITS.len()].replace(NUMBER, &n.to_string()) + "\n").collect()
}

/// A program of one file with at least `lines` lines, a multiple of five units.
#[allow(dead_code, reason = "not every user needs it")]
pub fn program(lines: usize) -> String {
    let round: usize = UNITS.iter().map(|unit| unit.lines().count() + 1).sum();
    declarations(0..UNITS.len() * lines.div_ceil(round)) + "fn main() { println(shape_report1()) }\n"
}

/// A program of at least `lines` lines in modules of about a thousand, each of which imports the one before: the files'
/// names and texts, `main.ko` first.
#[allow(dead_code, reason = "not every user needs it")]
pub fn modules(lines: usize) -> Vec<(String, String)> {
    const ROUNDS: usize = 3;
    let round: usize = UNITS.iter().map(|unit| unit.lines().count() + 1).sum();
    let count = lines.div_ceil(ROUNDS * round).max(1);
    let mut files = vec![(
        "main.ko".to_owned(),
        (0..count).map(|module| format!("import part{module}\n")).collect::<String>()
            + &format!("\nfn main() {{ println(part{}::chain(1)) }}\n", count - 1),
    )];
    for module in 0..count {
        let first = module * ROUNDS * UNITS.len();
        let declarations = declarations(first..first + ROUNDS * UNITS.len());
        let public: String = declarations
            .lines()
            .map(|line| {
                let item = ["fn ", "async fn ", "struct ", "enum ", "trait "].iter().any(|word| line.starts_with(word));
                format!("{}{line}\n", if item { "pub " } else { "" })
            })
            .collect();
        let text = match module.checked_sub(1) {
            Some(before) => format!(
                "import part{before}\n\n{public}\npub fn chain(n: Int) -> Int {{ part{before}::chain(n) + n }}\n"
            ),
            None => format!("{public}\npub fn chain(n: Int) -> Int {{ n }}\n"),
        };
        files.push((format!("part{module}.ko"), text));
    }
    files
}
