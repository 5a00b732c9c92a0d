//! The condition of a query on its sort key.

use portcullis_data::Filter;
use portcullis_rules::Item;
use portcullis_schema::{NamedType, Scalar};
use serde_json::{Value, json};

use super::{
    answer::Answer,
    key::{Key, text},
    refusal::Refusal,
};

/// The words of a condition. A beginning is asked of texts alone.
const WORDS: [&str; 7] = ["eq", "le", "lt", "ge", "gt", "between", "beginsWith"];

/// What the argument of the sort key says, with joined values for a key of several fields.
#[derive(Debug)]
pub(crate) struct SortCondition {
    tests: Item,
    /// A part of a joined value that is given without the one before it: the word, the part and the one before.
    gap: Option<(String, String, String)>,
    joined: bool,
}

impl SortCondition {
    /// Reads the argument; `None` if it is no condition on this key.
    pub(crate) fn read(argument: &Value, key: &Key<'_>) -> Option<Self> {
        let tests = argument.as_object()?.iter().filter(|(_, value)| !value.is_null());
        let mut read = Self { tests: Item::new(), gap: None, joined: key.sort_fields.len() > 1 };
        for (word, value) in tests {
            let known = WORDS.contains(&word.as_str())
                && (word != "beginsWith" || read.joined || key.is_text(key.sort_fields.first()?));
            if !known {
                return None;
            }
            let mut one = |value: &Value| read.value(word, value, key);
            let value = match (word.as_str(), value) {
                ("between", Value::Array(ends)) => ends.iter().map(one).collect::<Option<Vec<_>>>()?.into(),
                // GraphQL makes a list of a single value.
                ("between", end) => vec![one(end)?].into(),
                (_, value) => one(value)?,
            };
            read.tests.insert(word.clone(), value);
        }
        Some(read)
    }

    fn value(&mut self, word: &str, value: &Value, key: &Key<'_>) -> Option<Value> {
        if !self.joined {
            let field = key.sort_fields.first()?;
            // A condition on an enum takes any text.
            return (key.is_text(field) && value.is_string() || key.fits(field, value))
                .then(|| value.clone());
        }
        let parts = value.as_object()?;
        let known = |name: &String| key.sort_fields.contains(name);
        if !parts.iter().all(|(name, value)| known(name) && (value.is_null() || key.fits(name, value))) {
            return None;
        }
        let mut texts: Vec<String> = Vec::new();
        let mut before: Option<&String> = None;
        let mut lacking = false;
        for field in key.sort_fields {
            match parts.get(field).and_then(text) {
                Some(text) => {
                    if let (true, Some(before)) = (lacking, before) {
                        self.gap.get_or_insert((word.to_owned(), field.clone(), before.clone()));
                    }
                    texts.push(text);
                    lacking = false;
                }
                None => lacking = true,
            }
            before = Some(field);
        }
        Some(texts.join("#").into())
    }

    /// What the resolver says about a condition that DynamoDB could not take.
    pub(crate) fn mistake(&self, argument: &str) -> Option<String> {
        if self.joined && self.tests.len() > 1 {
            return Some(format!("Argument {argument} must specify at most one key condition operation."));
        }
        if self.joined
            && self.tests.get("between").is_some_and(|ends| ends.as_array().map(Vec::len) != Some(2))
        {
            return Some(format!("Argument '{argument}.between' expects exactly two elements."));
        }
        let (word, part, before) = self.gap.as_ref()?;
        Some(format!(
            "When providing argument '{argument}.{word}.{part}' you must also provide '{argument}.{word}.{before}'."
        ))
    }

    /// Whether a value of the sort attribute meets the condition.
    pub(crate) fn holds(&self, value: &Value) -> Result<bool, Refusal> {
        if self.tests.len() > 1
            || self.tests.get("between").is_some_and(|ends| ends.as_array().map(Vec::len) != Some(2))
        {
            return Err(Answer::store_error(
                "KeyConditionExpressions must only contain one condition per key",
            )
            .into());
        }
        let record = Item::from_iter([("sort".to_owned(), value.clone())]);
        Ok(Filter::parse(&json!({"sort": self.tests}))?.matches(&record))
    }
}

impl Key<'_> {
    /// Whether a key field holds text.
    fn is_text(&self, field: &str) -> bool {
        let kind = self.field_type(field);
        !matches!(
            kind,
            Some(NamedType::Scalar(Scalar::Int | Scalar::Float | Scalar::Boolean | Scalar::AwsTimestamp))
        )
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schema::{Project, Schema};

    use super::*;

    #[test]
    fn a_condition_is_read_and_measured() {
        let source = "type A @model @auth(rules: [{allow: private}]) {
            p: ID! @primaryKey(sortKeyFields: [\"n\"]) n: Int! y: Int m: String d: AWSDateTime
            q: String @index(name: \"byQ\", sortKeyFields: [\"y\", \"m\"], queryField: \"aByQ\")
            r: String @index(name: \"byR\", sortKeyFields: [\"d\"], queryField: \"aByR\") }";
        let schema = Schema::read(source, "schema.graphql", &Project::default()).unwrap();
        let model = schema.model("A").unwrap();
        let key = |query: &str| Key::of_query(model, query).unwrap_or_else(|| Key::of(model));
        let table = [
            ("", json!({"gt": 3}), json!(4), Some(true)),
            ("", json!({"between": [3, 4]}), json!(5), Some(false)),
            ("", json!({"gt": "3"}), json!(4), None),
            ("", json!({"beginsWith": 3}), json!(4), None),
            ("", json!({"ne": 3}), json!(4), None),
            ("", json!({"eq": null}), json!(4), Some(true)),
            ("aByR", json!({"beginsWith": "2024"}), json!("2024-05-01"), Some(true)),
            ("aByR", json!({"le": "2024"}), json!("2024-05-01"), Some(false)),
            ("aByQ", json!({"eq": {"y": 2024, "m": "05"}}), json!("2024#05"), Some(true)),
            ("aByQ", json!({"beginsWith": {"y": 2024}}), json!("2024#05"), Some(true)),
            ("aByQ", json!({"lt": {"y": 2024, "m": "05"}}), json!("2024#04"), Some(true)),
            ("aByQ", json!({"lt": {"y": "2024"}}), json!("2024#04"), None),
            ("aByQ", json!({"lt": {"x": "2024"}}), json!("2024#04"), None),
            ("aByQ", json!({"between": [{"y": 2023}, {"y": 2025}]}), json!("2024#04"), Some(true)),
        ];
        for (query, condition, value, expected) in table {
            let read = SortCondition::read(&condition, &key(query));
            let held = read.map(|read| read.holds(&value).unwrap());
            assert_eq!(held, expected, "{query} {condition}");
        }
        let gap = SortCondition::read(&json!({"eq": {"m": "05"}}), &key("aByQ")).unwrap();
        assert!(gap.mistake("yM").unwrap().contains("'yM.eq.m' you must also provide 'yM.eq.y'"));
    }
}
