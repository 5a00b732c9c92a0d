//! What the policies of a caller's role say, as they stand in `template.yaml`.

use std::{fmt, sync::Arc};

use http::Method;
use percent_encoding::percent_decode_str;
use portcullis_data::Clock;
use portcullis_iam::{Context, Decision, Request};

use crate::{
    identity_pool::{Roles, Session},
    local::identity::LocalIdentities,
    template::stack::{ACCOUNT, REGION},
};

/// Asks the policies.
#[derive(Clone)]
pub(crate) struct Policies {
    roles: Arc<Roles>,
    clock: Arc<dyn Clock>,
    /// The ids of the APIs that take signatures.
    rest_api: Option<String>,
    graphql_api: Option<String>,
}

impl Policies {
    pub(crate) fn new(
        roles: Arc<Roles>,
        clock: Arc<dyn Clock>,
        rest_api: Option<String>,
        graphql_api: Option<String>,
    ) -> Self {
        Self { roles, clock, rest_api, graphql_api }
    }

    pub(crate) fn of(identities: &LocalIdentities) -> Self {
        let (rest_api, graphql_api) = (identities.rest_api.clone(), identities.graphql_api.clone());
        Self::new(Arc::clone(&identities.roles), Arc::clone(&identities.clock), rest_api, graphql_api)
    }

    /// Whether the GraphQL API takes signatures.
    pub(crate) fn takes_signed_graphql(&self) -> bool {
        self.graphql_api.is_some()
    }

    /// Whether the caller may call the REST API like this: the path as it was sent, and as it is read.
    pub(crate) fn decide_call(&self, session: &Session, method: &Method, path: &str) -> Decision {
        match &self.rest_api {
            Some(_) => {
                let context = session.request_context(self.clock.now());
                let decide = |path: &str| {
                    self.decide(session, &context, "execute-api:Invoke", self.call(ACCOUNT, method, path))
                };
                let sent = decide(path);
                // Routes read a path decoded: what must not be called may not be called in another spelling.
                match percent_decode_str(path).decode_utf8_lossy() {
                    meant if sent.is_allowed() && meant != path => decide(&meant),
                    _ => sent,
                }
            }
            None => Decision::NotAllowed,
        }
    }

    /// The ARN of a call of the REST API.
    pub(crate) fn call(&self, account: &str, method: &Method, path: &str) -> String {
        let api = self.rest_api.as_deref().unwrap_or_default();
        format!("arn:aws:execute-api:{REGION}:{account}:{api}/$default/{method}{path}")
    }

    /// The first of these fields of the root that the caller may not ask for: its type and its name.
    pub(crate) fn denied_field(
        &self,
        session: &Session,
        asked: Vec<(String, String)>,
    ) -> Option<(String, String)> {
        let api = self.graphql_api.as_deref();
        let context = session.request_context(self.clock.now());
        asked.into_iter().find(|(parent, field)| {
            let resource =
                |api| format!("arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{api}/types/{parent}/fields/{field}");
            let decide = |api| self.decide(session, &context, "appsync:GraphQL", resource(api));
            !api.is_some_and(|api| decide(api).is_allowed())
        })
    }

    fn decide(&self, session: &Session, context: &Context, action: &str, resource: String) -> Decision {
        let Some(role) = self.roles.get(&session.role_arn()) else { return Decision::NotAllowed };
        let decision = Decision::of(&role.policies, &Request::new(action, resource, context));
        tracing::debug!(role = session.role_arn(), action, ?decision, "policies asked");
        decision
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("rest_api", &self.rest_api)
            .field("graphql_api", &self.graphql_api)
            .finish_non_exhaustive()
    }
}
