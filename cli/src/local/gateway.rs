//! What API Gateway and AppSync do with requests that are signed with AWS credentials.
//!
//! 1. The signature is checked. A request without one goes on as it came.
//! 2. The policies of the caller's role, as they stand in `template.yaml`, must allow what is asked for: `execute-api:Invoke` on method and path, or
//!    `appsync:GraphQL` on each field of the root.
//! 3. Refusals have the statuses, names and forms that the two services give them.
//! 4. The rules of the schema decide after that, as for every caller.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE},
};
use portcullis::{MAX_SIGNED_BODY, SigV4Layer, SigV4Verifier, SignatureError, SignedCaller};
use portcullis_iam::Decision;
use portcullis_resolvers::graphql::GraphQl;
use serde_json::{Value, json};

use crate::{
    identity_pool::Session,
    local::{identity::LocalIdentities, policies::Policies},
};

const REST: &str = "execute-api";
pub(crate) const GRAPHQL: &str = "appsync";
const GRAPHQL_PATH: &str = "/graphql";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// What stands between a signature and the API.
#[derive(Clone)]
struct Gateway {
    policies: Policies,
    graphql: GraphQl,
}

/// Stands in the extensions of an answer that this gateway has given.
#[derive(Clone, Copy)]
struct Refused;

/// The routes of the API behind the gateway.
pub(crate) fn router(routes: Router, identities: &LocalIdentities, graphql: GraphQl) -> Router {
    let verifier = identities.verifier(REST).service(GRAPHQL).build();
    in_front_of(routes, verifier, Policies::of(identities), graphql)
}

/// The same for callers whom this verifier knows.
fn in_front_of(routes: Router, verifier: SigV4Verifier, policies: Policies, graphql: GraphQl) -> Router {
    routes
        .layer(from_fn_with_state(Gateway { policies, graphql }, authorize))
        .layer(SigV4Layer::new(verifier).optional())
        .layer(from_fn(answer))
}

/// Gives refusals the form that the client of this path expects.
async fn answer(request: Request, next: Next) -> Response {
    let is_graphql = request.uri().path() == GRAPHQL_PATH;
    let mut response = next.run(request).await;
    let error = response.extensions().get::<SignatureError>().copied();
    if let Some(error) = error.filter(|_| is_graphql) {
        let told = json!({ "errors": [{ "errorType": error.code(), "message": error.to_string() }] });
        *response.body_mut() = Body::from(told.to_string());
    }
    let is_ours = error.is_some() || response.extensions().get::<Refused>().is_some();
    if is_ours && !response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        // A page shall see why: the API answers every page of this machine.
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

async fn authorize(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let Some(signed) = extensions.get::<SignedCaller>() else { return next.run(request).await };
    // What policies allow they allow a session.
    let Some(session) = extensions.get::<Arc<Session>>() else {
        return SignatureError::UnknownKey.into_response();
    };
    let (service, session) = (signed.service().to_owned(), Arc::clone(session));
    let is_graphql = request.uri().path() == GRAPHQL_PATH;
    if service != if is_graphql { GRAPHQL } else { REST } {
        return SignatureError::Scope("Credential should be scoped to correct service.").into_response();
    }
    if is_graphql {
        gateway.authorize_fields(&session, request, next).await
    } else {
        gateway.authorize_call(&session, request, next).await
    }
}

impl Gateway {
    async fn authorize_call(&self, session: &Session, request: Request, next: Next) -> Response {
        let (method, path) = (request.method(), request.uri().path());
        let decision = self.policies.decide_call(session, method, path);
        if decision.is_allowed() {
            return next.run(request).await;
        }
        let reason = match decision {
            Decision::Denied => "with an explicit deny in an identity-based policy",
            _ => "because no identity-based policy allows the execute-api:Invoke action",
        };
        let (caller, resource) = (session.user_arn(), self.policies.call("********0000", method, path));
        let text = format!(
            "User: {caller} is not authorized to perform: execute-api:Invoke on resource: {resource} {reason}"
        );
        let headers = [(ERROR_TYPE, "AccessDeniedException"), (CONTENT_TYPE, "application/json")];
        refused((StatusCode::FORBIDDEN, headers, json!({ "Message": text }).to_string()).into_response())
    }

    /// All of the request or nothing: AppSync answers the other fields.
    async fn authorize_fields(&self, session: &Session, request: Request, next: Next) -> Response {
        if !self.policies.takes_signed_graphql() {
            let error = json!({ "errorType": "UnauthorizedException", "message": "You are not authorized to make this call." });
            return refused((StatusCode::UNAUTHORIZED, Json(json!({ "errors": [error] }))).into_response());
        }
        let (parts, body) = request.into_parts();
        // The signature of all of it has been checked, so it has been read before.
        let body: Bytes = to_bytes(body, MAX_SIGNED_BODY).await.unwrap_or_default();
        let asked = match serde_json::from_slice(&body) {
            Ok(Value::Object(asked)) => self.graphql.root_fields(&asked),
            _ => Vec::new(),
        };
        let Some((parent, field)) = self.policies.denied_field(session, asked) else {
            return next.run(Request::from_parts(parts, Body::from(body))).await;
        };
        let error = json!({
            "path": [field], "data": null, "errorType": "Unauthorized", "errorInfo": null, "locations": null,
            "message": format!("Not Authorized to access {field} on type {parent}"),
        });
        let told = json!({ "data": { field: null }, "errors": [error] });
        refused(Json(told).into_response())
    }
}

fn refused(mut response: Response) -> Response {
    response.extensions_mut().insert(Refused);
    response
}

#[cfg(test)]
mod conformance;

#[cfg(test)]
mod tests {
    use http::Method;
    use http_body_util::BodyExt;
    use portcullis_data::{Clock, ConnectOptions, Functions, Table, connect, rules::Authorizer};
    use portcullis_resolvers::Resolvers;
    use portcullis_schema::Schema;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        identity_pool::{
            SharedClock,
            testing::{Running, Sessionless, TEMPLATE},
        },
        template::stack::REGION,
    };

    const POLICIES: &str = r"
  Narrow:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: narrow
      Roles: [!Ref GuestRole]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - { Effect: Deny, Action: execute-api:Invoke, Resource: !Sub 'arn:aws:execute-api:*:*:${SignedApi}/$default/DELETE/*' }
          - { Effect: Deny, Action: execute-api:Invoke, Resource: !Sub 'arn:aws:execute-api:*:*:${SignedApi}/$default/GET/notes/a:b' }
          - { Effect: Deny, Action: execute-api:Invoke, Resource: '*', Condition: { StringNotEquals: { aws:PrincipalTag/user: '${aws:PrincipalTag/user}' }, StringLike: { aws:PrincipalArn: '*Admins*' } } }
  Fields:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: fields
      Roles: [!Ref AuthenticatedRole]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - { Effect: Allow, Action: appsync:GraphQL, Resource: !Sub 'arn:aws:appsync:*:*:apis/${GraphQlApi}/types/Query/fields/*' }
  GraphQlApi: { Type: AWS::AppSync::GraphQLApi }
";

    struct Door {
        running: Running,
        policies: Policies,
        graphql: GraphQl,
        router: Router,
    }

    impl Door {
        fn open() -> Self {
            Self::to(Some("GraphQlApi"))
        }

        fn to(graphql_api: Option<&str>) -> Self {
            let running = Running::try_start(&format!("{TEMPLATE}{POLICIES}"), true, &[]).unwrap();
            let schema =
                "type Note @model @auth(rules: [{ allow: private, provider: identityPool }]) { id: ID! }";
            let schema = Schema::parse(schema, "test.graphql").unwrap();
            let table = Table::new(connect(&ConnectOptions::local("http://127.0.0.1:1")), "test");
            let resolvers =
                Resolvers::new(schema, table, Authorizer::default(), Functions::default()).unwrap();
            let identities = LocalIdentities {
                pool: running.identities.clone(),
                roles: Arc::clone(&running.roles),
                clock: Arc::clone(&running.clock) as Arc<dyn Clock>,
                rest_api: Some("SignedApi".to_owned()),
                graphql_api: graphql_api.map(str::to_owned),
                bucket: None,
            };
            let behind = async |request: Request| {
                let caller =
                    request.extensions().get::<SignedCaller>().map_or("nobody", |signed| signed.service());
                caller.to_owned()
            };
            let routes = Router::new().fallback(behind);
            let graphql = GraphQl::new(resolvers).unwrap();
            let router = router(routes, &identities, graphql.clone());
            Self { running, policies: Policies::of(&identities), graphql, router }
        }

        async fn guest(&self) -> Value {
            self.running.guest().await
        }

        async fn member(&self) -> Value {
            self.running.member("ada", &[]).await
        }

        async fn send(&self, request: http::Request<String>) -> (u16, String, String) {
            let response = self.router.clone().oneshot(request.map(Body::from)).await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let error = headers.get(ERROR_TYPE).map_or("", |value| value.to_str().unwrap()).to_owned();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, error, String::from_utf8(body.to_vec()).unwrap())
        }

        async fn call(
            &self,
            credentials: &Value,
            service: &str,
            method: Method,
            path: &str,
            body: &str,
        ) -> (u16, String, String) {
            let request = http::Request::builder().method(method).uri(path).body(body.to_owned()).unwrap();
            self.send(self.running.sign(credentials, service, request)).await
        }

        async fn ask(&self, credentials: &Value, query: &str) -> Value {
            let body = json!({ "query": query }).to_string();
            let (status, _, text) = self.call(credentials, GRAPHQL, Method::POST, GRAPHQL_PATH, &body).await;
            assert_eq!(status, 200, "{text}");
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
    }

    #[tokio::test]
    async fn the_policies_of_the_role_decide_about_a_signed_call() {
        let door = Door::open();
        let guest = door.guest().await;
        for (method, path, allowed) in [
            (Method::GET, "/notes", true),
            (Method::POST, "/notes?a=b", true),
            (Method::DELETE, "/notes/1", false),
        ] {
            let (status, error, body) = door.call(&guest, REST, method.clone(), path, "").await;
            assert_eq!((status == 200, body == REST), (allowed, allowed), "{method} {path}: {status} {body}");
            if !allowed {
                assert_eq!((status, error.as_str()), (403, "AccessDeniedException"));
                let body: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(
                    body,
                    json!({ "Message": "User: arn:aws:sts::000000000000:assumed-role/GuestRole/CognitoIdentityCredentials is not \
                        authorized to perform: execute-api:Invoke on resource: \
                        arn:aws:execute-api:us-east-1:********0000:SignedApi/$default/DELETE/notes/1 \
                        with an explicit deny in an identity-based policy" })
                );
            }
        }
        let member = door.member().await;
        assert_eq!(door.call(&member, REST, Method::DELETE, "/notes/1", "").await.0, 200);
    }

    #[tokio::test]
    async fn what_policies_deny_is_denied_in_every_spelling() {
        let door = Door::open();
        let guest = door.guest().await;
        for (path, status) in [
            ("/notes/a:b", 403),
            ("/notes/a%3Ab", 403),
            ("/notes/a%3ab", 403),
            ("/notes/a%253Ab", 200),
            ("/notes/a%20b", 200),
            ("/notes/a%FF", 200),
        ] {
            let answer = door.call(&guest, REST, Method::GET, path, "").await;
            assert_eq!(answer.0, status, "{path}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn who_has_signed_without_a_session_may_do_nothing() {
        let door = Door::open();
        let mut guest = door.guest().await;
        guest["SecretKey"] = json!(Sessionless::SECRET);
        let clock = SharedClock(Arc::clone(&door.running.clock) as Arc<dyn Clock>);
        let verifier = SigV4Verifier::builder(Arc::new(Sessionless), REGION, REST).clock(clock).build();
        let behind = Router::new().fallback(async || "behind");
        let router = in_front_of(behind, verifier, door.policies, door.graphql);
        let request = http::Request::get("/notes").body(String::new()).unwrap();
        let request = door.running.sign(&guest, REST, request).map(Body::from);
        assert_eq!(router.oneshot(request).await.unwrap().status(), 403);
    }

    #[tokio::test]
    async fn a_group_s_role_without_a_policy_opens_nothing() {
        let door = Door::open();
        let credentials = door.running.member("eda", &["editors"]).await;
        let (status, error, body) = door.call(&credentials, REST, Method::GET, "/notes", "").await;
        assert_eq!((status, error.as_str()), (403, "AccessDeniedException"));
        assert!(body.contains("because no identity-based policy allows"), "{body}");
    }

    #[tokio::test]
    async fn each_field_of_the_root_is_asked_about() {
        let door = Door::open();
        let (member, guest) = (door.member().await, door.guest().await);
        for query in [
            "{ listNotes { items { id } } }",
            "query Q { ...F } fragment F on Query { getNote(id: 1) { id } }",
        ] {
            assert_eq!(door.ask(&member, query).await, GRAPHQL, "{query}");
            let refused = door.ask(&guest, query).await;
            assert_eq!(refused["errors"][0]["errorType"], "Unauthorized", "{refused}");
        }
        let mutation = "mutation M { createNote(input: {}) { id } }";
        let refused = door.ask(&member, mutation).await;
        assert_eq!(refused["data"], json!({ "createNote": null }));
        assert_eq!(refused["errors"][0]["message"], "Not Authorized to access createNote on type Mutation");
        // What cannot be executed is answered by the endpoint, which says why.
        assert_eq!(door.ask(&guest, "{ nothing }").await, GRAPHQL);
    }

    #[tokio::test]
    async fn an_api_that_takes_no_signatures_takes_none() {
        let door = Door::to(None);
        let member = door.member().await;
        let query = json!({ "query": "{ listNotes { items { id } } }" }).to_string();
        let (status, _, body) = door.call(&member, GRAPHQL, Method::POST, GRAPHQL_PATH, &query).await;
        assert_eq!(status, 401);
        assert!(body.contains("UnauthorizedException"), "{body}");
    }

    #[tokio::test]
    async fn a_signature_is_for_one_service_and_refused_in_its_words() {
        let door = Door::open();
        let member = door.member().await;
        let query = json!({ "query": "{ listNotes { items { id } } }" }).to_string();
        for (service, path) in [(GRAPHQL, "/notes"), (REST, GRAPHQL_PATH)] {
            let (status, error, body) = door.call(&member, service, Method::POST, path, &query).await;
            assert_eq!((status, error.as_str()), (403, "InvalidSignatureException"), "{body}");
        }
        let mut forged = member.clone();
        forged["SecretKey"] = json!("another");
        let (status, error, body) = door.call(&forged, REST, Method::GET, "/notes", "").await;
        assert_eq!((status, error.as_str()), (403, "InvalidSignatureException"));
        assert!(body.starts_with(r#"{"message":"The request signature we calculated"#), "{body}");
        let (status, error, body) = door.call(&forged, GRAPHQL, Method::POST, GRAPHQL_PATH, &query).await;
        assert_eq!((status, error.as_str()), (403, "InvalidSignatureException"));
        assert!(body.starts_with(r#"{"errors":[{"errorType":"InvalidSignatureException""#), "{body}");
        door.running.advance(3600);
        let (status, error, _) = door.call(&member, REST, Method::GET, "/notes", "").await;
        assert_eq!((status, error.as_str()), (403, "ExpiredTokenException"));
    }

    #[tokio::test]
    async fn a_request_without_a_signature_goes_on_as_it_came() {
        let door = Door::open();
        for authorization in [None, Some("Bearer a.b.c")] {
            let mut request = http::Request::get("/notes").body(String::new()).unwrap();
            if let Some(authorization) = authorization {
                request.headers_mut().insert("authorization", authorization.parse().unwrap());
            }
            assert_eq!(door.send(request).await, (200, String::new(), "nobody".to_owned()));
        }
    }
}
