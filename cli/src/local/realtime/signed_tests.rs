//! Subscriptions that are signed with credentials of an identity pool, over a real socket.

use std::sync::Arc;

use axum::serve;
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use portcullis::{AuthenticateLayer, SigV4Verifier, TokenUse, Verifier, testkit::TestIssuer};
use portcullis_data::{Clock, Functions, testkit};
use portcullis_resolvers::{GraphQl, Resolvers};
use portcullis_rules::{Authorizer, Identity, IdentityPool};
use portcullis_schema::Schema;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::{Realtime, Signatures, tests::Client};
use crate::{
    identity_pool::{
        SharedClock,
        testing::{Running, Sessionless, TEMPLATE},
    },
    local::{gateway::GRAPHQL, identity::LocalIdentities, policies::Policies},
    template::stack::REGION,
};

const SCHEMA: &str = "
    type Notice @model @auth(rules: [
        { allow: private, provider: identityPool }, { allow: public, provider: identityPool, operations: [read] }
    ]) { text: String }
    type Minute @model @auth(rules: [{ allow: private, provider: identityPool }]) { text: String }
";

const POLICIES: &str = r"
  GraphQlApi: { Type: AWS::AppSync::GraphQLApi }
  Fields:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: fields
      Roles: [!Ref AuthenticatedRole, !Ref GuestRole]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - { Effect: Allow, Action: appsync:GraphQL, Resource: !Sub 'arn:aws:appsync:*:*:apis/${GraphQlApi}/types/Subscription/fields/onCreate*' }
";

const CREATED: &str = "subscription { onCreateNotice { text } }";

struct House {
    running: Running,
    endpoint: GraphQl,
    host: String,
}

impl House {
    async fn new() -> Self {
        Self::taking_signatures_at(Some("GraphQlApi")).await
    }

    async fn taking_signatures_at(graphql_api: Option<&str>) -> Self {
        Self::checking(graphql_api, Signatures::of).await
    }

    async fn checking(
        graphql_api: Option<&str>,
        signatures: impl FnOnce(&LocalIdentities) -> Signatures,
    ) -> Self {
        let running = Running::try_start(&format!("{TEMPLATE}{POLICIES}"), true, &[]).unwrap();
        let role = |name: &str| format!("arn:aws:iam::000000000000:role/{name}");
        let pool = IdentityPool::new().id(running.identities.id());
        let pool = pool.authenticated_role(role("AuthenticatedRole")).guest_role(role("GuestRole"));
        let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
        let table = testkit::table().await.unwrap();
        let authorizer = Authorizer::new().identity_pool(pool);
        let endpoint =
            GraphQl::new(Resolvers::new(schema, table, authorizer, Functions::default()).unwrap()).unwrap();

        let issuer = TestIssuer::cognito();
        let trusted = issuer.issuer().client_ids(["web"]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(trusted).build().unwrap();
        let identities = LocalIdentities {
            pool: running.identities.clone(),
            roles: Arc::clone(&running.roles),
            clock: Arc::clone(&running.clock) as Arc<dyn Clock>,
            rest_api: None,
            graphql_api: graphql_api.map(str::to_owned),
            bucket: None,
        };
        let realtime = Realtime::new(endpoint.clone(), AuthenticateLayer::new(verifier).signed_requests());
        let clock = Arc::new(SharedClock(Arc::clone(&identities.clock)));
        let realtime = Realtime { clock, ..realtime.signatures(signatures(&identities)) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { serve(listener, realtime.router()).await });
        Self { running, endpoint, host }
    }

    async fn guest(&self) -> Value {
        self.running.guest().await
    }

    async fn member(&self) -> Value {
        self.running.member("ada", &[]).await
    }

    /// The headers of a `POST` of this body that is signed, as Amplify signs it.
    fn sign(&self, credentials: &Value, path: &str, body: &str) -> Value {
        self.sign_for(credentials, GRAPHQL, &self.host, path, body)
    }

    fn sign_for(&self, credentials: &Value, service: &str, host: &str, path: &str, body: &str) -> Value {
        let request = Request::post(path)
            .header("accept", "application/json, text/javascript")
            .header("content-encoding", "amz-1.0")
            .header("content-type", "application/json; charset=UTF-8")
            .header("host", host)
            .body(body.to_owned())
            .unwrap();
        let signed = self.running.sign(credentials, service, request);
        let headers = signed.headers().iter();
        headers.map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect()
    }

    async fn connect(&self, authorization: &Value) -> Client {
        let encoded = URL_SAFE_NO_PAD.encode(authorization.to_string());
        let protocols = format!("graphql-ws, header-{encoded}");
        let address = format!("ws://{}/graphql/realtime", self.host);
        let mut client = Client::connect(&address, &protocols, &Value::Null).await.unwrap();
        client.send(json!({ "type": "connection_init" })).await;
        client
    }

    /// A client that has been let in.
    async fn client(&self, credentials: &Value) -> Client {
        let mut client = self.connect(&self.sign(credentials, "/graphql/connect", "{}")).await;
        assert_eq!(client.next().await["type"], "connection_ack");
        client
    }

    /// What the answer to a `start` is that is signed with these credentials.
    async fn start(&self, client: &mut Client, credentials: &Value, id: &str, query: &str) -> Value {
        client.authorization = self.sign(credentials, "/graphql", &data(query));
        client.authorization["x-amz-user-agent"] = json!("aws-amplify/6");
        client.start(id, query, json!({})).await
    }

    async fn listen(&self, client: &mut Client, credentials: &Value, id: &str) {
        let answer = self.start(client, credentials, id, CREATED).await;
        assert_eq!(answer, json!({ "type": "start_ack", "id": id }));
    }

    async fn write(&self, credentials: &Value, text: &str) {
        let caller = self.running.caller(credentials).await.unwrap();
        let query = "mutation M($text: String) { createNotice(input: { text: $text }) { text } }";
        let request = json!({ "query": query, "variables": { "text": text } });
        let answer = self.endpoint.answer(&Identity::Iam(caller), request.as_object().unwrap()).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
    }
}

/// As `Client::start` sends it.
fn data(query: &str) -> String {
    json!({ "query": query, "variables": {} }).to_string()
}

fn created(text: &str) -> Value {
    json!({ "onCreateNotice": { "text": text } })
}

fn error(answer: &Value) -> (&str, &str) {
    let error = &answer["payload"]["errors"][0];
    (error["errorType"].as_str().unwrap_or_default(), error["message"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn members_and_guests_are_told_of_what_the_rules_let_through() {
    let house = House::new().await;
    let (member, guest) = (house.member().await, house.guest().await);
    let (mut ada, mut eve) = (house.client(&member).await, house.client(&guest).await);
    house.listen(&mut ada, &member, "a").await;
    house.listen(&mut eve, &guest, "e").await;
    let minutes = "subscription { onCreateMinute { text } }";
    assert_eq!(house.start(&mut ada, &member, "m", minutes).await["type"], "start_ack");
    let refused = house.start(&mut eve, &guest, "m", minutes).await;
    assert_eq!(
        error(&refused),
        ("Unauthorized", "Not Authorized to access onCreateMinute on type Subscription")
    );
    // Whoever has connected may subscribe as somebody else.
    house.listen(&mut eve, &member, "as member").await;
    house.write(&member, "one").await;
    assert_eq!(ada.told("a").await, created("one"));
    assert_eq!(eve.told("as member").await, created("one"));
    assert_eq!(eve.told("e").await, created("one"));
}

#[tokio::test]
async fn a_subscription_that_was_signed_otherwise_is_refused_and_the_connection_goes_on() {
    let house = House::new().await;
    let (member, guest) = (house.member().await, house.guest().await);
    let mut client = house.client(&guest).await;
    let with = |name: &str, value: &Value| {
        let mut other = guest.clone();
        other[name] = value.clone();
        other
    };
    let body = data(CREATED);
    let mut late = house.sign(&guest, "/graphql", &body);
    late["x-amz-date"] = json!("20200101T000000Z");
    let mut cut = house.sign(&guest, "/graphql", &body);
    cut.as_object_mut().unwrap().remove("x-amz-security-token");
    let mut more = house.sign(&guest, "/graphql", &body);
    more["x-amz-target"] = json!("a.b");
    let mismatch = "The request signature we calculated does not match";
    for (authorization, kind, text) in [
        (house.sign(&with("SecretKey", &json!("x")), "/graphql", &body), "BadRequestException", mismatch),
        (house.sign(&guest, "/graphql/connect", &body), "BadRequestException", mismatch),
        (house.sign(&guest, "/graphql", "{}"), "BadRequestException", mismatch),
        (
            house.sign(&guest, "/graphql", &data("subscription { onCreateNotice { id } }")),
            "BadRequestException",
            mismatch,
        ),
        (house.sign_for(&guest, GRAPHQL, "localhost:1", "/graphql", &body), "BadRequestException", mismatch),
        (
            house.sign_for(&guest, "execute-api", &house.host, "/graphql", &body),
            "BadRequestException",
            "Credential should be scoped to correct service.",
        ),
        (late, "BadRequestException", "Date in Credential scope does not match"),
        (more, "BadRequestException", "There were headers present in the request which were not signed."),
        (cut, "UnrecognizedClientException", "The security token included in the request is invalid."),
        (
            house.sign(&with("SessionToken", &member["SessionToken"]), "/graphql", &body),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    ] {
        client.authorization = authorization.clone();
        let answer = client.start("s", CREATED, json!({})).await;
        let (told, message) = error(&answer);
        assert_eq!((&answer["type"], told), (&json!("error"), kind), "{authorization}: {answer}");
        assert!(message.starts_with(text), "{answer}");
    }
    // The policies are asked before the rules.
    let refused = house.start(&mut client, &guest, "s", "subscription { onDeleteNotice { text } }").await;
    assert_eq!(error(&refused), ("UnauthorizedException", "Permission denied"));
    house.listen(&mut client, &guest, "s").await;
    house.write(&member, "still here").await;
    assert_eq!(client.told("s").await, created("still here"));
}

#[tokio::test]
async fn who_connects_with_a_signature_that_is_not_good_is_refused() {
    let house = House::new().await;
    let guest = house.guest().await;
    let mut forged = guest.clone();
    forged["SecretKey"] = json!("x");
    let mut unknown = guest.clone();
    unknown["AccessKeyId"] = json!("ASIAAAAAAAAAAAAAAAAA");
    let early = house.sign(&guest, "/graphql/connect", "{}");
    let table = [
        (house.sign(&forged, "/graphql/connect", "{}"), "BadRequestException", 400),
        (house.sign(&guest, "/graphql", "{}"), "BadRequestException", 400),
        (house.sign(&guest, "/graphql/connect", ""), "BadRequestException", 400),
        (house.sign_for(&guest, GRAPHQL, "127.0.0.1", "/graphql/connect", "{}"), "BadRequestException", 400),
        (house.sign(&unknown, "/graphql/connect", "{}"), "UnrecognizedClientException", 403),
    ];
    let refused = async |authorization: &Value, kind: &str, code: u16| {
        let mut client = house.connect(authorization).await;
        let answer = client.next().await;
        assert_eq!((&answer["type"], error(&answer).0), (&json!("connection_error"), kind), "{answer}");
        assert_eq!(answer["payload"]["errors"][0]["errorCode"], code, "{answer}");
        assert_eq!((client.next().await, client.code), (Value::Null, Some(1008)));
    };
    for (authorization, kind, code) in &table {
        refused(authorization, kind, *code).await;
    }
    house.running.advance(301);
    refused(&early, "BadRequestException", 400).await;
    house.client(&guest).await;
    house.running.advance(3600);
    refused(&house.sign(&guest, "/graphql/connect", "{}"), "ExpiredTokenException", 403).await;
}

#[tokio::test]
async fn with_its_credentials_a_subscription_ends_and_tells_nothing_more() {
    let house = House::new().await;
    let (member, early) = (house.member().await, house.guest().await);
    house.running.advance(1000);
    let later = house.guest().await;
    let mut client = house.client(&later).await;
    house.listen(&mut client, &early, "early").await;
    house.listen(&mut client, &later, "later").await;
    house.write(&member, "one").await;
    assert_eq!(client.told("early").await, created("one"));
    assert_eq!(client.told("later").await, created("one"));
    house.running.advance(2600);
    let expired = |id: &str| {
        let error = json!({ "errorType": "UnauthorizedException", "message": "Token expired." });
        json!({ "type": "error", "id": id, "payload": { "errors": [error] } })
    };
    assert_eq!(client.next().await, expired("early"));
    house.running.advance(1000);
    assert_eq!(client.next().await, expired("later"));
    assert_eq!((client.next().await, client.code), (Value::Null, Some(1008)));
}

#[tokio::test]
async fn an_api_that_takes_no_signatures_takes_none_for_subscriptions_either() {
    let house = House::taking_signatures_at(None).await;
    let member = house.member().await;
    let mut client = house.connect(&house.sign(&member, "/graphql/connect", "{}")).await;
    assert_eq!(error(&client.next().await).0, "UnauthorizedException");
}

#[tokio::test]
async fn who_has_signed_without_a_session_may_not_even_connect() {
    let house = House::checking(Some("GraphQlApi"), |identities| {
        let clock = SharedClock(Arc::clone(&identities.clock));
        let verifier = SigV4Verifier::builder(Arc::new(Sessionless), REGION, GRAPHQL).clock(clock).build();
        Signatures::new(verifier, Policies::of(identities))
    });
    let house = house.await;
    let mut guest = house.guest().await;
    guest["SecretKey"] = json!(Sessionless::SECRET);
    let mut client = house.connect(&house.sign(&guest, "/graphql/connect", "{}")).await;
    assert_eq!(error(&client.next().await).0, "UnauthorizedException");
}

#[tokio::test]
async fn older_clients_and_other_ones_sign_in_the_address() {
    let house = House::new().await;
    let (member, guest) = (house.member().await, house.guest().await);
    let connect = async |credentials: &Value| {
        let headers = house.sign(credentials, "/graphql/connect", "{}");
        // Names of headers are the same in any case, and not all clients write them alike.
        let headers: Map<String, Value> = headers
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (capitalized(name), value.clone()))
            .collect();
        let encoded = STANDARD.encode(Value::Object(headers).to_string()).replace('+', "%2B");
        let address = format!("ws://{}/graphql/realtime?header={encoded}&payload=e30=", house.host);
        let mut client = Client::connect(&address, "graphql-ws", &Value::Null).await.unwrap();
        client.send(json!({ "type": "connection_init" })).await;
        client
    };
    let mut client = connect(&guest).await;
    assert_eq!(client.next().await["type"], "connection_ack");
    house.listen(&mut client, &guest, "s").await;
    house.write(&member, "one").await;
    assert_eq!(client.told("s").await, created("one"));
    let mut forged = guest.clone();
    forged["SecretKey"] = json!("x");
    let refused = connect(&forged).await.next().await;
    assert_eq!((&refused["type"], error(&refused).0), (&json!("connection_error"), "BadRequestException"));
}

/// `X-Amz-Date`
fn capitalized(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    words.collect::<Vec<_>>().join("-")
}
