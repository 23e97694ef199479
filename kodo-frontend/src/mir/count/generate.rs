//! Random bodies in text form: structured like those that lowering writes (scopes, branches, loops, early exits, `match`,
//! `select`), so each variable is initialized where it is visible. One body per seed, the same on every run.

use std::fmt::Write as _;

pub(super) const HEADER: &str = "
    struct P { String, String }
    enum Option<T> { Some(T), None }
    fn borrows(ref _1: String, _2: String, _3: String) -> String { bb0: { _0 = \"\" return } }
    fn changes(mut _1: String, ref _2: P, _3: String) -> P { bb0: { _0 = copy _2 return } }
    fn wraps(_1: P, ref _2: P) -> Option<P> { bb0: { _0 = Option::None return } }
    fn worker(_1: String, _2: P) -> String { bb0: { _0 = copy _1 return } }
";
/// Number of bodies in the header.
pub(super) const CALLEES: usize = 4;

/// xorshift: the same bodies on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Pair,
    Maybe,
    Future,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Text => "String",
            Kind::Pair => "P",
            Kind::Maybe => "Option<P>",
            Kind::Future => "Future<String>",
        }
    }
}

/// Writes a random body as text.
pub(super) struct Generator {
    random: Random,
    locals: Vec<&'static str>,
    /// Visible variables; those of `ref` parameters cannot be assigned.
    scope: Vec<(usize, Kind, bool)>,
    blocks: Vec<String>,
    block: usize,
    loops: Vec<usize>,
    budget: usize,
}

const PARAMS: &str =
    "_1: String, ref _2: String, mut _3: String, _4: P, ref _5: P, mut _6: P, _7: Channel<String>, _8: Bool";

impl Generator {
    pub(super) fn body(seed: u64) -> String {
        let mut generator = Generator {
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            locals: Vec::new(),
            scope: vec![
                (1, Kind::Text, true),
                (2, Kind::Text, false),
                (3, Kind::Text, true),
                (4, Kind::Pair, true),
                (5, Kind::Pair, false),
                (6, Kind::Pair, true),
            ],
            blocks: vec![String::new()],
            block: 0,
            loops: Vec::new(),
            budget: 4 + (seed as usize % 24),
        };
        // Locals of unit type for results nobody looks at.
        generator.locals.push("()");
        generator.statements(0);
        generator.line("_0 = \"end\"");
        generator.line("return");
        let mut text = format!("entry fn t({PARAMS}) -> String {{\n");
        for (index, ty) in generator.locals.iter().enumerate() {
            let _ = writeln!(text, "let _{}: {ty}", index + 9);
        }
        for (index, block) in generator.blocks.iter().enumerate() {
            let _ = writeln!(text, "bb{index}: {{ {block} }}");
        }
        text + "}"
    }

    fn line(&mut self, text: &str) {
        let block = &mut self.blocks[self.block];
        block.push_str(text);
        block.push_str("; ");
    }

    fn new_block(&mut self) -> usize {
        self.blocks.push(String::new());
        self.blocks.len() - 1
    }

    fn new_local(&mut self, ty: &'static str) -> usize {
        self.locals.push(ty);
        self.locals.len() + 8
    }

    fn declare(&mut self, kind: Kind) -> usize {
        let local = self.new_local(kind.name());
        self.scope.push((local, kind, true));
        local
    }

    /// A visible variable.
    fn pick(&mut self, kind: Kind, assignable: bool) -> Option<usize> {
        let fitting: Vec<usize> =
            self.scope.iter().filter(|v| v.1 == kind && (v.2 || !assignable)).map(|v| v.0).collect();
        if fitting.is_empty() { None } else { Some(fitting[self.random.below(fitting.len())]) }
    }

    /// A place of a string.
    fn text_place(&mut self) -> String {
        match self.random.below(3) {
            0 => {
                let pair = self.pick(Kind::Pair, false).expect("a parameter");
                format!("_{pair}.{}", self.random.below(2))
            }
            _ => format!("_{}", self.pick(Kind::Text, false).expect("a parameter")),
        }
    }

    fn text(&mut self) -> String {
        if self.random.below(6) == 0 { "\"const\"".into() } else { format!("copy {}", self.text_place()) }
    }

    fn pair(&mut self) -> String {
        format!("copy _{}", self.pick(Kind::Pair, false).expect("a parameter"))
    }

    fn value(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Text => self.text(),
            Kind::Pair if self.random.below(2) == 0 => self.pair(),
            Kind::Pair => format!("P({}, {})", self.text(), self.text()),
            Kind::Maybe => match (self.pick(Kind::Maybe, false), self.random.below(3)) {
                (Some(local), 0) => format!("copy _{local}"),
                (_, 1) => "Option::None".into(),
                _ => format!("Option::Some({})", self.pair()),
            },
            Kind::Future => unreachable!("futures come from spawns"),
        }
    }

    /// Where a result goes: a new variable, an old one, or a field.
    fn destination(&mut self, kind: Kind) -> String {
        match self.random.below(4) {
            0 if kind == Kind::Text => {
                let pair = self.pick(Kind::Pair, true).expect("a parameter");
                return format!("_{pair}.{}", self.random.below(2));
            }
            1 | 2 => {
                if let Some(local) = self.pick(kind, true) {
                    return format!("_{local}");
                }
            }
            _ => {}
        }
        format!("_{}", self.declare(kind))
    }

    /// Ends the block with `call … -> dest`, and goes on behind it. The destination is chosen after the arguments.
    fn call(&mut self, call: &str, kind: Option<Kind>) {
        let dest = kind.map_or("_9".into(), |kind| self.destination(kind));
        let next = self.new_block();
        self.line(&format!("{call} -> {dest} [return bb{next}]"));
        self.block = next;
    }

    fn statements(&mut self, depth: usize) {
        let count = 1 + self.random.below(7);
        for _ in 0..count {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        match self.random.below(if depth > 3 { 12 } else { 18 }) {
            0..=3 => self.assign(),
            4 => {
                let (a, b, c) = (self.text_place(), self.text(), self.text());
                self.call(&format!("call @borrows(borrow {a}, {b}, {c})"), Some(Kind::Text));
            }
            5 => {
                let changed = self.pick(Kind::Text, true).expect("a parameter");
                let pair = self.pick(Kind::Pair, false).expect("a parameter");
                let text = self.text();
                self.call(&format!("call @changes(mut _{changed}, borrow _{pair}, {text})"), Some(Kind::Pair));
            }
            6 => {
                let (owned, pair) = (self.pair(), self.pick(Kind::Pair, false).expect("a parameter"));
                self.call(&format!("call @wraps({owned}, borrow _{pair})"), Some(Kind::Maybe));
            }
            7 => {
                let (a, b) = (self.text(), self.text_place());
                self.call(&format!("call string_append<String>({a}, borrow {b})"), Some(Kind::Text));
            }
            8 => {
                let place = self.text_place();
                self.call(&format!("call println<String>(borrow {place})"), None);
            }
            9 => {
                let (text, pair) = (self.text(), self.pair());
                let future = self.declare(Kind::Future);
                let next = self.new_block();
                self.line(&format!("spawn future String @worker({text}, {pair}) -> _{future} [return bb{next}]"));
                self.block = next;
            }
            10 => {
                if let Some(future) = self.pick(Kind::Future, false) {
                    self.call(&format!("call await<String>(borrow _{future})"), Some(Kind::Text));
                }
            }
            11 => self.select(depth),
            12 | 13 => self.branch(depth),
            14 | 15 => self.repeat(depth),
            16 => self.examine(depth),
            _ => self.leave(),
        }
    }

    fn assign(&mut self) {
        let kind = [Kind::Text, Kind::Pair, Kind::Maybe][self.random.below(3)];
        let value = self.value(kind);
        let dest = self.destination(kind);
        self.line(&format!("{dest} = {value}"));
    }

    /// A block that ends early; the rest is generated in a fresh block reached by a branch around it.
    fn leave(&mut self) {
        let (out, next) = (self.new_block(), self.new_block());
        self.line(&format!("switch copy _8 [0: bb{out}, else bb{next}]"));
        self.block = out;
        match (self.random.below(3), self.loops.last().copied()) {
            (0, Some(exit)) => self.line(&format!("goto bb{exit}")),
            (1, _) => {
                let place = self.text_place();
                self.line(&format!("call panic(borrow {place}) -> _9"));
            }
            _ => {
                let value = self.text();
                self.line(&format!("_0 = {value}"));
                self.line("return");
            }
        }
        self.block = next;
    }

    /// Generates statements in `block` with a scope of their own, then goes to `join`.
    fn nested(&mut self, block: usize, join: usize, depth: usize) {
        let visible = self.scope.len();
        self.block = block;
        self.statements(depth + 1);
        self.line(&format!("goto bb{join}"));
        self.scope.truncate(visible);
    }

    fn branch(&mut self, depth: usize) {
        let (yes, no, join) = (self.new_block(), self.new_block(), self.new_block());
        let has_else = self.random.below(2) == 0;
        self.line(&format!("switch copy _8 [0: bb{yes}, else bb{}]", if has_else { no } else { join }));
        self.nested(yes, join, depth);
        if has_else {
            self.nested(no, join, depth);
        } else {
            self.block = no;
            self.line("unreachable");
        }
        self.block = join;
    }

    /// A block that jumps back to itself.
    fn repeat_block(&mut self) {
        let (body, exit) = (self.new_block(), self.new_block());
        self.line(&format!("goto bb{body}"));
        self.block = body;
        let visible = self.scope.len();
        for _ in 0..1 + self.random.below(4) {
            self.assign();
        }
        self.scope.truncate(visible);
        self.line(&format!("switch copy _8 [0: bb{exit}, else bb{body}]"));
        self.block = exit;
    }

    fn repeat(&mut self, depth: usize) {
        if self.random.below(3) == 0 {
            return self.repeat_block();
        }
        let (head, body, exit) = (self.new_block(), self.new_block(), self.new_block());
        self.line(&format!("goto bb{head}"));
        self.block = head;
        self.line(&format!("switch copy _8 [0: bb{exit}, else bb{body}]"));
        self.loops.push(exit);
        self.nested(body, head, depth);
        self.loops.pop();
        self.block = exit;
    }

    /// `match` on an option.
    fn examine(&mut self, depth: usize) {
        let Some(local) = self.pick(Kind::Maybe, false) else { return };
        let tag = self.new_local("Int");
        let (some, none, other, join) = (self.new_block(), self.new_block(), self.new_block(), self.new_block());
        self.line(&format!("_{tag} = discriminant(_{local})"));
        self.line(&format!("switch copy _{tag} [0: bb{some}, 1: bb{none}, else bb{other}]"));
        self.block = other;
        self.line("unreachable");
        self.nested(none, join, depth);
        let visible = self.scope.len();
        let payload = self.declare(Kind::Pair);
        self.block = some;
        self.line(&format!("_{payload} = copy _{local}@Some.0"));
        self.nested(some, join, depth);
        self.scope.truncate(visible);
        self.block = join;
    }

    fn select(&mut self, depth: usize) {
        let (recv, send, other, join) = (self.new_block(), self.new_block(), self.new_block(), self.new_block());
        let text = self.text();
        let into = self.new_local("String");
        self.line(&format!(
            "select {{ recv copy _7 -> _{into} [bb{recv}]; send copy _7, {text} [bb{send}]; default [bb{other}] }}"
        ));
        let visible = self.scope.len();
        self.scope.push((into, Kind::Text, true));
        self.nested(recv, join, depth);
        self.scope.truncate(visible);
        self.nested(send, join, depth);
        self.nested(other, join, depth);
        self.block = join;
    }
}
