//! The access matrix: each model and each field that a handler answers, by each caller, by everything that can be done.

use std::{collections::HashSet, sync::Arc};

use portcullis_rules::{Authorizer, Model};
use portcullis_schema::Schema;

use crate::access::{
    call::{Call, CallAccess},
    caller::Caller,
    grants::{Action, Deed, Grants, Level},
    role::{self, Role, UnknownRule},
};

/// Callers in two roles at once are asked about where the rules of a model name so many at most: their number grows by the
/// square, and each is compared with all others.
pub(crate) const MAX_COMBINED: usize = 24;

/// What a schema guards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guarded {
    pub(crate) models: Vec<Arc<Model>>,
    pub(crate) calls: Vec<Call>,
}

/// Who may do what with each model, and who may call each field that a handler answers.
#[derive(Clone, Debug)]
pub(crate) struct AccessMatrix {
    pub(crate) models: Vec<ModelAccess>,
    pub(crate) calls: Vec<CallAccess>,
    /// The models and calls that name more than [`MAX_COMBINED`] roles.
    pub(crate) only_alone: Vec<String>,
}

/// Who may do what with one model.
#[derive(Clone, Debug)]
pub(crate) struct ModelAccess {
    pub(crate) name: String,
    pub(crate) fields: Vec<String>,
    /// Callers in one role each, then callers in several.
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
    /// Whom the rules admit, by model or call, in the order in which they were met: roles that a caller must all be in.
    named: Vec<(String, Vec<Vec<Role>>)>,
}

/// Whom to ask about, of one model or call.
struct Asked {
    roles: Vec<Role>,
    callers: Vec<Caller>,
    /// Whether callers in two roles that no rule names together are left out.
    only_alone: bool,
}

impl From<&Schema> for Guarded {
    fn from(schema: &Schema) -> Self {
        Self {
            models: schema.models().iter().map(|model| Arc::clone(model.rules())).collect(),
            calls: schema.custom_fields().iter().map(Call::from).collect(),
        }
    }
}

impl Audience {
    /// Everybody whom some rule of these names. Models of the same name, out of two schemas, share theirs.
    pub(crate) fn of<'a>(guarded: impl IntoIterator<Item = &'a Guarded>) -> Result<Self, UnknownRule> {
        let mut audience = Self::default();
        for guarded in guarded {
            for model in &guarded.models {
                audience.add(model.name().to_owned(), Role::named_by(model)?);
            }
            for call in &guarded.calls {
                let named = call.rules.as_deref().map(Role::named_by).transpose()?;
                audience.add(call.name(), named.unwrap_or_default());
            }
        }
        let all: Vec<Role> = audience.named.iter().flat_map(|(_, named)| named.concat()).collect();
        audience.common = Role::common(&all);
        Ok(audience)
    }

    fn add(&mut self, name: String, named: Vec<Vec<Role>>) {
        match self.named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                let new = named.into_iter().filter(|roles| !known.contains(roles)).collect::<Vec<_>>();
                known.extend(new);
            }
            None => self.named.push((name, named)),
        }
    }

    fn of_place(&self, name: &str) -> Asked {
        let named = self.named.iter().find(|(known, _)| known == name);
        let named = named.map(|(_, named)| named.as_slice()).unwrap_or_default();
        let mut roles = Vec::new();
        role::add(&mut roles, named.concat());
        role::add(&mut roles, self.common.iter().cloned());
        roles.sort_by_key(Role::rank);

        let place = |role: &Role| roles.iter().position(|other| other == role);
        let together = named.iter().filter(|together| together.len() > 1).map(|together| {
            let mut places: Vec<usize> = together.iter().filter_map(place).collect();
            places.sort_unstable();
            places
        });
        // A decision that needs more than one rule needs two: one to change a field, one to remove values.
        let admitted: Vec<Vec<usize>> = (0..roles.len()).map(|role| vec![role]).chain(together).collect();
        let only_alone = admitted.len() > MAX_COMBINED;
        let paired = if only_alone { &[] } else { admitted.as_slice() };
        let pairs = paired.iter().enumerate().flat_map(|(index, one)| {
            let others = paired.iter().skip(index + 1);
            others.map(move |other| {
                let mut both = [one.as_slice(), other.as_slice()].concat();
                both.sort_unstable();
                both.dedup();
                both
            })
        });
        let mut seen = HashSet::new();
        let all = admitted.iter().cloned().chain(pairs).filter(|places| seen.insert(places.clone()));
        let callers = all.filter_map(|places| {
            let in_roles: Vec<Role> = places.iter().filter_map(|&place| roles.get(place).cloned()).collect();
            let possible = in_roles.len() == 1 || in_roles.iter().all(Role::combines);
            possible.then(|| Caller::in_roles(&in_roles))?
        });
        let callers = callers.collect();
        Asked { roles, callers, only_alone }
    }
}

impl AccessMatrix {
    /// Asks the evaluator about every caller and everything that is guarded.
    pub(crate) fn of(guarded: &Guarded, audience: &Audience) -> Self {
        // A row for the identity pool is about callers of whom the door knows that they come from it.
        let authorizer = Authorizer::new().trust_identity_pool();
        let model = |model: &Arc<Model>| ModelAccess::of(&authorizer, model, audience.of_place(model.name()));
        let call = |call: &Call| CallAccess::of(&authorizer, call, audience.of_place(&call.name()).callers);
        let names = guarded.models.iter().map(|model| model.name().to_owned());
        let names = names.chain(guarded.calls.iter().map(Call::name));
        Self {
            models: guarded.models.iter().map(model).collect(),
            calls: guarded.calls.iter().map(call).collect(),
            only_alone: names.filter(|name| audience.of_place(name).only_alone).collect(),
        }
    }

    pub(crate) fn model(&self, name: &str) -> Option<&ModelAccess> {
        self.models.iter().find(|model| model.name == name)
    }

    pub(crate) fn call(&self, call: &Call) -> Option<&CallAccess> {
        self.calls.iter().find(|other| other.call.name() == call.name())
    }
}

impl ModelAccess {
    fn of(authorizer: &Authorizer, model: &Arc<Model>, asked: Asked) -> Self {
        let row = |caller: Caller| {
            let grants = Grants::of(authorizer, model, &caller, &asked.roles);
            Row { caller, grants }
        };
        Self {
            name: model.name().to_owned(),
            fields: model.fields().iter().map(|field| field.name.clone()).collect(),
            rows: asked.callers.into_iter().map(row).collect(),
        }
    }

    /// The row of a caller.
    pub(crate) fn row(&self, caller: &Caller) -> Option<&Row> {
        self.rows.iter().find(|row| row.caller.roles() == caller.roles())
    }

    /// Callers in one role, and those in several who may do more than callers in some of these may.
    pub(crate) fn telling_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| {
            row.caller.roles().len() == 1
                || self.deeds().any(|deed| row.grants.level(&deed) > self.by_fewer_roles(row, &deed))
        })
    }

    /// How far a caller in several roles may do this because callers in some of them may.
    pub(crate) fn by_fewer_roles(&self, row: &Row, deed: &Deed) -> Level {
        let fewer = || self.rows.iter().filter(|other| other.caller.is_in_fewer_roles_than(&row.caller));
        let best = |deed: &Deed| fewer().map(|row| row.grants.level(deed)).max().unwrap_or(Level::No);
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
