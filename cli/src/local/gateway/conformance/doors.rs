//! The doors.

use std::sync::{Arc, Mutex};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use axum::{Router, extract::Request as AnyRequest, serve};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use lambda_http::{Adapter, LambdaEvent, request::LambdaRequest};
use portcullis::{
    AccessKey, AuthenticateLayer, CredentialSource, FindingCredentials, SigV4Verifier, SigningCredentials,
    TokenUse, TrustedAppSync, TrustedGateway, Verifier, testkit::TestIssuer,
};
use portcullis_data::{Clock, System};
use portcullis_resolvers::{AppSync, graphql};
use portcullis_rules::{IamCaller, Identity, Provider};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    decide::{Ready, shape},
    identity_pool::{Roles, testing::session},
    local::{
        gateway::{GRAPHQL, in_front_of},
        policies::Policies,
        realtime::{Client, Realtime, Signatures},
    },
    template::{Stack, stack::REGION},
};

const SECRET: &str = "a secret of nobody in particular";
const TOKEN: &str = "a token of nobody in particular";
/// The one role of everybody: what is decided is decided by the rules.
const ROLE: &str = "AnyRole";
const TEMPLATE: &str = "
Resources:
  AnyRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - { Effect: Allow, Principal: { Federated: cognito-identity.amazonaws.com }, Action: sts:AssumeRoleWithWebIdentity }
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - { Effect: Allow, Action: appsync:GraphQL, Resource: 'arn:aws:appsync:us-east-1:000000000000:apis/Api/*' }
";

/// Knows the caller of each case by a key of its own.
#[derive(Clone, Debug)]
struct Keys(Arc<[IamCaller]>);

impl Keys {
    fn of(&self, caller: &Identity) -> String {
        let place = self.0.iter().position(|known| Identity::Iam(known.clone()) == *caller).unwrap();
        format!("ASIACASE{place}")
    }
}

impl CredentialSource for Keys {
    fn find(&self, key: AccessKey<'_>) -> FindingCredentials {
        let place = key.id.strip_prefix("ASIACASE").and_then(|place| place.parse::<usize>().ok());
        let caller = place.filter(|_| key.session_token == Some(TOKEN)).and_then(|place| self.0.get(place));
        let found = caller
            .map(|caller| SigningCredentials::new(SECRET, caller.clone()).extension(Arc::new(session(ROLE))));
        Box::pin(async { Ok(found) })
    }
}

/// Nobody has a token here.
fn authenticate() -> AuthenticateLayer {
    let issuer = TestIssuer::cognito();
    let trusted = issuer.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    AuthenticateLayer::new(Verifier::builder().issuer(trusted).build().unwrap())
}

/// The gateway of the local system on a socket. What is behind it changes from case to case.
pub(super) struct SignedDoor {
    host: String,
    client: reqwest::Client,
    keys: Keys,
    roles: Arc<Roles>,
    authenticate: AuthenticateLayer,
    behind: Arc<Mutex<Router>>,
}

impl SignedDoor {
    pub(super) async fn open(callers: &[IamCaller]) -> Self {
        let behind = Arc::new(Mutex::new(Router::new()));
        let current = Arc::clone(&behind);
        let router = Router::new().fallback(move |request: AnyRequest| {
            let router = current.lock().unwrap().clone();
            router.oneshot(request)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { serve(listener, router).await });
        Self {
            host,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            keys: Keys(callers.into()),
            roles: Arc::new(Roles::read(&Stack::new(TEMPLATE, &[]).unwrap()).unwrap()),
            authenticate: authenticate().signed_requests(),
            behind,
        }
    }

    /// Puts the endpoint of a case behind the gateway.
    fn put(&self, ready: &Ready<'_>) {
        let takes_signatures = ready.api.settings.modes.contains(&Provider::IdentityPool);
        let api = takes_signatures.then(|| "Api".to_owned());
        let policies = Policies::new(Arc::clone(&self.roles), Arc::new(System), None, api);
        let verifier = SigV4Verifier::builder(Arc::new(self.keys.clone()), REGION, GRAPHQL).build();
        let (endpoint, authenticate) = (ready.endpoint.clone(), self.authenticate.clone());
        let realtime = Realtime::new(endpoint.clone(), authenticate.clone());
        let realtime = realtime.signatures(Signatures::new(verifier.clone(), policies.clone()));
        let routes = graphql::router(endpoint.clone(), authenticate).merge(realtime.router());
        *self.behind.lock().unwrap() = in_front_of(routes, verifier, policies, endpoint);
    }

    /// The headers of a signed `POST`.
    fn sign(&self, caller: &Identity, path: &str, body: &str) -> http::HeaderMap {
        let key = self.keys.of(caller);
        let identity =
            aws_credential_types::Credentials::new(key, SECRET, Some(TOKEN.to_owned()), None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(GRAPHQL)
            .time(System.now().into())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = [("host", self.host.as_str()), ("content-type", "application/json")];
        let uri = format!("http://{}{path}", self.host);
        let signable =
            SignableRequest::new("POST", uri, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
        let (signing, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(()).unwrap();
        signing.apply_to_request_http1x(&mut request);
        request.headers().clone()
    }

    /// The answer to a case that is sent as a signed request: the status, and the answer if there is one.
    pub(super) async fn ask(&self, ready: &Ready<'_>) -> (u16, Value) {
        self.put(ready);
        let body = Value::Object(ready.request()).to_string();
        let headers = self.sign(&ready.asked.identity, "/graphql", &body);
        let request = self.client.post(format!("http://{}/graphql", self.host)).headers(headers).body(body);
        let response = request.send().await.unwrap();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        let answer: Value = serde_json::from_str(&text).unwrap();
        if status == 401 {
            assert_eq!(answer["errors"][0]["errorType"], "UnauthorizedException", "{answer}");
            return (status, Value::Null);
        }
        (status, shape(answer, ready.asked.field))
    }

    /// The answer to a case that is signed over a WebSocket.
    pub(super) async fn subscribe(&self, ready: &Ready<'_>) -> Value {
        self.put(ready);
        let caller = &ready.asked.identity;
        let authorization = |path: &str, body: &str| -> Value {
            let headers = self.sign(caller, path, body);
            let headers = headers.iter();
            headers.map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect()
        };
        let connect = authorization("/graphql/connect", "{}").to_string();
        let protocols = format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(connect));
        let address = format!("ws://{}/graphql/realtime", self.host);
        let mut client = Client::connect(&address, &protocols, &Value::Null).await.unwrap();
        client.send(json!({ "type": "connection_init" })).await;
        let answer = client.next().await;
        if answer["type"] == "connection_error" {
            assert_eq!(answer["payload"]["errors"][0]["errorType"], "UnauthorizedException", "{answer}");
            return json!({ "decision": "deny" });
        }
        assert_eq!(answer["type"], "connection_ack", "{answer}");
        let data = Value::Object(ready.request()).to_string();
        let extensions = json!({ "authorization": authorization("/graphql", &data) });
        let payload = json!({ "data": data, "extensions": extensions });
        client.send(json!({ "type": "start", "id": "s", "payload": payload })).await;
        let answer = client.next().await;
        match answer["type"].as_str() {
            Some("start_ack") => json!({ "decision": "allow" }),
            Some("error") => shape(answer["payload"].clone(), ready.asked.field),
            _ => panic!("{answer}"),
        }
    }
}

/// What API Gateway or a function URL says about who has signed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    RestApi,
    HttpApi,
    FunctionUrl,
}

/// The function of the REST API, which serves GraphQL too.
pub(super) struct EventDoor {
    authenticate: AuthenticateLayer,
}

impl EventDoor {
    pub(super) fn open() -> Self {
        Self { authenticate: authenticate().gateway(TrustedGateway::new().iam()) }
    }

    /// The answer to a case that comes as such an event.
    pub(super) async fn ask(&self, ready: &Ready<'_>, event: Event) -> Value {
        let router = graphql::router(ready.endpoint.clone(), self.authenticate.clone());
        let mut function = Adapter::from(portcullis_api::lambda_service(router));
        let event = event.of(caller(ready), &Value::Object(ready.request()).to_string());
        let request: LambdaRequest = serde_json::from_value(event).unwrap();
        let event = LambdaEvent::new(request, lambda_http::Context::default());
        let answer = lambda_http::Service::call(&mut function, event).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        shape(serde_json::from_str(answer["body"].as_str().unwrap()).unwrap(), ready.asked.field)
    }
}

impl Event {
    fn of(self, caller: &IamCaller, body: &str) -> Value {
        let standing =
            caller.authenticated.map(|member| if member { "authenticated" } else { "unauthenticated" });
        let headers = json!({ "content-type": "application/json" });
        if self == Self::RestApi {
            let identity = json!({
                "userArn": caller.user_arn, "cognitoIdentityPoolId": caller.identity_pool_id,
                "cognitoIdentityId": caller.identity_id, "cognitoAuthenticationType": standing, "sourceIp": "203.0.113.1",
            });
            return json!({
                "resource": "/graphql", "path": "/graphql", "httpMethod": "POST", "headers": headers,
                "multiValueHeaders": { "content-type": ["application/json"] }, "body": body, "isBase64Encoded": false,
                "requestContext": {
                    "stage": "$default", "path": "/graphql", "httpMethod": "POST", "requestId": "r",
                    "resourcePath": "/graphql", "identity": identity,
                },
            });
        }
        let from_pool = caller.identity_pool_id.is_some() || caller.identity_id.is_some();
        let pool = json!({
            "amr": standing.into_iter().collect::<Vec<_>>(), "identityId": caller.identity_id,
            "identityPoolId": caller.identity_pool_id,
        });
        // A function URL does not say which identity of a pool somebody is.
        let pool = if self == Self::HttpApi && from_pool { pool } else { Value::Null };
        let route = if self == Self::HttpApi { "POST /graphql" } else { "$default" };
        json!({
            "version": "2.0", "routeKey": route, "rawPath": "/graphql", "rawQueryString": "", "headers": headers,
            "requestContext": {
                "http": { "method": "POST", "path": "/graphql", "sourceIp": "203.0.113.1", "protocol": "HTTP/1.1", "userAgent": "x" },
                "stage": "$default", "apiId": "a1b2c3", "accountId": "111122223333", "requestId": "r", "routeKey": route,
                "timeEpoch": 0, "authorizer": { "iam": { "userArn": caller.user_arn, "cognitoIdentity": pool } },
            },
            "body": body, "isBase64Encoded": false,
        })
    }
}

/// The function behind AppSync.
pub(super) struct AppSyncDoor;

impl AppSyncDoor {
    /// What is decided about a case that comes as a resolver's event.
    pub(super) async fn ask(ready: &Ready<'_>) -> &'static str {
        let caller = caller(ready);
        let standing =
            caller.authenticated.map(|member| if member { "authenticated" } else { "unauthenticated" });
        let asked = &ready.asked;
        let is_root = ["Query", "Mutation", "Subscription"].contains(&asked.of);
        let source = if is_root { Value::Null } else { asked.source().into() };
        let event = json!({
            "arguments": asked.args, "source": source,
            "info": { "fieldName": asked.field, "parentTypeName": asked.of },
            "identity": {
                "accountId": "123456789012", "cognitoIdentityPoolId": caller.identity_pool_id,
                "cognitoIdentityId": caller.identity_id, "sourceIp": ["203.0.113.1"], "username": "AROA:x",
                "userArn": caller.user_arn, "cognitoIdentityAuthType": standing, "cognitoIdentityAuthProvider": null,
            },
        });
        let app_sync = AppSync::new(ready.endpoint.resolvers().clone(), TrustedAppSync::new().iam());
        match app_sync.answer(&event).await {
            Ok(_) => "allow",
            Err(error) if error.kind() == "Unauthorized" => "deny",
            Err(_) => "error",
        }
    }
}

fn caller<'a>(ready: &'a Ready<'_>) -> &'a IamCaller {
    match &ready.asked.identity {
        Identity::Iam(caller) => caller,
        other => panic!("{other:?}"),
    }
}
