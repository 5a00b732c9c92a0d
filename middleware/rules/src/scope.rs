//! The records that a caller may read, as a condition.

use std::fmt;

use serde_json::Value;

use crate::{Claims, Item, groups::Groups, operation::Matching, role::Who};

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

/// A condition on a record.
///
/// `Debug` prints fields and the numbers of values, for the values are names of people.
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
    /// Each of these holds: two or more, none of which is of this kind.
    All(Vec<Condition>),
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
            Who::All(parts) => {
                let deciding = parts.iter().filter(|part| part.deciding_field().is_some());
                let conditions: Option<Vec<Self>> =
                    deciding.map(|part| Self::of(part, claims, matching)).collect();
                return Self::all(conditions?);
            }
            Who::Everyone | Who::SignedIn | Who::Guest | Who::Member { .. } => return None,
        };
        if values.is_empty() {
            return None;
        }
        let field = field.clone();
        Some(if list { Self::Contains { field, values } } else { Self::OneOf { field, values } })
    }

    /// The condition that each of these holds; `None` if there are none, which would hold for every record.
    pub(crate) fn all(mut conditions: Vec<Self>) -> Option<Self> {
        match conditions.len() {
            0 => None,
            1 => conditions.pop(),
            _ => Some(Self::All(conditions)),
        }
    }

    /// The conditions that must each hold, all of them on one field: this one, or the parts of [`Self::All`]. Never empty.
    ///
    /// Whoever looks records up by a scope looks by one of these, whichever is handy, and checks what is found with
    /// [`matches`](Self::matches).
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            Self::OneOf { .. } | Self::Contains { .. } => std::slice::from_ref(self),
        }
    }

    /// The field; `None` if it is several conditions.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::OneOf { field, .. } | Self::Contains { field, .. } => Some(field),
            Self::All(_) => None,
        }
    }

    /// The values; never empty, unless it is several conditions.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::OneOf { values, .. } | Self::Contains { values, .. } => values,
            Self::All(_) => &[],
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
            Self::All(parts) => parts.iter().all(|part| part.matches(item)),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, field, values) = match self {
            Self::OneOf { field, values } => ("OneOf", field, values),
            Self::Contains { field, values } => ("Contains", field, values),
            Self::All(parts) => return f.debug_tuple("All").field(parts).finish(),
        };
        f.debug_struct(kind).field("field", field).field("values", &values.len()).finish()
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
    fn several_conditions_hold_together_or_not_at_all() {
        let one = |field: &str| Condition::OneOf { field: field.to_owned(), values: vec!["a".to_owned()] };
        let both = Condition::all(vec![one("owner"), one("team")]).unwrap();
        for (item, expected) in [
            (json!({"owner": "a", "team": "a"}), true),
            (json!({"owner": "a", "team": "b"}), false),
            (json!({"owner": "a"}), false),
            (json!({}), false),
        ] {
            assert_eq!(both.matches(item.as_object().unwrap()), expected, "{item}");
        }
        assert_eq!((both.parts().len(), both.field(), both.values().len()), (2, None, 0));
        assert_eq!(Condition::all(vec![one("owner")]), Some(one("owner")));
        assert_eq!(Condition::all(vec![]), None);
    }

    #[test]
    fn debug_hides_the_names() {
        let condition = Condition::OneOf { field: "owner".to_owned(), values: vec!["ann".to_owned()] };
        assert_eq!(format!("{condition:?}"), r#"OneOf { field: "owner", values: 1 }"#);
    }
}
