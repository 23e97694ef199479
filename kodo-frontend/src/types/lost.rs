//! What syntax errors took away. An item, statement or expression that recovery dropped may have declared any of the
//! words in its text, and used any of them: a name that is unknown because of that is no second mistake.

use crate::diag::Diagnostic;
use crate::names::{Name, Names};
use crate::source::Sources;
use crate::syntax::ast::{Ast, Id, Node};
use rustc_hash::FxHashSet;

/// Codes of "there is no such name".
const UNKNOWN: [&str; 8] = ["E0201", "E0213", "E0215", "E0217", "E0218", "E0219", "E0230", "E0235"];

#[derive(Default)]
pub struct Lost {
    /// Words in the text that was dropped.
    words: FxHashSet<Name>,
}

impl Lost {
    pub fn new(sources: &Sources, asts: &[Ast], names: &mut Names) -> Lost {
        let mut lost = Lost::default();
        asts.iter().for_each(|ast| lost.add(sources, ast, names));
        lost
    }

    fn add(&mut self, sources: &Sources, ast: &Ast, names: &mut Names) {
        // Broken parts may contain each other: every byte is read once.
        let mut spans: Vec<_> = (0..ast.len() as u32)
            .map(Id)
            .filter(|&id| matches!(ast.node(id), Node::Error))
            .map(|id| ast.span(id))
            .collect();
        spans.sort_by_key(|s| s.lo);
        let mut read = 0;
        for mut span in spans {
            span.lo = span.lo.max(read);
            if span.lo < span.hi {
                read = span.hi;
                self.words.extend(words(sources.text(span)).map(|w| names.intern(w)));
            }
        }
    }

    /// Is this report the consequence of a declaration that was dropped?
    pub fn explains(&self, d: &Diagnostic, sources: &Sources, names: &Names) -> bool {
        UNKNOWN.contains(&d.code)
            && words(sources.text(d.span)).any(|w| names.get(w).is_some_and(|n| self.words.contains(&n)))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| w.starts_with(|c: char| !c.is_ascii_digit()))
}
