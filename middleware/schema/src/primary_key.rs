//! The key of a model.

use apollo_compiler::ast::ObjectTypeDefinition;

use crate::arguments::texts_of;

/// The fields by which a record is found: `@primaryKey`, or else `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The partition key.
    pub field: String,
    /// The sort key, one field or several.
    pub sort_fields: Vec<String>,
    /// Whether the schema declares it by `@primaryKey`.
    pub declared: bool,
}

impl PrimaryKey {
    /// The key that a type declares.
    pub(crate) fn of(object: &ObjectTypeDefinition) -> Self {
        let declared = object.fields.iter().find_map(|field| {
            let directive = field.directives.get("primaryKey")?;
            let sort_fields = texts_of(directive, "sortKeyFields").unwrap_or_default();
            let sort_fields = sort_fields.into_iter().map(|field| field.value).collect();
            Some(Self { field: field.name.to_string(), sort_fields, declared: true })
        });
        declared.unwrap_or_else(|| Self { field: "id".to_owned(), sort_fields: Vec::new(), declared: false })
    }

    /// The fields of the key, to keep.
    pub(crate) fn owned(&self) -> Vec<String> {
        self.fields().map(str::to_owned).collect()
    }

    /// The fields of the key, the partition key first.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.field).chain(&self.sort_fields).map(String::as_str)
    }
}
