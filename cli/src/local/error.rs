//! Why the local system could not start.

use std::{net::SocketAddr, path::PathBuf};

use thiserror::Error;

use crate::schema_file::SchemaFileError;

/// Why the local system could not start, in words for the person at the terminal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// The data folder cannot be used.
    #[error("cannot write to the data folder {}: {reason}; name another with --data DIR", path.display())]
    DataFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another process uses the data folder.
    #[error("the data folder {} is in use by another portcullis; stop it, or name another with --data DIR", .0.display())]
    DataFolderInUse(PathBuf),
    /// A port is taken.
    #[error(
        "cannot listen on {address} for {what}: {reason}; name another port with {flag}, 0 picks a free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What was to listen there.
        what: &'static str,
        /// Why not.
        reason: String,
        /// The flag that sets the port.
        flag: &'static str,
    },
    /// A trigger's or the API's environment variables have mistakes; every one is in the text.
    #[error("the environment has mistakes\n{0}")]
    Environment(String),
    /// A part of the system failed to start.
    #[error("{part} did not start: {reason}")]
    Part {
        /// The part.
        part: &'static str,
        /// Why.
        reason: String,
    },
}

impl StartError {
    /// A part of the system failed to start.
    pub(crate) fn part(part: &'static str, reason: impl ToString) -> Self {
        Self::Part { part, reason: reason.to_string() }
    }
}
