//! The definitions of an expanded schema.

use crate::{FieldSource, TypeExpression};

/// A type of an expanded schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandedType {
    /// The name of the type.
    pub name: String,
    /// What `schema.graphql` says about it.
    pub description: Option<String>,
    /// The directives of AppSync on it: who may come in to its fields, unless a field says otherwise.
    pub directives: Vec<AppliedDirective>,
    /// What the type consists of.
    pub body: TypeBody,
}

/// What a type consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypeBody {
    /// A `type`.
    Object(Vec<ExpandedField>),
    /// An `input`.
    Input(Vec<InputValue>),
    /// An `enum`.
    Enum(Vec<EnumValue>),
}

/// A field of a type that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandedField {
    /// The name of the field.
    pub name: String,
    /// What `schema.graphql` says about it.
    pub description: Option<String>,
    /// The arguments, in order.
    pub arguments: Vec<InputValue>,
    /// The type of the answer.
    pub kind: TypeExpression,
    /// The directives of AppSync on it.
    pub directives: Vec<AppliedDirective>,
    /// What answers the field; nothing if the parent's answer holds the value.
    pub source: Option<FieldSource>,
}

/// An argument of a field, or a field of an `input`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputValue {
    /// The name.
    pub name: String,
    /// What `schema.graphql` says about it.
    pub description: Option<String>,
    /// The type of the value.
    pub kind: TypeExpression,
    /// The value where a client sends none, as GraphQL writes it.
    pub default: Option<String>,
    /// The directives of AppSync on it.
    pub directives: Vec<AppliedDirective>,
}

/// A value of an `enum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumValue {
    /// The name of the value.
    pub name: String,
    /// What `schema.graphql` says about it.
    pub description: Option<String>,
    /// `@deprecated`, if it is there.
    pub directives: Vec<AppliedDirective>,
}

/// A directive as it stands behind a type or a field, such as `@aws_iam`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppliedDirective {
    /// The name, without the `@`.
    pub name: String,
    /// The arguments: names and values, as GraphQL writes them.
    pub arguments: Vec<(String, String)>,
}

impl ExpandedType {
    /// The fields of a `type`; none of another kind.
    #[must_use]
    pub fn fields(&self) -> &[ExpandedField] {
        match &self.body {
            TypeBody::Object(fields) => fields,
            TypeBody::Input(_) | TypeBody::Enum(_) => &[],
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&ExpandedField> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// The fields of an `input`; none of another kind.
    #[must_use]
    pub fn inputs(&self) -> &[InputValue] {
        match &self.body {
            TypeBody::Input(fields) => fields,
            TypeBody::Object(_) | TypeBody::Enum(_) => &[],
        }
    }

    pub(crate) fn object(name: impl Into<String>, fields: Vec<ExpandedField>) -> Self {
        Self::new(name, TypeBody::Object(fields))
    }

    pub(crate) fn input(name: impl Into<String>, fields: Vec<InputValue>) -> Self {
        Self::new(name, TypeBody::Input(fields))
    }

    pub(crate) fn enumeration(name: impl Into<String>, values: &[&str]) -> Self {
        let value =
            |name: &&str| EnumValue { name: (*name).to_owned(), description: None, directives: Vec::new() };
        Self::new(name, TypeBody::Enum(values.iter().map(value).collect()))
    }

    fn new(name: impl Into<String>, body: TypeBody) -> Self {
        Self { name: name.into(), description: None, directives: Vec::new(), body }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self.body, TypeBody::Object(_))
    }

    pub(crate) fn is_enum(&self) -> bool {
        matches!(self.body, TypeBody::Enum(_))
    }

    pub(crate) fn fields_mut(&mut self) -> Option<&mut Vec<ExpandedField>> {
        match &mut self.body {
            TypeBody::Object(fields) => Some(fields),
            TypeBody::Input(_) | TypeBody::Enum(_) => None,
        }
    }

    pub(crate) fn inputs_mut(&mut self) -> Option<&mut Vec<InputValue>> {
        match &mut self.body {
            TypeBody::Input(fields) => Some(fields),
            TypeBody::Object(_) | TypeBody::Enum(_) => None,
        }
    }
}

impl ExpandedField {
    /// The argument of this name.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&InputValue> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    pub(crate) fn new(name: impl Into<String>, arguments: Vec<InputValue>, kind: TypeExpression) -> Self {
        Self { name: name.into(), description: None, arguments, kind, directives: Vec::new(), source: None }
    }

    pub(crate) fn answered_by(self, source: FieldSource) -> Self {
        Self { source: Some(source), ..self }
    }
}

impl InputValue {
    pub(crate) fn new(name: impl Into<String>, kind: TypeExpression) -> Self {
        Self { name: name.into(), description: None, kind, default: None, directives: Vec::new() }
    }

    /// One that may be left out and holds a value of the type of this name.
    pub(crate) fn of(name: impl Into<String>, type_name: impl Into<String>) -> Self {
        Self::new(name, TypeExpression::named(type_name))
    }
}

impl AppliedDirective {
    pub(crate) fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), arguments: Vec::new() }
    }
}

/// Adds the directives that are not there yet.
pub(crate) fn add_directives(known: &mut Vec<AppliedDirective>, more: &[AppliedDirective]) {
    for directive in more {
        if !known.iter().any(|known| known.name == directive.name) {
            known.push(directive.clone());
        }
    }
}
