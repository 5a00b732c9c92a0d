//! Signing in with a redirect on the page of the local pool, and machines that sign in with their secret.

use portcullis::{Issuer, Verifier};
use portcullis_tests::{Browser, Launch};
use serde_json::json;

const CALLBACK: &str = "http://localhost:5173/";
const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "Quiet-River-2718";
/// The verifier of the challenge in the address that the system prints, that of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[tokio::test]
async fn the_printed_address_leads_to_tokens_that_the_api_accepts() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    users.enroll(EMAIL, PASSWORD).await.unwrap();
    let printed = system.output();
    let url = printed.lines().find_map(|line| line.strip_prefix("sign in at")).unwrap().trim();

    let mut browser = Browser::new().unwrap();
    let page = browser.open(url).await.unwrap();
    let page = browser.follow(page, CALLBACK).await.unwrap();
    let wrong =
        browser.submit(&page, &[("username", EMAIL), ("password", "Other-River-2718")]).await.unwrap();
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("Incorrect username or password."), "{}", wrong.text);
    let page = browser.submit(&wrong, &[("username", EMAIL), ("password", PASSWORD)]).await.unwrap();
    let code = page.parameter("code").unwrap_or_else(|| panic!("{page:?}"));

    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &system.client_id),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = users.form("/oauth2/token", &form).await.unwrap();
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let api = system.rest().with_token(tokens.text("/access_token"));
    let made = api.post("/notes", &json!({ "title": "Interview at nine" })).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    for secret in [PASSWORD, EMAIL, &code, tokens.text("/access_token"), tokens.text("/refresh_token")] {
        assert!(!system.log().contains(secret), "the log holds {secret}");
    }
}

#[tokio::test]
async fn any_openid_connect_client_can_discover_and_verify() {
    let system = Launch::in_memory().arguments(&["--scope", "notes/read"]).start().unwrap();
    let printed = system.output();
    let machine = printed.lines().find_map(|line| line.strip_prefix("machine client")).unwrap().trim();
    let (id, secret) = machine.split_once(':').unwrap();
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let answer = system.users().form("/oauth2/token", &form).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    // The verifier finds the keys by the discovery document, as a stranger would.
    let issuer = Issuer::oidc(format!("{}/{}", system.pool, system.pool_id));
    let issuer = issuer.insecure_any_audience().client_ids([id]).insecure_any_token_use();
    let verifier = Verifier::builder().issuer(issuer).build().unwrap();
    let verified = verifier.verify(answer.text("/access_token")).await.unwrap();
    assert_eq!(verified.claims().text("scope"), Some("notes/read"));
    // A machine is nobody to the API of the people.
    let refused = system.rest().with_token(answer.text("/access_token")).get("/notes").await.unwrap();
    assert_eq!(refused.status, 401, "{}", refused.body);
}

#[test]
fn a_provider_or_a_callback_that_cannot_be_is_refused_at_start_without_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("provider.json");
    let provider = json!({ "ProviderName": "a b", "ProviderDetails": { "client_secret": "hush" } });
    std::fs::write(&file, provider.to_string()).unwrap();
    let path = file.to_string_lossy().into_owned();
    for (arguments, code, told) in [
        (
            &["--provider", &path, "--provider", "nowhere.json"][..],
            1,
            &["ProviderName", "ProviderType", "nowhere.json"][..],
        ),
        (&["--callback-url", "http://example.com/"], 2, &["--callback-url", "https"]),
        (&["--scope", "read"], 2, &["--scope", "notes/read"]),
    ] {
        let refusal = Launch::in_memory().arguments(arguments).refused().unwrap();
        assert_eq!(refusal.code, Some(code), "{}", refusal.error);
        for told in told {
            assert!(refusal.error.contains(told), "{told}: {}", refusal.error);
        }
        assert!(!refusal.error.contains("hush"), "{}", refusal.error);
    }
}
