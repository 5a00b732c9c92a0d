use std::{fmt, future::Future};

use thiserror::Error;

/// Who decrypts codes.
pub trait Decrypter: Sync {
    /// Decrypts a message of the AWS Encryption SDK that Cognito made for this user pool, and for no other.
    fn decrypt(
        &self,
        message: &[u8],
        user_pool_id: &str,
    ) -> impl Future<Output = Result<Secret, DecryptError>> + Send;
}

/// A code or a temporary password. It is in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a code could not be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecryptError {
    /// It is no message of the Encryption SDK, was changed, is encrypted under another key, or the key refuses. The SDK's own
    /// words are left out: they may show what they are about.
    #[error("the encryption sdk cannot decrypt the code under this key")]
    Refused,
    /// It was made for another user pool.
    #[error("the code was encrypted for another user pool")]
    OtherPool,
    /// What was decrypted is no text.
    #[error("the code is no text")]
    NoText,
}
