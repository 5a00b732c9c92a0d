//! Triggers of a sign-in with a redirect.

use http::StatusCode;
use portcullis_events::Version;
use serde_json::{Value, json};

use super::{
    browser::Browser,
    harness::{EMAIL, FakeTriggers, PASSWORD, claims},
    redirects::{configured, pool},
};
use crate::pool::{Trigger, TriggerFailure};

const ALL: &[Trigger] =
    &[Trigger::PreAuthentication, Trigger::PostAuthentication, Trigger::PreTokenGeneration];

#[tokio::test]
async fn triggers_run_as_for_a_hosted_sign_in() {
    let pool = pool();
    let sub = pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, ALL, |trigger, mut event| {
        if trigger == Trigger::PreTokenGeneration {
            event["response"] = json!({ "claimsAndScopeOverrideDetails": {
                "idTokenGeneration": { "claimsToAddOrOverride": { "tenant": "acme" } },
                "accessTokenGeneration": { "scopesToAdd": ["more"], "scopesToSuppress": ["email"] },
            } });
        }
        Ok(event)
    });
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    assert_eq!(triggers.sources(), ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]);
    let tokens = pool.tokens(&code).await;
    let [event] = &triggers.events()[..] else { panic!() };
    assert_eq!(
        (&event["triggerSource"], &event["userName"]),
        (&json!("TokenGeneration_HostedAuth"), &json!(sub))
    );
    assert_eq!(event["request"]["scopes"], json!(["openid", "email", "aws.cognito.signin.user.admin"]));
    assert_eq!(claims(&tokens["id_token"])["tenant"], "acme");
    assert_eq!(claims(&tokens["access_token"])["scope"], "openid aws.cognito.signin.user.admin more");
    pool.refresh(&tokens["refresh_token"]).await;
    assert_eq!(triggers.sources(), ["TokenGeneration_RefreshTokens"]);
}

#[tokio::test]
async fn what_a_trigger_refuses_is_told_where_it_helps() {
    for (refusing, told) in [
        (Trigger::PreAuthentication, "PreAuthentication failed with error E_NO: not today."),
        (Trigger::PostAuthentication, "PostAuthentication failed with error E_NO: not today."),
    ] {
        let pool = pool();
        pool.confirmed(EMAIL).await;
        FakeTriggers::attach_these(&pool, ALL, move |trigger, event| {
            if trigger == refusing {
                Err(TriggerFailure::Refused("E_NO: not today".to_owned()))
            } else {
                Ok(event)
            }
        });
        let mut browser = Browser::new(&pool);
        let page = browser.sign_in_page(&[]).await;
        let answer = browser.fill_in(&page, EMAIL, PASSWORD).await;
        assert!(answer.status == StatusCode::BAD_REQUEST && answer.text.contains(told), "{}", answer.text);
        assert!(!browser.cookies.contains_key("cognito"));
    }
    let pool = pool();
    pool.confirmed(EMAIL).await;
    FakeTriggers::attach_these(&pool, &[Trigger::PreTokenGeneration], |_, _| {
        Err(TriggerFailure::Refused("E_NO: not today".to_owned()))
    });
    let code = Browser::new(&pool).code(&[], EMAIL, PASSWORD).await;
    let expected = json!({
        "error": "invalid_request",
        "error_description": "PreTokenGeneration failed with error E_NO: not today.",
    });
    assert_eq!(pool.exchange(&code, &[]).await, (StatusCode::BAD_REQUEST, expected));
}

#[tokio::test]
async fn version_3_of_the_token_trigger_hears_of_machines() {
    for version in [Version::V2, Version::V3] {
        let pool = configured(version);
        let triggers = FakeTriggers::attach(&pool, |_, mut event| {
            event["response"] = json!({ "claimsAndScopeOverrideDetails": { "accessTokenGeneration": {
                "claimsToAddOrOverride": { "job": "nightly", "sub": "root" },
                "scopesToSuppress": ["notes/write"],
            } } });
            Ok(event)
        });
        let (id, secret) = pool.pool.machine_client().unwrap();
        let form = [("grant_type", "client_credentials"), ("aws_client_metadata", "{\"job\":\"nightly\"}")];
        let (_, body) = pool.form("/oauth2/token", Some((id, &secret)), &form).await;
        let token = claims(&body["access_token"]);
        assert_eq!(token["sub"], id);
        if version == Version::V2 {
            assert_eq!((triggers.events(), &token["job"]), (vec![], &Value::Null));
            continue;
        }
        assert_eq!((&token["job"], &token["scope"]), (&json!("nightly"), &json!("notes/read")));
        let expected = json!({
            "version": "3",
            "triggerSource": "TokenGeneration_ClientCredentials",
            "region": "us-east-1",
            "userPoolId": pool.pool.id(),
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": id },
            "request": {
                "userAttributes": {},
                "groupConfiguration": null,
                "clientMetadata": { "job": "nightly" },
                "scopes": ["notes/read", "notes/write"],
            },
            "response": { "claimsAndScopeOverrideDetails": null },
        });
        assert_eq!(triggers.events(), [expected]);
    }
}
