//! A model: a type of record that is stored, with its fields and its rules.

use std::sync::Arc;

use portcullis_rules::{Item, Model};
use serde_json::Value;

use crate::{
    ApiNames, Connection, Index, InvalidField, ObjectType, PrimaryKey, Relation, Shape, TypeRef,
    api_names::Timestamps, input, json_schema, named_type::ObjectTypes,
};

/// A `type` with `@model`: what is stored, under which names, and who may do what with it.
#[derive(Clone, Debug)]
pub struct ModelType {
    pub(crate) name: String,
    pub(crate) plural: String,
    pub(crate) path: String,
    pub(crate) description: Option<String>,
    pub(crate) is_join: bool,
    pub(crate) key: PrimaryKey,
    pub(crate) indexes: Vec<Index>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) api: ApiNames,
    pub(crate) timestamps: Timestamps,
    pub(crate) has_subscriptions: bool,
    pub(crate) fields: Vec<FieldType>,
    pub(crate) objects: ObjectTypes,
    pub(crate) rules: Arc<Model>,
}

/// A field of a model or of a nested object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldType {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: TypeRef,
    pub(crate) origin: Origin,
    /// Whether it is part of the primary key.
    pub(crate) in_key: bool,
    /// Whether the server makes a value where the client sends none: an identifier or a time.
    pub(crate) filled_in: bool,
    pub(crate) default: Option<Value>,
}

/// Why a field exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The schema declares it.
    Declared,
    /// `id`, which every model has. A client may choose it on create.
    ImpliedId,
    /// `createdAt` or `updatedAt`, which the server sets. Never part of an input.
    ImpliedTimestamp,
    /// The field that an owner rule names and the type does not declare. Never part of an input.
    ImpliedOwner,
    /// A column that holds the key of a related record, of a relation without `fields`. Part of inputs, whatever the
    /// rules of fields say.
    ImpliedForeignKey,
}

impl ModelType {
    /// The name of the model: `BlogPost`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of many, as Amplify forms it: `BlogPosts`.
    #[must_use]
    pub fn plural(&self) -> &str {
        &self.plural
    }

    /// The segment of the REST path: `blogPosts`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the schema says about the model.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether no type of the schema says so: it holds the pairs of a `@manyToMany`.
    #[must_use]
    pub fn is_join(&self) -> bool {
        self.is_join
    }

    /// The fields by which a record is found.
    #[must_use]
    pub fn key(&self) -> &PrimaryKey {
        &self.key
    }

    /// The further ways to find records: those that the schema declares, then those that relations imply.
    #[must_use]
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The fields that stand for records of other models, as the schema writes them; they are not among
    /// [`fields`](Self::fields).
    #[must_use]
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// The relations resolved: by what the related records are found, in the order of the fields.
    #[must_use]
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The relation of this field, resolved.
    #[must_use]
    pub fn connection(&self, field: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.field == field)
    }

    /// The operations that the model has, and the names of the fields that stand for them.
    #[must_use]
    pub fn api(&self) -> &ApiNames {
        &self.api
    }

    /// The field that the server sets to the time at which a record is made, unless `@model(timestamps: ..)` says
    /// that there is none.
    #[must_use]
    pub fn created_at(&self) -> Option<&str> {
        self.timestamps.created_at.as_deref()
    }

    /// The field that the server sets to the time of each change, if there is one.
    #[must_use]
    pub fn updated_at(&self) -> Option<&str> {
        self.timestamps.updated_at.as_deref()
    }

    /// Whether changes are told to whoever may listen: unless `@model(subscriptions: {level: off})`, or `public`,
    /// says otherwise.
    #[must_use]
    pub fn has_subscriptions(&self) -> bool {
        self.has_subscriptions
    }

    /// The fields: the declared ones in order, then those that are implied.
    #[must_use]
    pub fn fields(&self) -> &[FieldType] {
        &self.fields
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldType> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The nested object type of this name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&ObjectType> {
        self.objects.get(name)
    }

    /// The rules, ready for the authorizer.
    #[must_use]
    pub fn rules(&self) -> &Arc<Model> {
        &self.rules
    }

    /// Puts the values of `@default` where a client sends nothing or `null`. It is done before anybody asks what the
    /// client may send: whoever may not set a field may not have it filled in either.
    ///
    /// ```
    /// let source = "type Note @model { title: String stars: Int @default(value: \"3\") }";
    /// let schema = portcullis_schema::Schema::parse(source, "schema.graphql")?;
    /// let mut input = serde_json::Map::new();
    /// schema.model("Note").ok_or("no such model")?.fill_defaults(&mut input);
    /// assert_eq!(serde_json::Value::Object(input), serde_json::json!({ "stars": 3 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fill_defaults(&self, input: &mut Item) {
        for field in &self.fields {
            if let Some(default) = &field.default
                && input.get(&field.name).is_none_or(Value::is_null)
            {
                input.insert(field.name.clone(), default.clone());
            }
        }
    }

    /// Checks what a client sends to make a record, before anything is filled in.
    ///
    /// # Errors
    ///
    /// Every field that is wrong, each with the reason; no text repeats a value.
    pub fn validate_create(&self, input: &Item) -> Result<(), Vec<InvalidField>> {
        input::validate_create(self, input)
    }

    /// Checks what a client sends to change a record: only the fields that are to change, `null` to remove one.
    ///
    /// # Errors
    ///
    /// Every field that is wrong, each with the reason; no text repeats a value.
    pub fn validate_update(&self, input: &Item) -> Result<(), Vec<InvalidField>> {
        input::validate_update(self, input)
    }

    /// The JSON Schema (2020-12, as OpenAPI 3.1 uses it) of an input or of a record as a client sees it. It refers to
    /// enums and nested types, which [`Schema::shared_json_schemas`](crate::Schema::shared_json_schemas) describes.
    #[must_use]
    pub fn json_schema(&self, shape: Shape) -> serde_json::Value {
        json_schema::of_model(self, shape)
    }
}

impl FieldType {
    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the schema says about the field.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The type of the field.
    #[must_use]
    pub fn kind(&self) -> &TypeRef {
        &self.kind
    }

    /// Why the field exists.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The value of a record whose maker sends none, as `@default` says.
    #[must_use]
    pub fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// Whether the field is part of the primary key.
    #[must_use]
    pub fn in_key(&self) -> bool {
        self.in_key
    }

    /// Whether a client may send the field when it makes a record.
    #[must_use]
    pub fn in_create(&self) -> bool {
        matches!(self.origin, Origin::Declared | Origin::ImpliedId | Origin::ImpliedForeignKey)
    }

    /// Whether a client may send the field when it changes a record. The key is said elsewhere, and never changes.
    #[must_use]
    pub fn in_update(&self) -> bool {
        matches!(self.origin, Origin::Declared | Origin::ImpliedForeignKey) && !self.in_key
    }

    /// Whether a client must send the field when it makes a record. What the server fills in may be left out.
    #[must_use]
    pub fn is_required_to_create(&self) -> bool {
        let needed = self.in_key || self.kind.required;
        // The server makes identifiers. A time in a key is the client's to choose.
        let filled_in = self.default.is_some() || self.filled_in && (!self.in_key || self.name == "id");
        needed && self.in_create() && !filled_in
    }

    pub(crate) fn declared(name: &str, kind: TypeRef) -> Self {
        Self::implied(name, kind, Origin::Declared)
    }

    pub(crate) fn implied(name: &str, kind: TypeRef, origin: Origin) -> Self {
        let in_key = origin == Origin::ImpliedId;
        Self {
            name: name.to_owned(),
            description: None,
            kind,
            origin,
            in_key,
            filled_in: in_key,
            default: None,
        }
    }
}
