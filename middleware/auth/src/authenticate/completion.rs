//! What the layer adds to the answer of the service inside.

use std::sync::Arc;

use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, WWW_AUTHENTICATE},
};

use crate::{
    Refusal,
    challenge::{Offer, Scheme},
    refusal::DPOP_NONCE,
};

/// What only the layer knows of a request that it has let through.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    /// `None`: a plain bearer, which is what every refusal says by itself.
    pub(super) offer: Option<Arc<Offer>>,
    pub(super) used: Scheme,
    pub(super) next_nonce: Option<HeaderValue>,
}

impl Completion {
    /// Tells a client whom a service inside has refused about every way to come in, and any client about its next nonce.
    pub(super) fn complete<B>(&self, response: &mut Response<B>) {
        if let Some(offer) = &self.offer {
            self.complete_refusal(response, offer);
        }
        if let Some(nonce) = &self.next_nonce {
            let headers = response.headers_mut();
            headers.entry(DPOP_NONCE).or_insert_with(|| nonce.clone());
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
    }

    fn complete_refusal<B>(&self, response: &mut Response<B>, offer: &Arc<Offer>) {
        let Some(refusal) = response.extensions().get::<Refusal>() else {
            return;
        };
        // Another layer has completed it already, or the service has written a challenge of its own.
        if refusal.is_complete() || response.headers().get(WWW_AUTHENTICATE) != refusal.challenge().as_ref() {
            return;
        }
        let refusal = refusal.clone().of_scheme(self.used).offering(offer);
        if let Some(challenge) = refusal.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(refusal);
    }
}
