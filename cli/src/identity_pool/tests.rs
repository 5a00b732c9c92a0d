//! The pool as a client sees it.

use axum::{Json, Router, body::Body, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use portcullis::{AccessKey, CredentialSource, SignatureError, rules::IamCaller, testkit::TestIssuer};
use portcullis_data::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::testing::{ADMINS, EDITORS, Running, TEMPLATE};

fn sub(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_member_has_one_identity_and_credentials_that_say_who_they_are() {
    let running = Running::start(true);
    let ada = running.enroll("ada", &[]).await;
    let logins = running.logins(&ada.id);
    let identity = running.identity(Some(&logins)).await;
    assert!(identity.starts_with("us-east-1:"), "{identity}");
    // At the next sign-in too, and by the name that Amplify makes of the issuer.
    let again = running.sign_in("ada").await;
    let local = json!({ format!("127.0.0.1:9229/{}", running.users.id()): again.id });
    assert_eq!(running.identity(Some(&local)).await, identity);

    let credentials = running.credentials(&identity, Some(&logins), None).await;
    assert!(credentials["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert_eq!(credentials["Expiration"], running.clock.now().as_second() + 3600);
    let caller = running.caller(&credentials).await.unwrap();
    assert_eq!(
        caller,
        IamCaller {
            user_arn: Some(
                "arn:aws:sts::000000000000:assumed-role/AuthenticatedRole/CognitoIdentityCredentials"
                    .to_owned()
            ),
            identity_pool_id: Some(running.identities.id().to_owned()),
            identity_id: Some(identity.clone()),
            authenticated: Some(true),
            sub: Some(sub(&ada.id)),
        }
    );
    // Another user is another identity, and cannot have this one's credentials.
    let bob = running.enroll("bob", &[]).await;
    assert_ne!(running.identity(Some(&running.logins(&bob.id))).await, identity);
    let (status, answer) = running.get_credentials(&identity, Some(&running.logins(&bob.id)), None).await;
    assert_eq!((status, &answer["__type"]), (StatusCode::BAD_REQUEST, &json!("NotAuthorizedException")));
}

#[tokio::test]
async fn a_guest_is_somebody_new_each_time_and_becomes_a_member_by_signing_in() {
    let running = Running::start(true);
    let (one, other) = (running.identity(None).await, running.identity(None).await);
    assert_ne!(one, other);
    let credentials = running.credentials(&one, None, None).await;
    let caller = running.caller(&credentials).await.unwrap();
    assert_eq!((caller.authenticated, caller.sub), (Some(false), None));
    assert!(caller.user_arn.unwrap().contains("/GuestRole/"));

    let ada = running.enroll("ada", &[]).await;
    let logins = running.logins(&ada.id);
    running.credentials(&one, Some(&logins), None).await;
    assert_eq!(running.identity(Some(&logins)).await, one);
    let (_, answer) = running.get_credentials(&one, None, None).await;
    assert_eq!(answer["__type"], "NotAuthorizedException", "{answer}");
}

#[tokio::test]
async fn without_guests_nobody_comes_in_without_a_token() {
    let running = Running::start(false);
    let (status, answer) = running.get_id(None).await;
    assert_eq!(status, 400);
    assert_eq!(answer["__type"], "NotAuthorizedException");
    assert_eq!(answer["message"], "Unauthenticated access is not supported for this identity pool.");
    let ada = running.enroll("ada", &[]).await;
    running.identity(Some(&running.logins(&ada.id))).await;
}

#[tokio::test]
async fn a_group_gives_its_role_and_a_member_of_several_may_choose() {
    let running = Running::start(true);
    let role = |caller: IamCaller| caller.user_arn.unwrap().split('/').nth(1).unwrap().to_owned();
    for (name, groups, asked, expected) in [
        ("ada", &["admins", "editors"][..], None, Ok("AdminsRole")),
        ("bob", &["admins", "editors"][..], Some(EDITORS), Ok("EditorsRole")),
        ("eda", &["editors"][..], None, Ok("EditorsRole")),
        ("eve", &["editors"][..], Some(ADMINS), Err("NotAuthorizedException")),
        ("fay", &[][..], None, Ok("AuthenticatedRole")),
        ("gus", &[][..], Some(EDITORS), Err("NotAuthorizedException")),
    ] {
        let tokens = running.enroll(name, groups).await;
        let logins = running.logins(&tokens.id);
        let identity = running.identity(Some(&logins)).await;
        let (_, answer) = running.get_credentials(&identity, Some(&logins), asked).await;
        match expected {
            Ok(expected) => {
                let caller = running.caller(&answer["Credentials"]).await.unwrap();
                assert_eq!(role(caller), expected, "{name}");
            }
            Err(expected) => assert_eq!(answer["__type"], expected, "{name}: {answer}"),
        }
    }
}

#[tokio::test]
async fn a_role_whose_trust_policy_does_not_admit_the_identity_is_not_given() {
    // Guests' role, given to members.
    let swapped = TEMPLATE
        .replace("authenticated: !GetAtt AuthenticatedRole.Arn", "authenticated: !GetAtt GuestRole.Arn");
    let running = Running::try_start(&swapped, true, &[]).unwrap();
    let ada = running.enroll("ada", &[]).await;
    let logins = running.logins(&ada.id);
    let identity = running.identity(Some(&logins)).await;
    let (status, answer) = running.get_credentials(&identity, Some(&logins), None).await;
    assert_eq!(
        (status, &answer["__type"]),
        (StatusCode::BAD_REQUEST, &json!("InvalidIdentityPoolConfigurationException"))
    );

    // A group's role that is not in the template.
    let group = json!({ "UserPoolId": running.users.id(), "GroupName": "others", "RoleArn": "arn:aws:iam::111122223333:role/x", "Precedence": 1 });
    running.users("CreateGroup", &group).await;
    let bob = running.enroll("bob", &["others"]).await;
    let logins = running.logins(&bob.id);
    let identity = running.identity(Some(&logins)).await;
    let (_, answer) = running.get_credentials(&identity, Some(&logins), None).await;
    assert_eq!(answer["__type"], "InvalidIdentityPoolConfigurationException", "{answer}");
}

#[tokio::test]
async fn only_a_good_id_token_of_the_pool_is_a_login() {
    let running = Running::start(true);
    let ada = running.enroll("ada", &[]).await;
    let stranger = Running::start(true).enroll("ada", &[]).await;
    let mut forged = ada.id.clone();
    forged.replace_range(forged.len() - 5.., "AAAAA");
    for (name, token) in [
        (running.provider(), &ada.access),
        (running.provider(), &stranger.id),
        (running.provider(), &forged),
        (running.provider(), &String::new()),
        (running.provider(), &"a.b.c".to_owned()),
        ("cognito-idp.us-east-1.amazonaws.com/us-east-1_SomeOther".to_owned(), &ada.id),
        ("accounts.google.com".to_owned(), &ada.id),
    ] {
        let (status, answer) = running.get_id(Some(&json!({ name.as_str(): token }))).await;
        assert_eq!(
            (status, &answer["__type"]),
            (StatusCode::BAD_REQUEST, &json!("NotAuthorizedException")),
            "{name}"
        );
        let text = answer.to_string();
        assert!(token.is_empty() || !text.contains(token.as_str()), "a token is repeated: {text}");
    }
    running.advance(3600);
    let (_, answer) = running.get_id(Some(&running.logins(&ada.id))).await;
    assert_eq!(answer["message"], "Invalid login token. Token expired.");
}

#[tokio::test]
async fn who_has_signed_out_everywhere_gets_no_more_credentials() {
    let running = Running::start(true);
    let ada = running.enroll("ada", &[]).await;
    let logins = running.logins(&ada.id);
    let identity = running.identity(Some(&logins)).await;
    running.users("GlobalSignOut", &json!({ "AccessToken": ada.access })).await;
    let (_, answer) = running.get_credentials(&identity, Some(&logins), None).await;
    assert_eq!(answer["__type"], "NotAuthorizedException", "{answer}");
    // With a new sign-in it is the same identity.
    let again = running.sign_in("ada").await;
    assert_eq!(running.identity(Some(&running.logins(&again.id))).await, identity);
}

#[tokio::test]
async fn credentials_expire_and_are_had_anew() {
    let running = Running::start(true);
    let guest = running.identity(None).await;
    let credentials = running.credentials(&guest, None, None).await;
    running.advance(3599);
    assert!(running.caller(&credentials).await.is_ok());
    running.advance(1);
    assert_eq!(running.caller(&credentials).await, Err(SignatureError::ExpiredCredentials));
    let fresh = running.credentials(&guest, None, None).await;
    assert_eq!(running.caller(&fresh).await.unwrap().identity_id, Some(guest));
}

#[tokio::test]
async fn a_session_token_is_good_only_as_it_was_made_and_with_its_key() {
    let running = Running::start(true);
    let source = running.identities.credentials();
    let guest = running.identity(None).await;
    let credentials = running.credentials(&guest, None, None).await;
    let (key, token) =
        (credentials["AccessKeyId"].as_str().unwrap(), credentials["SessionToken"].as_str().unwrap());
    let find = async |id: &str, session_token: Option<&str>| {
        source.find(AccessKey::new(id, session_token)).await.unwrap().is_some()
    };
    assert!(find(key, Some(token)).await);
    let other = running.credentials(&guest, None, None).await;
    let stranger = Running::start(true);
    let elsewhere = stranger.identity(None).await;
    let elsewhere = stranger.credentials(&elsewhere, None, None).await;
    for (id, session_token) in [
        (key, None),
        (key, Some("")),
        (key, Some("AQ==")),
        (key, other["SessionToken"].as_str()),
        (other["AccessKeyId"].as_str().unwrap(), Some(token)),
        (elsewhere["AccessKeyId"].as_str().unwrap(), elsewhere["SessionToken"].as_str()),
    ] {
        assert!(!find(id, session_token).await, "{id} {session_token:?}");
    }
    for place in 0..token.len() {
        let mut changed = token.to_owned().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(!find(key, Some(&changed)).await, "{place}");
    }
}

#[tokio::test]
async fn what_is_no_request_of_this_service_is_refused_or_goes_on() {
    let running = Running::start(true);
    let id = json!({ "IdentityPoolId": running.identities.id() });
    for (target, body, exception) in [
        ("AWSCognitoIdentityService.GetId", json!({}), "SerializationException"),
        ("AWSCognitoIdentityService.GetId", json!([]), "SerializationException"),
        ("AWSCognitoIdentityService.GetId", json!({ "IdentityPoolId": 1 }), "SerializationException"),
        (
            "AWSCognitoIdentityService.GetId",
            json!({ "IdentityPoolId": "us-east-1:x" }),
            "ResourceNotFoundException",
        ),
        ("AWSCognitoIdentityService.GetId", json!({ "IdentityPoolID": "x" }), "SerializationException"),
        (
            "AWSCognitoIdentityService.GetCredentialsForIdentity",
            json!({ "IdentityId": "x" }),
            "ResourceNotFoundException",
        ),
        ("AWSCognitoIdentityService.CreateIdentityPool", id.clone(), "UnknownOperationException"),
        // The user pool's own answer.
        ("AWSCognitoIdentityProviderService.GetId", id.clone(), "UnknownOperationException"),
    ] {
        let (status, answer) = running.send(target, &body).await;
        assert_eq!(
            (status, &answer["__type"]),
            (StatusCode::BAD_REQUEST, &json!(exception)),
            "{target} {body}"
        );
    }
    for (host, media_type, expected) in [
        ("rebound.example.com", "application/x-amz-json-1.1", StatusCode::FORBIDDEN),
        ("127.0.0.1:9229", "text/plain", StatusCode::BAD_REQUEST),
        ("localhost:9229", "application/x-amz-json-1.1", StatusCode::OK),
    ] {
        let request = Request::post("/")
            .header("host", host)
            .header("origin", "http://localhost:5173")
            .header("content-type", media_type)
            .header("x-amz-target", "AWSCognitoIdentityService.GetId")
            .body(Body::from(id.to_string()))
            .unwrap();
        let response = running.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{host} {media_type}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }
    let long = json!({ "IdentityPoolId": "x".repeat(300_000) });
    assert_eq!(running.send("AWSCognitoIdentityService.GetId", &long).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn a_template_that_cannot_be_enforced_here_is_not_started_with() {
    for (old, new, problem) in [
        ("ClientId: !Ref WebClient", "ClientId: another", "does not trust the web client"),
        ("Type: Token", "Type: Chance", "neither Token nor Rules"),
        (
            "AmbiguousRoleResolution: AuthenticatedRole",
            "AmbiguousRoleResolution: Perhaps",
            "neither AuthenticatedRole nor Deny",
        ),
        ("Action: execute-api:Invoke", "Action: invoke", "Calls: `Statement[0].Action`"),
        (
            "EditorsRole: { Type: AWS::IAM::Role, Properties: { ",
            "EditorsRole: { Type: AWS::IAM::Role, Properties: { MaxSessionDuration: 43201, ",
            "EditorsRole has a MaxSessionDuration that is not between 3600 and 43200",
        ),
        (
            "ForAnyValue:StringLike: { cognito-identity.amazonaws.com:amr: authenticated }",
            "StringIs: { a:b: c }",
            "Role: `Statement[0].Condition.StringIs`",
        ),
        (
            "RoleMappings:\n        UserPool:",
            "RoleMappings:\n        UserPool: !ImportValue x\n        Other:",
            "Fn::ImportValue",
        ),
    ] {
        let template = TEMPLATE.replacen(old, new, 1);
        assert_ne!(template, TEMPLATE, "{old}");
        let error = Running::try_start(&template, true, &[]).err().expect(new).to_string();
        assert!(error.contains(problem), "{new}: {error}");
    }
}

#[tokio::test]
async fn in_the_classic_flow_the_client_chooses_among_the_roles_that_trust_it() {
    let classic = TEMPLATE.replace("AllowClassicFlow: false", "AllowClassicFlow: true");
    let plain = "EditorsRole: { Type: AWS::IAM::Role, Properties: { ";
    let classic = classic.replace(plain, &format!("{plain}MaxSessionDuration: 7200, "));
    assert!(classic.contains("7200"));
    let running = Running::try_start(&classic, true, &[]).unwrap();
    let ada = running.enroll("ada", &[]).await;
    let logins = running.logins(&ada.id);
    let identity = running.identity(Some(&logins)).await;
    let request = json!({ "IdentityId": identity, "Logins": logins });
    let (status, answer) = running.send("AWSCognitoIdentityService.GetOpenIdToken", &request).await;
    assert_eq!((status, &answer["IdentityId"]), (StatusCode::OK, &json!(identity)));
    let token = answer["Token"].as_str().unwrap();

    let assume = async |changes: &[(&str, &str)]| {
        let mut parameters = vec![
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", ADMINS),
            ("RoleSessionName", "phone"),
            ("WebIdentityToken", token),
        ];
        for change in changes {
            parameters.retain(|(name, _)| name != &change.0);
            parameters.push(*change);
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = Request::post("/")
            .header("host", "127.0.0.1:9229")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(Body::from(body))
            .unwrap();
        let response = running.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    };
    let (status, body) = assume(&[]).await;
    assert_eq!(status, 200, "{body}");
    fn part(body: &str, name: &str) -> String {
        let (_, rest) = body.split_once(&format!("<{name}>")).unwrap();
        rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
    }
    let element = |name: &str| part(&body, name);
    let credentials = json!({
        "AccessKeyId": element("AccessKeyId"), "SecretKey": element("SecretAccessKey"),
        "SessionToken": element("SessionToken"),
    });
    let caller = running.caller(&credentials).await.unwrap();
    assert_eq!(caller.user_arn.as_deref(), Some("arn:aws:sts::000000000000:assumed-role/AdminsRole/phone"));
    assert_eq!((caller.identity_id, caller.sub), (Some(identity), Some(sub(&ada.id))));

    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    let guest_role = ADMINS.replace("AdminsRole", "GuestRole");
    let function_role = ADMINS.replace("AdminsRole", "FunctionRole");
    for (change, expected) in [
        (("RoleArn", guest_role.as_str()), (403, "AccessDenied")),
        (("RoleArn", function_role.as_str()), (403, "AccessDenied")),
        (("WebIdentityToken", forged.as_str()), (400, "InvalidIdentityToken")),
        (("WebIdentityToken", ada.id.as_str()), (400, "InvalidIdentityToken")),
        (("RoleSessionName", "a<b"), (400, "ValidationError")),
        (("DurationSeconds", "899"), (400, "ValidationError")),
        (("Policy", "{}"), (400, "ValidationError")),
        (("Action", "AssumeRole"), (400, "InvalidAction")),
    ] {
        let (status, body) = assume(&[change]).await;
        assert_eq!(status, expected.0, "{change:?}: {body}");
        assert!(body.contains(&format!("<Code>{}</Code>", expected.1)), "{change:?}: {body}");
    }
    // A session is as long as it is asked for, up to what its role allows.
    let now = running.clock.now();
    for (role, asked, expected) in [
        (ADMINS, None, Ok(3600)),
        (ADMINS, Some("900"), Ok(900)),
        (ADMINS, Some("3600"), Ok(3600)),
        (ADMINS, Some("3601"), Err("exceeds the MaxSessionDuration set for this role")),
        (EDITORS, None, Ok(3600)),
        (EDITORS, Some("7200"), Ok(7200)),
        (EDITORS, Some("7201"), Err("exceeds the MaxSessionDuration set for this role")),
        (EDITORS, Some("43201"), Err("is not between 900 and 43200")),
    ] {
        let changes: Vec<(&str, &str)> = asked
            .map(|seconds| ("DurationSeconds", seconds))
            .into_iter()
            .chain([("RoleArn", role)])
            .collect();
        let (status, body) = assume(&changes).await;
        match expected {
            Ok(seconds) => {
                assert_eq!(status, 200, "{changes:?}: {body}");
                let end: Timestamp = part(&body, "Expiration").parse().unwrap();
                assert_eq!(end.as_second() - now.as_second(), seconds, "{changes:?}");
            }
            Err(problem) => {
                assert!(
                    status == 400 && body.contains("<Code>ValidationError</Code>"),
                    "{changes:?}: {body}"
                );
                assert!(body.contains(problem), "{changes:?}: {body}");
            }
        }
    }

    running.advance(600);
    let (status, body) = assume(&[]).await;
    assert!(status == 400 && body.contains("<Code>ExpiredTokenException</Code>"), "{body}");
}

#[tokio::test]
async fn without_the_classic_flow_there_are_no_tokens_and_no_sts() {
    let running = Running::start(true);
    let guest = running.identity(None).await;
    let request = json!({ "IdentityId": guest });
    let (status, answer) = running.send("AWSCognitoIdentityService.GetOpenIdToken", &request).await;
    assert_eq!((status, &answer["__type"]), (StatusCode::BAD_REQUEST, &json!("InvalidParameterException")));
    let request = Request::post("/")
        .header("host", "127.0.0.1:9229")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("Action=AssumeRoleWithWebIdentity"))
        .unwrap();
    let response = running.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(!response.headers()["content-type"].to_str().unwrap().contains("xml"));
}

#[tokio::test]
async fn a_user_of_another_provider_gets_credentials_directly() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let issuer = TestIssuer::at(format!("http://{address}"));
    let discovery = json!({ "issuer": issuer.url(), "jwks_uri": format!("{}/keys", issuer.url()) });
    let keys = issuer.jwk_set_json();
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(async move || Json(discovery)))
        .route("/keys", get(async move || Json(keys)));
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let login = format!("{}=phone", issuer.url()).parse().unwrap();
    let running = Running::try_start(TEMPLATE, false, &[login]).unwrap();
    let now = running.clock.now().as_second();
    let token = |sub: &str, client: &str, expires: i64| {
        issuer.id_token(sub).claim("aud", client).claim("iat", now).claim("exp", expires).sign()
    };
    let logins = |token: String| json!({ address.to_string(): token });
    let carl = logins(token("carl", "phone", now + 60));
    let identity = running.identity(Some(&carl)).await;
    let caller = running.caller(&running.credentials(&identity, Some(&carl), None).await).await.unwrap();
    assert_eq!((caller.authenticated, caller.identity_id, caller.sub), (Some(true), Some(identity), None));
    for refused in [token("carl", "tablet", now + 60), token("carl", "phone", now)] {
        let (_, answer) = running.get_id(Some(&logins(refused))).await;
        assert_eq!(answer["__type"], "NotAuthorizedException", "{answer}");
    }
}

#[tokio::test]
async fn two_users_of_the_pool_are_not_taken_for_one_under_its_two_names() {
    let running = Running::start(true);
    let (ada, bob) = (running.enroll("ada", &[]).await, running.enroll("bob", &[]).await);
    let local = running.users.issuer().trim_start_matches("http://").to_owned();
    let logins = json!({ running.provider(): ada.id, local: bob.id });
    let (status, answer) = running.get_id(Some(&logins)).await;
    assert_eq!((status, &answer["__type"]), (StatusCode::BAD_REQUEST, &json!("InvalidParameterException")));
}
