//! A bound on what is consumed in a second.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::Meter;

/// Lets calls wait until those before them are paid off.
#[derive(Debug)]
pub(super) struct Pacer {
    meter: Meter,
    units_per_second: f64,
    paid_at: Mutex<Option<Instant>>,
}

impl Pacer {
    pub(super) fn new(meter: Meter, units_per_second: f64) -> Self {
        Self { meter, units_per_second: units_per_second.max(0.1), paid_at: Mutex::default() }
    }

    pub(super) async fn wait(&self) {
        let paid_at = self.paid_at();
        if paid_at > Instant::now() {
            sleep_until(paid_at).await;
        }
    }

    /// When all that has been consumed so far is paid off.
    fn paid_at(&self) -> Instant {
        let (used, now) = (self.meter.take(), Instant::now());
        // Finite and not negative, and a day for what would take longer.
        let seconds = ((used.read + used.write) / self.units_per_second).clamp(0.0, 86_400.0);
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = paid_at.unwrap_or(now).max(now);
        *paid_at.insert(from + Duration::from_secs_f64(seconds))
    }
}
