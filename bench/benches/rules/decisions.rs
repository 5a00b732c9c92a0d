//! One decision of each kind.

use std::{hint::black_box, sync::Arc};

use portcullis_bench::{Contender, Table, duration, race, ratio};
use portcullis_rules::{Authorizer, Field, Identity, Item, Model, Operation, Operations, Rule};

use crate::{
    naive::Naive,
    people::{ANN, BOB, note, person},
};

/// A question about one record, and what it is decided by.
pub(crate) struct Case {
    name: &'static str,
    rules: Vec<Rule>,
    policies: &'static str,
    identity: Identity,
    groups: Vec<String>,
    item: Item,
    owner: &'static str,
    team: &'static str,
    allowed: bool,
}

const OWNER: &str = "permit(principal, action, resource) when { resource.owner == principal };";
const EDITORS: &str = "permit(principal, action, resource) when { resource.editors.contains(principal) };";
const STATIC: &str = r#"permit(principal in Group::"editors", action, resource);"#;
const DYNAMIC: &str = "permit(principal, action, resource) when { principal in resource.team };";
/// Word for word what the two rules say: for records of one kind, by every operation, the owner known by several names.
const BOTH: &str = r#"
    permit(
        principal,
        action in [Action::"create", Action::"update", Action::"delete", Action::"get", Action::"list", Action::"sync",
            Action::"listen", Action::"search"],
        resource is Note
    ) when { resource has ownerName && principal.names.contains(resource.ownerName) };
    permit(
        principal in Group::"editors",
        action in [Action::"create", Action::"update", Action::"delete", Action::"get", Action::"list", Action::"sync",
            Action::"listen", Action::"search"],
        resource is Note
    );
"#;
const FOUR: &str = r#"
    permit(principal in Group::"admins", action, resource);
    permit(principal in Group::"auditors", action == Action::"get", resource);
    permit(principal, action, resource) when { resource.owner == principal };
    permit(principal, action == Action::"get", resource) when { principal in resource.team };
"#;

fn cases() -> Vec<Case> {
    let both = || vec![Rule::owner(), Rule::groups(["editors"])];
    let four = || {
        vec![
            Rule::groups(["admins"]),
            Rule::groups(["auditors"]).operations(Operation::Get),
            Rule::owner(),
            Rule::groups_in("team").operations(Operation::Get),
        ]
    };
    let case = |name, rules, policies, groups: &[&str], owner, team, allowed| {
        let groups: Vec<String> = groups.iter().map(|&name| name.to_owned()).collect();
        let (identity, item) = (person(ANN, &groups), note(owner, team));
        Case { name, rules, policies, identity, groups, item, owner, team, allowed }
    };
    let team = "editors";
    vec![
        case("owner, allowed", vec![Rule::owner()], OWNER, &[], ANN, team, true),
        case("owner, denied", vec![Rule::owner()], OWNER, &[], BOB, team, false),
        case("listed owner, allowed", vec![Rule::owner_in("editors")], EDITORS, &[], ANN, team, true),
        case("static group, allowed", vec![Rule::groups([team])], STATIC, &["staff", team], BOB, team, true),
        case("static group, denied", vec![Rule::groups([team])], STATIC, &["staff"], BOB, team, false),
        case(
            "dynamic group, allowed",
            vec![Rule::groups_in("team")],
            DYNAMIC,
            &["staff", team],
            BOB,
            team,
            true,
        ),
        case("dynamic group, denied", vec![Rule::groups_in("team")], DYNAMIC, &["staff"], BOB, team, false),
        case("owner and group rules, allowed to the owner", both(), BOTH, &["staff"], ANN, team, true),
        case("owner and group rules, allowed to the group", both(), BOTH, &["staff", team], BOB, team, true),
        case("owner and group rules, denied", both(), BOTH, &["staff"], BOB, team, false),
        case("four rules, allowed by the owner's", four(), FOUR, &["staff"], ANN, "writers", true),
        case("four rules, denied", four(), FOUR, &["staff"], BOB, "writers", false),
    ]
}

fn fields() -> Vec<Field> {
    let single = ["id", "title", "body", "owner", "team", "secret"].map(Field::new);
    single.into_iter().chain([Field::list("editors")]).collect()
}

pub(crate) fn print() {
    println!("## A decision about a record that is at hand\n");
    #[cfg(feature = "peers")]
    let mut table =
        Table::new(["", "portcullis", "naive", "Cedar, entities ready", "×", "entities made", "×"]);
    #[cfg(not(feature = "peers"))]
    let mut table = Table::new(["", "portcullis", "naive", "×"]);
    for case in cases() {
        let fields = fields();
        let model = Model::new("Note", fields.clone(), case.rules.clone()).unwrap();
        let naive = Naive::new(&fields, &case.rules);
        let authorizer = Authorizer::new();
        let (identity, item) = (&case.identity, &case.item);
        let ours = || {
            let (identity, model, item) = (black_box(identity), black_box(&model), black_box(item));
            authorizer.authorize(identity, Operation::Get, model, item).is_allowed()
        };
        let slow = || naive.read(black_box(identity), Operation::Get, black_box(item));
        assert_eq!((ours(), slow()), (case.allowed, case.allowed), "{}", case.name);

        #[cfg(feature = "peers")]
        {
            let cedar = cedar(&case);
            let (ready, scratch) =
                (|| black_box(&cedar).is_allowed(), || black_box(&cedar).is_allowed_from_scratch());
            assert_eq!((ready(), scratch()), (case.allowed, case.allowed), "{}", case.name);
            let [ours, slow, ready, scratch] = race([
                Contender::new(ours),
                Contender::new(slow),
                Contender::new(ready),
                Contender::new(scratch),
            ]);
            table.push([
                case.name.to_owned(),
                duration(ours.nanoseconds),
                duration(slow.nanoseconds),
                duration(ready.nanoseconds),
                ratio(ready.times_first),
                duration(scratch.nanoseconds),
                ratio(scratch.times_first),
            ]);
        }
        #[cfg(not(feature = "peers"))]
        {
            let _ = (case.policies, &case.groups, case.owner, case.team);
            let [ours, slow] = race([Contender::new(ours), Contender::new(slow)]);
            table.push([
                case.name.to_owned(),
                duration(ours.nanoseconds),
                duration(slow.nanoseconds),
                ratio(slow.times_first),
            ]);
        }
    }
    println!("{table}");
    print_other_questions();
}

#[cfg(feature = "peers")]
fn cedar(case: &Case) -> crate::cedar::Cedar {
    use crate::cedar::{Attribute, Cedar, Question, group, user};
    let attributes = vec![
        ("owner".to_owned(), Attribute::One(user(case.owner))),
        ("editors".to_owned(), Attribute::Set(vec![user(case.owner), user("somebody else")])),
        ("team".to_owned(), Attribute::One(group(case.team))),
        ("ownerName".to_owned(), Attribute::Text(format!("{0}::{0}", case.owner))),
    ];
    let question = Question::new(ANN, &case.groups, attributes);
    let names = vec![ANN.to_owned(), format!("{ANN}::{ANN}")];
    Cedar::new(case.policies, if case.policies.contains("names") { question.called(names) } else { question })
}

/// What else is asked on the way of a request, where nothing compares but the naive evaluator.
fn print_other_questions() {
    println!("## The other questions\n");
    let mut table = Table::new(["", "portcullis", "naive", "×"]);
    let fields: Vec<Field> = fields()
        .into_iter()
        .map(|field| match field.name.as_str() {
            "secret" => {
                field.guarded(vec![Rule::owner(), Rule::groups(["admins"]).operations(Operations::READ)])
            }
            _ => field,
        })
        .collect();
    let rules = vec![Rule::owner(), Rule::private().operations(Operations::READ)];
    let model = Arc::new(Model::new("Note", fields.clone(), rules.clone()).unwrap());
    let naive = Naive::new(&fields, &rules);
    let authorizer = Authorizer::new();
    let (ann, bob) = (person(ANN, &[]), person(BOB, &[]));
    let stored = note(ANN, "editors");
    let changes = Item::from_iter([("title".to_owned(), "Other".into())]);
    let mut row = |name: &str, ours: Contender<'_>, slow: Option<Contender<'_>>| match slow {
        Some(slow) => {
            let [ours, slow] = race([ours, slow]);
            let (time, times) = (duration(slow.nanoseconds), ratio(slow.times_first));
            table.push([name.to_owned(), duration(ours.nanoseconds), time, times]);
        }
        None => {
            let [ours] = race([ours]);
            table.push([name.to_owned(), duration(ours.nanoseconds), String::new(), String::new()]);
        }
    };

    for (name, identity) in [("fields withheld from the owner", &ann), ("fields withheld from others", &bob)]
    {
        assert_eq!(authorizer.withheld(identity, &model, &stored), naive.withheld(identity, &stored));
        row(
            name,
            Contender::new(|| {
                authorizer.withheld(black_box(identity), black_box(&model), black_box(&stored))
            }),
            Some(Contender::new(|| naive.withheld(black_box(identity), black_box(&stored)))),
        );
    }
    row(
        "screen",
        Contender::new(|| authorizer.screen(black_box(&ann), Operation::Update, black_box(&model))),
        None,
    );
    row(
        "scope of a list",
        Contender::new(|| authorizer.scope(black_box(&ann), Operation::List, black_box(&model))),
        None,
    );
    let update = || {
        authorizer.permit_update(
            black_box(&ann),
            black_box(&model),
            black_box(&stored),
            black_box(&changes).clone(),
        )
    };
    assert!(update().is_ok());
    row(
        "permit to change one field",
        Contender::new(update),
        Some(Contender::new(|| naive.update(black_box(&ann), black_box(&stored), black_box(&changes)))),
    );
    let delete = || authorizer.permit_delete(black_box(&ann), black_box(&model), black_box(&stored));
    assert!(delete().is_ok() && naive.delete(&ann, &stored));
    row(
        "permit to remove",
        Contender::new(delete),
        Some(Contender::new(|| naive.delete(black_box(&ann), black_box(&stored)))),
    );
    row(
        "explanation",
        Contender::new(|| {
            authorizer.explain(black_box(&bob), Operation::Update, black_box(&model), black_box(&stored))
        }),
        None,
    );
    println!("{table}");
}
