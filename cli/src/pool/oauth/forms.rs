//! Whether a form comes from the page that this pool showed, in the browser that it was shown in.
//!
//! A browser gets a random cookie, and the form a token that follows from it and from the pool's secret. A page elsewhere can
//! neither read the cookie nor make the token. Where the browser says which page a form comes from, it must be ours.

use aws_lc_rs::hmac;
use http::{HeaderMap, header::HOST, header::ORIGIN};

use super::{cookies, state::same_secret};

/// The token for the form of the browser with this cookie.
pub(super) fn token(secret: &hmac::Key, cookie: &str) -> String {
    let digest = hmac::sign(secret, format!("form of {cookie}").as_bytes());
    digest.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Whether the form is ours.
pub(super) fn is_ours(secret: &hmac::Key, headers: &HeaderMap, sent: Option<&str>) -> bool {
    let (Some(cookie), Some(sent)) = (cookies::read(headers, cookies::FORM), sent) else { return false };
    let from_here = match headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
        None => true,
        Some(origin) => {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            // A proxy with TLS may stand in front, so the scheme is not compared.
            origin.split_once("://").map(|(_, authority)| authority) == host
        }
    };
    from_here && !cookie.is_empty() && same_secret(&token(secret, cookie), sent)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_needs_the_cookie_its_token_and_our_own_origin() {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let good = token(&secret, "abc");
        for (cookie, sent, origin, ours) in [
            ("XSRF-TOKEN=abc", Some(good.as_str()), None, true),
            ("XSRF-TOKEN=abc", Some(&good), Some("http://127.0.0.1:9229"), true),
            ("XSRF-TOKEN=abc", Some(&good), Some("https://127.0.0.1:9229"), true),
            ("XSRF-TOKEN=abc", Some(&good), Some("http://127.0.0.1:5173"), false),
            ("XSRF-TOKEN=abc", Some(&good), Some("null"), false),
            ("XSRF-TOKEN=abd", Some(&good), None, false),
            ("XSRF-TOKEN=abc", Some("abc"), None, false),
            ("XSRF-TOKEN=abc", None, None, false),
            ("a=b", Some(&good), None, false),
            ("XSRF-TOKEN=", Some(&token(&secret, "")), None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("127.0.0.1:9229"));
            headers.insert("cookie", HeaderValue::from_static(cookie));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(is_ours(&secret, &headers, sent), ours, "{cookie} {sent:?} {origin:?}");
        }
    }
}
