//! What holds for reading by keys and for subscriptions, whatever the rules, the caller and the records. A second
//! evaluator follows the reference's resolvers step by step, on claims that both sides understand.

#![expect(clippy::expect_used, reason = "tests")]

use std::sync::Arc;

use portcullis_rules::{
    Authorizer, Claims, Condition, Field, Identity, Item, KeyTerm, Lookup, Model, Operation, Provider, Rule,
    Scope, Strategy as Who, User, VerifiedBy,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

const NAMES: [&str; 5] = ["a", "b", "a::b", "b::b", "G"];
const FIELDS: [(&str, bool); 5] =
    [("pk", false), ("sk", false), ("owner", false), ("editors", true), ("teams", true)];

fn name() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

fn rule() -> impl Strategy<Value = Rule> {
    let field = || select(&["pk", "sk", "owner", "editors", "teams", "undeclared"][..]);
    let claim = select(&["sub::username", "sub", "username", "email"][..]);
    let operations = select(vec![
        vec![Operation::Get, Operation::List, Operation::Listen],
        vec![Operation::List],
        vec![Operation::Listen],
        vec![Operation::Create],
    ]);
    let who = prop_oneof![
        6 => (field(), claim).prop_map(|(field, claim)| Rule::owner_in(field).claim(claim)),
        4 => field().prop_map(Rule::groups_in),
        1 => Just(Rule::groups(["G"])),
        1 => Just(Rule::private().provider(Provider::Oidc)),
        1 => Just(Rule::public()),
    ];
    (who, operations).prop_map(|(rule, operations)| {
        rule.operations(operations.into_iter().collect::<portcullis_rules::Operations>())
    })
}

fn fields() -> Vec<Field> {
    FIELDS.map(|(name, list)| if list { Field::list(name) } else { Field::new(name) }).to_vec()
}

/// Rules that repeat a role, or whose parts cannot hold together, are left out.
fn model_of(rules: impl Strategy<Value = Vec<Rule>>) -> impl Strategy<Value = Arc<Model>> {
    rules.prop_map(|rules| {
        let mut kept: Vec<Rule> = Vec::new();
        for rule in rules {
            kept.push(rule);
            if Model::new("Note", fields(), kept.clone()).is_err() {
                kept.pop();
            }
        }
        Arc::new(Model::new("Note", fields(), kept).expect("what it cannot take is left out"))
    })
}

/// In the reference's language.
fn model() -> impl Strategy<Value = Arc<Model>> {
    model_of(vec(rule(), 0..5))
}

/// In this project's, with `and`.
fn model_with_and() -> impl Strategy<Value = Arc<Model>> {
    let both = (rule(), rule()).prop_map(|(one, other)| {
        Rule::all([one.strategy, other.strategy]).provider(one.provider).operations(one.operations)
    });
    model_of(vec(prop_oneof![1 => rule(), 2 => both], 0..5))
}

/// Claims that the reference reads as this project does: no empty names, no joints within a part.
fn claims() -> impl Strategy<Value = Claims> {
    let part = || option::weighted(0.8, select(&["a", "b", "G"][..]));
    let groups = option::weighted(0.8, vec(select(&["a", "b", "G"][..]), 0..3));
    (part(), part(), part(), groups).prop_map(|(sub, username, email, groups)| {
        let texts = [("sub", sub), ("username", username), ("email", email)];
        let texts = texts.into_iter().filter_map(|(name, value)| Some((name, Value::from(value?))));
        Claims::from_iter(texts.chain(groups.map(|groups| ("cognito:groups", Value::from(groups)))))
    })
}

fn identity() -> impl Strategy<Value = Identity> {
    prop_oneof![
        8 => claims().prop_map(|claims| User::user_pools(claims, VerifiedBy::Portcullis).into()),
        1 => claims().prop_map(|claims| User::oidc(claims, VerifiedBy::Gateway).into()),
        1 => Just(Identity::ApiKey),
    ]
}

fn record() -> impl Strategy<Value = Item> {
    let one = || prop_oneof![6 => name().prop_map(Value::from), 1 => Just(Value::Null)];
    let many = || vec(name(), 0..3).prop_map(Value::from);
    (one(), one(), one(), many(), many(), option::of(one())).prop_map(
        |(pk, sk, owner, editors, teams, undeclared)| {
            let fields = [("pk", pk), ("sk", sk), ("owner", owner), ("editors", editors), ("teams", teams)];
            let fields = fields.into_iter().chain(undeclared.map(|value| ("undeclared", value)));
            fields.map(|(name, value)| (name.to_owned(), value)).collect()
        },
    )
}

fn term() -> impl Strategy<Value = KeyTerm> {
    prop_oneof![
        4 => name().prop_map(KeyTerm::Equals),
        2 => Just(KeyTerm::Absent),
        1 => Just(KeyTerm::Other),
    ]
}

/// A lookup, with what it says about `pk` and `sk`.
fn lookup() -> impl Strategy<Value = (Lookup, KeyTerm, Option<KeyTerm>, bool)> {
    (term(), option::weighted(0.7, term()), any::<bool>()).prop_map(|(pk, sk, by_index)| {
        // A query of an index names the partition key.
        let pk = if by_index && pk == KeyTerm::Absent { KeyTerm::from("a") } else { pk };
        let lookup =
            if by_index { Lookup::by_index("pk", pk.clone()) } else { Lookup::by_key("pk", pk.clone()) };
        let lookup = match &sk {
            Some(sk) => lookup.sorted("sk", sk.clone()),
            None => lookup,
        };
        (lookup, pk, sk, by_index)
    })
}

fn arguments() -> impl Strategy<Value = Item> {
    let argument = || option::weighted(0.3, prop_oneof![5 => name(), 1 => Just(String::new())]);
    (argument(), argument(), any::<bool>()).prop_map(|(owner, pk, filtered)| {
        let mut arguments = Item::new();
        arguments.extend(owner.map(|owner| ("owner".to_owned(), owner.into())));
        arguments.extend(pk.map(|pk| ("pk".to_owned(), pk.into())));
        if filtered {
            arguments.insert("filter".to_owned(), json!({"title": {"eq": "x"}}));
        }
        arguments
    })
}

fn claim_of(identity: &Identity, name: &str) -> Option<Value> {
    identity.user()?.claims().get(name).cloned()
}

/// The parts of an owner's claim that are there.
fn parts(identity: &Identity, claim: &portcullis_rules::IdentityClaim) -> Vec<Option<String>> {
    let text = |part: &String| claim_of(identity, part)?.as_str().map(str::to_owned);
    claim.parts().iter().map(text).collect()
}

fn groups_of(identity: &Identity, claim: &str) -> Vec<String> {
    let list = claim_of(identity, claim).and_then(|groups| groups.as_array().cloned()).unwrap_or_default();
    list.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect()
}

fn is_list(field: &str) -> bool {
    FIELDS.contains(&(field, true))
}

/// The rules that speak of the operation to this caller, and whether one needs no record.
fn concerned<'m>(model: &'m Model, identity: &Identity, operation: Operation) -> (Vec<&'m Rule>, bool) {
    let rules = model
        .rules()
        .iter()
        .filter(|rule| rule.operations.contains(operation) && rule.provider == identity.provider());
    let rules: Vec<&Rule> = rules.collect();
    let fixed = rules.iter().any(|rule| match &rule.strategy {
        Who::StaticGroups { groups, claim } => groups_of(identity, claim)
            .iter()
            .any(|group| groups.iter().any(|named| named.as_literal() == Some(group))),
        Who::Private | Who::Public | Who::Custom => true,
        _ => false,
    });
    (rules, fixed)
}

/// What the reference's resolver of a list or an index does: the values it filters by, by field, and what it adds to the
/// key condition; `None` if it refuses.
type Outcome = Option<(Vec<(String, Vec<String>)>, Option<(String, String)>)>;

fn reference_query(
    model: &Model,
    identity: &Identity,
    pk: &KeyTerm,
    sk: Option<&KeyTerm>,
    by_index: bool,
) -> Outcome {
    let (rules, fixed) = concerned(model, identity, Operation::List);
    if fixed {
        return Some((vec![], None));
    }
    let is_key = |field: &str| field == "pk" || sk.is_some() && field == "sk";
    let mut filter: Vec<(String, Vec<String>)> = Vec::new();
    let mut map: Vec<(String, Vec<String>)> = Vec::new();
    let mut authorized = false;
    for rule in &rules {
        let (field, names) = match &rule.strategy {
            Who::Owner { field, claim } => {
                let parts = parts(identity, claim);
                let all: Option<Vec<String>> = parts.iter().cloned().collect();
                let joined = all.map(|all| all.join("::"));
                if !is_key(field) {
                    let mut names: Vec<String> = parts.into_iter().flatten().collect();
                    names.extend(joined);
                    (field, names)
                } else {
                    let Some(joined) = joined else { continue };
                    let mut names: Vec<String> = parts.into_iter().flatten().collect();
                    names.retain(|name| *name != joined);
                    names.push(joined);
                    (field, names)
                }
            }
            // A key is compared with a claim that is there, if only as an empty list.
            Who::DynamicGroups { field, claim } if is_key(field) && claim_of(identity, claim).is_none() => {
                continue;
            }
            Who::DynamicGroups { field, claim } => (field, groups_of(identity, claim)),
            _ => continue,
        };
        if !is_key(field) {
            if !names.is_empty() {
                filter.push((field.clone(), names));
            }
            continue;
        }
        let said = if field == "pk" { Some(pk) } else { sk };
        match said {
            Some(KeyTerm::Absent) | None => {
                map.retain(|(name, _)| name != field);
                map.push((field.clone(), names));
            }
            Some(KeyTerm::Equals(value)) => authorized |= names.contains(value),
            Some(_) => {}
        }
    }
    if authorized {
        return Some((vec![], None));
    }
    map.retain(|(_, names)| !names.is_empty());
    if !map.is_empty() {
        if !by_index && *pk == KeyTerm::Absent {
            filter.extend(map);
        } else if filter.is_empty() {
            let (field, names) = map.first().cloned()?;
            return Some((vec![], Some((field, names.last().cloned()?))));
        }
    }
    (!filter.is_empty()).then_some((filter, None))
}

/// What the reference's resolver of a subscription does: the filter, or that there is none; `None` if it refuses.
fn reference_listen(
    model: &Model,
    identity: &Identity,
    arguments: &Item,
) -> Option<Vec<(String, Vec<String>)>> {
    let (rules, fixed) = concerned(model, identity, Operation::Listen);
    let mut authorized = fixed;
    let mut by_argument = false;
    let mut filter: Vec<(String, Vec<String>)> = Vec::new();
    for rule in &rules {
        if let Who::Owner { field, claim } = &rule.strategy {
            let all: Option<Vec<String>> = parts(identity, claim).into_iter().collect();
            let Some(all) = all else { continue };
            filter.push((field.clone(), all.last().cloned().into_iter().collect()));
            let argument = arguments.get(field).and_then(Value::as_str).unwrap_or_default();
            if !authorized && !argument.is_empty() {
                if argument != all.join("::") && !all.iter().any(|part| part == argument) {
                    return None;
                }
                (authorized, by_argument) = (true, true);
            }
        }
    }
    for rule in &rules {
        if let Who::DynamicGroups { field, claim } = &rule.strategy {
            let groups = groups_of(identity, claim);
            if !groups.is_empty() {
                filter.push((field.clone(), groups));
            }
        }
    }
    if by_argument && filter.len() == 1 && !arguments.contains_key("filter") {
        return Some(vec![]);
    }
    if (!authorized || by_argument) && !filter.is_empty() {
        return Some(filter);
    }
    authorized.then(Vec::new)
}

/// Whether a record meets one of these, or there are none.
fn meets(filter: &[(String, Vec<String>)], record: &Item) -> bool {
    filter.is_empty()
        || filter.iter().any(|(field, names)| {
            let named =
                |value: &Value| value.as_str().is_some_and(|text| names.iter().any(|name| name == text));
            match record.get(field) {
                Some(Value::Array(values)) if is_list(field) => values.iter().any(named),
                Some(value) if !is_list(field) => named(value),
                _ => false,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_key_never_opens_what_a_scope_does_not(
        model in model_with_and(), identity in identity(), (lookup, ..) in lookup(), records in vec(record(), 1..6),
    ) {
        for operation in [Operation::Get, Operation::List] {
            let scope = Authorizer::new().scope(&identity, operation, &model);
            if let Ok(permit) = Authorizer::new().permit_query(&identity, operation, &model, &lookup) {
                for record in records.iter().filter(|record| permit.scope().matches(record)) {
                    prop_assert!(scope.matches(record));
                    prop_assert!(Authorizer::new().authorize(&identity, operation, &model, record).is_allowed());
                }
            }
        }
    }

    #[test]
    fn a_key_that_holds_the_answer_needs_no_filter(
        model in model_with_and(), identity in identity(), (lookup, pk, sk, _) in lookup(), records in vec(record(), 1..8),
    ) {
        if let Ok(permit) = Authorizer::new().permit_query(&identity, Operation::List, &model, &lookup)
            && permit.is_held_by_key()
        {
            let found = |record: &&Item| {
                let says = |field: &str, term: Option<&KeyTerm>| match term {
                    Some(KeyTerm::Equals(value)) => record.get(field).and_then(Value::as_str) == Some(value),
                    _ => true,
                };
                says("pk", Some(&pk)) && says("sk", sk.as_ref())
                    && permit.narrowing().iter().all(|(field, value)| record.get(field) == Some(value))
            };
            for record in records.iter().filter(found) {
                prop_assert!(permit.scope().matches(record), "{record:?}");
            }
        }
    }

    #[test]
    fn reading_by_a_key_is_as_in_the_reference(
        model in model(), identity in identity(), (lookup, pk, sk, by_index) in lookup(), records in vec(record(), 1..6),
    ) {
        let permit = Authorizer::new().permit_query(&identity, Operation::List, &model, &lookup).ok();
        let expected = reference_query(&model, &identity, &pk, sk.as_ref(), by_index);
        prop_assert_eq!(permit.is_some(), expected.is_some(), "{:?}", &expected);
        if let (Some(permit), Some((filter, narrowing))) = (permit, expected) {
            let narrowed: Vec<(String, String)> = permit.narrowing().iter()
                .map(|(field, value)| (field.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
            prop_assert_eq!(narrowed, narrowing.into_iter().collect::<Vec<_>>());
            if !permit.is_held_by_key() {
                for record in &records {
                    prop_assert_eq!(permit.scope().matches(record), meets(&filter, record), "{:?} {:?}", &filter, record);
                }
            }
        }
    }

    #[test]
    fn nobody_is_told_what_the_rules_do_not_allow(
        model in model_with_and(), identity in identity(), arguments in arguments(), events in vec(record(), 1..6),
    ) {
        if let Ok(permit) = Authorizer::new().permit_listen(&identity, &model, &arguments) {
            for event in events.iter().filter(|event| permit.delivers(event)) {
                prop_assert!(Authorizer::new().authorize(&identity, Operation::Listen, &model, event).is_allowed());
            }
        }
    }

    #[test]
    fn listening_is_as_in_the_reference(
        model in model(), identity in identity(), arguments in arguments(), events in vec(record(), 1..6),
    ) {
        let permit = Authorizer::new().permit_listen(&identity, &model, &arguments).ok();
        let expected = reference_listen(&model, &identity, &arguments);
        prop_assert_eq!(permit.is_some(), expected.is_some(), "{:?}", &expected);
        if let (Some(permit), Some(filter)) = (permit, expected) {
            for event in &events {
                let asked_for = permit.arguments().iter().all(|(name, value)| event.get(name) == Some(value));
                let by_reference = asked_for && meets(&filter, event);
                // An argument that is an earlier part of the claim brings nothing here.
                let stricter = permit.is_held_by_argument() && !permit.delivers(event);
                prop_assert!(permit.delivers(event) == by_reference || stricter, "{:?} {:?}", &filter, event);
            }
        }
    }

    #[test]
    fn a_scope_of_a_permit_is_never_empty(model in model(), identity in identity(), (lookup, ..) in lookup()) {
        if let Ok(permit) = Authorizer::new().permit_query(&identity, Operation::List, &model, &lookup) {
            match permit.scope() {
                Scope::Nothing => prop_assert!(false),
                Scope::Everything => {}
                Scope::Any(conditions) => {
                    prop_assert!(!conditions.is_empty());
                    let empty = |condition: &Condition| condition.parts().iter().any(|part| part.values().is_empty());
                    prop_assert!(!conditions.iter().any(empty));
                }
            }
        }
    }
}
