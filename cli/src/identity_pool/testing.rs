//! A user pool and an identity pool in memory, set up from a template like the one that is deployed, and a clock that stands still.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use portcullis::{
    AccessKey, CredentialSource, FindingCredentials, SigV4Verifier, SignatureError, SigningCredentials,
    rules::IamCaller,
};
use portcullis_data::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    IdentityPool, Logins, OidcLogin, Parts, Roles, Session, Setup, SetupError, SharedClock, Store, router,
};
use crate::{
    pool::{Courier, GroupRole, Message, Pool, PoolConfig, PoolStorage, SystemRandom},
    template::{Stack, stack::REGION},
};

const PASSWORD: &str = "Quiet-River-2718";
pub(crate) const ADMINS: &str = "arn:aws:iam::000000000000:role/AdminsRole";
pub(crate) const EDITORS: &str = "arn:aws:iam::000000000000:role/EditorsRole";

pub(crate) const TEMPLATE: &str = r#"
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

pub(crate) struct ManualClock(pub(crate) Mutex<Timestamp>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A session of a role of this name, of nobody in particular.
pub(crate) fn session(role: &str) -> Session {
    Session {
        role: role.to_owned(),
        name: "session".to_owned(),
        identity: String::new(),
        pool: String::new(),
        amr: Vec::new(),
        tags: BTreeMap::new(),
    }
}

/// Knows the secret of every key, and of no session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sessionless;

impl Sessionless {
    pub(crate) const SECRET: &str = "secret";
}

impl CredentialSource for Sessionless {
    fn find(&self, _: AccessKey<'_>) -> FindingCredentials {
        Box::pin(async { Ok(Some(SigningCredentials::new(Self::SECRET, IamCaller::default()))) })
    }
}

struct Nowhere;

impl Courier for Nowhere {
    fn deliver(&self, _: &Message) {}
}

pub(crate) struct Running {
    pub(crate) users: Pool,
    pub(crate) identities: IdentityPool,
    pub(crate) roles: Arc<Roles>,
    pub(crate) stack: Stack,
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
}

#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) id: String,
    pub(crate) access: String,
}

impl Running {
    pub(crate) fn start(guests: bool) -> Self {
        Self::try_start(TEMPLATE, guests, &[]).unwrap()
    }

    pub(crate) fn try_start(template: &str, guests: bool, oidc: &[OidcLogin]) -> Result<Self, SetupError> {
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
        crate::bucket::name(&mut stack)?;
        let setup = Setup::read(&stack, (users.region(), users.id()), users.client_id())?.unwrap();
        let roles = Arc::new(Roles::read(&stack)?);
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let logins = Logins::new(&users, setup.checks_sessions, oidc, &shared)?;
        let identities = IdentityPool::open(Parts {
            store,
            setup,
            roles: Arc::clone(&roles),
            logins,
            clock: shared,
            random: Arc::new(SystemRandom),
            lifetime: Duration::from_hours(1),
        })?;
        let router = router(identities.clone(), users.router());
        Ok(Self { users, identities, roles, stack, router, clock })
    }

    pub(crate) async fn send(&self, target: &str, body: &Value) -> (StatusCode, Value) {
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

    pub(crate) async fn users(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) =
            self.send(&format!("AWSCognitoIdentityProviderService.{operation}"), body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Somebody who has signed in, and is in these groups.
    pub(crate) async fn enroll(&self, name: &str, groups: &[&str]) -> Tokens {
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

    pub(crate) async fn sign_in(&self, name: &str) -> Tokens {
        let parameters = json!({ "USERNAME": format!("{name}@example.com"), "PASSWORD": PASSWORD });
        let request = json!({
            "ClientId": self.users.client_id(), "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters,
        });
        let answer = self.users("InitiateAuth", &request).await;
        let token = |name: &str| answer["AuthenticationResult"][name].as_str().unwrap().to_owned();
        Tokens { id: token("IdToken"), access: token("AccessToken") }
    }

    pub(crate) fn provider(&self) -> String {
        format!("cognito-idp.us-east-1.amazonaws.com/{}", self.users.id())
    }

    pub(crate) fn logins(&self, token: &str) -> Value {
        json!({ self.provider(): token })
    }

    pub(crate) async fn get_id(&self, logins: Option<&Value>) -> (StatusCode, Value) {
        let mut request = json!({ "IdentityPoolId": self.identities.id() });
        if let Some(logins) = logins {
            request["Logins"] = logins.clone();
        }
        self.send("AWSCognitoIdentityService.GetId", &request).await
    }

    pub(crate) async fn identity(&self, logins: Option<&Value>) -> String {
        let (status, answer) = self.get_id(logins).await;
        assert_eq!(status, 200, "{answer}");
        answer["IdentityId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get_credentials(
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

    pub(crate) async fn credentials(
        &self,
        identity: &str,
        logins: Option<&Value>,
        role: Option<&str>,
    ) -> Value {
        let (status, answer) = self.get_credentials(identity, logins, role).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["IdentityId"], identity);
        answer["Credentials"].clone()
    }

    /// The credentials of a guest.
    pub(crate) async fn guest(&self) -> Value {
        let identity = self.identity(None).await;
        self.credentials(&identity, None, None).await
    }

    /// The credentials of somebody new, who is in these groups.
    pub(crate) async fn member(&self, name: &str, groups: &[&str]) -> Value {
        let tokens = self.enroll(name, groups).await;
        let logins = self.logins(&tokens.id);
        let identity = self.identity(Some(&logins)).await;
        self.credentials(&identity, Some(&logins), None).await
    }

    /// The request, signed with these credentials: all of its headers, `host` among them.
    pub(crate) fn sign(
        &self,
        credentials: &Value,
        service: &str,
        mut request: Request<String>,
    ) -> Request<String> {
        let text = |name: &str| credentials[name].as_str().unwrap();
        let identity = aws_credential_types::Credentials::new(
            text("AccessKeyId"),
            text("SecretKey"),
            Some(text("SessionToken").to_owned()),
            None,
            "test",
        )
        .into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(self.clock.now().into())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let host = request.headers_mut().entry("host").or_insert("127.0.0.1".parse().unwrap());
        let host = host.to_str().unwrap().to_owned();
        let uri = format!("http://{host}{}", request.uri());
        let body = SignableBody::Bytes(request.body().as_bytes());
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable = SignableRequest::new(request.method().as_str(), uri, headers, body);
        let (signing, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        signing.apply_to_request_http1x(&mut request);
        request
    }

    /// Whose credentials these are, by a request that is signed with them.
    pub(crate) async fn caller(&self, credentials: &Value) -> Result<IamCaller, SignatureError> {
        let request =
            self.sign(credentials, "execute-api", Request::get("/notes").body(String::new()).unwrap());
        let verifier = SigV4Verifier::builder(self.identities.credentials(), REGION, "execute-api");
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let verifier = verifier.clock(SharedClock(clock)).build();
        let (parts, _) = request.into_parts();
        verifier.verify(&parts, b"").await.map(|signed| signed.caller().clone())
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}
