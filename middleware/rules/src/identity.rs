//! Who calls: the one shape in which every door hands a caller to the rules.

use std::fmt;

use crate::Claims;

/// The way in which a caller proved who they are; AppSync calls it an authorization mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// A token of an Amazon Cognito user pool.
    UserPools,
    /// A token of another OpenID Connect issuer.
    Oidc,
    /// A request signed with AWS credentials (`identityPool`, formerly `iam`).
    IdentityPool,
    /// An API key.
    ApiKey,
    /// A Lambda authorizer.
    Function,
}

/// Who checked the proof that an identity rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifiedBy {
    /// This process checked it.
    Portcullis,
    /// An AWS service in front of this process checked it, and configuration says to trust that service.
    Gateway,
}

/// A caller who has been authenticated.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// A person or machine with a token.
    User(User),
    /// A caller with AWS credentials.
    Iam(IamCaller),
    /// A caller with the API key: anybody who has the client.
    ApiKey,
    /// A caller whom a Lambda authorizer let in.
    Function(FunctionCaller),
}

/// A caller with a verified token.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    provider: Provider,
    claims: Claims,
    verified_by: VerifiedBy,
}

/// A caller whose request was signed with AWS credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IamCaller {
    /// The ARN of the caller, such as `arn:aws:sts::111122223333:assumed-role/web/CognitoIdentityCredentials`.
    pub user_arn: Option<String>,
    /// The identity pool that gave out the credentials.
    pub identity_pool_id: Option<String>,
    /// The identity within that pool.
    pub identity_id: Option<String>,
    /// `Some(true)` for a signed-in identity of that pool, `Some(false)` for a guest.
    pub authenticated: Option<bool>,
    /// The `sub` of the user of *our* user pool who has signed in to the identity pool. It names the same person as the `sub` of a
    /// token does, and `identity_id` does not. No rule asks for it.
    pub sub: Option<String>,
}

/// A caller whom a Lambda authorizer let in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionCaller {
    /// What the authorizer said about the caller.
    pub context: Claims,
}

impl Provider {
    /// The name that a rule uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserPools => "userPools",
            Self::Oidc => "oidc",
            Self::IdentityPool => "identityPool",
            Self::ApiKey => "apiKey",
            Self::Function => "function",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Identity {
    /// How the caller came in.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match self {
            Self::User(user) => user.provider,
            Self::Iam(_) => Provider::IdentityPool,
            Self::ApiKey => Provider::ApiKey,
            Self::Function(_) => Provider::Function,
        }
    }

    /// The user behind a token.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::Iam(_) | Self::ApiKey | Self::Function(_) => None,
        }
    }

    /// The `sub` claim: the one name of a user that never changes and may be logged.
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.user().and_then(User::sub)
    }
}

impl From<User> for Identity {
    fn from(user: User) -> Self {
        Self::User(user)
    }
}

impl User {
    /// A user of an Amazon Cognito user pool.
    #[must_use]
    pub fn user_pools(claims: Claims, verified_by: VerifiedBy) -> Self {
        Self { provider: Provider::UserPools, claims, verified_by }
    }

    /// A user of another OpenID Connect issuer.
    #[must_use]
    pub fn oidc(claims: Claims, verified_by: VerifiedBy) -> Self {
        Self { provider: Provider::Oidc, claims, verified_by }
    }

    /// The claims of the token.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The `sub` claim.
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.claims.text("sub")
    }

    /// Who checked the token.
    #[must_use]
    pub fn verified_by(&self) -> VerifiedBy {
        self.verified_by
    }
}
