//! Who may ask: programs of this machine, and the console's own pages.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

use super::problem;
use crate::loopback::is_addressed_to_loopback;

/// What a browser says about who makes a request.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What every answer says besides.
const HEADERS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Refuses whoever calls this machine by a name that somebody else may own.
pub(super) async fn within_this_machine(request: Request, next: Next) -> Response {
    let mut response = if is_addressed_to_loopback(request.headers()) {
        next.run(request).await
    } else {
        problem(StatusCode::FORBIDDEN, "only this machine may call")
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses pages of other sites.
pub(super) async fn only_own(request: Request, next: Next) -> Response {
    if is_from_elsewhere(request.headers()) {
        return problem(StatusCode::FORBIDDEN, "only the console may call");
    }
    next.run(request).await
}

fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let own = text(HOST).map(|host| format!("http://{host}"));
    let other_origin = text(ORIGIN).is_some_and(|origin| Some(origin) != own.as_deref());
    other_origin || text(FETCH_SITE).is_some_and(|site| !["same-origin", "none"].contains(&site))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_sites_are_told_from_programs_and_from_the_own_ones() {
        for (headers, elsewhere) in [
            (vec![], false),
            (vec![(FETCH_SITE, "same-origin")], false),
            (vec![(ORIGIN, "http://127.0.0.1:3000"), (FETCH_SITE, "same-origin")], false),
            (vec![(FETCH_SITE, "none")], false),
            (vec![(ORIGIN, "http://127.0.0.1:5173")], true),
            (vec![(ORIGIN, "https://127.0.0.1:3000")], true),
            (vec![(ORIGIN, "https://example.com")], true),
            (vec![(ORIGIN, "null")], true),
            (vec![(FETCH_SITE, "cross-site")], true),
            (vec![(FETCH_SITE, "same-site")], true),
        ] {
            let given = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            let map: HeaderMap = given.chain([(HOST, HeaderValue::from_static("127.0.0.1:3000"))]).collect();
            assert_eq!(is_from_elsewhere(&map), elsewhere, "{headers:?}");
        }
    }
}
