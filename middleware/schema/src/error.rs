//! Mistakes in a schema, each with its place.

use std::fmt;

use thiserror::Error;

/// Everything that is wrong with a schema.
///
/// `Display` prints each mistake as `file:line:column: message`, followed by the line with the place pointed at:
///
/// ```
/// let errors = portcullis_schema::Schema::parse("type Note @model { title: Sting }", "schema.graphql").unwrap_err();
/// assert_eq!(
///     errors.to_string(),
///     "schema.graphql:1:27: Unknown type \"Sting\". Did you mean \"String\" or \"Int\"?\n\
///      \x20   1 | type Note @model { title: Sting }\n\
///      \x20     |                           ^^^^^"
/// );
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SchemaErrors {
    pub(crate) file: String,
    pub(crate) errors: Vec<SchemaError>,
    pub(crate) omitted: usize,
}

/// One mistake in a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    pub(crate) kind: SchemaErrorKind,
    pub(crate) message: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) excerpt: String,
    /// The reference's own text, where it differs.
    pub(crate) reference: Option<String>,
}

/// The kind of a mistake: an error class of Amplify's transformer, save the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaErrorKind {
    /// A directive contradicts itself or its place.
    InvalidDirective,
    /// The schema does not fit GraphQL's own rules or the definition of a directive.
    SchemaValidation,
    /// Directives that need each other do not stand together.
    TransformerContract,
    /// The text is not GraphQL, or there is too much of it.
    Syntax,
    /// No transformer knows the directive.
    UnknownDirective,
    /// A transformer does not do what the place of its directive asks for.
    InvalidTransformer,
    /// Amplify fails with a plain error.
    Failure,
    /// Amplify fails while it works on a value that it takes and does not expect.
    TypeFailure,
    /// The schema is right, and this project does not enforce it yet.
    NotSupported,
}

impl SchemaErrors {
    /// The mistakes, in the order of the file; of those that [`Schema::read`](crate::Schema::read) tells of, the one
    /// at which Amplify stops comes first.
    #[must_use]
    pub fn errors(&self) -> &[SchemaError] {
        &self.errors
    }

    /// How many more mistakes there are than [`errors`](Self::errors) holds: a broken file does not fill a disk.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl SchemaError {
    /// The kind of the mistake.
    #[must_use]
    pub fn kind(&self) -> SchemaErrorKind {
        self.kind
    }

    /// What is wrong; Amplify's own words where it has any.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The text in which Amplify would tell of this mistake, to the letter.
    ///
    /// It differs from [`message`](Self::message) where Amplify's begins with an empty line, and for the first mistake
    /// that graphql-js finds, which is told of together with all the others that it finds and the lines around them.
    /// A syntax error is told of in words of our own.
    #[must_use]
    pub fn reference_message(&self) -> &str {
        self.reference.as_deref().unwrap_or(&self.message)
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1 in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl SchemaErrorKind {
    /// The name of the error class, as Amplify prints it.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::InvalidDirective => "InvalidDirectiveError",
            Self::SchemaValidation => "SchemaValidationError",
            Self::TransformerContract => "TransformerContractError",
            Self::Syntax => "GraphQLError",
            Self::UnknownDirective => "UnknownDirectiveError",
            Self::InvalidTransformer => "InvalidTransformerError",
            Self::Failure => "Error",
            Self::TypeFailure => "TypeError",
            Self::NotSupported => "NotSupportedError",
        }
    }
}

impl fmt::Display for SchemaErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let SchemaError { message, line, column, excerpt, .. } = error;
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{line}:{column}: {message}\n{excerpt}", self.file)?;
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, "\n... and {omitted} more"),
        }
    }
}
