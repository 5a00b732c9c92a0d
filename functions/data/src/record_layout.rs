//! Which rows a record has, and which partitions hold the records of a scope.

use std::collections::BTreeSet;

use portcullis_rules::{Condition, Item, Model, Operation, Operations, Rule, Scope, Strategy};
use portcullis_schema::{InvalidField, ModelType};
use serde_json::Value;

use crate::{
    DataError,
    index_row::IndexRow,
    key_value::{END, canonical, escaped, sortable},
};

/// Bytes of a value that a rule looks up, and of one that an index is asked for: both fit into a `pk` (2048 bytes) with
/// room for names.
const MAX_VALUE: usize = 1024;
const MAX_INDEXED: usize = 512;
/// Bytes of a sort key: what fits into an `sk` (1024 bytes) beside the position of a record.
pub(crate) const MAX_SORT: usize = 480;
/// Bytes of a `pk`.
const MAX_PARTITION: usize = 2048;
/// Index rows of one record. Changing all of them takes twice as many writes and one for the record
/// itself, and a transaction holds 100.
const MAX_ROWS: usize = 48;

/// What stands in a partition for everybody: the first of as many [shards](crate::sharding) as there are.
const EVERYBODY: &str = "#0";

/// The operations for whose readers there are list rows; those of indexes are for all that read.
const LIST: [Operation; 2] = [Operation::List, Operation::Sync];

/// How the records of a model lie in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordLayout<'a> {
    pub(crate) model: &'a ModelType,
    /// Whether configuration lets callers in whatever the rules say, so that every record has the rows for everybody.
    pub(crate) for_everybody: bool,
}

/// A way to find records besides the lists: an index, or the model's own key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordIndex<'a> {
    /// Empty for the model's own key.
    pub(crate) name: &'a str,
    pub(crate) field: &'a str,
    pub(crate) sort_fields: &'a [String],
}

/// Where a record stands in an index.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    value: String,
    pub(crate) sort: Option<String>,
}

/// Who reads a record, as it stands in partitions once it is made text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reader<'a> {
    /// Everybody.
    Everybody,
    /// Those whom this value of this field names.
    Named(&'a str, &'a str),
}

/// What readers have in common who are let in by one kind of rule.
enum Readers<'a> {
    Everybody,
    /// Those whom a value of this field names.
    NamedIn(&'a str),
}

impl<'a> RecordLayout<'a> {
    fn rules(&self) -> &'a Model {
        self.model.rules()
    }

    /// The index of this name, or the model's own key if it sorts records.
    pub(crate) fn index(&self, name: Option<&str>) -> Option<RecordIndex<'a>> {
        let name = name.unwrap_or_default();
        self.indexes().find(|index| index.name == name)
    }

    /// All that decides which rows records have: two layouts with one description give them the same.
    pub(crate) fn description(&self) -> String {
        let text = |of_rule| match of_rule {
            Readers::Everybody => EVERYBODY,
            Readers::NamedIn(field) => field,
        };
        let listers: BTreeSet<&str> = self.readers(&LIST).map(text).collect();
        let readers: BTreeSet<&str> = self.readers(&Operation::ALL).map(text).collect();
        let indexes = self.indexes().map(|index| {
            let kinds: Vec<_> =
                index.fields().map(|field| (field, self.model.field(field).map(|it| it.kind()))).collect();
            format!("{}: {kinds:?}", index.name)
        });
        let indexes: Vec<String> = indexes.collect();
        format!("{} {} {listers:?} {readers:?} {indexes:?}", self.model.name(), self.for_everybody)
    }

    fn indexes(&self) -> impl Iterator<Item = RecordIndex<'a>> + use<'a> {
        let key = self.model.key();
        let own = RecordIndex { name: "", field: &key.field, sort_fields: &key.sort_fields };
        let others = self.model.indexes().iter();
        let others =
            others.map(|it| RecordIndex { name: &it.name, field: &it.field, sort_fields: &it.sort_fields });
        Some(own).into_iter().filter(|own| !own.sort_fields.is_empty()).chain(others)
    }

    /// The index rows of a record, as they stand where lists have one shard.
    ///
    /// # Errors
    ///
    /// When a value does not fit into a key, or there are too many.
    pub(crate) fn rows_of(&self, item: &Item) -> Result<BTreeSet<IndexRow>, DataError> {
        let listers = self.readers_of(item, &LIST)?;
        let readers = self.readers_of(item, &Operation::ALL)?;
        let entries = self.indexes().filter_map(|index| Some((index, index.entry(self.model, item)?)));
        let entries: Vec<(RecordIndex<'_>, Entry)> = entries.collect();
        // Counted before any of them is written out: a hostile record has room for tens of thousands of readers.
        if listers.len() + readers.len() * entries.len() > MAX_ROWS {
            return Err(self.too_many(item));
        }
        let mut rows = BTreeSet::new();
        for reader in &listers {
            let partition = format!("{}@{}", self.model.name(), reader.to_text());
            rows.insert(IndexRow { partition, sort: None });
        }
        let readers: Vec<String> = readers.iter().map(|reader| reader.to_text()).collect();
        for (index, entry) in entries {
            index.check(&entry)?;
            for reader in &readers {
                let partition = self.partition(&index, &entry.value, reader);
                if partition.len() > MAX_PARTITION {
                    return Err(DataError::invalid(
                        index.field,
                        "is too long for the index together with the owner",
                    ));
                }
                rows.insert(IndexRow { partition, sort: entry.sort.clone() });
            }
        }
        Ok(rows)
    }

    fn too_many(&self, item: &Item) -> DataError {
        let most = self.looked_up(&Operation::ALL).max_by_key(|field| texts(item.get(*field)).count());
        let problem = format!("has too many values: more than {MAX_ROWS} index rows");
        DataError::invalid(most.unwrap_or_default(), problem)
    }

    /// What stands in a partition for those whom this value of a field names.
    pub(crate) fn reader_named(&self, field: &str, value: &str) -> Result<String, DataError> {
        if !self.looks_up(field, &Operation::ALL) {
            return Err(DataError::invalid(field, "is not looked up by any rule of reading"));
        }
        if value.len() > MAX_VALUE {
            return Err(DataError::invalid(field, format!("has no value longer than {MAX_VALUE} bytes")));
        }
        Ok(format!("{field}#{value}"))
    }

    /// The partition of a list, or of a value in an index, for these readers, or for everybody.
    pub(crate) fn partition_of(
        &self,
        index: Option<(&RecordIndex<'_>, &str)>,
        reader: Option<&str>,
    ) -> String {
        let reader = reader.unwrap_or(EVERYBODY);
        match index {
            Some((index, value)) => self.partition(index, &escaped(value), reader),
            None => format!("{}@{reader}", self.model.name()),
        }
    }

    /// The partitions that together hold every record of a scope in the list.
    pub(crate) fn list_partitions(&self, scope: &Scope) -> BTreeSet<String> {
        let readers = self.readers_for(scope, &[], &LIST).into_iter();
        readers.map(|reader| format!("{}@{reader}", self.model.name())).collect()
    }

    /// The partitions that together hold every record of a scope that has this value in the index, and these in these
    /// fields. There is none if no record can have it.
    pub(crate) fn index_partitions(
        &self,
        index: &RecordIndex<'_>,
        value: &str,
        held: &[(&str, &str)],
        scope: &Scope,
    ) -> BTreeSet<String> {
        let value = escaped(value);
        if value.len() > MAX_INDEXED {
            return BTreeSet::new();
        }
        let readers = self.readers_for(scope, held, &Operation::ALL).into_iter();
        let partitions = readers.map(|reader| self.partition(index, &value, &reader));
        partitions.filter(|partition| partition.len() <= MAX_PARTITION).collect()
    }

    fn partition(&self, index: &RecordIndex<'_>, value: &str, reader: &str) -> String {
        format!("{}@@{}@{value}{END}{}", self.model.name(), index.name, escaped(reader))
    }

    /// Who reads a record by one of these operations: as many as may be, or an error.
    fn readers_of<'i>(&self, item: &'i Item, by: &[Operation]) -> Result<BTreeSet<Reader<'i>>, DataError>
    where
        'a: 'i,
    {
        let mut readers: BTreeSet<Reader<'i>> =
            self.for_everybody.then_some(Reader::Everybody).into_iter().collect();
        for of_rule in self.readers(by) {
            match of_rule {
                Readers::Everybody => {
                    readers.insert(Reader::Everybody);
                }
                Readers::NamedIn(field) => {
                    for value in texts(item.get(field)) {
                        if value.len() > MAX_VALUE {
                            let problem = format!("has a value longer than {MAX_VALUE} bytes");
                            return Err(DataError::invalid(field, problem));
                        }
                        readers.insert(Reader::Named(field, value));
                        if readers.len() > MAX_ROWS {
                            return Err(self.too_many(item));
                        }
                    }
                }
            }
        }
        Ok(readers)
    }

    /// The readers whose partitions together hold every record of a scope that has these values in these fields, where
    /// rows were written for those who read `by` one of these operations.
    fn readers_for(&self, scope: &Scope, held: &[(&str, &str)], by: &[Operation]) -> BTreeSet<String> {
        match scope {
            Scope::Nothing => BTreeSet::new(),
            Scope::Everything if self.rules_admit_everybody(by) => BTreeSet::from([EVERYBODY.to_owned()]),
            // The caller is let in by configuration, or by what the records are found by and not by what they hold
            // besides. Records from before the configuration have no rows for everybody.
            Scope::Everything => {
                let by_configuration = self.for_everybody.then(|| EVERYBODY.to_owned()).into_iter();
                by_configuration.chain(self.readers_named(held, by)).collect()
            }
            Scope::Any(conditions) => {
                conditions.iter().flat_map(|condition| self.readers_by(condition, held, by)).collect()
            }
        }
    }

    /// The readers whose partitions hold every record that meets the condition. Of conditions that must all hold, one
    /// for which there are rows is enough, and it need not be the one that the rule itself looks up: another rule may do so.
    fn readers_by(&self, condition: &Condition, held: &[(&str, &str)], by: &[Operation]) -> Vec<String> {
        let mut parts = condition.parts().iter().filter_map(|part| Some((part.field()?, part.values())));
        match parts.find(|(field, _)| self.looks_up(field, by)) {
            // No record is written with a longer value.
            Some((field, values)) => {
                let values = values.iter().filter(|value| value.len() <= MAX_VALUE);
                values.map(|value| format!("{field}#{value}")).collect()
            }
            None => self.readers_named(held, by).collect(),
        }
    }

    fn readers_named(&self, held: &[(&str, &str)], by: &[Operation]) -> impl Iterator<Item = String> {
        let looked_up =
            held.iter().filter(|(field, value)| self.looks_up(field, by) && value.len() <= MAX_VALUE);
        looked_up.map(|(field, value)| format!("{field}#{value}"))
    }

    fn looks_up(&self, field: &str, by: &[Operation]) -> bool {
        self.looked_up(by).any(|looked_up| looked_up == field)
    }

    fn rules_admit_everybody(&self, by: &[Operation]) -> bool {
        self.readers(by).any(|readers| matches!(readers, Readers::Everybody))
    }

    fn readers(&self, by: &[Operation]) -> impl Iterator<Item = Readers<'a>> {
        let model = self.rules();
        let of_fields = model.fields().iter().filter_map(|field| field.rules.as_deref()).flatten();
        let reads = move |operations: Operations| {
            by.iter().filter(|operation| operation.is_read()).any(|operation| operations.contains(*operation))
        };
        let rules = model.rules().iter().chain(of_fields).filter(move |rule| reads(rule.operations));
        rules.map(|rule: &Rule| {
            rule.strategy.parts().iter().find_map(looked_up_by).map_or(Readers::Everybody, Readers::NamedIn)
        })
    }

    fn looked_up(&self, by: &[Operation]) -> impl Iterator<Item = &'a str> {
        self.readers(by).filter_map(|readers| match readers {
            Readers::NamedIn(field) => Some(field),
            Readers::Everybody => None,
        })
    }
}

impl Reader<'_> {
    fn to_text(&self) -> String {
        match self {
            Self::Everybody => EVERYBODY.to_owned(),
            Self::Named(field, value) => format!("{field}#{value}"),
        }
    }
}

impl RecordIndex<'_> {
    /// The fields of the index, the partition key first.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.field).chain(self.sort_fields.iter().map(String::as_str))
    }

    /// Where a record stands in the index; nowhere if it lacks a field, or has something else there than its type says.
    pub(crate) fn entry(&self, model: &ModelType, item: &Item) -> Option<Entry> {
        let value = |name: &str| item.get(name).filter(|value| !value.is_null());
        let kind = |name: &str| model.field(name).map(|field| field.kind());
        let indexed = canonical(kind(self.field)?, value(self.field)?).ok()?;
        let sort = self.sort_fields.iter().map(|name| sortable(kind(name)?, value(name)?).ok());
        let sort: Vec<String> = sort.collect::<Option<_>>()?;
        let sort = (!sort.is_empty()).then(|| sort.join(END.encode_utf8(&mut [0; 4])));
        Some(Entry { value: escaped(&indexed), sort })
    }

    fn check(&self, entry: &Entry) -> Result<(), DataError> {
        let too_long = |field: &str, limit| {
            let what =
                if self.name.is_empty() { "the key".to_owned() } else { format!("the index {}", self.name) };
            let problem = format!("is too long for {what}, which holds {limit} bytes");
            Err(DataError::Invalid(vec![InvalidField { field: field.to_owned(), problem }]))
        };
        match &entry.sort {
            _ if entry.value.len() > MAX_INDEXED => too_long(self.field, MAX_INDEXED),
            Some(sort) if sort.len() > MAX_SORT => {
                too_long(self.sort_fields.last().map_or("", String::as_str), MAX_SORT)
            }
            _ => Ok(()),
        }
    }
}

impl Entry {
    /// Whether this is the entry of a row in the partitions of that value.
    pub(crate) fn is_at(&self, value: &str, sort: Option<&str>) -> bool {
        self.value == escaped(value) && self.sort.as_deref() == sort
    }
}

/// The field whose values a part of a rule compares with the caller.
fn looked_up_by(part: &Strategy) -> Option<&str> {
    match part {
        Strategy::Owner { field, .. } | Strategy::DynamicGroups { field, .. } => Some(field),
        _ => None,
    }
}

/// The text, or the texts of the list.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    value.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use portcullis_schema::Schema;
    use serde_json::json;

    use super::*;

    fn rows(schema: &str, for_everybody: bool, item: Value) -> Vec<String> {
        let schema = Schema::parse(schema, "schema.graphql").unwrap();
        let layout = RecordLayout { model: &schema.models()[0], for_everybody };
        let rows = layout.rows_of(item.as_object().unwrap()).unwrap();
        rows.iter().map(|row| row.to_text().replace(END, " ")).collect()
    }

    #[test]
    fn a_record_has_rows_for_the_values_by_which_rules_let_it_be_listed() {
        let item = json!({"owner": "u1::ann", "teams": ["a", "b", "a"], "title": "x", "words": 3});
        for (rules, of_title, expected) in [
            ("{allow: owner}", "", vec!["Note@owner#u1::ann"]),
            ("{allow: owner} {allow: private}", "", vec!["Note@#0", "Note@owner#u1::ann"]),
            ("{allow: groups, groups: [\"editors\"]}", "", vec!["Note@#0"]),
            ("{allow: groups, groupsField: \"teams\"}", "", vec!["Note@teams#a", "Note@teams#b"]),
            ("{allow: owner, operations: [create, get]}", "", vec![]),
            ("{allow: private, operations: [create, get]}", "", vec![]),
            (
                "{allow: owner, operations: [create]}",
                "@auth(rules: [{allow: owner}])",
                vec!["Note@owner#u1::ann"],
            ),
        ] {
            let schema = format!(
                "type Note @model @auth(rules: [{rules}]) {{ owner: String teams: [String] title: String {of_title} words: Int }}"
            );
            assert_eq!(rows(&schema, false, item.clone()), expected, "{rules}");
        }
        let owned = "type Note @model @auth(rules: [{allow: owner}]) { owner: String }";
        assert_eq!(rows(owned, true, item), ["Note@#0", "Note@owner#u1::ann"]);
    }

    #[test]
    fn a_list_looks_where_rows_for_lists_are() {
        let table = [
            // The condition names the owner first, and it is the team that list rows are written for.
            (
                "{and: [{allow: groups, groupsField: \"team\"}, {allow: owner}]} {allow: owner, operations: [get]}",
                "Note@team#red",
            ),
            (
                "{and: [{allow: groups, groupsField: \"team\"}, {allow: owner}]} {allow: owner, operations: [list]}",
                "Note@owner#u1::ann",
            ),
            ("{and: [{allow: groups, groupsField: \"team\"}, {allow: owner}]}", "Note@team#red"),
        ];
        let one_of = |field: &str, value: &str| Condition::OneOf {
            field: field.to_owned(),
            values: vec![value.to_owned()],
        };
        let scope = Scope::Any(vec![Condition::All(vec![one_of("owner", "u1::ann"), one_of("team", "red")])]);
        for (rules, expected) in table {
            let schema = format!("type Note @model @auth(rules: [{rules}]) {{ owner: String team: String }}");
            let parsed = Schema::parse(&schema, "schema.graphql").unwrap();
            let layout = RecordLayout { model: &parsed.models()[0], for_everybody: false };
            let partitions: Vec<String> = layout.list_partitions(&scope).into_iter().collect();
            assert_eq!(partitions, [expected], "{rules}");
            assert!(
                rows(&schema, false, json!({"owner": "u1::ann", "team": "red"})).contains(&partitions[0]),
                "{rules}"
            );
        }
    }

    #[test]
    fn rows_are_counted_before_they_are_written_out() {
        let schema =
            "type Note @model @auth(rules: [{allow: owner}, {allow: owner, ownerField: \"editors\"}]) {
            owner: String editors: [String] a: Int @index(name: \"byA\") b: Int @index(name: \"byB\")
        }";
        let schema = Schema::parse(schema, "schema.graphql").unwrap();
        let layout = RecordLayout { model: &schema.models()[0], for_everybody: false };
        let editors = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        for (item, expected) in [
            (json!({"editors": editors(48)}), Some(48)),
            (json!({"editors": editors(49)}), None),
            (json!({"editors": editors(24), "a": 1}), Some(48)),
            (json!({"editors": editors(25), "a": 1}), None),
            (json!({"editors": editors(16), "a": 1, "b": 2}), Some(48)),
            (json!({"editors": editors(16), "a": 1, "b": 2, "owner": "x"}), None),
            (json!({"editors": vec!["x"; 70_000]}), Some(1)),
            (json!({"editors": editors(70_000), "a": 1, "b": 2}), None),
        ] {
            let found = layout.rows_of(item.as_object().unwrap());
            match (found, expected) {
                (Ok(rows), Some(count)) => assert_eq!(rows.len(), count),
                (Err(DataError::Invalid(mistakes)), None) => assert_eq!(
                    mistakes[0].to_string(),
                    "`editors` has too many values: more than 48 index rows"
                ),
                (found, expected) => panic!("{found:?} {expected:?}"),
            }
        }
        // Nothing is made of the readers beyond those that there may be.
        let item = json!({"editors": editors(70_000)});
        let readers = layout.readers_of(item.as_object().unwrap(), &Operation::ALL);
        assert!(readers.is_err());
    }
}
