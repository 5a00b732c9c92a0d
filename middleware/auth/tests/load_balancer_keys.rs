//! Keys of load balancers: fetched by their id, seldom, and never for what anybody makes up more often than agreed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use futures_util::future::join_all;
use http::{Request, Response, StatusCode};
use portcullis::{
    AlbVerifier, AlbVerifierBuilder, Algorithm, AuthenticateError, AuthenticateLayer, Fetch, FetchError,
    Fetching, IdentityExt, JwkSet, KeyPolicy, Rejection, TokenUse, Verifier,
    testkit::{ManualClock, TestIssuer},
};
use serde_json::json;
use tokio::sync::Semaphore;
use tower::{ServiceBuilder, ServiceExt, service_fn};

const NOW: u64 = TestIssuer::NOW;
const KID: &str = "5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a17";
const SIGNER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

/// The load balancers' public keys; a clone is the same place.
#[derive(Clone, Debug)]
struct Shelf(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    asked: Mutex<Vec<String>>,
    answer: Mutex<Result<String, FetchError>>,
    /// A fetch ends when it gets one.
    leave: Semaphore,
}

impl Shelf {
    fn new(answer: Result<String, FetchError>) -> Self {
        let leave = Semaphore::new(Semaphore::MAX_PERMITS);
        Self(Arc::new(Inside { asked: Mutex::default(), answer: Mutex::new(answer), leave }))
    }

    fn set(&self, answer: Result<String, FetchError>) {
        *self.0.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap().clone()
    }
}

impl Fetch for Shelf {
    fn fetch(&self, url: &str) -> Fetching {
        self.0.asked.lock().unwrap().push(url.to_owned());
        let inside = Arc::clone(&self.0);
        Box::pin(async move {
            inside.leave.acquire().await.unwrap().forget();
            inside.leave.add_permits(1);
            inside.answer.lock().unwrap().clone().map(Into::into)
        })
    }
}

fn pem() -> String {
    let key = &POOL.jwk_set_json()["keys"][1];
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let prefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
    let prefix: Vec<u8> =
        (0..prefix.len()).step_by(2).map(|at| u8::from_str_radix(&prefix[at..at + 2], 16).unwrap()).collect();
    let der = [prefix, coordinate("x"), coordinate("y")].concat();
    let text = STANDARD.encode(der);
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

/// What a load balancer writes with the key of this id.
fn data(kid: &str) -> String {
    data_until(kid, NOW + 1_000_000)
}

fn data_until(kid: &str, exp: u64) -> String {
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": kid, "signer": SIGNER, "client": "web", "iss": POOL.url(), "exp": exp});
    let claims = json!({"sub": "ada", "iss": POOL.url(), "exp": exp});
    let input = format!("{}.{}", URL_SAFE.encode(header.to_string()), URL_SAFE.encode(claims.to_string()));
    format!("{input}.{}", URL_SAFE.encode(POOL.sign(Algorithm::Es256, input.as_bytes())))
}

fn made_up(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

fn builder(shelf: &Shelf, clock: &ManualClock) -> AlbVerifierBuilder {
    let builder = AlbVerifier::builder().fetcher(shelf.clone()).clock(clock.clone());
    builder.load_balancers([SIGNER]).client_ids(["web"]).issuers([POOL.url()])
}

fn setting() -> (Shelf, ManualClock, AlbVerifier) {
    let (shelf, clock) = (Shelf::new(Ok(pem())), ManualClock::at(NOW));
    let verifier = builder(&shelf, &clock).build().unwrap();
    (shelf, clock, verifier)
}

async fn outcome(verifier: &AlbVerifier, data: &str) -> Result<(), AuthenticateError> {
    verifier.verify(data).await.map(drop)
}

fn unavailable(seconds: u64) -> Result<(), AuthenticateError> {
    Err(AuthenticateError::KeysUnavailable { retry_after: Duration::from_secs(seconds) })
}

const UNKNOWN: Result<(), AuthenticateError> = Err(AuthenticateError::Rejected(Rejection::UnknownKey));

#[tokio::test]
async fn a_key_is_fetched_by_its_id_once() {
    let (shelf, _, verifier) = setting();
    assert!(verifier.verify_now(&data(KID)).is_none(), "the key has to be fetched first");
    for _ in 0..3 {
        assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()));
    }
    assert!(verifier.verify_now(&data(KID)).unwrap().is_ok());
    assert_eq!(shelf.asked(), [format!("https://public-keys.auth.elb.eu-west-1.amazonaws.com/{KID}")]);
}

#[tokio::test]
async fn a_thousand_who_need_a_key_wait_for_one_fetch() {
    let (shelf, _, verifier) = setting();
    shelf.0.leave.forget_permits(Semaphore::MAX_PERMITS);
    let all: Vec<_> = (0..1_000)
        .map(|_| {
            let verifier = verifier.clone();
            tokio::spawn(async move { outcome(&verifier, &data(KID)).await })
        })
        .collect();
    while shelf.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    shelf.0.leave.add_permits(1);
    assert!(join_all(all).await.into_iter().all(|outcome| outcome.unwrap() == Ok(())));
    assert_eq!(shelf.asked().len(), 1);
}

#[tokio::test]
async fn nothing_but_a_uuid_enters_a_url() {
    let (shelf, _, verifier) = setting();
    for kid in
        ["", "../5db0ee8f", "5DB0EE8F-5A33-4DCB-B9D3-7D2E0DCB9A17", &format!("{KID}/"), &format!("{KID}?x")]
    {
        assert_eq!(outcome(&verifier, &data(kid)).await, UNKNOWN, "{kid}");
    }
    assert!(shelf.asked().is_empty());
}

#[tokio::test]
async fn nothing_is_fetched_for_what_is_refused_anyhow() {
    let (shelf, _, verifier) = setting();
    let expired = data_until(KID, NOW);
    assert_eq!(outcome(&verifier, &expired).await, Err(AuthenticateError::Rejected(Rejection::Expired)));
    let foreign = AlbVerifier::builder()
        .fetcher(shelf.clone())
        .clock(ManualClock::at(NOW))
        .load_balancers(["arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/other/1"])
        .client_ids(["web"])
        .issuers([POOL.url()])
        .build()
        .unwrap();
    assert_eq!(outcome(&foreign, &data(KID)).await, Err(AuthenticateError::Rejected(Rejection::Signer)));
    assert!(shelf.asked().is_empty());
}

#[tokio::test]
async fn a_flood_of_ids_causes_a_bounded_number_of_fetches() {
    let (shelf, clock, verifier) = setting();
    assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()));
    shelf.set(Err(FetchError::Status(403)));
    let mut refused = (0, 0);
    for number in 0..1_000 {
        match outcome(&verifier, &data(&made_up(number))).await {
            it if it == UNKNOWN => refused.0 += 1,
            Err(AuthenticateError::KeysUnavailable { retry_after }) => {
                assert_eq!(retry_after, Duration::from_secs(60));
                refused.1 += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // The first key took one of the six.
    assert_eq!((refused, shelf.asked().len()), ((5, 995), 6));
    assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()), "a key that is known is not touched by it");

    clock.advance(Duration::from_secs(59));
    assert_eq!(outcome(&verifier, &data(&made_up(2_000))).await, unavailable(1));
    clock.advance(Duration::from_secs(1));
    for number in 3_000..4_000 {
        let _ = outcome(&verifier, &data(&made_up(number))).await;
    }
    assert_eq!(shelf.asked().len(), 12, "six a minute");
}

#[tokio::test]
async fn an_id_that_is_not_known_is_not_asked_for_again_at_once() {
    let (shelf, clock, verifier) = setting();
    shelf.set(Err(FetchError::Status(404)));
    for _ in 0..10 {
        assert_eq!(outcome(&verifier, &data(KID)).await, UNKNOWN);
    }
    assert_eq!(shelf.asked().len(), 1);
    shelf.set(Ok(pem()));
    clock.advance(Duration::from_secs(9));
    assert_eq!(outcome(&verifier, &data(KID)).await, UNKNOWN);
    clock.advance(Duration::from_secs(1));
    assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()));
    assert_eq!(shelf.asked().len(), 2);
}

#[tokio::test]
async fn a_place_that_is_down_is_our_fault_and_is_asked_less_and_less() {
    for failure in [
        Err(FetchError::Status(500)),
        Err(FetchError::Status(302)),
        Err(FetchError::Unreachable("x".to_owned())),
        Err(FetchError::TooLarge),
        Ok("<html></html>".to_owned()),
        Ok(pem().replace("PUBLIC", "PRIVATE")),
        Ok(pem().replace('A', "B")),
        Ok(String::new()),
        Ok(format!("{}{}", pem(), " ".repeat(5_000))),
    ] {
        let (shelf, clock, verifier) = setting();
        shelf.set(failure.clone());
        assert_eq!(outcome(&verifier, &data(KID)).await, unavailable(1), "{failure:?}");
        assert_eq!(outcome(&verifier, &data(KID)).await, unavailable(1), "{failure:?}");
        assert_eq!(shelf.asked().len(), 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(outcome(&verifier, &data(KID)).await, unavailable(2), "{failure:?}");
        shelf.set(Ok(pem()));
        clock.advance(Duration::from_secs(2));
        assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()), "{failure:?}");
        assert_eq!(shelf.asked().len(), 3);
    }
}

#[tokio::test]
async fn an_old_key_is_fetched_again_and_serves_for_a_while_if_it_cannot_be() {
    let (shelf, clock, verifier) = setting();
    assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()));
    clock.advance(Duration::from_secs(3_599));
    assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()));
    assert_eq!(shelf.asked().len(), 1);
    shelf.set(Err(FetchError::Status(503)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(outcome(&verifier, &data(KID)).await, Ok(()));
    assert_eq!(shelf.asked().len(), 2);
    // A frozen process wakes up when the old key is too old.
    clock.advance(Duration::from_secs(6 * 3_600));
    assert!(matches!(outcome(&verifier, &data(KID)).await, Err(AuthenticateError::KeysUnavailable { .. })));
    clock.advance(Duration::from_secs(60));
    shelf.set(Err(FetchError::Status(403)));
    assert_eq!(outcome(&verifier, &data(KID)).await, UNKNOWN, "it was withdrawn");
}

#[test]
fn without_a_runtime_whoever_waits_fetches() {
    let (shelf, _, verifier) = setting();
    let data = data(KID);
    let mut verification = Box::pin(outcome(&verifier, &data));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(verification.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(())));
    assert_eq!(shelf.asked().len(), 1);
}

#[tokio::test]
async fn keys_are_where_the_region_keeps_them() {
    let arn = |partition: &str, region: &str| {
        format!("arn:{partition}:elasticloadbalancing:{region}:1:loadbalancer/app/web/1")
    };
    let of = |arns: &[String]| {
        AlbVerifier::builder().load_balancers(arns).insecure_any_client().insecure_any_issuer()
    };
    let waived =
        || AlbVerifier::builder().insecure_any_load_balancer().insecure_any_client().insecure_any_issuer();
    let rows: [(AlbVerifierBuilder, Option<&str>); 12] = [
        (of(&[arn("aws", "eu-west-1")]), Some("https://public-keys.auth.elb.eu-west-1.amazonaws.com")),
        (
            of(&[arn("aws", "eu-west-1"), arn("aws", "eu-west-1").replace("web", "b")]),
            Some("https://public-keys.auth.elb.eu-west-1.amazonaws.com"),
        ),
        (
            of(&[arn("aws-us-gov", "us-gov-west-1")]),
            Some("https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1"),
        ),
        (
            of(&[arn("aws-cn", "cn-north-1")]),
            Some("https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn"),
        ),
        (waived().region("us-east-2"), Some("https://public-keys.auth.elb.us-east-2.amazonaws.com")),
        (waived().keys_url("http://127.0.0.1:9/keys/"), Some("http://127.0.0.1:9/keys")),
        (of(&[arn("aws", "eu-west-1"), arn("aws", "us-east-1")]), None),
        (of(&[arn("aws", "eu/west")]), None),
        (of(&["arn:other".to_owned()]), None),
        (waived(), None),
        (waived().region("evil.example/"), None),
        (waived().keys_url("http://keys.example"), None),
    ];
    for (builder, expected) in rows {
        let shelf = Shelf::new(Err(FetchError::Status(404)));
        let shown = format!("{builder:?}");
        let built = builder.fetcher(shelf.clone()).clock(ManualClock::at(NOW)).build();
        let Some(expected) = expected else {
            let error = built.unwrap_err().to_string();
            assert!(error.starts_with("load balancer") || error.contains("`load balancer`"), "{error}");
            continue;
        };
        let verifier = built.unwrap();
        let header = json!({"alg": "ES256", "kid": KID, "signer": arn_in(&shown), "exp": NOW + 60});
        let data = format!(
            "{}.{}.AAAA",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(json!({"sub": "a"}).to_string())
        );
        let _ = verifier.verify(&data).await;
        assert_eq!(shelf.asked(), [format!("{expected}/{KID}")], "{shown}");
    }
}

/// Some ARN of a configuration.
fn arn_in(shown: &str) -> &str {
    shown.find("arn:").and_then(|at| shown[at..].split('"').next()).unwrap_or("any")
}

#[tokio::test]
async fn given_keys_are_all_there_are() {
    let shelf = Shelf::new(Ok(pem()));
    let keys = JwkSet::from_json(&POOL.jwk_set_json().to_string()).unwrap();
    let verifier = builder(&shelf, &ManualClock::at(NOW)).keys(keys).build().unwrap();
    assert_eq!(outcome(&verifier, &data(&POOL.key_id(Algorithm::Es256))).await, Ok(()));
    assert_eq!(outcome(&verifier, &data(KID)).await, UNKNOWN);
    assert!(shelf.asked().is_empty());
}

#[tokio::test]
async fn a_layer_reads_the_load_balancer_only_if_it_is_told_to() {
    let (shelf, clock, load_balancer) = setting();
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(clock.clone()).build().unwrap();
    let handler = service_fn(async |request: Request<String>| {
        let sub = request.identity().and_then(|identity| identity.sub()).unwrap_or("nobody").to_owned();
        Ok::<_, std::convert::Infallible>(Response::new(sub))
    });
    let policy = KeyPolicy { unknown_key_cooldown: Duration::ZERO, ..KeyPolicy::default() };
    let other = builder(&shelf, &clock).key_policy(policy).build().unwrap();
    let plain = AuthenticateLayer::new(verifier);
    let [plain, trusting, optional] =
        [plain.clone(), plain.clone().load_balancer(load_balancer), plain.optional().load_balancer(other)]
            .map(|layer| ServiceBuilder::new().layer(layer).service(handler));
    let (good, bad) = (data(KID), format!("{}A", data(KID).trim_end_matches('=')));
    let token = format!("Bearer {}", POOL.access_token("bob").claim("client_id", "web").sign());
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let rows: [(Headers<'_>, StatusCode, &str); 9] = [
        (&[("x-amzn-oidc-data", &good)], StatusCode::OK, "ada"),
        // Once more, when the key is there.
        (&[("x-amzn-oidc-data", &good)], StatusCode::OK, "ada"),
        (&[("x-amzn-oidc-data", &good), ("authorization", &token)], StatusCode::OK, "ada"),
        (&[("authorization", &token)], StatusCode::OK, "bob"),
        (&[("x-amzn-oidc-data", &bad), ("authorization", &token)], StatusCode::UNAUTHORIZED, ""),
        (&[("x-amzn-oidc-data", "")], StatusCode::UNAUTHORIZED, ""),
        (&[("x-amzn-oidc-data", &good), ("x-amzn-oidc-data", &good)], StatusCode::BAD_REQUEST, ""),
        (&[("x-amzn-oidc-identity", "ada")], StatusCode::UNAUTHORIZED, ""),
        (&[("x-amzn-oidc-accesstoken", token.trim_start_matches("Bearer "))], StatusCode::UNAUTHORIZED, ""),
    ];
    for (headers, status, sub) in rows {
        let request = || {
            let mut request = Request::get("/");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.body(String::new()).unwrap()
        };
        let answer = trusting.clone().oneshot(request()).await.unwrap();
        assert_eq!(answer.status(), status, "{headers:?}");
        if status == StatusCode::OK {
            assert_eq!(answer.body(), sub, "{headers:?}");
        }
        // Wrong credentials are not "nothing", and what is never read is.
        let answer = optional.clone().oneshot(request()).await.unwrap();
        let is_read = headers.iter().any(|(name, _)| matches!(*name, "x-amzn-oidc-data" | "authorization"));
        assert_eq!(answer.status() == StatusCode::OK, status == StatusCode::OK || !is_read, "{headers:?}");
        // Untold, the layer reads none of them.
        let answer = plain.clone().oneshot(request()).await.unwrap();
        let has_token = headers.iter().any(|(name, _)| *name == "authorization");
        assert_eq!(answer.status() == StatusCode::OK, has_token, "{headers:?}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_had_is_told_with_the_time_to_wait() {
    let (shelf, clock, load_balancer) = setting();
    shelf.set(Err(FetchError::Status(500)));
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(clock).build().unwrap();
    let layer = AuthenticateLayer::new(verifier).load_balancer(load_balancer);
    let handler = service_fn(async |_: Request<String>| {
        Ok::<_, std::convert::Infallible>(Response::new(String::new()))
    });
    let service = ServiceBuilder::new().layer(layer).service(handler);
    for _ in 0..2 {
        let request = Request::get("/").header("x-amzn-oidc-data", data(KID)).body(String::new()).unwrap();
        let answer = service.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert!(!answer.headers().contains_key("www-authenticate"));
    }
}
