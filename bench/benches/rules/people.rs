//! Callers and records as they are in practice: a token with all that Cognito writes into it, a note with a few fields.

use portcullis_rules::{Claims, Identity, Item, User, VerifiedBy};
use serde_json::{Value, json};

pub(crate) const ANN: &str = "6f1c2d3e-8a4b-4c5d-9e6f-7a8b9c0d1e2f";
pub(crate) const BOB: &str = "0b9a8f7e-6d5c-4b3a-8291-a0b1c2d3e4f5";

/// A caller with an access token of a user pool; the user is called as the `sub` is, as where e-mail addresses sign in.
pub(crate) fn person(sub: &str, groups: &[String]) -> Identity {
    let claims = json!({
        "sub": sub,
        "username": sub,
        "cognito:groups": groups,
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
        "client_id": "1h57kf5cpq17m0eml12EXAMPLE",
        "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-000000000001",
        "event_id": "aaaaaaaa-bbbb-cccc-dddd-000000000002",
        "jti": "aaaaaaaa-bbbb-cccc-dddd-000000000003",
        "token_use": "access",
        "scope": "openid email",
        "version": 2,
        "auth_time": 1_700_000_000,
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    });
    User::user_pools(Claims::from(item(claims)), VerifiedBy::Portcullis).into()
}

/// A note of somebody, for a team, with two editors.
pub(crate) fn note(owner: &str, team: &str) -> Item {
    item(json!({
        "id": "01J9Z3K8Q4",
        "title": "Minutes",
        "body": "What was said.",
        "owner": format!("{owner}::{owner}"),
        "editors": [format!("{owner}::{owner}"), "somebody else"],
        "team": team,
        "secret": "for few",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }))
}

pub(crate) fn item(value: Value) -> Item {
    value.as_object().unwrap().clone()
}
