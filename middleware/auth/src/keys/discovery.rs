//! Where an issuer keeps its keys.

use serde::Deserialize;

use super::{
    fetch::{Fetch, FetchError, MAX_SET_BYTES, is_safe_url},
    set::JwkSet,
};
use crate::{Issuer, issuer::Kind};

/// Where the keys of an issuer come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// They were given and are never fetched.
    Given,
    /// A key set at a known place.
    KeySet { url: String },
    /// A key set whose place the issuer's discovery document names (OpenID Connect Discovery 1.0).
    Discovery { issuer: String },
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    /// Where the keys of this issuer are fetched from, whether or not some were given.
    pub(crate) fn of(issuer: &Issuer) -> Self {
        match (&issuer.keys_url, issuer.kind) {
            (Some(url), _) => Self::KeySet { url: url.clone() },
            (None, Kind::Cognito) => Self::KeySet { url: format!("{}/.well-known/jwks.json", issuer.url) },
            (None, Kind::Oidc) => Self::Discovery { issuer: issuer.url.clone() },
        }
    }

    pub(crate) async fn load(&self, fetcher: &dyn Fetch) -> Result<JwkSet, FetchError> {
        let url = match self {
            Self::Given => {
                return Err(FetchError::Invalid("the keys are never fetched".to_owned()));
            }
            Self::KeySet { url } => url.clone(),
            Self::Discovery { issuer } => discover(issuer, fetcher).await?,
        };
        let document = get(&url, fetcher).await?;
        let keys = JwkSet::from_slice(&document).map_err(|error| FetchError::Invalid(error.to_string()))?;
        if keys.is_empty() {
            // A faulty deployment of the issuer must not take away keys that are still good.
            return Err(FetchError::Invalid("the key set has no usable key".to_owned()));
        }
        Ok(keys)
    }
}

/// The address of the discovery document of an issuer.
pub(crate) fn discovery_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

async fn discover(issuer: &str, fetcher: &dyn Fetch) -> Result<String, FetchError> {
    let document = get(&discovery_url(issuer), fetcher).await?;
    let metadata: Metadata = serde_json::from_slice(&document)
        .map_err(|_| FetchError::Invalid("the discovery document lacks `issuer` or `jwks_uri`".to_owned()))?;
    if metadata.issuer != issuer {
        return Err(FetchError::Invalid("the discovery document is that of another issuer".to_owned()));
    }
    let downgraded = issuer.starts_with("https:") && !metadata.jwks_uri.starts_with("https:");
    if downgraded || !is_safe_url(&metadata.jwks_uri) {
        return Err(FetchError::Invalid("the `jwks_uri` is not an https URL".to_owned()));
    }
    Ok(metadata.jwks_uri)
}

async fn get(url: &str, fetcher: &dyn Fetch) -> Result<bytes::Bytes, FetchError> {
    let document = fetcher.fetch(url).await?;
    if document.len() > MAX_SET_BYTES { Err(FetchError::TooLarge) } else { Ok(document) }
}
