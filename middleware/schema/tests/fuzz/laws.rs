//! What holds for every schema, caller, operation and record.

use std::{
    fmt,
    ops::AddAssign,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis_rules::{Authorizer, Denied, Identity, Item, Model, Operation, Rule, Scope, Screening};
use portcullis_schema::{Project, Scalar, Schema, SchemaErrorKind};
use serde_json::Value;

use crate::{
    callers::{authorizer, identity, item},
    dice::Dice,
    naive::{Answer, Naive},
    sdl,
};

/// How many callers with records each schema meets.
const CASES_A_SCHEMA: u64 = 8;

/// What has been looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// A schema's model with a caller, a stored record and an input; each stands for all operations.
    pub(crate) cases: u64,
    pub(crate) schemas: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) decisions: u64,
    pub(crate) allowed: u64,
    pub(crate) permits: u64,
    pub(crate) slowest: Duration,
}

/// A setting in which the laws are held.
pub(crate) struct Case<'a> {
    pub(crate) model: &'a Arc<Model>,
    pub(crate) authorizer: Authorizer,
    pub(crate) identity: Identity,
    pub(crate) stored: Item,
    pub(crate) input: Item,
    pub(crate) other: Item,
}

/// Reads a case from bytes, and panics where a law is broken.
pub(crate) fn hold(bytes: &[u8]) -> Tally {
    let mut dice = Dice::new(bytes);
    let mut tally = Tally { schemas: 1, ..Tally::default() };
    let text = sdl::schema(&mut dice);
    let project = project(&mut dice);
    let start = Instant::now();
    let validation = Schema::validate(&text, "schema.graphql", &project);
    tally.slowest = start.elapsed();
    assert_eq!(validation.schema().is_some(), validation.errors().is_empty(), "{text}");
    for error in validation.errors().iter().chain(validation.stricter()) {
        assert!(error.message().len() < 16 * 1024, "{text}");
    }
    let served = Schema::parse(&text, "schema.graphql");
    if let Err(errors) = &served {
        assert!(!errors.errors().is_empty() && !errors.to_string().is_empty(), "{text}");
    }
    let Some(schema) = validation.schema() else {
        tally.refused = 1;
        return tally;
    };
    tally.accepted = 1;
    the_api_is_graphql(schema, &text);

    let stored = schema.models().iter().map(|model| model.rules());
    let asked = schema.custom_fields().iter().filter_map(|field| field.rules());
    let models: Vec<&Arc<Model>> = stored.chain(asked).collect();
    let rules: Vec<&Rule> = models
        .iter()
        .flat_map(|model| {
            let of_fields = model.fields().iter().flat_map(|field| field.rules.iter().flatten());
            model.rules().iter().chain(of_fields)
        })
        .collect();
    if models.is_empty() {
        return tally;
    }
    for _ in 0..CASES_A_SCHEMA {
        let (authorizer, told) = authorizer(&mut dice);
        let case = Case {
            model: dice.one_of::<&Arc<Model>>(&models),
            authorizer,
            identity: identity(&mut dice),
            stored: item(&mut dice),
            input: item(&mut dice),
            other: item(&mut dice),
        };
        tally.cases += 1;
        case.the_answers_agree(&mut tally);
        case.a_permit_keeps_to_its_decision(&mut tally);
        tally.permits += case.requests_show_nothing_more(&mut dice);
        if let Some((populate, trust_identity_pool)) = told {
            case.the_naive_evaluator_agrees(populate, trust_identity_pool);
        }
        if !rules.is_empty() {
            case.one_more_rule_takes_nothing_away((*dice.one_of(rules.as_slice())).clone());
        }
    }
    tally
}

/// The API is written in GraphQL's language, and each type that it names is one of it.
fn the_api_is_graphql(schema: &Schema, text: &str) {
    let expanded = schema.expand();
    let sdl = expanded.to_sdl();
    let read = Schema::validate(&sdl, "appsync.graphql", &Project::default());
    assert!(read.errors().iter().all(|error| error.kind() != SchemaErrorKind::Syntax), "{text}\n{sdl}");
    if !expanded.omitted().is_empty() {
        return;
    }
    for definition in expanded.types() {
        let answers = definition.fields().iter().map(|field| &field.kind);
        let arguments = definition.fields().iter().flat_map(|field| &field.arguments);
        let inputs = arguments.chain(definition.inputs()).map(|input| &input.kind);
        for kind in answers.chain(inputs) {
            let name = kind.base();
            let is_scalar = Scalar::from_name(name).is_some() || ["BigInt", "Double"].contains(&name);
            assert!(is_scalar || expanded.type_named(name).is_some(), "{name}: {text}\n{sdl}");
        }
    }
}

fn project(dice: &mut Dice<'_>) -> Project {
    Project {
        admin_roles: dice.once_in(10),
        iam_access: dice.once_in(10),
        sandbox: dice.once_in(10),
        default_claim_has_sub: !dice.once_in(6),
        auto_index_queries: !dice.once_in(6),
        secondary_key_as_gsi: !dice.once_in(6),
        connections_follow_keys: !dice.once_in(6),
        extensions: !dice.once_in(10),
        sql: dice.once_in(30),
        ..Project::default()
    }
}

impl Case<'_> {
    /// Decision 1: one evaluator, three questions, and the explanation of the answer.
    fn the_answers_agree(&self, tally: &mut Tally) {
        let Self { model, authorizer, identity, stored, .. } = self;
        for operation in Operation::ALL {
            let allowed = authorizer.authorize(identity, operation, model, stored).is_allowed();
            tally.decisions += 1;
            tally.allowed += u64::from(allowed);
            match authorizer.screen(identity, operation, model) {
                Screening::Denied => assert!(!allowed, "{operation} {self:?}"),
                Screening::Allowed => assert!(allowed, "{operation} {self:?}"),
                Screening::NeedsItem => {}
            }
            let scope = authorizer.scope(identity, operation, model);
            if operation.is_read() {
                assert_eq!(scope.matches(stored), allowed, "{operation} {self:?}");
            } else {
                assert_eq!(scope, Scope::Nothing, "{operation} {self:?}");
            }
            let read = authorizer.permit_read(identity, operation, model);
            assert_eq!(read.is_ok(), scope != Scope::Nothing, "{operation} {self:?}");
            tally.permits += u64::from(read.is_ok());
            let load = authorizer.permit_load(identity, operation, model);
            assert!(
                load.is_ok() || operation.is_read() || operation == Operation::Create || !allowed,
                "{self:?}"
            );
            let explanation = authorizer.explain(identity, operation, model, stored);
            assert_eq!(explanation.decision.is_allowed(), allowed, "{operation} {self:?}");
            assert!(!explanation.to_string().is_empty());
        }
        let withheld = authorizer.withheld(identity, model, stored);
        assert!(withheld.iter().all(|field| model.may_withhold(field)), "{self:?}");
    }

    /// Decision 2: a permit for a write says what was decided, and holds as long as what it rests on.
    fn a_permit_keeps_to_its_decision(&self, tally: &mut Tally) {
        let Self { model, authorizer, identity, stored, input, other } = self;
        let create = authorizer.permit_create(identity, model, input.clone());
        let allowed = |operation, item| authorizer.authorize(identity, operation, model, item).is_allowed();
        assert_eq!(create.is_ok(), allowed(Operation::Create, input), "{self:?}");
        if let Ok(permit) = &create {
            let sent = input.iter().all(|(field, value)| permit.item().get(field) == Some(value));
            assert!(sent, "{self:?}");
        }
        let raced = |unchanged: &[(String, Option<Value>)]| {
            let mut raced = other.clone();
            for (field, value) in unchanged {
                match value {
                    Some(value) => raced.insert(field.clone(), value.clone()),
                    None => raced.remove(field),
                };
            }
            raced
        };
        let update =
            |stored: &Item, changes: Item| authorizer.permit_update(identity, model, stored, changes);
        let alone = |field: &String, value: &Value| Item::from_iter([(field.clone(), value.clone())]);
        match update(stored, input.clone()) {
            Ok(permit) => {
                tally.permits += 1;
                assert!(allowed(Operation::Update, stored), "{self:?}");
                assert!(update(&raced(permit.unchanged()), input.clone()).is_ok(), "{self:?}");
                for (field, value) in input {
                    assert!(update(stored, alone(field, value)).is_ok(), "{field} {self:?}");
                }
            }
            Err(Denied::Fields(fields)) => {
                assert!(!fields.is_empty());
                for field in &fields {
                    assert!(update(stored, alone(field, &input[field])).is_err(), "{field} {self:?}");
                }
                let mut rest = input.clone();
                rest.retain(|field, _| !fields.contains(field));
                // Who may only delete is refused every field that is named, and the record if none is.
                assert!(
                    update(stored, rest.clone()).is_ok() || !allowed(Operation::Update, stored),
                    "{self:?}"
                );
            }
            Err(_) => assert!(!allowed(Operation::Update, stored), "{self:?}"),
        }
        let delete = authorizer.permit_delete(identity, model, stored);
        assert_eq!(delete.is_ok(), allowed(Operation::Delete, stored), "{self:?}");
        if let Ok(permit) = delete {
            tally.permits += 1;
            let raced = raced(permit.unchanged());
            assert!(authorizer.permit_delete(identity, model, &raced).is_ok(), "{self:?}");
        }
    }

    /// The second evaluator, on the model as its fields and rules alone make it.
    fn the_naive_evaluator_agrees(&self, populate: bool, trust_identity_pool: bool) {
        let Self { authorizer, identity, stored, input, .. } = self;
        let (fields, rules) = (self.model.fields(), self.model.rules());
        if fields.is_empty() {
            return;
        }
        let model = &Arc::new(Model::new("Plain", fields.to_vec(), rules.to_vec()).unwrap());
        let naive = Naive { populate, trust_identity_pool, ..Naive::new(fields, rules) };
        let create = authorizer.permit_create(identity, model, input.clone());
        let create = answer(create.map(|permit| permit.item().clone()));
        assert_eq!(create, naive.create(identity, input), "{self:?}");
        let update = authorizer.permit_update(identity, model, stored, input.clone());
        let update = answer(update.map(|permit| permit.changes().clone()));
        assert_eq!(update, naive.update(identity, stored, input), "{self:?}");
        let delete = authorizer.permit_delete(identity, model, stored).is_ok();
        assert_eq!(delete, naive.delete(identity, stored), "{self:?}");
        for operation in Operation::ALL.into_iter().filter(|operation| operation.is_read()) {
            let plain = authorizer.authorize(identity, operation, model, stored).is_allowed();
            assert_eq!(plain, naive.read(identity, operation, stored), "{operation} {self:?}");
            let real = authorizer.authorize(identity, operation, self.model, stored).is_allowed();
            assert_eq!(real, plain, "{operation} {self:?}");
        }
        let withheld = authorizer.withheld(identity, model, stored);
        assert_eq!(withheld, naive.withheld(identity, stored), "{self:?}");
    }

    /// Decision 3: rules are alternatives. One that stands behind the others takes nothing away.
    fn one_more_rule_takes_nothing_away(&self, more: Rule) {
        let Self { authorizer, identity, stored, input, .. } = self;
        let model = |rules: Vec<Rule>| Model::new("Plain", self.model.fields().to_vec(), rules).map(Arc::new);
        let before = self.model.rules().to_vec();
        let mut longer = before.clone();
        longer.push(more);
        // The same role twice is refused.
        let (Ok(before), Ok(after)) = (model(before), model(longer)) else { return };
        for operation in Operation::ALL {
            let allowed =
                |model: &Model| authorizer.authorize(identity, operation, model, stored).is_allowed();
            assert!(allowed(&after) || !allowed(&before), "{operation} {self:?}");
        }
        let update = |model| authorizer.permit_update(identity, model, stored, input.clone()).is_ok();
        assert!(update(&after) || !update(&before), "{self:?}");
    }
}

fn answer(result: Result<Item, Denied>) -> Answer {
    match result {
        Ok(item) => Answer::Allowed(item),
        Err(Denied::Fields(fields)) => Answer::UnauthorizedOn(fields),
        Err(_) => Answer::Unauthorized,
    }
}

impl fmt::Debug for Case<'_> {
    /// All there is, for these people are made up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = self.identity.user().map(|user| user.claims().as_map());
        writeln!(f, "{:?} with {claims:?}", self.identity)?;
        writeln!(f, "stored {:?}\ninput {:?}\nother {:?}", self.stored, self.input, self.other)?;
        writeln!(f, "rules {:#?}\nfields {:#?}", self.model.rules(), self.model.fields())
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cases += other.cases;
        self.schemas += other.schemas;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.decisions += other.decisions;
        self.allowed += other.allowed;
        self.permits += other.permits;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cases with {} schemas ({} accepted, {} refused, the slowest read in {:?}): {} decisions, {} allowed; {} permits",
            self.cases,
            self.schemas,
            self.accepted,
            self.refused,
            self.slowest,
            self.decisions,
            self.allowed,
            self.permits,
        )
    }
}
