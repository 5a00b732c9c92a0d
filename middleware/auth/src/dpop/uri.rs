//! The URL that a proof is for, compared as RFC 9449, 4.3, wants it.

use http::Uri;

/// An `http` or `https` URL without what does not count: query, fragment, letter case of the host, default ports, and escapes
/// of characters that need none (RFC 3986, 6.2.2 and 6.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    https: bool,
    host: String,
    port: u16,
    path: String,
}

impl Location {
    /// `None` for what is not such a URL, names a user, or has `.` or `..` as a segment: routers do not agree on what these mean.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url: Uri = url.parse().ok()?;
        let https = match url.scheme_str()? {
            scheme if scheme.eq_ignore_ascii_case("https") => true,
            scheme if scheme.eq_ignore_ascii_case("http") => false,
            _ => return None,
        };
        let (authority, host) = (url.authority()?.as_str(), url.host()?);
        let port = match authority.strip_prefix(host)? {
            "" | ":" if https => 443,
            "" | ":" => 80,
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        if host.is_empty() {
            return None;
        }
        Some(Self { https, host: host.to_ascii_lowercase(), port, path: normal_path(url.path())? })
    }

    /// The public URL of a service: the base that the paths of its requests are appended to.
    pub(super) fn base(url: &str) -> Option<Self> {
        let mut base = Self::parse(url).filter(|_| !url.contains(['?', '#']))?;
        base.path.truncate(base.path.trim_end_matches('/').len());
        Some(base)
    }

    /// Whether this is what a request with this path is for, where the service is at `base`. The path is a [`normal_path`].
    pub(super) fn is(&self, base: &Self, path: &str) -> bool {
        let same_origin = self.https == base.https && self.host == base.host && self.port == base.port;
        same_origin && self.path.strip_prefix(base.path.as_str()) == Some(path)
    }
}

/// A path in which each character has one spelling; `None` when it is not a path, or has `.` or `..` as a segment.
pub(super) fn normal_path(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("/".to_owned());
    }
    if !path.starts_with('/') {
        return None;
    }
    let mut normal = String::with_capacity(path.len());
    let mut pieces = path.split('%');
    normal.push_str(pieces.next()?);
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            normal.push(char::from(byte));
        } else {
            normal.push('%');
            normal.push_str(&digits.to_ascii_uppercase());
        }
        normal.push_str(rest);
    }
    let ambiguous = normal.split('/').any(|segment| segment == "." || segment == "..");
    if ambiguous { None } else { Some(normal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(htu: &str, base: &str, path: &str) -> bool {
        let base = Location::base(base).unwrap();
        let location = Location::parse(htu);
        location.zip(normal_path(path)).is_some_and(|(location, path)| location.is(&base, &path))
    }

    #[test]
    fn a_url_is_compared_by_what_counts() {
        const API: &str = "https://api.example.com";
        for (htu, base, path, expected) in [
            ("https://api.example.com/notes", API, "/notes", true),
            ("https://api.example.com/notes?a=b", API, "/notes", true),
            ("https://api.example.com/notes#a", API, "/notes", true),
            ("https://api.example.com/notes?a=b#a", API, "/notes", true),
            ("HTTPS://API.Example.COM/notes", API, "/notes", true),
            ("https://api.example.com:443/notes", API, "/notes", true),
            ("https://api.example.com:/notes", API, "/notes", true),
            ("https://api.example.com", API, "/", true),
            ("https://api.example.com/", API, "/", true),
            ("https://api.example.com", API, "", true),
            ("https://api.example.com/", "https://api.example.com/", "/", true),
            ("https://api.example.com/%6eotes/%7e", API, "/notes/~", true),
            ("https://api.example.com/notes/~", API, "/n%6Ftes/%7E", true),
            ("https://api.example.com/a%2fb", API, "/a%2Fb", true),
            ("https://api.example.com:8443/notes", "https://API.example.com:8443", "/notes", true),
            ("https://api.example.com/v1/notes", "https://api.example.com/v1", "/notes", true),
            ("https://api.example.com/v1/notes", "https://api.example.com/v1/", "/notes", true),
            ("https://api.example.com/v1/", "https://api.example.com/v1", "/", true),
            ("http://localhost:3000/notes", "http://localhost:3000", "/notes", true),
            ("http://localhost/notes", "http://localhost:80", "/notes", true),
            ("https://[::1]/notes", "https://[::1]", "/notes", true),
            ("http://api.example.com/notes", API, "/notes", false),
            ("http://api.example.com:443/notes", API, "/notes", false),
            ("https://api.example.com:80/notes", API, "/notes", false),
            ("https://api.example.com:444/notes", API, "/notes", false),
            ("https://api.example.com:99999/notes", API, "/notes", false),
            ("https://api.example.com:0443/notes", API, "/notes", true),
            ("https://api.example.com./notes", API, "/notes", false),
            ("https://api.example.com.evil.example/notes", API, "/notes", false),
            ("https://evil.example/notes", API, "/notes", false),
            ("https://evil.example/https://api.example.com/notes", API, "/notes", false),
            ("https://evil.example\\@api.example.com/notes", API, "/notes", false),
            ("https://user@api.example.com/notes", API, "/notes", false),
            ("https://user:api.example.com@evil.example/notes", API, "/notes", false),
            ("https://api.example.com/Notes", API, "/notes", false),
            ("https://api.example.com/notes/", API, "/notes", false),
            ("https://api.example.com//notes", API, "/notes", false),
            ("https://api.example.com/a/b", API, "/a%2Fb", false),
            ("https://api.example.com/a%252Fb", API, "/a%2Fb", false),
            ("https://api.example.com/a/../notes", API, "/notes", false),
            ("https://api.example.com/notes", API, "/a/../notes", false),
            ("https://api.example.com/a/../notes", API, "/a/../notes", false),
            ("https://api.example.com/a/%2e%2E/notes", API, "/a/../notes", false),
            ("https://api.example.com/./notes", API, "/./notes", false),
            ("https://api.example.com/a%2", API, "/a%2", false),
            ("https://api.example.com/a%zz", API, "/a%zz", false),
            ("https://api.example.com/a%+1", API, "/a%+1", false),
            ("https://api.example.com/v1/notes", API, "/notes", false),
            ("https://api.example.com/notes", "https://api.example.com/v1", "/notes", false),
            ("https://api.example.com/v1notes", "https://api.example.com/v1", "/notes", false),
            ("https://api.example.com/*", API, "*", false),
            ("//api.example.com/notes", API, "/notes", false),
            ("/notes", API, "/notes", false),
            ("api.example.com", API, "/", false),
            ("ftp://api.example.com/notes", API, "/notes", false),
            ("https:///notes", API, "/notes", false),
            ("", API, "/", false),
            (" https://api.example.com/", API, "/", false),
        ] {
            assert_eq!(matches(htu, base, path), expected, "{htu} for {path} at {base}");
        }
    }

    #[test]
    fn a_base_is_a_url_and_nothing_else() {
        for url in ["https://a?b", "https://a#b", "https://a/b?", "https://a/../b", "a", "https://u@a", ""] {
            assert_eq!(Location::base(url), None, "{url}");
        }
    }
}
