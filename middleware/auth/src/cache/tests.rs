//! When a token is remembered, and when not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;

use super::*;
use crate::{
    Algorithm, AuthenticateError, CachingVerifier, Fetch, FetchError, Fetching, Issuer, KeyPolicy, Rejection,
    TokenUse, VerifierBuilder,
    testkit::{TestIssuer, TestToken},
};

const ROOMY: usize = 1024 * 1024;
const HOUR: u64 = 3600;

fn builder(pool: &TestIssuer) -> VerifierBuilder {
    let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer).clock(pool.clock())
}

fn token(pool: &TestIssuer, sub: &str) -> TestToken {
    pool.access_token(sub).claim("client_id", "web")
}

/// A cache in front of a verifier.
struct Remembered {
    cache: TokenCache,
    verifier: Verifier,
}

impl Remembered {
    fn new(bytes: usize, verifier: Verifier) -> Self {
        Self { cache: TokenCache::new(bytes).unwrap(), verifier }
    }

    fn verify(&self, token: &str) {
        let verified = self.verifier.verify_now(token).unwrap().unwrap();
        self.cache.insert(token, &verified);
    }

    async fn fetch_and_verify(&self, token: &str) {
        let verified = self.verifier.verify(token).await.unwrap();
        self.cache.insert(token, &verified);
    }

    fn holds(&self, token: &str) -> bool {
        self.cache.get(token, &self.verifier).is_some()
    }
}

/// An issuer whose answer can be changed.
#[derive(Clone, Debug)]
struct Published(Arc<Mutex<Option<String>>>);

impl Published {
    fn new(pool: &TestIssuer) -> Self {
        Self(Arc::new(Mutex::new(Some(pool.jwk_set_json().to_string()))))
    }

    fn replace(&self, set: Option<String>) {
        *self.0.lock().unwrap() = set;
    }

    fn verifier(&self, pool: &TestIssuer) -> Verifier {
        let issuer = Issuer::cognito_at(pool.url()).client_ids(["web"]).token_use(TokenUse::Access);
        let issuer = issuer.key_policy(KeyPolicy::default());
        Verifier::builder().issuer(issuer).clock(pool.clock()).fetcher(self.clone()).build().unwrap()
    }
}

impl Fetch for Published {
    fn fetch(&self, _: &str) -> Fetching {
        let answer = self.0.lock().unwrap().clone();
        Box::pin(async move { answer.map(Bytes::from).ok_or(FetchError::Status(500)) })
    }
}

#[test]
fn an_entry_ends_at_the_second_at_which_the_token_does() {
    for leeway in [0, 5] {
        let pool = TestIssuer::cognito();
        let verifier = builder(&pool).leeway(Duration::from_secs(leeway)).build().unwrap();
        let remembered = Remembered::new(ROOMY, verifier);
        let token = token(&pool, "ada").sign();
        remembered.verify(&token);
        let end = TestIssuer::NOW + HOUR + leeway;
        for (now, holds) in [(end - HOUR, true), (end - 1, true), (end, false), (end - 1, false)] {
            pool.clock().set(now);
            assert_eq!(remembered.holds(&token), holds, "{leeway} {now}");
        }
        assert_eq!(remembered.cache.entries.len(), 0, "what has expired is thrown away when it is asked for");
    }
}

#[test]
fn a_clock_that_was_set_back_counts() {
    let pool = TestIssuer::cognito();
    let remembered = Remembered::new(ROOMY, builder(&pool).build().unwrap());
    let token = token(&pool, "ada").claim("nbf", TestIssuer::NOW).sign();
    remembered.verify(&token);
    pool.clock().set(TestIssuer::NOW - 1);
    assert!(!remembered.holds(&token), "it is not good yet");
    assert_eq!(
        remembered.verifier.verify_now(&token).unwrap().unwrap_err(),
        AuthenticateError::Rejected(Rejection::NotYetValid)
    );
}

#[test]
fn one_character_makes_another_token() {
    let pool = TestIssuer::cognito();
    let remembered = Remembered::new(ROOMY, builder(&pool).build().unwrap());
    let token = token(&pool, "ada").sign();
    remembered.verify(&token);
    for index in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[index] = if other[index] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert!(!remembered.holds(&other), "character {index}");
    }
    for other in [&token[1..], &token[..token.len() - 1], &token[token.len() - HASHED..], "", "."] {
        assert!(!remembered.holds(other), "{other:?}");
    }
    assert!(!remembered.holds(&format!("{token}A")) && !remembered.holds(&format!(" {token}")));
    assert!(remembered.holds(&token));
}

#[tokio::test]
async fn an_entry_ends_when_its_key_leaves_the_set() {
    let pool = TestIssuer::cognito();
    let published = Published::new(&pool);
    let remembered = Remembered::new(ROOMY, published.verifier(&pool));
    let (withdrawn, kept) = (token(&pool, "ada").sign(), token(&pool, "bob").sign_with(Algorithm::Es256));
    remembered.fetch_and_verify(&withdrawn).await;
    remembered.fetch_and_verify(&kept).await;
    let mut set = pool.jwk_set_json();
    set["keys"].as_array_mut().unwrap().retain(|key| key["kty"] == "EC");
    published.replace(Some(set.to_string()));
    pool.clock().advance(Duration::from_secs(60));
    assert!(remembered.holds(&withdrawn) && remembered.holds(&kept), "the set is young");
    // An unknown key id has the set fetched.
    let stranger = token(&pool.with_new_keys(), "eve").sign();
    assert!(remembered.verifier.verify(&stranger).await.is_err());
    assert!(!remembered.holds(&withdrawn), "its key is gone");
    assert!(remembered.holds(&kept) && remembered.holds(&kept), "its key is still there");
}

#[tokio::test]
async fn another_key_of_the_same_name_is_another_key() {
    let (pool, published) = (TestIssuer::cognito(), Published::new(&TestIssuer::cognito()));
    let named = |pool: &TestIssuer| {
        let mut set = pool.jwk_set_json();
        set["keys"][0]["kid"] = "current".into();
        Some(set.to_string())
    };
    published.replace(named(&pool));
    let remembered = Remembered::new(ROOMY, published.verifier(&pool));
    let token = token(&pool, "ada").header("kid", "current").sign();
    remembered.fetch_and_verify(&token).await;
    published.replace(named(&pool.with_new_keys()));
    pool.clock().advance(Duration::from_secs(60));
    let stranger = self::token(&pool.with_new_keys(), "eve").sign();
    assert!(remembered.verifier.verify(&stranger).await.is_err());
    assert!(!remembered.holds(&token));
    assert!(remembered.verifier.verify(&token).await.is_err());
}

#[tokio::test]
async fn an_entry_ends_when_keys_may_no_longer_be_used() {
    let pool = TestIssuer::cognito();
    let published = Published::new(&pool);
    let remembered = Remembered::new(ROOMY, published.verifier(&pool));
    let token = token(&pool, "ada").claim("exp", TestIssuer::NOW + 100 * HOUR).sign();
    remembered.fetch_and_verify(&token).await;
    published.replace(None);
    pool.clock().advance(Duration::from_secs(HOUR));
    assert!(!remembered.holds(&token), "the keys have to be fetched before they are used");
    remembered.fetch_and_verify(&token).await;
    assert!(remembered.holds(&token), "the issuer is down, and stale keys serve");
    pool.clock().advance(Duration::from_secs(6 * HOUR));
    assert!(!remembered.holds(&token), "they serve no longer");
    let refused = remembered.verifier.verify(&token).await.unwrap_err();
    assert!(matches!(refused, AuthenticateError::KeysUnavailable { .. }), "{refused}");
}

#[test]
fn a_flood_of_good_tokens_takes_no_more_than_the_limit() {
    const LIMIT: usize = 64 * 1024;
    let pool = TestIssuer::cognito();
    let remembered = Remembered::new(LIMIT, builder(&pool).build().unwrap());
    let mut held = 0;
    for number in 0..500 {
        let token = token(&pool, &format!("user-{number}")).sign_with(Algorithm::Es256);
        remembered.verify(&token);
        held += usize::from(remembered.holds(&token));
        assert!(remembered.cache.entries.weight() <= LIMIT as u64);
    }
    assert!(remembered.cache.entries.len() > 10 && held > 100, "{held} {:?}", remembered.cache);
    // A token that is used stays while others come once.
    let used = token(&pool, "ada").sign_with(Algorithm::Es256);
    let mut misses = 0;
    for number in 0..500 {
        if !remembered.holds(&used) {
            misses += 1;
            remembered.verify(&used);
        }
        remembered.verify(&token(&pool, &format!("other-{number}")).sign_with(Algorithm::Es256));
    }
    assert!(misses < 50, "{misses}");
}

#[test]
fn a_cache_that_could_hold_nothing_is_none() {
    assert!(TokenCache::new(0).is_none());
    assert!(TokenCache::new(100).is_none());
    let pool = TestIssuer::cognito();
    let remembered = Remembered::new(4096, builder(&pool).build().unwrap());
    let long = token(&pool, "ada").claim("custom:story", "x".repeat(4000)).sign();
    remembered.verify(&long);
    assert!(!remembered.holds(&long), "it is larger than the cache");
}

#[test]
fn verifiers_do_not_share() {
    let pool = TestIssuer::cognito();
    let other = pool.issuer().client_ids(["other"]).token_use(TokenUse::Access);
    let other = Verifier::builder().issuer(other).clock(pool.clock()).build().unwrap();
    let (web, other) = (CachingVerifier::new(builder(&pool).build().unwrap()), CachingVerifier::new(other));
    let token = token(&pool, "ada").sign();
    for _ in 0..2 {
        assert!(web.clone().authenticate_now(&token).unwrap().is_ok());
        let refused = other.authenticate_now(&token).unwrap();
        assert_eq!(refused, Err(AuthenticateError::Rejected(Rejection::Client)));
    }
}

#[test]
fn refusals_are_not_kept() {
    let pool = TestIssuer::cognito();
    let verifier = CachingVerifier::new(builder(&pool).build().unwrap());
    for refused in [
        token(&pool, "ada").claim("exp", TestIssuer::NOW).sign(),
        token(&pool, "ada").claim("client_id", "other").sign(),
        token(&pool.with_new_keys(), "ada").sign(),
        "a.b.c".to_owned(),
    ] {
        assert!(verifier.verify_now(&refused).unwrap().is_err());
    }
    let early = token(&pool, "ada").claim("nbf", TestIssuer::NOW + 1).sign();
    assert!(verifier.verify_now(&early).unwrap().is_err());
    assert_eq!(verifier.remembered(), 0);
    pool.clock().advance(Duration::from_secs(1));
    assert!(verifier.verify_now(&early).unwrap().is_ok(), "it was too early, and is not any more");
}

#[test]
fn a_token_that_is_bound_to_a_key_is_bound_from_memory_too() {
    let pool = TestIssuer::cognito();
    let verifier = CachingVerifier::new(builder(&pool).build().unwrap());
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound = token(&pool, "ada").claim("cnf", serde_json::json!({"jkt": thumbprint})).sign();
    for _ in 0..2 {
        assert!(verifier.verify_now(&bound).unwrap().unwrap().confirmation().is_some());
        let refused = verifier.authenticate_now(&bound).unwrap();
        assert_eq!(refused, Err(AuthenticateError::Rejected(Rejection::SenderConstrained)));
    }
    assert_eq!(verifier.remembered(), 1);
}

#[test]
fn clones_share_and_without_a_cache_nothing_is_kept() {
    let pool = TestIssuer::cognito();
    let verifier = CachingVerifier::new(builder(&pool).build().unwrap());
    let token = token(&pool, "ada").sign();
    assert!(verifier.clone().verify_now(&token).unwrap().is_ok());
    assert_eq!(verifier.remembered(), 1);
    assert_eq!(verifier.clone().cache_bytes(ROOMY).remembered(), 0, "another memory");
    let forgetful = verifier.without_cache();
    assert!(forgetful.verify_now(&token).unwrap().is_ok() && forgetful.remembered() == 0);
}

#[test]
fn many_threads_see_one_truth() {
    let pool = TestIssuer::cognito();
    let verifier = CachingVerifier::new(builder(&pool).build().unwrap()).cache_bytes(32 * 1024);
    let tokens: Vec<(String, String)> = (0..40)
        .map(|number| {
            (format!("user-{number}"), token(&pool, &format!("user-{number}")).sign_with(Algorithm::Es256))
        })
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (verifier, tokens) = (&verifier, &tokens);
            scope.spawn(move || {
                for round in 0..200 {
                    let (sub, token) = &tokens[(thread * 7 + round * 3) % tokens.len()];
                    let identity = verifier.authenticate_now(token).unwrap().unwrap();
                    assert_eq!(identity.sub(), Some(sub.as_str()));
                }
            });
        }
    });
    pool.clock().advance(Duration::from_secs(HOUR));
    for (_, token) in &tokens {
        assert!(verifier.authenticate_now(token).unwrap().is_err());
    }
}
