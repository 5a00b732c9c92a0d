//! JSON objects, read strictly.
//!
//! A key that stands twice in an object is refused: the first reader could decide on one of the values and the second
//! act on the other (RFC 8259, section 4).

use std::fmt;

use portcullis_data::rules::Item;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, error::Category};

/// Why a body is not a JSON object. Lines and columns count from one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    Malformed { line: usize, column: usize },
    KeyTwice { line: usize, column: usize },
    NotObject,
}

struct Strict(Value);

struct StrictVisitor;

/// Reads one JSON object.
pub(crate) fn parse_object(text: &[u8]) -> Result<Item, JsonError> {
    match serde_json::from_slice::<Strict>(text) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(_) => Err(JsonError::NotObject),
        // Any JSON fits `Strict`, so the only data error is our own.
        Err(error) if error.classify() == Category::Data => {
            Err(JsonError::KeyTwice { line: error.line(), column: error.column() })
        }
        Err(error) => Err(JsonError::Malformed { line: error.line(), column: error.column() }),
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom("the same key twice"));
            }
            let Strict(value) = entries.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_keeps_its_values() {
        let text = r#"{"a":null,"b":[true,-1,18446744073709551615,1.5,"x\n"],"c":{"a":{}}}"#;
        let expected = json!({"a": null, "b": [true, -1, u64::MAX, 1.5, "x\n"], "c": {"a": {}}});
        assert_eq!(Value::Object(parse_object(text.as_bytes()).unwrap()), expected);
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        let malformed = |line, column| JsonError::Malformed { line, column };
        let deep = "[".repeat(100_000);
        for (text, expected) in [
            ("", malformed(1, 0)),
            ("{", malformed(1, 1)),
            ("{\"a\":1,}", malformed(1, 8)),
            ("{\n \"a\": tru }", malformed(2, 10)),
            ("{} {}", malformed(1, 4)),
            ("{\"a\":1e999}", malformed(1, 10)),
            ("\u{feff}{}", malformed(1, 1)),
            (deep.as_str(), malformed(1, 128)),
            ("[]", JsonError::NotObject),
            ("\"a\"", JsonError::NotObject),
            ("null", JsonError::NotObject),
            ("{\"a\":1,\"a\":2}", JsonError::KeyTwice { line: 1, column: 10 }),
            ("{\"a\":[{\"b\":1,\n\"b\":1}]}", JsonError::KeyTwice { line: 2, column: 3 }),
            ("{\"a\":1,\"\\u0061\":2}", JsonError::KeyTwice { line: 1, column: 15 }),
        ] {
            assert_eq!(parse_object(text.as_bytes()), Err(expected), "{}", text.get(..40).unwrap_or(text));
        }
        assert!(matches!(parse_object(b"{\"a\":\"\xff\"}"), Err(JsonError::Malformed { .. })));
    }
}
