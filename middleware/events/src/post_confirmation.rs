use crate::{Attributes, Event};

/// A post-confirmation event. Cognito reads nothing from its response, so there is nothing to set.
///
/// Cognito may deliver one more than once, and an error does not take the confirmation back. Users
/// that an administrator created never cause one.
///
/// Source: "Post confirmation Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{Event, PostConfirmation, PostConfirmationSource};
/// use serde_json::json;
///
/// let event = Event::new(json!({"triggerSource": "PostConfirmation_ConfirmForgotPassword"}))?;
/// let confirmation = PostConfirmation::of(&event).ok_or("another trigger's event")?;
/// assert_ne!(confirmation.source(), PostConfirmationSource::ConfirmSignUp);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PostConfirmation<'e> {
    event: &'e Event,
}

/// What was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostConfirmationSource {
    /// A new user: `PostConfirmation_ConfirmSignUp`.
    ConfirmSignUp,
    /// A new password of a user who may be years old: `PostConfirmation_ConfirmForgotPassword`.
    ConfirmForgotPassword,
    /// A source that this version does not know.
    Other,
}

impl<'e> PostConfirmation<'e> {
    /// The view, if the event's source begins with `PostConfirmation_`.
    pub fn of(event: &'e Event) -> Option<Self> {
        event.source().starts_with("PostConfirmation_").then_some(Self { event })
    }

    /// What was confirmed.
    pub fn source(&self) -> PostConfirmationSource {
        match self.event.source() {
            "PostConfirmation_ConfirmSignUp" => PostConfirmationSource::ConfirmSignUp,
            "PostConfirmation_ConfirmForgotPassword" => PostConfirmationSource::ConfirmForgotPassword,
            _ => PostConfirmationSource::Other,
        }
    }

    /// The user's attributes.
    pub fn user_attributes(&self) -> Attributes<'e> {
        self.event.user_attributes()
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
    fn sign_up_and_forgotten_password_are_told_apart() {
        for (source, expected) in [
            ("PostConfirmation_ConfirmSignUp", Some(PostConfirmationSource::ConfirmSignUp)),
            ("PostConfirmation_ConfirmForgotPassword", Some(PostConfirmationSource::ConfirmForgotPassword)),
            ("PostConfirmation_ConfirmSomething", Some(PostConfirmationSource::Other)),
            ("PostConfirmation", None),
            ("PreSignUp_SignUp", None),
            ("", None),
        ] {
            let event = Event::new(json!({"triggerSource": source})).unwrap();
            assert_eq!(PostConfirmation::of(&event).map(|view| view.source()), expected, "{source}");
        }
    }
}
