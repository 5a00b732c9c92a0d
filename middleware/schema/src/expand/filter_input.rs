//! The inputs that ask records of a model: the filter of a list, the condition of a mutation, the filter of a
//! subscription.

use super::{
    TypeExpression,
    definition::{ExpandedField, ExpandedType, InputValue},
    draft::Draft,
    names,
    operators::{Base, enum_list_name, event_filter_name, filter_name, of_enum},
};

/// Which of the reference's ways to tell a list is taken. They differ where the list may not be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lists {
    /// A list that may not be null passes for a single value.
    Nullable,
    /// Every list is one.
    All,
    /// No list is one.
    None,
}

impl Lists {
    fn holds(self, kind: &TypeExpression) -> bool {
        match self {
            Self::Nullable => matches!(kind, TypeExpression::List(_)),
            Self::All => kind.is_list(),
            Self::None => false,
        }
    }
}

/// Adds the inputs that ask the enums among the fields.
pub(crate) fn add_enums(draft: &mut Draft, fields: &[ExpandedField]) {
    for field in fields {
        let name = field.kind.base();
        if draft.is_enum(name) {
            let is_list = Lists::Nullable.holds(&field.kind);
            draft.add(of_enum(name, is_list));
        }
    }
}

/// The filter of a list, under a name.
pub(crate) fn filter(draft: &Draft, name: &str, fields: &[ExpandedField], lists: Lists) -> ExpandedType {
    ExpandedType::input(name, asking(draft, name, fields, lists))
}

/// The condition of a mutation: the filter without an `id`, and with the timestamps of the server.
pub(crate) fn condition<'t>(
    draft: &Draft,
    model: &str,
    fields: &[ExpandedField],
    timestamps: impl Iterator<Item = &'t str>,
) -> ExpandedType {
    let name = names::condition(model);
    let mut asking = asking(draft, &name, fields, Lists::Nullable);
    asking.retain(|field| !(field.name == "id" && field.kind.base() == "ModelIDInput"));
    for timestamp in timestamps {
        if !asking.iter().any(|field| field.name == timestamp) {
            asking.push(InputValue::of(timestamp, "ModelStringInput"));
        }
    }
    ExpandedType::input(name, asking)
}

/// The filter of a subscription. It knows neither `not` nor lists.
pub(crate) fn event_filter(draft: &Draft, model: &str, fields: &[ExpandedField]) -> ExpandedType {
    let name = names::event_filter(model);
    let asked = fields.iter().filter_map(|field| {
        let kind = field.kind.base();
        let kind = if draft.is_enum(kind) { "String" } else { kind };
        Base::of(kind).map(|_| InputValue::of(field.name.as_str(), event_filter_name(kind)))
    });
    let mut asked: Vec<InputValue> = asked.collect();
    asked.extend(joined(&name));
    ExpandedType::input(name, asked)
}

fn asking(draft: &Draft, name: &str, fields: &[ExpandedField], lists: Lists) -> Vec<InputValue> {
    let asked = fields.iter().filter_map(|field| {
        let kind = field.kind.base();
        let is_enum = draft.is_enum(kind);
        let input = match (is_enum, Base::of(kind)) {
            (true, _) if lists.holds(&field.kind) => enum_list_name(kind),
            (true, _) | (_, Some(_)) => filter_name(kind),
            (false, None) => return None,
        };
        Some(InputValue::of(field.name.as_str(), input))
    });
    let mut asked: Vec<InputValue> = asked.collect();
    asked.extend(joined(name));
    asked.push(InputValue::of("not", name));
    asked
}

/// Several filters in one.
fn joined(name: &str) -> [InputValue; 2] {
    ["and", "or"].map(|word| InputValue::new(word, TypeExpression::named(name).list()))
}
