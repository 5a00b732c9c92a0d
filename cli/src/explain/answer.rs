//! The answer: the decision, what each rule said, and what may be read.

use portcullis_rules::{
    Authorizer, Decision, Denied, Identity, Item, Model, Operation, Outcome, Provider, Rule, Scope,
    Screening, Strategy,
};

/// Whether a caller may do something, and why. It holds no value of a claim or of a record, save in the scope, which
/// is shown by its fields alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) model: String,
    pub(crate) operation: Operation,
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
}

impl Said {
    /// What the rule said, in words.
    pub(crate) fn words(&self) -> String {
        match (&self.outcome, &self.rule.strategy) {
            (Reason::Said(outcome), _) => outcome.to_string(),
            (Reason::Depends, Strategy::Owner { field, .. }) => {
                format!("matches if {field} names the caller")
            }
            (Reason::Depends, Strategy::DynamicGroups { field, .. }) => {
                format!("matches if {field} names a group of the caller")
            }
            (Reason::Depends, _) => "it depends on the record".to_owned(),
        }
    }
}

impl Answer {
    /// Asks the evaluator. Without a record, an operation on a stored one is answered as far as it goes.
    pub(crate) fn of(
        identity: Option<&Identity>,
        operation: Operation,
        model: &std::sync::Arc<Model>,
        record: Option<&Item>,
    ) -> Self {
        // Whoever asks about a caller of the identity pool knows that the caller comes from it.
        let authorizer = Authorizer::new().trust_identity_pool();
        let mut answer = Self {
            model: model.name().to_owned(),
            operation,
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
                let depends = record.is_none()
                    && depends_on_record(&authorizer, identity, operation, model, &rule, &outcome);
                Said { field, rule, outcome: if depends { Reason::Depends } else { Reason::Said(outcome) } }
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
    if !matches!(outcome, Outcome::NotOwner | Outcome::NotInGroup) {
        return false;
    }
    let alone = Model::new(model.name(), model.fields().to_vec(), vec![rule.clone()]);
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
        let field = condition.field().to_owned();
        let list = matches!(condition, portcullis_rules::Condition::Contains { .. });
        let names_groups = guarding_rules(model)
            .any(|rule| matches!(&rule.strategy, Strategy::DynamicGroups { field: by, .. } if *by == field));
        let part =
            if names_groups { Part::NamingGroup { field, list } } else { Part::NamingCaller { field, list } };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
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
