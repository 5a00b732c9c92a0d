//! The form in which the tests of the rules are written.

use std::collections::BTreeMap;

use http::Method;
use lambda_http::request::{LambdaRequest, RequestContext};
use portcullis::rules::{Authorizer, IdentityPool};
use portcullis_api::Api;
use serde_json::{Map, Value, json};

use crate::support::{Answer, CLIENT, Call, Caller, House, KEY, SIGN_IN};

/// The identity pool of all stories.
pub(super) const IDENTITY_POOL: &str = "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa";

/// Who calls, by the credentials that they bring.
#[derive(Clone)]
enum Who {
    Nobody,
    Key,
    /// Claims of an access token of the pool.
    Pool(Value),
    /// Claims of an access token of another issuer.
    Oidc(Value),
    /// What a gateway says.
    Gateway(Value),
}

/// A schema, the callers, and what happens.
pub(super) struct Story {
    house: House,
    callers: BTreeMap<String, Who>,
}

/// A story with the callers that most need:
///
/// - `ann` and `bob`, `eve` of the group `editors`, `adam` of `admins`: users of the pool, by `sub::username`
///   `u-ann::ann` and so on;
/// - `olga`, and `omar` of `editors`: users of the other issuer;
/// - `key`; `nobody`;
/// - `member`, `guest`, `editor` (a member with another role), `ops` (an administrator), `robot` (a role of the account):
///   callers with AWS credentials; `lambda`: somebody whom a Lambda authorizer let in.
pub(super) async fn story(schema: &str) -> Story {
    story_with(schema, |api| api).await
}

pub(super) async fn story_with(schema: &str, change: impl FnOnce(Api) -> Api) -> Story {
    let house = House::open(schema, |api| change(api.authorizer(authorizer()))).await;
    let pool = |name: &str, groups: &[&str]| {
        let sub = format!("u-{name}");
        let mut claims = json!({ "sub": sub, "username": name, "client_id": CLIENT });
        if !groups.is_empty() {
            claims["cognito:groups"] = json!(groups);
        }
        (name.to_owned(), Who::Pool(claims))
    };
    let oidc = |name: &str, groups: &[&str]| {
        let claims = json!({ "sub": format!("o-{name}"), "username": name, "cognito:groups": groups });
        (name.to_owned(), Who::Oidc(claims))
    };
    let arn = |role: &str, session: &str| format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}");
    let cognito = |name: &str, role: &str, standing: &str| {
        let pool = json!({ "amr": [standing], "identityId": format!("eu-west-1:{name}"), "identityPoolId": IDENTITY_POOL });
        let iam = json!({ "userArn": arn(role, "CognitoIdentityCredentials"), "cognitoIdentity": pool });
        (name.to_owned(), Who::Gateway(json!({ "iam": iam })))
    };
    let role =
        |name: &str| (name.to_owned(), Who::Gateway(json!({ "iam": { "userArn": arn(name, "session") } })));
    let callers = [
        ("nobody".to_owned(), Who::Nobody),
        ("key".to_owned(), Who::Key),
        pool("ann", &[]),
        pool("bob", &[]),
        pool("eve", &["editors"]),
        pool("adam", &["admins"]),
        oidc("olga", &[]),
        oidc("omar", &["editors"]),
        cognito("member", "web-member", "authenticated"),
        cognito("guest", "web-guest", "unauthenticated"),
        cognito("editor", "web-editor", "authenticated"),
        role("ops"),
        role("devops"),
        role("robot"),
        ("lambda".to_owned(), Who::Gateway(json!({ "lambda": { "tenant": "acme" } }))),
    ];
    Story { house, callers: callers.into_iter().collect() }
}

pub(super) fn authorizer() -> Authorizer {
    let pool = IdentityPool::new()
        .id(IDENTITY_POOL)
        .authenticated_role("arn:aws:iam::111122223333:role/web-member")
        .guest_role("arn:aws:iam::111122223333:role/web-guest");
    Authorizer::new().identity_pool(pool).admin_roles(["ops"])
}

impl Story {
    /// Another user of the pool, or the same one with other claims; `null` takes a claim away.
    pub(super) fn user(mut self, name: &str, claims: Value) -> Self {
        let mut token = json!({ "sub": format!("u-{name}"), "username": name, "client_id": CLIENT });
        if let (Some(token), Value::Object(claims)) = (token.as_object_mut(), claims) {
            token.extend(claims);
        }
        self.callers.insert(name.to_owned(), Who::Pool(token));
        self
    }

    /// Sends the requests one after another. A line is
    ///
    /// ```text
    /// ann  PATCH /notes/n1 {"title": "b"} -> 200 {"id": "n1", "title": "b", "owner": "u-ann::ann"}
    /// ```
    ///
    /// Behind the status stands, if it matters, the item that is answered without its times, `[..]` for the items of a
    /// list, or, behind 403 and 422, the names of the fields that are complained about. `*` in a path stands for the id
    /// that the last `POST` answered. Empty lines and those with `#` are for people.
    pub(super) async fn tell(&self, lines: &str) {
        let mut last = String::new();
        let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let (request, expected) = line.rsplit_once(" -> ").unwrap_or_else(|| panic!("{line}"));
            let mut words = request.split_whitespace();
            let (who, method, path) =
                (words.next().unwrap(), words.next().unwrap(), words.next().unwrap().replace('*', &last));
            let body = request.split_once(" {").map(|(_, rest)| format!("{{{rest}"));
            let call = self.call(who, method.parse().unwrap(), &path);
            let answer = match body {
                Some(body) => call.text(&body).await,
                None => call.await,
            };
            if let Some(id) = answer.body["id"].as_str().filter(|_| method == "POST") {
                id.clone_into(&mut last);
            }
            check(line, expected, &answer);
        }
    }

    pub(super) fn call(&self, who: &str, method: Method, path: &str) -> Call {
        let call = self.house.call(Caller::Nobody, method, path);
        match self.callers.get(who).unwrap_or_else(|| panic!("who is {who}?")) {
            Who::Nobody => call,
            Who::Key => call.header("x-api-key", KEY),
            Who::Pool(claims) => {
                let sub = claims["sub"].as_str().unwrap_or_default();
                let (absent, present): (Map<_, _>, Map<_, _>) =
                    claims.as_object().unwrap().clone().into_iter().partition(|(_, value)| value.is_null());
                let token = self.house.issuer.access_token(sub).claims(present);
                let token = absent.keys().fold(token, |token, claim| token.without(claim));
                call.bearer(&token.sign())
            }
            Who::Oidc(claims) => {
                let token = SIGN_IN.access_token(claims["sub"].as_str().unwrap());
                let token = token.claims(claims.as_object().unwrap().clone()).claim("aud", CLIENT);
                call.bearer(&token.header("typ", "at+jwt").sign())
            }
            Who::Gateway(authorizer) => call.context(context(authorizer)),
        }
    }
}

/// The context of a request, as an HTTP API with this authorizer writes it.
fn context(authorizer: &Value) -> RequestContext {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {}, "isBase64Encoded": false,
        "requestContext": { "http": { "method": "GET", "path": "/" }, "authorizer": authorizer },
    });
    match serde_json::from_value(event).unwrap() {
        LambdaRequest::ApiGatewayV2(event) => RequestContext::ApiGatewayV2(event.request_context),
        other => panic!("{other:?}"),
    }
}

fn check(line: &str, expected: &str, answer: &Answer) {
    let (status, body) = expected.trim().split_once(' ').unwrap_or((expected.trim(), ""));
    assert_eq!(answer.status.as_str(), status, "{line}\n{}", answer.text());
    if body.is_empty() {
        return;
    }
    let expected: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}"));
    let actual = match answer.status.as_u16() {
        403 | 422 => json!(answer.fields()),
        _ => match answer.body.get("items").unwrap_or(&Value::Null) {
            Value::Array(items) => items.iter().cloned().map(without_times).collect(),
            _ => without_times(answer.body.clone()),
        },
    };
    assert_eq!(actual, expected, "{line}");
}

fn without_times(mut item: Value) -> Value {
    if let Some(item) = item.as_object_mut() {
        item.remove("createdAt");
        item.remove("updatedAt");
    }
    item
}
