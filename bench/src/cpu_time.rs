//! How long this thread has been at work.

use std::time::Duration;

/// The time that this thread has had a processor for, which does not grow while others have it.
#[cfg(unix)]
pub(crate) fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// The processor time of all threads of another process, in nanoseconds. Linux tells it.
///
/// # Panics
///
/// If there is no such process, or the system does not tell.
#[must_use]
#[expect(clippy::panic, reason = "a benchmark whose setting is wrong has nothing to say")]
pub fn cpu_time_of(process: u32) -> u64 {
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok();
    let times: Option<Vec<u64>> = threads.and_then(|threads| threads.map(of_thread).collect());
    times.map(|times| times.iter().sum()).unwrap_or_else(|| panic!("process {process} tells no time"))
}

/// The time since the first call, for want of a better clock.
#[cfg(not(unix))]
pub(crate) fn cpu_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
