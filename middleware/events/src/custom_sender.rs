use crate::{Attributes, Event, MessageSource};

/// A custom-sender event: the function sends the message itself. Cognito does not wait and reads no response, so there is
/// nothing to set; what fails is delivered again.
///
/// Source: "Custom sender Lambda triggers", Amazon Cognito developer guide. It spells the source of text messages
/// `CustomSMSSender_` and `CustomSmsSender_`, so any case is taken.
///
/// ```
/// use portcullis_events::{Channel, CustomSender, Event};
/// use serde_json::json;
///
/// let event = Event::new(json!({"triggerSource": "CustomSmsSender_SignUp", "request": {"code": "AYADeP=="}}))?;
/// let message = CustomSender::of(&event).ok_or("another trigger's event")?;
/// assert_eq!(message.channel(), Channel::Sms);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CustomSender<'e> {
    event: &'e Event,
    channel: Channel,
}

/// How a message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By e-mail: `CustomEmailSender_`.
    Email,
    /// By text message: `CustomSMSSender_`.
    Sms,
}

impl<'e> CustomSender<'e> {
    /// The view, if the event's source begins with `CustomEmailSender_` or `CustomSMSSender_`, in any case.
    pub fn of(event: &'e Event) -> Option<Self> {
        let (family, _) = event.source().split_once('_')?;
        let channel = if family.eq_ignore_ascii_case("CustomEmailSender") {
            Channel::Email
        } else if family.eq_ignore_ascii_case("CustomSMSSender") {
            Channel::Sms
        } else {
            return None;
        };
        Some(Self { event, channel })
    }

    /// How the message is to go out.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// Why the message goes out.
    pub fn source(&self) -> MessageSource {
        MessageSource::of(self.event.source())
    }

    /// The code or temporary password: a message of the AWS Encryption SDK, encrypted under the pool's key, in Base64. None for a
    /// notification.
    pub fn encrypted_code(&self) -> Option<&'e str> {
        self.event.request("code")?.as_str().filter(|code| !code.is_empty())
    }

    /// `request.type`, the version of the request: `customEmailSenderRequestV1`, `customSMSSenderRequestV1`.
    pub fn request_type(&self) -> Option<&'e str> {
        self.event.request("type")?.as_str()
    }

    /// The attributes of whom it goes to.
    pub fn user_attributes(&self) -> Attributes<'e> {
        self.event.user_attributes()
    }

    /// The event.
    pub fn event(&self) -> &'e Event {
        self.event
    }
}
