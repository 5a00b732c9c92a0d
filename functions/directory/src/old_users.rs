use std::{fmt, future::Future};

use crate::DirectoryError;

/// Another directory, which users come over from.
pub trait OldUsers: Sync {
    /// Tries a password. Whether the user is unknown, the password wrong or signing in forbidden is all the same.
    fn sign_in(
        &self,
        name: &str,
        password: &str,
    ) -> impl Future<Output = Result<SignIn, DirectoryError>> + Send;

    /// The user, by whatever they may sign in with.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<OldUser>, DirectoryError>> + Send;
}

/// What became of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// It did not let them in.
    Refused,
    /// It is theirs, and all that was asked for.
    Accepted,
    /// It is right, and was made for them by somebody else, to be changed at once.
    Temporary,
    /// It is right, and a second factor was asked for.
    Challenged(SecondFactor),
}

/// What a user shows besides the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// A code by text message, which Cognito can go on asking for.
    Sms,
    /// Anything else, such as an authenticator app, whose secret stays where it is.
    Other,
}

/// A user as the other directory knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct OldUser {
    /// Names and values, as Cognito writes them.
    pub attributes: Vec<(String, String)>,
    /// Whether they may sign in at all.
    pub enabled: bool,
    /// Whether they have proven who they are: a confirmed user, or one who must choose a new password.
    pub confirmed: bool,
    /// The second factors that they have set up.
    pub second_factors: Vec<SecondFactor>,
}

impl OldUser {
    /// An attribute that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// If there is such an address (`email`, `phone_number`), and the directory calls it verified.
    pub fn is_verified(&self, address: &str) -> bool {
        let flag = match address {
            "email" => "email_verified",
            "phone_number" => "phone_number_verified",
            _ => return false,
        };
        self.get(address).is_some() && self.get(flag) == Some("true")
    }
}

/// Their values are personal data.
impl fmt::Debug for OldUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OldUser")
            .field("attributes", &self.attributes.len())
            .field("enabled", &self.enabled)
            .field("confirmed", &self.confirmed)
            .field("second_factors", &self.second_factors)
            .finish()
    }
}
