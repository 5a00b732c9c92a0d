//! The types that a schema declares, sorted by kind, before any of their fields is read.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use apollo_compiler::{
    Name, Node,
    ast::{Definition, DirectiveList, Document, EnumTypeDefinition, ObjectTypeDefinition},
};

use crate::{
    EnumType, Scalar, auth_directive,
    directives::refuse_others,
    report::{Report, shortened},
    source::Span,
    syntax::{directive_span, name_span, node_span},
};

/// Names may be so long: they become parts of keys and paths.
pub(crate) const MAX_NAME: usize = 128;
/// The types whose fields are operations.
const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];
/// Amplify's words.
const ON_ROOT: &str = "@auth rules on fields within Query, Mutation, Subscription cannot specify 'operations' \
    argument as these rules are already on an operation already.";

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Declared {
    Model,
    Object,
    Enum(Arc<EnumType>),
    /// A kind of type that has been refused already.
    Refused,
}

/// The types of a schema.
#[derive(Debug, Default)]
pub(crate) struct Declarations<'a> {
    pub(crate) models: Vec<&'a Node<ObjectTypeDefinition>>,
    pub(crate) objects: Vec<&'a Node<ObjectTypeDefinition>>,
    pub(crate) enums: Vec<Arc<EnumType>>,
    names: HashMap<&'a str, Declared>,
}

impl<'a> Declarations<'a> {
    pub(crate) fn read(document: &'a Document, report: &mut Report<'_>) -> Self {
        let mut declarations = Self::default();
        for definition in &document.definitions {
            declarations.add(definition, report);
        }
        declarations
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Declared> {
        self.names.get(name)
    }

    fn add(&mut self, definition: &'a Definition, report: &mut Report<'_>) {
        match definition {
            Definition::ObjectTypeDefinition(object) => self.add_object(object, report),
            Definition::EnumTypeDefinition(definition) => {
                let read = Arc::new(read_enum(definition, report));
                if self.declare(&definition.name, Declared::Enum(Arc::clone(&read)), report) {
                    self.enums.push(read);
                }
            }
            Definition::InterfaceTypeDefinition(interface) => {
                self.refuse(&interface.name, "an interface", report);
                for field in &interface.fields {
                    let place = format!("{}.{}", shortened(&interface.name), shortened(&field.name));
                    let message =
                        format!("The @auth directive cannot be placed on an interface's field. See {place}");
                    refuse_auth(&field.directives, &message, report);
                }
            }
            Definition::UnionTypeDefinition(union) => self.refuse(&union.name, "a union", report),
            Definition::InputObjectTypeDefinition(input) => {
                self.refuse(&input.name, "an input type", report);
            }
            Definition::ScalarTypeDefinition(scalar) => {
                self.refuse(&scalar.name, "a custom scalar", report);
            }
            Definition::ObjectTypeExtension(extension) => {
                refuse_extension(extension, report);
                let name = shortened(&extension.name);
                refuse_extended_auth(&name, &extension.directives, report);
                let fields = extension.fields.iter().filter(|_| !ROOTS.contains(&extension.name.as_str()));
                for field in fields {
                    let message = format!(
                        "The '@auth' directive cannot be used on fields of type extensions other than 'Query', \
                         'Mutation', and 'Subscription'. See {name}.{}",
                        shortened(&field.name)
                    );
                    refuse_auth(&field.directives, &message, report);
                }
            }
            Definition::InterfaceTypeExtension(extension) => {
                refuse_extension(extension, report);
                refuse_extended_auth(&shortened(&extension.name), &extension.directives, report);
            }
            Definition::SchemaExtension(extension) => refuse_extension(extension, report),
            Definition::ScalarTypeExtension(extension) => refuse_extension(extension, report),
            Definition::UnionTypeExtension(extension) => refuse_extension(extension, report),
            Definition::EnumTypeExtension(extension) => refuse_extension(extension, report),
            Definition::InputObjectTypeExtension(extension) => refuse_extension(extension, report),
            Definition::SchemaDefinition(schema) => {
                report.unsupported(start(node_span(schema), "schema"), "`schema`");
            }
            Definition::DirectiveDefinition(directive) => {
                report.unsupported(name_span(&directive.name), "a directive definition");
            }
            Definition::OperationDefinition(operation) => refuse_executable(operation, report),
            Definition::FragmentDefinition(fragment) => refuse_executable(fragment, report),
        }
    }

    fn add_object(&mut self, object: &'a Node<ObjectTypeDefinition>, report: &mut Report<'_>) {
        let name = object.name.as_str();
        if ROOTS.contains(&name) {
            self.refuse(&object.name, &format!("a `{name}` type"), report);
            for directive in object.fields.iter().flat_map(|field| field.directives.get_all("auth")) {
                auth_directive::refuse_operations(directive, ON_ROOT, report);
            }
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
            report.validation(name_span(&object.name), message);
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
        let builtin = Scalar::from_name(name).is_some();
        if builtin || self.names.contains_key(name.as_str()) {
            let message = format!("There can be only one type named \"{name}\".");
            report.validation(name_span(name), message);
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
        report.validation(name_span(name), message);
        return false;
    }
    if name.len() > MAX_NAME {
        report.validation(name_span(name), format!("a name cannot be longer than {MAX_NAME} characters"));
        return false;
    }
    true
}

fn read_enum(definition: &Node<EnumTypeDefinition>, report: &mut Report<'_>) -> EnumType {
    let name = shortened(&definition.name);
    refuse_others(&definition.directives, &[], report);
    if definition.values.is_empty() {
        let message = format!("Enum type {name} must define one or more values.");
        report.validation(name_span(&definition.name), message);
    }
    let mut seen = HashSet::new();
    let mut values = Vec::new();
    for value in &definition.values {
        refuse_others(&value.directives, &[], report);
        if !seen.insert(value.value.as_str()) {
            let message =
                format!("Enum value \"{name}.{}\" can only be defined once.", shortened(&value.value));
            report.validation(name_span(&value.value), message);
        } else if check_name(&value.value, report) {
            values.push(value.value.to_string());
        }
    }
    let description = definition.description.as_ref().map(|text| text.to_string());
    EnumType { name: definition.name.to_string(), description, values }
}

fn refuse_extended_auth(name: &str, directives: &DirectiveList, report: &mut Report<'_>) {
    let message = format!(
        "Directives are not supported on object or interface extensions. See the '@auth' directive on '{name}'"
    );
    refuse_auth(directives, &message, report);
}

fn refuse_auth(directives: &DirectiveList, message: &str, report: &mut Report<'_>) {
    for directive in directives.get_all("auth") {
        report.directive(directive_span(directive), message);
    }
}

fn refuse_extension<T>(extension: &Node<T>, report: &mut Report<'_>) {
    report.unsupported(start(node_span(extension), "extend"), "`extend`");
}

fn refuse_executable<T>(definition: &Node<T>, report: &mut Report<'_>) {
    report.validation(start(node_span(definition), "{"), "a schema holds types, not operations");
}

/// The first word of a span: a definition may run over many lines.
fn start(span: Span, word: &str) -> Span {
    span.start..span.end.min(span.start + word.len())
}
