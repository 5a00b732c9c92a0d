use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Random, RandomError, code::Code};

/// What Cognito keeps of a code: enough to know it again, for one user and until a time.
///
/// As a text it is `1.<seconds since 1970>.<salt>.<digest>`.
#[derive(PartialEq, Eq)]
pub(crate) struct Challenge {
    expires: u64,
    salt: [u8; 16],
    digest: [u8; 32],
}

impl Challenge {
    pub(crate) fn new(
        code: &Code,
        user: &str,
        expires: SystemTime,
        random: &impl Random,
    ) -> Result<Self, RandomError> {
        let mut salt = [0; 16];
        random.fill(&mut salt)?;
        let expires = seconds(expires);
        Ok(Self { expires, salt, digest: digest(code, user, expires, &salt) })
    }

    /// Reads the text that [`Challenge`] prints, and no other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (Some("1"), Some(expires), Some(salt), Some(digest), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        Some(Self {
            expires: expires.parse().ok()?,
            salt: URL_SAFE_NO_PAD.decode(salt).ok()?.try_into().ok()?,
            digest: URL_SAFE_NO_PAD.decode(digest).ok()?.try_into().ok()?,
        })
    }

    /// Whether the user's code is this one and still good.
    pub(crate) fn accepts(&self, code: &Code, user: &str, now: SystemTime) -> bool {
        let same: bool = digest(code, user, self.expires, &self.salt).ct_eq(&self.digest).into();
        same && seconds(now) < self.expires
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        write!(f, "1.{}.{}.{}", self.expires, encode(&self.salt), encode(&self.digest))
    }
}

/// A code is short enough to be tried out against its digest.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge").field("expires", &self.expires).finish_non_exhaustive()
    }
}

// Whatever is of variable length stands behind its length, so that no two inputs hash the same bytes.
fn digest(code: &Code, user: &str, expires: u64, salt: &[u8; 16]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(expires.to_be_bytes());
    for text in [user, code.digits()] {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
    }

    fn challenge() -> Challenge {
        Challenge::new(&Code::typed("12345678"), "u-1", at(180), &SystemRandom).unwrap()
    }

    #[test]
    fn only_the_code_of_the_user_is_accepted_and_only_in_time() {
        let challenge = challenge();
        for (code, user, time, accepted) in [
            ("12345678", "u-1", 0, true),
            ("12345678", "u-1", 179, true),
            ("12345678", "u-1", 180, false),
            ("12345678", "u-2", 0, false),
            ("12345678", "", 0, false),
            ("12345679", "u-1", 0, false),
            ("1234567", "u-1", 0, false),
            ("123456789", "u-1", 0, false),
            ("", "u-1", 0, false),
        ] {
            assert_eq!(
                challenge.accepts(&Code::typed(code), user, at(time)),
                accepted,
                "{code} {user} {time}"
            );
        }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_changed_in_nothing() {
        let text = challenge().to_string();
        let read = Challenge::parse(&text).unwrap();
        assert_eq!(read.to_string(), text);
        assert!(read.accepts(&Code::typed("12345678"), "u-1", at(0)));
        // A later expiry is not the one that the digest knows.
        let later = text.replacen("1800000180", "1800000999", 1);
        assert!(!Challenge::parse(&later).unwrap().accepts(&Code::typed("12345678"), "u-1", at(0)));
        let short = text.rsplit_once('.').unwrap().0;
        for wrong in
            ["", "1", "1.2.3.4", short, &format!("{text}."), &text.replacen('1', "2", 1), &format!(" {text}")]
        {
            assert!(Challenge::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn neither_the_code_nor_the_digest_is_shown() {
        let challenge = challenge();
        assert!(!challenge.to_string().contains("12345678"));
        assert_eq!(format!("{challenge:?}"), "Challenge { expires: 1800000180, .. }");
        // The same code has another text each time.
        assert_ne!(challenge, self::challenge());
    }
}
