//! Conditions that a client states: the `filter` of a list, the `condition` of a write.

use std::{cmp::Ordering, fmt};

use portcullis_rules::Item;
use serde_json::Value;
use thiserror::Error;

/// Levels of `and`, `or`, `not` and `size` within each other.
const MAX_DEPTH: usize = 32;
/// Tests and values of all levels together.
const MAX_TESTS: usize = 1000;

/// A condition in the words of Amplify's `filter` and `condition` arguments, read once and asked of many records.
///
/// A record that lacks a field meets `ne`, `notContains`, `notIn` and `attributeExists: false` alone, as in DynamoDB.
/// Texts are compared byte by byte and numbers by size; `size` counts the bytes of a text and the members of a list.
///
/// ```
/// use portcullis_data::{Filter, rules::Item};
/// use serde_json::json;
///
/// let filter = Filter::parse(&json!({"words": {"gt": 2}, "not": {"title": {"beginsWith": "draft"}}}))?;
/// let record = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
/// assert!(filter.matches(&record(json!({"title": "plan", "words": 3}))));
/// assert!(!filter.matches(&record(json!({"title": "draft 2", "words": 3}))));
/// assert!(Filter::parse(&json!({"words": {"like": 2}})).is_err());
/// # Ok::<(), portcullis_data::InvalidFilter>(())
/// ```
///
/// `Debug` shows the fields that are asked about and no values.
#[derive(Clone, PartialEq)]
pub struct Filter(Node);

/// Why a value is no filter. The text may be shown to a client: it repeats words of the filter and no values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidFilter {
    /// A filter, or what stands for a field in one, is an object.
    #[error("a filter is not an object")]
    NotAnObject,
    /// There is no such test.
    #[error("`{0}` is no word of a filter")]
    UnknownWord(String),
    /// Levels within each other, or tests, are too many.
    #[error("a filter has at most {MAX_DEPTH} levels and {MAX_TESTS} tests")]
    TooLarge,
}

#[derive(Clone, PartialEq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Field(String, Vec<Test>),
}

#[derive(Clone, PartialEq)]
enum Test {
    Eq(Value),
    Ne(Value),
    Lt(Value),
    Le(Value),
    Gt(Value),
    Ge(Value),
    Between(Value, Value),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Contains(Value),
    NotContains(Value),
    BeginsWith(Value),
    Exists(bool),
    Type(Value),
    Size(Vec<Test>),
    Never,
}

impl Filter {
    /// Reads a filter; `null` is one that every record meets, and so is `null` in the place of a part of it.
    ///
    /// # Errors
    ///
    /// When it is not one, or has more than 32 levels or 1000 tests.
    pub fn parse(filter: &Value) -> Result<Self, InvalidFilter> {
        let mut reader = Reader { tests: 0 };
        reader.filter(filter, 0).map(Self)
    }

    /// Whether the record meets the condition.
    #[must_use]
    pub fn matches(&self, record: &Item) -> bool {
        self.matches_by(&|field| record.get(field))
    }

    /// The same for a record of which not every field is to be looked at.
    pub(crate) fn matches_by<'v>(&self, value: &dyn Fn(&str) -> Option<&'v Value>) -> bool {
        self.0.matches(value)
    }

    /// The fields that are asked about.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.0.collect_fields(&mut fields);
        fields
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("fields", &self.fields()).finish_non_exhaustive()
    }
}

struct Reader {
    tests: usize,
}

impl Reader {
    // The recursion is bounded by MAX_DEPTH.
    fn filter(&mut self, filter: &Value, depth: usize) -> Result<Node, InvalidFilter> {
        let filter = match filter {
            Value::Null => return Ok(Node::All(Vec::new())),
            Value::Object(filter) => filter,
            _ => return Err(InvalidFilter::NotAnObject),
        };
        self.count(1, depth)?;
        let mut all = Vec::with_capacity(filter.len());
        for (name, condition) in filter {
            let node = match (name.as_str(), condition) {
                (_, Value::Null) => continue,
                ("and", conditions) => Node::All(self.filters(listed(conditions).iter(), depth)?),
                // What asks nothing is left out; if nothing is left, nothing is asked.
                ("or", conditions) => {
                    let asking = listed(conditions).iter().filter(|filter| asks(filter, depth));
                    let any = self.filters(asking, depth)?;
                    if any.is_empty() { Node::All(Vec::new()) } else { Node::Any(any) }
                }
                ("not", condition) => Node::Not(Box::new(self.filter(condition, depth + 1)?)),
                (_, Value::Object(tests)) => Node::Field(name.clone(), self.tests(tests, depth)?),
                _ => return Err(InvalidFilter::NotAnObject),
            };
            all.push(node);
        }
        Ok(Node::All(all))
    }

    fn filters<'f>(
        &mut self,
        filters: impl Iterator<Item = &'f Value>,
        depth: usize,
    ) -> Result<Vec<Node>, InvalidFilter> {
        filters.map(|filter| self.filter(filter, depth + 1)).collect()
    }

    fn tests(&mut self, tests: &Item, depth: usize) -> Result<Vec<Test>, InvalidFilter> {
        self.count(tests.len(), depth)?;
        tests.iter().map(|(word, wanted)| self.test(word, wanted, depth)).collect()
    }

    fn test(&mut self, word: &str, wanted: &Value, depth: usize) -> Result<Test, InvalidFilter> {
        let one = || wanted.clone();
        Ok(match word {
            "eq" => Test::Eq(one()),
            "ne" => Test::Ne(one()),
            "lt" => Test::Lt(one()),
            "le" => Test::Le(one()),
            "gt" => Test::Gt(one()),
            "ge" => Test::Ge(one()),
            "between" => match listed(wanted) {
                [low, high] => Test::Between(low.clone(), high.clone()),
                _ => Test::Never,
            },
            "in" | "notIn" => {
                let values = listed(wanted).to_vec();
                self.count(values.len(), depth)?;
                if word == "in" { Test::In(values) } else { Test::NotIn(values) }
            }
            "contains" => Test::Contains(one()),
            "notContains" => Test::NotContains(one()),
            "beginsWith" => Test::BeginsWith(one()),
            "attributeExists" => Test::Exists(wanted == &Value::Bool(true)),
            "attributeType" => Test::Type(one()),
            "size" => match wanted {
                Value::Object(tests) => Test::Size(self.tests(tests, depth + 1)?),
                _ => Test::Never,
            },
            _ => return Err(InvalidFilter::UnknownWord(word.chars().take(40).collect())),
        })
    }

    fn count(&mut self, tests: usize, depth: usize) -> Result<(), InvalidFilter> {
        self.tests = self.tests.saturating_add(tests);
        if depth > MAX_DEPTH || self.tests > MAX_TESTS { Err(InvalidFilter::TooLarge) } else { Ok(()) }
    }
}

impl Node {
    fn matches<'v>(&self, value: &dyn Fn(&str) -> Option<&'v Value>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(value)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(value)),
            Self::Not(node) => !node.matches(value),
            Self::Field(name, tests) => meets_all(tests, value(name)),
        }
    }

    fn collect_fields<'n>(&'n self, fields: &mut Vec<&'n str>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter().for_each(|node| node.collect_fields(fields));
            }
            Self::Not(node) => node.collect_fields(fields),
            Self::Field(name, _) => fields.push(name),
        }
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let order = |wanted| value.and_then(|value| compare(value, wanted));
        let equals = |wanted| value.is_some_and(|value| same(value, wanted));
        match self {
            Self::Eq(wanted) => equals(wanted),
            Self::Ne(wanted) => !equals(wanted),
            Self::Lt(wanted) => order(wanted) == Some(Ordering::Less),
            Self::Le(wanted) => order(wanted).is_some_and(Ordering::is_le),
            Self::Gt(wanted) => order(wanted) == Some(Ordering::Greater),
            Self::Ge(wanted) => order(wanted).is_some_and(Ordering::is_ge),
            Self::Between(low, high) => {
                order(low).is_some_and(Ordering::is_ge) && order(high).is_some_and(Ordering::is_le)
            }
            Self::In(any) => any.iter().any(equals),
            Self::NotIn(none) => !none.iter().any(equals),
            Self::Contains(wanted) => contains(value, wanted),
            Self::NotContains(wanted) => !contains(value, wanted),
            Self::BeginsWith(wanted) => match (value, wanted) {
                (Some(Value::String(text)), Value::String(beginning)) => text.starts_with(beginning.as_str()),
                _ => false,
            },
            Self::Exists(wanted) => value.is_some() == *wanted,
            Self::Type(wanted) => value.is_some_and(|value| wanted == attribute_type(value)),
            Self::Size(tests) => {
                value.and_then(size).is_some_and(|size| meets_all(tests, Some(&size.into())))
            }
            Self::Never => false,
        }
    }
}

fn meets_all(tests: &[Test], value: Option<&Value>) -> bool {
    tests.iter().all(|test| test.holds(value))
}

/// GraphQL makes a list of a single value.
fn listed(filters: &Value) -> &[Value] {
    filters.as_array().map_or(std::slice::from_ref(filters), Vec::as_slice)
}

/// Whether some field of a record is asked about. What is nested too deeply asks, and is refused when it is read.
fn asks(filter: &Value, depth: usize) -> bool {
    let Value::Object(filter) = filter else {
        return !filter.is_null();
    };
    depth > MAX_DEPTH
        || filter.iter().any(|(name, condition)| match name.as_str() {
            "and" | "or" => listed(condition).iter().any(|one| asks(one, depth + 1)),
            "not" => asks(condition, depth + 1),
            _ => condition.as_object().map_or(!condition.is_null(), |tests| !tests.is_empty()),
        })
}

fn contains(value: Option<&Value>, wanted: &Value) -> bool {
    match (value, wanted) {
        (Some(Value::Array(list)), wanted) => list.iter().any(|one| same(one, wanted)),
        (Some(Value::String(text)), Value::String(part)) => text.contains(part.as_str()),
        _ => false,
    }
}

/// Whether two values are one to DynamoDB, where `1` and `1.0` are.
fn same(one: &Value, other: &Value) -> bool {
    one == other || one.is_number() && compare(one, other) == Some(Ordering::Equal)
}

/// The kind of an attribute, in the words of a filter.
fn attribute_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "_null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// Of a text the bytes, of a list or an object the members.
fn size(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len()),
        Value::Array(list) => Some(list.len()),
        Value::Object(object) => Some(object.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The order of two values as a [`Filter`] sees it: of texts by their bytes, of numbers by size. Others have none.
#[must_use]
pub fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => Some(value.as_bytes().cmp(wanted.as_bytes())),
        (Value::Number(value), Value::Number(wanted)) => value.as_f64()?.partial_cmp(&wanted.as_f64()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_measured_by_each_condition() {
        let record = json!({"title": "abc", "count": 3, "tags": ["x", "y"]});
        let record = record.as_object().unwrap();
        let table = [
            (json!(null), true),
            (json!({}), true),
            (json!({"title": {"eq": "abc"}}), true),
            (json!({"title": {"eq": "ab"}}), false),
            (json!({"title": {"beginsWith": "ab", "ne": "ab"}}), true),
            (json!({"title": {"contains": "bc"}}), true),
            (json!({"tags": {"contains": "x"}}), true),
            (json!({"tags": {"notContains": "x"}}), false),
            (json!({"count": {"gt": 2, "le": 3}}), true),
            (json!({"count": {"between": [4, 9]}}), false),
            (json!({"count": {"between": [3, 9]}}), true),
            (json!({"count": {"between": 3}}), false),
            (json!({"count": {"lt": "9"}}), false),
            (json!({"count": {"in": [1, 3]}}), true),
            (json!({"count": {"notIn": [1, 3]}}), false),
            (json!({"other": {"notIn": [1, 3]}}), true),
            (json!({"other": {"ne": "a"}}), true),
            (json!({"other": {"eq": null}}), false),
            (json!({"other": {"attributeExists": false}}), true),
            (json!({"or": [{"count": {"eq": 9}}, {"title": {"eq": "abc"}}]}), true),
            (json!({"and": [{"count": {"eq": 9}}, {"title": {"eq": "abc"}}]}), false),
            (json!({"not": {"count": {"eq": 9}}}), true),
            (json!({"not": {}}), false),
            (json!({"not": null}), true),
            (json!({"title": null}), true),
            (json!({"or": []}), true),
            (json!({"or": [{}]}), true),
            (json!({"or": [null, {}, {"title": {}}]}), true),
            (json!({"or": [{}, {"count": {"eq": 9}}]}), false),
            (json!({"or": {"count": {"eq": 9}}}), false),
            (json!({"and": {"count": {"eq": 3}}}), true),
            (json!({"and": []}), true),
            (json!({"count": {"eq": 3.0}}), true),
            (json!({"title": {"size": {"eq": 3}}}), true),
            (json!({"title": {"size": 3}}), false),
            (json!({"tags": {"size": {"between": [3, 9]}}}), false),
            (json!({"count": {"size": {"ge": 0}}}), false),
            (json!({"title": {"attributeType": "string"}}), true),
            (json!({"tags": {"attributeType": "stringSet"}}), false),
            (json!({"other": {"attributeType": "_null"}}), false),
            (json!({"other": {"beginsWith": null}}), false),
        ];
        for (filter, expected) in table {
            assert_eq!(Filter::parse(&filter).unwrap().matches(record), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_before_any_record_is_looked_at() {
        let nested = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({"not": inner}));
        let wide = |tests: usize| json!({"or": vec![json!({"a": {"eq": 1}}); tests]});
        let unknown = InvalidFilter::UnknownWord("like".to_owned());
        for (filter, expected) in [
            (json!({"title": {"like": "a"}}), Some(unknown.clone())),
            (json!({"title": {"size": {"like": 1}}}), Some(unknown.clone())),
            (json!({"or": [{"title": {"eq": "abc"}}, {"title": {"like": "a"}}]}), Some(unknown)),
            (json!({"title": "a"}), Some(InvalidFilter::NotAnObject)),
            (json!({"or": ["a"]}), Some(InvalidFilter::NotAnObject)),
            (json!([]), Some(InvalidFilter::NotAnObject)),
            (nested(32), None),
            (nested(33), Some(InvalidFilter::TooLarge)),
            (json!({"or": [nested(100)]}), Some(InvalidFilter::TooLarge)),
            (wide(400), None),
            (wide(600), Some(InvalidFilter::TooLarge)),
            (json!({"a": {"in": vec![1; 1001]}}), Some(InvalidFilter::TooLarge)),
        ] {
            assert_eq!(Filter::parse(&filter).err(), expected, "{filter}");
        }
    }

    #[test]
    fn debug_names_fields_and_hides_values() {
        let filter = Filter::parse(&json!({"not": {"mail": {"eq": "ann@example.com"}}})).unwrap();
        assert_eq!(format!("{filter:?}"), r#"Filter { fields: ["mail"], .. }"#);
    }
}
