//! Who may issue tokens, and what is expected of them.

use std::fmt;

use crate::{Algorithm, JwkSet, KeyPolicy, Mistake, token::media_type};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenUse {
    /// It grants access to an API. This is what an API should ask for.
    Access,
    /// It tells a client who has signed in.
    Id,
}

/// An issuer whose tokens are accepted, with every check stated or waived aloud.
///
/// | check | Amazon Cognito | other OpenID Connect issuers |
/// |---|---|---|
/// | `iss` | byte equality | byte equality |
/// | [`client_ids`](Self::client_ids) | required: `client_id` of access tokens, `aud` of ID tokens | optional: `client_id`, else `azp` |
/// | [`audiences`](Self::audiences) | optional: `aud` of access tokens and ID tokens | required: `aud` |
/// | [`token_use`](Self::token_use) | required: `token_use` | required: `typ` is `at+jwt` (RFC 9068) or it is not |
#[derive(Clone)]
#[must_use]
pub struct Issuer {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    /// Whether `iss` is not compared at all.
    pub(crate) is_any: bool,
    /// The pool id as given, until the verifier is built.
    pub(crate) pool: Option<(String, String)>,
    pub(crate) keys_url: Option<String>,
    pub(crate) keys: GivenKeys,
    pub(crate) key_policy: KeyPolicy,
    pub(crate) client_ids: Stated<Vec<String>>,
    pub(crate) audiences: Stated<Vec<String>>,
    pub(crate) token_use: Stated<TokenUse>,
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    pub(crate) types: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cognito,
    Oidc,
}

/// Keys that the configuration brings along.
#[derive(Clone, Debug, Default)]
pub(crate) enum GivenKeys {
    #[default]
    None,
    /// To start with; later ones are fetched.
    Initial(JwkSet),
    /// These and no other.
    Only(JwkSet),
}

/// A check that must be stated or waived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stated<T> {
    #[default]
    Unsaid,
    Waived,
    Required(T),
}

impl Issuer {
    /// A user pool of Amazon Cognito, such as `("eu-west-1", "eu-west-1_AbCdEfGhI")`.
    pub fn cognito(region: &str, pool_id: &str) -> Self {
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let url = format!("https://cognito-idp.{region}.{domain}/{pool_id}");
        Self { pool: Some((region.to_owned(), pool_id.to_owned())), ..Self::new(Kind::Cognito, url) }
    }

    /// Something that issues tokens as Amazon Cognito does, under this `iss`: the local pool, or a stand-in for tests.
    pub fn cognito_at(url: impl Into<String>) -> Self {
        Self::new(Kind::Cognito, url.into())
    }

    /// Any OpenID Connect issuer, exactly as its tokens spell `iss`.
    pub fn oidc(url: impl Into<String>) -> Self {
        Self::new(Kind::Oidc, url.into())
    }

    fn new(kind: Kind, url: String) -> Self {
        Self {
            kind,
            url,
            is_any: false,
            pool: None,
            keys_url: None,
            keys: GivenKeys::None,
            key_policy: KeyPolicy::default(),
            client_ids: Stated::Unsaid,
            audiences: Stated::Unsaid,
            token_use: Stated::Unsaid,
            algorithms: None,
            types: None,
        }
    }

    /// The clients whose tokens are accepted; one of them suffices.
    pub fn client_ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.client_ids = Stated::Required(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Accepts tokens that the issuer gave to any client, also to one that somebody else controls.
    pub fn insecure_any_client(mut self) -> Self {
        self.client_ids = Stated::Waived;
        self
    }

    /// The audiences that this service answers to; one of them must be in the token's `aud`.
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.audiences = Stated::Required(audiences.into_iter().map(Into::into).collect());
        self
    }

    /// Accepts tokens that were meant for any service.
    pub fn insecure_any_audience(mut self) -> Self {
        self.audiences = Stated::Waived;
        self
    }

    /// Which kind of token is accepted.
    pub fn token_use(mut self, token_use: TokenUse) -> Self {
        self.token_use = Stated::Required(token_use);
        self
    }

    /// Accepts ID tokens in the place of access tokens and the other way round.
    pub fn insecure_any_token_use(mut self) -> Self {
        self.token_use = Stated::Waived;
        self
    }

    /// Narrows the accepted algorithms. Without it, the key decides.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// The values of the header's `typ` that are accepted; one of them has to be there. Case and a leading `application/` make no
    /// difference (RFC 7515, 4.1.9). Without it, `typ` is absent, `JWT` or `at+jwt`.
    pub fn types(mut self, types: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.types = Some(types.into_iter().map(|name| media_type(name.as_ref())).collect());
        self
    }

    /// Accepts tokens of whatever issuer, if [these keys](Self::keys) have signed them. Another issuer of the verifier whose URL is
    /// the token's goes first. A verifier has one such issuer at most.
    pub fn insecure_any_issuer(mut self) -> Self {
        self.is_any = true;
        self
    }

    /// These keys and no other: nothing is ever fetched, and a rotation needs a new configuration.
    pub fn keys(mut self, keys: JwkSet) -> Self {
        self.keys = GivenKeys::Only(keys);
        self
    }

    /// Keys to start with, so that a cold start fetches nothing. They age like fetched ones.
    pub fn initial_keys(mut self, keys: JwkSet) -> Self {
        self.keys = GivenKeys::Initial(keys);
        self
    }

    /// Where the key set is, if not where this kind of issuer keeps it.
    pub fn keys_url(mut self, url: impl Into<String>) -> Self {
        self.keys_url = Some(url.into());
        self
    }

    /// How long fetched keys are good, and how often they are asked for.
    pub fn key_policy(mut self, policy: KeyPolicy) -> Self {
        self.key_policy = policy;
        self
    }
}

impl Issuer {
    /// What its tokens name in `iss`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn find_mistakes(&self, mistakes: &mut Vec<Mistake>) {
        let issuer = &self.url;
        let mut not_stated = |what, state, waive| {
            mistakes.push(Mistake::NotStated { issuer: issuer.clone(), what, state, waive });
        };
        if self.kind == Kind::Cognito && self.client_ids == Stated::Unsaid {
            not_stated("client ids", "client_ids", "insecure_any_client");
        }
        if self.kind == Kind::Oidc && self.audiences == Stated::Unsaid {
            not_stated("audiences", "audiences", "insecure_any_audience");
        }
        if self.token_use == Stated::Unsaid {
            not_stated("token use", "token_use", "insecure_any_token_use");
        }
        for (list, values) in [("client_ids", &self.client_ids), ("audiences", &self.audiences)] {
            if let Stated::Required(values) = values
                && (values.is_empty() || values.iter().any(String::is_empty))
            {
                mistakes.push(Mistake::EmptyList { issuer: issuer.clone(), list });
            }
        }
        if self.algorithms.as_ref().is_some_and(Vec::is_empty) {
            mistakes.push(Mistake::EmptyList { issuer: issuer.clone(), list: "algorithms" });
        }
        if self.types.as_ref().is_some_and(|types| types.is_empty() || types.iter().any(String::is_empty)) {
            mistakes.push(Mistake::EmptyList { issuer: issuer.clone(), list: "types" });
        }
        if self.is_any && !matches!(self.keys, GivenKeys::Only(_)) {
            mistakes.push(Mistake::AnyIssuerWithoutKeys { issuer: issuer.clone() });
        }
        if let Some((region, pool_id)) = &self.pool
            && !is_pool_of(region, pool_id)
        {
            mistakes.push(Mistake::PoolId { region: region.clone(), pool_id: pool_id.clone() });
        }
    }
}

/// Whether this is `REGION_ID` with nothing in it that has a meaning in a URL.
fn is_pool_of(region: &str, pool_id: &str) -> bool {
    let is_region =
        !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let id = pool_id.strip_prefix(region).and_then(|rest| rest.strip_prefix('_'));
    is_region && id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("url", &self.url).field("kind", &self.kind).finish_non_exhaustive()
    }
}
