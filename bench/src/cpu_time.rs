//! How long this thread has been at work.

use std::time::Duration;

/// The time that this thread has had a processor for, which does not grow while others have it.
#[cfg(unix)]
pub(crate) fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// The time since the first call, for want of a better clock.
#[cfg(not(unix))]
pub(crate) fn cpu_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
