use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A request body that is never refused while it is read.
///
/// A Lambda runtime that cannot read a body answers with the parser's own message, and Cognito
/// shows that message to whoever is signing in. With this as the payload type, an unreadable body
/// becomes null, and [`Event::new`](crate::Event::new) refuses that with a fixed text.
///
/// ```
/// use portcullis_events::{Event, Payload};
///
/// let mut broken = serde_json::Deserializer::from_str(r#"{"userName": "ann", "request""#);
/// let payload: Payload = serde::Deserialize::deserialize(&mut broken)?;
/// let error = Event::new(payload.into_value()).unwrap_err();
/// assert_eq!(error.to_string(), "E_MALFORMED_EVENT: the request could not be read");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Payload(Value);

impl Payload {
    /// The body; null if it could not be read.
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).unwrap_or_default()))
    }
}

/// A body that has been read already.
impl From<Value> for Payload {
    fn from(body: Value) -> Self {
        Self(body)
    }
}

/// Shows nothing: a body is full of personal data.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").finish_non_exhaustive()
    }
}
