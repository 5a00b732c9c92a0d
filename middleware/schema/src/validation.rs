//! What there is to say about a schema.

use crate::{Schema, SchemaError, SchemaErrors, report::Report};

/// The verdict on a schema: the reference's, and what this project adds to it.
///
/// ```
/// use portcullis_schema::{Project, Schema};
///
/// let source = "type Note @model @auth(rules: [{allow: groups, groupsField: \"teams\"}]) { title: String }";
/// let validation = Schema::validate(source, "schema.graphql", &Project::default());
/// // Amplify takes a `groupsField` that does not exist, and admits nobody; a door refuses it.
/// assert!(validation.errors().is_empty());
/// assert_eq!(validation.stricter().len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Validation {
    file: String,
    schema: Option<Schema>,
    errors: Vec<SchemaError>,
    stricter: Vec<SchemaError>,
    warnings: Vec<String>,
    omitted: usize,
}

impl Validation {
    pub(crate) fn new(read: Option<(Schema, Vec<String>)>, report: Report<'_>, file_name: &str) -> Self {
        let (errors, stricter, omitted) = report.into_found();
        let (schema, warnings) = match read.filter(|_| errors.is_empty()) {
            Some((schema, warnings)) => (Some(schema), warnings),
            None => (None, Vec::new()),
        };
        Self { file: file_name.to_owned(), schema, errors, stricter, warnings, omitted }
    }

    /// What the reference refuses. It stops at the first of these; the others are in the order of the file.
    #[must_use]
    pub fn errors(&self) -> &[SchemaError] {
        &self.errors
    }

    /// What the reference accepts and this project refuses: what no door enforces yet, what is easily misread, and
    /// what is too much. In the order of the file.
    #[must_use]
    pub fn stricter(&self) -> &[SchemaError] {
        &self.stricter
    }

    /// What the reference accepts with a warning, in its words.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The schema, if the reference accepts it. Only if nothing is [`stricter`](Self::stricter) is it one that the
    /// doors serve.
    #[must_use]
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The schema, if the reference accepts it.
    ///
    /// # Errors
    ///
    /// What the reference refuses, its own mistake first.
    pub fn into_accepted(self) -> Result<Schema, SchemaErrors> {
        let Self { file, schema, errors, omitted, .. } = self;
        schema.ok_or(SchemaErrors { file, errors, omitted })
    }

    /// The schema, if the doors serve all of it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong or not served, in the order of the file.
    pub fn into_served(self) -> Result<Schema, SchemaErrors> {
        let Self { file, schema, mut errors, stricter, omitted, .. } = self;
        match schema {
            Some(schema) if stricter.is_empty() && omitted == 0 => Ok(schema),
            _ => {
                errors.extend(stricter);
                errors.sort_by_key(|error| (error.line, error.column));
                Err(SchemaErrors { file, errors, omitted })
            }
        }
    }
}
