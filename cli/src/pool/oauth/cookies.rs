//! The cookies of the sign-in pages.
//!
//! `HttpOnly`, for no script needs them, and `SameSite=Lax`: a page elsewhere may lead here, but not post in a visitor's name.
//! Not `Secure`, for the pool is plain HTTP on loopback. Cookies of one machine are shared by all its ports, so every value here
//! is random and means something to this pool alone.

use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::pool::{Random, RandomError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The cookie of a signed-in browser, by the name that Amazon Cognito gives it.
pub(super) const SESSION: &str = "cognito";
/// The cookie that a form's token belongs to.
pub(super) const FORM: &str = "XSRF-TOKEN";
/// The cookie that a sign-in at another provider belongs to.
pub(super) const FEDERATION: &str = "federation";

/// A value that nobody can guess.
pub(super) fn random_value(random: &dyn Random) -> Result<String, RandomError> {
    Ok(URL_SAFE_NO_PAD.encode(random.bytes::<32>()?))
}

/// The value of a cookie that the request came with.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let headers = headers.get_all(COOKIE).into_iter().filter_map(|header| header.to_str().ok());
    headers.flat_map(|header| header.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

/// The header that sets a cookie for so many seconds; none of them removes it.
///
/// A value comes from [`random_value`] and needs no quoting.
pub(super) fn set(name: &str, value: &str, seconds: i64) -> HeaderValue {
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    // Made of our own names and of base64: it always is a header.
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; cognito=x=y; acognito=2"));
        headers.append(COOKIE, HeaderValue::from_static("b=3"));
        assert_eq!(read(&headers, SESSION), Some("x=y"));
        assert_eq!(read(&headers, "b"), Some("3"));
        assert_eq!(read(&headers, FORM), None);
    }

    #[test]
    fn no_script_and_no_other_site_can_use_a_cookie() {
        assert_eq!(set("cognito", "abc", 60), "cognito=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    }
}
