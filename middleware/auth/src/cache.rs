//! Tokens that have been verified, so that their signature need not be checked again.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use foldhash::fast::RandomState;
use quick_cache::{
    Equivalent, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::{VerifiedToken, Verifier};

/// So many characters at the end of a token, all of its signature, are hashed. To hash all of it takes longer than the rest of a
/// look-up, and adds nothing: the whole token is compared.
const HASHED: usize = 32;

/// What a token takes beside its characters, roughly: the index of its claims, and what holds it all together.
const OVERHEAD: u64 = 1024;

/// Parts with a lock each.
const SHARDS: usize = 16;

/// Tokens that one verifier has accepted.
pub(crate) struct TokenCache {
    /// A fast hash will do, though many a caller chooses the token: only what an issuer has signed gets in, and nobody can
    /// choose the end of a signature.
    entries: Cache<Key, VerifiedToken, Footprint, RandomState>,
}

/// A token as it was sent.
struct Key(Box<str>);

/// The same, borrowed.
struct Sent<'a>(&'a str);

/// What an entry takes, in bytes.
#[derive(Clone, Copy, Debug)]
struct Footprint;

impl TokenCache {
    /// A cache without tokens, which takes next to nothing. `None` if it could not hold a single one.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let capacity = u64::try_from(bytes).unwrap_or(u64::MAX);
        let usual = footprint(1024);
        if capacity < usual {
            return None;
        }
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(usize::try_from(capacity / usual).unwrap_or(usize::MAX))
            .weight_capacity(capacity)
            .build()
            .ok()?;
        let entries =
            Cache::with_options(options, Footprint, RandomState::default(), DefaultLifecycle::default());
        Some(Self { entries })
    }

    /// The token, if it has been accepted and would be now.
    pub(crate) fn get(&self, token: &str, verifier: &Verifier) -> Option<VerifiedToken> {
        let sent = Sent(token);
        let remembered = self.entries.get(&sent)?;
        let generation = remembered.signer.generation;
        match verifier.still_accepts(remembered) {
            Some(verified) => {
                // The set has changed, and still holds the key.
                if verified.signer.generation != generation {
                    self.insert(token, &verified);
                }
                Some(verified)
            }
            None => {
                self.entries.remove(&sent);
                None
            }
        }
    }

    /// How many tokens there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keeps a token that this verifier has accepted.
    pub(crate) fn insert(&self, token: &str, verified: &VerifiedToken) {
        self.entries.insert(Key(token.into()), verified.clone());
    }
}

/// What it takes to keep a token of this length: the token, its claims as text, and the rest.
fn footprint(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(OVERHEAD)
}

impl Weighter<Key, VerifiedToken> for Footprint {
    fn weight(&self, key: &Key, _: &VerifiedToken) -> u64 {
        footprint(key.0.len())
    }
}

fn hash_end(token: &str, state: &mut impl Hasher) {
    let bytes = token.as_bytes();
    state.write(bytes.get(bytes.len().saturating_sub(HASHED)..).unwrap_or(bytes));
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_end(&self.0, state);
    }
}

impl Hash for Sent<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_end(self.0, state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Equivalent<Key> for Sent<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == *key.0
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("tokens", &self.entries.len())
            .field("bytes", &self.entries.weight())
            .field("capacity", &self.entries.capacity())
            .finish()
    }
}

#[cfg(test)]
mod tests;
