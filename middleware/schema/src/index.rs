//! A further way to find the records of a model.

use apollo_compiler::{
    Node,
    ast::{Directive, FieldDefinition, ObjectTypeDefinition},
};

use crate::{
    Project,
    arguments::{text_of, texts_of, value_of},
    plural::index_name,
};

/// An `@index`, or what a relation needs in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The name of the index.
    pub name: String,
    /// The partition key.
    pub field: String,
    /// The sort key, one field or several.
    pub sort_fields: Vec<String>,
    /// The field of `Query` that reads by the index, if there is one.
    pub query_field: Option<String>,
    /// Whether no directive names it: a relation needs it.
    pub implied: bool,
}

impl Index {
    /// The indexes that a type declares.
    pub(crate) fn all_of(object: &ObjectTypeDefinition, project: &Project) -> Vec<Self> {
        let directives = |field: &'_ Node<FieldDefinition>| {
            let indexes = field.directives.get_all("index");
            indexes.map(|directive| Self::read(object, field, directive, project)).collect::<Vec<_>>()
        };
        object.fields.iter().flat_map(directives).collect()
    }

    pub(crate) fn read(
        object: &ObjectTypeDefinition,
        field: &FieldDefinition,
        directive: &Directive,
        project: &Project,
    ) -> Self {
        let sort_fields = texts_of(directive, "sortKeyFields").unwrap_or_default();
        let sort_fields: Vec<String> = sort_fields.into_iter().map(|field| field.value).collect();
        let filled = |name| text_of(directive, name).map(|text| text.value).filter(|text| !text.is_empty());
        let by_default = || index_name(&object.name, &field.name, &sort_fields);
        let query_field = match value_of(directive, "queryField") {
            Some(value) if value.is_null() => None,
            _ => filled("queryField").or_else(|| project.auto_index_queries.then(by_default)),
        };
        Self {
            name: filled("name").unwrap_or_else(by_default),
            field: field.name.to_string(),
            sort_fields,
            query_field,
            implied: false,
        }
    }

    /// The fields of the key, the partition key first.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.field).chain(&self.sort_fields).map(String::as_str)
    }
}
