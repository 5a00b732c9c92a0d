//! An issuer as a verifier needs it.

use std::sync::Arc;

use crate::{
    Algorithm, Clock, Fetch, Issuer, Mistake, Rejection,
    issuer::{GivenKeys, Kind, Stated},
    keys::{KeyStore, Source, is_safe_url},
    token::{Checks, Header},
};

/// An issuer with its keys and what is expected of its tokens.
pub(crate) struct TrustedIssuer {
    pub(crate) url: String,
    pub(crate) is_any: bool,
    pub(crate) checks: Checks,
    types: Option<Vec<String>>,
    algorithms: Option<Vec<Algorithm>>,
    pub(crate) keys: Arc<KeyStore>,
}

impl TrustedIssuer {
    pub(crate) fn new(
        issuer: Issuer,
        fetcher: Option<&Arc<dyn Fetch>>,
        clock: &Arc<dyn Clock>,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let (given, source) = match (issuer.keys.clone(), issuer.keys_url.clone(), issuer.kind) {
            (GivenKeys::Only(keys), _, _) => (Some(keys), Source::Given),
            (keys, Some(url), _) => (keys.initial(), Source::KeySet { url }),
            (keys, None, Kind::Cognito) => {
                (keys.initial(), Source::KeySet { url: format!("{}/.well-known/jwks.json", issuer.url) })
            }
            (keys, None, Kind::Oidc) => (keys.initial(), Source::Discovery { issuer: issuer.url.clone() }),
        };
        issuer.find_mistakes(mistakes);
        if let Source::KeySet { url } | Source::Discovery { issuer: url } = &source {
            if !is_safe_url(url) {
                mistakes.push(Mistake::Url { issuer: issuer.url.clone(), url: url.clone() });
            }
            if fetcher.is_none() {
                mistakes.push(Mistake::NoFetcher { issuer: issuer.url.clone() });
            }
        }
        let keys = KeyStore::new(
            issuer.url.clone(),
            source,
            issuer.key_policy,
            given,
            fetcher.cloned(),
            Arc::clone(clock),
        );
        let checks = Checks {
            kind: issuer.kind,
            client_ids: issuer.client_ids.into_required(),
            audiences: issuer.audiences.into_required(),
            token_use: issuer.token_use.into_required(),
        };
        Self {
            url: issuer.url,
            is_any: issuer.is_any,
            checks,
            types: issuer.types,
            algorithms: issuer.algorithms,
            keys: Arc::new(keys),
        }
    }

    /// What can be said about a header before the key is looked up.
    pub(crate) fn check_header(&self, header: &Header) -> Result<(), Rejection> {
        if self.algorithms.as_ref().is_some_and(|allowed| !allowed.contains(&header.algorithm)) {
            return Err(Rejection::Algorithm);
        }
        let is_expected = match (&self.types, header.typ.as_deref()) {
            (None, typ) => matches!(typ, None | Some("jwt" | "at+jwt")),
            (Some(allowed), typ) => typ.is_some_and(|typ| allowed.iter().any(|allowed| allowed == typ)),
        };
        if is_expected { Ok(()) } else { Err(Rejection::Type) }
    }
}

impl GivenKeys {
    fn initial(self) -> Option<crate::JwkSet> {
        match self {
            Self::Initial(keys) | Self::Only(keys) => Some(keys),
            Self::None => None,
        }
    }
}

impl<T> Stated<T> {
    fn into_required(self) -> Option<T> {
        match self {
            Self::Required(value) => Some(value),
            Self::Unsaid | Self::Waived => None,
        }
    }
}
