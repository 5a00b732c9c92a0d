//! Entity tags and the conditions that clients make with them (RFC 9110, sections 8.8.3 and 13.1).

use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_data::Revision;

use crate::problem::Problem;

/// How many tags one header may list.
const MAX_TAGS: usize = 16;

/// What `If-Match` or `If-None-Match` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `*`: any state.
    Any,
    /// One of these states.
    Tags(Vec<EntityTag>),
}

/// One tag of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag {
    weak: bool,
    opaque: String,
}

/// The tag of a state, as a header.
pub(crate) fn header(state: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{state}\"")).ok()
}

impl Condition {
    /// Reads a condition; `None` if the request makes none.
    ///
    /// # Errors
    ///
    /// When it is not written as RFC 9110 says. A header that is there and names nothing is such a mistake: a client
    /// that sends it meant to guard its write.
    pub(crate) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        if !headers.contains_key(name) {
            return Ok(None);
        }
        let mut tags = Vec::new();
        let mut any = false;
        for value in headers.get_all(name) {
            let text = value.to_str().map_err(|_| malformed(name))?;
            if text.trim() == "*" {
                any = true;
            } else {
                read_tags(text, &mut tags).ok_or_else(|| malformed(name))?;
            }
        }
        match (any, tags.len()) {
            (true, 0) => Ok(Some(Self::Any)),
            (false, 1..=MAX_TAGS) => Ok(Some(Self::Tags(tags))),
            _ => Err(malformed(name)),
        }
    }

    /// Weak comparison: for `If-None-Match`.
    pub(crate) fn names(&self, state: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.opaque == state),
        }
    }

    /// Strong comparison: for `If-Match`. The one state that the item must be in; `None` if any will do.
    ///
    /// # Errors
    ///
    /// When it names several: a write is conditional on one.
    pub(crate) fn expected(&self) -> Result<Option<Revision>, Problem> {
        let Self::Tags(tags) = self else {
            return Ok(None);
        };
        let mut strong = tags.iter().filter(|tag| !tag.weak).map(|tag| tag.opaque.as_str());
        match (strong.next(), strong.next()) {
            (Some(state), None) => Ok(Some(Revision::new(state))),
            // No state is called like this, so that a weak tag alone never matches.
            (None, _) => Ok(Some(Revision::new(""))),
            (Some(_), Some(_)) => Err(Problem::bad_request("if-match may name one state only")),
        }
    }
}

fn read_tags(text: &str, tags: &mut Vec<EntityTag>) -> Option<()> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let weak = rest.starts_with("W/");
        let (opaque, after) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        tags.push(EntityTag { weak, opaque: opaque.to_owned() });
        let after = after.trim_start();
        rest = if after.is_empty() { after } else { after.strip_prefix(',')?.trim_start() };
    }
    Some(())
}

fn malformed(name: &HeaderName) -> Problem {
    Problem::bad_request(format!("{name} must be * or a short list of entity tags, each in double quotes"))
}

#[cfg(test)]
mod tests {
    use http::header::IF_MATCH;

    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<Condition>, String> {
        let headers = values.iter().map(|value| (IF_MATCH, HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| _ = map.append(name, value));
        Condition::read(&map, &IF_MATCH).map_err(|problem| problem.body())
    }

    fn tags(tags: &[(bool, &str)]) -> Result<Option<Condition>, String> {
        let tag = |(weak, opaque): &(bool, &str)| EntityTag { weak: *weak, opaque: (*opaque).to_owned() };
        Ok(Some(Condition::Tags(tags.iter().map(tag).collect())))
    }

    #[test]
    fn tags_are_read_as_rfc_9110_writes_them() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(Condition::Any)));
        assert_eq!(read(&["\"1\""]), tags(&[(false, "1")]));
        assert_eq!(read(&["W/\"1\" , \"a,b\""]), tags(&[(true, "1"), (false, "a,b")]));
        assert_eq!(read(&["\"1\"", "\"2\""]), tags(&[(false, "1"), (false, "2")]));
    }

    #[test]
    fn anything_else_is_refused() {
        for value in ["", " ", ",", "1", "\"1", "\"1\" \"2\"", "w/\"1\"", "\"1\", *", "'1'", ", \"1\""] {
            assert!(read(&[value]).is_err(), "{value}");
        }
        assert!(read(&["*", "\"1\""]).is_err());
        assert!(read(&["\"1\"; DROP TABLE"]).is_err());
    }

    #[test]
    fn weak_tags_count_for_reads_alone() {
        let expected = |value| read(&[value]).unwrap().unwrap().expected().map_err(|problem| problem.body());
        assert!(read(&["W/\"1\", \"2\""]).unwrap().unwrap().names("1"));
        assert_eq!(expected("*"), Ok(None));
        assert_eq!(expected("\"2\""), Ok(Some(Revision::new("2"))));
        assert_eq!(expected("W/\"1\", \"2\""), Ok(Some(Revision::new("2"))));
        assert_eq!(expected("W/\"1\""), Ok(Some(Revision::new(""))));
        assert!(expected("\"1\", \"2\"").is_err());
    }
}
