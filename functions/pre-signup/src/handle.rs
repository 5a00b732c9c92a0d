use portcullis_directory::Accounts;
use portcullis_events::{Event, PreSignUp, PublicError, TriggerError};
use portcullis_trigger::Answer;

use crate::{
    Address, Config, Verdict, decide,
    link::{link, unavailable},
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
async fn is_taken(event: &Event, address: &Address, accounts: &impl Accounts) -> Result<bool, TriggerError> {
    let found = accounts.users_by_email(user_pool_id(event)?, &address.0).await;
    let found = found.map_err(|error| unavailable(&error))?;
    Ok(found
        .iter()
        .any(|account| account.email_verified && event.user_name() != Some(account.username.as_str())))
}

fn user_pool_id(event: &Event) -> Result<&str, TriggerError> {
    let id = event.user_pool_id().filter(|id| !id.is_empty());
    id.ok_or_else(|| PublicError::MALFORMED_EVENT.with_detail("the event has no userPoolId"))
}
