//! Who may call the fields that a handler answers.

use std::sync::Arc;

use portcullis_rules::{Authorizer, Model, Provider};
use portcullis_schema::CustomField;

use crate::access::{caller::Caller, grants::Level};

/// A field of `Query`, `Mutation` or `Subscription`, or a guarded field of what a handler returns.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) type_name: String,
    pub(crate) field: String,
    /// None if the field has no `@auth`: then the project's default way in is the whole check.
    pub(crate) rules: Option<Arc<Model>>,
}

/// Who may call one field.
#[derive(Clone, Debug)]
pub(crate) struct CallAccess {
    pub(crate) call: Call,
    pub(crate) rows: Vec<(Caller, Level)>,
}

impl Call {
    /// What is done with the field.
    pub(crate) fn what(&self) -> &'static str {
        if matches!(self.type_name.as_str(), "Query" | "Mutation" | "Subscription") { "call" } else { "read" }
    }

    /// The name under which an audience knows the field. No model is called so.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.type_name, self.field)
    }
}

impl From<&CustomField> for Call {
    fn from(field: &CustomField) -> Self {
        Self {
            type_name: field.type_name().to_owned(),
            field: field.name().to_owned(),
            rules: field.rules().cloned(),
        }
    }
}

impl CallAccess {
    /// Asks the evaluator about each of the callers.
    pub(crate) fn of(authorizer: &Authorizer, call: &Call, callers: Vec<Caller>) -> Self {
        let level = |caller: &Caller| {
            let may = |identity| {
                authorizer.permit_invoke(identity, call.rules.as_ref(), Provider::UserPools).is_ok()
            };
            if caller.identity().is_some_and(may) { Level::Yes } else { Level::No }
        };
        let row = |caller: Caller| {
            let level = level(&caller);
            (caller, level)
        };
        Self { call: call.clone(), rows: callers.into_iter().map(row).collect() }
    }

    /// Whether this caller may call it.
    pub(crate) fn level(&self, caller: &Caller) -> Level {
        let row = self.rows.iter().find(|(other, _)| other.roles() == caller.roles());
        row.map_or(Level::No, |(_, level)| *level)
    }

    /// Callers in one role, and those in several who may call it because they are in all of them.
    pub(crate) fn telling_rows(&self) -> impl Iterator<Item = (&Caller, Level)> {
        let rows = self.rows.iter().map(|(caller, level)| (caller, *level));
        rows.filter(|(caller, level)| caller.roles().len() == 1 || *level > self.by_fewer_roles(caller))
    }

    /// Whether a caller in several roles may call it because somebody in some of them may.
    pub(crate) fn by_fewer_roles(&self, caller: &Caller) -> Level {
        let fewer = self.rows.iter().filter(|(other, _)| other.is_in_fewer_roles_than(caller));
        fewer.map(|(_, level)| *level).max().unwrap_or(Level::No)
    }
}
