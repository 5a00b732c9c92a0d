//! Fetches that nobody waits for, that never end, and that end when it is too late.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::FutureExt;
use portcullis::{
    AuthenticateError, Fetch, FetchError, Fetching, Issuer, KeyPolicy, Rejection, Verifier, rules::Identity,
    testkit::TestIssuer,
};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, sync::oneshot};

type Outcome = Result<Identity, AuthenticateError>;

const UNKNOWN_KEY: Outcome = Err(AuthenticateError::Rejected(Rejection::UnknownKey));

fn unavailable() -> Outcome {
    Err(AuthenticateError::KeysUnavailable { retry_after: Duration::from_secs(1) })
}

/// A fetcher whose fetches end when the test says so. A clone is the same fetcher.
#[derive(Clone, Debug, Default)]
struct Held(Arc<Mutex<Vec<Option<oneshot::Sender<Value>>>>>);

impl Held {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn answer(&self, number: usize, document: Value) {
        let sender = self.0.lock().unwrap().get_mut(number - 1).and_then(Option::take).unwrap();
        let _ = sender.send(document);
    }
}

impl Fetch for Held {
    fn fetch(&self, _url: &str) -> Fetching {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap().push(Some(sender));
        Box::pin(async {
            let document = receiver.await.map_err(|_| FetchError::Status(500))?;
            Ok(document.to_string().into())
        })
    }
}

/// A pool whose keys are fetched.
struct Pool {
    issuer: TestIssuer,
    fetches: Held,
    verifier: Verifier,
}

impl Pool {
    fn new(policy: KeyPolicy) -> Self {
        let (issuer, fetches) = (TestIssuer::cognito(), Held::default());
        let trusted = Issuer::cognito_at(issuer.url()).key_policy(policy);
        let verifier = verifier(&issuer, trusted, fetches.clone());
        Self { issuer, fetches, verifier }
    }

    fn token(&self) -> String {
        self.issuer.access_token("ada").claim("exp", 4_000_000_000_u64).sign()
    }

    fn token_of_key(&self, id: &str) -> String {
        self.issuer.access_token("ada").claim("exp", 4_000_000_000_u64).header("kid", id).sign()
    }

    fn advance(&self, seconds: u64) {
        self.issuer.clock().advance(Duration::from_secs(seconds));
    }

    fn publish(&self, fetch: usize) {
        self.fetches.answer(fetch, self.issuer.jwk_set_json());
    }

    /// Begins to authenticate, up to the point where it waits.
    async fn begin(&self) -> tokio::task::JoinHandle<Outcome> {
        let (verifier, token, before) = (self.verifier.clone(), self.token(), self.fetches.count());
        let request = tokio::spawn(async move { verifier.authenticate(&token).await });
        until(|| self.fetches.count() > before).await;
        request
    }

    async fn until_ready(&self) {
        until(|| self.verifier.authenticate_now(&self.token()).is_some_and(|outcome| outcome.is_ok())).await;
    }
}

fn verifier(pool: &TestIssuer, issuer: Issuer, fetcher: impl Fetch + 'static) -> Verifier {
    let issuer = issuer.insecure_any_client().insecure_any_audience().insecure_any_token_use();
    Verifier::builder().issuer(issuer).clock(pool.clock()).fetcher(fetcher).build().unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn until(what: impl Fn() -> bool) {
    within(async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Ends a test that would wait for ever.
async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), what).await.unwrap()
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_any_more_still_brings_the_keys() {
    let pool = Pool::new(KeyPolicy::default());
    let request = pool.begin().await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    pool.publish(1);
    pool.until_ready().await;
    assert_eq!(pool.fetches.count(), 1);
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_fails_as_any_other() {
    let pool = Pool::new(KeyPolicy::default());
    pool.begin().await.abort();
    pool.fetches.answer(1, json!([]));
    until(|| pool.verifier.authenticate_now(&pool.token()) == Some(unavailable())).await;
    assert_eq!(pool.fetches.count(), 1, "the pause holds");
}

#[tokio::test]
async fn a_fetch_that_never_ends_is_broken_off_at_the_deadline() {
    let policy = KeyPolicy { deadline: Duration::from_millis(50), ..KeyPolicy::default() };
    let pool = Pool::new(policy);
    let waiting = (0..20).map(|_| {
        let (verifier, token) = (pool.verifier.clone(), pool.token());
        async move { verifier.authenticate(&token).await }
    });
    let outcomes = within(futures_util::future::join_all(waiting)).await;
    assert!(outcomes.iter().all(|outcome| *outcome == unavailable()), "{outcomes:?}");
    assert_eq!(pool.fetches.count(), 1);

    pool.advance(1);
    let request = pool.begin().await;
    pool.publish(2);
    assert_eq!(within(request).await.unwrap().unwrap().sub(), Some("ada"));
}

/// A fetcher that needs some time for everything.
#[derive(Debug)]
struct Slow {
    issuer: TestIssuer,
    time: Duration,
}

impl Fetch for Slow {
    fn fetch(&self, url: &str) -> Fetching {
        let document = if url.ends_with("/openid-configuration") {
            json!({"issuer": self.issuer.url(), "jwks_uri": "https://example.com/keys"})
        } else {
            self.issuer.jwk_set_json()
        };
        let time = self.time;
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(document.to_string().into())
        })
    }
}

#[tokio::test]
async fn the_deadline_is_for_discovery_and_keys_together() {
    let issuer = TestIssuer::cognito();
    let token = issuer.access_token("ada").sign();
    for (time, deadline, in_time) in [(300, 500, false), (20, 4000, true)] {
        let (time, deadline) = (Duration::from_millis(time), Duration::from_millis(deadline));
        let trusted = Issuer::oidc(issuer.url()).key_policy(KeyPolicy { deadline, ..KeyPolicy::default() });
        let verifier = verifier(&issuer, trusted, Slow { issuer: issuer.clone(), time });
        assert_eq!(within(verifier.authenticate(&token)).await.is_ok(), in_time, "{time:?}, {deadline:?}");
    }
}

#[test]
fn a_fetch_that_ended_with_its_runtime_is_a_failed_one() {
    let pool = Pool::new(KeyPolicy::default());
    let gone = runtime();
    drop(gone.block_on(pool.begin()));
    drop(gone);
    runtime().block_on(async {
        assert_eq!(within(pool.verifier.authenticate(&pool.token())).await, unavailable());
        assert_eq!(pool.fetches.count(), 1);
        pool.advance(1);
        let request = pool.begin().await;
        pool.publish(2);
        assert_eq!(within(request).await.unwrap().unwrap().sub(), Some("ada"));
    });
}

#[test]
fn an_orphaned_renewal_stops_neither_the_next_one_nor_the_cooldown() {
    let policy = KeyPolicy {
        max_age: Duration::from_secs(100),
        unknown_key_cooldown: Duration::from_secs(90),
        ..KeyPolicy::default()
    };
    let pool = Pool::new(policy);
    let gone = runtime();
    gone.block_on(async {
        let request = pool.begin().await;
        pool.publish(1);
        within(request).await.unwrap().unwrap();
        pool.advance(50);
        assert!(pool.verifier.authenticate_now(&pool.token()).unwrap().is_ok());
        until(|| pool.fetches.count() == 2).await;
    });
    drop(gone);

    pool.advance(15);
    // Outside of a runtime nothing is renewed, so that this is about the cooldown alone.
    assert_eq!(pool.verifier.authenticate_now(&pool.token_of_key("other")), Some(UNKNOWN_KEY));
    runtime().block_on(async {
        assert!(pool.verifier.authenticate_now(&pool.token()).unwrap().is_ok());
        until(|| pool.fetches.count() == 3).await;
    });
}

#[test]
fn without_a_runtime_whoever_waits_drives_the_fetch() {
    let pool = Pool::new(KeyPolicy::default());
    assert_eq!(pool.verifier.authenticate(&pool.token()).now_or_never(), None);
    assert_eq!(pool.fetches.count(), 1);
    pool.publish(1);
    let outcome = pool.verifier.authenticate(&pool.token()).now_or_never().unwrap();
    assert_eq!(outcome.unwrap().sub(), Some("ada"));
    assert_eq!(pool.fetches.count(), 1);
}

#[tokio::test]
async fn whoever_waits_for_a_fetch_that_was_given_up_gets_its_keys() {
    let pool = Pool::new(KeyPolicy::default());
    let early = pool.begin().await;
    pool.advance(14);
    let token = pool.token();
    let joined = pool.verifier.authenticate(&token);
    tokio::pin!(joined);
    assert_eq!((&mut joined).now_or_never(), None);
    assert_eq!(pool.fetches.count(), 1, "it is not given up yet");
    pool.advance(1);
    let late = pool.begin().await;
    assert_eq!(pool.fetches.count(), 2);

    pool.publish(1);
    assert_eq!(within(early).await.unwrap().unwrap().sub(), Some("ada"));
    assert_eq!(within(joined).await.unwrap().sub(), Some("ada"));
    assert!(!late.is_finished());
    let rotated = pool.issuer.with_new_keys();
    pool.fetches.answer(2, rotated.jwk_set_json());
    assert_eq!(within(late).await.unwrap(), UNKNOWN_KEY, "the newer set replaces the older one");
}

#[tokio::test]
async fn a_fetch_that_was_given_up_does_not_replace_newer_keys() {
    let pool = Pool::new(KeyPolicy::default());
    let early = pool.begin().await;
    pool.advance(15);
    let late = pool.begin().await;
    pool.publish(2);
    within(late).await.unwrap().unwrap();
    let old = pool.issuer.with_new_keys();
    pool.fetches.answer(1, old.jwk_set_json());
    assert_eq!(within(early).await.unwrap().unwrap().sub(), Some("ada"));
    assert!(pool.verifier.authenticate_now(&pool.token()).unwrap().is_ok());
}

#[tokio::test]
async fn the_age_of_keys_counts_from_when_their_fetch_began() {
    let pool = Pool::new(KeyPolicy::default());
    let request = pool.begin().await;
    // The function was frozen in the middle of it.
    pool.advance(2 * 60 * 60);
    pool.publish(1);
    assert_eq!(within(request).await.unwrap().unwrap().sub(), Some("ada"));
    assert_eq!(pool.verifier.authenticate_now(&pool.token()), None, "they are fetched again");
}

/// A fetcher with a fault.
#[derive(Debug)]
struct Faulty;

impl Fetch for Faulty {
    fn fetch(&self, _url: &str) -> Fetching {
        Box::pin(async { panic!("a fault") })
    }
}

#[tokio::test]
async fn a_fetcher_that_panics_has_failed() {
    let issuer = TestIssuer::cognito();
    let verifier = verifier(&issuer, Issuer::cognito_at(issuer.url()), Faulty);
    let token = issuer.access_token("ada").sign();
    assert_eq!(within(verifier.authenticate(&token)).await, unavailable());
    assert_eq!(verifier.authenticate_now(&token), Some(unavailable()), "the pause holds");
}
