//! The token that a client has sent.

use serde_json::{Map, Value};

use crate::Shape;

/// Why there is no token to verify, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoToken {
    Missing,
    Several,
    Scheme,
    Prefix,
}

impl NoToken {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing_token",
            Self::Several => "several_tokens",
            Self::Scheme => "authorization_scheme",
            Self::Prefix => "token_prefix",
        }
    }
}

/// The value of the `Authorization` header, or of what stands for it.
pub(crate) fn authorization(shape: Shape, event: &Value) -> Result<&str, NoToken> {
    if matches!(shape, Shape::RestToken | Shape::AppSync) {
        return event.get("authorizationToken").and_then(Value::as_str).ok_or(NoToken::Missing);
    }
    one(event, "multiValueHeaders", "headers", |name| name.eq_ignore_ascii_case("authorization"))
}

/// The value of a query parameter.
pub(crate) fn parameter<'e>(event: &'e Value, wanted: &str) -> Result<&'e str, NoToken> {
    one(event, "multiValueQueryStringParameters", "queryStringParameters", |name| name == wanted)
}

/// The token after the scheme `Bearer`.
pub(crate) fn bearer(authorization: &str) -> Result<&str, NoToken> {
    let (scheme, rest) = authorization.split_once(' ').ok_or(NoToken::Scheme)?;
    // Schemes are compared without regard to case (RFC 9110, 11.1).
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(NoToken::Scheme);
    }
    let token = rest.trim_matches(' ');
    if token.is_empty() { Err(NoToken::Missing) } else { Ok(token) }
}

/// The token, with the scheme or by itself, as clients of AppSync send it.
pub(crate) fn bearer_or_bare(authorization: &str) -> Result<&str, NoToken> {
    let text = authorization.trim_matches(' ');
    if text.is_empty() || text.contains(' ') { bearer(authorization) } else { Ok(text) }
}

/// The one value of this name: of two that are there, neither is believed.
fn one<'e>(
    event: &'e Value,
    many: &str,
    single: &str,
    is_it: impl Fn(&str) -> bool,
) -> Result<&'e str, NoToken> {
    let members = |name: &str| event.get(name).and_then(Value::as_object);
    let found = |members: &'e Map<String, Value>| -> Vec<&'e Value> {
        members.iter().filter(|(name, _)| is_it(name)).map(|(_, value)| value).collect()
    };
    let many = members(many).map(found).unwrap_or_default();
    let lists: Vec<&Value> = many.iter().filter_map(|value| value.as_array()).flatten().collect();
    let singles = members(single).map(found).unwrap_or_default();
    if lists.len() > 1 || singles.len() > 1 || many.len() > 1 {
        return Err(NoToken::Several);
    }
    let text = |values: &[&'e Value]| values.first().and_then(|value| value.as_str());
    match (text(&singles), text(&lists)) {
        (Some(one), Some(other)) if one != other => Err(NoToken::Several),
        (one, other) => one.or(other).ok_or(NoToken::Missing),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_header_is_read_whatever_its_case() {
        for (event, expected) in [
            (json!({ "headers": { "Authorization": "a" } }), Ok("a")),
            (
                json!({ "headers": { "AUTHORIZATION": "a" }, "multiValueHeaders": { "AUTHORIZATION": ["a"] } }),
                Ok("a"),
            ),
            (json!({ "multiValueHeaders": { "authorization": ["a"] } }), Ok("a")),
            (json!({ "headers": { "authorization": "a", "Authorization": "a" } }), Err(NoToken::Several)),
            (
                json!({ "headers": { "a": "b" }, "multiValueHeaders": { "Authorization": ["a", "a"] } }),
                Err(NoToken::Several),
            ),
            (
                json!({ "headers": { "authorization": "a" }, "multiValueHeaders": { "authorization": ["b"] } }),
                Err(NoToken::Several),
            ),
            (
                json!({ "headers": null, "queryStringParameters": { "authorization": "a" } }),
                Err(NoToken::Missing),
            ),
            (json!({ "headers": { "authorization": 1 } }), Err(NoToken::Missing)),
            (json!({}), Err(NoToken::Missing)),
        ] {
            assert_eq!(authorization(Shape::RestRequest, &event), expected, "{event}");
        }
    }

    #[test]
    fn a_token_stands_behind_its_scheme() {
        for (text, expected) in [
            ("Bearer a.b.c", Ok("a.b.c")),
            ("bEARER  a.b.c ", Ok("a.b.c")),
            ("Bearer", Err(NoToken::Scheme)),
            ("Bearer ", Err(NoToken::Missing)),
            ("a.b.c", Err(NoToken::Scheme)),
            ("Basic YTpi", Err(NoToken::Scheme)),
            ("DPoP a.b.c", Err(NoToken::Scheme)),
            ("", Err(NoToken::Scheme)),
        ] {
            assert_eq!(bearer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_token_may_stand_by_itself_where_that_is_said() {
        for (text, expected) in [
            ("Bearer a.b.c", Ok("a.b.c")),
            (" a.b.c ", Ok("a.b.c")),
            ("Basic YTpi", Err(NoToken::Scheme)),
            ("a.b.c d.e.f", Err(NoToken::Scheme)),
            ("", Err(NoToken::Scheme)),
            (" ", Err(NoToken::Scheme)),
        ] {
            assert_eq!(bearer_or_bare(text), expected, "{text:?}");
        }
    }
}
