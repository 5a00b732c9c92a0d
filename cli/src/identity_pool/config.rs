//! How the pool is set up, out of the template.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::Value;

use super::{SetupError, login::provider_name};
use crate::template::Stack;

/// An OpenID Connect provider with which people may get credentials directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcLogin {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
}

impl FromStr for OidcLogin {
    type Err = &'static str;

    /// `ISSUER=CLIENT`
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once('=') {
            Some((issuer, client_id)) if issuer.contains("://") && !client_id.is_empty() => {
                Ok(Self { issuer: issuer.to_owned(), client_id: client_id.to_owned() })
            }
            _ => Err("name an issuer and the client that its tokens are for: https://id.example.com=client"),
        }
    }
}

/// What the template says about the pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Setup {
    pub(crate) guests: bool,
    pub(crate) classic_flow: bool,
    /// Whether sessions are looked up when their tokens come.
    pub(crate) checks_sessions: bool,
    pub(crate) authenticated_role: Option<String>,
    pub(crate) guest_role: Option<String>,
    pub(crate) mapping: Option<RoleMapping>,
    /// The claims that become tags of the session, by the names of the tags.
    pub(crate) principal_tags: BTreeMap<String, String>,
}

/// How the role of a user of the user pool is chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoleMapping {
    pub(super) by: MappingType,
    /// Whether the authenticated role is given where the role cannot be told.
    pub(super) falls_back: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum MappingType {
    Token,
    Rules(Vec<MappingRule>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct MappingRule {
    pub(super) claim: String,
    pub(super) test: RuleTest,
    pub(super) value: String,
    pub(super) role: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleTest {
    Equals,
    NotEqual,
    StartsWith,
    Contains,
}

impl Setup {
    /// What the template says about its identity pool; nothing if it has none. The names of the user pool, its client and the identity
    /// pool must be known to the stack.
    pub(crate) fn read(
        stack: &Stack,
        user_pool: (&str, &str),
        client_id: &str,
    ) -> Result<Option<Self>, SetupError> {
        let pools = stack.ids("AWS::Cognito::IdentityPool")?;
        let [id] = pools.as_slice() else {
            return match pools.as_slice() {
                [] => Ok(None),
                _ => Err(SetupError::unsupported("the template", "has more than one identity pool")),
            };
        };
        let properties = stack.properties(id)?;
        let provider = provider_name(user_pool.0, user_pool.1);
        let trusted = properties.get("CognitoIdentityProviders").and_then(Value::as_array).map(Vec::as_slice);
        let own = trusted.unwrap_or_default().iter().find(|trusted| {
            text(trusted, "ProviderName") == Some(provider.as_str())
                && text(trusted, "ClientId") == Some(client_id)
        });
        let own =
            own.ok_or_else(|| SetupError::unsupported(id, "does not trust the web client of the user pool"))?;
        let mut setup = Self {
            guests: truth(properties.get("AllowUnauthenticatedIdentities")),
            classic_flow: truth(properties.get("AllowClassicFlow")),
            checks_sessions: truth(own.get("ServerSideTokenCheck")),
            ..Self::default()
        };
        for id in stack.ids("AWS::Cognito::IdentityPoolRoleAttachment")? {
            let attachment = stack.properties(&id)?;
            let role =
                |name: &str| attachment.get("Roles").and_then(|roles| text(roles, name)).map(str::to_owned);
            setup.authenticated_role = role("authenticated");
            setup.guest_role = role("unauthenticated");
            let mappings = attachment.get("RoleMappings").and_then(Value::as_object).into_iter().flatten();
            let expected = format!("{provider}:{client_id}");
            for (key, mapping) in mappings {
                if text(mapping, "IdentityProvider").unwrap_or(key) == expected {
                    setup.mapping = Some(RoleMapping::read(mapping, &format!("{id}.RoleMappings.{key}"))?);
                }
            }
        }
        for id in stack.ids("AWS::Cognito::IdentityPoolPrincipalTag")? {
            let tags = stack.properties(&id)?;
            if text(&tags, "IdentityProviderName") != Some(provider.as_str()) {
                continue;
            }
            if truth(tags.get("UseDefaults")) {
                setup.principal_tags = [("username", "sub"), ("client", "aud")]
                    .map(|(tag, claim)| (tag.to_owned(), claim.to_owned()))
                    .into();
            }
            for (tag, claim) in tags.get("PrincipalTags").and_then(Value::as_object).into_iter().flatten() {
                setup.principal_tags.extend(claim.as_str().map(|claim| (tag.clone(), claim.to_owned())));
            }
        }
        Ok(Some(setup))
    }
}

impl RoleMapping {
    fn read(mapping: &Value, place: &str) -> Result<Self, SetupError> {
        let falls_back = match text(mapping, "AmbiguousRoleResolution") {
            Some("AuthenticatedRole") => true,
            Some("Deny") => false,
            _ => {
                return Err(SetupError::unsupported(
                    place,
                    "says neither AuthenticatedRole nor Deny where a role cannot be told",
                ));
            }
        };
        let by = match text(mapping, "Type") {
            Some("Token") => MappingType::Token,
            Some("Rules") => {
                let rules = mapping.pointer("/RulesConfiguration/Rules").and_then(Value::as_array);
                let read = |rule: &Value| {
                    let test = match text(rule, "MatchType")? {
                        "Equals" => RuleTest::Equals,
                        "NotEqual" => RuleTest::NotEqual,
                        "StartsWith" => RuleTest::StartsWith,
                        "Contains" => RuleTest::Contains,
                        _ => return None,
                    };
                    let of = |name: &str| text(rule, name).map(str::to_owned);
                    Some(MappingRule { claim: of("Claim")?, test, value: of("Value")?, role: of("RoleARN")? })
                };
                let rules: Option<Vec<MappingRule>> =
                    rules.and_then(|rules| rules.iter().map(read).collect());
                MappingType::Rules(
                    rules.ok_or_else(|| SetupError::unsupported(place, "has rules that cannot be read"))?,
                )
            }
            _ => return Err(SetupError::unsupported(place, "is of a type that is neither Token nor Rules")),
        };
        Ok(Self { by, falls_back })
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// CloudFormation takes the text for the value.
fn truth(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"))
}
