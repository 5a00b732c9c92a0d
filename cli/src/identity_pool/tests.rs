//! The pool as a client sees it, set up from a template like the one that is deployed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use portcullis::{AccessKey, CredentialSource, SigV4Verifier, SignatureError, rules::IamCaller};
use portcullis_data::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{IdentityPool, Logins, Parts, Roles, Setup, SetupError, Store, router};
use crate::{
    pool::{Courier, GroupRole, Message, Pool, PoolConfig, PoolStorage, SystemRandom},
    template::{Stack, stack::REGION},
};

const PASSWORD: &str = "Quiet-River-2718";
const ADMINS: &str = "arn:aws:iam::000000000000:role/AdminsRole";
const EDITORS: &str = "arn:aws:iam::000000000000:role/EditorsRole";

const TEMPLATE: &str = r#"
Parameters:
  Guests: { Type: String, Default: "true", AllowedValues: ["true", "false"] }
Conditions:
  HasGuests: !Equals [!Ref Guests, "true"]
Resources:
  UserPool: { Type: AWS::Cognito::UserPool }
  WebClient: { Type: AWS::Cognito::UserPoolClient }
  SignedApi: { Type: AWS::ApiGatewayV2::Api }
  MembersPool:
    Type: AWS::Cognito::IdentityPool
    Properties:
      AllowUnauthenticatedIdentities: !If [HasGuests, true, false]
      AllowClassicFlow: false
      CognitoIdentityProviders:
        - ClientId: !Ref WebClient
          ProviderName: !Sub cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}
          ServerSideTokenCheck: true
  MembersPoolRoles:
    Type: AWS::Cognito::IdentityPoolRoleAttachment
    Properties:
      IdentityPoolId: !Ref MembersPool
      Roles:
        authenticated: !GetAtt AuthenticatedRole.Arn
        unauthenticated: !If [HasGuests, !GetAtt GuestRole.Arn, !Ref AWS::NoValue]
      RoleMappings:
        UserPool:
          IdentityProvider: !Sub cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}:${WebClient}
          Type: Token
          AmbiguousRoleResolution: AuthenticatedRole
  Tags:
    Type: AWS::Cognito::IdentityPoolPrincipalTag
    Properties:
      IdentityPoolId: !Ref MembersPool
      IdentityProviderName: !Sub cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}
      PrincipalTags: { user: sub }
  AuthenticatedRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: &members
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { Federated: cognito-identity.amazonaws.com }
            Action: [sts:AssumeRoleWithWebIdentity, sts:TagSession]
            Condition:
              StringEquals: { cognito-identity.amazonaws.com:aud: !Ref MembersPool }
              ForAnyValue:StringLike: { cognito-identity.amazonaws.com:amr: authenticated }
  AdminsRole: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: *members } }
  EditorsRole: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: *members } }
  GuestRole:
    Type: AWS::IAM::Role
    Condition: HasGuests
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { Federated: cognito-identity.amazonaws.com }
            Action: sts:AssumeRoleWithWebIdentity
            Condition:
              StringEquals: { cognito-identity.amazonaws.com:aud: !Ref MembersPool }
              ForAnyValue:StringLike: { cognito-identity.amazonaws.com:amr: unauthenticated }
  FunctionRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
  Calls:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: calls
      Roles: [!Ref AuthenticatedRole, !If [HasGuests, !Ref GuestRole, !Ref AWS::NoValue]]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: execute-api:Invoke
            Resource: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SignedApi}/$default/*
"#;

struct ManualClock(Mutex<Timestamp>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Clone)]
struct Seen(Arc<ManualClock>);

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

impl portcullis::Clock for Seen {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

struct Nowhere;

impl Courier for Nowhere {
    fn deliver(&self, _: &Message) {}
}

struct Running {
    users: Pool,
    identities: IdentityPool,
    router: Router,
    clock: Arc<ManualClock>,
}

#[derive(Clone)]
struct Tokens {
    id: String,
    access: String,
}

impl Running {
    fn start(guests: bool) -> Self {
        Self::try_start(TEMPLATE, guests).unwrap()
    }

    fn try_start(template: &str, guests: bool) -> Result<Self, SetupError> {
        let clock = Arc::new(ManualClock(Mutex::new(Timestamp::from_second(1_800_000_000).unwrap())));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9229));
        let mut config = PoolConfig::new(address, PoolStorage::Memory);
        config.code = Some("123456".to_owned());
        config.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        config.groups = vec!["admins".to_owned(), "editors".to_owned()];
        config.group_roles = [("admins", ADMINS, 0), ("editors", EDITORS, 10)]
            .map(|(group, role, precedence)| GroupRole {
                group: group.to_owned(),
                role_arn: role.to_owned(),
                precedence: Some(precedence),
            })
            .to_vec();
        let users = Pool::open(config, |_| Arc::new(Nowhere)).unwrap();

        let parameters = [("Guests".to_owned(), guests.to_string())];
        let mut stack = Stack::new(template, &parameters)?;
        let store = Store::open(None, REGION, &SystemRandom)?;
        stack.name("UserPool", users.id());
        stack.name("WebClient", users.client_id());
        stack.name("MembersPool", store.id());
        let setup = Setup::read(&stack, (users.region(), users.id()), users.client_id())?.unwrap();
        let roles = Arc::new(Roles::read(&stack)?);
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let logins = Logins::new(&users, setup.checks_sessions, &[], &shared)?;
        let identities = IdentityPool::open(Parts {
            store,
            setup,
            roles,
            logins,
            clock: shared,
            random: Arc::new(SystemRandom),
            lifetime: Duration::from_hours(1),
        })?;
        let router = router(identities.clone(), users.router());
        Ok(Self { users, identities, router, clock })
    }

    async fn send(&self, target: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post("/")
            .header("host", "127.0.0.1:9229")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn users(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) =
            self.send(&format!("AWSCognitoIdentityProviderService.{operation}"), body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Somebody who has signed in, and is in these groups.
    async fn enroll(&self, name: &str, groups: &[&str]) -> Tokens {
        let email = format!("{name}@example.com");
        let client = self.users.client_id();
        let attributes = json!([{ "Name": "email", "Value": email }]);
        self.users(
            "SignUp",
            &json!({ "ClientId": client, "Username": email, "Password": PASSWORD, "UserAttributes": attributes }),
        )
        .await;
        self.users(
            "ConfirmSignUp",
            &json!({ "ClientId": client, "Username": email, "ConfirmationCode": "123456" }),
        )
        .await;
        for group in groups {
            let request = json!({ "UserPoolId": self.users.id(), "Username": email, "GroupName": group });
            self.users("AdminAddUserToGroup", &request).await;
        }
        self.sign_in(name).await
    }

    async fn sign_in(&self, name: &str) -> Tokens {
        let parameters = json!({ "USERNAME": format!("{name}@example.com"), "PASSWORD": PASSWORD });
        let request = json!({
            "ClientId": self.users.client_id(), "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters,
        });
        let answer = self.users("InitiateAuth", &request).await;
        let token = |name: &str| answer["AuthenticationResult"][name].as_str().unwrap().to_owned();
        Tokens { id: token("IdToken"), access: token("AccessToken") }
    }

    fn provider(&self) -> String {
        format!("cognito-idp.us-east-1.amazonaws.com/{}", self.users.id())
    }

    fn logins(&self, token: &str) -> Value {
        json!({ self.provider(): token })
    }

    async fn get_id(&self, logins: Option<&Value>) -> (StatusCode, Value) {
        let mut request = json!({ "IdentityPoolId": self.identities.id() });
        if let Some(logins) = logins {
            request["Logins"] = logins.clone();
        }
        self.send("AWSCognitoIdentityService.GetId", &request).await
    }

    async fn identity(&self, logins: Option<&Value>) -> String {
        let (status, answer) = self.get_id(logins).await;
        assert_eq!(status, 200, "{answer}");
        answer["IdentityId"].as_str().unwrap().to_owned()
    }

    async fn get_credentials(
        &self,
        identity: &str,
        logins: Option<&Value>,
        role: Option<&str>,
    ) -> (StatusCode, Value) {
        let mut request = json!({ "IdentityId": identity });
        if let Some(logins) = logins {
            request["Logins"] = logins.clone();
        }
        if let Some(role) = role {
            request["CustomRoleArn"] = json!(role);
        }
        self.send("AWSCognitoIdentityService.GetCredentialsForIdentity", &request).await
    }

    async fn credentials(&self, identity: &str, logins: Option<&Value>, role: Option<&str>) -> Value {
        let (status, answer) = self.get_credentials(identity, logins, role).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["IdentityId"], identity);
        answer["Credentials"].clone()
    }

    /// Whose credentials these are, by a request that is signed with them.
    async fn caller(&self, credentials: &Value) -> Result<IamCaller, SignatureError> {
        let text = |name: &str| credentials[name].as_str().unwrap();
        let identity = aws_credential_types::Credentials::new(
            text("AccessKeyId"),
            text("SecretKey"),
            Some(text("SessionToken").to_owned()),
            None,
            "test",
        )
        .into();
        let parameters = aws_sigv4::sign::v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("execute-api")
            .time(self.clock.now().into())
            .settings(aws_sigv4::http_request::SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let mut request = Request::get("/notes").header("host", "127.0.0.1").body(()).unwrap();
        let signable = aws_sigv4::http_request::SignableRequest::new(
            "GET",
            "http://127.0.0.1/notes",
            [("host", "127.0.0.1")].into_iter(),
            aws_sigv4::http_request::SignableBody::empty(),
        );
        let (signing, _) =
            aws_sigv4::http_request::sign(signable.unwrap(), &parameters).unwrap().into_parts();
        signing.apply_to_request_http1x(&mut request);
        let verifier = SigV4Verifier::builder(self.identities.credentials(), REGION, "execute-api");
        let verifier = verifier.clock(Seen(Arc::clone(&self.clock))).build();
        let (parts, ()) = request.into_parts();
        verifier.verify(&parts, b"").await.map(|signed| signed.caller().clone())
    }

    fn advance(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

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
    let running = Running::try_start(&swapped, true).unwrap();
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
        let error = Running::try_start(&template, true).err().expect(new).to_string();
        assert!(error.contains(problem), "{new}: {error}");
    }
}
