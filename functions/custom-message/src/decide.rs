use std::fmt;

use portcullis_events::CustomMessage;

use crate::{Language, Templates};

/// What a message shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'t> {
    /// What Cognito says of itself: there is no template.
    Default,
    /// The same, for the template wants a link and the event has none: the pool sends codes.
    NoLink,
    /// Words of ours, in this language.
    Words(&'t Language, Words),
}

/// The words of a message. What is `None` is left to Cognito.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// The subject of an e-mail and its body, which is HTML.
    pub email: Option<(String, String)>,
    /// A text message.
    pub sms: Option<String>,
}

/// Chooses the words: the language of the client's metadata, then the user's, then the default.
#[must_use]
pub fn decide<'t>(message: &CustomMessage<'_>, templates: &'t Templates) -> Verdict<'t> {
    let locale = |text: Option<&str>| text.and_then(Language::parse);
    let client = locale(message.event().client_metadata().get("locale"));
    let user = locale(message.user_attributes().get("locale"));
    let Some((language, template)) = templates.find(message.source(), client.iter().chain(&user)) else {
        return Verdict::Default;
    };
    match template.render(message) {
        Some(words) => Verdict::Words(language, words),
        None => Verdict::NoLink,
    }
}

/// Names of users are in the words.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words")
            .field("email", &self.email.is_some())
            .field("sms", &self.sms.is_some())
            .finish_non_exhaustive()
    }
}
