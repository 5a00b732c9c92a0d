//! The members of a request, read with Cognito's own complaints.
//!
//! 1. A member that the operation does not have is refused: in development a misspelt name should be seen.
//! 2. A member of the wrong type is a `SerializationException`, a missing or ill-formed one an `InvalidParameterException`.
//! 3. No complaint repeats a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::pool::error::{Exception, ServiceError};

type Result<T> = std::result::Result<T, ServiceError>;

/// The longest user name, in characters.
const MAX_USERNAME: usize = 128;
/// The longest password, in characters.
const MAX_PASSWORD: usize = 256;
/// The longest confirmation code, in characters.
const MAX_CODE: usize = 2048;
/// More than any key of a map that an operation reads.
const MAX_MAP_ENTRIES: usize = 100;

/// A parsed request body.
pub(crate) struct Input {
    members: Map<String, Value>,
}

impl Input {
    /// Parses a body and compares its members with those of the operation.
    pub(crate) fn parse(body: &[u8], known: &[&str]) -> Result<Self> {
        // An empty body means no members, as it does to AWS.
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        let members = match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(serialization("the body is not a JSON object")),
            Err(_) => return Err(serialization("the body is not JSON")),
        };
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            let name: String = name.chars().take(64).collect();
            return Err(serialization(format!("the operation has no member `{name}`")));
        }
        Ok(Self { members })
    }

    /// Members that did not come in a body of the pool's own protocol.
    pub(crate) fn of(members: Map<String, Value>) -> Self {
        Self { members }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member of a string type.
    pub(crate) fn optional_string(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(other, "a String")),
        }
    }

    /// A member of a string type that must be there and not be empty.
    pub(crate) fn string(&self, name: &str) -> Result<&str> {
        match self.optional_string(name)? {
            None => Err(missing(name)),
            Some("") => Err(constraint(name, "Member must have length greater than or equal to 1")),
            Some(text) => Ok(text),
        }
    }

    pub(crate) fn username(&self) -> Result<&str> {
        check_username("username", self.string("Username")?)
    }

    pub(crate) fn password(&self, name: &str) -> Result<&str> {
        check_password(name, self.string(name)?)
    }

    /// A confirmation code.
    pub(crate) fn code(&self, name: &str) -> Result<&str> {
        let code = self.string(name)?;
        if code.len() > MAX_CODE || code.contains(char::is_whitespace) {
            return Err(constraint(name, r"Member must satisfy regular expression pattern: [\S]+"));
        }
        Ok(code)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(wrong_type(other, "a Boolean")),
        }
    }

    /// A page size: 1 to `max`; missing or 0 is `max`.
    pub(crate) fn limit(&self, name: &str, max: usize) -> Result<usize> {
        match self.integer(name)? {
            None | Some(0) => Ok(max),
            Some(limit) => match usize::try_from(limit) {
                Ok(limit) if limit <= max => Ok(limit),
                Ok(_) => {
                    Err(constraint(name, &format!("Member must have value less than or equal to {max}")))
                }
                Err(_) => Err(constraint(name, "Member must have value greater than or equal to 0")),
            },
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong_type(value, "an Integer")),
        }
    }

    /// A map from strings to strings, such as `AuthParameters`.
    pub(crate) fn string_map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        let map = match self.get(name) {
            None => return Ok(None),
            Some(Value::Object(map)) => map,
            Some(other) => return Err(wrong_type(other, "a Map")),
        };
        if map.len() > MAX_MAP_ENTRIES {
            return Err(constraint(name, "Member has too many entries"));
        }
        let mut strings = BTreeMap::new();
        for (key, value) in map {
            match value {
                Value::Null => {}
                Value::String(text) => {
                    strings.insert(key.clone(), text.clone());
                }
                other => return Err(wrong_type(other, "a String")),
            }
        }
        Ok(Some(strings))
    }

    /// A list of strings.
    pub(crate) fn string_list(&self, name: &str) -> Result<Option<Vec<String>>> {
        let list = match self.get(name) {
            None => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(wrong_type(other, "a List")),
        };
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong_type(other, "a String")),
        };
        list.iter().map(text).collect::<Result<_>>().map(Some)
    }

    /// A list of `{"Name": .., "Value": ..}`, such as `UserAttributes`. A later name wins.
    pub(crate) fn name_values(&self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        let list = match self.get(name) {
            None => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(wrong_type(other, "a List")),
        };
        let mut pairs = BTreeMap::new();
        for (at, pair) in list.iter().enumerate() {
            let Value::Object(pair) = pair else { return Err(wrong_type(pair, "a Structure")) };
            let member = |key: &str| match pair.get(key) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(other) => Err(wrong_type(other, "a String")),
            };
            let Some(key) = member("Name")?.filter(|key| !key.is_empty()) else {
                return Err(missing(&format!("{name}.{}.member.name", at + 1)));
            };
            pairs.insert(key, member("Value")?.unwrap_or_default());
        }
        Ok(Some(pairs))
    }
}

/// A user name of acceptable length.
pub(crate) fn check_username<'a>(name: &str, username: &'a str) -> Result<&'a str> {
    if username.chars().count() > MAX_USERNAME {
        return Err(constraint(
            name,
            &format!("Member must have length less than or equal to {MAX_USERNAME}"),
        ));
    }
    if username.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(constraint(
            name,
            r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+",
        ));
    }
    Ok(username)
}

/// A password that could be one: the policy is asked later.
pub(crate) fn check_password<'a>(name: &str, password: &'a str) -> Result<&'a str> {
    let blank_edge = password.starts_with(char::is_whitespace) || password.ends_with(char::is_whitespace);
    if blank_edge || password.chars().count() > MAX_PASSWORD {
        return Err(constraint(name, r"Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$"));
    }
    Ok(password)
}

pub(crate) fn missing(name: &str) -> ServiceError {
    let name = lower_camel(name);
    ServiceError::invalid(format!(
        "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    ))
}

pub(crate) fn constraint(name: &str, constraint: &str) -> ServiceError {
    let name = lower_camel(name);
    ServiceError::invalid(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}"
    ))
}

fn lower_camel(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

fn serialization(message: impl Into<std::borrow::Cow<'static, str>>) -> ServiceError {
    ServiceError::new(Exception::Serialization, message)
}

fn wrong_type(value: &Value, wanted: &str) -> ServiceError {
    let kind = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(_) => "BOOLEAN_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "LIST_VALUE",
        Value::Object(_) => "STRUCT_VALUE",
    };
    serialization(format!("{kind} can not be converted to {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(value: &Value) -> Input {
        Input::parse(value.to_string().as_bytes(), &["Username", "Limit", "ClientMetadata", "UserAttributes"])
            .unwrap()
    }

    #[test]
    fn a_body_that_is_no_object_of_known_members_is_refused() {
        for body in ["{", "[]", "1", "nul", r#"{"Usrname":"a"}"#, "\u{feff}{}"] {
            let error = Input::parse(body.as_bytes(), &["Username"]).err().unwrap();
            assert_eq!(error.exception, Exception::Serialization, "{body}");
        }
    }

    #[test]
    fn a_member_of_the_wrong_type_or_length_is_refused() {
        let long = "x".repeat(129);
        for (body, exception) in [
            (json!({ "Username": 1 }), Exception::Serialization),
            (json!({ "Username": null }), Exception::InvalidParameter),
            (json!({}), Exception::InvalidParameter),
            (json!({ "Username": "" }), Exception::InvalidParameter),
            (json!({ "Username": "a b" }), Exception::InvalidParameter),
            (json!({ "Username": long }), Exception::InvalidParameter),
        ] {
            assert_eq!(input(&body).username().unwrap_err().exception, exception, "{body}");
        }
        for (limit, exception) in [
            (json!("1"), Exception::Serialization),
            (json!(1.5), Exception::Serialization),
            (json!(-1), Exception::InvalidParameter),
            (json!(61), Exception::InvalidParameter),
        ] {
            let error = input(&json!({ "Limit": limit })).limit("Limit", 60).unwrap_err();
            assert_eq!(error.exception, exception, "{limit}");
        }
    }

    #[test]
    fn attributes_are_pairs_of_strings() {
        let pairs = input(&json!({ "UserAttributes": [{ "Name": "a", "Value": "1" }, { "Name": "b" }] }));
        let pairs = pairs.name_values("UserAttributes").unwrap().unwrap();
        assert_eq!(pairs, BTreeMap::from([("a".into(), "1".into()), ("b".into(), String::new())]));
        for bad in [json!({}), json!(["a"]), json!([{ "Value": "1" }]), json!([{ "Name": "a", "Value": 1 }])]
        {
            assert!(input(&json!({ "UserAttributes": bad })).name_values("UserAttributes").is_err(), "{bad}");
        }
    }

    #[test]
    fn no_complaint_repeats_a_value() {
        let error = input(&json!({ "Username": "secret person" })).username().unwrap_err();
        assert!(!error.message.contains("secret"), "{}", error.message);
    }
}
