//! A schema as a whole.

use std::sync::Arc;

use crate::{
    EnumType, ModelType, ObjectType, SchemaErrors, named_type::ObjectTypes, reader, report::Report, syntax,
};

/// Everything that `schema.graphql` says.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) models: Vec<ModelType>,
    pub(crate) enums: Vec<Arc<EnumType>>,
    pub(crate) objects: ObjectTypes,
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
    /// Everything that is wrong with it, each mistake with its place. What Amplify accepts and this project does
    /// not enforce yet is a mistake too.
    pub fn parse(source: &str, file_name: &str) -> Result<Self, SchemaErrors> {
        let mut report = Report::new(source);
        let document = syntax::parse(source, &mut report);
        let schema = document.map(|document| reader::read(&document, &mut report));
        match schema {
            Some(schema) if report.is_empty() => Ok(schema),
            _ => Err(report.into_errors(file_name)),
        }
    }

    /// The models, in the order of the file.
    #[must_use]
    pub fn models(&self) -> &[ModelType] {
        &self.models
    }

    /// The model of this name.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&ModelType> {
        self.models.iter().find(|model| model.name() == name)
    }

    /// The enums, in the order of the file.
    #[must_use]
    pub fn enums(&self) -> &[Arc<EnumType>] {
        &self.enums
    }

    /// The nested object types, by name.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectType> {
        self.objects.values()
    }
}
