//! The parameters that are about keys: in the path of a record, and in the query of a list.

use portcullis_data::schema::{FieldType, ModelType, NamedType, Scalar, Shape};
use serde_json::{Map, Value, json};

/// What a sort field can be compared by.
const COMPARISONS: [(&str, &str); 5] = [
    ("ge", "From this value on."),
    ("le", "Up to and with this value."),
    ("gt", "Behind this value; not with another comparison."),
    ("lt", "Before this value; not with another comparison."),
    ("beginsWith", "With this beginning; not with another comparison."),
];

/// The parameters of a record's path, one for each field of the key.
pub(super) fn of_path(model: &ModelType) -> Value {
    let key: Vec<&str> = model.key().fields().collect();
    if key == ["id"] {
        return json!([{ "$ref": "#/components/parameters/Id" }]);
    }
    let shapes = Shapes::new(model);
    let parameter =
        |field: &str| json!({ "name": field, "in": "path", "required": true, "schema": shapes.of(field) });
    key.into_iter().map(parameter).collect()
}

/// The parameters by which a part of a list is asked for: the fields of the indexes, and of a key that has several.
pub(super) fn of_list(model: &ModelType) -> Vec<Value> {
    let indexes: Vec<_> = model.indexes().iter().filter(|index| !index.implied).collect();
    let own = Some(model.key()).filter(|key| !key.sort_fields.is_empty());
    if indexes.is_empty() && own.is_none() {
        return Vec::new();
    }
    let shapes = Shapes::new(model);
    // One field can stand in several indexes.
    let mut parameters: Map<String, Value> = Map::new();
    let mut add = |name: String, description: &str, schema: Value| {
        let parameter = json!({ "name": name, "in": "query", "description": description, "schema": schema });
        parameters.entry(name).or_insert(parameter);
    };
    if !indexes.is_empty() {
        let names: Vec<&str> = indexes.iter().map(|index| index.name.as_str()).collect();
        let description = "The index to ask; its first field is required with it.";
        add("index".to_owned(), description, json!({ "type": "string", "enum": names }));
    }
    let direction = json!({ "type": "string", "enum": ["ASC", "DESC"], "default": "ASC" });
    add("sortDirection".to_owned(), "In which order of the sort fields.", direction);
    let keys = own.map(|key| (&key.field, &key.sort_fields));
    for (field, sort_fields) in
        keys.into_iter().chain(indexes.iter().map(|index| (&index.field, &index.sort_fields)))
    {
        add(field.clone(), "Equal to this value.", shapes.of(field));
        for field in sort_fields {
            add(field.clone(), "Equal to this value.", shapes.of(field));
            let is_text = model.field(field).is_some_and(has_beginnings);
            let fitting = COMPARISONS.into_iter().filter(|(name, _)| is_text || *name != "beginsWith");
            for (comparison, description) in fitting {
                add(format!("{field}.{comparison}"), description, shapes.of(field));
            }
        }
    }
    parameters.into_iter().map(|(_, parameter)| parameter).collect()
}

/// Whether the values of a field are texts, so that one can begin with another.
fn has_beginnings(field: &FieldType) -> bool {
    !matches!(field.kind().named, NamedType::Scalar(Scalar::Int | Scalar::Float | Scalar::AwsTimestamp))
}

/// The JSON Schemas of a model's fields.
struct Shapes(Value);

impl Shapes {
    fn new(model: &ModelType) -> Self {
        Self(model.json_schema(Shape::Output))
    }

    fn of(&self, field: &str) -> Value {
        let property = self.0.get("properties").and_then(|properties| properties.get(field));
        property.cloned().unwrap_or_else(|| json!({ "type": "string" }))
    }
}
