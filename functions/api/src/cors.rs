//! Which web pages may call the API.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Uri, header};
use thiserror::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember the answer to a preflight.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Which web pages may call the API from another origin. None may, unless this says so.
///
/// ```
/// use portcullis_api::CorsOrigins;
///
/// assert!(CorsOrigins::parse("https://app.example.com, http://localhost:5173").is_ok());
/// assert!(CorsOrigins::parse("*").is_ok());
/// assert!(CorsOrigins::parse("https://*.example.com").is_err());
/// assert!(CorsOrigins::parse("https://app.example.com/").is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins(Origins);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Origins {
    #[default]
    None,
    Any,
    Only(Vec<HeaderValue>),
}

/// A list of origins that cannot be read. The text does not repeat it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidOrigins {
    /// The entry at this place, counted from 1, is no origin.
    #[error("entry {0} is not an origin such as https://app.example.com")]
    NotAnOrigin(usize),
    /// `*` stands among origins.
    #[error("`*` allows every origin, so it must stand alone")]
    AnyAmongOthers,
}

impl CorsOrigins {
    /// Every page of every site may call. Tokens are never sent by browsers on their own, so a page needs one first.
    #[must_use]
    pub fn any() -> Self {
        Self(Origins::Any)
    }

    /// Reads origins separated by commas, or `*` alone.
    ///
    /// # Errors
    ///
    /// When an entry is not exactly an origin (scheme, host, port), for a browser would never send it like that.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigins> {
        let entries: Vec<_> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        match entries.as_slice() {
            [] => Ok(Self::default()),
            ["*"] => Ok(Self::any()),
            entries if entries.contains(&"*") => Err(InvalidOrigins::AnyAmongOthers),
            entries => {
                let origins = entries
                    .iter()
                    .zip(1..)
                    .map(|(entry, place)| origin(entry).ok_or(InvalidOrigins::NotAnOrigin(place)));
                origins.collect::<Result<_, _>>().map(Origins::Only).map(Self)
            }
        }
    }

    /// The layer, if any page may call.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        let origins = match &self.0 {
            Origins::None => return None,
            Origins::Any => AllowOrigin::any(),
            Origins::Only(origins) => AllowOrigin::list(origins.iter().cloned()),
        };
        let layer = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_MATCH,
                header::IF_NONE_MATCH,
                HeaderName::from_static("x-api-key"),
                // Of a request that is signed with AWS credentials, whose `Authorization` is the signature.
                HeaderName::from_static("x-amz-content-sha256"),
                HeaderName::from_static("x-amz-date"),
                HeaderName::from_static("x-amz-security-token"),
                // Amplify's GraphQL client says in it what it is.
                HeaderName::from_static("x-amz-user-agent"),
            ])
            .expose_headers([
                header::ETAG,
                header::LOCATION,
                header::RETRY_AFTER,
                header::WWW_AUTHENTICATE,
                crate::access_log::REQUEST_ID,
            ])
            .max_age(MAX_AGE);
        Some(layer)
    }
}

fn origin(text: &str) -> Option<HeaderValue> {
    let (scheme, authority) = text.split_once("://")?;
    let uri: Uri = text.parse().ok()?;
    let host = uri.host()?;
    let exact = matches!(scheme, "http" | "https")
        && !authority.contains(['/', '@', '?', '#', '*'])
        && host == host.to_ascii_lowercase()
        && !host.is_empty();
    exact.then(|| HeaderValue::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        for good in
            ["https://app.example.com", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080"]
        {
            assert!(CorsOrigins::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://user@app.example.com",
            "https://*.example.com",
            "https://App.example.com",
            "https://a b",
            "ftp://app.example.com",
            "null",
            "https://app.example.com, *",
        ] {
            assert!(CorsOrigins::parse(bad).is_err(), "{bad}");
        }
        let error =
            CorsOrigins::parse("https://app.example.com, https://user:sesame@app.example.com").unwrap_err();
        assert_eq!(error.to_string(), "entry 2 is not an origin such as https://app.example.com");
        assert_eq!(CorsOrigins::parse(" , "), Ok(CorsOrigins::default()));
        assert!(CorsOrigins::default().layer().is_none());
    }
}
