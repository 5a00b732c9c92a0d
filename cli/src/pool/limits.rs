//! How often one may guess or ask, counted per user as Cognito counts.
//!
//! A name that belongs to nobody is counted like a user, so that limits tell nobody who exists.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// Wrong passwords before the first lockout.
const FREE_FAILURES: i64 = 5;
/// The longest lockout: "about 15 minutes".
const MAX_LOCKOUT_SECONDS: i64 = 15 * 60;
/// Without an attempt for this long, wrong passwords are forgotten.
const FORGET_PASSWORDS: SignedDuration = SignedDuration::from_mins(15);
/// The window in which requests and wrong codes are counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Something that may be done so many times an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Asking for another sign-up code.
    Resend,
    /// Asking for a code to reset a password.
    ForgotPassword,
    /// Asking for a code to verify an address.
    AttributeCode,
    /// A wrong sign-up code.
    SignUpCode,
    /// A wrong code for a new password.
    PasswordCode,
    /// A wrong code for an address.
    EmailCode,
}

impl Limit {
    fn kind(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::ForgotPassword => "forgot password",
            Self::AttributeCode => "attribute code",
            Self::SignUpCode => "wrong sign-up code",
            Self::PasswordCode => "wrong password code",
            Self::EmailCode => "wrong email code",
        }
    }

    /// How often an hour.
    pub(crate) fn max(self) -> i64 {
        match self {
            Self::Resend | Self::ForgotPassword | Self::AttributeCode | Self::PasswordCode => 5,
            Self::SignUpCode | Self::EmailCode => 15,
        }
    }

    /// Whether the limit is reached.
    pub(crate) fn is_reached(
        self,
        connection: &Connection,
        subject: &str,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        Ok(Attempts::load(connection, subject, self.kind(), now)?.count >= self.max())
    }

    /// Whether there was one within the hour.
    pub(crate) fn is_counted(
        self,
        connection: &Connection,
        subject: &str,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        Ok(Attempts::load(connection, subject, self.kind(), now)?.count > 0)
    }

    /// Counts one.
    pub(crate) fn count(
        self,
        connection: &Connection,
        subject: &str,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let mut attempts = Attempts::load(connection, subject, self.kind(), now)?;
        if attempts.count == 0 {
            attempts.forget_at = now.saturating_add_signed(WINDOW);
        }
        attempts.count += 1;
        attempts.store(connection, subject, self.kind(), now)
    }

    /// Counts one and says whether it is within the limit.
    pub(crate) fn take(
        self,
        connection: &Connection,
        subject: &str,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        if self.is_reached(connection, subject, now)? {
            return Ok(false);
        }
        self.count(connection, subject, now)?;
        Ok(true)
    }

    /// Starts counting anew.
    pub(crate) fn forget(self, connection: &Connection, subject: &str) -> rusqlite::Result<()> {
        forget(connection, subject, self.kind())
    }
}

/// What becomes of an attempt to prove a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Accepted,
    Wrong,
    /// Too many wrong ones before: this one was not looked at.
    LockedOut,
}

const PASSWORD: &str = "wrong password";

/// Judges an attempt whose password is right or wrong.
///
/// After five wrong ones the user is locked out for a second, and for twice as long after each further one. An attempt
/// during a lockout is neither counted nor answered. To be called in a write, so that parallel guesses are counted.
pub(crate) fn judge_password(
    connection: &Connection,
    subject: &str,
    now: Timestamp,
    right: bool,
) -> rusqlite::Result<Judgement> {
    let mut attempts = Attempts::load(connection, subject, PASSWORD, now)?;
    if now < attempts.locked_until {
        return Ok(Judgement::LockedOut);
    }
    if right {
        forget(connection, subject, PASSWORD)?;
        return Ok(Judgement::Accepted);
    }
    attempts.count += 1;
    if attempts.count >= FREE_FAILURES {
        let doublings = u32::try_from(attempts.count - FREE_FAILURES).unwrap_or(u32::MAX);
        let seconds = 2_i64.checked_pow(doublings).unwrap_or(i64::MAX).min(MAX_LOCKOUT_SECONDS);
        attempts.locked_until = now.saturating_add_signed(SignedDuration::from_secs(seconds));
    }
    attempts.forget_at = now.max(attempts.locked_until).saturating_add_signed(FORGET_PASSWORDS);
    attempts.store(connection, subject, PASSWORD, now)?;
    Ok(Judgement::Wrong)
}

/// Forgets wrong passwords: the user has a new one.
pub(crate) fn forget_passwords(connection: &Connection, subject: &str) -> rusqlite::Result<()> {
    forget(connection, subject, PASSWORD)
}

struct Attempts {
    count: i64,
    forget_at: Timestamp,
    locked_until: Timestamp,
}

impl Attempts {
    fn load(connection: &Connection, subject: &str, kind: &str, now: Timestamp) -> rusqlite::Result<Self> {
        let row = connection
            .prepare_cached(
                "SELECT count, forget_at, locked_until FROM attempts
                 WHERE subject = ?1 AND kind = ?2 AND forget_at > ?3",
            )?
            .query_row(params![subject, kind, now.as_millisecond()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let time = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);
        let (count, forget_at, locked_until) = row.unwrap_or((0, 0, 0));
        Ok(Self { count, forget_at: time(forget_at), locked_until: time(locked_until) })
    }

    fn store(
        &self,
        connection: &Connection,
        subject: &str,
        kind: &str,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        // Names of nobody are counted too; what is forgotten must not stay.
        connection
            .prepare_cached("DELETE FROM attempts WHERE forget_at <= ?1")?
            .execute([now.as_millisecond()])?;
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO attempts (subject, kind, count, forget_at, locked_until)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                subject,
                kind,
                self.count,
                self.forget_at.as_millisecond(),
                self.locked_until.as_millisecond()
            ])
            .map(drop)
    }
}

fn forget(connection: &Connection, subject: &str, kind: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM attempts WHERE subject = ?1 AND kind = ?2")?
        .execute([subject, kind])
        .map(drop)
}

/// Addition that ends at the end of time.
pub(crate) trait SaturatingAdd {
    fn saturating_add_signed(self, duration: SignedDuration) -> Self;
}

impl SaturatingAdd for Timestamp {
    fn saturating_add_signed(self, duration: SignedDuration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{PoolStorage, store::Store};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn judge(store: &Store, seconds: i64, right: bool) -> Judgement {
        store.write(|tx| judge_password(tx, "user", at(seconds), right)).unwrap()
    }

    #[test]
    fn lockouts_begin_at_the_fifth_wrong_password_and_double() {
        use Judgement::{Accepted, LockedOut, Wrong};
        let store = Store::open(&PoolStorage::Memory).unwrap();
        for (seconds, right, judgement) in [
            (0, false, Wrong),
            (0, false, Wrong),
            (0, false, Wrong),
            (0, false, Wrong),
            (0, false, Wrong),
            // locked for a second, in which even the right one is not looked at
            (0, true, LockedOut),
            (0, false, LockedOut),
            (1, false, Wrong),
            // two seconds
            (2, true, LockedOut),
            (3, false, Wrong),
            // four seconds
            (6, false, LockedOut),
            (7, true, Accepted),
            // all is forgotten
            (7, false, Wrong),
            (7, true, Accepted),
        ] {
            assert_eq!(judge(&store, seconds, right), judgement, "at {seconds}");
        }
    }

    #[test]
    fn a_lockout_is_never_longer_than_fifteen_minutes() {
        let store = Store::open(&PoolStorage::Memory).unwrap();
        let mut now = 0;
        for _ in 1..FREE_FAILURES {
            judge(&store, now, false);
        }
        for _ in 0..80 {
            assert_eq!(judge(&store, now, false), Judgement::Wrong);
            now += MAX_LOCKOUT_SECONDS;
        }
        assert_eq!(judge(&store, now - 1, true), Judgement::LockedOut);
        assert_eq!(judge(&store, now, true), Judgement::Accepted);
    }

    #[test]
    fn wrong_passwords_are_forgotten_after_fifteen_quiet_minutes() {
        let store = Store::open(&PoolStorage::Memory).unwrap();
        for _ in 0..4 {
            judge(&store, 0, false);
        }
        for _ in 0..4 {
            assert_eq!(judge(&store, 15 * 60, false), Judgement::Wrong);
        }
        assert_eq!(judge(&store, 15 * 60, true), Judgement::Accepted);
    }

    #[test]
    fn a_limit_counts_for_an_hour() {
        let store = Store::open(&PoolStorage::Memory).unwrap();
        let take = |seconds| store.write(|tx| Limit::Resend.take(tx, "user", at(seconds))).unwrap();
        for turn in 0..5 {
            assert!(take(turn * 60));
        }
        assert!(!take(3599));
        assert!(take(3600));
        assert!(store.write(|tx| Limit::Resend.take(tx, "another", at(3599))).unwrap());
    }
}
