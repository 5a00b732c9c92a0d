//! What became more open or more closed between two schemas.

use portcullis_rules::Operation;

use crate::access::{
    caller::Caller,
    grants::{Action, Deed, Grants, Level, READS},
    matrix::{AccessMatrix, ModelAccess, Row},
};

/// Everything that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changes {
    pub(crate) opened: Vec<Change>,
    pub(crate) closed: Vec<Change>,
}

/// One thing that one caller may do further or less far than before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) model: String,
    /// `None` for the record as a whole.
    pub(crate) field: Option<String>,
    pub(crate) presence: Presence,
    pub(crate) caller: Caller,
    /// `read` where all that read changed alike.
    pub(crate) what: &'static str,
    pub(crate) before: Level,
    pub(crate) after: Level,
}

/// Which of the schemas has the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Both have it.
    Both,
    /// Only the new one.
    New,
    /// Only the old one.
    Gone,
}

impl Changes {
    /// Compares two matrices that were made for one audience.
    ///
    /// A field that only one of two schemas has is not compared: it goes with what may be done with its record.
    pub(crate) fn between(old: &AccessMatrix, new: &AccessMatrix) -> Self {
        let mut changes = Self::default();
        for after in &new.models {
            changes.compare(old.model(&after.name), Some(after));
        }
        for before in old.models.iter().filter(|before| new.model(&before.name).is_none()) {
            changes.compare(Some(before), None);
        }
        changes
    }

    fn compare(&mut self, old: Option<&ModelAccess>, new: Option<&ModelAccess>) {
        let Some(either) = new.or(old) else { return };
        let presence = match (old, new) {
            (None, _) => Presence::New,
            (_, None) => Presence::Gone,
            _ => Presence::Both,
        };
        for row in &either.rows {
            let pair = Pair { before: side(old, row), after: side(new, row) };
            let change = |field: Option<&str>, what, (before, after)| Change {
                model: either.name.clone(),
                field: field.map(str::to_owned),
                presence,
                caller: row.caller.clone(),
                what,
                before,
                after,
            };
            let reads = READS.map(|read| pair.levels(&Deed::Record(read)));
            let alike = reads.iter().all(|levels| Some(levels) == reads.first());
            for operation in Operation::ALL {
                let deed = Deed::Record(operation);
                let what = match operation {
                    Operation::Get if alike => "read",
                    _ if alike && operation.is_read() => continue,
                    _ => operation.name(),
                };
                if !pair.goes_without_saying(&deed) {
                    self.add(change(None, what, pair.levels(&deed)));
                }
            }
            let both =
                |field: &&String| [old, new].iter().flatten().all(|model| model.fields.contains(field));
            for field in either.fields.iter().filter(both) {
                for action in Action::ALL {
                    let deed = Deed::Field(field.clone(), action);
                    if !pair.goes_without_saying(&deed) && pair.by_record(action) != pair.levels(&deed) {
                        self.add(change(Some(field), action.name(), pair.levels(&deed)));
                    }
                }
            }
        }
    }

    fn add(&mut self, change: Change) {
        if change.after > change.before {
            self.opened.push(change);
        } else if change.after < change.before {
            self.closed.push(change);
        }
    }
}

/// One caller before and after; a model that is not there admits nobody.
struct Pair<'a> {
    before: Option<(&'a ModelAccess, &'a Row)>,
    after: Option<(&'a ModelAccess, &'a Row)>,
}

fn side<'a>(model: Option<&'a ModelAccess>, row: &Row) -> Option<(&'a ModelAccess, &'a Row)> {
    model.and_then(|model| Some((model, model.row(&row.caller)?)))
}

impl Pair<'_> {
    fn on_both(&self, level: impl Fn(&ModelAccess, &Row) -> Level) -> (Level, Level) {
        let on =
            |side: Option<(&ModelAccess, &Row)>| side.map_or(Level::No, |(model, row)| level(model, row));
        (on(self.before), on(self.after))
    }

    fn levels(&self, deed: &Deed) -> (Level, Level) {
        self.on_both(|_, row| row.grants.level(deed))
    }

    fn by_record(&self, action: Action) -> (Level, Level) {
        self.on_both(|_, row| Grants::by_record(&row.grants, action))
    }

    /// Whether a caller in several roles has changed only as the roles have, each of which has a row of its own.
    fn goes_without_saying(&self, deed: &Deed) -> bool {
        let several = [self.before, self.after].iter().flatten().any(|(_, row)| row.caller.roles().len() > 1);
        several && self.on_both(|model, row| model.by_each_role(row, deed)) == self.levels(deed)
    }
}
