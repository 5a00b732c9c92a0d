use portcullis_directory::{Account, Accounts, DirectoryError};
use portcullis_events::{Event, PreSignUp, PublicError, TriggerError};
use portcullis_trigger::Answer;

use crate::{
    Address, Config, Verdict, decide,
    link::{link, unavailable, user_called},
};

/// Answers an event: with what its user gets without a code, or with the refusal.
///
/// # Errors
///
/// A user who may not sign up, or has become one with a user of the pool. The error's text is for the user's eyes.
pub async fn handle(
    mut event: Event,
    config: &Config,
    accounts: &impl Accounts,
) -> Result<Answer, TriggerError> {
    let decision = judge(&mut event, config, accounts).await?;
    Ok(Answer::new(event, decision))
}

/// What was decided, for the log.
async fn judge(
    event: &mut Event,
    config: &Config,
    accounts: &impl Accounts,
) -> Result<&'static str, TriggerError> {
    let Some(mut sign_up) = PreSignUp::of(event) else {
        return Ok("not ours");
    };
    match decide(&sign_up, config)? {
        Verdict::Admit => Ok("admit"),
        Verdict::Confirm => {
            sign_up.set_auto_confirm()?;
            Ok("confirm")
        }
        Verdict::ConfirmAndVerify(address) => {
            if is_taken(sign_up.event(), &address, accounts).await? {
                // They get a code, as without a list: it reaches whose address it is.
                return Ok("address taken");
            }
            sign_up.set_auto_confirm()?;
            sign_up.set_auto_verify_email()?;
            Ok("confirm and verify")
        }
        Verdict::Link(newcomer, policy) => {
            link(&newcomer, policy, user_pool_id(sign_up.event())?, accounts).await?;
            Ok("admit unlinked")
        }
    }
}

/// If another user has shown that the address is theirs. To call it verified for a second one would, where it is an alias, move
/// it to them, and with it the account.
///
/// A list compares addresses letter by letter. Where an address can be moved it is a name as well, and names are found in any
/// case of their letters: so the pool is asked for the user of that name first.
async fn is_taken(event: &Event, address: &Address, accounts: &impl Accounts) -> Result<bool, TriggerError> {
    let pool = user_pool_id(event)?;
    let is_another = |account: &Account| {
        account.email_verified
            && account.has_email(&address.0)
            && event.user_name() != Some(account.username.as_str())
    };
    if user_called(&address.0, pool, accounts).await?.as_ref().is_some_and(is_another) {
        return Ok(true);
    }
    match accounts.users_by_email(pool, &address.0).await {
        Ok(found) => Ok(found.iter().any(is_another)),
        // One of those who were not looked at may have shown it.
        Err(DirectoryError::TooMany { .. }) => Ok(true),
        Err(error) => Err(unavailable(&error)),
    }
}

fn user_pool_id(event: &Event) -> Result<&str, TriggerError> {
    let id = event.user_pool_id().filter(|id| !id.is_empty());
    id.ok_or_else(|| PublicError::MALFORMED_EVENT.with_detail("the event has no userPoolId"))
}
