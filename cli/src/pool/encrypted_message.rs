//! A message of the AWS Encryption SDK, in which custom senders get codes and temporary passwords.
//!
//! Message format version 1 with suite 0x0378, as Amazon Cognito writes it: AES-256-GCM, a key derived by HKDF with SHA-384, and a
//! signature by ECDSA on P-384 with SHA-384. The suite does not commit to its key, so readers must allow that.
//!
//! Source: AWS Encryption SDK developer guide, "message format reference", "algorithms reference" and "body additional
//! authenticated data reference". All numbers are big-endian.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    encoding::{AsBigEndian, EcPublicKeyCompressedBin},
    hkdf::{HKDF_SHA384, Salt},
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

use crate::pool::{
    Random, RandomError,
    kms::{EncryptionContext, KmsKey, WrapError},
};

const SUITE: [u8; 2] = [0x03, 0x78];
/// Version 1, and the type "customer authenticated encrypted data".
const VERSION_AND_TYPE: [u8; 2] = [0x01, 0x80];
/// The body is made of frames.
const FRAMED: u8 = 2;
/// The SDK's own frame length; all that Cognito sends fits into one.
const FRAME_LENGTH: u32 = 4096;
/// Stands before the number of the last frame.
const LAST_FRAME: [u8; 4] = [0xff; 4];
/// The number of the one frame.
const FRAME_NUMBER: u32 = 1;
const LAST_FRAME_LABEL: &[u8] = b"AWSKMSEncryptionClient Final Frame";
/// Where the context names the key that checks the signature.
const PUBLIC_KEY: &str = "aws-crypto-public-key";
const PROVIDER: &[u8] = b"aws-kms";

/// A message could not be made.
#[derive(Clone, Copy, Debug, Error)]
pub(crate) enum EncryptError {
    #[error(transparent)]
    Wrap(#[from] WrapError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("a message could not be encrypted")]
    Crypto,
    #[error("a part of the message is too long for its format")]
    TooLong,
}

impl From<aws_lc_rs::error::Unspecified> for EncryptError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}

/// Encrypts a secret for whoever may use the key, bound to the context.
pub(crate) fn encrypt(
    secret: &[u8],
    mut context: EncryptionContext,
    key: &KmsKey,
    random: &dyn Random,
) -> Result<Vec<u8>, EncryptError> {
    let signer = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING)?;
    let point = AsBigEndian::<EcPublicKeyCompressedBin<'_>>::as_be_bytes(signer.public_key())?;
    context.insert(PUBLIC_KEY.to_owned(), STANDARD.encode(point.as_ref()));
    let data_key = random.bytes::<32>()?;
    let wrapped = key.wrap(&data_key, &context, random)?;
    let message_id = random.bytes::<16>()?;
    let cipher = derived(&data_key, &message_id)?;

    let mut message = header(&message_id, &context, key.arn(), &wrapped)?;
    // Each key encrypts twice: nothing, which authenticates the header, and the frame.
    let tag = cipher.seal_in_place_separate_tag(nonce(0), Aad::from(&message), &mut [])?;
    message.extend([0; NONCE_LEN]);
    message.extend(tag.as_ref());
    frame(&mut message, secret, &message_id, &cipher)?;
    let signature = signer.sign(&SystemRandom::new(), &message)?;
    put_long(&mut message, signature.as_ref())?;
    Ok(message)
}

/// The key that encrypts: the data key is never used itself.
fn derived(data_key: &[u8], message_id: &[u8]) -> Result<LessSafeKey, EncryptError> {
    let info = [&SUITE[..], message_id];
    let key = Salt::new(HKDF_SHA384, &[]).extract(data_key);
    Ok(LessSafeKey::new(UnboundKey::from(key.expand(&info, &AES_256_GCM)?)))
}

fn header(
    message_id: &[u8],
    context: &EncryptionContext,
    provider_information: &str,
    wrapped: &[u8],
) -> Result<Vec<u8>, EncryptError> {
    let mut pairs = count(context.len())?.to_vec();
    // Sorted by name, as the map has them.
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        put_long(&mut pairs, text.as_bytes())?;
    }
    let mut header = [&VERSION_AND_TYPE[..], &SUITE, message_id].concat();
    put_long(&mut header, &pairs)?;
    header.extend(count(1)?);
    for part in [PROVIDER, provider_information.as_bytes(), wrapped] {
        put_long(&mut header, part)?;
    }
    header.push(FRAMED);
    header.extend([0; 4]);
    header.push(NONCE_LEN as u8);
    header.extend(FRAME_LENGTH.to_be_bytes());
    Ok(header)
}

/// The whole body: one frame, which is the last.
fn frame(
    message: &mut Vec<u8>,
    secret: &[u8],
    message_id: &[u8],
    cipher: &LessSafeKey,
) -> Result<(), EncryptError> {
    let length = u32::try_from(secret.len()).ok().filter(|length| *length <= FRAME_LENGTH);
    let length = length.ok_or(EncryptError::TooLong)?;
    let number = FRAME_NUMBER.to_be_bytes();
    let authenticated = [message_id, LAST_FRAME_LABEL, &number, &u64::from(length).to_be_bytes()].concat();
    let mut content = secret.to_vec();
    let tag =
        cipher.seal_in_place_separate_tag(nonce(FRAME_NUMBER), Aad::from(authenticated), &mut content)?;
    message.extend(LAST_FRAME);
    message.extend(number);
    message.extend(nonce(FRAME_NUMBER).as_ref());
    message.extend(length.to_be_bytes());
    message.extend(content);
    message.extend(tag.as_ref());
    Ok(())
}

/// A number in as many bytes as a nonce has.
fn nonce(number: u32) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    if let Some(end) = bytes.last_chunk_mut() {
        *end = number.to_be_bytes();
    }
    Nonce::assume_unique_for_key(bytes)
}

/// A length of two bytes, and what has it.
fn put_long(message: &mut Vec<u8>, part: &[u8]) -> Result<(), EncryptError> {
    message.extend(count(part.len())?);
    message.extend(part);
    Ok(())
}

fn count(number: usize) -> Result<[u8; 2], EncryptError> {
    u16::try_from(number).map(u16::to_be_bytes).map_err(|_| EncryptError::TooLong)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};

    use super::*;
    use crate::pool::{PoolStorage, store::Store};

    const ANY: &dyn Random = &crate::pool::SystemRandom;

    /// Takes parts from the beginning.
    struct Reader<'a>(&'a [u8]);

    impl<'a> Reader<'a> {
        fn take(&mut self, length: usize) -> &'a [u8] {
            let (part, rest) = self.0.split_at(length);
            self.0 = rest;
            part
        }

        fn number(&mut self) -> usize {
            usize::from(u16::from_be_bytes(self.take(2).try_into().unwrap()))
        }

        fn long(&mut self) -> &'a [u8] {
            let length = self.number();
            self.take(length)
        }

        fn text(&mut self) -> String {
            String::from_utf8(self.long().to_vec()).unwrap()
        }
    }

    /// What a message says, read part by part as the format is documented. A client that others have written reads such messages
    /// in the end-to-end tests.
    fn read(message: &[u8], key: &KmsKey) -> Option<(Vec<u8>, EncryptionContext)> {
        let mut reader = Reader(message);
        assert_eq!(reader.take(4), [0x01, 0x80, 0x03, 0x78]);
        let message_id = reader.take(16);
        let mut pairs = Reader(reader.long());
        let context: EncryptionContext = (0..pairs.number()).map(|_| (pairs.text(), pairs.text())).collect();
        assert_eq!((reader.number(), reader.text().as_str()), (1, "aws-kms"));
        assert_eq!(reader.text(), key.arn());
        let data_key = key.unwrap(reader.long(), &context)?;
        assert_eq!(reader.take(6), [2, 0, 0, 0, 0, 12]);
        assert_eq!(reader.take(4), 4096_u32.to_be_bytes());
        let header = &message[..message.len() - reader.0.len()];
        let cipher = derived(&data_key, message_id).unwrap();
        let open = |nonce: &[u8], authenticated: &[u8], sealed: &[u8]| {
            let mut sealed = sealed.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
            let opened = cipher.open_in_place(nonce, Aad::from(authenticated), &mut sealed).ok()?;
            Some(opened.to_vec())
        };
        open(reader.take(12), header, reader.take(16))?;
        assert_eq!(reader.take(8), [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1]);
        let nonce = reader.take(12);
        let length = u32::from_be_bytes(reader.take(4).try_into().unwrap());
        let mut authenticated = [message_id, b"AWSKMSEncryptionClient Final Frame", &[0, 0, 0, 1]].concat();
        authenticated.extend(u64::from(length).to_be_bytes());
        let secret = open(nonce, &authenticated, reader.take(length as usize + 16))?;
        let signed = &message[..message.len() - reader.0.len()];
        let signature = reader.long();
        assert_eq!(reader.0, [0; 0]);
        let public_key = STANDARD.decode(&context["aws-crypto-public-key"]).unwrap();
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, public_key).verify(signed, signature).ok()?;
        Some((secret, context))
    }

    #[test]
    fn a_message_says_its_secret_to_whoever_may_use_the_key_and_is_never_the_same() {
        let store = Store::open(&PoolStorage::Memory).unwrap();
        let key = KmsKey::open(&store, "us-east-1", ANY).unwrap();
        let context = || EncryptionContext::from([("userpool-id".to_owned(), "us-east-1_1".to_owned())]);
        let message = encrypt(b"123456", context(), &key, ANY).unwrap();
        let (secret, bound) = read(&message, &key).unwrap();
        assert_eq!((secret.as_slice(), bound["userpool-id"].as_str()), (&b"123456"[..], "us-east-1_1"));
        assert_eq!(bound.len(), 2, "and the key of the signature: {bound:?}");
        assert!(!message.windows(6).any(|window| window == b"123456"));
        assert_ne!(encrypt(b"123456", context(), &key, ANY).unwrap(), message);
        // One byte of the context, the tag of the header, the content, the signature.
        let changed = |position: usize| {
            let mut message = message.clone();
            message[position] ^= 1;
            message
        };
        let in_context = message.windows(9).position(|window| window == b"us-east-1").unwrap();
        let in_body = message.windows(4).position(|window| window == [0xff; 4]).unwrap();
        for position in [in_context, in_body - 1, in_body + 25, message.len() - 1] {
            assert_eq!(read(&changed(position), &key), None, "{position}");
        }
    }

    #[test]
    fn the_longest_secret_is_as_long_as_a_frame() {
        let key = KmsKey::open(&Store::open(&PoolStorage::Memory).unwrap(), "us-east-1", ANY).unwrap();
        let encrypt = |length| encrypt(&vec![b'a'; length], EncryptionContext::new(), &key, ANY);
        assert_eq!(read(&encrypt(4096).unwrap(), &key).unwrap().0.len(), 4096);
        assert!(matches!(encrypt(4097), Err(EncryptError::TooLong)));
    }
}
