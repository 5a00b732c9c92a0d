use std::fmt;

use serde_json::Value;

/// A challenge of the sign-in that is under way, as an event's `session` lists it.
#[derive(Clone, PartialEq, Eq)]
pub struct Round {
    /// `challengeName`.
    pub name: String,
    /// `challengeResult`: whether it was passed. It means nothing without the name.
    pub passed: bool,
    /// `challengeMetadata`: what the creating function left for later.
    pub metadata: Option<String>,
}

impl Round {
    /// Reads `session`. Null and missing are a sign-in that begins. `None` if it is anything but a list of challenges: a
    /// session that cannot be read must not be taken for one that is empty.
    ///
    /// ```
    /// use portcullis_custom_challenge::Round;
    /// use serde_json::json;
    ///
    /// assert_eq!(Round::list(None), Some(Vec::new()));
    /// let session = json!([{"challengeName": "SRP_A", "challengeResult": true, "challengeMetadata": null}]);
    /// assert_eq!(Round::list(Some(&session)).unwrap()[0].name, "SRP_A");
    /// assert_eq!(Round::list(Some(&json!([{}]))), None);
    /// ```
    #[must_use]
    pub fn list(session: Option<&Value>) -> Option<Vec<Self>> {
        match session {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(Self::read).collect(),
            Some(_) => None,
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let metadata = match value.get("challengeMetadata") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return None,
        };
        Some(Self {
            name: value.get("challengeName")?.as_str()?.to_owned(),
            passed: value.get("challengeResult")?.as_bool()?,
            metadata,
        })
    }
}

/// The metadata is what a code can be tried out against.
impl fmt::Debug for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Round")
            .field("name", &self.name)
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_of_another_shape_is_no_empty_one() {
        for odd in [
            json!("x"),
            json!({}),
            json!([1]),
            json!([{"challengeName": "CUSTOM_CHALLENGE"}]),
            json!([{"challengeName": null, "challengeResult": true}]),
            json!([{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": "true"}]),
            json!([{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": true, "challengeMetadata": {}}]),
        ] {
            assert_eq!(Round::list(Some(&odd)), None, "{odd}");
        }
        assert_eq!(Round::list(Some(&json!(null))), Some(Vec::new()));
    }

    #[test]
    fn debug_does_not_show_the_metadata() {
        let round = Round { name: "A".to_owned(), passed: false, metadata: Some("digest".to_owned()) };
        assert_eq!(format!("{round:?}"), r#"Round { name: "A", passed: false, .. }"#);
    }
}
