//! Key sets that a configuration brings along, and their making.

use std::{io::Read, path::Path};

use thiserror::Error;

use super::{Fetch, FetchError, InvalidJwkSet, JwkSet, MAX_SET_BYTES, Source};
use crate::Issuer;

/// A key set that was to be given at start and cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{place}`: {problem}")]
pub struct JwkSetError {
    place: String,
    problem: InvalidJwkSet,
}

impl JwkSet {
    /// Reads a key set from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not a key set, or has no usable key. The text names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, JwkSetError> {
        let path = path.as_ref();
        read(path).map_err(|problem| JwkSetError { place: path.display().to_string(), problem })
    }

    /// Reads a key set from a variable that holds the set itself, or else the name of a file that does. `None` if the variable
    /// is not there or empty.
    ///
    /// # Errors
    ///
    /// When there is no such file, it is not a key set, or no key is usable. The text names the variable.
    pub fn from_env(
        variables: impl Fn(&str) -> Option<String>,
        name: &str,
    ) -> Result<Option<Self>, JwkSetError> {
        let Some(value) = variables(name).filter(|value| !value.trim().is_empty()) else {
            return Ok(None);
        };
        let keys =
            if value.trim_start().starts_with('{') { usable(value.as_bytes()) } else { read(value.as_ref()) };
        keys.map(Some).map_err(|problem| JwkSetError { place: name.to_owned(), problem })
    }

    /// Fetches the keys of an issuer, from where a [`Verifier`](crate::Verifier) would, to be [written](Self::to_json) and given at start.
    ///
    /// # Errors
    ///
    /// When there is no answer, or not one with a usable key.
    pub async fn fetch(issuer: &Issuer, fetcher: &dyn Fetch) -> Result<Self, FetchError> {
        Source::of(issuer).load(fetcher).await
    }
}

impl JwkSetError {
    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self) -> &InvalidJwkSet {
        &self.problem
    }
}

fn read(path: &Path) -> Result<JwkSet, InvalidJwkSet> {
    let unreadable = |error: std::io::Error| InvalidJwkSet::Unreadable(format!("cannot be read: {error}"));
    let mut text = Vec::new();
    // Not a byte more than tells that there are too many.
    let limit = MAX_SET_BYTES as u64 + 1;
    std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text)).map_err(unreadable)?;
    usable(&text)
}

fn usable(text: &[u8]) -> Result<JwkSet, InvalidJwkSet> {
    let keys = JwkSet::from_slice(text)?;
    if keys.is_empty() { Err(InvalidJwkSet::NoUsableKey) } else { Ok(keys) }
}
