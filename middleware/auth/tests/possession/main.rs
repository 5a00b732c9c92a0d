//! Tokens that are bound to a key or a certificate: what proves possession, what does not, and what a client is told.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{convert::Infallible, sync::LazyLock, time::Duration};

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use axum::{Router, body::Body, routing::get};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{
    Request, Response,
    header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
};
use portcullis::{
    Algorithm, AuthenticateError, AuthenticateLayer, AuthorizeLayer, Caller, ClientCertificate, Confirmation,
    Dpop, DpopBuilder, Fetch, Fetching, Issuer, MAX_PROOF_BYTES, Mistake, Possession, ProofError,
    ProvenRequest, Refusal, RefusalKind, Rejection, ResourceMetadata, Thumbprint, TimedNonces, TokenUse,
    Verifier, require,
    rules::Identity,
    testkit::{ManualClock, ProofKey, TestIssuer, TestProof},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

mod answers;
mod certificates;
mod hostile;
mod metadata;
mod proofs;
mod replays;

const NOW: u64 = TestIssuer::NOW;
const ORIGIN: &str = "https://api.example.com";
const URL: &str = "https://api.example.com/notes";
const ALGORITHMS: &str = "ES256 ES384 ES512 EdDSA PS256 PS384 PS512 RS256 RS384 RS512";

/// Checks of proofs do not look into the token.
const TOKEN: &str = "the.access.token";

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);
static KEY: LazyLock<ProofKey> = LazyLock::new(ProofKey::generate);

fn dpop_at(clock: &ManualClock) -> DpopBuilder {
    Dpop::builder().origin(ORIGIN).clock(clock.clone())
}

fn dpop() -> Dpop {
    dpop_at(&POOL.clock()).build().unwrap()
}

fn verifier() -> Verifier {
    let issuer = POOL.issuer().client_ids(["web"]).token_use(TokenUse::Access);
    Verifier::builder().issuer(issuer).clock(POOL.clock()).build().unwrap()
}

/// An access token of Ada with this `cnf`.
fn bound(confirmation: Value) -> String {
    POOL.access_token("ada").claim("client_id", "web").claim("cnf", confirmation).sign()
}

fn unbound() -> String {
    POOL.access_token("ada").claim("client_id", "web").sign()
}

fn request() -> ProvenRequest<'static> {
    ProvenRequest { method: "GET", path: "/notes?page=2", token: TOKEN }
}

fn good() -> TestProof {
    KEY.proof("GET", URL, TOKEN)
}

/// What is said about a proof of a token that is bound to [`KEY`].
fn verdict(dpop: &Dpop, proof: &str) -> Result<(), ProofError> {
    verdict_for(dpop, proof, &KEY.confirmation())
}

fn verdict_for(dpop: &Dpop, proof: &str, confirmation: &Value) -> Result<(), ProofError> {
    dpop.check(proof, request(), Some(&Confirmation::from_claim(confirmation))).map(|_| ())
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The `cnf` for a key that is not of the kind that [`ProofKey`] makes.
fn confirmation(jwk: &Value) -> Value {
    let names: &[&str] = match jwk["kty"].as_str() {
        Some("EC") => &["crv", "kty", "x", "y"],
        Some("RSA") => &["e", "kty", "n"],
        _ => &["crv", "kty", "x"],
    };
    let members: Vec<String> = names.iter().map(|name| format!(r#""{name}":{}"#, jwk[*name])).collect();
    let text = format!("{{{}}}", members.join(","));
    json!({"jkt": base64url(digest::digest(&digest::SHA256, text.as_bytes()))})
}
