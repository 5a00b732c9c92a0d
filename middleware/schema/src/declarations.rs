//! The types that a schema declares, sorted by kind, before any of their fields is read.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use apollo_compiler::{
    Name, Node,
    ast::{
        Definition, Document, EnumTypeDefinition, FieldDefinition, InputObjectTypeDefinition,
        ObjectTypeDefinition, OperationType,
    },
};

use crate::{
    EnumType, Scalar,
    directives::refuse_others,
    report::{Report, shortened},
    source::Span,
    syntax::{name_span, node_span},
    types::{ROOTS, Types},
};

/// Names may be so long: they become parts of keys and paths.
pub(crate) const MAX_NAME: usize = 128;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Declared {
    Model,
    Object,
    /// A type of arguments.
    Input,
    Enum(Arc<EnumType>),
    /// A kind of type that has been refused already.
    Refused,
}

/// The types of a schema.
#[derive(Debug, Default)]
pub(crate) struct Declarations<'a> {
    pub(crate) models: Vec<&'a Node<ObjectTypeDefinition>>,
    pub(crate) objects: Vec<&'a Node<ObjectTypeDefinition>>,
    /// Types of arguments.
    pub(crate) inputs: Vec<&'a Node<InputObjectTypeDefinition>>,
    pub(crate) enums: Vec<Arc<EnumType>>,
    /// The fields of `Query`, `Mutation` and `Subscription`, with the name of the type.
    pub(crate) operations: Vec<(&'a str, &'a Node<FieldDefinition>)>,
    names: HashMap<&'a str, Declared>,
}

impl<'a> Declarations<'a> {
    pub(crate) fn read(document: &'a Document, types: &Types<'_>, report: &mut Report<'_>) -> Self {
        let mut declarations = Self::default();
        for definition in &document.definitions {
            declarations.add(definition, types, report);
        }
        declarations
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Declared> {
        self.names.get(name)
    }

    fn add(&mut self, definition: &'a Definition, types: &Types<'_>, report: &mut Report<'_>) {
        match definition {
            Definition::ObjectTypeDefinition(object) => self.add_object(object, types, report),
            Definition::EnumTypeDefinition(definition) => {
                let read = Arc::new(read_enum(definition, report));
                if self.declare(&definition.name, Declared::Enum(Arc::clone(&read)), report) {
                    self.enums.push(read);
                }
            }
            Definition::InterfaceTypeDefinition(interface) => {
                self.refuse(&interface.name, "an interface", report);
            }
            Definition::UnionTypeDefinition(union) => self.refuse(&union.name, "a union", report),
            Definition::InputObjectTypeDefinition(input) => {
                if self.declare(&input.name, Declared::Input, report) {
                    refuse_others(&input.directives, &[], report);
                    self.inputs.push(input);
                }
            }
            Definition::ScalarTypeDefinition(scalar) => {
                self.refuse(&scalar.name, "a custom scalar", report);
            }
            Definition::ObjectTypeExtension(extension) => {
                if types.is_root(&extension.name) {
                    refuse_others(&extension.directives, &[], report);
                    self.operations
                        .extend(extension.fields.iter().map(|field| (extension.name.as_str(), field)));
                } else {
                    refuse_extension(extension, report);
                }
            }
            Definition::InterfaceTypeExtension(extension) => refuse_extension(extension, report),
            Definition::SchemaExtension(extension) => refuse_extension(extension, report),
            Definition::ScalarTypeExtension(extension) => refuse_extension(extension, report),
            Definition::UnionTypeExtension(extension) => refuse_extension(extension, report),
            Definition::EnumTypeExtension(extension) => refuse_extension(extension, report),
            Definition::InputObjectTypeExtension(extension) => refuse_extension(extension, report),
            Definition::SchemaDefinition(schema) => {
                let usual = |operation: &Node<(OperationType, Name)>| {
                    operation.1.as_str().eq_ignore_ascii_case(operation.0.name())
                        && ROOTS.contains(&operation.1.as_str())
                };
                if !schema.root_operations.iter().all(usual) || !schema.directives.is_empty() {
                    let message = "`schema` with other types than `Query`, `Mutation` and `Subscription`";
                    report.unsupported(start(node_span(schema), "schema"), message);
                }
            }
            Definition::DirectiveDefinition(directive) => {
                report.unsupported(name_span(&directive.name), "a directive definition");
            }
            Definition::OperationDefinition(operation) => refuse_executable(operation, report),
            Definition::FragmentDefinition(fragment) => refuse_executable(fragment, report),
        }
    }

    fn add_object(
        &mut self,
        object: &'a Node<ObjectTypeDefinition>,
        types: &Types<'_>,
        report: &mut Report<'_>,
    ) {
        let name = object.name.as_str();
        if types.is_root(name) {
            self.declare(&object.name, Declared::Refused, report);
            refuse_others(&object.directives, &[], report);
            self.operations.extend(object.fields.iter().map(|field| (name, field)));
            return;
        }
        let is_model = object.directives.has("model");
        let declared = if is_model { Declared::Model } else { Declared::Object };
        if !self.declare(&object.name, declared, report) {
            return;
        }
        for interface in &object.implements_interfaces {
            report.unsupported(name_span(interface), "`implements`");
        }
        if object.fields.is_empty() {
            let message = format!("Type {} must define one or more fields.", shortened(name));
            report.refused(name_span(&object.name), message);
        }
        let kind = if is_model { &mut self.models } else { &mut self.objects };
        kind.push(object);
    }

    fn refuse(&mut self, name: &'a Name, what: &str, report: &mut Report<'_>) {
        if self.declare(name, Declared::Refused, report) {
            report.unsupported(name_span(name), what);
        }
    }

    fn declare(&mut self, name: &'a Name, declared: Declared, report: &mut Report<'_>) -> bool {
        if !check_name(name, report) {
            // Known all the same, so that its uses are not called unknown.
            self.names.entry(name.as_str()).or_insert(Declared::Refused);
            return false;
        }
        if self.names.contains_key(name.as_str()) {
            return false;
        }
        if Scalar::from_name(name).is_some() {
            let message = format!("There can be only one type named \"{name}\".");
            report.refused(name_span(name), message);
            return false;
        }
        self.names.insert(name.as_str(), declared);
        true
    }
}

/// Whether a name can be used at all.
pub(crate) fn check_name(name: &Name, report: &mut Report<'_>) -> bool {
    if name.starts_with("__") {
        let short = shortened(name);
        let message = format!(
            "Name \"{short}\" must not begin with \"__\", which is reserved by GraphQL introspection."
        );
        report.refused(name_span(name), message);
        return false;
    }
    if name.len() > MAX_NAME {
        report.refused(name_span(name), format!("a name cannot be longer than {MAX_NAME} characters"));
        return false;
    }
    true
}

fn read_enum(definition: &Node<EnumTypeDefinition>, report: &mut Report<'_>) -> EnumType {
    refuse_others(&definition.directives, &["deprecated"], report);
    if definition.values.is_empty() {
        let name = shortened(&definition.name);
        let message = format!("Enum type {name} must define one or more values.");
        report.refused(name_span(&definition.name), message);
    }
    let mut seen = HashSet::new();
    let mut values = Vec::new();
    for value in &definition.values {
        refuse_others(&value.directives, &["deprecated"], report);
        if seen.insert(value.value.as_str()) && check_name(&value.value, report) {
            values.push(value.value.to_string());
        }
    }
    let description = definition.description.as_ref().map(|text| text.to_string());
    EnumType { name: definition.name.to_string(), description, values }
}

fn refuse_extension<T>(extension: &Node<T>, report: &mut Report<'_>) {
    report.unsupported(start(node_span(extension), "extend"), "`extend`");
}

fn refuse_executable<T>(definition: &Node<T>, report: &mut Report<'_>) {
    report.refused(start(node_span(definition), "{"), "a schema holds types, not operations");
}

/// The first word of a span: a definition may run over many lines.
fn start(span: Span, word: &str) -> Span {
    span.start..span.end.min(span.start + word.len())
}
