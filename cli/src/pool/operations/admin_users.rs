//! What administrators do with users.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    profile::{save, write_attributes},
    sign_up::{cannot_confirm, email_as_username, pre_sign_up, with_email},
};
use crate::pool::{
    Message, MessageKind,
    attributes::{Attributes, Writer},
    call::Call,
    codes::{Purpose, delete_code, temporary_until},
    courier::Wording,
    custom_message::Sending,
    error::{Exception, ServiceError},
    input::{check_password, constraint},
    limits::forget_passwords,
    password,
    sessions::Session,
    srp::Verifier,
    triggers::Trigger,
    users::{Status, User, wire_time},
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn admin_create_user(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let temporary = match call.input.optional_string("TemporaryPassword")? {
        None | Some("") => password::temporary(&*call.pool.random)?,
        Some(given) => {
            password::check_policy(check_password("temporaryPassword", given)?)?;
            given.to_owned()
        }
    };
    let mediums = Mediums::read(call)?;
    let (user, send) = match call.input.optional_string("MessageAction")? {
        None => (create(call, &temporary)?, true),
        Some("SUPPRESS") => (create(call, &temporary)?, false),
        Some("RESEND") => (invite_again(call, &temporary)?, true),
        Some(_) => {
            return Err(constraint(
                "MessageAction",
                "Member must satisfy enum value set: [RESEND, SUPPRESS]",
            ));
        }
    };
    if send {
        let message = Message {
            kind: MessageKind::Invitation,
            username: user.sub.clone(),
            email: user.email().unwrap_or_default().to_owned(),
            secret: temporary,
            wording: Wording::default(),
        };
        invite(call, &user, message, mediums)?;
    }
    Ok(json!({ "User": user_to_wire(&user, "Attributes", user.attribute_list()) }))
}

/// How an administrator wants a user invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mediums {
    email: bool,
    text: bool,
}

impl Mediums {
    fn read(call: &Call<'_>) -> Result<Self> {
        let Some(mediums) = call.input.string_list("DesiredDeliveryMediums")? else {
            return Ok(Self { email: true, text: false });
        };
        if mediums.iter().any(|medium| medium != "EMAIL" && medium != "SMS") {
            return Err(constraint(
                "DesiredDeliveryMediums",
                "Member must satisfy enum value set: [SMS, EMAIL]",
            ));
        }
        let wants = |medium: &str| mediums.iter().any(|wanted| wanted == medium);
        Ok(Self { email: wants("EMAIL") || mediums.is_empty(), text: wants("SMS") })
    }
}

/// Without anybody who sends text messages, or a number to send one to, an invitation goes out by e-mail.
fn invite(call: &Call<'_>, user: &User, message: Message, mediums: Mediums) -> Result<()> {
    let texted = mediums.text
        && user.attributes.get("phone_number").is_some_and(|number| !number.is_empty())
        && call.hand_over(Trigger::CustomSmsSender, user, &message, Sending::AdminCreateUser)?;
    if mediums.email || !texted {
        call.send(user, message, Sending::AdminCreateUser)?;
    }
    Ok(())
}

fn create(call: &Call<'_>, temporary: &str) -> Result<User> {
    let email = email_as_username(call)?;
    let attributes = with_email(call.input.name_values("UserAttributes")?, email, Writer::Administrator)?;
    let sub = call.pool.random.uuid()?;
    // Cognito ignores what the trigger answers here, but not a refusal.
    pre_sign_up(call, "PreSignUp_AdminCreateUser", &sub, &attributes)?;
    let user = User {
        federated_name: None,
        status: Status::ForceChangePassword,
        enabled: true,
        verifier: verifier(call, &sub, temporary)?,
        temporary_until: Some(temporary_until(call.now)),
        created_at: call.now,
        modified_at: call.now,
        attributes,
        sub,
    };
    call.acts_for(&user.sub);
    call.pool.store.write(|tx| user.insert(tx))?;
    Ok(user)
}

fn invite_again(call: &Call<'_>, temporary: &str) -> Result<User> {
    let sub = call.pool.store.read(|connection| call.named_user(connection))?.sub;
    let verifier = verifier(call, &sub, temporary)?;
    change(call, |_, user| {
        if user.status != Status::ForceChangePassword {
            return Err(ServiceError::new(
                Exception::UnsupportedUserState,
                "Resend not possible. User status is not FORCE_CHANGE_PASSWORD.",
            ));
        }
        user.verifier = verifier;
        user.temporary_until = Some(temporary_until(call.now));
        Ok(())
    })
}

pub(super) fn admin_confirm_sign_up(call: &Call<'_>) -> Result<Value> {
    let user = change(call, |connection, user| {
        if user.status != Status::Unconfirmed {
            return Err(cannot_confirm(user));
        }
        delete_code(connection, &user.sub, Purpose::SignUp)?;
        user.confirm();
        Ok(())
    })?;
    call.post_confirmation("PostConfirmation_ConfirmSignUp", &user)?;
    Ok(json!({}))
}

pub(super) fn admin_set_user_password(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let chosen = call.input.password("Password")?;
    let permanent = call.input.flag("Permanent")?;
    password::check_policy(chosen)?;
    let sub = call.pool.store.read(|connection| call.named_user(connection))?.sub;
    let verifier = verifier(call, &sub, chosen)?;
    change(call, |connection, user| {
        user.verifier = verifier;
        if permanent {
            user.confirm();
        } else {
            user.status = Status::ForceChangePassword;
            user.temporary_until = Some(temporary_until(call.now));
        }
        forget_passwords(connection, &user.sub)?;
        Ok(delete_code(connection, &user.sub, Purpose::ForgotPassword)?)
    })?;
    Ok(json!({}))
}

pub(super) fn admin_update_user_attributes(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let written = call.input.name_values("UserAttributes")?.unwrap_or_default();
    let written = Attributes::checked(written, Writer::Administrator)?;
    let (user, message) = call.pool.store.write(|tx| {
        let mut user = call.named_user(tx)?;
        let message = write_attributes(call, tx, &mut user, written, Writer::Administrator)?;
        Ok::<_, ServiceError>((user, message))
    })?;
    if let Some(message) = message {
        call.send(&user, message, Sending::UpdateUserAttribute)?;
    }
    Ok(json!({}))
}

pub(super) fn admin_get_user(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let user = call.pool.store.read(|connection| call.named_user(connection))?;
    Ok(user_to_wire(&user, "UserAttributes", user.attribute_list()))
}

pub(super) fn admin_delete_user(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    call.pool.store.write(|tx| {
        let user = call.named_user(tx)?;
        Ok::<_, ServiceError>(User::delete(tx, &user.sub)?)
    })?;
    Ok(json!({}))
}

pub(super) fn admin_disable_user(call: &Call<'_>) -> Result<Value> {
    change(call, |connection, user| {
        user.enabled = false;
        // Disabling revokes the user's tokens.
        Ok(Session::revoke_all(connection, &user.sub)?)
    })?;
    Ok(json!({}))
}

pub(super) fn admin_enable_user(call: &Call<'_>) -> Result<Value> {
    change(call, |_, user| {
        user.enabled = true;
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn admin_user_global_sign_out(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    call.pool.store.write(|tx| {
        let user = call.named_user(tx)?;
        Ok::<_, ServiceError>(Session::revoke_all(tx, &user.sub)?)
    })?;
    Ok(json!({}))
}

/// Reads, changes and writes the named user in one transaction.
fn change(call: &Call<'_>, edit: impl FnOnce(&Connection, &mut User) -> Result<()>) -> Result<User> {
    call.check_pool()?;
    call.pool.store.write(|tx| {
        let mut user = call.named_user(tx)?;
        edit(tx, &mut user)?;
        save(call, tx, &mut user)?;
        Ok(user)
    })
}

fn verifier(call: &Call<'_>, sub: &str, password: &str) -> Result<Verifier> {
    Ok(Verifier::make(&*call.pool.random, &call.pool.settings.short_name, sub, password)?)
}

/// A user as answers show them; the member that holds the attributes differs.
pub(super) fn user_to_wire(user: &User, attributes_member: &str, attributes: Value) -> Value {
    json!({
        "Username": user.username(),
        attributes_member: attributes,
        "UserCreateDate": wire_time(user.created_at),
        "UserLastModifiedDate": wire_time(user.modified_at),
        "Enabled": user.enabled,
        "UserStatus": user.status.name(),
    })
}
