//! Who asks.

use portcullis_rules::{Claims, FunctionCaller, IamCaller, Identity, Item, User, VerifiedBy};
use serde_json::Value;

use super::refusal::Refusal;

/// A session of the role that the identity pool gives to those who have signed in.
pub(crate) const MEMBER_SESSION: &str =
    "arn:aws:sts::123456789012:assumed-role/authRole/CognitoIdentityCredentials";
/// A session of the role that the identity pool gives to guests.
pub(crate) const GUEST_SESSION: &str =
    "arn:aws:sts::123456789012:assumed-role/unauthRole/CognitoIdentityCredentials";

/// Reads the caller of a case.
pub(crate) fn read(identity: &Value) -> Result<Identity, Refusal> {
    let Value::Object(identity) = identity else {
        return Err(Refusal::malformed("`identity` is missing"));
    };
    match identity.get("kind").and_then(Value::as_str) {
        Some("userPools") => Ok(User::user_pools(claims(identity, "claims")?, VerifiedBy::Gateway).into()),
        Some("oidc") => Ok(User::oidc(claims(identity, "claims")?, VerifiedBy::Gateway).into()),
        Some("iam") => iam(identity).map(Identity::Iam),
        Some("apiKey") => Ok(Identity::ApiKey),
        Some("function") => {
            Ok(Identity::Function(FunctionCaller { context: claims(identity, "resolverContext")? }))
        }
        _ => Err(Refusal::malformed("`identity.kind` is not one that is known")),
    }
}

fn claims(identity: &Item, name: &str) -> Result<Claims, Refusal> {
    match identity.get(name) {
        None | Some(Value::Null) => Ok(Claims::default()),
        Some(Value::Object(claims)) => Ok(Claims::from(claims.clone())),
        Some(_) => Err(Refusal::malformed(format!("`identity.{name}` is not an object"))),
    }
}

/// A case names the two roles of the identity pool by a word; any other caller by the ARN.
fn iam(identity: &Item) -> Result<IamCaller, Refusal> {
    let text = |name: &str| identity.get(name).and_then(Value::as_str).map(str::to_owned);
    let user_arn = match identity.get("role").map(Value::as_str) {
        None => text("userArn"),
        Some(Some("auth")) => Some(MEMBER_SESSION.to_owned()),
        Some(Some("unauth")) => Some(GUEST_SESSION.to_owned()),
        Some(_) => return Err(Refusal::malformed("`identity.role` is neither `auth` nor `unauth`")),
    };
    let authenticated = match text("cognitoIdentityAuthType").as_deref() {
        Some("authenticated") => Some(true),
        Some("unauthenticated") => Some(false),
        _ => None,
    };
    let (identity_pool_id, identity_id) = (text("cognitoIdentityPoolId"), text("cognitoIdentityId"));
    Ok(IamCaller { user_arn, identity_pool_id, identity_id, authenticated, ..IamCaller::default() })
}
