//! The roles that the pool gives, as the template has them.

use std::{collections::BTreeMap, ops::RangeInclusive};

use portcullis_iam::{Context, Policy, Principal, TrustPolicy};
use serde_json::Value;

use super::SetupError;
use crate::template::{Stack, stack::ACCOUNT};

/// Who vouches for the identities of a pool.
const COGNITO: &str = "cognito-identity.amazonaws.com";
const ROLE: &str = "AWS::IAM::Role";
/// How long a session of a role may last at most, in seconds, where the role does not say.
const USUAL_SESSION: u64 = 3600;
/// What a role may say.
const SESSIONS: RangeInclusive<u64> = 3600..=43_200;

/// A role that somebody with an identity may have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Role {
    pub(super) name: String,
    trust: TrustPolicy,
    /// How long a session may last at most, in seconds.
    pub(super) max_session: u64,
    pub(crate) policies: Vec<Policy>,
}

/// Roles by their ARNs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Roles {
    roles: BTreeMap<String, Role>,
}

impl Roles {
    /// Every role that trusts identity pools, with the policies that are attached to it.
    pub(crate) fn read(stack: &Stack) -> Result<Self, SetupError> {
        let mut roles = BTreeMap::new();
        for id in stack.ids(ROLE)? {
            let properties = stack.properties(&id)?;
            let document = properties.get("AssumeRolePolicyDocument").unwrap_or(&Value::Null);
            // The roles of functions are none that a client ever has.
            if !document.to_string().contains(COGNITO) {
                continue;
            }
            let policy = |error| SetupError::Policy { role: id.clone(), error };
            if ["ManagedPolicyArns", "PermissionsBoundary", "RoleName", "Path"]
                .iter()
                .any(|name| properties.get(name).is_some())
            {
                return Err(SetupError::unsupported(
                    &id,
                    "has a name or a path of its own, managed policies or a boundary, which are not read here",
                ));
            }
            let trust = TrustPolicy::parse(document).map_err(policy)?;
            let max_session = max_session(properties.get("MaxSessionDuration")).ok_or_else(|| {
                SetupError::unsupported(
                    &id,
                    "has a MaxSessionDuration that is not between 3600 and 43200 seconds",
                )
            })?;
            let inline =
                properties.get("Policies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let policies = inline.iter().map(read).collect::<Result<_, _>>().map_err(policy)?;
            // Roles are called by their ids on this machine.
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/{id}");
            roles.insert(arn, Role { name: id.clone(), trust, max_session, policies });
        }
        for kind in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"] {
            for id in stack.ids(kind)? {
                let properties = stack.properties(&id)?;
                let listed =
                    properties.get("Roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let names: Vec<&str> =
                    listed.iter().chain(properties.get("RoleName")).filter_map(Value::as_str).collect();
                for role in roles.values_mut().filter(|role| names.contains(&role.name.as_str())) {
                    role.policies.push(
                        read(&properties).map_err(|error| SetupError::Policy { role: id.clone(), error })?,
                    );
                }
            }
        }
        Ok(Self { roles })
    }

    pub(crate) fn get(&self, arn: &str) -> Option<&Role> {
        self.roles.get(arn)
    }
}

impl Role {
    /// Whether somebody of an identity pool may take the role on.
    pub(super) fn admits(&self, context: &Context, with_tags: bool) -> bool {
        let admits = |action| self.trust.admits(Principal::Federated(COGNITO), action, context);
        admits("sts:AssumeRoleWithWebIdentity") && (!with_tags || admits("sts:TagSession"))
    }
}

/// CloudFormation takes a number as a text too.
fn max_session(said: Option<&Value>) -> Option<u64> {
    let Some(said) = said else { return Some(USUAL_SESSION) };
    let seconds = said.as_u64().or_else(|| said.as_str()?.parse().ok());
    seconds.filter(|seconds| SESSIONS.contains(seconds))
}

fn read(properties: &Value) -> Result<Policy, portcullis_iam::InvalidPolicy> {
    Policy::parse(properties.get("PolicyDocument").unwrap_or(&Value::Null))
}
