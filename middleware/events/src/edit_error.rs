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
    /// A claim without a name.
    #[error("a claim needs a name")]
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
    /// The attribute to be marked as verified is not in the event; Cognito would fail the sign-up.
    #[error("the attribute to verify is missing")]
    MissingAttribute,
}
