//! What a sign-in waits for between its requests. Kept in memory: a restart starts sign-ins anew.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use serde_json::{Map, Value};

use crate::pool::{
    custom_flow::CustomFlow,
    limits::SaturatingAdd,
    srp::{Handshake, Verifier},
};

/// How long a client may take to answer, as Cognito has it.
const LIFETIME: SignedDuration = SignedDuration::from_mins(3);
/// More than this many are not kept: the one that ends first makes room.
const MAX_OPEN: usize = 10_000;

/// A question that a client has been asked.
pub(crate) enum Challenge {
    /// Prove the password by SRP.
    PasswordVerifier {
        handshake: Handshake,
        /// The name that the proof is made with: the `sub`, or a decoy for nobody.
        user_id: String,
        /// Whose password it is; `None` for nobody, who is asked all the same.
        sub: Option<String>,
        /// What the proof of nobody is checked with, so that it takes as long.
        decoy: Verifier,
        subject: String,
        /// The custom flow that goes on afterwards, if this is one of its challenges.
        custom: Option<CustomFlow>,
    },
    /// Choose a new password.
    NewPassword {
        sub: String,
        /// The temporary password that was proven; another one needs to be proven anew.
        proven: Verifier,
    },
    /// Answer what a trigger function has asked.
    Custom {
        flow: CustomFlow,
        /// What the function judges the answer by. The client never sees it.
        private: Map<String, Value>,
        metadata: Option<String>,
    },
}

/// The open challenges by their id, which only the client that was asked knows.
#[derive(Default)]
pub(crate) struct Challenges {
    open: Mutex<HashMap<Vec<u8>, (Timestamp, Challenge)>>,
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenges")
    }
}

impl Challenges {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, (Timestamp, Challenge)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, id: Vec<u8>, challenge: Challenge, now: Timestamp) {
        let mut open = self.lock();
        if open.len() >= MAX_OPEN {
            open.retain(|_, (expires, _)| now < *expires);
        }
        if open.len() >= MAX_OPEN {
            let first = open.iter().min_by_key(|(_, (expires, _))| *expires).map(|(id, _)| id.clone());
            first.and_then(|first| open.remove(&first));
        }
        open.insert(id, (now.saturating_add_signed(LIFETIME), challenge));
    }

    /// Takes a challenge out: it is answered once.
    pub(crate) fn take(&self, id: &[u8], now: Timestamp) -> Option<Challenge> {
        self.lock().remove(id).filter(|(expires, _)| now < *expires).map(|(_, challenge)| challenge)
    }

    /// Whose new password a challenge asks for, and the temporary one that they have proven.
    ///
    /// It stays open, for the first choice may break the policy.
    pub(crate) fn new_password_of(&self, id: &[u8], now: Timestamp) -> Option<(String, Verifier)> {
        match self.lock().get(id) {
            Some((expires, Challenge::NewPassword { sub, proven })) if now < *expires => {
                Some((sub.clone(), proven.clone()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn new_password() -> Challenge {
        Challenge::NewPassword { sub: "user".to_owned(), proven: Verifier { salt: vec![1], value: vec![2] } }
    }

    #[test]
    fn a_challenge_is_open_for_three_minutes_and_answered_once() {
        let challenges = Challenges::default();
        challenges.put(vec![1], new_password(), at(0));
        assert_eq!(challenges.new_password_of(&[1], at(179)).unwrap().0, "user");
        assert!(challenges.new_password_of(&[1], at(180)).is_none());
        assert!(challenges.take(&[1], at(179)).is_some());
        assert!(challenges.take(&[1], at(179)).is_none());
    }

    #[test]
    fn open_challenges_are_bounded() {
        let challenges = Challenges::default();
        for id in 0..MAX_OPEN + 3 {
            challenges.put(id.to_be_bytes().to_vec(), new_password(), at(i64::try_from(id / 100).unwrap()));
        }
        assert_eq!(challenges.lock().len(), MAX_OPEN);
        assert!(challenges.take(&(MAX_OPEN + 2).to_be_bytes(), at(101)).is_some());
    }
}
