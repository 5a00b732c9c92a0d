//! YAML with its tags kept, so that an intrinsic is not mistaken for a text.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Tagged;

use super::TemplateError;

/// A mapping by its keys.
pub(super) type Map = BTreeMap<String, Node>;

/// A value of the template.
pub(super) struct Node {
    /// `!Ref`, `!Sub` and their like; the tags of YAML itself are not kept.
    intrinsic: bool,
    content: Content,
}

enum Content {
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

impl Node {
    pub(super) fn parse(yaml: &str) -> Result<Self, TemplateError> {
        // Without the excerpt: a template may hold what should not be printed.
        serde_saphyr::from_str(yaml).map_err(|error| TemplateError::Yaml(error.without_snippet().to_string()))
    }

    pub(super) fn text(&self, path: &str) -> Result<&str, TemplateError> {
        match &self.content {
            Content::Text(text) if !self.intrinsic => Ok(text),
            _ => Err(self.problem(path, "is not a text")),
        }
    }

    pub(super) fn list(&self, path: &str) -> Result<&[Self], TemplateError> {
        match &self.content {
            Content::List(list) if !self.intrinsic => Ok(list),
            _ => Err(self.problem(path, "is not a list")),
        }
    }

    pub(super) fn map(&self, path: &str) -> Result<&Map, TemplateError> {
        match &self.content {
            Content::Map(map) if !self.intrinsic => Ok(map),
            _ => Err(self.problem(path, "is not a mapping")),
        }
    }

    fn problem(&self, path: &str, problem: &'static str) -> TemplateError {
        let problem =
            if self.intrinsic { "is an intrinsic, whose value is known only when deployed" } else { problem };
        TemplateError::Property { path: path.to_owned(), problem }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(content, tag) = Tagged::<Content>::deserialize(deserializer)?;
        Ok(Self { intrinsic: tag.is_some_and(|tag| tag.starts_with('!')), content })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Text(value.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Text(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Text(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Content, E> {
        Ok(Content::Text(number.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = entries.next_entry()? {
            map.insert(name, value);
        }
        Ok(Content::Map(map))
    }
}
