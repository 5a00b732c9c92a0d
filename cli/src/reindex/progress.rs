//! How far it is: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::{IsTerminal, stderr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use portcullis_data::Progress;

/// Between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// What is shown of the progress.
pub(super) enum Shown {
    Bar(ProgressBar),
    Lines { rows: Option<u64>, last: Mutex<Instant> },
}

impl Shown {
    /// `rows` is how many there are, about.
    pub(super) fn new(rows: Option<u64>) -> Self {
        let rows = rows.filter(|rows| *rows > 0);
        if !stderr().is_terminal() {
            return Self::Lines { rows, last: Mutex::new(Instant::now()) };
        }
        let template = match rows {
            Some(_) => "{bar:40} {pos} of about {len} rows, {msg} ({eta} left)",
            None => "{spinner} {pos} rows, {msg}",
        };
        // A template that does not parse would be a mistake here, and the default does.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = match rows {
            Some(rows) => ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr()),
            None => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        };
        Self::Bar(bar.with_style(style))
    }

    pub(super) fn update(&self, progress: &Progress) {
        match self {
            Self::Bar(bar) => {
                // The number of rows is hours old at AWS.
                if bar.length().is_some_and(|length| length < progress.rows) {
                    bar.set_length(progress.rows);
                }
                bar.set_position(progress.rows);
                bar.set_message(format!("{} records changed", progress.changed));
            }
            Self::Lines { rows, last } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= PAUSE {
                    *last = Instant::now();
                    eprintln!("{}", line(*rows, progress));
                }
            }
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn clear(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn line(rows: Option<u64>, progress: &Progress) -> String {
    let of = rows.map(|rows| format!(" of about {rows}")).unwrap_or_default();
    format!("{}{of} rows read, {} records changed", progress.rows, progress.changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        let progress = Progress::default();
        assert_eq!(line(Some(100), &progress), "0 of about 100 rows read, 0 records changed");
        assert_eq!(line(None, &progress), "0 rows read, 0 records changed");
    }
}
