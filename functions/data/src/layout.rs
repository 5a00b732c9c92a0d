//! How records lie in the one table, and what reading them costs.
//!
//! | row | `pk` | `sk` | other attributes |
//! | --- | --- | --- | --- |
//! | record | `Note#<key>` | `Note` | the fields, `#rev`, `#at`, `#in` |
//! | list row, one for each value that a rule looks up | `Note@owner#<value>` | `<created>#<key>` | none |
//! | list row for everybody | `Note@#<shard>` | `<created>#<key>` | none |
//! | list row in a further shard | `Note@<shard>#owner#<value>` | `<created>#<key>` | none |
//! | row of an index | `Note@@byDay@<value>` END `owner#<value>` or `#<shard>` | `<sort key>` END `<created>#<key>` | none |
//! | profile | `USER#<sub>` | `PROFILE` | see [`Profiles`](crate::Profiles) |
//! | key of tokens | `CURSOR_KEY` | `CURSOR_KEY` | `key` |
//! | first user | `SETTINGS` | `FIRST_ADMIN` | `sub` |
//! | shards of a list | `SHARDS` | the `pk` of its first shard | `generations` |
//! | place of a run of [`Reindex`](crate::Reindex) | `REINDEX` | `<rules>#<segment>/<segments>` | `after_pk`, `after_sk`, `progress` |
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
//! when they are next written, or when [`Reindex`](crate::Reindex) comes to them.)
//!
//! A list reads the partitions of the caller's scope, merged by `sk`: oldest first (or last first), then by key, without
//! duplicates. All partitions have one order, so one place is enough to go on in each of them, however deep the page: page
//! 5,000 costs what page 1 does. What the index finds is fetched and checked against the scope once more.
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
//! # Shards
//!
//! A partition of DynamoDB takes 1,000 write units a second. A new row costs two of them, as part of a transaction, so 500
//! records a second can be made that stand in one list: those of one owner, of one group, of one value of an index, or of
//! everybody. A list that is to take more is spread over *N* partitions by a hash of the record's key:
//! [`Shards::set`](crate::Shards::set), or `portcullis shards`. Every list has one shard until somebody says otherwise, and a
//! throttled write of a transaction (`ThrottlingError` in the log) is the sign that it is time.
//!
//! A change is written as a generation that begins in five minutes: (from, *N*). What shard a row is in follows from the time
//! of the record's creation, which never changes, and the generation of that time, which is never changed either; so nothing
//! is moved, and no process can look in another place than another one has written to, as long as it has read the generations
//! within the minute and clocks differ by less than four. Records of before stay in their shards.
//!
//! A page reads one unit from each shard at least. A list by creation reads only the shards of the time that the page covers;
//! an index with sort fields has records of all times at every place, and reads all. So a page of 20 records of up to 4 KB
//! costs 20 + *N* units, which is at most twice what the records cost alone up to *N* = 20, less the other partitions of the
//! caller; with 16 shards (8,000 new records a second in one list) it is 36. With more, a page should be larger: each shard
//! gives 26 rows for its unit, so that 1,000 records from 256 shards cost 1,256.
//!
//! # At a billion records and a hundred thousand new ones a second
//!
//! Take records of 1 KB with a row for the owner and one for everybody, 10^9 of them, and 10^5 new ones a second.
//!
//! * Writes: 2 x (1 + 2) units each, 600,000 a second in all. An account begins with a quota of 40,000 for a table, which has
//!   to be raised.
//! * Records lie by their own keys, so 200,000 of these units are spread over as many partitions as DynamoDB makes, 200 or
//!   more. One record takes 1,000 changes a second, or 500 that move index rows.
//! * Rows of owners: 200,000 units over as many partitions as there are owners at work. One owner takes 500 new records a
//!   second; more than that is for shards.
//! * The list of everybody: 200,000 units a second in one list are 200 partitions' worth. With 256 shards each has 390 new
//!   rows a second, 781 units of 1,000. A page of 20 then costs 276 units; whoever has such a list shows it in pages of
//!   hundreds, or lists by owner, group or index instead, which cost what they always do.
//! * Room: a row takes about 250 bytes with DynamoDB's own 100, so the list of everybody is 250 GB. A partition holds 10 GB,
//!   and DynamoDB divides the rows of one `pk` by their `sk` when they are more (the table has no local index that would forbid
//!   it). Size is therefore no reason for shards: the newest rows are all at one end, and it is writing there that is.
//! * Reads: a partition gives 3,000 units a second, and every page of the newest records reads the same rows, so that one list
//!   gives 3,000 first pages a second, with or without shards. The records themselves are as hot: 3,000 reads of each.
//!
//! The numbers of DynamoDB are those of its Developer Guide: "Partitions and data distribution", "Best practices for designing
//! and using partition keys", "Service, account, and table quotas".
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
//! is by a groups rule on a field, each times its shards. Every process reads the numbers of shards once a minute, for a unit. A query by an index costs the same. Records that leave the scope between the two
//! reads cost a unit without being returned, and so do those that meet the looked-up part of an `and` rule and not the
//! others; a page gives up filling after [`SPARE`] of these and says where to go on. Where an `and` rule or a field of the
//! index that is kept from some decides, a page looks for one record more than it returns, so that its token tells of
//! records that the caller may see and of no others.
//!
//! A filter of the client's is asked about records that the caller may see, so they cost a unit each though they are not
//! returned; a page looks at no more than a thousand of them, or 20 MB, and says where to go on.
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

/// What an index row is of, without the values that may name people.
pub(crate) fn list_of(row: &Row) -> String {
    let pk = row.get(PK).and_then(|pk| pk.as_s().ok()).map(String::as_str).unwrap_or_default();
    let (model, rest) = pk.split_once('@').unwrap_or((pk, ""));
    if let Some(rest) = rest.strip_prefix('@') {
        let (index, _) = rest.split_once('@').unwrap_or((rest, ""));
        return if index.is_empty() {
            format!("{model} by its key")
        } else {
            format!("{model} by the index {index}")
        };
    }
    // A number stands before the field in a further shard.
    let mut parts = rest.split('#').skip_while(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    match parts.next() {
        Some(field) => format!("{model} by {field}"),
        None => model.to_owned(),
    }
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
