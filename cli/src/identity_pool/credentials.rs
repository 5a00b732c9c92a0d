//! Credentials that are kept nowhere.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac::{self, HMAC_SHA256},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use portcullis::{AccessKey, CredentialSource, FindingCredentials, SigningCredentials};
use portcullis_data::Clock;
use serde::{Deserialize, Serialize};

use super::{Session, SetupError, error::ServiceError};
use crate::pool::Random;

/// Tokens that begin otherwise are none of ours.
const VERSION: u8 = 1;
const AAD: &[u8] = b"portcullis session token 1";
/// Characters of an access key id after `ASIA`.
const ID_LENGTH: usize = 16;

/// Makes credentials, and knows them again by what they bring along.
///
/// A session token is what the credentials are about, sealed with AES-256-GCM; the secret access key is a MAC of it. So both are good
/// after a restart, and nothing has to be thrown away when they expire.
pub(crate) struct SealedCredentials {
    seal: RandomizedNonceKey,
    secrets: hmac::Key,
    pool: String,
    /// Whose users are known by their `sub`.
    user_pool: String,
    clock: Arc<dyn Clock>,
}

/// What a client gets.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: String,
    pub(super) expires_at: Timestamp,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(rename = "k")]
    access_key_id: String,
    #[serde(rename = "e")]
    expires: i64,
    #[serde(flatten)]
    session: Session,
}

impl SealedCredentials {
    pub(super) fn new(
        key: &[u8],
        pool: String,
        user_pool: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let derive = |purpose: &str| hmac::sign(&hmac::Key::new(HMAC_SHA256, key), purpose.as_bytes());
        let seal = RandomizedNonceKey::new(&AES_256_GCM, derive("seal").as_ref());
        Ok(Self {
            seal: seal.map_err(|_| SetupError::File("holds a key that is none"))?,
            secrets: hmac::Key::new(HMAC_SHA256, derive("secret").as_ref()),
            pool,
            user_pool: user_pool.to_owned(),
            clock,
        })
    }

    /// Credentials of this session that are good for so long.
    pub(super) fn make(
        &self,
        session: &Session,
        lifetime: Duration,
        random: &dyn Random,
    ) -> Result<Credentials, ServiceError> {
        let access_key_id = format!("ASIA{}", random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ID_LENGTH)?);
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let expires = self.clock.now().as_second().saturating_add(seconds);
        let expires_at = Timestamp::from_second(expires).map_err(|error| ServiceError::internal(&error))?;
        let sealed = Sealed { access_key_id: access_key_id.clone(), expires, session: session.clone() };
        let mut bytes = serde_json::to_vec(&sealed).map_err(|error| ServiceError::internal(&error))?;
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from(AAD), &mut bytes)
            .map_err(|_| ServiceError::internal(&"a session cannot be sealed"))?;
        let token = STANDARD.encode([&[VERSION], nonce.as_ref().as_slice(), &bytes].concat());
        Ok(Credentials {
            secret_access_key: self.secret(&token),
            access_key_id,
            session_token: token,
            expires_at,
        })
    }

    fn secret(&self, token: &str) -> String {
        let mac = hmac::sign(&self.secrets, token.as_bytes());
        STANDARD.encode(mac.as_ref().get(..30).unwrap_or_default())
    }

    fn open(&self, key: &AccessKey<'_>) -> Option<Sealed> {
        let token = key.session_token?;
        let bytes = STANDARD.decode(token).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        if *version != VERSION {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let opened = self.seal.open_in_place(nonce, Aad::from(AAD), &mut sealed).ok()?;
        let sealed: Sealed = serde_json::from_slice(opened).ok()?;
        (sealed.access_key_id == key.id && sealed.session.pool == self.pool).then_some(sealed)
    }
}

impl CredentialSource for SealedCredentials {
    fn find(&self, key: AccessKey<'_>) -> FindingCredentials {
        let found = self.open(&key).map(|sealed| {
            let secret = self.secret(key.session_token.unwrap_or_default());
            let expires = u64::try_from(sealed.expires).unwrap_or(0);
            let end = UNIX_EPOCH.checked_add(Duration::from_secs(expires)).unwrap_or(SystemTime::UNIX_EPOCH);
            SigningCredentials::new(secret, sealed.session.caller(&self.user_pool))
                .expires_at(end)
                .extension(Arc::new(sealed.session))
        });
        Box::pin(async { Ok(found) })
    }
}

// A session token is as good as a password.
impl fmt::Debug for SealedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedCredentials").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
