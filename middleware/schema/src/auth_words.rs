//! The words of `allow` and `provider`.

use portcullis_rules::Provider;

/// Whom a rule admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    Owner,
    Groups,
    Private,
    Public,
    Custom,
    /// Whoever all of the parts admit.
    All,
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

impl Allow {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
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
            Self::All => "and",
        }
    }

    pub(crate) fn default_provider(self) -> ProviderName {
        match self {
            Self::Owner | Self::Groups | Self::Private | Self::All => ProviderName::UserPools,
            Self::Public => ProviderName::ApiKey,
            Self::Custom => ProviderName::Function,
        }
    }
}

impl ProviderName {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
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
