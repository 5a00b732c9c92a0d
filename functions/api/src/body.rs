//! Request bodies: the right content type, a bounded size, one JSON object.

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use portcullis_data::rules::Item;

use crate::{
    json::{JsonError, parse_object},
    problem::Problem,
};

/// The largest body that is read, in bytes. DynamoDB keeps items of up to 400 KB; JSON text needs somewhat more.
pub const BODY_LIMIT: usize = 512 * 1024;

/// How much of a body that is too large is read and thrown away, in bytes. A client that is still sending when the
/// connection closes would see a broken pipe and never the answer.
const DISCARD_LIMIT: usize = 16 * 1024 * 1024;

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A new item.
    Create,
    /// Changes in the manner of RFC 7396.
    Patch,
    /// Arguments of a call.
    Call,
}

impl Purpose {
    fn accepts(self, media_type: &str) -> bool {
        let is = |wanted: &str| media_type.eq_ignore_ascii_case(wanted);
        is("application/json") || (self == Self::Patch && is("application/merge-patch+json"))
    }

    fn advice(self) -> (&'static str, &'static str) {
        match self {
            Self::Create | Self::Call => ("accept", "application/json"),
            Self::Patch => ("accept-patch", "application/merge-patch+json, application/json"),
        }
    }
}

/// Reads the object that a request carries.
pub(crate) async fn read_object(headers: &HeaderMap, body: Body, purpose: Purpose) -> Result<Item, Problem> {
    check_content_type(headers, purpose)?;
    let bytes = read(body).await?;
    parse_object(&bytes).map_err(|error| match error {
        JsonError::Malformed { line, column } => Problem::bad_request(format!(
            "the body is not valid JSON, or nested too deeply: line {line}, column {column}"
        )),
        JsonError::KeyTwice { line, column } => {
            Problem::bad_request(format!("the body names a key twice: line {line}, column {column}"))
        }
        JsonError::NotObject => Problem::bad_request("the body must be a JSON object"),
    })
}

fn check_content_type(headers: &HeaderMap, purpose: Purpose) -> Result<(), Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let accepted = match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => {
            let (media_type, parameters) = value.split_once(';').unwrap_or((value, ""));
            purpose.accepts(media_type.trim()) && is_utf8(parameters)
        }
        _ => false,
    };
    let (advice, types) = purpose.advice();
    accepted.then_some(()).ok_or_else(|| Problem::wrong_content_type(advice, types))
}

/// JSON is UTF-8; another charset would be read wrongly.
fn is_utf8(parameters: &str) -> bool {
    let named = parameters.split(';').filter_map(|it| it.split_once('='));
    let mut charsets = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charsets.all(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"))
}

async fn read(mut body: Body) -> Result<Bytes, Problem> {
    let mut kept = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Problem::bad_request("the body ended early"));
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > DISCARD_LIMIT {
            break;
        }
        if seen <= BODY_LIMIT {
            kept.put(data);
        }
    }
    if seen > BODY_LIMIT { Err(Problem::too_large(BODY_LIMIT)) } else { Ok(kept.freeze()) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_in_utf_8_is_accepted() {
        for (value, create, patch) in [
            ("application/json", true, true),
            ("Application/JSON; charset=UTF-8", true, true),
            ("application/json;charset=\"utf-8\"", true, true),
            ("application/json; charset=utf-16", false, false),
            ("application/merge-patch+json", false, true),
            ("application/json-patch+json", false, false),
            ("text/json", false, false),
            ("text/plain;application/json", false, false),
            ("", false, false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            assert_eq!(check_content_type(&headers, Purpose::Create).is_ok(), create, "{value}");
            assert_eq!(check_content_type(&headers, Purpose::Patch).is_ok(), patch, "{value}");
        }
        assert!(check_content_type(&HeaderMap::new(), Purpose::Create).is_err());
    }

    #[test]
    fn two_content_types_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert!(check_content_type(&headers, Purpose::Create).is_err());
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let size = |size| read(Body::from(vec![b' '; size]));
        assert_eq!(size(BODY_LIMIT).await.unwrap().len(), BODY_LIMIT);
        assert!(size(BODY_LIMIT + 1).await.is_err());
        assert!(size(DISCARD_LIMIT + 1).await.is_err());
    }
}
