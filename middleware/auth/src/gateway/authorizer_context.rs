//! What a Lambda authorizer says about a caller, on its way through a gateway.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis_rules::{Claim, Claims};
use thiserror::Error;

use crate::{Rejection, VerifiedToken, clock::unix_seconds};

const SUB: &str = "sub";
const GROUPS: &str = "groups";
const SCOPES: &str = "scopes";
const EXP: &str = "exp";

/// What the Lambda authorizer of this project says about a caller whose token it has verified: for handlers behind it, which
/// find it in [`FunctionCaller::context`](crate::rules::FunctionCaller).
///
/// API Gateway (REST) and AWS AppSync carry nothing but texts in a flat object, so that all is written as text, in a form that has one
/// reading:
///
/// | entry | form |
/// |---|---|
/// | `sub` | the claim |
/// | `groups` | a list in JSON, `["editors","staff"]`: the claim `cognito:groups`, `[]` if there is none |
/// | `scopes` | the claim `scope`, with one space between two (RFC 6749, section 3.3) |
/// | `exp` | seconds after 1970, from which on the token is refused |
///
/// `groups` and `scopes` are missing where the token's claim is of another type, or where the answer would have become longer than
/// the gateway takes: that is not the same as none.
///
/// *Caveat:* it says what the token said when the authorizer saw it. No rule but `allow: custom` admits who comes in this way, and that
/// rule asks for nothing of it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use portcullis::{AuthorizerContext, TokenUse, Verifier, rules::Claims, testkit::TestIssuer};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
/// let token = pool.access_token("ada").claim("client_id", "web").claim("cognito:groups", vec!["a,b", "c"]).sign();
///
/// let said = AuthorizerContext::of(&verifier.verify(&token).await?).ok_or("no subject")?;
/// let on_its_way: Claims = said.entries().into_iter().collect();
/// assert_eq!(on_its_way.text("groups"), Some(r#"["a,b","c"]"#));
/// assert_eq!(AuthorizerContext::read(&on_its_way)?, said);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizerContext {
    /// The subject of the token.
    pub sub: String,
    /// The groups, if they are told.
    pub groups: Option<Vec<String>>,
    /// The scopes, if they are told.
    pub scopes: Option<Vec<String>>,
    /// From when on the token is refused, in seconds after 1970.
    pub exp: u64,
}

/// A context that this project's authorizer has not written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("`{entry}` is missing from the authorizer's context, or of another form")]
pub struct InvalidAuthorizerContext {
    /// The entry.
    pub entry: &'static str,
}

impl AuthorizerContext {
    /// What there is to say about the caller with this token; nothing if it has no subject, which no verifier accepts.
    #[must_use]
    pub fn of(token: &VerifiedToken) -> Option<Self> {
        let claims = token.claims();
        let sub = claims.text(SUB)?.to_owned();
        let groups = match claims.value("cognito:groups") {
            None | Some(Claim::Null) => Some(Vec::new()),
            Some(Claim::List(groups)) if groups.is_all_texts() => {
                Some(groups.texts().map(str::to_owned).collect())
            }
            Some(_) => None,
        };
        let scopes = match claims.value("scope") {
            None | Some(Claim::Null) => Some(Vec::new()),
            Some(Claim::Text(scopes)) => {
                Some(scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
            }
            Some(_) => None,
        };
        let exp = token.expires_at().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        Some(Self { sub, groups, scopes, exp })
    }

    /// The entries as they are handed to a gateway.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let mut entries = vec![(SUB, self.sub.clone()), (EXP, self.exp.to_string())];
        entries.extend(self.groups.as_ref().map(|groups| (GROUPS, serde_json::json!(groups).to_string())));
        entries.extend(self.scopes.as_ref().map(|scopes| (SCOPES, scopes.join(" "))));
        entries
    }

    /// Reads what a gateway has handed on. Entries of other names are not looked at.
    ///
    /// # Errors
    ///
    /// When an entry is missing or not of the form above.
    pub fn read(context: &Claims) -> Result<Self, InvalidAuthorizerContext> {
        let invalid = |entry| InvalidAuthorizerContext { entry };
        let sub = context.text(SUB).filter(|sub| !sub.is_empty()).ok_or(invalid(SUB))?;
        let exp = seconds(context).ok_or(invalid(EXP))?;
        let told = |entry| match context.value(entry) {
            None => Ok(None),
            Some(Claim::Text(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(entry)),
        };
        let groups = told(GROUPS)?.map(serde_json::from_str).transpose().map_err(|_| invalid(GROUPS))?;
        let scopes = match told(SCOPES)? {
            None => None,
            Some("") => Some(Vec::new()),
            Some(text) if text.split(' ').any(str::is_empty) => return Err(invalid(SCOPES)),
            Some(text) => Some(text.split(' ').map(str::to_owned).collect()),
        };
        Ok(Self { sub: sub.to_owned(), groups, scopes, exp })
    }
}

/// Whether the answer of an authorizer that says until when it is good still is.
#[cfg_attr(
    not(feature = "lambda"),
    expect(dead_code, reason = "only API Gateway keeps an answer for longer")
)]
pub(super) fn check_time(context: &Claims, now: SystemTime) -> Result<(), Rejection> {
    if !context.has(EXP) {
        return Ok(());
    }
    let exp = seconds(context).ok_or(Rejection::TimeClaim)?;
    if exp as f64 > unix_seconds(now) { Ok(()) } else { Err(Rejection::Expired) }
}

/// A whole number of seconds: a REST API makes a text of it, others leave it as it is.
fn seconds(context: &Claims) -> Option<u64> {
    match context.get(EXP)? {
        serde_json::Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()
        }
        serde_json::Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// Names of groups are somebody's data.
impl fmt::Debug for AuthorizerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizerContext")
            .field("sub", &self.sub)
            .field("groups", &self.groups.as_ref().map(Vec::len))
            .field("scopes", &self.scopes.as_ref().map(Vec::len))
            .field("exp", &self.exp)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn claims(value: &Value) -> Claims {
        value.as_object().unwrap().clone().into()
    }

    #[test]
    fn what_this_project_did_not_write_is_refused_with_the_name_of_the_entry() {
        for (context, entry) in [
            (json!({}), "sub"),
            (json!({ "sub": "", "exp": "1" }), "sub"),
            (json!({ "sub": 1, "exp": "1" }), "sub"),
            (json!({ "sub": "a" }), "exp"),
            (json!({ "sub": "a", "exp": "" }), "exp"),
            (json!({ "sub": "a", "exp": "-1" }), "exp"),
            (json!({ "sub": "a", "exp": "1.5" }), "exp"),
            (json!({ "sub": "a", "exp": "99999999999999999999" }), "exp"),
            (json!({ "sub": "a", "exp": "1", "groups": "a,b" }), "groups"),
            (json!({ "sub": "a", "exp": "1", "groups": "[a b]" }), "groups"),
            (json!({ "sub": "a", "exp": "1", "groups": "[1]" }), "groups"),
            (json!({ "sub": "a", "exp": "1", "groups": ["a"] }), "groups"),
            (json!({ "sub": "a", "exp": "1", "groups": null }), "groups"),
            (json!({ "sub": "a", "exp": "1", "scopes": "a  b" }), "scopes"),
            (json!({ "sub": "a", "exp": "1", "scopes": " a" }), "scopes"),
        ] {
            assert_eq!(AuthorizerContext::read(&claims(&context)), Err(InvalidAuthorizerContext { entry }));
        }
        let told = claims(&json!({ "sub": "a", "exp": 1, "principalId": "a", "integrationLatency": 3 }));
        let expected = AuthorizerContext { sub: "a".to_owned(), groups: None, scopes: None, exp: 1 };
        assert_eq!(AuthorizerContext::read(&told), Ok(expected));
    }

    #[test]
    fn an_answer_is_good_until_the_second_that_it_names() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        for (context, now, expected) in [
            (json!({ "tenant": "acme" }), 9, Ok(())),
            (json!({ "exp": "10" }), 9, Ok(())),
            (json!({ "exp": 10 }), 9, Ok(())),
            (json!({ "exp": "10" }), 10, Err(Rejection::Expired)),
            (json!({ "exp": "10" }), 11, Err(Rejection::Expired)),
            (json!({ "exp": "soon" }), 9, Err(Rejection::TimeClaim)),
            (json!({ "exp": null }), 9, Err(Rejection::TimeClaim)),
            (json!({ "exp": true }), 9, Err(Rejection::TimeClaim)),
        ] {
            assert_eq!(check_time(&claims(&context), at(now)), expected, "{context}");
        }
    }
}
