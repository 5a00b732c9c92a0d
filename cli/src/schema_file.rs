//! The file that holds the models and their rules.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use portcullis_schema::{Project, Schema, SchemaErrors, Validation};
use thiserror::Error;

/// Why a schema cannot be used, in words for the person at the terminal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaFileError {
    /// The file cannot be read.
    #[error("cannot read the schema {}: {source}; name another with {flag} FILE", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// The flag that names it.
        flag: &'static str,
    },
    /// The schema has mistakes; every one is in the text.
    #[error("the schema has mistakes\n{0}")]
    Mistakes(String),
}

/// Reads the schema that a flag of the command line names.
pub(crate) fn read(path: &Path, flag: &'static str) -> Result<Schema, SchemaFileError> {
    validate(path, flag, &Project::default())?.into_served().map_err(SchemaFileError::mistakes)
}

/// Checks it for a project.
pub(crate) fn validate(
    path: &Path,
    flag: &'static str,
    project: &Project,
) -> Result<Validation, SchemaFileError> {
    let source = fs::read_to_string(path).map_err(|source| SchemaFileError::Read {
        path: path.to_owned(),
        source,
        flag,
    })?;
    Ok(Schema::validate(&source, &path.display().to_string(), project))
}

impl SchemaFileError {
    pub(crate) fn mistakes(mistakes: SchemaErrors) -> Self {
        Self::Mistakes(mistakes.to_string())
    }
}
