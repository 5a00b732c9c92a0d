//! How records lie in the one table, and what reading them costs.
//!
//! | row | `pk` | `sk` | other attributes |
//! | --- | --- | --- | --- |
//! | record | `Note#<key>` | `Note` | the fields, `#rev`, `#at`, `#in` |
//! | list row, one for each value that a rule looks up | `Note@owner#<value>` | `<created>#<key>` | none |
//! | list row for everybody | `Note@#<shard>` | `<created>#<key>` | none |
//! | row of an index | `Note@@byDay@<value>` END `owner#<value>` or `#<shard>` | `<sort key>` END `<created>#<key>` | none |
//! | profile | `USER#<sub>` | `PROFILE` | see [`Profiles`](crate::Profiles) |
//! | key of tokens | `CURSOR_KEY` | `CURSOR_KEY` | `key` |
//! | first user | `SETTINGS` | `FIRST_ADMIN` | `sub` |
//!
//! Names of GraphQL hold neither `#` nor `@`, and names of indexes no `@`, so no key and no value can make one kind of
//! row look like another. For the same reason a client cannot name an attribute that begins with `#`; the fields
//! `pk` and `sk`, should a model have them, are stored as `#pk` and `#sk`.
//!
//! `<key>` is the value of the key field, or, for a key of several fields, their values with `#` between them. The
//! values of such a key hold no `#`; nor does the value of any key that is written now.
//!
//! # List rows
//!
//! A record has a list row for every value of a field by which some rule admits readers (owners, groups of the
//! record; of an `and` rule the first such part), and one for everybody if some rule admits readers whatever the
//! record holds. Where the authorizer is configured to let callers in whatever the rules say (admin roles, a whole
//! account), every record has the row for everybody: two more write units for each record that is made or removed,
//! and none where nobody is let in like that. All doors to one table must be configured alike.
//!
//! The rows are written and removed in the transaction that writes the record. `#in` names the rows that the record
//! has: a write removes exactly the rows that exist, even after the rules of the model have changed. (After such a
//! change, or when callers are let in whatever the rules say for the first time, records come into the new partitions
//! when they are next written.)
//!
//! A list reads the partitions of the caller's scope, merged by `sk`: oldest first, then by key, without
//! duplicates. What the index finds is fetched and checked against the scope once more.
//!
//! # Rows of indexes
//!
//! An `@index`, the implied index of a relation, and a model's own key if it has sort fields are kept in the same way: a
//! row for the value of the index and each value that a rule of reading looks up, together in one `pk`, so that a query
//! reads the rows of records that the caller may see and no others. `sk` begins with the values of the sort fields in a
//! form that sorts as they do (numbers as 16 hexadecimal digits, dates and times in UTC), ended by END, which is
//! U+0001 and stands in no value. A record that lacks a field of an index has no row there.
//!
//! A record with *v* looked-up values (everybody counting as one) that is in *i* indexes has *v* x (1 + *i*) rows, of
//! which there may be 48: changing all of them takes twice as many writes and one for the record, and a transaction
//! holds 100. Notes of one owner have room for 47 indexes; with three indexes there may be twelve owners.
//!
//! # Tokens of pages
//!
//! A token is the `sk` of the row behind which the next page begins. That holds what the caller may not see (the key of a
//! record, the time it was made, what it is sorted by), so it is encrypted and authenticated (XChaCha20-Poly1305, a random
//! nonce, padded to a multiple of 64 bytes), and bound to the model or the whole query and to the caller. The key is 32 random
//! bytes in a row of the table, which the first process that needs it makes and every process reads once. To make all
//! tokens invalid, remove the row and start the processes anew. It is apart from `SETTINGS`, which the deployed API may not
//! reach; the functions of the user pool may not reach it.
//!
//! # What a page costs
//!
//! All reads are strongly consistent: whoever creates a record finds it in the next list, and nobody is
//! shown a record by an owner it no longer has. One read unit is 4 KB of index rows of one partition, or
//! 4 KB of one record. An index row takes about 150 bytes, so one unit reads 27 of them.
//!
//! A page of *n* records of up to 4 KB from *k* partitions takes *n* units for the records and, for their
//! index rows, at most *k* x ceil((*n* + 1) / 27): for 20 records by an owner rule with the default claim
//! (three forms of the owner, hence three partitions) 20 + 3 units, at any size of the table. *k* does not
//! depend on the table but on the token: three for each owner rule, one for each group in which a member
//! is by a groups rule on a field. A query by an index costs the same. Records that leave the scope between the two
//! reads cost a unit without being returned, and so do those that meet the looked-up part of an `and` rule and not the
//! others; a page gives up filling after [`SPARE`] of these and says where to go on. Where an `and` rule or a field of the
//! index that is kept from some decides, a page looks for one record more than it returns, so that its token tells of
//! records that the caller may see and of no others.
//!
//! A page ends early, too, before it is too large for the answer of a Lambda function. Records are fetched 25 at a
//! time while they are large, so that few are read that the page has no room for.
//!
//! Creating a record of up to 1 KB with *r* index rows takes 2 x (1 + *r*) write units, changing one without touching
//! what rules look up and indexes hold takes 1, and moving it within one index takes 2 x (1 + 2 *v*).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{index_row::IndexRow, position::Position};

/// Names that no model may have: their rows would stand where profiles do, and the deployed API may not reach those.
pub const RESERVED_MODELS: [&str; 2] = ["SETTINGS", "USER"];

/// The `pk` and `sk` of the row with the key of tokens. No row of a model has a `pk` without `#` and `@`.
pub(crate) const CURSOR_KEY: &str = "CURSOR_KEY";
/// The `pk` of the rows that say how many shards lists have.
pub(crate) const SHARDS: &str = "SHARDS";
/// The `pk` of the rows that say how far the index rows have been made anew.
pub(crate) const REINDEX: &str = "REINDEX";
/// Bytes of an `sk`.
pub(crate) const MAX_SK: usize = 1024;

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
/// Changes with every write and never repeats, not even for another record with the same key.
pub(crate) const REVISION: &str = "#rev";
/// The position of the record in every list.
pub(crate) const POSITION: &str = "#at";
/// The index rows that the record has.
pub(crate) const ROWS: &str = "#in";

/// How many records that turn out to be invisible a page skips before it stops looking for more.
pub(crate) const SPARE: usize = 100;

/// The attributes of a row.
pub(crate) type Row = HashMap<String, AttributeValue>;

/// The key of the row of a record.
pub(crate) fn record_row(model: &str, id: &str) -> Row {
    key(format!("{model}#{id}"), model)
}

/// The key of an index row, and all of it.
pub(crate) fn index_row(row: &IndexRow, position: &Position) -> Row {
    key(row.partition.as_str(), row.place(position))
}

/// A key of the table.
pub(crate) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Row {
    HashMap::from([
        (PK.to_owned(), AttributeValue::S(pk.into())),
        (SK.to_owned(), AttributeValue::S(sk.into())),
    ])
}

/// The attribute in which a field is stored.
pub(crate) fn attribute(field: &str) -> String {
    if matches!(field, PK | SK) { format!("#{field}") } else { field.to_owned() }
}

/// The field that is stored in an attribute, if it is one.
pub(crate) fn field(attribute: &str) -> Option<&str> {
    match attribute {
        PK | SK => None,
        "#pk" => Some(PK),
        "#sk" => Some(SK),
        _ if attribute.starts_with('#') => None,
        _ => Some(attribute),
    }
}
