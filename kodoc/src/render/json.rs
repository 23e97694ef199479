//! Diagnostics as one JSON object, for editors and tools (`--json-errors`).

use crate::failure::Trouble;
use crate::output;
use kodo_frontend::diag::{Diagnostic, Severity};
use kodo_frontend::source::Sources;
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    errors: Vec<Entry<'a>>,
    warnings: Vec<Entry<'a>>,
    /// `ok` or `failed`.
    status: &'static str,
    /// Number of errors.
    count: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    /// Absent for failures that have no place in a source file.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Labelled<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
    /// `auto` with a patch, `assisted` with a suggestion only, else `manual`.
    fixability: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_patch: Option<Patch<'a>>,
    see_also: Vec<&'a str>,
}

#[derive(Serialize)]
struct Labelled<'a> {
    message: &'a str,
    span: Place<'a>,
}

/// Bytes from `start` to `end`; line and column count from 1, columns in characters.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    start: u32,
    end: u32,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Patch<'a> {
    description: &'a str,
    file: &'a str,
    start_offset: u32,
    end_offset: u32,
    replacement: &'a str,
}

pub fn diagnostics(sources: &Sources, list: &[Diagnostic]) -> Result<(), Trouble> {
    print(&report(sources, list))
}

pub fn trouble(trouble: &Trouble) -> Result<(), Trouble> {
    let entry = Entry {
        code: trouble.code,
        severity: "error",
        message: &trouble.message,
        span: None,
        labels: Vec::new(),
        notes: Vec::new(),
        suggestion: trouble.help.as_deref(),
        fixability: if trouble.help.is_some() { "assisted" } else { "manual" },
        fix_patch: None,
        see_also: Vec::new(),
    };
    print(&Report { errors: vec![entry], warnings: Vec::new(), status: "failed", count: 1 })
}

fn print(report: &Report<'_>) -> Result<(), Trouble> {
    let mut text = serde_json::to_string_pretty(report).expect("plain data has a JSON form");
    text.push('\n');
    output::write(None, text.as_bytes())
}

fn report<'a>(sources: &'a Sources, list: &'a [Diagnostic]) -> Report<'a> {
    let of = |severity| list.iter().filter(|d| d.severity == severity).map(|d| entry(sources, d)).collect::<Vec<_>>();
    let errors = of(Severity::Error);
    let count = errors.len();
    let status = if count == 0 { "ok" } else { "failed" };
    Report { errors, warnings: of(Severity::Warning), status, count }
}

fn entry<'a>(sources: &'a Sources, d: &'a Diagnostic) -> Entry<'a> {
    let place = |span| {
        let (line, column) = sources.line_column(span);
        Place { file: &sources.file(span.file).path, start: span.lo, end: span.hi, line, column }
    };
    let patch = d.fix.as_ref().map(|fix| Patch {
        description: &fix.description,
        file: &sources.file(fix.span.file).path,
        start_offset: fix.span.lo,
        end_offset: fix.span.hi,
        replacement: &fix.replacement,
    });
    let suggestion = d.help.as_deref().or(d.fix.as_ref().map(|f| f.description.as_str()));
    Entry {
        code: d.code,
        severity: if d.severity == Severity::Error { "error" } else { "warning" },
        message: &d.message,
        span: Some(place(d.span)),
        labels: d.secondary.iter().map(|l| Labelled { message: &l.text, span: place(l.span) }).collect(),
        notes: d.notes.iter().map(String::as_str).collect(),
        fixability: match (&patch, suggestion) {
            (Some(_), _) => "auto",
            (None, Some(_)) => "assisted",
            (None, None) => "manual",
        },
        suggestion,
        fix_patch: patch,
        see_also: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kodo_frontend::source::{FileId, Span};

    #[test]
    fn an_error_with_a_fix_is_auto() {
        let mut sources = Sources::default();
        sources.add("a.ko".into(), "let é = 1\nx = 2".into());
        let at = Span::new(FileId(0), 11, 12);
        let list = [Diagnostic::error("E0249", at, "`x` is not mutable").fix("make it mutable", at, "mut x")];
        let json = serde_json::to_value(report(&sources, &list)).expect("plain data");
        assert_eq!(json["count"], 1);
        assert_eq!(json["status"], "failed");
        let error = &json["errors"][0];
        assert_eq!(error["span"], serde_json::json!({"file": "a.ko", "start": 11, "end": 12, "line": 2, "column": 1}));
        assert_eq!(error["fixability"], "auto");
        assert_eq!(error["fix_patch"]["replacement"], "mut x");
    }
}
