//! What became more open or more closed between two schemas.

use portcullis_rules::Operation;

use crate::access::{
    call::CallAccess,
    caller::Caller,
    grants::{Action, Deed, Grants, Level, READS},
    matrix::{AccessMatrix, ModelAccess, Row},
};

/// Everything that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changes {
    pub(crate) opened: Vec<Change>,
    pub(crate) closed: Vec<Change>,
    /// Where callers in two roles at once were not asked about.
    pub(crate) only_alone: Vec<String>,
}

/// One thing that one caller may do further or less far than before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// The model, or the type of a field that a handler answers.
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

/// Which of the schemas has the model, or the field that a handler answers.
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
        for after in &new.calls {
            changes.compare_calls(old.call(&after.call), Some(after));
        }
        for before in old.calls.iter().filter(|before| new.call(&before.call).is_none()) {
            changes.compare_calls(Some(before), None);
        }
        changes.only_alone.clone_from(&new.only_alone);
        let gone = old.only_alone.iter().filter(|place| !new.only_alone.contains(place));
        changes.only_alone.extend(gone.cloned());
        changes
    }

    fn compare(&mut self, old: Option<&ModelAccess>, new: Option<&ModelAccess>) {
        let Some(either) = new.or(old) else { return };
        let presence = Presence::of(old, new);
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

    fn compare_calls(&mut self, old: Option<&CallAccess>, new: Option<&CallAccess>) {
        let Some(either) = new.or(old) else { return };
        for (caller, _) in &either.rows {
            let on_both = |level: fn(&CallAccess, &Caller) -> Level| {
                [old, new].map(|side| side.map_or(Level::No, |side| level(side, caller)))
            };
            let levels = on_both(CallAccess::level);
            if caller.roles().len() > 1 && levels == on_both(CallAccess::by_fewer_roles) {
                continue;
            }
            let [before, after] = levels;
            self.add(Change {
                model: either.call.type_name.clone(),
                field: Some(either.call.field.clone()),
                presence: Presence::of(old, new),
                caller: caller.clone(),
                what: either.call.what(),
                before,
                after,
            });
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

impl Presence {
    fn of<T>(old: Option<T>, new: Option<T>) -> Self {
        match (old, new) {
            (None, _) => Self::New,
            (_, None) => Self::Gone,
            _ => Self::Both,
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
        several && self.on_both(|model, row| model.by_fewer_roles(row, deed)) == self.levels(deed)
    }
}
