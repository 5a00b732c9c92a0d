//! The answer for a program; README.md describes the fields.

use portcullis_rules::{Outcome, Provider, Rule};
use serde_json::{Value, json};

use crate::explain::answer::{Answer, Part, Place, Reason, Said, Verdict};

/// The answer. Names stay as they are; more may come.
pub(crate) fn of(answer: &Answer) -> Value {
    let decision = match answer.verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Depends => "depends",
    };
    let (model, custom) = match &answer.place {
        Place::Model(model) => (Some(model), None),
        Place::Custom(field, _) => (None, Some(field)),
    };
    let mut json = json!({
        "model": model,
        "operation": answer.operation,
        "provider": answer.provider.map(Provider::name),
        "decision": decision,
        "refused": answer.refused,
        "rules": answer.rules.iter().map(rule).collect::<Vec<_>>(),
        "scope": answer.scope.as_ref().map(|parts| parts.iter().map(part).collect::<Vec<_>>()),
        "withheld": answer.withheld,
    });
    if let Some(field) = custom {
        add(&mut json, "customField", field.as_str().into());
    }
    json
}

fn add(json: &mut Value, name: &str, value: Value) {
    if let Some(members) = json.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn rule(said: &Said) -> Value {
    let (outcome, fields, claim) = match &said.outcome {
        Reason::Depends => ("dependsOnRecord", None, None),
        Reason::Said(outcome) => named(outcome),
    };
    let mut json = json!({
        "field": said.field,
        "rule": said.rule.to_string(),
        "outcome": outcome,
        "fields": fields,
        "claim": claim,
        "text": said.words(),
    });
    if let Reason::Said(Outcome::PartsFailed(failed)) = &said.outcome {
        add(&mut json, "parts", failed.iter().map(part_of_rule).collect());
    }
    json
}

fn part_of_rule((part, said): &(Rule, Outcome)) -> Value {
    let (outcome, fields, claim) = named(said);
    json!({
        "rule": part.to_string(),
        "outcome": outcome,
        "fields": fields,
        "claim": claim,
        "text": said.to_string(),
    })
}

fn named(outcome: &Outcome) -> (&'static str, Option<&[String]>, Option<&str>) {
    match outcome {
        Outcome::Matched => ("matched", None, None),
        Outcome::MatchedOn(fields) => ("matchedOn", Some(fields), None),
        Outcome::OtherProvider => ("otherProvider", None, None),
        Outcome::OtherOperation => ("otherOperation", None, None),
        Outcome::Withheld(fields) => ("withheld", Some(fields), None),
        Outcome::ClaimMissing(claim) => ("claimMissing", None, Some(claim)),
        Outcome::NotInGroup => ("notInGroup", None, None),
        Outcome::NotOwner => ("notOwner", None, None),
        Outcome::OtherIdentity => ("otherIdentity", None, None),
        Outcome::PartsFailed(_) => ("partsFailed", None, None),
        Outcome::UnknownIdentityPool => ("unknownIdentityPool", None, None),
        // The text says what it is until it has a name here.
        _ => ("other", None, None),
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Every => json!({"records": "every"}),
        Part::NamingCaller { field, list } => {
            json!({"records": "namingCaller", "field": field, "list": list})
        }
        Part::NamingGroup { field, list } => json!({"records": "namingGroup", "field": field, "list": list}),
        Part::Each(parts) => {
            json!({"records": "each", "of": parts.iter().map(self::part).collect::<Vec<_>>()})
        }
    }
}
