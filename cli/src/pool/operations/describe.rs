//! What the pool and its client are.

use portcullis_events::Version;
use serde_json::{Map, Value, json};

use crate::pool::{
    CallbackUrl,
    attributes::{CLIENT_READS, CLIENT_WRITES},
    call::Call,
    error::ServiceError,
    oauth::scopes_of_users,
    password,
    sessions::REFRESH_DAYS,
    triggers::Trigger,
    users::{User, wire_time},
};

type Result<T> = std::result::Result<T, ServiceError>;

/// The one version that senders and inbound federation have.
const ONLY_VERSION: &str = "V1_0";

pub(super) fn list_user_pools(call: &Call<'_>) -> Result<Value> {
    let settings = &call.pool.settings;
    Ok(json!({ "UserPools": [{
        "Id": settings.pool_id,
        "Name": settings.name,
        "LambdaConfig": lambda_config(call),
        "CreationDate": wire_time(settings.created_at),
        "LastModifiedDate": wire_time(settings.created_at),
    }] }))
}

pub(super) fn describe_user_pool(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let settings = &call.pool.settings;
    let users = call.pool.store.read(User::count)?;
    Ok(json!({ "UserPool": {
        "Id": settings.pool_id,
        "Name": settings.name,
        "Arn": format!("arn:aws:cognito-idp:{}:000000000000:userpool/{}", settings.region, settings.pool_id),
        "CreationDate": wire_time(settings.created_at),
        "LastModifiedDate": wire_time(settings.created_at),
        "EstimatedNumberOfUsers": users,
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": { "CaseSensitive": false },
        "AutoVerifiedAttributes": ["email"],
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
        "MfaConfiguration": "OFF",
        "LambdaConfig": lambda_config(call),
        "Policies": { "PasswordPolicy": {
            "MinimumLength": password::MIN_LENGTH,
            "RequireLowercase": true,
            "RequireNumbers": true,
            "RequireSymbols": true,
            "RequireUppercase": true,
            "TemporaryPasswordValidityDays": password::TEMPORARY_DAYS,
        } },
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": false,
            "UnusedAccountValidityDays": password::TEMPORARY_DAYS,
        },
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [{ "Name": "verified_email", "Priority": 1 }],
        },
    } }))
}

/// The functions that are attached, in the form of Cognito's `LambdaConfigType`. A function on this machine has no ARN of its own: it is
/// called by its trigger's name.
fn lambda_config(call: &Call<'_>) -> Value {
    let mut config = Map::new();
    for trigger in Trigger::ALL.into_iter().filter(|trigger| call.pool.triggers_for(*trigger).is_some()) {
        let name = trigger.name();
        let arn = format!("arn:aws:lambda:{}:000000000000:function:{name}", call.pool.settings.region);
        let versioned = |version: &str| json!({ "LambdaVersion": version, "LambdaArn": arn });
        match trigger {
            // Cognito shows the function under both names.
            Trigger::PreTokenGeneration => {
                let version = match call.pool.token_version {
                    Version::V1 => "V1_0",
                    Version::V2 => "V2_0",
                    Version::V3 => "V3_0",
                };
                config.insert("PreTokenGenerationConfig".to_owned(), versioned(version));
                config.insert(name.to_owned(), arn.into());
            }
            Trigger::CustomEmailSender | Trigger::CustomSmsSender => {
                config.insert(name.to_owned(), versioned(ONLY_VERSION));
                config.insert("KMSKeyID".to_owned(), call.pool.kms_key.arn().into());
            }
            Trigger::InboundFederation => {
                config.insert(name.to_owned(), versioned(ONLY_VERSION));
            }
            _ => {
                config.insert(name.to_owned(), arn.into());
            }
        }
    }
    config.into()
}

pub(super) fn list_user_pool_clients(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let settings = &call.pool.settings;
    Ok(json!({ "UserPoolClients": [{
        "ClientId": settings.client_id,
        "ClientName": "web",
        "UserPoolId": settings.pool_id,
    }] }))
}

pub(super) fn describe_user_pool_client(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    call.check_client()?;
    let (settings, oauth) = (&call.pool.settings, &call.pool.oauth);
    let providers = oauth.providers.iter().map(|provider| provider.config.name());
    let providers: Vec<&str> = ["COGNITO"].into_iter().chain(providers).collect();
    let mut flows = vec![
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
    ];
    if call.pool.triggers_for(Trigger::DefineAuthChallenge).is_some() {
        flows.insert(1, "ALLOW_CUSTOM_AUTH");
    }
    Ok(json!({ "UserPoolClient": {
        "UserPoolId": settings.pool_id,
        "ClientName": "web",
        "ClientId": settings.client_id,
        "CreationDate": wire_time(settings.created_at),
        "LastModifiedDate": wire_time(settings.created_at),
        "AccessTokenValidity": 1,
        "IdTokenValidity": 1,
        "RefreshTokenValidity": REFRESH_DAYS,
        "TokenValidityUnits": { "AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days" },
        "ExplicitAuthFlows": flows,
        "ReadAttributes": CLIENT_READS,
        "WriteAttributes": CLIENT_WRITES,
        "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": scopes_of_users(&oauth.resource_scopes),
        "CallbackURLs": oauth.callback_urls.iter().map(CallbackUrl::as_str).collect::<Vec<_>>(),
        "LogoutURLs": oauth.logout_urls.iter().map(CallbackUrl::as_str).collect::<Vec<_>>(),
        "SupportedIdentityProviders": providers,
        "EnableTokenRevocation": true,
        "EnablePropagateAdditionalUserContextData": false,
        "PreventUserExistenceErrors": "ENABLED",
    } }))
}
