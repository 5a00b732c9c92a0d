//! The answer: the decision, what each rule said, and what may be read.

use std::sync::Arc;

use portcullis_rules::{
    Authorizer, Condition, Decision, Denied, Field, Identity, Item, Model, Operation, Operations, Outcome,
    Provider, Rule, Scope, Screening, Strategy,
};
use portcullis_schema::CustomField;

/// Whether a caller may do something, and why. It holds no value of a claim or of a record, save in the scope, which
/// is shown by its fields alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The model, or `Query.hello` for a field that a handler answers.
    pub(crate) place: Place,
    /// The operation; for a field that a handler answers, `call` or `read`.
    pub(crate) operation: &'static str,
    /// How the caller came in; `None` without credentials.
    pub(crate) provider: Option<Provider>,
    pub(crate) verdict: Verdict,
    /// Fields of a new record that no rule lets the caller send.
    pub(crate) refused: Vec<String>,
    /// Every rule of the model and then those of its fields. Empty without credentials: nothing is asked.
    pub(crate) rules: Vec<Said>,
    /// For an operation that reads: the records that the caller may read by it.
    pub(crate) scope: Option<Vec<Part>>,
    /// For an operation that reads, of a record that was given: the fields that the caller may not see.
    pub(crate) withheld: Option<Vec<String>>,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Model(String),
    /// A field that a handler answers, with how it is guarded.
    Custom(String, Guard),
}

/// How a field that a handler answers is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    Rules,
    /// Every rule needs a record, of which there is none.
    NoUsableRule,
    /// There is no `@auth`.
    None,
}

/// Yes, no, or that it takes a record to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    Denied,
    /// No record was given and the answer depends on it.
    Depends,
}

/// What one rule said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    /// The field that the rule guards; `None` for a rule of the model.
    pub(crate) field: Option<String>,
    pub(crate) rule: Rule,
    pub(crate) outcome: Reason,
}

/// What a rule said, or that it takes a record to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reason {
    Said(Outcome),
    Depends,
}

/// Some of the records of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of them.
    Every,
    /// Those whose field names the caller.
    NamingCaller { field: String, list: bool },
    /// Those whose field names a group of the caller.
    NamingGroup { field: String, list: bool },
    /// Those that are in each of these parts.
    Each(Vec<Part>),
}

impl Said {
    /// What the rule said, in words.
    pub(crate) fn words(&self) -> String {
        if let Reason::Said(outcome) = &self.outcome {
            return outcome.to_string();
        }
        let needed = self.rule.strategy.parts().iter().filter_map(|part| match part {
            Strategy::Owner { field, .. } => Some(format!("{field} names the caller")),
            Strategy::DynamicGroups { field, .. } => Some(format!("{field} names a group of the caller")),
            _ => None,
        });
        format!("matches if {}", needed.collect::<Vec<_>>().join(" and "))
    }
}

impl Answer {
    /// Whether the answer about a stored record can depend on it. It does not for those without credentials, and for those whom every
    /// rule refuses whatever the record holds.
    pub(crate) fn takes_a_record(identity: Option<&Identity>, operation: Operation, model: &Model) -> bool {
        let screen = |identity| Authorizer::new().trust_identity_pool().screen(identity, operation, model);
        identity.is_some_and(|identity| screen(identity) != Screening::Denied)
    }

    /// Asks the evaluator. Without a record, an operation on a stored one is answered as far as it goes.
    pub(crate) fn of(
        identity: Option<&Identity>,
        operation: Operation,
        model: &Arc<Model>,
        record: Option<&Item>,
    ) -> Self {
        // Whoever asks about a caller of the identity pool knows that the caller comes from it.
        let authorizer = Authorizer::new().trust_identity_pool();
        let mut answer = Self {
            place: Place::Model(model.name().to_owned()),
            operation: operation.name(),
            provider: identity.map(Identity::provider),
            verdict: Verdict::Denied,
            refused: Vec::new(),
            rules: Vec::new(),
            scope: operation.is_read().then(Vec::new),
            withheld: None,
        };
        let Some(identity) = identity else {
            return answer;
        };
        let nothing = Item::new();
        // A new record is what is sent; to send nothing is to send an empty one.
        let record = record.or_else(|| (operation == Operation::Create).then_some(&nothing));
        let explanation = authorizer.explain(identity, operation, model, record.unwrap_or(&nothing));
        answer.verdict = match record {
            Some(_) => explanation.decision.into(),
            None => authorizer.screen(identity, operation, model).into(),
        };
        if operation == Operation::Create
            && let Some(input) = record
            && let Err(Denied::Fields(fields)) = authorizer.permit_create(identity, model, input.clone())
        {
            answer.refused = fields;
        }
        answer.rules = guarded(model)
            .into_iter()
            .zip(explanation.rules)
            .map(|(field, (rule, outcome))| {
                let depends = |rule: &Rule, outcome: &Outcome| {
                    record.is_none()
                        && depends_on_record(&authorizer, identity, operation, model, rule, outcome)
                };
                let outcome = match outcome {
                    outcome if depends(&rule, &outcome) => Reason::Depends,
                    Outcome::PartsFailed(mut parts) => {
                        parts.retain(|(part, outcome)| !depends(part, outcome));
                        Reason::Said(Outcome::PartsFailed(parts))
                    }
                    outcome => Reason::Said(outcome),
                };
                Said { field, rule, outcome }
            })
            .collect();
        if operation.is_read() {
            answer.scope = Some(parts(&authorizer.scope(identity, operation, model), model));
            let decided = record.is_some() && explanation.decision.is_allowed();
            answer.withheld = decided.then_some(explanation.withheld);
        }
        answer
    }
}

impl Answer {
    /// The same for an update that is known: whoever may change the record may not yet set, or remove, each field.
    pub(crate) fn for_changes(
        mut self,
        identity: &Identity,
        model: &Arc<Model>,
        record: &Item,
        changes: Item,
    ) -> Self {
        let authorizer = Authorizer::new().trust_identity_pool();
        match authorizer.permit_update(identity, model, record, changes) {
            Ok(_) => self.verdict = Verdict::Allowed,
            Err(denied) => {
                self.verdict = Verdict::Denied;
                if let Denied::Fields(fields) = denied {
                    self.refused = fields;
                }
            }
        }
        self
    }
}

impl Answer {
    /// Asks the evaluator about a field that a handler answers. There is no record, so that rules which need one are not
    /// among those of the field.
    pub(crate) fn of_call(identity: Option<&Identity>, field: &CustomField) -> Self {
        let authorizer = Authorizer::new().trust_identity_pool();
        let rules = field.rules();
        let guard = match rules {
            None => Guard::None,
            Some(rules) if rules.rules().is_empty() => Guard::NoUsableRule,
            Some(_) => Guard::Rules,
        };
        let is_called = matches!(field.type_name(), "Query" | "Mutation" | "Subscription");
        let mut answer = Self {
            place: Place::Custom(format!("{}.{}", field.type_name(), field.name()), guard),
            operation: if is_called { "call" } else { "read" },
            provider: identity.map(Identity::provider),
            verdict: Verdict::Denied,
            refused: Vec::new(),
            rules: Vec::new(),
            scope: None,
            withheld: None,
        };
        let Some(identity) = identity else {
            return answer;
        };
        if authorizer.permit_invoke(identity, rules, Provider::UserPools).is_ok() {
            answer.verdict = Verdict::Allowed;
        }
        if let Some(rules) = rules {
            let explanation = authorizer.explain(identity, Operation::Get, rules, &Item::new());
            let said = explanation.rules.into_iter().map(|(rule, outcome)| Said {
                field: None,
                // Whichever operations a rule of such a field grants, it is for calling it.
                rule: rule.operations(Operations::ALL),
                outcome: Reason::Said(outcome),
            });
            answer.rules = said.collect();
        }
        answer
    }
}

/// The field that each rule guards, in the order of an explanation.
fn guarded(model: &Model) -> Vec<Option<String>> {
    let of_fields = model
        .fields()
        .iter()
        .flat_map(|field| field.rules.iter().flatten().map(|_| Some(field.name.clone())));
    model.rules().iter().map(|_| None).chain(of_fields).collect()
}

/// Whether a rule that did not match an absent record would match some record.
fn depends_on_record(
    authorizer: &Authorizer,
    identity: &Identity,
    operation: Operation,
    model: &Model,
    rule: &Rule,
    outcome: &Outcome,
) -> bool {
    if !matches!(outcome, Outcome::NotOwner | Outcome::NotInGroup | Outcome::PartsFailed(_)) {
        return false;
    }
    let fields = model.fields().iter().map(|field| Field { rules: None, ..field.clone() }).collect();
    let alone = Model::new(model.name(), fields, vec![rule.clone()]);
    alone.is_ok_and(|alone| authorizer.screen(identity, operation, &alone) == Screening::NeedsItem)
}

fn parts(scope: &Scope, model: &Model) -> Vec<Part> {
    let conditions = match scope {
        Scope::Nothing => return Vec::new(),
        Scope::Everything => return vec![Part::Every],
        Scope::Any(conditions) => conditions,
    };
    let mut parts = Vec::new();
    for condition in conditions {
        let part = part(condition, model);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

fn part(condition: &Condition, model: &Model) -> Part {
    let (field, list) = match condition {
        Condition::OneOf { field, .. } => (field.clone(), false),
        Condition::Contains { field, .. } => (field.clone(), true),
        Condition::All(conditions) => {
            return Part::Each(conditions.iter().map(|condition| part(condition, model)).collect());
        }
    };
    let names_groups = guarding_rules(model)
        .flat_map(|rule| rule.strategy.parts())
        .any(|part| matches!(part, Strategy::DynamicGroups { field: by, .. } if *by == field));
    if names_groups { Part::NamingGroup { field, list } } else { Part::NamingCaller { field, list } }
}

fn guarding_rules(model: &Model) -> impl Iterator<Item = &Rule> {
    model.rules().iter().chain(model.fields().iter().flat_map(|field| field.rules.iter().flatten()))
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        if decision.is_allowed() { Self::Allowed } else { Self::Denied }
    }
}

impl From<Screening> for Verdict {
    fn from(screening: Screening) -> Self {
        match screening {
            Screening::Denied => Self::Denied,
            Screening::Allowed => Self::Allowed,
            Screening::NeedsItem => Self::Depends,
        }
    }
}
