//! What AWS KMS is asked: `Decrypt`, for the one key that this pool has.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::pool::{
    call::Call,
    error::{Exception, ServiceError},
    input::constraint,
};

const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

pub(super) fn decrypt(call: &Call<'_>) -> Result<Value, ServiceError> {
    let key = &call.pool.kms_key;
    if let Some(name) = call.input.optional_string("KeyId")?
        && !key.is(name)
    {
        return Err(ServiceError::new(Exception::NotFound, "The key does not exist."));
    }
    if call.input.optional_string("EncryptionAlgorithm")?.is_some_and(|algorithm| algorithm != ALGORITHM) {
        return Err(constraint(
            "EncryptionAlgorithm",
            "Member must satisfy enum value set: [SYMMETRIC_DEFAULT]",
        ));
    }
    let blob = STANDARD
        .decode(call.input.string("CiphertextBlob")?)
        .map_err(|_| ServiceError::new(Exception::Serialization, "CiphertextBlob is no Base64"))?;
    let context = call.input.string_map("EncryptionContext")?.unwrap_or_default();
    // What is wrong with it, the key, the context or a byte, AWS KMS does not say either.
    let plaintext = key
        .unwrap(&blob, &context)
        .ok_or_else(|| ServiceError::new(Exception::InvalidCiphertext, "The ciphertext is not valid."))?;
    Ok(json!({
        "KeyId": key.arn(),
        "Plaintext": STANDARD.encode(plaintext),
        "EncryptionAlgorithm": ALGORITHM,
    }))
}
