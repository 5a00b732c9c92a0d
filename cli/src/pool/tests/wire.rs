use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use http::{HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use super::harness::{EMAIL, PASSWORD, TestPool, raw_request};
use crate::pool::operations::{Access, OPERATIONS};

const SERVICE: &str = "AWSCognitoIdentityProviderService.";

#[test]
fn every_promised_operation_is_there_and_administration_is_not_public() {
    for name in "SignUp ConfirmSignUp ResendConfirmationCode InitiateAuth AdminInitiateAuth RespondToAuthChallenge \
                 AdminRespondToAuthChallenge GetTokensFromRefreshToken GetUser UpdateUserAttributes DeleteUser \
                 ChangePassword ForgotPassword ConfirmForgotPassword GlobalSignOut RevokeToken AdminCreateUser \
                 AdminConfirmSignUp AdminSetUserPassword AdminGetUser AdminDeleteUser AdminAddUserToGroup \
                 AdminRemoveUserFromGroup AdminListGroupsForUser CreateGroup ListGroups ListUsers DescribeUserPool \
                 DescribeUserPoolClient"
        .split(' ')
        .filter(|name| !name.is_empty())
    {
        assert!(OPERATIONS.iter().any(|operation| operation.name == name), "{name}");
    }
    for operation in OPERATIONS {
        let administrative =
            ["Admin", "Create", "List", "Describe"].iter().any(|prefix| operation.name.starts_with(prefix));
        assert_eq!(operation.access == Access::Administrator, administrative, "{}", operation.name);
        // Administration names a pool and never a token.
        assert!(!administrative || !operation.members.contains(&"AccessToken"), "{}", operation.name);
    }
}

#[tokio::test]
async fn requests_that_are_no_calls_are_refused() {
    let pool = TestPool::new();
    let target = |target: &str| {
        let mut request = raw_request("SignUp", "{}");
        request.headers_mut().insert("x-amz-target", HeaderValue::from_str(target).unwrap());
        request
    };
    let media_type = |media_type: &str| {
        let mut request = raw_request("SignUp", "{}");
        request.headers_mut().insert("content-type", HeaderValue::from_str(media_type).unwrap());
        request
    };
    let mut no_target = raw_request("SignUp", "{}");
    no_target.headers_mut().remove("x-amz-target");
    let deep = "[".repeat(100_000);
    for (what, request, status, exception) in [
        ("no target", no_target, 400, "UnknownOperationException"),
        ("unknown operation", target(&format!("{SERVICE}DropTables")), 400, "UnknownOperationException"),
        ("unknown service", target("DynamoDB_20120810.GetItem"), 400, "UnknownOperationException"),
        ("no service", target("SignUp"), 400, "UnknownOperationException"),
        ("form", media_type("application/x-www-form-urlencoded"), 400, "SerializationException"),
        ("text", media_type("text/plain"), 400, "SerializationException"),
        ("no JSON", raw_request("SignUp", "{"), 400, "SerializationException"),
        ("no object", raw_request("SignUp", "[]"), 400, "SerializationException"),
        ("no UTF-8", raw_request("SignUp", vec![b'"', 0xff, b'"']), 400, "SerializationException"),
        ("deep", raw_request("SignUp", deep), 400, "SerializationException"),
        ("unknown member", raw_request("SignUp", r#"{"Usrname":"a"}"#), 400, "SerializationException"),
        ("too large", raw_request("SignUp", vec![b' '; 10 << 20]), 413, "RequestEntityTooLargeException"),
    ] {
        let (answered, headers, body) = pool.send(request).await;
        assert_eq!((answered.as_u16(), body["__type"].as_str()), (status, Some(exception)), "{what}: {body}");
        assert_eq!(headers["x-amzn-errortype"], exception, "{what}");
        assert_eq!(headers["content-type"], "application/x-amz-json-1.1", "{what}");
        assert!(headers.contains_key("x-amzn-requestid"), "{what}");
    }
}

#[tokio::test]
async fn no_member_of_a_wrong_type_or_hostile_value_breaks_an_operation() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let hostile = [
        json!(null),
        json!(1e300),
        json!(-1),
        json!(true),
        json!([]),
        json!([null]),
        json!([{}]),
        json!({}),
        json!({ "a": 1 }),
        json!(""),
        json!("' OR 1=1; --"),
        json!("\u{0}"),
        json!("\u{202e}x"),
        json!("a@b@c"),
        json!("\" = \""),
        json!("../../etc/passwd"),
        json!("x".repeat(100_000)),
    ];
    for operation in OPERATIONS {
        for member in operation.members {
            for value in &hostile {
                let (status, body) = pool.call(operation.name, json!({ *member: value })).await;
                assert!(!status.is_server_error(), "{} {member}: {status} {body}", operation.name);
            }
        }
    }
    pool.sign_in(EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn another_pool_or_client_does_not_exist() {
    let pool = TestPool::new();
    for operation in OPERATIONS {
        for member in ["UserPoolId", "ClientId"] {
            if operation.members.contains(&member) {
                let body = json!({ member: "another" });
                pool.refuses(operation.name, body, "ResourceNotFoundException", "").await;
            }
        }
        if operation.members.contains(&"SecretHash") {
            let body = json!({ "SecretHash": "x" });
            pool.refuses(operation.name, body, "NotAuthorizedException", "").await;
        }
    }
}

#[tokio::test]
async fn only_this_machine_may_call_and_web_pages_only_what_is_public() {
    let pool = TestPool::new();
    let with = |operation: &str, header: &'static str, value: &'static str| {
        let mut request = pool.request(operation, json!({}));
        request.headers_mut().insert(header, HeaderValue::from_static(value));
        request
    };
    for host in ["evil.example", "127.0.0.1.evil.example:9229"] {
        let (status, headers, body) = pool.send(with("ListUsers", "host", host)).await;
        assert_eq!((status, &body["__type"]), (StatusCode::FORBIDDEN, &json!("ForbiddenException")));
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
    let mut nameless = pool.request("ListUsers", json!({}));
    nameless.headers_mut().remove("host");
    assert_eq!(pool.send(nameless).await.0, StatusCode::FORBIDDEN);

    for operation in OPERATIONS {
        for origin in ["http://localhost:5173", "null"] {
            let (status, headers, body) = pool.send(with(operation.name, "origin", origin)).await;
            let public = operation.access == Access::Public;
            assert_eq!(headers.get("access-control-allow-origin").is_some(), public, "{}", operation.name);
            assert_eq!(status == StatusCode::FORBIDDEN, !public, "{}: {body}", operation.name);
        }
    }
    let (status, _, body) = pool.send(with("ListUsers", "host", "localhost:9229")).await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "Users": [] })));
}

#[tokio::test]
async fn a_browser_may_ask_before_it_calls() {
    let pool = TestPool::new();
    let request = Request::options("/")
        .header("host", "127.0.0.1:9229")
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-amz-target,x-amz-user-agent")
        .body(Body::empty())
        .unwrap();
    let (status, headers, _) = pool.send(request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-origin"], "*");
    let allowed = headers["access-control-allow-headers"].to_str().unwrap();
    for header in ["content-type", "x-amz-target", "x-amz-user-agent", "cache-control"] {
        assert!(allowed.split(", ").any(|allowed| allowed == header), "{header}");
    }
    assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
}

#[tokio::test]
async fn the_two_documents_are_served_and_nothing_else() {
    let pool = TestPool::new();
    let get = |path: String| Request::get(path).header("host", "localhost:9229").body(Body::empty()).unwrap();
    let (status, headers, key_set) =
        pool.send(get(format!("/{}/.well-known/jwks.json", pool.pool.id()))).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (StatusCode::OK, &HeaderValue::from_static("application/json"))
    );
    assert_eq!(key_set, pool.pool.key_set());
    let (_, _, discovery) =
        pool.send(get(format!("/{}/.well-known/openid-configuration", pool.pool.id()))).await;
    assert_eq!(discovery["issuer"], pool.pool.issuer());
    assert_eq!(discovery["jwks_uri"], format!("{}/.well-known/jwks.json", pool.pool.issuer()));
    for path in ["/another/.well-known/jwks.json", "/index.html"] {
        assert_eq!(pool.send(get(path.to_owned())).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(pool.send(get("/".to_owned())).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_one_line_a_request_and_no_secret() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For all threads: with a subscriber on this one only, a line that another thread logs first stays off for good.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    pool.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    pool.fails("InitiateAuth", TestPool::by_password(EMAIL, "Wrong-horse-9")).await;
    pool.fails("SignUp", json!({ "Usr-alice": 1 })).await;

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    // Other tests log here too. Their lines must not hold a secret either.
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("portcullis_cli::pool")).collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tokens = ["AccessToken", "RefreshToken", "IdToken"].map(|name| text(&tokens[name]));
    for secret in ["alice", "example.com", "123456", "horse", "staple"]
        .into_iter()
        .chain(tokens.iter().map(String::as_str))
    {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{lines:#?}");
    }
    let own: Vec<&&str> = lines.iter().filter(|line| line.contains(&sub)).collect();
    let expected = [
        ("SignUp", "ok"),
        ("ConfirmSignUp", "ok"),
        ("InitiateAuth", "ok"),
        ("GetUser", "ok"),
        ("InitiateAuth", "NotAuthorizedException"),
    ];
    assert_eq!(own.len(), expected.len(), "{own:#?}");
    for (line, (operation, outcome)) in own.iter().zip(expected) {
        for part in [
            format!("operation=\"{operation}\""),
            format!("outcome=\"{outcome}\""),
            "duration_ms=".to_owned(),
        ] {
            assert!(line.contains(&part), "{part} {line}");
        }
    }
    assert!(lines.iter().any(|line| line.contains("SerializationException")));
}
