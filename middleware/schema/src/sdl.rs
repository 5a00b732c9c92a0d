//! GraphQL's own rules: names that are unique and known, directives in their places with the arguments they take.
//!
//! The words and the order are those of graphql-js 15, with which the reference checks a schema before anything else.
//! Its second pass, over the values of arguments, is [`values`].

use std::collections::HashMap;

use apollo_compiler::{
    Name, Node,
    ast::{
        Definition, Directive, DirectiveList, DirectiveLocation, Document, EnumValueDefinition,
        FieldDefinition, InputValueDefinition, OperationType, Type,
    },
};

use crate::{
    definitions::Definitions,
    report::{Report, shortened},
    source::Span,
    suggestion::did_you_mean,
    syntax::{name_span, node_span},
    values,
};

/// Checks a document. What is wrong goes to the report.
pub(crate) fn check(document: &Document, definitions: &Definitions<'_>, report: &mut Report<'_>) {
    let mut walk = Walk { definitions, report, seen: Seen::default(), directives: Vec::new() };
    for definition in &document.definitions {
        walk.definition(definition);
    }
    for directive in std::mem::take(&mut walk.directives) {
        let guess = report.guesses();
        values::check_directive(directive, definitions, guess, &mut |span, message| {
            report.value(span, message)
        });
    }
}

pub(crate) struct Walk<'d, 'r, 's> {
    pub(crate) definitions: &'d Definitions<'d>,
    pub(crate) report: &'r mut Report<'s>,
    pub(crate) seen: Seen<'d>,
    /// Every directive, in order, for the second pass.
    pub(crate) directives: Vec<&'d Node<Directive>>,
}

/// What may stand only once.
#[derive(Default)]
pub(crate) struct Seen<'d> {
    types: HashMap<&'d str, Span>,
    directive_definitions: HashMap<&'d str, Span>,
    fields: HashMap<(&'d str, &'d str), Span>,
    enum_values: HashMap<(&'d str, &'d str), Span>,
    pub(crate) type_directives: HashMap<(&'d str, &'d str), Span>,
    has_schema: bool,
    operation_types: HashMap<OperationType, Span>,
}

impl<'d> Walk<'d, '_, '_> {
    fn definition(&mut self, definition: &'d Definition) {
        use DirectiveLocation as At;
        match definition {
            Definition::SchemaDefinition(schema) => {
                if std::mem::replace(&mut self.seen.has_schema, true) {
                    self.report.validation(node_span(schema), "Must provide only one schema definition.");
                }
                self.operation_types(&schema.root_operations);
                self.type_directives("", &schema.directives, At::Schema);
                self.known_types(schema.root_operations.iter().map(|operation| &operation.1));
            }
            Definition::SchemaExtension(schema) => {
                self.operation_types(&schema.root_operations);
                self.type_directives("", &schema.directives, At::Schema);
                self.known_types(schema.root_operations.iter().map(|operation| &operation.1));
            }
            Definition::DirectiveDefinition(directive) => {
                let span = name_span(&directive.name);
                if let Some(first) =
                    self.seen.directive_definitions.insert(directive.name.as_str(), span.clone())
                {
                    let message = format!("There can be only one directive named \"@{}\".", directive.name);
                    self.report.clash(first, span, message);
                }
                self.arguments(&directive.arguments, At::ArgumentDefinition);
            }
            Definition::ScalarTypeDefinition(scalar) => {
                self.declared(&scalar.name);
                self.type_directives(&scalar.name, &scalar.directives, At::Scalar);
            }
            Definition::ObjectTypeDefinition(object) => {
                self.declared(&object.name);
                self.object(
                    &object.name,
                    &object.implements_interfaces,
                    &object.directives,
                    &object.fields,
                    At::Object,
                );
            }
            Definition::InterfaceTypeDefinition(interface) => {
                self.declared(&interface.name);
                self.object(
                    &interface.name,
                    &interface.implements_interfaces,
                    &interface.directives,
                    &interface.fields,
                    At::Interface,
                );
            }
            Definition::UnionTypeDefinition(union) => {
                self.declared(&union.name);
                self.type_directives(&union.name, &union.directives, At::Union);
                self.known_types(union.members.iter());
            }
            Definition::EnumTypeDefinition(definition) => {
                self.declared(&definition.name);
                self.enumeration(&definition.name, &definition.directives, &definition.values);
            }
            Definition::InputObjectTypeDefinition(input) => {
                self.declared(&input.name);
                self.input(&input.name, &input.directives, &input.fields);
            }
            Definition::ScalarTypeExtension(scalar) => {
                self.extended(&scalar.name);
                self.type_directives(&scalar.name, &scalar.directives, At::Scalar);
            }
            Definition::ObjectTypeExtension(object) => {
                self.object(
                    &object.name,
                    &object.implements_interfaces,
                    &object.directives,
                    &object.fields,
                    At::Object,
                );
            }
            Definition::InterfaceTypeExtension(interface) => {
                self.object(
                    &interface.name,
                    &interface.implements_interfaces,
                    &interface.directives,
                    &interface.fields,
                    At::Interface,
                );
            }
            Definition::UnionTypeExtension(union) => {
                self.type_directives(&union.name, &union.directives, At::Union);
                self.known_types(union.members.iter());
            }
            Definition::EnumTypeExtension(definition) => {
                self.enumeration(&definition.name, &definition.directives, &definition.values);
            }
            Definition::InputObjectTypeExtension(input) => {
                self.input(&input.name, &input.directives, &input.fields);
            }
            // Refused elsewhere; the reference passes over them.
            Definition::OperationDefinition(_) | Definition::FragmentDefinition(_) => {}
        }
    }

    fn declared(&mut self, name: &'d Name) {
        let span = name_span(name);
        if let Some(first) = self.seen.types.get(name.as_str()) {
            let message = format!("There can be only one type named \"{}\".", shortened(name));
            self.report.clash(first.clone(), span, message);
        } else {
            self.seen.types.insert(name.as_str(), span);
        }
    }

    /// Extensions of anything but scalars have been looked at before.
    fn extended(&mut self, name: &'d Name) {
        if self.definitions.named(name).is_none() {
            let guess = self.report.guesses();
            let names = self.definitions.defined_names();
            let meant = if guess { did_you_mean("", name, names) } else { String::new() };
            let message =
                format!("Cannot extend type \"{}\" because it is not defined.{meant}", shortened(name));
            self.report.validation(name_span(name), message);
        }
    }

    fn operation_types(&mut self, types: &'d [Node<(OperationType, Name)>]) {
        for operation in types {
            let span = node_span(operation);
            if let Some(first) = self.seen.operation_types.insert(operation.0, span.clone()) {
                let message = format!("There can be only one {} type in schema.", operation.0);
                self.report.clash(first, span, message);
            }
        }
    }

    fn object(
        &mut self,
        name: &'d Name,
        interfaces: &'d [Name],
        directives: &'d DirectiveList,
        fields: &'d [Node<FieldDefinition>],
        location: DirectiveLocation,
    ) {
        self.fields(name, fields.iter().map(|field| &field.name));
        self.unique_type_directives(name, directives);
        self.known_types(interfaces.iter());
        self.directives(directives, location);
        for field in fields {
            self.unique_directives(&field.directives);
            self.arguments(&field.arguments, DirectiveLocation::ArgumentDefinition);
            self.known_type(&field.ty);
            self.directives(&field.directives, DirectiveLocation::FieldDefinition);
        }
    }

    fn enumeration(
        &mut self,
        name: &'d Name,
        directives: &'d DirectiveList,
        values: &'d [Node<EnumValueDefinition>],
    ) {
        for value in values {
            let span = name_span(&value.value);
            let key = (name.as_str(), value.value.as_str());
            if let Some(first) = self.seen.enum_values.get(&key) {
                let place = format!("{}.{}", shortened(name), shortened(&value.value));
                let message = format!("Enum value \"{place}\" can only be defined once.");
                self.report.clash(first.clone(), span, message);
            } else {
                self.seen.enum_values.insert(key, span);
            }
        }
        self.type_directives(name, directives, DirectiveLocation::Enum);
        for value in values {
            self.unique_directives(&value.directives);
            self.directives(&value.directives, DirectiveLocation::EnumValue);
        }
    }

    fn input(
        &mut self,
        name: &'d Name,
        directives: &'d DirectiveList,
        fields: &'d [Node<InputValueDefinition>],
    ) {
        self.fields(name, fields.iter().map(|field| &field.name));
        self.type_directives(name, directives, DirectiveLocation::InputObject);
        self.arguments(fields, DirectiveLocation::InputFieldDefinition);
    }

    fn fields(&mut self, of: &'d Name, names: impl Iterator<Item = &'d Name>) {
        for name in names {
            let span = name_span(name);
            let key = (of.as_str(), name.as_str());
            if let Some(first) = self.seen.fields.get(&key) {
                let place = format!("{}.{}", shortened(of), shortened(name));
                let message = format!("Field \"{place}\" can only be defined once.");
                self.report.clash(first.clone(), span, message);
            } else {
                self.seen.fields.insert(key, span);
            }
        }
    }

    fn arguments(&mut self, arguments: &'d [Node<InputValueDefinition>], location: DirectiveLocation) {
        for argument in arguments {
            self.unique_directives(&argument.directives);
            self.known_type(&argument.ty);
            self.directives(&argument.directives, location);
        }
    }

    fn known_types(&mut self, names: impl Iterator<Item = &'d Name>) {
        for name in names {
            self.known_name(name);
        }
    }

    fn known_type(&mut self, ty: &'d Type) {
        self.known_name(ty.inner_named_type());
    }

    fn known_name(&mut self, name: &Name) {
        if !self.definitions.knows_type(name) {
            let meant = self.meant(name);
            let message = format!("Unknown type \"{}\".{meant}", shortened(name));
            self.report.validation(name_span(name), message);
        }
    }

    /// What type may have been meant.
    fn meant(&self, name: &str) -> String {
        if !self.report.guesses() {
            return String::new();
        }
        did_you_mean("", name, self.definitions.type_names())
    }

    fn type_directives(&mut self, of: &'d str, directives: &'d DirectiveList, location: DirectiveLocation) {
        self.unique_type_directives(of, directives);
        self.directives(directives, location);
    }
}
