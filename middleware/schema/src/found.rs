//! A mistake and where it was found.

use crate::{SchemaError, source::Span};

/// A mistake.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) by: Finder,
    /// Where it is. Of two places the last one is at fault.
    pub(crate) spans: Vec<Span>,
    pub(crate) error: SchemaError,
}

/// Who finds a mistake, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finder {
    /// The reference's first pass, over names, directives and arguments.
    FirstPass,
    /// Its second pass, over values; it does not come so far if the first one finds anything.
    SecondPass,
    /// Its parser, or its transformers.
    Other,
    /// This project alone.
    Us,
}
