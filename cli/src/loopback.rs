//! Telling a client of this machine from a web page that has found the port.
//!
//! A page on the internet can make its visitor's browser call a loopback address. Its own name may even have been pointed
//! there. The browser then says so: in `Host`, which names what the page called, and in `Origin`.

use http::{
    HeaderMap, HeaderValue,
    header::{HOST, ORIGIN},
};

/// Whether the request names this machine by a name that nobody else can own.
pub(crate) fn is_addressed_to_loopback(headers: &HeaderMap) -> bool {
    is_loopback_name(headers.get(HOST))
}

/// Whether a web page has made the request.
pub(crate) fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
}

/// Whether a page that is not served from this machine has made the request. One that does not say where it is from, such as a
/// sandboxed frame, is such a page.
pub(crate) fn is_from_a_page_elsewhere(headers: &HeaderMap) -> bool {
    let is_elsewhere = |origin: &HeaderValue| {
        let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        !host.is_some_and(is_loopback_host)
    };
    headers.get_all(ORIGIN).iter().any(is_elsewhere)
}

fn is_loopback_name(host: Option<&HeaderValue>) -> bool {
    host.and_then(|host| host.to_str().ok()).is_some_and(is_loopback_host)
}

/// Whether a host, with or without a port, is a name of this machine that nobody else can own.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "[::1]"].contains(&name) || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback_names() {
        for (host, loopback) in [
            ("127.0.0.1:9229", true),
            ("127.0.0.1", true),
            ("localhost:9229", true),
            ("LOCALHOST", true),
            ("[::1]:9229", true),
            ("[::1]", true),
            ("example.com", false),
            ("127.0.0.1.example.com", false),
            ("localhost.example.com:9229", false),
            ("127.0.0.1:9229@example.com", false),
            ("127.0.0.1:", false),
            ("", false),
        ] {
            assert_eq!(is_loopback_name(Some(&HeaderValue::from_str(host).unwrap())), loopback, "{host}");
        }
        assert!(!is_loopback_name(None));
    }
    #[test]
    fn pages_of_any_port_of_this_machine_are_not_elsewhere() {
        for (origin, elsewhere) in [
            ("http://localhost:5173", false),
            ("https://127.0.0.1:3000", false),
            ("http://[::1]:8080", false),
            ("capacitor://localhost", false),
            ("https://example.com", true),
            ("http://localhost.example.com", true),
            ("http://example.com:80/localhost", true),
            ("null", true),
            ("", true),
        ] {
            let headers = [(ORIGIN, HeaderValue::from_static(origin))].into_iter().collect();
            assert_eq!(is_from_a_page_elsewhere(&headers), elsewhere, "{origin}");
        }
        assert!(!is_from_a_page_elsewhere(&HeaderMap::new()));
    }
}
