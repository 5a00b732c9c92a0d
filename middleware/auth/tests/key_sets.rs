//! Key sets behind a real HTTP server: fetched seldom, rotated, withdrawn, and gone.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use portcullis::{
    AuthenticateError, HttpFetch, Issuer, JwkSet, KeyPolicy, Rejection, TokenUse, Verifier, rules::Identity,
    testkit::TestIssuer,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

const KEYS: &str = "/pool/.well-known/jwks.json";
const METADATA: &str = "/pool/.well-known/openid-configuration";

type Answer = Arc<dyn Fn() -> Response + Send + Sync>;

/// An issuer's web server: what it answers can be changed, and each request is counted.
#[derive(Clone)]
struct Server {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
    /// A request needs a permit to be answered.
    gate: Arc<Semaphore>,
    url: String,
}

impl Server {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            answers: Arc::default(),
            requests: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            url: format!("http://{}/pool", listener.local_addr().unwrap()),
        };
        let router = Router::new().fallback(respond).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    fn answer(&self, path: &str, answer: impl Fn() -> Response + Send + Sync + 'static) {
        self.answers.lock().unwrap().insert(path.to_owned(), Arc::new(answer));
    }

    fn publish(&self, path: &str, document: Value) {
        self.answer(path, move || document.to_string().into_response());
    }

    fn break_down(&self) {
        self.answer(KEYS, || StatusCode::SERVICE_UNAVAILABLE.into_response());
    }

    fn fetches(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn respond(State(server): State<Server>, uri: Uri) -> Response {
    server.requests.lock().unwrap().push(uri.to_string());
    server.gate.acquire().await.unwrap().forget();
    let answer = server.answers.lock().unwrap().get(uri.path()).cloned();
    answer.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |answer| answer())
}

async fn pool() -> (Server, TestIssuer, Verifier) {
    let server = Server::start().await;
    let pool = TestIssuer::at(server.url.clone());
    server.publish(KEYS, pool.jwk_set_json());
    let verifier = verifier(&pool, Issuer::cognito_at(pool.url()));
    (server, pool, verifier)
}

fn verifier(pool: &TestIssuer, issuer: Issuer) -> Verifier {
    let issuer = issuer.insecure_any_client().insecure_any_audience().insecure_any_token_use();
    Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap()
}

/// A token that outlives every clock in here.
fn token(pool: &TestIssuer) -> String {
    pool.access_token("ada").claim("exp", 4_000_000_000_u64).sign()
}

fn token_of_key(pool: &TestIssuer, kid: &str) -> String {
    pool.access_token("ada").claim("exp", 4_000_000_000_u64).header("kid", kid).sign()
}

fn sub(identity: &Result<Identity, AuthenticateError>) -> Option<&str> {
    identity.as_ref().ok().and_then(Identity::sub)
}

const UNKNOWN_KEY: Result<Identity, AuthenticateError> =
    Err(AuthenticateError::Rejected(Rejection::UnknownKey));

fn unavailable(seconds: u64) -> Result<Identity, AuthenticateError> {
    Err(AuthenticateError::KeysUnavailable { retry_after: Duration::from_secs(seconds) })
}

async fn until(what: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(5), async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn however_many_wait_the_keys_are_fetched_once() {
    let (server, pool, verifier) = pool().await;
    let token = token(&pool);
    assert!(verifier.authenticate_now(&token).is_none());
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (verifier, token) = (verifier.clone(), token.clone());
        waiting.spawn(async move { verifier.authenticate(&token).await });
    }
    assert!(waiting.join_all().await.iter().all(|identity| sub(identity) == Some("ada")));
    assert_eq!(sub(&verifier.authenticate_now(&token).unwrap()), Some("ada"));
    assert_eq!(server.fetches(), 1);
}

#[tokio::test]
async fn keys_that_are_given_are_not_fetched() {
    let (server, pool, _) = pool().await;
    let only = verifier(&pool, Issuer::cognito_at(pool.url()).keys(pool.jwk_set()));
    let initial = verifier(&pool, Issuer::cognito_at(pool.url()).initial_keys(pool.jwk_set()));
    for verifier in [&only, &initial] {
        assert_eq!(sub(&verifier.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
    }
    assert_eq!(only.authenticate(&token_of_key(&pool, "other")).await, UNKNOWN_KEY);
    assert_eq!(server.fetches(), 0);

    let rotated = pool.with_new_keys();
    server.publish(KEYS, rotated.jwk_set_json());
    assert_eq!(only.authenticate(&token(&rotated)).await, UNKNOWN_KEY);
    assert_eq!(sub(&initial.authenticate(&token(&rotated)).await), Some("ada"));
    assert_eq!(server.fetches(), 1);
}

#[tokio::test]
async fn a_rotation_is_noticed_after_the_cooldown() {
    let (server, pool, verifier) = pool().await;
    verifier.authenticate(&token(&pool)).await.unwrap();
    let rotated = pool.with_new_keys();
    server.publish(KEYS, rotated.jwk_set_json());

    pool.clock().advance(Duration::from_secs(9));
    assert_eq!(verifier.authenticate(&token(&rotated)).await, UNKNOWN_KEY);
    assert_eq!(server.fetches(), 1);
    pool.clock().advance(Duration::from_secs(1));
    assert_eq!(sub(&verifier.authenticate(&token(&rotated)).await), Some("ada"));
    assert_eq!(server.fetches(), 2);
    assert_eq!(verifier.authenticate(&token(&pool)).await, UNKNOWN_KEY, "the old key was withdrawn");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_causes_one_fetch_a_cooldown() {
    let (server, pool, verifier) = pool().await;
    verifier.authenticate(&token(&pool)).await.unwrap();
    for round in 1..=3 {
        pool.clock().advance(Duration::from_secs(10));
        let mut flood = tokio::task::JoinSet::new();
        for n in 0..100 {
            let (verifier, token) =
                (verifier.clone(), token_of_key(&pool, &format!("../../{round}-{n}?x=1")));
            flood.spawn(async move { verifier.authenticate(&token).await });
        }
        assert!(flood.join_all().await.iter().all(|identity| *identity == UNKNOWN_KEY));
        assert_eq!(server.fetches(), 1 + round);
    }
    assert!(server.requests.lock().unwrap().iter().all(|path| path == KEYS), "a key id never enters a URL");
}

#[tokio::test]
async fn a_known_key_does_not_wait_for_a_fetch() {
    let (server, pool, verifier) = pool().await;
    verifier.authenticate(&token(&pool)).await.unwrap();
    pool.clock().advance(Duration::from_secs(10));
    server.gate.forget_permits(Semaphore::MAX_PERMITS);
    let waiting = {
        let (verifier, token) = (verifier.clone(), token_of_key(&pool, "other"));
        tokio::spawn(async move { verifier.authenticate(&token).await })
    };
    until(|| server.fetches() == 2).await;
    assert_eq!(sub(&verifier.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
    assert!(verifier.authenticate_now(&token_of_key(&pool, "third")).is_none(), "it joins the fetch");
    server.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap(), UNKNOWN_KEY);
}

#[tokio::test]
async fn a_fetch_outlives_the_request_that_began_it() {
    let (server, pool, verifier) = pool().await;
    server.gate.forget_permits(Semaphore::MAX_PERMITS);
    let begin = || {
        let (verifier, token) = (verifier.clone(), token(&pool));
        tokio::spawn(async move { verifier.authenticate(&token).await })
    };
    let first = begin();
    until(|| server.fetches() == 1).await;
    let second = begin();
    tokio::task::yield_now().await;
    first.abort();
    server.gate.add_permits(1);
    assert_eq!(sub(&second.await.unwrap()), Some("ada"));
    assert_eq!(server.fetches(), 1);
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_asked_ever_more_seldom() {
    let (server, pool, verifier) = pool().await;
    server.break_down();
    let token = token(&pool);
    for (pause, fetches) in [(1, 1), (2, 2), (4, 3)] {
        assert_eq!(verifier.authenticate(&token).await, unavailable(pause));
        assert_eq!(server.fetches(), fetches);
        pool.clock().advance(Duration::from_secs(pause - 1));
        assert_eq!(verifier.authenticate(&token).await, unavailable(1));
        assert_eq!(server.fetches(), fetches, "not before the pause is over");
        pool.clock().advance(Duration::from_secs(1));
    }
    server.publish(KEYS, pool.jwk_set_json());
    assert_eq!(sub(&verifier.authenticate(&token).await), Some("ada"));
}

#[tokio::test]
async fn nobody_listens() {
    let pool = TestIssuer::at("http://127.0.0.1:1/pool");
    let verifier = verifier(&pool, Issuer::cognito_at(pool.url()));
    assert_eq!(verifier.authenticate(&token(&pool)).await, unavailable(1));
}

#[tokio::test]
async fn when_the_issuer_goes_down_old_keys_serve_for_a_bounded_time() {
    let (server, pool, verifier) = pool().await;
    let token = token(&pool);
    let policy = KeyPolicy::default();
    verifier.authenticate(&token).await.unwrap();
    server.break_down();

    pool.clock().advance(policy.max_age);
    assert_eq!(sub(&verifier.authenticate(&token).await), Some("ada"));
    assert_eq!(server.fetches(), 2, "it was asked first");
    assert_eq!(sub(&verifier.authenticate_now(&token).unwrap()), Some("ada"));
    assert_eq!(verifier.authenticate(&token_of_key(&pool, "other")).await, unavailable(1));
    pool.clock().advance(policy.stale_for - Duration::from_secs(1));
    assert_eq!(sub(&verifier.authenticate(&token).await), Some("ada"));
    pool.clock().advance(Duration::from_secs(1));
    assert_eq!(verifier.authenticate(&token).await, unavailable(1));

    pool.clock().advance(Duration::from_secs(60));
    server.publish(KEYS, pool.jwk_set_json());
    assert_eq!(sub(&verifier.authenticate(&token).await), Some("ada"));
}

#[tokio::test]
async fn a_withdrawn_key_is_good_until_the_set_is_too_old() {
    let (server, pool, verifier) = pool().await;
    let policy = KeyPolicy::default();
    verifier.authenticate(&token(&pool)).await.unwrap();
    server.publish(KEYS, pool.with_new_keys().jwk_set_json());

    pool.clock().advance(policy.max_age / 2 - Duration::from_secs(1));
    assert_eq!(sub(&verifier.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
    assert_eq!(server.fetches(), 1);
    // A process that was frozen for days must not trust what it remembers.
    pool.clock().advance(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(verifier.authenticate(&token(&pool)).await, UNKNOWN_KEY);
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn keys_do_not_stay_young_when_the_clock_is_set_back() {
    let (server, pool, verifier) = pool().await;
    verifier.authenticate(&token(&pool)).await.unwrap();
    pool.clock().set(TestIssuer::NOW - 24 * 60 * 60);
    assert!(verifier.authenticate_now(&token(&pool)).is_none());
    server.break_down();
    assert_eq!(sub(&verifier.authenticate(&token(&pool)).await), Some("ada"), "as when keys are too old");
    assert_eq!(server.fetches(), 2);

    pool.clock().advance(Duration::from_secs(1));
    let rotated = pool.with_new_keys();
    server.publish(KEYS, rotated.jwk_set_json());
    assert_eq!(verifier.authenticate(&token(&pool)).await, UNKNOWN_KEY, "the old key was withdrawn");
    assert_eq!(server.fetches(), 3);
    assert_eq!(
        sub(&verifier.authenticate_now(&token(&rotated)).unwrap()),
        Some("ada"),
        "the age counts anew"
    );
}

#[tokio::test]
async fn keys_are_renewed_before_anybody_has_to_wait() {
    let (server, pool, verifier) = pool().await;
    verifier.authenticate(&token(&pool)).await.unwrap();
    pool.clock().advance(KeyPolicy::default().max_age / 2);
    for _ in 0..10 {
        assert_eq!(sub(&verifier.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
    }
    until(|| server.fetches() == 2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    pool.clock().advance(KeyPolicy::default().max_age / 2 - Duration::from_secs(1));
    assert_eq!(
        sub(&verifier.authenticate_now(&token(&pool)).unwrap()),
        Some("ada"),
        "the age counts from the renewal"
    );
}

#[tokio::test]
async fn what_is_not_a_key_set_changes_nothing() {
    let (server, pool, verifier) = pool().await;
    let token = token(&pool);
    verifier.authenticate(&token).await.unwrap();
    let elsewhere = Server::start().await;
    elsewhere.publish(KEYS, pool.with_new_keys().jwk_set_json());
    let location = format!("{}/.well-known/jwks.json", elsewhere.url);
    let large = pool.jwk_set_json().to_string() + &" ".repeat(1024 * 1024);
    let redirect = move || (StatusCode::FOUND, [(header::LOCATION, location.clone())]).into_response();
    let useless = json!({"keys": [{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}, {"kty": "RSA"}]}).to_string();
    let answers: [(&str, Answer); 7] = [
        ("redirect", Arc::new(redirect)),
        ("HTML", Arc::new(|| Html("<html>sign in</html>").into_response())),
        ("1 MB", Arc::new(move || large.clone().into_response())),
        ("nothing", Arc::new(|| ().into_response())),
        ("no keys", Arc::new(|| r#"{"keys":[]}"#.into_response())),
        ("no usable key", Arc::new(move || useless.clone().into_response())),
        ("another status", Arc::new(|| (StatusCode::CREATED, r#"{"keys":[]}"#).into_response())),
    ];
    for (round, (name, answer)) in answers.into_iter().enumerate() {
        server.answer(KEYS, move || answer());
        pool.clock().advance(Duration::from_secs(60));
        let unknown = verifier.authenticate(&token_of_key(&pool, "other")).await;
        assert!(matches!(unknown, Err(AuthenticateError::KeysUnavailable { .. })), "{name}");
        assert_eq!(server.fetches(), round + 2, "{name}");
        assert_eq!(sub(&verifier.authenticate(&token).await), Some("ada"), "{name}");
    }
    assert_eq!(elsewhere.fetches(), 0);
}

#[tokio::test]
async fn a_slow_answer_ends_at_the_deadline() {
    let (server, pool, _) = pool().await;
    server.answer(KEYS, || {
        let drip = futures_util::stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::convert::Infallible>(" "), ()))
        });
        Body::from_stream(drip).into_response()
    });
    let issuer = Issuer::cognito_at(pool.url()).insecure_any_client().insecure_any_token_use();
    let fetcher = HttpFetch::new().deadline(Duration::from_millis(200));
    let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).fetcher(fetcher).build().unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(4), verifier.authenticate(&token(&pool))).await;
    assert_eq!(answer.unwrap(), unavailable(1));
}

#[tokio::test]
async fn one_bad_key_does_not_void_the_set() {
    let (server, pool, verifier) = pool().await;
    let mut set = pool.jwk_set_json();
    set["keys"].as_array_mut().unwrap().insert(0, json!({"kty": "RSA", "kid": 7}));
    server.publish(KEYS, set);
    assert_eq!(sub(&verifier.authenticate(&token(&pool)).await), Some("ada"));
}

#[tokio::test]
async fn another_issuers_keys_are_where_its_discovery_document_says() {
    let (server, pool, _) = pool().await;
    let keys = format!("{}/.well-known/jwks.json", server.url);
    let url = server.url.clone();
    for (name, document, found) in [
        ("good", json!({"issuer": url, "jwks_uri": keys}), true),
        ("slash", json!({"issuer": format!("{url}/"), "jwks_uri": keys}), false),
        ("another issuer", json!({"issuer": "https://example.com", "jwks_uri": keys}), false),
        ("http elsewhere", json!({"issuer": url, "jwks_uri": "http://example.com/keys"}), false),
        ("a file", json!({"issuer": url, "jwks_uri": "file:///etc/passwd"}), false),
        ("no keys", json!({"issuer": url}), false),
        ("not a document", json!([]), false),
    ] {
        server.publish(METADATA, document);
        let oidc = verifier(&pool, Issuer::oidc(pool.url()));
        assert_eq!(sub(&oidc.authenticate(&token(&pool)).await).is_some(), found, "{name}");
    }
}

#[tokio::test]
async fn a_key_set_may_be_elsewhere() {
    let (server, pool, _) = pool().await;
    server.publish("/elsewhere", pool.jwk_set_json());
    let url = server.url.replace("/pool", "/elsewhere");
    let pool = TestIssuer::at("https://issuer.example").clone();
    server.publish("/elsewhere", pool.jwk_set_json());
    let verifier = verifier(&pool, Issuer::cognito_at(pool.url()).keys_url(url));
    assert_eq!(sub(&verifier.authenticate(&token(&pool)).await), Some("ada"));
}

#[test]
fn a_set_in_the_configuration_may_be_text() {
    let pool = TestIssuer::cognito();
    let keys = JwkSet::from_json(&pool.jwk_set_json().to_string()).unwrap();
    let issuer = Issuer::cognito_at(pool.url()).keys(keys).insecure_any_client().token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build().unwrap();
    assert_eq!(sub(&verifier.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
}

#[tokio::test]
async fn keys_are_rotated_while_a_thousand_requests_run() {
    let (server, pool, verifier) = pool().await;
    let rotated = pool.with_new_keys();
    verifier.authenticate(&token(&pool)).await.unwrap();
    pool.clock().advance(Duration::from_secs(10));
    let mut both = pool.jwk_set_json();
    both["keys"].as_array_mut().unwrap().extend(rotated.jwk_set_json()["keys"].as_array().unwrap().clone());
    server.publish(KEYS, both);
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let (verifier, token) = (verifier.clone(), token(if number % 2 == 0 { &pool } else { &rotated }));
        requests.spawn(async move { verifier.authenticate(&token).await });
    }
    let outcomes = requests.join_all().await;
    assert!(outcomes.iter().all(|outcome| sub(outcome) == Some("ada")), "nobody is refused");
    assert_eq!(server.fetches(), 2, "one fetch at the start, one for the new keys");
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_read() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (server, pool, verifier) = pool().await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    server.answer(KEYS, move || {
        let counted = Arc::clone(&counted);
        let chunks = futures_util::stream::unfold(0, move |chunk| {
            let counted = Arc::clone(&counted);
            async move {
                counted.fetch_add(64 * 1024, Ordering::Relaxed);
                (chunk < 1_600).then(|| (Ok::<_, std::convert::Infallible>(vec![b' '; 64 * 1024]), chunk + 1))
            }
        });
        Body::from_stream(chunks).into_response()
    });
    let outcome =
        tokio::time::timeout(Duration::from_secs(5), verifier.authenticate(&token(&pool))).await.unwrap();
    assert_eq!(outcome, unavailable(1));
    // What the sockets hold may have been sent, and no more.
    assert!(sent.load(Ordering::Relaxed) < 20 << 20, "{} bytes", sent.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_length_that_is_too_large_is_not_waited_for() {
    let (server, pool, verifier) = pool().await;
    server.answer(KEYS, || {
        let drip = futures_util::stream::pending::<Result<&str, std::convert::Infallible>>();
        let mut response = Body::from_stream(drip).into_response();
        response.headers_mut().insert(header::CONTENT_LENGTH, header::HeaderValue::from(100_u64 << 20));
        response
    });
    let outcome =
        tokio::time::timeout(Duration::from_secs(3), verifier.authenticate(&token(&pool))).await.unwrap();
    assert_eq!(outcome, unavailable(1));
}

#[tokio::test]
async fn a_flood_of_unknown_ids_does_not_stop_a_good_token() {
    let (server, pool, verifier) = pool().await;
    verifier.authenticate(&token(&pool)).await.unwrap();
    server.break_down();
    for round in 0..10 {
        pool.clock().advance(Duration::from_secs(10));
        let mut flood = tokio::task::JoinSet::new();
        for number in 0..50 {
            let (verifier, token) = (verifier.clone(), token_of_key(&pool, &format!("{round}-{number}")));
            flood.spawn(async move { verifier.authenticate(&token).await });
        }
        assert!(flood.join_all().await.iter().all(Result::is_err));
        assert_eq!(sub(&verifier.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
    }
    assert!(server.fetches() <= 11, "{} fetches", server.fetches());
}

#[tokio::test]
async fn a_set_given_at_start_spares_the_first_fetch() {
    let (server, pool, _) = pool().await;
    let given = |issuer: Issuer| verifier(&pool, issuer.initial_keys(pool.jwk_set()));
    let started = given(Issuer::cognito_at(pool.url()));
    assert_eq!(sub(&started.authenticate_now(&token(&pool)).unwrap()), Some("ada"));
    assert_eq!(server.fetches(), 0);
    let rotated = pool.with_new_keys();
    server.publish(KEYS, rotated.jwk_set_json());
    assert_eq!(
        sub(&started.authenticate(&token(&rotated)).await),
        Some("ada"),
        "a new id is asked for at once"
    );
    assert_eq!(server.fetches(), 1);
    let old = given(Issuer::cognito_at(pool.url()));
    pool.clock().advance(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(old.authenticate(&token(&pool)).await, UNKNOWN_KEY, "given keys age as fetched ones");
}

#[test]
fn a_set_is_read_from_a_file_or_a_variable() {
    let pool = TestIssuer::cognito();
    let text = pool.jwk_set_json().to_string();
    let folder = std::env::temp_dir().join(format!("portcullis-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write("good.json", &text);
    let from_env = |value: &str| JwkSet::from_env(|name| (name == "JWKS").then(|| value.to_owned()), "JWKS");
    assert_eq!(JwkSet::from_file(&good).unwrap().len(), 2);
    assert_eq!(from_env(&good).unwrap().unwrap().len(), 2);
    assert_eq!(from_env(&format!("\n {text}")).unwrap().unwrap().len(), 2);
    assert!(from_env("").unwrap().is_none() && from_env(" ").unwrap().is_none());
    assert!(JwkSet::from_env(|_| None, "JWKS").unwrap().is_none());
    let large = write("large.json", &" ".repeat(1024 * 1024));
    let empty = write("empty.json", r#"{"keys":[{"kty":"oct","k":"AA"}]}"#);
    let html = write("html.json", "<html></html>");
    for (value, said) in [
        ("no/such/file.json", "cannot be read"),
        (&large, "more than 262144 bytes"),
        (&empty, "none of its keys can be used"),
        (&html, "not a JSON object"),
        ("{}", "not a JSON object"),
        (r#"{"keys":[]}"#, "none of its keys"),
    ] {
        let error = from_env(value).unwrap_err().to_string();
        assert!(error.starts_with("`JWKS`: ") && error.contains(said), "{error}");
    }
    assert!(JwkSet::from_file(&html).unwrap_err().to_string().contains("html.json"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_set_is_fetched_to_be_given_elsewhere() {
    let (server, pool, _) = pool().await;
    let fetched = JwkSet::fetch(&Issuer::cognito_at(pool.url()), &HttpFetch::new()).await.unwrap();
    assert_eq!(fetched.to_json(), pool.jwk_set_json());
    assert!(
        JwkSet::fetch(&Issuer::oidc(pool.url()), &HttpFetch::new()).await.is_err(),
        "it has no discovery document"
    );
    server.publish(
        METADATA,
        json!({"issuer": pool.url(), "jwks_uri": format!("{}/.well-known/jwks.json", server.url)}),
    );
    assert_eq!(JwkSet::fetch(&Issuer::oidc(pool.url()), &HttpFetch::new()).await.unwrap().len(), 2);
}
