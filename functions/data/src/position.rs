//! Where a record stands in every list.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::record_key::valid_text;

/// `2026-01-31T09:30:00.000Z`
const CREATED: usize = 24;

/// Where a record stands in every list: by the time of its creation, then by its key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(String);

impl Position {
    pub(crate) fn new(created: Timestamp, id: &str) -> Self {
        Self(format!("{}#{id}", instant(created)))
    }

    /// Reads a position strictly, in the one form in which it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (created, id) = text.split_at_checked(CREATED)?;
        let id = id.strip_prefix('#')?;
        let instant_again = instant(created.parse().ok()?);
        (valid_text(id) && instant_again == created).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text of the record's key.
    pub(crate) fn id(&self) -> &str {
        self.0.get(CREATED + 1..).unwrap_or_default()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The time in RFC 3339 with milliseconds in UTC: always as long, so that texts sort as times do.
pub(crate) fn instant(time: Timestamp) -> String {
    let millis = SignedDuration::from_millis(time.as_millisecond());
    let time = Timestamp::from_duration(millis).unwrap_or(time);
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_in_one_form_only() {
        let position = Position::new("2026-01-31T09:30:00.0005Z".parse().unwrap(), "a#b");
        assert_eq!(position.as_str(), "2026-01-31T09:30:00.000Z#a#b");
        assert_eq!(position.id(), "a#b");
        assert_eq!(Position::parse(position.as_str()), Some(position));
        for text in [
            "",
            "2026-01-31T09:30:00.000Z",
            "2026-01-31T09:30:00.000Z#",
            "2026-01-31T09:30:00.000z#a",
            "2026-01-31 09:30:00.000Z#a",
            "+02026-01-31T09:30:00.0Z#a",
        ] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }
}
