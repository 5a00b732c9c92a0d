use std::fmt;

use crate::EditError;

/// The longest public text, code included, in bytes. Cognito puts it into a redirect's query string
/// for federated users.
const LONGEST: usize = 150;

/// What a stranger may read of an error: a stable code and a fixed sentence.
///
/// Cognito wraps the text and adds the period: `PreSignUp failed with error <text>.` is the message of the exception, and on the
/// managed login pages the `error_description` of the redirect. Some clients hand on nothing but that, so a client finds the
/// code with the regular expression `failed with error (E_[A-Z_]+)`, in a redirect after it has decoded the query.
///
/// ```
/// use portcullis_events::PublicError;
///
/// const INVITE_MISSING: PublicError = PublicError::new("E_INVITE_MISSING", "signing up needs an invitation");
/// assert_eq!(INVITE_MISSING.to_string(), "E_INVITE_MISSING: signing up needs an invitation");
/// ```
///
/// A text that breaks the rules does not compile:
///
/// ```compile_fail
/// use portcullis_events::PublicError;
///
/// const WRONG: PublicError = PublicError::new("E_WRONG", "ends with a period.");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicError {
    code: &'static str,
    message: &'static str,
    fault: bool,
}

impl PublicError {
    /// The event was no JSON object.
    pub const MALFORMED_EVENT: Self = Self::fault("E_MALFORMED_EVENT", "the request could not be read");

    /// A fault on our side; the log knows which.
    pub const INTERNAL: Self = Self::fault("E_INTERNAL", "something went wrong, try again later");

    /// The answer was not ready in time.
    pub const TIMEOUT: Self = Self::fault("E_TIMEOUT", "this took too long, try again");

    /// A code and a message that are safe to show: the user is refused, and that is as it should be.
    ///
    /// Meant for constants, where a text that breaks a rule is a compile error.
    ///
    /// # Panics
    ///
    /// When called at run time and the code is not `E_` with capital letters and underscores, or
    /// the message is empty, is not printable ASCII, ends with a period, or both together are
    /// longer than 150 bytes.
    pub const fn new(code: &'static str, message: &'static str) -> Self {
        assert!(is_code(code.as_bytes()), "a code is `E_` with capital letters and underscores");
        assert!(
            is_message(message.as_bytes()),
            "a message is printable ASCII and does not end with a period"
        );
        assert!(
            code.len() + ": ".len() + message.len() <= LONGEST,
            "code and message are longer than 150 bytes"
        );
        Self { code, message, fault: false }
    }

    /// As [`new`](Self::new), for a fault on our side, which somebody should look after: it is logged as an error.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub const fn fault(code: &'static str, message: &'static str) -> Self {
        Self { fault: true, ..Self::new(code, message) }
    }

    /// The code, such as `E_DOMAIN_NOT_ALLOWED`.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// If the fault is on our side.
    pub const fn is_fault(&self) -> bool {
        self.fault
    }

    /// The error, with a detail for the log. It must not hold personal data or secrets either.
    pub fn with_detail(self, detail: impl Into<String>) -> TriggerError {
        TriggerError { public: self, detail: Some(detail.into()) }
    }
}

impl fmt::Display for PublicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// Why a trigger refuses. Its text is the public one, so that whoever prints it cannot say too
/// much; the detail is for the log.
///
/// ```
/// use portcullis_events::PublicError;
///
/// let error = PublicError::INTERNAL.with_detail("the table does not exist");
/// assert_eq!(error.to_string(), "E_INTERNAL: something went wrong, try again later");
/// assert_eq!(error.detail(), Some("the table does not exist"));
/// assert!(!format!("{error:?}").contains("table"));
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{public}")]
pub struct TriggerError {
    public: PublicError,
    detail: Option<String>,
}

impl TriggerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.public.code
    }

    /// What may be shown.
    pub fn public(&self) -> PublicError {
        self.public
    }

    /// What the log may know.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    pub(crate) fn malformed_event(detail: String) -> Self {
        PublicError::MALFORMED_EVENT.with_detail(detail)
    }
}

impl From<PublicError> for TriggerError {
    fn from(public: PublicError) -> Self {
        Self { public, detail: None }
    }
}

/// A setter refused what our own code wanted to set: a fault on our side.
impl From<EditError> for TriggerError {
    fn from(error: EditError) -> Self {
        PublicError::INTERNAL.with_detail(error.to_string())
    }
}

/// Shows the code only: the Lambda runtime prints an error's debug form, and the detail is logged
/// once, by us.
impl fmt::Debug for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TriggerError").field("code", &self.public.code).finish_non_exhaustive()
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "iterators are not const; the index is checked against the length"
)]
const fn is_code(code: &[u8]) -> bool {
    if code.len() < 3 || code[0] != b'E' || code[1] != b'_' {
        return false;
    }
    let mut at = 2;
    while at < code.len() {
        if !code[at].is_ascii_uppercase() && code[at] != b'_' {
            return false;
        }
        at += 1;
    }
    true
}

#[expect(
    clippy::indexing_slicing,
    reason = "iterators are not const; the index is checked against the length"
)]
const fn is_message(message: &[u8]) -> bool {
    let mut at = 0;
    while at < message.len() {
        if !message[at].is_ascii_graphic() && message[at] != b' ' {
            return false;
        }
        at += 1;
    }
    !message.is_empty() && message[message.len() - 1] != b'.'
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

    use super::*;

    #[test]
    fn codes_and_messages_follow_the_rules() {
        for (code, expected) in [
            ("E_A", true),
            ("E_DOMAIN_NOT_ALLOWED", true),
            ("E_", false),
            ("", false),
            ("DOMAIN", false),
            ("E_a", false),
            ("E_A1", false),
        ] {
            assert_eq!(is_code(code.as_bytes()), expected, "{code}");
        }
        for (message, expected) in
            [("try again", true), ("", false), ("no.", false), ("caf\u{e9}", false), ("two\nlines", false)]
        {
            assert_eq!(is_message(message.as_bytes()), expected, "{message}");
        }
    }

    #[test]
    #[should_panic(expected = "longer than 150 bytes")]
    fn a_long_message_is_refused() {
        let message: &'static str = Box::leak("m".repeat(150).into_boxed_str());
        let _ = PublicError::new("E_LONG", message);
    }

    /// What `failed with error (E_[A-Z_]+)` finds.
    fn code_in(text: &str) -> Option<&str> {
        let (_, rest) = text.split_once("failed with error ")?;
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        rest.get(..end).filter(|code| code.len() > 2 && code.starts_with("E_"))
    }

    #[test]
    fn a_client_finds_the_code_in_what_cognito_makes_of_it() {
        const LONG: PublicError = PublicError::new("E_LINKED_RETRY", "100% of it: a+b, \"c\" & d=e");
        for public in [PublicError::MALFORMED_EVENT, PublicError::INTERNAL, PublicError::TIMEOUT, LONG] {
            let message = format!("PreSignUp failed with error {public}.");
            assert_eq!(code_in(&message), Some(public.code()));
            // Cognito encodes the message as a form does: a blank is a plus.
            let encoded = utf8_percent_encode(&message, NON_ALPHANUMERIC).to_string().replace("%20", "+");
            let redirect =
                format!("https://app.example/?error_description={encoded}&state=s&error=invalid_request");
            let (_, query) = redirect.split_once("error_description=").unwrap();
            let (description, _) = query.split_once('&').unwrap();
            let decoded = description.replace('+', " ");
            let decoded = percent_decode_str(&decoded).decode_utf8().unwrap();
            assert_eq!((decoded.as_ref(), code_in(&decoded)), (message.as_str(), Some(public.code())));
        }
        for other in ["PreSignUp failed with error boom.", "PreSignUp failed with error E_.", "E_INTERNAL"] {
            assert_eq!(code_in(other), None, "{other}");
        }
    }

    #[test]
    fn faults_are_told_from_refusals() {
        for fault in [PublicError::MALFORMED_EVENT, PublicError::INTERNAL, PublicError::TIMEOUT] {
            assert!(fault.is_fault() && TriggerError::from(fault).public().is_fault());
        }
        assert!(!PublicError::new("E_CLOSED", "nobody may sign up today").is_fault());
    }
}
