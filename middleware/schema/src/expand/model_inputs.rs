//! What clients send to make, change and remove records.

use super::{
    TypeExpression,
    definition::{ExpandedField, ExpandedType, InputValue},
    draft::Draft,
    names, nested_types,
    subject::{Subject, Subjects},
};
use crate::implied_fields::ID;

/// The types of a field that holds a time of the server.
const TIMES: [&str; 2] = ["String", "AWSDateTime"];

/// What makes a record. The server fills in an identifier and the times, so that they may be left out.
pub(crate) fn create(
    draft: &Draft,
    subjects: &Subjects<'_>,
    subject: &Subject<'_>,
    declared: &[ExpandedField],
) -> ExpandedType {
    let mut inputs = inputs(draft, subjects, declared);
    match declared.iter().find(|field| field.name == ID) {
        None => inputs.push(InputValue::of(ID, "ID")),
        Some(id) if ["ID", "String"].contains(&id.kind.base()) => {
            change(&mut inputs, ID, TypeExpression::nullable)
        }
        Some(_) => {}
    }
    for name in subject.timestamps.names() {
        let holds_time = |input: &InputValue| input.name == name && TIMES.contains(&input.kind.base());
        if inputs.iter().any(holds_time) {
            change(&mut inputs, name, TypeExpression::nullable);
        }
    }
    ExpandedType::input(names::input("Create", subject.name()), inputs)
}

/// What changes a record: its key, and whatever is to be changed.
pub(crate) fn update(
    draft: &Draft,
    subjects: &Subjects<'_>,
    subject: &Subject<'_>,
    declared: &[ExpandedField],
) -> ExpandedType {
    let mut inputs = inputs(draft, subjects, declared);
    for input in &mut inputs {
        input.kind = input.kind.clone().nullable();
    }
    if declared.iter().any(|field| field.name == ID) {
        change(&mut inputs, ID, TypeExpression::required);
    } else {
        inputs.push(InputValue::new(ID, TypeExpression::named("ID").required()));
    }
    for name in subject.timestamps.names() {
        if inputs.iter().any(|input| input.name == name && TIMES.contains(&input.kind.base())) {
            change(&mut inputs, name, TypeExpression::nullable);
        }
    }
    ExpandedType::input(names::input("Update", subject.name()), inputs)
}

/// What removes a record: its key.
pub(crate) fn delete(model: &str) -> ExpandedType {
    let id = InputValue::new(ID, TypeExpression::named("ID").required());
    ExpandedType::input(names::input("Delete", model), vec![id])
}

/// The fields that are sent: all but those that stand for other records.
fn inputs(draft: &Draft, subjects: &Subjects<'_>, declared: &[ExpandedField]) -> Vec<InputValue> {
    let sent = declared.iter().filter(|field| !subjects.has(field.kind.base()));
    let input = |field: &ExpandedField| {
        let mut kind = nested_types::input_kind(draft, &field.kind);
        if is_made_by_server(&field.name, &kind) {
            kind = kind.nullable();
        }
        InputValue::new(field.name.as_str(), kind)
    };
    sent.map(input).collect()
}

/// Fields of these names may be left out whatever `@model` calls the timestamps.
fn is_made_by_server(name: &str, kind: &TypeExpression) -> bool {
    if kind.is_list() {
        return false;
    }
    match name {
        ID => kind.base() == "ID",
        "createdAt" | "updatedAt" => TIMES.contains(&kind.base()),
        _ => false,
    }
}

/// Changes the type of the input of this name.
pub(crate) fn change(
    inputs: &mut [InputValue],
    name: &str,
    change: impl Fn(TypeExpression) -> TypeExpression,
) {
    for input in inputs.iter_mut().filter(|input| input.name == name) {
        input.kind = change(input.kind.clone());
    }
}
