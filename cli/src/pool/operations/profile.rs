//! What signed-in users do with their own account.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::pool::{
    Message,
    attributes::{Attributes, Writer},
    call::Call,
    codes::{Purpose, address_to_verify, delete_code, delete_codes, delivery_details},
    custom_message::Sending,
    error::{Exception, ServiceError},
    limits::Limit,
    store::is_duplicate,
    users::User,
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn get_user(call: &Call<'_>) -> Result<Value> {
    let user = call.signed_in()?;
    Ok(json!({ "Username": user.username(), "UserAttributes": user.readable_attribute_list() }))
}

pub(super) fn update_user_attributes(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    let written = call.input.name_values("UserAttributes")?.unwrap_or_default();
    let written = Attributes::checked(written, Writer::Client)?;
    let (user, message) = call.pool.store.write(|tx| {
        let mut user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        let message = write_attributes(call, tx, &mut user, written, Writer::Client)?;
        Ok::<_, ServiceError>((user, message))
    })?;
    let details: Vec<Value> = message.iter().map(|message| delivery_details(message.email())).collect();
    if let Some(message) = message {
        call.send(&user, message, Sending::UpdateUserAttribute)?;
    }
    Ok(json!({ "CodeDeliveryDetailsList": details }))
}

/// Writes attributes. A new address waits for its code to come back, and the user keeps the old one until then.
///
/// An administrator may vouch for the address instead: with `email_verified` it is the user's at once.
pub(super) fn write_attributes(
    call: &Call<'_>,
    connection: &Connection,
    user: &mut User,
    mut written: Attributes,
    writer: Writer,
) -> Result<Option<Message>> {
    let vouched = written.get("email_verified") == Some("true");
    let mut pending = None;
    if let Some(email) = written.get("email") {
        if user.has_email(email) {
            // Whoever writes the address that the user has does not want another one any more.
            let awaited = address_to_verify(connection, &user.sub)?;
            if awaited.is_some_and(|awaited| !user.has_email(&awaited)) {
                delete_code(connection, &user.sub, Purpose::VerifyEmail)?;
            }
        } else if vouched {
            delete_codes(connection, &user.sub)?;
        } else {
            pending = written.take("email");
            // It speaks of the new address.
            written.take("email_verified");
        }
    }
    if written.get("phone_number").is_some_and(|new| user.attributes.get("phone_number") != Some(new)) {
        user.attributes.set("phone_number_verified", "false");
    }
    user.attributes.merge(written);
    save(call, connection, user)?;
    let Some(email) = pending else { return Ok(None) };
    if User::find(connection, &email)?.is_some() {
        return Err(alias_exists());
    }
    if writer == Writer::Client && !Limit::AttributeCode.take(connection, &user.sub, call.now)? {
        return Err(ServiceError::limit_exceeded());
    }
    call.make_code(connection, user, &email, Purpose::VerifyEmail).map(Some)
}

/// Writes a user who was read in the same transaction.
pub(super) fn save(call: &Call<'_>, connection: &Connection, user: &mut User) -> Result<()> {
    match user.update(connection, call.now) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ServiceError::user_not_found()),
        Err(error) if is_duplicate(&error) => Err(alias_exists()),
        Err(error) => Err(error.into()),
    }
}

fn alias_exists() -> ServiceError {
    ServiceError::new(Exception::AliasExists, "An account with the given email already exists.")
}

pub(super) fn get_user_attribute_verification_code(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    check_attribute_name(call)?;
    let (user, message) = call.pool.store.write(|tx| {
        let user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        let awaited = address_to_verify(tx, &user.sub)?.filter(|awaited| !user.has_email(awaited));
        if awaited.is_none() && user.email_verified() {
            return Err(ServiceError::invalid("The email is verified already."));
        }
        let email = awaited.as_deref().or(user.email()).unwrap_or_default();
        if !Limit::AttributeCode.take(tx, &user.sub, call.now)? {
            return Err(ServiceError::limit_exceeded());
        }
        let message = call.make_code(tx, &user, email, Purpose::VerifyEmail)?;
        Ok((user, message))
    })?;
    let details = delivery_details(message.email());
    call.send(&user, message, Sending::VerifyUserAttribute)?;
    Ok(json!({ "CodeDeliveryDetails": details }))
}

pub(super) fn verify_user_attribute(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    check_attribute_name(call)?;
    let code = call.input.code("Code")?;
    call.pool.store.write(|tx| {
        let mut user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        let email = match call.redeem_code(tx, &sub, Some(&sub), Purpose::VerifyEmail, code)? {
            Ok(email) => email,
            // The outer result commits: a wrong code stays counted.
            Err(fault) => return Ok(Err(fault)),
        };
        if !user.has_email(&email) {
            delete_codes(tx, &sub)?;
            user.attributes.set("email", &email);
        }
        user.attributes.set("email_verified", "true");
        save(call, tx, &mut user)?;
        Ok::<_, ServiceError>(Ok(()))
    })??;
    Ok(json!({}))
}

pub(super) fn delete_user(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    call.pool.store.write(|tx| User::delete(tx, &sub))?;
    Ok(json!({}))
}

fn check_attribute_name(call: &Call<'_>) -> Result<()> {
    match call.input.string("AttributeName")? {
        "email" => Ok(()),
        _ => Err(ServiceError::invalid("Only the email can be verified.")),
    }
}
