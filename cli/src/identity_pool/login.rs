//! Checking a login: a token of somebody whom the pool trusts.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use portcullis::{Issuer, JwkSet, TokenUse, Verifier, rules::Claims};
use serde_json::Value;

use super::{SetupError, config::OidcLogin, error::ServiceError};
use crate::{
    pool::{Pool, PoolHandle},
    template::stack::ACCOUNT,
};

/// More logins than this nobody has.
const MAX_LOGINS: usize = 10;

/// Somebody who has signed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Login {
    /// As it stands in `amr`.
    pub(super) provider: String,
    pub(super) subject: String,
    pub(super) claims: Claims,
}

/// Whose tokens are good.
pub(crate) struct Logins {
    user_pool: UserPool,
    oidc: BTreeMap<String, Oidc>,
}

struct UserPool {
    /// `cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI`
    name: String,
    /// The same pool as clients call it that take its name from the issuer of its tokens.
    local_name: String,
    id: String,
    verifier: Verifier,
    /// Asked whether a session was revoked, where the pool checks that.
    sessions: Option<PoolHandle>,
}

struct Oidc {
    arn: String,
    verifier: Verifier,
}

/// The clock of the middleware, as the rest of the process has it.
#[derive(Clone)]
pub(crate) struct SharedClock(pub(crate) std::sync::Arc<dyn portcullis_data::Clock>);

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedClock")
    }
}

impl portcullis::Clock for SharedClock {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

impl Logins {
    /// The users of this pool, and those of these providers.
    pub(crate) fn new(
        pool: &Pool,
        checks_sessions: bool,
        oidc: &[OidcLogin],
        clock: &std::sync::Arc<dyn portcullis_data::Clock>,
    ) -> Result<Self, SetupError> {
        let clock = SharedClock(std::sync::Arc::clone(clock));
        let keys = JwkSet::from_json(&pool.key_set().to_string())?;
        let issuer = Issuer::cognito_at(pool.issuer())
            .client_ids([pool.client_id()])
            .token_use(TokenUse::Id)
            .keys(keys);
        let verifier = Verifier::builder().issuer(issuer).clock(clock.clone()).build()?;
        let user_pool = UserPool {
            name: provider_name(pool.region(), pool.id()),
            local_name: without_scheme(pool.issuer()).to_owned(),
            id: pool.id().to_owned(),
            verifier,
            sessions: checks_sessions.then(|| pool.handle()),
        };
        let oidc = oidc.iter().map(|provider| {
            let name = without_scheme(&provider.issuer).to_owned();
            let issuer =
                Issuer::oidc(&provider.issuer).audiences([&provider.client_id]).token_use(TokenUse::Id);
            let verifier = Verifier::builder().issuer(issuer).clock(clock.clone()).build()?;
            let arn = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{name}");
            Ok((name, Oidc { arn, verifier }))
        });
        Ok(Self { user_pool, oidc: oidc.collect::<Result<_, SetupError>>()? })
    }

    /// The id of the user pool.
    pub(super) fn user_pool_id(&self) -> &str {
        &self.user_pool.id
    }

    /// Everybody whom the tokens name, each verified.
    pub(super) async fn verify(&self, logins: &BTreeMap<String, String>) -> Result<Vec<Login>, ServiceError> {
        if logins.len() > MAX_LOGINS {
            return Err(ServiceError::invalid("There are more than 10 logins."));
        }
        let mut verified = Vec::with_capacity(logins.len());
        for (name, token) in logins {
            let login = self.verify_one(name, token).await?;
            // The user pool has two names here. Two of its users are not one person.
            if verified.iter().any(|known: &Login| known.provider == login.provider) {
                return Err(ServiceError::invalid("Two logins are of one provider."));
            }
            verified.push(login);
        }
        Ok(verified)
    }

    async fn verify_one(&self, name: &str, token: &str) -> Result<Login, ServiceError> {
        let pool = &self.user_pool;
        let (provider, verifier) = if name == pool.name || name == pool.local_name {
            (&pool.name, &pool.verifier)
        } else if let Some(oidc) = self.oidc.get(name) {
            (&oidc.arn, &oidc.verifier)
        } else {
            return Err(ServiceError::not_authorized(
                "Invalid login token. Not a provider that this identity pool trusts.",
            ));
        };
        let identity = verifier.authenticate(token).await.map_err(|error| match error {
            portcullis::AuthenticateError::Rejected(portcullis::Rejection::Expired) => {
                ServiceError::not_authorized("Invalid login token. Token expired.")
            }
            portcullis::AuthenticateError::KeysUnavailable { .. } => {
                ServiceError::internal(&"a provider has no keys")
            }
            _ => ServiceError::not_authorized("Invalid login token. Couldn't verify signed token."),
        })?;
        let claims = identity.user().map(|user| user.claims().clone()).unwrap_or_default();
        let subject = claims.text("sub").unwrap_or_default().to_owned();
        // What stands between the parts of a provider string cannot stand in one.
        if subject.is_empty()
            || !subject.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",".contains(&byte))
        {
            return Err(ServiceError::not_authorized("Invalid login token. Its subject cannot be used."));
        }
        if let Some(sessions) = pool.sessions.as_ref().filter(|_| *provider == pool.name) {
            let session = claims.text("origin_jti").unwrap_or_default();
            let is_live = sessions.is_signed_in(&subject, session).await;
            if !is_live.map_err(|error| ServiceError::internal(&error))? {
                return Err(ServiceError::not_authorized("Invalid login token. Token is revoked."));
            }
        }
        Ok(Login { provider: provider.clone(), subject, claims })
    }
}

impl Login {
    /// A claim that is a list of texts.
    pub(super) fn texts(&self, claim: &str) -> Vec<&str> {
        let values = self.claims.get(claim).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        values.iter().filter_map(Value::as_str).collect()
    }
}

/// A user pool as an identity pool calls it.
pub(super) fn provider_name(region: &str, pool_id: &str) -> String {
    format!("cognito-idp.{region}.amazonaws.com/{pool_id}")
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/')
}
