//! Signing up and confirming it.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::pool::{
    Message,
    attributes::{Attributes, Writer, is_email},
    call::Call,
    codes::{Purpose, delivery_details},
    custom_message::Sending,
    error::ServiceError,
    limits::Limit,
    password,
    srp::Verifier,
    triggers::{Invocation, Trigger, flag},
    users::{Status, User, email_key},
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn sign_up(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let email = email_as_username(call)?;
    let chosen = call.input.password("Password")?;
    password::check_policy(chosen)?;
    let mut attributes = with_email(call.input.name_values("UserAttributes")?, email, Writer::Client)?;
    let sub = call.pool.random.uuid()?;
    let flags = pre_sign_up(call, "PreSignUp_SignUp", &sub, &attributes)?;
    if flags.auto_verify_phone && attributes.get("phone_number").is_none() {
        return Err(ServiceError::invalid("autoVerifyPhone needs a phone_number"));
    }
    attributes.set("email_verified", if flags.auto_verify_email { "true" } else { "false" });
    if flags.auto_verify_phone {
        attributes.set("phone_number_verified", "true");
    }
    let user = User {
        federated_name: None,
        status: if flags.auto_confirm { Status::Confirmed } else { Status::Unconfirmed },
        enabled: true,
        verifier: Verifier::make(&*call.pool.random, &call.pool.settings.short_name, &sub, chosen)?,
        temporary_until: None,
        created_at: call.now,
        modified_at: call.now,
        attributes,
        sub,
    };
    call.acts_for(&user.sub);
    let message = call.pool.store.write(|tx| {
        user.insert(tx)?;
        if flags.auto_confirm {
            return Ok(None);
        }
        call.make_code(tx, &user, email, Purpose::SignUp).map(Some)
    })?;
    let mut answer = json!({ "UserConfirmed": flags.auto_confirm, "UserSub": user.sub });
    match message {
        None => call.post_confirmation("PostConfirmation_ConfirmSignUp", &user)?,
        Some(message) => {
            call.send(&user, message, Sending::SignUp)?;
            if let Value::Object(answer) = &mut answer {
                answer.insert("CodeDeliveryDetails".to_owned(), delivery_details(email));
            }
        }
    }
    Ok(answer)
}

pub(super) fn confirm_sign_up(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let (name, code) = (call.input.username()?, call.input.code("ConfirmationCode")?);
    let user = call.pool.store.write(|tx| {
        // Someone who is disabled is answered as nobody.
        let user = User::find(tx, name)?.filter(|user| user.enabled);
        let subject = call.subject(user.as_ref(), name);
        if let Some(user) = &user {
            call.acts_for(&user.sub);
            if user.status != Status::Unconfirmed {
                return Ok(Err(cannot_confirm(user)));
            }
        }
        let sub = user.as_ref().map(|user| user.sub.as_str());
        if let Err(fault) = call.redeem_code(tx, &subject, sub, Purpose::SignUp, code)? {
            // The outer result commits: a wrong code stays counted.
            return Ok(Err(fault));
        }
        let Some(mut user) = user else { return Ok(Err(ServiceError::expired_code())) };
        user.confirm();
        user.attributes.set("email_verified", "true");
        user.update(tx, call.now)?;
        Ok::<_, ServiceError>(Ok(user))
    })??;
    call.post_confirmation("PostConfirmation_ConfirmSignUp", &user)?;
    Ok(json!({}))
}

pub(super) fn resend_confirmation_code(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let name = call.input.username()?;
    let message = call.pool.store.write(|tx| {
        let user = User::find(tx, name)?;
        if let Some(user) = &user {
            call.acts_for(&user.sub);
        }
        if !Limit::Resend.take(tx, &call.subject(user.as_ref(), name), call.now)? {
            return Err(ServiceError::limit_exceeded());
        }
        match &user {
            Some(user) if user.status != Status::Unconfirmed => {
                Err(ServiceError::invalid("User is already confirmed."))
            }
            Some(user) if user.enabled => {
                let email = user.email().unwrap_or_default();
                let message = call.make_code(tx, user, email, Purpose::SignUp)?;
                Ok(Some((user.clone(), message)))
            }
            _ => Ok(None),
        }
    })?;
    Ok(json!({ "CodeDeliveryDetails": sent(call, message, Sending::ResendCode, name)? }))
}

/// Sends a message to a user and says where it went; without one, where it would have gone.
pub(super) fn sent(
    call: &Call<'_>,
    message: Option<(User, Message)>,
    sending: Sending,
    name: &str,
) -> Result<Value> {
    Ok(match message {
        Some((user, message)) => {
            let details = delivery_details(message.email());
            call.send(&user, message, sending)?;
            details
        }
        None if is_email(name) => delivery_details(name),
        None => {
            let digest = hmac::sign(&call.pool.secret, format!("address {name}").as_bytes());
            let mut letters = digest.as_ref().iter().map(|byte| char::from(b'a' + byte % 26));
            let decoy: String = [letters.next(), Some('@'), letters.next()].into_iter().flatten().collect();
            delivery_details(&decoy)
        }
    })
}

/// The name of a new user, which must be an e-mail address.
pub(super) fn email_as_username<'a>(call: &'a Call<'_>) -> Result<&'a str> {
    let name = call.input.username()?;
    if is_email(name) { Ok(name) } else { Err(ServiceError::invalid("Username should be an email.")) }
}

/// The attributes of a new user. An `email` among them must be the name they sign up with.
pub(super) fn with_email(
    pairs: Option<BTreeMap<String, String>>,
    email: &str,
    writer: Writer,
) -> Result<Attributes> {
    let mut attributes = Attributes::checked(pairs.unwrap_or_default(), writer)?;
    match attributes.get("email") {
        Some(given) if email_key(given) != email_key(email) => {
            Err(ServiceError::invalid("The email attribute differs from the username."))
        }
        _ => {
            attributes.set("email", email);
            Ok(attributes)
        }
    }
}

/// What the pre-sign-up trigger decided.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    auto_confirm: bool,
    auto_verify_email: bool,
    auto_verify_phone: bool,
}

pub(super) fn pre_sign_up(
    call: &Call<'_>,
    source: &'static str,
    sub: &str,
    attributes: &Attributes,
) -> Result<Flags> {
    let mut request = json!({
        "userAttributes": attributes.to_json(),
        "validationData": call.input.name_values("ValidationData")?,
    });
    call.put_client_metadata(&mut request)?;
    let response = call.invoke(Invocation {
        trigger: Trigger::PreSignUp,
        source,
        username: sub,
        request,
        response: json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
    })?;
    let Some(response) = response else { return Ok(Flags::default()) };
    Ok(Flags {
        auto_confirm: flag(&response, "autoConfirmUser")?,
        auto_verify_email: flag(&response, "autoVerifyEmail")?,
        auto_verify_phone: flag(&response, "autoVerifyPhone")?,
    })
}

pub(super) fn cannot_confirm(user: &User) -> ServiceError {
    ServiceError::not_authorized(match user.status {
        Status::Confirmed => "User cannot be confirmed. Current status is CONFIRMED",
        Status::ForceChangePassword => "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD",
        Status::ResetRequired => "User cannot be confirmed. Current status is RESET_REQUIRED",
        Status::ExternalProvider => "User cannot be confirmed. Current status is EXTERNAL_PROVIDER",
        Status::Unconfirmed => "User cannot be confirmed.",
    })
}
