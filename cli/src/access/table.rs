//! The access matrix as tables for people: plain text for a terminal, or Markdown.

use std::fmt::Write;

use crate::{
    access::{
        call::CallAccess,
        caller::Caller,
        changes::{Change, Changes, Presence},
        grants::{Action, Grants, Level, READS},
        matrix::{AccessMatrix, MAX_COMBINED, ModelAccess, Row},
    },
    output::visible,
};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Markdown,
}

const LEGEND: [(&str, &str); 3] = [
    ("yes", "on every record"),
    ("own", "on records that name the caller or a group of the caller; create: for the caller only"),
    ("no", "on no record"),
];
const IN_PART: &str = "on some fields only; these follow";
const ROWS: &str = "\
A row is a caller in that role alone; whoever is in several may do what each of them may. A row with
a + is for roles that together may do more. Signed in is everyone with a token; nobody has no
credentials. To delete a field is to remove its value.";

/// One table: a title, and a line for each caller.
struct Table {
    title: String,
    first: &'static str,
    columns: Vec<&'static str>,
    lines: Vec<Vec<String>>,
}

/// The matrix, with a legend.
pub(crate) fn matrix(matrix: &AccessMatrix, style: Style) -> String {
    let mut written = String::new();
    for table in matrix.models.iter().flat_map(tables).chain(matrix.calls.iter().map(table_of_call)) {
        table.write(style, &mut written);
        written.push('\n');
    }
    if matrix.models.is_empty() && matrix.calls.is_empty() {
        written.push_str("The schema has no models.\n\n");
    }
    let in_part = written.contains('*').then_some(("*", IN_PART));
    for (word, meaning) in LEGEND.into_iter().chain(in_part) {
        let _ = match style {
            Style::Text => writeln!(written, "{word:<3}  {meaning}"),
            Style::Markdown if word == "*" => writeln!(written, "- `*`: {meaning}"),
            Style::Markdown => writeln!(written, "- {word}: {meaning}"),
        };
    }
    written.push('\n');
    written.push_str(ROWS);
    written.push('\n');
    tell_left_out(&matrix.only_alone, &mut written);
    written
}

/// What changed, opened first.
pub(crate) fn changes(changes: &Changes, style: Style) -> String {
    let mut written = String::new();
    for (title, changed) in [("opened", &changes.opened), ("closed", &changes.closed)] {
        if changed.is_empty() {
            continue;
        }
        let table = Table {
            title: title.to_owned(),
            first: "where",
            columns: vec!["who", "what", "before", "after"],
            lines: changed.iter().map(line_of_change).collect(),
        };
        table.write(style, &mut written);
        written.push('\n');
    }
    let summary = match (changes.opened.len(), changes.closed.len()) {
        (0, 0) => "nothing opened, nothing closed".to_owned(),
        (0, closed) => format!("nothing opened, {closed} closed"),
        (opened, 0) => format!("{opened} opened, nothing closed"),
        (opened, closed) => format!("{opened} opened, {closed} closed"),
    };
    written.push_str(&summary);
    written.push('\n');
    tell_left_out(&changes.only_alone, &mut written);
    written
}

/// An answer that leaves something out says so.
fn tell_left_out(places: &[String], written: &mut String) {
    if !places.is_empty() {
        let places: Vec<String> = places.iter().map(|place| visible(place)).collect();
        let _ = writeln!(
            written,
            "\nNot looked at, because the rules name more than {MAX_COMBINED} roles: callers in two roles at once of {}.",
            places.join(", ")
        );
    }
}

fn line_of_change(change: &Change) -> Vec<String> {
    let mut place = visible(&change.model);
    if let Some(field) = &change.field {
        place = format!("{place}.{}", visible(field));
    }
    match change.presence {
        Presence::Both => {}
        Presence::New => place.push_str(" (new)"),
        Presence::Gone => place.push_str(" (gone)"),
    }
    vec![
        place,
        label(&change.caller),
        change.what.to_owned(),
        change.before.to_string(),
        change.after.to_string(),
    ]
}

/// The table of the records of a model, and those of its fields if they do not all go with the record.
fn tables(model: &ModelAccess) -> Vec<Table> {
    let rows: Vec<&Row> = model.telling_rows().collect();
    let mut by_access: Vec<(Vec<&str>, Vec<Vec<String>>)> = Vec::new();
    for field in &model.fields {
        let lines: Vec<Vec<String>> = rows.iter().map(|row| line_of_field(row, field)).collect();
        match by_access.iter_mut().find(|(_, same)| *same == lines) {
            Some((fields, _)) => fields.push(field),
            None => by_access.push((vec![field], lines)),
        }
    }
    let as_record: Vec<Vec<String>> =
        rows.iter().map(|row| line(row, |action| row.grants.by_record(action).to_string())).collect();
    if by_access.iter().all(|(_, lines)| *lines == as_record) {
        by_access.clear();
    }
    let table =
        |title, lines| Table { title, first: "who", columns: Action::ALL.map(Action::name).to_vec(), lines };
    let records = rows.iter().map(|row| line_of_record(row, &model.fields)).collect();
    let mut tables = vec![table(visible(&model.name), records)];
    for (fields, lines) in by_access {
        let fields: Vec<String> = fields.into_iter().map(visible).collect();
        tables.push(table(format!("{} {{ {} }}", visible(&model.name), fields.join(", ")), lines));
    }
    tables
}

fn table_of_call(access: &CallAccess) -> Table {
    let line = |(caller, level): (&Caller, Level)| vec![label(caller), level.to_string()];
    Table {
        title: visible(&access.call.name()),
        first: "who",
        columns: vec![access.call.what()],
        lines: access.telling_rows().map(line).collect(),
    }
}

fn line_of_record(row: &Row, fields: &[String]) -> Vec<String> {
    line(row, |action| {
        let grants = &row.grants;
        let mut cell = match action {
            Action::Create | Action::Update => grants.by_record(action).to_string(),
            Action::Read => reads(grants),
            Action::Delete => grants.operation(portcullis_rules::Operation::Delete).to_string(),
        };
        let in_part = |field: &String| grants.field(field, action) < grants.by_record(action);
        if action != Action::Delete && fields.iter().any(in_part) {
            cell.push('*');
        }
        cell
    })
}

fn line_of_field(row: &Row, field: &str) -> Vec<String> {
    line(row, |action| row.grants.field(field, action).to_string())
}

fn line(row: &Row, cell: impl Fn(Action) -> String) -> Vec<String> {
    let mut line = vec![label(&row.caller)];
    line.extend(Action::ALL.map(cell));
    line
}

/// One word if all operations that read are granted alike, else which are.
fn reads(grants: &Grants) -> String {
    let levels = READS.map(|read| (read, grants.operation(read)));
    if levels.iter().all(|(_, level)| *level == grants.by_record(Action::Read)) {
        return grants.by_record(Action::Read).to_string();
    }
    let granted = [Level::Yes, Level::Own].into_iter().filter_map(|level| {
        let reads: Vec<&str> =
            levels.iter().filter(|(_, it)| *it == level).map(|(read, _)| read.name()).collect();
        (!reads.is_empty()).then(|| format!("{level} ({})", reads.join(", ")))
    });
    granted.collect::<Vec<_>>().join(", ")
}

fn label(caller: &Caller) -> String {
    caller.roles().iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

impl Table {
    fn write(&self, style: Style, written: &mut String) {
        match style {
            Style::Text => self.write_text(written),
            Style::Markdown => self.write_markdown(written),
        }
    }

    /// The title heads the first column.
    fn write_text(&self, written: &mut String) {
        let heading = std::iter::once(self.title.clone()).chain(self.columns.iter().map(ToString::to_string));
        let mut lines: Vec<Vec<String>> = vec![heading.collect()];
        for line in &self.lines {
            let cells = line.iter().enumerate();
            lines.push(
                cells
                    .map(|(column, cell)| if column == 0 { format!("  {cell}") } else { cell.clone() })
                    .collect(),
            );
        }
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..=self.columns.len()).map(width).collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
            written.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            written.push('\n');
        }
    }

    fn write_markdown(&self, written: &mut String) {
        let heading = std::iter::once(self.first).chain(self.columns.iter().copied());
        let _ = writeln!(written, "### {}\n\n| {} |", self.title, heading.collect::<Vec<_>>().join(" | "));
        let _ = writeln!(written, "|{}", " --- |".repeat(self.columns.len() + 1));
        for line in &self.lines {
            // A bar would end the cell.
            let cells: Vec<String> = line.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(written, "| {} |", cells.join(" | "));
        }
    }
}
