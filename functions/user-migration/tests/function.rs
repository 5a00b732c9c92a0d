//! The function as Lambda starts it, in a process of its own. This test plays Lambda, and the old user pool as its wire protocol
//! is documented: what the function calls, what it makes of the answers, and what it writes into its log.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    process::{Command, Stdio},
    sync::mpsc,
};

use portcullis_testkit::{PlayedLambda, Response, serve};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-horse-1";

/// The old pool: one user, whose name says what becomes of her.
fn play_old_pool() -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, receiver) = mpsc::channel();
    let address = serve(move |request| {
        let error = |code: &str, message: &str| {
            (400, json!({"__type": code, "message": format!("{message} of ann@example.com")}))
        };
        let asked = request.json();
        let name = match request.operation() {
            "AdminInitiateAuth" => &asked["AuthParameters"]["USERNAME"],
            _ => &asked["Username"],
        };
        let (status, body) = match (request.operation(), name.as_str().unwrap()) {
            ("AdminInitiateAuth", "wrong") => {
                error("NotAuthorizedException", "Incorrect username or password")
            }
            ("AdminInitiateAuth", "nobody") => error("UserNotFoundException", "User does not exist"),
            ("AdminInitiateAuth", "secret") => {
                error("NotAuthorizedException", "SECRET_HASH was not received")
            }
            ("AdminInitiateAuth", "throttled") => error("TooManyRequestsException", "Rate exceeded"),
            ("AdminInitiateAuth", "totp") => {
                (200, json!({"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s"}))
            }
            ("AdminInitiateAuth", _) => (
                200,
                json!({"AuthenticationResult": {"AccessToken": "swordfish"}, "ChallengeParameters": {}}),
            ),
            ("AdminGetUser", "gone") => error("UserNotFoundException", "User does not exist"),
            ("AdminGetUser", _) => {
                let attribute = |(name, value)| json!({"Name": name, "Value": value});
                let attributes = [
                    ("sub", "old-sub"),
                    ("email", "ann@example.com"),
                    ("email_verified", "true"),
                    ("name", "Ann"),
                ];
                let user = json!({
                    "Username": "old-name", "Enabled": true, "UserStatus": "CONFIRMED",
                    "UserAttributes": attributes.map(attribute),
                });
                (200, user)
            }
            (other, _) => error("UnknownOperationException", other),
        };
        sender.send((request.operation().to_owned(), asked)).unwrap();
        Response::new(status, body.to_string()).header("Content-Type", "application/x-amz-json-1.1")
    });
    (address, receiver)
}

fn event(source: &str, name: &str) -> Value {
    json!({
        "version": "1", "triggerSource": source, "region": "us-east-1", "userPoolId": "us-east-1_New", "userName": name,
        "callerContext": {"awsSdkVersion": "1", "clientId": "new-client"},
        "request": {"password": PASSWORD, "validationData": null, "userAttributes": null},
        "response": {"userAttributes": null},
    })
}

#[test]
fn the_function_asks_the_old_pool_and_writes_nobodys_data_into_the_log() {
    let sign_in = |name| event("UserMigration_Authentication", name);
    let names = ["ann", "wrong", "nobody", "totp", "gone", "secret", "throttled"];
    let mut events = names.map(sign_in).to_vec();
    events.push(event("UserMigration_ForgotPassword", "ann"));
    events.push(event("PreSignUp_SignUp", "ann"));
    let sent = events.clone();
    let lambda = PlayedLambda::new(events);
    let (pool, asked) = play_old_pool();
    let function = Command::new(env!("CARGO_BIN_EXE_user-migration"))
        .env_clear()
        .envs(lambda.environment("user-migration"))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", format!("http://{pool}"))
        .env("RUST_LOG", "trace")
        .env("OLD_USER_POOL_ID", "eu-west-1_OldPool")
        .env("OLD_CLIENT_ID", "oldclient")
        .env("MIGRATED_ATTRIBUTES", "email,name")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let answers: Vec<(String, Value)> = sent.iter().map(|_| lambda.answer()).collect();
    let output = PlayedLambda::end(function);

    let user = |status: &str| {
        json!({
            "userAttributes": {"email": "ann@example.com", "email_verified": "true", "name": "Ann"},
            "finalUserStatus": status, "messageAction": "SUPPRESS", "desiredDeliveryMediums": null,
            "forceAliasCreation": null, "enableSMSMFA": null,
        })
    };
    for (number, (path, answer)) in answers.iter().enumerate() {
        let mut expected = sent[number].clone();
        let name = expected["userName"].as_str().unwrap().to_owned();
        let end = match (number, name.as_str()) {
            (0, _) => {
                expected["response"] = user("CONFIRMED");
                "response"
            }
            (7, _) => {
                expected["response"] = user("RESET_REQUIRED");
                "response"
            }
            (_, "secret" | "throttled") => {
                let code = "E_DIRECTORY_UNAVAILABLE";
                let text = format!("{code}: users cannot be looked up elsewhere, try again later");
                expected = json!({"errorType": code, "errorMessage": text});
                "error"
            }
            _ => "response",
        };
        assert_eq!(*path, format!("/2018-06-01/runtime/invocation/r{number}/{end}"), "{name}");
        assert_eq!(*answer, expected, "{name}");
    }

    // Who was refused was not looked up, and nobody was tried twice.
    let asked: Vec<(String, Value)> = asked.try_iter().collect();
    let operations: Vec<&str> =
        asked.iter().map(|(operation, _)| operation.trim_start_matches("Admin")).collect();
    let (tried, found) = ("InitiateAuth", "GetUser");
    assert_eq!(operations, [tried, found, tried, tried, tried, found, tried, found, tried, tried, found]);
    assert_eq!(
        asked[0].1,
        json!({
            "UserPoolId": "eu-west-1_OldPool", "ClientId": "oldclient", "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD},
        })
    );
    assert_eq!(asked[1].1, json!({"UserPoolId": "eu-west-1_OldPool", "Username": "ann"}));

    let log = String::from_utf8_lossy(&output.stdout);
    let details: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line.get("decision").is_some())
        .map(|mut line| json!([line["decision"].take(), line["detail"].take()]))
        .collect();
    let stays = |reason: &str| json!(["stays unknown", reason]);
    let fails = |code: &str| json!(["fail", format!("AdminInitiateAuth failed: {code}")]);
    let expected = [
        json!(["migrated", null]),
        stays("was not let in"),
        stays("was not let in"),
        stays("has a second factor that cannot come along"),
        stays("is not there"),
        fails("NotAuthorizedException"),
        fails("TooManyRequestsException"),
        json!(["migrated", null]),
        json!(["not ours", null]),
    ];
    assert_eq!(details, expected);
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        for word in ["ann@", "\"ann\"", "Ann", PASSWORD, "swordfish", "old-sub", "old-name"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}
