//! Time as a parameter.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where a [`Verifier`](crate::Verifier) reads the time from.
///
/// It is asked at each use and never by a timer, because a Lambda function is frozen between two calls.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one system clock that others are given")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Seconds since 1970, the unit of `exp`. A time before that counts as 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// The time so many seconds after 1970, which is not before 1970 and not after the year 9999.
pub(crate) fn system_time(unix_seconds: f64) -> SystemTime {
    const END: Duration = Duration::from_secs(253_402_300_799);
    UNIX_EPOCH + Duration::try_from_secs_f64(unix_seconds.max(0.0)).map_or(END, |time| time.min(END))
}

/// How long ago this was; "just now" after the clock was set back. Not for what must not stay young, such as keys.
pub(crate) fn elapsed(since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since).unwrap_or(Duration::ZERO)
}
