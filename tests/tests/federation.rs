//! Signing in with another provider: `oidc-provider`, which others have written, plays it on this machine.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use portcullis_tests::{
    Answer, Browser, Launch, LocalSystem, Page, Result, claims, form_encoded, missing, npm_client,
};
use serde_json::json;
use tempfile::NamedTempFile;

const NAME: &str = "Acme_Login";
const SECRET: &str = "between-the-pool-and-the-provider";
const CALLBACK: &str = "http://localhost:5173/callback";
/// Those of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The provider's process, which ends with this value.
struct Provider {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    /// Starts it. It knows its issuer then, and waits to hear where it sends people back to.
    fn start() -> Result<Self> {
        let script = npm_client("provider", "provider.js")?;
        let mut child = Command::new("node")
            .arg(script)
            .env("CLIENT_ID", "pool")
            .env("CLIENT_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut provider = Self { child, input, output, issuer: String::new() };
        let line = provider.line()?;
        provider.issuer = line.strip_prefix("issuer ").ok_or("no issuer")?.to_owned();
        Ok(provider)
    }

    fn sends_back_to(&mut self, pool: &str) -> Result<()> {
        writeln!(self.input, "{pool}/oauth2/idpresponse")?;
        match self.line()?.as_str() {
            "ready" => Ok(()),
            other => Err(other.into()),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Its configuration, as `CreateIdentityProvider` takes it.
    fn file(&self) -> Result<NamedTempFile> {
        let mut file = NamedTempFile::new()?;
        let provider = json!({
            "ProviderName": NAME,
            "ProviderType": "OIDC",
            "ProviderDetails": {
                "client_id": "pool",
                "client_secret": SECRET,
                "oidc_issuer": self.issuer,
                "authorize_scopes": "openid email profile",
            },
        });
        file.write_all(provider.to_string().as_bytes())?;
        Ok(file)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both, knowing each other; `None` where Node is missing.
fn start(launch: Launch) -> Option<(LocalSystem, Provider)> {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return None;
    }
    let mut provider = Provider::start().unwrap();
    let file = provider.file().unwrap();
    let path = file.path().to_string_lossy().into_owned();
    let system = launch.arguments(&["--callback-url", CALLBACK, "--provider", &path]).start().unwrap();
    provider.sends_back_to(&system.pool).unwrap();
    Some((system, provider))
}

fn authorize_url(system: &LocalSystem, changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", system.client_id.as_str()),
        ("redirect_uri", CALLBACK),
        ("identity_provider", NAME),
        ("state", "s-1"),
        ("nonce", "n-1"),
        ("scope", "openid email profile aws.cognito.signin.user.admin"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    format!("{}/oauth2/authorize?{}", system.pool, form_encoded(&parameters).unwrap())
}

/// Signs in at the provider as this person, agrees to what it asks, and stops before this address is opened.
async fn sign_in(browser: &mut Browser, system: &LocalSystem, person: &str, end: &str) -> Page {
    let page = browser.open(&authorize_url(system, &[])).await.unwrap();
    let mut page = browser.follow(page, end).await.unwrap();
    for fields in [&[("login", person), ("password", "any")][..], &[]] {
        // A provider that knows somebody asks for less.
        if page.location().unwrap().is_none() {
            page = browser.submit(&page, fields).await.unwrap();
            page = browser.follow(page, end).await.unwrap();
        }
    }
    page
}

/// The code of a sign-in.
async fn code(browser: &mut Browser, system: &LocalSystem, person: &str) -> String {
    let page = sign_in(browser, system, person, CALLBACK).await;
    assert_eq!(page.parameter("state").as_deref(), Some("s-1"), "{page:?}");
    page.parameter("code").unwrap_or_else(|| panic!("{page:?}\n{}", system.log()))
}

async fn exchange(system: &LocalSystem, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", system.client_id.as_str()),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    system.users().form("/oauth2/token", &form).await.unwrap()
}

#[tokio::test]
async fn somebody_signs_in_with_another_provider_and_calls_the_api() {
    let Some((system, _provider)) = start(Launch::in_memory()) else { return };
    let mut browser = Browser::new().unwrap();
    let code = code(&mut browser, &system, "ada").await;
    let tokens = exchange(&system, &code, &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let id = claims(tokens.text("/id_token")).unwrap();
    assert_eq!((&id["cognito:username"], &id["nonce"]), (&json!("Acme_Login_ada"), &json!("n-1")));
    assert_eq!((&id["email"], &id["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    let user = system.users().call("AdminGetUser", json!({ "Username": "Acme_Login_ada" })).await.unwrap();
    assert_eq!(user.text("/UserStatus"), "EXTERNAL_PROVIDER", "{}", user.body);

    let access = tokens.text("/access_token").to_owned();
    let api = system.rest().with_token(&access);
    let made = api.post("/notes", &json!({ "title": "from afar" })).await.unwrap();
    // An owner is shown by the name in the pool.
    assert_eq!((made.status, made.text("/owner")), (201, "Acme_Login_ada"), "{}", made.body);
    let listed = api.get("/notes").await.unwrap();
    assert_eq!((listed.status, listed.text("/items/0/title")), (200, "from afar"), "{}", listed.body);
    // Post-confirmation has given a profile and a group: the first user is an administrator.
    let groups = claims(&access).unwrap()["cognito:groups"].clone();
    for group in ["admins".to_owned(), "readers".to_owned(), format!("{}_{NAME}", system.pool_id)] {
        assert!(groups.as_array().unwrap().contains(&json!(group)), "{groups}");
    }

    let again = exchange(&system, &code, &[]).await;
    assert_eq!((again.status, again.text("/error")), (400, "invalid_grant"), "a code is good once");
    let gone = system.users().call("GetUser", json!({ "AccessToken": access })).await.unwrap();
    assert_eq!(gone.exception(), "NotAuthorizedException", "and who uses it twice ends its session");
    for secret in [code.as_str(), &access, "ada@example.com", SECRET, "n-1"] {
        assert!(!system.log().contains(secret), "the log holds {secret}");
    }
}

#[tokio::test]
async fn whoever_comes_again_is_the_same_user() {
    let Some((system, _provider)) = start(Launch::in_memory()) else { return };
    let mut subs = Vec::new();
    let mut browser = Browser::new().unwrap();
    for browser in [&mut browser.clone(), &mut Browser::new().unwrap(), &mut browser] {
        let code = code(browser, &system, "bea").await;
        let tokens = exchange(&system, &code, &[]).await;
        subs.push(claims(tokens.text("/access_token")).unwrap()["sub"].clone());
    }
    assert!(subs.iter().all(|sub| *sub == subs[0]), "{subs:?}");
}

#[tokio::test]
async fn who_may_not_sign_up_is_refused_by_a_redirect_and_leaves_no_user() {
    let Some((system, _provider)) = start(Launch::in_memory()) else { return };
    let page = sign_in(&mut Browser::new().unwrap(), &system, "mallory", CALLBACK).await;
    assert_eq!(page.parameter("error").as_deref(), Some("invalid_request"), "{page:?}");
    let description = page.parameter("error_description").unwrap();
    assert!(description.starts_with("PreSignUp failed with error E_DOMAIN_NOT_ALLOWED: "), "{description}");
    assert_eq!(page.parameter("state").as_deref(), Some("s-1"));
    let users = system.users().call("ListUsers", json!({})).await.unwrap();
    assert_eq!(users.body["Users"], json!([]));
}

#[tokio::test]
async fn what_does_not_belong_together_is_refused() {
    let Some((system, _provider)) = start(Launch::in_memory()) else { return };
    let mut browser = Browser::new().unwrap();
    let elsewhere = authorize_url(&system, &[("redirect_uri", "http://localhost:5173/other")]);
    let page = browser.open(&elsewhere).await.unwrap();
    assert_eq!((page.status, page.location().unwrap()), (400, None));

    for (name, value) in [
        ("code_verifier", "a-verifier-of-somebody-else-that-is-long-enough"),
        ("redirect_uri", "http://localhost:5173/other"),
        ("client_id", "another"),
    ] {
        let code = code(&mut browser, &system, "ada").await;
        let refused = exchange(&system, &code, &[(name, value)]).await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.body);
        assert!(["invalid_grant", "invalid_client"].contains(&refused.text("/error")), "{}", refused.body);
    }

    // The answer of the provider, with another state, or in a browser that has not asked for it.
    let back = format!("{}/oauth2/idpresponse", system.pool);
    for (tampers, has_cookie) in [(true, true), (false, false)] {
        let mut browser = Browser::new().unwrap();
        let page = sign_in(&mut browser, &system, "ada", &back).await;
        let mut url = page.location().unwrap().unwrap().to_string();
        if tampers {
            url = url.replace("state=", "state=x");
        }
        let mut comes = if has_cookie { browser } else { Browser::new().unwrap() };
        let page = comes.open(&url).await.unwrap();
        assert_eq!((page.status, page.location().unwrap()), (400, None), "{page:?}");
    }
}

/// Somebody who has an account of the pool and comes by way of the provider.
#[tokio::test]
async fn under_the_linking_policy_whoever_has_verified_an_address_on_both_sides_is_one_user() {
    let launch = Launch::in_memory()
        .variable("PROVIDERS", NAME)
        .variable("LINK_POLICY", "link")
        .variable("LINK_PROVIDERS", NAME);
    let Some((system, _provider)) = start(launch) else { return };
    let native = system.users().enroll("ada@example.com", "Quiet-River-2718").await.unwrap();
    let sub = claims(&native.access).unwrap()["sub"].clone();
    let made =
        system.rest().with_token(&native.access).post("/notes", &json!({ "title": "mine" })).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.body);

    // Somebody who has entered this address at the provider, which has not verified it.
    let page = sign_in(&mut Browser::new().unwrap(), &system, "eve", CALLBACK).await;
    let description = page.parameter("error_description").unwrap_or_else(|| panic!("{page:?}"));
    assert!(description.contains("E_EMAIL_NOT_VERIFIED"), "{description}");

    let mut browser = Browser::new().unwrap();
    let page = sign_in(&mut browser, &system, "ada", CALLBACK).await;
    let description = page.parameter("error_description").unwrap_or_else(|| panic!("{page:?}"));
    assert!(description.starts_with("PreSignUp failed with error E_LINKED_RETRY: "), "{description}");
    // As a client does that knows the code, again.
    let code = code(&mut browser, &system, "ada").await;
    let tokens = exchange(&system, &code, &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert_eq!(claims(tokens.text("/access_token")).unwrap()["sub"], sub);
    let listed = system.rest().with_token(tokens.text("/access_token")).get("/notes").await.unwrap();
    assert_eq!((listed.status, listed.text("/items/0/title")), (200, "mine"), "{}", listed.body);

    let users = system.users().call("ListUsers", json!({})).await.unwrap();
    assert_eq!(users.body["Users"].as_array().unwrap().len(), 1, "{}", users.body);
}
