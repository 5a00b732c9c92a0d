//! What API Gateway and AppSync do with requests that are signed with AWS credentials.
//!
//! 1. The signature is checked. A request without one goes on as it came.
//! 2. The policies of the caller's role, as they stand in `template.yaml`, must allow what is asked for: `execute-api:Invoke` on method and path, or
//!    `appsync:GraphQL` on each field of the root.
//! 3. Refusals have the statuses, names and forms that the two services give them.
//! 4. The rules of the schema decide after that, as for every caller.

use std::sync::Arc;

use axum::{
    Router,
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
use portcullis_data::{Clock, System};
use portcullis_iam::{Context, Decision, Request as PolicyRequest};
use portcullis_resolvers::graphql::GraphQl;
use serde_json::{Value, json};

use crate::{
    identity_pool::{Roles, Session},
    local::identity::LocalIdentities,
    template::stack::{ACCOUNT, REGION},
};

const REST: &str = "execute-api";
const GRAPHQL: &str = "appsync";
const GRAPHQL_PATH: &str = "/graphql";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Asks the policies.
#[derive(Clone)]
struct Gateway {
    roles: Arc<Roles>,
    rest_api: Option<String>,
    graphql_api: Option<String>,
    graphql: GraphQl,
}

/// Stands in the extensions of an answer that this gateway has given.
#[derive(Clone, Copy)]
struct Refused;

/// The routes of the API behind the gateway.
pub(crate) fn router(routes: Router, identities: &LocalIdentities, graphql: GraphQl) -> Router {
    let gateway = Gateway {
        roles: Arc::clone(&identities.roles),
        rest_api: identities.rest_api.clone(),
        graphql_api: identities.graphql_api.clone(),
        graphql,
    };
    let verifier =
        SigV4Verifier::builder(identities.pool.credentials(), REGION, REST).service(GRAPHQL).build();
    routes
        .layer(from_fn_with_state(gateway, authorize))
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
    let (Some(signed), Some(session)) = (extensions.get::<SignedCaller>(), extensions.get::<Arc<Session>>())
    else {
        return next.run(request).await;
    };
    let (service, session) = (signed.service().to_owned(), Arc::clone(session));
    let is_graphql = request.uri().path() == GRAPHQL_PATH;
    if service != if is_graphql { GRAPHQL } else { REST } {
        return SignatureError::Scope("Credential should be scoped to correct service.").into_response();
    }
    let context = session.context().with("aws:CurrentTime", System.now().to_string());
    let context = context.with("aws:PrincipalArn", session.role_arn()).with("aws:SecureTransport", "false");
    if is_graphql {
        gateway.authorize_fields(&session, &context, request, next).await
    } else {
        gateway.authorize_call(&session, &context, request, next).await
    }
}

impl Gateway {
    async fn authorize_call(
        &self,
        session: &Session,
        context: &Context,
        request: Request,
        next: Next,
    ) -> Response {
        let api = self.rest_api.as_deref().unwrap_or_default();
        let (method, path) = (request.method(), request.uri().path());
        let resource =
            |account: &str| format!("arn:aws:execute-api:{REGION}:{account}:{api}/$default/{method}{path}");
        let action = "execute-api:Invoke";
        let decision = match &self.rest_api {
            Some(_) => self.decide(session, context, action, resource(ACCOUNT)),
            None => Decision::NotAllowed,
        };
        if decision.is_allowed() {
            return next.run(request).await;
        }
        let reason = match decision {
            Decision::Denied => "with an explicit deny in an identity-based policy",
            _ => "because no identity-based policy allows the execute-api:Invoke action",
        };
        let (caller, resource) = (session.user_arn(), resource("********0000"));
        let text =
            format!("User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}");
        let headers = [(ERROR_TYPE, "AccessDeniedException"), (CONTENT_TYPE, "application/json")];
        refused((StatusCode::FORBIDDEN, headers, json!({ "Message": text }).to_string()).into_response())
    }

    /// All of the request or nothing: AppSync answers the other fields.
    async fn authorize_fields(
        &self,
        session: &Session,
        context: &Context,
        request: Request,
        next: Next,
    ) -> Response {
        let (parts, body) = request.into_parts();
        // The signature of all of it has been checked, so it has been read before.
        let body: Bytes = to_bytes(body, MAX_SIGNED_BODY).await.unwrap_or_default();
        let asked = match serde_json::from_slice(&body) {
            Ok(Value::Object(asked)) => self.graphql.root_fields(&asked),
            _ => Vec::new(),
        };
        let denied = asked.into_iter().find(|(parent, field)| {
            let decision = self.graphql_api.as_ref().map(|api| {
                let resource =
                    format!("arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{api}/types/{parent}/fields/{field}");
                self.decide(session, context, "appsync:GraphQL", resource)
            });
            !decision.is_some_and(Decision::is_allowed)
        });
        let Some((parent, field)) = denied else {
            return next.run(Request::from_parts(parts, Body::from(body))).await;
        };
        let error = json!({
            "path": [field], "data": null, "errorType": "Unauthorized", "errorInfo": null, "locations": null,
            "message": format!("Not Authorized to access {field} on type {parent}"),
        });
        let told = json!({ "data": { field: null }, "errors": [error] });
        refused(([(CONTENT_TYPE, "application/json")], told.to_string()).into_response())
    }

    fn decide(&self, session: &Session, context: &Context, action: &str, resource: String) -> Decision {
        let Some(role) = self.roles.get(&session.role_arn()) else { return Decision::NotAllowed };
        let decision = Decision::of(&role.policies, &PolicyRequest::new(action, resource, context));
        tracing::debug!(role = session.role_arn(), action, ?decision, "policies asked");
        decision
    }
}

fn refused(mut response: Response) -> Response {
    response.extensions_mut().insert(Refused);
    response
}
