//! The identity pool of the local system, set up from the template.

use std::{sync::Arc, time::Duration};

use portcullis::{SigV4Verifier, SigV4VerifierBuilder};
use portcullis_data::{Clock, System};
use serde_json::Value;

use crate::{
    Args, bucket,
    identity_pool::{IdentityPool, Logins, Parts, Roles, Setup, SetupError, SharedClock, Store},
    local::{OpenFolder, StartError},
    pool::{GroupRole, Pool, Random, SystemRandom},
    template::{Stack, TemplateMistake, stack::REGION},
};

/// The web client, which the local pool's one client is.
const CLIENT: &str = "WebClient";
/// Authorization by signature, as templates call it.
const IAM: &str = "AWS_IAM";

/// The identity pool, and what of the template speaks of it.
pub(crate) struct LocalIdentities {
    pub(crate) pool: IdentityPool,
    pub(crate) roles: Arc<Roles>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The ids of the APIs in the ARNs of policies.
    pub(crate) rest_api: Option<String>,
    pub(crate) graphql_api: Option<String>,
    /// What it says of the bucket, if there is one.
    pub(crate) bucket: Option<bucket::Setup>,
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
            let (rest_api, graphql_api) = (signed_rest_api(&stack)?, signed_graphql_api(&stack)?);
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
            let pool = IdentityPool::open(parts)?;
            Ok(Some(Self { pool, roles, clock, rest_api, graphql_api, bucket: None }))
        };
        let mut identities = open().map_err(|error| failed(&error))?;
        if let Some(identities) = &mut identities {
            let setup = bucket::Setup::read(&stack);
            identities.bucket = setup.map_err(|error| StartError::part("the bucket", error))?;
        }
        Ok(identities)
    }

    /// Checks requests to this service that are signed with credentials of the pool.
    pub(crate) fn verifier(&self, service: &str) -> SigV4VerifierBuilder {
        let verifier = SigV4Verifier::builder(self.pool.credentials(), REGION, service);
        verifier.clock(SharedClock(Arc::clone(&self.clock)))
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

/// The REST API whose routes ask for signatures.
fn signed_rest_api(stack: &Stack) -> Result<Option<String>, TemplateMistake> {
    for id in stack.ids("AWS::ApiGatewayV2::Route")? {
        let route = stack.properties(&id)?;
        if route.get("AuthorizationType").and_then(Value::as_str) == Some(IAM) {
            return Ok(route.get("ApiId").and_then(Value::as_str).map(str::to_owned));
        }
    }
    Ok(None)
}

/// The GraphQL API that takes signed requests.
fn signed_graphql_api(stack: &Stack) -> Result<Option<String>, TemplateMistake> {
    for id in stack.ids("AWS::AppSync::GraphQLApi")? {
        let api = stack.properties(&id)?;
        let more = api.get("AdditionalAuthenticationProviders").and_then(Value::as_array);
        let mut modes = more.into_iter().flatten().chain([&api]).map(|mode| mode.get("AuthenticationType"));
        if modes.any(|mode| mode.and_then(Value::as_str) == Some(IAM)) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::part("the identity pool", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(yaml: &str, iam: &str) -> Stack {
        Stack::new(yaml, &[("Iam".to_owned(), iam.to_owned())]).unwrap()
    }

    #[test]
    fn an_api_takes_signatures_where_the_template_says_so() {
        let template = r#"
Parameters: { Iam: { Type: String, Default: "false" } }
Conditions: { HasIam: !Equals [!Ref Iam, "true"] }
Resources:
  Open: { Type: AWS::ApiGatewayV2::Route, Properties: { ApiId: !Ref Api, AuthorizationType: NONE } }
  Signed:
    Type: AWS::ApiGatewayV2::Route
    Condition: HasIam
    Properties: { ApiId: !Ref SignedApi, AuthorizationType: AWS_IAM }
  Api: { Type: AWS::ApiGatewayV2::Api }
  SignedApi: { Type: AWS::ApiGatewayV2::Api }
  GraphQl:
    Type: AWS::AppSync::GraphQLApi
    Properties:
      AuthenticationType: AMAZON_COGNITO_USER_POOLS
      AdditionalAuthenticationProviders:
        - { AuthenticationType: API_KEY }
        - !If [HasIam, { AuthenticationType: AWS_IAM }, !Ref AWS::NoValue]
"#;
        for (iam, rest, graphql) in [("true", Some("SignedApi"), Some("GraphQl")), ("false", None, None)] {
            let stack = stack(template, iam);
            assert_eq!(signed_rest_api(&stack).unwrap().as_deref(), rest, "{iam}");
            assert_eq!(signed_graphql_api(&stack).unwrap().as_deref(), graphql, "{iam}");
        }
        let only = template.replace("AMAZON_COGNITO_USER_POOLS", "AWS_IAM");
        assert_eq!(signed_graphql_api(&stack(&only, "false")).unwrap().as_deref(), Some("GraphQl"));
    }

    #[test]
    fn groups_have_the_roles_that_the_template_gives_them() {
        let template = "
Resources:
  Role: { Type: AWS::IAM::Role }
  Plain: { Type: AWS::Cognito::UserPoolGroup, Properties: { GroupName: readers, Precedence: 20 } }
  Admins:
    Type: AWS::Cognito::UserPoolGroup
    Properties: { GroupName: admins, Precedence: 0, RoleArn: !GetAtt Role.Arn }
";
        let role_arn = "arn:aws:iam::000000000000:role/Role".to_owned();
        let expected = GroupRole { group: "admins".to_owned(), role_arn, precedence: Some(0) };
        assert_eq!(group_roles(&Stack::new(template, &[]).unwrap()).unwrap(), [expected]);
    }
}
