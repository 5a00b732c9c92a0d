//! What a record is found by.

use std::fmt;

use portcullis_rules::Item;
use portcullis_schema::{ModelType, Scalar, TypeRef, key_problem};
use serde_json::Value;

use crate::{
    DataError,
    key_value::{canonical, invalid, value_from_text},
};

/// Bytes of a key: what fits into an index row's `sk` (1024 bytes) with room for a sort key.
pub(crate) const MAX_ID: usize = 512;

/// Stands between the values of a key. No value of a key that has several holds it.
const BETWEEN: &str = "#";

/// What a record is found by: the values of its model's key fields, in their order.
///
/// It is read from the segments of a path and can stand there again: a value of a new record's key has no character
/// that those through whose hands a path goes could take for something else.
///
/// ```
/// use portcullis_data::{RecordKey, schema::Schema};
///
/// let source = "type Order @model @auth(rules: [{allow: private}]) {
///     customer: ID! @primaryKey(sortKeyFields: [\"number\"])
///     number: Int!
/// }";
/// let schema = Schema::parse(source, "schema.graphql")?;
/// let order = schema.model("Order").ok_or("no such model")?;
/// let key = RecordKey::from_segments(order, ["c7", "12"])?;
/// assert_eq!(key.segments().collect::<Vec<_>>(), ["c7", "12"]);
/// assert!(RecordKey::from_segments(order, ["c7", "a dozen"]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Debug` shows no values: an e-mail address can be a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    values: Vec<String>,
}

impl RecordKey {
    /// The key of a record whose model is keyed by `id`, as most are.
    pub fn id(id: impl Into<String>) -> Self {
        Self { values: vec![id.into()] }
    }

    /// Reads a key from the segments of a path, decoded, of which there must be one for each field of the key.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] with the name of each field whose segment is missing or no value of its type.
    pub fn from_segments<S: AsRef<str>>(
        model: &ModelType,
        segments: impl IntoIterator<Item = S>,
    ) -> Result<Self, DataError> {
        let mut segments = segments.into_iter();
        let mut values = Item::new();
        let mut mistakes = Vec::new();
        for name in model.key().fields() {
            let (Some(field), Some(segment)) = (model.field(name), segments.next()) else {
                continue;
            };
            match value_from_text(field, segment.as_ref()) {
                Ok(value) => {
                    values.insert(name.to_owned(), value);
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if segments.next().is_some() {
            mistakes.push(invalid("", "has more values than the key has fields"));
        }
        if mistakes.is_empty() { Self::from_item(model, &values) } else { Err(DataError::Invalid(mistakes)) }
    }

    /// Reads a key from the values of the key fields, such as those of a record or of arguments.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] with the name of each field that is missing or no value of its type.
    pub fn from_item(model: &ModelType, item: &Item) -> Result<Self, DataError> {
        let mut mistakes = Vec::new();
        let mut values = Vec::new();
        for name in model.key().fields() {
            match item.get(name).filter(|value| !value.is_null()) {
                None => mistakes.push(invalid(name, "is required")),
                Some(value) => match text_of(model, name, value) {
                    Ok(text) => values.push(text),
                    Err(problem) => mistakes.push(invalid(name, problem)),
                },
            }
        }
        if mistakes.is_empty() { Ok(Self { values }) } else { Err(DataError::Invalid(mistakes)) }
    }

    /// The values as the segments of a path, not yet encoded.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    /// The text by which the record lies in the table.
    pub(crate) fn text(&self) -> String {
        self.values.join(BETWEEN)
    }

    /// Whether a record of this model can have the key: it is not confused with another and fits.
    pub(crate) fn is_possible(&self, model: &ModelType) -> bool {
        let composite = self.values.len() > 1;
        let apart = |value: &String| !composite || !value.is_empty() && !value.contains(BETWEEN);
        self.values.len() == model.key().fields().count()
            && self.values.iter().all(apart)
            && valid_text(&self.text())
    }

    /// Whether a new record may have this key, which is narrower: see [`check_new_value`].
    pub(crate) fn check_new(&self, model: &ModelType) -> Result<(), DataError> {
        for (field, value) in model.key().fields().zip(&self.values) {
            check_new_value(field, value)?;
        }
        if valid_text(&self.text()) {
            Ok(())
        } else {
            let field = model.key().field.as_str();
            Err(DataError::invalid(field, format!("makes a key of more than {MAX_ID} bytes")))
        }
    }

    /// Whether this is the value that the key has for a field of it.
    pub(crate) fn holds(&self, model: &ModelType, field: &str, value: &Value) -> bool {
        let mut held = model.key().fields().zip(&self.values).filter(|(name, _)| *name == field);
        held.any(|(_, text)| text_of(model, field, value).as_ref() == Ok(text))
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordKey").field("values", &self.values.len()).finish()
    }
}

fn text_of(model: &ModelType, field: &str, value: &Value) -> Result<String, &'static str> {
    let id = TypeRef::scalar(Scalar::Id);
    canonical(model.field(field).map_or(&id, |field| field.kind()), value)
}

/// Whether a record can have a key of this text. Any text will do; it only has to fit.
pub(crate) fn valid_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID
}

/// Whether the key of a new record may hold this value, which is narrower: it is going to stand in the path of a URL, and
/// some of those through whose hands a path goes decode it, resolve `..`, or cut it at `?` and `#`. A key that they
/// could change might come back as that of another record.
pub(crate) fn check_new_value(field: &str, value: &str) -> Result<(), DataError> {
    key_problem(value).map_or(Ok(()), |problem| Err(DataError::invalid(field, problem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_new_key_is_one_that_no_path_can_change() {
        for id in ["n", "a b", "\u{fc}\u{1F600}", "a@b:c=d&e+f", "...", ".a", " ", &"i".repeat(MAX_ID)] {
            assert!(check_new_value("id", id).is_ok(), "{id:?}");
        }
        let hostile =
            ["", ".", "..", "a/b", "a\\b", "a%62", "a?b", "a#b", "a\tb", "a\n", "\u{0}", "\u{7f}", "\u{85}"];
        for id in hostile.into_iter().chain([&*"i".repeat(MAX_ID + 1)]) {
            match check_new_value("id", id) {
                Err(DataError::Invalid(invalid)) => assert_eq!(invalid[0].field, "id", "{id:?}"),
                other => panic!("{id:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_key_in_a_log_shows_no_values() {
        assert_eq!(format!("{:?}", RecordKey::id("ann@example.org")), "RecordKey { values: 1 }");
    }
}
