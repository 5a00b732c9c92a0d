//! What a verifier must refuse, line by line of the list at `Verifier`, with the good token beside the bad one.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    Algorithm, AuthenticateError, Issuer, JwkSet, Rejection, TokenUse, Verifier,
    rules::{Provider, VerifiedBy},
    testkit::{TestIssuer, TestToken},
};
use serde_json::{Value, json};
use std::{sync::LazyLock, time::Duration};

mod alb;
mod attacks;
mod claims;
mod form;
mod keys;
mod signatures;
mod vectors;

const NOW: u64 = TestIssuer::NOW;

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

fn access_verifier() -> Verifier {
    build(POOL.issuer().client_ids(["web", "ios"]).token_use(TokenUse::Access))
}

fn build(issuer: Issuer) -> Verifier {
    Verifier::builder().issuer(issuer).clock(POOL.clock()).build().unwrap()
}

fn good() -> TestToken {
    POOL.access_token("ada").claim("client_id", "web")
}

type Signer<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

fn base64url(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Everything here ends without waiting, because the keys are given.
fn verdict(verifier: &Verifier, token: &str) -> Result<(), Rejection> {
    match verifier.authenticate_now(token).unwrap() {
        Ok(_) => Ok(()),
        Err(AuthenticateError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn check(verifier: &Verifier, rows: &[(&str, String, Result<(), Rejection>)]) {
    for (name, token, expected) in rows {
        assert_eq!(verdict(verifier, token), *expected, "{name}");
    }
}
