//! How records lie in the one table, and what reading them costs.
//!
//! | row | `pk` | `sk` | other attributes |
//! | --- | --- | --- | --- |
//! | record | `Note#<id>` | `Note` | the fields, `#rev`, `#at`, `#in` |
//! | index row, one for each value that a rule looks up | `Note@owner#<value>` | `<created>#<id>` | none |
//! | index row for everybody | `Note@#<shard>` | `<created>#<id>` | none |
//! | profile | `USER#<sub>` | `PROFILE` | see [`Profiles`](crate::Profiles) |
//! | first user | `SETTINGS` | `FIRST_ADMIN` | `sub` |
//!
//! Names of GraphQL hold neither `#` nor `@`, so no id and no value can make one kind of key look like
//! another. For the same reason a client cannot name an attribute that begins with `#`; the fields
//! `pk` and `sk`, should a model have them, are stored as `#pk` and `#sk`.
//!
//! # Index rows
//!
//! A record has an index row for every value of a field by which some rule admits readers (owners,
//! groups of the record), and one for everybody if some rule admits readers whatever the record holds.
//! They are written and removed in the transaction that writes the record. `#in` names the partitions in
//! which the record has rows: a write removes exactly the rows that exist, even after the rules of the
//! model have changed. (After such a change, records come into the new partitions when they are next
//! written.)
//!
//! A list reads the partitions of the caller's scope, merged by `sk`: oldest first, then by id, without
//! duplicates. What the index finds is fetched and checked against the scope once more.
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
//! is by a groups rule on a field. Records that leave the scope between the two reads cost a unit without
//! being returned; a page gives up filling after [`SPARE`] of these and says where to go on.
//!
//! A page ends early, too, before it is too large for the answer of a Lambda function. Records are fetched 25 at a
//! time while they are large, so that few are read that the page has no room for.
//!
//! Creating a record of up to 1 KB with *r* index rows takes 2 x (1 + *r*) write units, changing one
//! without touching what rules look up takes 1.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use portcullis_rules::{Condition, Item, Model, Operation, Operations, Rule, Scope, Strategy};
use serde_json::Value;

use crate::DataError;

/// Names that no model may have: their rows would stand where profiles do, and the deployed API may not reach those.
pub const RESERVED_MODELS: [&str; 2] = ["SETTINGS", "USER"];

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
/// Changes with every write and never repeats, not even for another record with the same id.
pub(crate) const REVISION: &str = "#rev";
/// The position of the record in every list.
pub(crate) const POSITION: &str = "#at";
/// The partitions in which the record has index rows.
pub(crate) const PARTITIONS: &str = "#in";

/// How many records that turn out to be invisible a page skips before it stops looking for more.
pub(crate) const SPARE: usize = 100;

/// Bytes of an id: what fits into an index row's `sk` (1024 bytes) with room to spare.
pub(crate) const MAX_ID: usize = 512;
/// Bytes of a value that a rule looks up: what fits into a `pk` (2048 bytes) with room for names.
const MAX_VALUE: usize = 1024;
/// Index rows of one record. Changing all of them takes twice as many writes and one for the record
/// itself, and a transaction holds 100.
const MAX_PARTITIONS: usize = 48;

/// `2026-01-31T09:30:00.000Z`
const CREATED: usize = 24;

/// The attributes of a row.
pub(crate) type Row = HashMap<String, AttributeValue>;

/// Where a record stands in every list: by the time of its creation, then by its id.
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
        (valid_id(id) && instant_again == created).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

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

/// Whether a record can have this id. Any text will do; it only has to fit into a key.
pub(crate) fn valid_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_ID
}

/// Whether a new record may have this id, which is narrower: the id is going to stand in the path of a URL, and some
/// of those through whose hands a path goes decode it, resolve `..`, or cut it at `?` and `#`. An id that they could
/// change might come back as that of another record.
pub(crate) fn check_new_id(id: &str) -> Result<(), DataError> {
    let problem = if !valid_id(id) {
        format!("must be from 1 to {MAX_ID} bytes long")
    } else if matches!(id, "." | "..") {
        "must not be `.` or `..`".to_owned()
    } else if id.contains(|it: char| it.is_control() || matches!(it, '/' | '\\' | '%' | '?' | '#')) {
        "must not have control characters or any of / \\ % ? #".to_owned()
    } else {
        return Ok(());
    };
    Err(DataError::invalid("id", problem))
}

/// The key of a record.
pub(crate) fn record_key(model: &str, id: &str) -> Row {
    key(format!("{model}#{id}"), model)
}

/// The key of an index row, and all of it.
pub(crate) fn index_key(partition: &str, position: &Position) -> Row {
    key(partition, position.as_str())
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

/// The partitions in which a record is found, in order.
pub(crate) fn partitions_of(model: &Model, id: &str, item: &Item) -> Result<BTreeSet<String>, DataError> {
    let mut partitions = BTreeSet::new();
    for field in looked_up(model) {
        for value in texts(item.get(field)) {
            if value.len() > MAX_VALUE {
                return Err(DataError::invalid(field, format!("has a value longer than {MAX_VALUE} bytes")));
            }
            partitions.insert(value_partition(model, field, value));
            if partitions.len() >= MAX_PARTITIONS {
                return Err(DataError::invalid(
                    field,
                    format!("has too many values; {} are allowed", MAX_PARTITIONS - 1),
                ));
            }
        }
    }
    if list_rules(model).any(|rule| looked_up_by(rule).is_none()) {
        partitions.insert(everybody_partition(model, id));
    }
    Ok(partitions)
}

/// The partitions that together hold every record of a scope, in order.
pub(crate) fn partitions_for(model: &Model, scope: &Scope) -> BTreeSet<String> {
    match scope {
        Scope::Nothing => BTreeSet::new(),
        Scope::Everything => everybody_partitions(model),
        Scope::Any(conditions) => conditions
            .iter()
            .flat_map(|condition| {
                let (Condition::OneOf { field, values } | Condition::Contains { field, values }) = condition;
                // No record is written with a longer value.
                values
                    .iter()
                    .filter(|value| value.len() <= MAX_VALUE)
                    .map(|value| value_partition(model, field, value))
            })
            .collect(),
    }
}

fn value_partition(model: &Model, field: &str, value: &str) -> String {
    format!("{}@{field}#{value}", model.name())
}

/// The one place that says how many partitions hold everybody's records and which holds this one. There is
/// one for now; sharding by a hash of the id changes this function and [`everybody_partitions`].
fn everybody_partition(model: &Model, _id: &str) -> String {
    format!("{}@#0", model.name())
}

fn everybody_partitions(model: &Model) -> BTreeSet<String> {
    BTreeSet::from([everybody_partition(model, "")])
}

/// The rules of the model and of its fields by which somebody may read page by page.
fn list_rules(model: &Model) -> impl Iterator<Item = &Rule> {
    let of_fields = model.fields().iter().filter_map(|field| field.rules.as_deref()).flatten();
    let lists = |operations: Operations| {
        [Operation::List, Operation::Sync].iter().any(|list| operations.contains(*list))
    };
    model.rules().iter().chain(of_fields).filter(move |rule| lists(rule.operations))
}

/// The field whose values this rule compares with the caller.
fn looked_up_by(rule: &Rule) -> Option<&str> {
    match &rule.strategy {
        Strategy::Owner { field, .. } | Strategy::DynamicGroups { field, .. } => Some(field),
        _ => None,
    }
}

fn looked_up(model: &Model) -> BTreeSet<&str> {
    list_rules(model).filter_map(looked_up_by).collect()
}

/// The text, or the texts of the list.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    value.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use portcullis_rules::Field;
    use serde_json::json;

    use super::*;

    fn partitions(rules: Vec<Rule>, fields: Vec<Field>, item: Value) -> Vec<String> {
        let model = Model::new("Note", fields, rules).unwrap();
        partitions_of(&model, "n", item.as_object().unwrap()).unwrap().into_iter().collect()
    }

    #[test]
    fn a_record_has_rows_for_the_values_by_which_rules_let_it_be_listed() {
        let item = json!({"owner": "u1::ann", "teams": ["a", "b", "a"], "title": "x", "words": 3});
        let teams = || vec![Field::list("teams")];
        let create = |rule: Rule| rule.operations([Operation::Create, Operation::Get]);
        for (rules, fields, expected) in [
            (vec![Rule::owner()], vec![], vec!["Note@owner#u1::ann"]),
            (vec![Rule::owner(), Rule::private()], vec![], vec!["Note@#0", "Note@owner#u1::ann"]),
            (vec![Rule::groups(["editors"])], vec![], vec!["Note@#0"]),
            (vec![Rule::groups_in("teams")], teams(), vec!["Note@teams#a", "Note@teams#b"]),
            (vec![create(Rule::owner())], vec![], vec![]),
            (vec![create(Rule::private())], vec![], vec![]),
            (vec![Rule::owner_in("nobody"), Rule::owner_in("words")], vec![], vec![]),
            (vec![], vec![Field::new("title").guarded(vec![Rule::owner()])], vec!["Note@owner#u1::ann"]),
        ] {
            assert_eq!(partitions(rules, fields, item.clone()), expected);
        }
    }

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

    #[test]
    fn a_new_id_is_one_that_no_path_can_change() {
        for id in ["n", "a b", "\u{fc}\u{1F600}", "a@b:c=d&e+f", "...", ".a", " ", &"i".repeat(MAX_ID)] {
            assert!(check_new_id(id).is_ok(), "{id:?}");
        }
        let hostile =
            ["", ".", "..", "a/b", "a\\b", "a%62", "a?b", "a#b", "a\tb", "a\n", "\u{0}", "\u{7f}", "\u{85}"];
        for id in hostile.into_iter().chain([&*"i".repeat(MAX_ID + 1)]) {
            match check_new_id(id) {
                Err(DataError::Invalid(invalid)) => assert_eq!(invalid[0].field, "id", "{id:?}"),
                other => panic!("{id:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn no_two_kinds_of_rows_can_have_the_same_key() {
        let model = Model::new("Note", vec![], vec![Rule::owner(), Rule::private()]).unwrap();
        let hostile = ["n", "#0", "owner#ann", "@owner#ann", "Note"];
        let position = |id| Position::new(Timestamp::UNIX_EPOCH, id);
        let mut keys = Vec::new();
        for text in hostile {
            keys.push(record_key("Note", text));
            keys.push(index_key(&value_partition(&model, "owner", text), &position(text)));
            keys.push(index_key(&everybody_partition(&model, text), &position(text)));
        }
        for (index, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(index + 1).all(|other| other != key));
        }
    }
}
