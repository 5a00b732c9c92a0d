//! One rule of an `@auth` directive: its arguments, their defaults, and what contradicts what.
//!
//! | argument | default |
//! | --- | --- |
//! | `allow` | none, it must be there |
//! | `provider` | `userPools` for `owner`, `groups` and `private`; `apiKey` for `public`; `function` for `custom` |
//! | `ownerField` | `owner` |
//! | `identityClaim` | `sub::username` |
//! | `groupClaim` | `cognito:groups` |
//! | `operations` | all; an empty list grants nothing |

use apollo_compiler::{Node, ast::Value};
use portcullis_rules::{IdentityClaim, Operations, Provider, Rule, Strategy};

use crate::{
    arguments::{Spanned, enum_value, object, string},
    auth_operations,
    report::{Report, shortened},
    source::Span,
    syntax::{name_span, node_span},
};

/// The field that names the owner, unless the rule says otherwise.
const OWNER_FIELD: &str = "owner";
/// The claim that lists groups, unless the rule says otherwise.
const GROUP_CLAIM: &str = "cognito:groups";

/// Where a rule stands: a field knows fewer operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Model,
    Field,
}

/// A rule with the places that later checks point at.
#[derive(Clone, Debug)]
pub(crate) struct PlacedRule {
    pub(crate) rule: Rule,
    /// The whole rule.
    pub(crate) span: Span,
    /// The argument that names a field of the record; the whole rule, if it is left out.
    pub(crate) field_span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allow {
    Owner,
    Groups,
    Private,
    Public,
    Custom,
}

/// The arguments as they were written.
#[derive(Debug, Default)]
struct RuleArguments {
    allow: Option<Spanned<Allow>>,
    provider: Option<Spanned<(Provider, String)>>,
    owner_field: Option<Spanned<String>>,
    identity_claim: Option<Spanned<String>>,
    groups: Option<Spanned<Vec<String>>>,
    group_claim: Option<Spanned<String>>,
    groups_field: Option<Spanned<String>>,
    operations: Option<Spanned<Operations>>,
}

/// Reads one rule. `None` if it is wrong, and then the report says why.
pub(crate) fn read(value: &Node<Value>, level: Level, report: &mut Report<'_>) -> Option<PlacedRule> {
    let fields = object(value, "AuthRule", report)?;
    let mut arguments = RuleArguments::default();
    let mut complete = true;
    for (name, value) in fields {
        complete &= match name.as_str() {
            "allow" => {
                fill(&mut arguments.allow, enum_value("AuthStrategy", value, Allow::from_name, report))
            }
            "provider" => fill(&mut arguments.provider, enum_value("AuthProvider", value, provider, report)),
            "ownerField" => fill(&mut arguments.owner_field, string(name, value, report)),
            "identityClaim" => fill(&mut arguments.identity_claim, string(name, value, report)),
            "groups" => fill(&mut arguments.groups, groups(value, report)),
            "groupClaim" => fill(&mut arguments.group_claim, string(name, value, report)),
            "groupsField" => fill(&mut arguments.groups_field, string(name, value, report)),
            "operations" => fill(&mut arguments.operations, auth_operations::read(value, level, report)),
            unknown => {
                let unknown = shortened(unknown);
                let message = format!("Field \"{unknown}\" is not defined by type \"AuthRule\".");
                report.validation(name_span(name), message);
                false
            }
        };
    }
    let Some(allow) = arguments.allow.clone() else {
        if complete {
            let message = "Field \"AuthRule.allow\" of required type \"AuthStrategy!\" was not provided.";
            report.validation(node_span(value), message);
        }
        return None;
    };
    let consistent = arguments.check(&allow, complete, report);
    if !(complete && consistent) {
        return None;
    }
    arguments.into_rule(allow.value, node_span(value))
}

/// Keeps what was read and tells whether it could be.
fn fill<T>(argument: &mut Option<T>, read: Option<T>) -> bool {
    *argument = read;
    argument.is_some()
}

impl Allow {
    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Owner, Self::Groups, Self::Private, Self::Public, Self::Custom];
        all.into_iter().find(|allow| allow.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Groups => "groups",
            Self::Private => "private",
            Self::Public => "public",
            Self::Custom => "custom",
        }
    }

    fn default_provider(self) -> Provider {
        match self {
            Self::Owner | Self::Groups | Self::Private => Provider::UserPools,
            Self::Public => Provider::ApiKey,
            Self::Custom => Provider::Function,
        }
    }

    fn admits(self, provider: Provider) -> bool {
        match self {
            Self::Owner | Self::Groups => matches!(provider, Provider::UserPools | Provider::Oidc),
            Self::Private => {
                matches!(provider, Provider::UserPools | Provider::Oidc | Provider::IdentityPool)
            }
            Self::Public => matches!(provider, Provider::ApiKey | Provider::IdentityPool),
            Self::Custom => provider == Provider::Function,
        }
    }

    /// The providers as Amplify's message lists them.
    fn providers(self) -> &'static str {
        match self {
            Self::Owner => "'userPools' (default) and 'oidc' providers",
            Self::Groups => "'userPools' and 'oidc' providers",
            Self::Private => "'userPools' (default) and 'identityPool' providers",
            Self::Public => "'apiKey' (default) and 'identityPool' providers",
            Self::Custom => "'function' (default) provider",
        }
    }
}

impl RuleArguments {
    /// Whether the arguments go together, in the order in which Amplify asks. What could not be read is not missed.
    fn check(&self, allow: &Spanned<Allow>, complete: bool, report: &mut Report<'_>) -> bool {
        let Spanned { value: allow, span } = allow;
        let mut consistent = true;
        let mut mistake = |span: &Span, message: String| {
            consistent = false;
            report.directive(span.clone(), message);
        };
        if let Some(Spanned { value: (provider, name), span }) = &self.provider
            && !allow.admits(*provider)
        {
            let strategy = allow.name();
            let providers = allow.providers();
            let message = format!(
                "@auth directive with '{strategy}' strategy only supports {providers}, but found '{name}' assigned."
            );
            mistake(span, message);
        }
        if *allow == Allow::Groups {
            if complete && self.groups.is_none() && self.groups_field.is_none() {
                let message =
                    "@auth directive with 'groups' should have a defined groups list or a groupsField.";
                mistake(span, message.to_owned());
            }
            if let Some(claim) = &self.identity_claim {
                let message = "@auth identityClaim can only be used for 'allow: owner'";
                mistake(&claim.span, message.to_owned());
            }
        }
        if *allow == Allow::Owner
            && let Some(claim) = &self.group_claim
        {
            mistake(&claim.span, "@auth groupClaim can only be used 'allow: groups'".to_owned());
        }
        if let (Some(_), Some(field)) = (&self.groups, &self.groups_field) {
            let message = "This rule has groupsField and groups, please use one or the other";
            mistake(&field.span, message.to_owned());
        } else if let Some(groups) = &self.groups
            && *allow == Allow::Groups
            && groups.value.is_empty()
        {
            let message = "@auth rules using groups cannot have an empty list";
            mistake(&groups.span, message.to_owned());
        }
        if let Some(claim) = &self.identity_claim
            && claim.value.split("::").any(str::is_empty)
        {
            mistake(&claim.span, "@auth identityClaim has an empty part".to_owned());
        }
        consistent && self.check_supported(*allow, report)
    }

    /// Amplify makes a group rule of any rule that has `groups`, whatever it allows; that surprise is refused.
    fn check_supported(&self, allow: Allow, report: &mut Report<'_>) -> bool {
        let groups = self.groups.as_ref().map(|groups| ("groups", &groups.span));
        let field = self.groups_field.as_ref().map(|field| ("groupsField", &field.span));
        match groups.or(field) {
            Some((name, span)) if allow != Allow::Groups => {
                let allow = allow.name();
                report.unsupported(span.clone(), format!("`{name}` on an `allow: {allow}` rule"));
                false
            }
            _ => true,
        }
    }

    fn into_rule(self, allow: Allow, span: Span) -> Option<PlacedRule> {
        let claim = self.group_claim.map_or_else(|| GROUP_CLAIM.to_owned(), |claim| claim.value);
        let field = match allow {
            Allow::Owner => self.owner_field,
            _ => self.groups_field.clone(),
        };
        let field_span = field.as_ref().map_or(&span, |field| &field.span).clone();
        let strategy = match allow {
            Allow::Owner => Strategy::Owner {
                field: field.map_or_else(|| OWNER_FIELD.to_owned(), |field| field.value),
                claim: self
                    .identity_claim
                    .map_or_else(IdentityClaim::default, |claim| IdentityClaim::new(&claim.value)),
            },
            Allow::Groups => match (self.groups, field) {
                (Some(groups), _) => Strategy::StaticGroups { groups: groups.value, claim },
                (None, field) => Strategy::DynamicGroups { field: field?.value, claim },
            },
            Allow::Private => Strategy::Private,
            Allow::Public => Strategy::Public,
            Allow::Custom => Strategy::Custom,
        };
        let provider = self.provider.map_or_else(|| allow.default_provider(), |provider| provider.value.0);
        let operations = self.operations.map_or(Operations::ALL, |operations| operations.value);
        Some(PlacedRule { rule: Rule { strategy, provider, operations }, span, field_span })
    }
}

/// A provider, and the name by which it was called: `iam` is an older word for `identityPool`.
fn provider(name: &str) -> Option<(Provider, String)> {
    let provider = match name {
        "userPools" => Provider::UserPools,
        "oidc" => Provider::Oidc,
        "identityPool" | "iam" => Provider::IdentityPool,
        "apiKey" => Provider::ApiKey,
        "function" => Provider::Function,
        _ => return None,
    };
    Some((provider, name.to_owned()))
}

/// A list of groups; GraphQL takes a bare string for a list of one.
fn groups(value: &Node<Value>, report: &mut Report<'_>) -> Option<Spanned<Vec<String>>> {
    let groups = match &**value {
        Value::List(items) => {
            let read: Vec<_> = items.iter().map(|item| string("groups", item, report)).collect();
            read.into_iter().map(|group| group.map(|group| group.value)).collect()
        }
        _ => string("groups", value, report).map(|group| vec![group.value]),
    };
    Some(Spanned { value: groups?, span: node_span(value) })
}
