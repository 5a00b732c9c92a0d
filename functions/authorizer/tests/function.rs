//! The whole function, in a process of its own: this test plays AWS Lambda and the user pool that publishes its keys.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use portcullis::testkit::TestIssuer;
use serde_json::{Value, json};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Long after this test is forgotten: the function looks at the clock of the machine.
const FAR: u64 = 7_258_118_400;

/// Serves HTTP: each request, method and path and body, is answered with a status, headers and a body.
fn serve(answer: impl Fn(String, String, Value) -> (u16, String, String) + Send + Sync + 'static) -> String {
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

fn converse(stream: &TcpStream, answer: &dyn Fn(String, String, Value) -> (u16, String, String)) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) if line != "\r\n" => head.push(line.to_lowercase()),
                Ok(1..) => break,
                _ => return,
            }
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let mut words = head[0].split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let (status, headers, body) = answer(method, path, serde_json::from_slice(&body).unwrap_or_default());
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Is\r\n{headers}Content-Length: {length}\r\n\r\n");
        writer.write_all((head + &body).as_bytes()).unwrap();
    }
}

/// Lambda's runtime API for one function: hands out events and gives back what is posted.
fn play_lambda(events: Vec<Value>) -> (String, mpsc::Receiver<(String, Value)>) {
    let (sender, receiver) = mpsc::channel();
    let queue = Mutex::new(events.into_iter().enumerate());
    let address = serve(move |method, path, body| {
        if method == "get" {
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
            return (200, headers, event.to_string());
        }
        sender.send((path, body)).unwrap();
        (202, String::new(), String::new())
    });
    (address, receiver)
}

/// A user pool with its keys, at an address of this machine.
fn play_pool() -> TestIssuer {
    let keys: Arc<Mutex<String>> = Arc::default();
    let published = Arc::clone(&keys);
    let address = serve(move |_, path, _| {
        let is_keys = path.ends_with("/.well-known/jwks.json");
        assert!(is_keys, "{path}");
        (200, "Content-Type: application/json\r\n".to_owned(), published.lock().unwrap().clone())
    });
    let pool = TestIssuer::at(format!("http://{address}/local_1"));
    *keys.lock().unwrap() = pool.jwk_set_json().to_string();
    pool
}

/// Starts the function, gives it the events, and returns what it posted for each, and its log.
fn run(events: Vec<Value>, set: &[(&str, &str)]) -> (Vec<(String, Value)>, String) {
    let count = events.len();
    let (address, receiver) = play_lambda(events);
    let mut function = Command::new(env!("CARGO_BIN_EXE_authorizer"))
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "authorizer"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
        ])
        .envs(set.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let posted = (0..count).map(|_| receiver.recv_timeout(PATIENCE).unwrap()).collect();
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();
    (posted, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_gateway_is_answered_and_the_log_holds_no_token() {
    const STAGE: &str = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod";
    let pool = play_pool();
    let good = pool
        .access_token("ann")
        .claim("client_id", "web")
        .claim("email", "ann@example.com")
        .claim("cognito:groups", json!(["editors"]))
        .claim("exp", FAR)
        .sign();
    let expired = pool.access_token("ann").claim("client_id", "web").sign();
    let event = |authorization: &str| json!({ "type": "TOKEN", "methodArn": format!("{STAGE}/GET/notes"), "authorizationToken": authorization });
    let app_sync = json!({
        "authorizationToken": good,
        "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "{ a }", "variables": {} },
    });
    let events = vec![
        event(&format!("Bearer {good}")),
        event(&format!("Bearer {expired}")),
        event("Basic YW5uOnNlc2FtZQ=="),
        json!({ "hello": "ann@example.com" }),
        app_sync,
        // It goes on after what it could not answer.
        event(&format!("bearer {good}")),
    ];
    let (posted, log) = run(events, &[("ISSUER", pool.url()), ("USER_POOL_CLIENT_IDS", "web")]);
    let [answered, late, basic, unknown, graph, again] = posted.as_slice() else { panic!("{posted:?}") };

    assert_eq!(answered.0, "/2018-06-01/runtime/invocation/r0/response");
    let resources = answered.1["policyDocument"]["Statement"][0]["Resource"].as_array().unwrap();
    for (route, expected) in
        [("GET/notes/*", true), ("POST/articles", true), ("DELETE/comments/*", true), ("GET/secrets", false)]
    {
        assert_eq!(resources.contains(&json!(format!("{STAGE}/{route}"))), expected, "{route}");
    }
    assert_eq!(answered.1["context"]["groups"], r#"["editors"]"#);
    assert_eq!(again.1, answered.1);

    for (number, refused) in [(1, late), (2, basic)] {
        assert_eq!(refused.0, format!("/2018-06-01/runtime/invocation/r{number}/error"));
        assert_eq!(refused.1["errorMessage"], "Unauthorized");
        assert_eq!(refused.1["errorType"], "Unauthorized");
    }
    assert_eq!(unknown.0, "/2018-06-01/runtime/invocation/r3/error");
    assert_eq!(unknown.1["errorType"], "UnknownEvent");
    // No rule of the schema is for those who come in through an authorizer.
    assert_eq!(graph.1, json!({ "isAuthorized": false, "ttlOverride": 0 }));

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| -> Vec<&Value> {
        lines.iter().map(|line| &line[name]).filter(|it| !it.is_null()).collect()
    };
    assert_eq!(of("decision"), ["allow", "refuse", "refuse", "fail", "deny", "allow"], "{log}");
    assert_eq!(of("reason"), ["expired", "authorization_scheme"], "{log}");
    assert_eq!(of("sub"), ["ann", "ann", "ann"], "{log}");
    for secret in [good.as_str(), &expired, "YW5u", "ann@", "editors"] {
        assert!(!log.contains(secret), "{secret}: {log}");
        assert!(!late.1.to_string().contains(secret) && !unknown.1.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn mistakes_in_the_configuration_are_said_all_at_once_and_the_function_ends() {
    let output = Command::new(env!("CARGO_BIN_EXE_authorizer"))
        .env_clear()
        .envs([("USER_POOL_ID", "sesame"), ("IDENTITY", "sesame")])
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{log}");
    for variable in ["AWS_LAMBDA_RUNTIME_API", "USER_POOL_ID", "USER_POOL_CLIENT_IDS", "IDENTITY"] {
        assert!(log.contains(variable), "{variable}: {log}");
    }
    assert!(!log.contains("sesame"), "{log}");
}
