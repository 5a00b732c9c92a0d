//! The types that a schema declares beside its models: enums and nested objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::FieldType;

/// An `enum` of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumType {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) values: Vec<String>,
}

/// A `type` without `@model`, or an `input`: an object that is stored inside a record, sent to a handler or answered by
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectType {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Whether it is a type of arguments alone.
    pub(crate) is_input: bool,
    pub(crate) fields: Vec<FieldType>,
}

/// The nested objects of a schema by name: they may contain one another.
pub(crate) type ObjectTypes = Arc<BTreeMap<String, ObjectType>>;

impl EnumType {
    /// The name of the enum.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the schema says about it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The values, in order.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

impl ObjectType {
    /// The name of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the schema says about it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether it is an `input`, a type of arguments.
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.is_input
    }

    /// The fields, in order.
    #[must_use]
    pub fn fields(&self) -> &[FieldType] {
        &self.fields
    }
}
