//! Callers of every kind with claims of every kind, and records that speak of them.

use portcullis_rules::{
    Authorizer, Claims, FunctionCaller, IamCaller, Identity, IdentityPool, Item, User, VerifiedBy,
};
use serde_json::{Value, json};

use crate::{dice::Dice, sdl::FIELDS};

/// Few names, so that callers, records and rules meet often.
const NAMES: [&str; 12] = ["a", "b", "G", "a::b", "b::b", "a::a", "", "team-a", "team-", "{a}", ":a", "xayb"];
/// The ARN of the role for members of the pool, and of no role of it.
const ARNS: [&str; 3] = [
    "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials",
    "arn:aws:sts::111122223333:assumed-role/guest/CognitoIdentityCredentials",
    "arn:aws:sts::111122223333:assumed-role/ops/session",
];

fn name(dice: &mut Dice<'_>) -> Value {
    Value::from(*dice.one_of(&NAMES))
}

/// Something that no door would hand on, or would it?
fn hostile(dice: &mut Dice<'_>) -> Value {
    match dice.below(7) {
        0 => Value::Null,
        1 => json!(7),
        2 => json!({"G": true, "a": ["b"]}),
        3 => json!([["G"], {"a": 1}, null, "b"]),
        4 => Value::from("a::".repeat(500)),
        5 => Value::from("[\"G\", \"a\"]"),
        _ => (0..200).fold(json!("a"), |value, _| json!([value])),
    }
}

fn groups(dice: &mut Dice<'_>) -> Value {
    match dice.below(8) {
        0..5 => dice.some(4, name).into(),
        5 => name(dice),
        6 => Value::from(json!(dice.some(3, name)).to_string()),
        _ => hostile(dice),
    }
}

fn claims(dice: &mut Dice<'_>) -> Claims {
    let mut claims = Item::new();
    for claim in ["sub", "username", "cognito:username", "email", "custom:tenant"] {
        let value = match dice.below(10) {
            0..7 => Some(name(dice)),
            7 => Some(hostile(dice)),
            _ => None,
        };
        claims.extend(value.map(|value| (claim.to_owned(), value)));
    }
    for claim in ["cognito:groups", "roles"] {
        if !dice.once_in(5) {
            claims.insert(claim.to_owned(), groups(dice));
        }
    }
    claims.into()
}

pub(crate) fn identity(dice: &mut Dice<'_>) -> Identity {
    match dice.below(12) {
        0..7 => User::user_pools(claims(dice), VerifiedBy::Portcullis).into(),
        7 | 8 => User::oidc(claims(dice), VerifiedBy::Gateway).into(),
        9 => Identity::ApiKey,
        10 => Identity::Function(FunctionCaller { context: claims(dice) }),
        _ => Identity::Iam(IamCaller {
            user_arn: dice.some(1, |dice| (*dice.one_of(&ARNS)).to_owned()).pop(),
            identity_pool_id: dice.some(1, |_| "pool".to_owned()).pop(),
            identity_id: dice.some(1, |_| "identity".to_owned()).pop(),
            authenticated: *dice.one_of(&[Some(true), Some(false), None]),
            sub: dice.some(1, |_| "u1".to_owned()).pop(),
        }),
    }
}

/// A record, an input or changes.
pub(crate) fn item(dice: &mut Dice<'_>) -> Item {
    let mut item = Item::new();
    let declared = FIELDS.iter().map(|&(field, kind)| (field, kind));
    for (field, kind) in declared.chain([("undeclared", "String"), ("id", "ID!"), ("key", "String!")]) {
        let value = match dice.below(8) {
            0..4 if kind.starts_with('[') => Value::from(dice.some(3, name)),
            0..4 => name(dice),
            4 => hostile(dice),
            _ => continue,
        };
        item.insert(field.to_owned(), value);
    }
    item
}

/// An authorizer, and what it does that the naive evaluator can be told of: whether it fills in owners for those whom a
/// group admits, and whether it believes what the door says about identity pools. `None` if it cannot be told.
pub(crate) fn authorizer(dice: &mut Dice<'_>) -> (Authorizer, Option<(bool, bool)>) {
    let populate = !dice.once_in(3);
    let authorizer = Authorizer::new().populate_owner_for_static_groups(populate);
    match dice.below(6) {
        0..3 => (authorizer, Some((populate, false))),
        3 | 4 => (authorizer.trust_identity_pool(), Some((populate, true))),
        _ => {
            let pool = IdentityPool::new().id("pool").authenticated_role(ARNS[0]).guest_role(ARNS[1]);
            let authorizer = authorizer.identity_pool(pool);
            let authorizer = if dice.once_in(2) { authorizer.admin_roles(["ops"]) } else { authorizer };
            (if dice.once_in(3) { authorizer.admit_account() } else { authorizer }, None)
        }
    }
}
