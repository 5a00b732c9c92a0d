use serde_json::Value;

use crate::{Attributes, Event};

/// A pre-authentication event: someone is about to sign in, and nothing of theirs has been checked yet. An error refuses them;
/// there is nothing to set.
///
/// A refresh of tokens does not cause one.
///
/// Source: "Pre authentication Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{Event, PreAuthentication};
/// use serde_json::json;
///
/// let event = Event::new(json!({
///     "triggerSource": "PreAuthentication_Authentication",
///     "request": {"userAttributes": {"custom:suspended": "true"}, "userNotFound": false},
/// }))?;
/// let sign_in = PreAuthentication::of(&event).ok_or("another trigger's event")?;
/// assert!(sign_in.user_attributes().is_true("custom:suspended"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PreAuthentication<'e> {
    event: &'e Event,
}

impl<'e> PreAuthentication<'e> {
    /// The view, if the event's source begins with `PreAuthentication_`.
    pub fn of(event: &'e Event) -> Option<Self> {
        event.source().starts_with("PreAuthentication_").then_some(Self { event })
    }

    /// The user's attributes.
    pub fn user_attributes(&self) -> Attributes<'e> {
        self.event.user_attributes()
    }

    /// `request.validationData`: what the client sent with the sign-in. Nobody has checked it.
    pub fn validation_data(&self) -> Attributes<'e> {
        Attributes::new(self.event.request("validationData").and_then(Value::as_object))
    }

    /// If there is no such user, in a pool that does not tell. Whatever the answer, it must not differ from the one for a user
    /// who exists.
    pub fn user_not_found(&self) -> bool {
        self.event.user_not_found()
    }

    /// The event.
    pub fn event(&self) -> &'e Event {
        self.event
    }
}

/// A post-authentication event: someone has signed in and tokens are about to be made. An error refuses them; there is nothing
/// to set.
///
/// Source: "Post authentication Lambda trigger", Amazon Cognito developer guide.
#[derive(Debug, Clone, Copy)]
pub struct PostAuthentication<'e> {
    event: &'e Event,
}

impl<'e> PostAuthentication<'e> {
    /// The view, if the event's source begins with `PostAuthentication_`.
    pub fn of(event: &'e Event) -> Option<Self> {
        event.source().starts_with("PostAuthentication_").then_some(Self { event })
    }

    /// The user's attributes.
    pub fn user_attributes(&self) -> Attributes<'e> {
        self.event.user_attributes()
    }

    /// If the user came from a device for the first time. Only pools that remember devices say so.
    pub fn new_device_used(&self) -> Option<bool> {
        self.event.request("newDeviceUsed").and_then(Value::as_bool)
    }

    /// The event.
    pub fn event(&self) -> &'e Event {
        self.event
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_said_is_not_so() {
        for (value, not_found, new_device) in [
            (json!(true), true, Some(true)),
            (json!(false), false, Some(false)),
            (json!(null), false, None),
            (json!("true"), false, None),
        ] {
            let event = |source: &str| {
                let request = json!({"userNotFound": value, "newDeviceUsed": value});
                Event::new(json!({"triggerSource": source, "request": request})).unwrap()
            };
            let before = event("PreAuthentication_Authentication");
            assert_eq!(PreAuthentication::of(&before).unwrap().user_not_found(), not_found, "{value}");
            assert!(PostAuthentication::of(&before).is_none());
            let after = event("PostAuthentication_Authentication");
            assert_eq!(PostAuthentication::of(&after).unwrap().new_device_used(), new_device, "{value}");
            assert!(PreAuthentication::of(&after).is_none());
        }
    }
}
