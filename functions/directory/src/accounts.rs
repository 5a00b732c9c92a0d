use std::future::Future;

use crate::{Account, DirectoryError, FederatedIdentity};

/// The user pool's groups.
pub trait Groups: Sync {
    /// Adds a user to a group. Adding twice is adding once.
    fn add_user_to_group(
        &self,
        user_pool_id: &str,
        username: &str,
        group: &str,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;
}

/// The user pool's accounts: those of its own and those that other providers stand for.
pub trait Accounts: Sync {
    /// All users who have this e-mail address, in any case of its letters, verified or not.
    ///
    /// It must not leave one out: who asks wants to know that nobody else has the address. So more users than
    /// are looked at are an error ([`DirectoryError::TooMany`]).
    fn users_by_email(
        &self,
        user_pool_id: &str,
        email: &str,
    ) -> impl Future<Output = Result<Vec<Account>, DirectoryError>> + Send;

    /// The user of this name, as they are now.
    fn user(
        &self,
        user_pool_id: &str,
        username: &str,
    ) -> impl Future<Output = Result<Option<Account>, DirectoryError>> + Send;

    /// Makes a confirmed user with this address, verified, and with a password that nobody knows. No message is
    /// sent. Gives the name of the user.
    ///
    /// A user who has the name or the address is left as they are ([`DirectoryError::UserExists`]).
    fn create_native_user(
        &self,
        user_pool_id: &str,
        email: &str,
    ) -> impl Future<Output = Result<String, DirectoryError>> + Send;

    /// Gives a user a password that nobody knows, in place of any other, and confirms them.
    fn set_random_password(
        &self,
        user_pool_id: &str,
        username: &str,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Lets whoever signs in with this identity sign in as this user.
    ///
    /// Linking twice is an error ([`DirectoryError::Refused`]), as it is at Amazon Cognito: who repeats a link
    /// looks at [`Account::identities`].
    fn link_provider(
        &self,
        user_pool_id: &str,
        username: &str,
        identity: &FederatedIdentity,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Takes a link back that nobody has signed in by yet: whoever has this identity signs up anew.
    fn unlink_provider(
        &self,
        user_pool_id: &str,
        identity: &FederatedIdentity,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;
}
