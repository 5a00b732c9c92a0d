//! The fields of a type, with their types resolved.

use apollo_compiler::{
    Node,
    ast::{FieldDefinition, ObjectTypeDefinition, Type},
};

use crate::{
    FieldType, NamedType, Origin, Scalar, TypeRef,
    declarations::{Declarations, Declared, check_name},
    definitions::Definitions,
    directives::RELATIONS,
    report::{Report, shortened},
    source::Span,
    syntax::name_span,
    types,
};

/// A field with what later checks need.
#[derive(Debug)]
pub(crate) struct ReadField<'a> {
    pub(crate) definition: &'a Node<FieldDefinition>,
    /// `None` if the type is wrong, and then the report says why.
    pub(crate) field: Option<FieldType>,
}

impl ReadField<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.definition.name
    }

    pub(crate) fn span(&self) -> Span {
        name_span(&self.definition.name)
    }
}

/// Reads the fields of a type. Their directives are left to the caller.
pub(crate) fn read<'a>(
    object: &'a Node<ObjectTypeDefinition>,
    declarations: &Declarations<'_>,
    definitions: &Definitions<'_>,
    report: &mut Report<'_>,
) -> Vec<ReadField<'a>> {
    let mut fields = Vec::new();
    for definition in types::fields(object) {
        let usable = check_name(&definition.name, report);
        for argument in &definition.arguments {
            report.unsupported(name_span(&argument.name), "an argument of a field");
        }
        let kind = read_type(definition, declarations, definitions, report);
        let field = kind.filter(|_| usable).map(|kind| FieldType {
            name: definition.name.to_string(),
            description: definition.description.as_ref().map(|text| text.to_string()),
            kind,
            origin: Origin::Declared,
        });
        fields.push(ReadField { definition, field });
    }
    fields
}

fn read_type(
    definition: &Node<FieldDefinition>,
    declarations: &Declarations<'_>,
    definitions: &Definitions<'_>,
    report: &mut Report<'_>,
) -> Option<TypeRef> {
    let (list, required, item) = match &definition.ty {
        Type::Named(_) => (false, false, &definition.ty),
        Type::NonNullNamed(_) => (false, true, &definition.ty),
        Type::List(item) => (true, false, &**item),
        Type::NonNullList(item) => (true, true, &**item),
    };
    let name = definition.ty.inner_named_type();
    let (Type::Named(_) | Type::NonNullNamed(_)) = item else {
        report.unsupported(name_span(name), "a list of lists");
        return None;
    };
    let required_items = list && matches!(item, Type::NonNullNamed(_));
    let named = match (Scalar::from_name(name), declarations.get(name)) {
        (Some(scalar), _) => NamedType::Scalar(scalar),
        (None, Some(Declared::Enum(kind))) => NamedType::Enum(kind.clone()),
        (None, Some(Declared::Object)) => NamedType::Object(name.to_string()),
        (None, Some(Declared::Refused)) => return None,
        (None, Some(Declared::Model)) => {
            // A directive that makes it a relation is refused where it stands.
            if !RELATIONS.iter().any(|relation| definition.directives.has(relation)) {
                let name = shortened(name);
                report.unsupported(
                    name_span(definition.ty.inner_named_type()),
                    format!("a relation to the model `{name}`"),
                );
            }
            return None;
        }
        (None, None) => {
            if definitions.named(name).is_some() {
                report.unsupported(name_span(name), format!("the type `{}`", shortened(name)));
            }
            return None;
        }
    };
    Some(TypeRef { named, list, required, required_items })
}
