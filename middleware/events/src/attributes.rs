use std::fmt;

use serde_json::{Map, Value};

use crate::EditError;

/// Cognito takes an attribute of at most this many bytes.
const LONGEST_VALUE: usize = 2048;

/// A map in an event: the user's attributes, the client's metadata, a provider's claims. What is missing, null or not a text
/// reads as not there.
#[derive(Clone, Copy)]
pub struct Attributes<'e> {
    map: Option<&'e Map<String, Value>>,
}

impl<'e> Attributes<'e> {
    pub(crate) fn new(map: Option<&'e Map<String, Value>>) -> Self {
        Self { map }
    }

    /// The attribute's text. An empty one counts: Cognito distinguishes it from a missing one.
    pub fn get(&self, name: &str) -> Option<&'e str> {
        self.map?.get(name)?.as_str()
    }

    /// What is there, whatever it is: a provider's claim may be a list.
    pub fn value(&self, name: &str) -> Option<&'e Value> {
        self.map?.get(name)
    }

    /// `sub`: the user's id in the pool, never changed and never given to another user.
    pub fn sub(&self) -> Option<&'e str> {
        self.get("sub").filter(|sub| !sub.is_empty())
    }

    /// `email`, if there is one that is not empty. Whether it was verified is another question.
    pub fn email(&self) -> Option<&'e str> {
        self.get("email").filter(|email| !email.is_empty())
    }

    /// If the attribute is the text `true`, the way Cognito writes `email_verified`. A JSON `true`
    /// is taken too; anything else is no.
    pub fn is_true(&self, name: &str) -> bool {
        match self.map.and_then(|map| map.get(name)) {
            Some(Value::String(text)) => text == "true",
            Some(Value::Bool(flag)) => *flag,
            _ => false,
        }
    }
}

/// If Cognito could keep the attribute at all.
pub(crate) fn check_attribute(name: &str, value: &str) -> Result<(), EditError> {
    match name {
        "" => Err(EditError::EmptyName),
        _ if value.len() > LONGEST_VALUE => Err(EditError::AttributeTooLong),
        _ => Ok(()),
    }
}

/// Shows how many there are: their values are personal data.
impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes").field("count", &self.map.map_or(0, Map::len)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flag_is_true_only_when_it_says_so() {
        for (value, expected) in [
            (json!("true"), true),
            (json!(true), true),
            (json!("True"), false),
            (json!("false"), false),
            (json!(""), false),
            (json!(null), false),
            (json!(1), false),
            (json!(["true"]), false),
        ] {
            let map = json!({"email_verified": value});
            assert_eq!(Attributes::new(map.as_object()).is_true("email_verified"), expected, "{map}");
        }
        assert!(!Attributes::new(None).is_true("email_verified"));
    }

    #[test]
    fn an_empty_e_mail_address_is_none() {
        let map = json!({"email": "", "sub": "", "nickname": ""});
        let attributes = Attributes::new(map.as_object());
        assert_eq!(
            (attributes.email(), attributes.sub(), attributes.get("nickname")),
            (None, None, Some(""))
        );
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let map = json!({"email": "ann@example.com"});
        assert_eq!(format!("{:?}", Attributes::new(map.as_object())), "Attributes { count: 1, .. }");
    }
}
