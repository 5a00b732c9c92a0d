//! Contenders who do the same work, in turn.

use std::{fmt, hint::black_box, time::Duration};

use crate::cpu_time;

/// How long a turn takes at least: long beside the clock's resolution, short beside the scheduler's patience.
const TURN: Duration = Duration::from_millis(2);
/// How many turns each contender has.
const TURNS: usize = 31;

/// One way to do the work.
pub struct Contender<'a> {
    run: Box<dyn FnMut(u64) + 'a>,
}

/// What a race says about one contender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The median time of one piece of work, in nanoseconds.
    pub nanoseconds: f64,
    /// How many times as long as the first contender it took.
    pub times_first: f64,
}

impl<'a> Contender<'a> {
    /// Work that is done over and over; its result is thrown away, and the compiler does not learn of that.
    pub fn new<T>(mut work: impl FnMut() -> T + 'a) -> Self {
        let run = move |times| {
            for _ in 0..times {
                black_box(work());
            }
        };
        Self { run: Box::new(run) }
    }

    /// Does the work so many times, for whoever counts something else than time.
    pub fn repeat(&mut self, times: u64) {
        (self.run)(times);
    }

    fn time(&mut self, times: u64) -> Duration {
        let start = cpu_time();
        (self.run)(times);
        cpu_time().saturating_sub(start)
    }

    /// How often the work is done in a turn.
    fn pieces(&mut self) -> u64 {
        let mut times = 1;
        loop {
            let elapsed = self.time(times);
            if elapsed >= TURN {
                return times;
            }
            // Ten times at most, for the first runs are slow: caches are cold.
            let missing = TURN.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
            times = (times as f64 * missing.clamp(1.1, 10.0)).ceil() as u64;
        }
    }
}

impl fmt::Debug for Contender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender").finish_non_exhaustive()
    }
}

/// Lets the contenders take turns.
#[must_use]
pub fn race<const N: usize>(mut contenders: [Contender<'_>; N]) -> [Figure; N] {
    let mut figures = race_all(&mut contenders).into_iter();
    std::array::from_fn(|_| figures.next().unwrap_or(Figure { nanoseconds: f64::NAN, times_first: f64::NAN }))
}

/// The same for as many contenders as there happen to be.
#[must_use]
pub fn race_all(contenders: &mut [Contender<'_>]) -> Vec<Figure> {
    let pieces: Vec<u64> = contenders.iter_mut().map(Contender::pieces).collect();
    let mut turns: Vec<Vec<f64>> = vec![Vec::with_capacity(TURNS); contenders.len()];
    for _ in 0..TURNS {
        for ((contender, &pieces), turns) in contenders.iter_mut().zip(&pieces).zip(&mut turns) {
            turns.push(contender.time(pieces).as_secs_f64() * 1e9 / pieces as f64);
        }
    }
    let first = turns.first().cloned().unwrap_or_default();
    let figure = |turns: Vec<f64>| Figure {
        times_first: median(turns.iter().zip(&first).map(|(mine, first)| mine / first).collect()),
        nanoseconds: median(turns),
    };
    turns.into_iter().map(figure).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_value_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), 5.0);
        assert!(median(vec![]).is_nan());
    }

    #[test]
    fn work_that_takes_longer_has_the_greater_figure() {
        let sum = |until: u64| (0..until).fold(0_u64, |sum, next| sum ^ black_box(next));
        let [short, long] =
            race([Contender::new(|| sum(black_box(100))), Contender::new(|| sum(black_box(10_000)))]);
        assert_eq!(short.times_first, 1.0);
        assert!(long.times_first > 10.0 && long.nanoseconds > short.nanoseconds, "{short:?} {long:?}");
    }
}
