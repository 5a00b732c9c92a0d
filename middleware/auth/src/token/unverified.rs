//! A token whose signature has not been checked yet.

use std::sync::Arc;

use portcullis_rules::Claims;

use super::{Header, KnownSigners, Parts, SignatureBuffer, Signer};
use crate::{Rejection, trusted_issuer::TrustedIssuer};

/// What a token says, before anybody knows whether it is true.
pub(crate) struct UnverifiedToken<'a> {
    pub(crate) header: Arc<Header>,
    /// Somebody who has signed with this header, if a token with it has been accepted before.
    known_signer: Option<Arc<Signer>>,
    pub(crate) claims: Claims,
    pub(crate) signing_input: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> UnverifiedToken<'a> {
    pub(crate) fn parse(
        token: &'a str,
        max_bytes: usize,
        known_signers: &KnownSigners,
        buffer: &'a mut SignatureBuffer,
    ) -> Result<Self, Rejection> {
        let parts = Parts::of(token, max_bytes)?;
        if parts.payload.is_empty() {
            return Err(Rejection::Parts);
        }
        let known_signer = known_signers.with_header(parts.header);
        let header = match &known_signer {
            Some(signer) => Arc::clone(&signer.header),
            None => Arc::new(Header::read(parts.header)?),
        };
        let claims = Claims::from_json(parts.payload()?).map_err(|_| Rejection::ClaimsJson)?;
        let signature = parts.signature_in(buffer)?;
        Ok(Self { header, known_signer, claims, signing_input: parts.signing_input, signature })
    }

    /// Who has signed tokens with this header for this issuer.
    pub(crate) fn known_signer(
        &mut self,
        issuer: &Arc<TrustedIssuer>,
        known_signers: &KnownSigners,
    ) -> Option<Arc<Signer>> {
        match self.known_signer.take()? {
            signer if Arc::ptr_eq(&signer.issuer, issuer) => Some(signer),
            _ => known_signers.with(&self.header, issuer),
        }
    }
}
