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
pub fn program(lines: usize) -> String {
    let round: usize = UNITS.iter().map(|unit| unit.lines().count() + 1).sum();
    declarations(0..UNITS.len() * lines.div_ceil(round)) + "fn main() { println(shape_report1()) }\n"
}
