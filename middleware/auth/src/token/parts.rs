//! The three parts of a token.

use memchr::memchr;

use super::base64url;
use crate::Rejection;

/// Header, payload and signature as they stand in a token.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    signature: &'a str,
    /// What is signed: the first two with the dot between them.
    pub(crate) signing_input: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes a token apart. The work is bounded by the length, which is looked at first.
    pub(crate) fn of(token: &'a str, max_bytes: usize) -> Result<Self, Rejection> {
        if token.len() > max_bytes {
            return Err(Rejection::TooLong);
        }
        let dot = |text: &str| memchr(b'.', text.as_bytes());
        let (header, rest) =
            dot(token).and_then(|dot| token.split_at_checked(dot)).ok_or(Rejection::Parts)?;
        let rest = rest.get(1..).ok_or(Rejection::Parts)?;
        let (payload, signature) =
            dot(rest).and_then(|dot| rest.split_at_checked(dot)).ok_or(Rejection::Parts)?;
        let signature = signature.get(1..).ok_or(Rejection::Parts)?;
        if header.is_empty() || dot(signature).is_some() {
            return Err(Rejection::Parts);
        }
        let signing_input = token.get(..header.len() + 1 + payload.len()).unwrap_or_default();
        Ok(Self { header, payload, signature, signing_input: signing_input.as_bytes() })
    }

    pub(crate) fn payload(self) -> Result<Vec<u8>, Rejection> {
        base64url::decode(self.payload.as_bytes()).ok_or(Rejection::Base64)
    }

    pub(crate) fn signature(self) -> Result<Vec<u8>, Rejection> {
        base64url::decode(self.signature.as_bytes()).ok_or(Rejection::Base64)
    }
}
