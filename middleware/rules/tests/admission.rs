//! Whom each kind of rule admits, in tables.

mod notes;

use std::sync::Arc;

use notes::{ann, item, member, note, user};
use portcullis_rules::{
    Authorizer, Claims, Condition, FunctionCaller, GroupName, IamCaller, Identity, Item, Model, Operation,
    Operations, Provider, Rule, Scope, Screening, User, VerifiedBy,
};
use serde_json::{Value, json};

fn oidc(claims: Value) -> Identity {
    User::oidc(Claims::from(item(claims)), VerifiedBy::Portcullis).into()
}

/// What a caller may do with a stored record, as letters: `u`pdate, `d`elete, `g`et, `l`ist.
fn letters(identity: &Identity, model: &Arc<Model>, stored: &Item) -> String {
    let authorizer = Authorizer::new();
    let operations = [Operation::Update, Operation::Delete, Operation::Get, Operation::List];
    let allowed = operations
        .into_iter()
        .filter(|&operation| authorizer.authorize(identity, operation, model, stored).is_allowed());
    allowed.filter_map(|operation| operation.name().chars().next()).collect()
}

#[test]
fn an_owner_does_everything_with_what_is_theirs() {
    let model = note(vec![Rule::owner()]);
    let table = [
        (ann(), json!({"owner": "u1::ann"}), "udgl"),
        (ann(), json!({"owner": "u1"}), "udgl"),
        (ann(), json!({"owner": "ann"}), "udgl"),
        (ann(), json!({"owner": "u2::bob"}), ""),
        (ann(), json!({"owner": "u1::bob"}), ""),
        (ann(), json!({"owner": ["u1::ann"]}), ""),
        (ann(), json!({"owner": null}), ""),
        (ann(), json!({}), ""),
        // An ID token calls the name otherwise than an access token.
        (user(json!({"sub": "u1", "cognito:username": "ann"})), json!({"owner": "u1::ann"}), "udgl"),
        // Only a part of the claim: enough to read by that part, not to write.
        (user(json!({"sub": "u1"})), json!({"owner": "u1"}), "gl"),
        (user(json!({"sub": "u1"})), json!({"owner": "u1::ann"}), ""),
        (user(json!({"sub": "u1", "username": null})), json!({"owner": "u1"}), "gl"),
        (user(json!({})), json!({}), ""),
        (user(json!({})), json!({"owner": null}), ""),
        (user(json!({})), json!({"owner": ""}), ""),
        (oidc(json!({"sub": "u1", "username": "ann"})), json!({"owner": "u1::ann"}), ""),
        (Identity::ApiKey, json!({"owner": ""}), ""),
        (Identity::Iam(IamCaller::default()), json!({}), ""),
        (
            Identity::Function(FunctionCaller {
                context: Claims::from(item(json!({"sub": "u1", "username": "ann"}))),
            }),
            json!({"owner": "u1::ann"}),
            "",
        ),
    ];
    for (identity, stored, expected) in table {
        assert_eq!(letters(&identity, &model, &item(stored.clone())), expected, "{identity:?} {stored}");
    }
}

#[test]
fn any_of_several_owners_will_do() {
    let model = note(vec![Rule::owner_in("editors")]);
    let table = [
        (json!({"editors": ["u2::bob", "u1::ann"]}), "udgl"),
        (json!({"editors": ["ann"]}), "udgl"),
        (json!({"editors": ["u2::bob"]}), ""),
        (json!({"editors": []}), ""),
        (json!({"editors": "u1::ann"}), ""),
        (json!({}), ""),
    ];
    for (stored, expected) in table {
        assert_eq!(letters(&ann(), &model, &item(stored.clone())), expected, "{stored}");
    }
}

#[test]
fn a_static_group_admits_its_members_by_exact_name() {
    let model = note(vec![
        Rule::groups(["Admin"]),
        Rule::groups(["Editors"]).operations(Operations::READ.union(Operation::Update.into())),
    ]);
    let table = [
        (json!(["Admin"]), "udgl"),
        (json!(["Readers", "Editors"]), "ugl"),
        (json!("Editors"), "ugl"),
        (json!("SuperAdmins"), ""),
        (json!(["Admins"]), ""),
        (json!("[\"Admin\"]"), ""),
        (json!(null), ""),
    ];
    for (groups, expected) in table {
        let identity = user(json!({"sub": "u1", "username": "ann", "cognito:groups": groups}));
        assert_eq!(letters(&identity, &model, &Item::new()), expected, "{groups}");
    }
    assert_eq!(letters(&oidc(json!({"cognito:groups": ["Admin"]})), &model, &Item::new()), "");
}

#[test]
fn a_group_may_be_named_by_what_the_token_says() {
    let templated = GroupName::parse("tenant-{custom:tenant}-editors").unwrap();
    let model = note(vec![Rule::groups([templated])]);
    let table = [
        (json!("acme"), json!(["readers", "tenant-acme-editors"]), "udgl"),
        (json!("acme"), json!("tenant-acme-editors"), "udgl"),
        (json!("acme"), json!(["tenant-other-editors"]), ""),
        (json!("acme"), json!(["tenant-acme-editors-in-chief"]), ""),
        (json!("acme"), json!(["tenant-{custom:tenant}-editors"]), ""),
        (json!("{custom:tenant}"), json!(["tenant-{custom:tenant}-editors"]), "udgl"),
        // A claim that names nobody is in no group, whatever the groups are called.
        (json!(""), json!(["tenant--editors"]), ""),
        (json!(null), json!(["tenant--editors", "tenant-null-editors"]), ""),
        (json!(7), json!(["tenant-7-editors"]), ""),
        (json!(["acme"]), json!(["tenant-acme-editors"]), ""),
    ];
    for (tenant, groups, expected) in table {
        let claims = json!({"sub": "u1", "custom:tenant": tenant, "cognito:groups": groups});
        assert_eq!(letters(&user(claims), &model, &Item::new()), expected, "{tenant} {groups}");
    }
}

/// Editors of a tenant, for the records of that tenant.
fn editors_of_the_tenant() -> Rule {
    let tenant = Rule::owner_in("owner").claim("custom:tenant").strategy;
    Rule::all([tenant, Rule::groups(["editors"]).strategy])
}

#[test]
fn every_part_of_an_and_must_hold() {
    let model = note(vec![editors_of_the_tenant()]);
    let caller = |tenant: &str, groups: &[&str]| {
        user(json!({"sub": "u1", "username": "ann", "custom:tenant": tenant, "cognito:groups": groups}))
    };
    let both = || caller("acme", &["editors"]);
    let table = [
        (both(), json!({"owner": "acme"}), "udgl"),
        (both(), json!({"owner": "other"}), ""),
        (both(), json!({}), ""),
        (caller("acme", &["readers"]), json!({"owner": "acme"}), ""),
        (caller("acme", &[]), json!({"owner": "acme"}), ""),
        (caller("", &["editors"]), json!({"owner": ""}), ""),
        (user(json!({"cognito:groups": ["editors"]})), json!({}), ""),
        (Identity::ApiKey, json!({"owner": "acme"}), ""),
        (oidc(json!({"custom:tenant": "acme", "cognito:groups": ["editors"]})), json!({"owner": "acme"}), ""),
    ];
    for (identity, stored, expected) in table {
        assert_eq!(letters(&identity, &model, &item(stored.clone())), expected, "{identity:?} {stored}");
    }
    let screen = |identity: &Identity| Authorizer::new().screen(identity, Operation::Get, &model);
    assert_eq!(screen(&both()), Screening::NeedsItem);
    assert_eq!(screen(&caller("acme", &[])), Screening::Denied, "no record could make an editor");
}

#[test]
fn parts_that_need_no_record_need_none_together() {
    let model = note(vec![Rule::all([Rule::groups(["a", "b"]).strategy, Rule::groups(["c"]).strategy])]);
    for (groups, expected) in [
        (json!(["a", "c"]), Screening::Allowed),
        (json!(["c", "b"]), Screening::Allowed),
        (json!(["a", "b"]), Screening::Denied),
        (json!(["c"]), Screening::Denied),
    ] {
        let caller = user(json!({"cognito:groups": groups}));
        assert_eq!(Authorizer::new().screen(&caller, Operation::Delete, &model), expected, "{groups}");
    }
}

#[test]
fn the_parts_of_an_and_restrict_a_list_together() {
    let rule = Rule::all([Rule::owner().strategy, Rule::groups_in("team").strategy]);
    let model = note(vec![rule, editors_of_the_tenant()]);
    let caller = user(json!({"sub": "u1", "username": "ann", "cognito:groups": ["red"]}));
    let Scope::Any(conditions) = Authorizer::new().scope(&caller, Operation::List, &model) else {
        unreachable!("an owner sees a part")
    };
    let [condition] = conditions.as_slice() else { unreachable!("{conditions:?}") };
    let fields: Vec<_> = condition.parts().iter().map(Condition::field).collect();
    assert_eq!(fields, [Some("owner"), Some("team")]);
    for (stored, expected) in [
        (json!({"owner": "u1::ann", "team": "red"}), true),
        (json!({"owner": "u1::ann", "team": "blue"}), false),
        (json!({"owner": "u2::bob", "team": "red"}), false),
        (json!({"owner": "u1::ann"}), false),
    ] {
        assert_eq!(condition.matches(&item(stored.clone())), expected, "{stored}");
    }
    // Where only one part looks into the record, its condition stands alone.
    let editor = user(json!({"custom:tenant": "acme", "cognito:groups": ["editors"]}));
    let Scope::Any(conditions) = Authorizer::new().scope(&editor, Operation::List, &model) else {
        unreachable!("an editor sees a part")
    };
    assert_eq!(conditions, [Condition::OneOf { field: "owner".to_owned(), values: vec!["acme".to_owned()] }]);
}

#[test]
fn a_record_names_the_group_that_it_belongs_to() {
    let model = note(vec![Rule::groups_in("team"), Rule::groups_in("teams")]);
    let table = [
        (json!(["red"]), json!({"team": "red"}), "udgl"),
        (json!(["red"]), json!({"teams": ["blue", "red"]}), "udgl"),
        (json!(["red"]), json!({"team": "redder", "teams": ["reds"]}), ""),
        (json!(["red"]), json!({}), ""),
        (json!("red"), json!({"team": "red"}), "udgl"),
        (json!("[\"blue\", \"red\"]"), json!({"team": "red"}), "udgl"),
        // The reference reads a list-typed field by a list-typed claim alone.
        (json!("red"), json!({"teams": ["red"]}), "ud"),
        (json!([]), json!({"team": "red"}), ""),
        (json!(null), json!({"team": null}), ""),
    ];
    for (groups, stored, expected) in table {
        let identity = user(json!({"sub": "u1", "username": "ann", "cognito:groups": groups}));
        assert_eq!(letters(&identity, &model, &item(stored.clone())), expected, "{groups} {stored}");
    }
}

#[test]
fn private_public_and_custom_ask_only_how_the_caller_came_in() {
    let guest = Identity::Iam(IamCaller { authenticated: Some(false), ..IamCaller::default() });
    let signed_in = Identity::Iam(IamCaller { authenticated: Some(true), ..IamCaller::default() });
    let role = Identity::Iam(IamCaller {
        user_arn: Some("arn:aws:iam::111122223333:role/x".to_owned()),
        ..IamCaller::default()
    });
    let function = Identity::Function(FunctionCaller::default());
    let callers = [user(json!({})), oidc(json!({})), Identity::ApiKey, function, signed_in, guest, role];
    let table = [
        (Rule::private(), "y......"),
        (Rule::private().provider(Provider::Oidc), ".y....."),
        (Rule::public(), "..y...."),
        (Rule::custom(), "...y..."),
        (Rule::private().provider(Provider::IdentityPool), "....y.."),
        (Rule::public().provider(Provider::IdentityPool), ".....y."),
    ];
    let authorizer = Authorizer::new().trust_identity_pool();
    for (rule, expected) in table {
        let model = note(vec![rule.clone()]);
        let admitted = |identity: &Identity| {
            authorizer.screen(identity, Operation::Delete, &model) == Screening::Allowed
        };
        let said: String =
            callers.iter().map(|identity| if admitted(identity) { 'y' } else { '.' }).collect();
        assert_eq!(said, expected, "{rule}");
        for identity in &callers {
            let iam = identity.provider() == Provider::IdentityPool;
            let untrusting = Authorizer::new().screen(identity, Operation::Delete, &model);
            assert!(
                !iam || untrusting == Screening::Denied,
                "credentials admit nobody unless the pool is trusted"
            );
        }
    }
}

#[test]
fn a_rule_grants_its_operations_and_no_other() {
    for operation in Operation::ALL {
        let model = note(vec![Rule::private().operations(operation)]);
        for asked in Operation::ALL {
            let expected = if asked == operation { Screening::Allowed } else { Screening::Denied };
            assert_eq!(Authorizer::new().screen(&ann(), asked, &model), expected, "{operation} {asked}");
        }
    }
    let nothing = note(vec![Rule::private().operations(Operations::NONE)]);
    assert!(
        Operation::ALL
            .iter()
            .all(|&asked| Authorizer::new().screen(&ann(), asked, &nothing) == Screening::Denied)
    );
}

#[test]
fn a_model_without_rules_denies_everybody() {
    let model = note(vec![]);
    for operation in Operation::ALL {
        assert_eq!(Authorizer::new().screen(&member("Admin"), operation, &model), Screening::Denied);
        assert!(!Authorizer::new().authorize(&ann(), operation, &model, &Item::new()).is_allowed());
    }
}

#[test]
fn a_list_is_restricted_to_what_the_caller_may_see() {
    let model = note(vec![
        Rule::owner(),
        Rule::owner_in("editors"),
        Rule::groups_in("team"),
        Rule::groups(["Admin"]),
    ]);
    let scope = |identity: &Identity| Authorizer::new().scope(identity, Operation::List, &model);
    assert_eq!(scope(&Identity::ApiKey), Scope::Nothing);
    assert_eq!(scope(&member("Admin")), Scope::Everything);
    let Scope::Any(conditions) = scope(&ann()) else { unreachable!("an owner sees a part") };
    let values: Vec<_> =
        conditions.iter().map(|condition| (condition.field(), condition.values().to_vec())).collect();
    let names = ["u1::ann", "u1", "ann"].map(str::to_owned).to_vec();
    assert_eq!(
        values,
        [(Some("owner"), names.clone()), (Some("editors"), names)],
        "no groups, so no condition on the team"
    );
}

#[test]
fn a_subscriber_is_known_by_the_joined_name_and_the_last_part() {
    let model = note(vec![Rule::owner()]);
    let Scope::Any(conditions) = Authorizer::new().scope(&ann(), Operation::Listen, &model) else {
        unreachable!("an owner sees a part")
    };
    let values: Vec<_> = conditions.iter().map(|condition| condition.values().to_vec()).collect();
    assert_eq!(values, [["u1::ann", "ann"].map(str::to_owned).to_vec()]);
}
