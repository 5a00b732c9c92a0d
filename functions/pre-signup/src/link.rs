use portcullis_directory::{Account, AccountStatus, Accounts, DirectoryError, FederatedIdentity};
use portcullis_events::{PublicError, TriggerError};

use crate::LinkPolicy;

/// The identity is linked now, and this sign-in has to end nevertheless: Cognito has begun it for a user that is not to be.
/// The client starts it again, once, with the same provider.
pub const LINKED_RETRY: PublicError =
    PublicError::new("E_LINKED_RETRY", "the accounts are linked now, start the sign-in again");

/// A user of the pool has the address, and it is not safe to make them one with whoever comes.
pub const LINK_REFUSED: PublicError =
    PublicError::new("E_LINK_REFUSED", "an account with this e-mail address exists, sign in to it directly");

/// The user pool could not be asked, so nothing was decided.
pub const TRY_AGAIN: PublicError =
    PublicError::fault("E_TRY_AGAIN", "the user pool could not be asked, try again");

/// At most this many identities can be linked to a user (quotas of Amazon Cognito).
const MOST_IDENTITIES: usize = 5;

/// Somebody who came from a trusted provider, with an address that it has verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Who they are at the provider.
    pub identity: FederatedIdentity,
    /// Their address.
    pub email: Address,
}

/// An e-mail address, which is personal data and not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub(crate) String);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address")
    }
}

/// Which user of the pool a newcomer becomes one with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// This one.
    Account(Account),
    /// This one, whose temporary password is replaced once they are linked.
    Unfinished(Account),
    /// No user of the pool has shown that the address is theirs.
    Nobody,
    /// None, and the newcomer is refused; why.
    Refused(&'static str),
}

/// Which of the users who have an address a newcomer who has it too becomes one with.
///
/// 1. Only a user of the pool itself, never one who stands for somebody at another provider.
/// 2. Only one whose address is verified: else whoever signs up with a stranger's address, and waits for the stranger,
///    would share their account. Users whose address is not verified count for nothing, so that they cannot
///    keep anybody out either; only where every user has to be made ([`LinkPolicy::Native`]) are they in the way.
/// 3. Only if there is exactly one.
/// 4. Only one who is confirmed and may sign in. A user with a temporary password is taken only where users are made
///    ([`LinkPolicy::Native`]): such a one may have been left half-made. Their password is replaced once they are linked,
///    so that whoever knows it is out, and not before: who was invited and could not be linked still has it. If it cannot be
///    replaced they are not linked.
pub fn destination(accounts: Vec<Account>, policy: LinkPolicy) -> Destination {
    let mut own: Vec<Account> =
        accounts.into_iter().filter(|account| account.status != AccountStatus::ExternalProvider).collect();
    let unverified = own.iter().filter(|account| !account.email_verified).count();
    own.retain(|account| account.email_verified);
    if own.len() > 1 {
        return Destination::Refused("more than one user has the address");
    }
    let Some(account) = own.pop() else {
        return match policy {
            LinkPolicy::Native if unverified > 0 => {
                Destination::Refused("the user has not verified the address")
            }
            _ => Destination::Nobody,
        };
    };
    match (account.status, policy) {
        _ if !account.enabled => Destination::Refused("the user is disabled"),
        (AccountStatus::Confirmed, _) => Destination::Account(account),
        (AccountStatus::ForceChangePassword, LinkPolicy::Native) => Destination::Unfinished(account),
        _ => Destination::Refused("the user is not confirmed"),
    }
}

/// Makes the newcomer one with a user of the pool, which is always an error: [`LINKED_RETRY`]. Without one, under a policy that
/// makes none, they are admitted as a user of their own.
pub(crate) async fn link(
    newcomer: &Newcomer,
    policy: LinkPolicy,
    user_pool_id: &str,
    accounts: &impl Accounts,
) -> Result<(), TriggerError> {
    let found = find(newcomer, policy, user_pool_id, accounts).await?;
    let username = match found {
        Destination::Nobody if policy == LinkPolicy::Native => {
            match accounts.create_native_user(user_pool_id, &newcomer.email.0).await {
                Ok(username) => username,
                // Made in the meantime, by another delivery of this event, and maybe not listed yet.
                Err(DirectoryError::UserExists { .. }) => {
                    named(newcomer, policy, user_pool_id, accounts).await?
                }
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Destination::Nobody => return Ok(()),
        Destination::Refused(why) => return Err(LINK_REFUSED.with_detail(why)),
        Destination::Account(account) if account.has_identity(&newcomer.identity) => {
            return Err(LINKED_RETRY.with_detail("linked before"));
        }
        // The delivery before died after the link.
        Destination::Unfinished(account) if account.has_identity(&newcomer.identity) => {
            finish(newcomer, &account.username, user_pool_id, accounts).await?;
            return Err(LINKED_RETRY.with_detail("linked before"));
        }
        Destination::Account(account) | Destination::Unfinished(account)
            if account.identities.len() >= MOST_IDENTITIES =>
        {
            return Err(LINK_REFUSED.with_detail("the user has as many identities as a user can have"));
        }
        Destination::Unfinished(account) => {
            let detail = attach(newcomer, &account.username, user_pool_id, accounts).await?;
            finish(newcomer, &account.username, user_pool_id, accounts).await?;
            return Err(LINKED_RETRY.with_detail(detail));
        }
        Destination::Account(account) => account.username,
    };
    let detail = attach(newcomer, &username, user_pool_id, accounts).await?;
    Err(LINKED_RETRY.with_detail(detail))
}

/// Links the newcomer to this user, and says whether they were linked before.
async fn attach(
    newcomer: &Newcomer,
    username: &str,
    user_pool_id: &str,
    accounts: &impl Accounts,
) -> Result<&'static str, TriggerError> {
    match accounts.link_provider(user_pool_id, username, &newcomer.identity).await {
        Ok(()) => Ok("linked"),
        Err(error) if error.is_temporary() => Err(unavailable(&error)),
        // Cognito does not say so when the link is there already, as after another delivery of this event.
        Err(error) => match accounts.user(user_pool_id, username).await {
            Ok(Some(account)) if account.has_identity(&newcomer.identity) => Ok("linked before"),
            Ok(_) => Err(LINK_REFUSED.with_detail(error.to_string())),
            Err(error) => Err(unavailable(&error)),
        },
    }
}

/// Makes a linked user with a temporary password a confirmed one, whose password nobody knows. Where that fails the link is taken back:
/// who is linked signs in without an event, so that no delivery would come to replace the password.
async fn finish(
    newcomer: &Newcomer,
    username: &str,
    user_pool_id: &str,
    accounts: &impl Accounts,
) -> Result<(), TriggerError> {
    let Err(error) = accounts.set_random_password(user_pool_id, username).await else {
        return Ok(());
    };
    match accounts.unlink_provider(user_pool_id, &newcomer.identity).await {
        Ok(()) => Err(unavailable(&error)),
        Err(kept) => Err(TRY_AGAIN.with_detail(format!(
            "{error}; the user stays linked, and the temporary password good until it expires: {kept}"
        ))),
    }
}

/// The name of the user who is called by the address.
async fn named(
    newcomer: &Newcomer,
    policy: LinkPolicy,
    user_pool_id: &str,
    accounts: &impl Accounts,
) -> Result<String, TriggerError> {
    let email = &newcomer.email.0;
    let found = accounts.user(user_pool_id, email).await.map_err(|error| unavailable(&error))?;
    match destination(found.into_iter().filter(|account| account.has_email(email)).collect(), policy) {
        Destination::Account(account) => Ok(account.username),
        Destination::Unfinished(_) => Err(TRY_AGAIN.with_detail("a user with the address is being made")),
        Destination::Nobody => Err(LINK_REFUSED.with_detail("the address is the name of another user")),
        Destination::Refused(why) => Err(LINK_REFUSED.with_detail(why)),
    }
}

async fn find(
    newcomer: &Newcomer,
    policy: LinkPolicy,
    user_pool_id: &str,
    accounts: &impl Accounts,
) -> Result<Destination, TriggerError> {
    let email = &newcomer.email.0;
    match accounts.users_by_email(user_pool_id, email).await {
        Ok(found) => Ok(destination(found, policy)),
        // Anybody can make users with this address and never verify it. Where it is a name to sign in with, the pool lets one
        // user at most have verified it, and that one is found by it; a user whose own name it is proves no such thing.
        Err(DirectoryError::TooMany { .. }) => {
            let found = user_called(email, user_pool_id, accounts).await?;
            let is_the_one = |account: &Account| {
                account.email_verified
                    && account.has_email(email)
                    && account.status != AccountStatus::ExternalProvider
                    && !account.username.eq_ignore_ascii_case(email)
            };
            Ok(match found.filter(is_the_one) {
                Some(account) => destination(vec![account], policy),
                None => Destination::Refused("too many users have the address"),
            })
        }
        Err(error) => Err(unavailable(&error)),
    }
}

/// The user whom the pool finds by this address, as it finds who signs in with it: in any case of its letters.
pub(crate) async fn user_called(
    email: &str,
    user_pool_id: &str,
    accounts: &impl Accounts,
) -> Result<Option<Account>, TriggerError> {
    match accounts.user(user_pool_id, email).await {
        Ok(found) => Ok(found),
        // An address that is too long to be a name is nobody's.
        Err(DirectoryError::Refused { code, .. }) if code == "InvalidParameterException" => Ok(None),
        Err(error) => Err(unavailable(&error)),
    }
}

pub(crate) fn unavailable(error: &DirectoryError) -> TriggerError {
    TRY_AGAIN.with_detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOGLE: &str = r#"[{"userId":"100","providerName":"Google"}]"#;

    fn account(name: &str, status: &str, verified: &str) -> Account {
        let attributes = [("email", "ann@example.com"), ("email_verified", verified), ("identities", GOOGLE)];
        Account::new(name, AccountStatus::named(status), true, attributes)
    }

    #[test]
    fn only_the_one_confirmed_user_who_has_verified_the_address_is_linked_to() {
        let confirmed = || account("ann", "CONFIRMED", "true");
        let invited = || account("ann", "FORCE_CHANGE_PASSWORD", "true");
        // What an attacker can make: a user who waits for the owner of the address.
        let waiting = || account("eve", "UNCONFIRMED", "false");
        let claimed = || account("eve", "CONFIRMED", "false");
        let federated = || account("google_7", "EXTERNAL_PROVIDER", "true");
        let disabled = || Account { enabled: false, ..confirmed() };
        let not_confirmed = Destination::Refused("the user is not confirmed");
        let several = Destination::Refused("more than one user has the address");
        let unverified = Destination::Refused("the user has not verified the address");
        let rows = [
            (vec![], Destination::Nobody, Destination::Nobody),
            (vec![confirmed()], Destination::Account(confirmed()), Destination::Account(confirmed())),
            (vec![federated()], Destination::Nobody, Destination::Nobody),
            (
                vec![federated(), confirmed()],
                Destination::Account(confirmed()),
                Destination::Account(confirmed()),
            ),
            (vec![waiting()], Destination::Nobody, unverified.clone()),
            (vec![claimed()], Destination::Nobody, unverified),
            (
                vec![waiting(), claimed(), confirmed()],
                Destination::Account(confirmed()),
                Destination::Account(confirmed()),
            ),
            (vec![confirmed(), account("bob", "CONFIRMED", "true")], several.clone(), several.clone()),
            (vec![confirmed(), account("bob", "UNCONFIRMED", "true")], several.clone(), several),
            (vec![account("eve", "UNCONFIRMED", "true")], not_confirmed.clone(), not_confirmed.clone()),
            (vec![account("ann", "RESET_REQUIRED", "true")], not_confirmed.clone(), not_confirmed.clone()),
            (vec![account("ann", "TOMORROW", "true")], not_confirmed.clone(), not_confirmed.clone()),
            (vec![invited()], not_confirmed, Destination::Unfinished(invited())),
            (
                vec![disabled()],
                Destination::Refused("the user is disabled"),
                Destination::Refused("the user is disabled"),
            ),
        ];
        for (accounts, existing, native) in rows {
            assert_eq!(destination(accounts.clone(), LinkPolicy::Existing), existing, "{accounts:?}");
            assert_eq!(destination(accounts.clone(), LinkPolicy::Native), native, "{accounts:?}");
        }
    }
}
