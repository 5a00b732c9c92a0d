//! A field that holds records of another model.

use apollo_compiler::{
    Node,
    ast::{Directive, FieldDefinition, ObjectTypeDefinition},
};

use crate::arguments::{text_of, texts_of};

/// A field of a model that stands for records of a related model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The name of the field.
    pub field: String,
    /// How many records stand on which side.
    pub kind: RelationKind,
    /// The related model.
    pub model: String,
    /// Whether the field is a list.
    pub list: bool,
    /// Whether the field may not be null.
    pub required: bool,
    /// `fields`: the fields of this model that hold the other's key. Empty if they are implied.
    pub fields: Vec<String>,
    /// `references`: the fields that hold the key, on the side that belongs to the other.
    pub references: Vec<String>,
    /// `indexName` of a `@hasMany`, or `overrideIndexName` of a `@belongsTo`.
    pub index_name: Option<String>,
    /// `relationName` of a `@manyToMany`.
    pub relation_name: Option<String>,
}

/// The directive of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// `@hasOne`
    HasOne,
    /// `@hasMany`
    HasMany,
    /// `@belongsTo`
    BelongsTo,
    /// `@manyToMany`
    ManyToMany,
}

impl RelationKind {
    pub(crate) const ALL: [Self; 4] = [Self::HasMany, Self::HasOne, Self::ManyToMany, Self::BelongsTo];

    /// The name of the directive.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HasOne => "hasOne",
            Self::HasMany => "hasMany",
            Self::BelongsTo => "belongsTo",
            Self::ManyToMany => "manyToMany",
        }
    }
}

impl Relation {
    /// The relations of a type, in the order of its fields.
    pub(crate) fn all_of(object: &ObjectTypeDefinition) -> Vec<Self> {
        object.fields.iter().filter_map(Self::of).collect()
    }

    /// The first relation of a field.
    pub(crate) fn of(field: &Node<FieldDefinition>) -> Option<Self> {
        field.directives.iter().find_map(|directive| {
            let kind = RelationKind::ALL.into_iter().find(|kind| directive.name == kind.name())?;
            Some(Self::read(field, directive, kind))
        })
    }

    fn read(field: &Node<FieldDefinition>, directive: &Directive, kind: RelationKind) -> Self {
        let texts = |name| {
            let texts = texts_of(directive, name).unwrap_or_default();
            texts.into_iter().map(|text| text.value).collect()
        };
        let text = |name| text_of(directive, name).map(|text| text.value).filter(|text| !text.is_empty());
        Self {
            field: field.name.to_string(),
            kind,
            model: field.ty.inner_named_type().to_string(),
            list: field.ty.is_list(),
            required: field.ty.is_non_null(),
            fields: texts("fields"),
            references: texts("references"),
            index_name: text("indexName").or_else(|| text("overrideIndexName")),
            relation_name: text("relationName"),
        }
    }
}
