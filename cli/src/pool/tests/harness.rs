//! A pool in memory with a clock that stands still, an outbox and, where wanted, fake triggers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use portcullis_data::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::pool::{
    Courier, Inner, Message, Pool, PoolConfig, PoolStorage, Random, RandomError, SystemRandom, Trigger,
    TriggerFailure, TriggerFuture, Triggers,
    error::ServiceError,
    srp::{PasswordClaim, Verifier, client::Client, short_name},
    users::User,
};

pub(super) const CODE: &str = "123456";
pub(super) const WRONG_CODE: &str = "654321";
pub(super) const EMAIL: &str = "alice@example.com";
pub(super) const PASSWORD: &str = "Correct-horse-1";
pub(super) const OTHER_PASSWORD: &str = "Battery-staple-2";
pub(super) const WRONG_PASSWORD: &str = "Wrong-horse-9";

pub(super) struct ManualClock(Mutex<Timestamp>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Default)]
pub(super) struct Outbox(Mutex<Vec<Message>>);

impl Courier for Outbox {
    fn deliver(&self, message: &Message) {
        self.0.lock().unwrap().push(message.clone());
    }
}

/// Something that happens in the middle of an operation.
type Event = Box<dyn FnOnce() + Send>;

/// Randomness that, when it is asked for, lets something happen first.
#[derive(Default)]
struct InterruptedRandom(Mutex<Vec<Option<Event>>>);

impl Random for InterruptedRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let event = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().flatten();
        if let Some(event) = event {
            event();
        }
        SystemRandom.fill(bytes)
    }
}

pub(super) struct TestPool {
    pub(super) pool: Pool,
    router: Router,
    clock: Arc<ManualClock>,
    outbox: Arc<Outbox>,
    random: Arc<InterruptedRandom>,
}

impl TestPool {
    pub(super) fn new() -> Self {
        Self::open(PoolStorage::Memory, Some(CODE))
    }

    pub(super) fn open(storage: PoolStorage, code: Option<&str>) -> Self {
        Self::configured(storage, code, |_| {})
    }

    /// Opens a pool after a last change of its configuration.
    pub(super) fn configured(
        storage: PoolStorage,
        code: Option<&str>,
        change: impl FnOnce(&mut PoolConfig),
    ) -> Self {
        let clock = Arc::new(ManualClock(Mutex::new(Timestamp::from_second(1_800_000_000).unwrap())));
        let outbox = Arc::new(Outbox::default());
        let mut config = PoolConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 9229)), storage);
        config.code = code.map(str::to_owned);
        config.groups = vec!["editors".to_owned()];
        // Longer than a busy machine takes for a trigger that answers.
        config.trigger_timeout = Duration::from_secs(5);
        config.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let random = Arc::new(InterruptedRandom::default());
        config.random = Arc::clone(&random) as Arc<dyn Random>;
        change(&mut config);
        let courier = Arc::clone(&outbox) as Arc<dyn Courier>;
        let pool = Pool::open(config, |_client_id| courier).unwrap();
        Self { router: pool.router(), pool, clock, outbox, random }
    }

    /// Lets something happen in the middle of the next operation: when it asks for randomness after so many times before.
    pub(super) fn interrupt(&self, after: usize, event: impl FnOnce() + Send + 'static) {
        let mut events: Vec<Option<Event>> = vec![Some(Box::new(event))];
        events.extend((0..after).map(|_| None));
        *self.random.0.lock().unwrap() = events;
    }

    /// Whether what was to happen has happened.
    pub(super) fn was_interrupted(&self) -> bool {
        self.random.0.lock().unwrap().is_empty()
    }

    /// Changes a user in the database, whatever operation is running: to be called from a trigger or an interruption.
    pub(super) fn changes_user(
        &self,
        sub: &str,
        change: impl Fn(&mut User, &Inner) + Send + Sync + 'static,
    ) -> impl Fn() + Send + Sync + 'static {
        let (inner, sub) = (Arc::downgrade(&self.pool.inner), sub.to_owned());
        move || {
            let inner = inner.upgrade().unwrap();
            inner
                .store
                .write(|tx| {
                    let mut user = User::find(tx, &sub)?.unwrap();
                    change(&mut user, &inner);
                    user.update(tx, inner.clock.now())?;
                    Ok::<_, ServiceError>(())
                })
                .unwrap();
        }
    }

    pub(super) fn advance(&self, duration: SignedDuration) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.checked_add(duration).unwrap();
    }

    pub(super) fn sent(&self) -> Vec<Message> {
        std::mem::take(&mut self.outbox.0.lock().unwrap())
    }

    pub(super) async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let (status, headers, body) = self.send_for_text(request).await;
        (status, headers, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    pub(super) async fn send_for_text(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A request with the pool's ids where the operation has such members and the body does not say otherwise.
    pub(super) fn request(&self, operation: &str, mut body: Value) -> Request<Body> {
        let members = crate::pool::operations::Operation::named(operation).unwrap().members;
        for (member, value) in [("UserPoolId", self.pool.id()), ("ClientId", self.pool.client_id())] {
            if members.contains(&member) && body.get(member).is_none() {
                body[member] = json!(value);
            }
        }
        raw_request(operation, body.to_string())
    }

    pub(super) async fn call(&self, operation: &str, body: Value) -> (StatusCode, Value) {
        let (status, _, body) = self.send(self.request(operation, body)).await;
        (status, body)
    }

    pub(super) async fn ok(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(operation, body).await;
        assert_eq!(status, StatusCode::OK, "{operation}: {answer}");
        answer
    }

    /// The name and the message of the exception.
    pub(super) async fn fails(&self, operation: &str, body: Value) -> (String, String) {
        let (status, answer) = self.call(operation, body.clone()).await;
        assert!(status.is_client_error(), "{operation} {body}: {status} {answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("__type"), text("message"))
    }

    /// Asserts the exception, and the message when one is given.
    pub(super) async fn refuses(&self, operation: &str, body: Value, exception: &str, message: &str) {
        let (name, text) = self.fails(operation, body.clone()).await;
        assert_eq!(name, exception, "{operation} {body}: {text}");
        assert!(message.is_empty() || text == message, "{operation} {body}: {text}");
    }

    pub(super) async fn sign_up(&self, email: &str) -> String {
        let answer = self.ok("SignUp", json!({ "Username": email, "Password": PASSWORD })).await;
        answer["UserSub"].as_str().unwrap().to_owned()
    }

    /// A confirmed user; gives the `sub`.
    pub(super) async fn confirmed(&self, email: &str) -> String {
        let sub = self.sign_up(email).await;
        self.ok("ConfirmSignUp", json!({ "Username": email, "ConfirmationCode": CODE })).await;
        sub
    }

    /// An event of this client's, as Cognito sends it.
    pub(super) fn event(
        &self,
        version: &str,
        source: &str,
        username: &str,
        request: Value,
        response: Value,
    ) -> Value {
        json!({
            "version": version,
            "triggerSource": source,
            "region": "us-east-1",
            "userPoolId": self.pool.id(),
            "userName": username,
            "callerContext":
                { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": self.pool.client_id() },
            "request": request,
            "response": response,
        })
    }

    pub(super) fn by_password(name: &str, password: &str) -> Value {
        json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": name, "PASSWORD": password } })
    }

    /// The tokens of a sign-in by password.
    pub(super) async fn sign_in(&self, name: &str, password: &str) -> Value {
        self.ok("InitiateAuth", Self::by_password(name, password)).await["AuthenticationResult"].clone()
    }

    /// A confirmed user's access token.
    pub(super) async fn access_token(&self, email: &str) -> Value {
        self.confirmed(email).await;
        self.sign_in(email, PASSWORD).await["AccessToken"].clone()
    }

    /// A sign-in by SRP up to the answer to its challenge.
    pub(super) async fn srp_answer(&self, name: &str, password: &str) -> Value {
        let client = Client::new(7);
        let flow = json!({
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": { "USERNAME": name, "SRP_A": client.srp_a() },
        });
        let challenge = self.ok("InitiateAuth", flow).await;
        self.answer_to_srp(&client, &challenge, password)
    }

    /// The answer to an SRP challenge, as a client computes it.
    pub(super) fn answer_to_srp(&self, client: &Client, challenge: &Value, password: &str) -> Value {
        assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
        let parameter = |name: &str| challenge["ChallengeParameters"][name].as_str().unwrap();
        let secret_block = STANDARD.decode(parameter("SECRET_BLOCK")).unwrap();
        let timestamp = "Mon Nov 23 2:03:04 UTC 2026";
        let claim = PasswordClaim {
            pool: short_name(self.pool.id()),
            user_id: parameter("USER_ID_FOR_SRP"),
            secret_block: &secret_block,
            timestamp,
            signature: &[],
        };
        let signature = client.sign(password, parameter("SALT"), parameter("SRP_B"), &claim);
        json!({
            "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeResponses": {
                "USERNAME": parameter("USERNAME"),
                "PASSWORD_CLAIM_SECRET_BLOCK": parameter("SECRET_BLOCK"),
                "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(signature),
                "TIMESTAMP": timestamp,
            },
        })
    }
}

/// Gives the user this password.
pub(super) fn choose_password(user: &mut User, inner: &Inner, password: &str) {
    user.verifier = Verifier::make(&SystemRandom, &inner.settings.short_name, &user.sub, password).unwrap();
}

pub(super) fn raw_request(operation: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/")
        .header("host", "127.0.0.1:9229")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
        .body(body.into())
        .unwrap()
}

/// The claims of a token, without checking it.
pub(super) fn claims(token: &Value) -> Value {
    part(token, 1)
}

pub(super) fn part(token: &Value, at: usize) -> Value {
    let part = token.as_str().unwrap().split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The value of an attribute in an answer's list.
pub(super) fn attribute(list: &Value, name: &str) -> Value {
    let pair = list.as_array().unwrap().iter().find(|pair| pair["Name"] == name);
    pair.map_or(Value::Null, |pair| pair["Value"].clone())
}

type Answer = dyn Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync;

/// Triggers that note their events and answer as they are told.
pub(super) struct FakeTriggers {
    attached: &'static [Trigger],
    events: Mutex<Vec<Value>>,
    answer: Box<Answer>,
}

impl FakeTriggers {
    /// The three that most pools have.
    pub(super) fn attach(
        pool: &TestPool,
        answer: impl Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let usual = &[Trigger::PreSignUp, Trigger::PostConfirmation, Trigger::PreTokenGeneration];
        Self::attach_these(pool, usual, answer)
    }

    pub(super) fn attach_these(
        pool: &TestPool,
        attached: &'static [Trigger],
        answer: impl Fn(Trigger, Value) -> Result<Value, TriggerFailure> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let triggers = Arc::new(Self { attached, events: Mutex::default(), answer: Box::new(answer) });
        pool.pool.set_triggers(Arc::clone(&triggers) as Arc<dyn Triggers>);
        triggers
    }

    pub(super) fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// The sources of the events since the last look.
    pub(super) fn sources(&self) -> Vec<String> {
        self.events().iter().map(|event| event["triggerSource"].as_str().unwrap().to_owned()).collect()
    }
}

impl Triggers for FakeTriggers {
    fn is_attached(&self, trigger: Trigger) -> bool {
        self.attached.contains(&trigger)
    }

    fn invoke(&self, trigger: Trigger, event: Value) -> TriggerFuture {
        self.events.lock().unwrap().push(event.clone());
        let answer = (self.answer)(trigger, event);
        Box::pin(async move { answer })
    }
}
