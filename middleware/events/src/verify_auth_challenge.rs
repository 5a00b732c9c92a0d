use serde_json::Value;

use crate::{Attributes, EditError, Event};

/// A verify-auth-challenge-response event: if the answer to a custom challenge is right.
///
/// Source: "Verify Auth challenge response Lambda trigger", Amazon Cognito developer guide. Its tables spell the source with and
/// without `Response`, so both are taken.
///
/// ```
/// use portcullis_events::{Event, VerifyAuthChallenge};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "VerifyAuthChallengeResponse_Authentication",
///     "request": {"privateChallengeParameters": {"answer": "blue"}, "challengeAnswer": "blue"},
///     "response": {"answerCorrect": null},
/// }))?;
/// let mut challenge = VerifyAuthChallenge::of(&mut event).ok_or("another trigger's event")?;
/// let correct = challenge.answer().is_some() && challenge.answer() == challenge.private_parameters().get("answer");
/// challenge.set_answer_correct(correct)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct VerifyAuthChallenge<'e> {
    event: &'e mut Event,
}

impl<'e> VerifyAuthChallenge<'e> {
    /// The view, if the event's source begins with `VerifyAuthChallengeResponse_` or `VerifyAuthChallenge_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        let source = event.source();
        let ours =
            source.starts_with("VerifyAuthChallengeResponse_") || source.starts_with("VerifyAuthChallenge_");
        ours.then_some(Self { event })
    }

    /// What the client answered. It is a secret until it has been compared; compare it in constant time.
    pub fn answer(&self) -> Option<&str> {
        self.event.request("challengeAnswer")?.as_str()
    }

    /// What the create trigger has left.
    pub fn private_parameters(&self) -> Attributes<'_> {
        Attributes::new(self.event.request("privateChallengeParameters").and_then(Value::as_object))
    }

    /// The user's attributes; none if there is no such user.
    pub fn user_attributes(&self) -> Attributes<'_> {
        self.event.user_attributes()
    }

    /// If there is no such user, in a pool that does not tell. No answer of theirs is right.
    pub fn user_not_found(&self) -> bool {
        self.event.user_not_found()
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Says if the answer is right.
    ///
    /// # Errors
    ///
    /// [`EditError::UserNotFound`] for a right answer of nobody; the answer then counts as wrong.
    pub fn set_answer_correct(&mut self, correct: bool) -> Result<(), EditError> {
        let nobody = self.user_not_found();
        let counts = Value::Bool(correct && !nobody);
        self.event.edit_response(|response| response.insert("answerCorrect".to_owned(), counts));
        if correct && nobody { Err(EditError::UserNotFound) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_answer_of_nobody_is_right() {
        for (user_not_found, correct, outcome, written) in [
            (json!(false), true, Ok(()), true),
            (json!(null), true, Ok(()), true),
            (json!(false), false, Ok(()), false),
            (json!(true), false, Ok(()), false),
            (json!(true), true, Err(EditError::UserNotFound), false),
        ] {
            let mut event = Event::new(json!({
                "triggerSource": "VerifyAuthChallengeResponse_Authentication", "request": {"userNotFound": user_not_found},
            }))
            .unwrap();
            let mut view = VerifyAuthChallenge::of(&mut event).unwrap();
            assert_eq!(view.set_answer_correct(correct), outcome, "{user_not_found}");
            assert_eq!(event.into_value()["response"], json!({"answerCorrect": written}));
        }
    }
}
