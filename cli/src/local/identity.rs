//! The identity pool of the local system, set up from the template.

use std::{sync::Arc, time::Duration};

use portcullis_data::{Clock, System};
use serde_json::Value;

use crate::{
    Args,
    identity_pool::{IdentityPool, Logins, Parts, Roles, Setup, SetupError, Store},
    local::{OpenFolder, StartError},
    pool::{GroupRole, Pool, Random, SystemRandom},
    template::{Stack, TemplateMistake, stack::REGION},
};

/// The web client, which the local pool's one client is.
const CLIENT: &str = "WebClient";

/// The identity pool, and what of the template speaks of it.
pub(crate) struct LocalIdentities {
    pub(crate) pool: IdentityPool,
    pub(crate) roles: Arc<Roles>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The ids of the APIs in the ARNs of policies.
    pub(crate) rest_api: Option<String>,
    pub(crate) graphql_api: Option<String>,
}

/// The template with the parameters of the command line.
pub(crate) fn stack(template: &str, args: &Args) -> Result<Stack, StartError> {
    let parameters: Vec<(String, String)> =
        args.parameter.iter().map(|parameter| (parameter.name.clone(), parameter.value.clone())).collect();
    Stack::new(template, &parameters).map_err(|error| failed(&error))
}

/// The roles that the template gives to groups of the user pool.
pub(crate) fn group_roles(stack: &Stack) -> Result<Vec<GroupRole>, StartError> {
    let read = || -> Result<Vec<GroupRole>, TemplateMistake> {
        let mut roles = Vec::new();
        for id in stack.ids("AWS::Cognito::UserPoolGroup")? {
            let properties = stack.properties(&id)?;
            let text = |name: &str| properties.get(name).and_then(Value::as_str).map(str::to_owned);
            if let (Some(group), Some(role_arn)) = (text("GroupName"), text("RoleArn")) {
                let precedence = properties.get("Precedence").and_then(Value::as_i64);
                roles.push(GroupRole { group, role_arn, precedence });
            }
        }
        Ok(roles)
    };
    read().map_err(|error| failed(&error))
}

impl LocalIdentities {
    /// The identity pool, if the template has one.
    pub(crate) fn open(
        mut stack: Stack,
        args: &Args,
        pool: &Pool,
        folder: Option<&OpenFolder>,
    ) -> Result<Option<Self>, StartError> {
        let file = folder.map(|folder| folder.private_file("identities.sqlite")).transpose()?;
        let open = || -> Result<Option<Self>, SetupError> {
            if stack.ids("AWS::Cognito::IdentityPool")?.is_empty() {
                return Ok(None);
            }
            let random: Arc<dyn Random> = Arc::new(SystemRandom);
            let store = Store::open(file, REGION, &*random)?;
            stack.name(CLIENT, pool.client_id());
            for (kind, name) in
                [("AWS::Cognito::UserPool", pool.id()), ("AWS::Cognito::IdentityPool", store.id())]
            {
                for id in stack.ids(kind)? {
                    stack.name(id, name);
                }
            }
            let Some(setup) = Setup::read(&stack, (pool.region(), pool.id()), pool.client_id())? else {
                return Ok(None);
            };
            let roles = Arc::new(Roles::read(&stack)?);
            let clock: Arc<dyn Clock> = Arc::new(System);
            let logins = Logins::new(pool, setup.checks_sessions, &args.login, &clock)?;
            let (rest_api, graphql_api) =
                (signed_api(&stack)?, stack.ids("AWS::AppSync::GraphQLApi")?.into_iter().next());
            let lifetime = Duration::from_secs(args.credential_seconds.into());
            let parts = Parts {
                store,
                setup,
                roles: Arc::clone(&roles),
                logins,
                clock: Arc::clone(&clock),
                random,
                lifetime,
            };
            Ok(Some(Self { pool: IdentityPool::open(parts)?, roles, clock, rest_api, graphql_api }))
        };
        open().map_err(|error| failed(&error))
    }

    /// What the API is told about the pool when it is deployed.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let setup = self.pool.setup();
        match name {
            "TRUST_GATEWAY" => Some("iam".to_owned()),
            "IDENTITY_POOL_ID" => Some(self.pool.id().to_owned()),
            "AUTHENTICATED_ROLE" => setup.authenticated_role.clone(),
            "UNAUTHENTICATED_ROLE" => setup.guest_role.clone(),
            _ => None,
        }
    }
}

/// The API whose routes ask for signatures.
fn signed_api(stack: &Stack) -> Result<Option<String>, TemplateMistake> {
    for id in stack.ids("AWS::ApiGatewayV2::Route")? {
        let route = stack.properties(&id)?;
        if route.get("AuthorizationType").and_then(Value::as_str) == Some("AWS_IAM") {
            return Ok(route.get("ApiId").and_then(Value::as_str).map(str::to_owned));
        }
    }
    Ok(None)
}

fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::part("the identity pool", error)
}
