use serde_json::Value;

use crate::{Attributes, ChallengeName, ChallengeResult, EditError, Event, challenge, event::edit_object};

/// A create-auth-challenge event: what a custom challenge asks, and what its answer will be compared with.
///
/// Source: "Create Auth challenge Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{CreateAuthChallenge, Event};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "CreateAuthChallenge_Authentication",
///     "request": {"challengeName": "CUSTOM_CHALLENGE", "session": []},
///     "response": {"publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null},
/// }))?;
/// let mut challenge = CreateAuthChallenge::of(&mut event).ok_or("another trigger's event")?;
/// challenge.set_public_parameter("medium", "e-mail")?;
/// challenge.set_private_parameter("digest", "9f86d081")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CreateAuthChallenge<'e> {
    event: &'e mut Event,
}

impl<'e> CreateAuthChallenge<'e> {
    /// The view, if the event's source begins with `CreateAuthChallenge_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("CreateAuthChallenge_").then_some(Self { event })
    }

    /// The challenge that the define trigger has asked for.
    pub fn challenge_name(&self) -> Option<ChallengeName> {
        ChallengeName::of(self.event.request("challengeName"))
    }

    /// The challenges that have been answered so far, in their order.
    pub fn session(&self) -> Vec<ChallengeResult<'_>> {
        challenge::session(self.event.request("session"))
    }

    /// The user's attributes; none if there is no such user.
    pub fn user_attributes(&self) -> Attributes<'_> {
        self.event.user_attributes()
    }

    /// If there is no such user, in a pool that does not tell. They get a challenge that looks the same and took the same work.
    pub fn user_not_found(&self) -> bool {
        self.event.user_not_found()
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Sets what the client is shown of the challenge.
    ///
    /// # Errors
    ///
    /// [`EditError::EmptyName`].
    pub fn set_public_parameter(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        self.set("publicChallengeParameters", name, value)
    }

    /// Sets what the verify trigger will be given, and nobody else.
    ///
    /// # Errors
    ///
    /// [`EditError::EmptyName`].
    pub fn set_private_parameter(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        self.set("privateChallengeParameters", name, value)
    }

    /// Sets what the session will say of this challenge: for the next rounds of both triggers.
    pub fn set_challenge_metadata(&mut self, metadata: &str) {
        self.event.edit_response(|response| response.insert("challengeMetadata".to_owned(), metadata.into()));
    }

    fn set(&mut self, map: &str, name: &str, value: &str) -> Result<(), EditError> {
        if name.is_empty() {
            return Err(EditError::EmptyName);
        }
        self.event.edit_response(|response| {
            edit_object(response, map, |parameters| parameters.insert(name.to_owned(), Value::from(value)));
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_public_and_what_is_private_stay_apart() {
        let mut event =
            Event::new(json!({"triggerSource": "CreateAuthChallenge_Authentication", "response": null}))
                .unwrap();
        let mut view = CreateAuthChallenge::of(&mut event).unwrap();
        view.set_public_parameter("medium", "e-mail").unwrap();
        view.set_private_parameter("digest", "d1").unwrap();
        view.set_private_parameter("digest", "d2").unwrap();
        view.set_challenge_metadata("round 1");
        assert_eq!(view.set_public_parameter("", "x"), Err(EditError::EmptyName));
        let expected = json!({
            "publicChallengeParameters": {"medium": "e-mail"}, "privateChallengeParameters": {"digest": "d2"},
            "challengeMetadata": "round 1",
        });
        assert_eq!(event.into_value()["response"], expected);
    }
}
