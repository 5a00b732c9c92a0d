//! Pages of a list, and the tokens that lead from one to the next.

use portcullis_rules::Item;

use crate::DataError;

/// Records on a page when the client does not say; the same as Amplify's.
const DEFAULT_LIMIT: usize = 100;
/// Records on a page at most.
const MAX_LIMIT: usize = 1000;

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// How many records that the caller may see; 100 if absent, at most 1000.
    pub limit: Option<u32>,
    /// The token that came with the page before; absent for the first page.
    pub next_token: Option<String>,
}

/// A page of a list, oldest record first, or of a query, in its order.
#[derive(Clone, Default, PartialEq)]
pub struct Page {
    /// The records.
    pub items: Vec<Item>,
    /// Leads to the next page; absent on the last.
    ///
    /// There is one if there is a further record that the caller may see, and none otherwise: hidden records do not show.
    /// (Only where a page gave up looking for more, after a hundred in a row that were found and may not be seen, there is
    /// one in any case.)
    ///
    /// It is a place in the order of records, encrypted, which nobody can read or make up. It is good for this list or
    /// very query, and for this caller; every page is restricted to what its caller may see besides.
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
