//! Figures as a table in Markdown that is read as well in a terminal.

use std::fmt;

/// Rows of cells under a heading; the first column is text, the others are numbers.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(str::to_owned).to_vec()] }
    }

    /// One more row.
    pub fn push(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default().max(3)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                if column == 0 { write!(f, "| {cell:<width$} ")? } else { write!(f, "| {cell:>width$} ")? }
            }
            writeln!(f, "|")?;
            if index == 0 {
                for column in 0..row.len() {
                    let (dashes, colon) =
                        ("-".repeat(self.width(column) - 1), if column == 0 { '-' } else { ':' });
                    write!(f, "| {dashes}{colon} ")?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// A time with three digits and its unit.
#[must_use]
pub fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        n if n < 999.5 => (n, "ns"),
        n if n < 999.5e3 => (n / 1e3, "µs"),
        n => (n / 1e6, "ms"),
    };
    format!("{} {unit}", three_digits(value))
}

/// A ratio with three digits.
#[must_use]
pub fn ratio(times: f64) -> String {
    format!("{}×", three_digits(times))
}

fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_three_digits_and_a_fitting_unit() {
        let table = [
            (4.123, "4.12 ns"),
            (99.94, "99.9 ns"),
            (99.96, "100 ns"),
            (999.6, "1.00 µs"),
            (24_040.0, "24.0 µs"),
            (12_345_678.0, "12.3 ms"),
        ];
        for (nanoseconds, text) in table {
            assert_eq!(duration(nanoseconds), text);
        }
        assert_eq!(ratio(41.234), "41.2×");
    }

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new(["rules", "ours"]);
        table.push(["1".to_owned(), "100 ns".to_owned()]);
        assert_eq!(table.to_string(), "| rules |   ours |\n| ----- | -----: |\n| 1     | 100 ns |\n");
    }
}
