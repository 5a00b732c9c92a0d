//! The records that a caller may read, as a condition.

use std::fmt;

use serde_json::Value;

use crate::{Claims, Item, groups::Groups, matching::Matching, role::Who};

/// The part of a model's records that a caller may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// No record.
    Nothing,
    /// Every record.
    Everything,
    /// Records that meet at least one of the conditions. Never empty.
    Any(Vec<Condition>),
}

/// A condition on one field of a record.
///
/// `Debug` prints the field and the number of values, for the values are names of people.
#[derive(Clone, PartialEq, Eq)]
pub enum Condition {
    /// The field is a string and equals one of the values.
    OneOf {
        /// The field.
        field: String,
        /// The values; never empty.
        values: Vec<String>,
    },
    /// The field is a list that holds at least one of the values.
    Contains {
        /// The field.
        field: String,
        /// The values; never empty.
        values: Vec<String>,
    },
}

impl Scope {
    /// Whether the record lies within the scope.
    #[must_use]
    pub fn matches(&self, item: &Item) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Any(conditions) => conditions.iter().any(|condition| condition.matches(item)),
        }
    }
}

impl Condition {
    /// What a record must hold for a role that the record decides; `None` if no record could.
    pub(crate) fn of(who: &Who, claims: &Claims, matching: Matching) -> Option<Self> {
        let (field, list, values) = match who {
            Who::Owner { field, list, claim } => (field, *list, claim.names_of(claims, matching)),
            Who::MemberOfNamed { field, list, claim } => {
                let groups = Groups::for_field(claims, claim, *list, matching);
                (field, *list, groups.names().map(str::to_owned).collect())
            }
            Who::Everyone | Who::SignedIn | Who::Guest | Who::Member { .. } => return None,
        };
        if values.is_empty() {
            return None;
        }
        let field = field.clone();
        Some(if list { Self::Contains { field, values } } else { Self::OneOf { field, values } })
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::OneOf { field, .. } | Self::Contains { field, .. } => field,
        }
    }

    /// The values; never empty.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::OneOf { values, .. } | Self::Contains { values, .. } => values,
        }
    }

    /// Whether the record meets the condition.
    #[must_use]
    pub fn matches(&self, item: &Item) -> bool {
        let holds = |value: &Value, values: &[String]| {
            value.as_str().is_some_and(|text| values.iter().any(|wanted| wanted == text))
        };
        match self {
            Self::OneOf { field, values } => item.get(field).is_some_and(|value| holds(value, values)),
            Self::Contains { field, values } => item
                .get(field)
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|value| holds(value, values))),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::OneOf { .. } => "OneOf",
            Self::Contains { .. } => "Contains",
        };
        f.debug_struct(kind).field("field", &self.field()).field("values", &self.values().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_looks_at_one_shape_of_field() {
        let values = vec!["ann".to_owned(), "u1".to_owned()];
        let one_of = Condition::OneOf { field: "owner".to_owned(), values: values.clone() };
        let contains = Condition::Contains { field: "owner".to_owned(), values };
        let table = [
            (json!({"owner": "ann"}), true, false),
            (json!({"owner": "u1"}), true, false),
            (json!({"owner": "anna"}), false, false),
            (json!({"owner": ["bob", "ann"]}), false, true),
            (json!({"owner": ["annabel"]}), false, false),
            (json!({"owner": null}), false, false),
            (json!({}), false, false),
        ];
        for (item, one, many) in table {
            let item = item.as_object().unwrap();
            assert_eq!((one_of.matches(item), contains.matches(item)), (one, many), "{item:?}");
        }
    }

    #[test]
    fn debug_hides_the_names() {
        let condition = Condition::OneOf { field: "owner".to_owned(), values: vec!["ann".to_owned()] };
        assert_eq!(format!("{condition:?}"), r#"OneOf { field: "owner", values: 1 }"#);
    }
}
