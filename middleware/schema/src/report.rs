//! The mistakes that have been found so far.

use crate::{
    SchemaError, SchemaErrorKind,
    found::{Finder, Found},
    reference_text::validation_failed,
    source::{Place, Source, Span},
};

/// So many mistakes are shown; the rest are counted.
pub(crate) const MAX_ERRORS: usize = 100;
/// So many mistakes are told with a guess at what was meant: guessing takes time.
const MAX_GUESSES: usize = 10;
/// So many characters of a name or a value are repeated in a message.
const MAX_QUOTED: usize = 80;

/// Collects mistakes, so that all of them can be told at once.
///
/// They are added in the order in which the reference looks: the first that it knows is the one it stops at.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    source: Source<'a>,
    found: Vec<Found>,
    omitted: usize,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source: Source::new(source), found: Vec::new(), omitted: 0 }
    }

    pub(crate) fn source(&self) -> &Source<'a> {
        &self.source
    }

    /// Whether the reference would accept the schema, as far as it has been looked at.
    pub(crate) fn is_accepted(&self) -> bool {
        self.found.iter().all(|found| found.by == Finder::Us)
    }

    /// Whether there is time to guess what was meant.
    pub(crate) fn guesses(&self) -> bool {
        self.found.len() < MAX_GUESSES
    }

    /// A directive contradicts itself or its place.
    pub(crate) fn directive(&mut self, span: Span, message: impl Into<String>) {
        self.add(Finder::Other, SchemaErrorKind::InvalidDirective, vec![span], message);
    }

    /// The same, where the reference's own text begins with an empty line and blanks.
    pub(crate) fn indented_directive(&mut self, span: Span, message: &str) {
        self.directive(span, message);
        if let Some(found) = self.found.last_mut().filter(|found| found.error.message == message) {
            found.error.reference = Some(format!("\n          {message}"));
        }
    }

    /// The schema breaks a rule of GraphQL, or does not fit a directive's definition.
    pub(crate) fn validation(&mut self, span: Span, message: impl Into<String>) {
        self.add(Finder::FirstPass, SchemaErrorKind::SchemaValidation, vec![span], message);
    }

    /// Two things cannot both be; the second one is at fault.
    pub(crate) fn clash(&mut self, first: Span, second: Span, message: impl Into<String>) {
        self.add(Finder::FirstPass, SchemaErrorKind::SchemaValidation, vec![first, second], message);
    }

    /// A value does not have its type.
    pub(crate) fn value(&mut self, span: Span, message: impl Into<String>) {
        self.add(Finder::SecondPass, SchemaErrorKind::SchemaValidation, vec![span], message);
    }

    /// Directives that need each other do not stand together.
    pub(crate) fn contract(&mut self, span: Span, message: impl Into<String>) {
        self.add(Finder::Other, SchemaErrorKind::TransformerContract, vec![span], message);
    }

    /// What the reference tells of in another class.
    pub(crate) fn other(&mut self, kind: SchemaErrorKind, span: Span, message: impl Into<String>) {
        self.add(Finder::Other, kind, vec![span], message);
    }

    /// The reference fails in these words on what it takes and does not expect.
    pub(crate) fn crash(&mut self, span: Span, message: impl Into<String>, reference: &str) {
        let message = message.into();
        self.other(SchemaErrorKind::TypeFailure, span, message.as_str());
        if let Some(found) = self.found.last_mut().filter(|found| found.error.message == message) {
            found.error.reference = Some(reference.to_owned());
        }
    }

    /// The text is not GraphQL.
    pub(crate) fn syntax(&mut self, span: Span, message: impl Into<String>) {
        self.add(Finder::Other, SchemaErrorKind::Syntax, vec![span], message);
    }

    /// What the reference accepts and this project does not.
    pub(crate) fn refused(&mut self, span: Span, message: impl Into<String>) {
        self.add(Finder::Us, SchemaErrorKind::SchemaValidation, vec![span], message);
    }

    /// What is right in Amplify and would not be enforced here: silence would open or close a door unseen.
    pub(crate) fn unsupported(&mut self, span: Span, what: impl std::fmt::Display) {
        let message = format!("{what} is not supported yet");
        self.add(Finder::Us, SchemaErrorKind::NotSupported, vec![span], message);
    }

    fn add(&mut self, by: Finder, kind: SchemaErrorKind, spans: Vec<Span>, message: impl Into<String>) {
        if self.found.len() >= MAX_ERRORS && (by == Finder::Us || !self.is_accepted()) {
            self.omitted += 1;
            return;
        }
        let Place { line, column, excerpt } = self.source.place(spans.last().unwrap_or(&(0..0)));
        let error = SchemaError { kind, message: message.into(), line, column, excerpt, reference: None };
        self.found.push(Found { by, spans, error });
    }

    /// The mistakes that the reference knows, the one that it stops at first and the others in the order of the file;
    /// those that only this project knows; and how many more there are.
    pub(crate) fn into_found(mut self) -> (Vec<SchemaError>, Vec<SchemaError>, usize) {
        let first = self.found.iter().find(|found| found.by != Finder::Us).map(|found| found.by);
        let same_pass = self.found.iter().filter(|found| Some(found.by) == first);
        let text = match first {
            Some(Finder::FirstPass | Finder::SecondPass) => Some(validation_failed(same_pass, &self.source)),
            _ => None,
        };
        if let Some(found) = self.found.iter_mut().find(|found| Some(found.by) == first)
            && text.is_some()
        {
            found.error.reference = text;
        }
        let place = |found: &Found| found.spans.last().map_or(0, |span| span.start);
        let (mut ours, mut known): (Vec<_>, Vec<_>) =
            self.found.into_iter().partition(|found| found.by == Finder::Us);
        // Stable: of two mistakes at one place the one that was found first stays first.
        ours.sort_by_key(place);
        if let Some((_, others)) = known.split_first_mut() {
            others.sort_by_key(place);
        }
        let errors = |found: Vec<Found>| found.into_iter().map(|found| found.error).collect();
        (errors(known), errors(ours), self.omitted)
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
