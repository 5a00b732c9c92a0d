//! The claims of a verified token.

use std::fmt;

use serde_json::{Map, Value};

/// The claims of a token whose signature has been checked, as the issuer wrote them.
///
/// `Debug` prints the names and never the values, so that a log line cannot leak a person's data.
#[derive(Clone, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// The claim of this name, read literally; `null` counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The claim of this name, if it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The claim that names an owner: a string that is not empty, for nobody is called nothing. Only `username` has a second name, `cognito:username`,
    /// since ID tokens of a user pool call it so and access tokens do not.
    pub(crate) fn identity(&self, name: &str) -> Option<&str> {
        let value = match (self.get(name), name) {
            (Some(value), _) => value.as_str(),
            (None, "username") => self.text("cognito:username"),
            (None, _) => None,
        };
        value.filter(|value| !value.is_empty())
    }

    /// All claims.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        Self(claims)
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Claims {
    /// Claims by name, for tests and for doors that build them one by one.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(claims: I) -> Self {
        Self(claims.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_username_has_a_second_name() {
        let id_token = Claims::from_iter([("cognito:username", "ann")]);
        assert_eq!(id_token.identity("username"), Some("ann"));
        let access_token = Claims::from_iter([("username", "ann")]);
        assert_eq!(access_token.identity("cognito:username"), None);
        let both = Claims::from_iter([("username", Value::from(7)), ("cognito:username", "ann".into())]);
        assert_eq!(both.identity("username"), None, "a name that is no string is not replaced by another");
    }

    #[test]
    fn null_is_absent() {
        let claims = Claims::from_iter([("sub", Value::Null)]);
        assert_eq!(claims.get("sub"), None);
        let unset = Claims::from_iter([("username", Value::Null), ("cognito:username", "ann".into())]);
        assert_eq!(unset.identity("username"), Some("ann"));
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", Claims::from_iter([("email", "ann@example.com")]));
        assert_eq!(shown, r#"{"email"}"#);
    }
}
