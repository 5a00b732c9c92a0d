//! Signing in with another provider.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    browser::{Browser, CALLBACK, Page},
    harness::{CODE, EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, attribute, claims},
    provider::{FakeProvider, NAME},
};
use crate::pool::{PoolStorage, Trigger, TriggerFailure};

pub(super) const USERNAME: &str = "Acme_Login_ada-1";
pub(super) const ALL: &[Trigger] = &[
    Trigger::InboundFederation,
    Trigger::PreSignUp,
    Trigger::PostConfirmation,
    Trigger::PreAuthentication,
    Trigger::PostAuthentication,
    Trigger::PreTokenGeneration,
];

pub(super) async fn start() -> (TestPool, FakeProvider) {
    let provider = FakeProvider::start().await;
    let config = provider.config();
    let pool = TestPool::configured(PoolStorage::Memory, Some(CODE), |pool| {
        pool.callback_urls = vec![CALLBACK.parse().unwrap()];
        pool.providers = vec![config];
    });
    (pool, provider)
}

pub(super) fn ada() -> Value {
    json!({ "sub": "ada-1", "email": EMAIL, "email_verified": true })
}

/// Goes to the provider and comes back, signed in there with these claims.
pub(super) async fn visit(browser: &mut Browser<'_>, provider: &FakeProvider, claims: Value) -> Page {
    let url = browser.authorize_url(&[("identity_provider", NAME), ("prompt", "login")]);
    let sent = browser.get(&url).await;
    assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.text);
    let query = provider.signs_in(sent.location(), claims);
    browser.get(&format!("/oauth2/idpresponse?{query}")).await
}

/// The tokens of somebody who signs in with the provider.
pub(super) async fn tokens(pool: &TestPool, provider: &FakeProvider, claims: Value) -> Value {
    let page = visit(&mut Browser::new(pool), provider, claims).await;
    let code = page.parameter("code").unwrap_or_else(|| panic!("{} {}", page.location(), page.text));
    pool.tokens(&code).await
}

/// The error that a client is told.
pub(super) async fn refusal(pool: &TestPool, provider: &FakeProvider, claims: Value) -> String {
    let page = visit(&mut Browser::new(pool), provider, claims).await;
    assert!(page.location().starts_with(&format!("{CALLBACK}?error=")), "{} {}", page.location(), page.text);
    assert_eq!(page.parameter("state").as_deref(), Some("a state & more"));
    format!("{}: {}", page.parameter("error").unwrap(), page.parameter("error_description").unwrap())
}

#[tokio::test]
async fn somebody_new_becomes_a_user_and_gets_tokens() {
    let (pool, provider) = start().await;
    let triggers = FakeTriggers::attach_these(&pool, ALL, |_, event| Ok(event));
    let tokens = tokens(&pool, &provider, ada()).await;
    let events = triggers.events();
    let sources: Vec<&str> = events.iter().map(|event| event["triggerSource"].as_str().unwrap()).collect();
    assert_eq!(
        sources,
        [
            "InboundFederation_ExternalProvider",
            "PreSignUp_ExternalProvider",
            "PostConfirmation_ConfirmSignUp",
            "TokenGeneration_HostedAuth",
        ]
    );
    assert!(events.iter().all(|event| event["userName"] == USERNAME));
    let request = &events[0]["request"];
    assert_eq!((&request["providerName"], &request["providerType"]), (&json!(NAME), &json!("OIDC")));
    assert_eq!(request["attributes"]["idToken"]["sub"], "ada-1");
    assert_eq!(request["attributes"]["userInfo"]["name"], "Ada");
    assert_eq!(request["attributes"]["tokenResponse"]["access_token"], "at the provider");
    let identities = json!([{
        "userId": "ada-1",
        "providerName": NAME,
        "providerType": "OIDC",
        "issuer": null,
        "primary": true,
        "dateCreated": 1_800_000_000_000_i64,
    }]);
    let mut attributes = events[1]["request"]["userAttributes"].clone();
    let said: Value = serde_json::from_str(attributes["identities"].as_str().unwrap()).unwrap();
    assert_eq!(said, identities);
    attributes.as_object_mut().unwrap().remove("identities");
    let expected = json!({
        "email": EMAIL,
        "email_verified": "true",
        "name": "Ada",
        "cognito:email_alias": "",
        "cognito:phone_number_alias": "",
    });
    assert_eq!((attributes, &events[1]["request"]["validationData"]), (expected, &json!({})));
    assert_eq!(events[2]["request"]["userAttributes"]["cognito:user_status"], "EXTERNAL_PROVIDER");

    let user = pool.ok("AdminGetUser", json!({ "Username": USERNAME })).await;
    assert_eq!((&user["UserStatus"], &user["Enabled"]), (&json!("EXTERNAL_PROVIDER"), &json!(true)));
    let sub = attribute(&user["UserAttributes"], "sub");
    let said = attribute(&user["UserAttributes"], "identities");
    assert_eq!(serde_json::from_str::<Value>(said.as_str().unwrap()).unwrap(), identities);
    let group = format!("{}_{NAME}", pool.pool.id());
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["sub"], &id["cognito:username"]), (&sub, &json!(USERNAME)));
    assert_eq!((&id["email"], &id["email_verified"]), (&json!(EMAIL), &json!(true)));
    assert_eq!((&id["identities"][0]["primary"], &id["cognito:groups"]), (&json!("true"), &json!([group])));
    let access = claims(&tokens["access_token"]);
    assert_eq!((&access["sub"], &access["username"]), (&sub, &json!(USERNAME)));
    let own = pool.ok("GetUser", json!({ "AccessToken": tokens["access_token"] })).await;
    assert_eq!(own["Username"], USERNAME);
    assert_eq!(pool.refresh(&tokens["refresh_token"]).await.0, StatusCode::OK);
    assert_eq!(pool.user_info(&tokens["access_token"]).await.1["username"], USERNAME);
}

#[tokio::test]
async fn whoever_comes_again_is_the_same_user_with_newer_attributes() {
    let (pool, provider) = start().await;
    let first = claims(&tokens(&pool, &provider, ada()).await["access_token"]);
    pool.advance(SignedDuration::from_secs(60));
    let triggers = FakeTriggers::attach_these(&pool, ALL, |_, event| Ok(event));
    let changed = json!({ "sub": "ada-1", "email": "new@example.com", "name": "Ada L." });
    let again = claims(&tokens(&pool, &provider, changed).await["access_token"]);
    assert_eq!(first["sub"], again["sub"]);
    assert_eq!(
        triggers.sources(),
        [
            "InboundFederation_ExternalProvider",
            "PreAuthentication_Authentication",
            "PostAuthentication_Authentication",
            "TokenGeneration_HostedAuth",
        ]
    );
    let user = pool.ok("AdminGetUser", json!({ "Username": USERNAME })).await;
    for (name, value) in [("email", "new@example.com"), ("email_verified", "false"), ("name", "Ada L.")] {
        assert_eq!(attribute(&user["UserAttributes"], name), value, "{name}");
    }
    pool.ok("AdminDisableUser", json!({ "Username": USERNAME })).await;
    assert_eq!(refusal(&pool, &provider, ada()).await, "invalid_request: User is disabled.");
}

#[tokio::test]
async fn a_browser_that_the_provider_knows_is_asked_nothing_again() {
    let (pool, provider) = start().await;
    pool.confirmed("bob@example.com").await;
    let mut browser = Browser::new(&pool);
    visit(&mut browser, &provider, ada()).await;
    for (name, value, known) in [
        ("identity_provider", NAME, true),
        ("idp_identifier", "acme.example", true),
        ("identity_provider", "", true),
        ("identity_provider", "COGNITO", false),
    ] {
        let url = browser.authorize_url(&[(name, value)]);
        assert_eq!(browser.get(&url).await.parameter("code").is_some(), known, "{name}={value}");
    }
    // Who has signed in with a password has not signed in with the provider.
    browser.code(&[("prompt", "login")], "bob@example.com", PASSWORD).await;
    let url = browser.authorize_url(&[("identity_provider", NAME)]);
    assert_eq!(browser.get(&url).await.parameter("code"), None);
}

#[tokio::test]
async fn the_sign_in_page_leads_to_the_provider() {
    let (pool, provider) = start().await;
    let mut browser = Browser::new(&pool);
    let page = browser.sign_in_page(&[("identity_provider", "COGNITO")]).await;
    assert!(page.text.contains(&format!("Continue with {NAME}")), "{}", page.text);
    let sent = browser.get(&page.between("<a href=\"", "\"")).await;
    let query = provider.signs_in(sent.location(), ada());
    let back = browser.get(&format!("/oauth2/idpresponse?{query}")).await;
    assert!(back.parameter("code").is_some(), "{}", back.location());
    assert_eq!(back.parameter("state").as_deref(), Some("a state & more"));
}

#[tokio::test]
async fn the_cookie_of_a_sign_in_is_set_where_the_provider_sends_people_back_to() {
    let (pool, provider) = start().await;
    let mut browser = Browser::new(&pool);
    let url = browser.authorize_url(&[("identity_provider", NAME)]);
    let request = http::Request::get(&url).header("host", "localhost:9229").body(axum::body::Body::empty());
    let sent = browser.send(request.unwrap()).await;
    assert_eq!(sent.location(), format!("http://127.0.0.1:9229{url}&moved=1"));
    assert!(browser.cookies.is_empty());
    let sent = browser.get(sent.location()).await;
    provider.signs_in(sent.location(), ada());
}

/// Behind a proxy that writes another `Host` each request seems to have come by the wrong name.
#[tokio::test]
async fn a_browser_is_sent_to_the_pools_own_address_once_and_not_for_ever() {
    let (pool, _provider) = start().await;
    let mut browser = Browser::new(&pool);
    let mut url = browser.authorize_url(&[("identity_provider", NAME)]);
    for attempt in 1..=2 {
        let path = url.strip_prefix("http://127.0.0.1:9229").unwrap_or(&url).to_owned();
        let request =
            http::Request::get(path).header("host", "localhost:9229").body(axum::body::Body::empty());
        let page = browser.send(request.unwrap()).await;
        if attempt == 2 {
            assert_eq!((page.status, page.location()), (StatusCode::BAD_REQUEST, ""));
            assert!(page.text.contains("changes the Host header"), "{}", page.text);
        }
        url = page.location().to_owned();
    }
}

/// RFC 9207: otherwise the answer of another provider could be passed off as this one's.
#[tokio::test]
async fn a_provider_that_says_it_names_itself_in_each_answer_must_do_so() {
    for (announces, without, told) in [
        (false, false, None),
        (false, true, None),
        (true, false, None),
        (true, true, Some("Acme_Login Error - the answer does not name its issuer")),
    ] {
        let (pool, provider) = start().await;
        if announces {
            provider.announces_issuer();
        }
        let mut browser = Browser::new(&pool);
        let url = browser.authorize_url(&[("identity_provider", NAME)]);
        let sent = browser.get(&url).await;
        let mut query = provider.signs_in(sent.location(), ada());
        if without {
            query.truncate(query.find("&iss=").unwrap());
        }
        let page = browser.get(&format!("/oauth2/idpresponse?{query}")).await;
        assert_eq!(page.parameter("error_description").as_deref(), told, "{announces} {without}");
        assert_eq!(page.parameter("code").is_some(), told.is_none(), "{announces} {without}");
    }
}

#[tokio::test]
async fn only_the_browser_that_left_may_come_back_and_once() {
    let (pool, provider) = start().await;
    let mut browser = Browser::new(&pool);
    let url = browser.authorize_url(&[("identity_provider", NAME)]);
    let leave = async |browser: &mut Browser<'_>| {
        let sent = browser.get(&url).await;
        provider.signs_in(sent.location(), ada())
    };
    let path = |query: &str| format!("/oauth2/idpresponse?{query}");
    let refused = |page: Page| {
        assert_eq!((page.status, page.location()), (StatusCode::BAD_REQUEST, ""));
        assert!(page.text.contains("was not begun in this browser"), "{}", page.text);
    };
    // Another browser is handed the answer.
    let query = leave(&mut browser).await;
    let mut other = Browser::new(&pool);
    refused(other.get(&path(&query)).await);
    leave(&mut other).await;
    let query = leave(&mut browser).await;
    refused(other.get(&path(&query)).await);
    // Another state, or none.
    let query = leave(&mut browser).await;
    refused(browser.get(&path(&query.replace("state=", "state=x"))).await);
    refused(browser.get(&path("code=code-0")).await);
    // Once.
    assert!(browser.get(&path(&query)).await.parameter("code").is_some());
    refused(browser.get(&path(&query)).await);
    // Not for ever.
    let mut late = Browser::new(&pool);
    let query = leave(&mut late).await;
    pool.advance(SignedDuration::from_mins(10));
    refused(late.get(&path(&query)).await);
    assert_eq!(pool.ok("ListUsers", json!({})).await["Users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_provider_says_must_be_for_this_sign_in() {
    let accepted = "accepted";
    for (name, value, told) in [
        ("", json!(null), accepted),
        ("azp", json!("pool"), accepted),
        ("nonce", json!("another"), "the nonce of the ID token is another"),
        ("nonce", json!(null), "the nonce of the ID token is another"),
        ("aud", json!("another client"), "the ID token is not accepted"),
        ("aud", json!(["pool", "another client"]), "the ID token is for another client"),
        ("azp", json!("another client"), "the ID token is for another client"),
        ("iss", json!("https://evil.example"), "the ID token is not accepted"),
        ("exp", json!(1_799_999_000), "the ID token is not accepted"),
        ("sub", json!(""), "the ID token is not accepted"),
        ("sub", json!(null), "the ID token is not accepted"),
    ] {
        let (pool, provider) = start().await;
        let mut claims = ada();
        if !name.is_empty() {
            claims[name] = value.clone();
        }
        if told == accepted {
            tokens(&pool, &provider, claims).await;
            continue;
        }
        let refusal = refusal(&pool, &provider, claims).await;
        assert_eq!(refusal, format!("invalid_request: {NAME} Error - {told}"), "{name}: {value}");
        assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]), "{name}: {value}");
    }
}

#[tokio::test]
async fn a_provider_that_fails_or_lies_signs_nobody_in() {
    type Break = fn(&FakeProvider);
    let breaks: [(Break, &str); 4] = [
        (|provider| provider.fails_with(503), "503 error getting token"),
        (FakeProvider::changes_challenge, "400 error getting token"),
        (FakeProvider::signs_with_other_keys, "the ID token is not accepted"),
        (
            |provider| provider.says_about_user(json!({ "sub": "somebody else", "name": "Eve" })),
            "the userinfo endpoint speaks of another user",
        ),
    ];
    for (breaks, told) in breaks {
        let (pool, provider) = start().await;
        let mut browser = Browser::new(&pool);
        let url = browser.authorize_url(&[("identity_provider", NAME)]);
        let sent = browser.get(&url).await;
        let query = provider.signs_in(sent.location(), ada());
        breaks(&provider);
        let page = browser.get(&format!("/oauth2/idpresponse?{query}")).await;
        let description = page.parameter("error_description");
        assert_eq!(description.as_deref(), Some(format!("{NAME} Error - {told}").as_str()));
        assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]), "{told}");
        assert!(!browser.cookies.contains_key("cognito"));
    }
}

#[tokio::test]
async fn an_error_of_the_provider_reaches_the_client_without_its_words() {
    let (pool, provider) = start().await;
    let mut browser = Browser::new(&pool);
    for (answer, error, description) in [
        ("error=access_denied&error_description=<script>", "access_denied", "access_denied"),
        ("error=<script>", "invalid_request", "the provider refused"),
        ("iss=https://evil.example&code=x", "invalid_request", "the answer is another issuer's"),
        ("", "invalid_request", "there is no code"),
    ] {
        let url = browser.authorize_url(&[("identity_provider", NAME)]);
        let sent = browser.get(&url).await;
        provider.signs_in(sent.location(), ada());
        let state = super::browser::parameter(sent.location(), "state").unwrap();
        let page = browser
            .get(
                &format!("/oauth2/idpresponse?state={state}&{answer}")
                    .replace('<', "%3C")
                    .replace('>', "%3E"),
            )
            .await;
        assert_eq!(page.parameter("error").as_deref(), Some(error), "{answer}: {}", page.text);
        let expected = format!("{NAME} Error - {description}");
        assert_eq!(page.parameter("error_description"), Some(expected), "{answer}");
    }
}

#[tokio::test]
async fn who_is_refused_before_sign_up_leaves_no_user_behind() {
    let (pool, provider) = start().await;
    let refuse = |trigger: Trigger| {
        move |called: Trigger, event: Value| {
            if called == trigger {
                Err(TriggerFailure::Refused("E_DOMAIN_NOT_ALLOWED: not here".to_owned()))
            } else {
                Ok(event)
            }
        }
    };
    for trigger in [Trigger::InboundFederation, Trigger::PreSignUp] {
        FakeTriggers::attach_these(&pool, ALL, refuse(trigger));
        let expected =
            format!("invalid_request: {} failed with error E_DOMAIN_NOT_ALLOWED: not here.", trigger.name());
        assert_eq!(refusal(&pool, &provider, ada()).await, expected);
        assert_eq!(pool.ok("ListUsers", json!({})).await["Users"], json!([]));
    }
    // The others speak when the user is there already.
    FakeTriggers::attach_these(&pool, ALL, refuse(Trigger::PostConfirmation));
    assert!(refusal(&pool, &provider, ada()).await.contains("PostConfirmation failed"));
    FakeTriggers::attach_these(&pool, ALL, refuse(Trigger::PreAuthentication));
    assert!(refusal(&pool, &provider, ada()).await.contains("PreAuthentication failed"));
    assert_eq!(pool.ok("ListUsers", json!({})).await["Users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_inbound_trigger_chooses_what_is_taken_over() {
    for (chosen, email, name) in [
        (json!({}), json!(EMAIL), json!("Ada")),
        (json!(null), json!(EMAIL), json!("Ada")),
        (json!({ "email": "ada@corp.example", "sub": "root" }), json!("ada@corp.example"), json!(null)),
    ] {
        let (pool, provider) = start().await;
        FakeTriggers::attach_these(&pool, &[Trigger::InboundFederation], move |_, mut event| {
            event["response"] = json!({ "userAttributesToMap": chosen });
            Ok(event)
        });
        tokens(&pool, &provider, ada()).await;
        let user = pool.ok("AdminGetUser", json!({ "Username": USERNAME })).await;
        assert_eq!(attribute(&user["UserAttributes"], "email"), email);
        assert_eq!(attribute(&user["UserAttributes"], "name"), name);
    }
    let (pool, provider) = start().await;
    FakeTriggers::attach_these(&pool, &[Trigger::InboundFederation], |_, mut event| {
        event["response"] = json!({ "userAttributesToMap": "email" });
        Ok(event)
    });
    assert_eq!(refusal(&pool, &provider, ada()).await, "invalid_request: Unrecognizable lambda output");
    FakeTriggers::attach_these(&pool, &[Trigger::InboundFederation], |_, mut event| {
        event["response"] = json!({ "userAttributesToMap": { "email": "no address" } });
        Ok(event)
    });
    assert_eq!(refusal(&pool, &provider, ada()).await, "invalid_request: Invalid email address format.");
}

#[tokio::test]
async fn a_federated_user_has_no_password_and_takes_nobodys_address() {
    let (pool, provider) = start().await;
    let federated = claims(&tokens(&pool, &provider, ada()).await["access_token"])["sub"].clone();
    pool.refuses("InitiateAuth", TestPool::by_password(USERNAME, PASSWORD), "NotAuthorizedException", "")
        .await;
    let forgot = json!({ "Username": USERNAME });
    let message = "User password cannot be reset in the current state.";
    pool.refuses("ForgotPassword", forgot, "NotAuthorizedException", message).await;
    // Somebody else signs up with the same address, and it is theirs to sign in with.
    let native = pool.confirmed(EMAIL).await;
    assert_ne!(federated, json!(native));
    assert_eq!(claims(&pool.sign_in(EMAIL, PASSWORD).await["AccessToken"])["sub"], native);
    let again = claims(&tokens(&pool, &provider, ada()).await["access_token"])["sub"].clone();
    assert_eq!(again, federated);
    // An administrator may give the user a password, which goes with the name.
    let body = json!({ "Username": USERNAME, "Password": OTHER_PASSWORD, "Permanent": true });
    pool.ok("AdminSetUserPassword", body).await;
    assert_eq!(claims(&pool.sign_in(USERNAME, OTHER_PASSWORD).await["AccessToken"])["sub"], federated);
}
