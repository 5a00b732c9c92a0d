//! Who is asked about.

use clap::{Args, ValueEnum};
use portcullis_rules::{Claims, FunctionCaller, IamCaller, Identity, User, VerifiedBy};

use crate::explain::{ExplainError, document::Document};

/// Who is asked about: exactly one of these.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct CallerArgs {
    /// The claims of a token of the user pool, as JSON or in a file; they are taken as verified
    #[arg(long, value_name = "FILE|JSON")]
    pub claims: Option<Document>,
    /// The claims of a token of another OpenID Connect issuer
    #[arg(long, value_name = "FILE|JSON")]
    pub oidc_claims: Option<Document>,
    /// A caller with the API key
    #[arg(long)]
    pub api_key: bool,
    /// A caller with credentials of the identity pool
    #[arg(long, value_enum, value_name = "ROLE")]
    pub identity_pool: Option<PoolRole>,
    /// A caller whom the Lambda authorizer let in
    #[arg(long)]
    pub function: bool,
    /// A caller without any credentials
    #[arg(long)]
    pub anonymous: bool,
}

/// A role of an identity pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PoolRole {
    /// Somebody who has signed in
    Authenticated,
    /// Somebody who has not
    Guest,
}

impl CallerArgs {
    /// The identity; `None` for a caller without credentials.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, ExplainError> {
        if let Some(claims) = &self.claims {
            return Ok(Some(User::user_pools(read(claims)?, VerifiedBy::Portcullis).into()));
        }
        if let Some(claims) = &self.oidc_claims {
            return Ok(Some(User::oidc(read(claims)?, VerifiedBy::Portcullis).into()));
        }
        if let Some(role) = self.identity_pool {
            let authenticated = Some(role == PoolRole::Authenticated);
            return Ok(Some(Identity::Iam(IamCaller { authenticated, ..IamCaller::default() })));
        }
        if self.function {
            return Ok(Some(Identity::Function(FunctionCaller::default())));
        }
        Ok(self.api_key.then_some(Identity::ApiKey))
    }
}

fn read(claims: &Document) -> Result<Claims, ExplainError> {
    let read = claims.read().map_err(|reason| ExplainError::Document { what: "claims", reason })?;
    Ok(read.into())
}
