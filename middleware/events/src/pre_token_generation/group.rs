use serde_json::{Map, Value};

use crate::EditError;

pub(super) const OVERRIDE: &str = "groupOverrideDetails";
pub(super) const GROUPS: &str = "groupsToOverride";

/// A group's name in Cognito has at most this many characters (API reference, `CreateGroup`).
const LONGEST_NAME: usize = 128;

/// If a group of this name can exist and stays readable in a token.
///
/// Blanks are refused: an HTTP API hands a token's groups on as `[a b c]`, where a name with a
/// blank would read as two.
///
/// # Errors
///
/// [`EditError::InvalidGroup`].
pub fn check_group_name(name: &str) -> Result<(), EditError> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(EditError::InvalidGroup);
    }
    Ok(())
}

/// The override that says: as `current`. Roles and fields we do not know are kept; nulls are left out, for Cognito sends them
/// where it means "none". The groups are always named.
pub(super) fn copied(current: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut details = current.cloned().unwrap_or_default();
    details.retain(|_, value| !value.is_null());
    edit(&mut details, |_| ());
    details
}

pub(super) fn edit(details: &mut Map<String, Value>, edit: impl FnOnce(&mut Vec<Value>)) {
    let mut groups = match details.remove(GROUPS) {
        Some(Value::Array(groups)) => groups,
        _ => Vec::new(),
    };
    edit(&mut groups);
    details.insert(GROUPS.to_owned(), Value::Array(groups));
}

/// If an override came without content. Cognito's samples show null, `{}` and `[]` where nothing
/// was edited yet, but on the way back they would mean "no groups".
pub(super) fn says_nothing(details: &Value) -> bool {
    match details {
        Value::Object(details) => details.is_empty(),
        _ => true,
    }
}
