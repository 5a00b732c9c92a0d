//! How many records to fetch at once.

use super::MAX_PAGE;

/// Records that `BatchGetItem` fetches at once, at most.
pub(crate) const BATCH: usize = 100;
/// Records that are fetched at once until it is known that they are small: of 400 KB each they come to 10 MB. Large ones
/// that come after small ones are noticed one batch later, so a page reads no more than 40 MB for nothing.
const CAREFUL_BATCH: usize = 25;

/// How large the records are that were fetched so far.
#[derive(Default)]
pub(super) struct Fetched {
    records: usize,
    bytes: usize,
}

impl Fetched {
    pub(super) fn note(&mut self, size: usize) {
        self.records += 1;
        self.bytes = self.bytes.saturating_add(size);
    }

    /// How many to fetch next: many only if as many of the same size fit on a page.
    pub(super) fn next_batch(&self) -> usize {
        let small = self.bytes <= self.records.saturating_mul(MAX_PAGE / BATCH);
        if self.records > 0 && small { BATCH } else { CAREFUL_BATCH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_records_are_fetched_at_once_only_when_they_are_known_to_be_small() {
        for (sizes, expected) in [
            (vec![], 25),
            (vec![200; 25], 100),
            (vec![400_000; 25], 25),
            (vec![52_000; 3], 100),
            (vec![53_000; 3], 25),
            (vec![200, 400_000], 25),
        ] {
            let mut fetched = Fetched::default();
            sizes.iter().for_each(|size| fetched.note(*size));
            assert_eq!(fetched.next_batch(), expected, "{sizes:?}");
        }
    }
}
