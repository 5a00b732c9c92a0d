//! Directives that a schema defines itself, which no transformer knows.

use std::collections::HashSet;

use apollo_compiler::{
    Node,
    ast::{Definition, Document, FieldDefinition},
};

use crate::{
    SchemaErrorKind, prelude,
    report::{Report, shortened},
    syntax::directive_span,
};

/// Directives that the schema defines itself mean nothing to the reference.
pub(crate) fn refuse(document: &Document, report: &mut Report<'_>) {
    let defined = |name: &str| {
        let is_named = |definition: &Definition| {
            definition.as_directive_definition().is_some_and(|known| known.name == *name)
        };
        prelude::document().definitions.iter().any(is_named)
    };
    let own: HashSet<&str> = document
        .definitions
        .iter()
        .filter_map(|definition| definition.as_directive_definition())
        .map(|definition| definition.name.as_str())
        .filter(|name| !defined(name))
        .collect();
    if own.is_empty() {
        return;
    }
    let mut unknown = Vec::new();
    for definition in &document.definitions {
        let fields = fields_of(definition);
        let on_fields = fields.iter().flat_map(|field| {
            let arguments = field.arguments.iter().map(|argument| &argument.directives);
            std::iter::once(&field.directives).chain(arguments)
        });
        let all = std::iter::once(definition.directives()).chain(on_fields);
        unknown.extend(
            all.flat_map(|list| list.iter()).filter(|directive| own.contains(directive.name.as_str())),
        );
    }
    for directive in unknown {
        let message = format!(
            "Unknown directive '{}'. Either remove the directive from the schema or add a transformer to handle it.",
            shortened(&directive.name)
        );
        report.other(SchemaErrorKind::UnknownDirective, directive_span(directive), message);
    }
}

fn fields_of(definition: &Definition) -> &[Node<FieldDefinition>] {
    match definition {
        Definition::ObjectTypeDefinition(object) => &object.fields,
        Definition::ObjectTypeExtension(object) => &object.fields,
        Definition::InterfaceTypeDefinition(interface) => &interface.fields,
        Definition::InterfaceTypeExtension(interface) => &interface.fields,
        _ => &[],
    }
}
