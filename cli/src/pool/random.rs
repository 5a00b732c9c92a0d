//! Randomness as a parameter.

use std::fmt;

use aws_lc_rs::rand;
use uuid::Uuid;

/// A source of randomness that nobody can guess.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    ///
    /// When the source fails; what needed the randomness must then fail too.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no randomness could be had")]
pub struct RandomError;

/// The generator of the cryptographic library.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        rand::fill(bytes).map_err(|_| RandomError)
    }
}

impl fmt::Debug for dyn Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

impl dyn Random + '_ {
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], RandomError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A random UUID, version 4.
    pub(crate) fn uuid(&self) -> Result<String, RandomError> {
        Ok(uuid::Builder::from_random_bytes(self.bytes()?).into_uuid().to_string())
    }

    /// `length` characters of the alphabet, each equally likely.
    pub(crate) fn text(&self, alphabet: &[u8], length: usize) -> Result<String, RandomError> {
        // Bytes from the last, incomplete run of the alphabet would favour its first characters.
        let fair = 256 - 256 % alphabet.len().max(1);
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<32>()? {
                let byte = usize::from(byte);
                if byte < fair
                    && text.len() < length
                    && let Some(character) = alphabet.get(byte % alphabet.len().max(1))
                {
                    text.push(char::from(*character));
                }
            }
        }
        Ok(text)
    }
}

/// The UUID that these bytes become; the same bytes give the same one.
pub(crate) fn uuid_of(bytes: [u8; 16]) -> String {
    Uuid::from_bytes(*uuid::Builder::from_random_bytes(bytes).as_uuid().as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_length_and_only_its_alphabet() {
        let random: &dyn Random = &SystemRandom;
        let text = random.text(b"0123456789", 200).unwrap();
        assert_eq!(text.len(), 200);
        assert!(text.bytes().all(|byte| byte.is_ascii_digit()));
        assert!((b'0'..=b'9').all(|digit| text.bytes().any(|byte| byte == digit)), "{text}");
    }
}
