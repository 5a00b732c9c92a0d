//! The real client against a server that answers as Amazon Cognito does.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::post,
};
use portcullis_directory::{
    Account, AccountStatus, Accounts, CognitoDirectory, DirectoryError, FederatedIdentity, Groups,
};
use serde_json::{Value, json};

const POOL: &str = "us-east-1_Pool1";
const EMAIL: &str = "Ann@example.com";

type Answer = Result<Value, (u16, &'static str)>;

/// A server, and what it was asked.
struct Server {
    directory: CognitoDirectory,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Server {
    /// `answer` is given the operation, its request, and how often that operation was called before.
    async fn start(answer: impl Fn(&str, &Value, usize) -> Answer + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Mutex::new(Vec::<(String, Value)>::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&calls));
        let router = Router::new().route(
            "/",
            post(move |headers: HeaderMap, body: Bytes| async move {
                let target = headers["x-amz-target"].to_str().unwrap();
                let operation = target.strip_prefix("AWSCognitoIdentityProviderService.").unwrap().to_owned();
                let request: Value = serde_json::from_slice(&body).unwrap();
                let before = seen.lock().unwrap().iter().filter(|(name, _)| *name == operation).count();
                let (status, body) = match answer(&operation, &request, before) {
                    Ok(body) => (StatusCode::OK, body),
                    Err((status, code)) => {
                        let body = json!({"__type": code, "message": format!("about {EMAIL}")});
                        (StatusCode::from_u16(status).unwrap(), body)
                    }
                };
                seen.lock().unwrap().push((operation, request));
                (status, [(CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
            }),
        );
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let directory = CognitoDirectory::local(&format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { directory, calls }
    }

    fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }

    fn operations(&self) -> Vec<String> {
        self.calls().into_iter().map(|(operation, _)| operation).collect()
    }
}

fn user(name: &str, email: &str) -> Value {
    json!({"Username": name, "UserStatus": "CONFIRMED", "Enabled": true, "Attributes": [
        {"Name": "sub", "Value": name}, {"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"},
    ]})
}

#[tokio::test]
async fn an_address_is_looked_for_as_given_and_in_small_letters_on_all_pages() {
    let server = Server::start(|_, request, _| {
        let small = request["Filter"] == r#"email = "ann@example.com""#;
        Ok(match (small, request.get("PaginationToken")) {
            (false, _) => json!({"Users": [user("a", EMAIL), user("stranger", "eve@example.com")]}),
            (true, None) => json!({"Users": [user("a", EMAIL)], "PaginationToken": "next"}),
            (true, Some(_)) => json!({"Users": [user("b", "ann@example.com")]}),
        })
    })
    .await;
    let found = server.directory.users_by_email(POOL, EMAIL).await.unwrap();
    let account = |name: &str, email: &str| {
        Account::new(name, AccountStatus::Confirmed, true, [("email", email), ("email_verified", "true")])
    };
    assert_eq!(found, [account("a", EMAIL), account("b", "ann@example.com")]);
    assert_eq!(server.calls()[0].1, json!({"UserPoolId": POOL, "Filter": r#"email = "Ann@example.com""#}));
    assert_eq!(server.operations(), ["ListUsers"; 3]);
}

#[tokio::test]
async fn more_users_than_are_looked_at_are_an_error_and_not_none() {
    let server = Server::start(|_, _, _| Ok(json!({"Users": [], "PaginationToken": "next"}))).await;
    let error = server.directory.users_by_email(POOL, "ann@example.com").await.unwrap_err();
    assert_eq!(error, DirectoryError::TooMany { operation: "ListUsers" });
    assert_eq!(server.calls().len(), 5);
}

#[tokio::test]
async fn a_user_is_made_silently_confirmed_and_with_a_password_that_is_told_to_nobody() {
    let server = Server::start(|operation, _, _| {
        Ok(match operation {
            "AdminCreateUser" => json!({"User": user("u-1", EMAIL)}),
            _ => json!({}),
        })
    })
    .await;
    assert_eq!(server.directory.create_native_user(POOL, EMAIL).await.unwrap(), "u-1");
    let [(create, request), (set, password)] = &server.calls()[..] else { panic!() };
    assert_eq!((create.as_str(), set.as_str()), ("AdminCreateUser", "AdminSetUserPassword"));
    let attributes = json!([{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]);
    let expected = json!({"UserPoolId": POOL, "Username": EMAIL, "MessageAction": "SUPPRESS", "UserAttributes": attributes});
    assert_eq!(*request, expected);
    assert_eq!((&password["Username"], &password["Permanent"]), (&json!("u-1"), &json!(true)));
    assert!(password["Password"].as_str().unwrap().len() >= 99);
}

#[tokio::test]
async fn where_a_name_must_not_look_like_an_address_it_does_not() {
    let server = Server::start(|operation, request, before| match (operation, before) {
        ("AdminCreateUser", 0) => Err((400, "InvalidParameterException")),
        ("AdminCreateUser", _) => Ok(json!({"User": {"Username": request["Username"]}})),
        _ => Ok(json!({})),
    })
    .await;
    let name = server.directory.create_native_user(POOL, EMAIL).await.unwrap();
    assert!(!name.contains('@') && name.len() == 36, "{name}");
}

/// An attacker's user who has the name must not be confirmed by giving them a password.
#[tokio::test]
async fn a_user_who_is_there_is_left_as_they_are() {
    for code in ["UsernameExistsException", "AliasExistsException"] {
        let server = Server::start(move |_, _, _| Err((400, code))).await;
        let error = server.directory.create_native_user(POOL, EMAIL).await.unwrap_err();
        assert_eq!(error, DirectoryError::UserExists { operation: "AdminCreateUser" });
        assert_eq!(server.operations(), ["AdminCreateUser"]);
    }
}

#[tokio::test]
async fn a_link_names_the_subject_at_the_provider_and_the_user_in_the_pool() {
    let server = Server::start(|_, _, _| Ok(json!({}))).await;
    let google = FederatedIdentity { provider: "Google".into(), subject: "100".into() };
    server.directory.link_provider(POOL, "u-1", &google).await.unwrap();
    let expected = json!({
        "UserPoolId": POOL,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "u-1"},
        "SourceUser": {
            "ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "100",
        },
    });
    let linked = ("AdminLinkProviderForUser".to_owned(), expected);
    assert_eq!(server.calls(), std::slice::from_ref(&linked));
    // It is taken back by the same values.
    server.directory.unlink_provider(POOL, &google).await.unwrap();
    let undone = json!({ "UserPoolId": POOL, "User": linked.1["SourceUser"] });
    assert_eq!(server.calls(), [linked, ("AdminDisableProviderForUser".to_owned(), undone)]);
}

#[tokio::test]
async fn a_user_is_read_with_their_identities_and_nobody_is_none() {
    let server = Server::start(|_, request, _| match request["Username"].as_str() {
        Some("u-1") => {
            Ok(json!({"Username": "u-1", "UserStatus": "CONFIRMED", "Enabled": false, "UserAttributes": [
                {"Name": "identities", "Value": r#"[{"userId":"100","providerName":"Google"}]"#},
            ]}))
        }
        _ => Err((400, "UserNotFoundException")),
    })
    .await;
    let found = server.directory.user(POOL, "u-1").await.unwrap().unwrap();
    let google = FederatedIdentity { provider: "Google".into(), subject: "100".into() };
    assert!(found.has_identity(&google) && !found.enabled && !found.email_verified);
    assert_eq!(server.directory.user(POOL, "u-2").await, Ok(None));
}

#[tokio::test]
async fn an_error_is_told_by_its_code_and_never_by_cognitos_text() {
    for (status, code, temporary) in [
        (400, "InvalidParameterException", false),
        (400, "LimitExceededException", false),
        (400, "AliasExistsException", false),
        (400, "UserNotFoundException", false),
        (400, "NotAuthorizedException", true),
        (400, "AccessDeniedException", true),
    ] {
        let server = Server::start(move |_, _, _| Err((status, code))).await;
        let google = FederatedIdentity { provider: "Google".into(), subject: "100".into() };
        let error = server.directory.link_provider(POOL, "u-1", &google).await.unwrap_err();
        assert_eq!(error.is_temporary(), temporary, "{code}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("AdminLinkProviderForUser") && !shown.contains(EMAIL), "{shown}");
    }
}

#[tokio::test]
async fn a_group_is_joined() {
    let server = Server::start(|_, _, _| Ok(json!({}))).await;
    server.directory.add_user_to_group(POOL, "u-1", "readers").await.unwrap();
    let expected = json!({"UserPoolId": POOL, "Username": "u-1", "GroupName": "readers"});
    assert_eq!(server.calls(), [("AdminAddUserToGroup".to_owned(), expected)]);
}
