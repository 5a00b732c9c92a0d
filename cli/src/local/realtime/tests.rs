//! Over a real socket.

use std::{sync::Arc, time::Duration};

use axum::serve;
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use portcullis::{AuthenticateLayer, TokenUse, Verifier, testkit::TestIssuer};
use portcullis_data::{Functions, testkit};
use portcullis_resolvers::{GraphQl, Resolvers};
use portcullis_rules::{Authorizer, Claims, Identity, User, VerifiedBy};
use portcullis_schema::Schema;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::{MAX_CONNECTIONS, Realtime};

const SCHEMA: &str = r#"
    type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groupsField: "team" },
            { allow: groups, groups: ["admins"] }]) {
        title: String!
        owner: String
        stars: Int
        team: String
        secret: String @auth(rules: [{ allow: owner }])
    }
    type Post @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) { text: String }
    type Page @model @auth(rules: [{ allow: private, operations: [create, get, list] }]) { text: String }
"#;

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct House {
    issuer: TestIssuer,
    endpoint: GraphQl,
    realtime: Realtime,
    address: String,
}

impl House {
    async fn new() -> Self {
        Self::with(|realtime| realtime).await
    }

    async fn with(change: impl FnOnce(Realtime) -> Realtime) -> Self {
        let issuer = TestIssuer::cognito();
        let trusted = issuer.issuer().client_ids(["web"]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(trusted).clock(issuer.clock()).build().unwrap();
        let authenticate = AuthenticateLayer::new(verifier).api_keys(["public"]);
        let schema = Schema::parse(SCHEMA, "schema.graphql").unwrap();
        let table = testkit::table().await.unwrap();
        let resolvers = Resolvers::new(schema, table, Authorizer::new(), Functions::default()).unwrap();
        let endpoint = GraphQl::new(resolvers).unwrap();
        let realtime = Realtime::new(endpoint.clone(), authenticate);
        let realtime = change(Realtime { clock: Arc::new(issuer.clock()), ..realtime });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}/graphql/realtime", listener.local_addr().unwrap());
        let router = realtime.clone().router();
        tokio::spawn(async move { serve(listener, router).await });
        Self { issuer, endpoint, realtime, address }
    }

    fn token(&self, name: &str, groups: &[&str]) -> String {
        let token = self.issuer.access_token(name).claim("client_id", "web").claim("username", name);
        token.claim("cognito:groups", groups).sign()
    }

    /// A client that has been let in.
    async fn client(&self, name: &str, groups: &[&str]) -> Client {
        let authorization = json!({ "Authorization": self.token(name, groups), "host": "localhost" });
        let mut client = self.connect(&authorization).await;
        client.send(json!({ "type": "connection_init" })).await;
        let ack = json!({ "type": "connection_ack", "payload": { "connectionTimeoutMs": 300_000 } });
        assert_eq!(client.next().await, ack);
        client
    }

    async fn connect(&self, authorization: &Value) -> Client {
        let encoded = URL_SAFE_NO_PAD.encode(authorization.to_string());
        let protocols = format!("graphql-ws, header-{encoded}");
        Client::connect(&self.address, &protocols, authorization).await.unwrap()
    }

    /// What somebody writes.
    async fn write(&self, name: &str, query: &str, input: Value) -> Value {
        let claims = json!({ "sub": name, "username": name, "cognito:groups": ["admins"] });
        let claims = Claims::from(claims.as_object().unwrap().clone());
        let identity = Identity::from(User::user_pools(claims, VerifiedBy::Portcullis));
        let request = json!({ "query": query, "variables": { "input": input } });
        let answer = self.endpoint.answer(&identity, request.as_object().unwrap()).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer
    }

    async fn create(&self, name: &str, input: Value) {
        let query = "mutation M($input: CreateNoteInput!) { createNote(input: $input) {
            id title stars team owner secret createdAt updatedAt } }";
        self.write(name, query, input).await;
    }
}

pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    pub(crate) authorization: Value,
    /// Why the server has closed the connection.
    pub(crate) code: Option<u16>,
}

impl Client {
    pub(crate) async fn connect(
        address: &str,
        protocols: &str,
        authorization: &Value,
    ) -> Result<Self, Error> {
        let protocols = HeaderValue::from_str(protocols).unwrap();
        Self::connect_with(address, &[("sec-websocket-protocol", protocols)], authorization).await
    }

    pub(crate) async fn connect_with(
        address: &str,
        headers: &[(&'static str, HeaderValue)],
        authorization: &Value,
    ) -> Result<Self, Error> {
        let mut request = address.into_client_request().unwrap();
        let address = request.uri().authority().unwrap().as_str().parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.clone());
        }
        let socket = TcpSocket::new_v4().unwrap();
        // What a client does not read soon waits at the server.
        socket.set_recv_buffer_size(32 * 1024).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let (socket, response) = client_async(request, stream).await?;
        assert_eq!(response.headers().get("sec-websocket-protocol").unwrap(), "graphql-ws");
        Ok(Self { socket, authorization: authorization.clone(), code: None })
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message; `null` if the connection has ended.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("nothing was told in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ka" {
                        return message;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    self.code = frame.map(|frame| frame.code.into());
                    return Value::Null;
                }
                Some(Err(_)) | None => return Value::Null,
                Some(Ok(other)) => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn start(&mut self, id: &str, query: &str, variables: Value) -> Value {
        let data = json!({ "query": query, "variables": variables }).to_string();
        let payload = json!({ "data": data, "extensions": { "authorization": self.authorization } });
        self.send(json!({ "type": "start", "id": id, "payload": payload })).await;
        self.next().await
    }

    pub(crate) async fn listen(&mut self, id: &str, query: &str, variables: Value) {
        assert_eq!(self.start(id, query, variables).await, json!({ "type": "start_ack", "id": id }));
    }

    /// The next event of a subscription: its data.
    pub(crate) async fn told(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("data"), &json!(id)), "{message}");
        assert_eq!(message["payload"]["errors"], Value::Null, "{message}");
        message["payload"]["data"].clone()
    }
}

const CREATED: &str = "subscription S($filter: ModelSubscriptionNoteFilterInput, $owner: String) {
    onCreateNote(filter: $filter, owner: $owner) { title secret } }";

fn created(title: &str) -> Value {
    json!({ "onCreateNote": { "title": title, "secret": null } })
}

#[tokio::test]
async fn each_listener_is_told_of_what_they_may_read_and_have_asked_for() {
    let house = House::new().await;
    let (mut ann, mut bob, mut team) =
        (house.client("ann", &[]).await, house.client("bob", &[]).await, house.client("cyd", &["red"]).await);
    let mut all = house.client("adm", &["admins"]).await;
    ann.listen("a", CREATED, json!({})).await;
    bob.listen("b", CREATED, json!({ "owner": "bob" })).await;
    team.listen("t", CREATED, json!({ "owner": null })).await;
    all.listen("all", CREATED, json!({})).await;
    all.listen("many", CREATED, json!({ "filter": { "stars": { "ge": 3 } } })).await;
    house.create("ann", json!({ "title": "hers", "secret": "s" })).await;
    house.create("bob", json!({ "title": "his", "stars": 3 })).await;
    house.create("eve", json!({ "title": "theirs", "team": "red" })).await;
    house.create("ann", json!({ "title": "last" })).await;
    // What comes first would be another if more were told.
    for title in ["hers", "last"] {
        assert_eq!(ann.told("a").await, created(title));
    }
    assert_eq!(bob.told("b").await, created("his"));
    assert_eq!(team.told("t").await, created("theirs"));
    assert_eq!(all.told("all").await, created("hers"));
    assert_eq!(all.told("all").await, created("his"));
    assert_eq!(all.told("many").await, created("his"));
    assert_eq!(all.told("all").await, created("theirs"));
}

#[tokio::test]
async fn a_record_that_changes_hands_is_told_to_whom_it_belongs_then() {
    let house = House::new().await;
    let (mut ann, mut bob) = (house.client("ann", &[]).await, house.client("bob", &[]).await);
    let changed = "subscription { onUpdateNote { title owner } }";
    ann.listen("a", changed, json!({})).await;
    bob.listen("b", changed, json!({})).await;
    bob.listen("gone", "subscription { onDeleteNote { id } }", json!({})).await;
    house.create("ann", json!({ "id": "n1", "title": "one" })).await;
    let update = "mutation M($input: UpdateNoteInput!) { updateNote(input: $input) { id title owner } }";
    for (title, owner) in [("two", "ann"), ("three", "bob"), ("four", "ann")] {
        house.write("ann", update, json!({ "id": "n1", "title": title, "owner": owner })).await;
    }
    let event = |title: &str, owner: &str| json!({ "onUpdateNote": { "title": title, "owner": owner } });
    assert_eq!(bob.told("b").await, event("three", "bob"));
    assert_eq!(ann.told("a").await, event("two", "ann"));
    assert_eq!(ann.told("a").await, event("four", "ann"));
    let delete = "mutation M($input: DeleteNoteInput!) { deleteNote(input: $input) { id owner } }";
    house.write("ann", update, json!({ "id": "n1", "owner": "bob" })).await;
    house.write("bob", delete, json!({ "id": "n1" })).await;
    bob.told("b").await;
    assert_eq!(bob.told("gone").await, json!({ "onDeleteNote": { "id": "n1" } }));
}

#[tokio::test]
async fn what_the_mutation_did_not_ask_to_see_is_not_told() {
    let house = House::new().await;
    let mut all = house.client("adm", &["admins"]).await;
    let mut own = house.client("ann", &[]).await;
    let created = "subscription { made: onCreateNote { id name: title stars __typename } }";
    all.listen("a", created, json!({})).await;
    own.listen("o", created, json!({})).await;
    let write = async |fields: &str, id: &str| {
        let query =
            format!("mutation M($input: CreateNoteInput!) {{ x: createNote(input: $input) {{ {fields} }} }}");
        house.write("ann", &query, json!({ "id": id, "title": "t", "stars": 2 })).await
    };
    write("key: id words: title", "n1").await;
    let told = json!({ "made": { "id": "n1", "name": "t", "stars": null, "__typename": "Note" } });
    assert_eq!(all.told("a").await, told);
    // Without a title there is no note.
    write("id owner stars", "n2").await;
    let message = all.next().await;
    assert_eq!(message["payload"]["data"], json!({ "made": null }));
    assert_eq!(
        message["payload"]["errors"][0]["message"],
        "Cannot return null for non-nullable type: 'Note.title'"
    );
    // The first does not say whose it is, and is not told to the owner.
    let message = own.next().await;
    assert_eq!(message["payload"]["data"], json!({ "made": null }), "{message}");
    write("id title owner", "n3").await;
    assert_eq!(own.told("o").await["made"]["id"], "n3");
}

#[tokio::test]
async fn whoever_may_not_subscribe_is_told_so_and_the_connection_goes_on() {
    let house = House::new().await;
    let mut ann = house.client("ann", &[]).await;
    let key = json!({ "x-api-key": "public" });
    let (good, none) = (ann.authorization.clone(), json!({}));
    let forged = house.issuer.with_new_keys().access_token("ann").claim("client_id", "web").sign();
    let forged = json!({ "Authorization": forged });
    let wrong_key = json!({ "x-api-key": "other" });
    let notes = "subscription { onCreateNote { id } }";
    let table = [
        (&good, CREATED, json!({ "owner": "bob" }), "Unauthorized"),
        (&good, "subscription { onCreatePage { id } }", json!({}), "Unauthorized"),
        (&key, notes, json!({}), "Unauthorized"),
        (&none, notes, json!({}), "UnauthorizedException"),
        (&forged, notes, json!({}), "UnauthorizedException"),
        (&wrong_key, notes, json!({}), "UnauthorizedException"),
        (&json!({ "Authorization": "Bearer" }), notes, json!({}), "UnauthorizedException"),
        (&json!({ "Autho rization": "x" }), notes, json!({}), "UnauthorizedException"),
        (&good, "{ listNotes { items { id } } }", json!({}), "UnsupportedOperation"),
        (&good, "mutation { deleteNote(input: { id: \"x\" }) { id } }", json!({}), "UnsupportedOperation"),
        (&good, "subscription { onCreateNote { id } onUpdateNote { id } }", json!({}), "ValidationError"),
        (&good, "subscription { onNothing { id } }", json!({}), "ValidationError"),
        (&good, "subscription { __typename }", json!({}), "ValidationError"),
        (
            &good,
            "subscription S($s: Boolean = true) { onCreateNote @skip(if: $s) { id } }",
            json!({}),
            "ValidationError",
        ),
        (&good, CREATED, json!({ "filter": { "title": { "like": "x" } } }), "ValidationError"),
        (
            &good,
            CREATED,
            json!({ "filter": { "title": { "beginsWith": "x", "contains": "y" } } }),
            "BadRequest",
        ),
        (&good, CREATED, json!([]), "MalformedHttpRequestException"),
    ];
    for (authorization, query, variables, kind) in table {
        ann.authorization = authorization.clone();
        let answer = ann.start("s", query, variables.clone()).await;
        let error = &answer["payload"]["errors"][0];
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!("s")), "{query}");
        assert_eq!(error["errorType"], kind, "{query} {variables}: {answer}");
    }
    ann.authorization = key;
    ann.listen("public", "subscription { onCreatePost { id } }", json!({})).await;
    ann.authorization = good;
    ann.listen("own", CREATED, json!({})).await;
    assert_eq!(
        ann.start("own", CREATED, json!({})).await["payload"]["errors"][0]["errorType"],
        "BadRequestException"
    );
    house.create("ann", json!({ "title": "still here" })).await;
    assert_eq!(ann.told("own").await, created("still here"));
}

#[tokio::test]
async fn who_has_stopped_is_told_no_more() {
    let house = House::new().await;
    let mut ann = house.client("ann", &[]).await;
    ann.listen("one", CREATED, json!({})).await;
    ann.listen("other", CREATED, json!({})).await;
    ann.send(json!({ "type": "stop", "id": "one" })).await;
    assert_eq!(ann.next().await, json!({ "type": "complete", "id": "one" }));
    house.create("ann", json!({ "title": "t" })).await;
    assert_eq!(ann.told("other").await, created("t"));
    ann.send(json!({ "type": "stop", "id": "one" })).await;
    assert_eq!(ann.next().await["payload"]["errors"][0]["errorType"], "UnknownOperationError");
}

#[tokio::test]
async fn with_its_token_a_subscription_ends_and_tells_nothing_more() {
    let house = House::new().await;
    let mut ann = house.client("ann", &[]).await;
    ann.listen("a", CREATED, json!({})).await;
    // One that was asked for with an earlier token ends alone.
    let early = house.issuer.access_token("ann").claim("client_id", "web").claim("username", "ann");
    let later = std::mem::take(&mut ann.authorization);
    ann.authorization = json!({ "Authorization": early.claim("exp", TestIssuer::NOW + 100).sign() });
    ann.listen("early", CREATED, json!({})).await;
    ann.authorization = later;
    let expired = |id: &str| {
        let error = json!({ "errorType": "UnauthorizedException", "message": "Token expired." });
        json!({ "type": "error", "id": id, "payload": { "errors": [error] } })
    };
    house.issuer.clock().advance(Duration::from_secs(100));
    house.create("ann", json!({ "title": "one" })).await;
    assert_eq!(ann.next().await, expired("early"));
    assert_eq!(ann.told("a").await, created("one"));
    // Nobody need write for that.
    house.issuer.clock().advance(Duration::from_secs(3500));
    // What has come in and not been read does not keep the client from hearing it.
    for _ in 0..20 {
        ann.send(json!({ "type": "stop", "id": "none" })).await;
    }
    let mut message = ann.next().await;
    while message["payload"]["errors"][0]["errorType"] == "UnknownOperationError" {
        message = ann.next().await;
    }
    assert_eq!(message, expired("a"));
    assert_eq!((ann.next().await, ann.code), (Value::Null, Some(1008)));
}

#[tokio::test]
async fn who_connects_without_good_credentials_is_refused() {
    let house = House::new().await;
    let refused = |kind: &str| {
        let error = json!({ "errorType": kind, "errorCode": 401, "message": "You are not authorized to make this call." });
        json!({ "type": "connection_error", "payload": { "errors": [error] } })
    };
    house.issuer.clock().advance(Duration::from_secs(1));
    let expired = house.issuer.access_token("ann").claim("client_id", "web");
    let expired = expired.claim("exp", TestIssuer::NOW).sign();
    for authorization in [
        json!({}),
        json!([]),
        json!("text"),
        json!({ "Authorization": expired }),
        json!({ "x-api-key": "other" }),
        json!({ "Authorization": "none", "x-api-key": "public" }),
        json!({ "authorization": house.token("ann", &[]), "Authorization": house.token("bob", &[]) }),
    ] {
        let mut client = house.connect(&authorization).await;
        client.send(json!({ "type": "connection_init" })).await;
        assert_eq!(client.next().await, refused("UnauthorizedException"), "{authorization}");
        assert_eq!((client.next().await, client.code), (Value::Null, Some(1008)));
    }
    // As older clients do it: in the URL, with padding.
    let authorization = json!({ "Authorization": house.token("ann", &[]) });
    let encoded = STANDARD.encode(authorization.to_string()).replace('+', "%2B");
    let address = format!("{}?header={encoded}&payload=e30=", house.address);
    let mut client = Client::connect(&address, "graphql-ws", &authorization).await.unwrap();
    client.send(json!({ "type": "connection_init" })).await;
    assert_eq!(client.next().await["type"], "connection_ack");
    // Another protocol is none of ours.
    let other = Client::connect(&house.address, "graphql-transport-ws", &authorization).await;
    assert!(matches!(other.err(), Some(Error::Http(answer)) if answer.status() == 400));
}

#[tokio::test]
async fn a_hostile_client_is_refused_or_cut_off_and_others_go_on() {
    let house = House::new().await;
    let mut ann = house.client("ann", &[]).await;
    ann.listen("a", CREATED, json!({})).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for message in [
        Message::binary(vec![0; 10]),
        Message::text("not JSON"),
        Message::text("[]"),
        Message::text(r#"{"type": 5}"#),
        Message::text(deep),
        Message::text("x".repeat(1_000_000)),
    ] {
        let mut eve = house.client("eve", &[]).await;
        // The server may hang up before it has read all of it.
        let _ = eve.socket.send(message).await;
        let mut last = eve.next().await;
        if !last.is_null() {
            assert_eq!(last["payload"]["errors"][0]["errorType"], "BadRequestException");
            last = eve.next().await;
        }
        assert_eq!(last, Value::Null);
    }
    let mask = [0_u8; 4];
    for (frame, rest) in [
        // Not masked, of a reserved kind, compressed without having asked, a continuation of nothing.
        (vec![0x81, 0x02, b'{', b'}'], vec![]),
        (vec![0x83, 0x80], mask.to_vec()),
        (vec![0xC1, 0x80], mask.to_vec()),
        (vec![0x80, 0x80], mask.to_vec()),
        // No UTF-8.
        (vec![0x81, 0x82], vec![0, 0, 0, 0, 0xFF, 0xFE]),
        // Longer than any memory, and a ping longer than one may be.
        (vec![0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], mask.to_vec()),
        (vec![0x89, 0xFE, 0x04, 0x00], vec![0; 4 + 1024]),
    ] {
        let mut eve = house.client("eve", &[]).await;
        let bytes = [frame, rest].concat();
        eve.socket.get_ref().writable().await.unwrap();
        assert_eq!(eve.socket.get_ref().try_write(&bytes).unwrap(), bytes.len());
        assert_eq!(eve.next().await, Value::Null);
    }
    let mut eve = house.client("eve", &[]).await;
    eve.send(json!({ "type": "dance" })).await;
    assert_eq!(eve.next().await["payload"]["errors"][0]["errorType"], "UnsupportedOperation");
    for message in [
        json!({ "type": "start" }),
        json!({ "type": "start", "id": "" }),
        json!({ "type": "start", "id": "x".repeat(1000) }),
        json!({ "type": "start", "id": "x" }),
        json!({ "type": "start", "id": "x", "payload": { "data": "{" } }),
        json!({ "type": "start", "id": "x", "payload": { "data": "{", "extensions": { "authorization": eve.authorization } } }),
    ] {
        eve.send(message.clone()).await;
        let answer = eve.next().await;
        assert_eq!(answer["payload"]["errors"][0]["errorType"], "BadRequestException", "{message}");
    }
    for number in 0..100 {
        eve.listen(&number.to_string(), CREATED, json!({})).await;
    }
    let one_more = eve.start("100", CREATED, json!({})).await;
    assert_eq!(one_more["payload"]["errors"][0]["errorType"], "MaxSubscriptionsReachedError");
    house.create("ann", json!({ "title": "t" })).await;
    assert_eq!(ann.told("a").await, created("t"));
}

#[tokio::test]
async fn the_requests_of_a_connection_are_bounded_together() {
    let house = House::new().await;
    let mut eve = house.client("eve", &[]).await;
    let long = format!("{CREATED} # {}", "x".repeat(200_000));
    for id in ["1", "2", "3", "4", "5"] {
        eve.listen(id, &long, json!({})).await;
    }
    for _ in 0..2 {
        let answer = eve.start("6", &long, json!({})).await;
        assert_eq!(answer["payload"]["errors"][0]["errorType"], "LimitExceededError", "{answer}");
    }
    // A small one has room, and so has a large one in place of another.
    eve.listen("small", CREATED, json!({})).await;
    eve.send(json!({ "type": "stop", "id": "1" })).await;
    assert_eq!(eve.next().await["type"], "complete");
    eve.listen("6", &long, json!({})).await;
    // What one connection has counts for no other.
    house.client("eve", &[]).await.listen("1", &long, json!({})).await;
}

#[tokio::test]
async fn a_change_that_is_too_large_for_appsync_is_not_told_and_the_next_one_is() {
    let house = House::new().await;
    let mut ann = house.client("ann", &[]).await;
    ann.listen("a", CREATED, json!({})).await;
    ann.listen("few", "subscription { onCreateNote { stars } }", json!({})).await;
    house.create("ann", json!({ "title": "t".repeat(240 * 1024), "stars": 7 })).await;
    assert_eq!(ann.told("few").await, json!({ "onCreateNote": { "stars": 7 } }));
    let title = "t".repeat(240 * 1024 - 200);
    house.create("ann", json!({ "title": title })).await;
    assert_eq!(ann.told("a").await, created(&title));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_no_writer_waits_for_it() {
    let house = House::with(|mut realtime| {
        realtime.times.send = Duration::from_secs(2);
        realtime
    })
    .await;
    let mut idle = house.client("ann", &[]).await;
    idle.listen("a", CREATED, json!({})).await;
    let mut awake = house.client("bob", &[]).await;
    awake.listen("b", CREATED, json!({})).await;
    let title = "t".repeat(200_000);
    for _ in 0..90 {
        house.create("ann", json!({ "title": title })).await;
    }
    house.create("bob", json!({ "title": "t" })).await;
    assert_eq!(awake.told("b").await, created("t"));
    let one_left = async {
        while house.realtime.connections.available_permits() != MAX_CONNECTIONS - 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, one_left).await.expect("the client is still there");
}

#[tokio::test]
async fn connections_are_counted_and_one_without_subscriptions_ends() {
    let house = House::with(|mut realtime| {
        realtime.connections = Arc::new(tokio::sync::Semaphore::new(1));
        // Longer than a busy machine takes to subscribe.
        realtime.times.idle = Duration::from_secs(8);
        realtime
    })
    .await;
    let mut ann = house.client("ann", &[]).await;
    let authorization = ann.authorization.clone();
    let encoded = format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(authorization.to_string()));
    ann.listen("a", CREATED, json!({})).await;
    let second = Client::connect(&house.address, &encoded, &authorization).await;
    assert!(matches!(second.err(), Some(Error::Http(answer)) if answer.status() == 503));
    ann.send(json!({ "type": "stop", "id": "a" })).await;
    assert_eq!(ann.next().await["type"], "complete");
    assert_eq!(ann.next().await, Value::Null);
}

#[tokio::test]
async fn pages_of_this_machine_may_connect_and_no_other_ones() {
    let house = House::new().await;
    let authorization = json!({ "Authorization": house.token("ann", &[]) });
    let encoded = URL_SAFE_NO_PAD.encode(authorization.to_string());
    let protocols = HeaderValue::from_str(&format!("graphql-ws, header-{encoded}")).unwrap();
    for (name, value, welcome) in [
        ("origin", "http://localhost:5173", true),
        ("host", "localhost:3000", true),
        ("origin", "https://example.com", false),
        ("origin", "null", false),
        ("host", "rebound.example.com", false),
    ] {
        let headers =
            [("sec-websocket-protocol", protocols.clone()), (name, HeaderValue::from_static(value))];
        match Client::connect_with(&house.address, &headers, &authorization).await {
            Ok(mut client) => {
                client.send(json!({ "type": "connection_init" })).await;
                assert_eq!(client.next().await["type"], "connection_ack");
                assert!(welcome, "{name}: {value}");
            }
            Err(Error::Http(answer)) => assert!(answer.status() == 403 && !welcome, "{name}: {value}"),
            Err(error) => panic!("{error}"),
        }
    }
}
