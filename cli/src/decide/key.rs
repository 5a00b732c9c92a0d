//! Keys of records: of the model and of its indexes, with the columns that the server joins from several fields.

use portcullis_rules::{Item, KeyTerm, Lookup};
use portcullis_schema::{ModelType, NamedType, Scalar};
use serde_json::{Value, json};

use super::answer::Answer;

/// Stands between the parts of a joined column, and of its name.
const JOINT: &str = "#";

/// A key of a model: its own, or that of an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) model: &'a ModelType,
    /// The name of the index; none for the key of the model.
    pub(crate) index: Option<&'a str>,
    pub(crate) partition: &'a str,
    pub(crate) sort_fields: &'a [String],
}

impl<'a> Key<'a> {
    /// The key of a model.
    pub(crate) fn of(model: &'a ModelType) -> Self {
        let key = model.key();
        Self { model, index: None, partition: &key.field, sort_fields: &key.sort_fields }
    }

    /// The key of the index behind a field of `Query`.
    pub(crate) fn of_query(model: &'a ModelType, field: &str) -> Option<Self> {
        let index = model.indexes().iter().find(|index| index.query_field.as_deref() == Some(field))?;
        Some(Self {
            model,
            index: Some(&index.name),
            partition: &index.field,
            sort_fields: &index.sort_fields,
        })
    }

    /// The key of the index of this name, which may be an implied one.
    pub(crate) fn of_index(model: &'a ModelType, name: &str) -> Option<Self> {
        let index = model.indexes().iter().find(|index| index.name == name)?;
        Some(Self {
            model,
            index: Some(&index.name),
            partition: &index.field,
            sort_fields: &index.sort_fields,
        })
    }

    /// Whether this is `id` alone, which the schema does not have to name.
    pub(crate) fn is_plain_id(&self) -> bool {
        self.partition == "id" && self.sort_fields.is_empty()
    }

    /// Whether a list takes the key as an argument: the schema declares it.
    pub(crate) fn is_argument(&self) -> bool {
        self.index.is_some() || self.model.key().declared
    }

    /// The fields, the partition key first.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.partition).chain(self.sort_fields.iter().map(String::as_str))
    }

    /// The attribute that sorts, if there is one: a field, or several that are joined.
    pub(crate) fn sort_attribute(&self) -> Option<String> {
        (!self.sort_fields.is_empty()).then(|| self.sort_fields.join(JOINT))
    }

    /// The fields that are attributes of the key by themselves.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &'a str> {
        let sort = match self.sort_fields {
            [field] => Some(field.as_str()),
            _ => None,
        };
        std::iter::once(self.partition).chain(sort)
    }

    /// The argument that speaks of the sort key: `yearMonth` for `year` and `month`.
    pub(crate) fn sort_argument(&self) -> Option<String> {
        let (first, rest) = self.sort_fields.split_first()?;
        let [] = rest else {
            let starting = |part: &str, start: fn(&char) -> char| -> String {
                let mut letters = part.chars();
                letters.next().map(|letter| start(&letter)).into_iter().chain(letters).collect()
            };
            let mut name = starting(first, char::to_ascii_lowercase);
            name.extend(rest.iter().map(|part| starting(part, char::to_ascii_uppercase)));
            return Some(name);
        };
        Some(first.clone())
    }

    /// What stands in the sort attribute of a record; nothing if it lacks a part.
    pub(crate) fn sort_value(&self, record: &Item) -> Option<Value> {
        match self.sort_fields {
            [] => None,
            [field] => record.get(field).filter(|value| !value.is_null()).cloned(),
            // A stored record has the column, if the case gives it as DynamoDB keeps it.
            fields => record.get(&fields.join(JOINT)).cloned().or_else(|| joined(fields, record)),
        }
    }

    /// The record with the values of the key that another object has.
    pub(crate) fn find<'r>(&self, records: &'r [Item], like: &Item) -> Option<&'r Item> {
        records.iter().find(|record| self.fields().all(|field| record.get(field) == like.get(field)))
    }

    /// Why an object does not have the key: a part is missing, or not of its type.
    pub(crate) fn missing(&self, from: &Item) -> Option<Answer> {
        let lacks = |field: &&str| !from.get(*field).is_some_and(|value| self.fits(field, value));
        let field = self.fields().find(lacks)?;
        Some(Answer::invalid(format!("`{field}` is required, and of its type")))
    }

    /// Whether a value may stand in a key field.
    pub(crate) fn fits(&self, field: &str, value: &Value) -> bool {
        match self.field_type(field) {
            Some(NamedType::Scalar(Scalar::Int | Scalar::AwsTimestamp)) => value.is_i64() || value.is_u64(),
            Some(NamedType::Scalar(Scalar::Float)) => value.is_number(),
            Some(NamedType::Scalar(Scalar::Boolean)) => value.is_boolean(),
            Some(NamedType::Enum(kind)) => {
                value.as_str().is_some_and(|value| kind.values().iter().any(|known| known == value))
            }
            Some(NamedType::Scalar(Scalar::Id)) => value.is_string() || value.is_i64(),
            _ => value.is_string(),
        }
    }

    /// The type of a field of the key.
    pub(crate) fn field_type(&self, field: &str) -> Option<&'a NamedType> {
        self.model.field(field).map(|field| &field.kind().named)
    }

    /// What DynamoDB is asked for one record.
    pub(crate) fn expression(&self, args: &Item) -> Value {
        let typed = |field: &str| {
            let value = args.get(field).cloned().unwrap_or_default();
            let letter = if value.is_number() { "N" } else { "S" };
            json!({letter: text(&value)})
        };
        if self.is_plain_id() {
            return json!({"expression": "id = :id", "expressionValues": {":id": typed("id")}});
        }
        let attributes = std::iter::once(self.partition.to_owned()).chain(self.sort_attribute());
        let (mut terms, mut names, mut values) = (Vec::new(), Item::new(), Item::new());
        for (place, attribute) in attributes.enumerate().map(|(index, attribute)| (index + 1, attribute)) {
            terms.push(format!("#keyCount{place} = :valueCount{place} "));
            let value = if self.model.field(&attribute).is_some() {
                typed(&attribute)
            } else {
                json!({"S": self.sort_value(args)})
            };
            names.insert(format!("#keyCount{place}"), attribute.into());
            values.insert(format!(":valueCount{place}"), value);
        }
        json!({"expression": terms.join("AND "), "expressionNames": names, "expressionValues": values})
    }

    /// What the rules are told about a request with these arguments.
    pub(crate) fn lookup(&self, args: &Item) -> Lookup {
        let partition = term(args.get(self.partition));
        let lookup = match self.index {
            Some(_) => Lookup::by_index(self.partition, partition),
            None => Lookup::by_key(self.partition, partition),
        };
        match self.sort_fields {
            // A get names the value itself, a query a condition on it.
            [field] => lookup.sorted(
                field,
                match args.get(field) {
                    Some(Value::Object(condition)) => match term(condition.get("eq")) {
                        KeyTerm::Absent => KeyTerm::Other,
                        term => term,
                    },
                    value => term(value),
                },
            ),
            _ => lookup,
        }
    }
}

/// The columns that the server joins from fields of a new or changed record: that of the model's key always, that of an
/// index if the input has its fields. `Err` names the index and the field that the input lacks.
pub(crate) fn joined_columns(
    model: &ModelType,
    input: &Item,
) -> Result<Vec<(String, Value)>, (String, String)> {
    let mut columns = Vec::new();
    for index in model.indexes().iter().filter(|index| index.sort_fields.len() > 1 && !index.implied) {
        if !index.sort_fields.iter().any(|field| input.contains_key(field)) {
            continue;
        }
        if let Some(lacking) = index.sort_fields.iter().find(|field| !input.contains_key(*field)) {
            return Err((index.name.clone(), lacking.clone()));
        }
        let texts = index.sort_fields.iter().map(|field| {
            // The reference's template leaves the name of a value that is `null` as it stands.
            input.get(field).and_then(text).unwrap_or_else(|| format!("${{mergedValues.{field}}}"))
        });
        let texts: Vec<String> = texts.collect();
        columns.push((index.sort_fields.join(JOINT), texts.join(JOINT).into()));
    }
    let sort_fields = &model.key().sort_fields;
    if sort_fields.len() > 1
        && let Some(value) = joined(sort_fields, input)
    {
        columns.push((sort_fields.join(JOINT), value));
    }
    Ok(columns)
}

/// The values of fields as one text; nothing if one is missing.
fn joined(fields: &[String], from: &Item) -> Option<Value> {
    let texts = fields.iter().map(|field| from.get(field).and_then(text));
    let texts: Vec<String> = texts.collect::<Option<_>>()?;
    Some(texts.join(JOINT).into())
}

/// A scalar as it stands in a joined column.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn term(value: Option<&Value>) -> KeyTerm {
    match value {
        None | Some(Value::Null) => KeyTerm::Absent,
        Some(Value::String(value)) => KeyTerm::Equals(value.clone()),
        Some(_) => KeyTerm::Other,
    }
}
