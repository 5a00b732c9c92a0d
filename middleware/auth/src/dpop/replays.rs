//! Proofs that were used already.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::ProofError;

/// Stands for the key and the `jti` of a proof: half of a SHA-256, which is enough to keep anybody from finding a second one.
pub(super) type ProofId = [u8; 16];

/// Remembers each proof for as long as its time lets it pass, and no more than so many.
pub(super) struct Replays {
    capacity: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    /// Until which second a proof has to be remembered.
    until: HashMap<ProofId, u64>,
    by_second: BTreeMap<u64, Vec<ProofId>>,
    /// The last second of those that are forgotten. After the clock was set back, proofs of that time could be anybody's.
    forgotten: Option<u64>,
}

impl Replays {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, used: Mutex::default() }
    }

    /// Takes a proof that has never been seen. It cannot pass after the second `until`.
    pub(super) fn take(&self, id: ProofId, until: u64, now: u64) -> Result<(), ProofError> {
        // Nothing below can panic half way, so that what a poisoned lock guards is whole.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.forget_before(now);
        if used.forgotten.is_some_and(|forgotten| until <= forgotten) {
            return Err(ProofError::Time);
        }
        let (is_full, next) = (used.until.len() >= self.capacity, used.next_end());
        match used.until.entry(id) {
            Entry::Occupied(_) => return Err(ProofError::Replayed),
            Entry::Vacant(_) if is_full => {
                let seconds = next.map_or(1, |next| next.saturating_sub(now) + 1);
                return Err(ProofError::Full { retry_after: Duration::from_secs(seconds) });
            }
            Entry::Vacant(place) => place.insert(until),
        };
        used.by_second.entry(until).or_default().push(id);
        Ok(())
    }
}

impl Used {
    fn forget_before(&mut self, now: u64) {
        while let Some(first) = self.by_second.first_entry() {
            if *first.key() >= now {
                break;
            }
            let (second, ids) = first.remove_entry();
            for id in ids {
                self.until.remove(&id);
            }
            self.forgotten = self.forgotten.max(Some(second));
        }
    }

    fn next_end(&self) -> Option<u64> {
        self.by_second.keys().next().copied()
    }
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replays").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ProofId {
        [number; 16]
    }

    #[test]
    fn a_proof_is_taken_once_while_it_could_pass() {
        let replays = Replays::new(10);
        assert_eq!(replays.take(id(1), 160, 100), Ok(()));
        assert_eq!(replays.take(id(2), 160, 100), Ok(()));
        assert_eq!(replays.take(id(1), 160, 100), Err(ProofError::Replayed));
        assert_eq!(replays.take(id(1), 200, 140), Err(ProofError::Replayed), "the same id at another time");
        assert_eq!(replays.take(id(1), 160, 160), Err(ProofError::Replayed));
        assert_eq!(replays.take(id(1), 220, 161), Ok(()));
    }

    #[test]
    fn a_full_store_refuses_until_a_proof_has_ended() {
        let replays = Replays::new(2);
        assert_eq!(replays.take(id(1), 160, 100), Ok(()));
        assert_eq!(replays.take(id(2), 170, 110), Ok(()));
        let full = |seconds| Err(ProofError::Full { retry_after: Duration::from_secs(seconds) });
        assert_eq!(replays.take(id(3), 180, 120), full(41));
        assert_eq!(replays.take(id(1), 160, 120), Err(ProofError::Replayed), "a replay is still told apart");
        assert_eq!(replays.take(id(3), 220, 160), full(1));
        assert_eq!(replays.take(id(3), 220, 161), Ok(()));
        assert_eq!(replays.take(id(4), 220, 161), full(10));
    }

    #[test]
    fn a_clock_that_is_set_back_opens_no_door() {
        let replays = Replays::new(10);
        assert_eq!(replays.take(id(1), 160, 100), Ok(()));
        assert_eq!(replays.take(id(2), 10_060, 10_000), Ok(()), "the clock has jumped ahead");
        assert_eq!(replays.take(id(1), 160, 100), Err(ProofError::Time));
        assert_eq!(replays.take(id(3), 160, 100), Err(ProofError::Time));
        assert_eq!(replays.take(id(3), 161, 101), Ok(()));
    }
}
