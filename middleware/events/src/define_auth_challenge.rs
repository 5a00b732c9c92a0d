use serde_json::{Value, json};

use crate::{Attributes, ChallengeName, ChallengeResult, EditError, Event, challenge};

/// A define-auth-challenge event: what comes next in a custom sign-in, another challenge, tokens or a refusal.
///
/// Each setter writes the whole decision, so the last one holds and no two contradict each other.
///
/// Source: "Define Auth challenge Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{ChallengeName, DefineAuthChallenge, EditError, Event};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "DefineAuthChallenge_Authentication",
///     "request": {"session": [{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": true, "challengeMetadata": null}]},
///     "response": {"challengeName": null, "issueTokens": null, "failAuthentication": null},
/// }))?;
/// let mut sign_in = DefineAuthChallenge::of(&mut event).ok_or("another trigger's event")?;
/// assert_eq!(sign_in.issue_tokens_after(ChallengeName::PasswordVerifier), Err(EditError::ChallengeNotPassed));
/// sign_in.issue_tokens_after(ChallengeName::Custom)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DefineAuthChallenge<'e> {
    event: &'e mut Event,
}

impl<'e> DefineAuthChallenge<'e> {
    /// The view, if the event's source begins with `DefineAuthChallenge_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("DefineAuthChallenge_").then_some(Self { event })
    }

    /// The challenges that have been answered so far, in their order.
    pub fn session(&self) -> Vec<ChallengeResult<'_>> {
        challenge::session(self.event.request("session"))
    }

    /// The user's attributes; none if there is no such user.
    pub fn user_attributes(&self) -> Attributes<'_> {
        self.event.user_attributes()
    }

    /// If there is no such user, in a pool that does not tell. They are asked as anybody else, and never get tokens.
    pub fn user_not_found(&self) -> bool {
        self.event.user_not_found()
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Asks for another challenge.
    pub fn present(&mut self, name: ChallengeName) {
        self.decide(json!(name.as_str()), false, false);
    }

    /// Signs the user in: the last challenge was the one that is named here, and it was passed. To look at the result alone,
    /// and not at what was asked, is how a step is skipped.
    ///
    /// # Errors
    ///
    /// [`EditError::ChallengeNotPassed`], [`EditError::UserNotFound`].
    pub fn issue_tokens_after(&mut self, name: ChallengeName) -> Result<(), EditError> {
        if self.user_not_found() {
            return Err(EditError::UserNotFound);
        }
        if !self.session().last().is_some_and(|last| last.passed && last.name == Some(name)) {
            return Err(EditError::ChallengeNotPassed);
        }
        self.decide(Value::Null, true, false);
        Ok(())
    }

    /// Ends the sign-in without tokens.
    pub fn fail(&mut self) {
        self.decide(Value::Null, false, true);
    }

    fn decide(&mut self, challenge: Value, issue: bool, fail: bool) {
        self.event.edit_response(|response| {
            response.insert("challengeName".to_owned(), challenge);
            response.insert("issueTokens".to_owned(), Value::Bool(issue));
            response.insert("failAuthentication".to_owned(), Value::Bool(fail));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(session: Value, user_not_found: Value) -> Event {
        Event::new(json!({
            "triggerSource": "DefineAuthChallenge_Authentication",
            "request": {"userAttributes": {}, "session": session, "userNotFound": user_not_found},
            "response": {"challengeName": null, "issueTokens": null, "failAuthentication": null},
        }))
        .unwrap()
    }

    #[test]
    fn tokens_are_issued_only_to_a_known_user_who_passed_the_named_challenge_last() {
        let round = |name: &str, result: Value| json!({"challengeName": name, "challengeResult": result});
        let right = round("CUSTOM_CHALLENGE", json!(true));
        let wrong = round("CUSTOM_CHALLENGE", json!(false));
        let not_passed = Err(EditError::ChallengeNotPassed);
        for (session, user_not_found, expected) in [
            (json!([right]), json!(false), Ok(())),
            (json!([right]), json!(null), Ok(())),
            (json!([wrong, right]), json!(null), Ok(())),
            (json!([right]), json!(true), Err(EditError::UserNotFound)),
            (json!([]), json!(false), not_passed),
            (json!(null), json!(false), not_passed),
            (json!([right, wrong]), json!(false), not_passed),
            // Passed, and something else.
            (json!([round("SRP_A", json!(true))]), json!(false), not_passed),
            (json!([round("TOMORROW", json!(true))]), json!(false), not_passed),
            (json!([round("CUSTOM_CHALLENGE", json!("true"))]), json!(false), not_passed),
        ] {
            let mut event = event(session.clone(), user_not_found.clone());
            let before = event.clone();
            let outcome =
                DefineAuthChallenge::of(&mut event).unwrap().issue_tokens_after(ChallengeName::Custom);
            assert_eq!(outcome, expected, "{session} {user_not_found}");
            assert_eq!(event == before, outcome.is_err());
        }
    }

    #[test]
    fn the_last_decision_replaces_the_others() {
        let mut event =
            event(json!([{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": true}]), json!(null));
        let mut view = DefineAuthChallenge::of(&mut event).unwrap();
        view.fail();
        view.issue_tokens_after(ChallengeName::Custom).unwrap();
        view.present(ChallengeName::Custom);
        let expected =
            json!({"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false});
        assert_eq!(event.clone().into_value()["response"], expected);

        DefineAuthChallenge::of(&mut event).unwrap().fail();
        let expected = json!({"challengeName": null, "issueTokens": false, "failAuthentication": true});
        assert_eq!(event.into_value()["response"], expected);
    }
}
