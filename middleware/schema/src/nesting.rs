//! What a record may hold inside: objects without models and without rules of their own.

use std::collections::HashSet;

use apollo_compiler::{Node, ast::ObjectTypeDefinition};

use crate::{
    NamedType,
    context::Context,
    report::{Report, shortened},
    syntax::name_span,
};

/// Refuses fields of models whose type, however deep, holds models or guarded fields: nobody would enforce the rules.
pub(crate) fn check(models: &[&Node<ObjectTypeDefinition>], context: &Context<'_>, report: &mut Report<'_>) {
    let mut guarded = HashSet::new();
    for object in &context.declarations.objects {
        if object.fields.iter().any(|field| context.auths.of(&field.directives).is_some()) {
            guarded.insert(object.name.as_str());
        }
    }
    // What is reached from a type that is fine is fine too.
    let mut fine = HashSet::new();
    for field in models.iter().flat_map(|model| &model.fields) {
        let span = name_span(field.ty.inner_named_type());
        match unfit(field.ty.inner_named_type(), &guarded, &mut fine, context) {
            None => {}
            Some((object, Some(model))) => report.unsupported(
                span,
                format!(
                    "a record that holds records of `{}` (in `{}`)",
                    shortened(&model),
                    shortened(&object)
                ),
            ),
            Some((object, None)) => {
                report.unsupported(
                    span,
                    format!("a rule of a field of `{}` inside a record", shortened(&object)),
                );
            }
        }
    }
}

/// A type that is reached from `name` and cannot be stored, with the model that it holds; without, it is guarded.
fn unfit<'c>(
    name: &str,
    guarded: &HashSet<&str>,
    fine: &mut HashSet<&'c str>,
    context: &'c Context<'_>,
) -> Option<(String, Option<String>)> {
    let mut stack: Vec<&str> =
        context.objects.get_key_value(name).map(|(name, _)| name.as_str()).into_iter().collect();
    while let Some(name) = stack.pop() {
        let Some((name, object)) = context.objects.get_key_value(name) else {
            continue;
        };
        if fine.contains(name.as_str()) {
            continue;
        }
        if guarded.contains(name.as_str()) {
            return Some((name.clone(), None));
        }
        for field in &object.fields {
            match &field.kind.named {
                NamedType::Model(model) => return Some((name.clone(), Some(model.clone()))),
                NamedType::Object(inner) => stack.push(inner),
                NamedType::Scalar(_) | NamedType::Enum(_) => {}
            }
        }
        fine.insert(name.as_str());
    }
    None
}
