//! What fetches a key set.

use std::{fmt, net::IpAddr, pin::Pin};

use bytes::Bytes;
use http::Uri;
use thiserror::Error;

/// The largest key set or discovery document that is read, in bytes.
pub const MAX_SET_BYTES: usize = 256 * 1024;

/// A fetch under way.
pub type Fetching = Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send>>;

/// Fetches the document behind a URL.
///
/// An implementation follows no redirect, reads no more than [`MAX_SET_BYTES`], ends within a few seconds, and fails unless
/// the status is 200. What takes longer is broken off at [`KeyPolicy::deadline`](crate::KeyPolicy::deadline), on a Tokio runtime.
/// It is given URLs from the configuration or from the issuer's discovery document, never anything from a token; but for the
/// key id of a load balancer, which is a UUID and nothing else ([`AlbVerifier`](crate::AlbVerifier)).
pub trait Fetch: fmt::Debug + Send + Sync {
    /// Starts to fetch `url`.
    fn fetch(&self, url: &str) -> Fetching;
}

/// Why a document could not be fetched.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// There was no answer, or it did not end in time.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The answer was not 200.
    #[error("status {0}")]
    Status(u16),
    /// The document is larger than [`MAX_SET_BYTES`].
    #[error("more than {MAX_SET_BYTES} bytes")]
    TooLarge,
    /// The document is not what it should be.
    #[error("{0}")]
    Invalid(String),
}

/// Whether keys may be fetched from here: https, or http on this machine.
pub(crate) fn is_safe_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let Some(authority) = uri.authority() else {
        return false;
    };
    if authority.as_str().contains('@') || url.contains('#') {
        return false;
    }
    match uri.scheme_str() {
        Some("https") => !authority.host().is_empty(),
        Some("http") => is_loopback(authority.host()),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_safe() {
        for (url, safe) in [
            ("https://example.com/a", true),
            ("HTTPS://example.com/a", true),
            ("http://127.0.0.1:9229/pool", true),
            ("http://localhost:9229/pool", true),
            ("http://[::1]:9229/pool", true),
            ("http://example.com/a", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1@example.com/", false),
            ("https://user:secret@example.com/", false),
            ("https://example.com/#a", false),
            ("ftp://example.com/", false),
            ("file:///etc/passwd", false),
            ("example.com", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(is_safe_url(url), safe, "{url}");
        }
    }
}
