//! The groups that a token says its bearer is a member of.

use serde_json::Value;

use crate::{Claim, Claims, GroupName, ListClaim, operation::Matching};

/// Whether the claim names this group.
///
/// The claim is a list that holds it, or a string that is exactly it. The reference takes a string that merely
/// contains the name, so that `SuperAdmins` passes for `Admin`; that is refused here.
pub(crate) fn is_member(claims: &Claims, claim: &str, group: &GroupName) -> bool {
    match claims.value(claim) {
        Some(Claim::List(groups)) => groups.texts().any(|name| group.is(name, claims)),
        Some(Claim::Text(name)) => group.is(name, claims),
        _ => false,
    }
}

/// The caller's groups, to be compared with those that a record names.
#[derive(Debug)]
pub(crate) enum Groups<'a> {
    /// The claim is missing, or of a kind that names no group.
    None,
    /// The claim is one string.
    One(&'a str),
    /// The claim is a list.
    List(ListClaim<'a>),
    /// The claim is a string that holds a JSON list.
    Parsed(Vec<Value>),
}

impl<'a> Groups<'a> {
    /// The groups in a claim as far as a field of this shape is compared with them.
    pub(crate) fn for_field(claims: &'a Claims, claim: &str, list: bool, matching: Matching) -> Self {
        // The reference filters a list-typed field by the raw claim: a string there yields no filter.
        let raw_list_only = list && matching == Matching::Query;
        match claims.value(claim) {
            Some(Claim::List(groups)) => Self::List(groups),
            Some(Claim::Text(_)) if raw_list_only => Self::None,
            Some(Claim::Text(text)) => parse(text).map_or(Self::One(text), Self::Parsed),
            _ => Self::None,
        }
    }

    /// Whether the caller is a member of this group.
    pub(crate) fn contains(&self, group: &str) -> bool {
        self.names().any(|name| name == group)
    }

    /// The last entry of the claim, if it is a name.
    pub(crate) fn last(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::One(name) => Some(name),
            Self::List(groups) => groups.last(),
            Self::Parsed(groups) => groups.last()?.as_str(),
        }
    }

    /// The names of the groups; an empty name counts for nothing.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let (one, list, parsed) = match self {
            Self::None => (None, None, [].as_slice()),
            Self::One(name) => (Some(*name), None, [].as_slice()),
            Self::List(groups) => (None, Some(*groups), [].as_slice()),
            Self::Parsed(groups) => (None, None, groups.as_slice()),
        };
        let list = list.into_iter().flat_map(ListClaim::texts);
        let parsed = parsed.iter().filter_map(Value::as_str);
        one.into_iter().chain(list).chain(parsed).filter(|name| !name.is_empty())
    }
}

/// This allocates, which decisions avoid elsewhere: some issuers put a list into a string, and it has to be read.
fn parse(text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(groups: Value) -> Claims {
        Claims::from_iter([("g", groups)])
    }

    #[test]
    fn a_static_group_is_matched_whole() {
        let table = [
            (json!(["Admin"]), true),
            (json!(["Editors", "Admin"]), true),
            (json!("Admin"), true),
            (json!("SuperAdmins"), false),
            (json!(["SuperAdmins"]), false),
            (json!("[\"Admin\"]"), false),
            (json!("Admin,Editors"), false),
            (json!(["admin"]), false),
            (json!([["Admin"]]), false),
            (json!({"Admin": true}), false),
            (json!([]), false),
            (json!(null), false),
            (json!(7), false),
        ];
        for (groups, expected) in table {
            assert_eq!(is_member(&token(groups.clone()), "g", &"Admin".into()), expected, "{groups}");
            let mut templated = token(groups.clone()).as_map().clone();
            templated.insert("role".to_owned(), "dmi".into());
            let admin = GroupName::parse("A{role}n").unwrap();
            assert_eq!(is_member(&templated.into(), "g", &admin), expected, "{groups}");
        }
        assert!(!is_member(&Claims::default(), "g", &"Admin".into()));
    }

    #[test]
    fn groups_for_a_field_are_read_from_lists_and_strings() {
        use Matching::{Query, Write};
        let table: [(Value, bool, Matching, &[&str]); 13] = [
            (json!(["a", "b"]), false, Write, &["a", "b"]),
            (json!(["a", 7, null]), false, Query, &["a"]),
            (json!("a"), false, Write, &["a"]),
            (json!("a b"), false, Query, &["a b"]),
            (json!(" [\"a\", \"b\"]"), false, Query, &["a", "b"]),
            (json!("[\"a\""), false, Write, &["[\"a\""]),
            (json!("[]"), true, Write, &[]),
            (json!("a"), true, Write, &["a"]),
            (json!("a"), true, Query, &[]),
            (json!(["", "a"]), true, Query, &["a"]),
            (json!(["", "a"]), false, Write, &["a"]),
            (json!(""), false, Query, &[]),
            (json!(7), false, Write, &[]),
        ];
        for (groups, list, matching, expected) in table {
            let claims = token(groups.clone());
            let found = Groups::for_field(&claims, "g", list, matching);
            assert_eq!(found.names().collect::<Vec<_>>(), expected, "{groups} {list} {matching:?}");
        }
    }
}
