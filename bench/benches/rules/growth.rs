//! What a decision costs as models grow. The caller is always let in by the last of whatever there is many of.

use std::hint::black_box;

use portcullis_bench::{Contender, Table, duration, race};
use portcullis_rules::{Authorizer, Field, Identity, Item, Model, Operation, Operations, Rule};
use serde_json::json;

use crate::{
    naive::Naive,
    people::{ANN, item, person},
};

const SIZES: [usize; 4] = [1, 10, 100, 1_000];

/// A setting of one size.
struct Grown {
    fields: Vec<Field>,
    rules: Vec<Rule>,
    identity: Identity,
    item: Item,
    #[cfg(feature = "peers")]
    cedar: crate::cedar::Cedar,
}

pub(crate) fn print() {
    println!("## Growth\n");
    #[cfg(feature = "peers")]
    let heading = ["how many", "1", "10", "100", "1,000", "Cedar: 1", "10", "100", "1,000"];
    #[cfg(not(feature = "peers"))]
    let heading = ["how many", "1", "10", "100", "1,000"];
    let mut table = Table::new(heading);
    type Grow = fn(usize) -> Grown;
    let kinds: [(&str, Grow); 5] = [
        ("owner rules", rules),
        ("groups of a rule, the caller in one", |count| groups(count, false)),
        ("groups of a rule, the caller in as many", |count| groups(count, true)),
        ("groups of a caller, one in the record", groups_of_a_caller),
        ("fields of a model with an owner rule", fields),
    ];
    for (name, grown) in kinds {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for size in SIZES {
            decide(name, &grown(size), &mut ours, &mut peers);
        }
        let cells: Vec<String> = [name.to_owned()].into_iter().chain(ours).chain(peers).collect();
        table.push(cells);
    }
    table.push(withheld());
    println!("{table}");
}

fn decide(name: &str, grown: &Grown, ours: &mut Vec<String>, peers: &mut Vec<String>) {
    let model = Model::new("Note", grown.fields.clone(), grown.rules.clone()).unwrap();
    let authorizer = Authorizer::new();
    let (identity, item) = (&grown.identity, &grown.item);
    let decide = || {
        let (identity, model, item) = (black_box(identity), black_box(&model), black_box(item));
        authorizer.authorize(identity, Operation::Get, model, item).is_allowed()
    };
    assert!(decide(), "{name}");
    // The naive evaluator takes minutes to set up for a thousand rules on a thousand fields.
    if grown.fields.len().max(grown.rules.len()) <= 100 {
        assert!(Naive::new(&grown.fields, &grown.rules).read(identity, Operation::Get, item), "{name}");
    }
    #[cfg(feature = "peers")]
    {
        let cedar = || black_box(&grown.cedar).is_allowed();
        assert!(cedar(), "{name}");
        let [mine, cedar] = race([Contender::new(decide), Contender::new(cedar)]);
        ours.push(duration(mine.nanoseconds));
        peers.push(duration(cedar.nanoseconds));
    }
    #[cfg(not(feature = "peers"))]
    {
        let _ = peers;
        let [mine] = race([Contender::new(decide)]);
        ours.push(duration(mine.nanoseconds));
    }
}

/// As many owner rules, each with a field of its own; the caller owns the record by the last.
fn rules(count: usize) -> Grown {
    let names: Vec<String> = (0..count).map(|n| format!("owner{n:04}")).collect();
    let owner = |n: usize| if n + 1 == count { ANN } else { "somebody else" };
    Grown {
        fields: names.iter().map(Field::new).collect(),
        rules: names.iter().map(Rule::owner_in).collect(),
        identity: person(ANN, &[]),
        item: names.iter().enumerate().map(|(n, name)| (name.clone(), owner(n).into())).collect(),
        #[cfg(feature = "peers")]
        cedar: {
            use crate::cedar::{Attribute, Cedar, Question, user};
            let policy = |name: &String| {
                format!("permit(principal, action, resource) when {{ resource.{name} == principal }};")
            };
            let policies: String = names.iter().map(policy).collect();
            let attributes = names.iter().enumerate();
            let attributes = attributes.map(|(n, name)| (name.clone(), Attribute::One(user(owner(n)))));
            Cedar::new(&policies, Question::new(ANN, &[], attributes.collect()))
        },
    }
}

/// One rule with as many groups; the caller is in the last of them, and may be in as many others.
fn groups(count: usize, others: bool) -> Grown {
    let names: Vec<String> = (0..count).map(|n| format!("group{n:04}")).collect();
    let mut mine: Vec<String> = (1..if others { count } else { 1 }).map(|n| format!("other{n:04}")).collect();
    mine.extend(names.last().cloned());
    Grown {
        fields: vec![Field::new("title")],
        rules: vec![Rule::groups(names.iter().map(String::as_str))],
        identity: person(ANN, &mine),
        item: item(json!({"title": "Minutes"})),
        #[cfg(feature = "peers")]
        cedar: {
            use crate::cedar::{Cedar, Question};
            let listed: Vec<String> = names.iter().map(|name| format!("Group::{name:?}")).collect();
            let policies = format!(
                "permit(principal, action, resource) when {{ principal in [{}] }};",
                listed.join(", ")
            );
            Cedar::new(&policies, Question::new(ANN, &mine, vec![]))
        },
    }
}

/// The record names the last of the caller's groups.
fn groups_of_a_caller(count: usize) -> Grown {
    let mine: Vec<String> = (0..count).map(|n| format!("group{n:04}")).collect();
    let team = mine.last().cloned().unwrap_or_default();
    Grown {
        fields: vec![Field::new("team")],
        rules: vec![Rule::groups_in("team")],
        identity: person(ANN, &mine),
        item: item(json!({"team": team})),
        #[cfg(feature = "peers")]
        cedar: {
            use crate::cedar::{Attribute, Cedar, Question, group};
            let attributes = vec![("team".to_owned(), Attribute::One(group(&team)))];
            let policy = "permit(principal, action, resource) when { principal in resource.team };";
            Cedar::new(policy, Question::new(ANN, &mine, attributes))
        },
    }
}

/// One owner rule on a model with as many other fields, all of which the record has.
fn fields(count: usize) -> Grown {
    let names: Vec<String> = (0..count).map(|n| format!("field{n:04}")).collect();
    let mut record: Item = names.iter().map(|name| (name.clone(), "text".into())).collect();
    record.insert("owner".to_owned(), ANN.into());
    Grown {
        fields: names.iter().map(Field::new).collect(),
        rules: vec![Rule::owner()],
        identity: person(ANN, &[]),
        item: record,
        #[cfg(feature = "peers")]
        cedar: {
            use crate::cedar::{Attribute, Cedar, Question, user};
            let policy = "permit(principal, action, resource) when { resource.owner == principal };";
            let others = names.iter().map(|name| (name.clone(), Attribute::One(user("text"))));
            let attributes = others.chain([("owner".to_owned(), Attribute::One(user(ANN)))]);
            Cedar::new(policy, Question::new(ANN, &[], attributes.collect()))
        },
    }
}

/// As many fields that each have a rule of their own: which of them somebody else may not read.
fn withheld() -> Vec<String> {
    let mut cells = vec!["guarded fields, which are withheld".to_owned()];
    for size in SIZES {
        let guarded = |n: usize| {
            Field::new(format!("field{n:04}"))
                .guarded(vec![Rule::owner(), Rule::groups([format!("group{n:04}")])])
        };
        let fields: Vec<Field> = (0..size).map(guarded).collect();
        let rules = vec![Rule::owner(), Rule::private().operations(Operations::READ)];
        let model = Model::new("Note", fields.clone(), rules.clone()).unwrap();
        let (authorizer, identity) = (Authorizer::new(), person(ANN, &["group0000".to_owned()]));
        let item = item(json!({"owner": "somebody else"}));
        let withheld = || authorizer.withheld(black_box(&identity), black_box(&model), black_box(&item));
        assert_eq!(withheld().len(), size - 1);
        let [figure] = race([Contender::new(withheld)]);
        cells.push(duration(figure.nanoseconds));
    }
    if cfg!(feature = "peers") {
        cells.resize(1 + 2 * SIZES.len(), String::new());
    }
    cells
}
