//! The answer for a person.

use std::fmt::Write;

use portcullis_rules::Provider;

use crate::{
    explain::answer::{Answer, Guard, Part, Place, Verdict},
    output::visible,
};

/// The answer in words, one line for each rule.
pub(crate) fn of(answer: &Answer) -> String {
    let verdict = match answer.verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Depends => "depends on the record",
    };
    let caller = match answer.provider {
        Some(Provider::UserPools) => "with a token of the user pool",
        Some(Provider::Oidc) => "with a token of an OpenID Connect issuer",
        Some(Provider::IdentityPool) => "with credentials of the identity pool",
        Some(Provider::ApiKey) => "with the API key",
        Some(Provider::Function) => "let in by the Lambda authorizer",
        None => "without credentials",
    };
    let (Place::Model(place) | Place::Custom(place, _)) = &answer.place;
    let mut written = format!("{verdict}: {} {} {caller}\n", answer.operation, visible(place));
    if answer.provider.is_none() {
        written.push_str("  no rule is asked: a caller without credentials is refused before\n");
    } else if answer.rules.is_empty() {
        written.push_str(match answer.place {
            Place::Custom(_, Guard::None) => {
                "  the field has no rules: it is for every token of the user pool\n"
            }
            Place::Custom(..) => "  every rule of the field needs a record, and there is none\n",
            Place::Model(_) => "  the model has no rules\n",
        });
    }
    for said in &answer.rules {
        let place = said.field.as_ref().map(|field| format!("on {} ", visible(field))).unwrap_or_default();
        let _ = writeln!(written, "  {place}{}: {}", visible(&said.rule.to_string()), visible(&said.words()));
    }
    if !answer.refused.is_empty() {
        let _ = writeln!(written, "no rule grants {} on {}", answer.operation, list(&answer.refused));
    }
    if let Some(parts) = answer.scope.as_ref().filter(|_| answer.provider.is_some()) {
        let _ = writeln!(written, "may {}: {}", answer.operation, scope(parts));
    }
    if let Some(withheld) = answer.withheld.as_ref().filter(|fields| !fields.is_empty()) {
        let _ = writeln!(written, "withheld from this record: {}", list(withheld));
    }
    if answer.verdict == Verdict::Depends {
        written.push_str("name a record with --item to decide\n");
    }
    written
}

fn scope(parts: &[Part]) -> String {
    let words = parts.iter().map(|part| match part {
        Part::Every => "every record".to_owned(),
        Part::Each(parts) => {
            let each: Vec<String> = parts.iter().map(which).collect();
            format!("records {}", each.join(" and "))
        }
        part => format!("records {}", which(part)),
    });
    let words = words.collect::<Vec<_>>().join(", and ");
    if words.is_empty() { "no record".to_owned() } else { words }
}

fn which(part: &Part) -> String {
    match part {
        Part::NamingCaller { field, list: false } => format!("whose {} is the caller", visible(field)),
        Part::NamingCaller { field, list: true } => format!("whose {} hold the caller", visible(field)),
        Part::NamingGroup { field, list: false } => {
            format!("whose {} is a group of the caller", visible(field))
        }
        Part::NamingGroup { field, list: true } => {
            format!("whose {} hold a group of the caller", visible(field))
        }
        // One condition on one field, or on all records, stands here.
        Part::Every | Part::Each(_) => String::new(),
    }
}

fn list(fields: &[String]) -> String {
    fields.iter().map(|field| visible(field)).collect::<Vec<_>>().join(", ")
}
