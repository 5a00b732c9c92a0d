//! What is remembered for a while, in memory: a restart starts sign-ins anew.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::pool::limits::SaturatingAdd;

/// More than this many are not kept: the one that ends first makes room.
const MAX_KEPT: usize = 10_000;

/// Values by a key that nobody can guess, each for the same time.
pub(crate) struct Expiring<V> {
    lifetime: SignedDuration,
    kept: Mutex<HashMap<String, (Timestamp, V)>>,
}

impl<V> fmt::Debug for Expiring<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expiring")
    }
}

impl<V> Expiring<V> {
    pub(crate) fn new(lifetime: SignedDuration) -> Self {
        Self { lifetime, kept: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, V)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, key: String, value: V, now: Timestamp) {
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, (expires, _)| now < *expires);
        }
        if kept.len() >= MAX_KEPT {
            let first = kept.iter().min_by_key(|(_, (expires, _))| *expires).map(|(key, _)| key.clone());
            first.and_then(|first| kept.remove(&first));
        }
        kept.insert(key, (now.saturating_add_signed(self.lifetime), value));
    }

    /// Takes a value out: it is used once.
    pub(crate) fn take(&self, key: &str, now: Timestamp) -> Option<V> {
        self.lock().remove(key).filter(|(expires, _)| now < *expires).map(|(_, value)| value)
    }

    /// Leaves another value in the place of this one, for the time that it had left.
    pub(crate) fn replace(&self, key: &str, value: V, now: Timestamp) -> Option<V> {
        let mut kept = self.lock();
        let (expires, found) = kept.get_mut(key)?;
        (now < *expires).then(|| std::mem::replace(found, value))
    }
}

impl<V: Clone> Expiring<V> {
    pub(crate) fn get(&self, key: &str, now: Timestamp) -> Option<V> {
        self.lock().get(key).filter(|(expires, _)| now < *expires).map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_value_is_there_until_its_time_is_over() {
        let kept = Expiring::new(SignedDuration::from_secs(60));
        kept.put("a".to_owned(), 1, at(0));
        assert_eq!(kept.get("a", at(59)), Some(1));
        assert_eq!(kept.get("a", at(60)), None);
        assert_eq!(kept.replace("a", 2, at(59)), Some(1));
        assert_eq!(kept.replace("a", 3, at(60)), None, "another value does not make it last longer");
        assert_eq!(kept.take("a", at(59)), Some(2));
        assert_eq!(kept.take("a", at(59)), None);
    }

    #[test]
    fn only_so_many_are_kept_and_the_oldest_makes_room() {
        let kept = Expiring::new(SignedDuration::from_secs(60));
        for number in 0..=MAX_KEPT {
            kept.put(number.to_string(), number, at(if number == 7 { 0 } else { 1 }));
        }
        assert_eq!(kept.lock().len(), MAX_KEPT);
        assert_eq!((kept.get("7", at(2)), kept.get("8", at(2))), (None, Some(8)));
    }
}
