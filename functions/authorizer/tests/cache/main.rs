//! A gateway keeps the answer to the first call with a token and asks it about all later ones. Whatever the first call is, every call is
//! let through or refused as it would be by itself, and that is what the rules say about some record.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod gateway;
mod rules;
mod sdl;

use std::{cell::Cell, sync::LazyLock};

use portcullis::{TokenUse, Verifier, testkit::TestIssuer};
use portcullis_authorizer::{CallerIdentity, LambdaAuthorizer};
use portcullis_schema::Schema;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;

use self::{
    gateway::{CALLS, Gateway},
    rules::Oracle,
    sdl::{Model, model},
};

static POOL: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::cognito);

const CLIENT: &str = "web";
const CASES: u32 = 64;

/// Callers, by the groups in their token.
const CALLERS: [&[&str]; 4] = [&[], &["editors"], &["admins"], &["editors", "admins"]];

fn schema(models: &[Model]) -> Schema {
    let text = sdl::text(models);
    Schema::parse(&text, "test.graphql").unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

#[test]
fn whatever_is_asked_first_a_kept_answer_neither_refuses_nor_opens_another_route() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let tokens = CALLERS.map(|groups| {
        let token = POOL.access_token("u1").claim("client_id", CLIENT).claim("email", "ann@example.com");
        token.claim("cognito:groups", json!(groups)).sign()
    });
    let counts = Cell::new([0_u32; 2]);
    let models = (model(0), model(1), model(2)).prop_map(|(one, two, three)| [one, two, three]);
    let values = prop::collection::vec(prop::sample::select(&sdl::VALUES[..]), 3);
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) });
    let outcome = runner.run(&(models, any::<bool>(), values), |(models, as_function, values)| {
        let schema = schema(&models);
        let issuer = POOL.issuer().client_ids([CLIENT]).token_use(TokenUse::Access);
        let verifier = Verifier::builder().issuer(issuer).clock(POOL.clock()).build().unwrap();
        let identity = if as_function { CallerIdentity::Function } else { CallerIdentity::Token };
        let authorizer = LambdaAuthorizer::new(&schema, verifier).clock(POOL.clock()).identity(identity);
        let calls = gateway::calls(&models, &values);
        for (groups, token) in CALLERS.iter().zip(&tokens) {
            let oracle = Oracle::new(&schema, as_function, groups);
            let expected: Vec<bool> = calls.iter().map(|call| oracle.could_admit(&schema, call)).collect();
            for first in 0..calls.len().min(CALLS) {
                let mut gateway = Gateway::default();
                // The first call is asked about, and all the others find its answer.
                for (call, expected) in calls.iter().zip(&expected).cycle().skip(first).take(calls.len()) {
                    let allowed = runtime.block_on(gateway.call(&authorizer, token, call));
                    prop_assert_eq!(
                        allowed,
                        *expected,
                        "{} {} for {:?}, after {}\n{}",
                        call.method,
                        call.path,
                        groups,
                        calls.get(first).map_or("", |call| call.path.as_str()),
                        sdl::text(&models)
                    );
                    let mut seen = counts.get();
                    seen[usize::from(allowed)] += 1;
                    counts.set(seen);
                }
                prop_assert_eq!(gateway.asked(), 1);
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // A generator that lost its way would prove nothing.
    let [refused, allowed] = counts.get();
    println!("{allowed} calls let through, {refused} refused");
    assert!(refused > 10_000 && allowed > 10_000, "{refused} {allowed}");
}
