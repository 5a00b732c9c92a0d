//! The three parts of a token.

use std::mem::MaybeUninit;

use base64_simd::AsOut;
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

/// The longest signature, in bytes: that of the longest RSA key of a [`JwkSet`](crate::JwkSet).
const LONGEST_SIGNATURE: usize = 8192 / 8;

/// Where a signature is decoded to, so that it takes no memory of the heap.
pub(crate) struct SignatureBuffer([MaybeUninit<u8>; LONGEST_SIGNATURE]);

impl SignatureBuffer {
    pub(crate) const fn new() -> Self {
        Self([MaybeUninit::uninit(); LONGEST_SIGNATURE])
    }
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

    /// The signature. One that is longer than any key makes is of no key.
    pub(crate) fn signature_in(self, buffer: &'a mut SignatureBuffer) -> Result<&'a [u8], Rejection> {
        let text = self.signature.as_bytes();
        if base64url::decoded_length(text) > LONGEST_SIGNATURE {
            return Err(Rejection::Signature);
        }
        base64url::decode_in(text, buffer.0.as_mut_slice().as_out()).ok_or(Rejection::Base64)
    }

    pub(crate) fn signature(self) -> Result<Vec<u8>, Rejection> {
        base64url::decode(self.signature.as_bytes()).ok_or(Rejection::Base64)
    }
}
