//! Conditional requests (RFC 9110, 13).

use std::time::SystemTime;

use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::Refusal;

/// The names of the headers that hold conditions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    names: [&'static str; 4],
    unchanged: Refusal,
}

impl Conditions {
    /// Those on the object that is read.
    pub(super) const READ: Self = Self {
        names: ["if-match", "if-unmodified-since", "if-none-match", "if-modified-since"],
        unchanged: Refusal::NotModified,
    };
    /// Those on the source of a copy.
    pub(super) const COPY_SOURCE: Self = Self {
        names: [
            "x-amz-copy-source-if-match",
            "x-amz-copy-source-if-unmodified-since",
            "x-amz-copy-source-if-none-match",
            "x-amz-copy-source-if-modified-since",
        ],
        unchanged: Refusal::PreconditionFailed,
    };

    /// Whether they hold for an object with this entity tag that was last changed then. A tag outweighs a date.
    pub(super) fn check(self, headers: &HeaderMap, etag: &str, modified: Timestamp) -> Result<(), Refusal> {
        let [is, older, is_not, newer] = self.names.map(HeaderName::from_static);
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        // Dates have no fractions of a second.
        let changed_after = |name: &HeaderName| {
            let date = text(name).and_then(|date| httpdate::parse_http_date(date).ok());
            let date = date.and_then(|date: SystemTime| Timestamp::try_from(date).ok());
            date.map(|date| modified.as_second() > date.as_second())
        };
        let fails = match text(&is) {
            Some(tags) => !names(tags, etag),
            None => changed_after(&older) == Some(true),
        };
        if fails {
            return Err(Refusal::PreconditionFailed);
        }
        let is_unchanged = match text(&is_not) {
            Some(tags) => names(tags, etag),
            None => changed_after(&newer) == Some(false),
        };
        if is_unchanged { Err(self.unchanged) } else { Ok(()) }
    }
}

const UNREADABLE: Refusal = Refusal::InvalidArgument("A condition cannot be read, or is there twice.");

/// A condition under which an object is written or deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WriteCondition {
    /// There must be none of this key.
    pub(super) absent: bool,
    /// There must be one with this entity tag.
    pub(super) etag: Option<String>,
}

impl WriteCondition {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        // A condition that cannot be read must not be taken for none.
        let one = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some(value), None) => value.to_str().map(Some).map_err(|_| UNREADABLE),
                (Some(_), Some(_)) => Err(UNREADABLE),
            }
        };
        let absent = match one(http::header::IF_NONE_MATCH)? {
            None => false,
            Some("*") => true,
            // S3 knows no other.
            Some(_) => return Err(Refusal::NotImplemented),
        };
        let etag = one(http::header::IF_MATCH)?.map(|tag| tag.trim_matches('"').to_owned());
        Ok(Self { absent, etag })
    }

    /// There must be an object with this entity tag.
    pub(super) fn is(etag: &str) -> Self {
        Self { absent: false, etag: Some(etag.trim_matches('"').to_owned()) }
    }

    /// Whether it holds where there is an object with this entity tag, or none. `*` is any.
    pub(super) fn check(&self, present: Option<&str>) -> Result<(), Refusal> {
        match (present, &self.etag) {
            (Some(_), _) if self.absent => Err(Refusal::PreconditionFailed),
            (None, Some(_)) => Err(Refusal::NoSuchKey),
            (Some(present), Some(etag)) if present != etag && etag != "*" => Err(Refusal::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// Whether a list of entity tags has this one, whose quotes are left out.
fn names(tags: &str, etag: &str) -> bool {
    let tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
    tags.into_iter().any(|tag| tag == "*" || tag == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_tag_outweighs_a_date() {
        let modified = Timestamp::from_millisecond(784_111_777_500).unwrap();
        let (then, before) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT");
        for (given, expected) in [
            (&[][..], Ok(())),
            (&[("if-match", "\"a\"")], Ok(())),
            (&[("if-match", "\"b\", \"a\"")], Ok(())),
            (&[("if-match", "*")], Ok(())),
            (&[("if-match", "\"b\"")], Err(Refusal::PreconditionFailed)),
            (&[("if-none-match", "\"a\"")], Err(Refusal::NotModified)),
            (&[("if-none-match", "\"b\"")], Ok(())),
            (&[("if-modified-since", then)], Err(Refusal::NotModified)),
            (&[("if-modified-since", before)], Ok(())),
            (&[("if-modified-since", "yesterday")], Ok(())),
            (&[("if-unmodified-since", then)], Ok(())),
            (&[("if-unmodified-since", before)], Err(Refusal::PreconditionFailed)),
            (&[("if-match", "\"a\""), ("if-unmodified-since", before)], Ok(())),
            (&[("if-none-match", "\"b\""), ("if-modified-since", then)], Ok(())),
        ] {
            assert_eq!(Conditions::READ.check(&headers(given), "a", modified), expected, "{given:?}");
        }
        let unchanged = headers(&[("x-amz-copy-source-if-none-match", "\"a\"")]);
        let refused = Conditions::COPY_SOURCE.check(&unchanged, "a", modified);
        assert_eq!(refused, Err(Refusal::PreconditionFailed));
    }

    #[test]
    fn a_write_may_ask_for_what_is_there() {
        for (given, present, expected) in [
            (&[][..], None, Ok(())),
            (&[], Some("a"), Ok(())),
            (&[("if-none-match", "*")], None, Ok(())),
            (&[("if-none-match", "*")], Some("a"), Err(Refusal::PreconditionFailed)),
            (&[("if-match", "\"a\"")], Some("a"), Ok(())),
            (&[("if-match", "\"a\"")], Some("b"), Err(Refusal::PreconditionFailed)),
            (&[("if-match", "\"a\"")], None, Err(Refusal::NoSuchKey)),
            (&[("if-match", "*")], Some("a"), Ok(())),
            (&[("if-match", "*")], None, Err(Refusal::NoSuchKey)),
        ] {
            let condition = WriteCondition::read(&headers(given)).unwrap();
            assert_eq!(condition.check(present), expected, "{given:?} {present:?}");
        }
        let other = WriteCondition::read(&headers(&[("if-none-match", "\"a\"")]));
        assert_eq!(other, Err(Refusal::NotImplemented));
        for name in ["if-match", "if-none-match"] {
            let mut given = headers(&[(name, "*")]);
            given.append(name, "*".parse().unwrap());
            assert_eq!(WriteCondition::read(&given), Err(UNREADABLE), "{name}");
            given.insert(name, http::HeaderValue::from_bytes(b"\"\xff\"").unwrap());
            assert_eq!(WriteCondition::read(&given), Err(UNREADABLE), "{name}");
        }
    }
}
