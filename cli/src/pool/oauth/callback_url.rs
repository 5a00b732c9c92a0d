//! Where a browser may be sent back to.

use std::str::FromStr;

use super::parameters::encode;
use crate::loopback::is_loopback_host;

/// An address that a client has registered: for the answer to a sign-in, or for after a sign-out.
///
/// It is https, http on this machine, or a scheme of an app (`myapp://callback`), and has no fragment, as Amazon Cognito asks
/// for. A request must repeat it letter by letter.
///
/// ```
/// use portcullis_cli::pool::CallbackUrl;
///
/// assert!("http://localhost:5173/".parse::<CallbackUrl>().is_ok());
/// assert!("http://example.com/".parse::<CallbackUrl>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackUrl(String);

/// Schemes that a browser runs or reads by itself.
const NOT_A_PLACE: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

impl FromStr for CallbackUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a URL has no blanks and nothing but ASCII");
        }
        if text.contains('#') {
            return Err("the URL of a redirect has no fragment");
        }
        let (scheme, rest) = text.split_once("://").ok_or("name an absolute URL")?;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let is_scheme =
            scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(letter);
        let scheme = scheme.to_ascii_lowercase();
        if !is_scheme || NOT_A_PLACE.contains(&scheme.as_str()) {
            return Err("this scheme is no place to go back to");
        }
        let authority = authority(rest);
        match scheme.as_str() {
            "http" | "https" if authority.is_empty() || authority.contains('@') => {
                Err("the URL names no host, or a user")
            }
            "http" if !is_loopback_host(authority) => {
                Err("http is for this machine only; other callbacks are https")
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl CallbackUrl {
    /// The URL as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL with these parameters in its query.
    pub(crate) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let separator = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{}{separator}{}", self.0, encode(parameters.iter().copied()))
    }

    /// What a content security policy calls the place: scheme and host, or the scheme of an app.
    pub(crate) fn policy_source(&self) -> String {
        let (scheme, rest) = self.0.split_once("://").unwrap_or((&self.0, ""));
        if ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
            format!("{scheme}://{}", authority(rest))
        } else {
            format!("{scheme}:")
        }
    }
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_https_or_on_this_machine_or_an_app() {
        for (text, good) in [
            ("https://example.com/callback", true),
            ("https://example.com", true),
            ("http://localhost:5173/", true),
            ("http://127.0.0.1/cb?a=b", true),
            ("http://[::1]:5173/", true),
            ("myapp://callback", true),
            ("com.example.app://callback", true),
            ("http://example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://localhost@example.com/", false),
            ("https://a@example.com/", false),
            ("https:///a", false),
            ("https://example.com/#a", false),
            ("https://example.com/a b", false),
            ("https://exämple.com/", false),
            ("javascript://%0aalert(1)", false),
            ("JavaScript://%0aalert(1)", false),
            ("data://text/html", false),
            ("1app://callback", false),
            ("/callback", false),
            ("//example.com/callback", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<CallbackUrl>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn parameters_are_added_to_the_query() {
        for (url, with) in [
            ("https://a.example/", "https://a.example/?code=1&state=x%26y"),
            ("https://a.example/?a=b", "https://a.example/?a=b&code=1&state=x%26y"),
            ("https://a.example/?", "https://a.example/?code=1&state=x%26y"),
        ] {
            let url: CallbackUrl = url.parse().unwrap();
            assert_eq!(url.with(&[("code", "1"), ("state", "x&y")]), with);
        }
    }

    #[test]
    fn a_policy_names_the_place_without_its_path() {
        for (url, source) in [
            ("https://a.example:8443/b?c", "https://a.example:8443"),
            ("http://localhost:5173/", "http://localhost:5173"),
            ("myapp://callback/a", "myapp:"),
        ] {
            assert_eq!(url.parse::<CallbackUrl>().unwrap().policy_source(), source);
        }
    }
}
