use std::{collections::HashMap, fmt};

use aws_config::BehaviorVersion;
use aws_esdk::{
    Client,
    material_providers::{
        client::Client as MaterialProviders,
        types::{
            EsdkCommitmentPolicy, keyring::KeyringRef, material_providers_config::MaterialProvidersConfig,
        },
    },
    types::aws_encryption_sdk_config::AwsEncryptionSdkConfig,
};
use thiserror::Error;

use crate::{DecryptError, Decrypter, Secret};

/// What Cognito binds a code to: the name of the pool in the encryption context.
const USER_POOL_ID: &str = "userpool-id";
/// Cognito encrypts each code's data key once.
const MOST_DATA_KEYS: i64 = 1;

/// The AWS Encryption SDK, with one key.
pub struct EsdkDecrypter {
    client: Client,
    keyring: KeyringRef,
}

/// The Encryption SDK could not be set up. Its own words are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the encryption sdk refuses its configuration")]
pub struct SetUpError;

impl EsdkDecrypter {
    /// Decrypts under a key of AWS KMS, and no other.
    ///
    /// The function's role needs `kms:Decrypt` on it, best with the condition `kms:EncryptionContext:userpool-id`.
    ///
    /// # Errors
    ///
    /// The SDK's.
    pub async fn with_kms_key(arn: &str) -> Result<Self, SetUpError> {
        let sdk = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let kms = aws_sdk_kms::Client::new(&sdk);
        let keyring = material_providers()?.create_aws_kms_keyring().kms_key_id(arn).kms_client(kms);
        Self::with_keyring(keyring.send().await.map_err(|_| SetUpError)?)
    }

    /// Decrypts with a keyring of one's own.
    ///
    /// # Errors
    ///
    /// The SDK's.
    pub fn with_keyring(keyring: KeyringRef) -> Result<Self, SetUpError> {
        // Cognito's messages are of a suite without key commitment, 0x0378, which the SDK reads only if it is told to.
        let config = AwsEncryptionSdkConfig::builder()
            .commitment_policy(EsdkCommitmentPolicy::ForbidEncryptAllowDecrypt)
            .max_encrypted_data_keys(MOST_DATA_KEYS)
            .build()
            .map_err(|_| SetUpError)?;
        Ok(Self { client: Client::from_conf(config).map_err(|_| SetUpError)?, keyring })
    }
}

fn material_providers() -> Result<MaterialProviders, SetUpError> {
    let config = MaterialProvidersConfig::builder().build().map_err(|_| SetUpError)?;
    MaterialProviders::from_conf(config).map_err(|_| SetUpError)
}

impl Decrypter for EsdkDecrypter {
    async fn decrypt(&self, message: &[u8], user_pool_id: &str) -> Result<Secret, DecryptError> {
        let answer = self.client.decrypt().ciphertext(message.to_vec()).keyring(self.keyring.clone());
        let answer = answer.send().await.map_err(|_| DecryptError::Refused)?;
        // The context is signed with the message, so it is what Cognito wrote.
        let context: Option<&HashMap<String, String>> = answer.encryption_context().as_ref();
        let pool = context.and_then(|context| context.get(USER_POOL_ID));
        if pool.is_none_or(|pool| pool != user_pool_id) {
            return Err(DecryptError::OtherPool);
        }
        let plaintext = answer.plaintext().as_ref().ok_or(DecryptError::NoText)?;
        let text = std::str::from_utf8(plaintext.as_ref()).map_err(|_| DecryptError::NoText)?;
        Ok(Secret::new(text.to_owned()))
    }
}

impl fmt::Debug for EsdkDecrypter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EsdkDecrypter").finish_non_exhaustive()
    }
}
