//! How long keys are good.

use std::time::Duration;

/// How long fetched keys are good, and how often an issuer is asked for them.
///
/// 1. One fetch at a time for an issuer, however many wait for it, and no lock is held across it. One that has not ended
///    five seconds after its deadline, because the function was frozen, is given up, and the next may begin. A token whose
///    key is known never waits for a fetch before [`Self::max_age`].
/// 2. A key id that is not in the set causes at most one fetch in [`Self::unknown_key_cooldown`].
/// 3. A fetch that fails is not repeated at once: the pause doubles from [`Self::retry_after`] to
///    [`Self::retry_at_most`].
/// 4. Keys are good for [`Self::max_age`]. From half of it on they are fetched again in the background, if there is a
///    Tokio runtime. Past it, or when the clock was set back, they are fetched before they are used; if that fails they
///    serve for [`Self::stale_for`] more, and then the answer is 503.
/// 5. A set is read into a new map, which then replaces the old one. A weak or malformed key is dropped with a warning and
///    the others stay. A set without any usable key is a failed fetch, and the old one stays.
/// 6. Only https (http on loopback), no redirects, at most [`MAX_SET_BYTES`](crate::MAX_SET_BYTES) a document.
/// 7. [`Self::deadline`] is for all of it: the discovery document, where there is one, and the key set. On a Tokio runtime,
///    whose timer must be enabled, the fetch is a task of its own: it outlives the request that began it, and the deadline
///    holds for any [`Fetch`](crate::Fetch). Elsewhere whoever waits drives it, and the fetcher's own deadline is the only one.
///
/// *Caveat:* a key that an issuer has withdrawn is accepted until `max_age` is over, as everywhere where key sets are cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// How long a key set is good after it was fetched. Default: one hour.
    pub max_age: Duration,
    /// For how much longer it serves when the issuer is down. Default: six hours.
    pub stale_for: Duration,
    /// The least time between two fetches that an unknown key id causes. Default: ten seconds.
    pub unknown_key_cooldown: Duration,
    /// The pause after a failed fetch; it doubles with each further failure. Default: one second.
    pub retry_after: Duration,
    /// The longest pause after failed fetches. Default: one minute.
    pub retry_at_most: Duration,
    /// The time that a fetch may take in all, also if it is two exchanges. Default: ten seconds.
    pub deadline: Duration,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(60 * 60),
            stale_for: Duration::from_secs(6 * 60 * 60),
            unknown_key_cooldown: Duration::from_secs(10),
            retry_after: Duration::from_secs(1),
            retry_at_most: Duration::from_secs(60),
            deadline: Duration::from_secs(10),
        }
    }
}

impl KeyPolicy {
    /// The pause after so many failures in a row.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.retry_after.saturating_mul(factor).min(self.retry_at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let seconds = |failures| KeyPolicy::default().pause(failures).as_secs();
        assert_eq!(
            [1, 2, 4, 32, 60, 60],
            [seconds(1), seconds(2), seconds(3), seconds(6), seconds(7), seconds(1000)]
        );
    }
}
