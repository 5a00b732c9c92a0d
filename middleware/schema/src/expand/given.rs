//! What `schema.graphql` declares, as far as AppSync takes it.

use apollo_compiler::{
    Node,
    ast::{
        Definition, DirectiveList, Document, EnumValueDefinition, FieldDefinition, InputValueDefinition,
        ObjectTypeDefinition,
    },
};

use super::{
    FieldSource, TypeExpression,
    definition::{AppliedDirective, EnumValue, ExpandedField, ExpandedType, InputValue, TypeBody},
    draft::Draft,
};
use crate::arguments::text_of;

/// The directives that AppSync knows; the others are this project's and the reference's, and are used up.
const KEPT: [&str; 8] = [
    "aws_subscribe",
    "aws_auth",
    "aws_api_key",
    "aws_iam",
    "aws_oidc",
    "aws_cognito_user_pools",
    "aws_lambda",
    "deprecated",
];
/// The directives that make types or fields in ways that are not followed here.
const MAKERS: [&str; 5] = ["conversation", "generation", "http", "predictions", "searchable"];
/// A part of a function's name that stands for the environment in which Amplify deploys it.
const ENVIRONMENT: &str = "-${env}";

/// The types of a document. Interfaces, unions and scalars of its own are refused elsewhere.
pub(crate) fn read(document: &Document) -> Draft {
    let mut draft = Draft::default();
    for definition in &document.definitions {
        match definition {
            Definition::ObjectTypeDefinition(object) => draft.add(object_type(object)),
            Definition::InputObjectTypeDefinition(input) => draft.add(ExpandedType {
                description: description(input.description.as_ref()),
                directives: kept(&input.directives),
                ..ExpandedType::input(input.name.as_str(), inputs(&input.fields))
            }),
            Definition::EnumTypeDefinition(definition) => draft.add(ExpandedType {
                name: definition.name.to_string(),
                description: description(definition.description.as_ref()),
                directives: kept(&definition.directives),
                body: TypeBody::Enum(definition.values.iter().map(enum_value).collect()),
            }),
            _ => {}
        }
    }
    for definition in &document.definitions {
        if let Definition::ObjectTypeExtension(extension) = definition
            && draft.get(&extension.name).is_some_and(ExpandedType::is_object)
        {
            let fields = extension.fields.iter().map(field);
            draft.extend(&extension.name, fields.collect::<Vec<_>>());
            draft.guard_type(&extension.name, &kept(&extension.directives));
        }
    }
    draft
}

/// What is declared and not read: kinds of types, and directives that make further fields.
pub(crate) fn omitted(document: &Document) -> Vec<String> {
    let mut omitted = Vec::new();
    for definition in &document.definitions {
        let (directives, fields): (_, &[Node<FieldDefinition>]) = match definition {
            Definition::ObjectTypeDefinition(object) => (&object.directives, &object.fields),
            Definition::ObjectTypeExtension(object) => (&object.directives, &object.fields),
            Definition::InterfaceTypeDefinition(_)
            | Definition::UnionTypeDefinition(_)
            | Definition::ScalarTypeDefinition(_)
            | Definition::InterfaceTypeExtension(_)
            | Definition::UnionTypeExtension(_)
            | Definition::ScalarTypeExtension(_)
            | Definition::EnumTypeExtension(_)
            | Definition::InputObjectTypeExtension(_) => {
                omitted.extend(definition.name().map(ToString::to_string));
                continue;
            }
            _ => continue,
        };
        if let Definition::ObjectTypeDefinition(object) = definition
            && !object.implements_interfaces.is_empty()
        {
            omitted.push(format!("{} implements", object.name));
        }
        let all = directives.iter().chain(fields.iter().flat_map(|field| field.directives.iter()));
        let makers = all.filter(|directive| MAKERS.contains(&directive.name.as_str()));
        omitted.extend(makers.map(|directive| format!("@{}", directive.name)));
    }
    omitted
}

/// A `type` without the directives that AppSync does not know.
pub(crate) fn object_type(object: &ObjectTypeDefinition) -> ExpandedType {
    let fields = object.fields.iter().map(field).collect();
    ExpandedType {
        description: description(object.description.as_ref()),
        directives: kept(&object.directives),
        ..ExpandedType::object(object.name.as_str(), fields)
    }
}

fn field(definition: &Node<FieldDefinition>) -> ExpandedField {
    let functions = definition.directives.get_all("function");
    let name = |name: String| name.strip_suffix(ENVIRONMENT).map(str::to_owned).unwrap_or(name);
    let names: Vec<String> =
        functions.filter_map(|function| Some(name(text_of(function, "name")?.value))).collect();
    ExpandedField {
        description: description(definition.description.as_ref()),
        directives: kept(&definition.directives),
        source: (!names.is_empty()).then_some(FieldSource::Functions { names }),
        ..ExpandedField::new(
            definition.name.as_str(),
            inputs(&definition.arguments),
            TypeExpression::from(&definition.ty),
        )
    }
}

fn inputs(definitions: &[Node<InputValueDefinition>]) -> Vec<InputValue> {
    let input = |definition: &Node<InputValueDefinition>| InputValue {
        name: definition.name.to_string(),
        description: description(definition.description.as_ref()),
        kind: TypeExpression::from(&*definition.ty),
        default: definition.default_value.as_ref().map(|value| value.serialize().no_indent().to_string()),
        directives: kept(&definition.directives),
    };
    definitions.iter().map(input).collect()
}

fn enum_value(definition: &Node<EnumValueDefinition>) -> EnumValue {
    EnumValue {
        name: definition.value.to_string(),
        description: description(definition.description.as_ref()),
        directives: kept(&definition.directives),
    }
}

fn kept(directives: &DirectiveList) -> Vec<AppliedDirective> {
    let is_kept = |name: &str| KEPT.contains(&name);
    let applied = directives.iter().filter(|directive| is_kept(&directive.name)).map(|directive| {
        let argument = |argument: &Node<apollo_compiler::ast::Argument>| {
            (argument.name.to_string(), argument.value.serialize().no_indent().to_string())
        };
        AppliedDirective {
            name: directive.name.to_string(),
            arguments: directive.arguments.iter().map(argument).collect(),
        }
    });
    applied.collect()
}

fn description(text: Option<&Node<str>>) -> Option<String> {
    text.map(|text| text.to_string())
}
