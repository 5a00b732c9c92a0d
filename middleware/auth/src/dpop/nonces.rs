//! Nonces that a server asks clients to put into their proofs.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{ConfigError, Mistake};

/// Makes and knows the nonces of RFC 9449, sections 8 and 9.
///
/// A proof with a nonce that nobody could have known before cannot have been made in advance.
pub trait Nonces: fmt::Debug + Send + Sync {
    /// The nonce that a client should use from now on, in visible characters other than `"` and `\`.
    fn current(&self, now: SystemTime) -> String;

    /// Whether a proof with this nonce is accepted now.
    fn accept(&self, nonce: &str, now: SystemTime) -> bool;
}

/// Nonces that change every so often and that nobody has to remember: a keyed hash of the time.
///
/// The nonce of the period before is accepted too, so that a change refuses nobody on the way. Processes with the same secret
/// accept each other's nonces, which the instances of a Lambda function need.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use portcullis::{Nonces, TimedNonces};
///
/// let nonces = TimedNonces::new(b"32 random bytes of configuration", Duration::from_secs(300))?;
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let nonce = nonces.current(now);
/// assert!(nonces.accept(&nonce, now + Duration::from_secs(300)));
/// assert!(!nonces.accept(&nonce, now + Duration::from_secs(600)));
/// # Ok::<(), portcullis::ConfigError>(())
/// ```
pub struct TimedNonces {
    key: hmac::Key,
    /// In seconds.
    period: u64,
}

impl TimedNonces {
    /// Nonces that last for one to two periods, in whole seconds.
    ///
    /// # Errors
    ///
    /// When the secret has less than 32 bytes, or the period is under a second.
    pub fn new(secret: &[u8], period: Duration) -> Result<Self, ConfigError> {
        let mut mistakes = Vec::new();
        if secret.len() < 32 {
            mistakes.push(Mistake::NonceSecret);
        }
        if period.as_secs() == 0 {
            mistakes.push(Mistake::NoncePeriod);
        }
        ConfigError::check(mistakes)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), period: period.as_secs() })
    }

    fn period_of(&self, now: SystemTime) -> u64 {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        seconds.checked_div(self.period).unwrap_or(0)
    }

    fn nonce(&self, period: u64) -> String {
        let tag = hmac::sign(&self.key, &period.to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

impl Nonces for TimedNonces {
    fn current(&self, now: SystemTime) -> String {
        self.nonce(self.period_of(now))
    }

    fn accept(&self, nonce: &str, now: SystemTime) -> bool {
        let period = self.period_of(now);
        let is = |period| verify_slices_are_equal(self.nonce(period).as_bytes(), nonce.as_bytes()).is_ok();
        is(period) || period.checked_sub(1).is_some_and(is)
    }
}

impl fmt::Debug for TimedNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedNonces").field("period", &self.period).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn nonces(secret: u8) -> TimedNonces {
        TimedNonces::new(&[secret; 32], Duration::from_secs(100)).unwrap()
    }

    #[test]
    fn a_nonce_lasts_for_its_period_and_the_next() {
        let nonce = nonces(1).current(at(1_000));
        assert_eq!(nonces(1).current(at(1_099)), nonce);
        assert_ne!(nonces(1).current(at(1_100)), nonce);
        for (time, accepted) in [(899, false), (999, false), (1_000, true), (1_199, true), (1_200, false)] {
            assert_eq!(nonces(1).accept(&nonce, at(time)), accepted, "{time}");
        }
        assert!(!nonces(2).accept(&nonce, at(1_000)), "another secret");
        for wrong in ["", "x", &nonce[1..], &format!("{nonce}A")] {
            assert!(!nonces(1).accept(wrong, at(1_000)), "{wrong}");
        }
        assert!(nonces(1).accept(&nonces(1).current(at(0)), at(0)));
    }

    #[test]
    fn weak_settings_are_mistakes() {
        let error = TimedNonces::new(&[1; 31], Duration::from_millis(999)).unwrap_err();
        assert_eq!(error.mistakes(), [Mistake::NonceSecret, Mistake::NoncePeriod]);
    }
}
