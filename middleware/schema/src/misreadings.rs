//! What the reference takes in silence and reads in a way that its author may not have meant.

use apollo_compiler::ast::ObjectTypeDefinition;
use portcullis_rules::Strategy;

use crate::{
    PrimaryKey,
    api_names::Timestamps,
    arguments::Spanned,
    auth_checks::Place,
    auth_rule::AuthRule,
    auth_words::Allow,
    fields::ReadField,
    implied_fields::{ID, Placed},
    links::Linked,
    report::{Report, shortened},
    source::Span,
    syntax::directive_span,
};

/// Refuses what is easily misread in a rule, each with what it would do.
pub(crate) fn check(rule: &AuthRule, place: Place, report: &mut Report<'_>) {
    for oddity in &rule.oddities {
        report.refused(oddity.span.clone(), format!("{} means as much as leaving it out", oddity.value));
    }
    let allow = rule.allow.value;
    let span = |argument: &Option<Spanned<String>>| argument.as_ref().map(|argument| argument.span.clone());
    let groups = rule.groups.as_ref().map(|groups| groups.span.clone());
    let is_both = rule.groups.is_some() && rule.groups_field.is_some();
    if allow != Allow::Groups && !is_both {
        let strategy = allow.name();
        if let Some(span) = groups {
            let message = format!(
                "`groups` turns an `allow: {strategy}` rule into one for these groups; write `allow: groups` if that is meant"
            );
            report.refused(span, message);
        }
        misplaced(span(&rule.groups_field), "groupsField", allow, "groups", report);
    }
    if allow != Allow::Owner {
        misplaced(span(&rule.owner_field), "ownerField", allow, "owner", report);
    }
    // Of these two the reference refuses the rest itself.
    if !matches!(allow, Allow::Owner | Allow::Groups) {
        misplaced(span(&rule.identity_claim), "identityClaim", allow, "owner", report);
        misplaced(span(&rule.group_claim), "groupClaim", allow, "groups", report);
    }
    if let Some(claim) = &rule.identity_claim
        && claim.value.split("::").any(str::is_empty)
    {
        report.refused(claim.span.clone(), "an `identityClaim` with an empty part admits nobody");
    }
    if matches!(place, Place::Root | Place::ObjectField) && rule.needs_record() {
        let message = "no record stands behind this field, so that the rule would admit nobody";
        report.refused(rule.allow.span.clone(), message);
    }
}

/// Refuses timestamps that the server would write over what says which record it is, or to which others it belongs.
pub(crate) fn check_timestamps(
    object: &ObjectTypeDefinition,
    timestamps: &Timestamps,
    key: &PrimaryKey,
    linked: &Linked,
    report: &mut Report<'_>,
) {
    let Some(span) = object.directives.get("model").map(directive_span) else {
        return;
    };
    let mut refuse = |name: &str, problem: &str| {
        report.refused(span.clone(), format!("`{}` cannot be a timestamp: {problem}", shortened(name)));
    };
    if let Some(name) = &timestamps.created_at
        && timestamps.updated_at.as_ref() == Some(name)
    {
        refuse(name, "it would hold both, so that the time of creation is lost");
    }
    let of_relations = || {
        let pairs = linked.connections.iter().flat_map(|connection| &connection.pairs);
        let implied = linked.foreign_keys.iter().map(|foreign_key| foreign_key.name.as_str());
        implied.chain(pairs.map(|(here, _)| here.as_str()))
    };
    for name in timestamps.names() {
        if key.fields().any(|field| field == name) {
            // A time of creation never changes, so that it may be part of a key, where the client chooses it.
            if name == ID || timestamps.updated_at.as_deref() == Some(name) {
                refuse(name, "it is part of the key");
            }
        } else if of_relations().any(|field| field == name) {
            refuse(name, "it says to which record of a relation this one belongs");
        }
    }
}

/// Refuses a `@default` on a field that not everybody may set: it is filled in before anybody asks who may.
pub(crate) fn check_default(
    read: &ReadField<'_>,
    rules: &[Placed],
    is_guarded: bool,
    report: &mut Report<'_>,
) {
    let Some(directive) = read.definition.directives.get("default") else {
        return;
    };
    let names_owner =
        |strategy: &Strategy| matches!(strategy, Strategy::Owner { field, .. } if field == read.name());
    let is_owner = rules.iter().flat_map(|placed| placed.rule.strategy.parts()).any(names_owner);
    let why = match (is_owner, is_guarded) {
        (true, _) => "names the owner, and whoever is not called like that",
        (false, true) => "has rules of its own, and whoever they do not admit",
        (false, false) => return,
    };
    let name = shortened(read.name());
    let message = format!("`{name}` {why} could not make a record, since `@default` sets it for everybody");
    report.refused(directive_span(directive), message);
}

fn misplaced(span: Option<Span>, argument: &str, allow: Allow, of: &str, report: &mut Report<'_>) {
    if let Some(span) = span {
        let message = format!(
            "`{argument}` says nothing in an `allow: {}` rule; it belongs to `allow: {of}`",
            allow.name()
        );
        report.refused(span, message);
    }
}
