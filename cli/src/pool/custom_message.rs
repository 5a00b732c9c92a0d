//! Sending a message, in the words of the custom-message trigger where there is one.
//!
//! 1. The code is never shown to the function: it writes a placeholder, and the code takes its place.
//! 2. Words without the placeholder are refused, for their reader would wait for a code in vain. An invitation needs the
//!    user name too.
//! 3. The code is stored before the function runs, so a function that fails leaves a code that another message can carry.

use serde_json::{Map, Value, json};

use crate::pool::{
    Message,
    call::Call,
    courier::Wording,
    error::{Exception, ServiceError},
    triggers::{Invocation, Trigger, unrecognizable},
    users::User,
};

const CODE: &str = "{####}";
const LINK: &str = "{##Click Here##}";
const USERNAME: &str = "{username}";

/// The longest text of an e-mail, in characters.
const MAX_TEXT: usize = 20_000;
/// The longest subject, in characters.
const MAX_SUBJECT: usize = 140;

/// The operation that sends a message, as the trigger's source names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    SignUp,
    ResendCode,
    ForgotPassword,
    UpdateUserAttribute,
    VerifyUserAttribute,
    AdminCreateUser,
}

impl Sending {
    fn source(self) -> &'static str {
        match self {
            Self::SignUp => "CustomMessage_SignUp",
            Self::ResendCode => "CustomMessage_ResendCode",
            Self::ForgotPassword => "CustomMessage_ForgotPassword",
            Self::UpdateUserAttribute => "CustomMessage_UpdateUserAttribute",
            Self::VerifyUserAttribute => "CustomMessage_VerifyUserAttribute",
            Self::AdminCreateUser => "CustomMessage_AdminCreateUser",
        }
    }

    /// The source of an event for whoever sends e-mails instead.
    pub(crate) fn email_sender_source(self) -> &'static str {
        match self {
            Self::SignUp => "CustomEmailSender_SignUp",
            Self::ResendCode => "CustomEmailSender_ResendCode",
            Self::ForgotPassword => "CustomEmailSender_ForgotPassword",
            Self::UpdateUserAttribute => "CustomEmailSender_UpdateUserAttribute",
            Self::VerifyUserAttribute => "CustomEmailSender_VerifyUserAttribute",
            Self::AdminCreateUser => "CustomEmailSender_AdminCreateUser",
        }
    }

    /// The source of an event for whoever sends text messages instead.
    pub(crate) fn text_sender_source(self) -> &'static str {
        match self {
            Self::SignUp => "CustomSMSSender_SignUp",
            Self::ResendCode => "CustomSMSSender_ResendCode",
            Self::ForgotPassword => "CustomSMSSender_ForgotPassword",
            Self::UpdateUserAttribute => "CustomSMSSender_UpdateUserAttribute",
            Self::VerifyUserAttribute => "CustomSMSSender_VerifyUserAttribute",
            Self::AdminCreateUser => "CustomSMSSender_AdminCreateUser",
        }
    }

    /// What the text must contain.
    fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::AdminCreateUser => &[CODE, USERNAME],
            _ => &[CODE],
        }
    }
}

impl Call<'_> {
    /// Has a message worded and delivers it, or hands it to whoever sends it instead. To be called once the code is stored, and outside of a transaction: the
    /// function may use the pool.
    pub(crate) fn send(
        &self,
        user: &User,
        mut message: Message,
        sending: Sending,
    ) -> Result<(), ServiceError> {
        if self.hand_over(Trigger::CustomEmailSender, user, &message, sending)? {
            return Ok(());
        }
        let invites = sending == Sending::AdminCreateUser;
        let mut request = json!({
            "userAttributes": user.trigger_attributes(),
            "codeParameter": CODE,
            "linkParameter": LINK,
            "usernameParameter": invites.then_some(USERNAME),
        });
        // Cognito hands an invitation's metadata to the pre-sign-up trigger alone.
        if !invites {
            self.put_client_metadata(&mut request)?;
        }
        let response = self.invoke(Invocation {
            trigger: Trigger::CustomMessage,
            source: sending.source(),
            username: user.username(),
            request,
            response: json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null }),
        })?;
        if let Some(response) = response {
            message.wording = wording(&response, sending, &message)?;
        }
        self.pool.courier.deliver(&message);
        Ok(())
    }
}

fn wording(
    response: &Map<String, Value>,
    sending: Sending,
    message: &Message,
) -> Result<Wording, ServiceError> {
    // Nobody here gets text messages, but what is no text is a mistake all the same.
    text(response, "smsMessage")?;
    let subject = text(response, "emailSubject")?;
    if subject.is_some_and(|subject| subject.chars().count() > MAX_SUBJECT) {
        return Err(invalid(format!("emailSubject is longer than {MAX_SUBJECT} characters")));
    }
    let text = text(response, "emailMessage")?;
    if let Some(text) = text {
        if let Some(lacking) = sending.placeholders().iter().find(|placeholder| !text.contains(**placeholder))
        {
            return Err(invalid(format!("emailMessage does not contain {lacking}")));
        }
        if text.chars().count() > MAX_TEXT {
            return Err(invalid(format!("emailMessage is longer than {MAX_TEXT} characters")));
        }
    }
    let text = text.map(|text| fill(text, sending, message));
    Ok(Wording { subject: subject.map(str::to_owned), text })
}

// The name first and then the code, neither of them looked through again: a name cannot ask for the code once more.
fn fill(text: &str, sending: Sending, message: &Message) -> String {
    let name = if sending == Sending::AdminCreateUser { message.email() } else { USERNAME };
    let parts: Vec<String> = text.split(CODE).map(|part| part.replace(USERNAME, name)).collect();
    parts.join(message.secret())
}

/// A text of the response; null, missing and empty are none.
fn text<'a>(response: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ServiceError> {
    match response.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then_some(text)),
        Some(_) => Err(unrecognizable()),
    }
}

fn invalid(what: String) -> ServiceError {
    ServiceError::new(Exception::InvalidLambdaResponse, format!("Invalid lambda function output : {what}"))
}
