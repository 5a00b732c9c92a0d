//! Sign up, sign in, and an API that knows who owns what, over HTTP as a client sees it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::Duration;

use portcullis::{AuthenticateError, Issuer, Rejection, TokenUse, Verifier, testkit::ManualClock};
use portcullis_tests::{Answer, CODE, Launch, LocalSystem, Template, claims, with_claim};
use serde_json::{Value, json};

const PASSWORD: &str = "Quiet-River-2718";

#[tokio::test]
async fn people_sign_up_and_only_those_of_a_denied_domain_are_refused() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();

    for email in ["eve@blocked.example", "eve@mail.blocked.example", "EVE@BLOCKED.EXAMPLE"] {
        let refused = users.sign_up(email, PASSWORD).await.unwrap();
        assert_eq!((refused.status, refused.exception()), (400, "UserLambdaValidationException"), "{email}");
        let message = refused.text("/message");
        assert!(message.starts_with("PreSignUp failed with error "), "{message}");
        assert!(!message.to_lowercase().contains("eve@"), "an address is repeated: {message}");
    }
    // Neither a name that merely ends in the same letters nor a part of another domain.
    for email in ["ann@notblocked.example", "ann@blocked.example.org"] {
        let accepted = users.sign_up(email, PASSWORD).await.unwrap();
        assert_eq!(accepted.status, 200, "{email}: {}", accepted.body);
    }

    assert!(
        users.sign_in("ann@notblocked.example", PASSWORD).await.is_err(),
        "signed in without a confirmation"
    );
    assert_eq!(users.confirm("ann@notblocked.example").await.unwrap().status, 200);
    assert!(users.sign_in("ann@notblocked.example", "Other-River-2718").await.is_err());
    assert!(users.sign_in("ann@notblocked.example", PASSWORD).await.is_ok());
    assert!(users.sign_in("eve@blocked.example", PASSWORD).await.is_err(), "a refused sign-up left a user");
}

#[tokio::test]
async fn the_first_user_is_an_administrator_and_the_next_ones_are_not() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    for (email, groups) in
        [("first@example.com", json!(["admins", "readers"])), ("next@example.com", json!(["readers"]))]
    {
        let tokens = users.enroll(email, PASSWORD).await.unwrap();
        let mut found = claims(&tokens.access).unwrap()["cognito:groups"].clone();
        found.as_array_mut().unwrap().sort_by_key(Value::to_string);
        assert_eq!(found, groups, "{email}");
    }
}

#[tokio::test]
async fn the_groups_are_those_that_the_template_makes() {
    let system = Launch::in_memory().start().unwrap();
    let listed = system.users().call("ListGroups", json!({})).await.unwrap();
    let names = |groups: Vec<&Value>, name: &str| {
        groups.into_iter().map(|group| group.pointer(name).unwrap().clone()).collect::<Vec<_>>()
    };
    let mut local = names(listed.body["Groups"].as_array().unwrap().iter().collect(), "/GroupName");
    let template = Template::read().unwrap();
    let groups = template.of_type("AWS::Cognito::UserPoolGroup").map(|(_, group)| group).collect();
    let mut deployed = names(groups, "/Properties/GroupName");
    local.sort_by_key(Value::to_string);
    deployed.sort_by_key(Value::to_string);
    assert_eq!(local, deployed);
}

#[tokio::test]
async fn the_pool_and_its_client_are_set_as_in_the_template() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    let template = Template::read().unwrap();
    let ids = [("UserPoolId", &system.pool_id), ("ClientId", &system.client_id)];
    for (operation, ids, described, resource, settings) in [
        (
            "DescribeUserPool",
            &ids[..1],
            "UserPool",
            "UserPool",
            &[
                "UsernameAttributes",
                "UsernameConfiguration",
                "AutoVerifiedAttributes",
                "UserAttributeUpdateSettings",
                "AccountRecoverySetting",
                "MfaConfiguration",
            ][..],
        ),
        (
            "DescribeUserPoolClient",
            &ids[..],
            "UserPoolClient",
            "WebClient",
            &["ReadAttributes", "WriteAttributes", "PreventUserExistenceErrors", "EnableTokenRevocation"][..],
        ),
    ] {
        let request: serde_json::Map<_, _> =
            ids.iter().map(|(name, id)| ((*name).to_owned(), json!(id))).collect();
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let local = users.send(&target, Value::Object(request).to_string()).await.unwrap();
        assert_eq!(local.status, 200, "{}", local.body);
        for setting in settings {
            let deployed = template.at(&format!("/Resources/{resource}/Properties/{setting}"));
            assert!(!deployed.is_null(), "the template does not set {setting}");
            let local = &local.body[described][setting];
            // Where a parameter says, the local pool is as one of its values: it has no second factors.
            match deployed["Ref"].as_str() {
                Some(parameter) => {
                    let allowed = template.at(&format!("/Parameters/{parameter}/AllowedValues"));
                    assert!(allowed.as_array().unwrap().contains(local), "{setting} is {local}");
                }
                None => assert_eq!(&sorted(local), &sorted(deployed), "{setting}"),
            }
        }
    }
}

/// A list in some order of its own; another value as it is.
fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(list) = value.as_array_mut() {
        list.sort_by_key(Value::to_string);
    }
    value
}

#[tokio::test]
async fn a_client_reads_and_writes_what_the_template_lets_it() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    let ann = users.enroll("ann@example.com", PASSWORD).await.unwrap();
    let template = Template::read().unwrap();
    let listed = |property: &str| {
        let list = template.at(&format!("/Resources/WebClient/Properties/{property}"));
        list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (readable, writable) = (listed("ReadAttributes"), listed("WriteAttributes"));
    // Every standard attribute that takes plain text, with the one that grants something.
    let attributes = [
        "email",
        "email_verified",
        "family_name",
        "given_name",
        "name",
        "nickname",
        "picture",
        "profile",
        "website",
    ];
    for name in attributes {
        let value = match name {
            "email" => "ann@new.example.com",
            "email_verified" => "true",
            _ => "x",
        };
        let attribute = json!([{ "Name": name, "Value": value }]);
        let written = users
            .call("UpdateUserAttributes", json!({ "AccessToken": ann.access, "UserAttributes": attribute }))
            .await
            .unwrap();
        if writable.iter().any(|writable| writable == name) {
            assert_eq!(written.status, 200, "{name}: {}", written.body);
        } else {
            assert_eq!((written.status, written.exception()), (400, "NotAuthorizedException"), "{name}");
        }
        // An administrator may write them all.
        let request = json!({ "Username": "ann@example.com", "UserAttributes": attribute });
        if name != "email" {
            let written = users.call("AdminUpdateUserAttributes", request).await.unwrap();
            assert_eq!(written.status, 200, "{name}: {}", written.body);
        }
    }
    let id = claims(&users.sign_in("ann@example.com", PASSWORD).await.unwrap().id).unwrap();
    let own = users.call("GetUser", json!({ "AccessToken": ann.access }));
    let own = own.await.unwrap().body["UserAttributes"].clone();
    for name in attributes {
        let readable = readable.iter().any(|readable| readable == name);
        assert_eq!(id.get(name).is_some(), readable, "{name} in the ID token");
        let shown = own.as_array().unwrap().iter().any(|attribute| attribute["Name"] == name);
        assert_eq!(shown, readable, "{name} in GetUser");
    }
}

#[tokio::test]
async fn notes_are_their_owners_and_editors_do_what_the_rule_says() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    let ann = users.enroll("ann@example.com", PASSWORD).await.unwrap();
    let bob = users.enroll("bob@example.com", PASSWORD).await.unwrap();
    users.enroll("eda@example.com", PASSWORD).await.unwrap();
    users.join("eda@example.com", "editors").await.unwrap();
    // A group is in the tokens of the next sign-in.
    let eda = users.sign_in("eda@example.com", PASSWORD).await.unwrap();
    let [ann, bob, eda] = [ann, bob, eda].map(|tokens| system.rest().with_token(&tokens.access));

    let of_ann = ann.post("/notes", &json!({ "title": "Lamp oil", "tags": ["home"] })).await.unwrap();
    assert_eq!(of_ann.status, 201, "{}", of_ann.body);
    let of_bob = bob.post("/notes", &json!({ "title": "Rope" })).await.unwrap();
    let path = format!("/notes/{}", of_ann.text("/id"));
    assert!(of_ann.header("location").ends_with(&path), "{}", of_ann.header("location"));

    for (caller, seen) in [(&ann, vec![&of_ann]), (&bob, vec![&of_bob]), (&eda, vec![&of_ann, &of_bob])] {
        let list = caller.get("/notes").await.unwrap();
        let seen: Vec<&Value> = seen.into_iter().map(|note| &note.body).collect();
        assert_eq!(list.body["items"].as_array().unwrap().iter().collect::<Vec<_>>(), seen);
    }

    let change = json!({ "pinned": true });
    for (name, answer, status) in [
        ("the owner reads", ann.get(&path).await, 200),
        ("another does not see it", bob.get(&path).await, 404),
        ("another does not see it to change it", bob.patch(&path, &change).await, 404),
        ("another does not see it to delete it", bob.delete(&path).await, 404),
        ("an editor reads", eda.get(&path).await, 200),
        ("an editor changes", eda.patch(&path, &change).await, 200),
        ("an editor sees and does not delete", eda.delete(&path).await, 403),
        ("the owner deletes", ann.delete(&path).await, 204),
        ("then it is gone", ann.get(&path).await, 404),
        ("for editors too", eda.get(&path).await, 404),
    ] {
        let answer = answer.unwrap();
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_problem(&answer);
    }
}

#[tokio::test]
async fn nobody_becomes_the_owner_of_what_is_not_theirs() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    let ann = users.enroll("ann@example.com", PASSWORD).await.unwrap();
    let bob = users.enroll("bob@example.com", PASSWORD).await.unwrap();
    let bobs_sub = claims(&bob.access).unwrap()["sub"].clone();
    let ann = system.rest().with_token(&ann.access);
    let note = ann.post("/notes", &json!({ "title": "Mine" })).await.unwrap();
    let path = format!("/notes/{}", note.text("/id"));

    let given = ann.post("/notes", &json!({ "title": "For Bob", "owner": bobs_sub })).await.unwrap();
    assert!((400..500).contains(&given.status), "{} {}", given.status, given.body);
    let given = ann.patch(&path, &json!({ "owner": bobs_sub })).await.unwrap();
    assert!((400..500).contains(&given.status), "{} {}", given.status, given.body);
    assert_eq!(ann.get(&path).await.unwrap().body, note.body);
    let bob = system.rest().with_token(&bob.access);
    assert_eq!(bob.get("/notes").await.unwrap().body["items"], json!([]));
}

#[tokio::test]
async fn a_token_is_accepted_only_as_it_was_issued() {
    let system = Launch::in_memory().start().unwrap();
    let other = Launch::in_memory().start().unwrap();
    let users = system.users();
    let tokens = users.enroll("ann@example.com", PASSWORD).await.unwrap();
    let foreign = other.users().enroll("ann@example.com", PASSWORD).await.unwrap();
    let bob = users.enroll("bob@example.com", PASSWORD).await.unwrap();
    let bobs_sub = claims(&bob.access).unwrap()["sub"].clone();

    let access = &tokens.access;
    let (unsigned, signature) = access.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    for (name, token) in [
        ("another user's sub", with_claim(access, "sub", bobs_sub).unwrap()),
        ("a later end", with_claim(access, "exp", json!(4_000_000_000_u64)).unwrap()),
        ("a group", with_claim(access, "cognito:groups", json!(["editors"])).unwrap()),
        ("no signature", format!("{unsigned}.")),
        ("another signature", format!("{unsigned}.{flipped}{}", &signature[1..])),
        ("no algorithm", format!("eyJhbGciOiJub25lIn0.{}.", unsigned.split('.').nth(1).unwrap())),
        ("an ID token", tokens.id.clone()),
        ("a refresh token", tokens.refresh.clone()),
        ("another pool's token", foreign.access.clone()),
        ("no token", "nonsense".to_owned()),
        ("nothing", String::new()),
        ("a very long token", "a.".repeat(20_000)),
    ] {
        for api in
            [system.rest().with_token(&token), system.rest().with_token(&token).with_api_key(&system.api_key)]
        {
            let answer = api.get("/notes").await.unwrap();
            // A header that is too large never reaches the API.
            assert!(
                answer.status == 401 || (token.len() > 8_192 && answer.status == 431),
                "{name}: {}",
                answer.status
            );
            if answer.status == 401 {
                assert!(answer.header("www-authenticate").starts_with("Bearer"), "{name}");
                assert_problem(&answer);
            }
        }
    }
    let answer = system.rest().get("/notes").await.unwrap();
    assert_eq!((answer.status, answer.header("www-authenticate").starts_with("Bearer")), (401, true));
    for scheme in ["Basic", "bearer"] {
        let api = system.rest().with_header("Authorization", format!("{scheme} {access}"));
        // The scheme's name is case-insensitive (RFC 9110, 11.1), and another scheme is not a bearer token.
        let expected = if scheme == "bearer" { 200 } else { 401 };
        assert_eq!(api.get("/notes").await.unwrap().status, expected, "{scheme}");
    }
    assert_eq!(system.rest().with_token(access).get("/notes").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_token_ends_when_it_says_so() {
    let system = Launch::in_memory().start().unwrap();
    let token = system.users().enroll("ann@example.com", PASSWORD).await.unwrap().access;
    let issued = claims(&token).unwrap();
    let issuer = issued["iss"].as_str().unwrap();
    let end = issued["exp"].as_u64().unwrap();
    let lifetime = end - issued["iat"].as_u64().unwrap();
    assert!((300..=86_400).contains(&lifetime), "{lifetime} seconds");

    // The verifier of the API, with the keys that the running pool publishes and a clock of the test's own.
    let clock = ManualClock::at(end - 1);
    let pool = Issuer::cognito_at(issuer).client_ids([&system.client_id]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(pool).clock(clock.clone()).build().unwrap();
    assert!(verifier.authenticate(&token).await.is_ok());
    clock.advance(Duration::from_secs(1));
    assert_eq!(verifier.authenticate(&token).await, Err(AuthenticateError::Rejected(Rejection::Expired)));
}

#[tokio::test]
async fn what_is_public_needs_a_key_and_what_is_private_a_user() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    let ann = users.enroll("ann@example.com", PASSWORD).await.unwrap();
    users.join("ann@example.com", "editors").await.unwrap();
    let editor = users.sign_in("ann@example.com", PASSWORD).await.unwrap();
    let [ann, editor] = [&ann.access, &editor.access].map(|token| system.rest().with_token(token));
    let visitor = system.rest().with_api_key(&system.api_key);
    let article = json!({ "headline": "Bridge opens", "text": "On Friday.", "section": "LOCAL", "words": 2 });

    for (name, answer, status) in [
        ("a visitor writes no article", visitor.post("/articles", &article).await, 403),
        ("a reader writes no article", ann.post("/articles", &article).await, 403),
        ("an editor writes one", editor.post("/articles", &article).await, 201),
        ("a visitor reads articles", visitor.get("/articles").await, 200),
        ("a reader reads articles", ann.get("/articles").await, 200),
        ("a visitor has no notes", visitor.get("/notes").await, 403),
        ("a visitor reads no comments", visitor.get("/comments").await, 403),
        ("nobody reads articles without a key", system.rest().get("/articles").await, 401),
        (
            "a wrong key",
            system.rest().with_api_key("da2-not-a-key-of-this-system").get("/articles").await,
            401,
        ),
    ] {
        let answer = answer.unwrap();
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_problem(&answer);
    }
    let list = visitor.get("/articles").await.unwrap();
    assert_eq!(list.body["items"][0]["headline"], "Bridge opens");

    let comment = json!({ "articleId": list.body["items"][0]["id"], "text": "At last" });
    let comment = ann.post("/comments", &comment).await.unwrap();
    assert_eq!(comment.status, 201, "{}", comment.body);
    let path = format!("/comments/{}", comment.text("/id"));
    assert_eq!(
        editor.patch(&path, &json!({ "text": "changed" })).await.unwrap().status,
        200,
        "Ann is the author"
    );
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_clear_refusal() {
    let system = Launch::in_memory().start().unwrap();
    let tokens = system.users().enroll("ann@example.com", PASSWORD).await.unwrap();
    let api = system.rest().with_token(&tokens.access);
    let note = api.post("/notes", &json!({ "title": "Here" })).await.unwrap();
    let path = format!("/notes/{}", note.text("/id"));

    let wrong = api.post("/notes", &json!({ "title": 7, "pinned": "yes", "color": "red" })).await.unwrap();
    assert!([400, 422].contains(&wrong.status), "{} {}", wrong.status, wrong.body);
    for field in ["title", "pinned", "color"] {
        assert!(wrong.body.to_string().contains(field), "`{field}` is not named: {}", wrong.body);
    }
    for (name, body) in [
        ("no JSON", &b"{\"title\": "[..]),
        ("two values", b"{\"title\": \"a\"} {}"),
        ("no object", b"[]"),
        ("a null", b"null"),
        ("one name twice", b"{\"title\": \"a\", \"title\": \"b\"}"),
        ("no UTF-8", b"{\"title\": \"\xff\"}"),
        ("nothing", b""),
    ] {
        assert_refused(name, &api.post_bytes("/notes", body.to_vec()).await.unwrap());
    }
    assert_refused(
        "deep nesting",
        &api.post_bytes("/notes", "[".repeat(100_000).into_bytes()).await.unwrap(),
    );
    let large = api.post_bytes("/notes", vec![b' '; 10 * 1024 * 1024]).await.unwrap();
    assert_eq!(large.status, 413);

    for id in [
        "'%20OR%201=1%20--",
        "%22;DROP",
        "Note%23x",
        "%2e%2e%2fUSER",
        "attribute_exists(pk)",
        ":v",
        "%00",
        "%F0%9F%94%91",
    ] {
        let answer = api.get(&format!("/notes/{id}")).await.unwrap();
        assert!([400, 404].contains(&answer.status), "{id}: {}", answer.status);
        assert_problem(&answer);
    }
    for query in [
        "limit=abc",
        "limit=0",
        "limit=-1",
        "limit=99999999999999999999",
        "nextToken=x",
        "nextToken=e30",
        "filter=1",
    ] {
        assert_refused(query, &api.get(&format!("/notes?{query}")).await.unwrap());
    }
    for (name, answer) in [
        ("an unknown path", api.get("/nothing").await),
        ("an unknown method", api.delete("/notes").await),
        ("a wrong change", api.patch(&path, &json!({ "title": null })).await),
        ("a change of the id", api.patch(&path, &json!({ "id": "other" })).await),
    ] {
        assert_refused(name, &answer.unwrap());
    }
    assert_eq!(api.get(&path).await.unwrap().body, note.body, "a refused request changed something");
}

#[tokio::test]
async fn the_pool_refuses_what_it_cannot_understand() {
    let system = Launch::in_memory().start().unwrap();
    let users = system.users();
    let target = |operation: &str| format!("AWSCognitoIdentityProviderService.{operation}");
    for (name, target, body) in [
        ("an unknown operation", target("Nothing"), "{}"),
        ("another service", "DynamoDB_20120810.ListTables".to_owned(), "{}"),
        ("no operation", String::new(), "{}"),
        ("no JSON", target("SignUp"), "{\"ClientId\": "),
        ("no object", target("SignUp"), "[]"),
        ("nothing", target("SignUp"), ""),
        ("wrong types", target("SignUp"), r#"{"ClientId": 1, "Username": [], "Password": {}}"#),
        ("missing members", target("InitiateAuth"), "{}"),
        (
            "an unknown client",
            target("SignUp"),
            r#"{"ClientId":"x","Username":"a@b.example","Password":"Quiet-River-2718"}"#,
        ),
        (
            "a filter that is none",
            target("ListUsers"),
            r#"{"UserPoolId":"us-east-1_x","Filter":"a = \"\" or 1=1"}"#,
        ),
    ] {
        let answer = users.send(&target, body).await.unwrap();
        assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.status, answer.body);
        assert!(!answer.exception().is_empty(), "{name}: {}", answer.body);
    }
    let large = users.send(&target("SignUp"), vec![b' '; 10 * 1024 * 1024]).await.unwrap();
    assert_eq!(large.status, 413);
    assert!(users.enroll("ann@example.com", PASSWORD).await.is_ok(), "the pool no longer works");
}

#[tokio::test]
async fn no_secret_and_no_address_reaches_the_log() {
    let mut system = Launch::in_memory().log("debug").start().unwrap();
    let users = system.users();
    let email = "hidden.person@example.com";
    let tokens = users.enroll(email, PASSWORD).await.unwrap();
    assert!(users.sign_in(email, "Wrong-River-2718").await.is_err());
    let api = system.rest().with_token(&tokens.access);
    let note = api.post("/notes", &json!({ "title": "a very private title" })).await.unwrap();
    assert_eq!(note.status, 201);
    api.post("/notes", &json!({ "title": ["a very private title"], "color": "a very private title" }))
        .await
        .unwrap();
    system
        .rest()
        .with_token(&with_claim(&tokens.access, "sub", json!("x")).unwrap())
        .get("/notes")
        .await
        .unwrap();
    users.call("ForgotPassword", json!({ "Username": email })).await.unwrap();

    // Only of a system that has ended is everything read.
    system.end("TERM").unwrap();
    let (log, output) = (system.log(), system.output());
    assert!(log.contains("ForgotPassword"), "the last request was not logged:\n{log}");
    let signature = tokens.access.rsplit('.').next().unwrap();
    for (name, secret) in [
        ("a password", PASSWORD),
        ("a wrong password", "Wrong-River-2718"),
        ("an access token", signature),
        ("an ID token", tokens.id.rsplit('.').next().unwrap()),
        ("a refresh token", tokens.refresh.get(..40).unwrap_or(&tokens.refresh)),
        ("a body", "very private"),
    ] {
        assert!(!log.contains(secret), "{name} is in the log:\n{log}");
        assert!(!output.contains(secret), "{name} is in the output:\n{output}");
    }
    // What is "sent" to a user is printed for the person at the terminal; the log is kept and shared.
    assert!(!log.contains("hidden.person"), "an address is in the log:\n{log}");
    assert!(output.contains(CODE), "no code was delivered:\n{output}");
    assert!(!log.contains(CODE), "a confirmation code is in the log:\n{log}");
    assert!(!log.contains(&system.api_key), "the API key is in the log:\n{log}");
}

#[tokio::test]
async fn everything_listens_on_loopback_and_describes_itself() {
    let system = Launch::in_memory().start().unwrap();
    assert_eq!(system.rest().get("/health").await.unwrap().status, 200);
    let description = system.rest().get("/openapi.json").await.unwrap();
    assert!(description.text("/openapi").starts_with("3."), "{}", description.body);
    for path in ["/notes", "/notes/{id}", "/articles", "/comments/{id}"] {
        assert!(description.body["paths"].get(path).is_some(), "{path} is not described");
    }
    let keys = pool_document(&system, ".well-known/jwks.json").await;
    assert_eq!(keys["keys"][0]["alg"], "RS256", "{keys}");
    assert!(keys["keys"][0].get("d").is_none(), "the private key is published");
    let discovery = pool_document(&system, ".well-known/openid-configuration").await;
    assert!(discovery["jwks_uri"].as_str().unwrap().ends_with("/.well-known/jwks.json"), "{discovery}");
    let issued = system.users().enroll("ann@example.com", PASSWORD).await.unwrap();
    let claims = claims(&issued.access).unwrap();
    assert_eq!(claims["iss"], discovery["issuer"]);
    assert_eq!(claims["client_id"], system.client_id);
}

async fn pool_document(system: &LocalSystem, path: &str) -> Value {
    let url = format!("{}/{}/{path}", system.pool.trim_end_matches('/'), system.pool_id);
    serde_json::from_str(&reqwest::get(url).await.unwrap().text().await.unwrap()).unwrap()
}

fn assert_refused(name: &str, answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.status, answer.body);
    assert_problem(answer);
}

/// An error is a problem document (RFC 9457) that tells nothing of the inside.
fn assert_problem(answer: &Answer) {
    if answer.status < 400 {
        return;
    }
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.body);
    assert_eq!(answer.body["status"], answer.status, "{}", answer.body);
    let text = answer.body.to_string();
    for inside in ["panicked", "serde", "dynamodb", "DynamoDb", "Exception", "USER#", "src/"] {
        assert!(!text.contains(inside), "`{inside}` is told: {text}");
    }
}
