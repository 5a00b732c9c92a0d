use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

/// How many codes are remembered.
const MOST: usize = 1024;

/// The codes that this process has sent, by the hash of what Cognito encrypted: each encryption is another, so a delivery that
/// comes again is known.
///
/// It is kept in memory: a second delivery to another copy of the function is sent again. For the user that is the same code
/// twice.
#[derive(Debug, Default)]
pub struct SentCodes(Mutex<VecDeque<[u8; 32]>>);

impl SentCodes {
    pub(crate) fn key(message: &[u8]) -> [u8; 32] {
        Sha256::digest(message).into()
    }

    pub(crate) fn contains(&self, key: &[u8; 32]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    pub(crate) fn add(&self, key: [u8; 32]) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() == MOST {
            keys.pop_front();
        }
        keys.push_back(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first_and_memory_is_bounded() {
        let sent = SentCodes::default();
        let key = |number: usize| SentCodes::key(&number.to_be_bytes());
        (0..=MOST).for_each(|number| sent.add(key(number)));
        assert!(!sent.contains(&key(0)) && sent.contains(&key(1)) && sent.contains(&key(MOST)));
    }
}
