//! The text in which the reference tells of mistakes that graphql-js finds: all of them, each with the lines around it.

use std::collections::BTreeSet;

use crate::{
    found::Found,
    source::{Source, Span},
};

/// A line longer than this is shown in pieces.
const LONG_LINE: usize = 120;
/// How long a piece is.
const PIECE: usize = 80;
/// Of a line longer than this nothing is shown: the text would grow without measure.
const MAX_LINE: usize = 20_000;
/// Directives of an older transformer, which is told of in other words.
const OLD_DIRECTIVES: [&str; 3] = ["connection", "key", "versioned"];

/// The message of a `SchemaValidationError`.
pub(crate) fn validation_failed<'f>(found: impl Iterator<Item = &'f Found>, source: &Source<'_>) -> String {
    let mut old = BTreeSet::new();
    let mut printed = Vec::new();
    for Found { spans, error, .. } in found {
        let directive = error.message.strip_prefix("Unknown directive \"@");
        match directive.and_then(|rest| OLD_DIRECTIVES.iter().find(|name| rest == format!("{name}\"."))) {
            Some(name) => {
                old.insert(format!("\"@{name}\""));
            }
            None => {
                let places: String =
                    spans.iter().map(|span| format!("\n\n{}", place(span, source))).collect();
                printed.push(format!("{}{places}", error.message));
            }
        }
    }
    let printed = printed.join("\n\n");
    if old.is_empty() {
        return format!("Schema validation failed.\n\n{printed} ");
    }
    let directives = if old.len() > 1 { "directives" } else { "directive" };
    let old = old.into_iter().collect::<Vec<_>>().join(", ");
    let base = format!(
        "Your GraphQL Schema is using {old} {directives} from an older version of the GraphQL Transformer. Visit \
         https://docs.amplify.aws/cli/migration/transformer-migration/ to learn how to migrate your GraphQL schema."
    );
    if printed.is_empty() {
        return base;
    }
    format!("{base} There are additional validation errors listed below \n\n {printed}")
}

/// A place as graphql-js shows it.
fn place(span: &Span, source: &Source<'_>) -> String {
    let (line, column) = source.line_and_column(span.start);
    let text = source.line(line).unwrap_or_default();
    let head = format!("GraphQL request:{line}:{column}\n");
    if text.len() > MAX_LINE {
        return head;
    }
    let caret = |column: usize| format!("{}^", " ".repeat(column.saturating_sub(1)));
    let mut lines: Vec<(String, Option<String>)> = Vec::new();
    if text.chars().count() > LONG_LINE {
        let characters: Vec<char> = text.chars().collect();
        let mut pieces = characters.chunks(PIECE).map(|piece| piece.iter().collect::<String>());
        lines.push((line.to_string(), pieces.next()));
        for _ in 0..column / PIECE {
            lines.push((String::new(), pieces.next()));
        }
        lines.push((" ".to_owned(), Some(caret(column % PIECE))));
        lines.push((String::new(), pieces.next()));
    } else {
        lines.push(((line - 1).to_string(), source.line(line - 1).map(str::to_owned)));
        lines.push((line.to_string(), Some(text.to_owned())));
        lines.push((String::new(), Some(caret(column))));
        lines.push(((line + 1).to_string(), source.line(line + 1).map(str::to_owned)));
    }
    lines.retain(|(_, text)| text.is_some());
    let width = lines.iter().map(|(prefix, _)| prefix.len()).max().unwrap_or_default();
    let shown = lines.iter().map(|(prefix, text)| match text.as_deref().unwrap_or_default() {
        "" => format!("{prefix:>width$} |"),
        text => format!("{prefix:>width$} | {text}"),
    });
    head + &shown.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_with_the_lines_around_it() {
        let source = Source::new("type A\n\n  @modle {\n  a: Int\n}");
        assert_eq!(
            place(&(10..16), &source),
            "GraphQL request:3:3\n2 |\n3 |   @modle {\n  |   ^\n4 |   a: Int"
        );
        assert_eq!(place(&(0..4), &source), "GraphQL request:1:1\n1 | type A\n  | ^\n2 |");
    }

    #[test]
    fn a_long_line_is_shown_in_pieces() {
        let text = format!("{}{}{}", "a".repeat(80), "b".repeat(80), "c".repeat(10));
        let source = Source::new(&text);
        let expected = format!(
            "GraphQL request:1:91\n1 | {}\n  | {}\n  |           ^\n  | {}",
            "a".repeat(80),
            "b".repeat(80),
            "c".repeat(10)
        );
        assert_eq!(place(&(90..91), &source), expected);
    }
}
