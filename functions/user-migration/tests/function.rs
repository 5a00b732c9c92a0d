//! The function as Lambda starts it, in a process of its own. This test plays Lambda, and the old user pool as its wire protocol
//! is documented: what the function calls, what it makes of the answers, and what it writes into its log.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

const PASSWORD: &str = "Correct-horse-1";

/// A request: the method, the operation that `x-amz-target` names, and the body.
struct Request {
    method: String,
    path: String,
    operation: String,
    body: Value,
}

/// Serves HTTP: each request is answered with a status, headers and a body.
fn serve(answer: impl Fn(Request) -> Option<(u16, String, String)> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(&stream.unwrap(), &*answer));
        }
    });
    address
}

fn converse(stream: &TcpStream, answer: &dyn Fn(Request) -> Option<(u16, String, String)>) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) if line != "\r\n" => head.push(line),
                Ok(1..) => break,
                _ => return,
            }
        }
        let header = |name: &str| {
            let value = head.iter().find_map(|line| {
                let (known, value) = line.split_once(':')?;
                known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            });
            value.unwrap_or_default()
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let mut words = head[0].split(' ').map(str::to_owned);
        let request = Request {
            method: words.next().unwrap(),
            path: words.next().unwrap(),
            operation: header("x-amz-target").rsplit('.').next().unwrap().to_owned(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        };
        let Some((status, headers, body)) = answer(request) else { return };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Is\r\n{headers}Content-Length: {length}\r\n\r\n");
        writer.write_all((head + &body).as_bytes()).unwrap();
    }
}

/// Lambda's runtime API for one function: hands out events and gives back what is posted.
fn play_lambda(events: Vec<Value>) -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, receiver) = mpsc::channel();
    let queue = Mutex::new(events.into_iter().enumerate());
    let address = serve(move |request| {
        if request.method == "GET" {
            let next = queue.lock().unwrap().next();
            let Some((number, event)) = next else {
                // There are no more events: the function waits, as it does in Lambda.
                loop {
                    thread::park();
                }
            };
            let headers = format!(
                "Lambda-Runtime-Aws-Request-Id: r{number}\r\nLambda-Runtime-Deadline-Ms: 0\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn\r\n"
            );
            return Some((200, headers, event.to_string()));
        }
        sender.send((request.path, request.body)).unwrap();
        Some((202, String::new(), String::new()))
    });
    (address, receiver)
}

/// The old pool: one user, whose name says what becomes of her.
fn play_old_pool() -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, receiver) = mpsc::channel();
    let address = serve(move |request| {
        let error = |code: &str, message: &str| {
            (400, json!({"__type": code, "message": format!("{message} of ann@example.com")}))
        };
        let name = match request.operation.as_str() {
            "AdminInitiateAuth" => &request.body["AuthParameters"]["USERNAME"],
            _ => &request.body["Username"],
        };
        let (status, body) = match (request.operation.as_str(), name.as_str().unwrap()) {
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
        sender.send((request.operation, request.body)).unwrap();
        Some((status, "Content-Type: application/x-amz-json-1.1\r\n".to_owned(), body.to_string()))
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
    let (lambda, posted) = play_lambda(events);
    let (pool, asked) = play_old_pool();
    let mut function = Command::new(env!("CARGO_BIN_EXE_user-migration"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", lambda)
        .env("AWS_LAMBDA_FUNCTION_NAME", "user-migration")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
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
    let answers: Vec<(String, Value)> =
        sent.iter().map(|_| posted.recv_timeout(Duration::from_secs(60)).unwrap()).collect();
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();

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
