//! What the pool and its client are.

use serde_json::{Value, json};

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

pub(super) fn list_user_pools(call: &Call<'_>) -> Result<Value> {
    let settings = &call.pool.settings;
    Ok(json!({ "UserPools": [{
        "Id": settings.pool_id,
        "Name": settings.name,
        "LambdaConfig": {},
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
        "LambdaConfig": {},
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
