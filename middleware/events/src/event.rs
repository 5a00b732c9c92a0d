use std::fmt;

use serde_json::{Map, Value};

use crate::{Attributes, TriggerError};

/// A Cognito event as it came: the whole JSON object, of which only `response` can be changed, and
/// only through a typed view.
///
/// Source: "Customizing user pool workflows with Lambda triggers", Amazon Cognito developer guide.
#[derive(Clone, PartialEq)]
pub struct Event {
    object: Map<String, Value>,
}

impl Event {
    /// Takes the event.
    ///
    /// # Errors
    ///
    /// [`PublicError::MALFORMED_EVENT`](crate::PublicError::MALFORMED_EVENT) if it is not a JSON
    /// object. Nothing else is asked of it.
    pub fn new(value: Value) -> Result<Self, TriggerError> {
        match value {
            Value::Object(object) => Ok(Self { object }),
            other => {
                Err(TriggerError::malformed_event(format!("the event is {}, not an object", kind(&other))))
            }
        }
    }

    /// The event as Cognito expects it back.
    pub fn into_value(self) -> Value {
        Value::Object(self.object)
    }

    /// `triggerSource`, such as `PreSignUp_SignUp`; empty if there is none.
    pub fn source(&self) -> &str {
        self.text("triggerSource").unwrap_or_default()
    }

    /// `userPoolId`.
    pub fn user_pool_id(&self) -> Option<&str> {
        self.text("userPoolId")
    }

    /// `userName`: what the pool calls the user. It may be an e-mail address, so it is personal
    /// data.
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// `region`.
    pub fn region(&self) -> Option<&str> {
        self.text("region")
    }

    /// `callerContext.clientId`: the app client. For calls by an administrator, Cognito sends
    /// `CLIENT_ID_NOT_APPLICABLE`.
    pub fn client_id(&self) -> Option<&str> {
        self.object.get("callerContext")?.get("clientId")?.as_str()
    }

    /// `request.userAttributes`.
    pub fn user_attributes(&self) -> Attributes<'_> {
        Attributes::new(self.request("userAttributes").and_then(Value::as_object))
    }

    /// `request.clientMetadata`: what the client sent along. Nobody has checked it.
    pub fn client_metadata(&self) -> Attributes<'_> {
        Attributes::new(self.request("clientMetadata").and_then(Value::as_object))
    }

    /// `request.userNotFound`, which pools send that do not tell if a user exists.
    pub(crate) fn user_not_found(&self) -> bool {
        self.request("userNotFound") == Some(&Value::Bool(true))
    }

    /// A field at the top, as it came.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.object.get(field)
    }

    /// A field of `request`.
    pub(crate) fn request(&self, field: &str) -> Option<&Value> {
        self.object.get("request")?.get(field)
    }

    /// A field of `response`.
    pub(crate) fn response(&self, field: &str) -> Option<&Value> {
        self.object.get("response")?.get(field)
    }

    // INVARIANT: the only way to change an event; all setters go through here.
    pub(crate) fn edit_response<R>(&mut self, edit: impl FnOnce(&mut Map<String, Value>) -> R) -> R {
        edit_object(&mut self.object, "response", edit)
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.object.get(field)?.as_str()
    }
}

/// Shows the trigger source only: an event is full of personal data.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("source", &self.source()).finish_non_exhaustive()
    }
}

/// Edits the object at `key`; what is there and is no object (Cognito's samples show nulls and
/// empty lists) becomes one.
pub(crate) fn edit_object<R>(
    map: &mut Map<String, Value>,
    key: &str,
    edit: impl FnOnce(&mut Map<String, Value>) -> R,
) -> R {
    let mut object = match map.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let result = edit(&mut object);
    map.insert(key.to_owned(), Value::Object(object));
    result
}

/// Adds a text to the list at `key`, once; what is there and is no list becomes one.
pub(crate) fn add_to_list(map: &mut Map<String, Value>, key: &str, text: &str) {
    let mut list = match map.remove(key) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    if !list.iter().any(|entry| entry.as_str() == Some(text)) {
        list.push(Value::from(text));
    }
    map.insert(key.to_owned(), Value::Array(list));
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null or no JSON",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_common_fields() {
        let event = Event::new(json!({
            "version": "1", "triggerSource": "PreSignUp_SignUp", "region": "eu-west-1", "userPoolId": "eu-west-1_Ab", "userName": "ann",
            "callerContext": {"clientId": "app"}, "request": {"userAttributes": {"sub": "s-1"}, "clientMetadata": {"invite": "7"}},
        }))
        .unwrap();
        assert_eq!(event.source(), "PreSignUp_SignUp");
        assert_eq!(event.region(), Some("eu-west-1"));
        assert_eq!(event.user_pool_id(), Some("eu-west-1_Ab"));
        assert_eq!(event.user_name(), Some("ann"));
        assert_eq!(event.client_id(), Some("app"));
        assert_eq!(event.user_attributes().sub(), Some("s-1"));
        assert_eq!(event.client_metadata().get("invite"), Some("7"));
        assert_eq!(event.get("version"), Some(&json!("1")));
    }

    #[test]
    fn whatever_is_missing_or_of_an_odd_shape_reads_as_not_there() {
        for odd in [
            json!({}),
            json!({"request": null, "callerContext": []}),
            json!({"request": {"userAttributes": "x"}, "userName": 7}),
        ] {
            let event = Event::new(odd.clone()).unwrap();
            assert_eq!(event.source(), "");
            assert_eq!(event.user_name(), None);
            assert_eq!(event.client_id(), None);
            assert_eq!(event.user_attributes().sub(), None);
            assert_eq!(event.into_value(), odd);
        }
    }

    #[test]
    fn only_an_object_is_an_event() {
        for value in [json!(null), json!([]), json!("ann@example.com"), json!(1), json!(true)] {
            let error = Event::new(value).unwrap_err();
            assert_eq!(error.code(), "E_MALFORMED_EVENT");
            assert!(!error.detail().unwrap().contains("ann"));
        }
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let event =
            Event::new(json!({"triggerSource": "PreSignUp_SignUp", "userName": "ann@example.com"})).unwrap();
        assert_eq!(format!("{event:?}"), r#"Event { source: "PreSignUp_SignUp", .. }"#);
    }
}
