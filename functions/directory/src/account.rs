use std::fmt;

use crate::FederatedIdentity;

/// A user of the pool.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// What the pool calls them.
    pub username: String,
    /// Where they are in their life.
    pub status: AccountStatus,
    /// If they may sign in.
    pub enabled: bool,
    /// Their e-mail address.
    pub email: Option<String>,
    /// If somebody has shown that the address is theirs.
    pub email_verified: bool,
    /// The identities of other providers that sign in as this user.
    pub identities: Vec<FederatedIdentity>,
}

/// Where a user is in their life, in Cognito's words (API reference, `UserType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountStatus {
    /// `UNCONFIRMED`: signed up, and has shown nothing.
    Unconfirmed,
    /// `CONFIRMED`.
    Confirmed,
    /// `FORCE_CHANGE_PASSWORD`: made by an administrator, with a temporary password.
    ForceChangePassword,
    /// `RESET_REQUIRED`: must choose a new password.
    ResetRequired,
    /// `EXTERNAL_PROVIDER`: stands for somebody at another provider, and has no password.
    ExternalProvider,
    /// Any other.
    Other,
}

impl AccountStatus {
    /// The status of this name.
    pub fn named(name: &str) -> Self {
        match name {
            "UNCONFIRMED" => Self::Unconfirmed,
            "CONFIRMED" => Self::Confirmed,
            "FORCE_CHANGE_PASSWORD" => Self::ForceChangePassword,
            "RESET_REQUIRED" => Self::ResetRequired,
            "EXTERNAL_PROVIDER" => Self::ExternalProvider,
            _ => Self::Other,
        }
    }
}

impl Account {
    /// An account from the names and values of its attributes.
    pub fn new<'a>(
        username: impl Into<String>,
        status: AccountStatus,
        enabled: bool,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut account = Self {
            username: username.into(),
            status,
            enabled,
            email: None,
            email_verified: false,
            identities: Vec::new(),
        };
        for (name, value) in attributes {
            match name {
                "email" if !value.is_empty() => account.email = Some(value.to_owned()),
                "email_verified" => account.email_verified = value == "true",
                "identities" => account.identities = FederatedIdentity::list(value),
                _ => {}
            }
        }
        account
    }

    /// If the user has this address, in any case of its letters.
    pub fn has_email(&self, email: &str) -> bool {
        self.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email))
    }

    /// If this identity signs in as the user already.
    pub fn has_identity(&self, identity: &FederatedIdentity) -> bool {
        self.identities.iter().any(|own| own.is(identity))
    }
}

/// Shows nothing that tells who it is.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("status", &self.status)
            .field("enabled", &self.enabled)
            .field("email_verified", &self.email_verified)
            .field("identities", &self.identities)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_attributes_and_shows_nobody() {
        let account = Account::new(
            "ann",
            AccountStatus::named("CONFIRMED"),
            true,
            [
                ("sub", "s-1"),
                ("email", "Ann@example.com"),
                ("email_verified", "true"),
                ("identities", r#"[{"userId":"100","providerName":"Google"}]"#),
            ],
        );
        let google = |subject: &str| FederatedIdentity { provider: "google".into(), subject: subject.into() };
        assert!(
            account.email_verified
                && account.has_email("ann@EXAMPLE.com")
                && !account.has_email("ann@example.co")
        );
        assert!(account.has_identity(&google("100")) && !account.has_identity(&google("101")));
        let shown = format!("{account:?}").to_lowercase();
        assert!(!shown.contains("ann") && !shown.contains("100"), "{shown}");
    }

    #[test]
    fn an_address_is_verified_only_when_it_says_so() {
        for (value, expected) in [("true", true), ("True", false), ("false", false), ("", false)] {
            let account = Account::new("a", AccountStatus::Confirmed, true, [("email_verified", value)]);
            assert_eq!(account.email_verified, expected, "{value}");
        }
    }
}
