//! Changing a password, and choosing another when it is forgotten.

use serde_json::{Value, json};

use super::{migration, profile::save, sign_up::sent};
use crate::pool::{
    call::Call,
    codes::{Purpose, delete_code},
    custom_message::Sending,
    error::ServiceError,
    limits::{Judgement, Limit, forget_passwords, judge_password},
    password,
    srp::Verifier,
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn change_password(call: &Call<'_>) -> Result<Value> {
    let user = call.signed_in()?;
    let previous = call.input.password("PreviousPassword")?;
    let proposed = call.input.password("ProposedPassword")?;
    password::check_policy(proposed)?;
    let pool = &call.pool.settings.short_name;
    let right = user.verifier.accepts(pool, &user.sub, previous);
    let verifier = Verifier::make(&*call.pool.random, pool, &user.sub, proposed)?;
    call.pool.store.write(|tx| {
        let mut current = User::find(tx, &user.sub)?.ok_or_else(ServiceError::user_not_found)?;
        // What was right a moment ago is wrong when the password has been changed since.
        let right = right && current.verifier == user.verifier;
        // The outer result commits: a wrong password stays counted.
        match judge_password(tx, &user.sub, call.now, right)? {
            Judgement::LockedOut => return Ok(Err(ServiceError::limit_exceeded())),
            Judgement::Wrong => return Ok(Err(ServiceError::wrong_password())),
            Judgement::Accepted => {}
        }
        current.verifier = verifier;
        delete_code(tx, &current.sub, Purpose::ForgotPassword)?;
        save(call, tx, &mut current)?;
        Ok::<_, ServiceError>(Ok(()))
    })??;
    Ok(json!({}))
}

pub(super) fn forgot_password(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let name = call.input.username()?;
    let known = call.pool.store.write(|tx| {
        let user = User::find(tx, name)?;
        if let Some(user) = &user {
            call.acts_for(&user.sub);
        }
        if !Limit::ForgotPassword.take(tx, &call.subject(user.as_ref(), name), call.now)? {
            return Err(ServiceError::limit_exceeded());
        }
        Ok(user.is_some())
    })?;
    if !known && migration::is_possible(call, name) {
        migration::at_forgotten_password(call, name)?;
    }
    let message = call.pool.store.write(|tx| {
        let Some(user) = User::find(tx, name)? else { return Ok(None) };
        if matches!(user.status, Status::ForceChangePassword | Status::ExternalProvider) {
            return Err(ServiceError::not_authorized("User password cannot be reset in the current state."));
        }
        if !user.enabled || !user.email_verified() {
            return Ok(None);
        }
        let message = call.make_code(tx, &user, user.email().unwrap_or_default(), Purpose::ForgotPassword)?;
        Ok(Some((user, message)))
    })?;
    Ok(json!({ "CodeDeliveryDetails": sent(call, message, Sending::ForgotPassword, name)? }))
}

pub(super) fn confirm_forgot_password(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let (name, code) = (call.input.username()?, call.input.code("ConfirmationCode")?);
    let chosen = call.input.password("Password")?;
    password::check_policy(chosen)?;
    let sub = call.pool.store.read(|connection| User::find(connection, name))?.map(|user| user.sub);
    // Made before the lock is taken, and for nobody too, so that both take as long.
    let verifier = Verifier::make(
        &*call.pool.random,
        &call.pool.settings.short_name,
        sub.as_deref().unwrap_or_default(),
        chosen,
    )?;
    let user = call.pool.store.write(|tx| {
        // Someone who is disabled is answered as nobody.
        let user = User::find(tx, name)?.filter(|user| Some(&user.sub) == sub.as_ref() && user.enabled);
        let subject = call.subject(user.as_ref(), name);
        if let Some(user) = &user {
            call.acts_for(&user.sub);
        }
        if let Err(fault) = call.redeem_code(
            tx,
            &subject,
            user.as_ref().map(|user| user.sub.as_str()),
            Purpose::ForgotPassword,
            code,
        )? {
            // The outer result commits: a wrong code stays counted.
            return Ok(Err(fault));
        }
        let Some(mut user) = user else { return Ok(Err(ServiceError::expired_code())) };
        user.verifier = verifier;
        user.confirm();
        forget_passwords(tx, &user.sub)?;
        save(call, tx, &mut user)?;
        Ok::<_, ServiceError>(Ok(user))
    })??;
    call.post_confirmation("PostConfirmation_ConfirmForgotPassword", &user)?;
    Ok(json!({}))
}
