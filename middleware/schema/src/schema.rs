//! A schema as a whole.

use std::{collections::HashMap, sync::Arc};

use apollo_compiler::ast::Document;

use crate::{
    CustomField, EnumType, ExpandedSchema, ModelType, ObjectType, Project, SchemaErrors, Validation,
    json_schema, named_type::ObjectTypes, reader, report::Report, syntax,
};

/// Everything that `schema.graphql` says.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) models: Vec<ModelType>,
    /// The places of the models.
    pub(crate) by_name: HashMap<String, usize>,
    pub(crate) enums: Vec<Arc<EnumType>>,
    pub(crate) objects: ObjectTypes,
    pub(crate) custom_fields: Vec<CustomField>,
    /// What the API is made from.
    pub(crate) document: Arc<Document>,
    pub(crate) project: Project,
}

impl Schema {
    /// Reads a schema. `file_name` is only for the messages.
    ///
    /// ```
    /// use portcullis_schema::Schema;
    ///
    /// let source = "type Category @model @auth(rules: [{allow: owner}]) { name: String! }";
    /// let schema = Schema::parse(source, "schema.graphql")?;
    /// let category = schema.model("Category").ok_or("no such model")?;
    /// assert_eq!((category.plural(), category.path()), ("Categories", "categories"));
    /// let fields: Vec<_> = category.fields().iter().map(|field| field.name()).collect();
    /// assert_eq!(fields, ["name", "id", "createdAt", "updatedAt", "owner"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each mistake with its place. What Amplify accepts and the doors do not serve, or
    /// what is easily misread, is a mistake too.
    pub fn parse(source: &str, file_name: &str) -> Result<Self, SchemaErrors> {
        Self::validate(source, file_name, &Project::default()).into_served()
    }

    /// Checks a schema as the reference would for this project, over all of the language.
    ///
    /// ```
    /// use portcullis_schema::{Project, Schema};
    ///
    /// let source = "type Blog @model @auth(rules: [{allow: private, provider: iam}]) { posts: [Post] @hasMany }
    ///     type Post @model { text: String }";
    /// let validation = Schema::validate(source, "schema.graphql", &Project::default());
    /// assert!(validation.errors().is_empty());
    /// assert!(validation.warnings()[0].contains("deprecated provider 'iam'"));
    /// assert!(validation.stricter().is_empty());
    /// ```
    #[must_use]
    pub fn validate(source: &str, file_name: &str, project: &Project) -> Validation {
        let mut report = Report::new(source);
        let document = syntax::parse(source, &mut report);
        let read = document.map(|document| reader::read(&document, project, &mut report));
        Validation::new(read, report, file_name)
    }

    /// Reads whatever the reference accepts for this project, for commands that explain, compare or decide.
    ///
    /// *Caveat.* It is not for a door: what [`parse`](Self::parse) refuses because no door enforces it is read here as
    /// far as it goes.
    ///
    /// # Errors
    ///
    /// What the reference refuses, its own mistake first.
    pub fn read(source: &str, file_name: &str, project: &Project) -> Result<Self, SchemaErrors> {
        Self::validate(source, file_name, project).into_accepted()
    }

    /// The models, in the order of the file, and then those that hold the pairs of a `@manyToMany`.
    #[must_use]
    pub fn models(&self) -> &[ModelType] {
        &self.models
    }

    /// The model of this name.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&ModelType> {
        self.models.get(*self.by_name.get(name)?)
    }

    /// The enums, in the order of the file.
    #[must_use]
    pub fn enums(&self) -> &[Arc<EnumType>] {
        &self.enums
    }

    /// The types without `@model`, by name.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectType> {
        self.objects.values().filter(|object| !object.is_input)
    }

    /// The type without `@model`, or the input type, of this name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&ObjectType> {
        self.objects.get(name)
    }

    /// The custom query or mutation, or the guarded field of a type that is not stored, of this name.
    #[must_use]
    pub fn custom_field(&self, type_name: &str, name: &str) -> Option<&CustomField> {
        self.custom_fields.iter().find(|field| field.type_name() == type_name && field.name() == name)
    }

    /// Custom queries, mutations and subscriptions, and guarded fields of types that are not stored.
    #[must_use]
    pub fn custom_fields(&self) -> &[CustomField] {
        &self.custom_fields
    }

    /// Whether rules keep a field of an object from some of those who get the object, so that the field has to be answered by
    /// itself.
    ///
    /// ```
    /// use portcullis_schema::Schema;
    ///
    /// let source = "type Note @model @auth(rules: [{allow: owner}, {allow: private, operations: [read]}]) {
    ///     title: String secret: String @auth(rules: [{allow: owner}]) }";
    /// let schema = Schema::parse(source, "schema.graphql")?;
    /// assert!(schema.is_guarded("Note", "secret") && !schema.is_guarded("Note", "title"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_guarded(&self, of: &str, field: &str) -> bool {
        match self.model(of) {
            Some(model) => model.rules().may_withhold(field),
            None => self.custom_field(of, field).is_some(),
        }
    }

    /// The GraphQL API that AppSync serves for this schema.
    #[must_use]
    pub fn expand(&self) -> ExpandedSchema {
        ExpandedSchema::new(&self.document, &self.project)
    }

    /// The JSON Schemas of enums and nested types, by the names under which those of models and custom fields refer to
    /// them: `Kind` is `#/components/schemas/Kind`, and what a client sends as a `Place` is `Place.Input`.
    ///
    /// ```
    /// let source = "type Note @model { kind: Kind place: Place } enum Kind { SHORT LONG } type Place { street: String }";
    /// let schema = portcullis_schema::Schema::parse(source, "schema.graphql")?;
    /// let shared = schema.shared_json_schemas();
    /// assert_eq!(shared.keys().collect::<Vec<_>>(), ["Kind", "Place", "Place.Input"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shared_json_schemas(&self) -> serde_json::Map<String, serde_json::Value> {
        json_schema::shared(self)
    }
}
