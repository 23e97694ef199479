//! Diagnostics for people: the line, what is wrong with it, and one thing to try.

use crate::session;
use codespan_reporting::diagnostic as shown;
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{self, Config, Styles, StylesWriter, termcolor};
use kodo_frontend::diag::{Diagnostic, Severity};
use kodo_frontend::source::{FileId, Sources, Span};
use std::fmt::Write;

/// Longer lines are not shown: no reader finds a column in them.
const LONGEST_LINE: usize = 400;
/// More reports are counted, not printed.
const MOST_REPORTS: usize = 50;

/// The session's sources as the renderer wants them.
struct Lines<'a>(&'a Sources);

impl<'a> Files<'a> for Lines<'_> {
    type FileId = FileId;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<&'a str, Error> {
        Ok(&self.0.file(id).path)
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        Ok(&self.0.file(id).text)
    }

    fn line_index(&'a self, id: FileId, byte: usize) -> Result<usize, Error> {
        Ok(self.0.file(id).line_index(byte as u32))
    }

    fn line_range(&'a self, id: FileId, line: usize) -> Result<std::ops::Range<usize>, Error> {
        let file = self.0.file(id);
        file.line_range(line).ok_or(Error::LineTooLarge { given: line, max: file.line_index(u32::MAX) })
    }
}

/// Prints all of them to standard error, and a closing count if there are errors.
pub fn diagnostics(sources: &Sources, list: &[Diagnostic]) {
    let choice = if session::colours() { termcolor::ColorChoice::Always } else { termcolor::ColorChoice::Never };
    let stream = termcolor::BufferedStandardStream::stderr(choice);
    let styles = Styles::default();
    let mut writer = StylesWriter::new(stream, &styles);
    for d in list.iter().take(MOST_REPORTS) {
        // Nothing useful can be done about a standard error that cannot be written.
        let _ = emit(&mut writer, sources, d);
    }
    let _ = std::io::Write::flush(&mut writer);
    if list.len() > MOST_REPORTS {
        eprintln!("… and {} more reports", list.len() - MOST_REPORTS);
    }
    let errors = list.iter().filter(|d| d.severity == Severity::Error).count();
    if errors > 0 {
        eprintln!("{errors} error{} found", if errors == 1 { "" } else { "s" });
    }
}

fn emit(writer: &mut impl term::WriteStyle, sources: &Sources, d: &Diagnostic) -> Result<(), Error> {
    let config = Config::default();
    term::emit_to_write_style(writer, &config, &Lines(sources), &convert(sources, d))
}

fn convert(sources: &Sources, d: &Diagnostic) -> shown::Diagnostic<FileId> {
    let severity = match d.severity {
        Severity::Error => shown::Severity::Error,
        Severity::Warning => shown::Severity::Warning,
    };
    let mut out = shown::Diagnostic::new(severity).with_code(d.code).with_message(&d.message);
    let range = |s: Span| s.lo as usize..s.hi as usize;
    if is_showable(sources, d.span) {
        out = out.with_label(shown::Label::primary(d.span.file, range(d.span)).with_message(&d.label));
        for label in d.secondary.iter().filter(|l| is_showable(sources, l.span)) {
            out = out.with_label(shown::Label::secondary(label.span.file, range(label.span)).with_message(&label.text));
        }
    } else {
        out = out.with_note(format!("at {}", place(sources, d.span)));
    }
    for label in d.secondary.iter().filter(|l| !is_showable(sources, l.span)) {
        out = out.with_note(format!("{} at {}", label.text, place(sources, label.span)));
    }
    for note in &d.notes {
        out = out.with_note(format!("note: {note}"));
    }
    if let Some(help) = &d.help {
        out = out.with_note(format!("help: {help}"));
    }
    // A fix that only says the help again is for tools.
    if let Some(fix) = &d.fix
        && d.help.as_ref() != Some(&fix.description)
    {
        out = out.with_note(format!("help: {}: `{}`", fix.description, fix.replacement));
    }
    out
}

/// Are the lines of this span short enough to print?
fn is_showable(sources: &Sources, span: Span) -> bool {
    let file = sources.file(span.file);
    let (first, last) = (file.line_index(span.lo), file.line_index(span.hi));
    (first..=last.min(first + 8)).all(|line| file.line_range(line).is_none_or(|r| r.len() <= LONGEST_LINE))
}

fn place(sources: &Sources, span: Span) -> String {
    let (line, column) = sources.line_column(span);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(out, "{}:{line}:{column}", sources.file(span.file).path);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str, d: &Diagnostic) -> String {
        let mut sources = Sources::default();
        sources.add("a.ko".into(), source.into());
        let mut out = Vec::new();
        emit(&mut term::PlainText(&mut out), &sources, d).expect("memory takes all");
        String::from_utf8(out).expect("text is UTF-8")
    }

    /// Colourless writer for tests.
    mod term {
        use codespan_reporting::diagnostic::{LabelStyle, Severity};
        pub use codespan_reporting::term::*;
        use std::io::{Result, Write};

        pub struct PlainText<'a>(pub &'a mut Vec<u8>);
        impl Write for PlainText<'_> {
            fn write(&mut self, bytes: &[u8]) -> Result<usize> {
                self.0.write(bytes)
            }
            fn flush(&mut self) -> Result<()> {
                Ok(())
            }
        }
        impl WriteStyle for PlainText<'_> {
            fn set_header(&mut self, _: Severity) -> GeneralWriteResult {
                Ok(())
            }
            fn set_header_message(&mut self) -> GeneralWriteResult {
                Ok(())
            }
            fn set_line_number(&mut self) -> GeneralWriteResult {
                Ok(())
            }
            fn set_note_bullet(&mut self) -> GeneralWriteResult {
                Ok(())
            }
            fn set_source_border(&mut self) -> GeneralWriteResult {
                Ok(())
            }
            fn set_label(&mut self, _: Severity, _: LabelStyle) -> GeneralWriteResult {
                Ok(())
            }
            fn reset(&mut self) -> GeneralWriteResult {
                Ok(())
            }
        }
    }

    #[test]
    fn the_line_is_shown_with_its_label_and_help() {
        let d = Diagnostic::error("E0201", Span::new(FileId(0), 8, 9), "nothing is called `y`")
            .label("not found")
            .help("did you mean `x`?");
        let out = text("let z = y", &d);
        for part in ["error[E0201]: nothing is called `y`", "a.ko:1:9", "let z = y", "^ not found", "did you mean `x`?"]
        {
            assert!(out.contains(part), "{part} in\n{out}");
        }
    }

    #[test]
    fn a_line_too_long_to_read_is_named_not_shown() {
        let d = Diagnostic::error("E0101", Span::new(FileId(0), 5000, 5001), "never closed");
        let out = text(&"(".repeat(10_000), &d);
        assert!(out.contains("at a.ko:1:5001") && out.len() < 200, "{out}");
    }
}
