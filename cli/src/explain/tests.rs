use std::sync::Arc;

use portcullis_rules::{
    Claims, Field, FunctionCaller, IamCaller, Identity, Item, Model, Operations, Provider, Rule, User,
    VerifiedBy,
};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Verdict},
    *,
};

fn note(fields: Vec<Field>, rules: Vec<Rule>) -> Arc<Model> {
    Arc::new(Model::new("Note", fields, rules).unwrap())
}

fn object(value: Value) -> Item {
    value.as_object().unwrap().clone()
}

fn ann() -> Identity {
    let claims = json!({"sub": "sub-of-ann", "username": "name-of-ann", "cognito:groups": ["group-of-ann"]});
    User::user_pools(Claims::from(object(claims)), VerifiedBy::Portcullis).into()
}

fn text_of(
    identity: Option<&Identity>,
    operation: Operation,
    model: &Arc<Model>,
    record: Option<Value>,
) -> String {
    text::of(&Answer::of(identity, operation, model, record.map(object).as_ref()))
}

#[test]
fn with_a_record_each_rule_says_whether_it_matched() {
    let model = note(
        vec![],
        vec![Rule::owner(), Rule::groups(["editors"]).operations(Operation::Get), Rule::public()],
    );
    let expected = "\
denied: update Note with a token of the user pool
  { allow: owner }: the record names another owner, or none
  { allow: groups, groups: [\"editors\"], operations: [get] }: it does not grant this operation
  { allow: public }: the caller came in another way
";
    let of_bob = json!({"owner": "u2::bob"});
    assert_eq!(text_of(Some(&ann()), Operation::Update, &model, Some(of_bob)), expected);
    let of_ann = json!({"owner": "sub-of-ann::name-of-ann"});
    let said = text_of(Some(&ann()), Operation::Update, &model, Some(of_ann));
    assert!(
        said.starts_with("allowed: update Note") && said.contains("{ allow: owner }: matched\n"),
        "{said}"
    );
}

#[test]
fn without_a_record_the_answer_goes_as_far_as_it_can() {
    let model = note(vec![Field::list("teams")], vec![Rule::owner(), Rule::groups_in("teams")]);
    let expected = "\
depends on the record: get Note with a token of the user pool
  { allow: owner }: matches if owner names the caller
  { allow: groups, groupsField: \"teams\" }: matches if teams names a group of the caller
may get: records whose owner is the caller, and records whose teams hold a group of the caller
name a record with --item to decide
";
    assert_eq!(text_of(Some(&ann()), Operation::Get, &model, None), expected);

    let nameless = User::user_pools(Claims::default(), VerifiedBy::Portcullis).into();
    let expected = "\
denied: get Note with a token of the user pool
  { allow: owner }: the token has no usable claim `sub`
  { allow: groups, groupsField: \"teams\" }: the token has no usable claim `cognito:groups`
may get: no record
";
    assert_eq!(text_of(Some(&nameless), Operation::Get, &model, None), expected);
}

#[test]
fn a_rule_of_a_field_says_which_field_and_what_is_withheld() {
    let secret = Field::new("secret").guarded(vec![Rule::groups(["admins"])]);
    let model = note(
        vec![Field::new("title"), secret],
        vec![Rule::owner(), Rule::private().operations(Operations::READ)],
    );
    let record = json!({"owner": "u2::bob", "title": "t", "secret": "s"});
    let expected = "\
allowed: get Note with a token of the user pool
  { allow: owner }: the record names another owner, or none
  { allow: private, operations: [read] }: matched, on title only
  on secret { allow: groups, groups: [\"admins\"] }: the caller is not in the group
may get: every record
withheld from this record: secret
";
    assert_eq!(text_of(Some(&ann()), Operation::Get, &model, Some(record)), expected);
    let answer = Answer::of(
        Some(&ann()),
        Operation::Create,
        &model,
        Some(&object(json!({"title": "t", "secret": "s"}))),
    );
    assert_eq!((answer.verdict, answer.refused), (Verdict::Denied, vec!["secret".to_owned()]));
}

#[test]
fn every_kind_of_caller_is_answered() {
    let pool = Provider::IdentityPool;
    let guest = |authenticated| {
        Identity::Iam(IamCaller { authenticated: Some(authenticated), ..IamCaller::default() })
    };
    let table = [
        (Some(Identity::ApiKey), Rule::public(), "allowed: get Note with the API key"),
        (Some(Identity::ApiKey), Rule::private(), "denied: get Note with the API key"),
        (
            Some(guest(true)),
            Rule::private().provider(pool),
            "allowed: get Note with credentials of the identity pool",
        ),
        (
            Some(guest(false)),
            Rule::private().provider(pool),
            "denied: get Note with credentials of the identity pool",
        ),
        (
            Some(Identity::Function(FunctionCaller::default())),
            Rule::custom(),
            "allowed: get Note let in by the Lambda authorizer",
        ),
        (None, Rule::public(), "denied: get Note without credentials"),
    ];
    for (identity, rule, expected) in table {
        let said = text_of(identity.as_ref(), Operation::Get, &note(vec![], vec![rule]), None);
        assert_eq!(said.lines().next(), Some(expected));
    }
}

#[test]
fn no_form_of_the_answer_repeats_a_value() {
    let model = note(
        vec![Field::list("teams")],
        vec![Rule::owner(), Rule::groups_in("teams"), Rule::groups(["editors"]), Rule::private()],
    );
    let record =
        json!({"owner": "sub-of-ann::name-of-ann", "teams": ["group-of-ann"], "title": "title-of-ann"});
    for operation in Operation::ALL {
        for record in [None, Some(object(record.clone()))] {
            let answer = Answer::of(Some(&ann()), operation, &model, record.as_ref());
            for written in [text::of(&answer), json::of(&answer).to_string(), format!("{answer:?}")] {
                assert!(!written.contains("of-ann"), "{written}");
            }
        }
    }
}

/// What is said of a rule of which a part fails.
fn answer_of_and() -> Value {
    let rule = Rule::all([Rule::owner().strategy, Rule::groups(["editors"]).strategy]);
    let answer = Answer::of(Some(&ann()), Operation::Get, &note(vec![], vec![rule]), None);
    json::of(&answer)["rules"][0].take()
}

#[test]
fn an_and_depends_on_the_record_by_the_parts_that_look_into_it() {
    let teams = Rule::groups_in("teams").strategy;
    let rule = Rule::all([Rule::owner().strategy, Rule::private().strategy, teams.clone()]);
    let model = note(vec![Field::list("teams")], vec![rule]);
    let expected = "\
depends on the record: get Note with a token of the user pool
  { and: [{ allow: owner }, { allow: private }, { allow: groups, groupsField: \"teams\" }] }: \
matches if owner names the caller and teams names a group of the caller
may get: records whose owner is the caller and whose teams hold a group of the caller
name a record with --item to decide
";
    assert_eq!(text_of(Some(&ann()), Operation::Get, &model, None), expected);
    let expected = json!([{"records": "each", "of": [
        {"records": "namingCaller", "field": "owner", "list": false},
        {"records": "namingGroup", "field": "teams", "list": true},
    ]}]);
    assert_eq!(json::of(&Answer::of(Some(&ann()), Operation::Get, &model, None))["scope"], expected);

    let record = json!({"owner": "sub-of-ann", "teams": ["another"]});
    let said = text_of(Some(&ann()), Operation::Get, &model, Some(record));
    assert!(
        said.contains(
            "one part fails: { allow: groups, groupsField: \"teams\" }, for the caller is not in the group\n"
        ),
        "{said}"
    );
    // Where a part fails whatever the record holds, no record is needed to say so.
    let editors = Rule::groups(["editors"]).strategy;
    let never = note(vec![Field::list("teams")], vec![Rule::all([teams, editors])]);
    assert!(text_of(Some(&ann()), Operation::Get, &never, None).starts_with("denied: get Note"));
}

#[test]
fn a_rule_that_no_record_decides_does_not_depend_on_one_because_a_field_does() {
    let secret = Field::new("secret").guarded(vec![Rule::owner()]);
    let model = note(vec![Field::new("title"), secret], vec![Rule::groups(["editors"])]);
    let said = text_of(Some(&ann()), Operation::Get, &model, None);
    assert!(
        said.contains("{ allow: groups, groups: [\"editors\"] }: the caller is not in the group\n"),
        "{said}"
    );
}

/// No door takes such a schema, and yet the answer must not say that the field is open.
#[test]
fn a_field_whose_rules_all_need_a_record_is_closed() {
    let source = r#"type Query { mine: String @function(name: "mine") @auth(rules: [{ allow: owner }]) }"#;
    let schema = Schema::read(source, "schema.graphql", &portcullis_schema::Project::default()).unwrap();
    let expected = "\
denied: call Query.mine with a token of the user pool
  every rule of the field needs a record, and there is none
";
    assert_eq!(text::of(&Answer::of_call(Some(&ann()), &schema.custom_fields()[0])), expected);
}

#[test]
fn the_json_form_has_stable_names() {
    let secret = Field::new("secret").guarded(vec![Rule::owner().claim("email")]);
    let model = note(
        vec![Field::new("title"), secret],
        vec![Rule::owner(), Rule::private().operations(Operation::Get)],
    );
    let record = object(json!({"owner": "u2::bob"}));
    let expected = json!({
        "model": "Note",
        "operation": "get",
        "provider": "userPools",
        "decision": "allowed",
        "refused": [],
        "rules": [
            {
                "field": null, "rule": "{ allow: owner }", "outcome": "notOwner", "fields": null, "claim": null,
                "text": "the record names another owner, or none",
            },
            {
                "field": null, "rule": "{ allow: private, operations: [get] }", "outcome": "matchedOn",
                "fields": ["title"], "claim": null, "text": "matched, on title only",
            },
            {
                "field": "secret", "rule": "{ allow: owner, identityClaim: \"email\" }", "outcome": "claimMissing",
                "fields": null, "claim": "email", "text": "the token has no usable claim `email`",
            },
        ],
        "scope": [{"records": "every"}],
        "withheld": ["secret"],
    });
    assert_eq!(json::of(&Answer::of(Some(&ann()), Operation::Get, &model, Some(&record))), expected);

    assert_eq!(
        (answer_of_and()["outcome"].as_str(), &answer_of_and()["claim"]),
        (Some("partsFailed"), &Value::Null)
    );
    let part = json!([{
        "rule": "{ allow: groups, groups: [\"editors\"] }", "outcome": "notInGroup", "fields": null, "claim": null,
        "text": "the caller is not in the group",
    }]);
    assert_eq!(answer_of_and()["parts"], part);

    let undecided =
        json::of(&Answer::of(Some(&ann()), Operation::Delete, &note(vec![], vec![Rule::owner()]), None));
    assert_eq!(undecided["decision"], "depends");
    assert_eq!(undecided["rules"][0]["outcome"], "dependsOnRecord");
    assert_eq!((&undecided["scope"], &undecided["withheld"]), (&Value::Null, &Value::Null));
}

/// The order in which an explanation lists the rules is what tells a rule of a field from one of the model.
#[test]
fn an_explanation_lists_the_rules_in_the_order_of_the_fields() {
    let guarded = |name: &str, rules| Field::new(name).guarded(rules);
    let fields = vec![
        guarded("a", vec![Rule::private(), Rule::public()]),
        Field::new("b"),
        guarded("c", vec![]),
        guarded("d", vec![Rule::custom()]),
    ];
    let answer = Answer::of(Some(&ann()), Operation::Get, &note(fields, vec![Rule::owner()]), None);
    let said: Vec<(Option<&str>, String)> =
        answer.rules.iter().map(|said| (said.field.as_deref(), said.rule.to_string())).collect();
    let expected = [
        (None, Rule::owner()),
        (Some("a"), Rule::private()),
        (Some("a"), Rule::public()),
        (Some("d"), Rule::custom()),
    ];
    assert_eq!(said, expected.map(|(field, rule)| (field, rule.to_string())));
}
