//! Whom the API believes, and what it tells those whom it does not.

use std::time::Duration;

use http::{Method, StatusCode};
use portcullis::{Algorithm, testkit::TestIssuer};
use serde_json::json;

use crate::{
    NEWSROOM,
    support::{CLIENT, Caller, House, KEY},
};

#[tokio::test]
async fn a_token_that_is_wrong_in_any_way_is_refused() {
    let house = House::new(NEWSROOM).await;
    let note = house.create(Caller::Ann, "/notes", &json!({ "title": "plan" })).await;
    let good = house.token(Caller::Ann);
    let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let other_claims = house
        .access_token(Caller::Bob)
        .claim("cognito:groups", json!(["admins"]))
        .signing_input(Algorithm::Rs256);
    let changed = other_claims.split('.').nth(1).unwrap();
    let unsigned = house.access_token(Caller::Ann).header("alg", "none").signing_input(Algorithm::Rs256);
    let stranger = TestIssuer::at("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Stranger1");
    let pretender = house.issuer.with_new_keys();
    let ann = Caller::Ann.sub();
    for (case, token) in [
        ("changed claims", format!("{header}.{changed}.{signature}")),
        ("no signature", format!("{unsigned}.")),
        ("another pool", stranger.access_token(ann).claim("client_id", CLIENT).sign()),
        ("this pool by name only", pretender.access_token(ann).claim("client_id", CLIENT).sign()),
        ("an ID token", house.issuer.id_token(ann).claim("aud", CLIENT).sign()),
        ("another client", house.access_token(Caller::Ann).claim("client_id", "another").sign()),
        ("no client", house.access_token(Caller::Ann).without("client_id").sign()),
        ("no end", house.access_token(Caller::Ann).without("exp").sign()),
        ("long over", house.access_token(Caller::Ann).claim("exp", TestIssuer::NOW - 3600).sign()),
        ("words", "let-me-in".to_owned()),
    ] {
        let answer = house.call(Caller::Nobody, Method::GET, &note).bearer(&token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{case}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{case}");
        assert!(
            answer.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer error=")),
            "{case}"
        );
        assert!(!answer.text().contains(&token), "{case}");

        // A good key does not make up for a bad token.
        let answer = house.call(Caller::Key, Method::GET, "/articles").bearer(&token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{case}");
    }
    assert_eq!(house.call(Caller::Nobody, Method::GET, &note).bearer(&good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_ends_while_the_api_runs() {
    let house = House::with_own_pool(NEWSROOM).await;
    let token = house.token(Caller::Ann);
    let get = || house.call(Caller::Nobody, Method::GET, "/notes").bearer(&token);
    assert_eq!(get().await.status, StatusCode::OK);
    house.issuer.clock().advance(Duration::from_secs(2 * 3600));
    assert_eq!(get().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_credentials_the_answer_is_a_challenge() {
    let house = House::new(NEWSROOM).await;
    for (method, path) in [
        (Method::GET, "/notes"),
        (Method::POST, "/notes"),
        (Method::GET, "/notes/n1"),
        (Method::PATCH, "/notes/n1"),
        (Method::DELETE, "/notes/n1"),
        (Method::GET, "/articles"),
    ] {
        let answer = house.call(Caller::Nobody, method.clone(), path).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (StatusCode::UNAUTHORIZED, Some("Bearer")),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn only_the_configured_key_opens_what_is_public() {
    let house = House::new(NEWSROOM).await;
    for (key, status) in [
        (KEY, StatusCode::OK),
        ("", StatusCode::UNAUTHORIZED),
        ("da2-another-key-of-some-length", StatusCode::UNAUTHORIZED),
        (&KEY[..KEY.len() - 1], StatusCode::UNAUTHORIZED),
    ] {
        let answer = house.call(Caller::Nobody, Method::GET, "/articles").header("x-api-key", key).await;
        assert_eq!(answer.status, status, "{key}");
    }
}

#[tokio::test]
async fn a_token_anywhere_but_in_its_header_is_not_seen() {
    let house = House::new(NEWSROOM).await;
    let token = house.token(Caller::Ann);
    let query = house.call(Caller::Nobody, Method::GET, &format!("/notes?access_token={token}")).await;
    let cookie =
        house.call(Caller::Nobody, Method::GET, "/notes").header("cookie", &format!("token={token}")).await;
    assert_eq!((query.status, cookie.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
}
