//! One rule of an `@auth` directive as it is written, with the defaults that the reference fills in.
//!
//! | argument | default |
//! | --- | --- |
//! | `provider` | `userPools` for `owner`, `groups` and `private`; `apiKey` for `public`; `function` for `custom` |
//! | `ownerField` | `owner` |
//! | `identityClaim` | `sub::username`; in older projects `username` |
//! | `groupClaim` | `cognito:groups` |
//! | `operations` | all; an empty list grants nothing |
//!
//! `null` and an empty string are as if the argument were absent; whether this project takes them is another question.

use apollo_compiler::{
    Node,
    ast::{Directive, Value},
};
use portcullis_rules::{IdentityClaim, Operation, Operations, Provider, Rule, Strategy};

use crate::{
    Project,
    arguments::{Spanned, text, texts, value_of},
    definitions::Definitions,
    source::Span,
    syntax::{directive_span, node_span},
    values,
};

/// The field that names the owner, unless the rule says otherwise.
const OWNER_FIELD: &str = "owner";
/// The claim that lists groups, unless the rule says otherwise.
const GROUP_CLAIM: &str = "cognito:groups";
/// The operations that read, in the order in which the reference names them.
pub(crate) const READS: [&str; 5] = ["get", "list", "search", "listen", "sync"];

/// A rule with the places that checks point at.
#[derive(Clone, Debug)]
pub(crate) struct AuthRule {
    /// The whole rule.
    pub(crate) span: Span,
    pub(crate) allow: Spanned<Allow>,
    /// As it is called: `iam` is an older word for `identityPool`.
    pub(crate) provider: Spanned<ProviderName>,
    pub(crate) owner_field: Option<Spanned<String>>,
    pub(crate) identity_claim: Option<Spanned<String>>,
    pub(crate) groups: Option<Spanned<Vec<String>>>,
    pub(crate) group_claim: Option<Spanned<String>>,
    pub(crate) groups_field: Option<Spanned<String>>,
    pub(crate) operations: Option<Spanned<Vec<String>>>,
    /// Arguments that the reference takes in a way that is easily misread.
    pub(crate) oddities: Vec<Spanned<String>>,
    /// `operations` without brackets, on which the reference fails.
    pub(crate) bare_operations: Option<Span>,
}

/// Whom a rule admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    Owner,
    Groups,
    Private,
    Public,
    Custom,
}

/// The name of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProviderName {
    ApiKey,
    Iam,
    IdentityPool,
    Oidc,
    UserPools,
    Function,
}

/// The rules of an `@auth` directive, and what may stand in their place.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuthRules {
    /// The `@` and the name of the directive.
    pub(crate) span: Span,
    /// The rules; those that do not fit their definition are left out.
    pub(crate) rules: Vec<AuthRule>,
    /// Whether nothing was written between the brackets.
    pub(crate) is_empty: bool,
    /// `rules` without brackets, on which the reference fails.
    pub(crate) bare: Option<Span>,
}

impl AuthRules {
    /// Reads the rules of a directive. What does not fit the definition has been told of.
    pub(crate) fn read(directive: &Node<Directive>, definitions: &Definitions<'_>) -> Self {
        let span = directive_span(directive);
        let Some(value) = value_of(directive, "rules") else {
            return Self { span, ..Self::default() };
        };
        let (items, bare) = match &**value {
            Value::List(items) => (items.iter().collect(), None),
            _ => (vec![value], Some(node_span(value))),
        };
        let is_empty = items.is_empty();
        let fits = |item: &&&Node<Value>| values::is_input(item, "AuthRule", definitions);
        let bare = bare.filter(|_| fits(&&value));
        let rules = items.iter().filter(fits).filter_map(|item| AuthRule::read(item)).collect();
        Self { span, rules, is_empty, bare }
    }
}

impl AuthRule {
    fn read(value: &Node<Value>) -> Option<Self> {
        let Value::Object(fields) = &**value else {
            return None;
        };
        let span = node_span(value);
        let find = |name: &str| fields.iter().find(|(field, _)| *field == *name).map(|(_, value)| value);
        let mut oddities = Vec::new();
        for (name, value) in fields {
            let what = match &**value {
                Value::Null => format!("`{name}: null`"),
                Value::String(text) if text.is_empty() => format!("an empty `{name}`"),
                _ => continue,
            };
            oddities.push(Spanned { value: what, span: node_span(value) });
        }
        let words = |name: &str| find(name).filter(|value| !value.is_null());
        let filled = |name: &str| words(name).and_then(text).filter(|text| !text.value.is_empty());
        let allow = words("allow").and_then(|value| {
            let allow = Allow::from_name(value.as_enum()?)?;
            Some(Spanned { value: allow, span: node_span(value) })
        })?;
        let provider = words("provider").and_then(|value| {
            let provider = ProviderName::from_name(value.as_enum()?)?;
            Some(Spanned { value: provider, span: node_span(value) })
        });
        let provider = provider
            .unwrap_or_else(|| Spanned { value: allow.value.default_provider(), span: allow.span.clone() });
        // A list is there even if it is empty, a string is not.
        let groups = words("groups")
            .filter(|value| value.as_str() != Some(""))
            .and_then(|value| Some(Spanned { value: texts(value)?, span: node_span(value) }))
            .map(|Spanned { value, span }| Spanned {
                value: value.into_iter().map(|group| group.value).collect(),
                span,
            });
        let operations = words("operations").and_then(|value| {
            let Value::List(items) = &**value else {
                return None;
            };
            let words = items.iter().filter_map(|item| item.as_enum()).map(ToString::to_string).collect();
            Some(Spanned { value: words, span: node_span(value) })
        });
        Some(Self {
            span,
            allow,
            provider,
            owner_field: filled("ownerField"),
            identity_claim: filled("identityClaim"),
            groups,
            group_claim: filled("groupClaim"),
            groups_field: filled("groupsField"),
            operations,
            oddities,
            bare_operations: words("operations").filter(|value| value.as_list().is_none()).map(node_span),
        })
    }

    /// What the rule grants.
    pub(crate) fn granted(&self) -> Operations {
        let Some(words) = &self.operations else {
            return Operations::ALL;
        };
        let granted = words.value.iter().filter_map(|word| granted(word));
        granted.fold(Operations::NONE, Operations::union)
    }

    /// The operations of the rule that read and are not called `read`.
    pub(crate) fn single_reads(&self) -> String {
        let words = self.operations.iter().flat_map(|operations| &operations.value);
        let single: Vec<&str> = words.map(String::as_str).filter(|word| READS.contains(word)).collect();
        single.join(",")
    }

    /// Whether the rule is of a strategy that names a field, which a custom field does not have.
    pub(crate) fn needs_record(&self) -> bool {
        self.allow.value == Allow::Owner || self.groups_field.is_some()
    }

    pub(crate) fn group_claim(&self) -> &str {
        self.group_claim.as_ref().map_or(GROUP_CLAIM, |claim| &claim.value)
    }

    pub(crate) fn owner_field(&self) -> &str {
        self.owner_field.as_ref().map_or(OWNER_FIELD, |field| &field.value)
    }

    pub(crate) fn identity_claim(&self, project: &Project) -> &str {
        let default = if project.default_claim_has_sub { "sub::username" } else { "username" };
        self.identity_claim.as_ref().map_or(default, |claim| &claim.value)
    }

    /// The place of the argument that names a field of the record; the whole rule, if it is left out.
    pub(crate) fn field_span(&self) -> Span {
        let field = if self.allow.value == Allow::Owner { &self.owner_field } else { &self.groups_field };
        field.as_ref().map_or(&self.span, |field| &field.span).clone()
    }

    /// The rule as the reference enforces it: `groups` make a group rule of any rule. Nothing if nobody is admitted.
    pub(crate) fn to_rule(&self, project: &Project) -> Option<Rule> {
        let provider = self.provider.value.provider();
        let tokens = matches!(provider, Provider::UserPools | Provider::Oidc);
        let strategy = match (&self.groups, self.allow.value) {
            (Some(groups), _) if self.groups_field.is_none() && tokens => {
                Strategy::StaticGroups { groups: groups.value.clone(), claim: self.group_claim().to_owned() }
            }
            (Some(groups), _) if groups.value.is_empty() => return None,
            (_, Allow::Owner) => Strategy::Owner {
                field: self.owner_field().to_owned(),
                claim: IdentityClaim::new(self.identity_claim(project)),
            },
            (_, Allow::Groups) => Strategy::DynamicGroups {
                field: self.groups_field.clone()?.value,
                claim: self.group_claim().to_owned(),
            },
            // Somebody of an identity pool has no groups.
            (Some(_), Allow::Private) => return None,
            (Some(_), Allow::Public) if provider == Provider::IdentityPool => return None,
            (_, Allow::Private) => Strategy::Private,
            (_, Allow::Public) => Strategy::Public,
            (_, Allow::Custom) => Strategy::Custom,
        };
        Some(Rule { strategy, provider, operations: self.granted() })
    }
}

/// What the word for an operation grants.
fn granted(word: &str) -> Option<Operations> {
    if word == "read" {
        return Some(Operations::READ);
    }
    let operation = Operation::ALL.into_iter().find(|operation| operation.name() == word)?;
    Some(operation.into())
}

impl Allow {
    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Owner, Self::Groups, Self::Private, Self::Public, Self::Custom];
        all.into_iter().find(|allow| allow.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Groups => "groups",
            Self::Private => "private",
            Self::Public => "public",
            Self::Custom => "custom",
        }
    }

    fn default_provider(self) -> ProviderName {
        match self {
            Self::Owner | Self::Groups | Self::Private => ProviderName::UserPools,
            Self::Public => ProviderName::ApiKey,
            Self::Custom => ProviderName::Function,
        }
    }
}

impl ProviderName {
    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::ApiKey, Self::Iam, Self::IdentityPool, Self::Oidc, Self::UserPools, Self::Function];
        all.into_iter().find(|provider| provider.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "apiKey",
            Self::Iam => "iam",
            Self::IdentityPool => "identityPool",
            Self::Oidc => "oidc",
            Self::UserPools => "userPools",
            Self::Function => "function",
        }
    }

    pub(crate) fn provider(self) -> Provider {
        match self {
            Self::ApiKey => Provider::ApiKey,
            Self::Iam | Self::IdentityPool => Provider::IdentityPool,
            Self::Oidc => Provider::Oidc,
            Self::UserPools => Provider::UserPools,
            Self::Function => Provider::Function,
        }
    }
}
