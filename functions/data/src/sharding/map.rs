//! How many partitions a list has had since when.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{index_query::Range, index_row::IndexRow, key_value::END, position::Position};

/// The lists that have several partitions, by the partition that they have had from the beginning.
#[derive(Clone, Default)]
pub(crate) struct ShardMap(HashMap<String, Vec<Generation>>);

/// From some moment on, new records are spread over so many partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generation {
    /// As [`instant`](crate::position::instant) writes it.
    pub(crate) from: String,
    pub(crate) shards: u32,
}

/// One partition of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) partition: String,
    /// How many partitions the list has.
    pub(crate) of: usize,
    /// Where rows can stand in it. Others of the list may have been there before it, or have outlived it.
    pub(crate) span: Range,
}

impl ShardMap {
    pub(crate) fn new(lists: impl IntoIterator<Item = (String, Vec<Generation>)>) -> Self {
        Self(lists.into_iter().collect())
    }

    /// The rows of a record at this position, each in the partition where it belongs. The answer is the same for as long as
    /// the record lives: generations begin in the future only, and a record keeps its position.
    pub(crate) fn settle(&self, rows: BTreeSet<IndexRow>, position: &Position) -> BTreeSet<IndexRow> {
        if self.0.is_empty() {
            return rows;
        }
        let settled = rows.into_iter().map(|row| match self.0.get(&row.partition) {
            Some(generations) => {
                let shard = shard_of(generations, position);
                IndexRow { partition: shard_partition(&row.partition, shard), ..row }
            }
            None => row,
        });
        settled.collect()
    }

    /// All partitions of a list. Where rows are `by_creation`, and not by a sort key, a partition holds those of its own
    /// time, so that pages of another time leave it alone.
    pub(crate) fn shards(&self, list: String, by_creation: bool) -> Vec<Shard> {
        let Some(generations) = self.0.get(&list) else {
            return vec![Shard { partition: list, of: 1, span: Range::default() }];
        };
        let most = generations.iter().map(|generation| generation.shards).max().unwrap_or(1).max(1);
        let of = usize::try_from(most).unwrap_or(usize::MAX);
        let shards = (0..most).map(|shard| Shard {
            partition: shard_partition(&list, shard),
            of,
            span: if by_creation { span(generations, shard) } else { Range::default() },
        });
        shards.collect()
    }
}

/// The keys of lists hold names of people.
impl fmt::Debug for ShardMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardMap").field("lists", &self.0.len()).finish()
    }
}

/// The shard of a record: there is one before the first generation.
fn shard_of(generations: &[Generation], position: &Position) -> u32 {
    // A position begins with the time of its creation, in the same form.
    let current = generations.iter().rev().find(|generation| generation.from.as_str() <= position.as_str());
    match current {
        Some(generation) if generation.shards > 1 => {
            let mut first = [0; 8];
            for (byte, hashed) in first.iter_mut().zip(Sha256::digest(position.id())) {
                *byte = hashed;
            }
            u32::try_from(u64::from_be_bytes(first) % u64::from(generation.shards)).unwrap_or(0)
        }
        _ => 0,
    }
}

/// From the first generation that has this shard to the end of the last one that has it.
fn span(generations: &[Generation], shard: u32) -> Range {
    let has = |generation: &Generation| shard < generation.shards;
    let first = if shard == 0 { None } else { generations.iter().find(|generation| has(generation)) };
    let last = generations.iter().rposition(has);
    let end = match last {
        Some(last) => generations.get(last + 1),
        None => generations.first(),
    };
    // No row stands at a moment itself: the key of a record follows it.
    Range { from: first.map(|it| it.from.clone()), to: end.map(|it| it.from.clone()) }
}

/// The name of a shard. The first is the partition that the list has had from the beginning; in the others a number stands
/// before the reader, whose first part is a name of GraphQL and so begins with no digit.
pub(crate) fn shard_partition(list: &str, shard: u32) -> String {
    if shard == 0 {
        return list.to_owned();
    }
    let reader_at = match list.split_once('@') {
        Some((_, rest)) if rest.starts_with('@') => list.find(END).map(|at| at + END.len_utf8()),
        Some((model, _)) => Some(model.len() + 1),
        None => None,
    };
    let (before, reader) = list.split_at(reader_at.unwrap_or(list.len()));
    if reader.starts_with('#') { format!("{before}#{shard}") } else { format!("{before}{shard}#{reader}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generations(of: &[(&str, u32)]) -> Vec<Generation> {
        of.iter().map(|(from, shards)| Generation { from: (*from).to_owned(), shards: *shards }).collect()
    }

    fn at(time: &str, id: &str) -> Position {
        Position::new(time.parse().unwrap(), id)
    }

    #[test]
    fn shards_of_different_lists_have_different_names() {
        let index = "Note@@byDay@mon#@\u{1}";
        for (list, first, third) in [
            ("Note@#0".to_owned(), "Note@#0".to_owned(), "Note@#3".to_owned()),
            ("Note@owner#a@b".to_owned(), "Note@owner#a@b".to_owned(), "Note@3#owner#a@b".to_owned()),
            (format!("{index}#0"), format!("{index}#0"), format!("{index}#3")),
            (format!("{index}owner#ann"), format!("{index}owner#ann"), format!("{index}3#owner#ann")),
        ] {
            assert_eq!((shard_partition(&list, 0), shard_partition(&list, 3)), (first, third));
        }
    }

    #[test]
    fn a_record_stays_in_the_generation_in_which_it_was_made() {
        let row = IndexRow { partition: "Note@#0".to_owned(), sort: None };
        let settle = |map: &ShardMap, position: &Position| {
            let rows = map.settle(BTreeSet::from([row.clone()]), position);
            rows.into_iter().next().unwrap().partition
        };
        let (early, late) = ("2026-01-31T09:29:59.999Z", "2026-01-31T09:30:00.000Z");
        let before = ShardMap::new([("Note@#0".to_owned(), generations(&[(late, 16)]))]);
        let after = ShardMap::new([(
            "Note@#0".to_owned(),
            generations(&[(late, 16), ("2027-01-01T00:00:00.000Z", 4)]),
        )]);
        let mut found = BTreeSet::new();
        for number in 0..200 {
            let id = format!("n{number}");
            assert_eq!(settle(&before, &at(early, &id)), "Note@#0");
            let partition = settle(&before, &at(late, &id));
            assert_eq!(settle(&after, &at(late, &id)), partition, "a later generation moves nothing");
            let shards: Vec<String> =
                after.shards("Note@#0".to_owned(), false).into_iter().map(|shard| shard.partition).collect();
            assert!(
                shards.contains(&partition)
                    && shards.contains(&settle(&after, &at("2028-01-01T00:00:00Z", &id)))
            );
            found.insert(partition);
        }
        assert_eq!(found.len(), 16, "all shards are used");
        assert_eq!(settle(&ShardMap::default(), &at(late, "a")), "Note@#0");
    }

    #[test]
    fn a_shard_is_read_for_its_own_time() {
        let map = ShardMap::new([("Note@#0".to_owned(), generations(&[("b", 2), ("c", 4), ("d", 2)]))]);
        let range = |from: Option<&str>, to: Option<&str>| Range {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let shards = map.shards("Note@#0".to_owned(), true);
        let spans: Vec<Range> = shards.iter().map(|shard| shard.span.clone()).collect();
        let expected = [
            range(None, None),
            range(Some("b"), None),
            range(Some("c"), Some("d")),
            range(Some("c"), Some("d")),
        ];
        assert_eq!(spans, expected);
        assert!(map.shards("Note@#0".to_owned(), false).iter().all(|shard| shard.span == Range::default()));
        assert_eq!(map.shards("Doc@#0".to_owned(), true).len(), 1);
    }
}
