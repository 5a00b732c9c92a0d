//! What a caller may do with the records of a model, as the evaluator says.

use std::{collections::BTreeMap, fmt, sync::Arc};

use portcullis_rules::{Authorizer, Denied, Field, Identity, Item, Model, Operation};
use serde_json::Value;

use crate::access::{caller::Caller, role::Role};

/// How far a caller may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// With no record.
    No,
    /// Only with records that name the caller, or one of the caller's groups.
    Own,
    /// With every record.
    Yes,
}

/// What can be done with one field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Action {
    /// Send it when the record is made.
    Create,
    /// See it, by whichever operation.
    Read,
    /// Change it.
    Update,
    /// Remove its value.
    Delete,
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Deed {
    /// An operation on a record; where fields have rules of their own, on some field of it.
    Record(Operation),
    /// Something with one field.
    Field(String, Action),
}

/// How far each thing may be done by one caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants(BTreeMap<Deed, Level>);

/// The operations that read; a table shows them as one.
pub(crate) const READS: [Operation; 5] =
    [Operation::Get, Operation::List, Operation::Sync, Operation::Listen, Operation::Search];

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Own => "own",
            Self::Yes => "yes",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Action {
    pub(crate) const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Update, Self::Delete];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Grants {
    /// Asks the evaluator about everything that the caller could do. `known` are the roles that records of the model
    /// can decide.
    pub(crate) fn of(authorizer: &Authorizer, model: &Arc<Model>, caller: &Caller, known: &[Role]) -> Self {
        let Some(identity) = caller.identity() else {
            // Without credentials there is no identity to ask about: every door refuses before it asks.
            return Self::default();
        };
        let of_another = Caller::record_of_another(model, known);
        let own = caller.own_record(model, known);
        let question = Question { authorizer, identity, model, records: [&of_another, &own], caller, known };

        let mut grants = Self::default();
        for operation in Operation::ALL {
            let level = match operation {
                Operation::Create => question.create(None),
                _ => question.on_records(|record| question.is_allowed(operation, record)),
            };
            grants.0.insert(Deed::Record(operation), level);
        }
        let [unread, unread_of_own] =
            question.records.map(|record| authorizer.withheld(identity, model, record));
        for field in model.fields() {
            let read = |withheld: &[&str], record: &Item| {
                !withheld.contains(&field.name.as_str())
                    && READS.iter().any(|&operation| question.is_allowed(operation, record))
            };
            let levels = [
                (Action::Create, question.create(Some(field))),
                (Action::Read, level(read(&unread, &of_another), read(&unread_of_own, &own))),
                (Action::Update, question.change(field, "another value".into())),
                (Action::Delete, question.change(field, Value::Null)),
            ];
            for (action, level) in levels {
                // The key in an update says which record is meant. Nobody changes it, so what holds for the record is told.
                let changes_nothing =
                    matches!(action, Action::Update | Action::Delete) && model.is_partition_key(&field.name);
                let level = if changes_nothing { grants.by_record(action) } else { level };
                grants.0.insert(Deed::Field(field.name.clone(), action), level);
            }
        }
        grants
    }

    /// How far this may be done. What nobody was asked about may not be done.
    pub(crate) fn level(&self, deed: &Deed) -> Level {
        self.0.get(deed).copied().unwrap_or(Level::No)
    }

    pub(crate) fn operation(&self, operation: Operation) -> Level {
        self.level(&Deed::Record(operation))
    }

    pub(crate) fn field(&self, field: &str, action: Action) -> Level {
        self.level(&Deed::Field(field.to_owned(), action))
    }

    /// How far this may be done with a field about which nothing else is known than what may be done with the record.
    pub(crate) fn by_record(&self, action: Action) -> Level {
        match action {
            Action::Create => self.operation(Operation::Create),
            Action::Read => READS.iter().map(|&read| self.operation(read)).max().unwrap_or(Level::No),
            Action::Update => self.operation(Operation::Update),
            // To remove a value is to change the record as well.
            Action::Delete => self.operation(Operation::Update).min(self.operation(Operation::Delete)),
        }
    }
}

/// One caller and the records to ask about.
struct Question<'a> {
    authorizer: &'a Authorizer,
    identity: &'a Identity,
    model: &'a Arc<Model>,
    /// A record that is somebody else's, and one that is the caller's.
    records: [&'a Item; 2],
    caller: &'a Caller,
    known: &'a [Role],
}

impl Question<'_> {
    fn on_records(&self, allowed: impl Fn(&Item) -> bool) -> Level {
        let [of_another, own] = self.records;
        level(allowed(of_another), allowed(own))
    }

    fn is_allowed(&self, operation: Operation, record: &Item) -> bool {
        self.authorizer.authorize(self.identity, operation, self.model, record).is_allowed()
    }

    fn create(&self, field: Option<&Field>) -> Level {
        let permit = |input| self.authorizer.permit_create(self.identity, self.model, input).map(drop);
        let [alone, silent] = self.caller.inputs_of_own(self.model, self.known, field);
        let own = match permit(alone) {
            Ok(()) => true,
            // The role may make records, but not with the field that was to name somebody else.
            Err(Denied::Fields(_)) => permit(silent).is_ok(),
            Err(_) => false,
        };
        level(permit(self.caller.input_for_another(self.model, self.known, field)).is_ok(), own)
    }

    fn change(&self, field: &Field, value: Value) -> Level {
        let value = if field.list && !value.is_null() { Value::Array(vec![value]) } else { value };
        self.on_records(|record| {
            let changes = Item::from_iter([(field.name.clone(), value.clone())]);
            self.authorizer.permit_update(self.identity, self.model, record, changes).is_ok()
        })
    }
}

fn level(with_anothers: bool, with_own: bool) -> Level {
    match (with_anothers, with_own) {
        (true, _) => Level::Yes,
        (false, true) => Level::Own,
        (false, false) => Level::No,
    }
}
