use serde_json::Value;

use super::Token;
use crate::Event;

/// The version of a pre-token-generation event, which the user pool's configuration chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `"1"`: the ID token, strings only.
    V1,
    /// `"2"`: ID and access tokens of users.
    V2,
    /// `"3"`: as version 2, and client credentials too.
    V3,
}

impl Version {
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event.get("version")? {
            Value::String(text) => match text.as_str() {
                "1" => Some(Self::V1),
                "2" => Some(Self::V2),
                "3" => Some(Self::V3),
                _ => None,
            },
            // Cognito sends a string; emulators have been seen to send a number.
            Value::Number(number) => match number.as_u64()? {
                1 => Some(Self::V1),
                2 => Some(Self::V2),
                3 => Some(Self::V3),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value as this version can carry it, if it can without losing anything but its type: in
    /// version 1 numbers and booleans become strings, and lists, objects and null have no form.
    /// Later versions carry everything but null.
    ///
    /// ```
    /// use portcullis_events::Version;
    /// use serde_json::json;
    ///
    /// assert_eq!(Version::V1.carry(&json!(7)), Some(json!("7")));
    /// assert_eq!(Version::V1.carry(&json!(["a"])), None);
    /// assert_eq!(Version::V2.carry(&json!(["a"])), Some(json!(["a"])));
    /// ```
    pub fn carry(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (_, Value::Null) => None,
            (Self::V1, Value::Bool(_) | Value::Number(_)) => Some(Value::String(value.to_string())),
            (Self::V1, Value::Array(_) | Value::Object(_)) => None,
            _ => Some(value.clone()),
        }
    }

    pub(super) fn root(self) -> &'static str {
        match self {
            Self::V1 => "claimsOverrideDetails",
            Self::V2 | Self::V3 => "claimsAndScopeOverrideDetails",
        }
    }

    /// Where a token's claims stand below the root; version 1 has them there directly.
    pub(super) fn token_field(self, token: Token) -> Option<&'static str> {
        match (self, token) {
            (Self::V1, _) => None,
            (_, Token::Id) => Some("idTokenGeneration"),
            (_, Token::Access) => Some("accessTokenGeneration"),
        }
    }
}
