//! Who has come from a provider: a user whom the pool knows, or a new one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Provider,
    exchange::Assertion,
    identity::{Identity, write_attribute},
    linking::kind,
};
use crate::pool::{
    attributes::{Attributes, IDENTITIES, Writer},
    call::Call,
    error::ServiceError,
    groups::Group,
    input::check_username,
    srp::Verifier,
    tokens::disabled,
    triggers::{Invocation, Trigger, flag, unrecognizable},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;

/// What a linked user is reached by is their own, whatever a provider says. Amazon Cognito would write it over.
const OWN: [&str; 4] = ["email", "email_verified", "phone_number", "phone_number_verified"];

/// The user whom the provider speaks of.
pub(super) fn welcome(call: &Call<'_>, provider: &Provider, assertion: &Assertion) -> Result<User> {
    let name = format!("{}_{}", provider.config.name(), assertion.subject);
    check_username("username", &name)?;
    let claims = transformed(call, provider, assertion, &name)?;
    let attributes = mapped(provider, &claims)?;
    let subject = &assertion.subject;
    let owner =
        call.pool.store.read(|connection| Identity::owner(connection, provider.config.name(), subject))?;
    match owner {
        Some((sub, own)) => returning(call, &sub, own, attributes),
        None => newcomer(call, provider, subject, name, attributes),
    }
}

/// The provider's claims, after the trigger that may change them. The ID token is signed, so it wins over the userinfo endpoint.
fn transformed(
    call: &Call<'_>,
    provider: &Provider,
    assertion: &Assertion,
    name: &str,
) -> Result<Map<String, Value>> {
    let mut claims = assertion.user_info.clone();
    claims.extend(assertion.id_token.clone());
    let response = call.invoke(Invocation {
        trigger: Trigger::InboundFederation,
        source: "InboundFederation_ExternalProvider",
        username: name,
        request: json!({
            "providerName": provider.config.name(),
            "providerType": provider.config.kind,
            "attributes": {
                "tokenResponse": assertion.token_response,
                "idToken": assertion.id_token,
                "userInfo": assertion.user_info,
            },
        }),
        response: json!({ "userAttributesToMap": {} }),
    })?;
    match response.as_ref().and_then(|response| response.get("userAttributesToMap")) {
        None | Some(Value::Null) => Ok(claims),
        Some(Value::Object(none)) if none.is_empty() => Ok(claims),
        // All or nothing: what it leaves out is gone.
        Some(Value::Object(chosen)) => Ok(chosen.clone()),
        Some(_) => Err(unrecognizable()),
    }
}

fn mapped(provider: &Provider, claims: &Map<String, Value>) -> Result<Attributes> {
    let mut pairs = BTreeMap::new();
    for (attribute, claim) in &provider.config.mapping {
        let value = match claims.get(claim) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        if !value.is_empty() {
            pairs.insert(attribute.clone(), value);
        }
    }
    // Without a word of the provider, an address has been verified by nobody.
    for (address, verified) in [("email", "email_verified"), ("phone_number", "phone_number_verified")] {
        if pairs.contains_key(address) {
            pairs.entry(verified.to_owned()).or_insert_with(|| "false".to_owned());
        }
    }
    Attributes::checked(pairs, Writer::Administrator)
}

fn returning(call: &Call<'_>, sub: &str, own: bool, mut attributes: Attributes) -> Result<User> {
    let find = |connection: &rusqlite::Connection| {
        let user = User::find(connection, sub)?.filter(|user| user.sub == sub);
        let user = user.ok_or_else(ServiceError::user_not_found)?;
        if user.enabled { Ok(user) } else { Err(disabled()) }
    };
    let user = call.pool.store.read(find)?;
    call.acts_for(sub);
    call.pre_authentication(user.username(), Some(&user))?;
    if !own {
        OWN.iter().for_each(|name| drop(attributes.take(name)));
    }
    let user = call.pool.store.write(|tx| {
        let mut user = find(tx)?;
        user.attributes.merge(attributes);
        user.update(tx, call.now)?;
        Ok::<_, ServiceError>(user)
    })?;
    call.post_authentication(&user, false)?;
    Ok(user)
}

fn newcomer(
    call: &Call<'_>,
    provider: &Provider,
    subject: &str,
    name: String,
    attributes: Attributes,
) -> Result<User> {
    let identity = Identity {
        provider: provider.config.name().to_owned(),
        subject: subject.to_owned(),
        own: true,
        created_at: call.now,
    };
    let mut seen = attributes.to_json();
    if let Some(seen) = seen.as_object_mut() {
        seen.insert("cognito:email_alias".to_owned(), json!(""));
        seen.insert("cognito:phone_number_alias".to_owned(), json!(""));
        let identities = Value::Array(vec![identity.to_json(provider.config.kind)]);
        seen.insert(IDENTITIES.to_owned(), json!(identities.to_string()));
    }
    let response = call.invoke(Invocation {
        trigger: Trigger::PreSignUp,
        source: "PreSignUp_ExternalProvider",
        username: &name,
        request: json!({ "userAttributes": seen, "validationData": {} }),
        response: json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
    })?;
    // The provider says what it has verified, and nobody is left to confirm; the answer need only be one.
    for name in ["autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone"] {
        response.as_ref().map_or(Ok(false), |response| flag(response, name))?;
    }
    let sub = call.pool.random.uuid()?;
    call.acts_for(&sub);
    let nobodys = call.pool.random.text(b"abcdefghijklmnopqrstuvwxyz0123456789", 40)?;
    let mut user = User {
        verifier: Verifier::make(&*call.pool.random, &call.pool.settings.short_name, &sub, &nobodys)?,
        federated_name: Some(name.clone()),
        status: Status::ExternalProvider,
        enabled: true,
        temporary_until: None,
        created_at: call.now,
        modified_at: call.now,
        attributes,
        sub,
    };
    // Amazon Cognito puts everybody whom a provider brings into a group of the provider's.
    let group = format!("{}_{}", call.pool.settings.pool_id, provider.config.name());
    call.pool.store.write(|tx| {
        user.insert(tx)?;
        // The trigger may have linked the identity to somebody: the sign-in fails, and the next one is theirs.
        if !identity.insert(tx, &user.sub)? {
            return Err(ServiceError::invalid(format!("Already found an entry for username {name}")));
        }
        write_attribute(tx, &mut user, |name| kind(call.pool, name))?;
        user.update(tx, call.now)?;
        Group::named(&group, call.now).insert(tx)?;
        Group::add(tx, &group, &user.sub)?;
        Ok(())
    })?;
    call.post_confirmation("PostConfirmation_ConfirmSignUp", &user)?;
    Ok(user)
}
