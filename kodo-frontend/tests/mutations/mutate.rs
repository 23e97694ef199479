//! Changes to a program's text that often leave a program: words and lines exchanged, copied, moved and removed, pieces of
//! the language put in, parts of another program spliced in.

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
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
pub fn mutate(text: &str, other: &str, random: &mut Random) -> String {
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
