//! The access matrix: each model by each caller by everything that can be done.

use std::sync::Arc;

use portcullis_rules::{Authorizer, Model};

use crate::access::{
    caller::Caller,
    grants::{Action, Deed, Grants, Level},
    role::{self, Role, UnknownRule},
};

/// Who may do what with each model.
#[derive(Clone, Debug)]
pub(crate) struct AccessMatrix {
    pub(crate) models: Vec<ModelAccess>,
}

/// Who may do what with one model.
#[derive(Clone, Debug)]
pub(crate) struct ModelAccess {
    pub(crate) name: String,
    pub(crate) fields: Vec<String>,
    /// Callers in one role each, then callers in two.
    pub(crate) rows: Vec<Row>,
}

/// What one caller may do.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) caller: Caller,
    pub(crate) grants: Grants,
}

/// Whom to ask about, besides those whom the rules of a model name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    common: Vec<Role>,
    /// Roles by model, in the order in which they were met.
    named: Vec<(String, Vec<Role>)>,
}

impl Audience {
    /// Everybody whom some rule of these models names. Models of the same name, out of two schemas, share theirs.
    pub(crate) fn of<'a>(models: impl IntoIterator<Item = &'a Arc<Model>>) -> Result<Self, UnknownRule> {
        let mut named: Vec<(String, Vec<Role>)> = Vec::new();
        for model in models {
            let roles = Role::named_by(model)?;
            match named.iter_mut().find(|(name, _)| name == model.name()) {
                Some((_, known)) => role::add(known, roles),
                None => named.push((model.name().to_owned(), roles)),
            }
        }
        let all: Vec<Role> = named.iter().flat_map(|(_, roles)| roles.iter().cloned()).collect();
        Ok(Self { common: Role::common(&all), named })
    }

    fn of_model(&self, model: &str) -> Vec<Role> {
        let named = self.named.iter().find(|(name, _)| name == model);
        let mut roles = named.map(|(_, roles)| roles.clone()).unwrap_or_default();
        role::add(&mut roles, self.common.iter().cloned());
        roles.sort_by_key(Role::rank);
        roles
    }
}

impl AccessMatrix {
    /// Asks the evaluator about every caller and every model.
    pub(crate) fn of<'a>(models: impl IntoIterator<Item = &'a Arc<Model>>, audience: &Audience) -> Self {
        // A row for the identity pool is about callers of whom the door knows that they come from it.
        let authorizer = Authorizer::new().trust_identity_pool();
        let access = |model| ModelAccess::of(&authorizer, model, &audience.of_model(Model::name(model)));
        Self { models: models.into_iter().map(access).collect() }
    }

    pub(crate) fn model(&self, name: &str) -> Option<&ModelAccess> {
        self.models.iter().find(|model| model.name == name)
    }
}

impl ModelAccess {
    fn of(authorizer: &Authorizer, model: &Arc<Model>, roles: &[Role]) -> Self {
        let alone = roles.iter().map(|role| vec![role.clone()]);
        // A decision that needs more than one role needs two: one to change a field, one to remove values.
        let pairs = roles.iter().enumerate().flat_map(|(index, one)| {
            let others = roles.iter().skip(index + 1).filter(|other| one.combines() && other.combines());
            others.map(|other| vec![one.clone(), other.clone()])
        });
        let row = |roles_of_caller: Vec<Role>| {
            let caller = Caller::in_roles(&roles_of_caller)?;
            let grants = Grants::of(authorizer, model, &caller, roles);
            Some(Row { caller, grants })
        };
        Self {
            name: model.name().to_owned(),
            fields: model.fields().iter().map(|field| field.name.clone()).collect(),
            rows: alone.chain(pairs).filter_map(row).collect(),
        }
    }

    /// The row of a caller.
    pub(crate) fn row(&self, caller: &Caller) -> Option<&Row> {
        self.rows.iter().find(|row| row.caller.roles() == caller.roles())
    }

    /// Callers in one role, and those in two who may do more than each of the two may.
    pub(crate) fn telling_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| {
            row.caller.roles().len() == 1
                || self.deeds().any(|deed| row.grants.level(&deed) > self.by_each_role(row, &deed))
        })
    }

    /// How far a caller in several roles may do this because one of the roles may.
    pub(crate) fn by_each_role(&self, row: &Row, deed: &Deed) -> Level {
        let alone: Vec<&Grants> = row
            .caller
            .roles()
            .iter()
            .filter_map(|role| self.rows.iter().find(|row| row.caller.roles() == std::slice::from_ref(role)))
            .map(|row| &row.grants)
            .collect();
        let best = |deed: &Deed| alone.iter().map(|grants| grants.level(deed)).max().unwrap_or(Level::No);
        match deed {
            // Who may change the field as one and remove the record as the other may remove the value.
            Deed::Field(field, Action::Delete) => best(deed).max(
                best(&Deed::Field(field.clone(), Action::Update))
                    .min(best(&Deed::Record(portcullis_rules::Operation::Delete))),
            ),
            _ => best(deed),
        }
    }

    /// Everything that can be done, in a stable order.
    pub(crate) fn deeds(&self) -> impl Iterator<Item = Deed> {
        let records = portcullis_rules::Operation::ALL.into_iter().map(Deed::Record);
        let fields = self
            .fields
            .iter()
            .flat_map(|field| Action::ALL.into_iter().map(move |action| Deed::Field(field.clone(), action)));
        records.chain(fields)
    }
}
