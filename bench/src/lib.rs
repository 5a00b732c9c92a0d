//! How fast things are, told so that it can be trusted on a machine that others use too.
//!
//! 1. Contenders take turns, a few milliseconds each, so that whatever slows the machine slows all of them.
//! 2. A figure is the median of its turns; a ratio is the median of the ratios turn by turn, so that it holds when the
//!    speed of the machine drifts.
//! 3. Whoever compares two engines makes sure first that they give the same answer; that is for the benchmark to do.
//!
//! It measures the processor time of one thread. It does not judge: it has no threshold and keeps no history.
#![deny(missing_docs)]

mod cpu_time;
mod race;
mod table;

use self::cpu_time::cpu_time;
pub use self::{
    cpu_time::cpu_time_of,
    race::{Contender, Figure, race, race_all},
    table::{Table, duration, ratio},
};
