//! Text to syntax tree, within bounds.

use apollo_compiler::{
    Name, Node, ast,
    diagnostic::ToCliReport as _,
    parser::{Parser, SourceSpan},
};
use apollo_parser::{Lexer, TokenKind};

use crate::{
    report::{Report, shortened},
    source::Span,
};

/// A schema may be so long, in bytes. Real ones are a hundredth of it.
const MAX_BYTES: usize = 1 << 20;
/// A schema may have so many tokens.
const MAX_TOKENS: usize = 400_000;
/// Lists and objects may be nested so deep; a rule needs three levels.
const MAX_DEPTH: usize = 32;
/// So many of the parser's errors are looked at; most are consequences of the first.
const MAX_EXAMINED_ERRORS: usize = 100;

/// Reads the text into a tree; what is not GraphQL goes to the report.
pub(crate) fn parse(source: &str, report: &mut Report<'_>) -> Option<ast::Document> {
    if source.len() > MAX_BYTES {
        report.syntax(0..0, format!("a schema cannot be longer than {MAX_BYTES} bytes"));
        return None;
    }
    let mut parser = Parser::new().token_limit(MAX_TOKENS).recursion_limit(MAX_DEPTH);
    let errors = match parser.parse_ast(source, "") {
        Ok(document) => return understood_whole(source, document, report),
        Err(with_errors) => with_errors.errors,
    };
    let mut shown: Vec<usize> = Vec::new();
    for diagnostic in errors.iter().take(MAX_EXAMINED_ERRORS) {
        let span = diagnostic.error.location().map_or(0..0, |location| span_in(source, location));
        let is_consequence = shown.last().is_some_and(|last| {
            span.start <= *last || !begins_definition(report.source().get(*last..span.start))
        });
        if !is_consequence {
            shown.push(span.start);
            let message = plain(&diagnostic.error.to_string(), report.source().get(span.clone()));
            report.syntax(span, message);
        }
    }
    None
}

/// Whether a line of the text begins like a definition: there the parser finds its way again.
fn begins_definition(text: &str) -> bool {
    let words = ["type ", "enum ", "input ", "interface ", "union ", "scalar ", "extend "];
    text.lines().skip(1).any(|line| words.iter().any(|word| line.starts_with(word)))
}

/// The parser passes over some misplaced words, such as those of `{allow: owner, operations read}`, a rule that
/// would then grant everything. Hence the tree, written out again, must have the words of the text, each one.
fn understood_whole(source: &str, document: ast::Document, report: &mut Report<'_>) -> Option<ast::Document> {
    if document.definitions.iter().any(ast::Definition::is_executable_definition) {
        // Refused as such; their short forms are not written out again.
        return Some(document);
    }
    let written = document.to_string();
    let mut understood = words(&written);
    for (word, start) in words(source) {
        if understood.next().map(|(word, _)| word) != Some(word) {
            let word = source.get(start..start + word.len()).unwrap_or_default();
            let message = format!("unexpected `{}`", shortened(word));
            report.syntax(start..start + word.len(), message);
            return None;
        }
    }
    Some(document)
}

/// The words of a text and where they begin. All strings look alike: they can be written in more than one way.
fn words(text: &str) -> impl Iterator<Item = (&str, usize)> {
    Lexer::new(text).filter_map(Result::ok).filter_map(|token| match token.kind() {
        TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma | TokenKind::Eof => None,
        TokenKind::StringValue => Some(("\"", token.index())),
        _ => Some((token.data(), token.index())),
    })
}

/// The bytes of a location, never beyond the end of the text.
fn span_in(source: &str, location: SourceSpan) -> Span {
    let start = location.offset().min(source.len());
    start..location.end_offset().clamp(start, source.len())
}

/// The parser's message in words; `found` is what stands at the place.
fn plain(message: &str, found: &str) -> String {
    let message = message.strip_prefix("syntax error: ").unwrap_or(message);
    if message.contains("limit reached") {
        let what = if message.contains("recursion") { "nested too deep" } else { "too long" };
        return format!("the schema is {what}");
    }
    let message = message.replace("exptected", "expected");
    let Some(wanted) = message.strip_prefix("expected ") else {
        return match message.as_str() {
            "Unexpected <EOF>." => "the schema is empty".to_owned(),
            "unexpected variable value in a Const context" => "a variable cannot stand here".to_owned(),
            _ => shortened(message.split(',').next().unwrap_or_default()),
        };
    };
    let wanted = wanted.split_once(", got ").map_or(wanted, |(wanted, _)| wanted);
    let wanted = match wanted {
        "R_CURLY" => "`}`",
        "L_CURLY" => "`{`",
        "R_PAREN" => "`)`",
        "L_PAREN" => "`(`",
        "R_BRACK" => "`]`",
        "L_BRACK" => "`[`",
        "COLON" => "`:`",
        "EQ" => "`=`",
        "a Name" | "a name" => "a name",
        "a Type" | "a type" | "a Name Type" => "a type",
        "a valid Value" => "a value",
        "item type" => "the type of the items",
        "an Argument" => "an argument",
        "Field Definition" => "a field, `name: Type`",
        "Enum Value Definition" | "Enum Value" => "a value of the enum",
        "definition" | "a definition" | "a StringValue, Name or OperationDefinition" => {
            "a definition such as `type` or `enum`"
        }
        other => other,
    };
    let found =
        if found.is_empty() { "the end of the file".to_owned() } else { format!("`{}`", shortened(found)) };
    format!("expected {wanted}, found {found}")
}

/// The bytes of a location. What was parsed from text always has one.
pub(crate) fn span(location: Option<SourceSpan>) -> Span {
    location.map_or(0..0, |location| location.offset()..location.end_offset())
}

/// The bytes of a name.
pub(crate) fn name_span(name: &Name) -> Span {
    span(name.location())
}

/// The bytes of a node.
pub(crate) fn node_span<T: ?Sized>(node: &Node<T>) -> Span {
    span(node.location())
}

/// The `@` and the name of a directive; its arguments may run over many lines.
pub(crate) fn directive_span(directive: &Node<ast::Directive>) -> Span {
    node_span(directive).start..name_span(&directive.name).end
}
