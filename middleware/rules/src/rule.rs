//! One line of an `@auth` directive.

use std::fmt;

use crate::{GroupName, Operations, Provider};

/// One rule: whom it admits, how they must have signed in, and to what.
///
/// ```
/// use portcullis_rules::{Operations, Rule};
///
/// let rule = Rule::groups(["editors"]).operations(Operations::READ);
/// assert_eq!(rule.to_string(), r#"{ allow: groups, groups: ["editors"], operations: [read] }"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whom the rule admits.
    pub strategy: Strategy,
    /// How the caller must have come in.
    pub provider: Provider,
    /// What the rule grants.
    pub operations: Operations,
}

/// Whom a rule admits: the `allow` of an `@auth` rule with the arguments that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// `allow: owner`: whoever is named in a field of the record.
    Owner {
        /// The field that names the owner or owners.
        field: String,
        /// The claim that names the caller.
        claim: IdentityClaim,
    },
    /// `allow: groups, groups: [..]`: members of groups named in the rule.
    StaticGroups {
        /// The groups, any of which suffices.
        groups: Vec<GroupName>,
        /// The claim that lists the caller's groups.
        claim: String,
    },
    /// `allow: groups, groupsField: ..`: members of groups named in a field of the record.
    DynamicGroups {
        /// The field that names the group or groups.
        field: String,
        /// The claim that lists the caller's groups.
        claim: String,
    },
    /// `allow: private`: everyone who has signed in.
    Private,
    /// `allow: public`: everyone who has the API key, or a guest of the identity pool.
    Public,
    /// `allow: custom`: everyone whom the Lambda authorizer let in.
    Custom,
    /// `and: [..]`: whoever all of these admit. Amplify's language has no such rule.
    ///
    /// At least two, and none of them of this kind; the provider of the rule holds for all.
    All(Vec<Strategy>),
}

/// The claim, or the claims joined with `::`, by which an owner is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdentityClaim(Vec<String>);

/// The field that names the owner unless a rule says otherwise.
const OWNER_FIELD: &str = "owner";
/// The claim that lists the groups unless a rule says otherwise.
const GROUP_CLAIM: &str = "cognito:groups";

impl Rule {
    /// `allow: owner`: whoever the field `owner` names, known by `sub::username`.
    #[must_use]
    pub fn owner() -> Self {
        Self::owner_in(OWNER_FIELD)
    }

    /// `allow: owner, ownerField: ..`: whoever this field names.
    #[must_use]
    pub fn owner_in(field: impl Into<String>) -> Self {
        Self::new(Strategy::Owner { field: field.into(), claim: IdentityClaim::default() })
    }

    /// `allow: groups, groups: [..]`: the members of any of these groups. A text is a name as it stands; see
    /// [`GroupName::parse`] for one that depends on the caller.
    #[must_use]
    pub fn groups<G: Into<GroupName>>(groups: impl IntoIterator<Item = G>) -> Self {
        let groups = groups.into_iter().map(Into::into).collect();
        Self::new(Strategy::StaticGroups { groups, claim: GROUP_CLAIM.to_owned() })
    }

    /// `allow: groups, groupsField: ..`: the members of any group that this field names.
    #[must_use]
    pub fn groups_in(field: impl Into<String>) -> Self {
        Self::new(Strategy::DynamicGroups { field: field.into(), claim: GROUP_CLAIM.to_owned() })
    }

    /// `allow: private`: everyone who has signed in.
    #[must_use]
    pub fn private() -> Self {
        Self::new(Strategy::Private)
    }

    /// `allow: public`: everyone who has the API key.
    #[must_use]
    pub fn public() -> Self {
        Self::new(Strategy::Public)
    }

    /// `allow: custom`: everyone whom the Lambda authorizer let in.
    #[must_use]
    pub fn custom() -> Self {
        Self::new(Strategy::Custom)
    }

    /// `and: [..]`: whoever all of these admit, who came in as the first one asks for unless the rule
    /// [says otherwise](Self::provider). It is an extension of Amplify's language.
    ///
    /// A new record gets the owner of each part filled in that the input is silent about, if all other parts hold.
    ///
    /// ```
    /// use portcullis_rules::Rule;
    ///
    /// let tenant = Rule::owner_in("tenant").claim("custom:tenant");
    /// let rule = Rule::all([tenant.strategy, Rule::groups(["editors"]).strategy]);
    /// let written = r#"{ and: [{ allow: owner, ownerField: "tenant", identityClaim: "custom:tenant" }, { allow: groups, groups: ["editors"] }] }"#;
    /// assert_eq!(rule.to_string(), written);
    /// ```
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Strategy>) -> Self {
        Self::new(Strategy::All(parts.into_iter().collect()))
    }

    fn new(strategy: Strategy) -> Self {
        let provider = strategy.default_provider();
        Self { strategy, provider, operations: Operations::ALL }
    }

    /// Grants these operations instead of all.
    #[must_use]
    pub fn operations(mut self, operations: impl Into<Operations>) -> Self {
        self.operations = operations.into();
        self
    }

    /// Asks for this provider instead of the strategy's default.
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = provider;
        self
    }

    /// Reads this claim instead of the default: `identityClaim` of an owner rule, `groupClaim` of a groups rule.
    /// The other strategies read no claim of their own and stay as they are.
    #[must_use]
    pub fn claim(mut self, name: &str) -> Self {
        match &mut self.strategy {
            Strategy::Owner { claim, .. } => *claim = IdentityClaim::new(name),
            Strategy::StaticGroups { claim, .. } | Strategy::DynamicGroups { claim, .. } => {
                name.clone_into(claim)
            }
            Strategy::Private | Strategy::Public | Strategy::Custom | Strategy::All(_) => {}
        }
        self
    }

    /// The parts that must all hold, each written as a rule of its own.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Self> {
        // A part grants nothing by itself.
        let provider = self.provider;
        let part = move |part: &Strategy| Self { provider, ..Self::new(part.clone()) };
        self.strategy.parts().iter().map(part)
    }
}

impl Strategy {
    /// The provider of a rule that names none.
    #[must_use]
    pub fn default_provider(&self) -> Provider {
        match self {
            Self::Owner { .. } | Self::StaticGroups { .. } | Self::DynamicGroups { .. } | Self::Private => {
                Provider::UserPools
            }
            Self::Public => Provider::ApiKey,
            Self::Custom => Provider::Function,
            Self::All(parts) => parts.first().map_or(Provider::UserPools, Self::default_provider),
        }
    }

    /// The strategies that must all admit the caller: this one, or the parts of an `and`.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    /// The word after `allow:`; `and` for a rule that has no such word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Owner { .. } => "owner",
            Self::StaticGroups { .. } | Self::DynamicGroups { .. } => "groups",
            Self::Private => "private",
            Self::Public => "public",
            Self::Custom => "custom",
            Self::All(_) => "and",
        }
    }
}

impl IdentityClaim {
    /// Reads `sub::username`. Only `::` separates, so that `custom:tenant` is one claim.
    #[must_use]
    pub fn new(claim: &str) -> Self {
        Self(claim.split("::").map(str::to_owned).collect())
    }

    /// The claims, in order.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }
}

impl Default for IdentityClaim {
    /// Amplify's default, `sub::username`.
    fn default() -> Self {
        Self::new("sub::username")
    }
}

impl fmt::Display for IdentityClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("::"))
    }
}

impl fmt::Display for Rule {
    /// In Amplify's notation, without what is the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        match &self.strategy {
            Strategy::All(parts) => {
                f.write_str("and: [")?;
                for (index, part) in parts.iter().enumerate() {
                    f.write_str(if index == 0 { "{ " } else { ", { " })?;
                    part.write(f, self.provider)?;
                    f.write_str(" }")?;
                }
                f.write_str("]")?;
            }
            strategy => strategy.write(f, self.provider)?,
        }
        if self.operations != Operations::ALL {
            write!(f, ", operations: {}", self.operations)?;
        }
        f.write_str(" }")
    }
}

impl Strategy {
    /// What stands between the braces, without operations.
    fn write(&self, f: &mut fmt::Formatter<'_>, provider: Provider) -> fmt::Result {
        write!(f, "allow: {}", self.name())?;
        match self {
            Self::Owner { field, claim } => {
                if field != OWNER_FIELD {
                    write!(f, ", ownerField: {field:?}")?;
                }
                if *claim != IdentityClaim::default() {
                    write!(f, ", identityClaim: {:?}", claim.to_string())?;
                }
            }
            Self::StaticGroups { groups, claim } => {
                let groups: Vec<String> = groups.iter().map(GroupName::to_string).collect();
                write!(f, ", groups: {groups:?}")?;
                write_group_claim(f, claim)?;
            }
            Self::DynamicGroups { field, claim } => {
                write!(f, ", groupsField: {field:?}")?;
                write_group_claim(f, claim)?;
            }
            Self::Private | Self::Public | Self::Custom | Self::All(_) => {}
        }
        if provider != self.default_provider() { write!(f, ", provider: {provider}") } else { Ok(()) }
    }
}

fn write_group_claim(f: &mut fmt::Formatter<'_>, claim: &str) -> fmt::Result {
    if claim == GROUP_CLAIM { Ok(()) } else { write!(f, ", groupClaim: {claim:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;

    #[test]
    fn a_rule_is_written_in_amplifys_notation() {
        let table = [
            (Rule::owner(), "{ allow: owner }"),
            (
                Rule::owner_in("author").claim("email::sub"),
                r#"{ allow: owner, ownerField: "author", identityClaim: "email::sub" }"#,
            ),
            (
                Rule::groups(["a", "b"]).claim("roles").provider(Provider::Oidc),
                r#"{ allow: groups, groups: ["a", "b"], groupClaim: "roles", provider: oidc }"#,
            ),
            (
                Rule::groups_in("team").operations([Operation::Create, Operation::Get]),
                r#"{ allow: groups, groupsField: "team", operations: [create, get] }"#,
            ),
            (Rule::private().provider(Provider::IdentityPool), "{ allow: private, provider: identityPool }"),
            (Rule::public().operations(Operations::READ), "{ allow: public, operations: [read] }"),
            (Rule::custom().operations(Operations::NONE), "{ allow: custom, operations: [] }"),
            (
                Rule::all([Rule::owner().strategy, Rule::private().strategy])
                    .provider(Provider::Oidc)
                    .operations(Operations::READ),
                "{ and: [{ allow: owner, provider: oidc }, { allow: private, provider: oidc }], operations: [read] }",
            ),
            (
                Rule::groups([GroupName::parse("t-{custom:tenant}").unwrap(), "a{b}".into()]),
                r#"{ allow: groups, groups: ["t-{custom:tenant}", "a{{b}}"] }"#,
            ),
        ];
        for (rule, text) in table {
            assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn only_a_double_colon_separates_claims() {
        assert_eq!(IdentityClaim::new("custom:tenant").parts(), ["custom:tenant"]);
        assert_eq!(IdentityClaim::new("a::b::c").parts(), ["a", "b", "c"]);
    }

    #[test]
    fn a_rule_that_reads_no_claim_takes_none() {
        assert_eq!(Rule::private().claim("email"), Rule::private());
    }
}
