//! `template.yaml` as JSON, with CloudFormation's short tags in their long form (`!Ref x` as `{"Ref": "x"}`).

use std::{collections::BTreeSet, fmt, fs};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, json};
use serde_saphyr::Tagged;

use crate::{Result, repository};

/// The deployment template.
#[derive(Clone, Debug)]
pub struct Template(Value);

impl Template {
    /// Reads the repository's `template.yaml`.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not YAML.
    pub fn read() -> Result<Self> {
        Self::parse(&fs::read_to_string(repository().join("template.yaml"))?)
    }

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// When it is not YAML.
    pub fn parse(yaml: &str) -> Result<Self> {
        let Long(template) = serde_saphyr::from_str(yaml)?;
        Ok(Self(template))
    }

    /// A value by its JSON pointer; null when there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The resources by their logical ids.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.at("/Resources").as_object().into_iter().flatten().map(|(id, resource)| (id.as_str(), resource))
    }

    /// The resources of one type.
    pub fn of_type(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.resources()
            .filter(move |(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind))
    }
}

/// The names that a value refers to, by `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`, pseudo parameters among them.
#[must_use]
pub fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("Ref" | "DependsOn", Value::String(id)) => {
                        found.insert(id.clone());
                    }
                    ("DependsOn", Value::Array(ids)) => {
                        found.extend(ids.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    ("Fn::GetAtt", Value::Array(path)) => {
                        found.extend(path.first().and_then(Value::as_str).map(str::to_owned));
                    }
                    ("Fn::Sub", Value::String(text)) => found.extend(substituted(text, None)),
                    ("Fn::Sub", Value::Array(parts)) => {
                        let local = parts.get(1).and_then(Value::as_object);
                        if let Some(Value::String(text)) = parts.first() {
                            found.extend(substituted(text, local));
                        }
                        local.into_iter().flat_map(Map::values).for_each(|value| collect(value, found));
                    }
                    _ => collect(member, found),
                }
            }
        }
        _ => {}
    }
}

/// The names in `${..}`, without attributes and without what the substitution itself defines.
fn substituted(text: &str, local: Option<&Map<String, Value>>) -> Vec<String> {
    let names = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    names
        // `${!Name}` is the text `${Name}`.
        .filter(|name| !name.starts_with('!') && !local.is_some_and(|local| local.contains_key(*name)))
        .map(|name| name.split('.').next().unwrap_or(name).to_owned())
        .collect()
}

/// A value with its tag turned into the long form.
struct Long(Value);

impl<'de> Deserialize<'de> for Long {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let Tagged(Untagged(value), tag) = Tagged::<Untagged>::deserialize(deserializer)?;
        let value = match tag.as_deref() {
            Some("!Ref") => json!({ "Ref": value }),
            Some("!Condition") => json!({ "Condition": value }),
            Some("!GetAtt") => match value.as_str().and_then(|path| path.split_once('.')) {
                Some((id, attribute)) => json!({ "Fn::GetAtt": [id, attribute] }),
                None => json!({ "Fn::GetAtt": value }),
            },
            Some(tag) if tag.starts_with('!') && !tag.starts_with("!!") => {
                json!({ format!("Fn::{}", tag.trim_start_matches('!')): value })
            }
            _ => value,
        };
        Ok(Self(value))
    }
}

struct Untagged(Value);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(UntaggedVisitor).map(Self)
    }
}

struct UntaggedVisitor;

impl<'de> Visitor<'de> for UntaggedVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
        Ok(json!(text))
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(json!(value))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Value, E> {
        Ok(json!(number))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Value, E> {
        Ok(json!(number))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Value, E> {
        Ok(json!(number))
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Long(entry)) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Long(value))) = entries.next_entry::<String, Long>()? {
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_functions() {
        let template = Template::parse(
            "
            a: !Ref Table
            b: !GetAtt Table.Arn
            c: !Sub '${AWS::Region}-${Table}'
            d: !If [Here, !Ref Other, !Ref AWS::NoValue]
            e: '8'
            f: 8
            ",
        )
        .unwrap();
        assert_eq!(
            template.0,
            json!({
                "a": { "Ref": "Table" },
                "b": { "Fn::GetAtt": ["Table", "Arn"] },
                "c": { "Fn::Sub": "${AWS::Region}-${Table}" },
                "d": { "Fn::If": ["Here", { "Ref": "Other" }, { "Ref": "AWS::NoValue" }] },
                "e": "8",
                "f": 8,
            })
        );
    }

    #[test]
    fn every_way_to_refer_to_a_resource_is_found() {
        let value = json!({
            "DependsOn": ["A", "B"],
            "Properties": {
                "X": { "Ref": "C" },
                "Y": [{ "Fn::GetAtt": ["D", "Arn"] }],
                "Z": { "Fn::Sub": ["${E.Arn}/${local}/${!Literal}/$default", { "local": { "Ref": "F" } }] },
                "Ref": { "not": "a reference" },
            },
        });
        assert_eq!(references(&value).into_iter().collect::<String>(), "ABCDEF");
    }
}
