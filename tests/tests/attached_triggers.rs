//! Triggers that are attached by configuration: functions that are built in, and functions in other processes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::Path, http::HeaderMap, routing::post};
use portcullis_tests::{CODE, Launch, LocalSystem, Result, claims, client_sources, missing, python_client};
use serde_json::{Value, json};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "Quiet-River-2718";
/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until there is something.
async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "there is no {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Functions at the address at which Lambda's `Invoke` has them. They note their events and answer as they are told.
#[derive(Clone)]
struct Functions {
    address: String,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Functions {
    async fn start(answer: fn(&str, Value) -> (Option<&'static str>, Value)) -> Result<Self> {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let invoke = move |Path(name): Path<String>, Json(event): Json<Value>| async move {
            seen.lock().unwrap().push(event.clone());
            let (error, answer) = answer(&name, event);
            let mut headers = HeaderMap::new();
            if let Some(error) = error {
                headers.insert("x-amz-function-error", error.parse().unwrap());
            }
            (headers, Json(answer))
        };
        let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, events })
    }

    /// The argument that attaches one.
    fn attached(&self, trigger: &str) -> String {
        format!("{trigger}={}/2015-03-31/functions/{trigger}/invocations", self.address)
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn templates_attach_the_function_that_words_messages() {
    let templates = r#"{"en": {"SignUp": {"subject": "Welcome", "email": "<p>Your key is {{code}}.</p>"}}}"#;
    let system = Launch::in_memory().variable("TEMPLATES", templates).start().unwrap();
    assert_eq!(system.users().sign_up(EMAIL, PASSWORD).await.unwrap().status, 200);
    let expected = format!("message to {EMAIL}: Welcome\n<p>Your key is {CODE}.</p>");
    eventually("message", || system.output().contains(&expected).then_some(())).await;
    eventually("line of the function's", || system.log().contains("custom-message").then_some(())).await;
}

#[tokio::test]
async fn whoever_is_known_to_an_old_pool_comes_over_with_the_password_they_have() {
    let old = Launch::in_memory().start().unwrap();
    old.users().enroll(EMAIL, PASSWORD).await.unwrap();
    let waiting = old.users().sign_up("waiting@example.com", PASSWORD).await.unwrap();
    assert_eq!(waiting.status, 200);
    let new = Launch::in_memory()
        .variable("OLD_USER_POOL_ID", &old.pool_id)
        .variable("OLD_CLIENT_ID", &old.client_id)
        .variable("MIGRATED_ATTRIBUTES", "email")
        .variable("OLD_USER_POOL_ENDPOINT", &old.pool)
        .start()
        .unwrap();
    for (name, password) in
        [(EMAIL, "Wrong-River-2718"), ("nobody@example.com", PASSWORD), ("waiting@example.com", PASSWORD)]
    {
        let refused = new.users().sign_in(name, password).await.unwrap_err().to_string();
        assert!(refused.contains("Incorrect username or password."), "{name}: {refused}");
    }
    assert_eq!(users(&new).await, json!([]));

    let tokens = new.users().sign_in(EMAIL, PASSWORD).await.unwrap();
    let id = claims(&tokens.id).unwrap();
    assert_eq!((&id["email"], &id["email_verified"]), (&json!(EMAIL), &json!(true)));
    assert_eq!(users(&new).await.as_array().unwrap().len(), 1);
    // From now on the new pool knows them: the old one may go.
    drop(old);
    new.users().sign_in(EMAIL, PASSWORD).await.unwrap();
    assert!(!new.log().contains(EMAIL) && !new.log().contains(PASSWORD), "{}", new.log());
}

async fn users(system: &LocalSystem) -> Value {
    system.users().call("ListUsers", json!({})).await.unwrap().body.get("Users").cloned().unwrap()
}

#[tokio::test]
async fn a_function_in_another_process_goes_before_the_one_that_is_built_in() {
    let functions = Functions::start(|name, mut event| match name {
        "PreSignUp" if event["request"]["userAttributes"]["email"] == "eve@example.com" => {
            let text = "E_NOT_EVE: not you";
            (Some("Unhandled"), json!({ "errorType": "E_NOT_EVE", "errorMessage": text }))
        }
        "PreSignUp" => {
            event["response"] = json!({ "autoConfirmUser": true, "autoVerifyEmail": true });
            (None, event)
        }
        _ => {
            event["response"] = json!({ "claimsAndScopeOverrideDetails": {
                "accessTokenGeneration": { "claimsToAddOrOverride": { "from": "elsewhere" } },
            } });
            (None, event)
        }
    })
    .await
    .unwrap();
    let system = Launch::in_memory()
        .arguments(&["--trigger", &functions.attached("PreSignUp")])
        .arguments(&["--trigger", &functions.attached("PreTokenGeneration")])
        .start()
        .unwrap();
    // The function that is built in refuses this domain.
    let signed_up = system.users().sign_up("mallory@blocked.example", PASSWORD).await.unwrap();
    assert_eq!(signed_up.body["UserConfirmed"], true, "{}", signed_up.body);
    let refused = system.users().sign_up("eve@example.com", PASSWORD).await.unwrap();
    assert_eq!(refused.exception(), "UserLambdaValidationException");
    assert_eq!(refused.text("/message"), "PreSignUp failed with error E_NOT_EVE: not you.");
    let tokens = system.users().sign_in("mallory@blocked.example", PASSWORD).await.unwrap();
    assert_eq!(claims(&tokens.access).unwrap()["from"], "elsewhere");
    let events = functions.events();
    let [first, _, last] = &events[..] else { panic!("{events:?}") };
    assert_eq!(first["triggerSource"], "PreSignUp_SignUp");
    assert_eq!(
        (&last["triggerSource"], &last["version"]),
        (&json!("TokenGeneration_Authentication"), &json!("2"))
    );
}

#[tokio::test]
async fn a_function_that_hangs_up_or_does_not_answer_fails_as_it_would_at_cognito() {
    let gone = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let attached = [("PreAuthentication", &gone), ("PostConfirmation", &silent)]
        .map(|(trigger, listener)| format!("{trigger}=http://{}/", listener.local_addr().unwrap()));
    tokio::spawn(async move { while gone.accept().await.is_ok() {} });
    let [gone, never] = attached;
    let system = Launch::in_memory().arguments(&["--trigger", &gone, "--trigger", &never]).start().unwrap();
    system.users().sign_up(EMAIL, PASSWORD).await.unwrap();
    let late = system.users().confirm(EMAIL).await.unwrap();
    assert_eq!(late.exception(), "UnexpectedLambdaException");
    let text = "PostConfirmation failed with error Socket timeout while invoking Lambda function.";
    assert_eq!(late.text("/message"), text);
    let parameters = json!({ "USERNAME": EMAIL, "PASSWORD": PASSWORD });
    let request = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    let failed = system.users().call("InitiateAuth", request).await.unwrap();
    assert_eq!(failed.exception(), "UnexpectedLambdaException");
    let text = "PreAuthentication invocation failed due to error ServiceException.";
    assert_eq!(failed.text("/message"), text);
}

#[test]
fn a_function_on_another_machine_is_refused_unless_it_is_said_aloud() {
    let elsewhere = ["--trigger", "PreSignUp=https://functions.example.com/"];
    let refused = Launch::in_memory().arguments(&elsewhere).refused().unwrap();
    assert!(refused.error.contains("--trigger PreSignUp names another machine"), "{}", refused.error);
    let allowed = Launch::in_memory().arguments(&elsewhere).arguments(&["--insecure-remote-triggers"]);
    drop(allowed.start().unwrap());
}

/// The codes of the events, as the AWS Encryption SDK for Python reads them with a key of AWS KMS, which the pool plays.
fn decrypted(system: &LocalSystem, key: &str, codes: &[&str]) -> Vec<Value> {
    let mut client = Command::new(python_client("sender").unwrap())
        // The source tree is not for caches.
        .arg("-B")
        .arg(client_sources("sender").join("decrypt.py"))
        .env("KMS_KEY_ARN", key)
        .env("AWS_ENDPOINT_URL_KMS", &system.pool)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        // Loopback is never reached through a proxy, and a developer's own AWS profile is not part of the test.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .env_remove("AWS_PROFILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(codes.join("\n").as_bytes()).unwrap();
    let ended = client.wait_with_output().unwrap();
    let (told, log) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{told}\n{log}\nthe system's log:\n{}", system.log());
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_sender_reads_codes_with_the_aws_encryption_sdk() {
    if missing("Python with venv", &[("python3", &["-c", "import ensurepip, venv"])]) {
        return;
    }
    let functions = Functions::start(|_, event| (None, event)).await.unwrap();
    let system = Launch::in_memory()
        .arguments(&["--trigger", &functions.attached("CustomEmailSender")])
        .arguments(&["--trigger", &functions.attached("CustomSMSSender")])
        .start()
        .unwrap();
    let key = system
        .output()
        .lines()
        .find_map(|line| line.strip_prefix("KMS key").map(str::trim).map(str::to_owned));
    let key = key.unwrap_or_else(|| panic!("no key is printed:\n{}", system.output()));
    let users = system.users();
    assert_eq!(users.sign_up(EMAIL, PASSWORD).await.unwrap().status, 200);
    let invited = json!({
        "Username": "bob@example.com",
        "TemporaryPassword": "Less<than>&1-Xy",
        "DesiredDeliveryMediums": ["SMS", "EMAIL"],
        "UserAttributes": [{ "Name": "phone_number", "Value": "+15550100" }],
    });
    assert_eq!(users.call("AdminCreateUser", invited).await.unwrap().status, 200);
    // Nobody waits for the function, so its events come when they come, and in any order.
    let mut events = eventually("third event", || {
        let events = functions.events();
        (events.len() == 3).then_some(events)
    })
    .await;
    events.sort_by_key(|event| event["triggerSource"].to_string());
    let sources: Vec<&str> = events.iter().map(|event| event["triggerSource"].as_str().unwrap()).collect();
    assert_eq!(
        sources,
        ["CustomEmailSender_AdminCreateUser", "CustomEmailSender_SignUp", "CustomSMSSender_AdminCreateUser"]
    );
    let mut codes: Vec<&str> =
        events.iter().map(|event| event["request"]["code"].as_str().unwrap()).collect();
    // Of another pool, whose key is another.
    let other = Launch::in_memory()
        .arguments(&["--trigger", &functions.attached("CustomEmailSender")])
        .start()
        .unwrap();
    other.users().sign_up(EMAIL, PASSWORD).await.unwrap();
    let foreign = eventually("fourth event", || functions.events().get(3).cloned()).await;
    codes.push(foreign["request"]["code"].as_str().unwrap());

    let told = tokio::task::spawn_blocking({
        let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        move || {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            (decrypted(&system, &key, &codes), system)
        }
    });
    let (told, system) = told.await.unwrap();
    let [email, code, text, foreign] = &told[..] else { panic!("{told:?}") };
    // A temporary password comes as HTML has it.
    for (told, secret) in
        [(email, "Less&lt;than&gt;&amp;1-Xy"), (code, CODE), (text, "Less&lt;than&gt;&amp;1-Xy")]
    {
        assert_eq!(told["text"], secret, "{told}");
        assert_eq!(told["context"]["userpool-id"], system.pool_id.as_str());
        assert!(told["context"]["aws-crypto-public-key"].is_string());
        assert_eq!(told["context"].as_object().unwrap().len(), 2, "{told}");
    }
    assert_eq!(foreign["error"], "DecryptKeyError", "{foreign}");

    // The code is good, and nobody but the function was told.
    assert_eq!(system.users().confirm(EMAIL).await.unwrap().status, 200);
    assert!(!system.output().contains("code for"), "{}", system.output());
}
