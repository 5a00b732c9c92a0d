//! The directives and types that a schema may use: its own and those of the prelude.

use std::collections::HashMap;

use apollo_compiler::{
    Node,
    ast::{Definition, DirectiveDefinition, Document, EnumTypeDefinition, InputObjectTypeDefinition},
};

use crate::prelude;

/// The scalars of GraphQL itself.
const STANDARD: [&str; 5] = ["String", "Int", "Float", "Boolean", "ID"];
/// The types by which GraphQL describes itself; nobody declares them.
const INTROSPECTION: [&str; 8] = [
    "__Schema",
    "__Directive",
    "__DirectiveLocation",
    "__Type",
    "__Field",
    "__InputValue",
    "__EnumValue",
    "__TypeKind",
];

/// The values of a directive or an input type of the schema's own that has more arguments than these are not checked:
/// the reference's have few, and no door serves others.
pub(crate) const MAX_MEMBERS: usize = 100;

/// What the names of a schema stand for.
#[derive(Debug)]
pub(crate) struct Definitions<'a> {
    directives: HashMap<&'a str, &'a Node<DirectiveDefinition>>,
    types: HashMap<&'a str, Defined<'a>>,
    /// The names of the types, in the order in which they are defined.
    names: Vec<&'a str>,
}

/// A type, as far as the value of an argument is checked against it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Defined<'a> {
    Input(&'a Node<InputObjectTypeDefinition>),
    Enum(&'a Node<EnumTypeDefinition>),
    Scalar,
    Output,
}

impl<'a> Definitions<'a> {
    /// `extensions` are what this project adds to the language.
    pub(crate) fn new(document: &'a Document, extensions: bool) -> Self {
        let mut definitions = Self { directives: HashMap::new(), types: HashMap::new(), names: Vec::new() };
        let prelude = if extensions { prelude::extended() } else { prelude::document() };
        for definition in document.definitions.iter().chain(&prelude.definitions) {
            definitions.add(definition);
        }
        definitions
    }

    fn add(&mut self, definition: &'a Definition) {
        let (name, defined) = match definition {
            Definition::DirectiveDefinition(directive) => {
                self.directives.entry(directive.name.as_str()).or_insert(directive);
                return;
            }
            Definition::ScalarTypeDefinition(scalar) => (&scalar.name, Defined::Scalar),
            Definition::ObjectTypeDefinition(object) => (&object.name, Defined::Output),
            Definition::InterfaceTypeDefinition(interface) => (&interface.name, Defined::Output),
            Definition::UnionTypeDefinition(union) => (&union.name, Defined::Output),
            Definition::EnumTypeDefinition(definition) => {
                (&definition.name, limited(definition.values.len(), Defined::Enum(definition)))
            }
            Definition::InputObjectTypeDefinition(input) => {
                (&input.name, limited(input.fields.len(), Defined::Input(input)))
            }
            _ => return,
        };
        if self.types.insert(name.as_str(), defined).is_none() {
            self.names.push(name.as_str());
        }
    }

    /// The definition of a directive.
    pub(crate) fn directive(&self, name: &str) -> Option<&'a Node<DirectiveDefinition>> {
        self.directives.get(name).copied()
    }

    /// What a type of this name is; nothing if there is no such type.
    pub(crate) fn named(&self, name: &str) -> Option<Defined<'a>> {
        let standard = || STANDARD.contains(&name).then_some(Defined::Scalar);
        self.types.get(name).copied().or_else(standard)
    }

    /// Whether the name may stand for a type.
    pub(crate) fn knows_type(&self, name: &str) -> bool {
        self.named(name).is_some() || INTROSPECTION.contains(&name)
    }

    /// Every name that may stand for a type.
    pub(crate) fn type_names(&self) -> impl Iterator<Item = &'a str> {
        STANDARD.into_iter().chain(INTROSPECTION).chain(self.defined_names())
    }

    /// The names of the types that are written down somewhere, and so can be extended.
    pub(crate) fn defined_names(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().copied()
    }
}

fn limited(members: usize, defined: Defined<'_>) -> Defined<'_> {
    if members > MAX_MEMBERS { Defined::Scalar } else { defined }
}
