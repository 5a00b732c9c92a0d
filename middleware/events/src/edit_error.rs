/// Why a setter refused. The response is then as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Cognito keeps this claim for itself.
    #[error("the claim is reserved by Amazon Cognito")]
    Reserved,
    /// A developer claim (`dev:`) can be suppressed and not set.
    #[error("a `dev:` claim can be suppressed, not set")]
    SuppressOnly,
    /// `aud` of an access token can only be the app client's id.
    #[error("the access token's `aud` can only be the event's client id")]
    ForeignAudience,
    /// A claim, an attribute or a parameter without a name.
    #[error("the name is empty")]
    EmptyName,
    /// In a version 1 event, a claim's value is a string.
    #[error("a version 1 event takes only strings as claims")]
    NotAString,
    /// The claim is one of those that take no list or object in an ID token.
    #[error("the claim takes no list or object in an ID token")]
    ComplexValue,
    /// Null is none of the types that a claim may have.
    #[error("a claim cannot be null")]
    NullValue,
    /// A scope must be printable ASCII without blanks, quotes and backslashes (RFC 6749, section
    /// 3.3).
    #[error("the scope is empty or has a blank or another forbidden character")]
    InvalidScope,
    /// A group's name must have 1 to 128 characters and no blanks.
    #[error("the group's name is empty, too long or has a blank")]
    InvalidGroup,
    /// A role must be the ARN of an IAM role.
    #[error("the role is no ARN of an IAM role")]
    InvalidRole,
    /// A version 1 event changes no access tokens and no scopes.
    #[error("a version 1 event cannot change access tokens or scopes")]
    NotInVersion1,
    /// The event's version is none of 1, 2 and 3, so the response's shape is not known.
    #[error("the event's version is not known")]
    UnknownVersion,
    /// Client credentials: there is no user, so there are no groups and there is no ID token.
    #[error("client credentials have no user: no groups and no ID token")]
    NoUser,
    /// Cognito would ignore the setting for this trigger source.
    #[error("Amazon Cognito ignores this setting for the event's source")]
    Ignored,
    /// An attribute that the setting needs is not there; Cognito would fail.
    #[error("the attribute is missing")]
    MissingAttribute,
    /// Cognito keeps no value of more than 2,048 bytes.
    #[error("the attribute is longer than 2,048 bytes")]
    AttributeTooLong,
    /// No attributes at all, which would mean something else.
    #[error("there are no attributes")]
    Nothing,
    /// There is no such user, so they cannot sign in.
    #[error("there is no such user")]
    UserNotFound,
    /// The last challenge was another one, or was not passed.
    #[error("the challenge was not the last one, or was not passed")]
    ChallengeNotPassed,
    /// A message must have the placeholders that Cognito replaces.
    #[error("the message lacks the placeholder of the code, the link or the user's name")]
    MissingPlaceholder,
    /// A message or its subject is longer than Cognito takes.
    #[error("the text is too long")]
    TextTooLong,
    /// A subject is one line, and not empty.
    #[error("the subject is empty or has a control character")]
    InvalidText,
}
