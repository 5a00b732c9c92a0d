//! A token that has been accepted.

use std::{fmt, sync::Arc, time::SystemTime};

use portcullis_rules::{Claims, Identity, User, VerifiedBy};

use super::{Lifetime, Signer};
use crate::{Algorithm, Confirmation, Possession, Rejection, clock::system_time, issuer::Kind};

/// A token that a [`Verifier`](crate::Verifier) has accepted. A clone is cheap.
///
/// If it is bound to a key of its sender, nobody has asked for the proof yet: see [`confirmation`](Self::confirmation).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use portcullis::{Algorithm, TokenUse, Verifier, testkit::TestIssuer};
///
/// let pool = TestIssuer::cognito();
/// let issuer = pool.issuer().client_ids(["web"]).token_use(TokenUse::Access);
/// let verifier = Verifier::builder().issuer(issuer).clock(pool.clock()).build()?;
///
/// let token = pool.access_token("ada").claim("client_id", "web").sign();
/// let verified = verifier.verify(&token).await?;
/// assert_eq!(verified.algorithm(), Algorithm::Rs256);
/// assert_eq!(verified.claims().text("client_id"), Some("web"));
/// assert!(verified.confirmation().is_none());
/// assert_eq!(verified.into_bearer()?.sub(), Some("ada"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct VerifiedToken {
    pub(crate) signer: Arc<Signer>,
    pub(crate) claims: Claims,
    pub(crate) lifetime: Lifetime,
    /// Few tokens have one, and it is larger than all the rest.
    pub(crate) confirmation: Option<Box<Confirmation>>,
}

impl VerifiedToken {
    /// The `iss` claim; empty only if the verifier was told to accept any.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.claims.text("iss").unwrap_or_default()
    }

    /// How it was signed.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.signer.header.algorithm
    }

    /// The id of the key that it was signed with, if it names one.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.signer.header.key_id.as_deref()
    }

    /// What it says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The first moment at which the verifier refuses it: `exp`, and the leeway after that.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        system_time(self.lifetime.expires)
    }

    /// The key of the sender that it is bound to (`cnf` of RFC 7800). Whoever sends it has to prove that the key is theirs.
    #[must_use]
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_deref()
    }

    /// The caller, if the token is good for everybody who has it.
    ///
    /// # Errors
    ///
    /// [`Rejection::SenderConstrained`] if it is bound to a key of its sender.
    pub fn into_bearer(self) -> Result<Identity, Rejection> {
        if self.confirmation.is_some() { Err(Rejection::SenderConstrained) } else { Ok(self.into_identity()) }
    }

    /// The caller, who has shown what the token asks for.
    ///
    /// # Errors
    ///
    /// As [`Confirmation::check`], if it is bound to a key or a certificate and that was not shown.
    pub fn into_sender(self, shown: Possession) -> Result<Identity, Rejection> {
        self.confirmation().map_or(Ok(()), |confirmation| confirmation.check(shown))?;
        Ok(self.into_identity())
    }

    /// The caller, without a question for the proof that a token with a [`confirmation`](Self::confirmation) asks for: only for
    /// those who have checked that proof themselves.
    #[must_use]
    pub fn insecure_into_identity(self) -> Identity {
        self.into_identity()
    }

    /// The caller; the proof has been checked, if there has to be one.
    pub(crate) fn into_identity(self) -> Identity {
        Identity::User(match self.signer.issuer.checks.kind {
            Kind::Cognito => User::user_pools(self.claims, VerifiedBy::Portcullis),
            Kind::Oidc => User::oidc(self.claims, VerifiedBy::Portcullis),
        })
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("algorithm", &self.algorithm())
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}
