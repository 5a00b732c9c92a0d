//! What deviations say of a case that no pattern can.

use std::collections::BTreeSet;

use portcullis::rules::Strategy;
use portcullis_schema::{ModelType, Origin};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    comparison::How,
    deviations::Asked,
    sdl::{self, argument, texts},
};

/// Something that is true of a case or not.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fact {
    /// The claim that a rule with a list of groups looks at is a string in which the name of one of them stands, and more.
    GroupWithinText,
    /// A claim that an owner rule looks at is an empty string.
    EmptyClaim,
    /// A claim that an owner rule looks at is neither a string nor absent.
    ClaimIsNoText,
    /// The fields that are withheld, or the one that is refused, are fields of models and have rules of their own, and the reference
    /// makes no resolver that would ask about them: by its plan nobody who gets the record is kept from them.
    UnaskedFields,
    /// A private rule names groups, and the caller is in none of them.
    OutsidePrivateGroups,
    /// The field is answered by a function, and has no rules.
    UnguardedFunction,
    /// The field has rules, and each of them looks for the caller in a record, where there is none.
    RulesNeedARecord,
    /// A subscription names the caller by an argument in a form that is not the last part of the claim.
    OwnerInAnotherForm,
    /// An update holds the key, implied foreign keys, and nothing else.
    ForeignKeysAlone,
    /// The input holds an implied foreign key that a rule of the model looks into.
    ForeignKeyDecides,
    /// The name of an administrator's role stands in the caller's ARN, but is not the whole name of its role.
    AdminNameWithinArn,
}

impl Fact {
    pub(crate) fn is_true(self, asked: Asked<'_>) -> bool {
        match self {
            Self::GroupWithinText => group_within_text(asked),
            Self::EmptyClaim => owner_claims(asked).any(|value| value == ""),
            Self::ClaimIsNoText => owner_claims(asked).any(|value| !value.is_string() && !value.is_null()),
            Self::UnaskedFields => unasked_fields(asked),
            Self::OutsidePrivateGroups => outside_private_groups(asked),
            Self::UnguardedFunction => custom_rules(asked) == Some(None),
            Self::RulesNeedARecord => custom_rules(asked) == Some(Some(0)),
            Self::OwnerInAnotherForm => owner_in_another_form(asked),
            Self::ForeignKeysAlone => foreign_keys_alone(asked),
            Self::ForeignKeyDecides => foreign_key_decides(asked),
            Self::AdminNameWithinArn => admin_name_within_arn(asked),
        }
    }
}

fn claim<'a>(asked: Asked<'a>, name: &str) -> Option<&'a Value> {
    asked.case.pointer("/identity/claims")?.get(name)
}

fn group_within_text(asked: Asked<'_>) -> bool {
    sdl::rules(asked.schema).iter().any(|rule| {
        let held = claim(asked, argument(rule, "groupClaim").unwrap_or("cognito:groups"));
        let Some((text, groups)) = held.and_then(Value::as_str).zip(argument(rule, "groups")) else {
            return false;
        };
        texts(groups).iter().any(|group| text.contains(group) && text != *group)
    })
}

/// The values of the claims that owner rules look at.
fn owner_claims(asked: Asked<'_>) -> impl Iterator<Item = &Value> {
    let names = claim_names(asked.schema).into_iter().flatten();
    names.filter_map(move |name| claim(asked, &name))
}

/// The claims of each owner rule, as it names them.
fn claim_names(schema: &str) -> Vec<Vec<String>> {
    let rules = sdl::rules(schema);
    let owners = rules.iter().filter(|rule| argument(rule, "allow") == Some("owner"));
    let names = owners.map(|rule| {
        let name = argument(rule, "identityClaim").unwrap_or("sub::username");
        name.split("::").map(str::to_owned).collect()
    });
    names.collect()
}

fn unasked_fields(asked: Asked<'_>) -> bool {
    let Some((schema, (parent, field))) = sdl::read(asked.schema).zip(named(asked)) else {
        return false;
    };
    // Of an owner who is shown by the last part of a claim, a resolver of another kind takes the place of that which asks.
    let is_shown_in_part = |name: &str| {
        let rules = sdl::rules(asked.schema);
        rules.iter().any(|rule| {
            argument(rule, "allow") == Some("owner")
                && argument(rule, "ownerField").unwrap_or("owner") == name
                && argument(rule, "identityClaim").is_none_or(|claim| claim.contains("::"))
        })
    };
    let is_unasked = |model: &ModelType, name: &str| {
        let guarded = model.rules().fields().iter().any(|field| field.name == name && field.rules.is_some());
        guarded && (!model.rules().is_kept_from_some(name) || parent == "Mutation" && is_shown_in_part(name))
    };
    match asked.change.how {
        How::Withheld => {
            let fields = &asked.change.fields;
            let is_of_some = |field: &String| schema.models().iter().any(|model| is_unasked(model, field));
            !fields.is_empty() && fields.iter().all(is_of_some)
        }
        _ => schema.model(parent).is_some_and(|model| is_unasked(model, field)),
    }
}

/// Whether some private rule names groups, and the caller is in none of them.
fn outside_private_groups(asked: Asked<'_>) -> bool {
    sdl::rules(asked.schema).iter().any(|rule| {
        let groups = argument(rule, "groups").map(texts).unwrap_or_default();
        let held = claim(asked, argument(rule, "groupClaim").unwrap_or("cognito:groups"));
        let is_in = |group: &&str| match held {
            Some(Value::Array(held)) => held.iter().any(|held| held == *group),
            Some(held) => held == *group,
            None => false,
        };
        argument(rule, "allow") == Some("private") && !groups.is_empty() && !groups.iter().any(is_in)
    })
}

/// The type and the name of the field.
fn named<'a>(asked: Asked<'a>) -> Option<(&'a str, &'a str)> {
    asked.case.get("field")?.as_str()?.split_once('.')
}

/// How many rules a field has that is not one of a model, if it has `@auth`.
fn custom_rules(asked: Asked<'_>) -> Option<Option<usize>> {
    let (parent, field) = named(asked)?;
    let schema = sdl::read(asked.schema)?;
    let field = schema.custom_field(parent, field)?;
    Some(field.rules().map(|rules| rules.rules().len()))
}

fn owner_in_another_form(asked: Asked<'_>) -> bool {
    let given = asked.case.get("args").and_then(Value::as_object).into_iter().flatten();
    let given: Vec<&str> =
        given.filter(|(name, _)| *name != "filter").filter_map(|(_, value)| value.as_str()).collect();
    claim_names(asked.schema).iter().any(|names| {
        let text = |name: &String| {
            let other = if name == "username" { claim(asked, "cognito:username") } else { None };
            claim(asked, name).or(other)?.as_str()
        };
        let values: Option<Vec<&str>> = names.iter().map(text).collect();
        values.is_some_and(|values| {
            let joined = values.join("::");
            let forms = || values.iter().copied().chain([joined.as_str()]);
            let last = values.last().copied();
            given.iter().any(|given| forms().any(|form| form == *given) && Some(*given) != last)
        })
    })
}

fn foreign_keys_alone(asked: Asked<'_>) -> bool {
    let Some((schema, (_, field))) = sdl::read(asked.schema).zip(named(asked)) else {
        return false;
    };
    let input = asked.case.pointer("/args/input").and_then(Value::as_object);
    let is_meant = |model: &&ModelType| model.api().update.as_deref() == Some(field);
    let Some((model, input)) = schema.models().iter().find(is_meant).zip(input) else {
        return false;
    };
    let is_implied =
        |name: &str| model.field(name).is_some_and(|field| field.origin() == Origin::ImpliedForeignKey);
    let keys: BTreeSet<&str> = model.key().fields().collect();
    input.keys().any(|name| is_implied(name))
        && input.keys().all(|name| keys.contains(name.as_str()) || is_implied(name))
}

fn foreign_key_decides(asked: Asked<'_>) -> bool {
    let Some((schema, (_, field))) = sdl::read(asked.schema).zip(named(asked)) else {
        return false;
    };
    let input = asked.case.pointer("/args/input").and_then(Value::as_object);
    let is_meant = |model: &&ModelType| {
        [&model.api().create, &model.api().update].into_iter().any(|name| name.as_deref() == Some(field))
    };
    let Some((model, input)) = schema.models().iter().find(is_meant).zip(input) else {
        return false;
    };
    let of_fields = model.rules().fields().iter().filter_map(|field| field.rules.as_ref()).flatten();
    let looked_into: BTreeSet<&str> = model
        .rules()
        .rules()
        .iter()
        .chain(of_fields)
        .filter_map(|rule| match &rule.strategy {
            Strategy::Owner { field, .. } | Strategy::DynamicGroups { field, .. } => Some(field.as_str()),
            _ => None,
        })
        .collect();
    input.keys().any(|name| {
        looked_into.contains(name.as_str())
            && model.field(name).is_some_and(|field| field.origin() == Origin::ImpliedForeignKey)
    })
}

fn admin_name_within_arn(asked: Asked<'_>) -> bool {
    let names = asked.case.pointer("/synth/adminRoles").and_then(Value::as_array);
    let arn = asked.case.pointer("/identity/userArn").and_then(Value::as_str);
    let Some((names, arn)) = names.zip(arn) else {
        return false;
    };
    let role = arn.split_once(":assumed-role/").map(|(_, role)| role).unwrap_or_default();
    let is_whole =
        |name: &str| role == name || role.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    let names = || names.iter().filter_map(Value::as_str);
    names().any(|name| arn.contains(name)) && !names().any(is_whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::comparison::Change;

    fn is_true(fact: Fact, case: Value, schema: &str, how: How, fields: &[&str]) -> bool {
        let change = Change { how, fields: fields.iter().map(|field| (*field).to_owned()).collect() };
        fact.is_true(Asked { case: &case, schema, expected: &Value::Null, change: &change })
    }

    fn user(claims: Value) -> Value {
        json!({"identity": {"kind": "userPools", "claims": claims}})
    }

    #[test]
    fn facts_of_claims_hold_for_the_claims_that_rules_look_at() {
        let groups = "type N @model @auth(rules: [{allow: groups, groups: [\"Admin\"]}]) { id: ID! }";
        let owner = "type N @model @auth(rules: [{allow: owner, identityClaim: \"email\"}]) { id: ID! }";
        let groups_claim = |value: Value| user(json!({"cognito:groups": value, "other": "SuperAdmin"}));
        let table = [
            (Fact::GroupWithinText, groups_claim(json!("SuperAdmins")), groups, true),
            (Fact::GroupWithinText, groups_claim(json!("Admin")), groups, false),
            (Fact::GroupWithinText, groups_claim(json!(["SuperAdmins"])), groups, false),
            (Fact::GroupWithinText, groups_claim(json!("Editors")), groups, false),
            (Fact::EmptyClaim, user(json!({"email": "", "sub": "u"})), owner, true),
            (Fact::EmptyClaim, user(json!({"email": "a", "sub": ""})), owner, false),
            (Fact::ClaimIsNoText, user(json!({"email": ["a"]})), owner, true),
            (Fact::ClaimIsNoText, user(json!({"sub": ["a"]})), owner, false),
        ];
        for (fact, case, schema, expected) in table {
            assert_eq!(is_true(fact, case.clone(), schema, How::Refused, &[]), expected, "{fact:?} {case}");
        }
    }

    #[test]
    fn the_reference_asks_about_fields_that_some_are_kept_from() {
        let schema = "type N @model @auth(rules: [{allow: owner}, {allow: public}]) { id: ID! t: String
            s: String @auth(rules: [{allow: owner}]) u: String @auth(rules: [{allow: owner}, {allow: public}])
            owner: String @auth(rules: [{allow: owner}]) }";
        let unasked = |field: &str, fields: &[&str]| {
            let how = if fields.is_empty() { How::Refused } else { How::Withheld };
            is_true(Fact::UnaskedFields, json!({"field": field}), schema, how, fields)
        };
        let table: [(&str, &[&str], bool); 8] = [
            ("Query.getN", &["u"], true),
            ("Query.getN", &["u", "s"], false),
            ("Query.getN", &["t"], false),
            ("Query.getN", &["owner"], false),
            ("Mutation.createN", &["owner"], true),
            ("N.u", &[], true),
            ("N.s", &[], false),
            ("Query.getN", &[], false),
        ];
        for (field, fields, expected) in table {
            assert_eq!(unasked(field, fields), expected, "{field} {fields:?}");
        }
    }

    #[test]
    fn private_groups_shut_out_whom_they_do_not_name() {
        let schema = "type N @model @auth(rules: [{allow: private, groups: [\"A\", \"B\"]}]) { id: ID! }";
        let outside = |groups: Value| {
            is_true(
                Fact::OutsidePrivateGroups,
                user(json!({"cognito:groups": groups})),
                schema,
                How::Refused,
                &[],
            )
        };
        assert!(
            outside(json!(["C"]))
                && outside(Value::Null)
                && !outside(json!(["C", "B"]))
                && !outside(json!("A"))
        );
    }

    #[test]
    fn functions_are_told_by_their_rules() {
        let schema = "type Query { a: String @function(name: \"f\") b: String @function(name: \"f\") @auth(rules: [{allow: owner}]) }";
        let holds = |fact, field: &str| is_true(fact, json!({"field": field}), schema, How::Refused, &[]);
        assert!(holds(Fact::UnguardedFunction, "Query.a") && !holds(Fact::UnguardedFunction, "Query.b"));
        assert!(holds(Fact::RulesNeedARecord, "Query.b") && !holds(Fact::RulesNeedARecord, "Query.a"));
    }

    #[test]
    fn requests_are_told_by_what_they_send() {
        let schema = "type B @model @auth(rules: [{allow: owner}]) { id: ID! ps: [P] @hasMany }
            type P @model @auth(rules: [{allow: owner}]) { id: ID! t: String b: B @belongsTo }";
        let update = |input: Value| {
            let case = json!({"field": "Mutation.updateP", "args": {"input": input}});
            is_true(Fact::ForeignKeysAlone, case, schema, How::Refused, &[])
        };
        assert!(update(json!({"id": "1", "bPsId": "2"})));
        assert!(!update(json!({"id": "1"})) && !update(json!({"id": "1", "bPsId": "2", "t": "a"})));
        let listen = |owner: &str| {
            let case =
                json!({"args": {"owner": owner}, "identity": {"claims": {"sub": "u1", "username": "ann"}}});
            is_true(Fact::OwnerInAnotherForm, case, schema, How::Undelivered, &[])
        };
        assert!(listen("u1") && listen("u1::ann") && !listen("ann") && !listen("bob"));
        let call = |arn: &str| {
            let case = json!({"synth": {"adminRoles": ["ops"]}, "identity": {"userArn": arn}});
            is_true(Fact::AdminNameWithinArn, case, schema, How::Refused, &[])
        };
        assert!(call("arn:aws:sts::1:assumed-role/devops/s") && !call("arn:aws:sts::1:assumed-role/ops/s"));
        assert!(!call("arn:aws:sts::1:assumed-role/other/s"));
    }
}
