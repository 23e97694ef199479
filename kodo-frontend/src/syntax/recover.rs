//! Parsing that never fails: what is broken becomes an `Error` node, everything else stays.
//!
//! The grammar stops at the first token that fits nowhere. Recovery then replaces the smallest balanced entry around that
//! token by one [`T::Error`] token and parses again. From small to large: an expression with a place of its own (an
//! initializer, a condition, an argument, an arm's body, a hole), then the field, arm, statement or item around it, then
//! the next one outwards until the grammar goes on. The brackets are balanced already, so an entry ends where its
//! delimiter or its bracket's closer stands.
//!
//! Parsing a file again for each error would be quadratic. At the first error the file is therefore cut: each statement
//! or item of at most [`UNIT`] tokens is replaced by one [`T::Cut`] token, and parses by itself, again and again if need
//! be. What remains, the *skeleton*, is short unless a file is one giant expression. Nodes of units are put in place of
//! the skeleton's `Cut` nodes in the end. [`MAX_ERRORS`] and the work budget bound the rest.
//!
//! Not reported, as consequences of something reported already: errors at the replaced place itself, at what the
//! lexer refused, at closers which the token layer invented, and inside parentheses that it had to close.

use super::ast::{Ast, Id, Node};
use super::build::Builder;
use super::explain::{self, Found, Place, Symptom};
use super::grammar::FileParser;
use super::layer::{Kind, continues, starts_item};
use super::token::{T, Token};
use crate::diag::{Diagnostic, Diagnostics};
use crate::names::Names;
use crate::source::FileId;
use lalrpop_util::ParseError;

/// Errors of the grammar that are reported; what is broken beyond them becomes `Error` nodes silently.
pub const MAX_ERRORS: usize = 50;

/// Tokens of the largest statement or item that is parsed by itself. Large enough for nearly every function, so that
/// the skeleton stays short; small enough to be parsed fifty times.
const UNIT: usize = 2000;

/// Tokens within which the same symptom of a misplaced brace is the same mistake.
const NEAR: usize = 200;

pub struct Parsed {
    pub ast: Ast,
    pub diagnostics: Diagnostics,
    /// Where a `{` was expected: a `}` further down has lost its partner. In order.
    pub missing_braces: Vec<u32>,
}

/// Parses the tokens of a file. `braces` says what each brace holds.
pub fn parse(file: FileId, text: &str, tokens: &[Token], braces: &[Kind], names: &mut Names) -> Parsed {
    let builder = Builder { ast: Ast::new(file, text.len()), names, text, cuts: Vec::new() };
    let mut recovery = Recovery {
        file,
        text,
        tokens,
        holds: Vec::new(),
        builder,
        errors: Vec::new(),
        missing_braces: Vec::new(),
        symptoms: [None; 3],
        budget: 4_000_000 + 6 * tokens.len() as u64,
    };
    let roots = recovery.file(braces);
    recovery.builder.ast.roots = roots;
    let mut diagnostics = Diagnostics::default();
    recovery.errors.into_iter().for_each(|d| diagnostics.push(d));
    let mut missing_braces = recovery.missing_braces;
    missing_braces.sort_unstable();
    Parsed { ast: recovery.builder.ast, diagnostics, missing_braces }
}

/// A token for the grammar. `at` is its index in the file's tokens; for `Cut` the unit's.
#[derive(Clone, Copy)]
struct Piece {
    kind: T,
    lo: u32,
    hi: u32,
    at: u32,
}

/// A statement or item that parses by itself: tokens `start..end`.
#[derive(Clone, Copy)]
struct Unit {
    start: usize,
    end: usize,
    place: Place,
}

struct Failure {
    /// Index of the piece that does not fit, or their number at the end.
    at: usize,
    expected: Vec<String>,
}

struct Recovery<'s> {
    file: FileId,
    text: &'s str,
    tokens: &'s [Token],
    /// What the brace at this index holds.
    holds: Vec<Kind>,
    builder: Builder<'s>,
    errors: Vec<Diagnostic>,
    missing_braces: Vec<u32>,
    /// The token where each [`Symptom`] was seen last.
    symptoms: [Option<usize>; 3],
    /// Tokens that may still be parsed again.
    budget: u64,
}

/// What stands between two brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    File,
    Brace(Kind),
    Paren,
    Hole,
    FString,
}

/// An open bracket while walking over tokens, with the entry being read.
struct Frame {
    inside: Inside,
    /// Index of the opener.
    opener: usize,
    start: usize,
    /// The entry has annotations and nothing else yet: the separator after an annotation does not end it.
    annotations: bool,
    /// That separator was the last token.
    annotated: bool,
    slot: Option<Slot>,
}

/// A part of the entry that is one expression.
#[derive(Clone, Copy)]
struct Slot {
    start: usize,
    /// It ends before the body's brace, not with the entry.
    before_brace: bool,
}

impl Frame {
    fn new(inside: Inside, opener: usize, start: usize) -> Frame {
        Frame { inside, opener, start, annotations: false, annotated: false, slot: None }
    }

    fn delimits(&self, kind: T) -> bool {
        match self.inside {
            Inside::File | Inside::Brace(Kind::Block | Kind::Items | Kind::Members) => {
                kind == T::Sep && !self.annotations
            }
            Inside::Brace(_) => matches!(kind, T::Sep | T::Comma),
            Inside::Paren => kind == T::Comma,
            Inside::Hole => kind == T::HoleFormat,
            Inside::FString => false,
        }
    }

    /// Follows a token that opens or closes nothing, or an opener, directly in this frame.
    fn read(&mut self, i: usize, kind: T, first_of_slot: Option<T>) {
        if self.delimits(kind) {
            self.start = i + 1;
            self.slot = None;
            return;
        }
        if i == self.start {
            self.annotations = kind == T::At;
        } else if self.annotated || (starts_item(kind) && kind != T::At) {
            self.annotations &= kind == T::At;
        }
        self.annotated = self.annotations && kind == T::Sep;
        let arms = self.inside == Inside::Brace(Kind::Arms);
        let literal = self.inside == Inside::Brace(Kind::Literal);
        match kind {
            T::If | T::While | T::Match | T::In => self.slot = Some(Slot { start: i + 1, before_brace: true }),
            T::Assign if first_of_slot == Some(T::Let) => {
                self.slot = self.slot.map(|s| Slot { start: i + 1, ..s });
            }
            T::Assign if self.slot.is_none() => self.slot = Some(Slot { start: i + 1, before_brace: false }),
            T::Return => self.slot = Some(Slot { start: i + 1, before_brace: false }),
            T::FatArrow if arms => self.slot = Some(Slot { start: i + 1, before_brace: false }),
            T::Colon if literal => self.slot = Some(Slot { start: i + 1, before_brace: false }),
            T::LBrace if self.slot.is_some_and(|s| s.before_brace) => self.slot = None,
            _ => {}
        }
    }
}

fn opens(kind: T) -> bool {
    matches!(kind, T::LParen | T::LBracket | T::LBrace | T::LitBrace | T::HoleOpen | T::FStart)
}

fn closes(kind: T) -> bool {
    matches!(kind, T::RParen | T::RBracket | T::RBrace | T::HoleClose | T::FEnd)
}

impl Recovery<'_> {
    fn file(&mut self, braces: &[Kind]) -> Vec<Id> {
        let tokens = self.tokens;
        let mark = self.builder.ast.mark();
        let whole = tokens.iter().map(|t| (t.lo, t.kind, t.hi));
        if let Ok(roots) = FileParser::new().parse(&mut self.builder, whole) {
            return roots;
        }
        self.builder.ast.reset(mark);
        let mut braces = braces.iter();
        self.holds = tokens
            .iter()
            .map(|t| match t.kind {
                T::LBrace | T::LitBrace => braces.next().copied().unwrap_or(Kind::Block),
                _ => Kind::Paren,
            })
            .collect();
        let units = self.units();
        let skeleton = self.skeleton(&units);
        let Some((roots, left)) = self.settle(skeleton, tokens.len(), false) else {
            // The layer and the grammar disagree about a brace: without cutting they need not agree.
            self.errors.clear();
            self.missing_braces.clear();
            self.symptoms = [None; 3];
            let all = self.pieces(0, tokens.len());
            return self.settle(all, tokens.len(), false).map(|(roots, _)| roots).unwrap_or_default();
        };
        let places = std::mem::take(&mut self.builder.cuts);
        for (&place, unit) in places.iter().zip(left) {
            let unit = units[unit as usize];
            let node = self.unit(unit);
            self.builder.ast.put(place, node);
        }
        roots
    }

    fn pieces(&self, start: usize, end: usize) -> Vec<Piece> {
        let piece = |at: usize| {
            let t = self.tokens[at];
            Piece { kind: t.kind, lo: t.lo, hi: t.hi, at: at as u32 }
        };
        (start..end).map(piece).collect()
    }

    /// The largest statements and items of at most [`UNIT`] tokens, in order, none inside another.
    fn units(&self) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        let mut frames = vec![(Frame::new(Inside::File, 0, 0), Some(Place::File))];
        let mut end_entry = |frame: &(Frame, Option<Place>), end: usize, tokens: &[Token]| {
            let start = frame.0.start;
            let Some(place) = frame.1 else { return };
            if start < end && end - start <= UNIT && tokens[start].kind != T::Meta {
                while units.pop_if(|u| u.start >= start).is_some() {}
                units.push(Unit { start, end, place });
            }
        };
        for (i, t) in self.tokens.iter().enumerate() {
            let top = frames.last_mut().expect("the file's frame stays");
            if closes(t.kind) {
                end_entry(top, i, self.tokens);
                if frames.len() > 1 {
                    frames.pop();
                }
                continue;
            }
            if top.0.delimits(t.kind) {
                end_entry(top, i, self.tokens);
            }
            top.0.read(i, t.kind, None);
            if opens(t.kind) {
                let inside = self.inside(t.kind, i);
                let place = match inside {
                    Inside::Brace(Kind::Block) => Some(Place::Block),
                    Inside::Brace(Kind::Items) if i >= 2 && self.tokens[i - 2].kind == T::Module => Some(Place::Module),
                    _ => None,
                };
                frames.push((Frame::new(inside, i, i + 1), place));
            }
        }
        end_entry(&frames[0], self.tokens.len(), self.tokens);
        units
    }

    fn inside(&self, kind: T, at: usize) -> Inside {
        match kind {
            T::LBrace | T::LitBrace => Inside::Brace(self.holds[at]),
            T::HoleOpen => Inside::Hole,
            T::FStart => Inside::FString,
            _ => Inside::Paren,
        }
    }

    /// The file's tokens with each unit as one token.
    fn skeleton(&self, units: &[Unit]) -> Vec<Piece> {
        let mut out = Vec::new();
        let mut next = 0;
        for (n, unit) in units.iter().enumerate() {
            out.extend(self.pieces(next, unit.start));
            let (lo, hi) = (self.tokens[unit.start].lo, self.tokens[unit.end - 1].hi);
            out.push(Piece { kind: T::Cut, lo, hi, at: n as u32 });
            next = unit.end;
        }
        out.extend(self.pieces(next, self.tokens.len()));
        out
    }

    fn unit(&mut self, unit: Unit) -> Id {
        let pieces = self.pieces(unit.start, unit.end);
        let (lo, hi) = (pieces[0].lo, pieces[pieces.len() - 1].hi);
        let roots = self.settle(pieces, unit.end, true).map(|(roots, _)| roots);
        let Some(&[root]) = roots.as_deref() else { return self.builder.add(lo, Node::Error, hi) };
        if let Some(d) = explain::misplaced(&self.builder.ast, root, unit.place) {
            let symptom = (unit.place == Place::Module).then_some(Symptom::StatementInModule);
            if !self.is_again(symptom, unit.start) {
                self.report(d);
            }
            return self.builder.add(lo, Node::Error, hi);
        }
        root
    }

    /// Where a brace is missing or too many, every line after it is in the wrong place: once is enough.
    fn is_again(&mut self, symptom: Option<Symptom>, at: usize) -> bool {
        let Some(symptom) = symptom else { return false };
        let last = self.symptoms[symptom as usize].replace(at);
        last.is_some_and(|last| at.abs_diff(last) < NEAR)
    }

    fn report(&mut self, d: Diagnostic) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(d);
        }
    }

    fn attempt(&mut self, pieces: &[Piece]) -> Result<Vec<Id>, Failure> {
        self.budget = self.budget.saturating_sub(pieces.len() as u64);
        self.builder.cuts.clear();
        let mark = self.builder.ast.mark();
        let mut pulled = 0;
        let tokens = pieces.iter().inspect(|_| pulled += 1).map(|p| (p.lo, p.kind, p.hi));
        match FileParser::new().parse(&mut self.builder, tokens) {
            Ok(roots) => Ok(roots),
            Err(error) => {
                self.builder.ast.reset(mark);
                Err(match error {
                    ParseError::UnrecognizedToken { expected, .. } => Failure { at: pulled - 1, expected },
                    ParseError::UnrecognizedEof { expected, .. } => Failure { at: pieces.len(), expected },
                    _ => Failure { at: pieces.len(), expected: Vec::new() },
                })
            }
        }
    }

    /// Parses, replacing what is broken. Gives the roots and the units whose `Cut` tokens are left; `None` if the
    /// grammar refuses a `Cut` token. `following` is the index of the token after the pieces.
    fn settle(&mut self, mut pieces: Vec<Piece>, following: usize, unit: bool) -> Option<(Vec<Id>, Vec<u32>)> {
        // Where the last `Error` token was put.
        let mut last: Option<usize> = None;
        loop {
            let failure = match self.attempt(&pieces) {
                Ok(roots) => {
                    let left = pieces.iter().filter(|p| p.kind == T::Cut).map(|p| p.at).collect();
                    return Some((roots, left));
                }
                Err(failure) => failure,
            };
            // At the replaced place, or as soon as something follows its brackets.
            let consequence = last.is_some_and(|p| {
                let at = failure.at;
                at == p || at == p + 1 || (at > p && pieces[p + 1..at].iter().all(|p| closes(p.kind)))
            });
            let anchor = if consequence { last.unwrap_or_default() } else { failure.at };
            if pieces.get(anchor).is_some_and(|p| p.kind == T::Cut) {
                return None;
            }
            let exhausted = self.budget == 0 || (unit && self.errors.len() >= MAX_ERRORS);
            let frames = self.frames(&pieces, anchor);
            if !consequence && !exhausted {
                self.explain(&pieces, &failure, following, &frames);
            }
            let part = if exhausted {
                Part { start: 0, end: pieces.len(), line: false }
            } else {
                self.smallest(&pieces, anchor, &frames)
            };
            let next = pieces.get(part.start).or(pieces.last()).copied();
            let (lo, at) = next.map_or((0, 0), |p| (p.lo, p.at));
            let hi = if part.start < part.end { pieces[part.end - 1].hi } else { lo };
            let mut replacement = vec![Piece { kind: T::Error, lo, hi, at }];
            if part.line {
                let Piece { lo, at, .. } = pieces[part.end];
                replacement.push(Piece { kind: T::Sep, lo, hi: lo, at });
            }
            pieces.splice(part.start..part.end, replacement);
            last = Some(part.start);
        }
    }

    /// The brackets open before the piece `anchor`.
    fn frames(&self, pieces: &[Piece], anchor: usize) -> Vec<Frame> {
        let mut frames = vec![Frame::new(Inside::File, 0, 0)];
        for (i, p) in pieces[..anchor].iter().enumerate() {
            if closes(p.kind) {
                if frames.len() > 1 {
                    frames.pop();
                }
                continue;
            }
            let top = frames.last_mut().expect("the file's frame stays");
            let first_of_slot = top.slot.and_then(|s| pieces.get(s.start)).map(|p| p.kind);
            top.read(i, p.kind, first_of_slot);
            if opens(p.kind) {
                frames.push(Frame::new(self.inside(p.kind, p.at as usize), i, i + 1));
            }
        }
        frames
    }

    fn explain(&mut self, pieces: &[Piece], failure: &Failure, following: usize, frames: &[Frame]) {
        let top = frames.last().expect("the file's frame stays");
        let at = pieces.get(failure.at).map_or(following, |p| p.at as usize);
        let found = self.tokens.get(at);
        let invented = |t: &Token| t.lo == t.hi && closes(t.kind);
        if found.is_some_and(|t| t.kind == T::Error || invented(t)) {
            return;
        }
        if matches!(top.inside, Inside::Paren | Inside::Hole | Inside::FString) {
            let closer = self.entry_end(pieces, failure.at, top, false).closer;
            if pieces.get(closer).is_some_and(|p| p.lo == p.hi) {
                return;
            }
        }
        let entry =
            pieces.get(top.start).filter(|p| top.start <= failure.at && p.kind != T::Cut).map(|p| p.at as usize);
        let place = match top.inside {
            Inside::File => Place::File,
            Inside::Brace(Kind::Block) => Place::Block,
            Inside::Brace(Kind::Items) => Place::Module,
            Inside::Brace(kind) => Place::Entries(kind),
            Inside::Paren => Place::Paren,
            Inside::Hole | Inside::FString => Place::Hole,
        };
        // What stands before the opening bracket: whose parameters or fields are these?
        let opener = pieces.get(top.opener).filter(|_| top.inside != Inside::File).map(|p| p.at as usize);
        let in_condition = top.slot.is_some_and(|s| s.before_brace);
        let found = Found {
            file: self.file,
            text: self.text,
            tokens: self.tokens,
            at,
            expected: &failure.expected,
            place,
            entry: entry.filter(|&e| e < self.tokens.len()),
            opener,
            in_condition,
        };
        let symptom = found.symptom();
        let d = explain::explain(&found);
        if found.lacks_brace() {
            self.missing_braces.push(d.span.lo);
        }
        if !self.is_again(symptom, at) {
            self.report(d);
        }
    }

    fn is_inside_line(&self, at: usize) -> bool {
        let semicolon = self.text.as_bytes().get(self.tokens[at].lo as usize) == Some(&b';');
        !semicolon && self.tokens.get(at + 1).is_some_and(|next| !next.after_break)
    }

    /// The smallest part around `anchor` that one `Error` token can stand for.
    fn smallest(&self, pieces: &[Piece], anchor: usize, frames: &[Frame]) -> Part {
        let replaced = |start: usize, end: usize| end == start + 1 && pieces[start].kind == T::Error;
        // Where the layer separated two tokens of one line, and the first statement is not complete, both are one.
        let joined = pieces.get(anchor).is_some_and(|p| p.kind == T::Sep && self.is_inside_line(p.at as usize));
        let mut from = anchor;
        for frame in frames.iter().rev() {
            let End { entry: end, line, closer } = self.entry_end(pieces, from, frame, joined && from == anchor);
            if let Some(slot) = frame.slot
                && let Some(slot_end) = slot_end(pieces, slot, from, end)
                && !replaced(slot.start, slot_end)
            {
                return Part { start: slot.start, end: slot_end, line: line && slot_end == end };
            }
            // An argument or hole may be missing altogether, an entry cannot.
            let may_be_empty = matches!(frame.inside, Inside::Paren | Inside::Hole) && from == anchor;
            if (frame.start < end || may_be_empty) && !replaced(frame.start, end) && frame.inside != Inside::FString {
                return Part { start: frame.start, end, line };
            }
            if matches!(frame.inside, Inside::Hole | Inside::FString) {
                return Part { start: frame.opener, end: (closer + 1).min(pieces.len()), line: false };
            }
            from = closer + 1;
        }
        Part { start: 0, end: pieces.len(), line: false }
    }

    /// From `from`, which lies directly in the frame: where its entry ends. With `past_first` a delimiter at `from`
    /// itself does not count.
    fn entry_end(&self, pieces: &[Piece], from: usize, frame: &Frame, past_first: bool) -> End {
        let mut walk = Frame { slot: None, ..*frame };
        let by_lines = frame.delimits(T::Sep) && !frame.delimits(T::Comma);
        // A statement that breaks off at the end of its line does not take the next line with it.
        let starts_line = |i: usize| {
            let p = pieces[i];
            by_lines
                && i > frame.start
                && !matches!(p.kind, T::Cut | T::Error | T::LBrace | T::Sep)
                && !continues(p.kind)
                && self.tokens[p.at as usize].after_break
        };
        let mut entry = None;
        let mut line = false;
        let mut depth = 0usize;
        let mut i = from;
        while i < pieces.len() {
            let kind = pieces[i].kind;
            if closes(kind) {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            } else {
                if depth == 0 && entry.is_none() {
                    line = starts_line(i);
                    if line || (walk.delimits(kind) && !(past_first && i == from)) {
                        entry = Some(i);
                    } else if i != from {
                        walk.read(i, kind, None);
                    }
                }
                if opens(kind) {
                    depth += 1;
                }
            }
            i += 1;
        }
        End { entry: entry.unwrap_or(i), line, closer: i }
    }
}

/// What one `Error` token is to stand for.
struct Part {
    start: usize,
    end: usize,
    /// It ends with its line, where the layer saw no end: a separator is to follow.
    line: bool,
}

/// Where an entry ends, and the bracket around it.
struct End {
    entry: usize,
    /// The entry ends before a line, not at a delimiter.
    line: bool,
    closer: usize,
}

fn slot_end(pieces: &[Piece], slot: Slot, from: usize, entry_end: usize) -> Option<usize> {
    if !slot.before_brace {
        return Some(entry_end);
    }
    let mut depth = 0usize;
    for (i, p) in pieces.iter().enumerate().take(entry_end).skip(from) {
        match p.kind {
            T::LBrace if depth == 0 => return Some(i),
            kind if opens(kind) => depth += 1,
            kind if closes(kind) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}
