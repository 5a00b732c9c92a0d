/// Why a message goes out: the part of the source behind the `_`, which custom messages and custom senders share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageSource {
    /// `SignUp`: a code that confirms a sign-up.
    SignUp,
    /// `AdminCreateUser`: a temporary password.
    AdminCreateUser,
    /// `ResendCode`: the code of a sign-up once more.
    ResendCode,
    /// `ForgotPassword`: a code that allows a new password.
    ForgotPassword,
    /// `UpdateUserAttribute`: a code for an address that has changed.
    UpdateUserAttribute,
    /// `VerifyUserAttribute`: a code for an address that the user wants verified.
    VerifyUserAttribute,
    /// `Authentication`: a code of a sign-in.
    Authentication,
    /// `AccountTakeOverNotification`: a warning, without a code. Custom senders only.
    AccountTakeOverNotification,
    /// A source that this version does not know.
    Other,
}

impl MessageSource {
    pub(crate) fn of(source: &str) -> Self {
        match source.split_once('_').map_or("", |(_, reason)| reason) {
            "SignUp" => Self::SignUp,
            "AdminCreateUser" => Self::AdminCreateUser,
            "ResendCode" => Self::ResendCode,
            "ForgotPassword" => Self::ForgotPassword,
            "UpdateUserAttribute" => Self::UpdateUserAttribute,
            "VerifyUserAttribute" => Self::VerifyUserAttribute,
            "Authentication" => Self::Authentication,
            "AccountTakeOverNotification" => Self::AccountTakeOverNotification,
            _ => Self::Other,
        }
    }
}
