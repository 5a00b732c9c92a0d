//! The fields of a type, with their types resolved.

use apollo_compiler::{
    Node,
    ast::{FieldDefinition, InputValueDefinition, ObjectTypeDefinition, Type},
};

use crate::{
    FieldType, NamedType, Scalar, TypeRef, argument_default,
    context::Context,
    declarations::{Declared, check_name},
    directives::{RELATIONS, refuse_others},
    report::{Report, shortened},
    source::Span,
    syntax::{name_span, node_span},
    types,
};

/// A field with what later checks need.
#[derive(Debug)]
pub(crate) struct ReadField<'a> {
    pub(crate) definition: &'a Node<FieldDefinition>,
    /// `None` if it stands for records of another model, or if the type is wrong, and then the report says why.
    pub(crate) field: Option<FieldType>,
}

impl ReadField<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.definition.name
    }

    pub(crate) fn span(&self) -> Span {
        name_span(&self.definition.name)
    }

    /// Whether the field stands for records of another model, which are found and not stored.
    pub(crate) fn is_relation(&self) -> bool {
        is_relation(self.definition)
    }
}

fn is_relation(definition: &FieldDefinition) -> bool {
    RELATIONS.iter().any(|relation| definition.directives.has(relation))
}

/// Reads the fields of a type. Their directives and arguments are left to the caller.
pub(crate) fn read<'a>(
    object: &'a Node<ObjectTypeDefinition>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<ReadField<'a>> {
    let is_model = types::is_model(&object.directives);
    let mut fields = Vec::new();
    for definition in types::fields(object) {
        let usable = check_name(&definition.name, report);
        let mut kind =
            if is_relation(definition) { None } else { read_type(&definition.ty, Way::Out, context, report) };
        if is_model && let Some(NamedType::Model(model)) = kind.as_ref().map(|kind| &kind.named) {
            let message = format!(
                "which records of `{}` are meant? Say so with `@hasOne`, `@hasMany`, `@belongsTo` or `@manyToMany`",
                shortened(model)
            );
            report.refused(name_span(definition.ty.inner_named_type()), message);
            kind = None;
        }
        let field = kind.filter(|_| usable).map(|kind| FieldType {
            description: definition.description.as_ref().map(|text| text.to_string()),
            ..FieldType::declared(&definition.name, kind)
        });
        fields.push(ReadField { definition, field });
    }
    fields
}

/// Reads the fields of an input type, or the arguments of a field.
pub(crate) fn read_inputs(
    definitions: &[Node<InputValueDefinition>],
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<FieldType> {
    let mut fields = Vec::new();
    for definition in definitions {
        let usable = check_name(&definition.name, report);
        refuse_others(&definition.directives, &["deprecated"], report);
        let Some(kind) = read_type(&definition.ty, Way::In, context, report).filter(|_| usable) else {
            continue;
        };
        let default = definition.default_value.as_ref().and_then(|literal| {
            let read = argument_default::read(literal, &definition.ty, context.definitions);
            read.map_err(|problem| {
                report.refused(node_span(literal), format!("the default value {problem}"));
            })
            .ok()
        });
        fields.push(FieldType {
            description: definition.description.as_ref().map(|text| text.to_string()),
            default,
            ..FieldType::declared(&definition.name, kind)
        });
    }
    fields
}

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From a client.
    In,
    /// To a client.
    Out,
}

/// Resolves a type.
pub(crate) fn read_type(
    ty: &Type,
    way: Way,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<TypeRef> {
    let (list, required, item) = match ty {
        Type::Named(_) => (false, false, ty),
        Type::NonNullNamed(_) => (false, true, ty),
        Type::List(item) => (true, false, &**item),
        Type::NonNullList(item) => (true, true, &**item),
    };
    let name = ty.inner_named_type();
    let (Type::Named(_) | Type::NonNullNamed(_)) = item else {
        report.unsupported(name_span(name), "a list of lists");
        return None;
    };
    let required_items = list && matches!(item, Type::NonNullNamed(_));
    let named = match (Scalar::from_name(name), context.declarations.get(name)) {
        (Some(scalar), _) => NamedType::Scalar(scalar),
        (None, Some(Declared::Enum(kind))) => NamedType::Enum(kind.clone()),
        (None, Some(Declared::Input)) if way == Way::In => NamedType::Object(name.to_string()),
        (None, Some(Declared::Object)) if way == Way::Out => NamedType::Object(name.to_string()),
        (None, Some(Declared::Model)) if way == Way::Out => NamedType::Model(name.to_string()),
        (None, Some(Declared::Input | Declared::Object | Declared::Model)) => {
            let message = match way {
                Way::In => "an argument is a scalar, an enum or an `input` type",
                Way::Out => "an `input` type holds arguments alone",
            };
            report.refused(name_span(name), message);
            return None;
        }
        (None, Some(Declared::Refused)) => return None,
        (None, None) => {
            if context.definitions.named(name).is_some() {
                report.unsupported(name_span(name), format!("the type `{}`", shortened(name)));
            }
            return None;
        }
    };
    Some(TypeRef { named, list, required, required_items })
}
