//! The type of a field.

use std::{fmt, sync::Arc};

use crate::{EnumType, Scalar};

/// The type of a field, such as `[String!]!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRef {
    /// The type of the value, or of each item of the list.
    pub named: NamedType,
    /// Whether it is a list.
    pub list: bool,
    /// Whether the value (the list, if it is one) may be neither absent nor null.
    pub required: bool,
    /// Whether the items of the list may not be null.
    pub required_items: bool,
}

/// What a type reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamedType {
    /// A scalar.
    Scalar(Scalar),
    /// An enum of the schema.
    Enum(Arc<EnumType>),
    /// The name of a nested object type; [`ModelType::object`](crate::ModelType::object) knows its fields.
    Object(String),
    /// The name of a model, in the answer of a handler.
    Model(String),
}

impl TypeRef {
    /// A scalar, neither required nor a list.
    #[must_use]
    pub fn scalar(scalar: Scalar) -> Self {
        Self { named: NamedType::Scalar(scalar), list: false, required: false, required_items: false }
    }

    /// The same type, required.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl NamedType {
    /// The name of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Scalar(scalar) => scalar.name(),
            Self::Enum(kind) => kind.name(),
            Self::Object(name) | Self::Model(name) => name,
        }
    }
}

impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, items, close) = match (self.list, self.required_items) {
            (false, _) => ("", "", ""),
            (true, false) => ("[", "", "]"),
            (true, true) => ("[", "!", "]"),
        };
        let required = if self.required { "!" } else { "" };
        write!(f, "{open}{}{items}{close}{required}", self.named.name())
    }
}
