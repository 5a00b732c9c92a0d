//! What may be written, and what is written, in tables.

mod notes;

use notes::{ann, item, member, model, note, user};
use portcullis_rules::{Authorizer, Denied, Field, Identity, Item, Operation, Operations, Rule};
use serde_json::{Value, json};

#[test]
fn a_new_record_gets_its_owner() {
    let two = vec![Rule::owner().operations(Operations::READ), Rule::owner_in("author")];
    let table: [(Vec<Rule>, Identity, Value, Option<Value>); 17] = [
        (vec![Rule::owner()], ann(), json!({}), Some(json!({"owner": "u1::ann"}))),
        (vec![Rule::owner()], ann(), json!({"owner": "ann"}), Some(json!({"owner": "ann"}))),
        (vec![Rule::owner()], ann(), json!({"owner": "u2::bob"}), None),
        (vec![Rule::owner()], ann(), json!({"owner": null}), None),
        (vec![Rule::owner()], ann(), json!({"owner": 7}), None),
        (vec![Rule::owner()], user(json!({"sub": "u1"})), json!({}), None),
        (
            vec![Rule::owner().claim("email")],
            user(json!({"email": "a@b"})),
            json!({}),
            Some(json!({"owner": "a@b"})),
        ),
        (vec![Rule::owner_in("editors")], ann(), json!({}), Some(json!({"editors": ["u1::ann"]}))),
        (
            vec![Rule::owner_in("editors")],
            ann(),
            json!({"editors": ["bob", "u1"]}),
            Some(json!({"editors": ["bob", "u1"]})),
        ),
        (vec![Rule::owner_in("editors")], ann(), json!({"editors": []}), None),
        // Whoever may create by another rule may name anybody, or nobody.
        (
            vec![Rule::owner(), Rule::private()],
            ann(),
            json!({"owner": "u2::bob"}),
            Some(json!({"owner": "u2::bob"})),
        ),
        (vec![Rule::owner(), Rule::private()], ann(), json!({"owner": null}), Some(json!({"owner": null}))),
        (vec![Rule::owner(), Rule::private()], ann(), json!({}), Some(json!({"owner": "u1::ann"}))),
        // An owner who cannot create is not filled in; each who can, is.
        (two, ann(), json!({}), Some(json!({"author": "u1::ann"}))),
        (
            vec![Rule::owner(), Rule::owner_in("author")],
            ann(),
            json!({}),
            Some(json!({"owner": "u1::ann", "author": "u1::ann"})),
        ),
        (
            vec![Rule::owner(), Rule::owner_in("author")],
            ann(),
            json!({"owner": "u2::bob"}),
            Some(json!({"owner": "u2::bob", "author": "u1::ann"})),
        ),
        (
            vec![Rule::owner(), Rule::owner().claim("email")],
            ann(),
            json!({}),
            Some(json!({"owner": "u1::ann"})),
        ),
    ];
    for (rules, identity, input, expected) in table {
        let model = note(rules.clone());
        let permit = Authorizer::new().permit_create(&identity, &model, item(input.clone()));
        let written = permit.ok().map(|permit| Value::Object(permit.item().clone()));
        assert_eq!(written, expected, "{rules:?} {input}");
    }
}

#[test]
fn an_and_fills_in_its_owner_if_all_else_holds() {
    let tenant = || Rule::owner_in("team").claim("custom:tenant").strategy;
    let editors = || Rule::groups(["editors"]).strategy;
    let editor = |tenant: &str| {
        let claims =
            json!({"sub": "u1", "username": "ann", "custom:tenant": tenant, "cognito:groups": ["editors"]});
        user(claims)
    };
    let of_tenant = || vec![Rule::all([tenant(), editors()])];
    let two_owners = || vec![Rule::all([Rule::owner().strategy, tenant()])];
    let in_named_team = || vec![Rule::all([Rule::owner().strategy, Rule::groups_in("teams").strategy])];
    let shared = || vec![Rule::owner_in("team").claim("sub"), Rule::all([tenant(), editors()])];
    let table: [(Vec<Rule>, Identity, Value, Option<Value>); 14] = [
        (of_tenant(), editor("acme"), json!({}), Some(json!({"team": "acme"}))),
        (of_tenant(), editor("acme"), json!({"team": "acme"}), Some(json!({"team": "acme"}))),
        (of_tenant(), editor("acme"), json!({"team": "other"}), None),
        (of_tenant(), editor("acme"), json!({"team": null}), None),
        (of_tenant(), editor(""), json!({}), None),
        (of_tenant(), ann(), json!({}), None),
        (two_owners(), editor("acme"), json!({}), Some(json!({"owner": "u1::ann", "team": "acme"}))),
        (
            two_owners(),
            editor("acme"),
            json!({"owner": "ann"}),
            Some(json!({"owner": "ann", "team": "acme"})),
        ),
        (two_owners(), editor("acme"), json!({"team": "other"}), None),
        (two_owners(), ann(), json!({}), None),
        // A group that the record names is not filled in.
        (
            in_named_team(),
            editor("acme"),
            json!({"teams": ["editors"]}),
            Some(json!({"teams": ["editors"], "owner": "u1::ann"})),
        ),
        (in_named_team(), editor("acme"), json!({}), None),
        // What an earlier rule fills in is what a later one looks at.
        (shared(), editor("acme"), json!({}), Some(json!({"team": "u1"}))),
        // Whoever may create by another rule is not made the owner by one that does not hold.
        (
            vec![Rule::all([Rule::owner().strategy, Rule::groups(["admins"]).strategy]), Rule::private()],
            editor("acme"),
            json!({}),
            Some(json!({})),
        ),
    ];
    for (rules, identity, input, expected) in table {
        let model = note(rules.clone());
        let permit = Authorizer::new().permit_create(&identity, &model, item(input.clone()));
        let written = permit.ok().map(|permit| Value::Object(permit.item().clone()));
        assert_eq!(written, expected, "{rules:?} {input}");
    }
}

#[test]
fn a_write_by_an_and_rests_on_every_part_that_looks_into_the_record() {
    let rule = Rule::all([
        Rule::owner().strategy,
        Rule::groups(["red"]).strategy,
        Rule::groups_in("teams").strategy,
    ]);
    let model = note(vec![rule]);
    let ann = user(json!({"sub": "u1", "username": "ann", "cognito:groups": ["red"]}));
    let stored = item(json!({"owner": "u1::ann", "teams": ["blue", "red"], "title": "x"}));
    let expected =
        [("owner".to_owned(), Some(json!("u1::ann"))), ("teams".to_owned(), Some(json!(["blue", "red"])))];
    let update = Authorizer::new().permit_update(&ann, &model, &stored, Item::new()).unwrap();
    assert_eq!(update.unchanged(), expected);
    let delete = Authorizer::new().permit_delete(&ann, &model, &stored).unwrap();
    assert_eq!(delete.unchanged(), expected);
    let moved = item(json!({"owner": "u1::ann", "teams": ["blue"]}));
    assert!(Authorizer::new().permit_update(&ann, &model, &moved, Item::new()).is_err());
}

#[test]
fn rules_that_share_an_owner_field_look_at_what_the_first_fills_in() {
    let guarded = |name: &str, claim: &str| Field::new(name).guarded(vec![Rule::owner().claim(claim)]);
    let create = |first: &str, second: &str| {
        let model = model(vec![guarded("first", first), guarded("second", second)], vec![]);
        let permit = Authorizer::new().permit_create(&ann(), &model, item(json!({"second": 1})));
        permit.map(|permit| Value::Object(permit.item().clone()))
    };
    assert_eq!(create("sub", "sub::username"), Ok(json!({"second": 1, "owner": "u1"})));
    assert_eq!(create("sub::username", "sub"), Err(Denied::Fields(vec!["second".to_owned()])));
}

#[test]
fn an_owner_is_left_out_if_so_configured_and_another_rule_admits() {
    let model = note(vec![Rule::owner(), Rule::groups(["Admin"])]);
    let authorizer = Authorizer::new().populate_owner_for_static_groups(false);
    let written = |identity: &Identity| {
        authorizer.permit_create(identity, &model, Item::new()).map(|permit| permit.item().clone())
    };
    assert_eq!(written(&member("Admin")), Ok(Item::new()));
    assert_eq!(written(&ann()), Ok(item(json!({"owner": "u1::ann"}))));
}

#[test]
fn a_dynamic_group_admits_a_new_record_that_names_it() {
    let model = note(vec![Rule::groups_in("team")]);
    let create = |input: Value| Authorizer::new().permit_create(&member("red"), &model, item(input)).is_ok();
    assert!(create(json!({"team": "red"})));
    assert!(!create(json!({"team": "blue"})));
    assert!(!create(json!({})));
}

#[test]
fn a_write_rests_on_the_stored_record_and_not_on_the_changes() {
    let model = note(vec![Rule::owner()]);
    let authorizer = Authorizer::new();
    let bobs = item(json!({"owner": "u2::bob"}));
    let claimed = item(json!({"owner": "u1::ann"}));
    let denied = authorizer.permit_update(&ann(), &model, &bobs, claimed.clone()).map(|_| ());
    assert_eq!(denied, Err(Denied::Operation { operation: Operation::Update, model: "Note".to_owned() }));
    assert!(
        authorizer.permit_update(&ann(), &model, &claimed, bobs).is_ok(),
        "an owner may give a record away"
    );
}

#[test]
fn a_permit_names_what_it_rests_on() {
    let rules = vec![Rule::owner(), Rule::owner_in("editors"), Rule::groups(["Admin"])];
    let model = note(rules);
    let stored = item(json!({"owner": "u1::ann", "editors": ["u3::cem"]}));
    let cem = user(json!({"sub": "u3", "username": "cem"}));
    let table = [
        (ann(), json!({"owner": "u1::ann"})),
        (cem, json!({"editors": ["u3::cem"]})),
        (member("Admin"), json!({})),
    ];
    for (identity, expected) in table {
        let expected: Vec<_> =
            item(expected).into_iter().map(|(field, value)| (field, Some(value))).collect();
        let update = Authorizer::new().permit_update(&identity, &model, &stored, Item::new());
        assert_eq!(update.map(|permit| permit.unchanged().to_vec()), Ok(expected.clone()));
        let delete = Authorizer::new().permit_delete(&identity, &model, &stored);
        assert_eq!(delete.map(|permit| permit.unchanged().to_vec()), Ok(expected));
    }
}

#[test]
fn removing_a_value_needs_delete() {
    let model = note(vec![
        Rule::owner().operations(Operations::READ.union([Operation::Create, Operation::Update].into())),
    ]);
    let stored = item(json!({"owner": "u1::ann"}));
    let change =
        |changes: Value| Authorizer::new().permit_update(&ann(), &model, &stored, item(changes)).map(|_| ());
    assert_eq!(change(json!({"title": "new"})), Ok(()));
    assert_eq!(change(json!({"title": null, "team": "x"})), Err(Denied::Fields(vec!["title".to_owned()])));
}

#[test]
fn a_guarded_field_is_for_its_own_rules() {
    let secret = Field::new("secret").guarded(vec![Rule::owner()]);
    let owner = Field::new("owner")
        .guarded(vec![Rule::owner().operations(Operations::READ.union(Operation::Delete.into()))]);
    let model = model(vec![Field::new("title"), owner, secret], vec![Rule::owner(), Rule::groups(["Admin"])]);
    let authorizer = Authorizer::new();
    let hers = item(json!({"owner": "u1::ann"}));
    let refused =
        |fields: &[&str]| Err(Denied::Fields(fields.iter().map(|&field| field.to_owned()).collect()));

    let update = |identity: &Identity, changes| {
        authorizer.permit_update(identity, &model, &hers, item(changes)).map(|_| ())
    };
    assert_eq!(update(&ann(), json!({"title": "x", "secret": null})), Ok(()));
    assert_eq!(
        update(&ann(), json!({"owner": "u1::ann"})),
        refused(&["owner"]),
        "not even with the same value"
    );
    assert_eq!(update(&member("Admin"), json!({"title": "x"})), Ok(()));
    assert_eq!(update(&member("Admin"), json!({"title": "x", "secret": "y"})), refused(&["secret"]));

    let create = |identity: &Identity, input| {
        authorizer.permit_create(identity, &model, item(input)).map(|permit| permit.item().clone())
    };
    assert_eq!(create(&ann(), json!({"secret": "y"})), Ok(item(json!({"secret": "y", "owner": "u1::ann"}))));
    assert_eq!(create(&ann(), json!({"owner": "u1::ann"})).map(|_| ()), refused(&["owner"]));

    assert!(authorizer.permit_delete(&ann(), &model, &hers).is_ok());
    assert!(
        authorizer.permit_delete(&member("Admin"), &model, &hers).is_err(),
        "the secret withholds delete"
    );
}

#[test]
fn a_role_that_may_only_delete_changes_nothing_by_itself() {
    let rules = vec![
        Rule::groups(["Cleaners"]).operations(Operation::Delete),
        Rule::groups(["Writers"]).operations(Operation::Update),
    ];
    let model = note(rules);
    let both = user(json!({"cognito:groups": ["Cleaners", "Writers"]}));
    let table = [
        (member("Cleaners"), json!({}), false),
        (member("Cleaners"), json!({"title": null}), false),
        (member("Writers"), json!({"title": "x"}), true),
        (member("Writers"), json!({"title": null}), false),
        (both, json!({"title": null}), true),
    ];
    for (identity, changes, expected) in table {
        let permit = Authorizer::new().permit_update(&identity, &model, &Item::new(), item(changes.clone()));
        assert_eq!(permit.is_ok(), expected, "{changes}");
    }
}

#[test]
fn a_refusal_and_a_permit_say_nothing_about_a_person() {
    let model = note(vec![Rule::owner()]);
    let permit = Authorizer::new().permit_create(&ann(), &model, item(json!({"title": "private"})));
    let shown = format!("{permit:?}");
    assert!(shown.contains("title") && !shown.contains("private") && !shown.contains("ann"), "{shown}");
    let denied =
        Authorizer::new().permit_delete(&ann(), &model, &item(json!({"owner": "u2::bob"}))).map(|_| ());
    assert_eq!(
        denied.map_err(|denied| denied.to_string()),
        Err("not authorized to delete `Note`".to_owned())
    );
}
