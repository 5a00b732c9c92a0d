use serde_json::Value;

use crate::{Attributes, EditError, Event, MessageSource};

/// How many characters Cognito takes.
const LONGEST_SMS: usize = 140;
const LONGEST_EMAIL: usize = 20_000;
const LONGEST_SUBJECT: usize = 140;

/// What stands for the code and the user's name where the event does not say.
const CODE: &str = "{####}";
const USERNAME: &str = "{username}";

/// A custom-message event: a code or a temporary password is about to be sent, and its words may be other ones.
///
/// The function never sees the code: the message has a placeholder, which Cognito replaces. Values of attributes are the user's
/// own, so what goes into an HTML message must be escaped.
///
/// Source: "Custom message Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{CustomMessage, EditError, Event};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "CustomMessage_SignUp",
///     "request": {"codeParameter": "{####}", "linkParameter": null, "usernameParameter": null},
///     "response": {"smsMessage": null, "emailMessage": null, "emailSubject": null},
/// }))?;
/// let mut message = CustomMessage::of(&mut event).ok_or("another trigger's event")?;
/// assert_eq!(message.set_email("Welcome", "We are glad to have you."), Err(EditError::MissingPlaceholder));
/// let text = format!("Your code is {}.", message.code_parameter());
/// message.set_email("Welcome", &text)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CustomMessage<'e> {
    event: &'e mut Event,
}

impl<'e> CustomMessage<'e> {
    /// The view, if the event's source begins with `CustomMessage_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("CustomMessage_").then_some(Self { event })
    }

    /// Why the message goes out.
    pub fn source(&self) -> MessageSource {
        MessageSource::of(self.event.source())
    }

    /// The attributes of whom it goes to.
    pub fn user_attributes(&self) -> Attributes<'_> {
        self.event.user_attributes()
    }

    /// What stands for the code, or for the temporary password.
    pub fn code_parameter(&self) -> &str {
        self.text("codeParameter").unwrap_or(CODE)
    }

    /// What stands for a link that confirms, in pools that send links: `{##Click Here##}`.
    pub fn link_parameter(&self) -> Option<&str> {
        self.text("linkParameter")
    }

    /// What stands for the user's name, in a message to somebody whom an administrator has created.
    pub fn username_parameter(&self) -> &str {
        self.text("usernameParameter").unwrap_or(USERNAME)
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Sets subject and body of an e-mail.
    ///
    /// # Errors
    ///
    /// [`EditError::MissingPlaceholder`] if the body has not the code (or the link, if the event has one), and for
    /// [`AdminCreateUser`](MessageSource::AdminCreateUser) the user's name too; [`EditError::TextTooLong`] above 140 characters
    /// of subject or 20,000 of body; [`EditError::InvalidText`] if the subject is empty or of several lines.
    pub fn set_email(&mut self, subject: &str, body: &str) -> Result<(), EditError> {
        if subject.trim().is_empty() || subject.contains(char::is_control) {
            return Err(EditError::InvalidText);
        }
        check_length(subject, LONGEST_SUBJECT)?;
        check_length(body, LONGEST_EMAIL)?;
        let link = self.link_parameter().is_some_and(|link| body.contains(link));
        self.check_placeholders(body, link)?;
        self.event.edit_response(|response| {
            response.insert("emailSubject".to_owned(), Value::from(subject));
            response.insert("emailMessage".to_owned(), Value::from(body));
        });
        Ok(())
    }

    /// Sets a text message.
    ///
    /// # Errors
    ///
    /// [`EditError::MissingPlaceholder`] as for an e-mail, a link does not count; [`EditError::TextTooLong`] above 140
    /// characters.
    pub fn set_sms(&mut self, text: &str) -> Result<(), EditError> {
        check_length(text, LONGEST_SMS)?;
        self.check_placeholders(text, false)?;
        self.event.edit_response(|response| response.insert("smsMessage".to_owned(), Value::from(text)));
        Ok(())
    }

    fn check_placeholders(&self, text: &str, link: bool) -> Result<(), EditError> {
        let code = text.contains(self.code_parameter());
        let complete = match self.source() {
            MessageSource::AdminCreateUser => code && text.contains(self.username_parameter()),
            _ => code || link,
        };
        if complete { Ok(()) } else { Err(EditError::MissingPlaceholder) }
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.event.request(field)?.as_str().filter(|text| !text.is_empty())
    }
}

fn check_length(text: &str, longest: usize) -> Result<(), EditError> {
    if text.chars().count() > longest { Err(EditError::TextTooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, link: Value) -> Event {
        Event::new(json!({
            "triggerSource": source,
            "request": {"codeParameter": "{####}", "linkParameter": link, "usernameParameter": "{username}"},
            "response": {"smsMessage": null, "emailMessage": null, "emailSubject": null},
        }))
        .unwrap()
    }

    #[test]
    fn a_message_without_its_placeholders_is_refused() {
        let missing = Err(EditError::MissingPlaceholder);
        let link = json!("{##Click Here##}");
        for (source, link, body, email, sms) in [
            ("CustomMessage_SignUp", json!(null), "{####}", Ok(()), Ok(())),
            ("CustomMessage_SignUp", json!(null), "{###}", missing, missing),
            ("CustomMessage_SignUp", json!(null), "", missing, missing),
            ("CustomMessage_SignUp", json!(null), "{##Click Here##}", missing, missing),
            ("CustomMessage_SignUp", link.clone(), "{##Click Here##}", Ok(()), missing),
            ("CustomMessage_AdminCreateUser", json!(null), "{username} {####}", Ok(()), Ok(())),
            ("CustomMessage_AdminCreateUser", json!(null), "{####}", missing, missing),
            ("CustomMessage_AdminCreateUser", json!(null), "{username}", missing, missing),
            ("CustomMessage_AdminCreateUser", link, "{username} {##Click Here##}", missing, missing),
            ("CustomMessage_Tomorrow", json!(null), "hello", missing, missing),
        ] {
            let mut event = event(source, link);
            let before = event.clone();
            let outcome = CustomMessage::of(&mut event).unwrap().set_email("Welcome", body);
            assert_eq!(outcome, email, "{source} {body}");
            assert_eq!(event == before, outcome.is_err());
            assert_eq!(CustomMessage::of(&mut event).unwrap().set_sms(body), sms, "{source} {body}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let mut event = event("CustomMessage_SignUp", json!(null));
        let mut view = CustomMessage::of(&mut event).unwrap();
        let body = |length: usize| format!("{{####}}{}", "\u{e9}".repeat(length - 6));
        let long = Err(EditError::TextTooLong);
        for (length, expected) in [(140, Ok(())), (141, long)] {
            assert_eq!(view.set_sms(&body(length)), expected);
            assert_eq!(view.set_email(&"\u{e9}".repeat(length), "{####}"), expected);
        }
        for (length, expected) in [(20_000, Ok(())), (20_001, long)] {
            assert_eq!(view.set_email("Welcome", &body(length)), expected);
        }
        for subject in ["", " ", "two\nlines", "Welcome\r\nBcc: eve@example.com"] {
            assert_eq!(view.set_email(subject, "{####}"), Err(EditError::InvalidText), "{subject:?}");
        }
    }

    #[test]
    fn placeholders_that_the_event_leaves_out_are_the_usual_ones() {
        let mut event =
            Event::new(json!({"triggerSource": "CustomMessage_AdminCreateUser", "request": null})).unwrap();
        let view = CustomMessage::of(&mut event).unwrap();
        assert_eq!(
            (view.code_parameter(), view.username_parameter(), view.link_parameter()),
            (CODE, USERNAME, None)
        );
    }
}
