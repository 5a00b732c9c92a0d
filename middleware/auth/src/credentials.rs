//! What a request brings along to say who calls.

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::{ProofError, Refusal, challenge::Scheme};

/// AppSync and API Gateway read the API key here.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The header of a proof (RFC 9449, 4.1).
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Where a load balancer says who has signed in.
const OIDC_DATA: HeaderName = HeaderName::from_static("x-amzn-oidc-data");

/// What a request brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials<'a> {
    Nothing,
    Bearer(&'a str),
    /// A token, and the proof of its sender.
    Dpop {
        token: &'a str,
        proof: &'a str,
    },
    ApiKey(&'a [u8]),
}

impl<'a> Credentials<'a> {
    /// Reads the headers and nothing else: a token in the query or in a cookie is not looked for.
    ///
    /// Proofs are read where they are accepted; beside a plain bearer they mean nothing.
    pub(crate) fn of(headers: &'a HeaderMap, accepts_proofs: bool) -> Result<Self, Refusal> {
        let mut authorizations = headers.get_all(AUTHORIZATION).iter();
        if let Some(authorization) = authorizations.next() {
            if authorizations.next().is_some() {
                return Err(Refusal::invalid_request("two_authorization_headers"));
            }
            let text = text(authorization).ok_or(Refusal::invalid_request("authorization_header"))?;
            let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
            // Schemes are compared without regard to case (RFC 9110, 11.1).
            if scheme.eq_ignore_ascii_case("bearer") {
                return token(rest).map(Self::Bearer);
            }
            if accepts_proofs && scheme.eq_ignore_ascii_case("dpop") {
                let token = token(rest).map_err(|refusal| refusal.of_scheme(Scheme::Dpop))?;
                return Ok(Self::Dpop { token, proof: proof(headers)? });
            }
            // Credentials of another kind are not "nothing": optional authentication must not ignore them.
            return Err(Refusal::MISSING);
        }
        let mut keys = headers.get_all(API_KEY).iter();
        match (keys.next(), keys.next()) {
            (Some(key), None) => Ok(Self::ApiKey(key.as_bytes())),
            (Some(_), Some(_)) => Err(Refusal::invalid_request("two_api_keys")),
            (None, _) => Ok(Self::Nothing),
        }
    }
}

/// What a load balancer says, if it says something.
pub(crate) fn load_balancer_data(headers: &HeaderMap) -> Option<Result<&str, Refusal>> {
    let mut data = headers.get_all(OIDC_DATA).iter();
    Some(match (text(data.next()?), data.next()) {
        (Some(data), None) => Ok(data),
        (_, Some(_)) => Err(Refusal::invalid_request("two_load_balancer_headers")),
        (None, None) => Err(Refusal::invalid_request("load_balancer_header")),
    })
}

/// The one token in the header, with the scheme or without it: authorizers of REST APIs take the bare token.
pub(crate) fn presented_token(headers: &HeaderMap) -> Option<&str> {
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let (Some(authorization), None) = (authorizations.next(), authorizations.next()) else {
        return None;
    };
    let text = text(authorization)?;
    let bare = match text.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest,
        _ => text,
    };
    token(bare).ok()
}

fn token(rest: &str) -> Result<&str, Refusal> {
    let token = rest.trim_matches(' ');
    if token.is_empty() {
        return Err(Refusal::EMPTY_TOKEN);
    }
    // `token68` of RFC 9110 is what a bearer token is made of; a space or a comma means that there are two.
    if all(token.as_bytes(), is_token68) {
        Ok(token)
    } else {
        Err(Refusal::invalid_request("authorization_header"))
    }
}

/// The same as `HeaderValue::to_str`, which takes several times as long.
fn text(value: &HeaderValue) -> Option<&str> {
    let bytes = value.as_bytes();
    all(bytes, |byte| byte.wrapping_sub(b' ') < 95 || byte == b'\t')
        .then(|| str::from_utf8(bytes).ok())
        .flatten()
}

fn is_token68(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // `-`, `.`, `/` and the digits stand in a row.
    let is_digit_or_beside = byte.wrapping_sub(b'-') < 13;
    is_letter | is_digit_or_beside | (byte == b'_') | (byte == b'~') | (byte == b'+') | (byte == b'=')
}

/// Without a way out in the middle, so that the compiler can look at many bytes at once: a token from the cache should not spend
/// most of its time here.
fn all(bytes: &[u8], good: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(0, |bad, byte| bad | u8::from(!good(*byte))) == 0
}

/// The one proof. Gateways join repeated headers with a comma.
fn proof(headers: &HeaderMap) -> Result<&str, ProofError> {
    let mut proofs = headers.get_all(DPOP).iter();
    match (proofs.next().map(|proof| proof.to_str()), proofs.next()) {
        (None, _) => Err(ProofError::Missing),
        (Some(Ok(proof)), None) if !proof.contains(',') => Ok(proof),
        _ => Err(ProofError::Several),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    /// Headers, and what is read from them.
    type Row = (&'static [(&'static str, &'static [u8])], Result<Credentials<'static>, StatusCode>);

    #[test]
    fn bytes_are_told_apart_as_by_the_book() {
        for byte in 0..=u8::MAX {
            let by_the_book = byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
            assert_eq!(is_token68(byte), by_the_book, "{byte}");
            if let Ok(value) = HeaderValue::from_bytes(&[b'a', byte, b'a']) {
                assert_eq!(text(&value), value.to_str().ok(), "{byte}");
            }
        }
    }

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
            for accepts_proofs in [false, true] {
                let found = Credentials::of(&map, accepts_proofs).map_err(|refusal| refusal.status());
                assert_eq!(&found, expected, "{headers:?}");
            }
        }
    }

    #[test]
    fn a_token_with_a_proof_is_read_where_proofs_are_accepted() {
        const FOUND: Result<Credentials<'static>, (StatusCode, &str)> =
            Ok(Credentials::Dpop { token: "t", proof: "p" });
        const SEVERAL: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "several_proofs");
        type Row = (
            &'static [(&'static str, &'static [u8])],
            Result<Credentials<'static>, (StatusCode, &'static str)>,
        );
        let rows: &[Row] = &[
            (&[("authorization", b"DPoP t"), ("dpop", b"p")], FOUND),
            (&[("authorization", b"dpop t"), ("dpop", b"p")], FOUND),
            (&[("authorization", b"DPoP  t "), ("dpop", b"p"), ("x-api-key", b"k")], FOUND),
            (&[("authorization", b"DPoP t")], Err((StatusCode::UNAUTHORIZED, "proof_missing"))),
            (&[("authorization", b"DPoP"), ("dpop", b"p")], Err((StatusCode::UNAUTHORIZED, "empty_token"))),
            (&[("authorization", b"DPoP t"), ("dpop", b"p"), ("dpop", b"p")], Err(SEVERAL)),
            (&[("authorization", b"DPoP t"), ("dpop", b"p"), ("dpop", b"")], Err(SEVERAL)),
            (&[("authorization", b"DPoP t"), ("dpop", b"p, p")], Err(SEVERAL)),
            (&[("authorization", b"DPoP t"), ("dpop", b"\xff")], Err(SEVERAL)),
            (&[("authorization", b"Bearer t"), ("dpop", b"p"), ("dpop", b"p")], Ok(Credentials::Bearer("t"))),
            (&[("dpop", b"p")], Ok(Credentials::Nothing)),
        ];
        for (headers, expected) in rows {
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.append(*name, HeaderValue::from_bytes(value).unwrap());
            }
            let found = Credentials::of(&map, true)
                .map_err(|refusal| (refusal.status(), refusal.reason().to_owned()));
            assert_eq!(
                found,
                expected.clone().map_err(|(status, reason)| (status, reason.to_owned())),
                "{headers:?}"
            );
            if headers.iter().any(|(_, value)| value.to_ascii_lowercase().starts_with(b"dpop")) {
                assert_eq!(Credentials::of(&map, false), Err(Refusal::MISSING), "{headers:?}");
            }
        }
    }
}
