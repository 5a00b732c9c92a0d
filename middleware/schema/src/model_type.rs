//! A model: a type of record that is stored, with its fields and its rules.

use std::sync::Arc;

use portcullis_rules::{Item, Model};

use crate::{
    Index, InvalidField, ObjectType, PrimaryKey, Relation, Shape, TypeRef, input, json_schema,
    named_type::ObjectTypes,
};

/// A `type` with `@model`: what is stored, under which names, and who may do what with it.
#[derive(Clone, Debug)]
pub struct ModelType {
    pub(crate) name: String,
    pub(crate) plural: String,
    pub(crate) path: String,
    pub(crate) description: Option<String>,
    pub(crate) key: PrimaryKey,
    pub(crate) indexes: Vec<Index>,
    pub(crate) relations: Vec<Relation>,
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

    /// The fields by which a record is found. The doors serve `id` alone.
    #[must_use]
    pub fn key(&self) -> &PrimaryKey {
        &self.key
    }

    /// The further ways to find records. No door serves them yet.
    #[must_use]
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The fields that stand for records of other models; they are not among [`fields`](Self::fields). No door serves
    /// them yet.
    #[must_use]
    pub fn relations(&self) -> &[Relation] {
        &self.relations
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

    /// The JSON Schema (2020-12, as OpenAPI 3.1 uses it) of an input or of a record as a client sees it.
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

    /// Whether a client may send the field when it makes a record.
    #[must_use]
    pub fn in_create(&self) -> bool {
        matches!(self.origin, Origin::Declared | Origin::ImpliedId)
    }

    /// Whether a client may send the field when it changes a record.
    #[must_use]
    pub fn in_update(&self) -> bool {
        self.origin == Origin::Declared && self.name != "id"
    }
}
