//! The text of a schema, with lines and columns.

use std::{fmt::Write as _, ops::Range};

/// A part of the text, in bytes.
pub(crate) type Span = Range<usize>;

/// Of a line longer than this only the surroundings of the mistake are shown.
const WIDTH: usize = 120;
/// How much of a cut line is shown before the mistake.
const BEFORE: usize = 40;

/// The characters before every so many bytes are counted once.
const STEP: usize = 1024;

/// The text of a schema.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
    /// The characters before each [`STEP`] of bytes: a mistake in a line of a megabyte must not cost a walk through it.
    counted: Vec<usize>,
}

/// A place that a person can find.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Counted from 1.
    pub(crate) line: usize,
    /// Counted from 1, in characters.
    pub(crate) column: usize,
    /// The line and, below it, the marks.
    pub(crate) excerpt: String,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(index, _)| index + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        let mut characters = 0;
        let mut counted = vec![0];
        for step in text.as_bytes().chunks(STEP) {
            characters += count(step);
            counted.push(characters);
        }
        Self { text, line_starts, counted }
    }

    /// The text of a span.
    pub(crate) fn get(&self, span: Span) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    /// The line of this number, counted from 1, without its end.
    pub(crate) fn line(&self, number: usize) -> Option<&'a str> {
        let start = *self.line_starts.get(number.checked_sub(1)?)?;
        let end = self.line_starts.get(number).map_or(self.text.len(), |next| next - 1);
        Some(self.get(start..end.max(start)).trim_end_matches('\r'))
    }

    /// The line and the column, in characters, of a byte; both counted from 1.
    pub(crate) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        (line, self.characters(start..at) + 1)
    }

    /// Where a span begins.
    pub(crate) fn place(&self, span: &Span) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= span.start).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let text = self.line(line).unwrap_or_default();
        let end = start + text.len();
        let at = span.start.min(end).max(start);
        let before = self.characters(start..at);
        let marked = self.characters(at..span.end.min(end).max(at)).max(1);
        let is_long = self.characters(start..end) > WIDTH;
        let skipped = if is_long { before.saturating_sub(BEFORE) } else { 0 };
        // From the first character that is shown.
        let shown = self.get(start..at).char_indices().rev().take(before - skipped).last();
        let shown = shown.map_or(at, |(index, _)| start + index);
        let excerpt = excerpt(line, self.get(shown..end), skipped, before, marked);
        Place { line, column: before + 1, excerpt }
    }

    /// How many characters a part of the text has.
    fn characters(&self, span: Span) -> usize {
        let before = |at: usize| {
            let at = at.min(self.text.len());
            let counted = self.counted.get(at / STEP).copied().unwrap_or_default();
            counted + count(self.text.as_bytes().get(at / STEP * STEP..at).unwrap_or_default())
        };
        before(span.end).saturating_sub(before(span.start))
    }
}

/// The characters of a text in UTF-8: the bytes that do not continue one.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// `text` begins after the characters that are skipped.
fn excerpt(line: usize, text: &str, skipped: usize, before: usize, marked: usize) -> String {
    let mut shown: String = text.chars().take(WIDTH).map(printable).collect();
    if text.chars().nth(WIDTH).is_some() {
        shown.push_str("...");
    }
    let mut lead: String = text.chars().take(before - skipped).map(blank).collect();
    if skipped > 0 {
        shown.insert_str(0, "...");
        lead.insert_str(0, "   ");
    }
    let marks = "^".repeat(marked.min(WIDTH.saturating_sub(before - skipped)).max(1));
    let mut excerpt = String::new();
    // Writing to a string cannot fail.
    let _ = write!(excerpt, "{line:>5} | {}\n      | {lead}{marks}", shown.trim_end());
    excerpt
}

/// A terminal must not obey what stands in a file.
fn printable(character: char) -> char {
    if character.is_control() && character != '\t' { '\u{fffd}' } else { character }
}

fn blank(character: char) -> char {
    if character == '\t' { '\t' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_line_the_column_and_the_marked_line() {
        let source = Source::new("type A {\r\n\té: Sting\n}");
        for (span, line, column, excerpt) in [
            (0..4, 1, 1, "    1 | type A {\n      | ^^^^"),
            (15..20, 2, 5, "    2 | \té: Sting\n      | \t   ^^^^^"),
            (21..22, 3, 1, "    3 | }\n      | ^"),
            (22..22, 3, 2, "    3 | }\n      |  ^"),
            (5..22, 1, 6, "    1 | type A {\n      |      ^^^"),
            (900..901, 3, 2, "    3 | }\n      |  ^"),
        ] {
            let expected = Place { line, column, excerpt: excerpt.to_owned() };
            assert_eq!(source.place(&span), expected, "{span:?}");
        }
    }

    #[test]
    fn of_a_long_line_only_the_surroundings_are_shown() {
        let text = format!("{} mistake {}", "x".repeat(5000), "y".repeat(5000));
        let excerpt = Source::new(&text).place(&(5001..5008)).excerpt;
        assert_eq!(
            excerpt,
            format!(
                "    1 | ...{} mistake {}...\n      | {}^^^^^^^",
                "x".repeat(39),
                "y".repeat(72),
                " ".repeat(43)
            )
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let excerpt = Source::new("type \u{1b}[31m").place(&(5..6)).excerpt;
        assert_eq!(excerpt, "    1 | type \u{fffd}[31m\n      |      ^");
    }
}
