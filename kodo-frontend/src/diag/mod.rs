//! Diagnostics as data: code, severity, labelled spans, notes and machine-applicable fixes.
//! Text, JSON and editor protocols are renderings of it and live in `kodoc`.

use crate::source::Span;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A replacement of one span that makes the program right; offered only where it is certain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    pub description: String,
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Stable code, such as `E0200`.
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    pub span: Span,
    /// Text under the primary span; may be empty.
    pub label: String,
    pub secondary: Vec<Label>,
    pub notes: Vec<String>,
    /// One thing to try, in words.
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            label: String::new(),
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
        }
    }

    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.label = text.into();
        self
    }

    #[must_use]
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    #[must_use]
    pub fn fix(mut self, description: impl Into<String>, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.fix = Some(Fix { description: description.into(), span, replacement: replacement.into() });
        self
    }
}

/// What a stage collects. Order of insertion is the order of discovery; the driver sorts by place.
#[derive(Default, Debug)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn push(&mut self, d: Diagnostic) {
        self.list.push(d);
    }

    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Those that `keep` holds true for.
    #[must_use]
    pub fn filter(mut self, keep: impl Fn(&Diagnostic) -> bool) -> Diagnostics {
        self.list.retain(keep);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn extend(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
    }

    /// Sorted by file and place, exact repetitions removed.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|d| (d.span.file, d.span.lo, d.span.hi));
        self.list.dedup();
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn reports_come_sorted_and_once() {
        let at = |lo| Span::new(FileId(0), lo, lo + 1);
        let mut list = Diagnostics::default();
        list.push(Diagnostic::error("E0201", at(9), "undefined name"));
        list.push(Diagnostic::warning("E0200", at(2), "type mismatch"));
        list.push(Diagnostic::error("E0201", at(9), "undefined name"));
        assert!(list.has_errors());
        let sorted = list.into_sorted();
        assert_eq!(sorted.iter().map(|d| d.span.lo).collect::<Vec<_>>(), [2, 9]);
    }
}
