use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;

/// What is left for the answer at the end of the function's time.
const MARGIN: Duration = Duration::from_millis(200);

/// How long a handler may take: its own deadline, and not longer than the function has, less a moment to answer in.
///
/// A context whose deadline has passed says nothing: it comes from an emulator without one or from a clock that is wrong, and
/// to refuse everybody for it would be worse than what Lambda does by itself.
pub(crate) fn time_limit(deadline: Option<Duration>, context: &Context, now: SystemTime) -> Duration {
    let end = UNIX_EPOCH.checked_add(Duration::from_millis(context.deadline));
    let left = end.and_then(|end| end.duration_since(now).ok()).filter(|left| !left.is_zero());
    let left = left.map_or(Duration::MAX, |left| left.saturating_sub(MARGIN.min(left / 2)));
    deadline.unwrap_or(Duration::MAX).min(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_the_two_deadlines_holds() {
        const NOW: u64 = 1_800_000_000_000;
        let own = Some(Duration::from_millis(4500));
        for (deadline, context, expected) in [
            // Lambda's timeout is five seconds or more.
            (own, NOW + 5_000, Duration::from_millis(4500)),
            (own, NOW + 900_000, Duration::from_millis(4500)),
            // It is three, which is Lambda's default.
            (own, NOW + 3_000, Duration::from_millis(2800)),
            // There is hardly time to answer.
            (own, NOW + 100, Duration::from_millis(50)),
            // No deadline, one in the past, and one beyond the end of time.
            (own, 0, Duration::from_millis(4500)),
            (own, 600_000, Duration::from_millis(4500)),
            (own, NOW, Duration::from_millis(4500)),
            (own, u64::MAX, Duration::from_millis(4500)),
            // A custom sender has as long as the function.
            (None, NOW + 60_000, Duration::from_millis(59_800)),
            (None, 0, Duration::MAX),
        ] {
            let mut lambda = Context::default();
            lambda.deadline = context;
            let now = UNIX_EPOCH + Duration::from_millis(NOW);
            assert_eq!(time_limit(deadline, &lambda, now), expected, "{deadline:?} {context}");
        }
    }
}
