use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::Clock;

/// A clock that moves when it is told to. A clone is the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// A clock that stands at this many seconds after 1970.
    #[must_use]
    pub fn at(unix_seconds: u64) -> Self {
        Self(Arc::new(Mutex::new(UNIX_EPOCH + Duration::from_secs(unix_seconds))))
    }

    /// Sets the clock to this many seconds after 1970, which may be earlier than now.
    pub fn set(&self, unix_seconds: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            UNIX_EPOCH + Duration::from_secs(unix_seconds);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
