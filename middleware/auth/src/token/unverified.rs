//! A token whose signature has not been checked yet.

use std::sync::Arc;

use portcullis_rules::Claims;

use super::{Header, KnownHeaders, Parts};
use crate::Rejection;

/// What a token says, before anybody knows whether it is true.
pub(crate) struct UnverifiedToken<'a> {
    pub(crate) header: Arc<Header>,
    /// Whether a token with this header has been accepted before.
    pub(crate) has_known_header: bool,
    pub(crate) claims: Claims,
    pub(crate) signing_input: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    pub(crate) fn parse(
        token: &'a str,
        max_bytes: usize,
        known_headers: &KnownHeaders,
    ) -> Result<Self, Rejection> {
        let parts = Parts::of(token, max_bytes)?;
        if parts.payload.is_empty() {
            return Err(Rejection::Parts);
        }
        let known = known_headers.find(parts.header);
        let has_known_header = known.is_some();
        let header = known.map_or_else(|| Header::read(parts.header).map(Arc::new), Ok)?;
        let claims = Claims::from_json(parts.payload()?).map_err(|_| Rejection::ClaimsJson)?;
        let signature = parts.signature()?;
        Ok(Self { header, has_known_header, claims, signing_input: parts.signing_input, signature })
    }
}
