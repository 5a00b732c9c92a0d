use serde_json::Value;

use crate::{Attributes, EditError, Event};

/// A pre-sign-up event: someone is about to become a user. An error refuses them.
///
/// Source: "Pre sign-up Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{EditError, Event, PreSignUp};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "PreSignUp_SignUp",
///     "request": {"userAttributes": {"email": "ann@example.com"}, "validationData": null},
///     "response": {"autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false},
/// }))?;
/// let mut sign_up = PreSignUp::of(&mut event).ok_or("another trigger's event")?;
/// sign_up.set_auto_confirm()?;
/// assert_eq!(sign_up.set_auto_verify_phone(), Err(EditError::MissingAttribute));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PreSignUp<'e> {
    event: &'e mut Event,
}

/// Where the new user comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreSignUpSource {
    /// They sign up: `PreSignUp_SignUp`.
    SignUp,
    /// An administrator creates them: `PreSignUp_AdminCreateUser`.
    AdminCreateUser,
    /// They sign in through another provider for the first time: `PreSignUp_ExternalProvider`.
    ExternalProvider,
    /// A source that this version does not know.
    Other,
}

impl<'e> PreSignUp<'e> {
    /// The view, if the event's source begins with `PreSignUp_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("PreSignUp_").then_some(Self { event })
    }

    /// Where the new user comes from.
    pub fn source(&self) -> PreSignUpSource {
        match self.event.source() {
            "PreSignUp_SignUp" => PreSignUpSource::SignUp,
            "PreSignUp_AdminCreateUser" => PreSignUpSource::AdminCreateUser,
            "PreSignUp_ExternalProvider" => PreSignUpSource::ExternalProvider,
            _ => PreSignUpSource::Other,
        }
    }

    /// The attributes that the user will have. At sign-up they are claims of the user, not yet
    /// verified.
    pub fn user_attributes(&self) -> Attributes<'_> {
        self.event.user_attributes()
    }

    /// `request.validationData`: what the client sent for this function alone. Nobody has checked
    /// it.
    pub fn validation_data(&self) -> Attributes<'_> {
        Attributes::new(self.event.request("validationData").and_then(Value::as_object))
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Confirms the user without a code. They have then not shown that the e-mail address or phone
    /// number is theirs.
    ///
    /// # Errors
    ///
    /// [`EditError::Ignored`] for a user that an administrator creates.
    pub fn set_auto_confirm(&mut self) -> Result<(), EditError> {
        self.heeded()?;
        self.set("autoConfirmUser");
        Ok(())
    }

    /// Marks the e-mail address as verified, without having verified it.
    ///
    /// # Security
    ///
    /// In a pool where the e-mail address is an alias, Cognito moves the alias to the new user and
    /// takes it from the one who had it. Whoever may sign up can then take over an account, so only
    /// set this when it is known that no other user has the address.
    ///
    /// # Errors
    ///
    /// [`EditError::MissingAttribute`] if there is no e-mail address, [`EditError::Ignored`] for a
    /// user that an administrator creates.
    pub fn set_auto_verify_email(&mut self) -> Result<(), EditError> {
        self.verify("email", "autoVerifyEmail")
    }

    /// Marks the phone number as verified, without having verified it. The warning of
    /// [`set_auto_verify_email`](Self::set_auto_verify_email) holds for it too.
    ///
    /// # Errors
    ///
    /// [`EditError::MissingAttribute`] if there is no phone number, [`EditError::Ignored`] for a
    /// user that an administrator creates.
    pub fn set_auto_verify_phone(&mut self) -> Result<(), EditError> {
        self.verify("phone_number", "autoVerifyPhone")
    }

    fn verify(&mut self, attribute: &str, field: &str) -> Result<(), EditError> {
        self.heeded()?;
        if self.user_attributes().get(attribute).is_none_or(str::is_empty) {
            return Err(EditError::MissingAttribute);
        }
        self.set(field);
        Ok(())
    }

    fn heeded(&self) -> Result<(), EditError> {
        match self.source() {
            PreSignUpSource::AdminCreateUser => Err(EditError::Ignored),
            _ => Ok(()),
        }
    }

    fn set(&mut self, field: &str) {
        self.event.edit_response(|response| response.insert(field.to_owned(), Value::Bool(true)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, attributes: Value) -> Event {
        Event::new(
            json!({"triggerSource": source, "request": {"userAttributes": attributes}, "response": null}),
        )
        .unwrap()
    }

    #[test]
    fn sources_are_told_apart() {
        for (source, expected) in [
            ("PreSignUp_SignUp", Some(PreSignUpSource::SignUp)),
            ("PreSignUp_AdminCreateUser", Some(PreSignUpSource::AdminCreateUser)),
            ("PreSignUp_ExternalProvider", Some(PreSignUpSource::ExternalProvider)),
            ("PreSignUp_Imported", Some(PreSignUpSource::Other)),
            ("PreSignUp", None),
            ("PostConfirmation_ConfirmSignUp", None),
        ] {
            let mut event = event(source, json!(null));
            assert_eq!(PreSignUp::of(&mut event).map(|view| view.source()), expected, "{source}");
        }
    }

    #[test]
    fn setters_make_a_response_where_there_was_none() {
        let mut event =
            event("PreSignUp_SignUp", json!({"email": "a@example.com", "phone_number": "+15550100"}));
        let mut view = PreSignUp::of(&mut event).unwrap();
        view.set_auto_confirm().unwrap();
        view.set_auto_verify_email().unwrap();
        view.set_auto_verify_phone().unwrap();
        let expected = json!({"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": true});
        assert_eq!(event.into_value()["response"], expected);
    }

    #[test]
    fn an_attribute_that_is_not_there_cannot_be_marked_as_verified() {
        for attributes in [
            json!({}),
            json!(null),
            json!({"email": null, "phone_number": null}),
            json!({"email": "", "phone_number": ""}),
        ] {
            let mut event = event("PreSignUp_SignUp", attributes);
            let before = event.clone();
            let mut view = PreSignUp::of(&mut event).unwrap();
            assert_eq!(view.set_auto_verify_email(), Err(EditError::MissingAttribute));
            assert_eq!(view.set_auto_verify_phone(), Err(EditError::MissingAttribute));
            assert_eq!(event, before);
        }
    }

    #[test]
    fn what_cognito_would_ignore_is_an_error() {
        let mut event = event("PreSignUp_AdminCreateUser", json!({"email": "a@example.com"}));
        let before = event.clone();
        let mut view = PreSignUp::of(&mut event).unwrap();
        assert_eq!(view.set_auto_confirm(), Err(EditError::Ignored));
        assert_eq!(view.set_auto_verify_email(), Err(EditError::Ignored));
        assert_eq!(event, before);
    }
}
