//! A row by which a record is found.

use crate::{key_value::END, position::Position};

/// A row by which a record is found: in a list, or by an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IndexRow {
    /// The whole `pk`.
    pub(crate) partition: String,
    /// What the row is sorted by before the position of its record.
    pub(crate) sort: Option<String>,
}

impl IndexRow {
    /// The `sk`.
    pub(crate) fn place(&self, position: &Position) -> String {
        match &self.sort {
            None => position.as_str().to_owned(),
            Some(sort) => format!("{sort}{END}{}", position.as_str()),
        }
    }

    /// The text by which the record remembers the row.
    pub(crate) fn to_text(&self) -> String {
        match &self.sort {
            None => self.partition.clone(),
            Some(sort) => format!("{}{END}{sort}", self.partition),
        }
    }

    /// Reads what [`to_text`](Self::to_text) has written.
    pub(crate) fn from_text(text: String) -> Self {
        // A list row has no sort key, whatever its value holds; the partition of an index holds one END.
        let of_index = text.split_once('@').is_some_and(|(_, rest)| rest.starts_with('@'));
        let sorted = of_index.then(|| text.match_indices(END).nth(1)).flatten();
        let parts = sorted.and_then(|(at, _)| Some((text.get(..at)?, text.get(at + END.len_utf8()..)?)));
        match parts {
            Some((partition, sort)) => Self { partition: partition.to_owned(), sort: Some(sort.to_owned()) },
            None => Self { partition: text, sort: None },
        }
    }
}

/// Where a row stands in its partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    sk: String,
    position: Position,
}

impl Place {
    /// Reads the `sk` of an index row strictly.
    pub(crate) fn parse(sk: &str) -> Option<Self> {
        let position = sk.rsplit_once(END).map_or(sk, |(_, position)| position);
        Some(Self { sk: sk.to_owned(), position: Position::parse(position)? })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.sk
    }

    /// What the row is sorted by before the position of its record.
    pub(crate) fn sort(&self) -> Option<&str> {
        self.sk.rsplit_once(END).map(|(sort, _)| sort)
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_remembered_as_it_is() {
        let of_index = "Note@@byDay@mon\u{1}owner#a";
        for (partition, sort) in [
            ("Note@#0", None),
            ("Note@owner#ann", None),
            ("Note@owner#a\u{1}b\u{1}c", None),
            (of_index, None),
            (of_index, Some("")),
            (of_index, Some("7")),
            (of_index, Some("7\u{1}x")),
            ("Note@@@mon\u{1}#0", Some("x")),
        ] {
            let row = IndexRow { partition: partition.to_owned(), sort: sort.map(str::to_owned) };
            assert_eq!(IndexRow::from_text(row.to_text()), row);
        }
    }

    #[test]
    fn the_place_of_a_row_leads_to_its_record() {
        let position = Position::new(jiff::Timestamp::UNIX_EPOCH, "a#b");
        for sort in [None, Some(""), Some("7\u{1}x")] {
            let row = IndexRow { partition: String::new(), sort: sort.map(str::to_owned) };
            let place = Place::parse(&row.place(&position)).unwrap();
            assert_eq!(place.position(), &position);
        }
        assert!(Place::parse("7\u{1}").is_none());
    }
}
