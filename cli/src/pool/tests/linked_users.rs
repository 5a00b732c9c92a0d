//! Users of a provider who are linked to users of the pool, and triggers that link them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{
    browser::Browser,
    federation::{ALL, USERNAME, ada, refusal, start, tokens, visit},
    harness::{EMAIL, FakeTriggers, PASSWORD, TestPool, attribute, claims},
    provider::NAME,
};
use crate::pool::{PoolError, Trigger};

fn link(provider: &str, subject: &str) -> Value {
    json!({
        "DestinationUser": { "ProviderName": "Cognito", "ProviderAttributeValue": EMAIL },
        "SourceUser": {
            "ProviderName": provider,
            "ProviderAttributeName": "Cognito_Subject",
            "ProviderAttributeValue": subject,
        },
    })
}

#[tokio::test]
async fn whoever_is_linked_signs_in_as_the_user_of_the_pool() {
    let (pool, provider) = start().await;
    let native = pool.confirmed(EMAIL).await;
    pool.ok("AdminLinkProviderForUser", link(NAME, "ada-1")).await;
    let triggers = FakeTriggers::attach_these(&pool, ALL, |_, event| Ok(event));
    let foreign = json!({ "sub": "ada-1", "email": "elsewhere@example.com", "email_verified": true });
    let tokens_now = tokens(&pool, &provider, foreign.clone()).await;
    assert!(!triggers.sources().iter().any(|source| source.starts_with("PreSignUp")));
    let id = claims(&tokens_now["id_token"]);
    assert_eq!((&id["sub"], &id["cognito:username"]), (&json!(native), &json!(native)));
    assert_eq!(id["identities"][0]["primary"], "false");
    // The address stays the user's own; other attributes follow the provider.
    assert_eq!(id["email"], EMAIL);
    let user = pool.ok("AdminGetUser", json!({ "Username": EMAIL })).await;
    assert_eq!(attribute(&user["UserAttributes"], "name"), "Ada");
    assert_eq!(user["UserStatus"], "CONFIRMED");
    pool.sign_in(EMAIL, PASSWORD).await;

    let user = json!({ "User": {
        "ProviderName": NAME, "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "ada-1",
    } });
    let mut browser = Browser::new(&pool);
    let code = visit(&mut browser, &provider, foreign.clone()).await.parameter("code").unwrap();
    pool.ok("AdminDisableProviderForUser", user).await;
    assert_eq!(pool.refresh(&tokens_now["refresh_token"]).await.1["error"], "invalid_grant");
    // Neither a code nor a browser from before lets anybody in as that user any more.
    assert_eq!(pool.exchange(&code, &[]).await.1, json!({ "error": "invalid_grant" }));
    let url = browser.authorize_url(&[]);
    assert!(browser.get(&url).await.location().starts_with("/login"));
    let other = claims(&tokens(&pool, &provider, foreign).await["access_token"]);
    assert_eq!((&other["username"], other["sub"] == native), (&json!(USERNAME), false));
}

#[tokio::test]
async fn links_that_cannot_be_are_refused() {
    let (pool, provider) = start().await;
    pool.confirmed(EMAIL).await;
    tokens(&pool, &provider, json!({ "sub": "taken", "email": EMAIL })).await;
    for number in 1..=5 {
        pool.ok("AdminLinkProviderForUser", link(NAME, &format!("id-{number}"))).await;
    }
    let mut to_nobody = link(NAME, "ada-1");
    to_nobody["DestinationUser"]["ProviderAttributeValue"] = json!("nobody@example.com");
    let mut to_provider = link(NAME, "ada-1");
    to_provider["DestinationUser"]["ProviderName"] = json!(NAME);
    let mut by_email = link(NAME, "ada-1");
    by_email["SourceUser"]["ProviderAttributeName"] = json!("email");
    let mut of_nobody = link(NAME, "ada-1");
    of_nobody["SourceUser"]["ProviderAttributeValue"] = json!(null);
    for (body, exception) in [
        (link(NAME, "id-6"), "LimitExceededException"),
        (link(NAME, "id-5"), "InvalidParameterException"),
        (link(NAME, "taken"), "InvalidParameterException"),
        (link("Nobody", "ada-1"), "ResourceNotFoundException"),
        (link("Cognito", "ada-1"), "InvalidParameterException"),
        (to_nobody, "UserNotFoundException"),
        (to_provider, "InvalidParameterException"),
        (by_email, "InvalidParameterException"),
        (of_nobody, "InvalidParameterException"),
        (json!({}), "InvalidParameterException"),
    ] {
        pool.refuses("AdminLinkProviderForUser", body, exception, "").await;
    }
}

#[tokio::test]
async fn disabling_a_provider_keeps_people_out() {
    let (pool, provider) = start().await;
    let kept = tokens(&pool, &provider, ada()).await;
    let user = |provider: &str, value: &str| {
        json!({ "User": {
            "ProviderName": provider, "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": value,
        } })
    };
    pool.ok("AdminDisableProviderForUser", user(NAME, "ada-1")).await;
    assert_eq!(refusal(&pool, &provider, ada()).await, "invalid_request: User is disabled.");
    assert_eq!(pool.refresh(&kept["refresh_token"]).await.1["error"], "invalid_grant");
    pool.confirmed("bob@example.com").await;
    pool.ok("AdminDisableProviderForUser", user("Cognito", "bob@example.com")).await;
    let sign_in = TestPool::by_password("bob@example.com", PASSWORD);
    pool.refuses("InitiateAuth", sign_in, "NotAuthorizedException", "Incorrect username or password.").await;
    for (body, exception) in [
        (user(NAME, "nobody"), "UserNotFoundException"),
        (user("Cognito", "nobody"), "UserNotFoundException"),
        (user("Nobody", "ada-1"), "ResourceNotFoundException"),
        (json!({ "User": { "ProviderName": NAME } }), "InvalidParameterException"),
    ] {
        pool.refuses("AdminDisableProviderForUser", body, exception, "").await;
    }
}

/// A trigger with a policy: whoever has a verified address that one user has verified too is linked to that user.
#[tokio::test]
async fn a_trigger_may_link_and_the_next_sign_in_is_the_users() {
    let (pool, provider) = start().await;
    let native = pool.confirmed(EMAIL).await;
    let handle = pool.pool.handle();
    let found = Arc::new(Mutex::new(Vec::new()));
    struct Linking {
        handle: crate::pool::PoolHandle,
        found: Arc<Mutex<Vec<usize>>>,
    }
    impl crate::pool::Triggers for Linking {
        fn is_attached(&self, trigger: Trigger) -> bool {
            trigger == Trigger::PreSignUp
        }
        fn invoke(&self, _: Trigger, event: Value) -> crate::pool::TriggerFuture {
            let (handle, found) = (self.handle.clone(), Arc::clone(&self.found));
            Box::pin(async move {
                let attributes = &event["request"]["userAttributes"];
                let users = handle.users_by_email(attributes["email"].as_str().unwrap()).await.unwrap();
                found.lock().unwrap().push(users.len());
                if let ([user], "true") = (&users[..], attributes["email_verified"].as_str().unwrap())
                    && user.attributes.get("email_verified").is_some_and(|verified| verified == "true")
                    && user.status == "CONFIRMED"
                {
                    handle.link_provider(&user.username, NAME, "ada-1").await.unwrap();
                    // Delivered twice, it is no mistake.
                    handle.link_provider(&user.username, NAME, "ada-1").await.unwrap();
                }
                Ok(event)
            })
        }
    }
    let triggers = Linking { handle: handle.clone(), found: Arc::clone(&found) };
    pool.pool.set_triggers(Arc::new(triggers));
    let first = refusal(&pool, &provider, ada()).await;
    assert_eq!(first, format!("invalid_request: Already found an entry for username {USERNAME}"));
    let second = claims(&tokens(&pool, &provider, ada()).await["access_token"]);
    assert_eq!(second["sub"], native);
    assert_eq!(*found.lock().unwrap(), [1], "the second time there was nothing to sign up");
    let stranger = json!({ "sub": "eve-1", "email": EMAIL, "email_verified": false });
    let stranger = claims(&tokens(&pool, &provider, stranger).await["access_token"]);
    assert_ne!(stranger["sub"], native, "nobody is linked by an address that nobody has verified");

    assert!(matches!(handle.create_native_user(EMAIL).await, Err(PoolError::UserExists)));
    let made = handle.create_native_user("carol@example.com").await.unwrap();
    let carol = pool.ok("AdminGetUser", json!({ "Username": "carol@example.com" })).await;
    assert_eq!((&carol["Username"], &carol["UserStatus"]), (&json!(made), &json!("CONFIRMED")));
    assert_eq!(attribute(&carol["UserAttributes"], "email_verified"), "true");
    let user = handle.user(&made).await.unwrap().unwrap();
    assert_eq!((user.status, user.enabled), ("CONFIRMED", true));
    assert_eq!(handle.user("nobody").await.unwrap(), None);
    handle.set_random_password(EMAIL).await.unwrap();
    let old = TestPool::by_password(EMAIL, PASSWORD);
    pool.refuses("InitiateAuth", old, "NotAuthorizedException", "Incorrect username or password.").await;
    for (username, provider, expected) in [
        ("nobody", NAME, "the user does not exist"),
        (made.as_str(), "Nobody", "the pool has no such identity provider"),
        (made.as_str(), NAME, "the identity belongs to another user already"),
    ] {
        let error = handle.link_provider(username, provider, "ada-1").await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    handle.link_provider(&made, NAME, "carol-1").await.unwrap();
    handle.unlink_provider(NAME, "carol-1").await.unwrap();
    assert!(!handle.user(&made).await.unwrap().unwrap().attributes.contains_key("identities"));
    assert!(matches!(handle.unlink_provider(NAME, "carol-1").await, Err(PoolError::UserNotFound)));
}
