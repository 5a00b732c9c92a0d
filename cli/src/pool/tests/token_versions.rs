//! The three versions of the token trigger's event.

use portcullis_events::Version;
use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, FakeTriggers, PASSWORD, TestPool, claims};
use crate::pool::PoolStorage;

async fn pool_of(version: Version) -> (TestPool, String) {
    let pool = TestPool::configured(PoolStorage::Memory, Some(CODE), |config| config.token_version = version);
    let sub = pool.confirmed(EMAIL).await;
    pool.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": "editors" })).await;
    (pool, sub)
}

#[tokio::test]
async fn each_version_has_its_event() {
    for (version, number, root) in [
        (Version::V1, "1", "claimsOverrideDetails"),
        (Version::V2, "2", "claimsAndScopeOverrideDetails"),
        (Version::V3, "3", "claimsAndScopeOverrideDetails"),
    ] {
        let (pool, sub) = pool_of(version).await;
        let triggers = FakeTriggers::attach(&pool, |_, event| Ok(event));
        pool.sign_in(EMAIL, PASSWORD).await;
        let mut request = json!({
            "userAttributes": {
                "sub": sub, "email": EMAIL, "email_verified": "true", "cognito:user_status": "CONFIRMED",
            },
            "groupConfiguration":
                { "groupsToOverride": ["editors"], "iamRolesToOverride": [], "preferredRole": null },
        });
        if version != Version::V1 {
            request["scopes"] = json!(["aws.cognito.signin.user.admin"]);
        }
        let expected =
            pool.event(number, "TokenGeneration_Authentication", &sub, request, json!({ root: null }));
        assert_eq!(triggers.events(), [expected]);
    }
}

#[tokio::test]
async fn an_answer_means_what_its_version_says() {
    let generation =
        |value: Value| json!({ "claimsToAddOrOverride": { "tenant": value }, "claimsToSuppress": ["email"] });
    let first = |value: Value, groups: Value| {
        let mut details = generation(value);
        details["groupOverrideDetails"] = groups;
        json!({ "claimsOverrideDetails": details })
    };
    let second = |groups: Value| {
        let mut access = generation(json!({ "id": 7 }));
        access["scopesToAdd"] = json!(["notes/read"]);
        json!({ "claimsAndScopeOverrideDetails": {
            "idTokenGeneration": generation(json!({ "id": 7 })),
            "accessTokenGeneration": access,
            "groupOverrideDetails": groups,
        } })
    };
    let acme = json!("acme");
    let object = json!({ "id": 7 });
    let guests = json!({ "groupsToOverride": ["guests"] });
    let own = "aws.cognito.signin.user.admin";
    let more = "aws.cognito.signin.user.admin notes/read";
    // The tenant in the ID and in the access token, the groups in both, and the scopes.
    for (version, response, id, access, groups, scopes) in [
        (Version::V1, first(acme.clone(), guests.clone()), &acme, &Value::Null, json!(["guests"]), own),
        (Version::V1, first(acme.clone(), json!({})), &acme, &Value::Null, Value::Null, own),
        (Version::V1, second(guests.clone()), &Value::Null, &Value::Null, json!(["editors"]), own),
        (Version::V2, second(guests.clone()), &object, &object, json!(["guests"]), more),
        (Version::V2, second(Value::Null), &object, &object, Value::Null, more),
        (
            Version::V2,
            first(acme.clone(), guests.clone()),
            &Value::Null,
            &Value::Null,
            json!(["editors"]),
            own,
        ),
        (Version::V3, second(guests.clone()), &object, &object, json!(["guests"]), more),
    ] {
        let (pool, _) = pool_of(version).await;
        let said = response.clone();
        FakeTriggers::attach(&pool, move |_, mut event| {
            event["response"] = said.clone();
            Ok(event)
        });
        let tokens = pool.sign_in(EMAIL, PASSWORD).await;
        let (id_token, access_token) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
        assert_eq!(&id_token["tenant"], id, "{version:?} {response}");
        assert_eq!(id_token.get("email").is_none(), !id.is_null(), "{version:?} {response}");
        assert_eq!(&access_token["tenant"], access, "{version:?} {response}");
        assert_eq!(access_token["scope"], scopes, "{version:?} {response}");
        for token in [&id_token, &access_token] {
            assert_eq!(token["cognito:groups"], groups, "{version:?} {response}");
        }
    }
}

#[tokio::test]
async fn the_first_version_carries_strings_only() {
    for value in [json!(7), json!(true), json!(["a"]), json!({ "a": "b" }), json!(null)] {
        let (pool, _) = pool_of(Version::V1).await;
        FakeTriggers::attach(&pool, move |_, mut event| {
            let details = json!({ "claimsToAddOrOverride": { "tenant": value.clone() } });
            event["response"] = json!({ "claimsOverrideDetails": details });
            Ok(event)
        });
        let message = "Unrecognizable lambda output";
        let body = TestPool::by_password(EMAIL, PASSWORD);
        pool.refuses("InitiateAuth", body, "InvalidLambdaResponseException", message).await;
    }
}
