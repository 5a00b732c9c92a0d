//! The key that the codes for custom senders are encrypted under, in place of one of AWS KMS.
//!
//! 1. It never leaves the pool: it wraps data keys, and unwraps them for whoever asks as AWS KMS is asked (`Decrypt`).
//! 2. A data key is bound to its encryption context: under another one it is not unwrapped.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;

use crate::pool::{PoolError, Random, RandomError, store::Store};

/// The account in the ARNs of this pool.
const ACCOUNT: &str = "000000000000";

/// Names and values that a data key is bound to.
pub(crate) type EncryptionContext = BTreeMap<String, String>;

/// A data key could not be made or wrapped.
#[derive(Clone, Copy, Debug, Error)]
pub(crate) enum WrapError {
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("a data key could not be wrapped")]
    Failed,
}

/// A symmetric key, made at the pool's first start and kept.
pub(crate) struct KmsKey {
    id: String,
    arn: String,
    key: LessSafeKey,
}

impl fmt::Debug for KmsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsKey").field("arn", &self.arn).finish_non_exhaustive()
    }
}

impl KmsKey {
    pub(crate) fn open(store: &Store, region: &str, random: &dyn Random) -> Result<Self, PoolError> {
        let id = store.setting("kms_key_id", || Ok(random.uuid()?.into_bytes()))?;
        let id = String::from_utf8(id).map_err(|_| PoolError::EncryptionKey)?;
        let bytes = store.setting("kms_key", || Ok(random.bytes::<32>()?.to_vec()))?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| PoolError::EncryptionKey)?;
        let arn = format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}");
        Ok(Self { id, arn, key: LessSafeKey::new(key) })
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Whether this is what a caller means: the key's ARN or its id.
    pub(crate) fn is(&self, name: &str) -> bool {
        name == self.arn || name == self.id
    }

    /// Wraps a data key.
    pub(crate) fn wrap(
        &self,
        data_key: &[u8],
        context: &EncryptionContext,
        random: &dyn Random,
    ) -> Result<Vec<u8>, WrapError> {
        let nonce = random.bytes::<NONCE_LEN>()?;
        let mut sealed = data_key.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.bound_to(context)),
                &mut sealed,
            )
            .map_err(|_| WrapError::Failed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Unwraps a data key, if this key has wrapped it under this context.
    pub(crate) fn unwrap(&self, blob: &[u8], context: &EncryptionContext) -> Option<Vec<u8>> {
        let (nonce, sealed) = blob.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length =
            self.key.open_in_place(nonce, Aad::from(self.bound_to(context)), &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }

    /// Lengths first, so that no two contexts read alike.
    fn bound_to(&self, context: &EncryptionContext) -> Vec<u8> {
        let mut bytes = self.arn.clone().into_bytes();
        for text in context.iter().flat_map(|(name, value)| [name, value]) {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{PoolStorage, SystemRandom};

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_data_key_is_unwrapped_by_its_own_key_under_its_own_context_alone() {
        let store = Store::open(&PoolStorage::Memory).unwrap();
        let key = KmsKey::open(&store, "us-east-1", &SystemRandom).unwrap();
        let again = KmsKey::open(&store, "us-east-1", &SystemRandom).unwrap();
        let other =
            KmsKey::open(&Store::open(&PoolStorage::Memory).unwrap(), "us-east-1", &SystemRandom).unwrap();
        assert_eq!(key.arn(), again.arn());
        let own = context(&[("userpool-id", "us-east-1_1"), ("b", "c")]);
        let blob = key.wrap(&[7; 32], &own, &SystemRandom).unwrap();
        assert_eq!(again.unwrap(&blob, &own), Some(vec![7; 32]));
        assert_ne!(key.wrap(&[7; 32], &own, &SystemRandom).unwrap(), blob);
        assert_eq!(other.unwrap(&blob, &own), None);
        for foreign in [
            context(&[]),
            context(&[("userpool-id", "us-east-1_2"), ("b", "c")]),
            context(&[("userpool-id", "us-east-1_1")]),
            context(&[("userpool-id", "us-east-1_1"), ("bc", "")]),
        ] {
            assert_eq!(key.unwrap(&blob, &foreign), None, "{foreign:?}");
        }
        for length in [0, NONCE_LEN - 1, NONCE_LEN, blob.len() - 1] {
            assert_eq!(key.unwrap(&blob[..length], &own), None, "{length}");
        }
        for position in [0, NONCE_LEN, blob.len() - 1] {
            let mut changed = blob.clone();
            changed[position] ^= 1;
            assert_eq!(key.unwrap(&changed, &own), None, "{position}");
        }
        assert_eq!(format!("{key:?}"), format!("KmsKey {{ arn: {:?}, .. }}", key.arn()));
    }
}
