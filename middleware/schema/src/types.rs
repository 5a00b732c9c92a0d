//! The types of a document by name, as checks over several types look them up.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    Node,
    ast::{
        Definition, DirectiveList, Document, EnumTypeDefinition, FieldDefinition, ObjectTypeDefinition, Type,
    },
};

use crate::{Scalar, arguments::value_of};

/// The object types of a document, and what else can be in a field.
#[derive(Debug)]
pub(crate) struct Types<'a> {
    /// In the order of the file.
    pub(crate) objects: Vec<&'a Node<ObjectTypeDefinition>>,
    by_name: HashMap<&'a str, &'a Node<ObjectTypeDefinition>>,
    enums: HashMap<&'a str, &'a Node<EnumTypeDefinition>>,
    roots: Vec<&'a str>,
}

/// The types whose fields are operations, unless `schema` says otherwise.
pub(crate) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];
/// Scalars of the reference that this project does not store.
const OTHER_SCALARS: [&str; 2] = ["BigInt", "Double"];

impl<'a> Types<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        let objects = document.definitions.iter().filter_map(|definition| match definition {
            Definition::ObjectTypeDefinition(object) => Some(object),
            _ => None,
        });
        let objects: Vec<_> = objects.collect();
        let enums = document.definitions.iter().filter_map(|definition| match definition {
            Definition::EnumTypeDefinition(definition) => Some((definition.name.as_str(), definition)),
            _ => None,
        });
        let schema = document.definitions.iter().find_map(|definition| match definition {
            Definition::SchemaDefinition(schema) => Some(schema),
            _ => None,
        });
        let roots = match schema {
            Some(schema) => schema.root_operations.iter().map(|operation| operation.1.as_str()).collect(),
            None => ROOTS.to_vec(),
        };
        let by_name = objects.iter().rev().map(|object| (object.name.as_str(), *object)).collect();
        Self { objects, by_name, enums: enums.collect(), roots }
    }

    pub(crate) fn object(&self, name: &str) -> Option<&'a Node<ObjectTypeDefinition>> {
        self.by_name.get(name).copied()
    }

    /// The values of the enum of this name.
    pub(crate) fn enum_values(&self, name: &str) -> Option<impl Iterator<Item = &'a str>> {
        let definition = self.enums.get(name)?;
        Some(definition.values.iter().map(|value| value.value.as_str()))
    }

    /// Whether the fields of the type are operations.
    pub(crate) fn is_root(&self, name: &str) -> bool {
        self.roots.contains(&name)
    }

    /// The name of the type of a field; an undeclared key is an `ID`.
    pub(crate) fn name_of_type(&self, of: &ObjectTypeDefinition, name: &str) -> String {
        field(of, name).map_or("ID".to_owned(), |field| field.ty.inner_named_type().to_string())
    }

    /// Whether the type, or the type of its items, is a scalar or an enum.
    pub(crate) fn is_scalar_or_enum(&self, ty: &Type) -> bool {
        let name = ty.inner_named_type().as_str();
        Scalar::from_name(name).is_some() || OTHER_SCALARS.contains(&name) || self.enums.contains_key(name)
    }
}

pub(crate) fn is_model(directives: &DirectiveList) -> bool {
    directives.has("model")
}

/// The field of this name.
pub(crate) fn field<'a>(object: &'a ObjectTypeDefinition, name: &str) -> Option<&'a Node<FieldDefinition>> {
    object.fields.iter().find(|field| field.name == *name)
}

/// The fields of a type; of those with the same name, which is a mistake, the first.
pub(crate) fn fields(object: &ObjectTypeDefinition) -> impl Iterator<Item = &Node<FieldDefinition>> {
    let mut seen = HashSet::new();
    object.fields.iter().filter(move |field| seen.insert(field.name.as_str()))
}

/// Whether changes of the model are told to everybody who may listen: `@model(subscriptions: {level: ..})`.
pub(crate) fn has_subscriptions(object: &ObjectTypeDefinition) -> bool {
    let level = object
        .directives
        .get("model")
        .and_then(|model| value_of(model, "subscriptions"))
        .and_then(|subscriptions| subscriptions.as_object())
        .and_then(|subscriptions| subscriptions.iter().find(|(name, _)| *name == "level"))
        .and_then(|(_, level)| level.as_enum());
    level.is_none_or(|level| *level == "on")
}
