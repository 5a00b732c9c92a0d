//! What signed-in users do with their own account.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::pool::{
    Message,
    attributes::{Attributes, Writer},
    call::Call,
    codes::{Purpose, delete_code, delivery_details},
    error::{Exception, ServiceError},
    limits::Limit,
    store::is_duplicate,
    users::{User, email_key},
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn get_user(call: &Call<'_>) -> Result<Value> {
    let user = call.signed_in()?;
    Ok(json!({ "Username": user.sub, "UserAttributes": user.attribute_list() }))
}

pub(super) fn update_user_attributes(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    let written = call.input.name_values("UserAttributes")?.unwrap_or_default();
    let written = Attributes::checked(written, Writer::Client)?;
    let message = call.pool.store.write(|tx| {
        let mut user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        write_attributes(call, tx, &mut user, written)
    })?;
    let details: Vec<Value> = message.iter().map(|message| delivery_details(message.email())).collect();
    message.iter().for_each(|message| call.deliver(message));
    Ok(json!({ "CodeDeliveryDetailsList": details }))
}

/// Writes attributes. A new address is unverified until a code that was sent to it comes back.
pub(super) fn write_attributes(
    call: &Call<'_>,
    connection: &Connection,
    user: &mut User,
    written: Attributes,
) -> Result<Option<Message>> {
    let changes =
        |name: &str, user: &User| written.get(name).is_some_and(|new| user.attributes.get(name) != Some(new));
    let new_phone = changes("phone_number", user);
    let new_email = changes("email", user).then(|| written.get("email").unwrap_or_default().to_owned());
    let vouched = written.get("email_verified") == Some("true");
    // Another spelling of the same address is verified as it was.
    let same_inbox = new_email.as_deref().map(email_key) == user.email().map(email_key);
    if new_phone {
        user.attributes.set("phone_number_verified", "false");
    }
    if new_email.is_some() && !same_inbox {
        user.attributes.set("email_verified", "false");
    }
    user.attributes.merge(written);
    save(call, connection, user)?;
    match new_email {
        Some(email) if !same_inbox => {
            // Codes that went to the old address are not good for the new one.
            delete_code(connection, &user.sub, Purpose::ForgotPassword)?;
            delete_code(connection, &user.sub, Purpose::VerifyEmail)?;
            if vouched {
                return Ok(None);
            }
            call.make_code(connection, user, &email, Purpose::VerifyEmail).map(Some)
        }
        _ => Ok(None),
    }
}

/// Writes a user who was read in the same transaction.
pub(super) fn save(call: &Call<'_>, connection: &Connection, user: &mut User) -> Result<()> {
    match user.update(connection, call.now) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ServiceError::user_not_found()),
        Err(error) if is_duplicate(&error) => {
            Err(ServiceError::new(Exception::AliasExists, "An account with the given email already exists."))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn get_user_attribute_verification_code(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    check_attribute_name(call)?;
    let message = call.pool.store.write(|tx| {
        let user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        if user.email_verified() {
            return Err(ServiceError::invalid("The email is verified already."));
        }
        if !Limit::AttributeCode.take(tx, &user.sub, call.now)? {
            return Err(ServiceError::limit_exceeded());
        }
        call.make_code(tx, &user, user.email().unwrap_or_default(), Purpose::VerifyEmail)
    })?;
    call.deliver(&message);
    Ok(json!({ "CodeDeliveryDetails": delivery_details(message.email()) }))
}

pub(super) fn verify_user_attribute(call: &Call<'_>) -> Result<Value> {
    let sub = call.signed_in()?.sub;
    check_attribute_name(call)?;
    let code = call.input.code("Code")?;
    call.pool.store.write(|tx| {
        let mut user = User::find(tx, &sub)?.ok_or_else(ServiceError::user_not_found)?;
        if let Err(fault) = call.redeem_code(tx, &sub, Some(&sub), Purpose::VerifyEmail, code)? {
            // The outer result commits: a wrong code stays counted.
            return Ok(Err(fault));
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
