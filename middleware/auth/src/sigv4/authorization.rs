//! Reading a signature: from the header `Authorization`, or from the query of a presigned URL.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header::AUTHORIZATION, request::Parts};

use super::{SignatureError, canonical::Query, date::SignedDate};

/// The one algorithm.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// With any of these, a query is one of a presigned URL.
pub(super) const IN_QUERY: [&str; 3] = ["X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential"];
const TERMINATOR: &str = "aws4_request";
const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// A presigned URL is good for seven days at most.
const MAX_EXPIRES: u64 = 604_800;
/// More headers than this nobody signs.
const MAX_SIGNED_HEADERS: usize = 64;
/// The longest session token that is read, in bytes. Those of STS are shorter than 4 KiB.
const MAX_SESSION_TOKEN: usize = 8 * 1024;

/// What a request says about its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    /// `20150830`
    pub(super) day: String,
    pub(super) region: String,
    pub(super) service: String,
    /// In lower case, in order, each once.
    pub(super) signed_headers: Vec<HeaderName>,
    pub(super) signature: [u8; 32],
    pub(super) date: SignedDate,
    pub(super) session_token: Option<String>,
    /// How long a presigned URL is good.
    pub(super) presigned: Option<Duration>,
}

/// Whether the request is signed in a header, in whatever form, good or bad.
pub(super) fn is_signed_in_header(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| value.as_bytes().starts_with(b"AWS4-"))
}

/// The same of the query.
pub(super) fn is_presigned(query: &Query) -> bool {
    IN_QUERY.iter().any(|name| query.has(name))
}

impl Authorization {
    pub(super) fn of(parts: &Parts, query: &Query) -> Result<Self, SignatureError> {
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        match (headers.next(), headers.next(), is_presigned(query)) {
            (Some(header), None, false) => {
                let header =
                    header.to_str().map_err(|_| incomplete("Authorization header is not readable."))?;
                Self::in_header(header, &parts.headers)
            }
            (None, None, true) => Self::in_query(query),
            // Two signatures may say two things.
            _ => Err(incomplete("The request has more than one signature.")),
        }
    }

    fn in_header(header: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let rest = header.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
        let rest = rest.ok_or_else(|| incomplete("Unsupported signing algorithm."))?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',') {
            let (name, value) = part
                .trim_matches(' ')
                .split_once('=')
                .ok_or_else(|| incomplete("Authorization header has a part without a value."))?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(incomplete("Authorization header has a part that is not known.")),
            };
            if place.replace(value).is_some() {
                return Err(incomplete("Authorization header has a part twice."));
            }
        }
        let date = one(headers, &AMZ_DATE)?
            .ok_or_else(|| incomplete("Authorization header requires existence of a 'X-Amz-Date' header."))?;
        let session_token = one(headers, &SECURITY_TOKEN)?;
        Self::read(credential, signed_headers, signature, date, session_token, None)
    }

    fn in_query(query: &Query) -> Result<Self, SignatureError> {
        let one = |name: &str| {
            query.one(name).map_err(|_| incomplete("The query has a part of the signature twice."))
        };
        if one("X-Amz-Algorithm")?.as_deref() != Some(ALGORITHM) {
            return Err(incomplete("Unsupported signing algorithm."));
        }
        let date = one("X-Amz-Date")?.ok_or_else(|| incomplete("The query requires 'X-Amz-Date'."))?;
        let expires =
            one("X-Amz-Expires")?.ok_or_else(|| incomplete("The query requires 'X-Amz-Expires'."))?;
        let is_number = !expires.is_empty() && expires.bytes().all(|byte| byte.is_ascii_digit());
        let expires: u64 = match expires.parse() {
            Ok(seconds @ 1..=MAX_EXPIRES) if is_number => seconds,
            _ => return Err(incomplete("X-Amz-Expires must be between 1 and 604800 seconds.")),
        };
        let (credential, signed_headers) = (one("X-Amz-Credential")?, one("X-Amz-SignedHeaders")?);
        let (signature, session_token) = (one("X-Amz-Signature")?, one("X-Amz-Security-Token")?);
        Self::read(
            credential.as_deref(),
            signed_headers.as_deref(),
            signature.as_deref(),
            &date,
            session_token.as_deref(),
            Some(Duration::from_secs(expires)),
        )
    }

    fn read(
        credential: Option<&str>,
        signed_headers: Option<&str>,
        signature: Option<&str>,
        date: &str,
        session_token: Option<&str>,
        presigned: Option<Duration>,
    ) -> Result<Self, SignatureError> {
        let credential =
            credential.ok_or_else(|| incomplete("The signature requires 'Credential' parameter."))?;
        let signed_headers =
            signed_headers.ok_or_else(|| incomplete("The signature requires 'SignedHeaders' parameter."))?;
        let signature =
            signature.ok_or_else(|| incomplete("The signature requires 'Signature' parameter."))?;

        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, day, region, service, TERMINATOR] = parts.as_slice() else {
            return Err(SignatureError::Scope(
                "Credential should be scoped to a day, a region and a service.",
            ));
        };
        let is_name = |text: &str| {
            (1..=128).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if ![access_key_id, region, service].into_iter().all(|part| is_name(part)) {
            return Err(SignatureError::Scope(
                "Credential should be scoped to a day, a region and a service.",
            ));
        }
        let date = SignedDate::parse(date).ok_or_else(|| {
            incomplete("Date must be in ISO-8601 'basic format', as in '20260101T000000Z'.")
        })?;
        if date.day() != *day {
            return Err(SignatureError::Scope(
                "Date in Credential scope does not match the date of the request.",
            ));
        }
        if session_token.is_some_and(|token| token.is_empty() || token.len() > MAX_SESSION_TOKEN) {
            return Err(SignatureError::UnknownKey);
        }
        Ok(Self {
            access_key_id: (*access_key_id).to_owned(),
            day: (*day).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
            signed_headers: read_signed_headers(signed_headers)?,
            signature: read_signature(signature)?,
            date,
            session_token: session_token.map(str::to_owned),
            presigned,
        })
    }

    pub(super) fn scope(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.day, self.region, self.service)
    }
}

/// The names, which signers write in lower case and in order: only what is written like this is read, so that there is one way to write it.
fn read_signed_headers(text: &str) -> Result<Vec<HeaderName>, SignatureError> {
    let bad = || incomplete("SignedHeaders must be names in lower case, in order, each once.");
    let mut names: Vec<HeaderName> = Vec::new();
    for name in text.split(';') {
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let read = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        if !is_lower || names.last().is_some_and(|last| last.as_str() >= read.as_str()) {
            return Err(bad());
        }
        if names.len() == MAX_SIGNED_HEADERS {
            return Err(bad());
        }
        names.push(read);
    }
    if !names.iter().any(|name| name == "host") {
        return Err(incomplete("'host' must be a signed header."));
    }
    Ok(names)
}

/// Sixty-four digits in lower case.
pub(super) fn read_signature(text: &str) -> Result<[u8; 32], SignatureError> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut signature = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != signature.len() || !rest.is_empty() {
        return Err(SignatureError::Mismatch);
    }
    for (byte, [high, low]) in signature.iter_mut().zip(pairs) {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return Err(SignatureError::Mismatch);
        };
        *byte = high << 4 | low;
    }
    Ok(signature)
}

/// The one value of a header; an error if there are several.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| incomplete("A header of the signature is not readable."))
        }
        (Some(_), Some(_)) => Err(incomplete("A header of the signature is there twice.")),
    }
}

pub(super) fn incomplete(text: &'static str) -> SignatureError {
    SignatureError::Incomplete(text)
}
