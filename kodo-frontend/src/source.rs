//! Source files, spans and the line index.

/// Index of a file in the session's [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// A range of bytes `lo..hi` in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    pub file: FileId,
    pub lo: u32,
    pub hi: u32,
}

impl Span {
    pub fn new(file: FileId, lo: u32, hi: u32) -> Span {
        Span { file, lo, hi }
    }

    /// The smallest span that covers both (of one file).
    #[must_use]
    pub fn to(self, end: Span) -> Span {
        Span { file: self.file, lo: self.lo.min(end.lo), hi: self.hi.max(end.hi) }
    }
}

pub struct SourceFile {
    /// As shown to the user.
    pub path: String,
    pub text: String,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// Index, from 0, of the line that holds this byte; the last line for bytes past the end.
    pub fn line_index(&self, byte: u32) -> usize {
        self.line_starts.partition_point(|&s| s <= byte) - 1
    }

    /// The bytes of a line, its line break included; `None` past the last one.
    pub fn line_range(&self, line: usize) -> Option<std::ops::Range<usize>> {
        let start = *self.line_starts.get(line)? as usize;
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |&e| e as usize);
        Some(start..end)
    }
}

#[derive(Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file. Texts of 4 GiB and more are the caller's to refuse.
    pub fn add(&mut self, path: String, text: String) -> FileId {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1))
            .collect();
        self.files.push(SourceFile { path, text, line_starts });
        FileId(self.files.len() as u32 - 1)
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }

    pub fn text(&self, span: Span) -> &str {
        &self.file(span.file).text[span.lo as usize..span.hi as usize]
    }

    /// Line and column of the span's start, both from 1, columns in characters.
    pub fn line_column(&self, span: Span) -> (u32, u32) {
        let file = self.file(span.file);
        let line = file.line_index(span.lo);
        let start = file.line_starts[line] as usize;
        let column = file.text[start..span.lo as usize].chars().count();
        (line as u32 + 1, column as u32 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.ko".into(), "let é = 1\n\nx".into());
        assert_eq!(sources.line_column(Span::new(file, 0, 3)), (1, 1));
        assert_eq!(sources.line_column(Span::new(file, 7, 8)), (1, 7));
        assert_eq!(sources.line_column(Span::new(file, 11, 11)), (2, 1));
        assert_eq!(sources.line_column(Span::new(file, 12, 13)), (3, 1));
        assert_eq!(sources.text(Span::new(file, 12, 13)), "x");
    }

    #[test]
    fn spans_join_to_the_smallest_cover() {
        let file = FileId(0);
        assert_eq!(Span::new(file, 4, 6).to(Span::new(file, 1, 5)), Span::new(file, 1, 6));
    }
}
