use std::fmt;

use portcullis_events::{Event, TriggerError};
use serde_json::Value;
use tracing::Level;

/// What a handler answers: the event with its response, and what the log shall know.
///
/// No word of it is personal data: decisions and codes are fixed texts, and a detail names things, not people.
///
/// ```
/// use portcullis_trigger::{Answer, events::Event};
/// use serde_json::json;
///
/// let event = Event::new(json!({"triggerSource": "PostConfirmation_ConfirmSignUp"}))?;
/// let answer = Answer::new(event, "user enrolled").detail("1 group");
/// assert_eq!(answer.decision(), "user enrolled");
/// # Ok::<(), portcullis_trigger::events::TriggerError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Answer {
    event: Event,
    decision: &'static str,
    level: Level,
    code: Option<&'static str>,
    detail: Option<String>,
}

impl Answer {
    /// The event goes back as it is now; `decision` says in a word or two why.
    pub fn new(event: Event, decision: &'static str) -> Self {
        Self { event, decision, level: Level::INFO, code: None, detail: None }
    }

    /// Adds a detail to the log line.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Makes the log line a `WARN` with a code that an alarm can name: all went well, but somebody should look.
    #[must_use]
    pub fn warning(self, code: &'static str) -> Self {
        Self { level: Level::WARN, code: Some(code), ..self }
    }

    /// Makes the log line an `ERROR` with the code and the detail of a failure that the user is spared.
    #[must_use]
    pub fn despite(self, error: &TriggerError) -> Self {
        let detail = error.detail().map(str::to_owned);
        Self { level: Level::ERROR, code: Some(error.code()), detail, ..self }
    }

    /// The event, with its response.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// What was decided.
    pub fn decision(&self) -> &'static str {
        self.decision
    }

    /// The code of a warning or of a failure.
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What Cognito is sent.
    pub fn into_value(self) -> Value {
        self.event.into_value()
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn detail_text(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

/// The decision of a handler that names none is `answer`.
impl From<Event> for Answer {
    fn from(event: Event) -> Self {
        Self::new(event, "answer")
    }
}

/// Shows what the log may know, and of the event its source.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("event", &self.event)
            .field("decision", &self.decision)
            .field("code", &self.code)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}
