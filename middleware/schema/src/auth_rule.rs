//! One rule of an `@auth` directive as it is written, with the defaults that the reference fills in.
//!
//! | argument | default |
//! | --- | --- |
//! | `provider` | `userPools` for `owner`, `groups` and `private`; `apiKey` for `public`; `function` for `custom` |
//! | `ownerField` | `owner` |
//! | `identityClaim` | `sub::username`; in older projects `username` |
//! | `groupClaim` | `cognito:groups` |
//! | `operations` | all; an empty list grants nothing |
//! | `and` | none; rules that must all hold, an extension of Amplify's language |
//!
//! `null` and an empty string are as if the argument were absent; whether this project takes them is another question.

use apollo_compiler::{
    Name, Node,
    ast::{Directive, Value},
};
use portcullis_rules::{GroupName, IdentityClaim, Operation, Operations, Provider, Rule, Strategy};

use crate::{
    Project,
    arguments::{Spanned, text, texts, value_of},
    auth_words::{Allow, ProviderName},
    definitions::Definitions,
    source::Span,
    syntax::{directive_span, name_span, node_span},
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
    pub(crate) groups: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether nothing stands between the brackets of `groups`.
    pub(crate) has_no_groups: bool,
    pub(crate) group_claim: Option<Spanned<String>>,
    pub(crate) groups_field: Option<Spanned<String>>,
    pub(crate) operations: Option<Spanned<Vec<String>>>,
    /// The parts of an `and`, all of which must hold; an extension of Amplify's language.
    pub(crate) parts: Vec<AuthRule>,
    /// What contradicts the extension.
    pub(crate) contradictions: Vec<Spanned<String>>,
    /// Arguments that the reference takes in a way that is easily misread.
    pub(crate) oddities: Vec<Spanned<String>>,
    /// A `null` among the operations, which no role can have.
    pub(crate) null_operation: Option<Span>,
    /// `operations` without brackets, on which the reference fails.
    pub(crate) bare_operations: Option<Span>,
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
}

impl AuthRules {
    /// Reads the rules of a directive. What does not fit the definition has been told of.
    pub(crate) fn read(directive: &Node<Directive>, definitions: &Definitions<'_>) -> Self {
        let span = directive_span(directive);
        let Some(value) = value_of(directive, "rules") else {
            return Self { span, ..Self::default() };
        };
        // Without brackets the reference sees no rules at all.
        let (items, is_empty): (&[Node<Value>], bool) = match &**value {
            Value::List(items) => (items, items.is_empty()),
            other => (&[], other.as_object().is_some()),
        };
        let fits = |item: &&Node<Value>| values::is_input(item, "AuthRule", definitions);
        let rules = items.iter().filter(fits).filter_map(AuthRule::read).collect();
        Self { span, rules, is_empty }
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
                Value::List(items) if items.iter().any(|item| item.is_null()) => {
                    format!("`null` in `{name}`")
                }
                _ => continue,
            };
            oddities.push(Spanned { value: what, span: node_span(value) });
        }
        let words = |name: &str| find(name).filter(|value| !value.is_null());
        let filled = |name: &str| words(name).and_then(text).filter(|text| !text.value.is_empty());
        let parts = find("and").map(|value| match &**value {
            // GraphQL takes a single part without brackets.
            Value::List(items) => items.iter().filter_map(Self::read).collect(),
            _ => Self::read(value).into_iter().collect::<Vec<_>>(),
        });
        if let Some(parts) = parts {
            return Self::joined(value, fields, parts, oddities);
        }
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
            .and_then(|value| Some(Spanned { value: texts(value)?, span: node_span(value) }));
        let operations = words("operations").and_then(operations_of);
        Some(Self {
            span,
            allow,
            provider,
            owner_field: filled("ownerField"),
            identity_claim: filled("identityClaim"),
            has_no_groups: words("groups").and_then(|value| value.as_list()).is_some_and(<[_]>::is_empty),
            groups,
            group_claim: filled("groupClaim"),
            groups_field: filled("groupsField"),
            operations,
            parts: Vec::new(),
            contradictions: Vec::new(),
            oddities,
            null_operation: words("operations").and_then(null_of),
            bare_operations: words("operations").filter(|value| value.as_list().is_none()).map(node_span),
        })
    }

    /// Reads an `and`: its parts say who is meant, and it alone says what they may do.
    fn joined(
        value: &Node<Value>,
        fields: &[(Name, Node<Value>)],
        parts: Vec<Self>,
        oddities: Vec<Spanned<String>>,
    ) -> Option<Self> {
        let mut contradictions = Vec::new();
        let mut contradicts = |span: &Span, value: &str| {
            contradictions.push(Spanned { value: value.to_owned(), span: span.clone() })
        };
        for (name, _) in fields.iter().filter(|(name, _)| *name != "and" && *name != "operations") {
            contradicts(
                &name_span(name),
                "a rule with `and` takes `operations` alone; everything else stands in its parts",
            );
        }
        let (name, and) = fields.iter().find(|(name, _)| *name == "and")?;
        if parts.len() < 2 {
            contradicts(&node_span(and), "`and` needs at least two parts");
        }
        let provider = parts.first().map(|part| part.provider.clone());
        for part in &parts {
            if part.allow.value == Allow::All {
                contradicts(&part.allow.span, "a part of `and` cannot be an `and` itself");
            }
            if let Some(operations) = &part.operations {
                contradicts(&operations.span, "a part of `and` has no `operations`; they stand beside `and`");
            }
            if let Some(span) = &part.bare_operations {
                contradicts(span, "a part of `and` has no `operations`; they stand beside `and`");
            }
            let first = provider.as_ref().map(|provider| provider.value.provider());
            if first != Some(part.provider.value.provider()) {
                contradicts(
                    &part.provider.span,
                    "the parts of `and` ask for different providers: nobody comes in by both",
                );
            }
        }
        let allow = Spanned { value: Allow::All, span: name_span(name) };
        let operations = fields.iter().find(|(name, _)| *name == "operations").map(|(_, value)| value);
        let operations = operations.filter(|value| !value.is_null());
        Some(Self {
            span: node_span(value),
            provider: provider.unwrap_or_else(|| Spanned {
                value: Allow::All.default_provider(),
                span: allow.span.clone(),
            }),
            allow,
            owner_field: None,
            identity_claim: None,
            groups: None,
            has_no_groups: false,
            group_claim: None,
            groups_field: None,
            operations: operations.and_then(operations_of),
            parts,
            contradictions,
            oddities,
            null_operation: operations.and_then(null_of),
            bare_operations: operations.filter(|value| value.as_list().is_none()).map(node_span),
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
        let needs = self.allow.value == Allow::Owner || self.groups_field.is_some();
        needs || self.parts.iter().any(Self::needs_record)
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
        if self.allow.value == Allow::All {
            let parts = self.parts.iter().map(|part| Some(part.to_rule(project)?.strategy));
            let strategy = Strategy::All(parts.collect::<Option<_>>()?);
            return Some(Rule { strategy, provider, operations: self.granted() });
        }
        let tokens = matches!(provider, Provider::UserPools | Provider::Oidc);
        let strategy = match (&self.groups, self.allow.value) {
            (Some(groups), _) if self.groups_field.is_none() && tokens => {
                let names = groups.value.iter().map(|group| group_name(&group.value, project));
                Strategy::StaticGroups { groups: names.collect(), claim: self.group_claim().to_owned() }
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
            (_, Allow::All) => return None,
        };
        Some(Rule { strategy, provider, operations: self.granted() })
    }
}

/// A rule for each of its groups, which are roles of their own.
pub(crate) fn one_by_one(rule: Rule) -> Vec<Rule> {
    let Strategy::StaticGroups { groups, claim } = &rule.strategy else {
        return vec![rule];
    };
    let alone = |group: &GroupName| Rule {
        strategy: Strategy::StaticGroups { groups: vec![group.clone()], claim: claim.clone() },
        ..rule.clone()
    };
    groups.iter().map(alone).collect()
}

/// The first `null` of a list.
fn null_of(value: &Node<Value>) -> Option<Span> {
    value.as_list()?.iter().find(|item| item.is_null()).map(node_span)
}

/// The words of `operations`; nothing without brackets.
fn operations_of(value: &Node<Value>) -> Option<Spanned<Vec<String>>> {
    let Value::List(items) = &**value else {
        return None;
    };
    let words = items.iter().filter_map(|item| item.as_enum()).map(ToString::to_string).collect();
    Some(Spanned { value: words, span: node_span(value) })
}

/// The name of a group, which the extensions may make of claims. What is no template has been told of.
fn group_name(name: &str, project: &Project) -> GroupName {
    let template = project.extensions.then(|| GroupName::parse(name).ok()).flatten();
    template.unwrap_or_else(|| GroupName::literal(name))
}

/// What the word for an operation grants.
fn granted(word: &str) -> Option<Operations> {
    if word == "read" {
        return Some(Operations::READ);
    }
    let operation = Operation::ALL.into_iter().find(|operation| operation.name() == word)?;
    Some(operation.into())
}
