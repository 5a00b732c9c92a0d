//! Objects that are stored within records: what clients send in their place.

use super::{
    TypeExpression,
    definition::{ExpandedField, ExpandedType, InputValue},
    draft::Draft,
    names,
    operators::Base,
    subject::Subjects,
};

/// Adds an input for each object within the fields, and for those within them.
pub(crate) fn add_inputs(draft: &mut Draft, subjects: &Subjects<'_>, fields: &[ExpandedField]) {
    let base = |field: &ExpandedField| field.kind.base().to_owned();
    // No call within a call: types may be nested deeper than there is stack.
    let mut open: Vec<String> = fields.iter().rev().map(base).collect();
    while let Some(name) = open.pop() {
        let input = names::nested_input(&name);
        let Some(object) = draft.get(&name).filter(|it| it.is_object()) else {
            continue;
        };
        if subjects.has(&name) || draft.has(&input) {
            continue;
        }
        let kind =
            |field: &ExpandedField| InputValue::new(field.name.as_str(), input_kind(draft, &field.kind));
        let made = ExpandedType::input(input, object.fields().iter().map(kind).collect());
        open.extend(object.fields().iter().rev().map(base));
        draft.add(made);
    }
}

/// The type of what a client sends for a field of this type.
pub(crate) fn input_kind(draft: &Draft, kind: &TypeExpression) -> TypeExpression {
    let name = kind.base();
    if Base::of(name).is_some() || draft.is_enum(name) {
        kind.clone()
    } else {
        kind.with_base(names::nested_input(name))
    }
}
