//! A decision allocates nothing on its way to yes or no.

#[expect(dead_code, reason = "other tests speak of more")]
mod notes;

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use notes::{ann, item, member, model, user};
use portcullis_rules::{
    Authorizer, Claims, Field, FunctionCaller, GroupName, IamCaller, Identity, IdentityPool, Item, Model,
    Operation, Operations, Provider, Rule, Screening,
};
use serde_json::json;

fn allocations(decide: impl FnOnce()) -> u64 {
    let AllocationInfo { count_total, .. } = measure(decide);
    count_total
}

fn template(name: &str) -> GroupName {
    GroupName::parse(name).unwrap_or_else(|invalid| unreachable!("{invalid}"))
}

fn fields() -> Vec<Field> {
    let single = ["id", "title", "owner", "team"].map(Field::new);
    let listed = ["editors", "teams"].map(Field::list);
    let secret = Field::new("secret").guarded(vec![Rule::owner(), Rule::groups(["admins"])]);
    single.into_iter().chain(listed).chain([secret]).collect()
}

/// Rules of every strategy, with every provider, claim and shape of field that it goes with.
fn rules() -> Vec<Rule> {
    vec![
        Rule::owner(),
        Rule::owner_in("title").claim("custom:tenant::email::sub"),
        Rule::owner_in("editors"),
        Rule::owner_in("undeclared").claim("email"),
        Rule::owner().provider(Provider::Oidc),
        Rule::groups(["editors"]),
        Rule::groups((0..100).map(|n| format!("group{n}"))),
        Rule::groups(["editors"]).claim("roles"),
        Rule::groups_in("team"),
        Rule::groups_in("teams"),
        Rule::groups_in("team").claim("roles").provider(Provider::Oidc),
        Rule::groups([template("team-{custom:tenant}")]),
        Rule::groups([template("{email}s"), template("of-{username}")]).claim("roles"),
        Rule::all([Rule::owner().strategy, Rule::groups(["editors"]).strategy]),
        Rule::all([
            Rule::owner_in("title").claim("custom:tenant").strategy,
            Rule::groups_in("team").strategy,
            Rule::groups([template("team-{custom:tenant}")]).strategy,
        ]),
        Rule::private(),
        Rule::private().provider(Provider::IdentityPool),
        Rule::public(),
        Rule::public().provider(Provider::IdentityPool),
        Rule::custom(),
    ]
}

fn models() -> Vec<Arc<Model>> {
    let alone = rules().into_iter().flat_map(|rule| {
        let reads = rule.clone().operations(Operations::READ);
        [model(fields(), vec![rule.clone()]), model(vec![], vec![rule]), model(fields(), vec![reads])]
    });
    let together = [model(fields(), rules()), model(fields(), vec![]), model(vec![], vec![])];
    alone.chain(together).collect()
}

fn identities() -> Vec<Identity> {
    let pool = |authenticated| IamCaller {
        user_arn: Some("arn:aws:sts::111122223333:assumed-role/web/CognitoIdentityCredentials".to_owned()),
        identity_pool_id: Some("eu-west-1:1".to_owned()),
        identity_id: Some("eu-west-1:2".to_owned()),
        authenticated: Some(authenticated),
        sub: Some("u1".to_owned()),
    };
    let email = |groups| {
        let claims = json!({"sub": "u1", "cognito:username": "ann", "email": "ann", "custom:tenant": "t", "roles": groups});
        user(claims)
    };
    let oidc = json!({"sub": "u1", "username": "ann", "roles": ["editors"]});
    vec![
        ann(),
        member("editors"),
        member("group99"),
        member("nobody"),
        user(
            json!({"sub": "u1", "username": "ann", "custom:tenant": "t", "cognito:groups": ["editors", "team-t"]}),
        ),
        user(json!({"sub": "u1", "username": "ann", "email": "x", "roles": ["of-ann", "xs"]})),
        email(json!(["editors"])),
        email(json!("editors")),
        email(json!({"editors": true})),
        user(json!({})),
        user(json!({"sub": "u1", "username": "a::b", "cognito:groups": "editors"})),
        portcullis_rules::User::oidc(Claims::from(item(oidc)), portcullis_rules::VerifiedBy::Gateway).into(),
        Identity::Iam(pool(true)),
        Identity::Iam(pool(false)),
        Identity::Iam(IamCaller::default()),
        Identity::ApiKey,
        Identity::Function(FunctionCaller::default()),
    ]
}

fn items() -> Vec<Item> {
    let names = json!(["bob", "ann", "u1::ann"]);
    let records = [
        json!({}),
        json!({"id": "1", "title": "t", "owner": "u1::ann", "team": "editors", "editors": names, "teams": ["x", "editors"]}),
        json!({"id": "1", "title": "x", "owner": "u2::bob", "team": "writers", "editors": ["bob"], "teams": [], "secret": "s"}),
        json!({"title": "t::ann::u1", "owner": "ann"}),
        json!({"owner": null, "editors": null, "team": 7, "teams": "editors"}),
        json!({"undeclared": "ann", "other": "x"}),
    ];
    records.map(item).to_vec()
}

fn authorizers() -> Vec<Authorizer> {
    let role = "arn:aws:iam::111122223333:role/web";
    let known =
        Authorizer::new().identity_pool(IdentityPool::new().id("eu-west-1:1").authenticated_role(role));
    vec![Authorizer::new(), Authorizer::new().trust_identity_pool(), known]
}

#[test]
fn screening_and_authorizing_allocate_nothing() {
    let (models, identities, items, authorizers) = (models(), identities(), items(), authorizers());
    let mut decisions = [0_usize; 2];
    let mut screenings = [0_usize; 3];
    for model in &models {
        for identity in &identities {
            for operation in Operation::ALL {
                for authorizer in &authorizers {
                    let mut screening = Screening::Denied;
                    let count = allocations(|| screening = authorizer.screen(identity, operation, model));
                    assert_eq!(count, 0, "screen: {identity:?} {operation} {:?}", model.rules());
                    screenings[screening as usize] += 1;
                    for item in &items {
                        let mut allowed = false;
                        let decide = || {
                            allowed = authorizer.authorize(identity, operation, model, item).is_allowed();
                        };
                        let count = allocations(decide);
                        assert_eq!(count, 0, "{identity:?} {operation} {:?} {item:?}", model.rules());
                        decisions[usize::from(allowed)] += 1;
                    }
                }
            }
        }
    }
    // Neither answer is rare, or the table has lost its use.
    assert!(decisions.iter().all(|&count| count > 1_000), "{decisions:?}");
    assert!(screenings.iter().all(|&count| count > 500), "{screenings:?}");
}

/// The odd cases that [`Authorizer`] names.
#[test]
fn what_does_allocate_is_known() {
    let authorizer = Authorizer::new();
    let decide = |identity: &Identity, operation, model: &Model, item: &Item| {
        allocations(|| {
            assert!(authorizer.authorize(identity, operation, model, item).is_allowed());
        })
    };
    let listed = user(json!({"sub": "u1", "username": "ann", "cognito:groups": "[\"editors\"]"}));
    let dynamic = model(vec![Field::new("team")], vec![Rule::groups_in("team")]);
    assert!(decide(&listed, Operation::Update, &dynamic, &item(json!({"team": "editors"}))) > 0);

    let both = user(json!({"sub": "u1", "username": "ann", "email": "u1::ann"}));
    let first = Rule::owner().claim("email").operations(Operation::Create);
    let guarded = Field::new("title").guarded(vec![Rule::owner()]);
    let shared = model(vec![Field::new("text"), guarded], vec![first, Rule::owner()]);
    assert!(decide(&both, Operation::Create, &shared, &item(json!({"title": "x"}))) > 0);

    let owners = (0..5).map(|number| Rule::owner_in(format!("owner{number}")).operations(Operation::Create));
    let closed = Field::new("title").guarded(vec![]);
    let many = model(vec![Field::new("text"), closed], owners.collect());
    assert!(decide(&ann(), Operation::Create, &many, &item(json!({"text": "x"}))) > 0);
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(Vec::<u8>::with_capacity(8))), 1);
    assert_eq!(allocations(|| {}), 0);
}
