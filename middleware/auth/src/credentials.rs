//! What a request brings along to say who calls.

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use crate::Refusal;

/// AppSync and API Gateway read the API key here.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request brings along.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credentials<'a> {
    Nothing,
    Bearer(&'a str),
    ApiKey(&'a [u8]),
}

impl<'a> Credentials<'a> {
    /// Reads the headers and nothing else: a token in the query or in a cookie is not looked for.
    pub(crate) fn of(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let mut authorizations = headers.get_all(AUTHORIZATION).iter();
        if let Some(authorization) = authorizations.next() {
            if authorizations.next().is_some() {
                return Err(Refusal::invalid_request("two_authorization_headers"));
            }
            let text =
                authorization.to_str().map_err(|_| Refusal::invalid_request("authorization_header"))?;
            return bearer(text).map(Self::Bearer);
        }
        let mut keys = headers.get_all(API_KEY).iter();
        match (keys.next(), keys.next()) {
            (Some(key), None) => Ok(Self::ApiKey(key.as_bytes())),
            (Some(_), Some(_)) => Err(Refusal::invalid_request("two_api_keys")),
            (None, _) => Ok(Self::Nothing),
        }
    }
}

/// The token of `Bearer TOKEN`; the scheme is compared without regard to case (RFC 9110, 11.1).
fn bearer(authorization: &str) -> Result<&str, Refusal> {
    let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        // Credentials of another kind are not "nothing": optional authentication must not ignore them.
        return Err(Refusal::MISSING);
    }
    let token = rest.trim_matches(' ');
    if token.is_empty() {
        return Err(Refusal::EMPTY_TOKEN);
    }
    // `token68` of RFC 9110 is what a bearer token is made of; a space or a comma means that there are two.
    let well_formed = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    if well_formed { Ok(token) } else { Err(Refusal::invalid_request("authorization_header")) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    /// Headers, and what is read from them.
    type Row = (&'static [(&'static str, &'static [u8])], Result<Credentials<'static>, StatusCode>);

    #[test]
    fn one_bearer_token_or_one_api_key_is_read() {
        let rows: &[Row] = &[
            (&[], Ok(Credentials::Nothing)),
            (&[("cookie", b"token=a.b.c")], Ok(Credentials::Nothing)),
            (&[("authorization", b"Bearer a.b.c")], Ok(Credentials::Bearer("a.b.c"))),
            (&[("authorization", b"bEARER a.b.c")], Ok(Credentials::Bearer("a.b.c"))),
            (&[("authorization", b"Bearer   a.b.c ")], Ok(Credentials::Bearer("a.b.c"))),
            (&[("x-api-key", b"k")], Ok(Credentials::ApiKey(b"k"))),
            (&[("x-api-key", b"k"), ("authorization", b"Bearer t")], Ok(Credentials::Bearer("t"))),
            (&[("authorization", b"Bearer")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"Bearer ")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"Basic YTpi")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"Basic YTpi"), ("x-api-key", b"k")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"a.b.c")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"Bearer\ta.b.c")], Err(StatusCode::UNAUTHORIZED)),
            (&[("authorization", b"Bearer a.b.c d.e.f")], Err(StatusCode::BAD_REQUEST)),
            (&[("authorization", b"Bearer a.b.c, Bearer d.e.f")], Err(StatusCode::BAD_REQUEST)),
            (&[("authorization", b"Bearer \xff")], Err(StatusCode::BAD_REQUEST)),
            (&[("authorization", b"Bearer a"), ("authorization", b"Bearer a")], Err(StatusCode::BAD_REQUEST)),
            (&[("x-api-key", b"k"), ("x-api-key", b"k")], Err(StatusCode::BAD_REQUEST)),
        ];
        for (headers, expected) in rows {
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.append(*name, HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(&Credentials::of(&map).map_err(|refusal| refusal.status()), expected, "{headers:?}");
        }
    }
}
