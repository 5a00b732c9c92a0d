//! The mistakes that have been found so far.

use crate::{
    SchemaError, SchemaErrorKind, SchemaErrors,
    source::{Place, Source, Span},
};

/// So many mistakes are shown; the rest are counted.
const MAX_ERRORS: usize = 100;
/// So many characters of a name or a value are repeated in a message.
const MAX_QUOTED: usize = 80;

/// Collects mistakes, so that all of them can be told at once.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    source: Source<'a>,
    errors: Vec<(usize, SchemaError)>,
    omitted: usize,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source: Source::new(source), errors: Vec::new(), omitted: 0 }
    }

    pub(crate) fn source(&self) -> &Source<'a> {
        &self.source
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// A directive contradicts itself or its place.
    pub(crate) fn directive(&mut self, span: Span, message: impl Into<String>) {
        self.add(SchemaErrorKind::InvalidDirective, span, message);
    }

    /// The schema breaks a rule of GraphQL, or does not fit a directive's definition.
    pub(crate) fn validation(&mut self, span: Span, message: impl Into<String>) {
        self.add(SchemaErrorKind::SchemaValidation, span, message);
    }

    /// Directives that need each other do not stand together.
    pub(crate) fn contract(&mut self, span: Span, message: impl Into<String>) {
        self.add(SchemaErrorKind::TransformerContract, span, message);
    }

    /// The text is not GraphQL.
    pub(crate) fn syntax(&mut self, span: Span, message: impl Into<String>) {
        self.add(SchemaErrorKind::Syntax, span, message);
    }

    /// What is right in Amplify and would not be enforced here: silence would open or close a door unseen.
    pub(crate) fn unsupported(&mut self, span: Span, what: impl std::fmt::Display) {
        self.add(SchemaErrorKind::NotSupported, span, format!("{what} is not supported yet"));
    }

    fn add(&mut self, kind: SchemaErrorKind, span: Span, message: impl Into<String>) {
        if self.errors.len() >= MAX_ERRORS {
            self.omitted += 1;
            return;
        }
        let Place { line, column, excerpt } = self.source.place(&span);
        let error = SchemaError { kind, message: message.into(), line, column, excerpt };
        self.errors.push((span.start, error));
    }

    pub(crate) fn into_errors(mut self, file_name: &str) -> SchemaErrors {
        // Stable: of two mistakes at one place the one that Amplify finds first stays first.
        self.errors.sort_by_key(|(start, _)| *start);
        SchemaErrors {
            file: file_name.to_owned(),
            errors: self.errors.into_iter().map(|(_, error)| error).collect(),
            omitted: self.omitted,
        }
    }
}

/// A name or a value of the schema, short enough for a message.
pub(crate) fn shortened(text: &str) -> String {
    let printable = |character: char| {
        if character.is_control() { ' ' } else { character }
    };
    let mut short: String = text.chars().take(MAX_QUOTED).map(printable).collect();
    if text.chars().nth(MAX_QUOTED).is_some() {
        short.push_str("...");
    }
    short
}
