//! Pages of a list, and the tokens that lead from one to the next.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis_rules::Item;

use crate::{
    DataError,
    layout::{MAX_ID, Position},
};

/// Records on a page when the client does not say; the same as Amplify's.
const DEFAULT_LIMIT: usize = 100;
/// Records on a page at most.
const MAX_LIMIT: usize = 1000;

/// The first character of a token, changed when its form changes.
const VERSION: &str = "1";

/// Bytes of a token at most; longer ones are not even decoded.
const MAX_TOKEN: usize = 2 * (MAX_ID + 256);

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// How many records that the caller may see; 100 if absent, at most 1000.
    pub limit: Option<u32>,
    /// The token that came with the page before; absent for the first page.
    pub next_token: Option<String>,
}

/// A page of a list, oldest record first.
#[derive(Clone, Default, PartialEq)]
pub struct Page {
    /// The records.
    pub items: Vec<Item>,
    /// Leads to the next page; absent on the last.
    ///
    /// It is only a place in the order of records. Every page is restricted to what its own caller may
    /// see, so a token that was made up or belongs to somebody else shows nothing more. The place is written in it: the
    /// id of the last record that was looked at, and when that record was made.
    pub next_token: Option<String>,
}

impl PageRequest {
    pub(crate) fn limit(&self) -> Result<usize, DataError> {
        let limit = self.limit.map_or(DEFAULT_LIMIT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(DataError::invalid("limit", format!("must be from 1 to {MAX_LIMIT}")))
        }
    }

    pub(crate) fn after(&self, model: &str) -> Result<Option<Position>, DataError> {
        let read = |token: &String| read_token(model, token).ok_or(DataError::InvalidCursor);
        self.next_token.as_ref().map(read).transpose()
    }
}

pub(crate) fn write_token(model: &str, position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(format!("{VERSION}#{model}#{}", position.as_str()))
}

fn read_token(model: &str, token: &str) -> Option<Position> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let position = text.strip_prefix(VERSION)?.strip_prefix('#')?.strip_prefix(model)?.strip_prefix('#')?;
    Position::parse(position)
}

/// How many records, and nothing that they hold.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items.len())
            .field("last", &self.next_token.is_none())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(token: &str) -> Result<Option<Position>, DataError> {
        PageRequest { limit: None, next_token: Some(token.to_owned()) }.after("Note")
    }

    #[test]
    fn a_token_leads_back_to_the_position_it_was_made_from() {
        for id in ["a", "x#y", "ü/ \u{1F600}", &"i".repeat(MAX_ID)] {
            let position = Position::new("2026-01-31T09:30:00.5Z".parse().unwrap(), id);
            assert_eq!(after(&write_token("Note", &position)).unwrap(), Some(position));
        }
    }

    #[test]
    fn a_token_in_any_other_form_is_refused() {
        let written = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let good = written("1#Note#2026-01-31T09:30:00.500Z#a");
        assert!(after(&good).is_ok());
        for token in [
            String::new(),
            "%".to_owned(),
            format!("{good}="),
            format!("{good} "),
            written(""),
            written("1"),
            written("2#Note#2026-01-31T09:30:00.500Z#a"),
            written("1#Article#2026-01-31T09:30:00.500Z#a"),
            written("1#Notes#2026-01-31T09:30:00.500Z#a"),
            written("1#Note#2026-01-31T09:30:00.500Z#"),
            written("1#Note#2026-01-31T09:30:00.500Z"),
            written("1#Note#2026-01-31T09:30:00.50Z##a"),
            written("1#Note#2026-02-31T09:30:00.500Z#a"),
            written("1#Note#2026-01-31t09:30:00.500Z#a"),
            written("1#Note#2026-01-31T09:30:00+0000#a"),
            written("1#Note#ÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿ#a"),
            written(&format!("1#Note#2026-01-31T09:30:00.500Z#{}", "a".repeat(MAX_ID + 1))),
            "A".repeat(1_000_000),
        ] {
            assert!(matches!(after(&token), Err(DataError::InvalidCursor)), "{token}");
        }
    }

    #[test]
    fn a_limit_out_of_range_is_an_error_and_not_a_guess() {
        let limit = |limit| PageRequest { limit, next_token: None }.limit();
        assert_eq!(limit(None).unwrap(), 100);
        assert_eq!(limit(Some(1)).unwrap(), 1);
        assert_eq!(limit(Some(1000)).unwrap(), 1000);
        assert!(limit(Some(0)).is_err());
        assert!(limit(Some(u32::MAX)).is_err());
    }
}
